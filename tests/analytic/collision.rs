//! The race for `CON_APP_KEY` (model.md §11).
//!
//! The window w: a request reads for r, sees the table at the end of that, and writes for w. Two requests on two nodes that
//! ask d apart end their reads d apart, and their commits. The second meets the first one's row where its read ended before
//! the first one's commit: d < w, whoever is first. How long a read or the service takes does not matter, and neither does
//! whether the write is the request's own or a pool thread's that is free.

use stalegate::model::fact::Fact;

use crate::page::hold;
use crate::support::{Claim, compared, float, from_facts, is_within, scenario_with};

/// Two threads of an application ask within a spread on two nodes in turn, again and again.
const BURSTS: &str = r#"
schema = 1
name = "bursts"
[run]
duration = "40000s"
seed = 31
replications = 5
[idp]
nodes = 2
[idp.persistence]
mode = "database"
[[api]]
name = "orders"
validation = "ideal"
[[application]]
name = "batch"
api = "orders"
threads = 2
on_refusal = "keep"
ask = { first = "5s", every = "10s", spread = "10ms" }
calls = { rate = "0.001/s" }
[[policy]]
name = "policy"
"#;

/// So many bursts are in a run.
const BURSTS_A_RUN: f64 = 4_000.0;

/// A count of successes among independent trials.
fn binomial(what: &str, seen: f64, n: f64, p: f64) -> Claim {
    is_within(what, seen, n * p, libm::sqrt(n * p * (1.0 - p)))
}

#[test]
fn two_threads_in_a_burst_collide_if_they_ask_within_a_write_of_each_other() {
    // Write, read, spread, pool: the read and the pool are not in the formula.
    let worlds = [(4.0, 2, 10.0, 0), (4.0, 50, 10.0, 0), (4.0, 2, 10.0, 1), (1.0, 2, 40.0, 0), (30.0, 2, 40.0, 1)];
    let claims = worlds.map(|(write, read, spread, pool)| {
        let overrides = [
            format!("db.write={write}ms"),
            format!("db.read={read}ms"),
            format!("application.batch.ask.spread={spread}ms"),
            format!("idp.persistence.pool_size={pool}"),
        ];
        let comparison = compared(&scenario_with(BURSTS, &overrides.each_ref().map(String::as_str)));
        let runs = comparison.values(0, "con_app_key_violations");
        let p = 1.0 - (1.0 - write / spread) * (1.0 - write / spread);
        let what = format!("write {write} ms, read {read} ms, spread {spread} ms, pool {pool}");
        let superseded = comparison.mean(0, "superseded_tokens");
        let expected = if pool == 0 { 0.0 } else { comparison.mean(0, "con_app_key_violations") };
        assert!((superseded - expected).abs() < 1e-9, "{what}: the loser gets the winner's token, or kills it");
        binomial(&what, runs.iter().sum(), float(runs.len()) * BURSTS_A_RUN, p)
    });
    hold("Two threads in a burst collide if they ask within a write of each other", &claims);
}

#[test]
fn threads_that_always_ask_within_a_write_always_collide_and_on_one_node_never() {
    for spread in ["0s", "3ms"] {
        let overrides = [format!("application.batch.ask.spread={spread}"), "run.replications=2".to_owned()];
        let comparison = compared(&scenario_with(BURSTS, &overrides.each_ref().map(String::as_str)));
        for violations in comparison.values(0, "con_app_key_violations") {
            assert!((violations - BURSTS_A_RUN).abs() < 1e-9, "{spread}: {violations}");
        }
    }
    let one_node = compared(&scenario_with(BURSTS, &["idp.nodes=1", "run.replications=2"]));
    assert!(one_node.mean(0, "con_app_key_violations") <= 0.0);
}

/// Calls arrive as a Poisson process at each of two gateways, and each asks for a token on a node of its own. A token is
/// handed out until a second before its expiry. The first request after that creates the next one.
const POISSON: &str = r#"
schema = 1
name = "poisson"
[run]
duration = "6000s"
start = "cold"
seed = 32
replications = 8
[network]
gateway_idp = "0s"
[idp]
nodes = 2
front = "sticky"
token_lifetime = "3s"
token_service = "0s"
[idp.persistence]
mode = "database"
[db]
read = "0s"
write = "100ms"
[gateway]
nodes = 2
overhead = "0s"
[[api]]
name = "orders"
validation = "ideal"
service_time = "0s"
[[client]]
name = "shop"
apis = ["orders"]
arrivals = { process = "poisson", rate = "10/s" }
[[policy]]
name = "policy"
base = "no-cache"
"#;

/// Calls a second at the node that is not the creating one.
const OTHERS: f64 = 5.0;

/// How many tokens were created where there was none to hand out, and how many requests met a violation.
fn creations(overrides: &[&str]) -> (f64, f64) {
    let counts = from_facts(&scenario_with(POISSON, overrides), |facts| {
        let count = |is: &dyn Fn(&Fact) -> bool| facts.0.iter().filter(|(_, fact)| is(fact)).count();
        (
            count(&|fact| matches!(fact, Fact::TokenIssued { .. })),
            count(&|fact| matches!(fact, Fact::ConAppKeyViolated { .. })),
        )
    });
    counts.iter().fold((0.0, 0.0), |sum, (issued, violated)| (sum.0 + float(*issued), sum.1 + float(*violated)))
}

#[test]
fn given_no_reusable_row_poisson_requests_collide_with_those_of_other_nodes_within_a_write() {
    // With the nodes' locks at most one request of the other node is in the race: the others wait, and find it cached.
    let claims = [20.0, 100.0, 400.0].map(|write_ms| {
        let (cycles, collided) = creations(&[&format!("db.write={write_ms}ms")]);
        assert!(cycles > 10_000.0, "{cycles}");
        let p = -libm::expm1(-OTHERS * write_ms / 1e3);
        binomial(&format!("write {write_ms} ms"), collided, cycles, p)
    });
    hold("Given no reusable row Poisson requests collide with those of other nodes within a write", &claims);
}

#[test]
fn without_the_nodes_locks_every_request_within_a_write_collides() {
    let (cycles, violations) = creations(&["idp.persistence.node_lock=false"]);
    // Poisson in number: 10 calls a second at both nodes together, for 100 ms.
    let mean = cycles * 10.0 * 0.1;
    hold(
        "Without the nodes locks every request within a write collides",
        &[is_within("violations", violations, mean, libm::sqrt(mean))],
    );
}
