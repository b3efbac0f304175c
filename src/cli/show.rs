//! `show FILE`: the resolved scenario, as a scenario file in which each value says where it comes from.

use super::args::{Global, Show};
use super::console::{Console, Exit, Outcome, Stop};
use crate::scenario;

/// Prints the scenario with every default.
pub fn run(console: &Console, global: &Global, command: &Show) -> Outcome {
    let loaded = scenario::load(&command.file, &global.set, global.seed).map_err(|d| Stop::Mistakes(Box::new(d)))?;
    console.diagnostics(&loaded.all_warnings());
    if console.json {
        let values = loaded.resolved().into_iter();
        let values: Vec<serde_json::Value> = values
            .map(|(path, value, origin)| serde_json::json!({ "path": path, "value": value, "origin": origin }))
            .collect();
        console.json_result(&serde_json::json!({ "id": loaded.scenario.id, "values": values }))?;
    } else {
        console.result(&loaded.as_toml())?;
    }
    Ok(Exit::Done)
}
