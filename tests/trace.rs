//! Traces: what `run --trace` writes is what its schema says, bounded, and tells of the same world as the metrics.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use assert_cmd::Command;
use common::json_schema::mistakes;
use serde_json::Value;
use stalegate::trace::record::KINDS;

/// The second outage, for ten minutes.
const WORLD: [&str; 7] = [
    "run",
    "scenarios/second-outage.toml",
    "--policy=event-refetch",
    "--set=idp.persistence.pool_size=100",
    "--set=run.duration=\"10min\"",
    "--replication=4",
    "--quiet",
];

/// Exit code, stdout, stderr.
fn outcome(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("stalegate").expect("the binary is built");
    let output = command.args(WORLD).args(arguments).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
    (output.status.code().expect("it exits"), text(output.stdout), text(output.stderr))
}

/// The trace, and what is said about it.
fn traced(format: &str, arguments: &[&str]) -> (String, String) {
    let (code, out, err) = outcome(&[&["--trace", format, "-"], arguments].concat());
    assert_eq!(code, 0, "{err}");
    (out, err)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Head, facts, and last line.
fn parts(text: &str) -> (Value, Vec<Value>, Value) {
    let mut all = lines(text);
    let last = all.pop().unwrap();
    (all.remove(0), all, last)
}

#[test]
fn every_line_is_what_the_schema_says_and_effects_come_after_causes() {
    let (text, _) = traced("jsonl", &["--trace-limit", "400000"]);
    let schema: Value = serde_json::from_str(include_str!("../docs/schemas/trace.json")).unwrap();
    let (head, facts, last) = parts(&text);
    let mut found = Vec::new();
    mistakes(&schema["anyOf"][0], &head, "head", &mut found);
    mistakes(&schema["anyOf"][2], &last, "last", &mut found);
    for fact in &facts {
        mistakes(&schema["anyOf"][1], fact, fact["fact"].as_str().unwrap(), &mut found);
        if let (Some(seq), Some(by)) = (fact["seq"].as_u64(), fact["by"].as_u64()) {
            assert!(by < seq, "{fact}");
        }
    }
    assert_eq!(found, Vec::<String>::new());
    assert!(facts.is_sorted_by_key(|fact| fact["at_ns"].as_u64()));
    assert_eq!(last["facts"], facts.len());
    assert_eq!((&last["left_out_by_filter"], &last["left_out_by_limit"]), (&0.into(), &0.into()));
}

#[test]
fn schema_and_document_know_every_kind_of_fact() {
    let schema: Value = serde_json::from_str(include_str!("../docs/schemas/trace.json")).unwrap();
    let of_schema: Vec<&str> =
        schema["anyOf"][1]["properties"]["fact"]["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(of_schema, KINDS);
    let table = include_str!("../docs/traces.md").lines().skip_while(|line| !line.starts_with("| fact |")).skip(2);
    let of_document: Vec<&str> = table.map_while(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(of_document, KINDS);
}

#[test]
fn the_facts_come_to_the_metrics() {
    let (text, _) = traced("jsonl", &["--trace-limit", "400000"]);
    let (_, facts, last) = parts(&text);
    let (_, out, _) = outcome(&["--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["events"], last["events"]);
    let of_kind = |kind: &'static str| facts.iter().filter(move |fact| fact["fact"] == kind);
    let calls = |outcome: &str| {
        of_kind("calls").filter(|fact| fact["outcome"] == outcome).map(|fact| fact["n"].as_u64().unwrap()).sum::<u64>()
    };
    let metric = |name: &str| told["metrics"][name].as_f64().unwrap();
    let same = |name: &str, count: u64| {
        let count = f64::from(u32::try_from(count).unwrap());
        assert!((metric(name) - count).abs() < 0.5, "{name}: {count}");
    };
    same("ok", calls("ok"));
    same("failed", calls("failed"));
    same("con_app_key_violations", of_kind("con-app-key-violated").count() as u64);
    same("tokens_issued", of_kind("token-issued").count() as u64);
    assert!(metric("con_app_key_violations") > 0.0);
}

#[test]
fn a_limit_and_a_filter_say_what_they_leave_out() {
    let all = parts(&traced("jsonl", &["--trace-limit", "400000"]).0).1;
    let (text, err) = traced("jsonl", &["--trace-limit", "100"]);
    let (head, facts, last) = parts(&text);
    assert_eq!(facts, all[..100]);
    assert_eq!((head["limit"].as_u64(), last["left_out_by_limit"].as_u64()), (Some(100), Some(all.len() as u64 - 100)));
    let n = all.len();
    let said = format!("the trace has 100 of {n} facts: {} came after the limit of 100 facts (--trace-limit)", n - 100);
    assert!(err.contains(&said), "{err}");

    let lane = "gateway-8/orders";
    let (text, err) = traced("jsonl", &["--trace-from", "5min", "--trace-to", "330s", "--trace-lane", lane]);
    let (_, facts, last) = parts(&text);
    let within = |fact: &Value| (300_000_000_000..330_000_000_000).contains(&fact["at_ns"].as_u64().unwrap());
    assert!(!facts.is_empty() && facts.iter().all(within));
    let other = |key: &str, of: &str| facts.iter().any(|fact| fact.get(key).is_some_and(|value| value != of));
    assert!(!other("lane", lane) && !other("gateway", "gateway-8") && !other("holder", "gateway-8, credential orders"));
    assert!(facts.iter().any(|fact| fact["fact"] == "calls") && facts.iter().any(|fact| fact["fact"] == "fault"));
    assert_eq!(last["left_out_by_filter"].as_u64(), Some((n - facts.len()) as u64));
    assert!(err.contains(&format!("{} were not asked for", n - facts.len())), "{err}");
}

#[test]
fn the_chrome_trace_loads_and_its_slices_nest() {
    let (text, _) = traced("chrome", &["--trace-limit", "400000"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    let events = document["traceEvents"].as_array().unwrap();
    let mut named = BTreeSet::new();
    let mut begun: BTreeMap<(String, String), f64> = BTreeMap::new();
    let mut slices: BTreeMap<(u64, u64), Vec<(f64, f64)>> = BTreeMap::new();
    let mut failed = 0;
    for event in events {
        let (pid, tid) = (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap());
        let (ts, text) = (event["ts"].as_f64().unwrap(), |key: &str| event[key].as_str().unwrap().to_owned());
        assert!(!text("name").is_empty() && event["args"].is_object());
        match text("ph").as_str() {
            "M" => {
                assert!(!event["args"]["name"].as_str().unwrap().is_empty());
                named.insert(if text("name") == "process_name" { (pid, None) } else { (pid, Some(tid)) });
            }
            "X" => {
                slices.entry((pid, tid)).or_default().push((ts, event["dur"].as_f64().unwrap()));
                failed += if text("cat") == "outage" { event["args"]["n"].as_u64().unwrap() } else { 0 };
            }
            "b" => assert!(begun.insert((text("cat"), text("id")), ts).is_none(), "{event}"),
            "e" => assert!(begun.remove(&(text("cat"), text("id"))).unwrap() <= ts, "{event}"),
            "i" => assert!(["g", "p"].contains(&text("s").as_str())),
            other => panic!("{other}"),
        }
        let track = if tid == 0 { (pid, None) } else { (pid, Some(tid)) };
        assert!(named.contains(&track), "{event}");
    }
    assert!(begun.is_empty(), "{begun:?}");
    assert!(!slices.is_empty());
    for (track, mut slices) in slices {
        slices.sort_by(|one, other| one.0.total_cmp(&other.0));
        // A microsecond has three decimals; what is below is rounding.
        assert!(slices.windows(2).all(|two| two[0].0 + two[0].1 <= two[1].0 + 1e-4), "{track:?}");
    }
    let (_, out, _) = outcome(&["--json"]);
    let metrics = &serde_json::from_str::<Value>(&out).unwrap()["metrics"];
    assert!((metrics["failed"].as_f64().unwrap() - f64::from(u32::try_from(failed).unwrap())).abs() < 0.5);
    assert_eq!(document["otherData"]["left_out_by_limit"], 0);
}

#[test]
fn the_mermaid_trace_of_the_second_outage_shows_its_race() {
    let (text, _) = traced("mermaid", &[]);
    assert!(text.starts_with("sequenceDiagram\n"), "{text}");
    let mut steps = text.lines().skip_while(|line| !line.contains("violates CON_APP_KEY"));
    assert!(steps.next().is_some(), "{text}");
    assert!(steps.any(|line| line.contains("recovery: makes token 1 INACTIVE")), "{text}");
    assert!(steps.any(|line| line.contains("with token 1")), "{text}");
    assert!(steps.any(|line| line.contains("403: token 1 is dead since")), "{text}");

    let (text, _) = traced("mermaid", &["--trace-call", "5"]);
    assert!(text.contains("call 5, with token 0") && text.contains("served"), "{text}");
    let (code, _, err) = outcome(&["--trace", "mermaid", "-", "--trace-call", "99999999"]);
    assert!(code == 2 && err.contains("there is no call 99999999"), "{code} {err}");
}

#[test]
fn a_trace_is_the_same_twice_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (_, plain, _) = outcome(&[]);
    for format in ["jsonl", "chrome", "mermaid"] {
        let (one, other) = (file("one"), file("other"));
        let (code, out, _) = outcome(&["--trace", format, &one]);
        assert_eq!((code, &out), (0, &plain), "{format}");
        outcome(&["--trace", format, &other, "--jobs", "1"]);
        let read = |path: &str| std::fs::read(Path::new(path)).unwrap();
        assert!(read(&one) == read(&other) && !read(&one).is_empty(), "{format}");
    }
}

#[test]
fn what_cannot_be_traced_is_told_before_anything_is_played() {
    for (arguments, said) in [
        (&["--trace", "chrom", "x"][..], "did you mean `chrome`?"),
        (&["--trace", "jsonl", "x", "--trace-from", "5"][..], "`--trace-from 5` is no duration"),
        (&["--trace", "jsonl", "x", "--trace-from", "2min", "--trace-to", "1min"][..], "no fact lies between"),
        (&["--trace", "jsonl", "x", "--trace-lane", "gateway-99/orders"][..], "there is no lane `gateway-99/orders`"),
        (&["--trace", "mermaid", "x", "--trace-limit", "5"][..], "no times and no limit"),
        (&["--trace", "jsonl", "x", "--trace-limit", "0"][..], "0 is not in 1.."),
        (&["--trace-call", "5"][..], "--trace <FORMAT> <FILE>"),
    ] {
        let (code, out, err) = outcome(arguments);
        assert!(code == 2 && out.is_empty() && err.contains(said), "{arguments:?}: {code} {err}");
        assert!(!Path::new("x").exists());
    }
    let (code, _, err) = outcome(&["--trace", "jsonl", "no/such/folder/x"]);
    assert!(code == 4 && err.contains("cannot write no/such/folder/x"), "{code} {err}");
}
