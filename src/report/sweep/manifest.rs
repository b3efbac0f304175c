//! `manifest.json` of a sweep: what `compare` says of a scenario, with the swept keys and every point.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Done, Hole, Swept};
use crate::report::manifest::{NotHashed, PolicyPart, Replications, RunInfo, ScenarioPart, hash_of_hashes};
use crate::scenario::sweep::SweptKey;

#[derive(Serialize)]
struct Manifest<'a> {
    version: &'a str,
    model_version: &'a str,
    scenario: ScenarioPart<'a>,
    seed: u64,
    command: &'a [String],
    sweep: SweepPart<'a>,
    points: Vec<PointPart<'a>>,
    #[serde(skip_serializing_if = "<[Hole]>::is_empty")]
    missing: &'a [Hole],
    files: &'a BTreeMap<String, String>,
    results: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_hashed: Option<&'a NotHashed>,
}

#[derive(Serialize)]
struct SweepPart<'a> {
    mode: &'static str,
    keys: Vec<KeyPart<'a>>,
    #[serde(rename = "where", skip_serializing_if = "<[String]>::is_empty")]
    conditions: &'a [String],
    asked: usize,
    finished: usize,
    stopped: &'static str,
}

#[derive(Serialize)]
struct KeyPart<'a> {
    path: &'a str,
    values: Vec<&'a str>,
}

#[derive(Serialize)]
struct PointPart<'a> {
    point: usize,
    values: BTreeMap<&'a str, &'a str>,
    id: &'a str,
    replications: Replications<'a>,
    policies: Vec<PolicyPart<'a>>,
}

/// The text of the manifest; `files` are the hashes of the other files of the folder.
///
/// # Panics
/// Never: all of it can be JSON.
#[must_use]
pub fn manifest(swept: &Swept<'_>, info: &RunInfo, files: &BTreeMap<String, String>) -> String {
    let Swept { scenario, sweep, done, holes, .. } = swept;
    let inputs = sweep.points.iter().map(|point| &point.scenario).chain([*scenario]).flat_map(|each| &each.inputs);
    let manifest = Manifest {
        version: &info.version,
        model_version: &info.model_version,
        scenario: ScenarioPart {
            name: &scenario.name,
            id: &scenario.id,
            inputs: inputs.map(|input| (input.name.as_str(), input.hash.as_str())).collect(),
        },
        seed: scenario.world.run.seed,
        command: &info.command,
        sweep: SweepPart {
            mode: sweep.mode.word(),
            keys: sweep.keys.iter().map(key_part).collect(),
            conditions: &sweep.conditions,
            asked: sweep.points.len(),
            finished: done.len(),
            stopped: super::reason(swept),
        },
        points: done.iter().map(|done| point_part(swept, done)).collect(),
        missing: holes,
        files,
        results: hash_of_hashes(files),
        not_hashed: info.not_hashed.as_ref(),
    };
    serde_json::to_string_pretty(&manifest).expect("all of it can be JSON") + "\n"
}

fn key_part(key: &SweptKey) -> KeyPart<'_> {
    KeyPart { path: &key.path, values: key.values.iter().map(|value| value.text.as_str()).collect() }
}

fn point_part<'a>(swept: &'a Swept<'_>, done: &'a Done) -> PointPart<'a> {
    let Done { point, ref comparison } = *done;
    let scenario = &swept.sweep.points[point].scenario;
    PointPart {
        point,
        values: super::values(swept, point),
        id: &scenario.id,
        replications: Replications::of(comparison),
        policies: PolicyPart::all(scenario, comparison),
    }
}
