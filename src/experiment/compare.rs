//! A comparison: plan → run → merge. Units run on all cores; their bytes are folded in the order of the plan, so that the
//! number of threads never shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::comparison::{Comparison, Stopped};
use super::play::{Broken, Stop};
use super::record::Record;
use super::unit;
use crate::metric;
use crate::scenario::Scenario;

/// What a comparison needs beside the scenario.
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

/// Why there is no comparison.
#[derive(Debug)]
pub enum Failure<E> {
    Broken(Broken),
    /// The threads could not be started.
    Threads(String),
    /// What took the records failed.
    Sink(E),
}

/// Plays every replication under every policy. `sink` gets each record in the order of (replication, policy), before it is folded.
///
/// Interrupted, it keeps the replications that are done under every policy.
///
/// # Panics
/// Never: what a unit writes can be read.
pub fn compare<E>(
    scenario: &Scenario,
    surroundings: &Surroundings<'_>,
    mut sink: impl FnMut(&Record) -> Result<(), E>,
) -> Result<Comparison, Failure<E>> {
    let layout = Arc::new(unit::layout(&scenario.world));
    let names: Vec<String> = scenario.policies.iter().map(|policy| policy.name.clone()).collect();
    let mut comparison = Comparison::new(&names, metric::all(), (*layout).clone(), scenario.replications);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(surroundings.jobs).build();
    let pool = pool.map_err(|error| Failure::Threads(error.to_string()))?;
    let policies = u32::try_from(names.len()).expect("the loader bounds the number of policies");
    let planned = u64::from(scenario.replications) * u64::from(policies);
    let done = std::sync::atomic::AtomicU64::new(0);
    // Several units a thread and batch, so that none waits long for the last one.
    let batch = u32::try_from(surroundings.jobs * 8).unwrap_or(u32::MAX).div_ceil(policies);
    let mut first = 0;
    while first < scenario.replications {
        let last = scenario.replications.min(first + batch);
        let plan: Vec<(u32, usize)> = (first..last).flat_map(|r| (0..names.len()).map(move |p| (r, p))).collect();
        let results: Vec<Result<Vec<u8>, Stop>> = pool.install(|| {
            plan.par_iter()
                .map(|(replication, policy)| {
                    if surroundings.stop.load(Ordering::Relaxed) {
                        return Err(Stop::Asked);
                    }
                    let bytes =
                        unit::unit(scenario, &layout, *policy, *replication..*replication + 1, surroundings.stop);
                    (surroundings.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, planned);
                    bytes
                })
                .collect()
        });
        for replication in results.chunks(names.len()) {
            if let Some(broken) = replication.iter().find_map(broken) {
                return Err(Failure::Broken(broken));
            }
            if replication.iter().any(Result::is_err) {
                comparison.stopped = Stopped::Interrupted;
                return Ok(comparison);
            }
            for bytes in replication.iter().flatten() {
                for record in unit::decode(bytes).expect("what a unit writes can be read") {
                    sink(&record).map_err(Failure::Sink)?;
                    comparison.push(&record);
                }
            }
        }
        first = last;
    }
    Ok(comparison)
}

fn broken(result: &Result<Vec<u8>, Stop>) -> Option<Broken> {
    match result {
        Err(Stop::Broken(broken)) => Some(broken.clone()),
        Err(Stop::Asked) | Ok(_) => None,
    }
}
