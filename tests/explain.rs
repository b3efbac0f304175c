//! `explain`: the cause that it names, the numbers that it gives beside those of `run`, and what it says to a bad question.

mod common;

use std::path::Path;
use std::sync::atomic::AtomicBool;

use assert_cmd::Command;
use serde_json::Value;
use stalegate::experiment::explain::{Ask, explain, worst};
use stalegate::experiment::worlds::Surroundings;
use stalegate::model::fact::Fact;
use stalegate::persistence::Why;
use stalegate::scenario::load;

const SECOND_OUTAGE: &str = "scenarios/second-outage.toml";

/// Exit code, stdout, stderr.
fn outcome(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("stalegate").expect("the binary is built");
    let output = command.args(arguments).env_remove("NO_COLOR").output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
    (output.status.code().expect("it exits"), text(output.stdout), text(output.stderr))
}

/// What a command that succeeds prints.
fn stdout(arguments: &[&str]) -> String {
    let (code, out, err) = outcome(arguments);
    assert_eq!(code, 0, "{arguments:?}: {err}");
    out
}

fn json(arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.push("--json");
    serde_json::from_str(&stdout(&all)).unwrap()
}

fn second_outage(more: &[&str]) -> Vec<String> {
    let asked = ["explain", SECOND_OUTAGE, "--policy", "event-refetch", "--set", "run.replications=2"];
    asked.iter().chain(more).map(ToString::to_string).collect()
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

#[test]
fn the_second_outage_is_put_down_to_the_recovery_from_con_app_key_and_to_the_restart() {
    let told = json(&borrowed(&second_outage(&[])));
    let pool = told["point"].as_str().unwrap();
    assert!(
        pool.contains("pool_size = 100") && pool.contains("clustered = true"),
        "the worst point is the second: {pool}"
    );
    let short = told["in_short"].as_str().unwrap();
    assert!(short.starts_with("the CON_APP_KEY recovery of idp-"), "{short}");
    assert!(short.contains("the fault `restart` (idp-restart) of 0:05:00.000"), "{short}");
    let story: Vec<&str> =
        told["story"].as_array().unwrap().iter().map(|line| line["what"].as_str().unwrap()).collect();
    let position =
        |part: &str| story.iter().position(|what| what.contains(part)).unwrap_or_else(|| panic!("{part}: {story:#?}"));
    let steps = [
        "fails (superseded-token)",
        "refuses token",
        "makes the row of token",
        "violates CON_APP_KEY",
        "begins (idp-restart)",
    ];
    assert!(steps.map(position).is_sorted(), "{story:#?}");
}

#[test]
fn without_the_race_the_recovery_is_not_named() {
    let told = json(&borrowed(&second_outage(&["--point", "0"])));
    assert!(!told.to_string().contains("CON_APP_KEY"), "tokens are written synchronously here: {told:#}");
}

/// The named cause is one: where the restart comes later, nothing fails before it.
#[test]
fn what_goes_back_to_the_restart_does_not_happen_before_it() {
    let told = json(&borrowed(&second_outage(&["--point", "1", "--set", "fault.restart.at=25min"])));
    let start = told["start_ns"].as_u64().unwrap();
    assert!(start >= 25 * 60 * 1_000_000_000, "{told:#}");
}

#[test]
fn the_chain_goes_back_in_the_order_in_which_events_fired() {
    let overrides = ["run.replications=1".to_owned()];
    let loaded = load(Path::new(SECOND_OUTAGE), &overrides, None).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let scenario = &loaded.sweep.as_ref().unwrap().points[1].scenario;
    let policy = scenario.policies.iter().position(|policy| policy.name == "event-refetch").unwrap();
    let stop = AtomicBool::new(false);
    let around = Surroundings { jobs: 1, stop: &stop, progress: &|_, _| {} };
    // Not every world loses the race: the first one that does.
    let raced = (0..8).find_map(|replication| {
        let ask = Ask { policy, replication: Some(replication), ..Ask::default() };
        let found = worst(&[scenario], &ask, &around).unwrap()?;
        let told = explain(scenario, &ask, &found, &around).unwrap();
        let raced = |fact: &Fact| matches!(fact, Fact::Superseded { why: Why::Raced, .. });
        told.chain.iter().any(|link| raced(&link.fact)).then_some(told)
    });
    let told = raced.expect("a world in eight loses the race");
    let effect = told.chain.iter().position(|link| link.fact == Fact::Calls(told.call)).unwrap();
    // What the same event told after the failure may stand before it; nothing that fired later may.
    assert!(told.chain[..effect].iter().all(|link| link.seq == told.chain[effect].seq), "{:#?}", told.chain);
    for pair in told.chain[effect..].windows(2) {
        assert!(pair[0].at >= pair[1].at && pair[0].fact != pair[1].fact, "{pair:#?}");
    }
    assert!(told.chain.iter().any(|link| matches!(link.fact, Fact::Fault(_, phase) if phase.is_begin())));
}

/// A scenario in a folder of its own: two gateways, one API, one restart.
fn small() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.toml");
    std::fs::write(&path, common::SMALL).unwrap();
    let path = path.to_string_lossy().into_owned();
    (folder, path)
}

/// As text, for `run` gives every metric as a number that may have a fraction.
fn failed_of_a_run(file: &str, policy: &str, replication: &str) -> String {
    let told = json(&["run", file, "--policy", policy, "--replication", replication]);
    told["metrics"]["failed"].as_f64().unwrap().to_string()
}

fn sum(rows: &Value) -> u64 {
    rows.as_array().unwrap().iter().map(|row| row["failed"].as_u64().unwrap()).sum()
}

/// One restart, so each lane has one outage: those of the lanes come to what `run` counts in the world.
#[test]
fn the_calls_of_all_lanes_are_those_of_run_under_this_policy_and_the_others() {
    let (_folder, file) = small();
    for replication in ["0", "1", "2"] {
        for (policy, other) in [("ttl-only", "hybrid"), ("hybrid", "ttl-only")] {
            let (mut here, mut there) = (0, 0);
            for lane in ["gateway-1/orders", "gateway-2/orders"] {
                let asked = ["explain", &file, "--policy", policy, "--replication", replication, "--lane", lane];
                let told = json(&asked);
                assert_eq!(told["lane"], lane);
                assert_eq!(told["others"][0]["policy"], other);
                assert_eq!(
                    told["failed"].as_u64().unwrap(),
                    sum(&told["ways"]),
                    "the ways add up to the outage: {told:#}"
                );
                here += told["failed"].as_u64().unwrap();
                there += sum(&told["others"]);
            }
            let run = [policy, other].map(|policy| failed_of_a_run(&file, policy, replication));
            assert_eq!([here, there].map(|n| n.to_string()), run, "{policy} in replication {replication}");
            assert!(here > 0 && there > 0);
        }
    }
}

#[test]
fn a_call_that_is_asked_for_is_the_one_that_is_explained() {
    let (_folder, file) = small();
    let asked = ["explain", file.as_str(), "--policy", "ttl-only", "--replication", "1"];
    let worst = json(&asked);
    let call = worst["call"].as_u64().unwrap().to_string();
    let one = json(&[&asked[..], &["--call", &call]].concat());
    assert_eq!(one, worst, "the first call of the explained way, asked for by its number");
}

#[test]
fn the_answer_is_the_same_twice_and_with_any_number_of_threads() {
    let ask = |jobs: &str| stdout(&borrowed(&second_outage(&["--jobs", jobs])));
    let first = ask("1");
    assert_eq!(first, ask("1"));
    assert_eq!(first, ask("3"));
}

#[test]
fn a_bad_question_exits_with_2_and_says_what_there_is() {
    let (_folder, file) = small();
    let good = ["explain", file.as_str(), "--policy", "ttl-only"];
    let bad: [(&[&str], &str); 7] = [
        (&["explain", &file, "--policy", "ttl-onyl"], "did you mean `ttl-only`? (it has ttl-only, hybrid)"),
        (&[&good[..], &["--lane", "gateway-3/orders"]].concat(), "(there are gateway-1/orders, gateway-2/orders)"),
        (&[&good[..], &["--call", "99999999"]].concat(), "without --call the longest outage is explained"),
        (&[&good[..], &["--call", "0"]].concat(), "call 0 did not fail; without --call"),
        (&[&good[..], &["--point", "0"]].concat(), "`--point` is for a scenario with a [sweep]"),
        (&["explain", SECOND_OUTAGE, "--policy", "ttl-only", "--point", "3"], "the sweep has 3, from 0"),
        (&["explain", SECOND_OUTAGE, "--policy", "ttl-only", "--call", "3"], "`--call` needs `--point N`"),
    ];
    for (arguments, said) in bad {
        let (code, out, err) = outcome(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(said), "{arguments:?}: {err}");
    }
}

#[test]
fn where_no_call_fails_there_is_nothing_to_explain() {
    let (_folder, file) = small();
    let calm = ["idp.on_restart=keep", "idp.token_format=jwt", "api.orders.validation=local"].map(|set| ["--set", set]);
    let asked =
        [&["explain", file.as_str(), "--policy", "ttl-only", "--replication", "0"][..], calm.as_flattened()].concat();
    assert!(stdout(&asked).ends_with("there is no outage to explain\n"), "{}", stdout(&asked));
    assert_eq!(json(&asked), Value::Null);
}
