//! Reading what a scenario says of the token store and of applications.

use std::fs;

use stalegate::dist::Dist;
use stalegate::model::config::{Ask, AskAfter, DbConfig, IdpCache, Persistence, Strategy};
use stalegate::persistence::dialect::{self, Dialect};
use stalegate::persistence::{Order, Recovery, Renew, Rules, Transactions};
use stalegate::scenario::{self, Loaded};
use stalegate::time::SimSpan;

/// Nobody but an application calls.
const SMALL: &str = r#"
name = "small"
[run]
duration = "3h"
[idp.persistence]
mode = "database"
[[api]]
name = "orders"
[[application]]
name = "batch"
api = "orders"
[[policy]]
name = "ttl-only"
"#;

fn load(text: &str, overrides: &[&str]) -> Loaded {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    scenario::load_text("small.toml", text, &overrides, None).expect("it is a good scenario")
}

fn rules(overrides: &[&str]) -> Rules {
    match load(SMALL, overrides).scenario.world.idp.persistence {
        Persistence::Database(rules) => rules,
        other => panic!("{other:?} is no database"),
    }
}

#[test]
fn a_database_has_the_defaults_of_the_documentation() {
    let world = load(SMALL, &[]).scenario.world.clone();
    let expected = Rules {
        pool_size: 0,
        order: Order::Fifo,
        retry_count: 5,
        recovery: Recovery::Documented,
        transactions: Transactions::One,
        renew: Renew::Reuse,
        reuse_margin: SimSpan::secs(1),
        node_lock: true,
    };
    assert_eq!(world.idp.persistence, Persistence::Database(expected));
    assert_eq!(world.idp.cache, IdpCache { ttl: SimSpan::secs(300), invalidation: Some(SimSpan::millis(10)) });
    let DbConfig { dialect, con_app_key, read, write, pool, pool_wait } = world.db.clone();
    assert_eq!((dialect, con_app_key, pool, pool_wait), (Dialect::Postgresql, true, 50, SimSpan::secs(60)));
    assert_eq!([read, write], [2, 4].map(|ms| Dist::Constant(SimSpan::millis(ms))));
}

#[test]
fn every_key_of_the_token_store_reaches_the_world() {
    let synchronous = [
        "idp.persistence.retry_count=0",
        "idp.persistence.recovery=wso2-source",
        "idp.persistence.renew=always",
        "idp.persistence.node_lock=false",
    ];
    let read = rules(&synchronous);
    assert_eq!((read.retry_count, read.recovery, read.renew), (0, Recovery::Wso2Source, Renew::Always));
    assert!(!read.node_lock);
    let asynchronous = [
        "idp.persistence.pool_size=3",
        "idp.persistence.queue_order=lifo",
        "idp.persistence.recovery_transactions=two",
        "idp.persistence.reuse_margin=0s",
    ];
    let read = rules(&asynchronous);
    assert_eq!((read.pool_size, read.order, read.transactions), (3, Order::Lifo, Transactions::Two));
    assert_eq!(read.reuse_margin, SimSpan::ZERO);
    let rest = [
        "idp.cache.ttl=7s",
        "idp.cache.clustered=false",
        "db.profile=mysql",
        "db.con_app_key=false",
        "db.read=1ms",
        "db.write={ dist = \"exponential\", mean = \"3ms\" }",
        "db.pool=4",
        "db.pool_wait=2s",
    ];
    let world = load(SMALL, &rest).scenario.world.clone();
    assert_eq!(world.idp.cache, IdpCache { ttl: SimSpan::secs(7), invalidation: None });
    let DbConfig { dialect, con_app_key, read, write, pool, pool_wait } = world.db.clone();
    assert_eq!((dialect, con_app_key, pool, pool_wait), (Dialect::Mysql, false, 4, SimSpan::secs(2)));
    assert_eq!(read, Dist::Constant(SimSpan::millis(1)));
    assert!(matches!(write, Dist::Exponential { .. }));
}

#[test]
fn every_profile_of_a_database_is_a_word_of_db_profile() {
    for dialect in dialect::ALL {
        let word = dialect.profile().word;
        assert_eq!(load(SMALL, &[&format!("db.profile={word}")]).scenario.world.db.dialect, dialect);
    }
}

#[test]
fn tokens_are_kept_in_memory_unless_the_scenario_says_otherwise() {
    let memory = load(&SMALL.replace("mode = \"database\"", ""), &[]).scenario;
    assert_eq!(memory.world.idp.persistence, Persistence::Memory);
    let none = load(SMALL, &["idp.persistence.mode=none", "idp.token_format=jwt"]).scenario;
    assert_eq!(none.world.idp.persistence, Persistence::None);
}

#[test]
fn an_application_has_the_defaults_of_the_documentation() {
    let world = load(SMALL, &[]).scenario.world.clone();
    let [application] = world.applications.as_slice() else { panic!("there is one") };
    assert_eq!((application.name.as_str(), application.threads), ("batch", 8));
    assert_eq!((application.strategy, application.ask_after), (Strategy::PerThread, AskAfter::Revocation));
    let burst = Ask::Burst { first: SimSpan::secs(60), every: SimSpan::secs(3600), spread: SimSpan::millis(10) };
    assert_eq!(application.ask, burst);
    assert!((application.calls_per_s - 5.0).abs() < 1e-12 && application.refetches);
    assert_eq!(world.apis[application.api.index()].name, "orders");
    assert!(world.clients.is_empty());
}

#[test]
fn every_key_of_an_application_reaches_the_world() {
    let burst = [
        "application.batch.threads=2",
        "application.batch.strategy=one-thread",
        "application.batch.on_refusal=keep",
        "application.batch.ask.first=0s",
        "application.batch.ask.every=2h",
        "application.batch.ask.spread=1s",
        "application.batch.ask.after=expiry",
        "application.batch.calls.rate=12/min",
    ];
    let world = load(SMALL, &burst).scenario.world.clone();
    let application = &world.applications[0];
    assert_eq!((application.threads, application.strategy), (2, Strategy::OneThread));
    assert_eq!((application.refetches, application.ask_after), (false, AskAfter::Expiry));
    let asks = Ask::Burst { first: SimSpan::ZERO, every: SimSpan::secs(7200), spread: SimSpan::secs(1) };
    assert_eq!(application.ask, asks);
    assert!((application.calls_per_s - 0.2).abs() < 1e-12);
    let poisson = [
        "application.batch.strategy=scope-per-thread",
        "application.batch.ask={ process = \"poisson\", rate = \"2/s\", after = \"nothing\" }",
    ];
    let application = load(SMALL, &poisson).scenario.world.applications[0].clone();
    assert_eq!((application.strategy, application.ask_after), (Strategy::ScopePerThread, AskAfter::Nothing));
    assert_eq!(application.ask, Ask::Poisson { per_s: 2.0 });
}

#[test]
fn consumer_keys_are_those_of_the_gateways_and_then_those_of_applications() {
    let text = format!(
        "{SMALL}[[application]]\nname = \"shared\"\napi = \"orders\"\n[[application]]\nname = \"a\"\napi = \"orders\"\n\
         [[api]]\nname = \"z\"\n[[api]]\nname = \"y\"\ncredential = \"shared\"\n\
         [[fault]]\nname = \"r\"\nkind = \"token-revoked\"\nat = \"1h\"\ncredential = \"batch\"\n"
    );
    let world = load(&text, &[]).scenario.world.clone();
    assert_eq!(world.credentials, ["orders", "shared", "z", "a", "batch"]);
    assert_eq!(world.gateway_credentials, 3);
    let keys: Vec<(&str, usize)> =
        world.applications.iter().map(|one| (one.name.as_str(), one.credential.index())).collect();
    assert_eq!(keys, [("a", 3), ("batch", 4), ("shared", 1)]);
    assert!(format!("{:?}", world.faults[0].fault).contains("CredentialId(4)"), "{:?}", world.faults[0].fault);
}

#[test]
fn applications_of_extended_files_merge_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("it can be written");
    write("base.toml", &format!("{SMALL}[[application]]\nname = \"gone\"\napi = \"orders\"\n"));
    write(
        "top.toml",
        "extends = [\"base.toml\"]\n[[application]]\nname = \"gone\"\nremove = true\n\
         [[application]]\nname = \"batch\"\nthreads = 3\nask = { spread = \"5ms\" }\n\
         [[application]]\nname = \"new\"\napi = \"orders\"\n",
    );
    let world = scenario::load(&folder.path().join("top.toml"), &[], None).expect("it is good").scenario.world;
    let read: Vec<(&str, u32)> = world.applications.iter().map(|one| (one.name.as_str(), one.threads)).collect();
    assert_eq!(read, [("batch", 3), ("new", 8)]);
    let Ask::Burst { spread, .. } = world.applications[0].ask else { panic!("they ask in bursts") };
    assert_eq!(spread, SimSpan::millis(5));
}

#[test]
fn what_show_prints_of_a_store_and_of_applications_reads_back() {
    let poisson = "[[application]]\nname = \"other\"\napi = \"orders\"\nask = { process = \"poisson\", rate = \"2/s\" }\n\
                   [idp.cache]\nclustered = false\n";
    for text in [SMALL.to_owned(), format!("{SMALL}{poisson}")] {
        let first = load(&text, &["idp.persistence.pool_size=2", "application.batch.ask.spread=1s"]);
        let second = load(&first.as_toml(), &[]);
        assert_eq!(first.scenario.id, second.scenario.id, "{}", first.as_toml());
        assert_eq!(format!("{:?}", first.scenario.world), format!("{:?}", second.scenario.world));
    }
}

#[test]
fn the_schema_has_the_token_store_and_applications() {
    let schema = scenario::schema::schema();
    let idp = &schema["properties"]["idp"]["properties"];
    assert_eq!(idp["persistence"]["properties"]["mode"]["enum"][1], "database");
    assert_eq!(idp["cache"]["properties"]["clustered"]["type"], "boolean");
    assert_eq!(schema["properties"]["db"]["properties"]["pool"]["minimum"], 1);
    let application = &schema["properties"]["application"]["items"];
    assert_eq!(application["required"], serde_json::json!(["name", "api"]));
    assert_eq!(application["properties"]["ask"]["properties"]["process"]["enum"][0], "burst");
    assert!(application["properties"]["calls"]["properties"]["rate"].is_object());
    assert_eq!(schema["anyOf"][1]["required"][0], "application");
}

#[test]
fn faults_of_the_database_are_read() {
    let text = format!(
        "{SMALL}[[fault]]\nname = \"a\"\nkind = \"db-stall\"\nat = \"1h\"\nfor = \"30s\"\n\
         [[fault]]\nname = \"b\"\nkind = \"db-failover\"\nat = \"1h\"\ndown = \"10s\"\n\
         [[fault]]\nname = \"c\"\nkind = \"db-failover\"\nat = \"2h\"\ndown = \"10s\"\nlost = \"3s\"\n"
    );
    let world = load(&text, &[]).scenario.world;
    let read = world.faults.iter().map(|fault| (fault.fault.kind(), fault.fault.lasts_s(), fault.fault.lost()));
    let expected = [
        ("db-stall", 30.0, SimSpan::ZERO),
        ("db-failover", 10.0, SimSpan::ZERO),
        ("db-failover", 10.0, SimSpan::secs(3)),
    ];
    assert_eq!(read.collect::<Vec<_>>(), expected);
}

#[test]
fn a_store_without_surprises_is_read_without_a_word() {
    assert!(load(SMALL, &[]).warnings.list.is_empty());
    let jwt = ["idp.persistence.mode=none", "idp.token_format=jwt", "application.batch.ask.after=revocation"];
    assert!(load(SMALL, &jwt).warnings.list.is_empty());
    let shown = load(&SMALL.replace("mode = \"database\"", ""), &[]).as_toml();
    let warnings = load(&shown, &[]).warnings;
    assert!(warnings.list.iter().all(|told| told.code != "W008"), "what show writes has the defaults of all keys");
}
