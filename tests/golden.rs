//! Every scenario of the project, reduced, byte for byte: what a change of the model moves shows here first.

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use common::golden;
use stalegate::experiment::unit;
use stalegate::metric;
use stalegate::scenario::{self, Scenario};

/// What stands in a golden file of each replication, besides its digest.
const SHOWN: [&str; 4] = ["ok", "failed", "downtime_after_restart_s", "idp_token_requests"];

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    paths.sort();
    paths
}

fn reduced(path: &Path) -> Scenario {
    let loaded = scenario::load(path, &["run.replications=2".to_owned()], None);
    loaded.unwrap_or_else(|mistakes| panic!("{mistakes:?}")).scenario
}

fn told(scenario: &Scenario) -> String {
    let never = AtomicBool::new(false);
    let layout = Arc::new(unit::layout(&scenario.world));
    let metrics = metric::all();
    let shown = SHOWN.map(|name| metrics.iter().position(|metric| metric.name == name).unwrap());
    let mut text = format!("policy replication digest {}\n", SHOWN.join(" "));
    for (policy, named) in scenario.policies.iter().enumerate() {
        let bytes = unit::unit(scenario, &layout, policy, 0..2, &never).unwrap_or_else(|stop| panic!("{stop:?}"));
        for record in unit::decode(&bytes).unwrap() {
            write!(text, "{} {} {:016x}", named.name, record.replication, record.digest).unwrap();
            for index in &shown {
                write!(text, " {}", record.values[*index]).unwrap();
            }
            text.push('\n');
        }
    }
    text
}

fn check(names: impl Fn(&str) -> bool) {
    for path in scenarios() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if names(&name) {
            golden::check(&format!("{name}.txt"), &told(&reduced(&path)));
        }
    }
}

/// Two tests, so that two cores share the work.
#[test]
fn scenarios_a_to_m_give_what_they_gave() {
    check(|name| name < "n");
}

#[test]
fn scenarios_n_to_z_give_what_they_gave() {
    check(|name| name >= "n");
}

#[test]
fn every_golden_file_has_its_scenario() {
    let names: Vec<String> =
        scenarios().iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(name == "digests" || names.contains(&name), "tests/golden/{name}.txt is nobody's");
    }
}
