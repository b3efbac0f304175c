//! What of a sweep matters to a decision: how far each key moves the metric, and where along it the best policy changes.
//!
//! Points share their worlds by common random numbers, so that two points are compared as two policies are: by the paired
//! differences of their replications.

use std::collections::BTreeMap;

use super::comparison::Comparison;
use super::stat::paired::{self, Difference};
use super::verdict::{self, Best, Verdict};
use crate::scenario::sweep::{Mode, Sweep};

/// Along what points are neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// A key of a grid, by its position; the other keys are held.
    Key(usize),
    /// All keys of a zip together.
    Zip,
}

/// What the keys of a sweep come to.
#[derive(Clone, Debug)]
pub struct Sensitivity {
    /// The metric that the comparison is about, at the first point that is done.
    pub metric: &'static str,
    /// The one that moves the metric farthest first.
    pub effects: Vec<Effect>,
}

/// What happens along one axis.
#[derive(Clone, Debug)]
pub struct Effect {
    pub axis: Axis,
    /// Lines with at least two points: combinations of the keys that are held.
    pub lines: usize,
    /// One per policy that has values, the farthest first.
    pub moves: Vec<Move>,
    /// In the order of the lines, and along each.
    pub changes: Vec<Change>,
}

/// How far a policy's mean moves along a line: of all lines the farthest, between its least and its greatest mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    pub policy: usize,
    /// Points, in the order of the key's values.
    pub from: usize,
    pub to: usize,
    pub from_mean: f64,
    pub to_mean: f64,
    /// `to` less `from`, by replication. The intervals of an axis hold together over its policies and over all pairs of points
    /// among which the ends were chosen (Bonferroni).
    pub difference: Difference,
    pub verdict: Verdict,
}

/// Another policy becomes the best somewhere between two points of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Points, in the order of the key's values.
    pub from: usize,
    pub to: usize,
    /// The best at `from`, and at `to`; identical in every replication.
    pub before: Vec<usize>,
    pub after: Vec<usize>,
    /// At `from` the one is surely better, and at `to` the other. If not, the means cross, and that may be chance.
    pub told_apart: bool,
}

/// Points that differ along one axis alone, in its order.
type Line = Vec<usize>;

impl Axis {
    /// Its path, or the paths of a zip.
    #[must_use]
    pub fn path(self, sweep: &Sweep) -> String {
        let paths: Vec<&str> = self.keys(sweep).into_iter().map(|key| sweep.keys[key].path.as_str()).collect();
        paths.join(", ")
    }

    /// The same as short as tables have it.
    #[must_use]
    pub fn name(self, sweep: &Sweep) -> String {
        let names: Vec<&str> = self.keys(sweep).into_iter().map(|key| sweep.keys[key].name.as_str()).collect();
        names.join(", ")
    }

    /// Where on it a point is: `15min`, in a zip `15min, 0.1`.
    #[must_use]
    pub fn value(self, sweep: &Sweep, point: usize) -> String {
        let values = sweep.values(point);
        self.keys(sweep).into_iter().map(|key| values[key]).collect::<Vec<_>>().join(", ")
    }

    /// The keys that are held.
    #[must_use]
    pub fn held(self, sweep: &Sweep) -> Vec<usize> {
        let own = self.keys(sweep);
        (0..sweep.keys.len()).filter(|key| !own.contains(key)).collect()
    }

    fn keys(self, sweep: &Sweep) -> Vec<usize> {
        match self {
            Axis::Key(key) => vec![key],
            Axis::Zip => (0..sweep.keys.len()).collect(),
        }
    }

    fn all(sweep: &Sweep) -> Vec<Axis> {
        match sweep.mode {
            Mode::Grid => (0..sweep.keys.len()).map(Axis::Key).collect(),
            Mode::Zip => vec![Axis::Zip],
        }
    }

    /// The points with each combination of the keys that are held, at least two of them.
    fn lines(self, sweep: &Sweep, points: &[usize]) -> Vec<Line> {
        let held = self.held(sweep);
        let mut lines: BTreeMap<Vec<usize>, Line> = BTreeMap::new();
        for &point in points {
            let at = &sweep.points[point].at;
            lines.entry(held.iter().map(|&key| at[key]).collect()).or_default().push(point);
        }
        let mut lines: Vec<Line> = lines.into_values().filter(|line| line.len() > 1).collect();
        if let Axis::Key(key) = self {
            lines.iter_mut().for_each(|line| line.sort_by_key(|&point| sweep.points[point].at[key]));
        }
        lines
    }
}

/// What the keys come to; `done` gives a point's results, if it has any. `None` where no two points can be compared.
#[must_use]
pub fn sensitivity<'a>(sweep: &Sweep, done: impl Fn(usize) -> Option<&'a Comparison>) -> Option<Sensitivity> {
    let points: Vec<(usize, &Comparison)> =
        (0..sweep.points.len()).filter_map(|point| Some((point, done(point)?))).collect();
    let metric = verdict::headline(points.first()?.1);
    // Where another metric is what policies are judged by, a point is as if it were not there.
    let about = points.into_iter().filter(|(_, comparison)| verdict::headline(comparison) == metric);
    let field = Field { metric, points: about.map(|(point, comparison)| (point, Found::of(comparison, metric))).collect() };
    let mut effects: Vec<Effect> = Axis::all(sweep).into_iter().filter_map(|axis| field.effect(sweep, axis)).collect();
    effects.sort_by(|one, other| other.size().total_cmp(&one.size()));
    (!effects.is_empty()).then_some(Sensitivity { metric, effects })
}

/// The points that are compared.
struct Field<'a> {
    metric: &'static str,
    points: BTreeMap<usize, Found<'a>>,
}

/// What is looked at of a point.
struct Found<'a> {
    comparison: &'a Comparison,
    /// By policy.
    means: Vec<Option<f64>>,
    best: Option<Best>,
}

impl<'a> Found<'a> {
    fn of(comparison: &'a Comparison, metric: &str) -> Found<'a> {
        let policies = 0..comparison.policies.len();
        let means = policies.map(|policy| comparison.summary(policy, metric).map(|found| found.mean)).collect();
        Found { comparison, means, best: verdict::best(comparison) }
    }
}

impl Effect {
    /// The farthest move of any policy.
    fn size(&self) -> f64 {
        self.moves.first().map_or(0.0, |first| (first.to_mean - first.from_mean).abs())
    }
}

impl Field<'_> {
    fn effect(&self, sweep: &Sweep, axis: Axis) -> Option<Effect> {
        let points: Vec<usize> = self.points.keys().copied().collect();
        let lines = axis.lines(sweep, &points);
        let policies = self.points.values().next()?.means.len();
        let pairs: usize = lines.iter().map(|line| line.len() * (line.len() - 1) / 2).sum();
        let moved = |policy| self.farthest(&lines, policy, pairs * policies);
        let mut moves: Vec<Move> = (0..policies).filter_map(moved).collect();
        moves.sort_by(|one, other| {
            let size = |of: &Move| (of.to_mean - of.from_mean).abs();
            size(other).total_cmp(&size(one))
        });
        let changes = lines.iter().flat_map(|line| self.changes(line)).collect();
        (!moves.is_empty()).then_some(Effect { axis, lines: lines.len(), moves, changes })
    }

    fn farthest(&self, lines: &[Line], policy: usize, comparisons: usize) -> Option<Move> {
        let ends = lines.iter().filter_map(|line| self.ends(line, policy));
        let (from, to) = ends.reduce(|one, other| {
            let size = |(from, to)| (self.mean(to, policy) - self.mean(from, policy)).abs();
            if size(other) > size(one) { other } else { one }
        })?;
        let values = |point: usize| self.points[&point].comparison.values(policy, self.metric);
        let difference = paired::difference(values(to), values(from), comparisons)?;
        let comparison = self.points[&from].comparison;
        let better = comparison.metric(self.metric).and_then(|metric| comparison.metrics[metric].better);
        Some(Move {
            policy,
            from,
            to,
            from_mean: self.mean(from, policy),
            to_mean: self.mean(to, policy),
            difference,
            verdict: verdict::verdict(&difference, better),
        })
    }

    /// The points with the least and the greatest mean, in the order of the line; where all are equal its first and last one.
    fn ends(&self, line: &Line, policy: usize) -> Option<(usize, usize)> {
        let with: Vec<(usize, f64)> = line
            .iter()
            .enumerate()
            .filter_map(|(place, point)| Some((place, self.points[point].means[policy]?)))
            .collect();
        let first = with.first().filter(|_| with.len() > 1)?;
        let keep = |take: fn(f64, f64) -> bool| {
            with.iter().fold(first, |kept, one| if take(one.1, kept.1) { one } else { kept }).0
        };
        let (least, most) = (keep(|one, kept| one < kept), keep(|one, kept| one > kept));
        if least == most {
            return Some((line[first.0], line[with.last()?.0]));
        }
        Some((line[least.min(most)], line[least.max(most)]))
    }

    fn mean(&self, point: usize, policy: usize) -> f64 {
        self.points[&point].means[policy].unwrap_or(0.0)
    }

    fn changes(&self, line: &Line) -> Vec<Change> {
        let best: Vec<(usize, &Best)> =
            line.iter().filter_map(|&point| Some((point, self.points[&point].best.as_ref()?))).collect();
        changes(&best)
    }
}

/// Where along a line another policy becomes the best.
fn changes(best: &[(usize, &Best)]) -> Vec<Change> {
    let both = |one: &[usize], other: &[usize]| -> Vec<usize> {
        one.iter().copied().filter(|policy| other.contains(policy)).collect()
    };
    let mut changes: Vec<Change> = Vec::new();
    let Some((mut start, mut before)) = best.first().map(|(_, first)| (0, first.same.clone())) else { return changes };
    let mut next = 1;
    while next < best.len() {
        let still = both(&before, &best[next].1.same);
        if !still.is_empty() {
            before = still;
            next += 1;
            continue;
        }
        let mut after = best[next].1.same.clone();
        // Surely the one is better where the other is neither its equal nor among those that may be.
        let surely = |place: &usize, one: &[usize], other: &[usize]| {
            let at = best[*place].1;
            let is_best = !both(&at.same, one).is_empty();
            is_best && other.iter().all(|policy| !at.same.contains(policy) && !at.not_told_apart.contains(policy))
        };
        let from = (start..next).rev().find(|place| surely(place, &before, &after));
        let holds = (next..best.len()).take_while(|&place| !both(&best[place].1.same, &after).is_empty());
        let to = holds.into_iter().find(|place| surely(place, &after, &before));
        let (from, to, told_apart) = match (from, to) {
            (Some(from), Some(to)) => (from, to, true),
            _ => (next - 1, next, false),
        };
        after = both(&after, &best[to].1.same);
        let change =
            Change { from: best[from].0, to: best[to].0, before: before.clone(), after: after.clone(), told_apart };
        push(&mut changes, change);
        (start, before) = (if told_apart { to } else { next }, after);
        next = to + 1;
    }
    changes
}

/// Adds a change. Two that cannot be told apart and only go back and forth are none.
fn push(changes: &mut Vec<Change>, change: Change) {
    let back = |last: &Change| !last.told_apart && !change.told_apart && last.before == change.after;
    if changes.last().is_some_and(back) {
        changes.pop();
    } else {
        changes.push(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(same: &[usize], not_told_apart: &[usize]) -> Best {
        let metric = "downtime_s";
        Best { metric, least: same[0], same: same.to_vec(), not_told_apart: not_told_apart.to_vec() }
    }

    /// (from, to, before, after, told apart) of a line of points 10, 11, …
    fn told(line: &[Best]) -> Vec<(usize, usize, Vec<usize>, Vec<usize>, bool)> {
        let line: Vec<(usize, &Best)> = line.iter().enumerate().map(|(place, best)| (10 + place, best)).collect();
        let each = |change: Change| (change.from, change.to, change.before, change.after, change.told_apart);
        changes(&line).into_iter().map(each).collect()
    }

    #[test]
    fn a_best_policy_that_stays_is_no_change() {
        assert_eq!(told(&[best(&[0], &[]), best(&[0], &[1]), best(&[0, 2], &[])]), []);
        assert_eq!(told(&[]), []);
    }

    #[test]
    fn a_change_is_between_the_points_at_which_it_is_sure() {
        assert_eq!(told(&[best(&[0], &[]), best(&[1], &[2])]), [(10, 11, vec![0], vec![1], true)]);
        // At the two points between, either may be the best.
        let line = [best(&[0], &[]), best(&[0], &[1]), best(&[1], &[0]), best(&[1], &[])];
        assert_eq!(told(&line), [(10, 13, vec![0], vec![1], true)]);
        let line = [best(&[0], &[]), best(&[1], &[]), best(&[2], &[]), best(&[2], &[])];
        assert_eq!(told(&line), [(10, 11, vec![0], vec![1], true), (11, 12, vec![1], vec![2], true)]);
    }

    #[test]
    fn means_that_cross_by_chance_are_told_as_such() {
        assert_eq!(told(&[best(&[0], &[1]), best(&[1], &[])]), [(10, 11, vec![0], vec![1], false)]);
        assert_eq!(told(&[best(&[0], &[]), best(&[1], &[0])]), [(10, 11, vec![0], vec![1], false)]);
        assert_eq!(told(&[best(&[0], &[1]), best(&[1], &[0]), best(&[0], &[1])]), []);
    }

    #[test]
    fn policies_that_coincide_at_one_point_are_one_there() {
        let line = [best(&[0, 1], &[]), best(&[1], &[]), best(&[1, 2], &[]), best(&[2], &[])];
        assert_eq!(told(&line), [(11, 13, vec![1], vec![2], true)]);
    }
}
