//! Differences between two policies on the same worlds: paired replication by replication, so that what both share cancels.

use super::{ERROR, Interval, half_width, mean, sample_sd, summarise};

/// How one policy's metric differs from another's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Replications in which both have a value, at least one.
    pub n: usize,
    pub mean: f64,
    /// Of the mean, by Student; from two pairs on.
    pub interval: Option<Interval>,
    /// Of the means; none if the reference's own interval touches zero.
    pub ratio: Option<Ratio>,
    /// How many times the replications it would take for an interval as narrow without pairing: the sum of both variances over
    /// that of the differences. None where the differences do not vary, and below two pairs.
    pub saved: Option<f64>,
    /// Equal in every replication, to the bit.
    pub identical: bool,
}

/// A ratio of means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    pub value: f64,
    pub interval: Interval,
}

/// `values` less `reference`, intervals with the probability of error `error`; `None` without a pair.
#[must_use]
pub fn difference(values: &[f64], reference: &[f64], error: f64) -> Option<Difference> {
    let pairs: Vec<(f64, f64)> = values
        .iter()
        .zip(reference)
        .map(|(&value, &base)| (value, base))
        .filter(|(value, base)| !value.is_nan() && !base.is_nan())
        .collect();
    let differences: Vec<f64> = pairs.iter().map(|(value, base)| value - base).collect();
    let middle = mean(&differences)?;
    Some(Difference {
        n: pairs.len(),
        mean: middle,
        interval: half_width(&differences, error).map(|half| Interval::around(middle, half)),
        ratio: ratio(&pairs, error),
        saved: saved(&pairs, &differences),
        identical: pairs.iter().all(|(value, base)| value.total_cmp(base).is_eq()),
    })
}

/// The ratio of means, its interval from the residuals value − ratio × base (delta method, pairing kept).
fn ratio(pairs: &[(f64, f64)], error: f64) -> Option<Ratio> {
    let bases: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
    // Whether there is a base at all is no statement of its own: the usual interval says so.
    let base = summarise(&bases, ERROR)?;
    if base.interval?.touches_zero() {
        return None;
    }
    let value = mean(&pairs.iter().map(|pair| pair.0).collect::<Vec<f64>>())? / base.mean;
    let residuals: Vec<f64> = pairs.iter().map(|(numerator, base)| numerator - value * base).collect();
    let half = half_width(&residuals, error)? / base.mean.abs();
    Some(Ratio { value, interval: Interval::around(value, half) })
}

/// The variance without pairing over that with it.
fn saved(pairs: &[(f64, f64)], differences: &[f64]) -> Option<f64> {
    let variance = |values: &[f64]| sample_sd(values).map(|sd| sd * sd);
    let (values, bases): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let paired = variance(differences)?;
    (paired > 0.0).then_some((variance(&values)? + variance(&bases)?) / paired)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::stat::shared;

    #[test]
    fn pairing_removes_what_both_share() {
        let base = [10.0, 50.0, 90.0];
        let value = [11.0, 51.0, 91.0];
        let found = difference(&value, &base, ERROR).unwrap();
        assert_eq!(found.interval, Some(Interval { low: 1.0, high: 1.0 }));
        assert!(!found.identical);
    }

    #[test]
    fn a_difference_worked_out_by_hand() {
        // Differences 1, 2, 3: mean 2, sd 1; two comparisons: t(0.9875; 2) = 6.205347.
        let found = difference(&[2.0, 4.0, 6.0, f64::NAN], &[1.0, 2.0, 3.0, 7.0], shared(ERROR, 2)).unwrap();
        let half = found.interval.unwrap().high - 2.0;
        assert!((half - 6.205_346_816 / libm::sqrt(3.0)).abs() < 1e-8);
        assert_eq!((found.n, found.mean), (3, 2.0));
    }

    #[test]
    fn what_pairing_saves_is_told_in_replications() {
        // Variances 4 and 1 of the values, 1 of the differences.
        let found = difference(&[2.0, 4.0, 6.0], &[1.0, 2.0, 3.0], ERROR).unwrap();
        assert!((found.saved.unwrap() - 5.0).abs() < 1e-12);
        let opposed = difference(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0], ERROR).unwrap();
        assert!((opposed.saved.unwrap() - 0.5).abs() < 1e-12, "what moves against each other costs");
        assert_eq!(difference(&[1.0, 2.0], &[3.0, 4.0], ERROR).unwrap().saved, None, "the differences do not vary");
        assert_eq!(difference(&[1.0], &[3.0], ERROR).unwrap().saved, None);
    }

    #[test]
    fn a_ratio_of_proportional_values_has_no_width() {
        let base: Vec<f64> = (20..40).map(f64::from).collect();
        let third: Vec<f64> = base.iter().map(|value| value * 0.25).collect();
        let ratio = difference(&third, &base, shared(ERROR, 3)).unwrap().ratio.unwrap();
        assert_eq!(ratio, Ratio { value: 0.25, interval: Interval { low: 0.25, high: 0.25 } });
    }

    #[test]
    fn there_is_no_ratio_to_what_may_be_zero() {
        assert_eq!(difference(&[1.0, 2.0], &[0.0, 0.0], ERROR).unwrap().ratio, None);
        assert_eq!(difference(&[1.0, 2.0], &[-1.0, 1.5], ERROR).unwrap().ratio, None);
    }

    #[test]
    fn identical_means_equal_in_every_replication() {
        let values = [0.5, 0.25, f64::NAN];
        let found = difference(&values, &values, ERROR).unwrap();
        assert!(found.identical && found.mean.to_bits() == 0);
        assert_eq!(difference(&[f64::NAN], &[1.0], ERROR), None);
    }
}
