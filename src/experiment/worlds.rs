//! Plays worlds on all cores: every replication of every scenario under every policy. Units run in any order; their records
//! come out in the order of (scenario, replication, policy), so that the number of threads never shows.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::prelude::*;

use super::comparison::Stopped;
use super::play::{Broken, Stop};
use super::record::Record;
use super::unit;
use crate::scenario::Scenario;

/// What an experiment needs beside its scenarios.
pub struct Surroundings<'a> {
    /// Units at a time; at least 1.
    pub jobs: usize,
    /// Set when somebody wants it to stop.
    pub stop: &'a AtomicBool,
    /// Called after every unit, with the number of units done and planned; from any thread.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("jobs", &self.jobs).finish_non_exhaustive()
    }
}

/// Why there are no results.
#[derive(Debug)]
pub enum Failure<E> {
    Broken(Broken),
    /// The threads could not be started.
    Threads(String),
    /// What took the records failed.
    Sink(E),
}

/// A world of the plan.
#[derive(Clone, Copy, Debug)]
struct World {
    scenario: usize,
    replication: u32,
}

/// Plays every replication of every scenario under every policy, as [`play_ranges`] does.
pub fn play<E>(
    scenarios: &[&Scenario],
    surroundings: &Surroundings<'_>,
    sink: impl FnMut(usize, &Record) -> Result<(), E>,
) -> Result<Stopped, Failure<E>> {
    let all: Vec<(&Scenario, Range<u32>)> =
        scenarios.iter().map(|&scenario| (scenario, 0..scenario.replications.max)).collect();
    play_ranges(&all, surroundings, sink)
}

/// Plays these replications of the scenarios under every policy. `sink` gets the position of the scenario and each record, in
/// the order of (scenario, replication, policy). The scenarios have as many policies.
///
/// Interrupted, it ends with the last replication that is done under every policy.
///
/// # Panics
/// Never: what a unit writes can be read.
pub fn play_ranges<E>(
    scenarios: &[(&Scenario, Range<u32>)],
    surroundings: &Surroundings<'_>,
    mut sink: impl FnMut(usize, &Record) -> Result<(), E>,
) -> Result<Stopped, Failure<E>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(surroundings.jobs).build();
    let pool = pool.map_err(|error| Failure::Threads(error.to_string()))?;
    let policies = scenarios.first().map_or(1, |(scenario, _)| scenario.policies.len()).max(1);
    let worlds: Vec<World> = scenarios
        .iter()
        .enumerate()
        .flat_map(|(scenario, (_, range))| range.clone().map(move |replication| World { scenario, replication }))
        .collect();
    let planned = u64::try_from(worlds.len() * policies).unwrap_or(u64::MAX);
    let done = AtomicU64::new(0);
    // Several units a thread and batch, so that none waits long for the last one.
    for batch in worlds.chunks((surroundings.jobs * 8).div_ceil(policies)) {
        let mut layouts = BTreeMap::new();
        for world in batch {
            let layout = || Arc::new(unit::layout(&scenarios[world.scenario].0.world));
            layouts.entry(world.scenario).or_insert_with(layout);
        }
        let plan: Vec<(World, usize)> =
            batch.iter().flat_map(|&world| (0..policies).map(move |policy| (world, policy))).collect();
        let results: Vec<Result<Vec<u8>, Stop>> = pool.install(|| {
            plan.par_iter()
                .map(|&(World { scenario, replication }, policy)| {
                    if surroundings.stop.load(Ordering::Relaxed) {
                        return Err(Stop::Asked);
                    }
                    let replications = replication..replication + 1;
                    let bytes =
                        unit::unit(scenarios[scenario].0, &layouts[&scenario], policy, replications, surroundings.stop);
                    (surroundings.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, planned);
                    bytes
                })
                .collect()
        });
        for (world, results) in batch.iter().zip(results.chunks(policies)) {
            if let Some(broken) = results.iter().find_map(broken) {
                return Err(Failure::Broken(broken));
            }
            if results.iter().any(Result::is_err) {
                return Ok(Stopped::Interrupted);
            }
            for bytes in results.iter().flatten() {
                for record in unit::decode(bytes).expect("what a unit writes can be read") {
                    sink(world.scenario, &record).map_err(Failure::Sink)?;
                }
            }
        }
    }
    Ok(Stopped::Complete)
}

fn broken(result: &Result<Vec<u8>, Stop>) -> Option<Broken> {
    match result {
        Err(Stop::Broken(broken)) => Some(broken.clone()),
        Err(Stop::Asked) | Ok(_) => None,
    }
}
