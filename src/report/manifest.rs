//! `manifest.json`: what the results were made from, and a hash of every one of them. What differs from machine to machine
//! stands last, in a part that is not hashed and can be left out.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::experiment::comparison::{Comparison, PolicyResults};
use crate::scenario::{NamedPolicy, Scenario};

/// What the manifest says beside the scenario and its results.
#[derive(Clone, Debug, Default)]
pub struct RunInfo {
    /// Of the program.
    pub version: String,
    /// Changes whenever the same file and seed give other numbers.
    pub model_version: String,
    /// What was asked, without what cannot change results (jobs, colours, where to write).
    pub command: Vec<String>,
    /// Left out (`None`) where the folder shall have the same bytes on every machine.
    pub not_hashed: Option<NotHashed>,
}

/// Where and when; nobody's name and no path of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NotHashed {
    /// The command line as it was typed.
    pub arguments: Vec<String>,
    pub os: String,
    pub arch: String,
    pub cores: usize,
    /// Seconds since 1970-01-01 UTC.
    pub started_unix_s: u64,
}

#[derive(Serialize)]
struct Manifest<'a> {
    version: &'a str,
    model_version: &'a str,
    scenario: ScenarioPart<'a>,
    seed: u64,
    command: &'a [String],
    replications: Replications<'a>,
    policies: Vec<PolicyPart<'a>>,
    files: &'a BTreeMap<String, String>,
    results: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_hashed: Option<&'a NotHashed>,
}

#[derive(Serialize)]
pub(super) struct ScenarioPart<'a> {
    pub name: &'a str,
    pub id: &'a str,
    pub inputs: BTreeMap<&'a str, &'a str>,
}

/// How many there are, and why no more.
#[derive(Serialize)]
pub(super) struct Replications<'a> {
    pub asked: u32,
    pub finished: u32,
    pub stopped: &'a str,
}

#[derive(Serialize)]
pub(super) struct PolicyPart<'a> {
    pub name: &'a str,
    base: &'a str,
    pub digest: String,
}

/// The text of the manifest; `files` are the hashes of the other files of the folder.
///
/// # Panics
/// Never: all of it can be JSON.
#[must_use]
pub fn manifest(
    scenario: &Scenario,
    comparison: &Comparison,
    info: &RunInfo,
    files: &BTreeMap<String, String>,
) -> String {
    let manifest = Manifest {
        version: &info.version,
        model_version: &info.model_version,
        scenario: ScenarioPart {
            name: &scenario.name,
            id: &scenario.id,
            inputs: scenario.inputs.iter().map(|input| (input.name.as_str(), input.hash.as_str())).collect(),
        },
        seed: scenario.world.run.seed,
        command: &info.command,
        replications: Replications::of(comparison),
        policies: PolicyPart::all(scenario, comparison),
        files,
        results: hash_of_hashes(files),
        not_hashed: info.not_hashed.as_ref(),
    };
    serde_json::to_string_pretty(&manifest).expect("all of it can be JSON") + "\n"
}

impl<'a> PolicyPart<'a> {
    pub(super) fn all(scenario: &'a Scenario, comparison: &Comparison) -> Vec<PolicyPart<'a>> {
        let policies = scenario.policies.iter().zip(&comparison.policies);
        let part = |(policy, results): (&'a NamedPolicy, &PolicyResults)| PolicyPart {
            name: &policy.name,
            base: &policy.base,
            digest: results.digest_of(comparison.finished()),
        };
        policies.map(part).collect()
    }
}

impl Replications<'_> {
    pub(super) fn of(comparison: &Comparison) -> Replications<'static> {
        Replications { asked: comparison.asked, finished: comparison.finished(), stopped: comparison.reason() }
    }
}

/// One hash for all results: of `name hash` lines, sorted by name.
pub(super) fn hash_of_hashes(files: &BTreeMap<String, String>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, hash) in files {
        hasher.update(format!("{name} {hash}\n").as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Results, sample};
    use std::fs;

    #[test]
    fn the_part_that_is_not_hashed_is_last_and_can_be_left_out() {
        let (scenario, comparison) = (sample::scenario(), sample::comparison(2));
        let text = |not_hashed| {
            let info = RunInfo { version: "1".into(), not_hashed, ..RunInfo::default() };
            manifest(&scenario, &comparison, &info, &BTreeMap::new())
        };
        let (with, without) = (text(Some(NotHashed::default())), text(None));
        let shared = without.trim_end().trim_end_matches('}').trim_end();
        assert!(with.starts_with(shared) && with[shared.len()..].starts_with(",\n  \"not_hashed\": {"));
    }

    #[test]
    fn the_manifest_hashes_every_other_file_but_the_page() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("results");
        let (scenario, comparison) = (sample::scenario_with_tokens(), sample::comparison_with_tokens(3));
        let mut results = Results::open(&place, &scenario).unwrap();
        for replication in 0..3 {
            for policy in 0..scenario.policies.len() {
                results.push(&sample::record_with_tokens(replication, policy, 4, &comparison.layout)).unwrap();
            }
        }
        results.finish(&scenario, &comparison, &crate::report::page::tests::page(), &RunInfo::default()).unwrap();
        let manifest: serde_json::Value =
            serde_json::from_slice(&fs::read(place.join("manifest.json")).unwrap()).unwrap();
        let hashes = manifest["files"].as_object().unwrap();
        let mut names: Vec<String> = fs::read_dir(&place)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !["manifest.json", crate::report::page::NAME].contains(&name.as_str()))
            .collect();
        names.sort_unstable();
        assert_eq!(hashes.keys().collect::<Vec<_>>(), names.iter().collect::<Vec<_>>());
        for (name, hash) in hashes {
            let bytes = fs::read(place.join(name)).unwrap();
            assert_eq!(hash, blake3::hash(&bytes).to_hex().as_str(), "{name}");
        }
        let outages = fs::read_to_string(place.join("outages.csv")).unwrap();
        assert_eq!(outages.lines().count(), 1 + 3 * scenario.policies.len());
        let exposures = fs::read_to_string(place.join("exposures.csv")).unwrap();
        assert_eq!(exposures.lines().count(), 1 + 3 * scenario.policies.len() * 30 * 4);
    }

    #[test]
    fn callers_without_tokens_are_exposed_to_nothing() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("results");
        let (scenario, comparison) = (sample::scenario(), sample::comparison(1));
        let mut results = Results::open(&place, &scenario).unwrap();
        results.push(&sample::record(0, 0, &comparison.layout)).unwrap();
        results.finish(&scenario, &comparison, &crate::report::page::tests::page(), &RunInfo::default()).unwrap();
        let names = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let about_exposures: Vec<String> = names.filter(|name| name.contains("exposure")).collect();
        assert_eq!(about_exposures, Vec::<String>::new());
        let summary = fs::read_to_string(place.join("summary.json")).unwrap();
        assert!(!summary.contains("\"gateways\""), "{summary}");
    }
}
