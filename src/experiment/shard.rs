//! Plays units of a plan on all cores and writes what they come to into a store, each as soon as it is done.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::comparison::Stopped;
use super::plan::Plan;
use super::play::{Broken, Stop};
use super::store::{Doing, Store, StoreError};
use super::unit;
use super::worlds::{Failure, Surroundings};
use crate::scenario::sweep::Sweep;

/// What to do once the model has broken an invariant in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBroken {
    /// The other units are played.
    GoOn,
    /// No other unit is begun.
    GiveUp,
}

/// What became of the units.
#[derive(Debug)]
pub struct Played {
    /// Units that are in the store now, and were not before.
    pub units: usize,
    /// Units in which the model broke an invariant, in the order of the plan.
    pub broken: Vec<(usize, Broken)>,
    pub stopped: Stopped,
}

/// Plays these units of a plan, in their order, and appends them to a segment of their own, named after the attempt. When it
/// returns, whatever was played is durable. `progress` counts replications.
///
/// Interrupted, it drops what is being played, or ends it if that takes no longer.
pub fn play(
    plan: &Plan,
    sweep: &Sweep,
    units: &[usize],
    (store, attempt): (&Store, &str),
    on_broken: OnBroken,
    surroundings: &Surroundings<'_>,
) -> Result<Played, Failure<StoreError>> {
    if units.is_empty() {
        return Ok(Played { units: 0, broken: Vec::new(), stopped: Stopped::Complete });
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(surroundings.jobs).build();
    let pool = pool.map_err(|error| Failure::Threads(error.to_string()))?;
    let writer = store.writer(attempt).map_err(Failure::Sink)?;
    let path = writer.path().to_path_buf();
    let planned = plan.runs(units.iter().copied());
    let (next, done, runs) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicU64::new(0));
    let (interrupted, given_up) = (AtomicBool::new(false), AtomicBool::new(false));
    let broken = Mutex::new(Vec::new());
    let failed = Mutex::new(None);
    let keep = |to: &Mutex<Option<_>>, error| {
        to.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        given_up.store(true, Ordering::Relaxed);
    };
    pool.broadcast(|_| {
        while let Some(&index) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
            if surroundings.stop.load(Ordering::Relaxed) {
                interrupted.store(true, Ordering::Relaxed);
            }
            if interrupted.load(Ordering::Relaxed) || given_up.load(Ordering::Relaxed) {
                break;
            }
            let of = &plan.units[index];
            match one(plan, sweep, index, surroundings.stop) {
                Ok(records) => match writer.append(&of.id, &plan.build, &records, of.cost) {
                    Ok(()) => {
                        done.fetch_add(1, Ordering::Relaxed);
                        let count = u64::from(of.count);
                        (surroundings.progress)(runs.fetch_add(count, Ordering::Relaxed) + count, planned);
                    }
                    Err(error) => keep(&failed, error),
                },
                Err(Stop::Asked) => interrupted.store(true, Ordering::Relaxed),
                Err(Stop::Broken(of)) => {
                    broken.lock().unwrap_or_else(PoisonError::into_inner).push((index, of));
                    given_up.fetch_or(on_broken == OnBroken::GiveUp, Ordering::Relaxed);
                }
            }
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    // What was written before is made durable even then.
    let finished = writer.finish();
    if let Some(error) = failed.or(finished.err()) {
        return Err(Failure::Sink(StoreError { doing: Doing::Write, path, error }));
    }
    let mut broken = broken.into_inner().unwrap_or_else(PoisonError::into_inner);
    broken.sort_by_key(|(unit, _)| *unit);
    let stopped = if interrupted.into_inner() { Stopped::Interrupted } else { Stopped::Complete };
    Ok(Played { units: done.into_inner(), broken, stopped })
}

fn one(plan: &Plan, sweep: &Sweep, index: usize, stop: &AtomicBool) -> Result<Vec<u8>, Stop> {
    let of = &plan.units[index];
    let scenario = &sweep.points[of.point].scenario;
    let policy = scenario.policies.iter().position(|policy| policy.name == of.policy);
    let policy = policy.expect("a plan has the policies of its scenario");
    let layout = Arc::new(unit::layout(&scenario.world));
    unit::unit(scenario, &layout, policy, of.first..of.first + of.count, stop)
}
