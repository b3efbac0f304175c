//! `compare FILE`: every policy on the same worlds.

use super::args::{Compare, Global};
use super::console::{Console, Exit, Outcome, Stop};
use crate::scenario;

/// Reads the scenario and compares its policies.
pub fn run(console: &Console, global: &Global, command: &Compare) -> Outcome {
    let loaded = scenario::load(&command.file, &global.set, global.seed).map_err(|d| Stop::Mistakes(Box::new(d)))?;
    console.diagnostics(&loaded.warnings);
    console.complain("not wired yet");
    Ok(Exit::Failed)
}
