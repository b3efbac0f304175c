//! Keyed counts by their inverse: Poisson with the one mean that blocks of arrivals have, and binomials.

/// The mean number of calls in a block of Poisson arrivals.
pub const BLOCK_MEAN: u32 = 64;
/// More calls than this are in no block: the chance of more is below 1e-60 and lies beyond the last 64-bit uniform.
pub const BLOCK_MAX: usize = 254;

/// The cumulative distribution of a Poisson count with mean [`BLOCK_MEAN`], as thresholds of a 64-bit uniform.
#[derive(Clone, Debug)]
pub struct BlockCount {
    /// `thresholds[k]` is the share of words below which the count is at most k.
    thresholds: Vec<u64>,
    /// The first k worth looking at, for each leading byte of a word.
    guide: [u8; 256],
}

impl BlockCount {
    /// The table: a thousand float operations.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a threshold of a word"
    )]
    pub fn new() -> BlockCount {
        let mean = f64::from(BLOCK_MEAN);
        let mut term = libm::exp(-mean);
        let mut sum = 0.0;
        let mut thresholds = Vec::with_capacity(BLOCK_MAX + 1);
        for k in 0..=BLOCK_MAX {
            sum += term;
            // The sum may round to above 1: `as` saturates, and the last threshold takes what is left.
            thresholds.push((sum * (u64::MAX as f64)) as u64);
            term *= mean / (k + 1) as f64;
        }
        thresholds[BLOCK_MAX] = u64::MAX;
        let guide = std::array::from_fn(|byte| {
            let word = (byte as u64) << 56;
            u8::try_from(thresholds.partition_point(|t| *t < word)).expect("the table has 255 entries")
        });
        BlockCount { thresholds, guide }
    }

    /// The count of a uniform word.
    #[must_use]
    pub fn sample(&self, word: u64) -> usize {
        let mut k = usize::from(self.guide[(word >> 56) as usize]);
        while self.thresholds[k] < word {
            k += 1;
        }
        k
    }
}

impl Default for BlockCount {
    fn default() -> BlockCount {
        BlockCount::new()
    }
}

/// A Poisson count of any mean, by the inverse of its distribution: for counts of many blocks at once.
#[derive(Clone, Debug)]
pub struct PoissonCount {
    /// Below this no count is likely enough for a word to tell.
    least: u64,
    /// `thresholds[k]` is the share of words below which the count is at most `least + k`.
    thresholds: Vec<u64>,
}

/// Counts so many standard deviations from the mean lie beyond the last 64-bit uniform.
const FAR: f64 = 10.0;

impl PoissonCount {
    /// The table: some float operations for each count within ten standard deviations.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a threshold of a word, a count"
    )]
    pub fn new(mean: f64) -> PoissonCount {
        let reach = FAR * libm::sqrt(mean) + FAR;
        let (least, most) = ((mean - reach).max(0.0) as u64, (mean + reach) as u64);
        let log =
            if mean > 0.0 { least as f64 * libm::log(mean) - mean - libm::lgamma(least as f64 + 1.0) } else { 0.0 };
        // A mean of thousands loses digits in the difference of logarithms; dividing by the sum gives them back.
        let mut term = libm::exp(log);
        let mut sums = Vec::new();
        let mut sum = 0.0;
        for k in least..=most {
            sum += term;
            sums.push(sum);
            term *= mean / (k + 1) as f64;
        }
        let mut thresholds: Vec<u64> = sums.iter().map(|part| (part / sum * u64::MAX as f64) as u64).collect();
        *thresholds.last_mut().expect("there is one count at least") = u64::MAX;
        PoissonCount { least, thresholds }
    }

    /// The count of a uniform word.
    #[must_use]
    pub fn sample(&self, word: u64) -> u64 {
        self.least + self.thresholds.partition_point(|threshold| *threshold < word) as u64
    }
}

/// How many of `n` lie in the first half of a stretch in which each is anywhere: binomial with probability one half, by the
/// inverse of its distribution, found from the middle in about √n steps.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a number of calls")]
pub fn halves(n: u64, u: f64) -> u64 {
    if n == 0 {
        return 0;
    }
    // By symmetry the middle is known without a sum: what is left is to walk from there.
    let (from_middle, below) = if u > 0.5 { (u - 0.5, false) } else { (0.5 - u, true) };
    let even = n.is_multiple_of(2);
    let middle = chance_of_the_middle(n + u64::from(!even));
    let mut k = if even { n / 2 } else { n / 2 + 1 };
    let mut sum = if even { middle / 2.0 } else { middle };
    let mut term = middle;
    while sum < from_middle && k < n {
        term *= (n - k) as f64 / (k + 1) as f64;
        sum += term;
        k += 1;
    }
    if below { n - k } else { k }
}

/// The probability that exactly half of an even number of fair coins show heads.
#[expect(clippy::cast_precision_loss, reason = "a number of calls")]
fn chance_of_the_middle(n: u64) -> f64 {
    if n < 64 {
        return (1..=n / 2).fold(1.0, |product, k| product * (2 * k - 1) as f64 / (2 * k) as f64);
    }
    // The asymptotic series of the central binomial coefficient, below 1e-12 from here on (Luke, The Special Functions and
    // Their Approximations, 1969, 2.11; with n = 2m).
    let x = 1.0 / n as f64;
    let series = 1.0 - x * (0.25 - x * (1.0 / 32.0 + x * (5.0 / 128.0 - x * (21.0 / 2_048.0 + x * 399.0 / 8_192.0))));
    libm::sqrt(2.0 * x / core::f64::consts::PI) * series
}

/// How many of `n` have a property that each has with probability `p`, by the inverse of the binomial distribution.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "n is the count of a block")]
pub fn binomial(n: usize, p: f64, u: f64) -> usize {
    if p > 0.5 {
        return n - binomial(n, 1.0 - p, 1.0 - u);
    }
    if p <= 0.0 {
        return 0;
    }
    let odds = p / (1.0 - p);
    let mut term = libm::pow(1.0 - p, n as f64);
    let mut sum = term;
    let mut k = 0;
    while u > sum && k < n {
        term *= odds * (n - k) as f64 / (k + 1) as f64;
        sum += term;
        k += 1;
    }
    k
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::uniform;
    use statrs::distribution::{Binomial, DiscreteCDF, Poisson};

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "a share of a word")]
    fn block_counts_follow_the_poisson_distribution() {
        let (count, exact) = (BlockCount::new(), Poisson::new(f64::from(BLOCK_MEAN)).unwrap());
        for k in 0..150_usize {
            let share = count.thresholds[k] as f64 / u64::MAX as f64;
            assert!((share - exact.cdf(k as u64)).abs() < 1e-12, "{k}");
        }
        for (word, at_least, at_most) in [(0, 0, 10), (u64::MAX, 120, BLOCK_MAX), (u64::MAX / 2, 63, 65)] {
            let k = count.sample(word);
            assert!((at_least..=at_most).contains(&k), "{word}: {k}");
        }
    }

    #[test]
    fn a_guided_search_finds_what_a_plain_one_finds() {
        let count = BlockCount::new();
        for i in 0..100_000_u64 {
            let word = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            assert_eq!(count.sample(word), count.thresholds.partition_point(|t| *t < word));
        }
    }

    #[test]
    fn counts_of_any_mean_follow_the_poisson_distribution() {
        for mean in [0.0, 0.3, 64.0, 1_310.7, 65_536.0] {
            let count = PoissonCount::new(mean);
            assert!(mean > 0.0 || count.sample(u64::MAX) == 0);
            for word in (0..200_u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15)).filter(|_| mean > 0.0) {
                let (exact, u) = (Poisson::new(mean).unwrap(), uniform(word));
                let k = count.sample(word);
                assert!(exact.cdf(k) >= u - 1e-9, "{mean} {u}");
                assert!(k == 0 || exact.cdf(k - 1) <= u + 1e-9, "{mean} {u}");
            }
        }
    }

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "a number of coins")]
    fn halves_invert_the_binomial_distribution_of_fair_coins() {
        for n in [0, 1, 2, 3, 7, 63, 64, 65, 66, 1_000, 65_537] {
            let exact = Binomial::new(0.5, n).unwrap();
            for u in (0..100).map(|i| (f64::from(i) + 0.5) / 100.0).chain([1e-9, 1e-3, 0.5, 1.0 - 1e-9]) {
                let k = halves(n, u);
                assert!(k <= n && exact.cdf(k) >= u - 1e-9, "{n} {u} {k}");
                assert!(k == 0 || exact.cdf(k - 1) <= u + 1e-9, "{n} {u} {k}");
            }
        }
        // To fifty digits P(X <= 499,968) = 0.4748833 and P(X <= 499,969) = 0.4756796; statrs is not that exact there.
        let million = [0.474_88, 0.474_89, 0.475, 0.475_67, 0.475_68].map(|u| halves(1_000_000, u));
        assert_eq!(million, [499_968, 499_969, 499_969, 499_969, 499_970]);
        for n in [64, 66, 200, 5_000] {
            let product: f64 = (1..=n / 2).fold(1.0, |product, k| product * (2 * k - 1) as f64 / (2 * k) as f64);
            assert!((chance_of_the_middle(n) / product - 1.0).abs() < 1e-10, "{n}");
        }
    }

    #[test]
    fn binomials_invert_their_distribution() {
        for (n, p) in [(64, 0.02), (64, 0.5), (100, 0.9), (1, 0.3), (0, 0.3)] {
            let exact = Binomial::new(p, n as u64).unwrap();
            for u in [1e-6, 0.01, 0.2, 0.5, 0.77, 0.999, 1.0 - 1e-9] {
                let k = binomial(n, p, u) as u64;
                assert!(exact.cdf(k) >= u - 1e-9, "{n} {p} {u}");
                assert!(k == 0 || exact.cdf(k - 1) <= u + 1e-9, "{n} {p} {u}");
            }
        }
        assert_eq!(binomial(9, 0.0, 0.99), 0);
        assert_eq!(binomial(9, 1.0, 0.01), 9);
    }
}
