//! What matters to a decision: how far each swept key moves a metric, and whether the best policy changes along it, and where.
//!
//! The points of a sweep share their worlds, so that what differs between two of them differs by the keys alone: differences between
//! points are paired, too.

use super::comparison::Comparison;
use super::stat::{self, paired};
use super::verdict::{self, Best};
use crate::scenario::sweep::Mode;

/// A point that is done.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// Its number.
    pub point: usize,
    /// One per key: the rank of its value among those of the key.
    pub values: &'a [usize],
    pub comparison: &'a Comparison,
}

/// What a sweep shows of its keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensitivity {
    pub metric: &'static str,
    /// Those that move it furthest first.
    pub keys: Vec<KeyEffect>,
}

/// What one key does, the others held.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyEffect {
    /// Its position; `None`: all keys together, which a zip moves as one.
    pub key: Option<usize>,
    /// By line (a combination of the other keys) and policy.
    pub moves: Vec<Move>,
    /// Between neighbours on a line, in their order.
    pub changes: Vec<BestChange>,
}

/// How far a policy's mean moves on a line: between the two points where it is least and greatest.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    pub policy: usize,
    /// Numbers of points, in the order of the key's values.
    pub from: usize,
    pub to: usize,
    pub from_mean: f64,
    pub to_mean: f64,
    /// To less from. Its interval holds together with those of every pair of points of a line, of every line and policy.
    pub difference: paired::Difference,
}

/// The best policy of a point is not that of its neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BestChange {
    /// Numbers of points.
    pub from: usize,
    pub to: usize,
    /// Positions of policies.
    pub before: usize,
    pub after: usize,
    /// The last point up to `from` at which `after` can be told from `before`, which is the best there and from there on.
    pub apart_before: Option<usize>,
    /// The first point from `to` on at which `before` can be told from `after`, which is the best there and up to there.
    pub apart_after: Option<usize>,
}

impl BestChange {
    /// The points between which it surely lies; without them the means have changed places, and no more can be said.
    #[must_use]
    pub fn sure(&self) -> Option<(usize, usize)> {
        Some((self.apart_before?, self.apart_after?))
    }
}

impl KeyEffect {
    /// The furthest move of any policy.
    #[must_use]
    pub fn furthest(&self) -> Option<&Move> {
        let size = |one: &&Move| one.difference.mean.abs();
        self.moves.iter().reduce(|best, one| if size(&one) > size(&best) { one } else { best })
    }
}

/// What the points show; `None` where no key has two values on a line, or nobody has a value of the metric.
#[must_use]
pub fn sensitivity(points: &[At<'_>], mode: Mode, keys: usize) -> Option<Sensitivity> {
    let metric = metric(points)?;
    let lines = |key| match mode {
        Mode::Grid => lines(points, key),
        Mode::Zip => {
            let mut line = points.to_vec();
            line.sort_by_key(|at| at.values[key]);
            vec![line]
        }
    };
    let all: Vec<Option<usize>> = if mode == Mode::Zip { vec![None] } else { (0..keys).map(Some).collect() };
    let effect = |key: Option<usize>| {
        let lines: Vec<Vec<At<'_>>> = lines(key.unwrap_or(0)).into_iter().filter(|line| line.len() > 1).collect();
        KeyEffect {
            key,
            moves: lines.iter().flat_map(|line| moves(line, lines.len(), metric)).collect(),
            changes: lines.iter().flat_map(|line| changes(line, metric)).collect(),
        }
    };
    let mut keys: Vec<KeyEffect> = all.into_iter().map(effect).filter(|effect| !effect.moves.is_empty()).collect();
    let furthest = |effect: &KeyEffect| effect.furthest().map_or(0.0, |one| one.difference.mean.abs());
    keys.sort_by(|one, other| furthest(other).total_cmp(&furthest(one)));
    (!keys.is_empty()).then_some(Sensitivity { metric, keys })
}

/// The metric that all points are about; all downtime, where they are about several.
fn metric(points: &[At<'_>]) -> Option<&'static str> {
    let mut headlines = points.iter().map(|at| verdict::headline(at.comparison));
    let first = headlines.next()?;
    Some(if headlines.all(|other| other == first) { first } else { "downtime_s" })
}

/// The points that differ by this key alone, in the order of its values.
fn lines<'a>(points: &[At<'a>], key: usize) -> Vec<Vec<At<'a>>> {
    let held = |at: &At<'_>| {
        let mut held = at.values.to_vec();
        held.remove(key);
        held
    };
    let mut lines: Vec<(Vec<usize>, Vec<At<'a>>)> = Vec::new();
    for at in points {
        let others = held(at);
        match lines.iter_mut().find(|(line, _)| *line == others) {
            Some((_, line)) => line.push(*at),
            None => lines.push((others, vec![*at])),
        }
    }
    for (_, line) in &mut lines {
        line.sort_by_key(|at| at.values[key]);
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

/// The moves on one of so many lines.
fn moves(line: &[At<'_>], lines: usize, metric: &'static str) -> Vec<Move> {
    let policies = line[0].comparison.policies.len();
    let pairs = line.len() * (line.len() - 1) / 2;
    let error = stat::shared(stat::ERROR, policies * pairs * lines);
    let of = |policy: usize| {
        let mean = |at: &&At<'_>| at.comparison.summary(policy, metric).map(|summary| summary.mean);
        let means: Vec<(usize, f64)> =
            line.iter().enumerate().filter_map(|(index, at)| Some((index, mean(&at)?))).collect();
        let least = means.iter().copied().reduce(|best, one| if one.1 < best.1 { one } else { best })?;
        let most = means.iter().copied().reduce(|best, one| if one.1 > best.1 { one } else { best })?;
        // Nothing moves: then from the first to the last.
        let (one, other) = if least.0 == most.0 { (means[0], means[means.len() - 1]) } else { (least, most) };
        let (from, to) = if one.0 <= other.0 { (one, other) } else { (other, one) };
        if from.0 == to.0 {
            return None;
        }
        let values = |index: usize| line[index].comparison.values(policy, metric);
        let difference = paired::difference(values(to.0), values(from.0), error)?;
        let (from_mean, to_mean) = (from.1, to.1);
        Some(Move { policy, from: line[from.0].point, to: line[to.0].point, from_mean, to_mean, difference })
    };
    (0..policies).filter_map(of).collect()
}

fn changes(line: &[At<'_>], metric: &'static str) -> Vec<BestChange> {
    let bests: Vec<(usize, Best)> =
        line.iter().filter_map(|at| Some((at.point, verdict::best_by(at.comparison, metric)?))).collect();
    let apart = |points: &mut dyn Iterator<Item = &(usize, Best)>, best: usize, other: usize| {
        points
            .take_while(|(_, of)| of.least == best)
            .find(|(_, of)| !of.same.contains(&other) && !of.not_told_apart.contains(&other))
            .map(|&(point, _)| point)
    };
    let change = |(index, pair): (usize, &[(usize, Best)])| {
        let [(from, one), (to, other)] = pair else { return None };
        let (before, after) = (one.least, other.least);
        // Who is the same as the best is no worse.
        if before == after || one.same.contains(&after) || other.same.contains(&before) {
            return None;
        }
        let apart_before = apart(&mut bests[..=index].iter().rev(), before, after);
        let apart_after = apart(&mut bests[index + 1..].iter(), after, before);
        Some(BestChange { from: *from, to: *to, before, after, apart_before, apart_after })
    };
    bests.windows(2).enumerate().filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::record::{Bin, Record};
    use crate::experiment::timeline::Layout;
    use crate::metric::{Better, MetricDef, Unit};
    use crate::time::SimSpan;

    /// Policies with these means of `downtime_s`, each spread by one around it in three worlds.
    fn comparison(means: &[f64]) -> Comparison {
        let metric = MetricDef { name: "downtime_s", unit: Unit::Seconds, better: Some(Better::Lower), doc: "" };
        let names: Vec<String> = (0..means.len()).map(|index| format!("p{index}")).collect();
        let mut comparison = Comparison::new(&names, vec![metric], Layout::new(SimSpan::secs(1), &[]), 3);
        for (replication, shift) in [(0, -1.0), (1, 0.25), (2, 0.75)] {
            for (policy, mean) in means.iter().enumerate() {
                // Every other policy has its noise the other way round, so that pairing does not remove all of it.
                let shift = if policy % 2 == 0 { shift } else { -0.5 * shift };
                let (values, timeline) = (vec![mean + shift], vec![Bin::default()]);
                let (digest, episodes, inbound) = (0, Vec::new(), None);
                comparison.push(&Record { policy, replication, digest, values, episodes, timeline, inbound });
            }
        }
        comparison
    }

    fn found(points: &[(&[usize], Comparison)], mode: Mode, keys: usize) -> Option<Sensitivity> {
        let at: Vec<At<'_>> =
            points.iter().enumerate().map(|(point, (values, comparison))| At { point, values, comparison }).collect();
        sensitivity(&at, mode, keys)
    }

    #[test]
    fn keys_are_ranked_by_how_far_they_move_the_metric() {
        // The first key moves p0 by 5, the second by 200.
        let points = [
            (&[0, 0][..], comparison(&[100.0, 50.0])),
            (&[0, 1][..], comparison(&[300.0, 50.0])),
            (&[1, 0][..], comparison(&[105.0, 50.0])),
            (&[1, 1][..], comparison(&[305.0, 50.0])),
        ];
        let found = found(&points, Mode::Grid, 2).unwrap();
        assert_eq!(found.metric, "downtime_s");
        assert_eq!(found.keys.iter().map(|effect| effect.key).collect::<Vec<_>>(), [Some(1), Some(0)]);
        let furthest = found.keys[0].furthest().unwrap();
        assert_eq!((furthest.policy, furthest.from, furthest.to), (0, 0, 1));
        assert!((furthest.difference.mean - 200.0).abs() < 1e-9);
        assert!(!furthest.difference.interval.unwrap().touches_zero());
        assert_eq!(found.keys[0].moves.len(), 4, "two lines, two policies");
        assert!(found.keys.iter().all(|effect| effect.changes.is_empty()), "p1 is the best everywhere");
    }

    #[test]
    fn the_best_policy_changes_between_two_values_and_surely_only_where_both_can_be_told_apart() {
        let at = |mean| comparison(&[mean, 50.0]);
        let sure = [(&[0][..], at(20.0)), (&[1][..], at(30.0)), (&[2][..], at(90.0))];
        let changes = found(&sure, Mode::Grid, 1).unwrap().keys[0].changes.clone();
        assert_eq!(
            changes,
            [BestChange { from: 1, to: 2, before: 0, after: 1, apart_before: Some(1), apart_after: Some(2) }]
        );
        let unsure = [(&[0][..], at(49.9)), (&[1][..], at(90.0))];
        let changes = found(&unsure, Mode::Grid, 1).unwrap().keys[0].changes.clone();
        assert_eq!(
            changes,
            [BestChange { from: 0, to: 1, before: 0, after: 1, apart_before: None, apart_after: Some(1) }]
        );
        assert_eq!(changes[0].sure(), None);
        // A value between does not make less of what is known.
        let between = [(&[0][..], at(20.0)), (&[1][..], at(49.9)), (&[2][..], at(50.1)), (&[3][..], at(90.0))];
        let changes = found(&between, Mode::Grid, 1).unwrap().keys[0].changes.clone();
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].from, changes[0].to, changes[0].sure()), (1, 2, Some((0, 3))));
    }

    #[test]
    fn a_zip_is_one_line_and_a_hole_is_passed_over() {
        let points = [(&[0, 0][..], comparison(&[20.0, 50.0])), (&[2, 2][..], comparison(&[80.0, 50.0]))];
        let found = found(&points, Mode::Zip, 2).unwrap();
        assert_eq!((found.keys.len(), found.keys[0].key), (1, None));
        assert_eq!(found.keys[0].changes.len(), 1);
    }

    #[test]
    fn a_point_alone_shows_nothing() {
        assert_eq!(found(&[(&[0][..], comparison(&[1.0]))], Mode::Grid, 1), None);
        assert_eq!(found(&[], Mode::Grid, 1), None);
    }
}
