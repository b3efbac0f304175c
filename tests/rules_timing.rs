//! Rules of policy that act on their own (docs/model.md §4.6), to the instant: each test is one sentence of it in a tiny world.

mod support_run;

use stalegate::model::fact::Fact;
use stalegate::rng::Seeds;
use stalegate::time::{SimSpan, SimTime};
use support_run::{World, gateway_restart, outage, restart, world};

const MS: u64 = 1_000_000;
const EVERY: SimSpan = SimSpan::secs(30);
/// Nobody calls before all is over.
const NONE: &[u64] = &[299_999];

/// When the probes of a cache are due that are half a minute apart; this one by its number from 0.
fn due(cache: &str, number: u64) -> SimTime {
    let phase = EVERY.scaled(Seeds { seed: 1, replication: 0 }.uniform("probe phase", cache));
    SimTime(phase.0 + number * EVERY.0)
}

/// The same of the only gateway.
fn probe(number: u64) -> SimTime {
    due("gateway-1/orders", number)
}

/// In words of a scenario and of what was seen.
fn after(at: SimTime, millis: u64) -> String {
    SimTime(at.0 + millis * MS).to_string()
}

/// The whole millisecond, from the beginning, that begins after this.
fn next_ms(at: SimTime) -> u64 {
    at.0 / MS + 1
}

/// A token of a year is cached from the beginning, and probed.
fn probing() -> World {
    world("ttl-only").duration("5min").warm().idp("token_lifetime = \"365d\"").rule("probe", "every = \"30s\"")
}

/// Every token dies at this instant; the IdP is away for so long.
fn dies(at: SimTime, down: &str) -> String {
    restart(&at.to_string(), down)
}

#[test]
fn a_cached_token_is_introspected_every_so_often_from_a_phase_of_its_holder_on() {
    let seen = probing().calls_ms(NONE).play();
    let asked: Vec<String> = (0..10).map(|number| after(probe(number), 1)).collect();
    assert_eq!(seen.introspections(), asked);
    assert_eq!(seen.purges().len(), 0);
    assert!(probe(0) < SimTime::ZERO + EVERY);
    let others = world("ttl-only").duration("5min").warm().gateways(2).rule("probe", "every = \"30s\"").calls_ms(NONE);
    let mut both: Vec<SimTime> = (0..10).flat_map(|n| [probe(n), due("gateway-2/orders", n)]).collect();
    both.sort();
    assert_eq!(others.play().introspections(), both.iter().map(|at| after(*at, 1)).collect::<Vec<_>>());
}

#[test]
fn a_dead_token_is_dropped_when_the_answer_is_back() {
    let dies_at = SimTime(probe(1).0 + 20_000 * MS);
    let late = probe(2).0 / MS;
    let seen = probing().fault(&dies(dies_at, "1s")).calls_ms(&[late - 1, late + 6, late + 100]).play();
    assert_eq!(seen.purges(), [after(probe(2), 7)], "1 ms there, 5 ms of work, 1 ms back");
    assert_eq!(seen.stale(), [format!("{dies_at} to {}", after(probe(2), 7))]);
    let calls = seen.calls();
    assert!(calls[0].ends_with("stale-token") && calls[1].ends_with("stale-token"), "{calls:?}");
    assert_eq!(calls[2], format!("{} ok", SimTime((late + 123) * MS)));
}

#[test]
fn the_answer_is_the_truth_at_the_end_of_the_service() {
    for (after_due, number) in [(5, 1), (7, 2)] {
        let seen = probing().calls_ms(NONE).fault(&format!(
            "kind = \"token-revoked\"\ncredential = \"orders\"\nat = \"{}\"",
            after(probe(1), after_due)
        ));
        assert_eq!(seen.play().purges(), [after(probe(number), 7)], "{after_due} ms after the probe was due");
    }
}

#[test]
fn an_idp_that_does_not_answer_changes_nothing() {
    let away = outage(&after(probe(1), 0), "20s");
    for idp in ["unreachable = \"refuse\"", "unreachable = \"hang\""] {
        let seen = probing().idp(idp).fault(&away).calls_ms(NONE).play();
        assert_eq!((seen.introspections().len(), seen.purges().len()), (9, 0), "{idp}");
    }
    // The token is dead, and the IdP away, when the probe asks.
    let seen = probing().fault(&dies(SimTime(probe(1).0 - MS), "20s")).calls_ms(NONE).play();
    assert_eq!(seen.purges(), [after(probe(2), 7)]);
}

#[test]
fn a_probe_waits_as_long_as_the_most_patient_api_of_its_credential() {
    let slow = || probing().idp("introspection_service = \"6s\"").calls_ms(NONE).fault(&dies(probe(0), "1s"));
    let second = |timeout: &str| {
        format!(
            "[[api]]\nname = \"stock\"\ncredential = \"orders\"\nvalidation = \"ideal\"\nintrospection_timeout = \"{timeout}\""
        )
    };
    assert_eq!(slow().play().purges().len(), 0, "5 s, unless an API says otherwise");
    assert_eq!(slow().tables(&second("2s")).play().purges().len(), 0);
    assert_eq!(slow().tables(&second("7s")).play().purges(), [after(probe(1), 6_002)]);
}

#[test]
fn the_entry_is_dropped_only_if_it_is_still_the_token_that_was_probed() {
    let call = next_ms(probe(2));
    let seen = probing()
        .idp("introspection_service = \"1s\"")
        .rule("rejection", "statuses = [403]")
        .fault(&dies(SimTime(probe(1).0 + 10_000 * MS), "1s"))
        .calls_ms(&[call, call + 2_000])
        .play();
    assert_eq!(seen.purges(), [SimTime((call + 2) * MS).to_string()], "by the refusal");
    assert_eq!(seen.fetches().len(), 1);
    assert_eq!(seen.number("ok"), 2);
}

#[test]
fn a_node_that_is_down_probes_nothing_and_goes_on_at_its_instants_when_it_is_up() {
    let down_at = SimTime(probe(1).0 - 1_000 * MS);
    let back = probe(2).0 / MS + 1_000;
    let seen = probing().fault(&gateway_restart("gateway-1", &down_at.to_string(), "20s")).calls_ms(&[back]).play();
    let asked: Vec<String> = [0, 3, 4, 5, 6, 7, 8, 9].map(|number| after(probe(number), 1)).into();
    assert_eq!(seen.introspections(), asked, "down at the second, nothing cached at the third");
}

#[test]
fn nothing_is_probed_that_would_not_be_used() {
    // An entry of 40 s is there for the first probe or two.
    let lives = world("ttl-only").duration("5min").idp("token_lifetime = \"41s\"").rule("probe", "every = \"30s\"");
    let seen = lives.calls_ms(&[1_000]).play();
    let used = (0..10).filter(|n| (SimTime(1_022 * MS)..SimTime(41_022 * MS)).contains(&probe(*n))).count();
    assert_eq!(seen.introspections().len(), used);
    let seen = world("no-cache").rule("probe", "every = \"1s\"").calls_ms(&[1_000]).play();
    assert_eq!(seen.introspections().len(), 0);
}

fn sharing() -> World {
    probing().gateways(2).rule("store", "shared = true").calls_ms(NONE)
}

#[test]
fn nodes_that_share_a_store_probe_an_entry_once_and_each_look_costs_a_round_trip() {
    let shared = |number| due("store/orders", number);
    let seen = sharing().fault(&dies(shared(1), "1s")).play();
    let asked: Vec<String> = (0..3).map(|number| after(shared(number), 2)).collect();
    assert_eq!(seen.introspections(), asked[..1].iter().chain(&asked[2..]).cloned().collect::<Vec<_>>());
    assert_eq!(seen.purges(), [after(shared(2), 9)], "1 ms the look, 7 ms the answer, 1 ms the drop");
}

#[test]
fn the_first_node_that_is_up_probes_a_shared_entry_and_the_answer_to_one_that_fell_is_lost() {
    let shared = |number| due("store/orders", number);
    let down = gateway_restart("gateway-1", &after(shared(0), 500), "1s");
    let slow = || sharing().idp("introspection_service = \"1s\"").fault(&dies(SimTime(MS), "0s"));
    assert_eq!(slow().play().purges(), [after(shared(0), 1_004)]);
    assert_eq!(slow().fault(&down).play().purges(), [after(shared(1), 1_004)]);
    let down = gateway_restart("gateway-1", &after(SimTime(shared(0).0 - 500 * MS), 0), "5s");
    assert_eq!(slow().fault(&down).play().purges(), [after(shared(0), 1_004)], "the other node asks");
    let both = gateway_restart("all", &after(SimTime(shared(0).0 - 500 * MS), 0), "5s");
    assert_eq!(slow().fault(&both).play().purges(), [after(shared(1), 1_004)], "nobody is up");
}

#[test]
fn threads_of_applications_do_not_probe() {
    let seen = world("ttl-only")
        .duration("5min")
        .no_client()
        .application(
            "threads = 2\nask = { process = \"burst\", first = \"1s\", spread = \"1s\" }\ncalls = { rate = \"1/s\" }",
        )
        .rule("probe", "every = \"1s\"")
        .play();
    assert!(seen.number_of_threads("ok") > 100);
    assert_eq!(seen.count(|fact| matches!(fact, Fact::IdpArrival(stalegate::model::fact::Request::Introspection))), 0);
}
