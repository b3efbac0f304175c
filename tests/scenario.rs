//! Reading scenarios: merging, overriding, origins, round trips, deployment.toml.

use std::fs;
use std::path::Path;

use stalegate::fault::{Revoke, Who};
use stalegate::id::{ClientId, ConsumerKeyId};
use stalegate::key::Default;
use stalegate::model::config::{Arrivals, InboundValidation, Validation};
use stalegate::policy::lifetime::LifetimeRule;
use stalegate::revocation::Merge;
use stalegate::scenario::{self, Loaded, Scenario, keys, presets, wso2};
use stalegate::time::SimSpan;

const SMALL: &str = r#"
name = "small"
[run]
duration = "3h"
[[api]]
name = "orders"
[[client]]
name = "shop"
apis = ["orders"]
[[policy]]
name = "ttl-only"
"#;

fn load(text: &str, overrides: &[&str]) -> Loaded {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    scenario::load_text("small.toml", text, &overrides, None).expect("it is a good scenario")
}

/// (value, origin) of a path.
fn resolved(loaded: &Loaded, wanted: &str) -> (String, String) {
    let mut all = loaded.resolved().into_iter();
    let (_, value, origin) = all.find(|(path, _, _)| path == wanted).expect("the path is there");
    (value, origin)
}

fn pair(value: &str, origin: &str) -> (String, String) {
    (value.into(), origin.into())
}

#[test]
fn every_value_says_where_it_comes_from() {
    let text = format!("{SMALL}base = \"hybrid\"\n[policy.fetch]\ntimeout = \"5s\"\n");
    let loaded = load(&text, &["idp.token_lifetime=5min"]);
    assert_eq!(resolved(&loaded, "run.duration"), pair("\"3h\"", "small.toml:4"));
    assert_eq!(resolved(&loaded, "run.seed"), pair("1", "default"));
    assert_eq!(resolved(&loaded, "idp.token_lifetime"), pair("\"5min\"", "--set"));
    assert_eq!(resolved(&loaded, "policy.ttl-only.events.subscribe"), pair("true", "preset hybrid"));
    assert_eq!(resolved(&loaded, "policy.ttl-only.fetch.timeout"), pair("\"5s\"", "small.toml:14"));
    assert_eq!(resolved(&loaded, "api.orders.credential"), pair("\"orders\"", "name"));
}

#[test]
fn a_seed_of_the_command_line_wins() {
    let loaded = scenario::load_text("small.toml", SMALL, &[], Some(7)).expect("it is good");
    assert_eq!(loaded.scenario.world.run.seed, 7);
    assert_eq!(resolved(&loaded, "run.seed"), pair("7", "--seed"));
}

#[test]
fn set_takes_values_and_bare_words() {
    let overrides = [
        "api.orders.validation=ideal",
        "policy.ttl-only.rejection.statuses=[401, 403]",
        "client.shop.arrivals.rate=12/min",
        "idp.token_service={ dist = \"exponential\", mean = \"9ms\" }",
        "gateway.nodes=7",
        "policy.ttl-only.fetch.timeout=none",
    ];
    let scenario = load(SMALL, &overrides).scenario;
    assert_eq!(scenario.world.apis[0].validation, Validation::Ideal);
    assert_eq!(scenario.policies[0].policy.rejection.statuses, [401, 403]);
    assert_eq!(scenario.policies[0].policy.fetch.timeout, None);
    assert_eq!(scenario.world.clients[0].arrivals, Arrivals::Poisson { per_s: 0.2 });
    assert_eq!(scenario.world.gateway.nodes, 7);
}

#[test]
fn entities_are_sorted_by_name_and_policies_are_not() {
    let text = format!("{SMALL}[[policy]]\nname = \"a\"\n[[api]]\nname = \"a\"\n");
    let scenario = load(&text, &[]).scenario;
    let apis: Vec<&str> = scenario.world.apis.iter().map(|api| api.name.as_str()).collect();
    let policies: Vec<&str> = scenario.policies.iter().map(|policy| policy.name.as_str()).collect();
    assert_eq!((apis, policies), (vec!["a", "orders"], vec!["ttl-only", "a"]));
}

#[test]
fn the_id_is_of_what_the_scenario_says_and_not_of_how() {
    let id = |text: &str, overrides: &[&str]| load(text, overrides).scenario.id;
    let other_words = SMALL.replace("\"small\"", "\"renamed\"").replace("\"3h\"", "\"180min\"");
    assert_eq!(id(SMALL, &[]), id(&other_words, &[]));
    assert_eq!(id(SMALL, &[]), id(SMALL, &["idp.token_lifetime=60min"]));
    assert_ne!(id(SMALL, &[]), id(SMALL, &["idp.token_lifetime=61min"]));
    assert_ne!(id(SMALL, &[]), id(SMALL, &["run.seed=2"]));
    // What a year is held to moves no world.
    assert_eq!(id(SMALL, &[]), id(SMALL, &["slo.target=0.9995", "slo.restarts_per_year=12"]));
}

#[test]
fn files_extend_each_other_by_name_and_the_last_wins() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("it can be written");
    write(
        "base.toml",
        &format!(
            "{SMALL}[[policy]]\nname = \"hybrid\"\nbase = \"hybrid\"\n[idp]\ntoken_lifetime = \"2h\"\nworkers = 3\n"
        ),
    );
    write(
        "top.toml",
        "extends = [\"base.toml\"]\nname = \"top\"\n[idp]\ntoken_lifetime = \"10min\"\n[[policy]]\nname = \"ttl-only\"\nremove = true\n\
         [[api]]\nname = \"orders\"\nservice_time = \"1ms\"\n[[client]]\nname = \"shop\"\narrivals = { process = \"closed\", think = \"1s\" }\n",
    );
    let loaded = scenario::load(&folder.path().join("top.toml"), &[], None).expect("it is good");
    let (scenario, world) = (&loaded.scenario, &loaded.scenario.world);
    assert_eq!((scenario.name.as_str(), scenario.policies.len(), world.idp.workers), ("top", 1, 3));
    assert_eq!(world.idp.token_lifetime, SimSpan::secs(600));
    assert!(matches!(world.clients[0].arrivals, Arrivals::Closed { .. }) && world.clients[0].users == 1000);
    assert!(resolved(&loaded, "idp.workers").1.ends_with("base.toml:17"), "{:?}", resolved(&loaded, "idp.workers"));
    assert_eq!(scenario.inputs.len(), 2);
}

#[test]
fn every_preset_and_every_default_reads() {
    for preset in presets::PRESETS {
        let scenario = load(&format!("{SMALL}base = \"{}\"\n", preset.name), &[]).scenario;
        assert_eq!(scenario.policies[0].base, preset.name);
        let about = preset.settings().1;
        assert!(!about.title.is_empty() && !about.source.is_empty() && !about.cannot.is_empty(), "{}", preset.name);
    }
    for key in keys::SECTIONS.iter().flat_map(|section| section.keys) {
        assert!(!matches!(key.default, Default::Is("")), "{}", key.name);
    }
}

#[test]
fn every_scenario_of_the_project_is_good() {
    for entry in fs::read_dir("scenarios").expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            scenario::load(&path, &[], None).expect("a scenario of the project is good");
        }
    }
}

#[test]
fn a_deployment_toml_sets_what_the_scenario_does_not_say() {
    let text = format!("{SMALL}base = \"wso2-retry-endpoint\"\n[gateway]\nwso2 = \"tests/data/wso2-quoted.toml\"\n");
    let loaded = load(&text, &[]);
    let policy = &loaded.scenario.policies[0].policy;
    assert_eq!(loaded.scenario.world.idp.token_lifetime, SimSpan::secs(1800));
    assert_eq!(policy.lifetime.rule, LifetimeRule::Fixed { after: SimSpan::secs(1500) });
    assert_eq!(policy.fetch.timeout, Some(SimSpan::secs(12)));
    assert_eq!(resolved(&loaded, "idp.token_lifetime").1, "tests/data/wso2-quoted.toml:41");
    let explicit = load(&text, &["idp.token_lifetime=7min"]);
    assert_eq!(explicit.scenario.world.idp.token_lifetime, SimSpan::secs(420));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whether expected texts are rewritten is for the developer to say")]
fn init_from_a_deployment_toml_writes_a_scenario_that_runs_and_tells_of_each_key_once() {
    for (file, preset) in [("quoted", "wso2-retry-endpoint"), ("dotted", "wso2-mediator")] {
        let path = format!("tests/data/wso2-{file}.toml");
        let (text, notes) = wso2::init(Path::new(&path)).expect("it can be read");
        let expected = Path::new("tests/data").join(format!("wso2-{file}.expected"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&expected, &text).expect("it can be written");
        }
        assert_eq!(text, fs::read_to_string(&expected).unwrap_or_default());
        assert!(!notes.has_errors());
        let scenario = load(&text, &[]).scenario;
        assert_eq!((scenario.policies[0].name.as_str(), scenario.policies[0].base.as_str()), ("shipped", preset));
        assert_eq!(scenario.policies[0].policy.store.shared, file == "dotted");
        for key in ["server.hostname", "oauth.timestamp_skew", "apim.mediator_config.oauth.socket_timeout_duration"] {
            assert_eq!(text.matches(&format!("#   {key}")).count(), 1, "{key} in {file}");
        }
    }
}

#[test]
fn what_show_prints_reads_back_as_the_same_scenario() {
    let mut texts: Vec<String> =
        presets::PRESETS.iter().map(|preset| format!("{SMALL}base = \"{}\"\n", preset.name)).collect();
    texts.push(format!(
        "{SMALL}[policy.rejection]\nbackoff = {{ first = \"1ms\", factor = 3.0, max = \"1s\", jitter = 0.1 }}\n\
         [idp]\ntoken_service = {{ dist = \"empirical\", values = [\"3ms\", \"1ms\"] }}\n\
         starting = {{ dist = \"weibull\", mean = \"1.5s\", shape = 0.7 }}\n\
         [[client]]\nname = \"b\"\napis = [\"orders\"]\narrivals = {{ process = \"closed\", think = \"1s\" }}\n\
         retry = {{ attempts = 2, first = \"1ms\" }}\n\
         [[fault]]\nname = \"r\"\nkind = \"idp-crash\"\nat = {{ dist = \"triangular\", min = \"1h\", mode = \"1h\", max = \"2h\" }}\ndown = \"3s\"\n"
    ));
    for text in texts {
        let first = load(&text, &[]);
        let second = load(&first.as_toml(), &[]);
        assert_eq!(first.scenario.id, second.scenario.id, "{}", first.as_toml());
        assert_eq!(format!("{:?}", first.scenario.world), format!("{:?}", second.scenario.world));
    }
}

#[test]
fn a_trace_is_an_input_and_its_content_decides_the_id() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("it can be written");
    let text = SMALL.replace(
        "apis = [\"orders\"]",
        "apis = [\"orders\"]\narrivals = { process = \"trace\", file = \"calls.csv\" }",
    );
    write("trace.toml", &text);
    let read = |calls: &str| {
        write("calls.csv", calls);
        scenario::load(&folder.path().join("trace.toml"), &[], None).expect("it is good").scenario
    };
    let (first, same, other) = (read("seconds\n0.5\n2\n"), read("0.50\n2.0\n"), read("0.5\n3\n"));
    let Arrivals::Trace { instants } = &first.world.clients[0].arrivals else { panic!("it is a trace") };
    assert_eq!(instants.iter().map(|at| at.0).collect::<Vec<_>>(), [500_000_000, 2_000_000_000]);
    assert!(first.id == same.id && first.id != other.id);
    assert!(
        first.inputs.len() == 2
            && first.inputs[1].name.ends_with("calls.csv")
            && first.inputs[1].hash != same.inputs[1].hash
    );
}

#[test]
fn a_default_that_is_written_out_is_the_same_scenario() {
    let text = format!(
        "{SMALL}[idp]\nfailover = \"0ms\"\n[idp.persistence]\nmode = \"memory\"\npool_size = 0\n[idp.cache]\nclustered = true\n\
         [db]\nprofile = \"postgresql\"\n[gateway.inbound]\nvalidation = \"none\"\n"
    );
    assert_eq!(load(&text, &[]).scenario.id, load(SMALL, &[]).scenario.id);
}

#[test]
fn closed_users_are_the_populations_unless_the_process_says_otherwise() {
    let closed = |more: &str| {
        let arrivals = format!("client.shop.arrivals={{ process = \"closed\", think = \"1s\"{more} }}");
        load(SMALL, &[&arrivals, "client.shop.users=5"]).scenario.world.clients[0].users
    };
    assert_eq!((closed(""), closed(", users = 9")), (5, 9));
}

/// [`SMALL`] with callers' tokens and an application, and these faults besides.
fn callers(faults: &str) -> String {
    format!(
        "{}\n[gateway.inbound]\nvalidation = \"jwt\"\n[[application]]\nname = \"batch\"\napi = \"orders\"\n{faults}",
        SMALL.replace("[\"orders\"]", "[\"orders\"]\nusers = 20\nowns = [\"shop\", \"batch\"]")
    )
}

#[test]
fn gateways_that_listen_are_all_none_or_those_of_a_list() {
    let listens = |said: &str| {
        let overrides = ["gateway.nodes=3", &format!("gateway.inbound.revocation_events={said}")];
        load(SMALL, &overrides).scenario.world.gateway.inbound.listens.clone()
    };
    assert_eq!(load(SMALL, &[]).scenario.world.gateway.inbound.listens, [true, true]);
    assert_eq!(listens("false"), [false, false, false]);
    assert_eq!(listens("[]"), [false, false, false]);
    assert_eq!(listens("[\"gateway-3\", \"gateway-1\"]"), [true, false, true]);
}

#[test]
fn a_sweep_goes_from_no_gateway_that_listens_over_one_to_all() {
    let text = callers(
        "[sweep]\n\"gateway.inbound.revocation_events\" = [false, [\"gateway-1\"], true, [\"gateway-2\", \"gateway-1\"]]\n",
    );
    let loaded = load(&text, &[]);
    let sweep = loaded.sweep.as_ref().expect("it has a sweep");
    let texts: Vec<&str> = (0..4).flat_map(|point| sweep.values(point)).collect();
    assert_eq!(texts, ["false", "[gateway-1]", "true", "[gateway-2, gateway-1]"]);
    let listens = |point: usize| sweep.points[point].scenario.world.gateway.inbound.listens.clone();
    assert_eq!([0, 1, 2, 3].map(listens), [[false, false], [true, false], [true, true], [true, true]]);
    assert!(loaded.as_toml().contains(
        "\"gateway.inbound.revocation_events\" = [false, [\"gateway-1\"], true, [\"gateway-2\", \"gateway-1\"]]"
    ));
    let again = load(&loaded.as_toml(), &[]);
    assert_eq!(again.sweep.expect("it is there").keys[0].values, sweep.keys[0].values);
}

/// The points of the first population's profile: seconds and factors.
fn profile(scenario: &Scenario) -> Vec<(f64, f64)> {
    let profile = scenario.world.clients[0].profile.as_ref();
    profile.map_or(Vec::new(), |profile| {
        profile.points().iter().map(|point| (point.at.as_secs_f64(), point.factor)).collect()
    })
}

#[test]
fn a_profile_is_read_set_and_shown_as_it_is_read() {
    let text = SMALL
        .replace("[\"orders\"]", "[\"orders\"]\nprofile = [[\"90s\", 0.1], [\"1h30min\", 3], [\"1h30min\", 1e-3]]");
    let loaded = load(&text, &[]);
    assert_eq!(profile(&loaded.scenario), [(90.0, 0.1), (5_400.0, 3.0), (5_400.0, 0.001)]);
    let written = "[[\"1min30s\", 0.1], [\"1h30min\", 3.0], [\"1h30min\", 0.001]]";
    assert_eq!(resolved(&loaded, "client.shop.profile"), pair(written, "small.toml:10"));
    let again = load(&loaded.as_toml(), &[]).scenario;
    assert_eq!((&again.id, profile(&again)), (&loaded.scenario.id, profile(&loaded.scenario)));
    let set = load(&text, &["client.shop.profile=[[\"2s\", 4]]"]).scenario;
    assert_eq!(profile(&set), [(2.0, 4.0)]);
    assert!(set.id != loaded.scenario.id && profile(&load(SMALL, &[]).scenario).is_empty());
}

#[test]
fn a_sweep_goes_over_profiles() {
    let text = format!("{SMALL}[sweep]\n\"client.shop.profile\" = [[[\"0s\", 1.0]], [[\"0s\", 1.0], [\"1h\", 2.5]]]\n");
    let loaded = load(&text, &[]);
    let sweep = loaded.sweep.as_ref().expect("it has a sweep");
    let point = |point: usize| profile(&sweep.points[point].scenario);
    assert_eq!((point(0), point(1)), (vec![(0.0, 1.0)], vec![(0.0, 1.0), (3_600.0, 2.5)]));
    let texts: Vec<&str> = (0..2).flat_map(|point| sweep.values(point)).collect();
    assert_eq!(texts, ["[[\"0s\", 1.0]]", "[[\"0s\", 1.0], [\"1h\", 2.5]]"]);
    assert_eq!(load(&loaded.as_toml(), &[]).sweep.expect("it is there").keys[0].values, sweep.keys[0].values);
}

#[test]
fn callers_tokens_are_read_and_shown_as_they_are_read() {
    let text = callers("[idp]\nnotify = \"at-least-once\"\nnotify_again = \"7s\"\n");
    let loaded = load(&text, &["client.shop.token_lifetime=8h", "client.shop.login=1h", "gateway.inbound.merge=max"]);
    let world = &loaded.scenario.world;
    let names: Vec<&str> = world.consumer_keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["batch", "orders", "shop"]);
    let (inbound, shop) = (&world.gateway.inbound, &world.clients[0]);
    assert_eq!((inbound.validation, inbound.merge), (InboundValidation::Jwt, Merge::Max));
    assert_eq!(
        (shop.owns.as_slice(), shop.consumer_key),
        (&[ConsumerKeyId(0), ConsumerKeyId(2)][..], ConsumerKeyId(2))
    );
    assert_eq!((shop.token_lifetime, shop.users), (Some(SimSpan::secs(8 * 3600)), 20));
    assert_eq!(world.idp.notify_again, Some(SimSpan::secs(7)));
    assert_eq!(load(SMALL, &[]).scenario.world.idp.notify_again, None);
    assert_eq!(load(&loaded.as_toml(), &[]).scenario.id, loaded.scenario.id);
    let opaque = load(&text, &["gateway.inbound.validation=introspect", "gateway.inbound.cache_ttl=5min"]);
    let expected = InboundValidation::Introspect { cache: SimSpan::secs(300), sweep: SimSpan::secs(30) };
    assert_eq!(opaque.scenario.world.gateway.inbound.validation, expected);
}

#[test]
fn faults_of_callers_tokens_revoke_what_they_name() {
    let (shop, orders) = (ClientId(0), ConsumerKeyId(1));
    let users = |who, stays_out| Some(Revoke::Users { client: shop, who, stays_out });
    let cases = [
        ("password-change", "client = \"shop\"", users(Who::Drawn(1), false)),
        ("role-change", "client = \"shop\"\nusers = 20", users(Who::Drawn(20), false)),
        ("user-disabled", "client = \"shop\"\nuser = \"user-20\"", users(Who::User(19), true)),
        ("credentials-revoked", "client = \"shop\"", Some(Revoke::ConsumerKey(ConsumerKeyId(2)))),
        ("application-revoked", "application = \"orders\"", Some(Revoke::ConsumerKey(orders))),
        ("application-revoked", "application = \"batch\"", Some(Revoke::ConsumerKey(ConsumerKeyId(0)))),
        ("token-revoked", "client = \"shop\"\nuser = \"user-7\"", Some(Revoke::Token { client: shop, user: 6 })),
        ("token-revoked", "credential = \"orders\"", None),
        ("partition", "for = \"1min\"\nbetween = [[\"gateway-2\", \"idp\"], [\"bus\", \"db\", \"backends\"]]", None),
        ("control-plane-outage", "for = \"1min\"", None),
        ("clock-skew", "node = \"gateways\"\nby = \"-750ms\"", None),
    ];
    for (kind, keys, revokes) in cases {
        let loaded = load(
            &callers(&format!("[[fault]]\nname = \"it\"\nkind = \"{kind}\"\nat = \"1h\"\nevery = \"30min\"\n{keys}\n")),
            &[],
        );
        let fault = &loaded.scenario.world.faults[0];
        assert_eq!((fault.fault.kind(), fault.fault.revokes()), (kind, revokes), "{keys}");
        assert!(!fault.fault.needs_database() && !fault.fault.restarts_idp());
        assert_eq!(fault.fault.lasts_s() > 0.0, keys.contains("1min"), "{kind}");
        assert_eq!(load(&loaded.as_toml(), &[]).scenario.id, loaded.scenario.id, "{}", loaded.as_toml());
    }
}

#[test]
fn what_ends_a_gateways_token_is_an_event_for_policies_and_what_ends_a_callers_is_not() {
    let codes = |owns: &str, kind: &str, keys: &str| {
        let fault = format!("[[fault]]\nname = \"it\"\nkind = \"{kind}\"\nat = \"2h30min\"\n{keys}\n");
        let text = callers(&format!("[[policy]]\nname = \"event-purge\"\nbase = \"event-purge\"\n{fault}"));
        let loaded = load(&text, &[&format!("client.shop.owns={owns}")]);
        loaded.warnings.list.iter().map(|warning| warning.code).collect::<Vec<_>>()
    };
    let (told, unheard) = (["W001"], ["W002"]);
    assert_eq!(codes("[]", "application-revoked", "application = \"orders\""), told);
    assert_eq!(codes("[\"orders\"]", "password-change", "client = \"shop\""), told);
    assert_eq!(codes("[]", "token-revoked", "credential = \"orders\""), told);
    assert_eq!(codes("[\"batch\", \"shop\"]", "password-change", "client = \"shop\""), unheard);
    assert_eq!(codes("[\"orders\"]", "token-revoked", "client = \"shop\"\nuser = \"user-1\""), unheard);
    assert_eq!(codes("[\"orders\"]", "credentials-revoked", "client = \"shop\""), unheard);
}

#[test]
fn the_load_of_gateways_that_introspect_is_bounded_by_users_and_time() {
    let warned = |users: u32, ttl: &str| {
        let rate = "client.shop.arrivals.rate=20000/s";
        let users = format!("client.shop.users={users}");
        let ttl = format!("gateway.inbound.cache_ttl={ttl}");
        let all = ["api.orders.validation=ideal", "gateway.inbound.validation=introspect", rate, &users, &ttl];
        load(SMALL, &all).warnings.list.iter().any(|warning| warning.code == "W003")
    };
    // 64 workers of 5 ms do 12,800 introspections a second; two gateways ask once a user in each cache_ttl.
    assert!(warned(1_000, "0s") && warned(64_001, "10s") && !warned(63_999, "10s") && !warned(1_000, "900s"));
}

#[test]
fn a_deployment_toml_says_who_listens_and_how_long_answers_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let read = |deployment: &str, more: &str| {
        fs::write(folder.path().join("deployment.toml"), deployment).expect("it can be written");
        let text = format!(
            "{SMALL}[gateway]\nwso2 = \"deployment.toml\"\n[gateway.inbound]\nvalidation = \"introspect\"\n{more}"
        );
        fs::write(folder.path().join("it.toml"), text).expect("it can be written");
        let inbound = scenario::load(&folder.path().join("it.toml"), &[], None).expect("it is good").scenario;
        let inbound = inbound.world.gateway.inbound.clone();
        let InboundValidation::Introspect { cache, .. } = inbound.validation else { panic!("it introspects") };
        (inbound.listens, cache)
    };
    let on = "[apim.key_manager]\nenable_revoked_token_event_validation = true\n";
    let off = "[apim.key_manager]\nenable_revoked_token_event_validation = \"false\"\n";
    let (both, neither, default) = (vec![true, true], vec![false, false], SimSpan::secs(900));
    assert_eq!(read("", ""), (both.clone(), default));
    assert_eq!(read(off, ""), (neither, default));
    assert_eq!(read(on, "revocation_events = [\"gateway-2\"]\n"), (vec![false, true], default));
    for (written, kept) in [("600", 600), ("\"600\"", 600), ("\"600s\"", 600), ("\"10m\"", 600), ("\"2h\"", 7200)] {
        let deployment = format!("{on}[apim.cache]\ntoken_expiry_time = {written}\n");
        assert_eq!(read(&deployment, ""), (both.clone(), SimSpan::secs(kept)), "{written}");
    }
    let unkept = "[apim.cache]\ntoken_expiry_time = 600\ngateway_token.enable = false\n";
    assert_eq!(read(unkept, "").1, SimSpan::ZERO);
    assert_eq!(read(&unkept.replace("false", "true"), "").1, SimSpan::secs(600));
    assert_eq!(read(unkept, "cache_ttl = \"1min\"\n").1, SimSpan::secs(60));
}
