//! How often a lane asks the IdP for a token: a renewal process whose cycle is U + Exp(λ) + q.

use statrs::distribution::{ContinuousCDF, Gamma};

use crate::page::hold;
use crate::support::{compared, is_within, mean_is, scenario_with};

const U: f64 = 7.0;
const RATE: f64 = 0.2;
/// The service and both ways on the network.
const Q: f64 = 0.5;
const NODES: f64 = 50.0;

const LANES: &str = r#"
schema = 1
name = "lanes"
[run]
duration = "60s"
start = "cold"
seed = 12
replications = 60
[network]
gateway_idp = "100ms"
[idp]
token_service = "300ms"
[gateway]
nodes = 50
overhead = "0s"
[[api]]
name = "orders"
validation = "ideal"
[[client]]
name = "shop"
apis = ["orders"]
arrivals = { process = "poisson", rate = "10/s" }
[[policy]]
name = "policy"
[policy.lifetime]
rule = "fixed"
after = "7s"
"#;

/// Mean and variance of the number of token requests of one lane by `t` after a cold start. The first goes out after Exp(λ),
/// the k-th after an Erlang time of k stages and k − 1 times U + q.
fn cold_start(t: f64) -> (f64, f64) {
    let by = |k: u32| {
        let left = t - f64::from(k - 1) * (U + Q);
        if left > 0.0 { Gamma::new(f64::from(k), RATE).expect("a shape and a rate").cdf(left) } else { 0.0 }
    };
    let most = 1..=200;
    let mean: f64 = most.clone().map(by).sum();
    let square: f64 = most.map(|k| f64::from(2 * k - 1) * by(k)).sum();
    (mean, square - mean * mean)
}

#[test]
fn after_a_cold_start_token_requests_add_up_as_the_renewal_sum_says() {
    let claims = [3, 9, 17, 60].map(|duration| {
        let comparison = compared(&scenario_with(LANES, &[&format!("run.duration={duration}s")]));
        let requests = comparison.values(0, "idp_token_requests");
        let lanes = NODES * f64::from(comparison.finished());
        // A request counts when it reaches the IdP.
        let (mean, variance) = cold_start(f64::from(duration) - 0.1);
        let seen = requests.iter().sum::<f64>() / lanes;
        is_within(&format!("requests of a lane by {duration} s"), seen, mean, libm::sqrt(variance / lanes))
    });
    hold("After a cold start token requests add up as the renewal sum says", &claims);
}

#[test]
fn in_the_long_run_a_lane_asks_once_a_cycle() {
    let cycle = U + 1.0 / RATE + Q;
    let overrides = ["run.duration=2000s", "run.warmup=200s", "run.replications=10"];
    let claims = ["cold", "warm"].map(|start| {
        let start = format!("run.start={start}");
        let comparison = compared(&scenario_with(LANES, &[&overrides[..], &[&start]].concat()));
        let lanes = NODES * f64::from(comparison.finished());
        let seen = comparison.values(0, "idp_token_requests").iter().sum::<f64>() / lanes / 1_800.0;
        // The variance of a renewal count grows by that of a cycle over the cube of its mean.
        let variance = 1_800.0 / (RATE * RATE * cycle * cycle * cycle);
        is_within(&start, seen, 1.0 / cycle, libm::sqrt(variance / lanes) / 1_800.0)
    });
    hold("In the long run a lane asks once a cycle", &claims);
}

#[test]
fn calls_wait_for_the_token_request_in_the_air() {
    // A cycle has 1 + λ(U + q) calls. The first waits q; the λq that come while its request is in the air wait q/2 in the mean.
    let overrides = ["run.duration=2000s", "run.warmup=200s", "run.replications=20", "api.orders.service_time=0s"];
    let comparison = compared(&scenario_with(LANES, &overrides));
    let calls = 1.0 + RATE * (U + Q);
    let waits = (Q + RATE * Q * Q / 2.0) / calls;
    // Both ways to the backend, of 1 ms each.
    let theory = 1e3 * waits + 2.0;
    hold(
        "Calls wait for the token request in the air",
        &[mean_is("latency", comparison.values(0, "latency_mean_ms"), theory)],
    );
}
