//! Every diagnostic as a user sees it: one bad file each under `tests/data/bad`, with the text that it must cause beside it.
//!
//! `NAME.args` holds arguments of `--set`, one a line. With `UPDATE_GOLDEN=1` the texts are written anew; read the difference.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use stalegate::metric;
use stalegate::scenario::{self, codes};

fn bad_files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir("tests/data/bad")
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        // Its text needs the metrics.
        .filter(|path| !(path.ends_with("unknown-metric.toml") && metric::all().is_empty()))
        .collect();
    files.sort();
    files
}

/// What a file causes: errors, or warnings and notes.
fn told(path: &Path) -> String {
    let arguments = fs::read_to_string(path.with_extension("args")).unwrap_or_default();
    let arguments: Vec<String> = arguments.lines().map(str::to_owned).collect();
    match scenario::load(path, &arguments, None) {
        Ok(loaded) => loaded.all_warnings().render(false),
        Err(mistakes) => mistakes.render(false),
    }
}

#[test]
fn every_mistake_is_told_as_it_should_be() {
    #[expect(clippy::disallowed_methods, reason = "whether expected texts are rewritten is for the developer to say")]
    let bless = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for path in bad_files() {
        let (told, expected) = (told(&path), path.with_extension("stderr"));
        if bless {
            fs::write(&expected, &told).expect("it can be written");
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        if told != expected {
            wrong.push(format!("{}:\n{told}\ninstead of:\n{expected}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_case() {
    let all: String = bad_files().iter().map(|path| told(path)).collect();
    let without: BTreeSet<&str> = codes::CODES
        .iter()
        .map(|code| code.code)
        .filter(|code| !(*code == "E023" && metric::all().is_empty()))
        .filter(|code| !all.contains(&format!("[{code}]")))
        .collect();
    assert_eq!(without, BTreeSet::new());
}
