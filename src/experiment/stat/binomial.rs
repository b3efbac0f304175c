//! The binomial distribution on `libm` alone: of n values so many lie below a quantile.

use super::beta::regularised;

/// The probability of at most `k` among `n`, each with the probability `p`.
#[must_use]
pub fn at_most(k: u32, n: u32, p: f64) -> f64 {
    if k >= n { 1.0 } else { regularised(1.0 - p, p, f64::from(n - k), f64::from(k) + 1.0) }
}

/// The probability of at least `k` among `n`, each with the probability `p`.
#[must_use]
pub fn at_least(k: u32, n: u32, p: f64) -> f64 {
    if k > n {
        0.0
    } else if k == 0 {
        1.0
    } else {
        regularised(p, 1.0 - p, f64::from(k), f64::from(n - k) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{Binomial, DiscreteCDF};

    #[test]
    fn it_agrees_with_statrs() {
        for n in [1_u32, 2, 5, 20, 72, 368, 5_000] {
            for p in [0.01, 0.05, 0.5, 0.95, 0.99] {
                let oracle = Binomial::new(p, n.into()).unwrap();
                for k in (0..=n).step_by(1 + n as usize / 40) {
                    let (here, there) = (at_most(k, n, p), oracle.cdf(k.into()));
                    assert!((here - there).abs() < 1e-9, "at most {k} of {n} at {p}: {here}, {there}");
                    let (here, there) = (at_least(k + 1, n, p), oracle.sf(k.into()));
                    assert!((here - there).abs() < 1e-9, "more than {k} of {n} at {p}: {here}, {there}");
                }
            }
        }
    }

    #[test]
    fn small_ones_are_worked_out_by_hand() {
        // 1, 4, 6, 4, 1 sixteenths; and what no value and all values are.
        let below: Vec<f64> = (0..=4).map(|k| at_most(k, 4, 0.5) * 16.0).collect();
        for (here, there) in below.iter().zip([1.0, 5.0, 11.0, 15.0, 16.0]) {
            assert!((here - there).abs() < 1e-12, "{below:?}");
        }
        assert!((at_most(0, 72, 0.05) - libm::pow(0.95, 72.0)).abs() < 1e-15);
        assert!((at_least(72, 72, 0.95) - libm::pow(0.95, 72.0)).abs() < 1e-15);
        assert_eq!((at_least(0, 3, 0.2), at_least(4, 3, 0.2)), (1.0, 0.0));
    }
}
