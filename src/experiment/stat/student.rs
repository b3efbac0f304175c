//! Student's t quantile on `libm` alone: quantiles decide verdicts, and so must have the same bits everywhere.

use super::beta::{ln_beta, regularised};

/// The value below which a t variable with `df` degrees of freedom lies with probability `p`.
///
/// # Panics
/// Unless 0 < p < 1 and df ≥ 1.
#[must_use]
pub fn quantile(p: f64, df: u32) -> f64 {
    assert!(p > 0.0 && p < 1.0 && df >= 1, "no t quantile of {p} with {df} degrees of freedom");
    let above = p.min(1.0 - p);
    let size = if above >= 0.5 { 0.0 } else { invert(above, f64::from(df)) };
    if p < 0.5 { -size } else { size }
}

/// The t > 0 that is exceeded with probability `above`: Newton's steps, halving the bracket where one would leave it.
fn invert(above: f64, df: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while upper_tail(high, df) > above {
        low = high;
        high *= 2.0;
    }
    let mut t = f64::midpoint(low, high);
    for _ in 0..200 {
        let excess = upper_tail(t, df) - above;
        if excess > 0.0 {
            low = t;
        } else {
            high = t;
        }
        let step = excess / density(t, df);
        let next = if t + step > low && t + step < high { t + step } else { f64::midpoint(low, high) };
        if (next - t).abs() <= 1e-15 * t {
            return next;
        }
        t = next;
    }
    t
}

/// P(T > t) for t > 0.
fn upper_tail(t: f64, df: f64) -> f64 {
    let whole = df + t * t;
    0.5 * regularised(df / whole, t * t / whole, df / 2.0, 0.5)
}

fn density(t: f64, df: f64) -> f64 {
    let log = -ln_beta(df / 2.0, 0.5) - 0.5 * libm::log(df) - 0.5 * (df + 1.0) * libm::log1p(t * t / df);
    libm::exp(log)
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{ContinuousCDF, StudentsT};

    #[test]
    fn the_quantile_agrees_with_statrs() {
        for df in [1_u32, 2, 3, 4, 5, 7, 10, 19, 30, 99, 199, 999, 1_999, 20_000] {
            let oracle = StudentsT::new(0.0, 1.0, f64::from(df)).unwrap();
            for p in [0.55, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.9975, 0.9995, 0.999_95, 1.0 - 0.025 / 91.0] {
                let t = quantile(p, df);
                let back = oracle.sf(t);
                assert!((back / (1.0 - p) - 1.0).abs() < 1e-8, "p {p}, df {df}: {t} leaves {back} above");
            }
        }
    }

    #[test]
    fn closed_forms_hold() {
        // One degree of freedom is Cauchy's, two have an algebraic quantile.
        let cauchy = libm::tan(std::f64::consts::PI * 0.475);
        assert!((quantile(0.975, 1) / cauchy - 1.0).abs() < 1e-12);
        let two = 0.95 / libm::sqrt(2.0 * 0.975 * 0.025);
        assert!((quantile(0.975, 2) / two - 1.0).abs() < 1e-12);
    }

    #[test]
    fn it_is_symmetric_and_zero_in_the_middle() {
        assert!(quantile(0.5, 9).abs() < f64::EPSILON);
        assert!((quantile(0.1, 9) + quantile(0.9, 9)).abs() < 1e-12);
    }
}
