//! `sweep FILE`: every policy at every point of `[sweep]`.

use std::path::PathBuf;
use std::time::SystemTime;

use super::args::{Global, Sweep, SweepPart};
use super::console::{Console, Exit, Outcome, Stop};
use super::work::{failed, info, unwritten, with_bar};
use crate::experiment::comparison::Stopped;
use crate::experiment::sweep::sweep;
use crate::report::sweep::{Results, summary};
use crate::report::table;
use crate::scenario::{self, Scenario};

/// Reads the scenario, plays every point, writes the results folder, prints the table.
pub fn run(console: &Console, global: &Global, command: &Sweep) -> Outcome {
    let Some(file) = &command.file else { return Err(later(command.part.as_ref())) };
    let loaded = scenario::load(file, &global.set, global.seed).map_err(|d| Stop::Mistakes(Box::new(d)))?;
    let scenario = &loaded.scenario;
    let Some(of) = &loaded.sweep else {
        let shown = file.display();
        return Err(Stop::Bad(format!("{shown} has no [sweep]; `stalegate compare {shown}` compares its policies")));
    };
    console.diagnostics(&of.warnings);
    let points: Vec<&Scenario> = of.points.iter().map(|point| &point.scenario).collect();
    let place = global.out.clone().unwrap_or_else(|| PathBuf::from("results").join(&scenario.name));
    let mut results = Results::open(&place, scenario, of).map_err(|error| unwritten(&error))?;
    let started = SystemTime::now();
    let stop = super::interrupt::watch();
    let stopped = with_bar(console, global, &stop, |around| sweep(&points, around, &mut results)).map_err(failed)?;
    let finished = results.finished();
    if finished == 0 {
        console.complain("interrupted before the first point was done: nothing is kept");
        return Ok(Exit::Interrupted);
    }
    let info = info(global, "sweep", file, command.stamp, started);
    let swept = results.finish(stopped, &info).map_err(|error| unwritten(&error))?;
    console.result(&if console.json { summary(&swept) } else { table::sweep::sweep(&swept, console.look()) })?;
    console.say(&format!("results are in {}", place.display()));
    match stopped {
        Stopped::Complete => Ok(Exit::Done),
        Stopped::Interrupted => {
            console.complain(&format!(
                "interrupted: kept the first {finished} points of {}, which were done",
                points.len()
            ));
            Ok(Exit::Interrupted)
        }
    }
}

/// Parts of a later version: recognised, never taken for a file.
fn later(part: Option<&SweepPart>) -> Stop {
    let name = match part {
        Some(SweepPart::Plan(_)) => " plan",
        Some(SweepPart::Run(_)) => " run",
        Some(SweepPart::Status(_)) => " status",
        Some(SweepPart::Merge(_)) => " merge",
        Some(SweepPart::Submit(_)) => " submit",
        None => "",
    };
    Stop::Bad(format!("`sweep{name}` is not built yet; `stalegate sweep FILE` runs all points here"))
}
