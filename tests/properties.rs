//! What must hold in every run (model.md §10), in random worlds, after every event.

mod common;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use common::random_scenario;
use common::watch::Watch;
use stalegate::engine::chooser::Shuffled;
use stalegate::engine::{Chooser, Engine, Fifo};
use stalegate::experiment::play::scope;
use stalegate::fault::Revoke;
use stalegate::metric::{self, Collectors, Episode};
use stalegate::model::World;
use stalegate::model::config::{AskAfter, InboundValidation, Persistence, TokenFormat};
use stalegate::oauth::Cause;
use stalegate::persistence::{Recovery, Renew, Rules};
use stalegate::policy::fetch::{OnFailure, SingleFlight};
use stalegate::policy::surge::{Remedy, Surge};
use stalegate::scenario::{Loaded, Scenario};
use stalegate::time::{SimSpan, SimTime};

/// A scenario file, printed as it stands when it fails.
#[derive(Clone)]
struct Text(String);

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.0)
    }
}

/// The same scenarios on every machine and every day: a failure is a failure for all. `WORLDS` in the environment asks
/// for another number of them.
#[expect(clippy::disallowed_methods, reason = "it moves no result, only how many are looked at")]
fn in_random_worlds(cases: u32, check: impl Fn(&Loaded)) {
    let asked = std::env::var("WORLDS").ok().and_then(|worlds| worlds.parse().ok());
    let cases = asked.unwrap_or(cases);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let texts = vec(any::<u16>(), random_scenario::DICE).prop_map(|thrown| Text(random_scenario::text(&thrown)));
    let outcome = runner.run(&texts, |text| {
        check(&common::scenario(&text.0));
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// A run at its end.
struct Run {
    watch: Watch,
    values: BTreeMap<&'static str, f64>,
    episodes: Vec<Episode>,
}

type Watched<C> = Engine<World<(Collectors, Watch)>, C>;

fn engine<C: Chooser>(scenario: &Scenario, policy: usize, chooser: C) -> Watched<C> {
    let rules = Arc::new(scenario.policies[policy].policy.clone());
    let observer = (Collectors::new(scope(scenario, policy)), Watch::new(scenario, policy));
    Engine::new(chooser, |schedule| World::new(Arc::clone(&scenario.world), rules, 0, observer, schedule))
}

/// Plays a world event by event.
fn run<C: Chooser>(scenario: &Scenario, policy: usize, chooser: C) -> Run {
    let mut engine = engine(scenario, policy, chooser);
    let end = SimTime::ZERO + scenario.world.run.duration;
    let mut bound = Bound::new(scenario);
    let (mut before, mut at_this_instant) = (SimTime::ZERO, 0);
    while let Some(event) = engine.step(SimTime(end.0 - 1)) {
        assert!(engine.now() >= before, "the clock never goes back");
        at_this_instant = if engine.now() > before { 0 } else { at_this_instant + 1 };
        assert!(at_this_instant < 100_000, "time goes on: {event:?} at {before:?}");
        before = engine.now();
        bound.check(engine.now(), engine.pending(), engine.model.in_flight());
    }
    engine.model.close();
    let (mut collectors, watch) = engine.model.observer;
    let names = metric::all().into_iter().map(|metric| metric.name);
    let values = names.zip(collectors.values()).collect();
    Run { watch, values, episodes: collectors.take_episodes() }
}

/// Events to come are those of what is in flight, of what each entity waits for, and timeouts that were taken back but lie
/// behind one that was not: no more than events fired since the longest timeout was set.
struct Bound {
    entities: usize,
    /// When each of the last events fired.
    recent: VecDeque<SimTime>,
}

/// No random scenario has a longer one.
const LONGEST_TIMEOUT: SimSpan = SimSpan::secs(60);

impl Bound {
    fn new(scenario: &Scenario) -> Bound {
        let world = &scenario.world;
        let users: u32 = world.clients.iter().map(|client| client.users).sum();
        let threads: u32 = world.applications.iter().map(|application| application.threads + 1).sum();
        let entities = world.gateway.nodes * (world.apis.len() + world.clients.len()) + world.faults.len();
        Bound { entities: entities + (users + threads) as usize, recent: VecDeque::new() }
    }

    fn check(&mut self, now: SimTime, pending: usize, in_flight: usize) {
        self.recent.push_back(now);
        while now.since(self.recent[0]) > LONGEST_TIMEOUT {
            self.recent.pop_front();
        }
        let bound = 4 * (in_flight + self.entities) + 100 + self.recent.len();
        assert!(pending <= bound, "{pending} events to come, {in_flight} in flight");
    }
}

fn check(loaded: &Loaded, policy: usize, run: &Run) {
    let scenario = &loaded.scenario;
    let value = |name: &str| run.values[name];
    let close = |a: f64, b: f64| a <= b + 1e-9;
    let outcomes = ["ok", "failed", "forbidden", "unanswered"].map(value);
    assert!(close((value("requests") - outcomes.iter().sum::<f64>()).abs(), 0.0), "{outcomes:?}");
    assert!(run.watch.unanswered.is_some(), "told at the end");
    for name in ["idp_utilisation", "availability"] {
        let ratio = value(name);
        assert!(ratio.is_nan() || (0.0..=1.0).contains(&ratio), "{name} = {ratio}");
    }
    let lasts = scenario.world.run.duration.as_secs_f64() - scenario.world.run.warmup.as_secs_f64();
    let mut chains = vec![
        ["downtime_s", "downtime_worst_lane_s"],
        ["idp_token_requests_peak_per_s", "idp_token_requests"],
        ["unsafe_resends", "resends"],
    ];
    if !value("downtime_after_restart_s").is_nan() {
        chains.extend([
            ["downtime_after_restart_s", "downtime_s"],
            ["downtime_after_restart_worst_lane_s", "downtime_worst_lane_s"],
            ["stale_after_ready_s", "stale_token_s"],
            ["failed_after_restart", "failed"],
        ]);
    }
    for [low, high] in chains {
        assert!(
            value(low).is_nan() || close(value(low), value(high)),
            "{low} = {}, {high} = {}",
            value(low),
            value(high)
        );
    }
    for name in ["downtime_worst_lane_s", "stale_token_s"] {
        assert!(value(name).is_nan() || close(value(name), lasts), "{name} = {} of {lasts}", value(name));
    }
    for (name, value) in &run.values {
        assert!(value.is_nan() || (value.is_finite() && *value >= 0.0), "{name} = {value}");
    }
    check_episodes(scenario, &run.episodes);
    check_causes(scenario, policy, &run.watch);
    check_callers(scenario, &run.watch);
    check_store(scenario, value);
}

fn check_episodes(scenario: &Scenario, episodes: &[Episode]) {
    let world = &scenario.world.run;
    let (warmup, end) = (SimTime::ZERO + world.warmup, SimTime::ZERO + world.duration);
    let mut last = BTreeMap::new();
    for episode in episodes {
        assert!(warmup <= episode.start && episode.start <= episode.end && episode.end <= end, "{episode:?}");
        let before = last.insert(episode.lane, episode.end).unwrap_or_default();
        assert!(before <= episode.start, "episodes of a lane follow each other: {episode:?}");
        assert!(episode.failed > 0, "{episode:?}");
    }
}

/// Calls fail only for what the scenario can do to them.
fn check_causes(scenario: &Scenario, policy: usize, watch: &Watch) {
    let faults = |kind: &str| scenario.world.faults.iter().any(|fault| fault.fault.kind() == kind);
    let rules = &scenario.policies[policy].policy;
    let (idp, db) = (&scenario.world.idp, &scenario.world.db);
    let stored = match idp.persistence {
        Persistence::Database(rules) => Some(rules),
        Persistence::Memory | Persistence::None => None,
    };
    let queued = stored.is_some_and(|rules| rules.pool_size > 0);
    let cut = faults("partition");
    let loses = scenario.world.faults.iter().any(|fault| fault.fault.lost() > SimSpan::ZERO);
    let revokes = scenario.world.applications.iter().any(|one| one.ask_after == AskAfter::Revocation);
    // A revoked consumer key takes the tokens of gateways and applications along.
    let all = scenario.world.faults.iter().filter_map(|fault| fault.fault.revokes());
    let revokes = revokes || all.into_iter().any(|revoke| !matches!(revoke, Revoke::Token { .. }));
    let checked = scenario.world.gateway.inbound.validation != InboundValidation::None;
    for (cause, word) in Cause::ALL {
        let possible = match cause {
            Cause::StaleToken => {
                let rotates = faults("key-rotation") && idp.token_format == TokenFormat::Jwt;
                faults("idp-restart") || faults("idp-crash") || faults("token-revoked") || revokes || rotates
            }
            Cause::StoreDown => {
                faults("store-outage") && (rules.store.shared || rules.fetch.single_flight == SingleFlight::Cluster)
            }
            Cause::GatewayDown => faults("gateway-restart") || restarts_gateways(&rules.surge),
            Cause::NoToken => rules.fetch.on_failure == OnFailure::SendWithoutToken,
            Cause::IdpDown => faults("idp-restart") || faults("idp-crash") || faults("idp-outage"),
            Cause::IdpTimeout => rules.fetch.timeout.is_some(),
            Cause::ExpiredToken | Cause::IdpBusy | Cause::IntrospectionDown | Cause::ClientTimeout => true,
            Cause::SupersededToken => stored.is_some_and(supersedes),
            Cause::LostToken => queued || loses,
            Cause::NotYetPersisted => queued,
            Cause::IdpError => faults("db-failover") || stored.is_some() && cut || stored.is_some() && db.pool < 50,
            Cause::PersistFailed => stored.is_some() && !queued && db.con_app_key,
            Cause::InboundRefused => checked,
        };
        assert!(possible || watch.causes[cause.index()] == 0, "no call can fail for {word}");
    }
}

/// Whether somebody restarts gateways for their refusals.
fn restarts_gateways(surge: &Surge) -> bool {
    surge.threshold.is_some() && surge.remedy == Remedy::Restart
}

/// Whether a token may be killed by a race or a renewal. A synchronous request that recovers as documented, and hands out
/// what there is, never does that.
fn supersedes(rules: Rules) -> bool {
    rules.pool_size > 0 || rules.renew == Renew::Always || rules.recovery == Recovery::Wso2Source
}

/// Without revocations nothing is accepted after one, and only clocks and keys let a gateway refuse a good token.
fn check_callers(scenario: &Scenario, watch: &Watch) {
    let faults = |kinds: &[&str]| scenario.world.faults.iter().any(|fault| kinds.contains(&fault.fault.kind()));
    let revokes = scenario.world.faults.iter().any(|fault| fault.fault.revokes().is_some());
    let (refused, passed) = (watch.callers.falsely_refused, watch.callers.let_pass);
    assert!(refused <= watch.causes[Cause::InboundRefused.index()]);
    assert!(revokes || passed == 0, "{passed} accepted");
    assert!(
        revokes || refused == 0 || faults(&["clock-skew", "idp-restart", "idp-crash", "key-rotation", "key-removed"]),
        "{refused} refused"
    );
}

/// What the database did, and what it could not have done.
fn check_store(scenario: &Scenario, value: impl Fn(&str) -> f64) {
    let none = |name: &str| assert!(value(name) <= 0.0, "{name} = {}", value(name));
    let Persistence::Database(rules) = scenario.world.idp.persistence else {
        for name in ["con_app_key_violations", "con_app_key_recoveries", "con_app_key_exhausted"] {
            none(name);
        }
        return ["superseded_tokens", "duplicate_active_jwts", "lost_tokens"].into_iter().for_each(none);
    };
    if !scenario.world.db.con_app_key {
        none("con_app_key_violations");
        none("con_app_key_recoveries");
    }
    if !supersedes(rules) {
        none("superseded_tokens");
        none("duplicate_active_jwts");
    }
    if scenario.world.run.warmup == SimSpan::ZERO {
        let ended = value("con_app_key_recoveries") + value("con_app_key_exhausted");
        assert!(ended <= value("con_app_key_violations"), "{ended} of {}", value("con_app_key_violations"));
    }
}

#[test]
fn the_invariants_hold_in_random_worlds_after_every_event() {
    in_random_worlds(96, |loaded| {
        for policy in 0..loaded.scenario.policies.len() {
            check(loaded, policy, &run(&loaded.scenario, policy, Fifo));
        }
    });
}

#[test]
fn the_invariants_hold_whoever_goes_first_at_a_tie() {
    in_random_worlds(48, |loaded| {
        for policy in 0..loaded.scenario.policies.len() {
            for seed in 0..2 {
                check(loaded, policy, &run(&loaded.scenario, policy, Shuffled::new(seed)));
            }
        }
    });
}

#[test]
fn a_policy_leaves_the_calls_that_are_born_in_open_populations_alone() {
    in_random_worlds(24, |loaded| {
        let scenario = &loaded.scenario;
        let exogenous = |policy: usize| {
            let run = run(scenario, policy, Fifo);
            run.watch.births + run.watch.unanswered.unwrap_or(0)
        };
        let open = scenario.world.clients.iter().all(|client| client.retry_attempts == 0 && is_open(client));
        if open {
            let births: Vec<u64> = (0..scenario.policies.len()).map(exogenous).collect();
            assert!(births.windows(2).all(|pair| pair[0] == pair[1]), "{births:?}");
        }
    });
}

fn is_open(client: &stalegate::model::config::ClientConfig) -> bool {
    !matches!(client.arrivals, stalegate::model::config::Arrivals::Closed { .. })
}

#[test]
fn when_no_more_calls_are_born_nothing_stays_in_flight() {
    in_random_worlds(96, |loaded| {
        let scenario = &loaded.scenario;
        let ends = |policy: &usize| {
            let rules = &scenario.policies[*policy].policy;
            // These ask the IdP without a call, or wait for its answer for ever.
            let asks_again = !scenario.world.applications.is_empty() && rules.fetch.retry_after > SimSpan::ZERO;
            let asks = rules.lifetime.refresh_at.is_some() || rules.events.refetch || asks_again;
            !asks && rules.fetch.timeout.is_some()
        };
        let faults = scenario.world.faults.iter().any(|fault| fault.every.is_some());
        if !scenario.world.clients.iter().all(is_open) || faults {
            return;
        }
        for policy in (0..scenario.policies.len()).filter(ends) {
            let mut engine = engine(scenario, policy, Fifo);
            let end = SimTime::ZERO + scenario.world.run.duration + SimSpan::secs(7_200);
            while engine.step(end).is_some() {}
            assert_eq!(engine.model.in_flight(), 0, "policy {}", scenario.policies[policy].name);
        }
    });
}

/// Each restart leaves a poll of the lock behind: a search that comes to its end twice counts once.
#[test]
fn a_gateway_that_restarts_while_it_polls_for_the_lock_seeks_it_once() {
    let text = r#"
name = "polls"
[run]
duration = "1min"
start = "cold"
seed = 1
[idp]
token_service = "100ms"
token_lifetime = "2s"
[[api]]
name = "orders"
validation = "ideal"
[[client]]
name = "shop"
apis = ["orders"]
arrivals = { process = "poisson", rate = "400/s" }
[[fault]]
name = "blink"
kind = "gateway-restart"
at = "100ms"
every = "60ms"
down = "0s"
node = "gateway-1"
[[policy]]
name = "cluster"
[policy.store]
shared = true
round_trip = "19ms"
[policy.fetch]
single_flight = "cluster"
lock_poll = "50ms"
lock_ttl = "300ms"
"#;
    let loaded = common::scenario(text);
    check(&loaded, 0, &run(&loaded.scenario, 0, Fifo));
}

/// Found by reading: such a call stayed in memory for ever.
#[test]
fn a_call_whose_token_was_being_written_when_its_gateway_died_is_forgotten() {
    let text = r#"
name = "writes"
[run]
duration = "1min"
seed = 1
[idp]
token_lifetime = "2s"
[[api]]
name = "orders"
validation = "ideal"
[[client]]
name = "shop"
apis = ["orders"]
arrivals = { process = "poisson", rate = "50/s" }
[[fault]]
name = "blink"
kind = "gateway-restart"
at = "100ms"
every = "900ms"
down = "0s"
node = "gateway-1"
[[policy]]
name = "store"
[policy.store]
shared = true
round_trip = "500ms"
[policy.fetch]
single_flight = "none"
"#;
    let scenario = common::scenario(text).scenario;
    let mut engine = engine(&scenario, 0, Fifo);
    while engine.step(SimTime::ZERO + SimSpan::secs(120)).is_some() {}
    assert_eq!(engine.model.in_flight(), 0);
}
