//! The token store to the instant (docs/model.md): what holds a worker, what a node remembers, what is handed out again.
//!
//! See `tests/support_run/store.rs` for how long things take. `no-cache` asks for a token for every call; with two nodes the
//! front takes turns, so that odd requests go to idp-1 and even ones to idp-2.

use crate::support_run::{World, world};
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

// Workers, locks and connections

#[test]
fn work_at_the_database_holds_the_worker() {
    let second = |world: World| world.idp("workers = 1").calls_ms(&[1_000, 1_001]).play().calls()[1].clone();
    assert_eq!(second(world("no-cache")), "1.043s ok");
    assert_eq!(second(no_cache("")), "1.049s ok", "it begins at 1.027 s, when the first token is in the table");
    assert_eq!(second(no_cache("pool_size = 1")), "1.045s ok", "asynchronous: when the first one has read");
}

#[test]
fn a_wait_for_the_nodes_lock_holds_the_worker() {
    let seen = no_cache("").idp("workers = 2").calls_ms(&[1_000, 1_001]).also_ms(&[1_002]).play();
    // The second request is served at 1.022 s, and has the lock at 1.027 s: the third one begins then.
    assert_eq!(seen.calls(), ["1.029s ok", "1.029s ok", "1.055s ok"]);
}

#[test]
fn a_crash_frees_the_locks_and_rolls_back_what_was_being_written() {
    let crash = "at = \"1.025s\"\nkind = \"idp-crash\"\ndown = \"1s\"\non_restart = \"keep\"";
    let seen = no_cache("").calls_ms(&[1_000, 1_001, 3_000]).fault(crash).play();
    assert_eq!(seen.calls(), ["1.025s idp-down", "1.025s idp-down", "3.029s ok"]);
    assert_eq!((seen.issued(), seen.races()), (vec!["3.027s".to_owned()], none()));
}

#[test]
fn with_one_connection_the_second_operation_waits_for_the_first() {
    let seen = no_cache("").db("pool = 1").calls_ms(&[1_000]).also_ms(&[1_001]).play();
    // Reads 21–23 and 23–25, writes 25–29 and 29–33: who asks first is served first.
    assert_eq!(seen.calls(), ["1.031s ok", "1.035s ok"]);
}

#[test]
fn who_waits_too_long_for_a_connection_gets_an_error() {
    let world = |persistence: &str| no_cache(persistence).db("pool = 1\npool_wait = \"3ms\"");
    let seen = world("").calls_ms(&[1_000]).also_ms(&[1_001]).play();
    assert_eq!(seen.calls(), ["1.029s idp-error", "1.031s ok"], "its write waits from 25 to 28 ms");
    let seen = world("pool_size = 2").calls_ms(&[1_000]).also_ms(&[1_001]).play();
    assert_eq!(seen.races(), ["1.028s #1 lost"], "a failed item is dropped");
}

// What nodes know

#[test]
fn before_its_row_is_written_another_node_does_not_know_a_token_and_does_not_remember_that() {
    let seen = world("ttl-only")
        .idp("nodes = 2")
        .stored("pool_size = 1")
        .db("write = \"1s\"")
        .api("validation = \"introspect\"")
        .calls_ms(&[1_000, 1_100, 1_200, 2_000, 2_100, 3_000])
        .play();
    // Created by idp-1 at 1.023 s, in the table at 2.023 s. Even introspections are idp-2's.
    assert_eq!(
        seen.calls(),
        ["1.032s ok", "1.109s not-yet-persisted", "1.208s ok", "2.009s not-yet-persisted", "2.108s ok", "3.008s ok"]
    );
}

#[test]
fn a_node_hands_out_a_dead_token_until_it_hears_of_its_death() {
    let world = no_cache("").idp("nodes = 2").fault(&revoked("10s"));
    let seen = world.calls_ms(&[1_000, 2_000, 9_985, 9_988, 9_990]).play();
    // They look into their caches at 10.006, 10.009 and 10.011 s; both nodes hear of it at 10.010 s.
    assert_eq!(seen.calls(), ["1.029s ok", "2.025s ok", "10.009s stale-token", "10.012s stale-token", "10.019s ok"]);
}

#[test]
fn a_node_calls_a_dead_token_active_until_it_hears_of_its_death() {
    let world = world("ttl-only").stored("").api("validation = \"introspect\"").fault(&revoked("10s"));
    let seen = world.calls_ms(&[1_000, 9_999, 10_010]).play();
    assert_eq!(seen.calls(), ["1.036s ok", "10.007s ok", "10.019s stale-token"]);
    assert_eq!(seen.instants(|fact| *fact == Fact::AcceptedWhileDead), ["10.007s"]);
}

#[test]
fn a_node_that_hears_nothing_hands_out_a_dead_token_as_long_as_it_remembers_it() {
    let world = no_cache("").remembers("clustered = false\nttl = \"30s\"").fault(&revoked("10s"));
    let seen = world.calls_ms(&[1_000, 15_000, 25_000, 31_005, 31_006]).play();
    // Remembered from 1.027 s on, however often it is handed out again.
    let dead = ["15.024s stale-token", "25.024s stale-token", "31.029s stale-token"];
    assert_eq!(seen.calls(), [&["1.029s ok"][..], &dead, &["31.035s ok"]].concat());
}

#[test]
fn who_asks_again_may_get_the_refused_token_again() {
    let world = world("reactive-retry").stored("").remembers("clustered = false").fault(&revoked("10s"));
    let seen = world.calls_ms(&[1_000, 20_000]).play();
    assert_eq!((seen.sent(), seen.fetches()), (vec![0, 0, 0], vec!["1s".to_owned(), "20.002s".into()]));
    assert_eq!(seen.calls(), ["1.029s ok", "20.026s stale-token"]);
    assert_eq!(seen.instants(|fact| *fact == Fact::WastedFetch), ["20.024s"]);
}

#[test]
fn a_node_forgets_at_once_what_it_marked_itself() {
    let seen = no_cache("renew = \"always\"").remembers("clustered = false").calls_ms(&[1_000, 2_000, 3_000]).play();
    assert_eq!(
        (seen.sent(), seen.races()),
        (vec![0, 1, 2], vec!["2.025s #0 superseded".into(), "3.025s #1 superseded".into()])
    );
    assert_eq!(seen.number("ok"), 3);
}

// Reuse and renewal

#[test]
fn a_token_handed_out_again_is_the_same_one_with_less_time_left() {
    let calls = [1_000, 1_000_000, 3_600_022, 3_600_023, 3_600_023, 3_600_024];
    let seen = world("ttl-only").gateways(2).stored("").calls_ms(&calls).play();
    // It expires at 3601.027 s. gateway-2 got it at 1000.024 s with 2601 s left, and uses it for a second less.
    assert_eq!(seen.sent(), [0, 0, 0, 0, 0, 1]);
    assert_eq!(seen.calls_of(1), ["1.029s ok", "1h23ms ok", "1h24ms ok"]);
    assert_eq!(seen.calls_of(2), ["16min40.025s ok", "1h24ms ok", "1h53ms ok"]);
}

#[test]
fn a_token_is_handed_out_again_while_more_than_the_margin_is_left() {
    let sent = |margin: &str, second: u64| {
        no_cache(&format!("reuse_margin = \"{margin}\"")).calls_ms(&[1_000, second]).play().sent()[1]
    };
    // It expires at 3601.027 s; a request has read its row 23 ms after the call is born.
    assert_eq!((sent("1s", 3_600_003), sent("1s", 3_600_004)), (0, 1));
    assert_eq!((sent("10min", 3_001_003), sent("10min", 3_001_004)), (0, 1));
}

#[test]
fn a_row_with_too_little_left_is_marked_expired_and_who_holds_its_token_meets_that() {
    let world = || world("ttl-only").gateways(2).stored("reuse_margin = \"10min\"");
    // gateway-2 asks at 3001.1 s; the place of the old row is taken at 3001.127 s, ten minutes before its expiry.
    let seen = world().calls_ms(&[1_000, 3_001_100, 3_001_120]).play();
    assert_eq!(seen.calls(), ["1.029s ok", "50min1.121s ok", "50min1.129s ok"]);
    let seen = world().calls_ms(&[1_000, 3_001_100, 3_001_200]).play();
    assert_eq!(seen.calls(), ["1.029s ok", "50min1.129s ok", "50min1.202s expired-token"]);
    assert_eq!(seen.races(), none(), "that is no superseding");
}

#[test]
fn a_renewal_supersedes_the_token_of_a_sibling() {
    let seen =
        world("ttl-only").gateways(2).stored("renew = \"always\"").calls_ms(&[1_000, 2_000, 3_000, 4_000]).play();
    assert_eq!(seen.calls(), ["1.029s ok", "2.027s ok", "3.002s superseded-token", "4.001s ok"]);
    assert_eq!(seen.races(), ["2.025s #0 superseded"]);
    assert_eq!(seen.stale(), ["2.025s to 1h28ms"]);
}

/// Found by reading: such a run never came to its end.
#[test]
fn gateways_that_fetch_upon_each_others_renewals_do_so_a_millisecond_apart_where_nothing_takes_time() {
    let seen = world("event-purge")
        .duration("1s")
        .gateways(2)
        .network("gateway_idp = \"0s\"")
        .idp("token_service = \"0s\"")
        .stored("renew = \"always\"")
        .db("read = \"0s\"\nwrite = \"0s\"")
        .tables("[control_plane]\ndelay = \"0s\"\n[bus]\ndelay = \"0s\"")
        .rule("events", "refetch = true")
        .calls_ms(&[100, 101])
        .play();
    let every_ms: Vec<String> = (100..1_000).map(|ms| format!("{ms}ms")).collect();
    assert_eq!(seen.fetches(), every_ms);
}

// Warm and cold starts

#[test]
fn a_warm_start_gives_all_holders_of_a_credential_one_token_that_is_in_the_database() {
    let seen = world("ttl-only").warm().gateways(3).stored("").duration("2h").play();
    assert_eq!((seen.sent()[..3].to_vec(), seen.latencies()[..3].to_vec()), (vec![0; 3], vec!["12ms".to_owned(); 3]));
    let fetches = seen.times(|fact| matches!(fact, Fact::FetchStarted { .. }));
    assert!(fetches.len() >= 3, "{fetches:?}");
    assert!(fetches[2].since(fetches[0]).as_secs_f64() < 3.0, "of one age, their calls 1 s apart: {fetches:?}");
    let asked = no_cache("").warm().calls_ms(&[1_000]).play();
    assert_eq!((asked.calls(), asked.sent(), asked.issued()), (vec!["1.025s ok".to_owned()], vec![0], none()));
}

#[test]
fn where_every_request_renews_a_warm_start_is_a_cold_one() {
    let seen = world("ttl-only").warm().stored("renew = \"always\"").calls_ms(&[1_000]).play();
    assert_eq!((seen.calls(), seen.issued()), (vec!["1.029s ok".to_owned()], vec!["1.027s".to_owned()]));
}
