//! What happened in one world, fact by fact, and why: kept in a bounded log, followed back along what scheduled what, and
//! written for tools that show traces.

pub mod log;
pub mod names;
pub mod why;

pub use log::{Log, Told};
pub use names::Names;
pub use why::Why;
