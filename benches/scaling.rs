//! How the time of a world grows with calls, gateways and users, and that of an experiment with replications and threads: the
//! median of several runs, and the slope of its logarithm between the first and the last size.
//!
//! `cargo bench --bench scaling`; an argument picks a table: calls, gateways, users, replications, threads.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a bench measures real time, and shows it")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use stalegate::experiment::play::{play, scope};
use stalegate::metric::Collectors;
use stalegate::scenario::{self, Scenario};

/// Runs of each size, of which the median counts.
const RUNS: usize = 5;

/// The wso2-4557 case with an `ideal` backend, an hour long around its restart, under one policy.
fn world(settings: &[(&str, String)]) -> Scenario {
    let mut overrides = vec![
        "run.duration=\"1h\"".to_owned(),
        "run.replications=1".to_owned(),
        "api.orders.validation=\"ideal\"".to_owned(),
    ];
    overrides.extend(settings.iter().map(|(path, value)| format!("{path}={value}")));
    let loaded = scenario::load("scenarios/wso2-4557.toml".as_ref(), &overrides, None);
    loaded.unwrap_or_else(|mistakes| panic!("{mistakes:?}")).scenario
}

fn play_one(scenario: &Scenario, policy: &str, replication: u32) {
    let policy = scenario.policies.iter().position(|named| named.name == policy).expect("the scenario has it");
    let mut collectors = Collectors::new(scope(scenario, policy));
    let played = play(scenario, policy, replication, &mut collectors, &AtomicBool::new(false));
    black_box(played.expect("nobody asks to stop").events);
    black_box(collectors.values());
}

fn median(mut run: impl FnMut()) -> Duration {
    run();
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let begin = Instant::now();
            run();
            begin.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[RUNS / 2]
}

/// One line: the times by size, and the slope.
fn row(name: &str, sizes: &[u32], time: impl Fn(u32) -> Duration) {
    let times: Vec<Duration> = sizes.iter().map(|size| time(*size)).collect();
    let mut line = format!("| {name} |");
    for time in &times {
        let _ = write!(line, " {:.2} |", time.as_secs_f64() * 1e3);
    }
    let (first, last) = (times[0].as_secs_f64(), times[times.len() - 1].as_secs_f64());
    let slope = (last / first).ln() / (f64::from(sizes[sizes.len() - 1]) / f64::from(sizes[0])).ln();
    println!("{line} {slope:.2} |");
}

fn head(what: &str, sizes: &[u32]) {
    println!("\n| {what}; ms | {} | slope |", sizes.iter().map(u32::to_string).collect::<Vec<_>>().join(" | "));
    println!("|---|{}---|", "---|".repeat(sizes.len()));
}

fn calls() {
    let sizes = [50, 500, 5_000, 50_000];
    head("calls/s", &sizes);
    for policy in ["ttl-only", "event-purge", "short-expiry", "reactive-retry"] {
        for (calls, sizes) in [("each", &sizes[..3]), ("counted", &sizes[..])] {
            let settings = |rate: u32| {
                [("client.shop.arrivals.rate", format!("\"{rate}/s\"")), ("run.calls", format!("\"{calls}\""))]
            };
            row(&format!("{policy}, {calls}"), sizes, |rate| {
                let scenario = world(&settings(rate));
                median(|| play_one(&scenario, policy, 0))
            });
        }
    }
}

fn gateways() {
    let sizes = [4, 40, 400, 4_000];
    head("gateways, 400 calls/s in all", &sizes);
    for calls in ["each", "counted"] {
        row(calls, &sizes, |nodes| {
            let rate = ("client.shop.arrivals.rate", "\"400/s\"".to_owned());
            let scenario = world(&[rate, ("gateway.nodes", nodes.to_string()), ("run.calls", format!("\"{calls}\""))]);
            median(|| play_one(&scenario, "ttl-only", 0))
        });
    }
}

fn users() {
    let sizes = [100, 10_000, 1_000_000];
    head("users, 40 calls/s in all", &sizes);
    row("each", &sizes, |users| {
        let rate = ("client.shop.arrivals.rate", "\"40/s\"".to_owned());
        let scenario = world(&[rate, ("client.shop.users", users.to_string())]);
        median(|| play_one(&scenario, "ttl-only", 0))
    });
}

fn replications() {
    let sizes = [1, 10, 100];
    head("replications, 4 calls/s", &sizes);
    let scenario = world(&[]);
    row("each", &sizes, |replications| {
        median(|| (0..replications).for_each(|replication| play_one(&scenario, "hybrid", replication)))
    });
}

fn threads() {
    let scenario = world(&[("client.shop.arrivals.rate", "\"40/s\"".to_owned())]);
    let time = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        median(|| pool.install(|| (0..32_u32).into_par_iter().for_each(|n| play_one(&scenario, "hybrid", n))))
    };
    let (one, two) = (time(1).as_secs_f64(), time(2).as_secs_f64());
    println!("\n32 worlds: one thread {:.0} ms, two {:.0} ms: {:.2} times as fast", one * 1e3, two * 1e3, one / two);
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let tables: [(&str, fn()); 5] = [
        ("calls", calls),
        ("gateways", gateways),
        ("users", users),
        ("replications", replications),
        ("threads", threads),
    ];
    for (name, table) in tables {
        if asked.is_empty() || asked.iter().any(|argument| argument == name) {
            table();
        }
    }
}
