//! Rotations of the signing key (docs/model.md §5, §6), to the instant: each test is one sentence of it in a tiny world. And
//! the shape of an outage by a bad rotation, over many backends.

use std::fmt::Write as _;

use crate::support_run::inbound::{jwt, password_change};
use crate::support_run::{Seen, World, restart, world};
use stalegate::model::fact::{Fact, Request};
use stalegate::oauth::{Cause, Outcome};
use stalegate::rng::Seeds;
use stalegate::time::{SimSpan, SimTime};

fn none() -> Vec<String> {
    Vec::new()
}

/// A key signs from this instant on; further keys of the fault.
fn rotation(at: &str, keys: &str) -> String {
    format!("at = \"{at}\"\nkind = \"key-rotation\"\n{keys}")
}

/// JWTs of an hour, a backend that knows the truth, gateways that are called in turn.
fn signed(gateways: usize) -> World {
    world("ttl-only").duration("2min").gateways(gateways).idp("token_format = \"jwt\"")
}

/// A backend that fetches the key set on an unknown key only, and so often.
fn local(gateways: usize, cooldown: &str) -> World {
    let lines = format!("validation = \"local\"\njwks_refresh = \"1d\"\njwks_cooldown = \"{cooldown}\"");
    signed(gateways).api(&lines)
}

fn accepted_while_dead(seen: &Seen) -> Vec<String> {
    seen.instants(|fact| *fact == Fact::AcceptedWhileDead)
}

#[test]
fn nobody_notices_a_rotation_whose_keys_overlap_for_a_lifetime() {
    let world = local(2, "30s").calls_ms(&[1_000, 50_000, 51_000, 52_000]);
    let seen = world.fault(&rotation("10s", "")).play();
    assert_eq!(seen.key_sets(), ["50.024s"], "gateway-2 got a token of the new key at 50.022 s");
    assert_eq!(seen.calls(), ["1.023s ok", "50.025s ok", "51.001s ok", "52.001s ok"]);
    assert_eq!((accepted_while_dead(&seen), seen.stale()), (none(), none()));
}

#[test]
fn tokens_of_the_old_key_die_when_the_overlap_is_over() {
    let seen = signed(1).calls_ms(&[1_000, 39_998, 39_999]).fault(&rotation("10s", "overlap = \"30s\"")).play();
    assert_eq!(seen.calls(), ["1.023s ok", "39.999s ok", "40.001s stale-token"]);
    assert_eq!(seen.stale(), ["40s to 2min"]);
}

#[test]
fn a_backend_refuses_a_retired_key_only_when_it_has_fetched_the_set_without_it() {
    let world = local(2, "30s").fault(&rotation("10s", "overlap = \"30s\""));
    let seen = world.clone().calls_ms(&[1_000, 2_000, 39_998, 39_999, 60_000]).play();
    assert_eq!((seen.number("ok"), accepted_while_dead(&seen)), (5, vec!["40s".to_owned(), "1min1ms".into()]));
    let seen = world.calls_ms(&[1_000, 50_000, 51_000]).play();
    assert_eq!(
        seen.calls(),
        ["1.023s ok", "50.025s ok", "51.002s stale-token"],
        "gateway-2 has a token of the new key"
    );
}

#[test]
fn until_it_is_published_calls_with_the_new_key_are_refused_and_those_with_the_old_one_pass() {
    let after_publication = |born_ms: u64| {
        let world = local(1, "1ms").fault(&rotation("10s", "publish_after = \"20s\""));
        world.calls_ms(&[12_000, born_ms]).play().calls()
    };
    let refused = "introspection-down";
    // The second call's fetch of the set is at the IdP 2 ms after its birth.
    assert_eq!(after_publication(29_997), [format!("12.026s {refused}"), format!("30.001s {refused}")]);
    assert_eq!(after_publication(29_998), [format!("12.026s {refused}"), "30.001s ok".into()]);
    let world = local(2, "1ms").fault(&rotation("10s", "publish_after = \"20s\""));
    let seen = world.calls_ms(&[1_000, 12_000, 13_000, 14_000, 15_000]).play();
    assert_eq!(seen.calls_of(1), ["1.023s ok", "13.001s ok", "15.001s ok"]);
    assert_eq!(seen.calls_of(2), [format!("12.026s {refused}"), format!("14.004s {refused}")]);
}

#[test]
fn between_the_old_key_and_the_new_one_the_set_is_empty_and_a_cooldown_prolongs_that() {
    let world = local(2, "30s").fault(&rotation("10s", "overlap = \"0s\"\npublish_after = \"20s\""));
    let seen = world.calls_ms(&[1_000, 12_000, 13_000, 42_021, 43_000, 45_000]).play();
    // gateway-2 has the new key; the backend asked for it at 12.023 s.
    assert_eq!(
        seen.calls_of(2),
        ["12.026s introspection-down", "42.023s introspection-down", "45.001s ok"],
        "published since 30 s, and in the set since gateway-1's old key was asked for"
    );
    assert_eq!(seen.calls_of(1), ["1.023s ok", "13.002s stale-token", "43.004s stale-token"]);
    assert_eq!(seen.key_sets(), ["12.024s", "43.002s"]);
}

/// The key is missing from 10 s to 50 s; the set is fetched every 20 s, from a phase of the backend's own on.
#[test]
fn a_backend_notices_that_the_signing_key_is_missing_and_that_it_is_back_when_it_fetches_the_set() {
    let lines = "validation = \"local\"\njwks_refresh = \"20s\"\njwks_cooldown = \"1d\"";
    let calls: Vec<u64> = (1..120).map(|second| second * 1_000).collect();
    let missing = "at = \"10s\"\nkind = \"key-removed\"\nfor = \"40s\"";
    let seen = signed(1).api(lines).calls_ms(&calls).fault(missing).play();
    let leg = SimSpan::millis(1);
    let fetches = seen.times(|fact| *fact == Fact::IdpArrival(Request::KeySet));
    let gone = SimTime(10_000_000_000)..SimTime(50_000_000_000);
    let lacks_it =
        |arrival: SimTime| fetches.iter().rfind(|at| **at + leg <= arrival).is_some_and(|at| gone.contains(at));
    let accepted = seen.times(|fact| matches!(fact, Fact::Calls(calls) if calls.outcome == Outcome::Ok));
    let unknown = Outcome::Failed(Cause::IntrospectionDown);
    let refused = seen.times(|fact| matches!(fact, Fact::Calls(calls) if calls.outcome == unknown));
    assert_eq!((accepted.len() + refused.len(), refused.len() >= 35), (calls.len(), true), "{refused:?}");
    assert!(accepted.iter().all(|at| !lacks_it(*at)), "{fetches:?} {accepted:?}");
    // The answer takes a leg to the gateway, where the call fails.
    assert!(refused.iter().all(|at| lacks_it(SimTime(at.0 - leg.0))), "{fetches:?} {refused:?}");
    assert_eq!((accepted_while_dead(&seen), seen.stale()), (none(), none()), "its tokens are good all the time");
}

#[test]
fn who_asks_the_idp_needs_no_published_key() {
    let rotation = rotation("10s", "overlap = \"0s\"\npublish_after = \"20s\"");
    let calls = |world: World| world.calls_ms(&[1_000, 12_000, 13_000]).fault(&rotation).play().calls();
    assert_eq!(calls(signed(2)), ["1.023s ok", "12.023s ok", "13.002s stale-token"]);
    let introspecting = signed(2).api("validation = \"introspect\"");
    assert_eq!(calls(introspecting), ["1.03s ok", "12.03s ok", "13.009s stale-token"]);
}

#[test]
fn the_rows_of_a_retired_key_end_and_the_nodes_hear_of_it_like_of_any_change() {
    let issued = |overlap: &str, calls: &[u64]| {
        let world = signed(1).rule("lifetime", "rule = \"no-cache\"").stored("").calls_ms(calls);
        let seen = world.fault(&rotation("10s", overlap)).play();
        (seen.instants(|fact| matches!(fact, Fact::TokenIssued { .. })), seen.number("stale-token"))
    };
    let once = vec!["1.027s".to_owned()];
    assert_eq!(issued("", &[1_000, 20_000, 50_000]), (once.clone(), 0), "the same token is handed out again");
    let overlap = "overlap = \"30s\"";
    assert_eq!(issued(overlap, &[1_000, 20_000, 39_970]), (once.clone(), 0));
    assert_eq!(issued(overlap, &[1_000, 39_984]), (once.clone(), 1), "looked up at 40.005 s, heard of at 40.01 s");
    assert_eq!(issued(overlap, &[1_000, 39_990]), (vec!["1.027s".into(), "40.017s".into()], 0));
}

#[test]
fn rotations_overlap_and_each_retires_the_key_that_it_replaced() {
    let calls = [
        5_000, 15_000, 25_000, 34_998, 35_000, 35_001, 35_002, 44_998, 45_500, 45_600, 45_700, 54_998, 55_000, 55_100,
        55_200,
    ];
    let seen = signed(3).calls_ms(&calls).fault(&rotation("10s", "every = \"10s\"\noverlap = \"25s\"")).play();
    let stale = |at: &str| format!("{at} stale-token");
    assert_eq!(
        seen.calls_of(1),
        ["5.023s ok", "34.999s ok", &stale("35.004s"), &stale("45.602s"), &stale("55.002s")],
        "its key was replaced at 10 s"
    );
    assert_eq!(
        seen.calls_of(2),
        ["15.023s ok", "35.001s ok", "44.999s ok", &stale("45.702s"), &stale("55.102s")],
        "replaced at 20 s"
    );
    assert_eq!(
        seen.calls_of(3),
        ["25.023s ok", "35.002s ok", "45.501s ok", "54.999s ok", &stale("55.202s")],
        "replaced at 30 s"
    );
}

#[test]
fn a_restart_with_a_new_signing_key_puts_an_end_to_a_rotation() {
    let world =
        local(3, "0s").idp("on_restart = \"new-signing-key\"").fault(&rotation("10s", "publish_after = \"30s\""));
    let calls = [1_000, 15_000, 30_000, 31_000, 32_000, 45_000, 46_000, 47_000];
    let seen = world.calls_ms(&calls).fault(&restart("20s", "5s")).play();
    assert_eq!(seen.calls_of(1), ["1.023s ok", "31.004s stale-token", "46.004s stale-token"]);
    assert_eq!(
        seen.calls_of(2),
        ["15.026s introspection-down", "32.004s stale-token", "47.004s stale-token"],
        "its key would have been published at 40 s"
    );
    assert_eq!(seen.calls_of(3), ["30.025s ok", "45.001s ok"], "the restart's key is published since 25 s");
}

#[test]
fn a_rotation_tells_nobody_and_is_no_restart() {
    let world = world("event-purge").idp("token_format = \"jwt\"\nrestart_event = \"at-stop\"").calls_ms(&[1_000]);
    let seen = world.fault(&rotation("10s", "overlap = \"0s\"")).play();
    assert_eq!((seen.events(), seen.stops(), seen.ready()), (none(), none(), none()));
}

#[test]
fn gateways_refuse_callers_tokens_of_a_retired_key_and_users_log_in_again() {
    let world =
        jwt().client("users = 1\nlogin = \"1h\"\nrelogin = \"1s\"").fault(&rotation("10s", "overlap = \"30s\""));
    let seen = world.calls_ms(&[39_999, 40_000, 42_000]).play();
    assert_eq!(seen.calls(), ["40s inbound-refused", "40s ok", "42.001s ok"]);
    assert_eq!((seen.mistakes(), seen.logins()), (none(), vec!["41s user-1".to_owned()]));
}

#[test]
fn gateways_refuse_good_tokens_of_callers_until_their_key_is_published() {
    let world = jwt().client("users = 1\nlogin = \"1h\"\nrelogin = \"1s\"").fault(&password_change("15s"));
    let world = world.fault(&rotation("10s", "publish_after = \"30s\""));
    let seen = world.calls_ms(&[20_000, 39_999, 40_000]).play();
    assert_eq!(seen.calls(), ["20s inbound-refused", "39.999s inbound-refused", "40.001s ok"]);
    assert_eq!(seen.mistakes(), ["20s gateway-1", "39.999s gateway-1"], "no revocation is to blame");
}

// The shape of an outage

const LANES: usize = 150;
const REFRESH: SimSpan = SimSpan::secs(60);
/// The new key signs from this instant on, and the old one is gone.
const ROTATED: SimTime = SimTime(120_000_000_000);
const PUBLISHED: SimTime = SimTime(240_000_000_000);
const MILLI: SimSpan = SimSpan::millis(1);

fn api(lane: usize) -> String {
    format!("api-{lane:03}")
}

/// When the set is there that a lane's backend first asks for, as it does from time to time, at or after an instant.
fn refreshed(lane: usize, since: SimTime) -> SimTime {
    let phase = REFRESH.scaled(Seeds { seed: 1, replication: 0 }.uniform("key set phase", &api(lane)));
    let at_idp = SimTime::ZERO + phase + MILLI;
    let periods = since.since(at_idp).0.div_ceil(REFRESH.0);
    SimTime(at_idp.0 + periods * REFRESH.0) + MILLI
}

/// The bad rotation of history: 150 APIs of one gateway, each with a key set and a token of its own and a call a second. A
/// refused call is sent again with a new token.
fn bad_rotation(cooldown: &str) -> Seen {
    let mut tables = String::new();
    for lane in 0..LANES {
        writeln!(tables, "[[api]]\nname = \"{}\"\nvalidation = \"local\"\nservice_time = \"0s\"", api(lane)).unwrap();
        writeln!(tables, "jwks_refresh = \"1min\"\njwks_cooldown = \"{cooldown}\"").unwrap();
    }
    let names: Vec<String> = (0..LANES).map(|lane| format!("\"{}\"", api(lane))).collect();
    writeln!(tables, "[[client]]\nname = \"many\"\napis = [{}]", names.join(", ")).unwrap();
    writeln!(tables, "arrivals = {{ process = \"constant\", rate = \"{LANES}/s\" }}").unwrap();
    let world = world("reactive-retry").warm().duration("6min").no_client().tables(&tables);
    let world = world.idp("token_format = \"jwt\"\ntoken_lifetime = \"365d\"");
    world.fault(&rotation("2min", "overlap = \"0s\"\npublish_after = \"2min\"")).play()
}

/// When calls of a lane were settled, well or not.
fn settled(seen: &Seen, lane: usize, well: bool) -> Vec<SimTime> {
    seen.times(|fact| {
        matches!(fact, Fact::Calls(calls) if calls.lane.index() == lane && (calls.outcome == Outcome::Ok) == well)
    })
}

#[test]
fn a_bad_rotation_spreads_its_onset_and_its_end_over_the_refresh_of_key_sets() {
    let seen = bad_rotation("1h");
    let (mut fail_later, mut recover_later) = ([0; 4], [0; 4]);
    for lane in 0..LANES {
        let (gone, back) = (refreshed(lane, ROTATED), refreshed(lane, PUBLISHED));
        let (well, badly) = (settled(&seen, lane, true), settled(&seen, lane, false));
        assert!(!well.iter().any(|at| (gone..back).contains(at)), "{lane}: served between {gone} and {back}");
        // A refused call fetches a token, is refused again, and settled 26 ms after its first arrival.
        let fails = gone..back + SimSpan::millis(26);
        assert!(badly.iter().all(|at| fails.contains(at)), "{lane}: fails before {gone} or after {back}");
        let first = badly[0];
        let cured = *well.iter().find(|at| **at > first).expect("it recovers");
        for (quarter, (fail, recover)) in fail_later.iter_mut().zip(&mut recover_later).enumerate() {
            let waited = REFRESH.scaled(0.25 * f64::from(u8::try_from(quarter).unwrap()));
            *fail += usize::from(first > ROTATED + waited);
            *recover += usize::from(cured > PUBLISHED + waited);
        }
    }
    // Phases are uniform: at T + x the share 1 − x/R still accepts. The next call comes a second later, one refresh in sixty.
    for (quarter, expected) in [1.0, 0.75, 0.5, 0.25].into_iter().enumerate() {
        for (what, later) in [("still accept", fail_later), ("still refuse", recover_later)] {
            let share = f64::from(u32::try_from(later[quarter]).unwrap()) / f64::from(u32::try_from(LANES).unwrap());
            assert!((share - expected).abs() < 0.1, "{what} after {quarter} quarters: {share}");
        }
    }
}

#[test]
fn a_short_cooldown_ends_a_bad_rotation_soon_after_the_key_is_published() {
    let seen = bad_rotation("1s");
    let first_failures: Vec<SimTime> = (0..LANES).map(|lane| settled(&seen, lane, false)[0]).collect();
    let late = first_failures.iter().filter(|at| **at > ROTATED + REFRESH.scaled(0.5)).count();
    assert!((LANES / 3..LANES * 2 / 3).contains(&late), "the onset is as slow: {late}");
    let last = (0..LANES).filter_map(|lane| settled(&seen, lane, false).last().copied()).max();
    assert!(last.is_some_and(|last| (PUBLISHED..PUBLISHED + SimSpan::secs(2)).contains(&last)), "{last:?}");
}
