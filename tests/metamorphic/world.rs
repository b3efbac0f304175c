//! Changes of a scenario whose effect on its results is known without knowing the results.

use stalegate::experiment::comparison::Comparison;
use stalegate::experiment::unit::lane_name;
use stalegate::metric::Unit;
use stalegate::model::fact::{Fact, Request};
use stalegate::oauth::Outcome;
use stalegate::scenario::Scenario;
use stalegate::time::SimTime;

use crate::support::{Facts, compared, facts, float, scenario, scenario_with};

/// Every span, `{n}` times as long; rates are by gap, and every default that is a span is written out.
const TIMES: &str = r#"
schema = 1
name = "times"
[run]
duration = "{3600}s"
warmup = "{300}s"
seed = 21
replications = 3
[network]
client_gateway = "{2}ms"
gateway_idp = "{5}ms"
gateway_backend = "{3}ms"
backend_idp = "{4}ms"
[idp]
nodes = 2
workers = 1
queue = 3
health_check = { detect = "{2}s", of = "port" }
token_service = "{30}ms"
introspection_service = "{6}ms"
token_lifetime = "{400}s"
starting = "{7}s"
restart_event = "at-start"
[control_plane]
delay = "{10}ms"
[gateway]
nodes = 3
overhead = "{1}ms"
detect_down = "{1}s"
[bus]
delay = "{50}ms"
loss = 0.3
delivery = "at-least-once"
redeliver = "{5}s"
[[api]]
name = "orders"
validation = "introspect"
reject_status = 401
forbidden_ratio = 0.1
service_time = "{16}ms"
introspection_cache = "{1}s"
introspection_timeout = "{5}s"
[[api]]
name = "stock"
validation = "ideal"
service_time = "{16}ms"
[[client]]
name = "shop"
apis = ["orders", "stock"]
users = 50
arrivals = { process = "poisson", rate = "{RATE}/s" }
timeout = "{10}s"
retry = { attempts = 1, backoff = "{500}ms" }
[[fault]]
name = "restart"
kind = "idp-restart"
at = "{1000}s"
every = "{800}s"
down = "{20}s"
[[fault]]
name = "slow"
kind = "idp-slow"
at = "{1500}s"
for = "{60}s"
factor = 10.0
[[fault]]
name = "gateway"
kind = "gateway-restart"
node = "gateway-2"
at = "{2200}s"
down = "{30}s"
[[policy]]
name = "ttl-only"
[policy.lifetime]
rule = "fixed"
after = "{300}s"
[policy.fetch]
timeout = "{2}s"
[[policy]]
name = "hybrid"
base = "hybrid"
[policy.lifetime]
rule = "fixed"
after = "{300}s"
refresh_at = 0.8
refresh_jitter = 0.1
[policy.fetch]
timeout = "{2}s"
retry_after = "{3}s"
[policy.rejection]
backoff = "{100}ms"
[[policy]]
name = "shared"
base = "reactive-retry"
[policy.lifetime]
rule = "fixed"
after = "{300}s"
[policy.fetch]
single_flight = "cluster"
timeout = "{2}s"
lock_ttl = "{5}s"
lock_poll = "{100}ms"
[policy.store]
shared = true
round_trip = "{1}ms"
[[policy]]
name = "no-cache"
base = "no-cache"
[policy.fetch]
timeout = "{2}s"
"#;

/// The scenario with every span `factor` times as long.
fn stretched(factor: u64) -> Scenario {
    let text = TIMES.replace("{RATE}", if factor == 1 { "8" } else { "4" });
    let stretch = |piece: &str| match piece.split_once('}').map(|(n, rest)| (n.parse::<u64>(), rest)) {
        Some((Ok(n), rest)) => format!("{}{rest}", n * factor),
        // A brace of TOML's own.
        Some((Err(_), _)) | None => format!("{{{piece}"),
    };
    let mut pieces = text.split('{');
    let first = pieces.next().expect("a text has a first piece").to_owned();
    scenario(&pieces.map(stretch).fold(first, |text, piece| text + &piece))
}

/// By how much a metric may differ from the expected multiple: times are rounded to nanoseconds, histograms to three digits.
fn stretch(name: &str, unit: Unit) -> Option<(f64, f64)> {
    match (name, unit) {
        // Within a second, whatever the time scale.
        ("idp_token_requests_peak_per_s", _) => None,
        ("latency_p50_ms" | "latency_p99_ms", _) => Some((2.0, 3e-3)),
        (_, Unit::Seconds | Unit::Milliseconds) => Some((2.0, 1e-6)),
        (_, Unit::Count) => Some((1.0, 0.0)),
        (_, Unit::Ratio | Unit::PerSecond) => Some((1.0, 1e-6)),
    }
}

#[test]
fn when_all_times_are_doubled_counts_stay_and_seconds_double() {
    let (one, two) = (compared(&stretched(1)), compared(&stretched(2)));
    for (policy, results) in one.policies.iter().enumerate() {
        for metric in &one.metrics {
            let Some((factor, tolerance)) = stretch(metric.name, metric.unit) else { continue };
            for (a, b) in one.values(policy, metric.name).iter().zip(two.values(policy, metric.name)) {
                let (expected, seen) = (factor * a, *b);
                let near = (seen - expected).abs() <= tolerance * expected.abs().max(1.0);
                assert!(near || a.is_nan() && b.is_nan(), "{} {}: {a} became {b}", results.name, metric.name);
            }
        }
    }
    // The scenario is not a dull one.
    for name in ["failed.stale-token", "failed.idp-busy", "failed.gateway-down", "purges", "resends", "forbidden"] {
        assert!((0..one.policies.len()).any(|policy| one.mean(policy, name) > 0.0), "{name}");
    }
}

const SHOP: &str = r#"
schema = 1
name = "shop"
[run]
duration = "900s"
seed = 22
replications = 3
[idp]
token_lifetime = "100s"
token_service = { dist = "exponential", mean = "20ms" }
restart_event = "at-start"
[bus]
delay = { dist = "exponential", mean = "2s" }
[gateway]
overhead = { dist = "exponential", mean = "2ms" }
[[api]]
name = "orders"
validation = "ideal"
forbidden_ratio = 0.1
[[client]]
name = "shop"
apis = ["orders"]
users = 20
arrivals = { process = "poisson", rate = "5/s" }
[[fault]]
name = "restart"
kind = "idp-restart"
at = "300s"
down = "5s"
[[policy]]
name = "ttl-only"
[[policy]]
name = "reactive-retry"
base = "reactive-retry"
[[policy]]
name = "event-purge"
base = "event-purge"
[[policy]]
name = "refresh-ahead"
base = "refresh-ahead"
"#;

/// What became of one call: lane, user, instant, outcome.
type Fate = (String, u32, SimTime, Outcome);

/// The calls to an API, by the names of their lanes.
fn fates(scenario: &Scenario, facts: &Facts, api: &str) -> Vec<Fate> {
    let of = |call: &stalegate::model::fact::Calls| {
        (lane_name(&scenario.world, call.lane), call.client_and_user().1, call.first, call.outcome)
    };
    facts.calls().map(of).filter(|(lane, ..)| lane.ends_with(&format!("/{api}"))).collect()
}

/// That a scenario plays the calls to `orders` as `SHOP` does, under every policy and in every replication.
fn plays_orders_alike(original: &Scenario, changed: &Scenario) {
    for policy in 0..original.policies.len() {
        for replication in 0..original.replications.max {
            let before = fates(original, &facts(original, policy, replication), "orders");
            let after = fates(changed, &facts(changed, policy, replication), "orders");
            assert!(before.len() > 4_000, "{}", before.len());
            assert!(before == after, "policy {policy}, replication {replication}");
        }
    }
}

#[test]
fn an_api_that_nobody_calls_changes_no_other_lane() {
    for name in ["aaa", "zzz"] {
        let more = format!("{SHOP}\n[[api]]\nname = \"{name}\"\nvalidation = \"ideal\"\n");
        plays_orders_alike(&scenario(SHOP), &scenario(&more));
    }
}

#[test]
fn another_population_with_an_api_of_its_own_changes_no_other_lane() {
    // Names before and after: indices move, streams do not. The IdP has workers enough for both.
    for name in ["aaa", "zzz"] {
        let api = format!("[[api]]\nname = \"{name}\"\nvalidation = \"ideal\"\n");
        let client = format!(
            "[[client]]\nname = \"{name}\"\napis = [\"{name}\"]\narrivals = {{ process = \"poisson\", rate = \"3/s\" }}\n"
        );
        let changed = scenario(&format!("{SHOP}\n{api}{client}"));
        plays_orders_alike(&scenario(SHOP), &changed);
        assert!(fates(&changed, &facts(&changed, 0, 0), name).len() > 2_000);
    }
}

#[test]
fn a_gateway_without_users_changes_no_other_lane() {
    // One user, who sticks to the first gateway.
    let text = SHOP.replace("users = 20", "users = 1");
    let nodes = |nodes: &str| scenario_with(&text, &["gateway.balance=sticky", &format!("gateway.nodes={nodes}")]);
    let (one, three) = (nodes("1"), nodes("3"));
    plays_orders_alike(&one, &three);
    let idle = fates(&three, &facts(&three, 0, 0), "orders");
    assert!(idle.iter().all(|(lane, ..)| lane == "gateway-1/orders"));
}

#[test]
fn another_policy_changes_nobody_elses_results() {
    let (all, last) = (compared(&scenario(SHOP)), SHOP.rfind("[[policy]]").expect("there is one"));
    let fewer = compared(&scenario(&SHOP[..last]));
    for policy in 0..3 {
        assert_eq!(all.policies[policy].digests, fewer.policies[policy].digests);
    }
}

#[test]
fn settings_that_a_policy_does_not_use_change_nothing() {
    let policies = [
        "[[policy]]\nname = \"plain\"\n",
        "[[policy]]\nname = \"store\"\n[policy.store]\nround_trip = \"70ms\"\n",
        "[[policy]]\nname = \"lock\"\n[policy.fetch]\nlock_ttl = \"1s\"\nlock_poll = \"1ms\"\n",
        "[[policy]]\nname = \"jitter\"\n[policy.lifetime]\nrefresh_jitter = 0.4\nafter = \"7s\"\n",
        "[[policy]]\nname = \"rejection\"\n[policy.rejection]\npurge = \"issuer\"\nthen = \"answer-500\"\nbackoff = \"9s\"\n",
        "[[policy]]\nname = \"events\"\n[policy.events]\nrefetch = true\npurge = \"token\"\ncatch_up = \"poll\"\n",
    ];
    let first = SHOP.find("[[policy]]").expect("there is one");
    let comparison = compared(&scenario(&format!("{}{}", &SHOP[..first], policies.concat())));
    for policy in 1..policies.len() {
        let name = &comparison.policies[policy].name;
        assert!(comparison.identical(0, policy), "{name}");
        assert_eq!(comparison.policies[0].digests, comparison.policies[policy].digests, "{name}");
    }
}

#[test]
fn statuses_that_no_backend_sends_change_nothing() {
    let first = SHOP.find("[[policy]]").expect("there is one");
    let text = SHOP[..first].replace("forbidden_ratio = 0.1", "reject_status = 403");
    let policies = "[[policy]]\nname = \"plain\"\n[[policy]]\nname = \"deaf\"\n[policy.rejection]\nstatuses = [401]\n";
    let comparison = compared(&scenario(&format!("{text}{policies}")));
    assert!(comparison.identical(0, 1));
    assert_eq!(comparison.policies[0].digests, comparison.policies[1].digests);
}

/// A metric and how it is told from the facts after an instant.
type Told = (&'static str, fn(&[(SimTime, Fact)], SimTime) -> f64);

fn told(facts: &[(SimTime, Fact)], from: SimTime, which: impl Fn(&Fact) -> bool) -> f64 {
    float(facts.iter().filter(|(at, fact)| *at >= from && which(fact)).count())
}

fn outcomes(facts: &[(SimTime, Fact)], from: SimTime, which: impl Fn(Outcome) -> bool) -> f64 {
    told(facts, from, |fact| matches!(fact, Fact::Calls(calls) if which(calls.outcome)))
}

fn stale_s(facts: &[(SimTime, Fact)], warmup: SimTime) -> f64 {
    let part = |fact: &Fact| match fact {
        Fact::Stale { from, to } => to.since((*from).max(warmup)).as_secs_f64(),
        _ => 0.0,
    };
    // Two gateways.
    facts.iter().map(|(_, fact)| part(fact)).sum::<f64>() / 2.0
}

fn latency_ms(facts: &[(SimTime, Fact)], warmup: SimTime) -> f64 {
    let of = |(at, fact): &(SimTime, Fact)| match fact {
        Fact::Latency(latency) if *at >= warmup => Some(latency.as_millis_f64()),
        _ => None,
    };
    let latencies: Vec<f64> = facts.iter().filter_map(of).collect();
    latencies.iter().sum::<f64>() / float(latencies.len())
}

/// The length of the two lanes' outages after the warm-up, in the mean.
fn downtime_s(facts: &[(SimTime, Fact)], warmup: SimTime) -> f64 {
    let mut open = [None; 2];
    let mut sum = 0.0;
    for (at, fact) in facts {
        let Fact::Calls(calls) = fact else { continue };
        let lane = &mut open[calls.lane.index()];
        match calls.outcome {
            Outcome::Failed(_) => drop(lane.get_or_insert(*at)),
            Outcome::Ok => sum += lane.take().map_or(0.0, |from: SimTime| at.since(from.max(warmup)).as_secs_f64()),
            Outcome::Forbidden => {}
        }
    }
    assert_eq!(open, [None; 2], "all has recovered");
    sum / 2.0
}

const TOLD: &[Told] = &[
    ("ok", |facts, from| outcomes(facts, from, |outcome| outcome == Outcome::Ok)),
    ("failed", |facts, from| outcomes(facts, from, |outcome| matches!(outcome, Outcome::Failed(_)))),
    ("forbidden", |facts, from| outcomes(facts, from, |outcome| outcome == Outcome::Forbidden)),
    ("idp_token_requests", |facts, from| told(facts, from, |fact| *fact == Fact::IdpArrival(Request::Token))),
    ("idp_refused", |facts, from| told(facts, from, |fact| *fact == Fact::IdpRefused(Request::Token))),
    ("tokens_issued", |facts, from| told(facts, from, |fact| matches!(fact, Fact::TokenIssued { .. }))),
    ("resends", |facts, from| told(facts, from, |fact| matches!(fact, Fact::Resend { .. }))),
    ("purges", |facts, from| told(facts, from, |fact| matches!(fact, Fact::Purged { .. }))),
    ("stale_token_s", stale_s),
    ("latency_mean_ms", latency_ms),
    ("downtime_s", downtime_s),
];

#[test]
fn the_warm_up_hides_what_comes_before_it_and_changes_nothing() {
    let original = scenario(SHOP);
    let all = compared(&original);
    // Before the restart, within the outage, within the recovery, after it.
    for warmup in [0, 100, 303, 320, 500] {
        let scenario = scenario_with(SHOP, &[&format!("run.warmup={warmup}s")]);
        let measured: Comparison = compared(&scenario);
        for policy in 0..original.policies.len() {
            assert_eq!(measured.policies[policy].digests, all.policies[policy].digests);
            let facts = facts(&original, policy, 0).0;
            for (name, of) in TOLD {
                let (expected, seen) = (of(&facts, SimTime(warmup * 1_000_000_000)), measured.values(policy, name)[0]);
                assert!((expected - seen).abs() < 1e-6, "{name}, warm-up {warmup} s: {seen}, not {expected}");
            }
        }
    }
}
