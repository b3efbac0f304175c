//! docs/model.md to the instant: each test is one sentence of it in a tiny world.

use crate::support_run::inbound::{jwt, password_change};
use crate::support_run::{Seen, World, gateway_restart, outage, restart, world};
use stalegate::model::fact::{Fact, Request};
use stalegate::oauth::Outcome;
use stalegate::rng::{Rows, Seeds, uniform};
use stalegate::time::{SimSpan, SimTime};

fn none() -> Vec<String> {
    Vec::new()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

// The IdP and its front

#[test]
fn a_refused_connection_is_known_one_network_delay_after_sending() {
    let seen = world("ttl-only").calls_ms(&[11_000]).fault(&outage("10s", "5s")).play();
    assert_eq!(seen.fetched(), ["11.001s idp-down"]);
    assert_eq!(seen.calls(), ["11.001s idp-down"]);
}

#[test]
fn a_starting_nodes_503_takes_two_network_delays() {
    let fault = format!("{}\nstarting = \"5s\"", restart("10s", "1s"));
    let idp = "health_check = { of = \"port\" }";
    let seen = world("ttl-only").idp(idp).calls_ms(&[12_000]).fault(&fault).play();
    assert_eq!(seen.nodes(), ["10s idp-1 down", "11s idp-1 starting", "16s idp-1 up"]);
    assert_eq!(seen.calls(), ["12.002s idp-down"]);
}

#[test]
fn a_front_that_looks_at_readiness_refuses_for_a_starting_node() {
    let fault = format!("{}\nstarting = \"5s\"", restart("10s", "1s"));
    let seen = world("ttl-only").calls_ms(&[12_000]).fault(&fault).play();
    assert_eq!(seen.calls(), ["12.001s idp-down"]);
}

#[test]
fn a_hanging_idp_lets_the_caller_wait_until_its_timeout() {
    let seen = world("ttl-only").idp("unreachable = \"hang\"").calls_ms(&[11_000]).fault(&outage("10s", "1min")).play();
    assert_eq!(seen.calls(), ["21s idp-timeout"]);
}

#[test]
fn a_node_that_stops_fails_at_that_instant_what_is_in_service_or_queued_there() {
    let seen = world("no-cache").idp("workers = 1").calls_ms(&[1_000, 1_005]).fault(&outage("1.010s", "5s")).play();
    assert_eq!(seen.calls(), ["1.01s idp-down", "1.01s idp-down"]);
}

#[test]
fn a_full_queue_is_told_two_network_delays_after_sending() {
    let seen = world("no-cache").idp("workers = 1\nqueue = 1").calls_ms(&[1_000, 1_005, 1_010]).play();
    assert_eq!(seen.calls(), ["1.012s idp-busy", "1.023s ok", "1.043s ok"]);
}

#[test]
fn the_front_sends_to_a_stopped_node_until_it_notices() {
    let idp = "nodes = 2\nhealth_check = { detect = \"3s\" }";
    let fault = format!("{}\nnode = \"idp-1\"", outage("10s", "20s"));
    let calls = [12_997, 12_998, 12_999, 13_000, 30_000, 32_998, 32_999, 33_000];
    let seen = world("no-cache").idp(idp).calls_ms(&calls).fault(&fault).play();
    // Requests reach the front 1 ms after they were sent, in turn to the nodes that it uses.
    assert_eq!(
        seen.fetched(),
        [
            "12.998s idp-down",
            "13.02s token",
            "13.021s token",
            "13.022s token",
            "30.022s token",
            "33.02s token",
            "33.021s token",
            "33.022s token",
        ]
    );
}

#[test]
fn ready_is_the_first_instant_at_which_the_front_would_have_a_request_answered() {
    let ready = |health: &str, starting: &str, nodes: u32, node: &str| {
        let fault = format!("{}\nnode = \"{node}\"\nstarting = \"{starting}\"", restart("10s", "20s"));
        let idp = format!("nodes = {nodes}\nhealth_check = {health}");
        world("ttl-only").duration("2min").idp(&idp).fault(&fault).play().ready()
    };
    assert_eq!(ready("{}", "0s", 1, "all"), ["30s"]);
    assert_eq!(ready("{}", "6s", 1, "all"), ["36s"]);
    assert_eq!(ready("{ detect = \"3s\" }", "6s", 1, "all"), ["39s"]);
    assert_eq!(
        ready("{ detect = \"3s\", of = \"port\" }", "6s", 1, "all"),
        ["36s"],
        "used since 33 s, answers since 36 s"
    );
    assert_eq!(
        ready("{ detect = \"9s\", of = \"port\" }", "6s", 1, "all"),
        ["39s"],
        "answers since 36 s, used since 39 s"
    );
    assert_eq!(ready("{ detect = \"1min\" }", "0s", 1, "all"), ["30s"], "it never noticed");
    assert_eq!(ready("{ detect = \"3s\" }", "0s", 2, "idp-1"), ["10s"], "the other node answers");
}

#[test]
fn every_one_of_many_restarts_is_over_when_the_node_is_up() {
    let fault = format!("{}\nevery = \"10s\"\non_restart = \"keep\"", restart("10s", "1s"));
    let calls: Vec<u64> = (1..9).map(|k| k * 10_000 + 2_000).collect();
    let seen = world("no-cache").duration("95s").calls_ms(&calls).fault(&fault).play();
    assert_eq!(seen.number("ok"), 8);
    assert_eq!(seen.ready().len(), 9);
}

#[test]
fn a_graceful_restart_drains_first_and_its_t_is_the_end_of_that() {
    let fault = format!("{}\ngraceful = true\ndrain = \"5s\"", restart("1.010s", "2s"));
    let seen = world("no-cache").calls_ms(&[1_000, 1_009, 1_010, 8_009]).fault(&fault).play();
    assert_eq!(seen.nodes(), ["1.01s idp-1 draining", "6.01s idp-1 down", "8.01s idp-1 up"]);
    assert_eq!(seen.stops(), ["6.01s"]);
    assert_eq!(seen.fetched(), ["1.01s idp-down", "1.011s idp-down", "1.022s token", "8.031s token"]);
}

#[test]
fn a_drain_finishes_the_queue_and_tokens_issued_in_it_die_at_its_end() {
    let fault = format!("{}\ngraceful = true\ndrain = \"1s\"", restart("1.010s", "2s"));
    let seen = world("ttl-only")
        .gateways(2)
        .idp("workers = 1")
        .calls_ms(&[1_000, 1_005, 2_000, 2_008, 2_010])
        .fault(&fault)
        .play();
    assert_eq!(seen.calls(), ["1.023s ok", "1.043s ok", "2.001s ok", "2.009s ok", "2.012s stale-token"]);
}

#[test]
fn rolling_counts_its_gap_from_the_return_of_a_node() {
    let fault = format!("{}\nnode = \"rolling\"\ngap = \"7s\"\nstarting = \"2s\"", restart("10s", "3s"));
    let seen = world("ttl-only").duration("1min").idp("nodes = 2").fault(&fault).play();
    assert_eq!(
        seen.nodes(),
        [
            "10s idp-1 down",
            "13s idp-1 starting",
            "15s idp-1 up",
            "22s idp-2 down",
            "25s idp-2 starting",
            "27s idp-2 up"
        ]
    );
    assert_eq!((seen.stops(), seen.ready()), (vec!["10s".to_owned(), "22s".into()], vec!["10s".into(), "22s".into()]));
}

/// No cache: each call is a token request, at the front 1 ms after its birth, whose token is there 22 ms after it.
fn fronted(nodes: u32, front: &str, health: &str) -> World {
    let idp = format!("nodes = {nodes}\nfront = \"{front}\"\nhealth_check = {health}");
    world("no-cache").duration("3min").idp(&idp)
}

/// A node is away from one instant for so long, and no token dies.
fn away(node: &str, at: &str, down: &str) -> String {
    format!("{}\nnode = \"{node}\"\non_restart = \"keep\"", restart(at, down))
}

/// When calls are born whose token requests are at the front a millisecond before each of these seconds, and at it.
fn around(seconds: &[u64]) -> Vec<u64> {
    seconds.iter().flat_map(|at| [at * 1_000 - 2, at * 1_000 - 1]).collect()
}

#[test]
fn a_front_that_looks_at_readiness_uses_a_node_again_so_long_after_it_is_up() {
    let fault = format!("{}\nstarting = \"10s\"", away("idp-1", "10s", "10s"));
    let world = fronted(2, "sticky", "{ detect = \"3s\" }").calls_ms(&around(&[13, 23, 33]));
    let seen = world.fault(&fault).fault(&away("idp-2", "32s", "20s")).play();
    assert_eq!(
        seen.fetched(),
        ["12.999s idp-down", "13.021s token", "23.02s token", "23.021s token", "32.999s idp-down", "33.021s token"],
        "idp-1 stops at 10 s, starts at 20 s, and is up at 30 s; idp-2 is gone from 32 s on, unnoticed until 35 s"
    );
}

#[test]
fn a_front_that_looks_at_ports_uses_a_node_again_so_long_after_it_is_starting() {
    let fault = format!("{}\nstarting = \"10s\"", away("idp-1", "10s", "10s"));
    let world = fronted(2, "sticky", "{ detect = \"3s\", of = \"port\" }").calls_ms(&around(&[13, 23, 30]));
    assert_eq!(
        world.fault(&fault).play().fetched(),
        ["12.999s idp-down", "13.021s token", "23.001s idp-down", "23.02s token", "30s idp-down", "30.021s token"],
        "from 23 s to 30 s it answers 503, after two network delays"
    );
}

#[test]
fn a_front_that_takes_turns_or_draws_notices_as_late() {
    let calls: Vec<u64> = (5_000..50_000).step_by(20).collect();
    for (front, of, noticed) in
        [("round-robin", "readiness", true), ("random", "readiness", true), ("round-robin", "port", false)]
    {
        let fault = format!("{}\nstarting = \"10s\"", away("idp-1", "10s", "10s"));
        let world = fronted(2, front, &format!("{{ detect = \"3s\", of = \"{of}\" }}")).calls_ms(&calls);
        let refused = world.fault(&fault).play();
        let refused = refused.times(|fact| matches!(fact, Fact::FetchEnded { failed: Some(_), .. }));
        let within = |from: u64, to: u64| {
            refused.iter().filter(|at| (from * 1_000..to * 1_000).contains(&(at.0 / 1_000_000))).count()
        };
        // 150 requests until the detection; of those, and of the 350 that ports let through, idp-1 gets about half.
        let (unnoticed, starting) = (within(10, 13), within(23, 31));
        assert!((50..=100).contains(&unnoticed), "{front}: {unnoticed}");
        assert!(if noticed { starting == 0 } else { (170..=180).contains(&starting) }, "{front} {of}: {starting}");
        assert_eq!(refused.len(), unnoticed + starting, "{front} {of}");
    }
}

#[test]
fn a_draining_node_is_out_of_use_as_soon_as_that_is_detected_and_refuses_until_then() {
    let drained = format!("{}\ngraceful = true\ndrain = \"20s\"", away("idp-1", "10s", "10s"));
    for front in ["sticky", "active-passive"] {
        let world = fronted(2, front, "{ detect = \"3s\" }").idp("unreachable = \"hang\"");
        let seen = world.calls_ms(&around(&[10, 13, 43])).fault(&drained).fault(&away("idp-2", "42s", "20s")).play();
        let mut told = seen.fetched();
        told.sort();
        assert_eq!(
            told,
            [
                "10.02s token",
                "10s idp-down",
                "12.999s idp-down",
                "13.021s token",
                "43.021s token",
                "52.998s idp-timeout"
            ],
            "{front}: the one at 9.999 s is finished, the one at 10 s refused; idp-1 is up at 40 s"
        );
    }
}

// An active-passive front

/// idp-1 is active; the front detects within 3 s and fails over 5 s later.
fn active_passive(nodes: u32) -> World {
    fronted(nodes, "active-passive", "{ detect = \"3s\" }").idp("failover = \"5s\"")
}

#[test]
fn a_standby_takes_over_failover_after_the_stop_was_seen_and_hands_back_when_the_return_is_seen() {
    let world = active_passive(2).calls_ms(&around(&[13, 18, 63, 65]));
    let seen = world.fault(&away("idp-1", "10s", "50s")).fault(&away("idp-2", "62s", "1min")).play();
    assert_eq!(
        seen.fetched(),
        [
            "12.999s idp-down",
            "13s idp-down",
            "17.999s idp-down",
            "18.021s token",
            "1min2.999s idp-down",
            "1min3.021s token",
            "1min5.02s token",
            "1min5.021s token"
        ],
        "idp-2 serves from 18 s to 63 s, and is gone from 62 s on"
    );
    assert_eq!(seen.ready(), ["18s", "1min3s"]);
}

#[test]
fn until_a_standby_takes_over_a_front_hangs_if_nodes_that_are_down_do() {
    let world = active_passive(2).idp("unreachable = \"hang\"").calls_ms(&around(&[18]));
    assert_eq!(world.fault(&away("idp-1", "10s", "1h")).play().fetched(), ["18.021s token", "27.998s idp-timeout"]);
}

#[test]
fn an_active_node_that_is_back_within_the_failover_serves_at_once() {
    let world = active_passive(2).calls_ms(&around(&[13, 15, 18])).fault(&away("idp-1", "10s", "2s"));
    let seen = world.fault(&away("idp-2", "1s", "1h")).play();
    // Up again at 12 s, seen down from 13 s to 15 s.
    assert_eq!(
        seen.fetched(),
        ["13s idp-down", "13.02s token", "14.999s idp-down", "15.021s token", "18.02s token", "18.021s token"]
    );
    assert_eq!(seen.ready(), ["1s", "12s"], "it serves, and answers, until the front sees it down");
}

#[test]
fn the_next_standby_takes_over_from_the_first_another_failover_later() {
    let world = active_passive(3).calls_ms(&around(&[33, 38])).fault(&away("idp-1", "10s", "1h"));
    let seen = world.fault(&away("idp-2", "30s", "1h")).play();
    assert_eq!(seen.fetched(), ["32.999s idp-down", "33s idp-down", "37.999s idp-down", "38.021s token"]);
    assert_eq!(seen.ready(), ["18s", "38s"]);
}

#[test]
fn a_standby_that_comes_back_after_the_failover_serves_at_once() {
    let world = active_passive(2).calls_ms(&around(&[18, 43])).fault(&away("idp-2", "1s", "39s"));
    let seen = world.fault(&away("idp-1", "10s", "1h")).play();
    assert_eq!(seen.fetched(), ["17.999s idp-down", "18s idp-down", "42.999s idp-down", "43.021s token"]);
}

#[test]
fn whatever_happens_to_a_standby_no_request_of_any_kind_meets_it() {
    let world = fronted(2, "active-passive", "{}")
        .idp("token_format = \"jwt\"")
        .arrivals("{ process = \"constant\", rate = \"10/s\" }");
    for validation in ["introspect", "local"] {
        let world = world.clone().api(&format!("validation = \"{validation}\"\njwks_refresh = \"1s\""));
        let seen = world.clone().fault(&away("idp-2", "10s", "1min")).play();
        assert!(seen.calls().iter().all(|told| told.ends_with(" ok")) && seen.number("ok") > 1_700, "{validation}");
        assert_eq!(seen.count(|fact| matches!(fact, Fact::IdpRefused(_))), 0, "{validation}");
        let cached = world.rule("lifetime", "rule = \"expires-in\"").idp("failover = \"30s\"");
        let active = cached.fault(&away("idp-1", "10s", "1min")).play();
        let kind = if validation == "local" { Request::KeySet } else { Request::Introspection };
        let refused = active.times(|fact| *fact == Fact::IdpRefused(kind));
        assert!(
            !refused.is_empty() && refused.iter().all(|at| (10..40).contains(&(at.0 / 1_000_000_000))),
            "{validation}"
        );
    }
}

#[test]
fn ready_of_an_active_passive_front_is_when_the_node_that_serves_answers() {
    let ready = |health: &str, failover: &str, starting: &str| {
        let fault = format!("{}\nstarting = \"{starting}\"", away("idp-1", "10s", "20s"));
        let idp = format!("failover = \"{failover}\"");
        fronted(2, "active-passive", health).idp(&idp).fault(&fault).play().ready()
    };
    assert_eq!(ready("{}", "0s", "0s"), ["10s"], "at once");
    assert_eq!(ready("{ detect = \"3s\" }", "0s", "0s"), ["13s"]);
    assert_eq!(ready("{ detect = \"3s\" }", "4.5s", "0s"), ["17.5s"]);
    assert_eq!(ready("{ detect = \"3s\" }", "1min", "0s"), ["33s"], "handed back before a standby took over");
    assert_eq!(ready("{ detect = \"3s\" }", "1min", "6s"), ["39s"]);
    assert_eq!(
        ready("{ detect = \"3s\", of = \"port\" }", "1min", "6s"),
        ["36s"],
        "used since 33 s, answers since 36 s"
    );
    assert_eq!(ready("{ detect = \"1min\" }", "1min", "0s"), ["30s"], "it never noticed");
}

#[test]
fn a_standby_hands_back_to_a_starting_node_where_the_front_looks_at_ports() {
    let fault = format!("{}\nstarting = \"10s\"", away("idp-1", "10s", "10s"));
    let world = fronted(2, "active-passive", "{ detect = \"3s\", of = \"port\" }").calls_ms(&around(&[13, 23, 30]));
    assert_eq!(
        world.fault(&fault).play().fetched(),
        ["12.999s idp-down", "13.021s token", "23.001s idp-down", "23.02s token", "30s idp-down", "30.021s token"]
    );
}

#[test]
fn what_is_older_than_the_run_was_issued_by_the_active_node() {
    let dead = |node: &str| {
        let fault = format!("{}\nnode = \"{node}\"\non_restart = \"invalidate-node\"", restart("10s", "1s"));
        let world = fronted(2, "active-passive", "{}").rule("lifetime", "rule = \"expires-in\"").warm().gateways(20);
        let calls: Vec<u64> = (20_000..20_020).collect();
        world.idp("token_lifetime = \"365d\"").calls_ms(&calls).fault(&fault).play().number("stale-token")
    };
    assert_eq!((dead("idp-1"), dead("idp-2")), (20, 0));
}

#[test]
fn users_log_in_at_the_node_that_serves() {
    let logins = |front: &str| {
        let idp = format!("nodes = 2\nfront = \"{front}\"\nfailover = \"5s\"");
        let world = jwt().idp(&idp).client("users = 1\nlogin = \"1h\"\nrelogin = \"1s\"");
        let seen = world.calls_ms(&[30_000]).fault(&away("idp-1", "10s", "1min")).fault(&password_change("12s")).play();
        seen.instants(|fact| matches!(fact, Fact::Login { .. }))
    };
    assert_eq!((logins("sticky"), logins("active-passive")), (vec!["13s".to_owned()], vec!["15s".to_owned()]));
}

#[test]
fn drained_requests_never_fail_where_there_is_another_node_to_go_to() {
    // A request is worked on for half a second at most, and waits for some seconds at most. Nodes are drained for 20 s.
    let world = |front: &str| {
        world("no-cache")
            .duration("4min")
            .gateways(3)
            .idp(&format!("nodes = 2\nfront = \"{front}\"\nworkers = 2"))
            .idp("token_service = { dist = \"uniform\", min = \"0s\", max = \"400ms\" }")
            .idp("introspection_service = { dist = \"uniform\", min = \"0s\", max = \"60ms\" }")
            .api("validation = \"introspect\"")
            .arrivals("{ process = \"poisson\", rate = \"5/s\" }")
    };
    let db = "write = { dist = \"uniform\", min = \"0s\", max = \"50ms\" }";
    for front in ["round-robin", "random", "sticky", "active-passive"] {
        for (node, starting, stored) in [("rolling", "3s", false), ("idp-1", "0s", true)] {
            let world = if stored { world(front).stored("").db(db) } else { world(front) };
            let fault = format!("{}\nevery = \"100s\"\nstarting = \"{starting}\"", away(node, "10s", "10s"));
            let drained = world.clone().fault(&format!("{fault}\ngraceful = true\ndrain = \"20s\""));
            for replication in 0..3 {
                let seen = drained.replication(replication);
                assert!(seen.nodes().len() >= 8, "{:?}", seen.nodes());
                let failed = seen.told(|fact| match fact {
                    Fact::Calls(calls) if calls.outcome != Outcome::Ok => Some(format!("{:?}", calls.outcome)),
                    _ => None,
                });
                assert_eq!(failed, none(), "{front}, {node}, replication {replication}");
                assert!(seen.number("ok") > 1_000);
            }
            assert!(world.fault(&fault).play().number("idp-down") > 0, "{front}, {node}: undrained, some do");
        }
    }
}

#[test]
fn idp_slow_multiplies_services_that_begin_meanwhile() {
    let slow = "at = \"10s\"\nkind = \"idp-slow\"\nfor = \"10s\"\nfactor = 3.0";
    let seen = world("no-cache").calls_ms(&[9_998, 9_999, 19_998, 19_999]).fault(slow).play();
    assert_eq!(seen.fetched(), ["10.02s token", "10.061s token", "20.021s token", "20.06s token"]);
}

#[test]
fn a_not_before_spares_tokens_of_the_second_it_names() {
    let dead = |at: &str| {
        let fault = format!("{}\non_restart = \"not-before\"", restart(at, "1s"));
        world("ttl-only").calls_ms(&[10_000, 20_000]).fault(&fault).play().number("stale-token")
    };
    assert_eq!((dead("10.022s"), dead("11.022s")), (0, 1), "issued at 10.021 s, whatever the phase of the clock");
}

#[test]
fn a_token_issued_at_the_instant_of_a_restart_is_not_killed_by_it() {
    let after = |at: &str| {
        let fault = format!("{}\nnode = \"idp-2\"", restart(at, "1s"));
        world("ttl-only").idp("nodes = 2").calls_ms(&[10_000, 20_000]).fault(&fault).play().calls()
    };
    assert_eq!(after("10.021s"), ["10.023s ok", "20.001s ok"]);
    assert_eq!(after("10.021000001s"), ["10.024s stale-token", "20.002s stale-token"]);
}

// Calls and clients

#[test]
fn a_call_fails_at_birth_plus_timeout_and_the_gateway_does_not_notice() {
    let seen = world("ttl-only")
        .network("client_gateway = \"5ms\"")
        .idp("token_service = \"5s\"")
        .client("timeout = \"2s\"")
        .calls_ms(&[1_000, 10_000])
        .play();
    assert_eq!(seen.calls(), ["3s client-timeout", "10.006s ok"]);
    assert_eq!(seen.fetched(), ["6.007s token"], "the fetch went on, and its token is there for the next call");
}

#[test]
fn an_answer_that_comes_too_late_is_lost_and_changes_no_outcome() {
    let world = world("ttl-only").network("client_gateway = \"990ms\"").client("timeout = \"2s\"");
    let seen = world.calls_ms(&[1_000]).play();
    assert_eq!(seen.calls(), ["2.013s ok"]);
    assert_eq!(seen.instants(|fact| *fact == Fact::AnswerLost), ["3s"]);
    assert_eq!(seen.latencies(), none());
}

#[test]
fn a_client_repeats_a_failed_call_after_its_backoff_with_a_timeout_of_its_own() {
    let seen = world("ttl-only")
        .network("client_gateway = \"5ms\"")
        .client("retry = { attempts = 2, backoff = \"1s\" }")
        .calls_ms(&[11_000])
        .fault(&outage("10s", "2s"))
        .play();
    // Fails at 11.006 at the gateway; the client sees it at 11.011 and calls again at 12.011.
    assert_eq!(seen.calls(), ["11.006s idp-down", "12.039s ok"]);
    assert_eq!(seen.latencies(), ["1.055s"], "from the first birth to the answer at the client");
}

#[test]
fn a_clients_backoff_grows_by_its_factor_up_to_its_longest() {
    let seen = world("ttl-only")
        .client("retry = { attempts = 4, first = \"1s\", factor = 2.0, max = \"3s\" }")
        .calls_ms(&[11_000])
        .fault(&outage("10s", "1h"))
        .play();
    let failed = |at: &str| format!("{at} idp-down");
    assert_eq!(seen.calls(), ["11.001s", "12.002s", "14.003s", "17.004s", "20.005s"].map(failed));
}

#[test]
fn the_jitter_of_a_clients_backoff_is_drawn_by_call_and_attempt() {
    let retrying = |policy: &str| {
        world(policy)
            .client("retry = { attempts = 2, first = \"1s\", factor = 1.0, jitter = 0.5 }")
            .calls_ms(&[11_000, 21_000])
            .fault(&outage("10s", "1h"))
            .play()
    };
    let mut rows = Rows::new(Seeds { seed: 1, replication: 0 }.key("call", "shop"));
    let mut wait = |call: u64, attempt: u64| {
        let jitter = uniform(rows.row((1 << 32) + attempt, call)[7]);
        SimSpan::secs(1).scaled(0.5 + jitter)
    };
    let mut expected = Vec::new();
    for (call, born_ms) in [(0, 11_000), (1, 21_000)] {
        let mut failed = SimTime::ZERO + SimSpan::millis(born_ms + 1);
        expected.push(failed);
        for attempt in 1..=2 {
            failed = failed + wait(call, attempt) + SimSpan::millis(1);
            expected.push(failed);
        }
    }
    assert_eq!(retrying("ttl-only").times(|fact| matches!(fact, Fact::Calls(_))), expected);
    assert_eq!(
        retrying("no-cache").times(|fact| matches!(fact, Fact::Calls(_))),
        expected,
        "the same under every policy"
    );
}

#[test]
fn an_answer_in_time_ends_the_retries_and_one_that_is_too_late_costs_a_retry() {
    let slow = |timeout: &str| {
        world("ttl-only")
            .idp("token_service = \"3s\"")
            .client(&format!("timeout = \"{timeout}\"\nretry = {{ attempts = 5, backoff = \"500ms\" }}"))
            .calls_ms(&[1_000])
            .play()
    };
    assert_eq!(slow("4s").calls(), ["4.003s ok"]);
    // Born at 1 s, at 3.5 s; the token is there at 4.002 s.
    let patient = slow("2s");
    assert_eq!(patient.calls(), ["3s client-timeout", "4.003s ok"]);
    assert_eq!((patient.latencies(), patient.fetches().len()), (vec!["3.014s".to_owned()], 1));
}

/// A client that repeats each call once a second later; the IdP is away from 10 s on.
fn budgeted(budget: &str) -> World {
    let client = format!("retry = {{ attempts = 1, backoff = \"1s\", budget = {budget} }}");
    world("no-cache").client(&client).fault(&outage("10s", "1h"))
}

#[test]
fn retries_are_at_most_the_budgets_share_of_the_calls_of_the_last_10_s() {
    let calls = &[11_000, 11_100, 11_200, 11_300];
    let failed = |instants: &[&str]| instants.iter().map(|at| format!("{at} idp-down")).collect::<Vec<_>>();
    let first = ["11.001s", "11.101s", "11.201s", "11.301s"];
    let with = |retries: &[&str]| failed(&[&first, retries].concat());
    assert_eq!(budgeted("0.5").calls_ms(calls).play().calls(), with(&["12.002s", "12.102s"]));
    assert_eq!(budgeted("0.49").calls_ms(calls).play().calls(), with(&["12.002s"]));
    assert_eq!(budgeted("0.24").calls_ms(calls).play().calls(), with(&[]));
    assert_eq!(budgeted("0.001").calls_ms(calls).play().calls(), with(&[]));
    assert_eq!(budgeted("1.0").calls_ms(calls).play().calls(), with(&["12.002s", "12.102s", "12.202s", "12.302s"]));
}

#[test]
fn a_call_counts_for_the_budget_until_10_s_after_its_birth_and_the_retry_is_judged_when_it_would_be_sent() {
    for (backoff, sent) in [("9.998s", 2), ("9.999s", 1)] {
        let client = format!("retry = {{ attempts = 1, backoff = \"{backoff}\", budget = 1.0 }}");
        let seen = world("ttl-only").client(&client).calls_ms(&[11_000]).fault(&outage("10s", "1h")).play();
        assert_eq!(seen.calls().len(), sent, "sent {backoff} after 11.001 s");
    }
    let one_of_three = budgeted("0.5").calls_ms(&[11_000, 11_500, 11_600]).play();
    assert_eq!(one_of_three.calls()[3..], ["12.002s idp-down"], "the first, which failed when it was the only call");
}

#[test]
fn a_retry_earns_no_retry_and_one_that_is_dropped_is_not_tried_again() {
    let client = "retry = { attempts = 5, backoff = \"1s\", budget = 1.0 }";
    let seen = world("ttl-only").client(client).calls_ms(&[11_000]).fault(&outage("10s", "1h")).play();
    assert_eq!(seen.calls(), ["11.001s idp-down", "12.002s idp-down"]);
}

#[test]
fn a_budget_is_about_the_calls_of_its_own_population() {
    let seen = |budget: &str| {
        let busy =
            "[[client]]\nname = \"staff\"\napis = [\"orders\"]\narrivals = { process = \"constant\", rate = \"10/s\" }";
        budgeted(budget).calls_ms(&[11_000]).tables(busy).duration("20s").play().number("idp-down")
    };
    let none = seen("0.001");
    assert_eq!((seen("0.9"), seen("1.0") - none), (none, 1));
}

#[test]
fn a_closed_user_whose_retry_is_dropped_thinks_and_calls_again() {
    let seen = world("ttl-only")
        .arrivals("{ process = \"closed\", users = 1, think = \"1s\" }")
        .client("retry = { attempts = 9, backoff = \"2s\", budget = 0.001 }")
        .fault(&outage("500ms", "1h"))
        .duration("8s")
        .play();
    assert_eq!(seen.calls(), ["1.001s idp-down", "4.002s idp-down", "7.003s idp-down"], "dropped at 3.001 s");
}

#[test]
fn calls_within_a_gateway_that_goes_down_fail_at_that_instant() {
    let seen =
        world("ttl-only").calls_ms(&[1_000, 2_000, 9_995, 10_500]).fault(&gateway_restart("all", "10s", "5s")).play();
    assert_eq!(seen.calls(), ["1.023s ok", "2.001s ok", "9.996s ok", "10.5s gateway-down"]);
    assert_eq!(seen.instants(|fact| *fact == Fact::AnswerLost), ["10s"], "settled at 9.996 s, its answer died");
    let fetching = world("ttl-only").calls_ms(&[9_995]).fault(&gateway_restart("all", "10s", "5s")).play();
    assert_eq!((fetching.calls(), fetching.fetched()), (vec!["10s gateway-down".to_owned()], none()));
}

#[test]
fn a_call_to_a_down_gateway_still_in_use_fails_there() {
    let seen = world("ttl-only")
        .network("client_gateway = \"5ms\"")
        .gateways(2)
        .gateway("detect_down = \"2s\"")
        .calls_ms(&[11_000, 11_001, 12_000, 12_001])
        .fault(&gateway_restart("gateway-1", "10s", "5s"))
        .play();
    assert_eq!(seen.calls_of(1), ["11.005s gateway-down"]);
    assert_eq!(seen.calls_of(2), ["11.029s ok", "12.006s ok", "12.007s ok"], "from 12 s on all go to gateway-2");
}

#[test]
fn a_gateway_is_in_use_again_so_long_after_it_is_up() {
    let seen = world("ttl-only")
        .gateways(2)
        .gateway("detect_down = \"2s\"")
        .calls_ms(&[16_998, 16_999, 17_000])
        .fault(&gateway_restart("gateway-1", "10s", "5s"))
        .play();
    assert_eq!(seen.calls_of(2), ["17.021s ok", "17.021s ok"]);
    assert_eq!(seen.calls_of(1), ["17.023s ok"]);
}

#[test]
fn with_no_gateway_in_use_a_call_fails_at_birth() {
    let seen = world("ttl-only")
        .network("client_gateway = \"5ms\"")
        .gateways(2)
        .calls_ms(&[11_000, 12_000])
        .fault(&gateway_restart("all", "10s", "5s"))
        .play();
    assert_eq!(
        (seen.calls_of(1), seen.calls_of(2)),
        (vec!["11s gateway-down".into()], vec!["12s gateway-down".to_owned()])
    );
}

#[test]
fn a_gateway_that_restarts_many_times_is_used_after_each() {
    let fault = format!("{}\nevery = \"10s\"", gateway_restart("all", "10s", "1s"));
    let calls: Vec<u64> = (1..9).map(|k| k * 10_000 + 2_000).collect();
    let seen = world("ttl-only").duration("95s").calls_ms(&calls).fault(&fault).play();
    assert_eq!((seen.number("ok"), seen.fetches().len()), (8, 8), "its cache is empty each time");
}

#[test]
fn a_closed_user_thinks_first_and_calls_again_after_the_answer() {
    let seen = world("ttl-only").arrivals("{ process = \"closed\", users = 1, think = \"1s\" }").duration("4s").play();
    assert_eq!(seen.calls(), ["1.023s ok", "2.035s ok", "3.047s ok"]);
}

// Backends

fn introspecting(on_idp_unreachable: &str) -> World {
    world("reactive-retry")
        .api(&format!("validation = \"introspect\"\non_idp_unreachable = \"{on_idp_unreachable}\""))
        .calls_ms(&[1_000, 11_000])
        .fault(&outage("10s", "1min"))
}

#[test]
fn a_backend_that_cannot_introspect_answers_503() {
    let seen = introspecting("error").play();
    assert_eq!(seen.calls(), ["1.03s ok", "11.003s introspection-down"]);
    assert_eq!(seen.purges(), none(), "a 503 is not a refusal");
}

#[test]
fn a_backend_that_refuses_what_it_cannot_introspect_makes_the_rejection_rule_act() {
    let seen = introspecting("refuse").play();
    assert_eq!(seen.purges(), ["11.003s"]);
    assert_eq!(seen.calls(), ["1.03s ok", "11.004s idp-down"], "the cause is that of the resend's fetch");
}

#[test]
fn a_backend_that_accepts_what_it_cannot_introspect_serves_it() {
    assert_eq!(introspecting("accept").play().calls(), ["1.03s ok", "11.002s ok"]);
}

#[test]
fn an_introspection_without_an_answer_ends_with_its_timeout() {
    let seen = introspecting("error").idp("unreachable = \"hang\"").play();
    assert_eq!(seen.calls(), ["1.03s ok", "16.002s introspection-down"]);
}

#[test]
fn an_introspection_tells_the_truth_at_the_end_of_its_service() {
    let world = |at: &str| {
        let fault = format!("at = \"{at}\"\nkind = \"token-revoked\"\ncredential = \"orders\"");
        world("ttl-only").api("validation = \"introspect\"").calls_ms(&[1_000, 10_000]).fault(&fault).play().calls()
    };
    assert_eq!(world("10.006s"), ["1.03s ok", "10.009s stale-token"]);
    assert_eq!(world("10.0070001s"), ["1.03s ok", "10.008s ok"]);
}

#[test]
fn a_cached_introspection_is_used_for_its_time_and_never_beyond_expiry() {
    let seen = |cache: &str, lifetime: &str, calls: &[u64]| {
        world("wso2-retry-endpoint")
            .idp(&format!("token_lifetime = \"{lifetime}\""))
            .api(&format!("validation = \"introspect\"\nreject_status = 403\nintrospection_cache = \"{cache}\""))
            .calls_ms(calls)
            .play()
    };
    // Asked at 1.03 s.
    let short = seen("10s", "1h", &[1_000, 11_028, 11_029]);
    assert_eq!(
        (short.calls(), short.introspections().len()),
        (vec!["1.03s ok".into(), "11.029s ok".into(), "11.037s ok".to_owned()], 2)
    );
    // The token is issued at 1.021 s and expires at 11.021 s.
    let long = seen("1h", "10s", &[1_000, 11_019, 11_020]);
    assert_eq!(long.calls(), ["1.03s ok", "11.02s ok", "11.029s expired-token"]);
}

#[test]
fn a_dead_token_is_accepted_as_long_as_its_introspection_is_cached() {
    let seen = world("ttl-only")
        .api("validation = \"introspect\"\nintrospection_cache = \"1min\"")
        .calls_ms(&[1_000, 61_028, 61_030])
        .fault(&restart("10s", "5s"))
        .play();
    assert_eq!(seen.calls(), ["1.03s ok", "1min1.029s ok", "1min1.039s stale-token"]);
    assert_eq!(seen.instants(|fact| *fact == Fact::AcceptedWhileDead), ["1min1.029s"]);
}

fn local(policy: &str) -> World {
    world(policy)
        .idp("token_format = \"jwt\"\non_restart = \"new-signing-key\"")
        .api("validation = \"local\"\njwks_refresh = \"1d\"\njwks_cooldown = \"30s\"")
        .duration("1h")
}

#[test]
fn an_unknown_key_makes_a_local_backend_fetch_the_set_and_forget_the_old_key() {
    let world = local("ttl-only").gateways(2).calls_ms(&[1_000, 50_000, 51_000, 52_000]);
    let seen = world.fault(&restart("10s", "30s")).play();
    assert_eq!(seen.key_sets(), ["50.024s"]);
    assert_eq!(seen.calls_of(2), ["50.025s ok", "52.001s ok"], "gateway-2 fetched a token of the new key");
    assert_eq!(seen.calls_of(1), ["1.023s ok", "51.002s stale-token"], "gateway-1 has one of the old key");
}

#[test]
fn a_dead_token_that_a_key_set_still_covers_is_accepted_and_counted() {
    let seen = local("ttl-only").calls_ms(&[1_000, 50_000]).fault(&restart("10s", "30s")).play();
    assert_eq!(seen.calls(), ["1.023s ok", "50.001s ok"]);
    assert_eq!(seen.instants(|fact| *fact == Fact::AcceptedWhileDead), ["50.001s"]);
}

#[test]
fn an_unknown_key_is_asked_for_once_in_a_cooldown() {
    // The first fetch is served by nobody; until the cooldown is over the new token is refused.
    let seen = local("ttl-only")
        .network("gateway_idp = \"1ms\"\nbackend_idp = \"2ms\"")
        .calls_ms(&[40_000, 45_000, 70_021, 70_022])
        .fault(&restart("10s", "5s"))
        .fault(&outage("40.0225s", "1s"))
        .play();
    let refused = "introspection-down";
    assert_eq!(
        seen.calls(),
        [
            format!("40.026s {refused}"),
            format!("45.002s {refused}"),
            format!("1min10.023s {refused}"),
            "1min10.027s ok".into()
        ]
    );
}

#[test]
fn an_old_key_is_good_until_the_next_periodic_fetch() {
    let calls: Vec<u64> = std::iter::once(1_000).chain((41_000..120_000).step_by(1_000)).collect();
    let seen = local("ttl-only")
        .api("validation = \"local\"\njwks_refresh = \"1min\"")
        .duration("2min")
        .calls_ms(&calls)
        .fault(&restart("10s", "30s"))
        .play();
    let fetched = seen.times(|fact| matches!(fact, Fact::IdpArrival(Request::KeySet)));
    let fetched = *fetched.iter().find(|at| at.0 > 41_000_000_000).expect("it fetches once a minute");
    // Sent a network delay before, and the set is there a network delay after.
    let before = calls[1..].iter().filter(|ms| (**ms + 1) * 1_000_000 < fetched.0 + 1_000_000).count();
    assert_eq!(seen.count(|fact| *fact == Fact::AcceptedWhileDead), before);
    assert_eq!(seen.number("stale-token"), 79 - before);
}

#[test]
fn the_key_set_is_fetched_from_time_to_time() {
    let seen = local("ttl-only").api("validation = \"local\"\njwks_refresh = \"1min\"").duration("10min").play();
    assert_eq!(seen.key_sets().len(), 10);
}

// The rules of a policy

#[test]
fn misses_of_one_node_wait_for_the_request_in_the_air() {
    let seen = world("ttl-only").calls_ms(&[1_000, 1_010, 1_021]).play();
    assert_eq!((seen.calls(), seen.fetches()), (vec!["1.023s ok".to_owned(); 3], vec!["1s".to_owned()]));
}

#[test]
fn a_shared_failure_fails_all_that_wait_at_that_instant() {
    let world = world("ttl-only").idp("unreachable = \"hang\"").calls_ms(&[11_000, 12_000, 13_000]);
    let seen = world.client("timeout = \"1min\"").fault(&outage("10s", "1h")).play();
    assert_eq!((seen.calls(), seen.fetches()), (vec!["21s idp-timeout".to_owned(); 3], vec!["11s".to_owned()]));
}

#[test]
fn an_unshared_failure_makes_a_convoy() {
    let world = world("ttl-only").idp("unreachable = \"hang\"").calls_ms(&[11_000, 12_000, 13_000]);
    let world = world.client("timeout = \"1min\"").rule("fetch", "share_failures = false");
    let seen = world.fault(&outage("10s", "1h")).play();
    assert_eq!(seen.calls(), ["21s idp-timeout", "31s idp-timeout", "41s idp-timeout"]);
    assert_eq!(seen.fetches(), ["11s", "21s", "31s"]);
}

#[test]
fn no_request_is_sent_sooner_than_retry_after_and_calls_fail_at_once_for_the_same_cause() {
    let world = world("ttl-only").calls_ms(&[11_000, 12_000, 16_000, 16_001]).rule("fetch", "retry_after = \"5s\"");
    let seen = world.fault(&outage("10s", "5s")).play();
    assert_eq!(seen.calls(), ["11.001s idp-down", "12s idp-down", "16s idp-down", "16.024s ok"]);
    assert_eq!(seen.fetches(), ["11s", "16.001s"]);
}

#[test]
fn an_event_that_refetches_waits_for_retry_after_too() {
    let world = world("event-purge").idp("token_lifetime = \"101s\"").rule("lifetime", "refresh_at = 0.8");
    let world = world.rule("fetch", "retry_after = \"10s\"").rule("events", "refetch = true").duration("95s");
    let revoked = "at = \"83s\"\nkind = \"token-revoked\"\ncredential = \"orders\"";
    let seen = world.calls_ms(&[1_000]).fault(&outage("80s", "1h")).fault(revoked).play();
    // The refresh at 81.022 fails at 81.023; the event's refetch at 83.06 is put off by 10 s.
    assert_eq!(seen.purges(), ["1min23.06s"]);
    assert_eq!(seen.fetches(), ["1s", "1min21.022s", "1min33.06s"]);
}

#[test]
fn use_stale_sends_the_expired_entry_after_a_failed_fetch() {
    let world = world("ttl-only").rule("fetch", "on_failure = \"use-stale\"").idp("token_lifetime = \"10s\"");
    let seen = world.calls_ms(&[1_000, 10_021, 10_022, 11_022]).fault(&outage("9s", "1h")).play();
    // Used until 10.022 s; expires at 11.021 s.
    assert_eq!(seen.calls(), ["1.023s ok", "10.022s ok", "10.024s ok", "11.025s expired-token"]);
}

#[test]
fn use_stale_with_nothing_stale_fails_for_the_fetchs_cause() {
    let world = world("ttl-only").rule("fetch", "on_failure = \"use-stale\"").calls_ms(&[1_000]);
    assert_eq!(world.fault(&outage("0s", "1h")).play().calls(), ["1.001s idp-down"]);
}

#[test]
fn send_without_token_is_refused_for_that() {
    let world = world("ttl-only").rule("fetch", "on_failure = \"send-without-token\"").calls_ms(&[1_000]);
    assert_eq!(world.fault(&outage("0s", "1h")).play().calls(), ["1.003s no-token"]);
}

#[test]
fn a_refresh_fetches_in_the_background_while_the_old_token_is_used() {
    let world = world("ttl-only").idp("token_lifetime = \"101s\"").rule("lifetime", "refresh_at = 0.8");
    let seen = world.duration("2min").calls_ms(&[1_000, 81_025, 81_050, 101_030]).play();
    // Usable for 100 s from 1.022 s on: refreshed at 81.022 s.
    assert_eq!(seen.fetches(), ["1s", "1min21.022s"]);
    assert_eq!(seen.calls(), ["1.023s ok", "1min21.026s ok", "1min21.051s ok", "1min41.031s ok"]);
}

#[test]
fn a_failed_refresh_is_repeated_every_retry_after() {
    let world = world("ttl-only").idp("token_lifetime = \"101s\"").rule("lifetime", "refresh_at = 0.8");
    let failing = world.duration("100s").calls_ms(&[1_000]).fault(&outage("80s", "6s"));
    assert_eq!(failing.play().fetches(), ["1s", "1min21.022s"], "never, if that is zero");
    let seen = failing.rule("fetch", "retry_after = \"2s\"").play();
    assert_eq!(seen.fetches(), ["1s", "1min21.022s", "1min23.023s", "1min25.024s", "1min27.025s"]);
}

#[test]
fn a_warm_start_spreads_the_ages_of_tokens_over_their_usable_time() {
    let world = world("ttl-only").warm().gateways(200).gateway("detect_down = \"0s\"").duration("1h");
    let calls: Vec<u64> = (0..200).map(|k| 1_000 + k).chain((0..200).map(|k| 1_800_000 + k)).collect();
    let seen = world.calls_ms(&calls).play();
    assert_eq!(seen.number("ok"), 400);
    let fetches = seen.fetches().len();
    assert!((80..=120).contains(&fetches), "half of them expire in half of the time: {fetches} of 200");
}

#[test]
fn each_warm_token_is_used_to_the_end_of_its_hour() {
    let world = world("ttl-only").warm().duration("1h");
    for replication in 0..20 {
        let seen = world.replication(replication);
        assert!(seen.fetches().len() == 1, "one expiry in 3599 s");
    }
}

#[test]
fn whole_seconds_use_a_token_while_more_than_the_margin_is_left_on_the_clock() {
    let world = world("ttl-only").idp("token_lifetime = \"60s\"").rule("lifetime", "whole_seconds = true");
    let calls: Vec<u64> = (1_000..63_000).step_by(1).collect();
    let seen = world.duration("1min4s").calls_ms(&calls).play();
    let fetches = seen.times(|fact| matches!(fact, Fact::FetchStarted { .. }));
    // Received at 1.022 s of the run, in some second n of the clock: used through second n + 58.
    let used = fetches[1].0 - 1_022_000_000;
    assert!((58_000_000_000..=59_000_000_000).contains(&used), "{used}");
}

// Refusals

#[test]
fn a_young_token_is_left_alone() {
    let world = world("reactive-retry").rule("rejection", "min_token_age = \"10s\"");
    let seen = world.calls_ms(&[1_000, 11_019, 11_020]).fault(&restart("2s", "1s")).play();
    // Received at 1.022 s; refusals are at the gateway 2 ms after a call's birth.
    assert_eq!(seen.calls(), ["1.023s ok", "11.021s stale-token", "11.045s ok"]);
}

#[test]
fn resends_wait_for_the_backoff_and_are_so_many() {
    let rule = "resends = 3\nbackoff = { first = \"1s\", factor = 2.0, max = \"3s\" }\npurge = \"none\"";
    let world = world("reactive-retry").rule("rejection", rule).calls_ms(&[1_000, 10_000]);
    let seen = world.fault(&restart("2s", "1s")).play();
    assert_eq!(seen.resends(), ["11.002s", "13.004s", "16.006s"]);
    assert_eq!(seen.calls(), ["1.023s ok", "16.008s stale-token"]);
}

#[test]
fn a_call_that_must_not_be_sent_twice_is_and_that_is_counted() {
    let world = world("reactive-retry").backend("unsafe_ratio = 1.0").calls_ms(&[1_000, 10_000]);
    let seen = world.fault(&restart("2s", "1s")).play();
    assert_eq!(seen.instants(|fact| *fact == Fact::Resend { unsafe_call: true }), ["10.024s"]);
}

/// Two calls are on their way with the dead token; the second comes back when the first has fetched.
fn late_refusal(purge: &str) -> crate::support_run::Seen {
    world("reactive-retry")
        .api("validation = \"introspect\"")
        .network("gateway_backend = \"50ms\"")
        .rule("rejection", &format!("purge = \"{purge}\""))
        .calls_ms(&[1_000, 10_000, 10_030])
        .fault(&restart("2s", "1s"))
        .play()
}

#[test]
fn by_key_a_late_refusal_of_the_old_token_drops_the_fresh_one() {
    // 10.107: the first refusal; its token is there at 10.129; the second refusal comes at 10.137.
    let seen = late_refusal("by-key");
    assert_eq!(seen.purges(), ["10.107s", "10.137s"]);
    assert_eq!(seen.fetches(), ["1s", "10.107s", "10.137s"]);
}

#[test]
fn if_same_a_late_refusal_of_the_old_token_spares_the_fresh_one() {
    let seen = late_refusal("if-same");
    assert_eq!((seen.purges(), seen.fetches()), (vec!["10.107s".to_owned()], vec!["1s".into(), "10.107s".into()]));
    assert_eq!(seen.number("ok"), 3);
}

// The shared store and the cluster's lock

fn shared() -> World {
    world("ttl-only").rule("store", "shared = true\nround_trip = \"3ms\"").gateways(2)
}

#[test]
fn each_lookup_and_write_in_the_shared_store_costs_a_round_trip() {
    let seen = shared().calls_ms(&[1_000, 2_000]).play();
    // Looked up at 1.003 s, fetched until 1.025 s, written until 1.028 s.
    assert_eq!(
        (seen.calls(), seen.fetches()),
        (vec!["1.029s ok".to_owned(), "2.004s ok".into()], vec!["1.003s".to_owned()])
    );
}

#[test]
fn the_shared_store_survives_the_restart_of_gateways() {
    let seen = shared().calls_ms(&[1_000, 20_000, 21_000]).fault(&gateway_restart("all", "10s", "5s")).play();
    assert_eq!((seen.number("ok"), seen.fetches().len()), (3, 1));
}

fn locked() -> World {
    let world = world("ttl-only").rule("store", "shared = true\nround_trip = \"3ms\"").gateways(3);
    world.rule("fetch", "single_flight = \"cluster\"")
}

#[test]
fn the_clusters_lock_makes_one_request_for_all_gateways() {
    let seen = locked().calls_ms(&[1_000, 1_001, 1_002]).play();
    // Looked up at 1.003, lock at 1.006, token at 1.028, written at 1.031. The others met the lock at 1.007 and 1.008,
    // and look again 100 ms later, which takes 3 ms.
    assert_eq!(seen.fetches(), ["1.006s"]);
    assert_eq!(seen.calls(), ["1.032s ok", "1.111s ok", "1.112s ok"]);
}

#[test]
fn a_holder_that_dies_keeps_the_lock_for_lock_ttl() {
    let world = locked().idp("token_service = \"1s\"").calls_ms(&[1_000, 1_001]);
    let seen = world.fault(&gateway_restart("gateway-1", "1.5s", "10s")).play();
    // The lock was taken at 1.006 and is lost at 6.006; gateway-2 looks at 1.007 and then every 103 ms.
    assert_eq!(seen.fetches(), ["1.006s", "6.054s"]);
    assert_eq!(seen.calls(), ["1.5s gateway-down", "7.06s ok"]);
}

#[test]
fn a_failed_request_gives_the_lock_back() {
    let world = locked().calls_ms(&[1_000, 1_001]).fault(&outage("0s", "1.05s"));
    let seen = world.play();
    // gateway-2 looks at 1.007, still in vain, and again at 1.11; it fetches until 1.132 and writes until 1.135.
    assert_eq!(seen.calls(), ["1.007s idp-down", "1.136s ok"]);
}

#[test]
fn a_node_that_restarts_within_a_poll_seeks_the_lock_once() {
    let world = locked().idp("token_service = \"1s\"").calls_ms(&[1_000, 1_001, 1_002, 1_100, 1_101]);
    let seen = world.fault(&gateway_restart("gateway-2", "1.05s", "10ms")).play();
    assert_eq!((seen.number("ok"), seen.number("gateway-down"), seen.fetches().len()), (4, 1, 1));
}

// The shared store is away

/// The store is down for so long from `at`; gateways go on without it (`open`) or answer with errors (`closed`).
fn store_outage(at: &str, lasts: &str, fails: &str) -> String {
    format!("at = \"{at}\"\nkind = \"store-outage\"\nfor = \"{lasts}\"\nfails = \"{fails}\"")
}

/// A call finds the token that is there: it is looked up at 10.003 s.
fn looked_up(at: &str, lasts: &str, fails: &str) -> String {
    shared().calls_ms(&[1_000, 10_000]).fault(&store_outage(at, lasts, fails)).play().calls()[1].clone()
}

#[test]
fn a_lookup_fails_if_the_store_is_down_at_its_end() {
    for (at, lasts) in [("10.003s", "1ms"), ("5s", "1h"), ("5s", "5.003000001s")] {
        assert_eq!(looked_up(at, lasts, "closed"), "10.003s store-down", "{at} {lasts}");
    }
    // Fetched until 10.025 s, and lost or written at 10.028 s.
    for (at, lasts) in [("10.003s", "1ms"), ("5s", "1h"), ("5s", "5.003000001s")] {
        assert_eq!(looked_up(at, lasts, "open"), "10.029s ok", "{at} {lasts}");
    }
    for (at, lasts) in [("10.003000001s", "1h"), ("5s", "5.003s"), ("10.001s", "1ms")] {
        for fails in ["open", "closed"] {
            assert_eq!(looked_up(at, lasts, fails), "10.004s ok", "{at} {lasts} {fails}");
        }
    }
}

#[test]
fn what_lies_in_the_store_is_there_after_the_outage() {
    let world = shared().calls_ms(&[1_000, 10_000, 20_000]).fault(&store_outage("5s", "10s", "open"));
    let seen = world.play();
    assert_eq!(seen.calls(), ["1.029s ok", "10.029s ok", "20.004s ok"]);
    assert_eq!(seen.fetches(), ["1.003s", "10.003s"]);
}

#[test]
fn an_open_store_loses_a_write_and_those_who_wait_have_the_token() {
    let written = |at: &str| {
        let world = shared().gateways(1).calls_ms(&[1_000, 1_001, 2_000]);
        let seen = world.fault(&store_outage(at, "1ms", "open")).play();
        (seen.calls(), seen.fetches())
    };
    let two = |third: &str| ["1.029s ok", "1.029s ok", third].map(str::to_owned).to_vec();
    assert_eq!(written("1.028s"), (two("2.029s ok"), vec!["1.003s".to_owned(), "2.003s".into()]));
    assert_eq!(written("1.028000001s"), (two("2.004s ok"), vec!["1.003s".to_owned()]));
}

#[test]
fn a_closed_store_that_takes_no_token_fails_all_who_wait_for_it() {
    for settings in ["", "on_failure = \"send-without-token\"", "share_failures = false", "single_flight = \"none\""] {
        let world = shared().gateways(1).rule("fetch", &format!("retry_after = \"1min\"\n{settings}"));
        let world = world.calls_ms(&[1_000, 1_001, 2_000]);
        let seen = world.fault(&store_outage("1.028s", "500ms", "closed")).play();
        let second = if settings.contains("none") { "1.029s store-down" } else { "1.028s store-down" };
        assert_eq!(seen.calls(), ["1.028s store-down", second, "2.029s ok"], "{settings}");
    }
}

/// A token that died at 10 s is refused at 20.005 s, and its purge is over at 20.008 s.
fn refused_while_away(then: &str, lasts: &str, fails: &str) -> Seen {
    let world = shared().rule("rejection", &format!("statuses = [403]\npurge = \"if-same\"\nthen = \"{then}\""));
    let world = world.fault(&restart("10s", "1s")).calls_ms(&[1_000, 20_000, 22_000]);
    world.fault(&store_outage("20.008s", lasts, fails)).play()
}

#[test]
fn a_purge_that_the_store_does_not_take_leaves_the_old_entry() {
    for fails in ["open", "closed"] {
        let seen = refused_while_away("pass-through", "1ms", fails);
        assert_eq!(seen.calls(), ["1.029s ok", "20.005s stale-token", "22.005s stale-token"]);
        assert_eq!(seen.purges(), ["22.008s"]);
    }
}

#[test]
fn a_resend_after_a_lost_purge_meets_the_store_as_it_is_then() {
    let back = refused_while_away("resend", "1ms", "open");
    assert_eq!(back.calls()[1], "20.013s stale-token", "the old entry is there again");
    let away = refused_while_away("resend", "1s", "open");
    assert_eq!(away.calls(), ["1.029s ok", "20.037s ok", "22.037s ok"]);
    assert_eq!((away.purges(), away.fetches()), (vec!["22.008s".into()], texts(&["1.003s", "20.011s", "22.011s"])));
    let closed = refused_while_away("resend", "1s", "closed");
    assert_eq!(closed.calls(), ["1.029s ok", "20.011s store-down", "22.037s ok"]);
}

#[test]
fn an_event_that_comes_while_the_store_is_away_drops_nothing_and_fetches_nothing() {
    let world = told("at-start").rule("store", "shared = true").rule("events", "refetch = true");
    let seen = world.calls_ms(&[1_000, 20_000]).fault(&store_outage("15.061s", "1ms", "open")).play();
    assert_eq!((seen.events().len(), seen.purges(), seen.number("stale-token")), (2, none(), 1));
}

#[test]
fn gateways_that_cannot_reach_the_lock_go_ahead_without_it() {
    let away =
        |at: &str, fails: &str| locked().calls_ms(&[1_000, 1_001, 1_002]).fault(&store_outage(at, "10s", fails)).play();
    assert_eq!(away("0s", "open").fetches(), ["1.006s", "1.007s", "1.008s"]);
    assert_eq!(away("0s", "open").calls(), ["1.032s ok", "1.033s ok", "1.034s ok"]);
    // Looked up at 1.003, 1.004 and 1.005 s; the first one seeks the lock until 1.006 s.
    let closed = away("1.004s", "closed");
    assert_eq!(closed.calls(), ["1.004s store-down", "1.005s store-down", "1.006s store-down"]);
    assert_eq!(closed.fetches(), none());
}

#[test]
fn who_waits_for_the_lock_of_another_goes_ahead_at_the_next_look() {
    let world = locked().idp("token_service = \"1s\"").calls_ms(&[1_000, 1_001]);
    let seen = world.fault(&store_outage("1.1s", "1s", "open")).play();
    assert_eq!(seen.fetches(), ["1.006s", "1.11s"]);
}

#[test]
fn a_lock_that_cannot_be_given_back_is_lost_after_lock_ttl() {
    let world = locked().calls_ms(&[1_000, 1_100]).fault(&outage("0s", "1.05s"));
    // The IdP refuses at 1.007 s; gateway-2 looks at 1.106 s and then every 103 ms.
    assert_eq!(world.play().fetches(), ["1.006s", "1.106s"]);
    let seen = world.fault(&store_outage("1.0065s", "1ms", "open")).play();
    assert_eq!(seen.fetches(), ["1.006s", "6.05s"]);
}

#[test]
fn a_fetch_in_the_background_while_the_store_is_away_is_lost_and_not_repeated() {
    let world = shared().duration("2min").idp("token_lifetime = \"100s\"").rule("lifetime", "refresh_at = 0.5");
    let world = world.calls_ms(&[1_000]);
    let fetches = world.play().fetches();
    assert_eq!(fetches.len(), 3);
    let away = world.clone().fault(&store_outage(&fetches[1], "1s", "open")).play();
    assert_eq!(away.fetches(), fetches[..2]);
    let closed = |retry: &str| {
        let world = world.clone().rule("fetch", &format!("retry_after = \"{retry}\""));
        world.fault(&store_outage(&fetches[1], "1s", "closed")).play().fetches().len()
    };
    // With the third one comes a token that is refreshed in its turn, behind the end.
    assert_eq!((closed("0s"), closed("30s")), (2, 3));
}

#[test]
fn no_stale_token_is_found_in_a_store_that_is_away() {
    let world = shared().rule("fetch", "on_failure = \"use-stale\"").calls_ms(&[1_000, 12_000, 13_000]);
    let seen = world.fault(&outage("10s", "10s")).fault(&store_outage("11s", "1.5s", "open")).play();
    assert_eq!(seen.calls(), ["1.029s ok", "12.004s idp-down", "13.004s ok"]);
}

#[test]
fn a_store_is_down_while_any_outage_is_in_force_and_closed_wins() {
    let store = |seen: &Seen| {
        seen.told(|fact| match fact {
            Fact::Store(up) => Some(String::from(if *up { "up" } else { "down" })),
            _ => None,
        })
    };
    for (first, second) in
        [(("1s", "59s", "open"), ("10s", "10s", "closed")), (("1s", "19s", "closed"), ("10s", "50s", "open"))]
    {
        let world = shared().calls_ms(&[15_000, 30_000, 70_000]);
        let world = world.fault(&store_outage(first.0, first.1, first.2));
        let seen = world.fault(&store_outage(second.0, second.1, second.2)).play();
        assert_eq!(seen.calls(), ["15.003s store-down", "30.029s ok", "1min10.029s ok"], "{first:?}");
        assert_eq!(store(&seen), ["1s down", "1min up"], "{first:?}");
    }
    let again = format!("{}\nevery = \"5s\"", store_outage("1s", "7s", "open"));
    assert_eq!(store(&shared().duration("1min").fault(&again).play()), ["1s down"]);
}

#[test]
fn a_cache_of_a_nodes_own_does_not_notice() {
    for fails in ["open", "closed"] {
        let world = world("ttl-only").rule("fetch", "on_failure = \"use-stale\"").calls_ms(&[1_000, 2_000]);
        let seen = world.fault(&store_outage("0s", "1h", fails)).play();
        assert_eq!((seen.calls(), seen.fetches().len()), (texts(&["1.023s ok", "2.001s ok"]), 1));
    }
}

// Events

fn told(event: &str) -> World {
    world("event-purge").idp(&format!("restart_event = \"{event}\"")).fault(&restart("10s", "5s")).duration("1h")
}

#[test]
fn an_event_travels_through_the_control_plane_and_the_bus() {
    assert_eq!(told("at-stop").calls_ms(&[1_000]).play().events(), ["10s published", "10.06s gateway-1"]);
    assert_eq!(told("at-start").calls_ms(&[1_000]).play().events(), ["15s published", "15.06s gateway-1"]);
    assert_eq!(told("never").calls_ms(&[1_000]).play().events(), none());
}

#[test]
fn a_restart_that_kills_nothing_tells_nothing() {
    let world = world("event-purge").idp("restart_event = \"at-stop\"").calls_ms(&[1_000]);
    let seen = world.fault(&format!("{}\non_restart = \"keep\"", restart("10s", "5s"))).play();
    assert_eq!(seen.events(), none());
}

#[test]
fn an_event_spares_tokens_issued_since() {
    let world = told("at-start").rule("events", "purge = \"issuer\"").tables("[bus]\ndelay = \"10s\"");
    let seen = world.calls_ms(&[16_000, 30_000]).play();
    assert_eq!((seen.events(), seen.purges()), (vec!["15s published".into(), "25.01s gateway-1".to_owned()], none()));
}

#[test]
fn a_refetch_follows_the_purge_at_once() {
    let seen = told("at-start").rule("events", "refetch = true").calls_ms(&[1_000, 20_000]).play();
    assert_eq!(seen.fetches(), ["1s", "15.06s"]);
    assert_eq!(seen.calls(), ["1.023s ok", "20.001s ok"]);
}

fn bus_outage(at: &str, lasts: &str) -> String {
    format!("at = \"{at}\"\nkind = \"bus-outage\"\nfor = \"{lasts}\"")
}

#[test]
fn a_disconnected_subscriber_misses_the_event_for_good() {
    let seen = told("at-start").calls_ms(&[1_000, 2_000_000]).fault(&bus_outage("12s", "10s")).play();
    assert_eq!(seen.events(), ["15s published", "15.01s missed by gateway-1"]);
    assert_eq!(seen.calls(), ["1.023s ok", "33min20.002s stale-token"]);
}

#[test]
fn what_is_on_the_wire_when_the_bus_breaks_is_delivered() {
    let seen = told("at-start").calls_ms(&[1_000]).fault(&bus_outage("15.02s", "10s")).play();
    assert_eq!(seen.events(), ["15s published", "15.06s gateway-1"]);
}

#[test]
fn reconnection_is_tried_at_the_break_and_then_with_gaps_of_20_40_80_s() {
    // Tries at 12, 32, 72, 152 s and so on; a try succeeds if the bus is up.
    for (lasts, connected) in [("19s", "32.05s"), ("21s", "1min12.05s"), ("61s", "2min32.05s"), ("141s", "5min12.05s")]
    {
        let world = told("at-start").tables("[bus]\ndurable = true").calls_ms(&[1_000]);
        let seen = world.fault(&bus_outage("12s", lasts)).play();
        assert_eq!(seen.events(), ["15s published".to_owned(), format!("{connected} gateway-1")], "{lasts}");
    }
}

#[test]
fn replay_asks_for_what_was_missed_at_reconnection() {
    let world = told("at-start").rule("events", "catch_up = \"replay\"").calls_ms(&[1_000]);
    let seen = world.fault(&bus_outage("12s", "10s")).play();
    assert_eq!(seen.events(), ["15s published", "15.01s missed by gateway-1", "32.05s gateway-1"]);
}

#[test]
fn poll_reads_the_state_over_no_bus() {
    let world = told("at-start").rule("events", "catch_up = \"poll\"\npoll_every = \"5s\"").calls_ms(&[1_000]);
    let seen = world.fault(&bus_outage("12s", "1h")).play();
    let heard = seen.times(|fact| matches!(fact, Fact::Delivered { .. }));
    assert_eq!(heard.len(), 1, "once");
    assert!((15_010_000_000..20_010_000_000).contains(&heard[0].0), "{heard:?}");
}

#[test]
fn a_node_that_is_down_misses_an_event_and_a_durable_one_waits_for_it() {
    let play = |durable: bool| {
        let world = told("at-start").tables(&format!("[bus]\ndurable = {durable}")).calls_ms(&[1_000]);
        world.fault(&gateway_restart("all", "14s", "6s")).play().events()
    };
    assert_eq!(play(false), ["15s published", "15.01s missed by gateway-1"]);
    assert_eq!(play(true), ["15s published", "20.05s gateway-1"]);
}

#[test]
fn at_least_once_repeats_a_lost_delivery_until_it_arrives() {
    let world = told("at-start").tables("[bus]\nloss = 0.7\ndelivery = \"at-least-once\"\nredeliver = \"7s\"");
    let seen = world.gateways(50).calls_ms(&[1_000]).play();
    let heard = seen.times(|fact| matches!(fact, Fact::Delivered { .. }));
    assert_eq!(heard.len(), 50);
    let late = |at: &stalegate::time::SimTime| (at.0 - 15_060_000_000) % 7_000_000_000;
    assert!(heard.iter().all(|at| late(at) == 0) && heard[49].0 > heard[0].0);
}

#[test]
fn a_revocation_tells_only_the_credentials_it_is_about_where_tokens_are_purged() {
    let purges = |purge: &str| {
        let revoked = "at = \"10s\"\nkind = \"token-revoked\"\ncredential = \"stock\"";
        let world = world("event-purge").rule("events", &format!("purge = \"{purge}\""));
        world.calls_ms(&[1_000]).also_ms(&[1_000]).fault(revoked).play().purges().len()
    };
    assert_eq!((purges("token"), purges("issuer")), (1, 2));
}

#[test]
fn token_requests_are_numbered_so_that_the_third_takes_as_long_under_every_policy() {
    let third = |policy: &str| {
        let world =
            world(policy).idp("token_service = { dist = \"exponential\", mean = \"1s\" }\ntoken_lifetime = \"30s\"");
        let seen = world.calls_ms(&[1_000, 101_000, 201_000]).play();
        let ended = seen.times(|fact| matches!(fact, Fact::FetchEnded { .. }));
        let begun = seen.times(|fact| matches!(fact, Fact::FetchStarted { .. }));
        ended[2].since(begun[2])
    };
    assert_eq!(third("ttl-only"), third("no-cache"));
    assert_eq!(third("ttl-only"), third("golang-oauth2"));
}
