//! Commands of later versions: recognised and refused with a word, never taken for something else.

use super::args::Command;
use super::console::{Outcome, Stop};

/// Refuses.
pub fn run(command: &Command) -> Outcome {
    let name = match command {
        Command::Report(_) => "report",
        Command::Check(_)
        | Command::Explain(_)
        | Command::Baseline(_)
        | Command::Compare(_)
        | Command::Sweep(_)
        | Command::Optimize(_)
        | Command::Replay(_)
        | Command::Run(_)
        | Command::Race(_)
        | Command::Validate(_)
        | Command::Show(_)
        | Command::List(_)
        | Command::Init(_)
        | Command::Schema
        | Command::ExplainCode(_)
        | Command::Completions(_) => unreachable!("it is built"),
    };
    Err(Stop::Bad(format!("`{name}` is not built yet; `stalegate --help` lists what is")))
}
