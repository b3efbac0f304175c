//! Plans as files.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{Plan, SCHEMA};
use crate::scenario::Loaded;

/// A file that the scenario was read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputText {
    /// As the command line or the file that names it has it.
    pub name: String,
    /// blake3 (hex) of the text.
    pub hash: String,
    pub text: String,
}

/// Why there is no plan.
#[derive(Debug)]
pub enum ReadError {
    Io(io::Error),
    /// In words.
    Bad(String),
}

/// What is in the place of a plan is none, and is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAPlan;

impl fmt::Display for NotAPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is no plan, and is not overwritten")
    }
}

/// What every plan has, of whichever schema.
#[derive(Deserialize)]
struct Head {
    schema: u32,
    #[serde(rename = "units")]
    _units: IgnoredAny,
    #[serde(rename = "build")]
    _build: String,
}

/// The contents of all files that a scenario and its points were read from, the scenario's first.
///
/// # Errors
/// With the file, where it cannot be read again, or is not what it was.
pub fn inputs(loaded: &Loaded) -> Result<Vec<InputText>, (PathBuf, io::Error)> {
    let points = loaded.sweep.iter().flat_map(|sweep| &sweep.points).map(|point| &point.scenario);
    let mut inputs: Vec<InputText> = Vec::new();
    let mut hashes: BTreeMap<&str, &str> = BTreeMap::new();
    for input in [&loaded.scenario].into_iter().chain(points).flat_map(|scenario| &scenario.inputs) {
        let changed = || (PathBuf::from(&input.name), io::Error::other("it changed while it was read; try again"));
        if let Some(known) = hashes.insert(&input.name, &input.hash) {
            if known != input.hash {
                return Err(changed());
            }
            continue;
        }
        let text = fs::read_to_string(&input.name).map_err(|error| (PathBuf::from(&input.name), error))?;
        if blake3::hash(text.as_bytes()).to_hex().as_str() != input.hash {
            return Err(changed());
        }
        inputs.push(InputText { name: input.name.clone(), hash: input.hash.clone(), text });
    }
    Ok(inputs)
}

impl Plan {
    /// The plan as a file has it.
    ///
    /// # Panics
    /// Never: all of it can be JSON.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("all of it can be JSON") + "\n"
    }

    /// Reads a plan.
    pub fn read(path: &Path) -> Result<Plan, ReadError> {
        let bytes = fs::read(path).map_err(ReadError::Io)?;
        Plan::parse(&bytes).map_err(ReadError::Bad)
    }

    /// The plan of a file's bytes, or in words what is wrong with them.
    pub fn parse(bytes: &[u8]) -> Result<Plan, String> {
        match serde_json::from_slice::<Head>(bytes) {
            Err(error) => return Err(format!("it is no plan of `stalegate sweep plan` ({error})")),
            Ok(Head { schema, .. }) if schema != SCHEMA => {
                return Err(format!("it is a plan of schema {schema}, and this program reads schema {SCHEMA}"));
            }
            Ok(_) => {}
        }
        let plan: Plan = serde_json::from_slice(bytes).map_err(|error| format!("the plan is damaged: {error}"))?;
        plan.sane().map(|()| plan)
    }

    fn sane(&self) -> Result<(), String> {
        let damaged = |why: &str| Err(format!("the plan is damaged: {why}"));
        if self.shards == 0 {
            return damaged("it has no shards");
        }
        if !self.points.iter().enumerate().all(|(index, point)| point.point == index) {
            return damaged("its points are not in their order");
        }
        if self.units.iter().any(|unit| unit.point >= self.points.len() || unit.count == 0) {
            return damaged("a unit has no point or no replications");
        }
        if self.by_id().len() < self.units.len() {
            return damaged("a unit is there twice");
        }
        if self.clone().sealed().seal != self.seal {
            return damaged("it is not what was written; make it again with `stalegate sweep plan`");
        }
        Ok(())
    }

    /// Writes the plan: beside its place, and renamed into it.
    ///
    /// # Errors
    /// [`NotAPlan`] (as an error of the kind `AlreadyExists`) where something else is there.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        match fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(there) if serde_json::from_slice::<Head>(&there).is_ok() => {}
            Ok(_) => return Err(io::Error::new(ErrorKind::AlreadyExists, NotAPlan.to_string())),
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".new");
        let beside = path.with_file_name(name);
        let mut file = File::create(&beside)?;
        let written = file.write_all(self.text().as_bytes()).and_then(|()| file.sync_all());
        let placed = written.and_then(|()| fs::rename(&beside, path));
        if placed.is_err() {
            // What cannot be removed is overwritten by the next plan.
            let _ = fs::remove_file(&beside);
        }
        placed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::plan::{Ask, Unit};
    use crate::report::json::tests::mistakes;
    use crate::report::sample;

    fn plan() -> Plan {
        let input = InputText { name: "sample.toml".into(), hash: "abcd".into(), text: "name = \"sample\"".into() };
        let ask = Ask { inputs: vec![input], shards: 4, overrides: vec!["bus.loss=0.1".into()], ..Ask::default() };
        Plan::of(&sample::scenario(), &sample::sweep(), ask).unwrap()
    }

    #[test]
    fn a_plan_is_what_its_schema_says_and_reads_back_the_same() {
        let schema = serde_json::from_str(include_str!("../../../docs/schemas/sweep-plan.json")).unwrap();
        for seed in [None, Some(u64::MAX)] {
            let plan = Plan { seed, ..plan() }.sealed();
            let mut found = Vec::new();
            mistakes(&schema, &serde_json::from_str(&plan.text()).unwrap(), "plan", &mut found);
            assert_eq!(found, Vec::<String>::new());
            assert_eq!(Plan::parse(plan.text().as_bytes()).unwrap(), plan);
        }
    }

    #[test]
    fn what_is_no_plan_is_told_from_a_damaged_one_and_a_later_one() {
        let bad = |text: &str| Plan::parse(text.as_bytes()).unwrap_err();
        let plan = plan();
        assert!(bad("[run]\n").starts_with("it is no plan of `stalegate sweep plan`"));
        assert!(bad("{\"scenario\": {}}").starts_with("it is no plan of `stalegate sweep plan`"));
        let later = Plan { schema: 2, ..plan.clone() };
        assert_eq!(bad(&later.text()), "it is a plan of schema 2, and this program reads schema 1");
        let twice: Vec<Unit> = plan.units.iter().chain(&plan.units[..1]).cloned().collect();
        assert_eq!(bad(&Plan { units: twice, ..plan.clone() }.text()), "the plan is damaged: a unit is there twice");
        assert_eq!(bad(&Plan { shards: 0, ..plan }.text()), "the plan is damaged: it has no shards");
    }
}
