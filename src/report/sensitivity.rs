//! What the keys of a sweep come to, for programs: `sensitivity.csv`, `best-changes.csv`, and their part of `summary.json`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::csv::row;
use super::number::exact;
use super::sweep::Swept;
use crate::experiment::sensitivity::{Axis, Change, Effect, Move, Sensitivity, sensitivity};
use crate::scenario::sweep::Sweep;

/// How far each policy moves along each key.
pub const NAME: &str = "sensitivity.csv";
/// Where another policy becomes the best.
pub const CHANGES_NAME: &str = "best-changes.csv";

/// The columns of `sensitivity.csv`.
const HEADER: [&str; 12] = [
    "key",
    "policy",
    "metric",
    "from_value",
    "to_value",
    "held",
    "from_mean",
    "to_mean",
    "difference",
    "ci_low",
    "ci_high",
    "verdict",
];
/// The columns of `best-changes.csv`.
const CHANGES: [&str; 8] =
    ["key", "metric", "from_value", "to_value", "held", "best_before", "best_after", "told_apart"];

/// What the keys of this sweep come to; `None` where no two of its points can be compared.
#[must_use]
pub fn of(swept: &Swept<'_>) -> Option<Sensitivity> {
    sensitivity(swept.sweep, |point| swept.point(point))
}

/// The names of policies, joined.
#[must_use]
pub fn names(swept: &Swept<'_>, policies: &[usize], between: &str) -> String {
    let name = |&policy: &usize| swept.scenario.policies[policy].name.as_str();
    policies.iter().map(name).collect::<Vec<_>>().join(between)
}

/// The keys that are held, with their values at a point: `bus.loss = 0.1, …`.
fn held(sweep: &Sweep, axis: Axis, point: usize) -> String {
    held_by(sweep, axis, point).into_iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
}

fn held_by(sweep: &Sweep, axis: Axis, point: usize) -> BTreeMap<&str, &str> {
    let values = sweep.values(point);
    axis.held(sweep).into_iter().map(|key| (sweep.keys[key].path.as_str(), values[key])).collect()
}

/// The text of `sensitivity.csv`.
#[must_use]
pub fn csv(swept: &Swept<'_>, found: &Sensitivity) -> String {
    let sweep = swept.sweep;
    let line = |axis: Axis, of: &Move| {
        let interval = of.difference.interval;
        let bound = |bound: Option<f64>| bound.map_or_else(String::new, exact);
        row(&[
            axis.path(sweep),
            swept.scenario.policies[of.policy].name.clone(),
            found.metric.to_owned(),
            axis.value(sweep, of.from),
            axis.value(sweep, of.to),
            held(sweep, axis, of.from),
            exact(of.from_mean),
            exact(of.to_mean),
            exact(of.difference.mean),
            bound(interval.map(|interval| interval.low)),
            bound(interval.map(|interval| interval.high)),
            of.verdict.word().to_owned(),
        ])
    };
    let rows = found.effects.iter().flat_map(|effect| effect.moves.iter().map(move |of| line(effect.axis, of)));
    row(&HEADER) + &rows.collect::<String>()
}

/// The text of `best-changes.csv`; only its columns where the best policy stays.
#[must_use]
pub fn changes_csv(swept: &Swept<'_>, found: &Sensitivity) -> String {
    let sweep = swept.sweep;
    let line = |axis: Axis, change: &Change| {
        row(&[
            axis.path(sweep),
            found.metric.to_owned(),
            axis.value(sweep, change.from),
            axis.value(sweep, change.to),
            held(sweep, axis, change.from),
            names(swept, &change.before, " = "),
            names(swept, &change.after, " = "),
            change.told_apart.to_string(),
        ])
    };
    let rows =
        found.effects.iter().flat_map(|effect| effect.changes.iter().map(move |change| line(effect.axis, change)));
    row(&CHANGES) + &rows.collect::<String>()
}

/// The `sensitivity` part of `summary.json`.
#[derive(Serialize)]
pub(super) struct SensitivityPart<'a> {
    metric: &'static str,
    keys: Vec<KeyPart<'a>>,
}

#[derive(Serialize)]
struct KeyPart<'a> {
    key: String,
    lines: usize,
    moves: Vec<MovePart<'a>>,
    changes: Vec<ChangePart<'a>>,
}

#[derive(Serialize)]
struct MovePart<'a> {
    policy: &'a str,
    from_value: String,
    to_value: String,
    held: BTreeMap<&'a str, &'a str>,
    from_mean: f64,
    to_mean: f64,
    difference: f64,
    ci_low: Option<f64>,
    ci_high: Option<f64>,
    verdict: &'static str,
}

#[derive(Serialize)]
struct ChangePart<'a> {
    from_value: String,
    to_value: String,
    held: BTreeMap<&'a str, &'a str>,
    best_before: Vec<&'a str>,
    best_after: Vec<&'a str>,
    told_apart: bool,
}

/// The part of a sweep.
pub(super) fn part<'a>(swept: &'a Swept<'_>) -> Option<SensitivityPart<'a>> {
    let found = of(swept)?;
    let keys = found.effects.iter().map(|effect| key_part(swept, effect)).collect();
    Some(SensitivityPart { metric: found.metric, keys })
}

fn key_part<'a>(swept: &'a Swept<'_>, effect: &Effect) -> KeyPart<'a> {
    let (sweep, axis) = (swept.sweep, effect.axis);
    let name = |&policy: &usize| swept.scenario.policies[policy].name.as_str();
    let moved = |of: &Move| MovePart {
        policy: name(&of.policy),
        from_value: axis.value(sweep, of.from),
        to_value: axis.value(sweep, of.to),
        held: held_by(sweep, axis, of.from),
        from_mean: of.from_mean,
        to_mean: of.to_mean,
        difference: of.difference.mean,
        ci_low: of.difference.interval.map(|interval| interval.low),
        ci_high: of.difference.interval.map(|interval| interval.high),
        verdict: of.verdict.word(),
    };
    let changed = |change: &Change| ChangePart {
        from_value: axis.value(sweep, change.from),
        to_value: axis.value(sweep, change.to),
        held: held_by(sweep, axis, change.from),
        best_before: change.before.iter().map(name).collect(),
        best_after: change.after.iter().map(name).collect(),
        told_apart: change.told_apart,
    };
    KeyPart {
        key: axis.path(sweep),
        lines: effect.lines,
        moves: effect.moves.iter().map(moved).collect(),
        changes: effect.changes.iter().map(changed).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_row_says_between_which_values_a_policy_moves_farthest() {
        let (scenario, sweep) = (sample::scenario(), sample::sweep());
        let swept = sample::swept(&scenario, &sweep, 6, 20);
        let found = of(&swept).unwrap();
        let text = csv(&swept, &found);
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(rows.len(), 1 + 2 * scenario.policies.len(), "{text}");
        let start = "idp.token_lifetime,ttl-only,downtime_after_restart_s,5min,1h,bus.loss = 0.1,";
        assert!(rows[1].starts_with(start) && rows[1].ends_with(",worse"), "{text}");
        // The key that moves less comes later; its farthest move is where the lifetime is longest.
        let start = "bus.loss,ttl-only,downtime_after_restart_s,0,0.1,idp.token_lifetime = 1h,";
        assert!(rows[1 + scenario.policies.len()].starts_with(start), "{text}");
        let still = rows.iter().find(|row| row.starts_with("bus.loss,no-cache,")).unwrap();
        assert!(still.ends_with(",0,0,0,0,0,same"), "{still}");
        assert_eq!(changes_csv(&swept, &found).lines().count(), 1, "no-cache is the best everywhere");
    }

    #[test]
    fn one_point_has_no_sensitivity_and_zipped_keys_are_one() {
        let (scenario, mut sweep) = (sample::scenario(), sample::sweep());
        assert!(of(&sample::swept(&scenario, &sweep, 1, 5)).is_none());
        sample::zip(&mut sweep);
        let swept = sample::swept(&scenario, &sweep, 2, 20);
        let found = of(&swept).unwrap();
        assert_eq!((found.effects.len(), found.effects[0].axis), (1, Axis::Zip));
        let text = csv(&swept, &found);
        assert!(text.contains("\"idp.token_lifetime, bus.loss\",ttl-only,"), "{text}");
        assert!(text.contains(",\"5min, 0\",\"15min, 0.1\",,"), "{text}");
    }
}
