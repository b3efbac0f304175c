//! Replications, and what they come to: plan → run → merge, the same path on one core and on many.

pub mod record;
