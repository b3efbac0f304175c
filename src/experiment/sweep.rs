//! A sweep: a comparison at every point, one point after the other, the units of all of them on all cores.

use super::compare::{Failure, Surroundings, empty};
use super::comparison::{Comparison, Stopped};
use super::record::Record;
use super::worlds;
use crate::scenario::Scenario;

/// What takes the results of a sweep, in the order of the points.
pub trait Sink {
    type Error;

    /// A record of a point, in the order of (point, replication, policy), before it is folded.
    fn record(&mut self, point: usize, record: &Record) -> Result<(), Self::Error>;

    /// A point with all its replications.
    fn point(&mut self, point: usize, comparison: Comparison) -> Result<(), Self::Error>;
}

/// Plays every point. All of them have the same seed, so that a world differs from point to point by its keys alone.
///
/// Interrupted, it has told the sink of the points that are done, and of no others.
pub fn sweep<S: Sink>(
    points: &[&Scenario],
    surroundings: &Surroundings<'_>,
    sink: &mut S,
) -> Result<Stopped, Failure<S::Error>> {
    let mut open: Option<Comparison> = None;
    worlds::play(points, surroundings, |point, record| {
        sink.record(point, record)?;
        let comparison = open.get_or_insert_with(|| empty(points[point]));
        comparison.push(record);
        if comparison.finished() < comparison.asked {
            return Ok(());
        }
        open.take().map_or(Ok(()), |finished| sink.point(point, finished))
    })
}
