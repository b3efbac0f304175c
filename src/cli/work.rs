//! What commands that simulate for long have in common: the bar, the threads, and what the manifest says of them.

use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use indicatif::{ProgressBar, ProgressStyle};

use super::args::Global;
use super::console::{Console, Stop};
use crate::experiment::worlds::{Failure, Surroundings};
use crate::model::MODEL_VERSION;
use crate::report::WriteError;
use crate::report::manifest::{NotHashed, RunInfo};
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::{self, Loaded};

/// Reads scenario files; all mistakes of all of them at once.
pub fn load_all(console: &Console, global: &Global, files: &[PathBuf]) -> Result<Vec<Loaded>, Stop> {
    let mut loaded = Vec::new();
    let mut last: Option<Diagnostics> = None;
    for file in files {
        match scenario::load(file, &global.set, global.seed) {
            Ok(one) => {
                console.diagnostics(&one.warnings);
                loaded.push(one);
            }
            Err(mistakes) => {
                if let Some(earlier) = last.replace(mistakes) {
                    console.diagnostics(&earlier);
                }
            }
        }
    }
    last.map_or(Ok(loaded), |last| Err(Stop::Mistakes(Box::new(last))))
}

/// Writes a file beside its place, and renames it into it: nobody ever sees half of it.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let beside = path.with_file_name(name);
    let written = std::fs::File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|error| {
        // What cannot be removed is overwritten next time.
        let _ = std::fs::remove_file(&beside);
        Stop::io("write", path, &error)
    })
}

/// Does the work with a bar on the terminal.
pub fn with_bar<T>(
    console: &Console,
    global: &Global,
    stop: &AtomicBool,
    work: impl FnOnce(&Surroundings<'_>) -> T,
) -> T {
    let bar = if console.quiet { ProgressBar::hidden() } else { ProgressBar::no_length() };
    let style = "{elapsed_precise} {wide_bar} {pos}/{len} runs, {eta} left";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    let progress = |done, planned| {
        bar.set_length(planned);
        bar.set_position(done);
    };
    let done = work(&Surroundings { jobs: jobs(global), stop, progress: &progress });
    bar.finish_and_clear();
    done
}

/// Threads.
pub fn jobs(global: &Global) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    global.jobs.map_or(cores, |jobs| usize::try_from(jobs).unwrap_or(cores))
}

/// What was asked, as the manifest says it: without what cannot change results.
pub fn words(global: &Global, command: &str, file: &Path) -> Vec<String> {
    let mut words = vec!["stalegate".to_owned(), command.to_owned(), file.display().to_string()];
    words.extend(global.set.iter().flat_map(|set| ["--set".to_owned(), set.clone()]));
    words.extend(global.seed.iter().flat_map(|seed| ["--seed".to_owned(), seed.to_string()]));
    words
}

/// What the manifest says of this run. Host and time are left out unless asked for, so that the same run gives the same folder.
pub fn info(command: Vec<String>, stamp: bool, started: SystemTime) -> RunInfo {
    let not_hashed = stamp.then(|| NotHashed {
        arguments: std::env::args().skip(1).collect(),
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        started_unix_s: started.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
    });
    RunInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model_version: MODEL_VERSION.to_string(),
        command,
        not_hashed,
    }
}

/// Why an experiment has no results.
pub fn failed<E: Display>(failure: Failure<E>) -> Stop {
    match failure {
        Failure::Sink(error) => Stop::Io(error.to_string()),
        Failure::Threads(why) => Stop::Io(format!("cannot start threads: {why}")),
        Failure::Broken(broken) => Stop::Broken(broken.to_string()),
    }
}

/// Why a results folder cannot be written.
pub fn unwritten(error: &WriteError) -> Stop {
    Stop::Io(error.to_string())
}
