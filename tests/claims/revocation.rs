//! What WSO2's page on indirect revocation claims (docs/claims.md, C), shown to the instant.
//!
//! See `tests/support_run/inbound.rs` for the usual world. `.061 s` is the first whole millisecond after an event has reached
//! the gateways.

use crate::support_run::inbound::{credentials_revoked, disabled, jwt, password_change, revoked, token_revoked};
use crate::support_run::{World, gateway_restart};
use assert_cmd::Command;
use stalegate::id::{ClientId, ConsumerKeyId, NoticeId};
use stalegate::persistence::dialect::{self, Dialect};
use stalegate::revocation::{EventTables, Revocation, Target, UserId};
use stalegate::scenario::load_text;
use stalegate::time::{SimTime, Stamp};

fn none() -> Vec<String> {
    Vec::new()
}

/// Callers' tokens are JWTs that nobody stores.
fn optimised() -> World {
    jwt().idp("token_format = \"jwt\"").tables("[idp.persistence]\nmode = \"none\"")
}

#[test]
fn c01_tokens_are_not_stored_and_what_revokes_them_is() {
    // The gateway is down when the event passes: all that it can learn of it afterwards is what was stored.
    let world = optimised().calls_ms(&[1_000, 30_500, 31_012]).fault(&gateway_restart("all", "9s", "21s"));
    let with = world.clone().fault(&password_change("10s")).play();
    assert_eq!(with.events(), ["10s published", "10.01s missed by gateway-1"]);
    assert_eq!(with.tables_read(), ["31.01s gateway-1 1 rows"]);
    assert_eq!(with.calls()[2], "31.012s inbound-refused");
    // Where nothing was revoked there is nothing stored, and the same token is as good as before.
    let without = world.play();
    assert_eq!(without.tables_read(), ["31.01s gateway-1 0 rows"]);
    assert_eq!(without.calls()[2], "31.013s ok");
    assert_eq!(without.number("inbound-refused"), 0);
}

#[test]
fn c02_events_are_a_password_change_a_disabled_user_and_revoked_credentials() {
    let events = [
        (password_change("10s"), "user-1"),
        (disabled("10s"), "user-1"),
        (revoked("role-change", "10s", "client = \"shop\"\nuser = \"user-1\""), "user-1"),
        (credentials_revoked("10s"), "consumer key"),
        (revoked("application-revoked", "10s", "client = \"shop\""), "consumer key"),
        (token_revoked("10s"), "token 0 of user-1"),
    ];
    for (event, target) in events {
        let seen = optimised().calls_ms(&[1_000, 9_999, 10_061, 20_000]).fault(&event).play();
        assert_eq!(seen.revocations(), [format!("10s #0 {target}")]);
        assert_eq!(seen.events(), ["10s published", "10.06s gateway-1"], "{event}");
        let refused = ["1.001s ok", "10s ok", "10.061s inbound-refused", "20s inbound-refused"];
        assert_eq!(seen.calls(), refused, "{event}");
    }
}

#[test]
fn c02_a_disabled_user_logs_in_no_more_and_the_others_do() {
    let logins = |event: &str| optimised().client("users = 1\nrelogin = \"7s\"").calls_ms(&[1_000]).fault(event).play();
    for event in [password_change("10s"), credentials_revoked("10s"), token_revoked("10s")] {
        assert_eq!(logins(&event).logins(), ["17s user-1"], "{event}");
    }
    assert_eq!(logins(&disabled("10s")).logins(), none());
}

#[test]
fn c03_a_gateway_that_hears_of_an_event_denies_the_token_with_the_next_call() {
    let world = optimised().gateways(3).calls_ms(&[10_030, 10_040, 10_050, 10_061, 10_062, 10_063]);
    let seen = world.fault(&password_change("10s")).play();
    // Accepted until the event is there, a call of each gateway; then refused at once by each.
    assert_eq!(seen.let_pass(), ["10.03s gateway-1 #0", "10.04s gateway-2 #0", "10.05s gateway-3 #0"]);
    assert_eq!(seen.calls()[3..], ["10.061s inbound-refused", "10.062s inbound-refused", "10.063s inbound-refused"]);
}

#[test]
fn c03_nobody_elses_token_is_denied() {
    let world = optimised().client("users = 1\nlogin = \"1h\"\nrelogin = \"1h\"").calls_ms(&[20_000]);
    for event in [password_change("10s"), credentials_revoked("10s"), token_revoked("10s")] {
        let seen = world.clone().population("staff", "", &[20_500]).fault(&event).play();
        assert_eq!(seen.calls(), ["20s inbound-refused", "20.501s ok"], "{event}");
    }
}

#[test]
fn c04_two_tables_keep_the_time_by_key_and_organization_and_by_entity_type_and_organization() {
    let mut tables = EventTables::default();
    let user = |client, user| Target::Subject(UserId { client: ClientId(client), user });
    let key = |key| Target::ConsumerKey(ConsumerKeyId(key));
    let written = [(user(0, 1), 10), (user(0, 2), 20), (key(5), 30), (user(1, 1), 40), (user(0, 1), 50), (key(5), 60)];
    for (number, (target, secs)) in written.into_iter().enumerate() {
        let told = Revocation { target, at: Stamp(secs * 1_000_000_000), by: NoticeId::at(number) };
        tables.write(&told, Dialect::Postgresql, SimTime::ZERO);
    }
    let secs = |at: Stamp| at.0 / 1_000_000_000;
    let apps: Vec<_> =
        tables.apps().map(|row| (row.consumer_key.0, row.organization, secs(row.time_revoked))).collect();
    assert_eq!(apps, [(5, "carbon.super", 60)]);
    let subject = |row: &stalegate::revocation::SubjectRevokedEvent| {
        let entity = (row.entity_id.client.0, row.entity_id.user);
        (entity, row.entity_type, row.organization, secs(row.time_revoked))
    };
    let subjects: Vec<_> = tables.subjects().map(subject).collect();
    let row = |entity, secs| (entity, "USER_ID", "carbon.super", secs);
    assert_eq!(subjects, [row((0, 1), 50), row((0, 2), 20), row((1, 1), 40)]);
}

#[test]
fn c04_a_gateway_that_starts_reads_a_row_for_each_key() {
    let world =
        optimised().population("staff", "", &[1_000]).calls_ms(&[1_000]).fault(&gateway_restart("all", "1min", "1s"));
    let world = world.fault(&password_change("10s")).fault(&password_change("20s")).fault(&credentials_revoked("30s"));
    let seen =
        world.fault(&revoked("password-change", "40s", "client = \"staff\"")).fault(&token_revoked("50s")).play();
    assert_eq!(seen.tables_read(), ["1min2.01s gateway-1 4 rows"], "two users, a consumer key, a token");
}

/// Two gateways, of which some listen; each is called before an event, after it, and after both were restarted.
fn listening(gateways: &str) -> Vec<String> {
    let world = optimised().gateways(2).inbound(&format!("revocation_events = {gateways}"));
    let world = world.calls_ms(&[1_000, 2_000, 20_000, 21_000, 60_000, 61_000]).fault(&password_change("10s"));
    let seen = world.fault(&gateway_restart("all", "30s", "1s")).play();
    assert_eq!(seen.tables_read().len(), seen.events().len() - 1, "who hears events reads tables");
    seen.calls()
}

#[test]
fn c05_each_gateway_node_has_a_switch_of_its_own_which_it_reads_when_it_starts() {
    let refused = "inbound-refused";
    let calls =
        |gateways: &str| -> Vec<bool> { listening(gateways).iter().map(|call| call.ends_with(refused)).collect() };
    assert_eq!(calls("true"), [false, false, true, true, true, true]);
    assert_eq!(calls("false"), [false; 6]);
    assert_eq!(calls("[\"gateway-1\"]"), [false, false, true, false, true, false]);
    assert_eq!(calls("[\"gateway-2\"]"), [false, false, false, true, false, true]);
}

#[test]
fn c06_a_node_without_the_setting_goes_on_accepting() {
    let world = optimised().gateways(2).inbound("revocation_events = [\"gateway-2\"]").duration("2h");
    let instants: Vec<u64> = (0..120).map(|minute| minute * 60_000 + 30_000).collect();
    let seen = world
        .calls_ms(&instants)
        .client("users = 1\nlogin = \"1h\"\nrelogin = \"1d\"")
        .fault(&password_change("10min"))
        .play();
    let refused = |gateway| seen.calls_of(gateway).iter().filter(|call| call.ends_with("inbound-refused")).count();
    assert_eq!((refused(1), refused(2)), (0, 55));
    assert_eq!(seen.let_pass().last().map(String::as_str), Some("1h58min30s gateway-1 #0"));
}

#[test]
fn c07_there_are_scripts_for_eight_databases_and_organization_is_not_null_on_db2_only() {
    let words = ["db2", "h2", "mssql", "mysql", "mysql-cluster", "oracle", "oracle-rac", "postgresql"];
    assert_eq!(dialect::ALL.map(|dialect| dialect.profile().word), words);
    let not_null = |dialect: &Dialect| dialect.profile().organization_not_null;
    assert_eq!(dialect::ALL.into_iter().filter(not_null).collect::<Vec<_>>(), [Dialect::Db2]);
    for word in words {
        let text = format!(
            "name = \"tiny\"\n[run]\nduration = \"1min\"\n[db]\nprofile = \"{word}\"\n[gateway.inbound]\nvalidation = \"jwt\"\n\
             [[api]]\nname = \"orders\"\n[[client]]\nname = \"shop\"\napis = [\"orders\"]\n[[policy]]\nname = \"ttl-only\"\n"
        );
        let loaded = load_text("tiny.toml", &text, &[], None).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        assert_eq!(Some(loaded.scenario.world.db.dialect), Dialect::from_word(word));
    }
}

#[test]
fn c07_the_list_of_profiles_shows_where_organization_is_not_null() {
    let output =
        Command::cargo_bin("stalegate").expect("the binary is built").args(["list", "profiles", "--json"]).output();
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&output.expect("it starts").stdout).expect("it is JSON");
    let cells: Vec<_> = rows.iter().filter_map(|row| row["ORGANIZATION_of_events"].as_str()).collect();
    assert_eq!(cells, ["NOT NULL", "", "", "", "", "", "", ""]);
}
