//! `validate FILE…`: every mistake of every file, and nothing is run.

use super::args::{Global, Validate};
use super::console::{Console, Exit, Outcome, exit_of};
use crate::scenario;

/// Checks each file; the worst of them decides the exit code.
pub fn run(console: &Console, global: &Global, command: &Validate) -> Outcome {
    let mut worst = Exit::Done;
    let mut told = Vec::new();
    for file in &command.files {
        let name = file.display();
        match scenario::load(file, &global.set, global.seed) {
            Ok(loaded) => {
                console.diagnostics(&loaded.all_warnings());
                let (policies, id) = (loaded.scenario.policies.len(), &loaded.scenario.id[..12]);
                let points = loaded.sweep.map_or_else(String::new, |sweep| format!("{} points, ", sweep.points.len()));
                told.push(serde_json::json!({ "file": name.to_string(), "ok": true, "id": loaded.scenario.id }));
                if !console.json {
                    console.result(&format!("{name}: good ({policies} policies, {points}scenario {id})\n"))?;
                }
            }
            Err(mistakes) => {
                console.diagnostics(&mistakes);
                let errors = mistakes.errors();
                told.push(serde_json::json!({ "file": name.to_string(), "ok": false, "errors": errors }));
                console.say(&format!("{name}: {errors} mistakes"));
                worst = if worst == Exit::Io { worst } else { exit_of(&mistakes) };
            }
        }
    }
    if console.json {
        console.json_result(&told.into())?;
    }
    Ok(worst)
}
