//! Commands as a user calls them: what they print, where, and how they exit.

use assert_cmd::Command;

fn stalegate(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("stalegate").expect("the binary is built");
    command.args(arguments).env_remove("NO_COLOR");
    command
}

/// Exit code, stdout, stderr.
fn outcome(arguments: &[&str]) -> (i32, String, String) {
    let output = stalegate(arguments).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
    (output.status.code().expect("it exits"), text(output.stdout), text(output.stderr))
}

#[test]
fn a_bad_scenario_exits_with_2_and_says_so_on_stderr_only() {
    let (code, out, err) = outcome(&["validate", "tests/data/bad/unknown-key.toml"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("error[E010]: unknown key `token_lifetme`"), "{err}");
    assert!(!err.contains('\u{1b}'));
    let (_, _, coloured) = outcome(&["validate", "tests/data/bad/unknown-key.toml", "--color", "always"]);
    assert!(coloured.contains('\u{1b}'));
}

#[test]
fn a_missing_file_is_a_bad_command_line_and_an_unreadable_one_is_not() {
    let (code, _, err) = outcome(&["show", "nowhere.toml"]);
    assert!(code == 2 && err.contains("nowhere.toml does not exist"), "{code} {err}");
    assert!(!err.contains("help"), "nothing is named so, and nothing names it: {err}");
    let (code, _, err) = outcome(&["show", "scenarios/wso2-4577.toml"]);
    assert!(code == 2 && err.contains("did you mean `scenarios/wso2-4557.toml`?"), "{code} {err}");
    let (code, _, err) = outcome(&["show", "tests"]);
    assert!(code == 4 && err.contains("cannot read tests: it is a folder"), "{code} {err}");
}

#[test]
fn help_begins_with_an_example() {
    for arguments in [&["--help"][..], &["compare", "--help"], &["init", "--help"]] {
        let (code, out, _) = outcome(arguments);
        assert!(code == 0 && out.starts_with("Example:\n  stalegate "), "{out}");
    }
}

#[test]
fn every_list_prints_as_a_table_and_as_json() {
    for what in ["policies", "metrics", "faults", "distributions", "profiles", "templates"] {
        let (code, out, _) = outcome(&["list", what]);
        assert!(code == 0 && !out.is_empty(), "{what}");
        let (code, out, _) = outcome(&["list", what, "--json"]);
        assert!(code == 0 && serde_json::from_str::<serde_json::Value>(&out).is_ok(), "{what}: {out}");
    }
}

#[test]
fn the_listed_profiles_are_the_eight_databases_of_wso2() {
    let (_, out, _) = outcome(&["list", "profiles", "--json"]);
    let profiles: Vec<serde_json::Value> = serde_json::from_str(&out).expect("it is JSON");
    let words: Vec<_> = profiles.iter().filter_map(|row| row["profile"].as_str()).collect();
    assert_eq!(words, ["db2", "h2", "mssql", "mysql", "mysql-cluster", "oracle", "oracle-rac", "postgresql"]);
    assert_eq!(profiles[3]["timestamps"], "TIMESTAMP: 1s, half up");
}

#[test]
fn a_template_runs_as_it_is_and_is_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    for template in ["idp-restart", "minimal"] {
        let path = folder.path().join(template);
        let path = path.to_str().expect("a name in UTF-8");
        let (code, out, _) = outcome(&["init", "--template", template, "--out", path]);
        assert_eq!((code, out.as_str()), (0, ""));
        let (code, _, err) = outcome(&["validate", path]);
        assert_eq!((code, err.as_str()), (0, ""), "{template}");
        let (code, _, err) = outcome(&["init", "--out", path]);
        assert!(code == 4 && err.contains("it exists already"), "{err}");
    }
}

#[test]
fn codes_are_explained_and_the_schema_is_json() {
    let (code, out, _) = outcome(&["explain-code", "e014"]);
    assert!(code == 0 && out.starts_with("E014: an ambiguous unit\n"), "{out}");
    assert_eq!(outcome(&["explain-code", "E999"]).0, 2);
    let (_, out, _) = outcome(&["schema"]);
    let schema: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(schema["properties"]["idp"]["properties"]["token_format"]["enum"][1], "jwt");
}

/// A scenario whose tokens are in a database, by two threads a node.
const ASYNCHRONOUS: [&str; 6] = [
    "race",
    "scenarios/wso2-4557.toml",
    "--set",
    "idp.persistence.mode=database",
    "--set",
    "idp.persistence.pool_size=2",
];

#[test]
fn a_race_needs_tokens_in_a_database() {
    let (code, out, err) = outcome(&["race", "scenarios/wso2-4557.toml"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("tokens of scenarios/wso2-4557.toml are in no database"), "{err}");
}

#[test]
fn a_race_is_told_and_its_shortest_bad_schedule_can_be_played_again_and_drawn() {
    let (code, out, err) = outcome(&ASYNCHRONOUS);
    assert_eq!((code, err.as_str()), (0, ""), "whatever comes out, it was a question");
    let again = out.lines().find_map(|line| line.strip_prefix("once more: stalegate ")).expect("a command");
    let folder = tempfile::tempdir().expect("a folder");
    let diagram = folder.path().join("race.mmd");
    let words = [again.split(' ').collect(), vec!["--mermaid", diagram.to_str().expect("a name in UTF-8")]].concat();
    let (code, replayed, err) = outcome(&words);
    assert_eq!((code, err.as_str()), (0, ""));
    let steps = |text: &str| text.split_once(" step ").expect("a table of steps").1.to_owned();
    assert!(steps(&out).starts_with(&steps(&replayed)), "{out}\n{replayed}");
    let drawn = std::fs::read_to_string(&diagram).expect("it is written");
    assert!(
        drawn.starts_with("sequenceDiagram\n") && drawn.contains("db--xn2: a thread violates CON_APP_KEY"),
        "{drawn}"
    );
    assert!(drawn.lines().skip(1).all(|line| !line.contains([';', '#'])), "they mean something in mermaid: {drawn}");
}

#[test]
fn a_race_as_json_names_what_every_caller_holds() {
    let (_, out, _) = outcome(&[&ASYNCHRONOUS[..], &["--json"]].concat());
    let race: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(race["outcomes"][1]["callers"], serde_json::json!(["active", "inactive"]));
    assert_eq!((race["schedules"].as_str(), race["extent"].as_str()), (Some("20"), Some("complete")));
    let word = race["shortest_bad"]["token"].as_str().expect("a token");
    let (_, out, _) = outcome(&[&ASYNCHRONOUS[..], &["--json", "--replay", word]].concat());
    let replayed: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(replayed["replay"], race["shortest_bad"]);
}

#[test]
fn a_race_refuses_what_it_cannot_do_and_says_what_it_did_not_see() {
    let race = |more: &[&str]| outcome(&[&ASYNCHRONOUS[..], more].concat());
    for (more, why) in [
        (&["--replay", "r1-nonsense"][..], "copy it whole"),
        (&["--out", "somewhere"], "writes no folder"),
        (&["--ties", "sometimes"], "possible values: always, never, dialect"),
        (&["--nodes", "0"], "0 is not in 1..=16"),
    ] {
        let (code, out, err) = race(more);
        assert!(code == 2 && out.is_empty() && err.contains(why), "{more:?}: {code} {err}");
    }
    let (code, _, err) = race(&["--mermaid", "no/such/folder/race.mmd"]);
    assert!(code == 4 && err.contains("cannot write no/such/folder/race.mmd"), "{code} {err}");
    let (code, out, _) = race(&["--max-states", "10"]);
    assert!(code == 0 && out.contains("NOT complete, stopped by --max-states: 10 states"), "{code} {out}");
}

#[test]
fn the_page_on_races_shows_what_its_command_prints() {
    let page = std::fs::read_to_string("docs/race.md").expect("it is there");
    let block = |kind: &str| page.split_once(kind).expect("a block").1.split_once("```").expect("its end").0.to_owned();
    let command = block("```sh\n").replace("\\\n", "");
    let words: Vec<&str> = command.split_whitespace().skip(1).collect();
    assert_eq!(outcome(&words).1, block("```text\n"));
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_reason_to_complain() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("stalegate"))
        .arg("schema")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn a_run_is_drawn_around_its_own_fault_and_not_when_quiet() {
    // The template's restart is at another instant in every world.
    let words = ["run", "src/cli/templates/idp-restart.toml", "--policy", "ttl-only", "--replication", "3"];
    let output = stalegate(&words).env("LC_ALL", "C").output().expect("it starts");
    let text = String::from_utf8(output.stdout).expect("it prints UTF-8");
    let lines: Vec<&str> = text.lines().skip_while(|line| !line.starts_with(" share of calls")).collect();
    let (drawn, below) = (lines[1], lines[2]);
    assert!(drawn.starts_with(" ttl-only  #") && drawn.ends_with('#') && drawn.contains('0'), "{text}");
    let well = " ttl-only  ".len() + drawn[" ttl-only  ".len()..].find(|mark| mark != '#').expect("calls fail");
    assert_eq!(below.find("^ the IdP stopped"), Some(well), "{text}");
    for quiet in ["--quiet", "--json"] {
        let (code, out, _) = outcome(&[&words[..], &[quiet]].concat());
        assert!(code == 0 && !out.contains("share of calls that succeed"), "{out}");
    }
}
