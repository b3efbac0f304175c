//! What a handful of replications says: means, intervals, quantiles. Every sum runs in the order of the replications, so
//! the number of threads never shows in a bit.

pub mod beta;
pub mod binomial;
pub mod order;
pub mod paired;
pub mod rare;
pub mod spending;
pub mod student;

/// The two-sided probability of error of every interval that is printed, unless something else is said: its bits are those
/// of 1 − 0.95.
pub const ERROR: f64 = 1.0 - 0.95;

/// Errors below this are taken as what lies below a quantile, and not as what lies above one.
const SMALL: f64 = 1e-6;

/// Bounds, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// An empirical quantile, or the maximum where the values are too few for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    pub value: f64,
    /// There were too few values: this is their maximum.
    pub is_max: bool,
}

/// One sample in the numbers of `summary.csv`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Values that are not NaN, at least one.
    pub n: usize,
    pub mean: f64,
    /// Of the mean, by Student; from two values on.
    pub interval: Option<Interval>,
    /// Of the sample; from two values on.
    pub sd: Option<f64>,
    pub min: f64,
    pub p50: f64,
    pub p95: Quantile,
    pub p99: Quantile,
    pub max: f64,
}

impl Interval {
    /// Around a middle.
    #[must_use]
    pub fn around(middle: f64, half_width: f64) -> Interval {
        Interval { low: middle - half_width, high: middle + half_width }
    }

    /// Whether zero is in it or at its edge.
    #[must_use]
    pub fn touches_zero(self) -> bool {
        self.low <= 0.0 && self.high >= 0.0
    }
}

/// The summary of the values that are not NaN; `None` if there are none. `error` is the two-sided probability that the mean's
/// interval misses.
#[must_use]
pub fn summarise(values: &[f64], error: f64) -> Option<Summary> {
    let values: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    let (&min, &max) = (sorted.first()?, sorted.last()?);
    let mean = mean(&values)?;
    Some(Summary {
        n: values.len(),
        mean,
        interval: half_width(&values, error).map(|half| Interval::around(mean, half)),
        sd: sample_sd(&values),
        min,
        p50: at_rank(&sorted, 500),
        p95: tail_quantile(&sorted, 950, 20),
        p99: tail_quantile(&sorted, 990, 100),
        max,
    })
}

/// The mean; of values that are all the same, that value to the bit.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    let &first = values.first()?;
    Some(first + values.iter().fold(0.0, |sum, value| sum + (value - first)) / count(values.len()))
}

/// The sample's standard deviation (n − 1); `None` below two values.
#[must_use]
pub fn sample_sd(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = mean(values)?;
    let squares = values.iter().fold(0.0, |sum, value| sum + (value - mean) * (value - mean));
    Some(libm::sqrt(squares / count(values.len() - 1)))
}

/// Half the width of the mean's interval that misses with the probability `error`, both sides together.
///
/// # Panics
/// Unless 0 < error < 1.
#[must_use]
pub fn half_width(values: &[f64], error: f64) -> Option<f64> {
    let sd = sample_sd(values)?;
    let df = u32::try_from(values.len() - 1).expect("replications are counted in 32 bits");
    // A small one would be lost in what it leaves of 1.
    let t = if error < SMALL { -student::quantile(error / 2.0, df) } else { student::quantile(1.0 - error / 2.0, df) };
    Some(t * sd / libm::sqrt(count(values.len())))
}

/// What each of so many statements may err, so that all of them hold together but for `error` (Bonferroni).
#[must_use]
pub fn shared(error: f64, statements: usize) -> f64 {
    error / count(statements.max(1))
}

/// The smallest value with at least that share (in thousandths) of the values at or below it.
///
/// # Panics
/// Without values.
#[must_use]
pub fn at_rank(sorted: &[f64], per_mille: usize) -> f64 {
    let rank = (per_mille * sorted.len()).div_ceil(1_000).max(1);
    sorted[rank - 1]
}

fn tail_quantile(sorted: &[f64], per_mille: usize, least: usize) -> Quantile {
    let is_max = sorted.len() < least;
    Quantile { value: at_rank(sorted, if is_max { 1_000 } else { per_mille }), is_max }
}

/// A number of values, as a divisor.
pub(crate) fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).expect("replications are counted in 32 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_worked_out_by_hand() {
        // 2, 4, 4, 6: mean 4, sum of squares 8, sd √(8/3); t(0.975; 3) = 3.182446.
        let summary = summarise(&[4.0, 2.0, f64::NAN, 6.0, 4.0], ERROR).unwrap();
        assert_eq!((summary.n, summary.mean, summary.min, summary.p50, summary.max), (4, 4.0, 2.0, 4.0, 6.0));
        assert!((summary.sd.unwrap() - 1.632_993_161_855_452).abs() < 1e-15);
        let half = summary.interval.unwrap().high - 4.0;
        assert!((half - 3.182_446_305_284_263 * 1.632_993_161_855_452 / 2.0).abs() < 1e-9);
        assert_eq!(summary.p95, Quantile { value: 6.0, is_max: true });
    }

    #[test]
    fn quantiles_of_few_values_are_their_maximum_and_say_so() {
        let upto = |n: u32| (1..=n).map(f64::from).collect::<Vec<f64>>();
        assert_eq!(summarise(&upto(19), ERROR).unwrap().p95, Quantile { value: 19.0, is_max: true });
        assert_eq!(summarise(&upto(20), ERROR).unwrap().p95, Quantile { value: 19.0, is_max: false });
        assert_eq!(summarise(&upto(99), ERROR).unwrap().p99, Quantile { value: 99.0, is_max: true });
        assert_eq!(summarise(&upto(100), ERROR).unwrap().p99, Quantile { value: 99.0, is_max: false });
        assert!((at_rank(&upto(7), 500) - 4.0).abs() < f64::EPSILON);
    }

    #[test]
    fn equal_values_have_no_spread_to_the_bit() {
        let summary = summarise(&[0.1; 7], ERROR).unwrap();
        assert_eq!((summary.mean.to_bits(), summary.sd), (0.1_f64.to_bits(), Some(0.0)));
        assert_eq!(summary.interval, Some(Interval { low: 0.1, high: 0.1 }));
    }

    #[test]
    fn the_smallest_errors_have_an_interval_too() {
        let half = |error: f64| half_width(&[1.0, 2.0, 4.0, 3.0], error).unwrap();
        assert!((half(SMALL * 0.999_999) / half(SMALL) - 1.0).abs() < 1e-6, "no step where the tail changes");
        assert!(half(1e-18) > half(1e-15) && half(1e-15) > half(1e-12));
    }

    #[test]
    fn one_value_has_no_interval_and_none_no_summary() {
        let one = summarise(&[3.0], ERROR).unwrap();
        assert_eq!((one.interval, one.sd), (None, None));
        assert_eq!(summarise(&[f64::NAN], ERROR), None);
    }

    #[test]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        // 2,000 samples of 10 normals each: 95 % ± 1.5 points is three standard deviations. The stream is fixed.
        let mut state = 1_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (f64::from(u32::try_from(state >> 32).unwrap()) + 0.5) / 4_294_967_296.0
        };
        let covered = (0..2_000)
            .filter(|_| {
                let sample: Vec<f64> = (0..10).map(|_| crate::dist::normal_quantile(uniform())).collect();
                summarise(&sample, ERROR).unwrap().interval.unwrap().touches_zero()
            })
            .count();
        assert!((1_870..=1_930).contains(&covered), "{covered} of 2000");
    }
}
