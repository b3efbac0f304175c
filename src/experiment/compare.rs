//! A comparison: plan → run → merge, of one scenario.

use super::comparison::Comparison;
use super::record::Record;
pub use super::worlds::{Failure, Surroundings};
use super::{unit, worlds};
use crate::metric;
use crate::scenario::Scenario;

/// Plays every replication under every policy. `sink` gets each record in the order of (replication, policy), before it is folded.
///
/// Interrupted, it keeps the replications that are done under every policy.
pub fn compare<E>(
    scenario: &Scenario,
    surroundings: &Surroundings<'_>,
    mut sink: impl FnMut(&Record) -> Result<(), E>,
) -> Result<Comparison, Failure<E>> {
    let mut comparison = empty(scenario);
    comparison.stopped = worlds::play(&[scenario], surroundings, |_, record| {
        sink(record)?;
        comparison.push(record);
        Ok(())
    })?;
    Ok(comparison)
}

/// The comparison of a scenario's policies, without records yet.
#[must_use]
pub fn empty(scenario: &Scenario) -> Comparison {
    let names: Vec<String> = scenario.policies.iter().map(|policy| policy.name.clone()).collect();
    Comparison::new(&names, metric::all(), unit::layout(&scenario.world), scenario.replications.max)
}
