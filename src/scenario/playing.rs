//! `run.calls`: whether each call is played, or those that change nothing are counted. Decided once for all policies, so that
//! they are played alike, and told where the value stands.

use super::NamedPolicy;
use super::diagnostic::Diagnostic;
use super::parts::Parts;
use super::reader::Reader;
use crate::model::config::{Playing, WorldConfig};
use crate::model::obstacles;

/// Decides it; says why calls cannot be counted, where that was asked for.
pub fn decide(reader: &mut Reader, parts: &Parts, world: &mut WorldConfig, policies: &[NamedPolicy]) {
    let run = &parts.tables["run"];
    let asked = run.table.text("calls");
    if asked == "each" {
        return;
    }
    let obstacles = obstacles(world, policies.iter().map(|policy| (policy.name.as_str(), &policy.policy)));
    world.run.calls = if obstacles.is_empty() { Playing::Counted } else { Playing::Each };
    if asked == "auto" {
        let comes_to = match obstacles.as_slice() {
            [] => String::from("calls that change nothing are counted"),
            all => format!("each call is played: {}", all.join("; ")),
        };
        let tables = reader.resolved.iter_mut().filter(|table| table.path == "run");
        for line in tables.flat_map(|table| &mut table.lines).filter(|line| line.key == "calls") {
            line.origin = format!("{}; {comes_to}", line.origin);
        }
    } else if !obstacles.is_empty() {
        let mistake = Diagnostic::new("E041", "calls of this scenario cannot be counted");
        let mistake = mistake.at_some(run.place("calls"), "write \"auto\" or \"each\"");
        reader.say(obstacles.iter().fold(mistake, |mistake, obstacle| mistake.help(obstacle.clone())));
    }
}
