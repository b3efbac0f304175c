//! Differences between two policies on the same worlds: paired replication by replication, so that what both share cancels.

use super::{Interval, half_width, mean, summarise};

/// How one policy's metric differs from another's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Replications in which both have a value, at least one.
    pub n: usize,
    pub mean: f64,
    /// Holds together with those of the other comparisons; from two pairs on.
    pub interval: Option<Interval>,
    /// Of the means; none if the reference's own interval touches zero.
    pub ratio: Option<Ratio>,
    /// Equal in every replication, to the bit.
    pub identical: bool,
}

/// A ratio of means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    pub value: f64,
    pub interval: Interval,
}

/// `values` less `reference`, as one of `comparisons` that shall hold together (Bonferroni); `None` without a pair.
#[must_use]
pub fn difference(values: &[f64], reference: &[f64], comparisons: usize) -> Option<Difference> {
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
        interval: half_width(&differences, comparisons).map(|half| Interval::around(middle, half)),
        ratio: ratio(&pairs, comparisons),
        identical: pairs.iter().all(|(value, base)| value.total_cmp(base).is_eq()),
    })
}

/// The ratio of means, its interval from the residuals value − ratio × base (delta method, pairing kept).
fn ratio(pairs: &[(f64, f64)], comparisons: usize) -> Option<Ratio> {
    let bases: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
    let base = summarise(&bases)?;
    if base.interval?.touches_zero() {
        return None;
    }
    let value = mean(&pairs.iter().map(|pair| pair.0).collect::<Vec<f64>>())? / base.mean;
    let residuals: Vec<f64> = pairs.iter().map(|(numerator, base)| numerator - value * base).collect();
    let half = half_width(&residuals, comparisons)? / base.mean.abs();
    Some(Ratio { value, interval: Interval::around(value, half) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairing_removes_what_both_share() {
        let base = [10.0, 50.0, 90.0];
        let value = [11.0, 51.0, 91.0];
        let found = difference(&value, &base, 1).unwrap();
        assert_eq!(found.interval, Some(Interval { low: 1.0, high: 1.0 }));
        assert!(!found.identical);
    }

    #[test]
    fn a_difference_worked_out_by_hand() {
        // Differences 1, 2, 3: mean 2, sd 1; two comparisons: t(0.9875; 2) = 6.205347.
        let found = difference(&[2.0, 4.0, 6.0, f64::NAN], &[1.0, 2.0, 3.0, 7.0], 2).unwrap();
        let half = found.interval.unwrap().high - 2.0;
        assert!((half - 6.205_346_816 / libm::sqrt(3.0)).abs() < 1e-8);
        assert_eq!((found.n, found.mean), (3, 2.0));
    }

    #[test]
    fn a_ratio_of_proportional_values_has_no_width() {
        let base: Vec<f64> = (20..40).map(f64::from).collect();
        let third: Vec<f64> = base.iter().map(|value| value * 0.25).collect();
        let ratio = difference(&third, &base, 3).unwrap().ratio.unwrap();
        assert_eq!(ratio, Ratio { value: 0.25, interval: Interval { low: 0.25, high: 0.25 } });
    }

    #[test]
    fn there_is_no_ratio_to_what_may_be_zero() {
        assert_eq!(difference(&[1.0, 2.0], &[0.0, 0.0], 1).unwrap().ratio, None);
        assert_eq!(difference(&[1.0, 2.0], &[-1.0, 1.5], 1).unwrap().ratio, None);
    }

    #[test]
    fn identical_means_equal_in_every_replication() {
        let values = [0.5, 0.25, f64::NAN];
        let found = difference(&values, &values, 1).unwrap();
        assert!(found.identical && found.mean.to_bits() == 0);
        assert_eq!(difference(&[f64::NAN], &[1.0], 1), None);
    }
}
