//! Distributions, sampled by their inverse: one uniform a sample, on libm, rounded to nanoseconds once.

use std::sync::Arc;

use crate::time::SimSpan;

/// A distribution of spans.
#[derive(Clone, Debug, PartialEq)]
pub enum Dist {
    /// Always the same.
    Constant(SimSpan),
    /// Memoryless.
    Exponential { mean: SimSpan },
    /// By mean and coefficient of variation.
    Lognormal { mean: SimSpan, cv: f64 },
    /// Uniform in `[min, max)`.
    Uniform { min: SimSpan, max: SimSpan },
    /// Triangular.
    Triangular { min: SimSpan, mode: SimSpan, max: SimSpan },
    /// By mean and shape.
    Weibull { mean: SimSpan, shape: f64 },
    /// Linear between the quantiles given by these sorted values: the first is quantile 0, the last is quantile 1.
    Empirical { values: Arc<[SimSpan]> },
}

impl Dist {
    /// The sample of a uniform in (0, 1).
    #[must_use]
    pub fn sample(&self, u: f64) -> SimSpan {
        self.sampler().sample(u)
    }

    /// What samples it again and again.
    #[must_use]
    pub fn sampler(&self) -> Sampler {
        match *self {
            Dist::Constant(span) => Sampler::Constant(span),
            Dist::Exponential { mean } => Sampler::Exponential { mean_s: mean.as_secs_f64() },
            Dist::Lognormal { mean, cv } => {
                let variance = libm::log1p(cv * cv);
                let mu = libm::log(mean.as_secs_f64()) - variance / 2.0;
                Sampler::Lognormal { mu, sigma: libm::sqrt(variance) }
            }
            Dist::Uniform { min, max } => Sampler::Uniform { min, width: max - min },
            Dist::Triangular { min, mode, max } => Sampler::Triangular { min, mode, max },
            Dist::Weibull { mean, shape } => {
                let scale_s = mean.as_secs_f64() / libm::tgamma(1.0 + 1.0 / shape);
                Sampler::Weibull { scale_s, power: 1.0 / shape }
            }
            Dist::Empirical { ref values } => Sampler::Empirical { values: Arc::clone(values) },
        }
    }

    /// The constant, if it is one: such a draw is never made.
    #[must_use]
    pub fn constant(&self) -> Option<SimSpan> {
        match *self {
            Dist::Constant(span) => Some(span),
            Dist::Exponential { .. }
            | Dist::Lognormal { .. }
            | Dist::Uniform { .. }
            | Dist::Triangular { .. }
            | Dist::Weibull { .. }
            | Dist::Empirical { .. } => None,
        }
    }

    /// The mean, in seconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a count of values in a mean")]
    pub fn mean_s(&self) -> f64 {
        match *self {
            Dist::Constant(mean)
            | Dist::Exponential { mean }
            | Dist::Lognormal { mean, .. }
            | Dist::Weibull { mean, .. } => mean.as_secs_f64(),
            Dist::Uniform { min, max } => f64::midpoint(min.as_secs_f64(), max.as_secs_f64()),
            Dist::Triangular { min, mode, max } => (min.as_secs_f64() + mode.as_secs_f64() + max.as_secs_f64()) / 3.0,
            Dist::Empirical { ref values } => {
                let inner: f64 = values.windows(2).map(|w| f64::midpoint(w[0].as_secs_f64(), w[1].as_secs_f64())).sum();
                if values.len() < 2 { values[0].as_secs_f64() } else { inner / (values.len() - 1) as f64 }
            }
        }
    }
}

/// A distribution whose constants are worked out.
#[derive(Clone, Debug)]
pub enum Sampler {
    Constant(SimSpan),
    Exponential { mean_s: f64 },
    Lognormal { mu: f64, sigma: f64 },
    Uniform { min: SimSpan, width: SimSpan },
    Triangular { min: SimSpan, mode: SimSpan, max: SimSpan },
    Weibull { scale_s: f64, power: f64 },
    Empirical { values: Arc<[SimSpan]> },
}

impl Sampler {
    /// The sample of a uniform in (0, 1).
    #[must_use]
    pub fn sample(&self, u: f64) -> SimSpan {
        match *self {
            Sampler::Constant(span) => span,
            Sampler::Exponential { mean_s } => SimSpan::from_secs_f64(-libm::log1p(-u) * mean_s),
            Sampler::Lognormal { mu, sigma } => SimSpan::from_secs_f64(libm::exp(mu + sigma * normal_quantile(u))),
            Sampler::Uniform { min, width } => min + width.scaled(u),
            Sampler::Triangular { min, mode, max } => triangular(min, mode, max, u),
            Sampler::Weibull { scale_s, power } => SimSpan::from_secs_f64(scale_s * libm::pow(-libm::log1p(-u), power)),
            Sampler::Empirical { ref values } => empirical(values, u),
        }
    }
}

fn triangular(min: SimSpan, mode: SimSpan, max: SimSpan, u: f64) -> SimSpan {
    let (a, c, b) = (min.as_secs_f64(), mode.as_secs_f64(), max.as_secs_f64());
    if b <= a {
        return min;
    }
    let below = (c - a) / (b - a);
    let value =
        if u < below { a + libm::sqrt(u * (b - a) * (c - a)) } else { b - libm::sqrt((1.0 - u) * (b - a) * (b - c)) };
    SimSpan::from_secs_f64(value)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a position in a list"
)]
fn empirical(values: &[SimSpan], u: f64) -> SimSpan {
    let position = u * (values.len() - 1) as f64;
    let below = (position as usize).min(values.len() - 1);
    let above = (below + 1).min(values.len() - 1);
    values[below] + (values[above] - values[below]).scaled(position - below as f64)
}

/// The standard normal quantile of a probability in (0, 1): Wichura's algorithm AS 241 (PPND16), relative error about 1e-16.
///
/// Source: M. J. Wichura, "The percentage points of the normal distribution", Applied Statistics 37 (1988) 477–484.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(r, &CENTRE);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = libm::sqrt(-libm::log(tail));
    let value = if r <= 5.0 { ratio(r - 1.6, &MIDDLE) } else { ratio(r - 5.0, &FAR) };
    if q < 0.0 { -value } else { value }
}

type Rational = ([f64; 8], [f64; 8]);

fn ratio(x: f64, (numerator, denominator): &Rational) -> f64 {
    let horner = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, a| sum * x + a);
    horner(numerator) / horner(denominator)
}

const CENTRE: Rational = (
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_545,
    ],
);

const MIDDLE: Rational = (
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
);

const FAR: Rational = (
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_887_9,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_quantile_agrees_with_statrs() {
        use statrs::distribution::{ContinuousCDF, Normal};
        let normal = Normal::new(0.0, 1.0).unwrap();
        for p in [1e-12, 1e-6, 0.001, 0.02, 0.3, 0.5, 0.7, 0.999, 1.0 - 1e-9] {
            let back = normal.cdf(normal_quantile(p));
            assert!((back - p).abs() < 1e-11_f64.max(1e-6 * p.min(1.0 - p)), "{p}: {back}");
        }
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
    }

    #[test]
    fn samplers_have_the_mean_they_say() {
        let ms = SimSpan::millis;
        let all = [
            Dist::Constant(ms(20)),
            Dist::Exponential { mean: ms(20) },
            Dist::Lognormal { mean: ms(20), cv: 0.99 },
            Dist::Uniform { min: ms(5), max: ms(9) },
            Dist::Triangular { min: ms(20), mode: ms(36), max: ms(90) },
            Dist::Weibull { mean: ms(20), shape: 1.7 },
            Dist::Empirical { values: [1, 2, 8, 9].map(ms).into() },
        ];
        for dist in all {
            // The midpoint rule over the quantile function: an integral, not a sample.
            let n = 200_000_u32;
            let sum: f64 = (0..n).map(|i| dist.sample((f64::from(i) + 0.5) / f64::from(n)).as_secs_f64()).sum();
            let mean = sum / f64::from(n);
            assert!((mean / dist.mean_s() - 1.0).abs() < 1e-3, "{dist:?}: {mean} is not {}", dist.mean_s());
        }
    }
}
