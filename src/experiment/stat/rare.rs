//! What is known of something that was never seen.

/// The share of worlds in which something happens is below this, if it happened in none of `n` replications: with the one-sided
/// probability `error` of being wrong. Near 3/n at 0.05, the "rule of three".
///
/// Source: J. A. Hanley and A. Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249 (1983) 1743–1745.
#[must_use]
pub fn share_below(n: u32, error: f64) -> f64 {
    if n == 0 { 1.0 } else { -libm::expm1(libm::log(error) / f64::from(n)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::stat::binomial;

    #[test]
    fn nothing_in_n_replications_is_near_three_over_n() {
        assert!((share_below(100, 0.05) - 0.029_513).abs() < 1e-6);
        assert!((share_below(1_000, 0.05) * 1_000.0 - 3.0).abs() < 0.01);
        assert_eq!(share_below(0, 0.05).to_bits(), 1.0_f64.to_bits());
        assert!((share_below(1, 0.05) - 0.95).abs() < 1e-15);
    }

    #[test]
    fn at_the_bound_nothing_is_seen_as_rarely_as_it_says() {
        for n in [1, 7, 60, 2_000] {
            for error in [0.05, 0.025, 0.001] {
                assert!((binomial::at_most(0, n, share_below(n, error)) / error - 1.0).abs() < 1e-9);
            }
        }
    }
}
