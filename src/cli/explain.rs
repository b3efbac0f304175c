//! `explain FILE --policy P`: why calls fail for so long, and what would have ended it sooner.

use super::args::{Explain, Global};
use super::console::{Console, Exit, Outcome, Stop};
use super::run::position;
use super::work::{failed, with_bar};
use crate::experiment::explain::{Ask, Found, Nothing, episode_of, explain, worst};
use crate::report::explain::{Told, json, text};
use crate::scenario::sweep::Sweep;
use crate::scenario::{self, Scenario};
use crate::trace::Names;

/// Finds the outage, explains it, prints the explanation.
pub fn run(console: &Console, global: &Global, command: &Explain) -> Outcome {
    if global.out.is_some() {
        return Err(Stop::Bad("`explain` prints what it finds and writes no folder; `--out` is for `compare`".into()));
    }
    let loaded = scenario::load(&command.file, &global.set, global.seed).map_err(|d| Stop::Mistakes(Box::new(d)))?;
    console.diagnostics(&loaded.warnings);
    let policy = position(&loaded.scenario, &command.policy)?;
    let scenarios = scenarios(&loaded.scenario, loaded.sweep.as_ref(), command)?;
    let lane = command.lane.as_deref().map(|lane| lane_of(scenarios[0].1, lane)).transpose()?;
    let ask = Ask { policy, replication: command.replication, lane, call: command.call };
    let stop = super::interrupt::watch(Exit::Interrupted);
    let all: Vec<&Scenario> = scenarios.iter().map(|(_, scenario)| *scenario).collect();
    let found = with_bar(console, global, &stop, |around| -> Result<Option<_>, Nothing> {
        let found: Option<Found> = match command.call {
            Some(call) => Some(episode_of(all[0], &ask, call, around)?),
            None => worst(&all, &ask, around)?,
        };
        found.map(|found| explain(all[found.scenario], &ask, &found, around).map(|why| (found, why))).transpose()
    });
    let (found, explanation) = match found {
        Ok(Some(found)) => found,
        Ok(None) => return nothing_failed(console, command),
        Err(Nothing::Interrupted) => {
            console.complain("interrupted: nothing is shown of worlds that were not played to their end");
            return Ok(Exit::Interrupted);
        }
        Err(Nothing::Failed(failure)) => return Err(failed(failure)),
        Err(Nothing::NoFailure(why)) => return Err(Stop::Bad(why)),
    };
    let (point, scenario) = &scenarios[found.scenario];
    let told = Told { scenario, point: point.as_deref(), policy, explanation: &explanation };
    if console.json {
        console.json_result(&json(&told))?;
    } else {
        console.result(&text(&told))?;
    }
    Ok(Exit::Done)
}

/// What is looked at: the scenario itself, or all points of its sweep, or the one that was asked for.
fn scenarios<'a>(
    base: &'a Scenario,
    sweep: Option<&'a Sweep>,
    command: &Explain,
) -> Result<Vec<(Option<String>, &'a Scenario)>, Stop> {
    let Some(sweep) = sweep else {
        return match command.point {
            Some(_) => Err(Stop::Bad("`--point` is for a scenario with a [sweep], and this one has none".into())),
            None => Ok(vec![(None, base)]),
        };
    };
    let of = |point: usize| (Some(sweep.told(point)), &sweep.points[point].scenario);
    let points = sweep.points.len();
    match (command.point, command.call) {
        (Some(point), _) if point < points => Ok(vec![of(point)]),
        (Some(point), _) => Err(Stop::Bad(format!("there is no point {point}: the sweep has {points}, from 0"))),
        // The number of a call means something in one world only.
        (None, Some(_)) if points > 1 => {
            Err(Stop::Bad(format!("`--call` needs `--point N`: the scenario has a sweep of {points} points, from 0")))
        }
        (None, _) => Ok((0..points).map(of).collect()),
    }
}

/// The lane of this name.
pub fn lane_of(scenario: &Scenario, wanted: &str) -> Result<crate::id::LaneId, Stop> {
    let names = Names::of(&scenario.world);
    names.lane_of(wanted).ok_or_else(|| {
        let all = (0..names.lanes()).map(crate::id::LaneId::at).map(|lane| names.lane(lane));
        let (few, more) = (all.take(8).collect::<Vec<_>>().join(", "), names.lanes() > 8);
        let more = if more { format!(", … {} in all", names.lanes()) } else { String::new() };
        Stop::Bad(format!("there is no lane `{wanted}` (there are {few}{more})"))
    })
}

fn nothing_failed(console: &Console, command: &Explain) -> Outcome {
    if console.json {
        console.json_result(&serde_json::Value::Null)?;
        return Ok(Exit::Done);
    }
    let lane = command.lane.as_ref().map_or_else(String::new, |lane| format!(" of {lane}"));
    let of = command.replication.map_or_else(|| "any replication".to_owned(), |one| format!("replication {one}"));
    console
        .result(&format!("no call{lane} fails under {} in {of}: there is no outage to explain\n", command.policy))?;
    Ok(Exit::Done)
}
