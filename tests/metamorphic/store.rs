//! Changes of a scenario with a token store whose effect on its results is known without knowing the results.

use stalegate::experiment::unit::lane_name;
use stalegate::model::fact::{Calls, Fact};
use stalegate::oauth::Outcome;
use stalegate::persistence::dialect;
use stalegate::scenario::Scenario;
use stalegate::time::SimTime;

use crate::support::{compared, facts, scenario, scenario_with};

/// Much happens; the database and how it is used are written as overrides.
const SHOP: &str = r#"
schema = 1
name = "shop"
[run]
duration = "900s"
start = "cold"
seed = 41
replications = 2
[idp]
nodes = 2
front = "random"
token_lifetime = "60s"
token_service = { dist = "exponential", mean = "20ms" }
restart_event = "at-start"
[idp.persistence]
mode = "database"
[gateway]
nodes = 3
[[api]]
name = "orders"
validation = "introspect"
reject_status = 401
reject_error = "invalid_token"
[[client]]
name = "shop"
apis = ["orders"]
arrivals = { process = "poisson", rate = "6/s" }
[[fault]]
name = "revoked"
kind = "token-revoked"
at = "200s"
every = "70s"
credential = "orders"
[[fault]]
name = "restart"
kind = "idp-restart"
at = "500s"
down = "5s"
[[policy]]
name = "ttl-only"
[[policy]]
name = "reactive-retry"
base = "reactive-retry"
[policy.rejection]
errors = ["invalid_token"]
[[policy]]
name = "event-purge"
base = "event-purge"
"#;

/// An application with an API of its own, before or after the others by its name.
fn application(name: &str) -> String {
    format!(
        "[[api]]\nname = \"{name}\"\nvalidation = \"ideal\"\n[[application]]\nname = \"batch-{name}\"\napi = \"{name}\"\n\
         ask = {{ first = \"10s\", every = \"100s\", spread = \"1s\" }}\n"
    )
}

/// What became of one call: lane, instant, outcome.
type Fate = (String, SimTime, Outcome);

fn fates(scenario: &Scenario, policy: usize, replication: u32) -> Vec<Fate> {
    let of = |call: &Calls| (lane_name(&scenario.world, call.lane), call.first, call.outcome);
    let all = facts(scenario, policy, replication);
    let mut fates: Vec<Fate> = all.calls().map(of).filter(|(lane, ..)| lane.ends_with("/orders")).collect();
    fates.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    fates
}

/// When tokens began to exist.
fn issued(scenario: &Scenario, policy: usize, replication: u32) -> Vec<SimTime> {
    let all = facts(scenario, policy, replication).0;
    all.into_iter().filter(|(_, fact)| matches!(fact, Fact::TokenIssued { .. })).map(|(at, _)| at).collect()
}

fn plays_alike(original: &Scenario, changed: &Scenario, same_tokens: bool) {
    for policy in 0..original.policies.len() {
        for replication in 0..original.replications.max {
            let (before, after) = (fates(original, policy, replication), fates(changed, policy, replication));
            assert!(before.len() > 4_000, "{}", before.len());
            assert!(before.iter().any(|(.., outcome)| *outcome != Outcome::Ok) || policy == 1);
            assert!(before == after, "policy {policy}, replication {replication}");
            if same_tokens {
                let tokens = |scenario| issued(scenario, policy, replication);
                assert_eq!(tokens(original), tokens(changed), "policy {policy}, replication {replication}");
            }
        }
    }
}

#[test]
fn on_one_node_asynchronous_writes_that_take_no_time_are_synchronous_ones() {
    let pool = |size: &str| {
        let size = format!("idp.persistence.pool_size={size}");
        scenario_with(SHOP, &["idp.nodes=1", "db.write=0s", "db.read=3ms", &size])
    };
    for size in ["1", "8"] {
        plays_alike(&pool("0"), &pool(size), true);
    }
}

#[test]
fn a_single_gateway_sees_no_difference_between_memory_and_a_database_that_takes_no_time() {
    let with = |overrides: &[&str]| {
        let common = ["gateway.nodes=1", "idp.nodes=1", "db.read=0s", "db.write=0s", "idp.cache.invalidation=0s"];
        scenario_with(SHOP, &[&common[..], overrides].concat())
    };
    let memory = with(&["idp.persistence.mode=memory"]);
    // What it is given again is never a token that it holds: it asks within the margin, or for a token that is dead.
    plays_alike(&memory, &with(&[]), true);
    plays_alike(&memory, &with(&["idp.persistence.renew=always"]), true);
    plays_alike(&memory, &with(&["idp.persistence.pool_size=1"]), true);
}

#[test]
fn without_a_constraint_one_node_behaves_as_with_it() {
    let with = |con_app_key: &str| scenario_with(SHOP, &["idp.nodes=1", &format!("db.con_app_key={con_app_key}")]);
    plays_alike(&with("true"), &with("false"), true);
}

#[test]
fn an_application_of_its_own_consumer_key_changes_no_other_lane() {
    for persistence in ["idp.persistence.pool_size=0", "idp.persistence.pool_size=2", "idp.persistence.mode=memory"] {
        for name in ["aaa", "zzz"] {
            let more = format!("{SHOP}\n{}", application(name));
            plays_alike(&scenario_with(SHOP, &[persistence]), &scenario_with(&more, &[persistence]), false);
        }
    }
}

#[test]
fn an_application_is_measured_apart() {
    let (without, with) = (compared(&scenario(SHOP)), compared(&scenario(&format!("{SHOP}\n{}", application("zzz")))));
    // Means are over all lanes of gateways: the application's API has three that nobody calls.
    let gateways = ["downtime_worst_lane_s", "downtime_after_restart_worst_lane_s", "recovery_s", "censored_lanes"];
    for policy in 0..without.policies.len() {
        for name in gateways {
            assert_eq!(without.values(policy, name), with.values(policy, name), "{name}");
        }
        let (two, one) = (with.values(policy, "downtime_s"), without.values(policy, "downtime_s"));
        assert!(two.iter().zip(one).all(|(two, one)| (2.0 * two - one).abs() < 1e-9), "{two:?} {one:?}");
        assert!(without.mean(policy, "application_downtime_s") <= 0.0);
        assert!(with.mean(policy, "application_downtime_s") > 0.0);
    }
}

#[test]
fn another_policy_changes_nobody_elses_results() {
    let text = format!("{SHOP}\n{}", application("zzz"));
    let more = format!("{text}\n[[policy]]\nname = \"jitter\"\nbase = \"refresh-ahead\"\n");
    for persistence in ["idp.persistence.pool_size=0", "idp.persistence.pool_size=1"] {
        let play = |text: &str| {
            compared(&scenario_with(text, &[persistence, "db.write={ dist = \"exponential\", mean = \"20ms\" }"]))
        };
        let (few, many) = (play(&text), play(&more));
        for policy in 0..3 {
            assert_eq!(few.policies[policy].digests, many.policies[policy].digests);
        }
    }
}

/// The digests of all worlds.
fn digests(overrides: &[&str]) -> Vec<Vec<u64>> {
    let text = format!("{SHOP}\n{}", application("zzz"));
    compared(&scenario_with(&text, overrides)).policies.iter().map(|policy| policy.digests.clone()).collect()
}

#[test]
fn how_a_database_rounds_changes_nothing_where_nobody_compares_times() {
    let plain = digests(&[]);
    for dialect in dialect::ALL {
        assert_eq!(digests(&[&format!("db.profile={}", dialect.profile().word)]), plain, "{dialect:?}");
    }
}

#[test]
fn settings_that_a_mode_does_not_use_change_nothing() {
    let plain = digests(&[]);
    for setting in ["idp.persistence.queue_order=lifo", "idp.persistence.recovery_transactions=two", "db.pool=51"] {
        assert_eq!(digests(&[setting]), plain, "{setting}");
    }
    let asynchronous = |setting: &str| digests(&["idp.persistence.pool_size=1", setting]);
    assert_eq!(
        asynchronous("idp.persistence.recovery=wso2-source"),
        asynchronous("idp.persistence.recovery=documented")
    );
}
