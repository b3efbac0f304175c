//! What happened in one world, fact by fact, and why: kept in a bounded log, followed back along what scheduled what, and
//! written for tools that show traces.

pub mod chrome;
pub mod filter;
pub mod jsonl;
pub mod log;
pub mod names;
pub mod record;
pub mod recording;
pub mod why;

pub use filter::Filter;
pub use log::{Log, Told};
pub use names::Names;
pub use recording::Recording;
pub use why::Why;
