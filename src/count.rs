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
