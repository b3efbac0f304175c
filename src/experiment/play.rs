//! Plays one world: a scenario, a policy, a replication. Everything that simulates comes through here.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::{Engine, Fifo, Progress, Schedule, Scheduling};
use crate::metric::Scope;
use crate::model::config::{InboundValidation, Playing, WorldConfig};
use crate::model::fact::Observer;
use crate::model::{Event, World};
use crate::scenario::Scenario;
use crate::time::SimTime;

/// A world at its end.
#[derive(Debug)]
pub struct Played<O> {
    pub observer: O,
    /// Of every event that fired.
    pub digest: u64,
    /// How many events fired.
    pub events: u64,
    /// By `seq`: what scheduled it; only of [`play_traced`].
    pub causes: Vec<Scheduling<Event>>,
}

/// Why a world was not played to its end.
#[derive(Debug)]
pub enum Stop {
    /// Somebody asked.
    Asked,
    Broken(Broken),
}

/// An invariant did not hold: a bug of the model, with all that is needed to see it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub what: String,
    pub scenario: String,
    pub policy: String,
    pub seed: u64,
    pub replication: u32,
    pub at: SimTime,
    pub event: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Broken { what, scenario, policy, seed, replication, at, event } = self;
        write!(
            f,
            "the model broke an invariant: {what}\n  at {at}, in {event}, policy {policy}, seed {seed}, replication {replication}\n  \
             to see it again: stalegate run {scenario} --policy {policy} --replication {replication} --seed {seed} (and the same --set)"
        )
    }
}

/// Events between two looks at whether somebody asked to stop.
const STRETCH: u64 = 1 << 16;

/// Plays a world to its end. `policy` is a position in the scenario; `observer` sees every fact; `stop` is looked at now and then.
pub fn play<O: Observer>(
    scenario: &Scenario,
    policy: usize,
    replication: u32,
    observer: O,
    stop: &AtomicBool,
) -> Result<Played<O>, Stop> {
    let start = start(scenario, policy, replication, observer, scenario.world.run.calls);
    to_the_end(Engine::new(Fifo, start), scenario, policy, replication, stop)
}

/// The same, and each call is played, whatever the scenario says: for whoever looks at single calls.
pub fn play_each<O: Observer>(
    scenario: &Scenario,
    policy: usize,
    replication: u32,
    observer: O,
    stop: &AtomicBool,
) -> Result<Played<O>, Stop> {
    let start = start(scenario, policy, replication, observer, Playing::Each);
    to_the_end(Engine::new(Fifo, start), scenario, policy, replication, stop)
}

/// The same with calls played as `calls` says, and keeps what scheduled each event.
pub fn play_traced<O: Observer>(
    scenario: &Scenario,
    policy: usize,
    replication: u32,
    observer: O,
    (calls, stop): (Playing, &AtomicBool),
) -> Result<Played<O>, Stop> {
    to_the_end(
        Engine::traced(Fifo, start(scenario, policy, replication, observer, calls)),
        scenario,
        policy,
        replication,
        stop,
    )
}

fn start<O: Observer>(
    scenario: &Scenario,
    policy: usize,
    replication: u32,
    observer: O,
    calls: Playing,
) -> impl FnOnce(&mut Schedule<Event>) -> World<O> {
    let rules = Arc::new(scenario.policies[policy].policy.clone());
    let config = Arc::clone(&scenario.world);
    let world = match calls {
        Playing::Each => World::new,
        Playing::Counted => World::counting,
    };
    move |schedule| world(config, rules, replication, observer, schedule)
}

fn to_the_end<O: Observer>(
    mut engine: Engine<World<O>>,
    scenario: &Scenario,
    policy: usize,
    replication: u32,
    stop: &AtomicBool,
) -> Result<Played<O>, Stop> {
    let end = SimTime::ZERO + scenario.world.run.duration;
    loop {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let progress = engine.run(end, STRETCH);
            if progress == Progress::Done {
                engine.model.close();
            }
            progress
        }));
        match outcome {
            Ok(Progress::Done) => break,
            Ok(Progress::Paused) if stop.load(Ordering::Relaxed) => return Err(Stop::Asked),
            Ok(Progress::Paused) => {}
            Err(panic) => {
                let what = panic.downcast_ref::<String>().cloned();
                let what = what.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
                return Err(Stop::Broken(Broken {
                    what: what.unwrap_or_else(|| "a panic without words".into()),
                    scenario: scenario.inputs.first().map_or_else(|| scenario.name.clone(), |input| input.name.clone()),
                    policy: scenario.policies[policy].name.clone(),
                    seed: scenario.world.run.seed,
                    replication,
                    at: engine.now(),
                    event: engine.last_event().map_or_else(|| "the beginning".into(), |event| format!("{event:?}")),
                }));
            }
        }
    }
    let causes = engine.causes().to_vec();
    Ok(Played { digest: engine.digest(), events: engine.fired(), causes, observer: engine.model.observer })
}

/// What is measured in the worlds of a scenario under one of its policies.
#[must_use]
pub fn scope(scenario: &Scenario, policy: usize) -> Scope {
    let world = &scenario.world;
    let credentials = world.gateway_credentials;
    let shared = scenario.policies[policy].policy.store.shared;
    Scope {
        warmup: SimTime::ZERO + world.run.warmup,
        end: SimTime::ZERO + world.run.duration,
        lanes: world.gateway.nodes * world.apis.len(),
        application_lanes: world.applications.iter().map(|application| application.threads as usize).sum(),
        caches: if shared { credentials } else { credentials * world.gateway.nodes },
        workers: world.idp.workers,
        users: world.clients.iter().map(|client| client.users).collect(),
        gateways: world.gateway.nodes,
        callers_have_tokens: callers_have_tokens(world),
        counted: world.run.calls == Playing::Counted,
    }
}

/// Whether gateways check tokens of their callers, so that there is something to say about revocations of them.
#[must_use]
pub fn callers_have_tokens(world: &WorldConfig) -> bool {
    world.gateway.inbound.validation != InboundValidation::None
}
