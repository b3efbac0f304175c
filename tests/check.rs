//! What a build gets to see: verdicts, exit codes, baselines, annotations, replays and limits, through the program itself.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use common::SMALL;
use serde_json::Value;
use stalegate::model::MODEL_VERSION;

/// Two gateways, two calls a second, six replications.
fn world() -> String {
    SMALL.replace("replications = 3", "replications = 6").replace("1/s", "2/s") + "[gateway]\nnodes = 2\n"
}

/// A folder with the scenario and these expectations.
fn folder(expects: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("small.toml"), world() + expects).unwrap();
    root
}

fn expect(name: &str, keys: &str) -> String {
    format!("[[expect]]\nname = \"{name}\"\n{keys}\n")
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn stalegate(place: &Path, args: &[&str]) -> Ran {
    stalegate_with(place, args, &[])
}

fn stalegate_with(place: &Path, args: &[&str], vars: &[(&str, &Path)]) -> Ran {
    let mut command = Command::cargo_bin("stalegate").unwrap();
    let output =
        command.current_dir(place).args(args).envs(vars.iter().copied()).env("LC_ALL", "C.UTF-8").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

const PASSES: &str = "policy = \"hybrid\"\nmetric = \"downtime_after_restart_s\"\nversus = \"ttl-only\"\nbelow = 0.5";
const FAILS: &str = "policy = \"ttl-only\"\nmetric = \"downtime_after_restart_s\"\nbelow = 1";
/// The mean of a Poisson number of calls, 120 s a gateway: nobody knows from six worlds whether it is 2400.
const OPEN: &str = "policy = \"ttl-only\"\nmetric = \"requests\"\nbelow = 2400";

#[test]
fn the_exit_code_is_the_worst_verdict() {
    let cases = [
        (expect("a", PASSES), 0),
        (expect("a", PASSES) + &expect("b", FAILS), 1),
        (expect("a", PASSES) + &expect("b", OPEN), 3),
        (expect("a", OPEN) + &expect("b", FAILS), 1),
        (expect("a", &format!("{OPEN}\non_undecided = \"warn\"")), 0),
        (expect("a", &format!("{OPEN}\non_undecided = \"pass\"")), 0),
        (expect("a", "metric = \"requests\"\nsometimes = true"), 0),
        (expect("a", "metric = \"con_app_key_violations\"\nsometimes = true"), 1),
    ];
    for (expects, code) in cases {
        let place = folder(&expects);
        let ran = stalegate(place.path(), &["check", "small.toml"]);
        assert_eq!(ran.code, code, "{expects}\n{}{}", ran.out, ran.err);
    }
}

#[test]
fn what_asks_for_nothing_is_no_pass() {
    let place = folder("");
    let ran = stalegate(place.path(), &["check", "small.toml"]);
    assert!(ran.code == 2 && ran.err.contains("nothing is asked"), "{}", ran.err);
    let misspelt = folder(&expect("a", "metric = \"downtime_after_restart\"\nbelow = 1"));
    let ran = stalegate(misspelt.path(), &["check", "small.toml"]);
    assert!(ran.code == 2 && ran.err.contains("did you mean `downtime_after_restart_s`"), "{}", ran.err);
    let misspelt = folder(&expect("a", "metric = \"downtime_s\"\nbelwo = 1"));
    assert_eq!(stalegate(misspelt.path(), &["check", "small.toml"]).code, 2);
}

#[test]
fn all_forms_of_the_report_say_the_same() {
    let place =
        folder(&(expect("it recovers", PASSES) + &expect("it <never> fails | 100 %", FAILS) + &expect("open", OPEN)));
    let summary = place.path().join("summary.md");
    let args = ["check", "small.toml", "--junit", "check.xml", "--github"];
    let ran = stalegate_with(place.path(), &args, &[("GITHUB_STEP_SUMMARY", &summary)]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(
        ran.out.contains("::error file=small.toml,line=")
            && ran.out.contains("title=FAILED%3A it <never> fails | 100 %25::"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("1 passed, 1 failed, 1 undecided"), "{}", ran.out);
    let xml = fs::read_to_string(place.path().join("check.xml")).unwrap();
    assert!(
        xml.contains("tests=\"3\"") && xml.contains("failures=\"2\"") && xml.contains("type=\"undecided\""),
        "{xml}"
    );
    assert!(xml.contains("it &lt;never&gt; fails | 100 %"), "{xml}");
    let markdown = fs::read_to_string(summary).unwrap();
    assert!(markdown.contains("| FAILED | small | it &lt;never&gt; fails \\| 100 % |"), "{markdown}");
    let ran = stalegate(place.path(), &["check", "small.toml", "--json"]);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &document["verdict"], &document["failed"]), (1, &"failed".into(), &1.into()));
    let first = &document["files"][0]["expectations"][0];
    assert_eq!(
        (&first["name"], &first["verdict"], &first["versus"]),
        (&"it recovers".into(), &"passed".into(), &"ttl-only".into())
    );
}

#[test]
fn verdicts_and_looks_do_not_depend_on_threads() {
    let open = expect("a", "policy = \"ttl-only\"\nmetric = \"requests\"\nbelow = 2405");
    let place = folder(&open);
    let check = |jobs: &str| {
        let set = "run.replications={ min = 4, max = 60 }";
        let ran = stalegate(place.path(), &["check", "small.toml", "--json", "--jobs", jobs, "--set", set]);
        (ran.code, ran.out)
    };
    let one = check("1");
    let document: Value = serde_json::from_str(&one.1).unwrap();
    let played = document["files"][0]["replications"].as_u64().unwrap();
    assert!([4, 6, 9, 14, 21, 32, 48, 60].contains(&played), "{played}");
    assert_eq!((check("2"), check("7")), (one.clone(), one));
}

#[test]
fn a_baseline_is_met_to_the_byte_and_a_change_is_told_from_noise() {
    let place = folder("");
    let path = place.path().join("small.toml");
    fs::write(&path, world().replace("replications = 6", "replications = 20")).unwrap();
    let check = |set: &[&str]| {
        let args = [&["check", "small.toml", "--baseline", "baseline.json", "--json"][..], set].concat();
        let ran = stalegate(place.path(), &args);
        let document: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err));
        (ran.code, document["files"][0]["baseline"].clone())
    };
    assert_eq!(stalegate(place.path(), &["baseline", "save", "small.toml", "-o", "baseline.json"]).code, 0);
    let (code, same) = check(&[]);
    assert_eq!(
        (code, &same["identical"], &same["changes"]),
        (0, &serde_json::json!(["ttl-only", "hybrid"]), &serde_json::json!([]))
    );
    // Another rule: worse beyond noise, and red.
    let (code, worse) = check(&["--set", "policy.hybrid.base=ttl-only"]);
    assert_eq!((code, &worse["scenario_changed"]), (1, &true.into()));
    let kinds: Vec<&str> = worse["changes"].as_array().unwrap().iter().filter_map(|of| of["kind"].as_str()).collect();
    assert!(kinds.contains(&"regression") && worse["identical"] == serde_json::json!(["ttl-only"]), "{worse}");
    // A hair's breadth: told, and no regression.
    let (code, small) =
        check(&["--set", "policy.hybrid.fetch.timeout=9.9s", "--set", "network.gateway_backend=1.01ms"]);
    let changes = small["changes"].as_array().unwrap();
    assert!(code == 0 && !changes.is_empty(), "{small}");
    assert!(changes.iter().all(|of| of["kind"] != "regression"), "{small}");
}

#[test]
fn the_same_scenario_with_other_bytes_is_a_model_that_changed() {
    let place = folder("");
    assert_eq!(stalegate(place.path(), &["baseline", "save", "small.toml", "-o", "baseline.json"]).code, 0);
    let path = place.path().join("baseline.json");
    let text = fs::read_to_string(&path).unwrap();
    let at = text.find("\"digest\": \"").unwrap() + 11;
    fs::write(&path, format!("{}{}{}", &text[..at], "0".repeat(8), &text[at + 8..])).unwrap();
    let ran = stalegate(place.path(), &["check", "small.toml", "--baseline", "baseline.json"]);
    assert!(ran.code == 1 && ran.out.contains("the model changed"), "{}", ran.out);
    // Another model version may give other bytes; then only what is worse counts.
    let other = fs::read_to_string(&path)
        .unwrap()
        .replace(&format!("\"model_version\": {MODEL_VERSION}"), "\"model_version\": 0");
    fs::write(&path, other).unwrap();
    assert_eq!(stalegate(place.path(), &["check", "small.toml", "--baseline", "baseline.json"]).code, 0);
}

#[test]
fn a_baseline_that_cannot_be_used_is_refused_before_anything_runs() {
    let place = folder(&expect("a", PASSES));
    let check = |path: &str, more: &[&str]| {
        let ran = stalegate(place.path(), &[&["check", "small.toml", "--baseline", path][..], more].concat());
        (ran.code, ran.err)
    };
    assert_eq!(check("nowhere.json", &[]).0, 4);
    for (text, said) in [
        ("", "no baseline"),
        ("{}", "no `schema`"),
        ("{\"schema\": 7}", "its schema is 7"),
        ("{\"schema\": 1, \"version\": \"0\", \"model_version\": 1, \"scenarios\": {}}", "has none of these scenarios"),
    ] {
        fs::write(place.path().join("bad.json"), text).unwrap();
        let (code, err) = check("bad.json", &[]);
        assert!(code == 2 && err.contains(said), "{text}: {err}");
    }
    assert_eq!(stalegate(place.path(), &["baseline", "save", "small.toml", "-o", "good.json"]).code, 0);
    let (code, err) = check("good.json", &["--seed", "7"]);
    assert!(code == 2 && err.contains("saved with seed 1"), "{err}");
    // A file that is no baseline is somebody's.
    let ran = stalegate(place.path(), &["baseline", "save", "small.toml", "-o", "small.toml"]);
    assert!(ran.code == 2 && fs::read_to_string(place.path().join("small.toml")).unwrap().contains("name = \"small\""));
}

fn results(place: &Path) -> PathBuf {
    let ran = stalegate(place, &["compare", "small.toml", "--quiet", "--set", "run.replications=3", "--seed", "5"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    place.join("results/small/manifest.json")
}

#[test]
fn a_replay_reproduces_every_hash_or_says_what_differs() {
    let place = folder("");
    let manifest = results(place.path());
    let replay = || stalegate(place.path(), &["replay", "results/small", "--jobs", "1"]);
    let ran = replay();
    assert!(ran.code == 0 && ran.out.starts_with("reproduced: "), "{}{}", ran.out, ran.err);
    let original = fs::read_to_string(&manifest).unwrap();
    let cases = [
        (original.replace("\"version\": \"", "\"version\": \"9."), 0, "of version 9."),
        (
            original.replace(&format!("\"model_version\": \"{MODEL_VERSION}\""), "\"model_version\": \"0\""),
            0,
            "of model version 0",
        ),
        (original.replacen("\"summary.csv\": \"", "\"summary.csv\": \"0", 1), 5, "summary.csv is not the file that"),
        (original.replace("\"compare\"", "\"completions\""), 2, "no command"),
        (original.replace("all replications asked for are done", "interrupted: kept"), 2, "interrupted"),
    ];
    for (text, code, said) in cases {
        assert_ne!(text, original, "{said}");
        fs::write(&manifest, text).unwrap();
        let ran = replay();
        assert!(
            ran.code == code && (ran.out.clone() + &ran.err).contains(said),
            "{said}: {} {}{}",
            ran.code,
            ran.out,
            ran.err
        );
    }
    fs::write(&manifest, &original).unwrap();
    // Without the file beside it, the manifest stands for it.
    fs::remove_file(manifest.with_file_name("summary.csv")).unwrap();
    assert_eq!(replay().code, 0);
    fs::write(&manifest, original.replacen("\"summary.csv\": \"", "\"summary.csv\": \"0", 1)).unwrap();
    let ran = replay();
    assert!(ran.code == 5 && ran.out.contains("summary.csv has other bytes"), "{}{}", ran.out, ran.err);
    let kept = ran.err.split("kept in ").nth(1).expect("it is told").trim();
    assert!(Path::new(kept).join("summary.csv").exists(), "{kept}");
    fs::remove_dir_all(kept).unwrap();
    fs::write(&manifest, &original).unwrap();
    fs::write(place.path().join("small.toml"), world().replace("rate = \"2/s\"", "rate = \"3/s\"")).unwrap();
    let ran = replay();
    assert!(ran.code == 5 && ran.out.contains("the input small.toml is another file"), "{}{}", ran.out, ran.err);
}

#[test]
fn a_limit_is_found_on_the_same_worlds_and_a_range_without_one_is_said() {
    let place = folder(&expect(
        "an outage of at most two minutes",
        "policy = \"ttl-only\"\nmetric = \"downtime_after_restart_s\"\nbelow = 120",
    ));
    let optimize = |ends: &[&str], more: &[&str]| {
        let key = ["optimize", "small.toml", "--key", "idp.token_lifetime", "--json", "--between"];
        let ran = stalegate(place.path(), &[&key[..], ends, more].concat());
        let document: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err));
        (ran.code, document)
    };
    let (code, found) = optimize(&["30s", "10min"], &["--tolerance", "0.1"]);
    assert_eq!((code, &found["answer"], &found["monotone"]), (0, &"largest".into(), &true.into()), "{found}");
    assert!(found["passes"].is_string() && found["fails"].is_string(), "{found}");
    assert_eq!(optimize(&["30s", "1min"], &[]).1["answer"], "everything");
    let (code, nothing) = optimize(&["8min", "10min"], &[]);
    assert_eq!((code, &nothing["answer"]), (1, &"nothing".into()));
    let ran =
        stalegate(place.path(), &["optimize", "small.toml", "--key", "idp.token_lifetime", "--between", "1min", "5"]);
    assert!(ran.code == 2 && ran.err.contains("--between 1min 5"), "{}", ran.err);
}
