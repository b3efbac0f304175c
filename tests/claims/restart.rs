//! What the article on wso2/api-manager issue 4557 claims (docs/claims.md, A), shown to the instant.

use crate::support_run::{restart, world};
use stalegate::model::fact::Fact;
use stalegate::oauth::Outcome;

/// A token fetched at 1 s is received at 1.022 s and used until 3600.022 s: an hour less the margin of 1 s.
const LAST_USE_MS: u64 = 3_600_021;

#[test]
fn a01_a_cached_token_is_reused_until_its_expires_in_has_passed() {
    let seen = world("ttl-only").calls_ms(&[1_000, 2_000, LAST_USE_MS, LAST_USE_MS + 1]).play();
    assert_eq!(seen.calls(), ["1.023s ok", "2.001s ok", "1h22ms ok", "1h45ms ok"]);
    assert_eq!(seen.fetches(), ["1s", "1h22ms"]);
    assert_eq!(seen.latencies(), ["34ms", "12ms", "12ms", "34ms"], "a cached token saves the fetch's 22 ms");
}

#[test]
fn a02_a_restart_makes_every_token_issued_before_it_invalid() {
    let calls = [1_000, 2_000, 3_000, 20_000, 21_000, 22_000, 23_000, 24_000];
    let seen = world("ttl-only").gateways(4).calls_ms(&calls).fault(&restart("10s", "5s")).play();
    let before = ["1.023s ok", "2.023s ok", "3.023s ok"];
    let after = ["20.023s ok", "21.002s stale-token", "22.002s stale-token", "23.002s stale-token", "24.001s ok"];
    assert_eq!(seen.calls(), [&before[..], &after[..]].concat(), "only gateway-4 asked after the restart");
    assert_eq!(seen.stale(), ["10s to 1h22ms", "10s to 1h1.022s", "10s to 1h2.022s"]);
}

#[test]
fn a03_the_gateway_gets_no_word_and_goes_on_presenting_the_cached_token() {
    let seen = world("ttl-only")
        .idp("restart_event = \"at-start\"")
        .calls_ms(&[1_000, 20_000, 30_000])
        .fault(&restart("10s", "5s"))
        .play();
    assert_eq!(seen.events(), ["15s published"]);
    assert_eq!(seen.calls(), ["1.023s ok", "20.002s stale-token", "30.002s stale-token"]);
    assert_eq!((seen.fetches(), seen.purges().len()), (vec!["1s".to_owned()], 0));
}

#[test]
fn a04_the_backend_checks_the_token_with_the_idp_and_the_caller_gets_403() {
    let refused = |statuses: &str| {
        world("ttl-only")
            .api("validation = \"introspect\"")
            .calls_ms(&[1_000, 20_000])
            .fault(&restart("10s", "5s"))
            .rule("rejection", statuses)
            .play()
    };
    let seen = refused("statuses = [401]");
    assert_eq!(seen.introspections(), ["1.024s", "20.002s"]);
    assert_eq!(seen.calls(), ["1.03s ok", "20.009s stale-token"], "nobody acts on a 401 that is a 403");
    assert_eq!(refused("statuses = [403]").resends(), ["20.031s"]);
}

#[test]
fn a05_calls_fail_for_the_whole_remaining_lifetime() {
    let calls = [1_000, 10_000, 60_000, 1_800_000, LAST_USE_MS, LAST_USE_MS + 1];
    let seen = world("ttl-only").calls_ms(&calls).fault(&restart("10s", "30s")).play();
    assert_eq!(
        seen.calls(),
        [
            "1.023s ok",
            "10.002s stale-token",
            "1min2ms stale-token",
            "30min2ms stale-token",
            "1h23ms stale-token",
            "1h45ms ok"
        ]
    );
    assert_eq!(seen.ready(), ["40s"]);
    assert_eq!(seen.stale(), ["10s to 1h22ms"]);
}

#[test]
fn a06_a_refusal_does_not_make_the_gateway_try_a_new_token() {
    for status in [401, 403] {
        let seen = world("ttl-only")
            .backend(&format!("reject_status = {status}\nreject_error = \"invalid_token\""))
            .calls_ms(&[1_000, 60_000, 61_000])
            .fault(&restart("10s", "30s"))
            .play();
        assert_eq!(seen.calls(), ["1.023s ok", "1min2ms stale-token", "1min1.002s stale-token"], "{status}");
        assert_eq!((seen.fetches(), seen.resends().len()), (vec!["1s".to_owned()], 0), "{status}");
    }
}

#[test]
fn a07_without_a_cache_there_is_no_such_outage_at_a_price_in_idp_load() {
    let play = |policy| world(policy).calls_ms(&[1_000, 2_000, 60_000, 61_000]).fault(&restart("10s", "30s")).play();
    let (cached, uncached) = (play("ttl-only"), play("no-cache"));
    assert_eq!((cached.number("stale-token"), cached.fetches().len()), (2, 1));
    assert_eq!(uncached.calls(), ["1.023s ok", "2.023s ok", "1min23ms ok", "1min1.023s ok"]);
    assert_eq!(uncached.fetches(), ["1s", "2s", "1min", "1min1s"]);
}

#[test]
fn a08_five_minute_tokens_shorten_the_outage() {
    let calls = [1_000, 60_000, 300_021, 300_022];
    let seen = world("short-expiry").calls_ms(&calls).fault(&restart("10s", "30s")).play();
    assert_eq!(seen.calls(), ["1.023s ok", "1min2ms stale-token", "5min23ms stale-token", "5min45ms ok"]);
}

#[test]
fn a08_five_minute_tokens_raise_the_rate_of_token_requests_twelvefold() {
    let requests = |policy| world(policy).duration("1h").play().fetches().len();
    assert_eq!((requests("ttl-only"), requests("short-expiry")), (1, 12));
}

#[test]
fn a09_a_restart_by_a_surge_of_403s_is_quicker_than_waiting_and_takes_the_gateway_down() {
    let failed = |policy: &str| {
        let calls = world(policy).arrivals("{ process = \"constant\", rate = \"4/s\" }");
        let seen = calls.fault(&restart("1min", "5s")).duration("2h").play();
        let outage =
            seen.times(|fact| matches!(fact, Fact::Calls(calls) if matches!(calls.outcome, Outcome::Failed(_))));
        let lasted = outage.last().expect("calls fail").since(outage[0]).whole_secs();
        (lasted, seen.number("gateway-down"), seen.number("stale-token"))
    };
    let (waiting, down, stale) = failed("ttl-only");
    assert!((3_530..3_540).contains(&waiting) && down == 0 && stale > 14_000, "{waiting} s, {down}, {stale}");
    // 20 refusals in 5 s, a minute until somebody acts, a minute of restart.
    let (restarting, down, stale) = failed("surge-restart");
    assert!((124..126).contains(&restarting), "{restarting} s");
    assert!((239..242).contains(&down) && (255..265).contains(&stale), "{down}, {stale}");
}

#[test]
fn a10_a_graceful_restart_finishes_what_was_begun() {
    let asked_at_the_stop = |graceful: &str| {
        let fault = format!("{}\non_restart = \"keep\"\n{graceful}", restart("1.010s", "5s"));
        world("ttl-only").calls_ms(&[1_000, 20_000]).fault(&fault).play()
    };
    let abrupt = asked_at_the_stop("");
    assert_eq!(abrupt.calls(), ["1.01s idp-down", "20.023s ok"]);
    let graceful = asked_at_the_stop("graceful = true\ndrain = \"1s\"");
    assert_eq!(graceful.calls(), ["1.023s ok", "20.001s ok"]);
}

#[test]
fn a10_a_broadcast_of_what_died_ends_the_outage() {
    let seen = world("event-purge")
        .idp("restart_event = \"at-start\"")
        .calls_ms(&[1_000, 40_059, 40_060])
        .fault(&restart("10s", "30s"))
        .play();
    assert_eq!(seen.events(), ["40s published", "40.06s gateway-1"]);
    assert_eq!(seen.calls(), ["1.023s ok", "40.061s stale-token", "40.083s ok"]);
}

#[test]
fn a10_invalidating_one_nodes_tokens_limits_the_damage() {
    let after = |on_restart: &str| {
        let fault = format!("{}\nnode = \"idp-1\"\non_restart = \"{on_restart}\"", restart("10s", "5s"));
        let seen = world("ttl-only")
            .gateways(2)
            .idp("nodes = 2")
            .calls_ms(&[1_000, 2_000, 20_000, 21_000])
            .fault(&fault)
            .play();
        seen.calls()[2..].to_vec()
    };
    assert_eq!(after("invalidate-all"), ["20.002s stale-token", "21.002s stale-token"]);
    assert_eq!(after("invalidate-node"), ["20.002s stale-token", "21.001s ok"]);
}

#[test]
fn a11_rolling_restarts_do_not_invalidate_all_tokens_at_once() {
    let fault =
        format!("{}\nnode = \"rolling\"\ngap = \"60s\"\non_restart = \"invalidate-node\"", restart("10s", "5s"));
    let seen = world("ttl-only")
        .gateways(2)
        .idp("nodes = 2")
        .calls_ms(&[1_000, 2_000, 11_000, 12_000, 74_997, 74_998, 75_000, 76_000])
        .fault(&fault)
        .play();
    assert_eq!(seen.nodes(), ["10s idp-1 down", "15s idp-1 up", "1min15s idp-2 down", "1min20s idp-2 up"]);
    assert_eq!(seen.calls_of(1)[1..], ["11.002s stale-token", "1min14.999s stale-token", "1min15.002s stale-token"]);
    assert_eq!(seen.calls_of(2), ["2.023s ok", "12.001s ok", "1min14.999s ok", "1min16.002s stale-token"]);
}

#[test]
fn a11_with_rolling_restarts_a_refused_call_finds_another_node_to_ask() {
    let calls_while_down = |node: &str| {
        let fault = format!("{}\nnode = \"{node}\"\non_restart = \"invalidate-node\"", restart("10s", "5s"));
        let world = world("reactive-retry").gateways(2).idp("nodes = 2");
        world.calls_ms(&[1_000, 2_000, 11_000, 12_000]).fault(&fault).play().calls()[2..].to_vec()
    };
    assert_eq!(calls_while_down("rolling"), ["11.025s ok", "12.001s ok"]);
    assert_eq!(calls_while_down("all"), ["11.003s idp-down", "12.003s idp-down"]);
}

#[test]
fn a11_a_standby_takes_over_and_tokens_of_a_store_that_both_nodes_share_live_on() {
    let calls = |node: &str| {
        let fault = format!("{}\nnode = \"{node}\"\non_restart = \"keep\"", restart("10s", "5s"));
        let front = "nodes = 2\nfront = \"active-passive\"\nfailover = \"2s\"";
        let world = world("no-cache").idp(front).calls_ms(&[9_000, 11_000, 13_000, 16_000]);
        world.fault(&fault).play().calls()
    };
    assert_eq!(calls("idp-1"), ["9.023s ok", "11.001s idp-down", "13.023s ok", "16.023s ok"]);
    assert_eq!(calls("all"), ["9.023s ok", "11.001s idp-down", "13.001s idp-down", "16.023s ok"]);
}

#[test]
fn a12_discarding_the_refused_token_and_repeating_the_call_hides_the_outage() {
    let seen = world("reactive-retry").calls_ms(&[1_000, 50_000, 51_000]).fault(&restart("10s", "30s")).play();
    assert_eq!(seen.calls(), ["1.023s ok", "50.025s ok", "51.001s ok"]);
    assert_eq!((seen.purges(), seen.fetches()), (vec!["50.002s".to_owned()], vec!["1s".into(), "50.002s".into()]));
    assert_eq!(seen.latencies(), ["34ms", "36ms", "12ms"]);
}

#[test]
fn a13_genuine_denials_trigger_refetches_where_the_reasons_are_not_told_apart() {
    let denied = |errors: &str| {
        world("reactive-retry")
            .backend("forbidden_ratio = 1.0\nreject_error = \"invalid_token\"")
            .calls_ms(&[1_000, 2_000])
            .rule("rejection", errors)
            .play()
    };
    let blind = denied("statuses = [403]");
    assert_eq!(blind.calls(), ["1.023s forbidden", "2.023s forbidden"]);
    assert_eq!(blind.fetches(), ["1s", "1.034s", "2s", "2.034s"]);
    assert_eq!(blind.purges(), ["1.034s", "1.068s", "2.034s", "2.068s"]);
    assert_eq!(blind.count(|fact| *fact == Fact::WastedFetch), 3);
    let told_apart = denied("statuses = [403]\nerrors = [\"invalid_token\"]");
    assert_eq!(told_apart.calls(), ["1.023s forbidden", "2.001s forbidden"]);
    assert_eq!((told_apart.fetches().len(), told_apart.purges().len()), (1, 0));
}

#[test]
fn a14_a_subscriber_purges_a_token_when_it_dies() {
    let seen = world("event-purge")
        .idp("restart_event = \"at-stop\"")
        .tables("[control_plane]\ndelay = \"0s\"\n[bus]\ndelay = \"0s\"")
        .calls_ms(&[1_000, 10_000, 50_000])
        .fault(&restart("10s", "30s"))
        .play();
    assert_eq!(seen.purges(), ["10s"]);
    assert_eq!(seen.calls(), ["1.023s ok", "10.002s stale-token", "50.023s ok"]);
    assert_eq!(seen.stale().len(), 0);
}

#[test]
fn a15_an_error_policy_can_clear_a_segment_of_the_cache_on_a_403() {
    let play = |policy| {
        let world = world(policy).calls_ms(&[1_000, 50_000]).also_ms(&[2_000, 51_000]);
        world.fault(&restart("10s", "30s")).play()
    };
    let wide = play("issuer-purge");
    assert_eq!(wide.purges(), ["50.002s", "50.002s"], "the other credential's token goes, too");
    assert_eq!(wide.calls(), ["1.023s ok", "2.023s ok", "50.025s ok", "51.023s ok"]);
    let narrow = play("reactive-retry");
    assert_eq!(narrow.purges(), ["50.002s", "51.002s"]);
    assert_eq!(narrow.calls(), ["1.023s ok", "2.023s ok", "50.025s ok", "51.025s ok"]);
}

#[test]
fn a16_a_backend_checks_a_jwt_itself_and_an_opaque_token_by_introspection() {
    let play = |format: &str, validation: &str| {
        let world = world("ttl-only").idp(&format!("token_format = \"{format}\"")).duration("1min");
        world
            .api(&format!("validation = \"{validation}\""))
            .calls_ms(&[1_000, 30_000])
            .fault(&restart("10s", "5s"))
            .play()
    };
    let opaque = play("opaque", "introspect");
    assert_eq!(
        (opaque.calls(), opaque.introspections().len()),
        (vec!["1.03s ok".into(), "30.009s stale-token".into()], 2)
    );
    let jwt = play("jwt", "local");
    assert_eq!((jwt.calls(), jwt.introspections().len()), (vec!["1.023s ok".to_owned(), "30.001s ok".into()], 0));
    assert_eq!(jwt.count(|fact| *fact == Fact::AcceptedWhileDead), 1, "it cannot see that the token died");
}
