//! What commands that simulate for long have in common: the bar, the threads, and what the manifest says of them.

use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use indicatif::{ProgressBar, ProgressStyle};

use super::args::Global;
use super::console::{Console, Stop};
use crate::experiment::comparison::Comparison;
use crate::experiment::explain::{Case, Nothing, cases};
use crate::experiment::worlds::{Failure, Surroundings};
use crate::model::MODEL_VERSION;
use crate::report::WriteError;
use crate::report::manifest::{NotHashed, RunInfo};
use crate::report::page::MOST_CASES;
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::{self, Loaded, Scenario};

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

/// Writes a file beside its place, and renames it into it: nobody ever sees half of it. What is there and is not a file (a pipe,
/// a terminal, `/dev/null`) is written to, and stays what it is.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    let refused = |error| Stop::io("write", path, &error);
    if std::fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return std::fs::OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|mut there| there.write_all(bytes))
            .map_err(refused);
    }
    // A link to a file stays a link: the file that it points to is replaced.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let beside = path.with_file_name(name);
    let written = std::fs::File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, &path));
    written.map_err(|error| {
        // What cannot be removed is overwritten next time.
        let _ = std::fs::remove_file(&beside);
        refused(error)
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

/// The worst outages of a comparison, for its page; `None`: somebody asked to stop before they were found.
pub fn worst_cases(
    console: &Console,
    global: &Global,
    stop: &AtomicBool,
    scenario: &Scenario,
    comparison: &Comparison,
) -> Result<Option<Vec<Case>>, Stop> {
    match with_bar(console, global, stop, |around| cases(scenario, comparison, MOST_CASES, around)) {
        Ok(cases) => Ok(Some(cases)),
        Err(Nothing::Interrupted) => Ok(None),
        Err(Nothing::Failed(failure)) => Err(failed(failure)),
        Err(Nothing::NoFailure(why)) => Err(Stop::Broken(format!("an outage without a failed call: {why}"))),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_what_is_no_file_is_written_to() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("out.json");
        for text in ["one", "two"] {
            write_whole(&file, text.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
        assert!(matches!(write_whole(root.path(), b"three"), Err(Stop::Io(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_stays_a_pipe_and_a_link_a_link() {
        use std::os::unix::fs::FileTypeExt;

        let root = tempfile::tempdir().unwrap();
        let (pipe, file, link) = (root.path().join("pipe"), root.path().join("file"), root.path().join("link"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let read = std::thread::scope(|scope| {
            let reader = scope.spawn(|| std::fs::read_to_string(&pipe).unwrap());
            write_whole(&pipe, b"through").unwrap();
            reader.join().unwrap()
        });
        assert_eq!(read, "through");
        assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_whole(&link, b"new").unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
    }
}
