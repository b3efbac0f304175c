//! Each link that a partition can cut, to the instant (docs/model.md §6): what is sent into the cut never arrives, what is on
//! the wire does.

use crate::support_run::inbound::{cut, jwt, opaque, password_change};
use crate::support_run::{Seen, World, gateway_restart, world};
use stalegate::model::fact::Fact;

fn none() -> Vec<String> {
    Vec::new()
}

fn not(told: &str) -> Vec<String> {
    vec![told.to_owned()]
}

/// A gateway's token request is sent at 10 s, at the IdP at 10.001 s, served at 10.021 s and back at 10.022 s. The link is cut
/// for a millisecond from `at`.
fn token_request(at: &str) -> Vec<String> {
    world("no-cache").calls_ms(&[10_000]).fault(&cut(at, "1ms", "gateways", "idp")).play().calls()
}

#[test]
fn a_token_request_or_its_answer_that_is_sent_into_the_cut_ends_with_its_timeout() {
    for at in ["9.9995s", "10.0205s"] {
        assert_eq!(token_request(at), ["20s idp-timeout"], "{at}");
    }
}

#[test]
fn a_token_request_or_its_answer_on_the_wire_arrives_and_work_goes_on_behind_a_cut() {
    for at in ["9.998s", "10.0001s", "10.01s", "10.0211s"] {
        assert_eq!(token_request(at), ["10.023s ok"], "{at}");
    }
}

#[test]
fn only_the_named_nodes_cannot_reach_each_other() {
    let world = world("no-cache").gateways(3).idp("nodes = 2").calls_ms(&[10_000, 11_000, 12_000, 13_000]);
    let seen = world.fault(&cut("1s", "1h", "gateway-1", "idp-2")).play();
    // Gateways 1, 2, 3 and 1 again ask nodes 1, 2, 1 and 2.
    assert_eq!(seen.calls(), ["10.023s ok", "11.023s ok", "12.023s ok", "23s idp-timeout"]);
}

#[test]
fn a_front_does_not_know_that_a_node_cannot_be_reached() {
    let cut = cut("1s", "1h", "gateways", "idp-1");
    let seen = world("no-cache").idp("nodes = 2").calls_ms(&[10_000, 11_000]).fault(&cut).play();
    assert_eq!(seen.calls(), ["11.023s ok", "20s idp-timeout"]);
}

/// A gateway's introspection is sent at 10 s, at the IdP at 10.001 s, served at 10.006 s and back at 10.007 s.
fn introspection(at: &str) -> Vec<String> {
    opaque().calls_ms(&[10_000]).fault(&cut(at, "1ms", "idp-1", "gateway-1")).play().calls()
}

#[test]
fn a_gateways_introspection_into_the_cut_fails_the_call_when_the_apis_timeout_is_over() {
    assert_eq!(introspection("9.9995s"), ["15s introspection-down"]);
    assert_eq!(introspection("10.0055s"), ["15s introspection-down"]);
    for at in ["10.0005s", "10.0065s"] {
        assert_eq!(introspection(at), ["10.008s ok"], "{at}");
    }
}

/// A backend's introspection of the first call, whose token is fetched: sent at 10.023 s, served at 10.029 s, back at 10.03 s.
fn backend_asks(at: &str) -> Vec<String> {
    let world = world("ttl-only").api("validation = \"introspect\"").calls_ms(&[10_000]);
    world.fault(&cut(at, "1ms", "backends", "idp")).play().calls()
}

#[test]
fn a_backend_that_cannot_reach_the_idp_cannot_check_a_token() {
    assert_eq!(backend_asks("10.0225s"), ["15.024s introspection-down"]);
    assert_eq!(backend_asks("10.0285s"), ["15.024s introspection-down"]);
    for at in ["10.0235s", "10.0295s"] {
        assert_eq!(backend_asks(at), ["10.03s ok"], "{at}");
    }
}

#[test]
fn a_backend_that_cannot_reach_the_idp_gets_no_key_set() {
    let world = world("no-cache").idp("token_format = \"jwt\"").api("validation = \"local\"\njwks_refresh = \"1h\"");
    let restart = "at = \"10s\"\nkind = \"idp-restart\"\ndown = \"1s\"\non_restart = \"new-signing-key\"";
    let seen =
        world.fault(restart).fault(&cut("5s", "30s", "backends", "idp")).calls_ms(&[20_000, 40_000, 60_000]).play();
    // The first one waits for the fetch's timeout; the last one comes after the cooldown, and fetches.
    assert_eq!(seen.calls(), ["25.024s introspection-down", "40.024s introspection-down", "1min25ms ok"]);
}

/// A call leaves its gateway at 10 s and is at the backend at 10.001 s; its answer leaves at 10.011 s.
fn call(at: &str) -> Seen {
    let world = world("ttl-only").warm().idp("token_lifetime = \"365d\"").calls_ms(&[10_000]);
    world.fault(&cut(at, "1ms", "gateway-1", "backends")).play()
}

#[test]
fn a_call_into_the_cut_ends_with_the_clients_timeout() {
    assert_eq!(call("9.9995s").calls(), ["40s client-timeout"]);
    let seen = call("10.0005s");
    assert_eq!((seen.calls(), seen.latencies()), (not("10.001s ok"), not("12ms")));
}

#[test]
fn an_answer_into_the_cut_is_lost_and_changes_no_outcome() {
    let seen = call("10.0105s");
    assert_eq!((seen.calls(), seen.latencies()), (not("10.001s ok"), none()));
    assert_eq!(seen.instants(|fact| *fact == Fact::AnswerLost), ["40s"]);
    assert_eq!(call("10.0115s").latencies(), ["12ms"]);
}

/// A token request that creates a token: served at 1.021 s, read at 1.023 s, written at 1.027 s.
fn stored(at: &str) -> (Vec<String>, Vec<String>) {
    let world = world("no-cache").stored("").calls_ms(&[1_000, 2_000]).fault(&cut(at, "100ms", "idp-1", "db"));
    let seen = world.play();
    (seen.calls(), seen.issued())
}

#[test]
fn a_node_that_is_cut_off_from_the_database_fails_what_it_works_on_there() {
    let second = ["2.029s ok".to_owned()];
    let first = |told: &str| [&[told.to_owned()][..], &second].concat();
    assert_eq!(stored("1.01s"), (first("1.022s idp-error"), not("2.027s")), "as soon as it needs it");
    assert_eq!(stored("1.022s"), (first("1.023s idp-error"), not("2.027s")), "while it reads");
    assert_eq!(stored("1.026s"), (first("1.027s idp-error"), not("2.027s")), "while it writes");
    let written = (vec!["1.029s ok".to_owned(), "2.023s ok".into()], not("1.027s"));
    assert_eq!(stored("1.0271s"), written);
}

#[test]
fn another_node_still_reaches_the_database() {
    let cut = cut("500ms", "1h", "idp-1", "db");
    let seen = world("no-cache").idp("nodes = 2").stored("").calls_ms(&[1_000, 2_000, 3_000, 4_000]).fault(&cut).play();
    assert_eq!(seen.calls(), ["1.022s idp-error", "2.029s ok", "3.022s idp-error", "4.023s ok"]);
}

/// Gateway-1 has the token of idp-1; that of gateway-2, made by idp-2 at 2.027 s, revokes it. What idp-1 says of it at 10 s, if
/// the two nodes cannot reach each other for 2 ms.
fn renewed(at: &str) -> Vec<String> {
    let world = world("ttl-only").gateways(2).idp("nodes = 2").stored("renew = \"always\"");
    let world = world.api("validation = \"introspect\"").calls_ms(&[1_000, 2_000, 10_000]);
    world.fault(&cut(at, "2ms", "idp-1", "idp-2")).play().calls()[2..].to_vec()
}

#[test]
fn nodes_that_are_cut_off_from_each_other_do_not_hear_what_to_forget() {
    // It is told at 2.027 s, and heard 10 ms later.
    assert_eq!(renewed("2.026s"), ["10.008s ok"], "sent into the cut");
    for at in ["2.03s", "2.036s", "5s"] {
        assert_eq!(renewed(at), ["10.009s superseded-token"], "{at}");
    }
}

/// A password change at 10 s under a cut of `at` and `lasts`.
fn told(world: World, at: &str, lasts: &str, left: &str, right: &str) -> Seen {
    world.fault(&cut(at, lasts, left, right)).fault(&password_change("10s")).calls_ms(&[1_000]).play()
}

#[test]
fn a_node_that_is_cut_off_from_the_control_plane_tells_it_nothing() {
    let lost = |at: &str, lasts: &str| told(jwt(), at, lasts, "idp", "control-plane");
    let seen = lost("9.999s", "2ms");
    assert_eq!((seen.events(), seen.untold()), (not("10s published"), not("10s #0 lost")));
    for (at, lasts) in [("9s", "999ms"), ("10.001s", "1h")] {
        assert_eq!(lost(at, lasts).events(), ["10s published", "10.06s gateway-1"], "{at}");
    }
    let seen = told(jwt().idp("notify = \"at-least-once\""), "9s", "12s", "idp", "control-plane");
    assert_eq!(seen.untold(), ["10s #0 again", "15s #0 again", "20s #0 again"]);
    assert_eq!(seen.events(), ["10s published", "25.06s gateway-1"]);
}

#[test]
fn a_control_plane_that_is_cut_off_from_the_bus_writes_the_row_and_reaches_nobody() {
    for bus in ["", "durable = true"] {
        let world =
            jwt().gateways(2).tables(&format!("[bus]\n{bus}")).fault(&gateway_restart("gateway-1", "1min", "1s"));
        let seen = told(world, "9s", "2s", "control-plane", "bus");
        let missed = ["10s published", "10.01s missed by gateway-1", "10.01s missed by gateway-2"];
        assert_eq!(seen.events(), missed);
        assert_eq!(seen.tables_read(), ["1min2.01s gateway-1 1 rows"]);
    }
    let world = jwt().tables("[bus]\ndelivery = \"at-least-once\"\nredeliver = \"3s\"");
    assert_eq!(told(world, "9s", "2s", "control-plane", "bus").events(), ["10s published", "13.06s gateway-1"]);
}

#[test]
fn a_control_plane_that_is_cut_off_from_its_tables_takes_no_event() {
    for world in [jwt(), jwt().stored("")] {
        let seen = told(world.clone(), "9s", "2s", "control-plane", "db");
        assert_eq!((seen.events(), seen.untold()), (not("10s published"), not("10.01s #0 lost")));
        let seen = told(world.idp("notify = \"at-least-once\""), "9s", "2s", "control-plane", "db");
        assert_eq!((seen.events().len(), seen.events()[1].as_str()), (2, "15.07s gateway-1"));
    }
}

/// A gateway is up at 61 s and reads the tables at 62 s.
fn starting(lasts: &str, left: &str, right: &str) -> Vec<String> {
    let world = jwt().fault(&gateway_restart("all", "1min", "1s")).fault(&cut("50s", lasts, left, right));
    world.fault(&password_change("10s")).calls_ms(&[1_000]).play().tables_read()
}

#[test]
fn a_gateway_that_starts_reads_the_tables_when_it_reaches_them() {
    for (left, right) in [("gateway-1", "control-plane"), ("db", "control-plane")] {
        assert_eq!(starting("11.9s", left, right), ["1min2.01s gateway-1 1 rows"]);
        let later = ["1min2s gateway-1 failed", "1min17.01s gateway-1 1 rows"];
        assert_eq!(starting("26s", left, right), later);
        assert_eq!(starting("1h", left, right).last().map(String::as_str), Some("8min47s gateway-1 gave up"));
    }
    assert_eq!(starting("1h", "gateways", "db"), ["1min2.01s gateway-1 1 rows"], "the control plane reads them for it");
}

/// A gateway that polls every 5 s, cut off from both the bus and, for so long, the control plane.
fn polled(lasts: &str) -> u64 {
    let world =
        world("event-purge").rule("events", "catch_up = \"poll\"\npoll_every = \"5s\"").inbound("validation = \"jwt\"");
    let world = world.client("users = 1").fault(&cut("9s", "1h", "gateway-1", "bus"));
    let world = world.fault(&cut("9s", lasts, "gateway-1", "control-plane")).fault(&password_change("10s"));
    let seen = world.calls_ms(&[1_000]).play();
    let heard = seen.times(|fact| matches!(fact, Fact::Delivered { .. }));
    assert_eq!(heard.len(), 1);
    heard[0].0 / 1_000_000
}

#[test]
fn a_gateway_polls_the_control_plane_and_not_the_bus() {
    assert!((10_010..15_010).contains(&polled("1s")));
    assert!((60_000..65_000).contains(&polled("51s")));
}

#[test]
fn a_gateway_that_is_cut_off_from_the_bus_tries_again_whatever_else_is_cut_meanwhile() {
    // Cut off until 70 s; tries at 9, 29, 69 and 149 s. Cuts elsewhere, and an outage of the bus, begin at 30 s.
    let elsewhere = [
        cut("30s", "1s", "gateway-2", "bus"),
        cut("30s", "1s", "backends", "idp"),
        "at = \"30s\"\nkind = \"bus-outage\"\nfor = \"1s\"".to_owned(),
    ];
    for other in elsewhere {
        for (at, connected) in [("2min28.98s", false), ("2min28.991s", true)] {
            let world = jwt().gateways(2).fault(&cut("9s", "61s", "gateway-1", "bus")).fault(&other);
            let told = world.fault(&password_change(at)).calls_ms(&[1_000]).play().events();
            assert_eq!(told.iter().any(|told| told.ends_with("s gateway-1")), connected, "{other}: {told:?}");
        }
    }
}

#[test]
fn an_event_on_the_wire_to_a_gateway_arrives_though_the_gateway_is_cut_off() {
    let seen = told(jwt(), "10.03s", "1h", "gateway-1", "bus");
    assert_eq!(seen.events(), ["10s published", "10.06s gateway-1"]);
    let seen = told(jwt().tables("[bus]\ndurable = true"), "10.005s", "30s", "gateway-1", "bus");
    // Tries at 10.005, 30.005 and 70.005 s.
    assert_eq!(seen.events(), ["10s published", "1min10.055s gateway-1"]);
}

#[test]
fn of_two_overlapping_cuts_each_lasts_as_long_as_it_says() {
    let twice = |first: &str, second: &str| {
        let world =
            world("no-cache").fault(&cut("1s", first, "gateways", "idp")).fault(&cut("2s", second, "idp", "gateway-1"));
        world.calls_ms(&[5_000, 20_000]).play().calls()
    };
    for (first, second) in [("1min", "1s"), ("2s", "58s"), ("1min", "1min")] {
        assert_eq!(twice(first, second), ["15s idp-timeout", "30s idp-timeout"], "{first} {second}");
    }
    assert_eq!(twice("9s", "8s"), ["15s idp-timeout", "20.023s ok"]);
}

/// Two gateways share a store with a round trip of 3 ms. The second call of the first one looks a token up from 10 to 10.003 s.
fn sharing(cuts: &[String]) -> Seen {
    let world = world("ttl-only").gateways(2).rule("store", "shared = true\nround_trip = \"3ms\"");
    let world = cuts.iter().fold(world, |world, cut| world.fault(cut));
    world.calls_ms(&[1_000, 2_000, 10_000, 11_000]).play()
}

#[test]
fn a_gateway_that_is_cut_off_from_the_store_goes_on_without_it_while_the_other_uses_it() {
    let seen = sharing(&[cut("5s", "1h", "gateway-1", "store")]);
    assert_eq!(seen.calls(), ["1.029s ok", "2.004s ok", "10.029s ok", "11.004s ok"]);
    assert_eq!(seen.fetches(), ["1.003s", "10.003s"], "its own token is not written");
    let closed = "at = \"9s\"\nkind = \"store-outage\"\nfor = \"1h\"\nfails = \"closed\"".to_owned();
    let seen = sharing(&[cut("5s", "1h", "gateway-1", "store"), closed]);
    assert_eq!(seen.calls()[2..], ["10.003s store-down", "11.003s store-down"]);
}

#[test]
fn an_operation_of_the_store_fails_if_it_is_sent_into_the_cut_or_ends_in_it() {
    let found = |at: &str| sharing(&[cut(at, "1ms", "store", "gateways")]).calls()[2].clone();
    for at in ["9.9995s", "10s", "10.0025s", "10.003s"] {
        assert_eq!(found(at), "10.029s ok", "{at}");
    }
    for at in ["9.999s", "10.0005s", "10.001s", "10.003000001s"] {
        assert_eq!(found(at), "10.004s ok", "{at}");
    }
}

#[test]
fn a_store_has_no_business_with_anybody_but_gateways() {
    let calls = sharing(&[]).calls();
    for other in ["idp", "backends", "db", "bus", "control-plane", "gateway-2"] {
        let cut = cut("0s", "1h", if other == "gateway-2" { "gateway-1" } else { "store" }, other);
        assert_eq!(sharing(&[cut]).calls(), calls, "{other}");
    }
}
