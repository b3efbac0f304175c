//! Once a run is in its stride, an event allocates nothing. A binary of its own: the allocator counts for all of it.

mod common;

use std::alloc::System;
use std::sync::Arc;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use stalegate::engine::{Engine, Fifo};
use stalegate::experiment::play::scope;
use stalegate::metric::Collectors;
use stalegate::model::World;
use stalegate::time::SimTime;

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const STEADY: &str = r#"
name = "steady"
[run]
duration = "10min"
[idp]
token_lifetime = "10s"
[[api]]
name = "orders"
validation = "introspect"
[[client]]
name = "shop"
apis = ["orders"]
arrivals = { process = "poisson", rate = "100/s" }
retry = { attempts = 1, budget = 0.1 }
[[policy]]
name = "ttl-only"
[[policy]]
name = "refresh-ahead"
base = "refresh-ahead"
"#;

#[test]
fn in_steady_state_fewer_than_one_event_in_a_thousand_allocates() {
    let scenario = common::scenario(STEADY).scenario;
    let end = scenario.world.run.duration.0;
    for policy in 0..2 {
        let rules = Arc::new(scenario.policies[policy].policy.clone());
        let observer = Collectors::new(scope(&scenario, policy));
        let mut engine = Engine::new(Fifo, |s| World::new(Arc::clone(&scenario.world), rules, 0, observer, s));
        engine.run(SimTime(end / 2), u64::MAX);
        let (region, before) = (Region::new(COUNTING), engine.fired());
        engine.run(SimTime(end), u64::MAX);
        let (change, events) = (region.change(), engine.fired() - before);
        let allocations = change.allocations + change.reallocations;
        assert!(events > 100_000, "{events} events");
        assert!(allocations as u64 * 1_000 < events, "policy {policy}: {allocations} allocations in {events} events");
    }
}
