//! What a comparison lets one say: which policy is better, which is best, which cannot be told apart.

use super::comparison::Comparison;
use super::stat::paired::{self, Difference};
use super::stat::shared;
use crate::metric::Better;

/// What a paired difference to the reference comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Better,
    Worse,
    /// Identical in every replication.
    Same,
    /// Its interval excludes zero, and the metric has no good direction.
    Differs,
    /// Its interval touches zero, or there are too few replications for one.
    Undecided,
}

/// One line of `differences.csv`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    pub policy: usize,
    pub metric: usize,
    pub difference: Difference,
    pub verdict: Verdict,
}

/// The policies that are not significantly worse than the one with the least mean of the headline metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Best {
    pub metric: &'static str,
    /// With the least mean; the first of several.
    pub least: usize,
    /// Identical to it in every replication, itself included.
    pub same: Vec<usize>,
    /// Others whose paired difference to it touches zero.
    pub not_told_apart: Vec<usize>,
}

/// Exposure to revoked tokens of callers: what a comparison is about in which some are revoked and nothing restarts.
pub const EXPOSURE: &str = "exposure_mean_s";
/// The downtime that restarts leave behind.
const AFTER_RESTART: &str = "downtime_after_restart_s";

/// The metric that a comparison is about: the downtime that a restart leaves behind; or where nothing restarts exposure, if
/// tokens of callers are revoked, and all downtime, if not (of applications, where gateways serve nobody).
#[must_use]
pub fn headline(comparison: &Comparison) -> &'static str {
    if !after_restarts(comparison) && has(comparison, EXPOSURE) { EXPOSURE } else { downtime(comparison) }
}

/// The downtime that a comparison is about: what a restart leaves behind, or all of it where nothing restarts.
#[must_use]
pub fn downtime(comparison: &Comparison) -> &'static str {
    let known = [AFTER_RESTART, "downtime_s", "application_downtime_s"];
    known.into_iter().find(|metric| has(comparison, metric)).unwrap_or("downtime_s")
}

/// Whether a restart ended in any of the worlds.
#[must_use]
pub fn after_restarts(comparison: &Comparison) -> bool {
    has(comparison, AFTER_RESTART)
}

/// Whether any policy has a value.
fn has(comparison: &Comparison, metric: &str) -> bool {
    (0..comparison.policies.len()).any(|policy| comparison.summary(policy, metric).is_some())
}

/// Every policy but the first against the first, metric by metric; intervals hold together over the policies.
#[must_use]
pub fn differences(comparison: &Comparison) -> Vec<Line> {
    (1..comparison.policies.len())
        .flat_map(|policy| (0..comparison.metrics.len()).map(move |metric| (policy, metric)))
        .filter_map(|(policy, metric)| line(comparison, policy, metric))
        .collect()
}

/// One policy against the first in one metric; `None` where no replication has both values.
#[must_use]
pub fn line(comparison: &Comparison, policy: usize, metric: usize) -> Option<Line> {
    let reference = comparison.values_at(0, metric);
    let error = shared(comparison.error, comparison.policies.len() - 1);
    let difference = paired::difference(comparison.values_at(policy, metric), reference, error)?;
    Some(Line { policy, metric, difference, verdict: verdict(&difference, comparison.metrics[metric].better) })
}

fn verdict(difference: &Difference, better: Option<Better>) -> Verdict {
    if difference.identical {
        return Verdict::Same;
    }
    match (difference.interval, better) {
        (None, _) => Verdict::Undecided,
        (Some(interval), _) if interval.touches_zero() => Verdict::Undecided,
        (Some(_), None) => Verdict::Differs,
        (Some(interval), Some(direction)) => {
            if (interval.low > 0.0) == (direction == Better::Higher) {
                Verdict::Better
            } else {
                Verdict::Worse
            }
        }
    }
}

/// The best policies by the headline metric; `None` where nobody has a value.
///
/// Which one has the least mean is only known afterwards, so the intervals hold over all pairs of policies.
#[must_use]
pub fn best(comparison: &Comparison) -> Option<Best> {
    best_by(comparison, headline(comparison))
}

/// The best policies by a metric of which less is better.
#[must_use]
pub fn best_by(comparison: &Comparison, metric: &'static str) -> Option<Best> {
    let policies = comparison.policies.len();
    let means: Vec<(usize, f64)> =
        (0..policies).filter_map(|policy| Some((policy, comparison.summary(policy, metric)?.mean))).collect();
    let least = means.iter().copied().min_by(|one, other| one.1.total_cmp(&other.1))?.0;
    let error = shared(comparison.error, pairs(policies));
    let mut best = Best { metric, least, same: Vec::new(), not_told_apart: Vec::new() };
    for (policy, _) in means {
        let values = comparison.values(policy, metric);
        let Some(found) = paired::difference(values, comparison.values(least, metric), error) else { continue };
        if found.identical {
            best.same.push(policy);
        } else if found.interval.is_none_or(super::stat::Interval::touches_zero) {
            best.not_told_apart.push(policy);
        }
    }
    Some(best)
}

/// How many pairs there are of so many policies: so many statements at most are made of one metric.
#[must_use]
pub fn pairs(policies: usize) -> usize {
    policies * policies.saturating_sub(1) / 2
}

impl Verdict {
    /// As `differences.csv` prints it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::Same => "same",
            Verdict::Differs => "differs",
            Verdict::Undecided => "undecided",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::record::{Bin, Record};
    use crate::experiment::timeline::Layout;
    use crate::metric::{MetricDef, Unit};
    use crate::time::SimSpan;

    /// Policies with these values of `downtime_s` (lower is better), `availability` (higher) and `requests` (neither).
    fn comparison(rows: &[&[f64]]) -> Comparison {
        let metric = |name, better| MetricDef { name, unit: Unit::Seconds, better, doc: "" };
        let metrics = vec![
            metric("downtime_s", Some(Better::Lower)),
            metric("availability", Some(Better::Higher)),
            metric("requests", None),
        ];
        let names: Vec<String> = (0..rows.len()).map(|index| format!("p{index}")).collect();
        let mut comparison = Comparison::new(&names, metrics, Layout::new(SimSpan::secs(1), &[]), 3);
        for replication in 0..rows[0].len() {
            for (policy, row) in rows.iter().enumerate() {
                comparison.push(&Record {
                    policy,
                    replication: u32::try_from(replication).unwrap(),
                    digest: 0,
                    values: vec![row[replication]; 3],
                    episodes: Vec::new(),
                    timeline: vec![Bin::default()],
                    inbound: None,
                });
            }
        }
        comparison
    }

    #[test]
    fn verdicts_follow_the_interval_and_the_direction() {
        let comparison = comparison(&[&[9.0, 8.0, 9.5], &[9.0, 8.0, 9.5], &[1.0, 0.5, 1.2], &[0.0, 20.0, 7.0]]);
        let words: Vec<&str> = differences(&comparison).iter().map(|line| line.verdict.word()).collect();
        let of = |policy: usize| &words[(policy - 1) * 3..policy * 3];
        assert_eq!(of(1), ["same", "same", "same"]);
        assert_eq!(of(2), ["better", "worse", "differs"]);
        assert_eq!(of(3), ["undecided", "undecided", "undecided"]);
    }

    #[test]
    fn the_best_are_those_that_the_least_mean_cannot_be_told_from() {
        let comparison =
            comparison(&[&[90.0, 91.0, 92.0], &[1.0, 2.0, 3.0], &[1.1, 1.9, 3.2], &[1.0, 2.0, 3.0], &[f64::NAN; 3]]);
        let best = best(&comparison).unwrap();
        assert_eq!((best.metric, best.least), ("downtime_s", 1));
        assert_eq!((best.same, best.not_told_apart), (vec![1, 3], vec![2]));
    }

    #[test]
    fn where_gateways_serve_nobody_it_is_about_applications() {
        let mut comparison = comparison(&[&[5.0, 6.0]]);
        assert_eq!(headline(&comparison), "downtime_s");
        comparison.metrics[0].name = "application_downtime_s";
        assert_eq!(headline(&comparison), "application_downtime_s");
    }

    #[test]
    fn one_replication_decides_nothing_but_identity() {
        let comparison = comparison(&[&[5.0], &[4.0], &[5.0]]);
        let words: Vec<&str> = differences(&comparison).iter().map(|line| line.verdict.word()).step_by(3).collect();
        assert_eq!(words, ["undecided", "same"]);
    }
}
