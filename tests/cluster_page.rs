//! docs/cluster.md and the tests of the engines are about the same commands: each block of the page is read by the script of its engine.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of the page's blocks of commands, and their lines.
fn blocks() -> Vec<(String, Vec<String>)> {
    let page = text("docs/cluster.md");
    let parts = page.split("\n```sh").skip(1).map(|part| part.split_once('\n').expect("a block has lines"));
    let lines = |rest: &str| rest.split("\n```").next().unwrap_or_default().lines().map(str::to_owned).collect();
    parts.map(|(name, rest)| (name.trim().to_owned(), lines(rest))).collect()
}

#[test]
fn every_block_of_the_page_is_typed_by_the_script_of_its_engine() {
    let scripts: Vec<String> =
        [".ci/slurm", ".ci/slurm-testbed", ".ci/dask", ".ci/kubernetes"].iter().map(|path| text(path)).collect();
    let blocks = blocks();
    assert_eq!(blocks.len(), 7, "{blocks:?}");
    for (name, _) in &blocks {
        let typed = [format!("typed {name}"), format!("lines-of\" {name}"), format!("lines-of {name}")];
        let reads = |script: &String| {
            script.lines().any(|line| {
                typed.iter().any(|typed| {
                    let rest = line.split(typed.as_str()).nth(1);
                    rest.is_some_and(|rest| !rest.starts_with(|c: char| c == '-' || c.is_alphanumeric()))
                })
            })
        };
        assert!(scripts.iter().any(reads), "no script types the block `{name}`");
    }
}

#[test]
fn no_engine_takes_more_than_five_lines_and_every_file_that_they_name_is_there() {
    for (name, lines) in blocks() {
        assert!((1..=5).contains(&lines.len()), "{name}: {lines:?}");
        let words = lines.iter().flat_map(|line| line.split(' '));
        for word in words.map(|word| word.trim_start_matches("./")).filter(|word| word.starts_with("contrib/")) {
            assert!(Path::new(&root().join(word)).exists(), "{name} names {word}");
        }
    }
}

#[test]
fn the_manifests_run_what_the_program_takes() {
    use clap::Parser;

    for manifest in ["contrib/kubernetes/sweep.yaml", "contrib/kubernetes/merge.yaml"] {
        let text = text(manifest);
        let line = text.lines().find_map(|line| line.trim().strip_prefix("args: [")).expect("it has arguments");
        let words = line.trim_end_matches(']').split(", ").map(|word| word.trim_matches('"'));
        let parsed = stalegate::cli::args::Args::try_parse_from(["stalegate"].into_iter().chain(words));
        assert!(parsed.is_ok(), "{manifest}: {parsed:?}");
    }
}
