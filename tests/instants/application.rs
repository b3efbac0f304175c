//! Applications to the instant (docs/model.md): when their threads ask and call, and what becomes of their tokens.
//!
//! Threads call at random, so that tests look at which calls fail and when, not at single calls. The one gateway's holder
//! has number 0 and its lane too; those of threads follow.

use crate::support_run::{Seen, World, world};
use stalegate::id::LaneId;
use stalegate::model::fact::{Calls, Fact};
use stalegate::oauth::{Cause, Outcome};
use stalegate::time::{SimSpan, SimTime};

/// An application that nobody else disturbs.
fn batch(ask: &str, lines: &str) -> World {
    let text = format!("ask = {{ {ask} }}\ncalls = {{ rate = \"50/s\" }}\n{lines}");
    world("ttl-only").duration("25s").no_client().application(&text)
}

fn at_ms(ms: u64) -> SimTime {
    SimTime::ZERO + SimSpan::millis(ms)
}

/// When this holder asked.
fn asks(seen: &Seen, holder: u32) -> Vec<SimTime> {
    seen.times(|fact| matches!(fact, Fact::FetchStarted { holder: asking, .. } if asking.0 == holder))
}

/// The calls of a thread, from 1.
fn calls(seen: &Seen, thread: u32) -> Vec<(SimTime, Outcome)> {
    let mut calls = Vec::new();
    for outcome in
        [Outcome::Ok, Outcome::Forbidden].into_iter().chain(Cause::ALL.map(|(cause, _)| Outcome::Failed(cause)))
    {
        let is = |fact: &Fact| matches!(fact, Fact::Calls(Calls { lane, outcome: of, .. }) if *lane == LaneId(thread) && *of == outcome);
        calls.extend(seen.times(is).into_iter().map(|at| (at, outcome)));
    }
    calls.sort_by_key(|(at, _)| *at);
    calls
}

/// The failed ones.
fn failed(seen: &Seen, thread: u32) -> Vec<(SimTime, Outcome)> {
    calls(seen, thread).into_iter().filter(|(_, outcome)| *outcome != Outcome::Ok).collect()
}

#[test]
fn all_threads_ask_within_the_spread_of_every_burst() {
    let seen = batch("first = \"1s\", every = \"10s\", spread = \"2s\"", "threads = 4\non_refusal = \"keep\"").play();
    for thread in 1..=4 {
        let asks = asks(&seen, thread);
        assert_eq!(asks.len(), 3, "{asks:?}");
        for (ask, burst) in asks.iter().zip([1_000, 11_000, 21_000]) {
            assert!(*ask >= at_ms(burst) && *ask <= at_ms(burst + 2_000), "{ask}");
        }
    }
    let together =
        batch("first = \"1s\", every = \"10s\", spread = \"0s\"", "threads = 4\non_refusal = \"keep\"").play();
    assert_eq!(together.fetches(), [["1s"; 4], ["11s"; 4], ["21s"; 4]].concat());
}

#[test]
fn a_thread_does_not_call_before_its_first_ask() {
    let seen = batch("first = \"1s\", every = \"1h\", spread = \"5s\"", "threads = 4").play();
    for thread in 1..=4 {
        let (asked, first) = (asks(&seen, thread)[0], calls(&seen, thread)[0].0);
        // Its request takes 22 ms; its first calls wait for that.
        assert!(first >= asked + SimSpan::millis(23) && first < asked + SimSpan::millis(500), "{asked} {first}");
        assert_eq!(failed(&seen, thread), []);
    }
}

/// What the second burst does to a thread until it asks for itself: the causes of its failures, all of them in between.
fn between_burst_and_ask(after: &str, change: impl Fn(World) -> World) -> Vec<Outcome> {
    let ask = format!("first = \"1s\", every = \"10s\", spread = \"2s\", after = \"{after}\"");
    let seen = change(batch(&ask, "threads = 2\non_refusal = \"keep\"").duration("20s")).play();
    let mut causes = Vec::new();
    for thread in 1..=2 {
        let asked = asks(&seen, thread)[1];
        for (at, outcome) in failed(&seen, thread) {
            // The way to the backend and back, and perhaps an introspection.
            assert!(at >= at_ms(11_000) && at <= asked + SimSpan::millis(9), "{at}, asked at {asked}");
            causes.push(outcome);
        }
        let good = calls(&seen, thread).into_iter().filter(|(at, _)| *at > asked).count();
        assert!(good > 300, "{good} calls with the new token");
    }
    causes.dedup();
    causes
}

#[test]
fn between_a_burst_and_its_ask_a_threads_calls_go_out_with_the_dead_token() {
    let memory = |world: World| world;
    let database = |world: World| world.stored("");
    assert_eq!(between_burst_and_ask("revocation", memory), [Outcome::Failed(Cause::StaleToken)]);
    assert_eq!(between_burst_and_ask("revocation", database), [Outcome::Failed(Cause::StaleToken)]);
    assert_eq!(between_burst_and_ask("expiry", memory), [Outcome::Failed(Cause::ExpiredToken)]);
    assert_eq!(between_burst_and_ask("expiry", database), [Outcome::Failed(Cause::ExpiredToken)]);
    assert_eq!(between_burst_and_ask("nothing", database), []);
}

#[test]
fn backends_that_see_no_revocation_see_an_expiry() {
    let local = |world: World| world.idp("token_format = \"jwt\"").api("validation = \"local\"");
    let cached = |world: World| world.api("validation = \"introspect\"\nintrospection_cache = \"1h\"");
    assert_eq!(between_burst_and_ask("revocation", local), []);
    assert_eq!(between_burst_and_ask("revocation", cached), []);
    assert_eq!(between_burst_and_ask("expiry", local), [Outcome::Failed(Cause::ExpiredToken)]);
    assert_eq!(between_burst_and_ask("expiry", cached), [Outcome::Failed(Cause::ExpiredToken)]);
}

#[test]
fn what_is_merely_dropped_is_handed_out_again_and_what_expired_has_its_row_replaced() {
    let issued = |after: &str| {
        let ask = format!("first = \"1s\", every = \"10s\", spread = \"0s\", after = \"{after}\"");
        let seen = batch(&ask, "threads = 1").stored("").play();
        assert_eq!(seen.races(), Vec::<String>::new(), "{after}");
        seen.issued()
    };
    assert_eq!(issued("nothing"), ["1.027s"]);
    assert_eq!(issued("expiry"), ["1.027s", "11.027s", "21.027s"]);
    assert_eq!(issued("revocation"), ["1.027s", "11.027s", "21.027s"]);
}

#[test]
fn an_ask_joins_the_request_in_the_air() {
    let world = batch("first = \"1s\", every = \"100ms\", spread = \"0s\"", "threads = 1\non_refusal = \"keep\"");
    let seen = world.idp("token_service = \"1s\"").duration("3s").play();
    // In the air until 2.002 s; then the next ask sends one.
    assert_eq!(seen.fetches(), ["1s", "2.1s"]);
}

#[test]
fn one_thread_asks_for_all() {
    let seen = batch(
        "first = \"1s\", every = \"10s\", spread = \"2s\"",
        "threads = 3\nstrategy = \"one-thread\"\non_refusal = \"keep\"",
    )
    .play();
    assert_eq!((seen.fetches().len(), seen.issued().len()), (3, 3));
    for thread in 1..=3 {
        let (asked, first) = (asks(&seen, 1)[0], calls(&seen, thread)[0].0);
        assert!(first >= asked + SimSpan::millis(23) && first < asked + SimSpan::millis(500), "{asked} {first}");
    }
}

#[test]
fn each_thread_with_a_scope_of_its_own_has_a_token_of_its_own() {
    let seen =
        batch("first = \"1s\", every = \"10s\", spread = \"0s\"", "threads = 3\nstrategy = \"scope-per-thread\"")
            .stored("")
            .play();
    assert_eq!((seen.fetches().len(), seen.issued().len()), (9, 9));
    assert_eq!(seen.races(), Vec::<String>::new());
}

/// The one burst is at 1 s; at 10 s every token of the application is revoked.
fn revoked(lines: &str) -> Seen {
    let fault = "at = \"10s\"\nkind = \"token-revoked\"\ncredential = \"batch\"";
    batch("first = \"1s\", every = \"1h\", spread = \"0s\"", lines).stored("").fault(fault).play()
}

#[test]
fn a_refused_token_is_kept_or_fetched_anew_as_the_application_says() {
    let kept = revoked("threads = 2\non_refusal = \"keep\"");
    assert_eq!((kept.fetches().len(), kept.purges().len()), (2, 0));
    assert!(kept.number_of_threads("stale-token") > 1_000);
    let fetched = revoked("threads = 2\non_refusal = \"refetch\"");
    assert_eq!((fetched.fetches().len(), fetched.purges().len(), fetched.issued().len()), (4, 2, 2));
    for thread in 1..=2 {
        let failed = failed(&fetched, thread);
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert_eq!(failed[0].1, Outcome::Failed(Cause::StaleToken));
    }
}

#[test]
fn the_call_that_was_refused_fails_and_the_next_one_asks() {
    let seen = revoked("threads = 1");
    let (asked, failed) = (asks(&seen, 1)[1], failed(&seen, 1)[0].0);
    let next = calls(&seen, 1).into_iter().find(|(at, _)| *at > failed).expect("there is a next one").0;
    assert!(asked > failed, "the refusal drops the token, and no more");
    assert_eq!(next.since(asked), SimSpan::millis(1 + 20 + 2 + 4 + 1 + 1));
}

#[test]
fn a_genuine_403_drops_no_token() {
    let forbidding = "validation = \"ideal\"\nforbidden_ratio = 1.0";
    let seen = batch("first = \"1s\", every = \"1h\", spread = \"0s\"", "threads = 2").api(forbidding).play();
    assert!(seen.number_of_threads("forbidden") > 1_000);
    assert_eq!((seen.fetches().len(), seen.purges().len()), (2, 0));
}

#[test]
fn a_poisson_ask_kills_the_tokens_of_its_threads_key_and_of_no_other() {
    let refused = |strategy: &str| {
        let lines = format!("threads = 2\nstrategy = \"{strategy}\"");
        // Nothing takes time, so that no ask joins a request whose token it kills.
        let world = batch("process = \"poisson\", rate = \"1/s\"", &lines).idp("token_service = \"0s\"");
        let seen = world.network("gateway_backend = \"0s\"\ngateway_idp = \"0s\"").play();
        assert!(seen.fetches().len() > 15, "{:?}", seen.fetches());
        seen.number_of_threads("stale-token")
    };
    // The other thread's next call finds out; its own goes with its ask.
    assert!(refused("per-thread") > 8);
    assert_eq!(refused("scope-per-thread"), 0);
}

#[test]
fn a_token_in_the_queue_expires_with_the_others_of_its_key() {
    // Asked for at 1 s on idp-1, it is in the table at 6.023 s, and expired at 4 s: who reads it then gets a new one.
    let application = "threads = 1\nask = { first = \"1s\", every = \"3s\", spread = \"0s\", after = \"expiry\" }\n\
                       calls = { rate = \"0.001/s\" }";
    let seen = world("no-cache")
        .duration("6900ms")
        .idp("nodes = 2")
        .stored("pool_size = 1")
        .db("write = \"5s\"")
        .backend("credential = \"batch\"")
        .calls_ms(&[6_500])
        .application(application)
        .play();
    assert_eq!(
        (seen.issued(), seen.calls()),
        (vec!["1.023s".into(), "4.023s".into(), "6.523s".into()], vec!["6.525s ok".to_owned()])
    );
}
