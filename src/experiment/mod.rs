//! Replications, and what they come to: plan → run → merge, the same path on one core and on many.

pub mod baseline;
pub mod check;
pub mod compare;
pub mod comparison;
pub mod explain;
pub mod exposure;
pub mod judge;
pub mod merge;
pub mod optimize;
pub mod plan;
pub mod play;
pub mod record;
pub mod sensitivity;
pub mod sequential;
pub mod shard;
pub mod stat;
pub mod store;
pub mod timeline;
pub mod unit;
pub mod verdict;
pub mod worlds;
