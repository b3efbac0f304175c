//! From the units in a store to comparisons, in the order of the plan: whoever ran which unit, and how often, never shows.

use super::compare::empty;
use super::comparison::Comparison;
use super::plan::Plan;
use super::record::Record;
use super::store::{Index, Place, StoreError};
use super::unit;
use crate::scenario::Scenario;
use crate::scenario::sweep::Sweep;

/// What takes the results of a sweep, in the order of the points.
pub trait Sink {
    type Error;

    /// A record of a point, in the order of (point, replication, policy), before it is folded.
    fn record(&mut self, point: usize, record: &Record) -> Result<(), Self::Error>;

    /// A point with all its replications.
    fn point(&mut self, point: usize, comparison: Comparison) -> Result<(), Self::Error>;
}

/// Why units are not merged.
#[derive(Debug)]
pub enum Refusal {
    /// Two runs of one unit came to different results: it is not deterministic there.
    Differ {
        unit: usize,
        one: String,
        other: String,
    },
    /// A record has a good checksum, and is not what its unit has to come to.
    Misshapen {
        unit: usize,
        segment: String,
    },
    Store(StoreError),
}

/// Why there is no merged sweep.
#[derive(Debug)]
pub enum Failure<E> {
    Refused(Refusal),
    /// What took the records failed.
    Sink(E),
}

impl<E> From<Refusal> for Failure<E> {
    fn from(refusal: Refusal) -> Failure<E> {
        Failure::Refused(refusal)
    }
}

/// Compares every unit that was run more than once with itself, byte by byte. Returns how many records agreed with another one.
pub fn duplicates(index: &Index, units: usize) -> Result<u64, Refusal> {
    let mut agreed = 0;
    for unit in 0..units {
        let [first, others @ ..] = index.places(unit) else { continue };
        if others.is_empty() {
            continue;
        }
        let one = read(index, unit, *first)?;
        for other in others {
            if read(index, unit, *other)? != one {
                let (one, other) = (index.segment(*first), index.segment(*other));
                return Err(Refusal::Differ { unit, one, other });
            }
            agreed += 1;
        }
    }
    Ok(agreed)
}

/// Merges every point that has all its units; the points that have not are returned, each with the units that it lacks.
///
/// # Panics
/// Where the index is of another plan, or the plan of another sweep.
pub fn merge<S: Sink>(
    plan: &Plan,
    sweep: &Sweep,
    index: &Index,
    sink: &mut S,
) -> Result<Vec<(usize, Vec<usize>)>, Failure<S::Error>> {
    let mut holes = Vec::new();
    for (point, units) in plan.units_of_points().into_iter().enumerate() {
        let missing: Vec<usize> = units.iter().copied().filter(|&unit| !index.has(unit)).collect();
        if missing.is_empty() {
            merge_point(plan, (point, &sweep.points[point].scenario), &units, index, sink)?;
        } else {
            holes.push((point, missing));
        }
    }
    Ok(holes)
}

fn merge_point<S: Sink>(
    plan: &Plan,
    (point, scenario): (usize, &Scenario),
    units: &[usize],
    index: &Index,
    sink: &mut S,
) -> Result<(), Failure<S::Error>> {
    let mut comparison = empty(scenario);
    // The same replications under every policy, in memory as they were written.
    for units in units.chunks(scenario.policies.len()) {
        let mut bytes = Vec::new();
        for &unit in units {
            let place = index.places(unit)[0];
            bytes.push((unit, place, read(index, unit, place)?));
        }
        let mut records: Vec<_> = bytes.iter().map(|(_, _, bytes)| unit::lines(bytes)).collect();
        let Some(&first) = units.first() else { continue };
        let first = &plan.units[first];
        for replication in first.first..first.first + first.count {
            for (policy, lines) in records.iter_mut().enumerate() {
                let record = lines.next().and_then(Result::ok).filter(|record| {
                    (record.policy, record.replication) == (policy, replication) && comparison.fits(record)
                });
                let Some(record) = record else { return Err(misshapen(index, &bytes[policy]).into()) };
                sink.record(point, &record).map_err(Failure::Sink)?;
                comparison.push(&record);
            }
        }
        if let Some(policy) = records.iter_mut().position(|lines| lines.next().is_some()) {
            return Err(misshapen(index, &bytes[policy]).into());
        }
    }
    sink.point(point, comparison).map_err(Failure::Sink)
}

fn misshapen(index: &Index, (unit, place, _): &(usize, Place, Vec<u8>)) -> Refusal {
    Refusal::Misshapen { unit: *unit, segment: index.segment(*place) }
}

fn read(index: &Index, unit: usize, place: Place) -> Result<Vec<u8>, Refusal> {
    let misshapen = || Refusal::Misshapen { unit, segment: index.segment(place) };
    index.read(place).map_err(Refusal::Store)?.ok_or_else(misshapen)
}
