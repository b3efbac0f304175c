//! `baseline save FILE… -o B`: what scenarios come to now, for a later `check` to be compared with.

use std::convert::Infallible;
use std::path::Path;

use super::args::{BaselineCommand, BaselineSave, Global};
use super::console::{Console, Exit, Outcome, Stop};
use super::work::{failed, load_all, with_bar, write_whole};
use crate::experiment::baseline::{Baseline, SCHEMA, save};
use crate::experiment::check::first;
use crate::experiment::comparison::Stopped;
use crate::model::MODEL_VERSION;
use crate::report::baseline::text;
use crate::scenario::reader::reason;

/// Does what is asked of baselines.
pub fn run(console: &Console, global: &Global, command: &BaselineCommand) -> Outcome {
    match command {
        BaselineCommand::Save(command) => saved(console, global, command),
    }
}

fn saved(console: &Console, global: &Global, command: &BaselineSave) -> Outcome {
    let Some(place) = &global.out else {
        return Err(Stop::Bad("where to? `stalegate baseline save FILE… -o results/baseline.json`".into()));
    };
    let loaded = load_all(console, global, &command.files)?;
    if let Some(old) = std::fs::metadata(place).ok().filter(|old| old.len() > 0) {
        if old.is_dir() {
            return Err(Stop::Bad(format!("{} is a folder", place.display())));
        }
        // A file that is no baseline is somebody's.
        read(place)?;
    }
    let stop = super::interrupt::watch(Exit::Interrupted);
    let mut baseline = Baseline {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model_version: MODEL_VERSION,
        scenarios: std::collections::BTreeMap::new(),
    };
    for (loaded, file) in loaded.iter().zip(&command.files) {
        super::compare::base_only(console, loaded, file);
        let scenario = &loaded.scenario;
        let play =
            with_bar(console, global, &stop, |around| first::<Infallible>(scenario, command.replications, around));
        let comparison = play.map_err(failed)?;
        if comparison.stopped == Stopped::Interrupted {
            console.complain(&format!("interrupted in {}: nothing is saved", file.display()));
            return Ok(Exit::Interrupted);
        }
        let kept = save(scenario, &comparison, command.replications);
        if baseline.scenarios.insert(scenario.name.clone(), kept).is_some() {
            return Err(Stop::Bad(format!("two of the files are called `{}`", scenario.name)));
        }
    }
    write_whole(place, text(&baseline).as_bytes())?;
    console.say(&format!("{} scenarios are in {}", baseline.scenarios.len(), place.display()));
    Ok(Exit::Done)
}

/// A baseline file; one that cannot be used is refused with what is wrong about it.
pub fn read(path: &Path) -> Result<Baseline, Stop> {
    let shown = path.display();
    let text =
        std::fs::read_to_string(path).map_err(|error| Stop::Io(format!("cannot read {shown}: {}", reason(&error))))?;
    let bad = |why: &str| Stop::Bad(format!("{shown} is no baseline: {why}"));
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|error| bad(&error.to_string()))?;
    match value.get("schema").and_then(serde_json::Value::as_u64) {
        None => return Err(bad("it has no `schema`")),
        Some(schema) if schema != u64::from(SCHEMA) => {
            return Err(bad(&format!("its schema is {schema}, and this version reads {SCHEMA}")));
        }
        Some(_) => {}
    }
    serde_json::from_str(&text).map_err(|error| bad(&error.to_string()))
}
