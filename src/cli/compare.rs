//! `compare FILE`: every policy on the same worlds.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use indicatif::{ProgressBar, ProgressStyle};

use super::args::{Compare, Global};
use super::console::{Console, Exit, Outcome, Stop};
use crate::experiment::compare::{Failure, Surroundings, compare};
use crate::experiment::comparison::{Comparison, Stopped};
use crate::model::MODEL_VERSION;
use crate::report::WriteError;
use crate::report::manifest::{NotHashed, RunInfo};
use crate::report::{Results, json, table};
use crate::scenario::{self, Scenario};

/// Reads the scenario, compares its policies, writes the results folder, prints the table.
pub fn run(console: &Console, global: &Global, command: &Compare) -> Outcome {
    let loaded = scenario::load(&command.file, &global.set, global.seed).map_err(|d| Stop::Mistakes(Box::new(d)))?;
    console.diagnostics(&loaded.warnings);
    let scenario = &loaded.scenario;
    let place = global.out.clone().unwrap_or_else(|| PathBuf::from("results").join(&scenario.name));
    // Opened before the work starts: a folder that cannot be written costs nobody an hour.
    let mut results = Results::open(&place, scenario).map_err(|error| unwritten(&error))?;
    let started = SystemTime::now();
    let stop = super::interrupt::watch();
    let outcome = play(console, global, scenario, &stop, |record| results.push(record));
    let comparison = match outcome {
        Ok(comparison) => comparison,
        Err(Failure::Sink(error)) => return Err(unwritten(&error)),
        Err(Failure::Threads(why)) => return Err(Stop::Io(format!("cannot start threads: {why}"))),
        Err(Failure::Broken(broken)) => return Err(Stop::Broken(broken.to_string())),
    };
    if comparison.finished() == 0 {
        console.complain("interrupted before the first replication was done under every policy: nothing is kept");
        return Ok(Exit::Interrupted);
    }
    results.finish(scenario, &comparison, &info(global, command, started)).map_err(|error| unwritten(&error))?;
    let text = if console.json {
        json::summary(scenario, &comparison)
    } else {
        table::compare(scenario, &comparison, console.look())
    };
    console.result(&text)?;
    console.say(&format!("results are in {}", place.display()));
    Ok(exit(console, &comparison))
}

/// Plays all worlds, with a bar on the terminal.
fn play<E>(
    console: &Console,
    global: &Global,
    scenario: &Scenario,
    stop: &Arc<AtomicBool>,
    sink: impl FnMut(&crate::experiment::record::Record) -> Result<(), E>,
) -> Result<Comparison, Failure<E>> {
    let bar = if console.quiet { ProgressBar::hidden() } else { ProgressBar::no_length() };
    let style = "{elapsed_precise} {wide_bar} {pos}/{len} runs, {eta} left";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    let progress = |done, planned| {
        bar.set_length(planned);
        bar.set_position(done);
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let jobs = global.jobs.map_or(cores, |jobs| usize::try_from(jobs).unwrap_or(cores));
    let comparison = compare(scenario, &Surroundings { jobs, stop, progress: &progress }, sink);
    bar.finish_and_clear();
    comparison
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

/// What the manifest says of this run. Host and time are left out unless asked for, so that the same run gives the same folder.
fn info(global: &Global, command: &Compare, started: SystemTime) -> RunInfo {
    let mut words = vec!["stalegate".to_owned(), "compare".to_owned(), command.file.display().to_string()];
    words.extend(global.set.iter().flat_map(|set| ["--set".to_owned(), set.clone()]));
    words.extend(global.seed.iter().flat_map(|seed| ["--seed".to_owned(), seed.to_string()]));
    let not_hashed = command.stamp.then(|| NotHashed {
        arguments: std::env::args().skip(1).collect(),
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        started_unix_s: started.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
    });
    RunInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model_version: MODEL_VERSION.to_string(),
        command: words,
        not_hashed,
    }
}

fn unwritten(error: &WriteError) -> Stop {
    Stop::Io(error.to_string())
}
