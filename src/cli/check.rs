//! `check FILE…`: every expectation, and no regression against a baseline.

use std::convert::Infallible;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use super::args::{Check, Global};
use super::baseline;
use super::console::{Console, Exit, Outcome, Stop};
use super::work::{failed, load_all, with_bar};
use crate::experiment::baseline::{Baseline, Compared, Unusable, compare};
use crate::experiment::check::check;
use crate::experiment::comparison::{Comparison, Stopped};
use crate::experiment::judge::{Decision, judge};
use crate::experiment::stat;
use crate::model::MODEL_VERSION;
use crate::report::check::{Checked, CheckedFile, github, json, junit, text};
use crate::scenario::Loaded;

/// Where GitHub Actions want the summary of a step.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// Reads all files, plays each until it is decided, says what it came to.
pub fn run(console: &Console, global: &Global, command: &Check) -> Outcome {
    if global.out.is_some() {
        return Err(Stop::Bad("`check` writes no folder; it has `--json` and `--junit FILE`".into()));
    }
    let loaded = load_all(console, global, &command.files)?;
    let baseline = command.baseline.as_deref().map(baseline::read).transpose()?;
    asked(&loaded, command, baseline.as_ref())?;
    let stop = super::interrupt::watch(Exit::Interrupted);
    let mut comparisons: Vec<Comparison> = Vec::new();
    for (loaded, file) in loaded.iter().zip(&command.files) {
        super::compare::base_only(console, loaded, file);
        let least = saved(baseline.as_ref(), loaded).map_or(0, |saved| saved.replications);
        let played = with_bar(console, global, &stop, |around| check::<Infallible>(&loaded.scenario, least, around));
        let comparison = played.map_err(failed)?;
        if comparison.stopped == Stopped::Interrupted {
            console.complain(&format!("interrupted in {}: nothing is decided", file.display()));
            return Ok(Exit::Interrupted);
        }
        comparisons.push(comparison);
    }
    let files = loaded.iter().zip(&comparisons).zip(&command.files);
    let files = files.map(|((loaded, comparison), file)| {
        let compared = against(baseline.as_ref(), loaded, comparison, command)?;
        Ok(CheckedFile {
            file: file.display().to_string(),
            scenario: &loaded.scenario,
            comparison,
            judged: judge(&loaded.scenario.expects, comparison),
            baseline: compared,
        })
    });
    let checked = Checked {
        files: files.collect::<Result<Vec<_>, Stop>>()?,
        baseline: command.baseline.as_ref().map(|path| path.display().to_string()),
        min_effect: command.min_effect,
    };
    tell(console, command, &checked)
}

/// Writes everything that was asked for, and says how it ends.
fn tell(console: &Console, command: &Check, checked: &Checked<'_>) -> Outcome {
    if let Some(path) = &command.junit {
        std::fs::write(path, junit::junit(checked)).map_err(|error| Stop::io("write", path, &error))?;
    }
    if command.github {
        // On the standard output, where the runner reads them; not amid a JSON document.
        let annotations = github::annotations(checked);
        if console.json {
            console.complain(annotations.trim_end());
        } else {
            console.result(&annotations)?;
        }
        if let Some(path) = std::env::var_os(STEP_SUMMARY).filter(|path| !path.is_empty()) {
            append(Path::new(&path), &github::summary(checked))?;
        }
    }
    console.result(&if console.json { json::json(checked) } else { text::text(checked, console.look()) })?;
    Ok(match checked.decision() {
        Decision::Passed => Exit::Done,
        Decision::Failed => Exit::Failed,
        Decision::Undecided => Exit::Undecided,
    })
}

fn append(path: &Path, text: &str) -> Result<(), Stop> {
    let written =
        OpenOptions::new().create(true).append(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Stop::io("write", path, &error))
}

fn saved<'a>(baseline: Option<&'a Baseline>, loaded: &Loaded) -> Option<&'a crate::experiment::baseline::Saved> {
    baseline?.scenarios.get(&loaded.scenario.name)
}

/// Something must be asked: a check of nothing would always pass.
fn asked(loaded: &[Loaded], command: &Check, baseline: Option<&Baseline>) -> Result<(), Stop> {
    let known = loaded.iter().any(|loaded| saved(baseline, loaded).is_some());
    if let (Some(path), false) = (&command.baseline, known) {
        return Err(Stop::Bad(format!(
            "{} has none of these scenarios; `stalegate baseline save FILE… -o {}` saves them",
            path.display(),
            path.display()
        )));
    }
    if !known && loaded.iter().all(|loaded| loaded.scenario.expects.is_empty()) {
        let what = "nothing is asked: no [[expect]] in any of the files, and no --baseline";
        return Err(Stop::Bad(format!("{what}; `stalegate list metrics` prints what can be expected")));
    }
    Ok(())
}

fn against(
    baseline: Option<&Baseline>,
    loaded: &Loaded,
    comparison: &Comparison,
    command: &Check,
) -> Result<Option<Compared>, Stop> {
    let (Some(all), Some(saved), Some(path)) = (baseline, saved(baseline, loaded), &command.baseline) else {
        return Ok(None);
    };
    let same_model = all.model_version == MODEL_VERSION;
    let scenario = &loaded.scenario;
    let compared = compare(saved, same_model, scenario, comparison, command.min_effect, stat::ERROR);
    compared.map(Some).map_err(|unusable| {
        let (path, name) = (path.display(), &scenario.name);
        Stop::Bad(match unusable {
            Unusable::Seed(seed) => format!(
                "{path}: `{name}` was saved with seed {seed}, and this run has {}: their worlds cannot be paired",
                scenario.world.run.seed
            ),
            Unusable::Length(policy, metric) => {
                format!("{path}: {metric} of {policy} in `{name}` does not have {} values", saved.replications)
            }
        })
    })
}
