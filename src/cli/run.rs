//! `run FILE --policy P`: one world, told as a timeline.

use super::args::{Global, Run};
use super::console::{Console, Exit, Outcome, Stop};
use crate::scenario;
use crate::scenario::diagnostic::nearest;

/// Reads the scenario and plays one of its worlds under one of its policies.
pub fn run(console: &Console, global: &Global, command: &Run) -> Outcome {
    if command.trace.is_some() {
        return Err(Stop::Bad("`--trace` is not built yet".into()));
    }
    let loaded = scenario::load(&command.file, &global.set, global.seed).map_err(|d| Stop::Mistakes(Box::new(d)))?;
    console.diagnostics(&loaded.warnings);
    let _policy = position(&loaded.scenario, &command.policy)?;
    console.complain("not wired yet");
    Ok(Exit::Failed)
}

/// The position of a policy in its scenario.
fn position(scenario: &scenario::Scenario, wanted: &str) -> Result<usize, Stop> {
    let names = || scenario.policies.iter().map(|policy| policy.name.as_str());
    names().position(|name| name == wanted).ok_or_else(|| {
        let hint = nearest(wanted, names()).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        let all: Vec<&str> = names().collect();
        Stop::Bad(format!("the scenario has no policy `{wanted}`{hint} (it has {})", all.join(", ")))
    })
}
