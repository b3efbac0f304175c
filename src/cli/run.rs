//! `run FILE --policy P`: one world, drawn around its fault and told as a timeline.

use std::fmt::Write;
use std::sync::Arc;

use super::args::{Global, Run};
use super::compare::base_only;
use super::console::{Console, Exit, Outcome, Stop};
use super::trace;
use crate::experiment::play::{Played, Stop as Halt, play_each, play_traced, scope};
use crate::experiment::unit::{self, Timeline};
use crate::metric::Scope;
use crate::metric::{self, Collectors};
use crate::model::config::Playing;
use crate::report::narrative::{self, Narrator};
use crate::report::table::timeline;
use crate::scenario;
use crate::scenario::diagnostic::nearest;
use crate::trace::Names;

/// Reads the scenario and plays one of its worlds under one of its policies.
pub fn run(console: &Console, global: &Global, command: &Run) -> Outcome {
    if global.out.is_some() {
        return Err(Stop::Bad("`run` prints its world and writes no folder; `--out` is for `compare`".into()));
    }
    let loaded = scenario::load(&command.file, &global.set, global.seed).map_err(|d| Stop::Mistakes(Box::new(d)))?;
    console.diagnostics(&loaded.warnings);
    base_only(console, &loaded, &command.file);
    let scenario = &loaded.scenario;
    let policy = position(scenario, &command.policy)?;
    let stop = super::interrupt::watch(Exit::Interrupted);
    let layout = Arc::new(unit::layout_of(&scenario.world, command.replication));
    let told = (Narrator::new(&scenario.world), Timeline::new(&layout));
    let (ordered, names) = (trace::ordered(scenario, command)?, Names::of(&scenario.world));
    let mut log = trace::log(&names, ordered.as_ref());
    let scope = Scope { counted: false, ..scope(scenario, policy) };
    let observer = (Collectors::new(scope), (told, &mut log));
    let played = if ordered.is_some() {
        play_traced(scenario, policy, command.replication, observer, (Playing::Each, &stop))
    } else {
        play_each(scenario, policy, command.replication, observer, &stop)
    };
    let played = match played {
        Ok(played) => played,
        Err(Halt::Asked) => {
            console.complain("interrupted: nothing is shown of a world that was not played to its end");
            return Ok(Exit::Interrupted);
        }
        Err(Halt::Broken(broken)) => return Err(Stop::Broken(broken.to_string())),
    };
    let Played { observer: (mut collectors, (told, _)), digest, events, causes } = played;
    if let Some(ordered) = &ordered {
        let recorded = trace::Recorded { scenario, command, names: &names, events, causes: &causes, log: &log };
        trace::write(console, global, &stop, ordered, &recorded)?;
        if ordered.is_alone() {
            return Ok(Exit::Done);
        }
    }
    let (narrator, Timeline { bins, .. }) = told;
    let values = collectors.values();
    if console.json {
        console.json_result(&document(scenario, command, &values, digest, events))?;
        return Ok(Exit::Done);
    }
    let mut text = format!(
        "{}, policy {}, replication {}, seed {}\n\n",
        scenario.name, command.policy, command.replication, scenario.world.run.seed
    );
    if !console.quiet {
        let drawn = timeline::of_a_world(scenario, &command.policy, (&layout, bins), console.look());
        if !drawn.is_empty() {
            text.extend([drawn.as_str(), "\n\n"]);
        }
    }
    text += &narrator.timeline();
    let _ = writeln!(text, "\nwhat it came to (what is not here was zero):");
    text += &narrative::metrics(&metric::all(), &values);
    let _ = writeln!(text, "\n{events} events, digest {digest:016x}");
    console.result(&text)?;
    Ok(Exit::Done)
}

/// The world as JSON: every metric, null where it does not apply.
fn document(
    scenario: &scenario::Scenario,
    command: &Run,
    values: &[f64],
    digest: u64,
    events: u64,
) -> serde_json::Value {
    let metrics: serde_json::Map<String, serde_json::Value> =
        metric::all().iter().zip(values).map(|(metric, value)| (metric.name.to_owned(), (*value).into())).collect();
    serde_json::json!({
        "scenario": scenario.name,
        "policy": command.policy,
        "replication": command.replication,
        "seed": scenario.world.run.seed,
        "events": events,
        "digest": format!("{digest:016x}"),
        "metrics": metrics,
    })
}

/// The position of a policy in its scenario.
pub fn position(scenario: &scenario::Scenario, wanted: &str) -> Result<usize, Stop> {
    let names = || scenario.policies.iter().map(|policy| policy.name.as_str());
    names().position(|name| name == wanted).ok_or_else(|| {
        let hint = nearest(wanted, names()).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        let all: Vec<&str> = names().collect();
        Stop::Bad(format!("the scenario has no policy `{wanted}`{hint} (it has {})", all.join(", ")))
    })
}
