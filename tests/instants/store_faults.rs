//! What restarts and faults of the database do to the token store, to the instant (docs/model.md), and what recoveries do
//! to tokens. See `tests/support_run/store.rs` for how long things take.

use crate::support_run::{World, restart, world};
use stalegate::model::fact::Fact;

fn none() -> Vec<String> {
    Vec::new()
}

fn no_cache(persistence: &str) -> World {
    world("no-cache").stored(persistence)
}

/// Every token of the one API dies at `at`.
fn revoked(at: &str) -> String {
    format!("at = \"{at}\"\nkind = \"token-revoked\"\ncredential = \"orders\"")
}

/// A restart that leaves tokens alone.
fn keeps(at: &str, more: &str) -> String {
    format!("{}\non_restart = \"keep\"\n{more}", restart(at, "5s"))
}

// Restarts

#[test]
fn a_restart_ends_the_rows_of_what_it_kills_and_nodes_that_stay_up_hear_of_it() {
    let fault = format!("{}\nnode = \"idp-1\"", restart("10s", "5s"));
    let world = no_cache("").idp("nodes = 2").fault(&fault);
    let seen = world.calls_ms(&[1_000, 2_000, 3_000, 9_988, 9_990, 9_991]).play();
    // idp-2 looks into its cache at 10.009 and at 10.012 s, and hears of it at 10.010 s. There is no ACTIVE row any more.
    assert_eq!(
        seen.calls()[3..],
        ["10s idp-down", "10.012s stale-token", "10.02s ok"],
        "the fifth request was in service on idp-1"
    );
    assert_eq!(seen.sent(), [0, 0, 0, 0, 1]);
}

#[test]
fn nodes_that_are_not_clustered_do_not_hear_of_a_restart() {
    let fault = format!("{}\nnode = \"idp-1\"", restart("10s", "5s"));
    let world = no_cache("").idp("nodes = 2").remembers("clustered = false").fault(&fault);
    let seen = world.calls_ms(&[1_000, 2_000, 20_000, 21_000]).play();
    assert_eq!(seen.calls(), ["1.029s ok", "2.025s ok", "20.029s ok", "21.024s stale-token"]);
}

#[test]
fn a_restart_that_keeps_tokens_keeps_rows_and_loses_what_nodes_remember() {
    let seen = no_cache("").calls_ms(&[1_000, 2_000, 20_000]).fault(&keeps("10s", "")).play();
    assert_eq!(
        (seen.calls(), seen.sent()),
        (vec!["1.029s ok".into(), "2.023s ok".into(), "20.025s ok".into()], vec![0; 3])
    );
    let outage = "at = \"10s\"\nkind = \"idp-outage\"\ndown = \"5s\"";
    let seen = no_cache("").calls_ms(&[1_000, 20_000]).fault(outage).play();
    assert_eq!(seen.calls(), ["1.029s ok", "20.023s ok"], "an outage loses nothing");
}

#[test]
fn a_restart_of_another_node_spares_the_rows_of_tokens_that_it_did_not_issue() {
    let sent = |node: &str| {
        let fault = format!("{}\nnode = \"{node}\"\non_restart = \"invalidate-node\"", restart("10s", "5s"));
        no_cache("").idp("nodes = 2").calls_ms(&[1_000, 20_000, 21_000]).fault(&fault).play().sent()
    };
    assert_eq!((sent("idp-1"), sent("idp-2")), (vec![0, 1, 1], vec![0, 0, 0]));
}

#[test]
fn a_crash_loses_what_is_queued_and_a_graceful_restart_writes_it_first() {
    let play = |fault: &str| {
        let world = world("ttl-only").stored("pool_size = 1").db("write = \"1s\"").fault(fault);
        let seen = world.calls_ms(&[1_000, 30_000]).also_ms(&[1_001, 31_000]).play();
        (seen.races(), seen.calls()[2..].to_vec())
    };
    // #0 is being written from 1.023 s on, #1 waits.
    let lost = (
        vec!["1.5s #0 lost".to_owned(), "1.5s #1 lost".into()],
        vec!["30.002s lost-token".to_owned(), "31.002s lost-token".into()],
    );
    assert_eq!(play(&keeps("1.5s", "")), lost);
    assert_eq!(play("at = \"1.5s\"\nkind = \"idp-crash\"\ndown = \"5s\"\non_restart = \"keep\""), lost);
    let written = (none(), vec!["30.001s ok".to_owned(), "31.001s ok".into()]);
    assert_eq!(play(&keeps("1.5s", "graceful = true")), written);
    assert_eq!(play(&keeps("1.5s", "graceful = true\ndrain = \"200ms\"")), written);
}

#[test]
fn a_token_that_dies_while_it_is_queued_is_stored_as_a_dead_one() {
    let world = no_cache("pool_size = 1").db("write = \"1s\"").fault(&revoked("1.5s"));
    let seen = world.calls_ms(&[1_000, 3_000]).play();
    assert_eq!((seen.sent(), seen.races()), (vec![0, 1], none()), "its row takes nobody's place");
    assert_eq!(seen.calls(), ["1.025s ok", "3.025s ok"]);
}

// Faults of the database

#[test]
fn a_stall_holds_up_what_is_under_way_and_what_begins_meanwhile() {
    let stall = "at = \"1.022s\"\nkind = \"db-stall\"\nfor = \"1s\"";
    let seen = no_cache("").calls_ms(&[1_000]).also_ms(&[1_400]).fault(stall).play();
    assert_eq!(seen.calls(), ["2.028s ok", "2.028s ok"], "reads end at 2.022 s, then come the writes");
}

#[test]
fn a_failover_fails_what_is_under_way_and_what_begins_meanwhile() {
    let failover = "at = \"1.022s\"\nkind = \"db-failover\"\ndown = \"1s\"";
    let seen = no_cache("").calls_ms(&[1_000, 1_400, 2_000, 2_002]).fault(failover).play();
    assert_eq!(seen.calls(), ["1.023s idp-error", "1.422s idp-error", "2.022s idp-error", "2.031s ok"]);
}

#[test]
fn a_failover_lets_nodes_hand_out_what_they_remember() {
    let failover = "at = \"10s\"\nkind = \"db-failover\"\ndown = \"1s\"";
    let seen = no_cache("").calls_ms(&[1_000, 10_500]).also_ms(&[10_502]).fault(failover).play();
    assert_eq!(seen.calls(), ["1.029s ok", "10.523s ok", "10.524s idp-error"]);
}

#[test]
fn rows_of_the_last_moments_before_a_failover_are_gone_and_marks_undone() {
    let failover = "at = \"10s\"\nkind = \"db-failover\"\ndown = \"1s\"\nlost = \"5s\"";
    let seen = world("ttl-only")
        .gateways(2)
        .stored("renew = \"always\"")
        .calls_ms(&[1_000, 6_000, 8_000, 9_000, 20_000, 21_000])
        .fault(failover)
        .play();
    assert_eq!(seen.races(), ["6.025s #0 superseded", "10s #1 lost"]);
    assert_eq!(seen.calls_of(1), ["1.029s ok", "8.002s superseded-token", "20.001s ok"]);
    assert_eq!(seen.calls_of(2), ["6.027s ok", "9.001s ok", "21.002s lost-token"]);
    assert_eq!(seen.stale(), ["6.025s to 10s", "10s to 1h5.026s"]);
}

#[test]
fn of_two_failovers_that_overlap_the_later_return_counts() {
    let failover = |at: &str, down: &str| format!("at = \"{at}\"\nkind = \"db-failover\"\ndown = \"{down}\"");
    let world = no_cache("").fault(&failover("10s", "10s")).fault(&failover("12s", "1s"));
    let seen = world.calls_ms(&[15_000, 20_000]).play();
    assert_eq!(seen.calls(), ["15.022s idp-error", "20.029s ok"]);
    assert_eq!(seen.instants(|fact| *fact == Fact::Db(false)), ["10s"]);
    assert_eq!(seen.instants(|fact| *fact == Fact::Db(true)), ["20s"]);
}

#[test]
fn a_failover_revives_nothing_that_was_revoked() {
    let failover = "at = \"10s\"\nkind = \"db-failover\"\ndown = \"1s\"\nlost = \"5s\"";
    let world = world("ttl-only").stored("").fault(&revoked("8s")).fault(failover);
    assert_eq!(world.calls_ms(&[1_000, 20_000]).play().calls(), ["1.029s ok", "20.002s stale-token"]);
}

// Recovery in detail

/// A token is revoked half a millisecond after its creation, at 1.0275 s; two other nodes create one each.
fn raced_after(later: [u64; 2], profile: &str) -> (Vec<u64>, Vec<String>) {
    let world = no_cache("recovery = \"wso2-source\"").idp("nodes = 3").db(&format!("profile = \"{profile}\""));
    let seen = world.calls_ms(&[1_000, later[0], later[1]]).fault(&revoked("1.0275s")).play();
    (seen.sent(), seen.races())
}

#[test]
fn the_sources_recovery_cannot_tell_tokens_of_one_second_apart_where_the_database_keeps_seconds() {
    // Two queries, then another write or none.
    let adopted = (vec![0, 1, 1], vec!["1.033s violation".to_owned(), "1.037s recovery".into()]);
    assert_eq!(raced_after([1_005, 1_006], "postgresql"), adopted);
    let kept = ["1.033s violation", "1.041s #1 superseded", "1.041s recovery"].map(String::from);
    assert_eq!(raced_after([1_005, 1_006], "mysql"), (vec![0, 1, 2], kept.to_vec()));
    // A later second is a later one in every database.
    assert_eq!(raced_after([3_005, 3_006], "mysql").0, [0, 1, 1]);
}

#[test]
fn the_sources_recovery_of_a_jwt_leaves_two_that_are_good_at_who_checks_signatures() {
    let idp = "nodes = 2\ntoken_format = \"jwt\"";
    let world = no_cache("recovery = \"wso2-source\"\nrenew = \"always\"").idp(idp);
    let seen = world.calls_ms(&[1_000, 1_001]).play();
    assert_eq!(seen.races(), ["1.028s violation", "1.036s #0 superseded", "1.036s duplicate", "1.036s recovery"]);
    assert_eq!(seen.sent(), [0, 1]);
}

#[test]
fn an_asynchronous_recovery_of_a_jwt_does_so_too() {
    let world = world("ttl-only").gateways(2).idp("nodes = 2\ntoken_format = \"jwt\"").stored("pool_size = 1");
    let races = world.api("validation = \"local\"").calls_ms(&[1_000, 1_001]).play().races();
    assert_eq!(races, ["1.028s violation", "1.032s #0 superseded", "1.032s duplicate", "1.032s recovery"]);
}

#[test]
fn the_old_queue_gives_the_latest_token_first() {
    let races = |order: &str| {
        let persistence = format!("pool_size = 1\nrenew = \"always\"\nqueue_order = \"{order}\"");
        no_cache(&persistence).db("write = \"1s\"").calls_ms(&[1_000, 1_100, 1_200]).play().races()
    };
    assert_eq!(races("fifo"), ["3.023s #0 superseded", "4.023s #1 superseded"]);
    // #2 before #1, neither of which finds what it takes the place of: in the end the latest token is the dead one.
    assert_eq!(
        races("lifo"),
        [
            "3.023s violation",
            "4.023s #0 superseded",
            "4.023s recovery",
            "5.023s violation",
            "6.023s #2 superseded",
            "6.023s recovery"
        ]
    );
}
