//! Every order in which requests for one token can meet in the token store of a cluster: what `race` asks.
//!
//! [`race::Race`] drives the machines of [`crate::persistence`], the very ones that the simulator drives, without time.
//! Each step lists what can happen next and lets a [`crate::engine::chooser::Chooser`] choose. [`graph`] takes every
//! choice from every state, [`count`] counts the ways through, [`schedule`] tells one of them. docs/race.md says it for
//! users.

pub mod answer;
pub mod count;
pub mod graph;
pub mod json;
pub mod mermaid;
pub mod outcome;
pub mod page;
pub mod race;
pub mod schedule;
pub mod settings;
pub mod state;
pub mod steps;
pub mod tell;
pub mod token;

mod effect;
mod encoding;

pub use outcome::Outcome;
pub use settings::{Caches, Settings};
