//! `completions SHELL`.

use clap::CommandFactory;

use super::args::{Args, Completions};
use super::console::{Console, Exit, Outcome};

/// Prints a shell's completions.
pub fn run(console: &Console, command: &Completions) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(command.shell, &mut Args::command(), "stalegate", &mut text);
    console.result(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Done)
}
