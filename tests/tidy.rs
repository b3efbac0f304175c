//! The house rules that a compiler does not check: imports only go down, registries know every file, nothing is left over.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers, lowest first.
const LAYERS: [&[&str]; 5] = [
    &["time", "id", "rng", "dist", "count", "profile", "replications", "key"],
    &["engine", "oauth", "policy", "persistence", "revocation"],
    &["model", "fault", "metric"],
    &["scenario", "experiment", "explore", "report", "trace"],
    &["cli"],
];

/// Neighbours of one layer that never import each other.
const STRANGERS: [&str; 3] = ["engine", "policy", "persistence"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn stems(folder: &str, ending: &str) -> Vec<String> {
    let files = files_below(&root().join(folder), ending);
    files.iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    inside.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The top-level modules that a source names as `crate::module`.
fn imports(text: &str) -> Vec<String> {
    let names = text.split("crate::").skip(1).flat_map(|rest| match rest.strip_prefix('{') {
        Some(group) => group.split('}').next().unwrap().split(',').map(str::trim).collect(),
        None => vec![rest],
    });
    let word = |name: &str| name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    names.map(word).filter(|word| !word.is_empty()).collect()
}

#[test]
fn imports_only_go_down() {
    let mut wrong = Vec::new();
    for path in files_below(&root().join("src"), ".rs") {
        let module = module_of(&path);
        let Some(layer) = layer_of(&module) else {
            assert!(["lib", "main"].contains(&module.as_str()), "{module} has no layer");
            continue;
        };
        for import in imports(&fs::read_to_string(&path).unwrap()) {
            let Some(other) = layer_of(&import) else { continue };
            let strangers = STRANGERS.contains(&module.as_str()) && STRANGERS.contains(&import.as_str());
            if other > layer || strangers && import != module {
                wrong.push(format!("{} imports {import}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn decisions_know_neither_world_nor_chance_nor_machine() {
    for folder in ["src/policy", "src/persistence"] {
        for path in files_below(&root().join(folder), ".rs") {
            let text = fs::read_to_string(&path).unwrap();
            for word in ["crate::rng", "std::time", "std::fs", "std::env", "std::thread", "rand"] {
                assert!(!text.contains(&format!("use {word}")), "{} uses {word}", path.display());
            }
        }
    }
}

#[test]
fn every_fault_file_is_in_the_registry() {
    let registry = fs::read_to_string(root().join("src/fault/mod.rs")).unwrap();
    let kinds = |stem: &String| !["mod", "names", "recorder"].contains(&stem.as_str());
    for stem in stems("src/fault", ".rs").into_iter().filter(kinds) {
        assert!(registry.contains(&format!("    {stem}::")), "src/fault/{stem}.rs has no line in FAULTS");
    }
}

#[test]
fn every_metric_file_is_in_the_registry() {
    let registry = fs::read_to_string(root().join("src/metric/mod.rs")).unwrap();
    for stem in stems("src/metric", ".rs").into_iter().filter(|stem| stem != "mod") {
        assert!(
            registry.contains(&format!("    {stem}: {stem}::")),
            "src/metric/{stem}.rs has no line in the registry"
        );
    }
}

#[test]
fn every_preset_file_is_in_the_registry() {
    let registry = fs::read_to_string(root().join("src/scenario/presets.rs")).unwrap();
    for stem in stems("src/policy/presets", ".toml") {
        assert!(registry.contains(&format!("\"{stem}\"")), "{stem}.toml has no line in scenario/presets.rs");
    }
}

#[test]
fn every_scenario_bears_its_files_name_and_has_results() {
    for stem in stems("scenarios", ".toml") {
        let text = fs::read_to_string(root().join(format!("scenarios/{stem}.toml"))).unwrap();
        let name = text.lines().find_map(|line| line.strip_prefix("name"));
        assert!(name.is_some_and(|rest| rest.contains(&format!("\"{stem}\""))), "{stem}.toml has another name");
        // A sweep is committed as `sweep` writes it: a plot a metric, and none of a single point.
        let swept = text.lines().any(|line| line.starts_with("[sweep]"));
        let plots: &[&str] = if swept { &["failed.svg", "exposure_mean_s.svg"] } else { &["success-ratio.svg"] };
        let is_there = |file: &str| root().join(format!("results/{stem}/{file}")).is_file();
        for file in ["summary.csv", "differences.csv", "timeline.csv", "manifest.json"] {
            assert!(is_there(file), "results/{stem}/{file} is missing");
        }
        assert!(plots.iter().any(|plot| is_there(plot)), "results/{stem} has none of {plots:?}");
    }
}

#[test]
fn the_binary_is_a_few_lines() {
    assert!(fs::read_to_string(root().join("src/main.rs")).unwrap().lines().count() <= 60);
}

#[test]
fn every_source_begins_with_what_it_is() {
    for path in files_below(&root().join("src"), ".rs") {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} has no head comment", path.display());
    }
}
