//! What WSO2's gateways and control plane do about callers' tokens (facts: wso2.md §2 and §4), as far as it is modelled, to
//! the instant. A test's name begins with the section that it shows.
//!
//! See `tests/support_run/inbound.rs` for the usual world.

use crate::support_run::inbound::{
    away, clock_ms, clock_shows, credentials_revoked, cut, disabled, jwt, opaque, password_change, revoked, sweep_from,
    token_revoked,
};
use crate::support_run::{Seen, World, gateway_restart};
use stalegate::id::{ClientId, ConsumerKeyId, IdpNodeId, NoticeId};
use stalegate::model::fact::{Fact, Request};
use stalegate::persistence::dialect::{self, Dialect};
use stalegate::revocation::{
    Comparison, EventTables, Jti, Merge, Revocation, RevocationMap, Target, UserId, UserToken,
};
use stalegate::time::{NANOS_PER_SECOND, SimSpan, SimTime, Stamp};

fn none() -> Vec<String> {
    Vec::new()
}

/// The user logs in again so long after an event or a refusal.
fn relogin(after: &str) -> String {
    format!("users = 1\nlogin = \"1h\"\nrelogin = \"{after}\"")
}

// 2.1 the order of a JWT's checks

#[test]
fn s2_1_a_jwts_id_is_looked_for_first_then_its_consumer_key_then_its_subject() {
    let user = UserId { client: ClientId(0), user: 0 };
    let (jti, key) = (Jti { user, serial: 0 }, ConsumerKeyId(0));
    let token = UserToken { jti, node: IdpNodeId(0), issued: Stamp(0), iat_s: 0 };
    let mut map = RevocationMap::default();
    for (number, target) in [Target::Subject(user), Target::ConsumerKey(key), Target::Jti(jti)].into_iter().enumerate()
    {
        assert_eq!(map.refuses(&token, key, Comparison::Strict), number.checked_sub(1).map(NoticeId::at));
        map.hear(Revocation { target, at: Stamp(500_000_000), by: NoticeId::at(number) }, Merge::LastWriter);
    }
    assert_eq!(map.refuses(&token, key, Comparison::Strict), Some(NoticeId(2)));
}

#[test]
fn s2_1_a_call_is_refused_for_its_consumer_key_rather_than_for_its_subject() {
    // Both were revoked in the second in which the user logged in again, in either order.
    let at = |millis| clock_shows(10, millis);
    let world = jwt().client(&relogin("100ms")).calls_ms(&[clock_ms(10, 500)]);
    let subject_first = world.clone().fault(&password_change(&at(100))).fault(&credentials_revoked(&at(150))).play();
    let key_first = world.fault(&password_change(&at(150))).fault(&credentials_revoked(&at(100))).play();
    for (seen, key) in [(subject_first, "#1"), (key_first, "#0")] {
        assert!(seen.revocations().iter().any(|told| told.ends_with(&format!("{key} consumer key"))), "{key}");
        assert_eq!(seen.mistakes().len(), 1);
        assert!(seen.mistakes()[0].ends_with(key), "{:?}", seen.mistakes());
    }
}

#[test]
fn s2_1_revocations_are_looked_for_before_any_cache_so_that_its_lifetime_delays_none() {
    let play = |ttl: &str| {
        let world = jwt().inbound(&format!("cache_ttl = \"{ttl}\"")).fault(&password_change("10s"));
        world.calls_ms(&[1_000, 10_059, 10_061]).play()
    };
    let seen = play("900s");
    assert_eq!(seen.calls(), ["1.001s ok", "10.06s ok", "10.061s inbound-refused"]);
    for ttl in ["0s", "1s", "1d"] {
        assert_eq!(play(ttl).everything(), seen.everything(), "{ttl}");
    }
}

// 2.2 and 2.3 kept answers of introspections

/// When introspections reached the IdP, of a user who calls every second.
fn introspections_of_a_regular(world: World) -> (Seen, Vec<SimTime>) {
    let seen = world.duration("1h").calls_ms(&(1..3_000).map(|second| second * 1_000).collect::<Vec<_>>()).play();
    let times = seen.times(|fact| matches!(fact, Fact::IdpArrival(Request::Introspection)));
    (seen, times)
}

/// 900 s after an answer the next sweep drops it; the first call after that asks again, at a whole second.
fn asked_after_sweeps(times: &[SimTime]) {
    assert_eq!(times.len(), 4);
    assert_eq!(times[0], SimTime(1_001_000_000));
    for pair in times.windows(2) {
        let answered = pair[0] + SimSpan::millis(6);
        let dropped = sweep_from(answered + SimSpan::secs(900), 1);
        let call = SimTime(dropped.0.div_ceil(NANOS_PER_SECOND) * NANOS_PER_SECOND);
        assert_eq!(pair[1], call + SimSpan::millis(1));
        assert!((900..=931).contains(&pair[1].since(pair[0]).whole_secs()), "{pair:?}");
    }
}

#[test]
fn s2_2_an_answer_is_kept_for_900_to_930_seconds() {
    let (seen, times) = introspections_of_a_regular(opaque());
    asked_after_sweeps(&times);
    assert_eq!(seen.number("ok"), 2_999);
}

#[test]
fn s2_2_a_negative_answer_is_kept_as_long() {
    let world = opaque().inbound("revocation_events = false").fault(&disabled("500ms"));
    let (seen, times) = introspections_of_a_regular(world);
    asked_after_sweeps(&times);
    assert_eq!(seen.number("inbound-refused"), 2_999);
}

#[test]
fn s2_2_each_node_keeps_its_own_answers_and_a_lifetime_of_zero_keeps_none() {
    let calls = [1_000, 2_000, 3_000, 4_000];
    let seen = opaque().gateways(2).calls_ms(&calls).play();
    assert_eq!(seen.introspections(), ["1.001s", "2.001s"]);
    assert_eq!(seen.calls(), ["1.008s ok", "2.008s ok", "3.001s ok", "4.001s ok"]);
    let seen = opaque().inbound("cache_ttl = \"0s\"").calls_ms(&calls).play();
    assert_eq!(seen.introspections(), ["1.001s", "2.001s", "3.001s", "4.001s"]);
}

#[test]
fn s2_3_a_revocation_drops_the_answer_and_the_next_call_asks() {
    let seen = opaque().calls_ms(&[1_000, 10_059, 10_061]).fault(&password_change("10s")).play();
    assert_eq!(seen.calls(), ["1.008s ok", "10.06s ok", "10.068s inbound-refused"]);
    assert_eq!(seen.let_pass(), ["10.059s gateway-1 #0"]);
}

/// An introspection that is asked at 10 s, served at 10.205 s and back at 10.405 s, and a revocation.
fn in_flight(event: &str) -> Seen {
    let world = opaque().network("gateway_idp = \"200ms\"").duration("20min");
    world.calls_ms(&[10_000, 11_000, 900_000, 940_500]).fault(event).play()
}

#[test]
fn s2_3_an_introspection_in_flight_at_a_revocation_is_kept_as_active() {
    for event in [disabled("10.21s"), credentials_revoked("10.21s"), token_revoked("10.21s")] {
        let seen = in_flight(&event);
        assert_eq!(seen.events(), ["10.21s published", "10.27s gateway-1"], "before the answer is back");
        let pass = ["10.405s gateway-1 #0", "11s gateway-1 #0", "15min gateway-1 #0"];
        assert_eq!(seen.let_pass(), pass, "{event}");
        assert_eq!(seen.calls()[3], "15min40.905s inbound-refused", "after the sweep it is asked again");
    }
}

#[test]
fn s2_3_a_revocation_before_the_look_or_after_the_answer_ends_the_token() {
    let before = in_flight(&disabled("10.204s"));
    assert_eq!((before.let_pass(), before.calls()[0].as_str()), (none(), "10.405s inbound-refused"));
    // It reaches the gateway at 10.406 s.
    let after = in_flight(&disabled("10.346s"));
    assert_eq!(after.let_pass(), ["10.405s gateway-1 #0"]);
    assert_eq!(after.calls()[1], "11.405s inbound-refused");
}

// 2.5 and 2.6 the way of an event

#[test]
fn s2_5_the_row_is_written_before_the_event_is_published() {
    // The gateway reads the tables 20 ms after the row was written, 30 ms before the event is there.
    let world = jwt().fault(&gateway_restart("all", "5s", "4.03s")).fault(&password_change("10s"));
    let seen = world.calls_ms(&[10_039, 10_041]).play();
    assert_eq!(seen.tables_read(), ["10.04s gateway-1 1 rows"]);
    assert_eq!(seen.events(), ["10s published", "10.06s gateway-1"]);
    assert_eq!((seen.let_pass(), seen.number("inbound-refused")), (vec!["10.039s gateway-1 #0".to_owned()], 1));
}

/// Two gateways, of which the second one loses the bus at 9 s for so long; a revocation at `at`.
fn disconnected(lasts: &str, at: &str) -> World {
    jwt().gateways(2).fault(&cut("9s", lasts, "gateway-2", "bus")).fault(&password_change(at))
}

#[test]
fn s2_6_an_event_published_while_a_gateway_is_disconnected_is_unknown_to_it_until_its_restart() {
    let world = disconnected("5s", "10s").fault(&gateway_restart("gateway-2", "1h", "1s"));
    let seen = world.calls_ms(&[11_000, 12_000, 40_000, 41_000, 3_590_000, 3_591_000, 3_610_000, 3_611_000]).play();
    assert_eq!(seen.events(), ["10s published", "10.01s missed by gateway-2", "10.06s gateway-1"]);
    assert_eq!(seen.tables_read(), ["1h2.01s gateway-2 1 rows"]);
    assert_eq!(seen.calls_of(1), ["11s", "40s", "59min50s", "1h10s"].map(|at| format!("{at} inbound-refused")));
    let healed = ["12.001s ok", "41.001s ok", "59min51.001s ok", "1h11s inbound-refused"];
    assert_eq!(seen.calls_of(2), healed, "connected again since 29 s, and nothing is reloaded");
}

#[test]
fn s2_6_reconnection_is_tried_at_once_and_after_20_40_80_s_and_events_before_it_are_missed() {
    // Cut off until 70 s; tries at 9, 29, 69 and 149 s.
    for (at, heard) in [("1min8s", false), ("2min28.98s", false), ("2min28.991s", true)] {
        let told = disconnected("61s", at).calls_ms(&[1_000]).play().events();
        assert_eq!(told.iter().any(|told| told.ends_with("missed by gateway-2")), !heard, "{told:?}");
        assert_eq!(told.iter().any(|told| told.ends_with("s gateway-2")), heard, "{told:?}");
    }
}

// 2.7 the load at the start

/// The gateway is down from 1 min for a second; a revocation before that.
fn restarted() -> World {
    jwt().fault(&password_change("10s")).fault(&gateway_restart("all", "1min", "1s"))
}

#[test]
fn s2_7_a_gateway_that_starts_reads_the_tables_after_a_second_and_serves_meanwhile() {
    let seen = restarted().calls_ms(&[61_500, 62_009, 62_011]).play();
    assert_eq!(seen.tables_read(), ["1min2.01s gateway-1 1 rows"]);
    assert_eq!(seen.let_pass(), ["1min1.5s gateway-1 #0", "1min2.009s gateway-1 #0"]);
    assert_eq!(seen.calls()[2], "1min2.011s inbound-refused");
}

#[test]
fn s2_7_failed_reads_are_repeated_after_15_30_60_120_and_240_s_and_then_it_runs_without() {
    let seen = restarted().fault(&away("control-plane-outage", "50s", "8min")).calls_ms(&[600_000, 10_700_000]).play();
    let tries = ["1min2s", "1min17s", "1min47s", "2min47s", "4min47s"].map(|at| format!("{at} gateway-1 failed"));
    assert_eq!(seen.tables_read(), [&tries[..], &["8min47s gateway-1 gave up".into()]].concat());
    assert_eq!(seen.let_pass(), ["10min gateway-1 #0", "2h58min20s gateway-1 #0"]);
}

#[test]
fn s2_7_a_later_read_that_succeeds_is_the_last_one() {
    let seen = restarted().fault(&away("control-plane-outage", "50s", "40s")).calls_ms(&[107_009, 107_011]).play();
    let read = ["1min2s gateway-1 failed", "1min17s gateway-1 failed", "1min47.01s gateway-1 1 rows"];
    assert_eq!(seen.tables_read(), read);
    assert_eq!((seen.let_pass(), seen.number("inbound-refused")), (vec!["1min47.009s gateway-1 #0".to_owned()], 1));
}

#[test]
fn s2_7_an_older_row_overwrites_a_newer_event_unless_the_later_time_counts() {
    // The user has a token of 13 s. A gateway reads, from 32 s to 37 s, that the user was revoked at 10 s; meanwhile it hears
    // that the user was disabled at 28 s.
    let play = |merge: &str| {
        let world = jwt().tables("[control_plane]\ndelay = \"5s\"").inbound(&format!("merge = \"{merge}\""));
        let world = world.client(&relogin("3s")).fault(&password_change("10s")).fault(&disabled("28s"));
        world.fault(&gateway_restart("all", "30s", "1s")).calls_ms(&[33_049, 33_051, 36_999, 37_001, 10_000_000]).play()
    };
    let seen = play("last-writer");
    assert_eq!(
        (seen.logins(), seen.tables_read()),
        (vec!["13s user-1".to_owned()], vec!["37s gateway-1 1 rows".into()])
    );
    assert_eq!(seen.events()[2..], ["28s published", "33.05s gateway-1"]);
    let pass = ["33.049s gateway-1 #1", "37.001s gateway-1 #1", "2h46min40s gateway-1 #1"];
    assert_eq!(seen.let_pass(), pass, "the token is back for good");
    assert_eq!(play("max").let_pass(), ["33.049s gateway-1 #1"]);
}

// 4.1 and 4.2 what an event is about, and what is kept of it

#[test]
fn s4_1_an_event_about_a_user_is_one_about_each_application_that_the_user_owns() {
    for kind in ["password-change", "user-disabled", "role-change"] {
        let owner = format!("{}\nowns = [\"batch\", \"partner\"]", relogin("1d"));
        let world = jwt().client(&owner).calls_ms(&[20_000]).population("partner", "", &[1_000, 20_500]);
        let asks = "threads = 1\nask = { first = \"1s\", every = \"1h\" }\ncalls = { rate = \"1/s\" }";
        let partner = format!("[[application]]\nname = \"partner\"\napi = \"orders\"\n{asks}");
        let world = world.application(asks).tables(&partner);
        let seen = world.fault(&revoked(kind, "10s", "client = \"shop\"\nuser = \"user-1\"")).duration("30s").play();
        assert_eq!(seen.count(|fact| matches!(fact, Fact::Published(_))), 3, "{kind}");
        assert_eq!(seen.revocations(), ["10s #0 user-1", "10s #2 consumer key"], "nobody calls as batch");
        assert_eq!(seen.number_of_clients("inbound-refused"), 1, "the user of partner has logged in again");
        assert_eq!(seen.logins(), ["15s user-1"]);
        assert_eq!(seen.number_of_threads("stale-token"), 2, "one of batch, one of partner");
    }
}

#[test]
fn s4_2_only_the_time_that_was_written_last_is_kept() {
    let target = Target::Subject(UserId { client: ClientId(0), user: 0 });
    let mut tables = EventTables::default();
    for (number, secs) in [20, 50, 10].into_iter().enumerate() {
        let told = Revocation { target, at: Stamp(secs * 1_000_000_000), by: NoticeId::at(number) };
        tables.write(&told, Dialect::Postgresql, SimTime::ZERO);
        assert_eq!(tables.read(), [told]);
    }
}

// 4.3 the comparison

/// Who is refused by mistake: an event at this millisecond of a second, the login so many milliseconds later, a call 300 ms
/// after that.
fn logged_in_soon(comparison: &str, event: u64, later: u64) -> bool {
    let world = jwt().client(&relogin(&format!("{later}ms"))).inbound(&format!("comparison = \"{comparison}\""));
    let world = world.fault(&password_change(&clock_shows(10, event)));
    let seen = world.calls_ms(&[clock_ms(10, event + later + 300)]).play();
    assert_eq!(seen.mistakes().len(), seen.number("inbound-refused"));
    !seen.mistakes().is_empty()
}

#[test]
fn s4_3_a_token_of_the_second_of_the_event_is_refused_by_mistake_and_one_of_the_next_second_is_not() {
    for comparison in ["strict", "non-strict"] {
        for (event, later, refused) in
            [(300, 100, true), (300, 699, true), (300, 700, false), (1, 998, true), (1, 999, false), (999, 1, false)]
        {
            assert_eq!(logged_in_soon(comparison, event, later), refused, "{comparison}: {event} ms + {later} ms");
        }
    }
    // At the full second live times differ, too.
    assert!(!logged_in_soon("strict", 0, 500) && logged_in_soon("non-strict", 0, 500));
}

#[test]
fn s4_3_the_refused_user_logs_in_until_the_second_is_over() {
    let world = jwt().client(&relogin("200ms")).fault(&password_change(&clock_shows(10, 100)));
    let calls = [350, 560, 770, 980, 1_190].map(|millis| clock_ms(10, millis));
    let seen = world.calls_ms(&calls).play();
    // Logins at .3, and 200 ms after the refusals at .35, .56, .77 and .98; the last one is of the next second.
    assert_eq!((seen.mistakes().len(), seen.logins().len()), (4, 5));
    assert_eq!(seen.number("ok"), 1);
}

/// A user with a token of this millisecond of a second, who is then disabled; one who logs in again after a password change.
/// The gateway restarts. What the two meet then.
fn after_a_restart(profile: &str, comparison: &str, revoked_at: u64) -> (bool, bool) {
    let world = jwt().inbound(&format!("comparison = \"{comparison}\"")).db(&format!("profile = \"{profile}\""));
    // The first change gives the user of `shop` a token of 10.05 s; `staff` logs in 500 ms after the revocation.
    let staff = revoked("password-change", &clock_shows(10, revoked_at), "client = \"staff\"");
    let world = world.client(&relogin("200ms")).fault(&password_change(&clock_shows(9, 850)));
    let world = world.fault(&disabled(&clock_shows(10, revoked_at))).fault(&staff);
    let world = world.fault(&gateway_restart("all", "1min", "1s")).calls_ms(&[90_000]);
    let seen = world.population("staff", "relogin = \"500ms\"", &[91_000]).play();
    (seen.let_pass().is_empty(), seen.mistakes().is_empty())
}

#[test]
fn s4_3_a_restart_over_a_database_that_rounds_down_brings_old_tokens_of_that_second_back() {
    // Revoked at 10.3 s, stored as 10 s: the token of 10.05 s has iat 10.
    assert_eq!(after_a_restart("postgresql", "strict", 300), (true, false), "staff's token is of 10.8 s");
    assert_eq!(after_a_restart("mysql", "strict", 300), (false, true), "the false rejection heals, too");
    assert_eq!(after_a_restart("mysql-cluster", "strict", 300), (false, true));
    assert_eq!(after_a_restart("mysql", "non-strict", 300), (true, false));
}

#[test]
fn s4_3_a_restart_over_a_database_that_rounds_up_refuses_the_next_second_only_if_not_strict() {
    // Revoked at 10.7 s, stored as 11 s: staff's token of 11.2 s has iat 11.
    assert_eq!(after_a_restart("postgresql", "non-strict", 700), (true, true));
    assert_eq!(after_a_restart("mysql", "non-strict", 700), (true, false));
    assert_eq!(after_a_restart("mysql", "strict", 700), (true, true));
}

#[test]
fn s4_3_under_strict_rounding_only_removes_refusals_and_under_non_strict_it_may_add_them() {
    let millis = 1_000_000;
    let mut added = Vec::new();
    for dialect in dialect::ALL {
        for at in (0..3_000).map(|at| Stamp(at * millis)) {
            for iat_s in 0..5 {
                let refuses = |comparison: Comparison| {
                    (comparison.refuses(at, iat_s), comparison.refuses(dialect.store(at), iat_s))
                };
                let (live, loaded) = refuses(Comparison::Strict);
                assert!(live || !loaded, "{dialect:?} {at:?} {iat_s}");
                let (live, loaded) = refuses(Comparison::NonStrict);
                assert!(loaded || !live, "{dialect:?} {at:?} {iat_s}: what is not strict loses none");
                if loaded && !live && !added.contains(&dialect) {
                    added.push(dialect);
                }
            }
        }
    }
    assert_eq!(added, [Dialect::Mssql, Dialect::Mysql, Dialect::MysqlCluster]);
}

#[test]
fn s4_3_what_a_gateway_remembers_is_never_cleaned() {
    let seen =
        jwt().duration("30d").client(&relogin("365d")).calls_ms(&[2_500_000_000]).fault(&password_change("10s")).play();
    assert_eq!(seen.calls(), ["28d22h26min40s inbound-refused"]);
}

// 4.4 one POST

#[test]
fn s4_4_while_the_control_plane_is_down_neither_a_table_nor_a_gateway_ever_learns_of_an_event() {
    let world = jwt().gateways(2).fault(&away("control-plane-outage", "5s", "10s")).fault(&password_change("10s"));
    let seen =
        world.fault(&gateway_restart("gateway-2", "1min", "1s")).calls_ms(&[20_000, 90_000, 91_000, 92_000]).play();
    assert_eq!((seen.events(), seen.untold()), (vec!["10s published".to_owned()], vec!["10s #0 lost".into()]));
    assert_eq!((seen.tables_read(), seen.number("ok")), (vec!["1min2.01s gateway-2 0 rows".to_owned()], 4));
    // The IdP itself knows.
    let world = opaque().inbound("cache_ttl = \"0s\"").fault(&away("control-plane-outage", "5s", "10s"));
    assert_eq!(world.fault(&password_change("10s")).calls_ms(&[20_000]).play().calls(), ["20.007s inbound-refused"]);
}

#[test]
fn s4_4_telling_again_mends_it() {
    let world = jwt().idp("notify = \"at-least-once\"").fault(&away("control-plane-outage", "5s", "14s"));
    let seen = world.fault(&password_change("10s")).calls_ms(&[20_059, 20_061]).play();
    assert_eq!(seen.untold(), ["10s #0 again", "15s #0 again"]);
    assert_eq!(seen.events(), ["10s published", "20.06s gateway-1"]);
    assert_eq!(seen.calls(), ["20.06s ok", "20.061s inbound-refused"]);
}
