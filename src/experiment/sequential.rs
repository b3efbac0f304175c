//! Replications until something holds: a plan of looks at fixed numbers of replications, fixed before the first one is played. What
//! has been seen decides only whether there is another batch, so the number of threads never changes how many are played.

use super::comparison::{Comparison, Ending};
use super::stat::{self, spending};
use super::verdict::pairs;
use crate::replications::{Replications, Until, Width};

/// When the results are looked at, and what each look may err.
#[derive(Clone, Debug, PartialEq)]
pub struct Looks {
    /// Replications that are done at each look, rising; the last are all there may be.
    ends: Vec<u32>,
    /// By look.
    errors: Vec<f64>,
    goal: Option<Goal>,
}

/// What replications are for, where their number is not fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// An interval that is narrow enough.
    Narrow,
    /// A decision on every expectation.
    Decided,
}

impl Goal {
    /// What becomes of it.
    #[must_use]
    pub fn ending(self, reached: bool) -> Ending {
        match (self, reached) {
            (Goal::Narrow, true) => Ending::Narrow,
            (Goal::Narrow, false) => Ending::Wide,
            (Goal::Decided, true) => Ending::Decided,
            (Goal::Decided, false) => Ending::Undecided,
        }
    }
}

impl Looks {
    /// One look, when so many replications are done, whatever they come to.
    #[must_use]
    pub fn fixed(number: u32) -> Looks {
        Looks { ends: vec![number], errors: vec![stat::ERROR], goal: None }
    }

    /// The looks of a scenario of so many policies. `statements` is how many are decided at a look: the errors are such that an equal
    /// part for each of them, or for fewer, keeps what it promises over all looks together. Statements on any two policies are
    /// thought of, too.
    #[must_use]
    pub fn of(replications: &Replications, policies: usize, statements: usize) -> Looks {
        let ends = ends(replications.min, replications.max);
        match replications.until {
            Until::Fixed => Looks::fixed(replications.max),
            // Here a look is at the width of an interval, and not at where it lies: the interval stays the usual one.
            Until::HalfWidth { .. } => {
                let errors = vec![stat::ERROR; ends.len()];
                Looks { ends, errors, goal: Some(Goal::Narrow) }
            }
            Until::Decided => {
                let errors = errors(&ends, statements.max(pairs(policies)).max(1));
                Looks { ends, errors, goal: Some(Goal::Decided) }
            }
        }
    }

    /// How many replications are done at each look.
    #[must_use]
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// How many replications there may be.
    ///
    /// # Panics
    /// Never: there is a look.
    #[must_use]
    pub fn most(&self) -> u32 {
        *self.ends.last().expect("there is a look")
    }

    /// The two-sided probability of error of the intervals at this look, counted from 0.
    ///
    /// # Panics
    /// Where there is no such look.
    #[must_use]
    pub fn error_at(&self, look: usize) -> f64 {
        self.errors[look]
    }

    /// What the replications are for; `None` where their number is fixed.
    #[must_use]
    pub fn goal(&self) -> Option<Goal> {
        self.goal
    }
}

/// The first look at `min`, each at half as much again as the one before it, the last at `max`.
fn ends(min: u32, max: u32) -> Vec<u32> {
    let mut ends = vec![min.min(max)];
    while let Some(&end) = ends.last().filter(|&&end| end < max) {
        ends.push(end.saturating_add(end.div_ceil(2).max(1)).min(max));
    }
    ends
}

/// What each look may err. A part of a look's error is more than the error of a part, so that it is spent for one of the
/// statements, and times their number here what a part of it is there.
fn errors(ends: &[u32], statements: usize) -> Vec<f64> {
    if ends.len() == 1 {
        return vec![stat::ERROR];
    }
    let all = f64::from(ends[ends.len() - 1]);
    let parts: Vec<f64> = ends.iter().map(|&end| f64::from(end) / all).collect();
    let one = spending::nominal(&parts, stat::shared(stat::ERROR, statements));
    one.iter().map(|error| error * stat::count(statements)).collect()
}

/// Whether half the interval of the metric's mean is at most this wide, of one policy or of each. Who has no value of it is narrow
/// enough; one value alone has no interval, and is not.
#[must_use]
pub fn narrow(comparison: &Comparison, metric: &str, policy: Option<&str>, width: Width) -> bool {
    let of = |index: usize| {
        let values: Vec<f64> =
            comparison.values(index, metric).iter().copied().filter(|value| !value.is_nan()).collect();
        let Some(mean) = stat::mean(&values) else { return true };
        let widest = match width {
            Width::Relative(part) => part * mean.abs(),
            Width::Absolute(width) => width,
        };
        stat::half_width(&values, comparison.error).is_some_and(|half| half <= widest)
    };
    let meant = |index: &usize| policy.is_none_or(|policy| comparison.policies[*index].name == policy);
    (0..comparison.policies.len()).filter(meant).all(of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::record::{Bin, Record};
    use crate::experiment::timeline::Layout;
    use crate::metric::{MetricDef, Unit};
    use crate::time::SimSpan;

    fn until(min: u32, max: u32, until: Until) -> Replications {
        Replications { min, max, until }
    }

    fn comparison(rows: &[&[f64]]) -> Comparison {
        let metric = MetricDef { name: "failed", unit: Unit::Count, better: None, doc: "" };
        let names: Vec<String> = (0..rows.len()).map(|index| format!("p{index}")).collect();
        let mut comparison = Comparison::new(&names, vec![metric], Layout::new(SimSpan::secs(1), &[]), 9);
        for (replication, index) in (0..).zip(0..rows[0].len()) {
            for (policy, row) in rows.iter().enumerate() {
                let (values, timeline) = (vec![row[index]], vec![Bin::default()]);
                let (digest, episodes, inbound) = (0, Vec::new(), None);
                comparison.push(&Record { policy, replication, digest, values, episodes, timeline, inbound });
            }
        }
        comparison
    }

    #[test]
    fn looks_grow_by_half_and_end_at_the_most() {
        assert_eq!(ends(20, 2_000), [20, 30, 45, 68, 102, 153, 230, 345, 518, 777, 1_166, 1_749, 2_000]);
        assert_eq!(ends(2, 7), [2, 3, 5, 7]);
        assert_eq!(ends(1, 3), [1, 2, 3]);
        assert_eq!(ends(2, 1_000_000).len(), 33);
    }

    #[test]
    fn one_look_has_the_usual_error_to_the_bit() {
        for replications in [Replications::fixed(40), until(40, 40, Until::Decided)] {
            let looks = Looks::of(&replications, 8, 12);
            assert_eq!((looks.ends(), looks.error_at(0).to_bits()), (&[40][..], stat::ERROR.to_bits()));
        }
    }

    #[test]
    fn a_look_at_the_width_spends_nothing_and_one_at_the_place_does() {
        let metric = "failed".to_owned();
        let narrow = Until::HalfWidth { metric, policy: None, width: Width::Absolute(1.0) };
        let looks = Looks::of(&until(20, 100, narrow), 2, 1);
        assert!((0..looks.ends().len()).all(|look| looks.error_at(look).to_bits() == stat::ERROR.to_bits()));
        let looks = Looks::of(&until(20, 100, Until::Decided), 2, 1);
        assert_eq!((looks.goal(), looks.ends()), (Some(Goal::Decided), &[20, 30, 45, 68, 100][..]));
        assert!((0..5).all(|look| looks.error_at(look) < stat::ERROR), "{looks:?}");
    }

    #[test]
    fn the_error_of_many_statements_is_no_more_for_each_than_that_of_a_few() {
        let all = until(20, 2_000, Until::Decided);
        let (one, three, many) = (Looks::of(&all, 2, 1), Looks::of(&all, 3, 1), Looks::of(&all, 2, 30));
        for look in 1..one.ends().len() {
            assert!(many.error_at(look) < three.error_at(look) && three.error_at(look) < one.error_at(look));
        }
    }

    #[test]
    fn an_interval_is_narrow_enough_when_each_policy_has_it() {
        // Half widths at 95 %: t(0.975; 2) = 4.303 times 1/√3 is 2.484; of values that are the same, 0.
        let comparison = comparison(&[&[9.0, 10.0, 11.0], &[5.0; 3], &[f64::NAN; 3], &[f64::NAN, f64::NAN, 1.0]]);
        let is = |policy: usize, width: Width| narrow(&comparison, "failed", Some(&format!("p{policy}")), width);
        assert!(is(0, Width::Absolute(2.485)) && !is(0, Width::Absolute(2.484)));
        assert!(is(0, Width::Relative(0.2485)) && !is(0, Width::Relative(0.2484)));
        assert!(is(1, Width::Relative(0.0)), "nothing varies");
        assert!(is(2, Width::Absolute(0.0)), "there is nothing to wait for");
        assert!(!is(3, Width::Absolute(1e9)), "one value has no interval");
        assert!(!narrow(&comparison, "failed", None, Width::Absolute(1e9)));
    }
}
