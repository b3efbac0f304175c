//! The IdP as a queue. Under `no-cache` every call asks for a token, so that requests come as a Poisson process.

use stalegate::model::erlang_c;

use crate::page::hold;
use crate::support::{Claim, compared, mean_is, scenario_with};

/// Legs that are all different: what a formula forgets shows.
const QUEUE: &str = r#"
schema = 1
name = "queue"
[run]
duration = "660s"
warmup = "60s"
seed = 13
replications = 30
[network]
client_gateway = "3ms"
gateway_idp = "5ms"
gateway_backend = "7ms"
[idp]
token_service = { dist = "exponential", mean = "20ms" }
queue = 100000
[gateway]
overhead = "11ms"
[[api]]
name = "orders"
validation = "ideal"
service_time = "13ms"
[[client]]
name = "shop"
apis = ["orders"]
arrivals = { process = "poisson", rate = "35/s" }
[[policy]]
name = "policy"
base = "no-cache"
"#;

/// Both ways to the client, the overhead, both ways to the IdP, both ways to the backend and its service.
const LEGS_MS: f64 = 2.0 * 3.0 + 11.0 + 2.0 * 5.0 + 2.0 * 7.0 + 13.0;
const SERVICE_MS: f64 = 20.0;

/// The mean wait of M/M/c, in ms.
fn wait_ms(c: u32, per_s: f64) -> f64 {
    let a = per_s * SERVICE_MS / 1e3;
    erlang_c(c, a) * SERVICE_MS / (f64::from(c) - a)
}

/// The loss of M/M/c with so many places to wait.
fn blocking(c: u32, places: u32, a: f64) -> f64 {
    let mut weights = vec![1.0];
    for n in 1..=c + places {
        weights.push(weights[weights.len() - 1] * a / f64::from(n.min(c)));
    }
    weights[weights.len() - 1] / weights.iter().sum::<f64>()
}

fn latency_and_load(what: &str, workers: u32, per_s: f64, wait_ms: f64, overrides: &[&str]) -> [Claim; 2] {
    let own = [format!("idp.workers={workers}"), format!("client.shop.arrivals.rate={per_s}/s")];
    let own: Vec<&str> = own.iter().map(String::as_str).chain(overrides.iter().copied()).collect();
    let comparison = compared(&scenario_with(QUEUE, &own));
    let load = per_s * SERVICE_MS / 1e3 / f64::from(workers);
    [
        mean_is(&format!("latency, {what}"), comparison.values(0, "latency_mean_ms"), LEGS_MS + SERVICE_MS + wait_ms),
        mean_is(&format!("utilisation, {what}"), comparison.values(0, "idp_utilisation"), load),
    ]
}

#[test]
fn the_erlang_formulas_have_their_tabled_values() {
    assert!((erlang_c(1, 0.7) - 0.7).abs() < 1e-12);
    // Two workers: C = 2ρ²/(1 + ρ).
    assert!((erlang_c(2, 1.2) - 2.0 * 0.36 / 1.6).abs() < 1e-12);
    // One worker, nobody waits: Erlang's loss a/(1 + a).
    assert!((blocking(1, 0, 2.0) - 2.0 / 3.0).abs() < 1e-12);
}

#[test]
fn waits_at_the_idp_are_those_of_erlang_and_of_pollaczek_and_khinchine() {
    let single = latency_and_load("M/M/1", 1, 35.0, wait_ms(1, 35.0), &[]);
    let several = latency_and_load("M/M/3", 3, 120.0, wait_ms(3, 120.0), &["run.duration=360s"]);
    let constant = wait_ms(1, 35.0) / 2.0;
    let constant = latency_and_load("M/D/1", 1, 35.0, constant, &["idp.token_service=20ms"]);
    // Pollaczek and Khinchine with a coefficient of variation of 1/2.
    let lognormal = wait_ms(1, 35.0) * (1.0 + 0.25) / 2.0;
    let service = "idp.token_service={ dist = \"lognormal\", mean = \"20ms\", cv = 0.5 }";
    let lognormal = latency_and_load("M/G/1", 1, 35.0, lognormal, &[service]);
    hold(
        "Waits at the IdP are those of Erlang and of Pollaczek and Khinchine",
        &[single, several, constant, lognormal].concat(),
    );
}

#[test]
fn a_full_queue_turns_away_as_many_as_the_finite_queue_loses() {
    let claims = [(1, 0, 40.0), (1, 4, 45.0), (3, 2, 150.0), (2, 8, 150.0)].map(|(workers, places, per_s)| {
        let overrides = [
            format!("idp.workers={workers}"),
            format!("idp.queue={places}"),
            format!("client.shop.arrivals.rate={per_s}/s"),
            "run.duration=260s".to_owned(),
        ];
        let comparison = compared(&scenario_with(QUEUE, &overrides.each_ref().map(String::as_str)));
        let (busy, all) = (comparison.values(0, "idp_busy"), comparison.values(0, "idp_token_requests"));
        let shares: Vec<f64> = busy.iter().zip(all).map(|(busy, all)| busy / all).collect();
        let theory = blocking(workers, places, per_s * SERVICE_MS / 1e3);
        mean_is(&format!("M/M/{workers} with {places} places"), &shares, theory)
    });
    hold("A full queue turns away as many as the finite queue loses", &claims);
}
