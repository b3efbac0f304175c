//! The extreme value of one key that still satisfies what is expected: a scan of the range, then bisection.
//!
//! All values are tried on the same worlds, so that what differs between two of them is the key alone.

use super::judge::Decision;

/// Values tried before bisection, both ends included: what they come to shows whether there is one limit.
const SCAN: u32 = 7;

/// Which limit is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    Smallest,
    Largest,
}

/// The values between two ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    pub from: f64,
    pub to: f64,
    /// Only whole numbers.
    pub whole: bool,
    /// Two values closer than this share of the larger one are not told apart.
    pub tolerance: f64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// In ascending order, each once.
    pub tried: Vec<(f64, Decision)>,
    pub answer: Answer,
    /// Seen from the side that passes: never a value that passes beyond one that does not, nor an undecided one beyond one that
    /// fails.
    pub monotone: bool,
}

/// The limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// No value that was tried passes.
    Nothing,
    /// Every value that was tried passes: the limit lies beyond the range.
    Everything,
    /// Values pass between such that do not (or beyond them), and nobody said which limit is meant.
    Which,
    Limit {
        goal: Goal,
        /// The last value that passes.
        passes: f64,
        /// The next one that surely fails; `None` where values are undecided up to the end of the range.
        fails: Option<f64>,
    },
}

impl Axis {
    /// The value between two, rounded to four digits; `None` where there is none worth a try.
    #[must_use]
    pub fn between(&self, low: f64, high: f64) -> Option<f64> {
        if high - low <= self.tolerance * high.abs().max(low.abs()) {
            return None;
        }
        // In equal ratios where the range spans several sizes.
        let ratios = self.from.min(self.to) > 0.0 && self.from.max(self.to) >= 4.0 * self.from.min(self.to);
        let middle = if ratios { libm::sqrt(low) * libm::sqrt(high) } else { f64::midpoint(low, high) };
        self.round(middle).filter(|value| *value > low && *value < high)
    }

    fn round(&self, value: f64) -> Option<f64> {
        let rounded = if self.whole { libm::round(value) } else { format!("{value:.3e}").parse().ok()? };
        Some(rounded)
    }

    /// The ends and what lies evenly between them, in ascending order, each once.
    fn scan(&self) -> Vec<f64> {
        let (low, high) = (self.from.min(self.to), self.from.max(self.to));
        let mut values = vec![low, high];
        let mut gaps = vec![(low, high)];
        while values.len() < SCAN as usize && !gaps.is_empty() {
            let mut next = Vec::new();
            for (low, high) in gaps {
                if let Some(middle) = self.between(low, high) {
                    values.push(middle);
                    next.extend([(low, middle), (middle, high)]);
                }
            }
            gaps = next;
        }
        values.sort_by(f64::total_cmp);
        values
    }
}

/// Looks for the limit. `evaluate` says what a value comes to, and is asked once for each.
pub fn search<E>(
    axis: &Axis,
    goal: Option<Goal>,
    mut evaluate: impl FnMut(f64) -> Result<Decision, E>,
) -> Result<Found, E> {
    let mut tried = Vec::new();
    for value in axis.scan() {
        tried.push((value, evaluate(value)?));
    }
    let passes = |decision: Decision| decision == Decision::Passed;
    let ends = (passes(tried[0].1), passes(tried[tried.len() - 1].1));
    let any = tried.iter().any(|&(_, decision)| passes(decision));
    let all = tried.iter().all(|&(_, decision)| passes(decision));
    let goal = match (goal, ends) {
        _ if !any => return Ok(found(tried, Answer::Nothing, None)),
        _ if all => return Ok(found(tried, Answer::Everything, None)),
        (Some(goal), _) => goal,
        (None, (true, false)) => Goal::Largest,
        (None, (false, true)) => Goal::Smallest,
        (None, _) => return Ok(found(tried, Answer::Which, None)),
    };
    // From here on values are seen from the side that passes: the limit is where they stop passing.
    let edge = |tried: &[(f64, Decision)], inside: fn(Decision) -> bool| edge(tried, goal, inside);
    for inside in [passes as fn(Decision) -> bool, |decision| decision != Decision::Failed] {
        while let Some((last, next)) = edge(&tried, inside) {
            let Some(middle) = axis.between(last.min(next), last.max(next)) else { break };
            let decision = evaluate(middle)?;
            let at = tried.partition_point(|(value, _)| *value < middle);
            tried.insert(at, (middle, decision));
        }
    }
    let answer = match (edge(&tried, passes), edge(&tried, |decision| decision != Decision::Failed)) {
        (Some((passes, _)), fails) => Answer::Limit { goal, passes, fails: fails.map(|(_, fails)| fails) },
        // The end of the range passes on the side that was asked for.
        (None, _) => Answer::Everything,
    };
    Ok(found(tried, answer, Some(goal)))
}

/// The outermost value inside, on the side of the goal, and its neighbour outside; `None` where the outermost value is inside.
fn edge(tried: &[(f64, Decision)], goal: Goal, inside: fn(Decision) -> bool) -> Option<(f64, f64)> {
    let outside_next = |last: usize, next: Option<usize>| Some((tried[last].0, tried[next?].0));
    match goal {
        Goal::Largest => {
            let last = tried.iter().rposition(|&(_, decision)| inside(decision))?;
            outside_next(last, (last + 1 < tried.len()).then_some(last + 1))
        }
        Goal::Smallest => {
            let last = tried.iter().position(|&(_, decision)| inside(decision))?;
            outside_next(last, last.checked_sub(1))
        }
    }
}

fn found(tried: Vec<(f64, Decision)>, answer: Answer, goal: Option<Goal>) -> Found {
    let up = tried.windows(2).all(|pair| pair[0].1 <= pair[1].1);
    let down = tried.windows(2).all(|pair| pair[0].1 >= pair[1].1);
    let monotone = match goal {
        Some(Goal::Largest) => up,
        Some(Goal::Smallest) => down,
        None => up || down,
    };
    Found { tried, answer, monotone }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn axis(from: f64, to: f64) -> Axis {
        Axis { from, to, whole: false, tolerance: 0.01 }
    }

    fn limit(axis: &Axis, goal: Option<Goal>, of: impl Fn(f64) -> Decision) -> Found {
        search(axis, goal, |value| Ok::<_, Infallible>(of(value))).unwrap()
    }

    /// Passes up to one value, fails from another on.
    fn steps(passes: f64, fails: f64) -> impl Fn(f64) -> Decision {
        move |value| match value {
            value if value <= passes => Decision::Passed,
            value if value >= fails => Decision::Failed,
            _ => Decision::Undecided,
        }
    }

    #[test]
    fn the_largest_value_is_found_with_the_interval_in_which_the_limit_lies() {
        for (passes, fails) in [(300.0, 300.000_1), (300.0, 700.0), (61.0, 3_000.0)] {
            let found = limit(&axis(60.0, 3_600.0), None, steps(passes, fails));
            let Answer::Limit { goal: Goal::Largest, passes: last, fails: Some(first) } = found.answer else {
                panic!("{found:?}")
            };
            assert!(found.monotone && last <= passes && last > passes * 0.98, "{found:?}");
            assert!(first >= fails && first < fails * 1.02, "{found:?}");
        }
    }

    #[test]
    fn the_smallest_value_is_found_from_the_other_side() {
        let of = steps(-50.0, -20.0);
        let found = limit(&axis(1.0, 100.0), None, move |value| of(-value));
        let Answer::Limit { goal: Goal::Smallest, passes, fails: Some(fails) } = found.answer else {
            panic!("{found:?}")
        };
        assert!((50.0..51.0).contains(&passes) && (19.0..=20.0).contains(&fails) && found.monotone, "{found:?}");
    }

    #[test]
    fn whole_numbers_stay_whole() {
        let axis = Axis { whole: true, ..axis(1.0, 64.0) };
        let found = limit(&axis, None, steps(11.0, 12.0));
        assert_eq!(found.answer, Answer::Limit { goal: Goal::Largest, passes: 11.0, fails: Some(12.0) });
        assert!(found.tried.iter().all(|(value, _)| value.fract() == 0.0));
    }

    #[test]
    fn a_range_that_ends_undecided_has_no_failing_value() {
        let found = limit(&axis(1.0, 10.0), None, steps(4.0, 100.0));
        assert!(matches!(found.answer, Answer::Limit { fails: None, .. }), "{found:?}");
    }

    #[test]
    fn what_is_not_monotone_is_said() {
        let hole = |value: f64| if (100.0..200.0).contains(&value) { Decision::Failed } else { Decision::Passed };
        let found = limit(&axis(1.0, 1_000.0), None, hole);
        assert_eq!((found.answer, found.monotone), (Answer::Which, false));
        let bump = |value: f64| if (20.0..200.0).contains(&value) { Decision::Passed } else { Decision::Failed };
        assert_eq!(limit(&axis(1.0, 1_000.0), None, bump).answer, Answer::Which);
        let found = limit(&axis(1.0, 1_000.0), Some(Goal::Largest), bump);
        let Answer::Limit { passes, .. } = found.answer else { panic!("{found:?}") };
        assert!(!found.monotone && (195.0..200.0).contains(&passes), "{found:?}");
    }

    #[test]
    fn nothing_and_everything_are_told_apart_from_a_limit() {
        assert_eq!(limit(&axis(1.0, 2.0), None, |_| Decision::Undecided).answer, Answer::Nothing);
        let found = limit(&axis(0.0, 2.0), Some(Goal::Largest), |_| Decision::Passed);
        assert_eq!((found.answer, found.monotone, found.tried.len()), (Answer::Everything, true, 9));
    }
}
