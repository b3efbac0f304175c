//! The README's own commands do what it says.

use std::fs;
use std::process::Command;

/// The lines of the README that call the program.
fn commands() -> Vec<String> {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let blocks = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let calls = blocks.flat_map(str::lines).filter(|line| line.starts_with("stalegate "));
    calls.map(|line| line.replacen("stalegate", env!("CARGO_BIN_EXE_stalegate"), 1)).collect()
}

#[test]
fn the_commands_of_the_readme_work_one_after_another() {
    let commands = commands();
    assert!(commands.len() >= 3, "{commands:?}");
    let folder = tempfile::tempdir().unwrap();
    for command in commands {
        let output = Command::new("sh").args(["-ec", &command]).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn every_link_of_the_readme_leads_somewhere() {
    let root = env!("CARGO_MANIFEST_DIR");
    let readme = fs::read_to_string(format!("{root}/README.md")).unwrap();
    let links = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for link in links.filter(|link| !link.starts_with("http")) {
        assert!(fs::metadata(format!("{root}/{link}")).is_ok(), "{link}");
    }
}
