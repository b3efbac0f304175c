//! The tutorial's commands work one after another, and print the lines that it quotes.

use std::fs;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A fenced block: its language and its lines.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let fenced = text.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').expect("a block has lines")).collect()
}

/// A command and the lines of its output that are quoted.
fn commands(block: &str) -> Vec<(&str, Vec<&str>)> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), all.last_mut()) {
            (Some(command), _) => all.push((command, Vec::new())),
            (None, Some((_, quoted))) => quoted.push(line),
            (None, None) => panic!("a block begins with a command: {line}"),
        }
    }
    all
}

#[test]
fn what_the_tutorial_quotes_is_printed() {
    let tutorial = fs::read_to_string(format!("{ROOT}/docs/tutorial.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let scenario = "scenarios/second-outage.toml";
    fs::create_dir(folder.path().join("scenarios")).unwrap();
    fs::copy(format!("{ROOT}/{scenario}"), folder.path().join(scenario)).unwrap();
    let mine = folder.path().join("mine.toml");
    let mut played = 0;
    for (language, block) in blocks(&tutorial) {
        if language == "toml" {
            // What the reader is told to write at the end of it.
            let text = fs::read_to_string(&mine).unwrap() + block;
            fs::write(&mine, text).unwrap();
        }
        if language != "console" {
            continue;
        }
        for (command, quoted) in commands(block) {
            let line = command.replacen("stalegate", env!("CARGO_BIN_EXE_stalegate"), 1);
            let output = Command::new("sh").args(["-ec", &line]).current_dir(folder.path()).output().unwrap();
            let printed = [output.stderr, output.stdout].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
            assert!(output.status.success(), "{command}: {printed}");
            let mut lines = printed.lines();
            for quote in quoted.into_iter().filter(|quote| *quote != "…") {
                assert!(
                    lines.any(|line| line == quote),
                    "{command} does not print, in this order:\n{quote}\n{printed}"
                );
            }
            played += 1;
        }
    }
    assert!(played >= 6, "{played} commands");
}

#[test]
fn every_link_of_the_tutorial_leads_somewhere() {
    let tutorial = fs::read_to_string(format!("{ROOT}/docs/tutorial.md")).unwrap();
    let links = tutorial.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for link in links.filter(|link| !link.starts_with("http")) {
        assert!(fs::metadata(format!("{ROOT}/docs/{link}")).is_ok(), "{link}");
    }
}
