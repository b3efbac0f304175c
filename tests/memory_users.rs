//! A million users with tokens of their own fit 200 MiB: each costs bytes. A binary of its own: the peak is that of its process.

#![cfg(target_os = "linux")]

mod common;

use std::sync::Arc;

use stalegate::engine::{Engine, Fifo};
use stalegate::experiment::play::scope;
use stalegate::metric::Collectors;
use stalegate::model::World;
use stalegate::time::SimTime;

/// All log in again at 20 s, after one event; later a thousand are disabled, an event each.
const MILLION: &str = r#"
name = "million"
[run]
duration = "1min"
[idp]
token_lifetime = "1h"
[gateway]
nodes = 2
[gateway.inbound]
validation = "jwt"
[[api]]
name = "orders"
validation = "ideal"
[[client]]
name = "shop"
apis = ["orders"]
users = 1000000
arrivals = { process = "poisson", rate = "2000/s" }
relogin = { dist = "uniform", min = "0s", max = "10s" }
[[fault]]
name = "key"
kind = "credentials-revoked"
client = "shop"
at = "20s"
[[fault]]
name = "leave"
kind = "user-disabled"
client = "shop"
users = 1000
at = "40s"
[[policy]]
name = "ttl-only"
"#;

/// The most memory that this process ever had, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the peak of the resident set");
    let kib = line.split_whitespace().nth(1).expect("a number").parse::<u64>().expect("a number");
    kib / 1024
}

/// Plays it; the peak with all users, and the peak of the run.
fn peaks(validation: &str) -> (u64, u64) {
    let scenario = common::scenario(&MILLION.replace("\"jwt\"", validation)).scenario;
    let rules = Arc::new(scenario.policies[0].policy.clone());
    let observer = Collectors::new(scope(&scenario, 0));
    let mut engine = Engine::new(Fifo, |s| World::new(Arc::clone(&scenario.world), rules, 0, observer, s));
    let users = peak_mib();
    engine.run(SimTime(20_000_000_001), u64::MAX);
    assert!(engine.pending() > 900_000, "all log in again: {}", engine.pending());
    engine.run(SimTime(60_000_000_000), u64::MAX);
    engine.model.close();
    (users, peak_mib())
}

#[test]
fn a_million_users_with_tokens_stay_within_200_mib() {
    let before = peak_mib();
    let (users, peak) = peaks("\"jwt\"");
    assert!(users - before < 40, "a million users cost {} MiB", users - before);
    assert!(peak <= 200, "{peak} MiB");
    let (_, peak) = peaks("\"introspect\"");
    assert!(peak <= 200, "{peak} MiB");
}
