//! Whether what is expected holds: passed, failed or undecided, by an interval and not by a mean.

use super::comparison::Comparison;
use super::stat::{self, order, paired, rare};
use crate::scenario::{Bound, Expect, OnUndecided, Stat};

/// What an expectation comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    Passed,
    /// The replications so far allow for both.
    Undecided,
    Failed,
}

/// An expectation and what it came to for one of its policies.
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    pub expect: &'a Expect,
    /// Its position.
    pub policy: usize,
    pub decision: Decision,
    /// The statistic of the values, or the ratio; `None` where there is none.
    pub value: Option<f64>,
    /// Where it lies in truth, as far as is known; with `versus`, the ratio's.
    pub range: Range,
    /// Replications with a value.
    pub n: usize,
    /// Every value is the same (or none is above zero, where that is expected): with 95 % confidence, fewer than this share of
    /// all worlds have another one.
    pub others_below: Option<f64>,
    pub why: Option<Why>,
}

/// Between what a value lies; an end that is not known is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Range {
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// Why nothing can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The metric has no value in any replication.
    NoValue,
    /// The other policy's mean is zero in every replication, and so is this one's.
    NoRatio,
    /// One replication has no spread.
    OneReplication,
}

impl Decision {
    /// As tables and documents print it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Decision::Passed => "passed",
            Decision::Undecided => "undecided",
            Decision::Failed => "failed",
        }
    }

    fn when(passed: bool, failed: bool) -> Decision {
        match (passed, failed) {
            (true, _) => Decision::Passed,
            (_, true) => Decision::Failed,
            _ => Decision::Undecided,
        }
    }
}

impl Judged<'_> {
    /// What it counts as, with what its author thinks of what is undecided.
    #[must_use]
    pub fn counts_as(&self) -> Decision {
        match (self.decision, self.expect.on_undecided) {
            (Decision::Undecided, OnUndecided::Warn | OnUndecided::Pass) => Decision::Passed,
            (decision, _) => decision,
        }
    }
}

/// Every expectation for each of its policies, in the order of the file. The intervals have the comparison's probability of
/// error, shared out among the policies of an expectation.
#[must_use]
pub fn judge<'a>(expects: &'a [Expect], comparison: &Comparison) -> Vec<Judged<'a>> {
    let each = expects.iter().flat_map(|expect| expect.policies.iter().map(move |&policy| (expect, policy)));
    each.map(|(expect, policy)| one(expect, policy, comparison)).collect()
}

/// Whether every expectation has passed or failed.
#[must_use]
pub fn all_decided(expects: &[Expect], comparison: &Comparison) -> bool {
    judge(expects, comparison).iter().all(|judged| judged.decision != Decision::Undecided)
}

fn one<'a>(expect: &'a Expect, policy: usize, comparison: &Comparison) -> Judged<'a> {
    let all = comparison.values(policy, &expect.metric);
    let values: Vec<f64> = all.iter().copied().filter(|value| !value.is_nan()).collect();
    let complete = comparison.finished() == comparison.asked;
    let error = stat::shared(comparison.error, expect.policies.len());
    let mut judged = Judged {
        expect,
        policy,
        decision: Decision::Undecided,
        value: None,
        range: Range::default(),
        n: values.len(),
        others_below: None,
        why: None,
    };
    if values.is_empty() {
        judged.why = Some(Why::NoValue);
    } else if expect.bound == Bound::Sometimes {
        sometimes(&mut judged, &values, complete);
    } else if let Some(versus) = expect.versus {
        ratio(&mut judged, all, comparison.values(versus, &expect.metric), error);
    } else {
        alone(&mut judged, values, complete, error);
    }
    judged
}

/// No metric is ever negative, and so neither its mean nor a ratio of means is, wherever an interval ends.
fn not_negative(low: f64) -> f64 {
    low.max(0.0)
}

fn number(n: usize) -> u32 {
    u32::try_from(n).expect("replications are counted in 32 bits")
}

fn sometimes(judged: &mut Judged<'_>, values: &[f64], complete: bool) {
    let times = values.iter().filter(|value| **value > 0.0).count();
    judged.decision = Decision::when(times > 0, complete);
    judged.value = Some(stat::count(times));
    judged.others_below = (times == 0).then(|| rare::share_below(number(values.len()), stat::ERROR));
}

fn alone(judged: &mut Judged<'_>, mut values: Vec<f64>, complete: bool, error: f64) {
    let mean = stat::mean(&values);
    let half = stat::half_width(&values, error);
    values.sort_by(f64::total_cmp);
    let (min, max) = (values[0], values[values.len() - 1]);
    let same = min.total_cmp(&max).is_eq();
    judged.others_below = (same && values.len() > 1).then(|| rare::share_below(number(values.len()), stat::ERROR));
    let quantile = |per_mille: u32| {
        let ends = order::interval(&values, f64::from(per_mille) / 1_000.0, error);
        (stat::at_rank(&values, per_mille as usize), Range { low: ends.low, high: ends.high })
    };
    let (value, range) = match judged.expect.stat {
        Stat::Mean => {
            let mean = mean.expect("there are values");
            if half.is_none() {
                judged.why = Some(Why::OneReplication);
            }
            (mean, Range { low: half.map(|half| not_negative(mean - half)), high: half.map(|half| mean + half) })
        }
        Stat::P50 => quantile(500),
        Stat::P95 => quantile(950),
        Stat::P99 => quantile(990),
        // Of the replications that are asked for: those to come can only go further.
        Stat::Max => (max, Range { low: Some(max), high: complete.then_some(max) }),
        Stat::Min => (min, Range { low: complete.then_some(min), high: Some(min) }),
    };
    judged.value = Some(value);
    judged.range = range;
    judged.decision = within(judged.expect.bound, range);
}

/// Where a value lies against a bound, when all that is known of it is a range.
fn within(bound: Bound, range: Range) -> Decision {
    let surely = |end: Option<f64>, holds: &dyn Fn(f64) -> bool| end.is_some_and(holds);
    match bound {
        Bound::Below(limit) => {
            Decision::when(surely(range.high, &|high| high < limit), surely(range.low, &|low| low >= limit))
        }
        Bound::Above(limit) => {
            Decision::when(surely(range.low, &|low| low > limit), surely(range.high, &|high| high <= limit))
        }
        Bound::Between(least, most) => {
            let inside = surely(range.low, &|low| low >= least) && surely(range.high, &|high| high <= most);
            let outside = surely(range.high, &|high| high < least) || surely(range.low, &|low| low > most);
            Decision::when(inside, outside)
        }
        Bound::Equals(value) => within(Bound::Between(value, value), range),
        Bound::Sometimes => unreachable!("it is no bound of a value"),
    }
}

/// The ratio of means to another policy. Decided by the means of value − bound × other (Fieller), which asks nothing of the
/// other mean but that it is not zero; printed with the interval of the ratio, where that mean is surely not zero.
fn ratio(judged: &mut Judged<'_>, values: &[f64], others: &[f64], error: f64) {
    let pairs: Vec<(f64, f64)> = values
        .iter()
        .zip(others)
        .map(|(&value, &other)| (value, other))
        .filter(|(value, other)| !value.is_nan() && !other.is_nan())
        .collect();
    judged.n = pairs.len();
    if pairs.is_empty() {
        judged.why = Some(Why::NoValue);
        return;
    }
    if pairs.iter().all(|&(value, other)| value == 0.0 && other == 0.0) {
        judged.why = Some(Why::NoRatio);
        return;
    }
    if let Some(found) = paired::difference(values, others, error).and_then(|difference| difference.ratio) {
        judged.value = Some(found.value);
        judged.range = Range { low: Some(not_negative(found.interval.low)), high: Some(found.interval.high) };
    }
    let beyond = |bound: f64| {
        let beyond: Vec<f64> = pairs.iter().map(|(value, other)| value - bound * other).collect();
        let (mean, half) = (stat::mean(&beyond)?, stat::half_width(&beyond, error)?);
        Some(Range { low: Some(mean - half), high: Some(mean + half) })
    };
    let (low, high) = match judged.expect.bound {
        Bound::Below(limit) | Bound::Above(limit) | Bound::Equals(limit) => (limit, limit),
        Bound::Between(least, most) => (least, most),
        Bound::Sometimes => unreachable!("the loader refuses it beside `versus`"),
    };
    let (Some(least), Some(most)) = (beyond(low), beyond(high)) else {
        judged.why = Some(Why::OneReplication);
        return;
    };
    judged.decision = match judged.expect.bound {
        Bound::Below(_) => within(Bound::Below(0.0), most),
        Bound::Above(_) => within(Bound::Above(0.0), least),
        Bound::Between(..) | Bound::Equals(_) | Bound::Sometimes => {
            let above = if low > 0.0 { within(Bound::Between(0.0, f64::INFINITY), least) } else { Decision::Passed };
            let below = within(Bound::Between(f64::NEG_INFINITY, 0.0), most);
            above.max(below)
        }
    };
}

/// How many verdicts are reached at a look, at most, of which each is to hold together with the others: those of an expectation of
/// each policy.
#[must_use]
pub fn statements(expects: &[Expect]) -> usize {
    expects.iter().map(|expect| expect.policies.len()).max().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::record::{Bin, Record};
    use crate::experiment::timeline::Layout;
    use crate::metric::{MetricDef, Unit};
    use crate::time::SimSpan;

    fn comparison(rows: &[&[f64]], asked: u32) -> Comparison {
        let metric = MetricDef { name: "failed", unit: Unit::Count, better: None, doc: "" };
        let names: Vec<String> = (0..rows.len()).map(|index| format!("p{index}")).collect();
        let mut comparison = Comparison::new(&names, vec![metric], Layout::new(SimSpan::secs(1), &[]), asked);
        for (replication, index) in (0..).zip(0..rows[0].len()) {
            for (policy, row) in rows.iter().enumerate() {
                comparison.push(&Record {
                    policy,
                    replication,
                    digest: 0,
                    values: vec![row[index]],
                    episodes: Vec::new(),
                    timeline: vec![Bin::default()],
                    inbound: None,
                });
            }
        }
        comparison
    }

    fn expect(bound: Bound, stat: Stat, versus: Option<usize>) -> Expect {
        Expect {
            name: "it holds".into(),
            policies: vec![0],
            metric: "failed".into(),
            stat,
            bound,
            versus,
            on_undecided: OnUndecided::Fail,
            origin: "made-up.toml:1".into(),
        }
    }

    fn decision(values: &[f64], bound: Bound, stat: Stat, asked: u32) -> Decision {
        judge(&[expect(bound, stat, None)], &comparison(&[values], asked))[0].decision
    }

    use Decision::{Failed, Passed, Undecided};

    #[test]
    fn a_mean_is_decided_by_its_interval() {
        // Mean 10, half width 2.484 (t(0.975; 2)/√3).
        let values = [9.0, 10.0, 11.0];
        let of = |bound| decision(&values, bound, Stat::Mean, 3);
        let cases = [
            (Bound::Below(12.5), Passed),
            (Bound::Below(12.4), Undecided),
            (Bound::Below(7.6), Undecided),
            (Bound::Below(7.5), Failed),
            (Bound::Above(7.5), Passed),
            (Bound::Above(12.4), Undecided),
            (Bound::Above(12.5), Failed),
            (Bound::Between(7.0, 13.0), Passed),
            (Bound::Between(8.0, 13.0), Undecided),
            (Bound::Between(13.0, 14.0), Failed),
            (Bound::Between(1.0, 7.0), Failed),
            (Bound::Equals(10.0), Undecided),
            (Bound::Equals(13.0), Failed),
        ];
        for (bound, expected) in cases {
            assert_eq!(of(bound), expected, "{bound:?}");
        }
    }

    #[test]
    fn nothing_is_below_zero() {
        // Mean 1 ± 4.3: an interval that would reach below zero.
        let values = [0.0, 0.0, 3.0];
        let of = |bound| decision(&values, bound, Stat::Mean, 3);
        assert_eq!((of(Bound::Between(0.0, 9.0)), of(Bound::Above(0.0))), (Passed, Undecided));
        let comparison = comparison(&[&values, &[9.0, 8.0, 10.0]], 3);
        let expects =
            [expect(Bound::Between(0.0, 1.0), Stat::Mean, Some(1)), expect(Bound::Below(9.0), Stat::Mean, None)];
        let judged = judge(&expects, &comparison);
        assert_eq!((judged[0].decision, judged[0].range.low), (Passed, Some(0.0)));
        assert_eq!((judged[1].decision, judged[1].range.low), (Passed, Some(0.0)));
    }

    #[test]
    fn values_that_are_all_the_same_decide_at_the_bound_too() {
        let of = |bound| decision(&[2.0; 5], bound, Stat::Mean, 5);
        assert_eq!((of(Bound::Below(2.0)), of(Bound::Above(2.0))), (Failed, Failed));
        assert_eq!((of(Bound::Equals(2.0)), of(Bound::Between(2.0, 2.0))), (Passed, Passed));
        let comparison = comparison(&[&[2.0; 5]], 5);
        let expects = [expect(Bound::Equals(2.0), Stat::Mean, None)];
        let others = judge(&expects, &comparison)[0].others_below.unwrap();
        assert!((others - (1.0 - libm::pow(0.05, 0.2))).abs() < 1e-12);
    }

    #[test]
    fn a_quantile_needs_its_values_for_the_end_that_decides() {
        let values: Vec<f64> = (0..72).map(f64::from).collect();
        let of = |n: usize, bound| decision(&values[..n], bound, Stat::P95, 72);
        assert_eq!((of(71, Bound::Below(1e9)), of(72, Bound::Below(1e9))), (Undecided, Passed));
        assert_eq!(of(40, Bound::Below(1.0)), Failed, "the lower end is known before");
        assert_eq!((of(40, Bound::Above(1.0)), of(40, Bound::Above(39.0))), (Passed, Undecided));
    }

    #[test]
    fn an_extreme_can_only_go_further_until_all_are_played() {
        let of = |bound, stat, asked| decision(&[0.0, 3.0, 1.0], bound, stat, asked);
        assert_eq!((of(Bound::Below(4.0), Stat::Max, 9), of(Bound::Below(4.0), Stat::Max, 3)), (Undecided, Passed));
        assert_eq!(of(Bound::Below(3.0), Stat::Max, 9), Failed);
        assert_eq!((of(Bound::Above(2.0), Stat::Max, 9), of(Bound::Above(3.0), Stat::Max, 9)), (Passed, Undecided));
        assert_eq!(of(Bound::Above(3.0), Stat::Max, 3), Failed);
        assert_eq!((of(Bound::Equals(0.0), Stat::Min, 9), of(Bound::Equals(0.0), Stat::Min, 3)), (Undecided, Passed));
        assert_eq!(of(Bound::Equals(0.0), Stat::Max, 9), Failed);
    }

    #[test]
    fn sometimes_waits_until_it_happens_or_all_are_played() {
        let of = |values: &[f64], asked| decision(values, Bound::Sometimes, Stat::Mean, asked);
        assert_eq!((of(&[0.0, 0.0, 1.0], 9), of(&[0.0; 3], 9), of(&[0.0; 3], 3)), (Passed, Undecided, Failed));
    }

    #[test]
    fn a_ratio_is_paired_and_needs_no_other_mean_that_is_surely_above_zero() {
        let half = [10.0, 10.5, 11.0, 11.5];
        let base = [20.0, 21.0, 22.0, 23.0];
        let of = |values: &[f64], base: &[f64], bound| {
            let expects = [expect(bound, Stat::Mean, Some(1))];
            let comparison = comparison(&[values, base], 4);
            let judged = &judge(&expects, &comparison)[0];
            (judged.decision, judged.value, judged.why)
        };
        assert_eq!(of(&half, &base, Bound::Below(0.51)).0, Passed);
        assert_eq!(of(&half, &base, Bound::Below(0.5)).0, Failed);
        assert_eq!(of(&half, &base, Bound::Equals(0.5)).0, Passed);
        assert_eq!(of(&half, &base, Bound::Above(0.49)).0, Passed);
        assert_eq!(of(&half, &base, Bound::Between(0.6, 0.9)).0, Failed);
        // The other mean may be zero: no ratio is printed, and the verdict stands.
        let (decision, value, _) = of(&[0.0; 4], &[0.0, 0.0, 0.0, 1.0], Bound::Above(2.0));
        assert_eq!((decision, value), (Undecided, None));
        assert_eq!(of(&[7.0; 4], &[0.0; 4], Bound::Below(0.5)).0, Failed);
        assert_eq!(of(&[0.0; 4], &[0.0; 4], Bound::Below(0.5)), (Undecided, None, Some(Why::NoRatio)));
    }

    #[test]
    fn nothing_is_never_a_pass() {
        let comparison = comparison(&[&[f64::NAN; 3]], 3);
        let expects = [expect(Bound::Below(1.0), Stat::Mean, None)];
        let judged = &judge(&expects, &comparison)[0];
        assert_eq!((judged.decision, judged.why), (Undecided, Some(Why::NoValue)));
        assert_eq!(judged.counts_as(), Undecided);
        let one = Expect { on_undecided: OnUndecided::Warn, ..expect(Bound::Below(1.0), Stat::Mean, None) };
        assert_eq!(judge(&[one], &comparison)[0].counts_as(), Passed);
    }
}
