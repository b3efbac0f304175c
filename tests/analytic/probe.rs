//! How long a dead token stays where it is probed (docs/model.md §4.6, §11).
//!
//! Probes of a holder are `every` apart, from a phase that is uniform. The answer is the truth at the end of its service, so
//! a token that dies at 0 is found out by the first service that ends after it. That instant is uniform over `every`, whatever
//! the way there and the service take, as long as they take the same time. The holder knows one way later: W = U(0, every) + way.

use stalegate::model::fact::Fact;

use crate::page::hold;
use crate::support::{distributed, from_facts, mean_is, scenario_with};

/// 200 gateways, whose token dies at 100 s. The way to the IdP takes 40 ms, a probe 5 ms of work.
const PROBED: &str = r#"
schema = 1
name = "probed"
[run]
duration = "140s"
seed = 85
replications = 10
[network]
gateway_idp = "40ms"
[idp]
token_lifetime = "365d"
introspection_service = "5ms"
[gateway]
nodes = 200
[[api]]
name = "orders"
validation = "ideal"
[[client]]
name = "shop"
apis = ["orders"]
arrivals = { process = "constant", rate = "0.001/s" }
[[fault]]
name = "death"
kind = "token-revoked"
credential = "orders"
at = "100s"
[[policy]]
name = "policy"
base = "probe"
"#;

#[test]
fn a_dead_token_is_found_out_within_the_gap_of_probes_and_a_way_back() {
    let waits = |overrides: &[&str]| -> Vec<f64> {
        let runs = from_facts(&scenario_with(PROBED, overrides), |facts| {
            let spans = facts.0.iter().filter_map(|(_, fact)| match fact {
                Fact::Stale { from, to } => Some(to.since(*from).as_secs_f64()),
                _ => None,
            });
            spans.collect::<Vec<f64>>()
        });
        runs.concat()
    };
    let (half_a_minute, ten) = (waits(&[]), waits(&["policy.policy.probe.every=10s"]));
    assert_eq!((half_a_minute.len(), ten.len()), (2_000, 2_000), "every gateway's, once");
    hold(
        "A dead token is found out within the gap of probes and a way back",
        &[
            mean_is("30 s", &half_a_minute, 15.04),
            mean_is("10 s", &ten, 5.04),
            distributed("30 s", &half_a_minute, |x| ((x - 0.04) / 30.0).clamp(0.0, 1.0)),
            distributed("10 s", &ten, |x| ((x - 0.04) / 10.0).clamp(0.0, 1.0)),
        ],
    );
}
