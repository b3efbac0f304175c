//! Rules of policy that act on their own (docs/model.md §4.6, §4.7), to the instant: each test is one sentence of it in a tiny world.

use crate::support_run::inbound::{disabled, jwt, opaque};
use crate::support_run::{Seen, World, gateway_restart, outage, restart, world};
use stalegate::model::fact::{Fact, Request};
use stalegate::policy::surge::Remedy;
use stalegate::rng::{Rows, Seeds, uniform};
use stalegate::time::{SimSpan, SimTime};

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
fn nothing_is_probed_while_the_store_is_away_and_what_is_told_then_drops_nothing() {
    let shared = |number| due("store/orders", number);
    let away = |at: String| {
        let lasts = "kind = \"store-outage\"\nfor = \"1ms\"\nfails = \"closed\"";
        sharing().fault(&dies(shared(1), "1s")).fault(&format!("at = \"{at}\"\n{lasts}")).play()
    };
    let asked = |numbers: &[u64]| numbers.iter().map(|number| after(shared(*number), 2)).collect::<Vec<_>>();
    let looked = away(after(shared(2), 1));
    assert_eq!(looked.introspections(), asked(&[0, 3]), "the look is over after 1 ms");
    assert_eq!(looked.purges(), [after(shared(3), 9)]);
    let dropped = away(after(shared(2), 9));
    assert_eq!(dropped.introspections(), asked(&[0, 2, 3]));
    assert_eq!(dropped.purges(), [after(shared(3), 9)], "the old entry was there again");
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
    assert_eq!(seen.count(|fact| matches!(fact, Fact::IdpArrival(Request::Introspection))), 0);
}

// Surges

/// A token of a year is cached from the beginning, and dead from 10 s on. So many refusals within 10 s are an alert, to which
/// it takes 5 s to react; a restart takes 4 s.
fn watched_from(threshold: u32, rule: &str) -> World {
    let rule = format!("threshold = {threshold}\nreaction = \"5s\"\n{rule}");
    let world = world("ttl-only").duration("5min").warm().idp("token_lifetime = \"365d\"").rule("surge", &rule);
    world.gateway("restart_takes = \"4s\"").fault(&restart("10s", "1s"))
}

/// Three are an alert.
fn watched(rule: &str) -> World {
    watched_from(3, rule)
}

/// What the operator did, and when gateways went down and came back: `27s restart 1`, `27s down 1`, `31s up 1`.
fn acts(seen: &Seen) -> Vec<String> {
    let told = |fact: &Fact| match fact {
        Fact::Operator(gateway, Remedy::Restart) => Some(format!("restart {}", gateway.index() + 1)),
        Fact::Operator(gateway, Remedy::Flush) => Some(format!("flush {}", gateway.index() + 1)),
        Fact::Gateway(gateway, up) => Some(format!("{} {}", if *up { "up" } else { "down" }, gateway.index() + 1)),
        _ => None,
    };
    seen.told(told)
}

#[test]
fn a_node_with_too_many_refusals_is_restarted_after_the_reaction() {
    let seen = watched("").calls_ms(&[20_000, 21_000, 22_000, 28_000, 31_001, 32_000]).play();
    assert_eq!(acts(&seen), ["27.002s restart 1", "27.002s down 1", "31.002s up 1"], "2 ms until the refusal is there");
    assert_eq!(seen.calls()[3..], ["28s gateway-down", "31.001s gateway-down", "32.023s ok"]);
    assert_eq!(seen.number("stale-token"), 3);
    assert_eq!(seen.purges().len(), 0, "a restart is no purge");
}

#[test]
fn the_window_slides_and_its_beginning_is_not_in_it() {
    let acts_of = |third: u64| acts(&watched("").calls_ms(&[20_000, 25_000, third]).play());
    assert_eq!(acts_of(29_999)[0], "35.001s restart 1");
    assert_eq!(acts_of(30_000).len(), 0);
    let shorter = watched("window = \"2s\"").calls_ms(&[20_000, 21_000, 22_000, 22_500, 22_999]).play();
    assert_eq!(acts(&shorter)[0], "27.502s restart 1", "21 s, 22 s and 22.5 s");
}

#[test]
fn a_flush_drops_the_cached_tokens_and_the_node_stays_up() {
    let world = || watched("action = \"flush\"").calls_ms(&[20_000, 21_000, 22_000, 27_000, 28_000]);
    let seen = world().play();
    assert_eq!((acts(&seen), seen.purges()), (vec!["27.002s flush 1".to_owned()], vec!["27.002s".to_owned()]));
    assert_eq!(seen.calls()[4], "28.023s ok");
    let also = world().also_ms(&[28_000]).play();
    assert_eq!(also.purges(), ["27.002s", "27.002s"], "those of all credentials");
    let shared = world().rule("store", "shared = true").play();
    // A look into the store takes 1 ms as well.
    assert_eq!((acts(&shared), shared.purges()), (vec!["27.003s flush 1".to_owned()], vec!["27.004s".to_owned()]));
    let away = "at = \"27.004s\"\nkind = \"store-outage\"\nfor = \"1ms\"";
    let seen = world().rule("store", "shared = true").fault(away).play();
    assert_eq!((acts(&seen).len(), seen.purges().len()), (1, 0), "a flush of a store that is away");
}

#[test]
fn a_restart_does_not_reach_a_shared_store() {
    let seen = watched("").rule("store", "shared = true").calls_ms(&[20_000, 21_000, 22_000, 32_000]).play();
    assert_eq!(acts(&seen), ["27.003s restart 1", "27.003s down 1", "31.003s up 1"]);
    assert_eq!(seen.number("stale-token"), 4);
}

#[test]
fn a_flush_drops_kept_answers_about_callers_too() {
    let rule = "threshold = 3\nreaction = \"5s\"\naction = \"flush\"";
    let seen = opaque().backend("forbidden_ratio = 1.0").duration("1min").rule("surge", rule);
    let seen = seen.calls_ms(&[1_000, 2_000, 3_000, 8_000, 9_000]).play();
    // The backend's own 403 takes 10 ms of work, and 2 ms of way.
    assert_eq!(acts(&seen), ["8.012s flush 1"]);
    assert_eq!(seen.introspections(), ["1.001s", "9.001s"]);
}

#[test]
fn every_401_and_403_counts_and_nothing_else() {
    let calls = &[20_000, 21_000];
    // Cured by a resend.
    let seen = watched_from(1, "").rule("rejection", "statuses = [403]").calls_ms(calls).play();
    assert_eq!((seen.number("ok"), acts(&seen)[0].as_str()), (2, "25.002s restart 1"));
    let seen = watched_from(1, "").backend("reject_status = 401").calls_ms(calls).play();
    assert_eq!(acts(&seen)[0], "25.002s restart 1");
    // The gateway's own, of a caller's token.
    let refused = jwt().fault(&disabled("10s")).rule("surge", "threshold = 1\nreaction = \"5s\"").calls_ms(calls);
    assert_eq!(acts(&refused.play())[0], "25s restart 1");
    // A 503 of a backend that cannot ask, and a call that its gateway has no token for.
    for world in [
        watched_from(1, "").api("validation = \"introspect\""),
        watched_from(1, "").rule("lifetime", "rule = \"no-cache\""),
    ] {
        let seen = world.fault(&outage("12s", "1min")).calls_ms(calls).play();
        assert_eq!((acts(&seen).len(), seen.number("ok")), (0, 0));
    }
    // Threads of applications are at no node.
    let application = "threads = 1\nask = { process = \"burst\", first = \"1s\", spread = \"1s\" }\ncalls = { rate = \"9/s\" }\non_refusal = \"keep\"";
    let seen = watched_from(1, "").no_client().application(application).play();
    assert!(seen.number_of_threads("stale-token") > 100);
    assert_eq!(acts(&seen).len(), 0);
}

#[test]
fn one_alert_is_pending_and_the_next_comes_no_sooner_than_the_cooldown_after_the_action() {
    // Every call is forbidden, so that a new token changes nothing.
    let forbidden = |rule: &str| {
        watched_from(2, rule).backend("forbidden_ratio = 1.0").arrivals("{ process = \"constant\", rate = \"1/s\" }")
    };
    let times = |rule: &str| {
        let seen = forbidden(rule).play();
        seen.times(|fact| matches!(fact, Fact::Operator(..)))
    };
    for (cooldown, gap) in [("0s", 6), ("20s", 26), ("1min", 66)] {
        let acts = times(&format!("action = \"flush\"\ncooldown = \"{cooldown}\""));
        let gaps: Vec<u64> = acts.windows(2).map(|pair| pair[1].since(pair[0]).whole_secs()).collect();
        assert!(gaps.len() > 2, "{cooldown}");
        // The first refusal after the cooldown comes within a second, and the reaction takes 5 s.
        assert!(gaps.iter().all(|between| (gap - 1..=gap).contains(between)), "{cooldown}: {gaps:?}");
    }
}

#[test]
fn serial_lets_a_node_wait_until_the_other_one_is_up_again() {
    let both = |serial: bool| {
        let rule = format!("threshold = 1\nreaction = \"5s\"\nserial = {serial}");
        let world = world("ttl-only").duration("5min").warm().gateways(2).gateway("restart_takes = \"4s\"");
        let world = world.idp("token_lifetime = \"365d\"").fault(&restart("10s", "1s")).rule("surge", &rule);
        acts(&world.calls_ms(&[20_000, 21_000]).play())
    };
    let first = ["25.002s restart 1", "25.002s down 1"];
    let together = ["26.002s restart 2", "26.002s down 2", "29.002s up 1", "30.002s up 2"];
    let in_turn = ["29.002s up 1", "29.002s restart 2", "29.002s down 2", "33.002s up 2"];
    assert_eq!(both(false), [&first[..], &together[..]].concat());
    assert_eq!(both(true), [&first[..], &in_turn[..]].concat());
}

#[test]
fn a_fault_that_stops_the_node_meanwhile_takes_over_its_return() {
    let calls = &[20_000, 21_000, 22_000];
    let acts_with = |fault: &str| acts(&watched("").fault(fault).calls_ms(calls).play());
    let down = ["27.002s restart 1", "27.002s down 1"];
    assert_eq!(acts_with(&gateway_restart("gateway-1", "28s", "10s")), [down[0], down[1], "38s up 1"]);
    assert_eq!(acts_with(&gateway_restart("gateway-1", "28s", "1s")), [down[0], down[1], "29s up 1"]);
    // The operator finds the node down, and does nothing.
    assert_eq!(acts_with(&gateway_restart("gateway-1", "26s", "10s")), ["26s down 1", "36s up 1"]);
}

#[test]
fn a_reaction_is_drawn_for_the_gateway_and_the_number_of_the_alert() {
    let rule = "threshold = 1\nreaction = { dist = \"uniform\", min = \"0s\", max = \"20s\" }";
    let world = world("ttl-only").duration("5min").warm().fault(&restart("10s", "1s")).rule("surge", rule);
    let key = Seeds { seed: 1, replication: 0 }.key("reaction", "gateway-1");
    let drawn = SimSpan::secs(20).scaled(uniform(Rows::new(key).row(0, 1)[0]));
    let seen = world.idp("token_lifetime = \"365d\"").calls_ms(&[20_000]).play();
    assert_eq!(seen.times(|fact| matches!(fact, Fact::Operator(..))), [SimTime(20_002 * MS) + drawn]);
}
