//! `replay MANIFEST`: the same command again, and every hash compared.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use clap::Parser;
use serde::Deserialize;

use super::args::{Args, Command, Global, Replay, Sweep};
use super::console::{Console, Exit, Outcome, Stop};
use crate::model::MODEL_VERSION;
use crate::report::folder::MANIFEST;
use crate::scenario::reader::reason;
use crate::scenario::{self, Loaded};

/// What of a manifest matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    version: String,
    model_version: String,
    scenario: ScenarioPart,
    pub command: Vec<String>,
    /// Of a comparison.
    replications: Option<Progress>,
    /// Of a sweep.
    sweep: Option<Progress>,
    /// blake3 hashes (hex) by name.
    pub files: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct ScenarioPart {
    id: String,
    inputs: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Progress {
    finished: u64,
    stopped: String,
}

/// What a manifest's command runs.
struct Rerun {
    word: &'static str,
    file: PathBuf,
    set: Vec<String>,
    seed: Option<u64>,
}

/// Runs the command of a manifest again, beside the results, and compares.
pub fn run(console: &Console, global: &Global, command: &Replay) -> Outcome {
    if !global.set.is_empty() || global.seed.is_some() || global.out.is_some() {
        return Err(Stop::Bad("a replay takes everything from the manifest: no --set, no --seed, no --out".into()));
    }
    let path = if command.manifest.is_dir() { command.manifest.join(MANIFEST) } else { command.manifest.clone() };
    let manifest = manifest(&path)?;
    let rerun = rerun(&path, &manifest)?;
    let mut changed = changed_inputs(&manifest, &rerun)?;
    changed.extend(changed_files(&path, &manifest)?);
    if !changed.is_empty() {
        return not_reproduced(console, &versions(&manifest).into_iter().chain(changed).collect::<Vec<_>>());
    }
    let place = std::env::temp_dir().join(format!("stalegate-replay-{}", std::process::id()));
    let again = match again(console, global, &rerun, &place) {
        Ok(Ok(again)) => again,
        ended => {
            remove(&place);
            return ended.map(|ended| ended.err().unwrap_or(Exit::Done));
        }
    };
    let differing = differing(&manifest, &again);
    if differing.is_empty() {
        remove(&place);
        console.say(&format!("{} is removed again", place.display()));
        for note in versions(&manifest) {
            console.say(&format!("note: {note}"));
        }
        let text = format!("reproduced: {} files of {}, the same bytes\n", manifest.files.len(), path.display());
        console.result(&text)?;
        return Ok(Exit::Done);
    }
    console.say(&format!("what came out is kept in {}", place.display()));
    not_reproduced(console, &versions(&manifest).into_iter().chain(differing).collect::<Vec<_>>())
}

/// What cannot be removed is in a folder for such things.
fn remove(place: &Path) {
    let _ = std::fs::remove_dir_all(place);
}

/// Which files beside the manifest are not those that it tells of; some may have been left behind.
fn changed_files(path: &Path, manifest: &Manifest) -> Result<Vec<String>, Stop> {
    let mut changed = Vec::new();
    for (name, hash) in &manifest.files {
        let file = path.with_file_name(name);
        match std::fs::read(&file) {
            Ok(bytes) if blake3::hash(&bytes).to_hex().as_str() == hash => {}
            Ok(_) => changed.push(format!("{name} is not the file that the manifest tells of")),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Stop::Io(format!("cannot read {}: {}", file.display(), reason(&error)))),
        }
    }
    Ok(changed)
}

/// Reads a manifest.
pub(super) fn manifest(path: &Path) -> Result<Manifest, Stop> {
    let shown = path.display();
    let text =
        std::fs::read_to_string(path).map_err(|error| Stop::Io(format!("cannot read {shown}: {}", reason(&error))))?;
    serde_json::from_str(&text).map_err(|error| Stop::Bad(format!("{shown} is no manifest: {error}")))
}

/// The command, which is one of ours and says nothing but what to simulate.
fn rerun(path: &Path, manifest: &Manifest) -> Result<Rerun, Stop> {
    let bad = |why: String| Stop::Bad(format!("{}: {why}", path.display()));
    let progress = manifest.replications.as_ref().or(manifest.sweep.as_ref());
    if let Some(progress) = progress.filter(|progress| progress.stopped.starts_with("interrupted")) {
        let finished = progress.finished;
        return Err(bad(format!("the results are those of a run that was interrupted after {finished}: run it whole")));
    }
    if let Some(progress) = progress.filter(|progress| progress.stopped.starts_with("merged in part")) {
        let finished = progress.finished;
        return Err(bad(format!(
            "the results are those of {finished} points, merged while units were missing: merge them whole"
        )));
    }
    let args = Args::try_parse_from(&manifest.command);
    let args = args.map_err(|_| bad(format!("`{}` is no command of this version", manifest.command.join(" "))))?;
    let (word, file) = match args.command {
        Command::Compare(compare) => ("compare", compare.file),
        Command::Sweep(Sweep { file: Some(file), part: None, .. }) => ("sweep", file),
        _ => return Err(bad(format!("`{}` writes no results folder", manifest.command.join(" ")))),
    };
    Ok(Rerun { word, file, set: args.global.set, seed: args.global.seed })
}

/// Which files are not what they were, as far as they can be read.
fn changed_inputs(manifest: &Manifest, rerun: &Rerun) -> Result<Vec<String>, Stop> {
    if !rerun.file.exists() {
        let file = rerun.file.display();
        return Err(Stop::Io(format!("cannot read {file}: the manifest names it relative to where it was run")));
    }
    let loaded = scenario::load(&rerun.file, &rerun.set, rerun.seed).map_err(|d| Stop::Mistakes(Box::new(d)))?;
    let now = inputs(&loaded);
    let mut changed = Vec::new();
    for (name, hash) in &manifest.scenario.inputs {
        match now.get(name) {
            Some(here) if here == hash => {}
            Some(_) => changed.push(format!("the input {name} is another file than it was")),
            None => changed.push(format!("the input {name} is not read any more")),
        }
    }
    let more = now.keys().filter(|name| !manifest.scenario.inputs.contains_key(*name));
    changed.extend(more.map(|name| format!("the input {name} was not read before")));
    if changed.is_empty() && loaded.scenario.id != manifest.scenario.id {
        changed.push("the same files resolve to another scenario: a default or a preset changed".to_owned());
    }
    Ok(changed)
}

fn inputs(loaded: &Loaded) -> BTreeMap<String, String> {
    let points = loaded.sweep.iter().flat_map(|sweep| sweep.points.iter().map(|point| &point.scenario));
    let all = points.chain([&loaded.scenario]).flat_map(|scenario| &scenario.inputs);
    all.map(|input| (input.name.clone(), input.hash.clone())).collect()
}

/// Runs it into a folder of its own; `Err(exit)` inside: it did not come to its end, and has said why.
fn again(
    console: &Console,
    global: &Global,
    rerun: &Rerun,
    place: &Path,
) -> Result<Result<BTreeMap<String, String>, Exit>, Stop> {
    let program = std::env::current_exe().map_err(|error| Stop::Io(format!("cannot find this program: {error}")))?;
    let mut process = Process::new(program);
    process.arg(rerun.word).arg(&rerun.file).arg("--out").arg(place).stdout(Stdio::null());
    process.args(rerun.set.iter().flat_map(|set| ["--set", set.as_str()]));
    process.args(rerun.seed.iter().flat_map(|seed| ["--seed".to_owned(), seed.to_string()]));
    process.args(global.jobs.iter().flat_map(|jobs| ["--jobs".to_owned(), jobs.to_string()]));
    if console.quiet {
        process.arg("--quiet");
    }
    // Ctrl-C reaches both; the other one says what it kept.
    let _ = super::interrupt::watch(Exit::Interrupted);
    let ended = process.status().map_err(|error| Stop::Io(format!("cannot run this program again: {error}")))?;
    match ended.code() {
        Some(0) => manifest(&place.join(MANIFEST)).map(|manifest| Ok(manifest.files)),
        Some(130) | None => Ok(Err(Exit::Interrupted)),
        Some(4) => Ok(Err(Exit::Io)),
        Some(70) => Ok(Err(Exit::Broken)),
        Some(_) => Ok(Err(Exit::Bad)),
    }
}

fn differing(manifest: &Manifest, again: &BTreeMap<String, String>) -> Vec<String> {
    let mut differing = Vec::new();
    for (name, hash) in &manifest.files {
        match again.get(name) {
            Some(here) if here == hash => {}
            Some(_) => differing.push(format!("{name} has other bytes")),
            None => differing.push(format!("{name} is not written any more")),
        }
    }
    let more = again.keys().filter(|name| !manifest.files.contains_key(*name));
    differing.extend(more.map(|name| format!("{name} was not written before")));
    differing
}

/// Whose results they are, where it is not this version.
fn versions(manifest: &Manifest) -> Vec<String> {
    let mut notes = Vec::new();
    let (version, model) = (env!("CARGO_PKG_VERSION"), MODEL_VERSION.to_string());
    if manifest.version != version {
        notes.push(format!("the results are of version {}, this is {version}", manifest.version));
    }
    if manifest.model_version != model {
        notes.push(format!("the results are of model version {}, this is {model}", manifest.model_version));
    }
    notes
}

fn not_reproduced(console: &Console, why: &[String]) -> Outcome {
    console.result(&format!("not reproduced:\n  {}\n", why.join("\n  ")))?;
    Ok(Exit::Differs)
}
