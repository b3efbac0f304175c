//! The pages that are looked at, made once by the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where pages and pictures go.
pub fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/browser");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// `report.html` of the case of the issue, compared.
pub fn compared() -> &'static Path {
    static PAGE: OnceLock<PathBuf> = OnceLock::new();
    PAGE.get_or_init(|| make("compare", Path::new("scenarios/wso2-4557.toml"), "compare", &["run.replications=4"]))
}

/// The same of a sweep.
pub fn swept() -> &'static Path {
    static PAGE: OnceLock<PathBuf> = OnceLock::new();
    PAGE.get_or_init(|| make("sweep", Path::new("scenarios/second-outage.toml"), "sweep", &["run.replications=2"]))
}

/// Runs a command of the program on a scenario; the page that it left.
pub fn make(command: &str, scenario: &Path, name: &str, overrides: &[&str]) -> PathBuf {
    let out = folder().join(name);
    let mut program = Command::new(env!("CARGO_BIN_EXE_stalegate"));
    program.current_dir(env!("CARGO_MANIFEST_DIR")).arg(command).arg(scenario).arg("--quiet").arg("--out").arg(&out);
    for value in overrides {
        program.args(["--set", value]);
    }
    let output = program.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    out.join("report.html")
}
