//! What a comparison came to, kept to be compared with later: replication by replication, so that differences are paired.
//!
//! A later run on the same seed meets the same worlds. What differs then differs by the model, the scenario or a policy, and
//! not by chance; whether it would differ in other worlds too is what the paired interval says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::comparison::Comparison;
use super::stat::paired::{self, Difference};
use crate::metric::{Better, MetricDef};
use crate::scenario::Scenario;

/// Counts up when the file means something else.
pub const SCHEMA: u32 = 1;

/// A baseline file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    pub schema: u32,
    /// Of the program that saved it.
    pub version: String,
    pub model_version: u32,
    /// By the name of the scenario.
    pub scenarios: BTreeMap<String, Saved>,
}

/// What is kept of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// Of the resolved scenario.
    pub id: String,
    pub seed: u64,
    /// The first so many of its worlds.
    pub replications: u32,
    /// By name.
    pub policies: BTreeMap<String, SavedPolicy>,
}

/// What is kept of a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPolicy {
    /// The blake3 hash (hex) of the digests of its worlds.
    pub digest: String,
    /// By the name of the metric; one that never has a value is left out.
    pub metrics: BTreeMap<String, Values>,
}

/// A value a replication; `null` where the metric does not apply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Values {
    /// The same in each.
    Same(f64),
    Each(Vec<Option<f64>>),
}

/// What a scenario came to against its baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// Worlds that both have played.
    pub replications: u32,
    /// Whether the scenario is another one than that of the baseline.
    pub scenario_changed: bool,
    /// Policies whose worlds are not what they were, though scenario, seed and model version are the same.
    pub model_changed: Vec<String>,
    /// Policies of which every watched value is the same.
    pub identical: Vec<String>,
    /// What differs, whatever it comes to.
    pub changes: Vec<Change>,
    /// Policies that only one of both has.
    pub missing: Vec<String>,
    pub added: Vec<String>,
}

/// A metric of a policy that is not what it was in every replication.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub policy: String,
    pub metric: MetricDef,
    pub before: f64,
    pub now: f64,
    /// Now less before, paired; its interval holds together with those of all other metrics and policies of the scenario.
    pub difference: Difference,
    /// Of the difference, in units of the mean before; infinite where that is zero.
    pub effect: f64,
    pub kind: Kind,
}

/// What a change comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Beyond noise and beyond the least effect, in the wrong direction.
    Regression,
    /// The same in the right direction.
    Improvement,
    /// The same of a metric that has no direction.
    Different,
    /// Beyond noise, and smaller than the least effect.
    Small,
    /// It cannot be told from noise.
    Noise,
}

/// Why a baseline cannot be used for a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It was saved with this seed, so that its worlds are others.
    Seed(u64),
    /// Not as many values as it says, for this policy and metric.
    Length(String, String),
}

impl Kind {
    /// As tables and documents print it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Regression => "regression",
            Kind::Improvement => "improvement",
            Kind::Different => "different",
            Kind::Small => "small",
            Kind::Noise => "noise",
        }
    }
}

impl Values {
    fn of(values: &[f64]) -> Option<Values> {
        let (&first, rest) = values.split_first()?;
        if values.iter().all(|value| value.is_nan()) {
            return None;
        }
        if rest.iter().all(|value| value.total_cmp(&first).is_eq()) {
            return Some(Values::Same(first));
        }
        Some(Values::Each(values.iter().map(|value| (!value.is_nan()).then_some(*value)).collect()))
    }

    fn list(&self, replications: u32) -> Option<Vec<f64>> {
        match self {
            Values::Same(value) => Some(vec![*value; replications as usize]),
            Values::Each(values) => (values.len() == replications as usize)
                .then(|| values.iter().map(|value| value.unwrap_or(f64::NAN)).collect()),
        }
    }
}

/// What is watched of a scenario: every metric that has a good direction, without the shares of causes in the failures; and
/// those that its expectations name.
#[must_use]
pub fn watched(scenario: &Scenario, comparison: &Comparison) -> Vec<MetricDef> {
    let named = |metric: &MetricDef| scenario.expects.iter().any(|expect| expect.metric == metric.name);
    let part = |metric: &MetricDef| metric.name.contains('.');
    let all = comparison.metrics.iter().copied();
    all.filter(|metric| (metric.better.is_some() && !part(metric)) || named(metric)).collect()
}

/// What a baseline keeps of a comparison: its first `replications` worlds, or as many as there are.
#[must_use]
pub fn save(scenario: &Scenario, comparison: &Comparison, replications: u32) -> Saved {
    let replications = replications.min(comparison.finished());
    let first = |values: &[f64]| Values::of(&values[..replications as usize]);
    let watched = watched(scenario, comparison);
    let policy = |(index, results): (usize, &super::comparison::PolicyResults)| {
        let values = |metric: &MetricDef| Some((metric.name.to_owned(), first(comparison.values(index, metric.name))?));
        let saved = SavedPolicy {
            digest: results.digest_of(replications),
            metrics: watched.iter().filter_map(values).collect(),
        };
        (results.name.clone(), saved)
    };
    Saved {
        id: scenario.id.clone(),
        seed: scenario.world.run.seed,
        replications,
        policies: comparison.policies.iter().enumerate().map(policy).collect(),
    }
}

/// A comparison against what was saved. `min_effect` is the least difference that counts, in units of the mean before;
/// `error` the probability that any of the intervals misses.
pub fn compare(
    saved: &Saved,
    same_model: bool,
    scenario: &Scenario,
    comparison: &Comparison,
    min_effect: f64,
    error: f64,
) -> Result<Compared, Unusable> {
    if saved.seed != scenario.world.run.seed {
        return Err(Unusable::Seed(saved.seed));
    }
    let both = saved.replications.min(comparison.finished());
    let known = |name: &str| saved.policies.contains_key(name);
    let mut compared = Compared {
        replications: both,
        scenario_changed: saved.id != scenario.id,
        model_changed: Vec::new(),
        identical: Vec::new(),
        changes: Vec::new(),
        missing: saved
            .policies
            .keys()
            .filter(|name| !scenario.policies.iter().any(|of| of.name == **name))
            .cloned()
            .collect(),
        added: scenario.policies.iter().map(|of| of.name.clone()).filter(|name| !known(name)).collect(),
    };
    let watched = watched(scenario, comparison);
    let in_both = saved.policies.keys().filter(|name| !compared.missing.contains(name)).count();
    let share = error / super::stat::count((in_both * watched.len()).max(1));
    for (index, results) in comparison.policies.iter().enumerate() {
        let Some(before) = saved.policies.get(&results.name) else { continue };
        let moved = both == saved.replications && before.digest != results.digest_of(both);
        if moved && same_model && !compared.scenario_changed {
            compared.model_changed.push(results.name.clone());
        }
        let from = compared.changes.len();
        for metric in &watched {
            let now = &comparison.values(index, metric.name)[..both as usize];
            let before = match before.metrics.get(metric.name) {
                None => vec![f64::NAN; both as usize],
                Some(values) => values
                    .list(saved.replications)
                    .ok_or_else(|| Unusable::Length(results.name.clone(), metric.name.to_owned()))?,
            };
            compared.changes.extend(change(&results.name, *metric, now, &before[..both as usize], min_effect, share));
        }
        if compared.changes.len() == from && !moved {
            compared.identical.push(results.name.clone());
        }
    }
    compared.changes.sort_by_key(|change| change.kind);
    Ok(compared)
}

/// What became of a metric; nothing where it is the same in every replication, or has no value in one of both.
fn change(policy: &str, metric: MetricDef, now: &[f64], before: &[f64], min_effect: f64, error: f64) -> Option<Change> {
    let difference = paired::difference(now, before, error)?;
    if difference.identical {
        return None;
    }
    let pairs = now.iter().zip(before).filter(|(now, before)| !now.is_nan() && !before.is_nan());
    let (now, before): (Vec<f64>, Vec<f64>) = pairs.map(|(now, before)| (*now, *before)).unzip();
    let (now, before) = (super::stat::mean(&now)?, super::stat::mean(&before)?);
    let effect = if before == 0.0 { f64::INFINITY } else { difference.mean.abs() / before.abs() };
    let beyond_noise = difference.interval.is_some_and(|interval| !interval.touches_zero());
    let kind = match metric.better {
        _ if !beyond_noise => Kind::Noise,
        _ if effect <= min_effect => Kind::Small,
        None => Kind::Different,
        Some(better) if (difference.mean > 0.0) == (better == Better::Higher) => Kind::Improvement,
        Some(_) => Kind::Regression,
    };
    Some(Change { policy: policy.to_owned(), metric, before, now, difference, effect, kind })
}

impl Compared {
    /// How many changes are of a kind.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.changes.iter().filter(|change| change.kind == kind).count()
    }

    /// Whether it is worse than the baseline, or not what the same model gives.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.count(Kind::Regression) > 0 || !self.model_changed.is_empty()
    }
}
