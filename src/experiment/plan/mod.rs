//! A plan: all units of a sweep, with what whoever runs them has to know. It is a file of its own: the texts of the scenario are
//! in it, so that it means the same on every machine. The format is described in docs/plan.md and docs/schemas/sweep-plan.json.

pub mod cost;
mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::MODEL_VERSION;
use crate::replications::Until;
use crate::scenario::sweep::{Point, Sweep};
use crate::scenario::{Loaded, Scenario};

pub use file::{InputText, NotAPlan, ReadError, inputs};

/// Names this program: its version and a hash of what it is made of.
pub const BUILD: &str = env!("STALEGATE_BUILD");

/// Counts up when a program that reads a plan would have to change.
pub const SCHEMA: u32 = 1;

/// A unit is at most about so much work, in events: two seconds.
const UNIT: u64 = 2 * cost::EVENTS_PER_SECOND;
/// A sweep is cut into so many units at least, if it has as many replications: none of many threads shall wait for the last one.
const UNITS: u64 = 512;
/// Replications of a unit at most.
const MOST_REPLICATIONS: u64 = 100;

/// A sweep, cut into units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub schema: u32,
    /// Of the program.
    pub version: String,
    /// Changes whenever the same file and seed give other numbers.
    pub model_version: String,
    /// [`BUILD`] of the program that made the plan, which alone runs and merges it.
    pub build: String,
    /// What was asked, as the manifest of the results will have it.
    pub command: Vec<String>,
    pub scenario: Named,
    /// What was given with `--set`, in order.
    pub overrides: Vec<String>,
    /// What was given with `--seed`.
    pub seed: Option<u64>,
    /// Every file that the scenario was read from, the scenario's first; empty where the plan is no file.
    pub inputs: Vec<InputText>,
    /// At least 1.
    pub shards: u32,
    /// In their order.
    pub points: Vec<PlannedPoint>,
    /// In the order in which they are merged: point, replications, policy.
    pub units: Vec<Unit>,
    /// Hash (hex) of all else, so that a change is told.
    pub seal: String,
}

/// The scenario with the file's own values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    pub name: String,
    /// Hash (hex) of the resolved scenario.
    pub id: String,
}

/// A point of the sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedPoint {
    pub point: usize,
    /// The values of the swept keys, by their paths.
    pub values: BTreeMap<String, String>,
    /// Hash (hex) of the scenario at this point. Points with one id share their units.
    pub id: String,
}

/// A unit of work: some replications of one policy at one point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// Hash (hex) of what decides its result.
    pub id: String,
    /// The first point that it belongs to.
    pub point: usize,
    pub policy: String,
    /// The first replication.
    pub first: u32,
    /// How many; at least 1.
    pub count: u32,
    /// Estimated, in events.
    pub cost: u64,
}

/// Beside the scenario, what a plan is made of.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub command: Vec<String>,
    pub overrides: Vec<String>,
    pub seed: Option<u64>,
    pub inputs: Vec<InputText>,
    /// At least 1.
    pub shards: u32,
}

/// The number of replications is not fixed: which units there are would depend on what they come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotStatic {
    /// So many replications there may be.
    pub max: u32,
}

impl fmt::Display for NotStatic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let max = self.max;
        write!(
            f,
            "a plan is static, and `run.replications` of the scenario waits for something: give a number, for example \
             --set run.replications={max}"
        )
    }
}

impl Plan {
    /// The plan of a sweep, by this program.
    ///
    /// # Errors
    /// Where a point plays until something holds.
    pub fn of(scenario: &Scenario, sweep: &Sweep, ask: Ask) -> Result<Plan, NotStatic> {
        let number = |point: &Point| point.scenario.replications.clone();
        if let Some(open) = sweep.points.iter().map(number).find(|number| number.until != Until::Fixed) {
            return Err(NotStatic { max: open.max });
        }
        let mut planned = BTreeSet::new();
        let mut different: Vec<(usize, &Point)> = sweep.points.iter().enumerate().collect();
        different.retain(|&(_, point)| planned.insert(point.scenario.id.as_str()));
        let all = different.iter().fold(0, |sum: u64, (_, point)| sum.saturating_add(of_point(&point.scenario)));
        let target = (all / UNITS).min(UNIT);
        let mut units = Vec::new();
        for (index, point) in different {
            units_of(index, &point.scenario, target, &mut units);
        }
        let point = |(index, point): (usize, &Point)| PlannedPoint {
            point: index,
            values: sweep
                .keys
                .iter()
                .zip(sweep.values(index))
                .map(|(key, value)| (key.path.clone(), value.to_owned()))
                .collect(),
            id: point.scenario.id.clone(),
        };
        let plan = Plan {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model_version: MODEL_VERSION.to_string(),
            build: BUILD.to_owned(),
            command: ask.command,
            scenario: Named { name: scenario.name.clone(), id: scenario.id.clone() },
            overrides: ask.overrides,
            seed: ask.seed,
            inputs: ask.inputs,
            shards: ask.shards,
            points: sweep.points.iter().enumerate().map(point).collect(),
            units,
            seal: String::new(),
        };
        Ok(plan.sealed())
    }

    /// The same with its seal.
    ///
    /// # Panics
    /// Never: all of it can be JSON.
    #[must_use]
    pub fn sealed(mut self) -> Plan {
        self.seal.clear();
        let text = serde_json::to_vec(&self).expect("all of it can be JSON");
        self.seal = blake3::hash(&text).to_hex().to_string();
        self
    }

    /// Reads the scenario from the plan's own texts.
    ///
    /// # Errors
    /// In words, where the plan is not what this program would make of them.
    pub fn load(&self) -> Result<Loaded, String> {
        let changed = "so it was changed, or is damaged; make it again with `stalegate sweep plan`";
        let Some(first) = self.inputs.first() else { return Err(format!("the plan has no scenario in it, {changed}")) };
        let texts = self.inputs.iter().map(|input| (input.name.clone(), input.text.clone())).collect();
        let loaded =
            crate::scenario::load_kept(&first.name, texts, &self.overrides, self.seed).map_err(|mistakes| {
                format!("the scenario in the plan has mistakes, {changed}:\n{}", mistakes.render(false))
            })?;
        let Some(sweep) = &loaded.sweep else {
            return Err(format!("the scenario in the plan has no [sweep], {changed}"));
        };
        let ask = Ask {
            command: self.command.clone(),
            overrides: self.overrides.clone(),
            seed: self.seed,
            inputs: Vec::new(),
            shards: self.shards,
        };
        let made = Plan::of(&loaded.scenario, sweep, ask).map_err(|error| error.to_string())?;
        let differs = if made.scenario != self.scenario {
            Some("scenario")
        } else if made.points != self.points {
            Some("points")
        } else if made.units != self.units {
            Some("units")
        } else {
            None
        };
        match differs {
            Some(what) => Err(format!("the plan has not the {what} of the texts in it, {changed}")),
            None => Ok(loaded),
        }
    }

    /// What of a plan by another program keeps this one from running it, in words.
    #[must_use]
    pub fn other_build(&self) -> Option<String> {
        (self.build != BUILD).then(|| {
            format!(
                "the plan was made by build {}, and this is build {BUILD}: their results are not to be mixed; use the program \
                 that made the plan, or make the plan again with this one",
                self.build
            )
        })
    }

    /// The plan's own name (hex, 16 digits): of its units and the build that runs them, whatever the shards.
    #[must_use]
    pub fn id(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("{}\n", self.build).as_bytes());
        for unit in &self.units {
            hasher.update(format!("{}\n", unit.id).as_bytes());
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }

    /// All units as they are dealt: the most expensive first.
    fn dealt(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.units.len()).collect();
        order.sort_by_key(|&unit| (std::cmp::Reverse(self.units[unit].cost), &self.units[unit].id));
        order
    }

    /// The units of a shard (from 0), the most expensive first: every shard gets some of each kind.
    #[must_use]
    pub fn shard(&self, shard: u32) -> Vec<usize> {
        let (shard, shards) = (to_usize(shard), to_usize(self.shards).max(1));
        self.dealt().into_iter().skip(shard).step_by(shards).collect()
    }

    /// By unit, its shard.
    #[must_use]
    pub fn shards_of_units(&self) -> Vec<u32> {
        let mut shards = vec![0; self.units.len()];
        for (unit, shard) in self.dealt().into_iter().zip((0..self.shards.max(1)).cycle()) {
            shards[unit] = shard;
        }
        shards
    }

    /// The positions of units by their ids.
    #[must_use]
    pub fn by_id(&self) -> BTreeMap<&str, usize> {
        self.units.iter().enumerate().map(|(index, unit)| (unit.id.as_str(), index)).collect()
    }

    /// By point, the positions of its units, in the order in which they are merged.
    #[must_use]
    pub fn units_of_points(&self) -> Vec<Vec<usize>> {
        let mut of_scenario: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, unit) in self.units.iter().enumerate() {
            of_scenario.entry(self.points[unit.point].id.as_str()).or_default().push(index);
        }
        self.points.iter().map(|point| of_scenario.get(point.id.as_str()).cloned().unwrap_or_default()).collect()
    }

    /// The estimated events of these units.
    pub fn cost(&self, units: impl IntoIterator<Item = usize>) -> u64 {
        units.into_iter().fold(0, |sum, unit| sum.saturating_add(self.units[unit].cost))
    }

    /// How many replications under one policy these units are.
    pub fn runs(&self, units: impl IntoIterator<Item = usize>) -> u64 {
        units.into_iter().map(|unit| u64::from(self.units[unit].count)).sum()
    }
}

impl Unit {
    /// `unit 0a1b… (point 3, ttl-only, replications 0 to 99)`.
    #[must_use]
    pub fn told(&self) -> String {
        let last = self.first + self.count - 1;
        let replications = if self.count == 1 {
            format!("replication {last}")
        } else {
            format!("replications {} to {last}", self.first)
        };
        format!("unit {} (point {}, {}, {replications})", self.id, self.point, self.policy)
    }
}

/// The estimated events of all replications at a point, under all its policies.
fn of_point(scenario: &Scenario) -> u64 {
    let runs = scenario.policies.iter().map(|policy| cost::events(&scenario.world, &policy.policy));
    runs.fold(0, |sum: u64, cost| sum.saturating_add(cost)).saturating_mul(scenario.replications.max.into())
}

/// Adds the units of a point, each of about `target` events under the most expensive policy.
fn units_of(point: usize, scenario: &Scenario, target: u64, units: &mut Vec<Unit>) {
    let costs: Vec<u64> =
        scenario.policies.iter().map(|policy| cost::events(&scenario.world, &policy.policy)).collect();
    let most = costs.iter().max().copied().unwrap_or(1);
    let most = u32::try_from((target / most).clamp(1, MOST_REPLICATIONS)).unwrap_or(1);
    let all = scenario.replications.max;
    // As many units as that takes, all of about one size.
    let count = all.div_ceil(all.div_ceil(most).max(1));
    for first in (0..all).step_by(to_usize(count)) {
        let count = count.min(all - first);
        units.extend(scenario.policies.iter().zip(&costs).map(|(policy, cost)| Unit {
            id: unit_id(&scenario.id, &policy.name, first, count),
            point,
            policy: policy.name.clone(),
            first,
            count,
            cost: cost * u64::from(count),
        }));
    }
}

/// The id of a unit (hex, 32 digits). `scenario` is the id of the resolved scenario, which decides the seed, too.
#[must_use]
pub fn unit_id(scenario: &str, policy: &str, first: u32, count: u32) -> String {
    let text = format!("model {MODEL_VERSION}\nscenario {scenario}\npolicy {policy}\nreplications {first} {count}\n");
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

fn to_usize(of: u32) -> usize {
    usize::try_from(of).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn plan(shards: u32, replications: u32) -> Plan {
        let mut sweep = sample::sweep();
        for (index, point) in sweep.points.iter_mut().enumerate() {
            point.scenario.id = format!("{index}");
            point.scenario.replications = crate::replications::Replications::fixed(replications);
        }
        Plan::of(&sample::scenario(), &sweep, Ask { shards, ..Ask::default() }).unwrap()
    }

    #[test]
    fn units_have_every_replication_of_every_policy_once_and_are_of_one_size() {
        for replications in [1, 7, 3_001] {
            let plan = plan(1, replications);
            let policies = sample::scenario().policies.len();
            for units in plan.units_of_points() {
                let of = |index: usize| units.iter().skip(index).step_by(policies).map(|&unit| &plan.units[unit]);
                for policy in 0..policies {
                    let mut next = 0;
                    for unit in of(policy) {
                        assert_eq!((unit.first, unit.policy.as_str()), (next, plan.units[policy].policy.as_str()));
                        assert!((1..=100).contains(&unit.count));
                        next += unit.count;
                    }
                    assert_eq!(next, replications);
                }
                let counts: Vec<u32> = of(0).map(|unit| unit.count).collect();
                let most = counts.iter().max().unwrap();
                assert!(counts[..counts.len() - 1].iter().all(|count| count == most), "{counts:?}");
            }
        }
    }

    #[test]
    fn the_plans_name_is_of_its_units_and_build_and_not_of_its_shards() {
        let one = plan(1, 3);
        assert_eq!(one.id(), plan(64, 3).id());
        assert_ne!(one.id(), plan(1, 4).id());
        assert_ne!(one.id(), Plan { build: "0.0.9+abc".into(), ..one.clone() }.id());
        assert_eq!(one.id().len(), 16);
    }

    #[test]
    fn a_units_id_is_of_scenario_policy_and_replications() {
        let id = unit_id("abc", "ttl-only", 0, 10);
        assert_eq!(id.len(), 32);
        for other in [
            unit_id("abd", "ttl-only", 0, 10),
            unit_id("abc", "hybrid", 0, 10),
            unit_id("abc", "ttl-only", 1, 10),
            unit_id("abc", "ttl-only", 0, 9),
        ] {
            assert_ne!(id, other);
        }
    }
}
