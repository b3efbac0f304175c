//! What a restart of the IdP that kills every token costs, with a backend that knows the truth.
//!
//! U: usable time, λ: calls of a lane a second, q: time of a token request, C = U + 1/λ + q: mean cycle of a cache entry,
//! D: how long the IdP is away, M = U − D. In the long run an entry of any residual time in (0, U) has density 1/C.

use stalegate::model::fact::Fact;
use stalegate::oauth::Outcome;
use stalegate::time::SimTime;

use crate::page::hold;
use crate::support::{
    Claim, compared, distributed, exponential, float, from_facts, is_within, mean_is, scenario, scenario_with,
};

const U: f64 = 20.0;
const RATE: f64 = 0.1;
const Q: f64 = 0.5;
const C: f64 = U + 1.0 / RATE + Q;
const D: f64 = 4.0;
const M: f64 = U - D;

/// Ten restarts, five minutes and so ten cycles apart: by then a lane has forgotten the last one (its first harmonic is down to 0.44^10).
/// No network, so that no token is on the wire when its epoch ends.
const RESTARTS: &str = r#"
schema = 1
name = "restarts"
[run]
duration = "3300s"
seed = 11
replications = 30
[network]
gateway_idp = "0s"
gateway_backend = "0s"
[idp]
token_lifetime = "21s"
token_service = "500ms"
restart_event = "at-start"
[control_plane]
delay = "0s"
[bus]
delay = { dist = "exponential", mean = "3s" }
[gateway]
nodes = 100
overhead = "0s"
[[api]]
name = "orders"
validation = "ideal"
reject_status = 401
service_time = "0s"
[[client]]
name = "shop"
apis = ["orders"]
arrivals = { process = "poisson", rate = "10/s" }
[[fault]]
name = "restart"
kind = "idp-restart"
at = "300s"
every = "300s"
down = "4s"
[[policy]]
name = "policy"
"#;

const WINDOWS: f64 = 10.0;

/// Of a restart, without events.
fn ttl_only(u: f64, c: f64) -> f64 {
    (u - D) * (u - D) / (2.0 * c)
}

/// Of a restart, with events of exponential delay `d` that are lost with probability `p`.
fn event_purge(d: f64, p: f64) -> f64 {
    (1.0 - p) * d / C * (M - d * -libm::expm1(-M / d)) + p * ttl_only(U, C)
}

#[test]
fn under_ttl_only_stale_tokens_outlive_ready_by_m_squared_over_two_cycles() {
    let comparison = compared(&scenario(RESTARTS));
    hold(
        "Under TTL only stale tokens outlive ready by m squared over two cycles",
        &[mean_is("ten windows", comparison.values(0, "stale_after_ready_s"), WINDOWS * ttl_only(U, C))],
    );
}

#[test]
fn with_long_tokens_and_busy_lanes_stale_tokens_outlive_ready_by_half_the_residual_lifetime() {
    let comparison = compared(&scenario_with(
        RESTARTS,
        &[
            "run.duration=9100s",
            "run.replications=25",
            "gateway.nodes=20",
            "idp.token_lifetime=1h",
            "client.shop.arrivals.rate=4/s",
            "fault.restart.at=5400s",
            "fault.restart.every=2h",
            "fault.restart.down=36s",
        ],
    ));
    // (L − D)²/(2L) is what M²/(2C) comes to, but for two parts in a thousand.
    let theory = (3600.0 - 36.0) * (3600.0 - 36.0) / (2.0 * 3600.0);
    hold(
        "With long tokens and busy lanes stale tokens outlive ready by half the residual lifetime",
        &[mean_is("one window", comparison.values(0, "stale_after_ready_s"), theory)],
    );
}

#[test]
fn failures_after_ready_are_poisson_given_the_stale_time() {
    // One lane, ten times as busy: each replication is one pair of (stale time, failures).
    let overrides = ["run.replications=1000", "run.duration=330s", "gateway.nodes=1", "client.shop.arrivals.rate=1/s"];
    let comparison = compared(&scenario_with(RESTARTS, &overrides));
    hold(
        "Failures after ready are Poisson given the stale time",
        &poisson_given(comparison.values(0, "failed_after_restart"), comparison.values(0, "stale_after_ready_s"), 1.0),
    );
}

/// Counts that are Poisson with mean rate × time: their sum, and the sum of their squared deviations, whose mean is the sum
/// of the means m and whose variance is the sum of m + 2m².
fn poisson_given(counts: &[f64], times: &[f64], rate: f64) -> Vec<Claim> {
    let means: Vec<f64> = times.iter().map(|time| rate * time).collect();
    let deviations = counts.iter().zip(&means).map(|(n, m)| (n - m) * (n - m)).sum();
    let total: f64 = means.iter().sum();
    let spread: f64 = means.iter().map(|m| m + 2.0 * m * m).sum();
    assert!(counts.iter().zip(&means).all(|(n, m)| *m > 0.0 || *n < 1.0), "no failure without a stale token");
    vec![
        is_within("failures", counts.iter().sum(), total, libm::sqrt(total)),
        is_within("squared deviations", deviations, total, libm::sqrt(spread)),
    ]
}

#[test]
fn events_at_start_leave_the_stale_time_that_their_delay_and_their_loss_predict() {
    let claims = [0.0, 0.3, 1.0].map(|loss| {
        let overrides = [
            "policy.policy.base=event-purge".to_owned(),
            format!("bus.loss={loss:?}"),
            "run.replications=20".to_owned(),
        ];
        let comparison = compared(&scenario_with(RESTARTS, &overrides.each_ref().map(String::as_str)));
        let values = comparison.values(0, "stale_after_ready_s");
        mean_is(&format!("loss {loss}"), values, WINDOWS * event_purge(3.0, loss))
    });
    hold("Events at start leave the stale time that their delay and their loss predict", &claims);
}

#[test]
fn resending_on_the_backends_status_leaves_no_downtime_after_a_restart() {
    let comparison = compared(&scenario_with(RESTARTS, &["policy.policy.base=reactive-retry", "run.replications=5"]));
    let zero = |name: &str| assert!(comparison.values(0, name).iter().all(|value| *value <= 0.0), "{name}");
    zero("downtime_after_restart_s");
    zero("failed_after_restart");
    zero("failed.stale-token");
    assert!(comparison.mean(0, "failed.idp-down") > 0.0, "while the IdP is away calls fail");
}

#[test]
fn the_only_failures_of_a_resending_lane_after_ready_were_turned_away_before_it() {
    // A starting node answers, and its 503 is on the wire for 200 ms; the front sends requests to it.
    let overrides = [
        "policy.policy.base=reactive-retry",
        "run.replications=5",
        "network.gateway_idp=200ms",
        "idp.starting=3s",
        "idp.health_check.of=port",
        "client.shop.arrivals.rate=50/s",
    ];
    let late = from_facts(&scenario_with(RESTARTS, &overrides), |facts| {
        let mut ready = SimTime::NEVER;
        let mut late = Vec::new();
        for (at, fact) in &facts.0 {
            match fact {
                Fact::Ready => ready = *at,
                Fact::RestartStopped => ready = SimTime::NEVER,
                Fact::Calls(calls) if matches!(calls.outcome, Outcome::Failed(_)) && *at >= ready => {
                    late.push(at.since(ready).as_secs_f64());
                }
                _ => {}
            }
        }
        late
    });
    let late = late.concat();
    assert!(!late.is_empty(), "some calls were in service at ready");
    assert!(late.iter().all(|after| *after <= 0.2), "{late:?}");
}

#[test]
fn a_lane_notices_the_restart_after_an_exponential_time() {
    let overrides = ["policy.policy.base=reactive-retry", "run.replications=5", "run.duration=899s"];
    let scenario = scenario_with(RESTARTS, &overrides);
    let waits = from_facts(&scenario, |facts| first_fetches(&facts.0, 100)).concat();
    assert_eq!(waits.len(), 5 * 2 * 100, "every lane asks for a token after every restart");
    hold(
        "A lane notices the restart after an exponential time",
        &[distributed("from ready to the first token request", &waits, exponential(RATE))],
    );
}

/// By restart and holder, how long after ready the holder first asked for a token, in seconds.
fn first_fetches(facts: &[(SimTime, Fact)], holders: usize) -> Vec<f64> {
    let mut waits = Vec::new();
    let mut ready: Option<SimTime> = None;
    let mut seen = vec![false; holders];
    for (at, fact) in facts {
        match fact {
            Fact::Ready => (ready, seen) = (Some(*at), vec![false; holders]),
            Fact::RestartStopped => ready = None,
            Fact::FetchStarted { holder, .. } if !seen[holder.index()] => {
                if let Some(ready) = ready {
                    waits.push(at.since(ready).as_secs_f64());
                    seen[holder.index()] = true;
                }
            }
            _ => {}
        }
    }
    waits
}

#[test]
fn a_stale_entry_is_purged_an_exponential_time_after_a_restart_without_downtime() {
    // Down for a nanosecond, and tokens of a day: every lane holds a stale token at ready, and the first call purges it.
    let overrides = [
        "policy.policy.base=reactive-retry",
        "run.replications=10",
        "run.duration=600s",
        "idp.token_lifetime=365d",
        "fault.restart.every=1h",
        "fault.restart.down=1ns",
    ];
    let waits = from_facts(&scenario_with(RESTARTS, &overrides), |facts| {
        let purges = facts.0.iter().filter(|(_, fact)| matches!(fact, Fact::Purged { .. }));
        purges.map(|(at, _)| at.since(SimTime(300_000_000_001)).as_secs_f64()).collect::<Vec<f64>>()
    });
    let waits = waits.concat();
    assert_eq!(waits.len(), 1_000, "every lane purges once");
    let mean = waits.iter().sum::<f64>() / float(waits.len());
    hold(
        "A stale entry is purged an exponential time after a restart without downtime",
        &[
            distributed("from ready to the purge", &waits, exponential(RATE)),
            is_within("its mean", mean, 1.0 / RATE, 1.0 / RATE / libm::sqrt(float(waits.len()))),
        ],
    );
}

#[test]
fn without_a_cache_no_call_fails_and_each_call_costs_a_token() {
    let mut text = RESTARTS.replace("name = \"policy\"", "name = \"policy\"\nbase = \"no-cache\"");
    let fault = text.find("[[fault]]").expect("there is one")..text.find("[[policy]]").expect("there is one");
    text.replace_range(fault, "");
    // A run may end with calls in the air: those have a token or not.
    let comparison = compared(&scenario_with(&text, &["run.duration=600s", "run.replications=5"]));
    for replication in 0..5 {
        let value = |name: &str| comparison.values(0, name)[replication];
        assert!(value("failed") <= 0.0);
        let calls = value("ok");
        assert!(calls > 5_000.0);
        assert!(value("tokens_issued") - calls <= value("unanswered"), "{} {calls}", value("tokens_issued"));
        assert!(value("tokens_issued") >= calls);
    }
}

#[test]
fn without_a_cache_calls_fail_only_while_the_idp_is_away() {
    let comparison = compared(&scenario_with(RESTARTS, &["policy.policy.base=no-cache", "run.replications=5"]));
    assert!(comparison.values(0, "failed_after_restart").iter().all(|failed| *failed <= 0.0));
    // Those that are born in D, and those that are in service when it begins: Poisson in number.
    let theory = WINDOWS * 10.0 * (D + Q);
    let failed = comparison.values(0, "failed").iter().sum();
    let n = float(comparison.values(0, "failed").len());
    hold(
        "Without a cache calls fail only while the IdP is away",
        &[is_within("failed", failed, n * theory, libm::sqrt(n * theory))],
    );
}
