//! The command line: reads the arguments, does what they say, and says how it went.
//!
//! Here, and nowhere below, a program meets its machine: the terminal, the locale, the clock on the wall.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the terminal and the manifest's stamp come from the machine; results do not"
)]

pub mod args;
pub mod console;

mod baseline;
mod check;
mod compare;
mod completions;
mod explain;
mod explain_code;
mod init;
mod interrupt;
mod list;
mod optimize;
mod race;
mod replay;
mod report;
mod run;
mod schema;
mod show;
mod sweep;
mod trace;
mod validate;
mod work;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use console::{Console, Exit, Outcome};

/// Reads the arguments, does what they say, and says how it went.
#[must_use]
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let console = Console::new(&args.global);
    let outcome = dispatch(&console, &args);
    console.finish(outcome).into()
}

/// Help, version, or a bad command line. A closed pipe is no reason to complain.
fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() { Exit::Bad.into() } else { Exit::Done.into() }
}

fn dispatch(console: &Console, args: &Args) -> Outcome {
    let global = &args.global;
    match &args.command {
        Command::Compare(command) => compare::run(console, global, command),
        Command::Sweep(command) => sweep::run(console, global, command),
        Command::Run(command) => run::run(console, global, command),
        Command::Race(command) => race::run(console, global, command),
        Command::Validate(command) => validate::run(console, global, command),
        Command::Show(command) => show::run(console, global, command),
        Command::List(command) => list::run(console, global, command),
        Command::Init(command) => init::run(console, global, command),
        Command::Schema => schema::run(console),
        Command::ExplainCode(command) => explain_code::run(console, global, command),
        Command::Completions(command) => completions::run(console, command),
        Command::Check(command) => check::run(console, global, command),
        Command::Baseline(command) => baseline::run(console, global, command),
        Command::Replay(command) => replay::run(console, global, command),
        Command::Optimize(command) => optimize::run(console, global, command),
        Command::Explain(command) => explain::run(console, global, command),
        Command::Report(command) => report::run(console, global, command),
    }
}
