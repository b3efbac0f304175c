//! A comparison: plan → run → merge, of one scenario.

use super::comparison::{Comparison, Stopped};
use super::judge::{all_decided, statements};
use super::record::Record;
use super::sequential::{Looks, narrow};
pub use super::worlds::{Failure, Surroundings};
use super::{unit, worlds};
use crate::metric;
use crate::replications::Until;
use crate::scenario::Scenario;

/// Plays the replications of a scenario under every policy: a fixed number, or until an interval is narrow enough, or every
/// expectation is decided. `sink` gets each record in the
/// order of (replication, policy), before it is folded.
///
/// Interrupted, it keeps the replications that are done under every policy.
pub fn compare<E>(
    scenario: &Scenario,
    surroundings: &Surroundings<'_>,
    sink: impl FnMut(&Record) -> Result<(), E>,
) -> Result<Comparison, Failure<E>> {
    let replications = &scenario.replications;
    match &replications.until {
        Until::Fixed => compare_until(scenario, &Looks::fixed(replications.max), surroundings, sink, |_| true),
        Until::Decided => {
            let looks = Looks::of(replications, scenario.policies.len(), statements(&scenario.expects));
            compare_until(scenario, &looks, surroundings, sink, |comparison| all_decided(&scenario.expects, comparison))
        }
        Until::HalfWidth { metric, policy, width } => {
            let looks = Looks::of(replications, scenario.policies.len(), 1);
            let enough = |comparison: &Comparison| narrow(comparison, metric, policy.as_deref(), *width);
            compare_until(scenario, &looks, surroundings, sink, enough)
        }
    }
}

/// Plays one batch of replications after the other under every policy, and looks after each whether that is `enough`: at all that
/// was folded by then, in the order of replications, with the error of the look.
pub fn compare_until<E>(
    scenario: &Scenario,
    looks: &Looks,
    surroundings: &Surroundings<'_>,
    mut sink: impl FnMut(&Record) -> Result<(), E>,
    mut enough: impl FnMut(&Comparison) -> bool,
) -> Result<Comparison, Failure<E>> {
    let mut comparison = empty(scenario);
    comparison.asked = looks.most();
    let policies = scenario.policies.len() as u64;
    let planned = u64::from(looks.most()) * policies;
    for (look, &end) in looks.ends().iter().enumerate() {
        let start = comparison.finished();
        let before = u64::from(start) * policies;
        let progress = |done: u64, _: u64| (surroundings.progress)(before + done, planned);
        let around = Surroundings { progress: &progress, ..*surroundings };
        comparison.error = looks.error_at(look);
        comparison.stopped = worlds::play_ranges(&[(scenario, start..end)], &around, |_, record| {
            sink(record)?;
            comparison.push(record);
            Ok(())
        })?;
        if comparison.stopped == Stopped::Interrupted {
            comparison.ending = None;
            break;
        }
        if let Some(goal) = looks.goal() {
            let reached = enough(&comparison);
            comparison.ending = Some(goal.ending(reached));
            if reached {
                break;
            }
        }
    }
    Ok(comparison)
}

/// The comparison of a scenario's policies, without records yet.
#[must_use]
pub fn empty(scenario: &Scenario) -> Comparison {
    let names: Vec<String> = scenario.policies.iter().map(|policy| policy.name.clone()).collect();
    Comparison::new(&names, metric::all(), unit::layout(&scenario.world), scenario.replications.max)
}
