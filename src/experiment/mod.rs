//! Replications, and what they come to: plan → run → merge, the same path on one core and on many.

pub mod compare;
pub mod comparison;
pub mod exposure;
pub mod play;
pub mod record;
pub mod sensitivity;
pub mod stat;
pub mod sweep;
pub mod timeline;
pub mod unit;
pub mod verdict;
pub mod worlds;
