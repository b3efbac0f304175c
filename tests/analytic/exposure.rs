//! For how long a revoked token of a caller is accepted (docs/model.md §8).
//!
//! A user's calls at one gateway are a Poisson process of rate λ. The revocation is at 0, the gateway hears of it at D. The
//! exposure X is the time of the last call before D, or 0. Backwards from D the next call is an exponential time B of rate λ
//! away, so X = max(0, D − B), and
//!   P(X ≤ x) = e^(−λ(D − x)) for 0 ≤ x < D, and  E[X | D] = ∫ from 0 to D of (1 − e^(−λ(D − x))) dx = D − (1 − e^(−λD))/λ.
//! Gateways hear of it, and users call, independently of each other.

use std::collections::{BTreeMap, BTreeSet};

use stalegate::id::{GatewayId, NoticeId};
use stalegate::model::fact::Fact;
use stalegate::time::SimTime;

use crate::page::hold;
use crate::support::{Facts, compared, distributed, float, from_facts, is_within, mean_is, scenario_with};

/// Calls of a user at a gateway, a second.
const RATE: f64 = 0.5;

/// All users are disabled at 30 s. Nothing but the bus takes time.
const DISABLED: &str = r#"
schema = 1
name = "exposure"
[run]
duration = "60s"
seed = 81
replications = 10
[network]
gateway_idp = "0s"
gateway_backend = "0s"
[idp]
token_lifetime = "365d"
[control_plane]
delay = "0s"
[gateway]
nodes = 2
overhead = "0s"
[gateway.inbound]
validation = "jwt"
[[api]]
name = "orders"
validation = "ideal"
service_time = "0s"
[[client]]
name = "shop"
apis = ["orders"]
users = 500
arrivals = { process = "poisson", rate = "500/s" }
[[fault]]
name = "leave"
kind = "user-disabled"
client = "shop"
users = 500
at = "30s"
[[policy]]
name = "policy"
"#;

/// How long the run goes on after the revocations.
const REST: f64 = 30.0;

/// The exposure of each revocation at each gateway, by gateway, in seconds.
fn by_gateway(facts: &Facts, gateways: usize) -> Vec<Vec<f64>> {
    let mut revoked: BTreeMap<NoticeId, SimTime> = BTreeMap::new();
    let mut last: BTreeMap<(GatewayId, NoticeId), SimTime> = BTreeMap::new();
    for (at, fact) in &facts.0 {
        match fact {
            Fact::Revoked { notice, .. } => drop(revoked.insert(*notice, *at)),
            Fact::ServedRevoked { by, gateway, validated } => drop(last.insert((*gateway, *by), *validated)),
            _ => {}
        }
    }
    let exposure = |gateway, (notice, at): (&NoticeId, &SimTime)| {
        last.get(&(gateway, *notice)).map_or(0.0, |last| last.since(*at).as_secs_f64())
    };
    let of = |gateway| revoked.iter().map(|revoked| exposure(gateway, revoked)).collect();
    (0..gateways).map(GatewayId::at).map(of).collect()
}

/// Every exposure at both gateways, in all replications.
fn exposures(overrides: &[&str]) -> Vec<f64> {
    let runs = from_facts(&scenario_with(DISABLED, overrides), |facts| by_gateway(facts, 2).concat());
    let all = runs.concat();
    assert_eq!(all.len(), 10 * 2 * 500);
    all
}

/// The mean of X, where the gateway hears of it after `d`.
fn of_delay(d: f64, rate: f64) -> f64 {
    d + libm::expm1(-rate * d) / rate
}

/// The mean of X, where that takes an exponential time of mean m: E[D] − (1 − E[e^(−λD)])/λ = m − (1 − 1/(1 + λm))/λ.
fn of_exponential_delay(m: f64) -> f64 {
    m * RATE * m / (1.0 + RATE * m)
}

#[test]
fn exposure_is_the_delay_less_the_time_back_to_the_last_call() {
    let constant = exposures(&["bus.delay=2s"]);
    let exponential = exposures(&["bus.delay={ dist = \"exponential\", mean = \"3s\" }"]);
    let at_once = exposures(&["bus.delay=0s"]);
    assert!(at_once.iter().all(|exposure| *exposure <= 0.0));
    assert!(constant.iter().all(|exposure| *exposure < 2.0));
    // No call within D; and where there is one, its distribution.
    let n = float(constant.len());
    let none = libm::exp(-RATE * 2.0);
    let (zeros, rest): (Vec<f64>, Vec<f64>) = constant.iter().partition(|exposure| **exposure <= 0.0);
    let below = |x: f64| (libm::exp(-RATE * (2.0 - x)) - none) / (1.0 - none);
    hold(
        "Exposure is the delay less the time back to the last call",
        &[
            mean_is("2 s", &constant, of_delay(2.0, RATE)),
            mean_is("exponential, 3 s", &exponential, of_exponential_delay(3.0)),
            is_within("without any", float(zeros.len()), n * none, libm::sqrt(n * none * (1.0 - none))),
            distributed("the others", &rest, below),
        ],
    );
}

#[test]
fn a_lost_event_leaves_the_rest_of_the_run() {
    let claims = [0.1, 0.5, 1.0].map(|loss| {
        let all = exposures(&["bus.delay=2s", &format!("bus.loss={loss:?}")]);
        let theory = (1.0 - loss) * of_delay(2.0, RATE) + loss * of_delay(REST, RATE);
        mean_is(&format!("loss {loss}"), &all, theory)
    });
    hold("A lost event leaves the rest of the run", &claims);
}

#[test]
fn repeated_deliveries_leave_a_geometric_number_of_gaps() {
    // Lost k times with probability (1 − p)p^k: D = 1 s + k × 2 s. The run is long enough for all that matter: 0.4^14.
    let overrides = ["bus.delay=1s", "bus.loss=0.4", "bus.delivery=at-least-once", "bus.redeliver=2s"];
    let term = |k: u32| 0.6 * libm::pow(0.4, f64::from(k)) * of_delay(1.0 + 2.0 * f64::from(k), RATE);
    hold(
        "Repeated deliveries leave a geometric number of gaps",
        &[mean_is("repeated", &exposures(&overrides), (0..14).map(term).sum())],
    );
}

#[test]
fn a_gateway_that_does_not_listen_is_exposed_for_the_rest_of_the_run() {
    let overrides = ["gateway.inbound.revocation_events=[\"gateway-2\"]", "bus.delay=2s"];
    let runs = from_facts(&scenario_with(DISABLED, &overrides), |facts| by_gateway(facts, 2));
    let of = |gateway: usize| runs.iter().flat_map(|run| run[gateway].clone()).collect::<Vec<f64>>();
    hold(
        "A gateway that does not listen is exposed for the rest of the run",
        &[mean_is("deaf", &of(0), of_delay(REST, RATE)), mean_is("listening", &of(1), of_delay(2.0, RATE))],
    );
}

#[test]
fn accepted_calls_on_revoked_tokens_are_poisson_in_the_delay() {
    // λ × D calls of each user at each gateway: the variance of the sum is its mean.
    let accepted = from_facts(&scenario_with(DISABLED, &["bus.delay=2s"]), |facts| {
        float(facts.0.iter().filter(|(_, fact)| matches!(fact, Fact::ServedRevoked { .. })).count())
    });
    let theory = 10.0 * 2.0 * 500.0 * RATE * 2.0;
    hold(
        "Accepted calls on revoked tokens are Poisson in the delay",
        &[is_within("accepted", accepted.iter().sum(), theory, libm::sqrt(theory))],
    );
}

/// One user, who is disabled at 20 s; each of 100 gateways reads the state every 10 s, and no event arrives.
const POLLED: [&str; 9] = [
    "gateway.nodes=100",
    "client.shop.users=1",
    "client.shop.arrivals.rate=50/s",
    "fault.leave.users=1",
    "fault.leave.at=20s",
    "bus.loss=1.0",
    "policy.policy.base=event-purge",
    "policy.policy.events.catch_up=poll",
    "policy.policy.events.poll_every=10s",
];

#[test]
fn a_poll_is_a_uniform_delay() {
    // D is uniform in (0, P): E[X] = P/2 − (1 − (1 − e^(−λP))/(λP))/λ.
    let runs = from_facts(&scenario_with(DISABLED, &[&POLLED[..], &["run.replications=40"]].concat()), |facts| {
        let heard: Vec<f64> =
            facts.0.iter().filter(|(_, fact)| matches!(fact, Fact::Delivered { .. })).map(wait).collect();
        (by_gateway(facts, 100).concat(), heard)
    });
    let all: Vec<f64> = runs.iter().flat_map(|run| run.0.clone()).collect();
    let waits: Vec<f64> = runs.iter().flat_map(|run| run.1.clone()).collect();
    assert_eq!((all.len(), waits.len()), (4_000, 4_000));
    let p = 10.0;
    let theory = p / 2.0 - (1.0 + libm::expm1(-RATE * p) / (RATE * p)) / RATE;
    hold(
        "A poll is a uniform delay",
        &[mean_is("exposure", &all, theory), distributed("wait for the poll", &waits, |x| (x / p).clamp(0.0, 1.0))],
    );
}

/// From the revocation at 20 s to a fact.
fn wait((at, _): &(SimTime, Fact)) -> f64 {
    at.since(SimTime(20_000_000_000)).as_secs_f64()
}

#[test]
fn a_kept_answer_is_exposed_until_the_sweep() {
    // Opaque tokens, no events. From sweep to sweep: the first call after one that dropped the answer comes after B, and its
    // answer is kept until the first sweep C later, at L = ⌈(B + C)/S⌉ S. The revocation comes at a uniform instant of such a
    // cycle. With r of the kept time left the exposure is as if the gateway heard of it after r; over the kept part L − B:
    //   E[X] = E[G(L − B)] / E[L], G(x) = ∫ from 0 to x of (r − (1 − e^(−λr))/λ) dr = x²/2 − x/λ + (1 − e^(−λx))/λ².
    let (ttl, sweep) = (8.0, 5.0);
    let area = |x: f64| x * x / 2.0 - x / RATE - libm::expm1(-RATE * x) / (RATE * RATE);
    let (mut kept, mut cycle) = (0.0, 0.0);
    // B by the midpoints of its quantiles, which is exact enough: the integrands are bounded.
    let parts = 200_000_u32;
    for part in 0..parts {
        let first_call = -libm::log((f64::from(part) + 0.5) / f64::from(parts)) / RATE;
        let dropped = libm::ceil((first_call + ttl) / sweep) * sweep;
        kept += area(dropped - first_call);
        cycle += dropped;
    }
    let overrides = [
        "gateway.inbound.validation=introspect",
        "gateway.inbound.revocation_events=false",
        "gateway.inbound.cache_ttl=8s",
        "gateway.inbound.cache_sweep=5s",
        "idp.introspection_service=0s",
        "gateway.nodes=20",
        "client.shop.users=50",
        "client.shop.arrivals.rate=500/s",
        "fault.leave.users=50",
        "fault.leave.at=100s",
        "run.duration=120s",
        "run.replications=20",
    ];
    // Users of one gateway share its sweeps: its mean is one value.
    let means = from_facts(&scenario_with(DISABLED, &overrides), |facts| {
        let all = by_gateway(facts, 20);
        assert!(all.iter().flatten().all(|exposure| *exposure < ttl + sweep));
        all.iter().map(|of| of.iter().sum::<f64>() / float(of.len())).collect::<Vec<f64>>()
    });
    hold("A kept answer is exposed until the sweep", &[mean_is("kept answers", &means.concat(), kept / cycle)]);
}

/// Users whose good token a gateway refused.
fn falsely_refused(facts: &Facts) -> usize {
    let mut refused = BTreeSet::new();
    for pair in facts.0.windows(2) {
        if let [(_, Fact::FalselyRefused { .. }), (_, Fact::Calls(calls))] = pair {
            refused.insert(calls.client_and_user());
        }
    }
    refused.len()
}

#[test]
fn a_login_within_the_second_of_the_event_is_refused() {
    // The event is at φ of a second, φ uniform over runs, and the login R later, R uniform in (0, w): refused if φ + R < 1.
    // An event in the first millisecond of its second refuses nobody, for it is written down as the full second. So
    //   P = ∫ from 1 ms to 1 s of min(1 − φ, w) dφ / w: 0.999 − w/2 for w ≤ 1, and 0.999²/(2w) for w ≥ 1.
    let claims = [0.5, 1.0, 4.0].map(|w: f64| {
        let overrides = [
            "client.shop.users=50".to_owned(),
            "client.shop.arrivals.rate=100/s".to_owned(),
            "fault.leave.users=50".to_owned(),
            "fault.leave.kind=password-change".to_owned(),
            format!("client.shop.relogin={{ dist = \"uniform\", min = \"0s\", max = \"{w}s\" }}"),
            "run.replications=400".to_owned(),
        ];
        let scenario = scenario_with(DISABLED, &overrides.each_ref().map(String::as_str));
        let shares = from_facts(&scenario, |facts| float(falsely_refused(facts)) / 50.0);
        let theory = if w <= 1.0 { 0.999 - w / 2.0 } else { 0.999 * 0.999 / (2.0 * w) };
        mean_is(&format!("logins within {w} s"), &shares, theory)
    });
    hold("A login within the second of the event is refused", &claims);
}

#[test]
fn a_login_of_a_later_second_is_never_refused() {
    let overrides = ["fault.leave.kind=password-change", "client.shop.relogin=1s", "run.replications=3"];
    let scenario = scenario_with(DISABLED, &overrides);
    assert!(from_facts(&scenario, falsely_refused).into_iter().all(|refused| refused == 0));
    let comparison = compared(&scenario);
    assert!(comparison.mean(0, "failed.inbound-refused") > 0.0);
}

/// What both means are made of.
#[test]
fn the_formulas_agree_with_each_other() {
    // Of a constant delay, averaged over the quantiles of an exponential one.
    let parts = 100_000_u32;
    let quantile = |part: u32| -3.0 * libm::log((f64::from(part) + 0.5) / f64::from(parts));
    let mean = (0..parts).map(|part| of_delay(quantile(part), RATE)).sum::<f64>() / f64::from(parts);
    assert!((mean - of_exponential_delay(3.0)).abs() < 1e-3, "{mean}");
}
