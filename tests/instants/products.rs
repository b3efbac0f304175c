//! What the products' presets do, oddities included (their sources are in `src/policy/presets`).

use crate::support_run::{Seen, World, outage, restart, world};
use stalegate::model::fact::{Fact, Request};

fn none() -> Vec<String> {
    Vec::new()
}

/// A token is fetched at 1 s and dies at 10 s; calls come at 50 s and 51 s, and the backend refuses with this.
fn refused(product: &str, status: u16, error: &str) -> Seen {
    world(product)
        .duration("2min")
        .backend(&format!("reject_status = {status}\nreject_error = \"{error}\""))
        .calls_ms(&[1_000, 50_000, 51_000])
        .fault(&restart("10s", "30s"))
        .play()
}

/// Neither purges, nor fetches, nor sends again.
fn leaves_it_alone(seen: &Seen) {
    assert_eq!(seen.calls(), ["1.023s ok", "50.002s stale-token", "51.002s stale-token"]);
    assert_eq!((seen.purges(), seen.resends(), seen.fetches()), (none(), none(), vec!["1s".to_owned()]));
}

/// The refusal goes to the client at once, and the next call fetches.
fn purges_and_passes_on(seen: &Seen) {
    assert_eq!(seen.calls(), ["1.023s ok", "50.002s stale-token", "51.023s ok"]);
    assert_eq!((seen.purges(), seen.resends()), (vec!["50.002s".to_owned()], none()));
    assert_eq!(seen.fetches(), ["1s", "51s"]);
}

/// A new token is fetched and the same call sent once more.
fn purges_and_resends(seen: &Seen) {
    assert_eq!(seen.calls(), ["1.023s ok", "50.025s ok", "51.001s ok"]);
    assert_eq!((seen.purges(), seen.resends()), (vec!["50.002s".to_owned()], vec!["50.024s".to_owned()]));
    assert_eq!(seen.fetches(), ["1s", "50.002s"]);
}

/// Ten calls within a fetch: how many token requests they send.
fn stampede(product: &str) -> usize {
    world(product).calls_ms(&(1_000..1_010).collect::<Vec<_>>()).play().fetches().len()
}

/// A token of an hour, fetched at 1 s and received at 1.022 s, is used until 1.022 s + this.
fn is_used_for_ms(product: &str, span_ms: u64) {
    let end = 1_022 + span_ms;
    let seen = world(product).calls_ms(&[1_000, end - 1, end]).play();
    let fetches = seen.times(|fact| matches!(fact, Fact::FetchStarted { .. }));
    let expected = [1_000, end].map(|ms| stalegate::time::SimTime(ms * 1_000_000));
    assert_eq!((fetches, seen.number("ok")), (expected.to_vec(), 3));
}

/// The IdP hangs; calls at 11, 12 and 13 s need a token. The clients wait for two minutes.
fn hanging(product: &str) -> World {
    let world = world(product).idp("unreachable = \"hang\"").client("timeout = \"2min\"");
    world.calls_ms(&[11_000, 12_000, 13_000]).fault(&outage("10s", "1h"))
}

/// A refusal of the old token comes back 8 ms after the fresh one is there.
fn late_refusal(product: &str, status: u16) -> Seen {
    world(product)
        .network("gateway_backend = \"50ms\"")
        .backend(&format!("reject_status = {status}\nreject_error = \"invalid_token\""))
        .calls_ms(&[1_000, 10_000, 10_030])
        .fault(&restart("2s", "1s"))
        .play()
}

// WSO2, the mediators

#[test]
fn wso2_mediator_purges_and_fetches_on_a_401_and_answers_500_without_a_resend() {
    let seen = refused("wso2-mediator", 401, "none");
    assert_eq!(seen.calls(), ["1.023s ok", "50.024s stale-token", "51.001s ok"], "it fails when the fetch is done");
    assert_eq!((seen.purges(), seen.resends()), (vec!["50.002s".to_owned()], none()));
    assert_eq!(seen.fetches(), ["1s", "50.002s"]);
}

#[test]
fn wso2_mediator_does_nothing_on_a_403() {
    leaves_it_alone(&refused("wso2-mediator", 403, "invalid_token"));
}

#[test]
fn wso2_mediator_passes_the_401_on_when_the_fetch_fails() {
    let world = world("wso2-mediator").backend("reject_status = 401").calls_ms(&[1_000, 20_000]);
    assert_eq!(world.fault(&restart("10s", "30s")).play().calls(), ["1.023s ok", "20.003s stale-token"]);
}

#[test]
fn wso2_mediator_calls_the_backend_without_a_token_after_a_failed_fetch() {
    let seen = world("wso2-mediator").calls_ms(&[11_000]).fault(&outage("10s", "5s")).play();
    assert_eq!(
        (seen.fetched(), seen.calls()),
        (vec!["11.001s idp-down".to_owned()], vec!["11.003s no-token".to_owned()])
    );
}

#[test]
fn wso2_mediator_stampedes() {
    assert_eq!(stampede("wso2-mediator"), 10);
}

#[test]
fn wso2_mediator_drops_the_fresh_token_for_a_late_401() {
    let seen = late_refusal("wso2-mediator", 401);
    assert_eq!(seen.purges(), ["10.1s", "10.13s"]);
    assert_eq!(seen.fetches(), ["1s", "10.1s", "10.13s"]);
}

#[test]
fn wso2_mediator_waits_for_a_hanging_idp_as_long_as_the_client_does() {
    let seen = hanging("wso2-mediator").play();
    assert_eq!(seen.calls(), ["2min11s client-timeout", "2min12s client-timeout", "2min13s client-timeout"]);
    assert_eq!(seen.fetched(), none());
}

#[test]
fn wso2_mediator_fetches_again_with_a_whole_second_left() {
    let world = world("wso2-mediator").idp("token_lifetime = \"60s\"").duration("1min5s");
    for replication in 0..5 {
        let seen = world.clone().calls_ms(&(1_000..64_000).collect::<Vec<_>>()).replication(replication);
        let fetches = seen.times(|fact| matches!(fact, Fact::FetchStarted { .. }));
        // The first call that finds it unusable is the one after validTill − now has come down to 1 on the node's clock.
        let used_ms = fetches.iter().find(|at| at.0 > 30_000_000_000).expect("it expires").0 / 1_000_000 - 1_022;
        assert!((58_000..=59_000).contains(&used_ms), "{used_ms}");
    }
}

// WSO2, the endpoint with retry

#[test]
fn wso2_retry_endpoint_keeps_a_token_for_3000_s_whatever_expires_in_says() {
    is_used_for_ms("wso2-retry-endpoint", 3_000_000);
}

#[test]
fn wso2_retry_endpoint_pays_one_401_and_one_resend_per_lifetime_of_a_shorter_token() {
    let world = world("wso2-retry-endpoint").backend("reject_status = 401").idp("token_lifetime = \"10min\"");
    // Issued at 1.021 s, dead at 601.021 s; the next one is issued at 601.043 s.
    let seen = world.calls_ms(&[1_000, 601_019, 601_020, 700_000, 1_201_041, 1_201_042]).play();
    assert_eq!(seen.number("ok"), 6);
    assert_eq!(seen.resends(), ["10min1.044s", "20min1.066s"]);
    assert_eq!(seen.fetches(), ["1s", "10min1.022s", "20min1.044s"]);
}

#[test]
fn wso2_retry_endpoint_sends_a_short_token_after_its_expiry_to_a_backend_that_answers_403() {
    let world = world("wso2-retry-endpoint")
        .idp("token_lifetime = \"10min\"")
        .calls_ms(&[1_000, 601_020, 3_001_021, 3_001_022]);
    let seen = world.play();
    assert_eq!(seen.calls(), ["1.023s ok", "10min1.022s expired-token", "50min1.023s expired-token", "50min1.045s ok"]);
}

#[test]
fn wso2_retry_endpoint_resends_once_on_a_401() {
    purges_and_resends(&refused("wso2-retry-endpoint", 401, "none"));
}

#[test]
fn wso2_retry_endpoint_does_nothing_on_a_403() {
    leaves_it_alone(&refused("wso2-retry-endpoint", 403, "invalid_token"));
}

#[test]
fn wso2_retry_endpoint_gives_a_second_401_to_the_client() {
    // This backend never waits long enough for the IdP, and refuses with a 401 what it could not check.
    let api = "validation = \"introspect\"\nreject_status = 401\non_idp_unreachable = \"refuse\"\nintrospection_timeout = \"1ms\"";
    let seen = world("wso2-retry-endpoint").api(api).calls_ms(&[1_000]).play();
    assert_eq!(
        (seen.calls(), seen.resends()),
        (vec!["1.05s introspection-down".to_owned()], vec!["1.047s".to_owned()])
    );
    assert_eq!(
        (seen.purges(), seen.fetches()),
        (vec!["1.025s".to_owned(), "1.05s".into()], vec!["1s".to_owned(), "1.025s".into()])
    );
}

#[test]
fn wso2_retry_endpoint_drops_the_fresh_token_for_a_late_401() {
    let seen = late_refusal("wso2-retry-endpoint", 401);
    assert_eq!(
        (seen.purges(), seen.fetches()),
        (vec!["10.1s".to_owned(), "10.13s".into()], vec!["1s".to_owned(), "10.1s".into(), "10.13s".into()])
    );
    assert_eq!(seen.number("ok"), 3);
}

#[test]
fn wso2_retry_endpoint_makes_a_convoy_of_15_s_a_waiter_when_the_idp_hangs() {
    let seen = hanging("wso2-retry-endpoint").play();
    assert_eq!(seen.calls(), ["26s idp-timeout", "41s idp-timeout", "56s idp-timeout"]);
}

#[test]
fn wso2_retry_endpoint_fails_the_call_when_the_fetch_fails() {
    let seen = world("wso2-retry-endpoint").calls_ms(&[11_000]).fault(&outage("10s", "5s")).play();
    assert_eq!(seen.calls(), ["11.001s idp-down"]);
}

#[test]
fn wso2_retry_endpoint_has_one_request_in_the_air_for_each_node() {
    assert_eq!(stampede("wso2-retry-endpoint"), 1);
}

// WSO2, the API Platform gateway

#[test]
fn wso2_platform_shares_its_cache_and_does_not_retry_after_a_401() {
    let world = world("wso2-platform").gateways(2).backend("reject_status = 401");
    let seen = world.calls_ms(&[1_000, 2_000, 50_000, 51_000]).fault(&restart("10s", "30s")).play();
    // Each look into the store takes 1 ms, each write, too.
    assert_eq!(seen.calls(), ["1.025s ok", "2.002s ok", "50.003s stale-token", "51.025s ok"]);
    assert_eq!((seen.purges(), seen.resends()), (vec!["50.004s".to_owned()], none()));
    assert_eq!(seen.fetches(), ["1.001s", "51.001s"]);
}

#[test]
fn wso2_platform_does_nothing_on_a_403() {
    let world = world("wso2-platform").calls_ms(&[1_000, 50_000]).fault(&restart("10s", "30s"));
    let seen = world.play();
    assert_eq!((seen.calls(), seen.purges()), (vec!["1.025s ok".to_owned(), "50.003s stale-token".into()], none()));
}

#[test]
fn wso2_platform_lets_each_replica_ask() {
    let seen = world("wso2-platform").gateways(5).calls_ms(&[1_000, 1_001, 1_002, 1_003, 1_004]).play();
    assert_eq!(seen.fetches().len(), 5);
}

// Others

#[test]
fn kong_uses_a_token_until_5_s_before_its_expiry() {
    is_used_for_ms("kong-upstream-oauth", 3_595_000);
}

#[test]
fn kong_purges_on_a_401_and_does_not_retry() {
    purges_and_passes_on(&refused("kong-upstream-oauth", 401, "none"));
    leaves_it_alone(&refused("kong-upstream-oauth", 403, "none"));
}

#[test]
fn kong_has_no_single_flight() {
    assert_eq!(stampede("kong-upstream-oauth"), 10);
}

#[test]
fn envoy_refreshes_in_the_background_at_half_the_lifetime() {
    let seen = world("envoy-credential-injector").duration("1h").calls_ms(&[1_000, 1_801_030, 1_801_045]).play();
    assert_eq!(seen.fetches(), ["1s", "30min1.022s"]);
    assert_eq!(seen.number("ok"), 3);
}

#[test]
fn envoy_keeps_the_old_token_and_asks_every_2_s_while_fetches_fail() {
    let world = world("envoy-credential-injector").idp("token_lifetime = \"100s\"").duration("2min");
    let world = world.calls_ms(&[1_000, 56_000, 110_000, 119_000]).fault(&outage("40s", "75s"));
    let seen = world.play();
    let fetches = seen.fetches();
    assert_eq!(fetches[..4], ["1s", "51.022s", "53.023s", "55.024s"]);
    // The token expires at 101.021 s and goes on being sent; the IdP is back at 115 s, the request of 115.054 s succeeds.
    assert_eq!(seen.calls(), ["1.023s ok", "56.001s ok", "1min50.002s expired-token", "1min59.001s ok"]);
    assert_eq!(fetches[fetches.len() - 1], "1min55.054s");
}

#[test]
fn envoy_does_nothing_on_a_refusal() {
    for status in [401, 403] {
        leaves_it_alone(&refused("envoy-credential-injector", status, "invalid_token"));
    }
}

#[test]
fn spring_uses_a_token_until_60_s_before_its_expiry() {
    is_used_for_ms("spring-security", 3_540_000);
}

#[test]
fn spring_purges_on_invalid_token_only_and_does_not_retry() {
    purges_and_passes_on(&refused("spring-security", 401, "invalid_token"));
    leaves_it_alone(&refused("spring-security", 401, "none"));
    leaves_it_alone(&refused("spring-security", 403, "invalid_token"));
}

#[test]
fn spring_has_no_single_flight() {
    assert_eq!(stampede("spring-security"), 10);
}

#[test]
fn tyk_fetches_once_for_all_gateways_under_a_lock() {
    let seen = world("tyk-upstream-oauth").gateways(3).calls_ms(&[1_000, 1_001, 1_002, 2_000]).play();
    // Looked up at 1.001, lock at 1.002, token at 1.024, written at 1.025; the others find it taken at 1.003
    // and 1.004, and look again after 100 ms, which takes 1 ms.
    assert_eq!(seen.fetches(), ["1.002s"]);
    assert_eq!(seen.calls(), ["1.026s ok", "1.105s ok", "1.106s ok", "2.002s ok"]);
}

#[test]
fn tyk_sends_a_token_in_the_last_instant_of_its_life_and_one_network_delay_longer() {
    // Issued at 1.023 s, received at 1.024 s, used for 3600 s without a margin.
    let world = world("tyk-upstream-oauth").calls_ms(&[1_000, 3_601_020, 3_601_021, 3_601_023]);
    let seen = world.play();
    assert_eq!(seen.calls(), ["1.026s ok", "1h1.022s ok", "1h1.024s expired-token", "1h1.049s ok"]);
}

#[test]
fn tyk_does_nothing_on_a_refusal() {
    for status in [401, 403] {
        let backend = format!("reject_status = {status}\nreject_error = \"invalid_token\"");
        let world = world("tyk-upstream-oauth").backend(&backend).calls_ms(&[1_000, 50_000]);
        let seen = world.fault(&restart("10s", "30s")).play();
        assert_eq!(seen.calls(), ["1.026s ok", "50.003s stale-token"], "{status}");
        assert_eq!((seen.purges(), seen.fetches().len()), (none(), 1), "{status}");
    }
}

#[test]
fn golang_uses_a_token_until_10_s_before_its_expiry() {
    is_used_for_ms("golang-oauth2", 3_590_000);
}

#[test]
fn golang_lets_callers_take_turns() {
    assert_eq!(stampede("golang-oauth2"), 1);
    assert_eq!(hanging("golang-oauth2").play().calls(), ["21s idp-timeout", "31s idp-timeout", "41s idp-timeout"]);
}

#[test]
fn golang_does_nothing_on_a_refusal() {
    for status in [401, 403] {
        leaves_it_alone(&refused("golang-oauth2", status, "invalid_token"));
    }
}

#[test]
fn kyma_purges_and_resends_once_on_a_403() {
    purges_and_resends(&refused("kyma", 403, "none"));
    leaves_it_alone(&refused("kyma", 401, "invalid_token"));
}

#[test]
fn kyma_takes_a_genuine_403_for_a_dead_token() {
    let seen = world("kyma").backend("forbidden_ratio = 1.0").calls_ms(&[1_000]).play();
    assert_eq!(seen.calls(), ["1.023s forbidden"]);
    assert_eq!((seen.resends(), seen.fetches()), (vec!["1.056s".to_owned()], vec!["1s".to_owned(), "1.034s".into()]));
}

#[test]
fn kyma_drops_the_fresh_token_for_a_late_403() {
    assert_eq!(late_refusal("kyma", 403).purges(), ["10.1s", "10.13s"]);
}

#[test]
fn no_product_introspects_or_is_told_of_anything() {
    for product in
        ["wso2-mediator", "wso2-retry-endpoint", "wso2-platform", "kong-upstream-oauth", "envoy-credential-injector"]
    {
        let world = world(product).idp("restart_event = \"at-start\"").calls_ms(&[1_000, 50_000]);
        let seen = world.fault(&restart("10s", "30s")).play();
        assert_eq!(seen.events(), ["40s published"], "{product}");
        assert_eq!(seen.count(|fact| *fact == Fact::IdpArrival(Request::Introspection)), 0, "{product}");
    }
}
