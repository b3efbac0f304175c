//! What several test binaries share: random scenarios, and a reader of texts.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod callers;
pub mod dice;
pub mod golden;
pub mod random_scenario;
pub mod watch;
pub mod worlds;

use stalegate::scenario::{Loaded, load_text};

/// The scenario of a text that has no mistakes.
pub fn scenario(text: &str) -> Loaded {
    load_text("scenario.toml", text, &[], None).unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{text}"))
}
