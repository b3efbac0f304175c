//! What WSO2's page on token persistence claims (docs/claims.md, B), shown to the instant.
//!
//! `no-cache` asks for a token for every call, so that a call shows what the IdP does. The front takes turns: with two
//! nodes, the first call's request goes to idp-1 and the second one's to idp-2.

use crate::support_run::{Seen, World, world};
use stalegate::id::{CredentialId, IdpNodeId, TokenKeyId};
use stalegate::model::fact::Fact;
use stalegate::oauth::{Outcome, Token};
use stalegate::persistence::queued::{Next, Writer};
use stalegate::persistence::request::Request;
use stalegate::persistence::{Done, Item, Order, Recovery, Renew, Rules, Step, Transactions, Violation};
use stalegate::time::{SimSpan, Stamp};

fn none() -> Vec<String> {
    Vec::new()
}

/// Two nodes of an IdP with a database, and two gateways that cache: the first call is gateway-1's.
fn two_nodes(persistence: &str) -> World {
    world("ttl-only").gateways(2).idp("nodes = 2").stored(persistence)
}

#[test]
fn b01_an_active_token_is_looked_for_in_the_cache_then_in_the_database_and_only_then_created() {
    let seen = world("no-cache").idp("nodes = 2").stored("").calls_ms(&[1_000, 2_000, 3_000, 4_000]).play();
    // Created on idp-1; found in the database by idp-2; remembered by both.
    assert_eq!(seen.calls(), ["1.029s ok", "2.025s ok", "3.023s ok", "4.023s ok"]);
    assert_eq!((seen.issued(), seen.sent()), (vec!["1.027s".to_owned()], vec![0, 0, 0, 0]));
}

#[test]
fn b01_a_token_is_for_one_client_and_another_client_gets_its_own() {
    let seen = world("no-cache").stored("").calls_ms(&[1_000]).also_ms(&[2_000]).play();
    assert_eq!((seen.calls(), seen.sent()), (vec!["1.029s ok".to_owned(), "2.029s ok".into()], vec![0, 1]));
}

#[test]
fn b02_a_pool_of_size_0_is_synchronous_and_the_default() {
    let play = |persistence: &str| {
        let seen = world("no-cache").stored(persistence).calls_ms(&[1_000, 2_000]).play();
        (seen.calls(), seen.issued())
    };
    let synchronous = (vec!["1.029s ok".to_owned(), "2.023s ok".into()], vec!["1.027s".to_owned()]);
    assert_eq!(play(""), synchronous);
    assert_eq!(play("pool_size = 0"), synchronous);
    let asynchronous = (vec!["1.025s ok".to_owned(), "2.023s ok".into()], vec!["1.023s".to_owned()]);
    assert_eq!(play("pool_size = 100"), asynchronous);
}

#[test]
fn b03_an_asynchronous_token_is_returned_before_it_is_stored() {
    let crash = |pool_size: u32, at: &str| {
        let fault = format!("kind = \"idp-crash\"\nat = \"{at}\"\ndown = \"5s\"\non_restart = \"keep\"");
        let persistence = format!("pool_size = {pool_size}");
        let world = world("ttl-only").stored(&persistence).calls_ms(&[1_000, 30_000]);
        let seen = world.fault(&fault).play();
        (seen.calls(), seen.races())
    };
    // Created at 1.023 s, with its caller at 1.024 s, in the table at 1.027 s. In between a crash loses it.
    let lost = (vec!["1.025s ok".to_owned(), "30.002s lost-token".into()], vec!["1.026s #0 lost".to_owned()]);
    assert_eq!(crash(1, "1.026s"), lost);
    assert_eq!(crash(1, "1.028s"), (vec!["1.025s ok".to_owned(), "30.001s ok".into()], none()));
    // Synchronous: who has no row has no answer either.
    assert_eq!(crash(0, "1.026s"), (vec!["1.026s idp-down".to_owned(), "30.029s ok".into()], none()));
    assert_eq!(crash(0, "1.028s"), (vec!["1.029s ok".to_owned(), "30.001s ok".into()], none()));
}

/// Two requests at once on two nodes, and a third one later.
fn at_once(con_app_key: bool) -> Seen {
    let db = format!("con_app_key = {con_app_key}");
    let world = world("no-cache").idp("nodes = 2").stored("").db(&db).remembers("ttl = \"0s\"");
    world.calls_ms(&[1_000, 1_001, 2_000, 3_000]).play()
}

#[test]
fn b04_the_constraint_allows_one_active_token_of_a_consumer_key_and_without_it_there_are_two() {
    let with = at_once(true);
    assert_eq!((with.races().len(), with.issued().len(), with.sent()), (2, 1, vec![0, 0, 0, 0]));
    let without = at_once(false);
    assert_eq!((without.races(), without.issued().len()), (none(), 2));
    assert_eq!(without.sent(), [0, 1, 1, 1], "both are good, and the latest is read");
    assert_eq!(without.number("ok"), 4);
}

#[test]
fn b05_requests_at_once_on_two_nodes_violate_the_constraint_and_on_one_node_they_do_not() {
    let violations = |nodes: u32, node_lock: bool| {
        let idp = format!("nodes = {nodes}");
        let persistence = format!("node_lock = {node_lock}");
        let world = world("no-cache").idp(&idp).stored(&persistence);
        world.calls_ms(&[1_000, 1_001]).play().instants(|fact| matches!(fact, Fact::ConAppKeyViolated { .. }))
    };
    assert_eq!(violations(2, true), ["1.028s"]);
    assert_eq!(violations(1, true), none(), "the node's lock lets one after the other");
    assert_eq!(violations(1, false), ["1.028s"], "it is the lock that does it");
}

#[test]
fn b06_asynchronous_both_tokens_are_with_their_callers_when_one_node_meets_the_error() {
    let seen = two_nodes("pool_size = 1").calls_ms(&[1_000, 1_001]).play();
    // Both were created after their reads, at 1.023 s and 1.024 s; idp-1 commits at 1.027 s.
    assert_eq!((seen.issued(), seen.sent()), (vec!["1.023s".to_owned(), "1.024s".into()], vec![0, 1]));
    assert_eq!(seen.calls(), ["1.025s ok", "1.026s ok"]);
    assert_eq!(seen.races()[0], "1.028s violation");
}

#[test]
fn b07_the_recovery_makes_the_first_nodes_token_inactive_and_one_caller_holds_a_dead_one() {
    let play = |transactions: &str| {
        let persistence = format!("pool_size = 1\nrecovery_transactions = \"{transactions}\"");
        two_nodes(&persistence).calls_ms(&[1_000, 1_001, 10_000, 11_000]).play()
    };
    let one = play("one");
    assert_eq!(one.races(), ["1.028s violation", "1.032s #0 superseded", "1.032s recovery"]);
    assert_eq!(one.calls_of(1), ["1.025s ok", "10.002s superseded-token"]);
    assert_eq!(one.calls_of(2), ["1.026s ok", "11.001s ok"]);
    let two = play("two");
    assert_eq!(two.races(), ["1.028s violation", "1.032s #0 superseded", "1.036s recovery"]);
    assert_eq!(two.calls()[2..], one.calls()[2..]);
}

#[test]
fn b08_synchronous_the_loser_reads_again_and_both_callers_hold_the_winners_token() {
    let seen = two_nodes("").calls_ms(&[1_000, 1_001, 10_000, 11_000]).play();
    assert_eq!(seen.races(), ["1.028s violation", "1.03s recovery"]);
    assert_eq!((seen.issued(), seen.sent()), (vec!["1.027s".to_owned()], vec![0, 0, 0, 0]));
    assert_eq!(seen.calls(), ["1.029s ok", "1.032s ok", "10.001s ok", "11.001s ok"]);
}

/// The flows with this many retries.
fn rules(retry_count: u32) -> Rules {
    Rules {
        pool_size: 0,
        order: Order::Fifo,
        retry_count,
        recovery: Recovery::Documented,
        transactions: Transactions::One,
        renew: Renew::Reuse,
        reuse_margin: SimSpan::secs(1),
        node_lock: true,
    }
}

#[test]
fn b09_five_retries_follow_the_first_attempt_and_then_the_request_fails() {
    let (rules, mut request) = (rules(5), Request::default());
    let mut attempts = 0;
    let mut done = Done::Served;
    loop {
        // Whenever it inserts, somebody is there; whenever it reads again, that one is gone.
        done = match request.next(done, &rules, Stamp(0)) {
            Step::Lock => Done::Locked,
            Step::Look => Done::Looked(None),
            Step::ReadActive => Done::Read(None),
            Step::Write(_) => {
                attempts += 1;
                Done::Violated(Violation)
            }
            step => break assert_eq!(step, Step::GiveUp),
        };
    }
    assert_eq!(attempts, 6);
}

#[test]
fn b09_asynchronous_the_token_is_lost_after_as_many() {
    let token = Token {
        id: 0,
        credential: CredentialId(0),
        token_key: TokenKeyId(0),
        node: IdpNodeId(0),
        key: None,
        issued: Stamp(0),
        expires: Stamp(3_600_000_000_000),
        iat_s: 0,
    };
    let (mut writer, _) = Writer::begin(Item { token, mark: None });
    let outcomes: Vec<Next> = (0..6).map(|_| writer.next(Err(Violation), &rules(5))).collect();
    assert!(outcomes[..5].iter().all(|next| matches!(next, Next::Write(_))), "{outcomes:?}");
    assert_eq!(outcomes[5], Next::Lost);
}

#[test]
fn b09_without_retries_the_loser_of_a_race_is_told_so() {
    let synchronous = "recovery = \"wso2-source\"\nretry_count = 0";
    let seen = two_nodes(synchronous).calls_ms(&[1_000, 1_002, 2_000, 3_000]).play();
    assert_eq!(seen.races(), ["1.029s violation", "1.029s exhausted"]);
    assert_eq!(seen.calls(), ["1.029s ok", "1.03s persist-failed", "2.001s ok", "3.023s ok"]);
    let seen = two_nodes("pool_size = 1\nretry_count = 0").calls_ms(&[1_000, 1_002, 2_000, 3_000]).play();
    assert_eq!(seen.races(), ["1.029s violation", "1.029s exhausted", "1.029s #1 lost"]);
    assert_eq!(seen.calls(), ["1.025s ok", "1.027s ok", "2.001s ok", "3.002s lost-token"]);
}

/// Eight threads ask at 1 s, and call the backend for a minute.
fn batch(nodes: u32, strategy: &str, persistence: &str) -> Seen {
    let application = format!(
        "strategy = \"{strategy}\"\nask = {{ first = \"1s\", every = \"2h\", spread = \"0s\" }}\n\
         calls = {{ rate = \"10/s\" }}"
    );
    let world = world("ttl-only").duration("1min").idp(&format!("nodes = {nodes}")).stored(persistence);
    world.no_client().application(&application).play()
}

#[test]
fn b10_a_scope_for_each_thread_or_one_thread_that_asks_for_all_avoids_the_violation() {
    for pool_size in ["pool_size = 0", "pool_size = 1"] {
        let tokens = |strategy: &str| {
            let seen = batch(2, strategy, pool_size);
            (seen.count(|fact| matches!(fact, Fact::ConAppKeyViolated { .. })), seen.issued().len())
        };
        assert_eq!(tokens("scope-per-thread"), (0, 8), "{pool_size}");
        assert_eq!(tokens("one-thread"), (0, 1), "{pool_size}");
        assert_eq!(tokens("per-thread").0, 1, "{pool_size}: of each node one thread races, the others wait for it");
    }
}

/// What a minute of `batch` cost: token requests, calls that failed, superseded tokens, and the token requests' ends.
fn cost(nodes: u32, persistence: &str) -> (usize, usize, usize, Vec<String>) {
    let seen = batch(nodes, "per-thread", persistence);
    let failed = seen.count(|fact| matches!(fact, Fact::Calls(calls) if calls.outcome != Outcome::Ok));
    let superseded = seen.count(|fact| matches!(fact, Fact::Superseded { .. }));
    (seen.fetches().len(), failed, superseded, seen.fetched())
}

#[test]
fn b11_where_nodes_race_synchronous_costs_fewer_token_requests_and_no_call() {
    let (requests, failed, superseded, _) = cost(2, "pool_size = 0");
    assert_eq!((requests, failed, superseded), (8, 0, 0));
    // The four threads of the node that committed first hold a dead token: each fails once, and asks once more.
    let (requests, failed, superseded, _) = cost(2, "pool_size = 1");
    assert_eq!((requests, failed, superseded), (12, 4, 1));
}

#[test]
fn b11_a_single_token_request_is_quicker_asynchronously_and_where_no_nodes_race_nothing_else_differs() {
    // 1 + 20 + 2 + 4 + 1 ms, and a second read at the loser; who waited for a lock finds the node's cache filled.
    let raced = cost(2, "pool_size = 0").3;
    assert_eq!(
        (&raced[..4], &raced[4..]),
        (&["1.028s token"; 4].map(String::from)[..], &["1.03s token"; 4].map(String::from)[..])
    );
    assert_eq!(cost(2, "pool_size = 1").3[..8], ["1.024s token"; 8]);
    let alone = |persistence: &str| cost(1, persistence);
    assert_eq!(alone("pool_size = 0"), (8, 0, 0, vec!["1.028s token".to_owned(); 8]));
    assert_eq!(alone("pool_size = 1"), (8, 0, 0, vec!["1.024s token".to_owned(); 8]));
}
