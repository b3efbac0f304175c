//! The regularised incomplete beta function on `libm` alone: under Student's t and the binomial distribution.

/// At x, of which `rest` = 1 − x is given too, for it may be tiny.
#[must_use]
pub fn regularised(x: f64, rest: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || rest <= 0.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    let front = libm::exp(a * libm::log(x) + b * libm::log(rest) - ln_beta(a, b));
    if x < (a + 1.0) / (a + b + 2.0) { front * fraction(x, a, b) / a } else { 1.0 - front * fraction(rest, b, a) / b }
}

/// The logarithm of the beta function.
#[must_use]
pub fn ln_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

/// The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method.
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |term: f64| if term.abs() < TINY { TINY } else { term };
    let (mut above, mut below) = (1.0, 1.0 / guard(1.0 - (a + b) * x / (a + 1.0)));
    let mut value = below;
    let mut m = 0.0;
    for _ in 0..100_000 {
        m += 1.0;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        below = 1.0 / guard(1.0 + even * below);
        above = guard(1.0 + even / above);
        value *= below * above;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        below = 1.0 / guard(1.0 + odd * below);
        above = guard(1.0 + odd / above);
        value *= below * above;
        if (below * above - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms_hold() {
        // I_x(a, 1) = x^a, I_x(1, b) = 1 − (1 − x)^b, and by symmetry a half in the middle.
        for x in [0.01_f64, 0.3, 0.5, 0.95] {
            for n in [1.0, 2.0, 7.5, 72.0] {
                let power = libm::pow(x, n);
                assert!((regularised(x, 1.0 - x, n, 1.0) - power).abs() < 1e-13, "{x} {n}");
                assert!((regularised(1.0 - x, x, 1.0, n) - (1.0 - power)).abs() < 1e-13, "{x} {n}");
            }
        }
        assert!((regularised(0.5, 0.5, 40.0, 40.0) - 0.5).abs() < 1e-13);
    }

    #[test]
    fn it_agrees_with_statrs() {
        use statrs::function::beta::beta_reg;
        for (a, b) in [(0.5, 0.5), (2.0, 30.0), (361.0, 4.0), (1_000.0, 1_200.0), (9_500.0, 501.0)] {
            for x in [0.02, 0.4, 0.45, 0.5, 0.95, 0.985] {
                let (here, there) = (regularised(x, 1.0 - x, a, b), beta_reg(a, b, x));
                assert!((here - there).abs() <= 1e-9 * there.max(1e-12), "I_{x}({a}, {b}): {here}, {there}");
            }
        }
    }
}
