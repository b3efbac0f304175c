//! `compare FILE`: every policy on the same worlds.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::args::{Compare, Global};
use super::console::{Console, Exit, Outcome, Stop};
use super::work::{failed, info, unwritten, with_bar, words, worst_cases};
use crate::experiment::compare::compare;
use crate::experiment::comparison::{Comparison, Stopped};
use crate::report::page::of_comparison;
use crate::report::{Results, json, table};
use crate::scenario::{self, Loaded};

/// Reads the scenario, compares its policies, writes the results folder, prints the table.
pub fn run(console: &Console, global: &Global, command: &Compare) -> Outcome {
    let loaded = scenario::load(&command.file, &global.set, global.seed).map_err(|d| Stop::Mistakes(Box::new(d)))?;
    console.diagnostics(&loaded.warnings);
    base_only(console, &loaded, &command.file);
    let scenario = &loaded.scenario;
    let place = global.out.clone().unwrap_or_else(|| PathBuf::from("results").join(&scenario.name));
    // Opened before the work starts: a folder that cannot be written costs nobody an hour.
    let mut results = Results::open(&place, scenario).map_err(|error| unwritten(&error))?;
    let started = SystemTime::now();
    let stop = super::interrupt::watch(Exit::Interrupted);
    let play = with_bar(console, global, &stop, |around| compare(scenario, around, |record| results.push(record)));
    let comparison = play.map_err(failed)?;
    if comparison.finished() == 0 {
        console.complain("interrupted before the first replication was done under every policy: nothing is kept");
        return Ok(Exit::Interrupted);
    }
    let info = info(words(global, "compare", &command.file), command.stamp, started);
    let cases = worst_cases(console, global, &stop, scenario, &comparison)?;
    let page = of_comparison(scenario, &loaded.resolved(), &comparison, cases.as_deref(), &info);
    results.finish(scenario, &comparison, &page, &info).map_err(|error| unwritten(&error))?;
    let text = if console.json {
        json::summary(scenario, &comparison)
    } else {
        table::compare(scenario, &comparison, console.look())
    };
    console.result(&text)?;
    console.say(&format!("results are in {}", place.display()));
    Ok(exit(console, &comparison))
}

/// Says that a sweep is not run here, if there is one.
pub fn base_only(console: &Console, loaded: &Loaded, file: &Path) {
    if loaded.sweep.is_some() {
        let file = file.display();
        console.say(&format!(
            "note: [sweep] is left aside, the file's own values count; `stalegate sweep {file}` runs it"
        ));
    }
}

fn exit(console: &Console, comparison: &Comparison) -> Exit {
    match comparison.stopped {
        Stopped::Complete => Exit::Done,
        Stopped::Interrupted => {
            console.complain(&format!(
                "interrupted: kept the {} replications of {} that were done under every policy",
                comparison.finished(),
                comparison.asked
            ));
            Exit::Interrupted
        }
    }
}
