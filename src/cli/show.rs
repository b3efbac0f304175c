//! `show FILE`: the resolved scenario, as a scenario file in which each value says where it comes from.

use std::fmt::Write;

use super::args::{Global, Show};
use super::console::{Console, Exit, Outcome, Stop};
use crate::scenario::{self, Loaded};

/// Prints the scenario with every default.
pub fn run(console: &Console, global: &Global, command: &Show) -> Outcome {
    let loaded = scenario::load(&command.file, &global.set, global.seed).map_err(|d| Stop::Mistakes(Box::new(d)))?;
    console.diagnostics(&loaded.warnings);
    if console.json {
        let values = loaded.resolved().into_iter();
        let values: Vec<serde_json::Value> = values
            .map(|(path, value, origin)| serde_json::json!({ "path": path, "value": value, "origin": origin }))
            .collect();
        console.json_result(&serde_json::json!({ "id": loaded.scenario.id, "values": values }))?;
    } else {
        console.result(&as_toml(&loaded))?;
    }
    Ok(Exit::Done)
}

/// The scenario as a file that reads back as the same scenario: what is off is a comment.
#[must_use]
pub fn as_toml(loaded: &Loaded) -> String {
    let mut out = format!("# scenario {}\n", loaded.scenario.id);
    for table in &loaded.tables {
        if !table.header.is_empty() {
            let _ = write!(out, "\n{}\n", table.header);
        }
        for line in &table.lines {
            // The files that this one extends, and a product's configuration, are in the values already.
            let settled = matches!(line.key, "extends" | "wso2") && matches!(table.path.as_str(), "" | "gateway");
            let text = match &line.value {
                Some(value) if !settled => format!("{} = {value}", line.key),
                Some(value) => format!("# {} = {value}", line.key),
                None => format!("# {} is off", line.key),
            };
            let _ = writeln!(out, "{text:<48}  # {}", line.origin);
        }
    }
    out
}
