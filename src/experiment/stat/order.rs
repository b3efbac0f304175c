//! Intervals for quantiles that assume no distribution: from one value of the sorted sample to another. So many of n values lie
//! below the quantile p as a binomial variable says, and the tails are equal. Where values repeat it errs to the safe side.
//!
//! Source: H. A. David and H. N. Nagaraja, "Order Statistics", 3rd edition (2003), section 7.1.

use super::{binomial, shared};

/// An interval of which an end is missing where the values are too few for it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ends {
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// The interval of the quantile `p` of what the sorted values were drawn from; each end errs with half of `error`.
///
/// # Panics
/// Unless 0 < p < 1.
#[must_use]
pub fn interval(sorted: &[f64], p: f64, error: f64) -> Ends {
    let n = u32::try_from(sorted.len()).expect("replications are counted in 32 bits");
    let at = |rank: u32| sorted[rank as usize - 1];
    Ends { low: low(n, p, error).map(at), high: high(n, p, error).map(at) }
}

/// How many values the end needs that is further out: the upper one of a quantile from the median on, else the lower one.
///
/// # Panics
/// Unless 0 < p < 1 and 0 < error < 1.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, corrected below")]
pub fn least(p: f64, error: f64) -> u32 {
    assert!(error > 0.0 && error < 1.0, "no interval errs with the probability {error}");
    let outer = p.max(1.0 - p);
    let estimate = libm::log(shared(error, 2)) / libm::log(outer);
    let first = (libm::floor(estimate) as u32).max(1);
    (first..u32::MAX).find(|&n| high(n, outer, error).is_some()).expect("the more values, the more ends")
}

/// The rank (from 1) of the lower end: the greatest with the quantile below its value in few enough samples.
fn low(n: u32, p: f64, error: f64) -> Option<u32> {
    let few = |rank: u32| binomial::at_most(rank - 1, n, p) <= shared(error, 2);
    // Ranks up to the one that is sought are few, and those after it are not.
    let (mut good, mut bad) = (0, n + 1);
    while bad - good > 1 {
        let rank = good.midpoint(bad);
        if few(rank) {
            good = rank;
        } else {
            bad = rank;
        }
    }
    (good > 0).then_some(good)
}

/// The rank (from 1) of the upper end: the least with the quantile above its value in few enough samples.
fn high(n: u32, p: f64, error: f64) -> Option<u32> {
    assert!(p > 0.0 && p < 1.0, "no quantile {p}");
    let few = |rank: u32| binomial::at_least(rank, n, p) <= shared(error, 2);
    let (mut bad, mut good) = (0, n + 1);
    while good - bad > 1 {
        let rank = good.midpoint(bad);
        if few(rank) {
            good = rank;
        } else {
            bad = rank;
        }
    }
    (good <= n).then_some(good)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::stat::ERROR;

    fn upto(n: u32) -> Vec<f64> {
        (1..=n).map(f64::from).collect()
    }

    #[test]
    fn the_end_of_a_tail_needs_so_many_values() {
        assert_eq!([0.5, 0.95, 0.99, 0.05, 0.01].map(|p| least(p, ERROR)), [6, 72, 368, 72, 368]);
        assert_eq!(least(0.95, 0.1), 59, "0.95^59 = 0.0485, one-sided 95 %");
        for (p, n) in [(0.5, 6), (0.95, 72), (0.99, 368)] {
            assert_eq!(interval(&upto(n - 1), p, ERROR).high, None);
            assert_eq!(interval(&upto(n), p, ERROR).high, Some(f64::from(n)));
        }
        assert_eq!(interval(&upto(72), 0.05, ERROR).low, Some(1.0));
        assert_eq!(interval(&[], 0.5, ERROR), Ends::default());
    }

    #[test]
    fn the_interval_of_a_median_counts_coins() {
        // Of 20 fair coins at most 5 with 0.0207, at most 6 with 0.0577: the 6th to the 15th. Of 10 at most 1 with 0.0107, at
        // most 2 with 0.0547: the 2nd to the 9th.
        let ends = |n: u32, p: f64| interval(&upto(n), p, ERROR);
        assert_eq!(ends(20, 0.5), Ends { low: Some(6.0), high: Some(15.0) });
        assert_eq!(ends(10, 0.5), Ends { low: Some(2.0), high: Some(9.0) });
        assert_eq!(ends(40, 0.95).high, None);
        assert!(ends(40, 0.95).low.is_some(), "the lower end of a tail needs few values");
    }

    #[test]
    fn each_end_errs_with_at_most_half_and_the_next_rank_with_more() {
        for n in [6, 20, 72, 100, 368, 1_000, 4_321] {
            for p in [0.05, 0.5, 0.9, 0.95, 0.99] {
                for error in [ERROR, 0.01, 0.2] {
                    if let Some(rank) = low(n, p, error) {
                        assert!(binomial::at_most(rank - 1, n, p) <= error / 2.0);
                        assert!(binomial::at_most(rank, n, p) > error / 2.0);
                    }
                    if let Some(rank) = high(n, p, error) {
                        assert!(binomial::at_least(rank, n, p) <= error / 2.0);
                        assert!(binomial::at_least(rank - 1, n, p) > error / 2.0);
                    }
                }
            }
        }
    }
}
