//! As many replications as it takes to decide what is expected, and to compare with a baseline.

use super::compare::{Failure, Surroundings, compare_until};
use super::comparison::Comparison;
use super::judge::{all_decided, statements};
use super::sequential::Looks;
use crate::replications::{Replications, Until};
use crate::scenario::Scenario;

/// Plays a scenario until all its expectations are decided, from `run.replications.min` to its `max`, and for `least` replications
/// at least (but not beyond `max`). Where nothing is expected, `least` are enough. The comparison has no timeline.
pub fn check<E>(scenario: &Scenario, least: u32, surroundings: &Surroundings<'_>) -> Result<Comparison, Failure<E>> {
    let Replications { min, max, .. } = scenario.replications;
    let least = least.min(max);
    let looks = if scenario.expects.is_empty() {
        Looks::fixed(if least > 0 { least } else { max })
    } else {
        let decided = Replications { min, max, until: Until::Decided };
        Looks::of(&decided, scenario.policies.len(), statements(&scenario.expects))
    };
    let enough = |comparison: &Comparison| comparison.finished() >= least && all_decided(&scenario.expects, comparison);
    played(scenario, &looks, surroundings, enough)
}

/// Plays the first worlds of a scenario, at most as many as it has, whatever they come to. The comparison has no timeline.
pub fn first<E>(
    scenario: &Scenario,
    replications: u32,
    surroundings: &Surroundings<'_>,
) -> Result<Comparison, Failure<E>> {
    let number = replications.min(scenario.replications.max);
    played(scenario, &Looks::fixed(number), surroundings, |_| false)
}

fn played<E>(
    scenario: &Scenario,
    looks: &Looks,
    surroundings: &Surroundings<'_>,
    enough: impl Fn(&Comparison) -> bool,
) -> Result<Comparison, Failure<E>> {
    let mut comparison = compare_until(scenario, looks, surroundings, |_| Ok(()), enough)?;
    for policy in &mut comparison.policies {
        policy.timeline = Vec::new();
    }
    Ok(comparison)
}
