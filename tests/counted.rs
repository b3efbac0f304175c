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
use stalegate::experiment::play::play;
use stalegate::experiment::record::Record;
use stalegate::experiment::timeline::Layout;
use stalegate::experiment::unit;
use stalegate::metric;
use stalegate::model::config::Playing;
use stalegate::model::erlang_c;
use stalegate::model::fact::Blind;
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
        let timeout = if text.contains("lognormal") { "timeout = \"6h\"" } else { "timeout = \"5s\"" };
        let line = if within_client && line.starts_with("timeout = ") { timeout } else { line };
        writeln!(out, "{line}").unwrap();
    }
    Some(out)
}

fn loaded(text: &str, calls: &str) -> Scenario {
    let overrides = [format!("run.calls=\"{calls}\"")];
    let loaded = scenario::load_text("random.toml", text, &overrides, None);
    loaded.unwrap_or_else(|mistakes| panic!("{text}\n{mistakes:?}")).scenario
}

fn records(scenario: &Scenario, policy: usize, replications: u32) -> Vec<Record> {
    let layout = Arc::new(unit::layout(&scenario.world));
    let bytes = unit::unit(scenario, &layout, policy, 0..replications, &AtomicBool::new(false));
    unit::decode(&bytes.unwrap_or_else(|stop| panic!("{stop:?}"))).unwrap()
}

fn events(scenario: &Scenario, policy: usize) -> u64 {
    play(scenario, policy, 0, Blind, &AtomicBool::new(false)).expect("nobody asks to stop").events
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
        for (each, counted) in records(&each, policy, 1).iter().zip(&records(&counted, policy, 1)) {
            let (each, counted) = (told(each), told(counted));
            let differs: Vec<_> = each.lines().zip(counted.lines()).filter(|(each, counted)| each != counted).collect();
            assert!(each == counted, "policy {policy}: each played and counted differ: {differs:#?}");
        }
    }
}

/// The same scenarios on every machine and every day; `WORLDS` in the environment asks for another number of them.
#[expect(clippy::disallowed_methods, reason = "it moves no result, only how many are looked at")]
fn in_random_worlds(cases: u32, change: impl Fn(String) -> String, check: impl Fn(&str)) {
    let asked = std::env::var("WORLDS").ok().and_then(|worlds| worlds.parse().ok());
    let config = Config {
        cases: asked.unwrap_or(cases),
        failure_persistence: None,
        max_shrink_iters: 500,
        max_global_rejects: 1_000_000,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let texts = vec(any::<u16>(), random_scenario::DICE)
        .prop_filter_map("callers have tokens", |thrown| countable(&thrown).map(|text| Text(change(text))));
    let outcome = runner.run(&texts, |text| {
        check(&text.0);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn counting_comes_to_what_playing_each_call_comes_to() {
    in_random_worlds(150, |text| text, assert_alike);
}

#[test]
fn so_it_does_where_a_thousand_calls_come_in_a_second() {
    // Fast streams, which have a count for many blocks in common; a minute of them is enough.
    let faster = |text: String| {
        let text =
            text.replace("rate = \"30/s\"", "rate = \"4000/s\"").replace("rate = \"5/s\" }", "rate = \"1100/s\" }");
        text.replace("duration = \"3min\"", "duration = \"1min\"").replace("duration = \"90s\"", "duration = \"1min\"")
    };
    in_random_worlds(6, faster, assert_alike);
}

#[test]
fn answers_on_their_way_are_lost_with_a_link_as_those_of_played_calls_are() {
    // Found by throwing scenarios at it: counted calls whose answers were sent into a cut link were not lost.
    let text = r#"
name = "cut"
[run]
duration = "3min"
[gateway]
nodes = 1
[[api]]
name = "orders"
validation = "ideal"
forbidden_ratio = 0.1
service_time = "800ms"
[[client]]
name = "shop"
apis = ["orders"]
timeout = "10s"
arrivals = { process = "poisson", rate = "30/s" }
[[fault]]
name = "cut"
kind = "partition"
at = "1min"
for = "5s"
between = [["gateway-1"], ["backends"]]
[[fault]]
name = "fall"
kind = "gateway-restart"
at = "2min"
down = "5s"
[[policy]]
name = "ttl-only"
"#;
    assert_alike(text);
    let lost = metric::all().iter().position(|metric| metric.name == "answers_lost").unwrap();
    let lost = records(&loaded(text, "counted"), 0, 1)[0].values[lost];
    assert!(lost > 30.0, "{lost} answers: some 24 within the gateway at each of both");
}

/// Two gateways, a restart, and a rate; `ideal` and without anything drawn but arrivals and service times.
fn restart(rate: &str) -> String {
    format!(
        r#"
name = "restart"
[run]
duration = "1h"
replications = 20
[idp]
restart_event = "at-start"
[[api]]
name = "orders"
validation = "ideal"
forbidden_ratio = 0.01
[[client]]
name = "shop"
apis = ["orders"]
arrivals = {{ process = "poisson", rate = "{rate}" }}
[[fault]]
name = "restart"
kind = "idp-restart"
at = "20min"
down = "30s"
[[policy]]
name = "ttl-only"
[[policy]]
name = "event-purge"
base = "event-purge"
"#
    )
}

#[test]
fn what_is_played_grows_with_changes_and_not_with_calls() {
    let events_at = |rate: &str, calls: &str| events(&loaded(&restart(rate), calls), 0);
    let (each, few, many) = (events_at("50/s", "each"), events_at("50/s", "counted"), events_at("50000/s", "counted"));
    assert!(few * 1_000 < each, "{few} of {each} events");
    assert!(many < 10_000, "a thousand times the calls: {many} events, {few} before");
}

#[test]
fn counting_is_the_same_world_whatever_it_is_asked_after() {
    // Counted calls are told apart at the edges of the timeline's bins: other edges, other cuts, the same world.
    let scenario = loaded(&restart("5000/s"), "counted");
    let told_with = |layout: Arc<Layout>| {
        let bytes = unit::unit(&scenario, &layout, 0, 0..1, &AtomicBool::new(false));
        let record = unit::decode(&bytes.unwrap_or_else(|stop| panic!("{stop:?}"))).unwrap().remove(0);
        let bins = record.timeline.iter().map(|bin| (bin.ok, bin.failed, bin.forbidden));
        let sum = bins.fold((0, 0, 0), |sum, bin| (sum.0 + bin.0, sum.1 + bin.1, sum.2 + bin.2));
        (record.digest, format!("{:?}", record.values), format!("{:?}", record.episodes), sum)
    };
    let plain = Layout::new(scenario.world.run.duration, &[]);
    assert_eq!(told_with(Arc::new(unit::layout(&scenario.world))), told_with(Arc::new(plain)));
}

/// The mean difference of a metric over the replications of both ways, and its standard error.
#[expect(clippy::cast_precision_loss, reason = "a number of replications in a mean")]
fn difference(metric: &str, each: &[Record], counted: &[Record]) -> (f64, f64) {
    let index = metric::all().iter().position(|known| known.name == metric).unwrap();
    let differences: Vec<f64> =
        each.iter().zip(counted).map(|(each, counted)| counted.values[index] - each.values[index]).collect();
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let variance = differences.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

#[test]
fn latencies_of_counted_calls_are_distributed_as_those_of_played_ones() {
    // 20 pairs of worlds of 72,000 calls. Student's t with 19 degrees of freedom, 99.9 % over four metrics and two ways: 5.1.
    for overhead in ["1ms", "{ dist = \"exponential\", mean = \"5ms\" }"] {
        let quoted = if overhead.starts_with('{') { overhead.to_owned() } else { format!("\"{overhead}\"") };
        let text = format!("{}\n[gateway]\noverhead = {quoted}\n", restart("20/s"));
        let records = |calls: &str| records(&loaded(&text, calls), 1, 20);
        let (each, counted) = (records("each"), records("counted"));
        for metric in ["latency_mean_ms", "latency_p50_ms", "latency_p99_ms", "latency_max_ms"] {
            let (mean, error) = difference(metric, &each, &counted);
            assert!(mean.abs() < 5.1 * error, "{metric}: {mean} ± {error}, overhead {overhead}");
        }
    }
}

#[test]
fn auto_counts_where_it_can_and_says_why_not_elsewhere() {
    let asked = |text: &str, change: &str| {
        let overrides = ["run.calls=\"auto\"".to_owned(), change.to_owned()];
        let loaded =
            scenario::load_text("restart.toml", text, &overrides, None).unwrap_or_else(|found| panic!("{found:?}"));
        let (_, value, origin) = loaded.resolved().into_iter().find(|(path, ..)| path == "run.calls").unwrap();
        assert_eq!(value, "\"auto\"");
        (loaded.scenario.world.run.calls, origin)
    };
    let text = restart("5/s");
    let (calls, origin) = asked(&text, "run.seed=2");
    assert_eq!(calls, Playing::Counted);
    assert_eq!(origin, "--set; calls that change nothing are counted");
    for (change, why) in [
        (
            "api.orders.validation=\"introspect\"",
            "the backend of the api `orders` asks the IdP about each call's token",
        ),
        (
            "gateway.balance=\"round-robin\"",
            "gateways take calls in turns, so that each call depends on those before it",
        ),
        ("client.shop.retry.attempts=1", "the client `shop` sends calls again"),
        ("client.shop.timeout=\"2s\"", "an answer may come after the timeout of the client `shop`"),
        ("policy.event-purge.lifetime.rule=\"no-cache\"", "the policy `event-purge` fetches a token for each call"),
    ] {
        let (calls, origin) = asked(&text, change);
        assert_eq!(calls, Playing::Each, "{change}");
        assert_eq!(origin, format!("--set; each call is played: {why}"));
    }
}

/// [`restart`] with a backend that introspects at an IdP of two nodes.
fn introspected(rate: &str, idp: &str) -> String {
    let text = restart(rate).replace("validation = \"ideal\"", "validation = \"introspect\"");
    text.replace("[idp]", &format!("[idp]\nnodes = 2\n{idp}"))
}

#[test]
fn so_are_those_of_calls_whose_introspections_do_not_wait() {
    // As above; over four metrics and three ways: 5.3.
    let drawn = "{ dist = \"exponential\", mean = \"5ms\" }";
    for (overhead, service) in [("\"1ms\"", "\"20ms\""), ("\"1ms\"", drawn), (drawn, drawn)] {
        let text = introspected("20/s", &format!("introspection_service = {drawn}"));
        let text = text.replace("[[client]]", &format!("service_time = {service}\n[[client]]"));
        let text = format!("{text}\n[gateway]\noverhead = {overhead}\n");
        let records = |calls: &str| records(&loaded(&text, calls), 1, 20);
        let (each, counted) = (records("each"), records("counted"));
        for metric in ["latency_mean_ms", "latency_p50_ms", "latency_p99_ms", "latency_max_ms"] {
            let (mean, error) = difference(metric, &each, &counted);
            assert!(mean.abs() < 5.3 * error, "{metric}: {mean} ± {error}, overhead {overhead}, service {service}");
        }
    }
}

/// What the IdP is like, and its restart. In turns, which node has what is under way when one stops is a matter of all turns
/// before.
const IDPS: &[(&str, &str)] = &[
    ("front = \"round-robin\"", "node = \"all\""),
    ("front = \"random\"", "node = \"idp-2\""),
    ("front = \"sticky\"\nunreachable = \"hang\"", "node = \"rolling\"\ngap = \"45s\""),
    ("front = \"active-passive\"\nfailover = \"7s\"", "node = \"idp-1\""),
    (
        "front = \"random\"\nintrospection_service = \"30ms\"\non_restart = \"keep\"\nhealth_check.detect = \"5s\"",
        "node = \"idp-1\"",
    ),
    ("persistence.mode = \"database\"\ncache.ttl = \"40s\"\ncache.invalidation = \"2s\"", "node = \"all\""),
    (
        "front = \"random\"\npersistence = { mode = \"database\", renew = \"always\" }\ncache = { ttl = \"20min\", clustered = false }",
        "node = \"idp-1\"",
    ),
];

/// With a restart at random, a slow minute, and a partition.
fn random_restart(idp: &str, fault: &str) -> String {
    let text = introspected("40/s", idp);
    let at = "at = { dist = \"uniform\", min = \"5min\", max = \"30min\" }";
    let text = text.replace("at = \"20min\"", at);
    let down = format!("down = {{ dist = \"exponential\", mean = \"20s\" }}\n{fault}");
    let text = text.replace("down = \"30s\"", &down);
    let slow = "name = \"slow\"\nkind = \"idp-slow\"\nat = \"50min\"\nfor = \"1min\"\nfactor = 3.0";
    let cut = "name = \"cut\"\nkind = \"partition\"\nat = \"55min\"\nfor = \"7s\"";
    let groups = "between = [[\"backends\"], [\"idp-1\"]]";
    format!("{text}\n[[fault]]\n{slow}\n[[fault]]\n{cut}\n{groups}\n")
}

#[test]
fn where_no_introspection_waits_counting_comes_to_what_playing_each_call_comes_to() {
    for (idp, fault) in IDPS {
        let text = random_restart(idp, fault);
        let (each, counted) = (loaded(&text, "each"), loaded(&text, "counted"));
        assert!(counted.world.run.would_wait.is_some_and(|share| share < 1e-50));
        for policy in 0..each.policies.len() {
            let (played, few) = (events(&each, policy), events(&counted, policy));
            assert!(few * 2 < played, "{few} of {played} events: {text}");
            for (each, counted) in records(&each, policy, 5).iter().zip(&records(&counted, policy, 5)) {
                let (each, counted) = (told(each), told(counted));
                let pairs = each.lines().zip(counted.lines());
                let differs: Vec<_> = pairs.filter(|(each, counted)| each != counted).collect();
                assert!(each == counted, "policy {policy}: each played and counted differ: {differs:#?} {text}");
            }
        }
    }
}

/// Few workers, and an introspection that takes `MEAN_MS` in the mean: every third one has to wait, says Erlang. In turns they
/// would come more evenly, and wait less.
const SCARCE: &str =
    "front = \"random\"\nworkers = 2\nintrospection_service = { dist = \"exponential\", mean = \"10ms\" }";
const MEAN_MS: f64 = 10.0;

#[test]
fn where_introspections_wait_counted_calls_differ_by_no_more_than_erlang_says() {
    let text = introspected("200/s", SCARCE).replace("\"20min\"", "\"5min\"").replace("\"1h\"", "\"10min\"");
    let (each, counted) = (loaded(&text, "each"), loaded(&text, "counted"));
    let share = counted.world.run.would_wait.unwrap();
    // A hundred calls a second and node: one erlang, and the token requests of four gateways.
    assert!(share > erlang_c(2, 1.0) && share < 1.001 * erlang_c(2, 1.0), "{share}");
    let (played, few) = (events(&each, 1), events(&counted, 1));
    assert!(few * 20 < played, "{few} of {played} events");
    let (each, counted) = (records(&each, 1, 10), records(&counted, 1, 10));
    let value = |record: &Record, metric: &str| {
        record.values[metric::all().iter().position(|known| known.name == metric).unwrap()]
    };
    for (each, counted) in each.iter().zip(&counted) {
        let introspections = value(each, "idp_introspections");
        for metric in ["ok", "failed", "forbidden"] {
            let difference = (value(each, metric) - value(counted, metric)).abs();
            assert!(difference < 1e-3 * share * introspections, "{metric}: {difference} of {introspections}");
        }
        let difference = (value(counted, "idp_introspections") - introspections).abs();
        assert!(difference < 1e-4 * introspections, "{difference} of {introspections}");
    }
    // Student's t with 9 degrees of freedom, 99.9 %: 4.78.
    let (mean, error) = difference("idp_utilisation", &each, &counted);
    assert!(mean.abs() < 4.78 * error + 1e-3, "{mean} ± {error}");
    let wait_ms = share * MEAN_MS / (2.0 - 1.0);
    let (mean, error) = difference("latency_mean_ms", &each, &counted);
    assert!(-mean < wait_ms + 4.78 * error && mean < 0.0, "{mean} ± {error}, {wait_ms} of wait");
    // Nearly all calls were counted, so that nearly all of the wait is missing.
    assert!(-mean > 0.9 * wait_ms, "{mean}, {wait_ms} of wait");
}

#[test]
fn what_is_approximated_is_told_where_the_value_stands() {
    let overrides = ["run.calls=\"counted\"".to_owned()];
    let text = introspected("200/s", SCARCE);
    let loaded =
        scenario::load_text("restart.toml", &text, &overrides, None).unwrap_or_else(|found| panic!("{found:?}"));
    let (.., origin) = loaded.resolved().into_iter().find(|(path, ..)| path == "run.calls").unwrap();
    let words = "approximate: introspections of counted calls do not wait for a worker";
    assert_eq!(origin, format!("--set; {words}, at most 34 % of introspections would have waited (Erlang C)"));
}
