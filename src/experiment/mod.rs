//! Replications, and what they come to: plan → run → merge, the same path on one core and on many.

pub mod comparison;
pub mod record;
pub mod stat;
pub mod timeline;
pub mod verdict;
