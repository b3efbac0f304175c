//! The memory of a run does not depend on its length.

mod common;

use std::sync::Arc;

use stalegate::engine::{Engine, Fifo};
use stalegate::model::World;
use stalegate::model::fact::Blind;
use stalegate::time::SimTime;

/// Restarts, revocations, timeouts and retries, again and again.
const BUSY: &str = r#"
name = "busy"
[run]
duration = "DURATION"
[gateway]
nodes = 4
[idp]
workers = 4
queue = 50
token_lifetime = "20s"
token_service = { dist = "exponential", mean = "20ms" }
restart_event = "at-start"
[[api]]
name = "orders"
introspection_cache = "1s"
[[api]]
name = "bills"
validation = "ideal"
forbidden_ratio = 0.01
[[client]]
name = "shop"
apis = ["orders", "bills"]
arrivals = { process = "poisson", rate = "200/s" }
timeout = "1s"
retry = { attempts = 1, backoff = "500ms" }
[[client]]
name = "people"
apis = ["orders"]
arrivals = { process = "closed", users = 20, think = "1s" }
[[fault]]
name = "restart"
kind = "idp-restart"
at = "30s"
every = "1min"
down = "5s"
[[fault]]
name = "gateway"
kind = "gateway-restart"
at = "45s"
every = "1min"
down = "3s"
[[policy]]
name = "ttl-only"
[[policy]]
name = "hybrid"
base = "hybrid"
[[policy]]
name = "each-for-itself"
base = "refresh-ahead"
[policy.fetch]
single_flight = "none"
timeout = "1s"
[policy.rejection]
statuses = [401, 403]
[[policy]]
name = "store"
base = "tyk-upstream-oauth"
"#;

/// The most events to come and the most in flight in the run's last half.
fn peaks(duration: &str, policy: usize) -> (usize, usize) {
    let scenario = common::scenario(&BUSY.replace("DURATION", duration)).scenario;
    let rules = Arc::new(scenario.policies[policy].policy.clone());
    let end = SimTime::ZERO + scenario.world.run.duration;
    let mut engine = Engine::new(Fifo, |s| World::new(Arc::clone(&scenario.world), rules, 0, Blind, s));
    let (mut pending, mut in_flight) = (0, 0);
    while engine.step(SimTime(end.0 - 1)).is_some() {
        if engine.now().0 >= end.0 / 2 {
            pending = pending.max(engine.pending());
            in_flight = in_flight.max(engine.model.in_flight());
        }
    }
    (pending, in_flight)
}

#[test]
fn ten_times_the_length_takes_the_same_memory() {
    for policy in 0..4 {
        let (short, long) = (peaks("4min", policy), peaks("40min", policy));
        let about = |short: usize, long: usize| 2 * long <= 3 * short + 20;
        assert!(about(short.0, long.0), "policy {policy}: events to come {} and {}", short.0, long.0);
        assert!(about(short.1, long.1), "policy {policy}: in flight {} and {}", short.1, long.1);
    }
}
