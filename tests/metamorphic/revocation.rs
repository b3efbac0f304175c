//! What random worlds with callers' tokens must have in common, and changes of them whose effect is known without knowing
//! the results. A world that fails is printed, and so is its seed.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::common::dice::Dice;
use crate::common::random_scenario;
use crate::support::{Facts, facts, scenario, scenario_with};
use stalegate::id::{ClientId, GatewayId, NoticeId};
use stalegate::model::config::{Arrivals, InboundValidation};
use stalegate::model::fact::Fact;
use stalegate::oauth::{Cause, Outcome};
use stalegate::policy::events::CatchUp;
use stalegate::revocation::{Target, UserId};
use stalegate::scenario::{NamedPolicy, Scenario};
use stalegate::time::SimTime;

/// The same worlds on every machine and every day.
fn in_worlds(cases: u32, dice: usize, text: impl Fn(&[u16]) -> String, check: impl Fn(&str)) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&vec(any::<u16>(), dice).prop_map(|thrown| text(&thrown)), |text| {
        check(&text);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{}", failure.to_string().replace("\\n", "\n").replace("\\\"", "\""));
    }
}

/// A world of two minutes with JWTs: how its gateways hear of revocations, and what is revoked, is up to the caller.
fn world(dice: &mut Dice, inbound: &str, rest: &str) -> String {
    let inbound = format!("[gateway.inbound]\nvalidation = \"jwt\"\n{inbound}\n[bus]\ndelay");
    let keys: [(&str, &[&str]); 8] = [
        ("seed", &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]),
        ("[network]\nclient_gateway", &["\"0ms\"", "\"4ms\""]),
        ("[control_plane]\ndelay", &["\"10ms\"", "\"0ms\"", "{ dist = \"exponential\", mean = \"1s\" }"]),
        ("[idp]\nfront = \"random\"\nnodes", &["1", "2", "3"]),
        ("[gateway]\nbalance = \"random\"\nnodes", &["1", "2", "4"]),
        ("overhead", &["\"1ms\"", "{ dist = \"exponential\", mean = \"20ms\" }"]),
        (&inbound, &["\"50ms\"", "\"0ms\"", "{ dist = \"exponential\", mean = \"2s\" }"]),
        ("loss", &["0.0", "0.3", "0.7"]),
    ];
    let lines = keys.iter().map(|(key, values)| format!("{key} = {}", dice.pick(values)));
    let lines: Vec<String> = lines.collect();
    let run = "name = \"random\"\n[run]\nduration = \"2min\"\nreplications = 1";
    format!("{run}\n{}\n{rest}\n[[policy]]\nname = \"ttl-only\"\n", lines.join("\n"))
}

/// A population with an API of its own.
fn population(name: &str, users: u32, relogin: &str) -> String {
    format!(
        "[[api]]\nname = \"{name}\"\nvalidation = \"ideal\"\n[[client]]\nname = \"{name}\"\napis = [\"{name}\"]\nusers = {users}\n\
         relogin = {relogin}\narrivals = {{ process = \"poisson\", rate = \"40/s\" }}\n"
    )
}

/// A fault with a name.
fn fault(name: &str, kind: &str, at: &str, keys: &str) -> String {
    format!("[[fault]]\nname = \"{name}\"\nkind = \"{kind}\"\nat = {at}\n{keys}\n")
}

/// Some faults of what is between the IdP and the gateways, each at its time and for its time.
fn trouble(dice: &mut Dice, kinds: &[&str]) -> String {
    let mut text = String::new();
    for number in 0..dice.number(0, 4) {
        let (kind, lasts) = (dice.pick(kinds), dice.pick(&["\"1s\"", "\"12s\"", "\"30s\"", "\"3min\""]));
        let at = dice.pick(&["\"19.9s\"", "\"5s\"", "\"40s\"", "{ dist = \"uniform\", min = \"0s\", max = \"100s\" }"]);
        let (kind, keys) = match kind.split_once(' ') {
            Some((kind, groups)) => (kind, format!("for = {lasts}\nbetween = {groups}")),
            None if kind == "gateway-restart" => (kind, format!("down = {lasts}\nnode = \"gateway-1\"")),
            None => (kind, format!("for = {lasts}")),
        };
        text += &fault(&format!("trouble-{number}"), kind, at, &keys);
    }
    text
}

const TELLING: &[&str] = &[
    "bus-outage",
    "control-plane-outage",
    "partition [[\"gateway-1\"], [\"bus\"]]",
    "partition [[\"control-plane\"], [\"bus\"]]",
    "partition [[\"idp-1\"], [\"control-plane\"]]",
    "partition [[\"control-plane\"], [\"db\"]]",
    "partition [[\"gateways\"], [\"backends\"]]",
];

/// Everything is told until it is heard, and nothing is forgotten, rounded or moved.
fn guaranteed(thrown: &[u16]) -> String {
    let mut dice = Dice::new(thrown);
    let mut rest = String::from("durable = true\ndelivery = \"at-least-once\"\n");
    writeln!(rest, "redeliver = {}", dice.pick(&["\"5s\"", "\"700ms\""])).expect("a line");
    let profile = dice.pick(&["postgresql", "db2", "h2", "oracle", "oracle-rac"]);
    writeln!(rest, "[db]\nprofile = \"{profile}\"").expect("a line");
    let relogin = dice.pick(&["\"5s\"", "\"300ms\"", "{ dist = \"exponential\", mean = \"10s\" }"]);
    rest +=
        &population("shop", 30, relogin).replace("name = \"shop\"\napis", "owns = [\"staff\"]\nname = \"shop\"\napis");
    rest += &population("staff", 5, relogin);
    rest += &trouble(&mut dice, TELLING);
    for (name, kind, keys) in [
        ("change", "password-change", "client = \"shop\"\nusers = 3"),
        ("leave", "user-disabled", "client = \"staff\""),
        ("token", "token-revoked", "client = \"shop\"\nuser = \"user-7\""),
        ("key", "credentials-revoked", "client = \"staff\""),
    ] {
        let every = dice.pick(&["\"20s\"", "\"3s\"", "\"50s\""]);
        let at = dice.pick(&["\"20s\"", "{ dist = \"uniform\", min = \"1s\", max = \"60s\" }"]);
        rest += &fault(name, kind, at, &format!("{keys}\nevery = {every}"));
    }
    let text = world(&mut dice, "merge = \"max\"", &rest);
    text.replace("[idp]\n", "[idp]\nnotify = \"at-least-once\"\n")
}

/// Revocations with their instants; when each gateway heard of each; the last call that it let pass.
#[derive(Default)]
struct Told {
    revoked: BTreeMap<NoticeId, SimTime>,
    heard: BTreeMap<(GatewayId, NoticeId), SimTime>,
    last: BTreeMap<(GatewayId, NoticeId), SimTime>,
}

fn told(facts: &Facts) -> Told {
    let mut told = Told::default();
    for (at, fact) in &facts.0 {
        match fact {
            Fact::Revoked { notice, .. } => drop(told.revoked.insert(*notice, *at)),
            Fact::Delivered { notice, gateway } => drop(told.heard.insert((*gateway, *notice), *at)),
            Fact::ServedRevoked { by, gateway, validated } => {
                let last = told.last.entry((*gateway, *by)).or_default();
                *last = (*last).max(*validated);
            }
            _ => {}
        }
    }
    told
}

#[test]
fn with_guaranteed_delivery_on_every_hop_no_exposure_exceeds_the_longest_delivery_of_the_run() {
    let (longest_ever, exposed) = (Cell::new(0.0_f64), Cell::new(0));
    in_worlds(150, 120, guaranteed, |text| {
        let facts = facts(&scenario(text), 0, 0);
        let told = told(&facts);
        assert!(told.revoked.len() > 5);
        let gone = |fact: &Fact| matches!(fact, Fact::Missed { .. } | Fact::Untold { again: false, .. });
        assert!(facts.0.iter().all(|(_, fact)| !gone(fact)), "nothing is lost for good");
        let mut longest = BTreeMap::new();
        for ((gateway, notice), at) in &told.heard {
            let took = at.since(told.revoked[notice]);
            longest.entry(*gateway).and_modify(|longest| *longest = took.max(*longest)).or_insert(took);
        }
        for ((gateway, notice), last) in &told.last {
            let exposure = last.since(told.revoked[notice]);
            // What is not heard is still on its way when the run ends.
            if let Some(heard) = told.heard.get(&(*gateway, *notice)) {
                assert!(last <= heard, "{gateway:?} {notice:?} {exposure}");
                assert!(exposure <= longest[gateway]);
                exposed.set(exposed.get() + 1);
                longest_ever.set(longest_ever.get().max(exposure.as_secs_f64()));
            }
        }
    });
    assert!(exposed.get() > 1_000 && longest_ever.get() > 30.0, "{} {}", exposed.get(), longest_ever.get());
}

/// Each user of `staff` is disabled at some time; all of `shop` change their passwords once. So who holds which token does not
/// depend on what gateways refuse.
fn mixed(thrown: &[u16]) -> String {
    let mut dice = Dice::new(thrown);
    let mut rest = format!("durable = {}\n", dice.pick(&["false", "true"]));
    rest += &population("shop", 30, "\"3s\"");
    rest += &population("staff", 30, "\"3s\"");
    rest += &fault("change", "password-change", "\"50s\"", "client = \"shop\"\nusers = 30");
    rest += &fault("leave", "user-disabled", "\"10s\"", "client = \"staff\"\nusers = 2\nevery = \"5s\"");
    rest += &trouble(&mut dice, &[TELLING, &["gateway-restart"]].concat());
    let merge = dice.pick(&["merge = \"max\"", "merge = \"last-writer\""]);
    world(&mut dice, merge, &rest)
}

fn let_pass(scenario: &Scenario, gateway: usize) -> usize {
    let at = |fact: &Fact| matches!(fact, Fact::ServedRevoked { gateway: at, .. } if at.index() == gateway);
    facts(scenario, 0, 0).0.iter().filter(|(_, fact)| at(fact)).count()
}

#[test]
fn a_gateway_that_stops_listening_never_accepts_fewer_revoked_tokens() {
    let fewer = Cell::new(0);
    in_worlds(60, 60, mixed, |text| {
        let all = scenario(text);
        for deaf in 0..all.world.gateway.nodes {
            let names: Vec<String> = (0..all.world.gateway.nodes)
                .filter(|gateway| *gateway != deaf)
                .map(|gateway| format!("\"gateway-{}\"", gateway + 1))
                .collect();
            let some = scenario_with(text, &[&format!("gateway.inbound.revocation_events=[{}]", names.join(", "))]);
            for gateway in 0..all.world.gateway.nodes {
                let (listening, not) = (let_pass(&all, gateway), let_pass(&some, gateway));
                let expected = if gateway == deaf { listening <= not } else { listening == not };
                assert!(expected, "gateway-{} without gateway-{}: {listening} and {not}", gateway + 1, deaf + 1);
                fewer.set(fewer.get() + usize::from(listening < not));
            }
        }
    });
    assert!(fewer.get() > 60, "{}", fewer.get());
}

/// What became of the calls of `shop`, who of them logged in, and what of its revocations was accepted where.
fn of_shop(scenario: &Scenario) -> Vec<String> {
    let world = &scenario.world;
    let shop = ClientId::at(world.clients.iter().position(|client| client.name == "shop").expect("it is there"));
    let mut names = BTreeMap::new();
    let mut seen = Vec::new();
    for (at, fact) in &facts(scenario, 0, 0).0 {
        match fact {
            Fact::Revoked { notice, target: Target::Subject(UserId { client, user }), fault, occurrence }
                if *client == shop =>
            {
                names.insert(*notice, format!("{} {occurrence} {user}", world.faults[fault.index()].name));
            }
            Fact::ServedRevoked { by, gateway, validated } => {
                seen.extend(names.get(by).map(|name| format!("{at} {name} {gateway:?} {validated}")));
            }
            Fact::Calls(calls) if calls.client_and_user().0 == shop => {
                let gateway = calls.lane.index() / world.apis.len();
                seen.push(format!("{at} {gateway} {:?} {:?}", calls.user, calls.outcome));
            }
            Fact::Login { client, user } if *client == shop => seen.push(format!("{at} {user} logs in")),
            _ => {}
        }
    }
    seen
}

#[test]
fn revocations_in_another_population_move_nobody_elses_calls() {
    let refused = Cell::new(0);
    in_worlds(60, 60, mixed, |text| {
        for validation in ["jwt", "introspect"] {
            let validation = format!("gateway.inbound.validation={validation}");
            let few = of_shop(&scenario_with(text, &[&validation]));
            let more = format!(
                "{text}\n{}{}{}",
                fault("aaa", "password-change", "\"20s\"", "client = \"staff\"\nusers = 10\nevery = \"9s\""),
                fault("zzz", "application-revoked", "\"30s\"", "client = \"staff\""),
                fault("mmm", "token-revoked", "\"45s\"", "client = \"staff\"\nuser = \"user-3\"\nevery = \"2s\""),
            );
            assert!(few == of_shop(&scenario_with(&more, &[&validation])), "{validation}");
            refused.set(refused.get() + few.iter().filter(|told| told.contains("InboundRefused")).count());
        }
    });
    assert!(refused.get() > 1_000, "{}", refused.get());
}

/// Revocations by instant, fault, occurrence and target; of a token only whose it is.
fn revocations(facts: &Facts) -> Vec<String> {
    let told = facts.0.iter().filter_map(|(at, fact)| match fact {
        Fact::Revoked { target, fault, occurrence, .. } => {
            let whose = match target {
                Target::Jti(jti) => format!("a token of {:?}", jti.user),
                Target::ConsumerKey(_) | Target::Subject(_) => format!("{target:?}"),
            };
            Some(format!("{at} {fault:?} {occurrence} {whose}"))
        }
        _ => None,
    });
    told.collect()
}

/// Logins, refusals of callers' tokens, and those by mistake.
fn refusals(facts: &Facts) -> Vec<String> {
    let told = facts.0.iter().filter_map(|(at, fact)| match fact {
        Fact::Login { client, user } => Some(format!("{at} {client:?} {user} logs in")),
        Fact::Calls(calls) if calls.outcome == Outcome::Failed(Cause::InboundRefused) => {
            Some(format!("{at} {calls:?}"))
        }
        Fact::FalselyRefused { gateway, by } => Some(format!("{at} {gateway:?} {}", by.is_some())),
        _ => None,
    });
    told.collect()
}

#[test]
fn every_policy_meets_the_same_users_revocations_and_refusals() {
    let (revoked, refused) = (Cell::new(0), Cell::new(0));
    in_worlds(150, random_scenario::DICE, random_scenario::text, |text| {
        let scenario = scenario(text);
        let runs: Vec<Facts> = (0..scenario.policies.len()).map(|policy| facts(&scenario, policy, 0)).collect();
        let first = revocations(&runs[0]);
        assert!(runs.iter().all(|run| revocations(run) == first));
        revoked.set(revoked.get() + first.len());
        let world = &scenario.world;
        // What a policy does moves later calls of closed populations and repetitions; introspections meet its load on the
        // IdP; a policy that catches up hears more; one that restarts gateways makes them forget.
        let apart = world
            .clients
            .iter()
            .all(|client| client.retry_attempts == 0 && !matches!(client.arrivals, Arrivals::Closed { .. }));
        let catches_up = scenario.policies.iter().any(|named| named.policy.events.catch_up != CatchUp::Nothing);
        if apart && !catches_up && world.gateway.inbound.validation == InboundValidation::Jwt {
            let of_a_quiet_operator =
                |(run, named): (&Facts, &NamedPolicy)| named.policy.surge.threshold.is_none().then(|| refusals(run));
            let told: Vec<_> = runs.iter().zip(&scenario.policies).filter_map(of_a_quiet_operator).collect();
            assert!(told.iter().all(|refusals| *refusals == told[0]));
            refused.set(refused.get() + told.first().map_or(0, Vec::len));
        }
    });
    assert!(revoked.get() > 1_000 && refused.get() > 1_000, "{} {}", revoked.get(), refused.get());
}

#[test]
fn without_restarts_of_gateways_nobody_notices_what_the_tables_keep() {
    let at = |scenario: &Scenario| facts(scenario, 0, 0);
    in_worlds(40, 120, guaranteed, |text| {
        let plain = at(&scenario(text));
        for other in ["db.profile=mysql", "db.profile=mssql", "gateway.inbound.comparison=non-strict"] {
            assert!(at(&scenario_with(text, &[other])) == plain, "{other}");
        }
    });
}
