//! Counting calls comes to what playing each of them comes to: exactly, seed by seed, in random worlds; but for latencies, which
//! are drawn anew and compared as distributions are.

mod common;

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use common::random_scenario;
use stalegate::experiment::record::Record;
use stalegate::experiment::unit;
use stalegate::metric;
use stalegate::model::config::Playing;
use stalegate::scenario::{self, Scenario};

/// A scenario file, printed as it stands when it fails.
#[derive(Clone)]
struct Text(String);

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.0)
    }
}

/// A random scenario with what does not allow calls to be counted written over; `None` where callers have tokens.
fn countable(thrown: &[u16]) -> Option<String> {
    let text = random_scenario::text(thrown);
    if text.contains("[gateway.inbound]") {
        return None;
    }
    let lines = text.lines().filter(|line| !line.starts_with("retry = ")).map(|line| match line {
        "validation = \"introspect\"" => "validation = \"ideal\"",
        "balance = \"round-robin\"" => "balance = \"random\"",
        "base = \"no-cache\"" => "base = \"ttl-only\"",
        "rule = \"no-cache\"" => "rule = \"expires-in\"",
        line => line,
    });
    let mut out = String::new();
    let mut within_client = false;
    for line in lines {
        if line.starts_with('[') {
            within_client = line == "[[client]]";
        }
        // No answer comes later than this, not even one of a lognormal service.
        let line = if within_client && line.starts_with("timeout = ") { "timeout = \"6h\"" } else { line };
        writeln!(out, "{line}").unwrap();
    }
    Some(out)
}

fn loaded(text: &str, calls: &str) -> Scenario {
    let overrides = [format!("run.calls=\"{calls}\"")];
    let loaded = scenario::load_text("random.toml", text, &overrides, None);
    loaded.unwrap_or_else(|mistakes| panic!("{text}\n{mistakes:?}")).scenario
}

fn records(scenario: &Scenario, policy: usize) -> Vec<Record> {
    let layout = Arc::new(unit::layout(&scenario.world));
    let bytes = unit::unit(scenario, &layout, policy, 0..1, &AtomicBool::new(false));
    unit::decode(&bytes.unwrap_or_else(|stop| panic!("{stop:?}"))).unwrap()
}

/// All of a record that is no latency and no user.
fn told(record: &Record) -> String {
    let mut out = String::new();
    for (metric, value) in metric::all().iter().zip(&record.values) {
        if !metric.name.starts_with("latency") && metric.name != "users_affected" {
            writeln!(out, "{} {value}", metric.name).unwrap();
        }
    }
    for episode in &record.episodes {
        writeln!(out, "{episode:?}").unwrap();
    }
    for (index, bin) in record.timeline.iter().enumerate() {
        writeln!(out, "bin {index} {bin:?}").unwrap();
    }
    out
}

fn assert_alike(text: &str) {
    let (each, counted) = (loaded(text, "each"), loaded(text, "counted"));
    assert_eq!(counted.world.run.calls, Playing::Counted);
    for policy in 0..each.policies.len() {
        for (each, counted) in records(&each, policy).iter().zip(&records(&counted, policy)) {
            let (each, counted) = (told(each), told(counted));
            let differs: Vec<_> = each.lines().zip(counted.lines()).filter(|(each, counted)| each != counted).collect();
            assert!(each == counted, "policy {policy}: each played and counted differ: {differs:#?}");
        }
    }
}

/// The same scenarios on every machine and every day; `WORLDS` in the environment asks for another number of them.
#[expect(clippy::disallowed_methods, reason = "it moves no result, only how many are looked at")]
#[test]
fn counting_comes_to_what_playing_each_call_comes_to() {
    let asked = std::env::var("WORLDS").ok().and_then(|worlds| worlds.parse().ok());
    let config = Config {
        cases: asked.unwrap_or(150),
        failure_persistence: None,
        max_shrink_iters: 500,
        max_global_rejects: 1_000_000,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let texts = vec(any::<u16>(), random_scenario::DICE)
        .prop_filter_map("callers have tokens", |thrown| countable(&thrown).map(Text));
    let outcome = runner.run(&texts, |text| {
        assert_alike(&text.0);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
