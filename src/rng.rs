//! Keyed streams: every random quantity has a stream of its own, named after what it is for.
//!
//! A key is a hash of (seed, replication, purpose, name of the entity); a stream is ChaCha8 under that key. Names, not
//! indices: adding a gateway, a retry or a policy that draws jitter moves nobody else's numbers. The generator hides
//! behind these types, whose values are pinned by known answers below.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// What identifies a world among all worlds of a scenario: the root of its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    pub seed: u64,
    pub replication: u32,
}

/// The key of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamKey([u8; 32]);

impl Seeds {
    /// The key of the stream for `purpose` of the entity called `name`.
    #[must_use]
    pub fn key(&self, purpose: &str, name: &str) -> StreamKey {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"stalegate stream 1");
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&self.replication.to_le_bytes());
        for text in [purpose, name] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        StreamKey(*hasher.finalize().as_bytes())
    }

    /// One uniform in (0, 1) for `purpose` of the entity called `name`: for what is drawn once.
    #[must_use]
    pub fn uniform(&self, purpose: &str, name: &str) -> f64 {
        uniform(Rows::new(self.key(purpose, name)).row(0, 0)[0])
    }
}

/// Words in a row: one block of the cipher.
pub const ROW_WORDS: usize = 8;

/// One row of draws.
pub type Row = [u64; ROW_WORDS];

/// Rows that are read at once: what the cipher makes in one go.
const ROWS_READ: usize = 4;

/// No sub-stream has this number.
const NOTHING_READ: (u64, u64) = (u64::MAX, 0);

/// Random access to the rows of a key: row `r` of sub-stream `s` is the same whatever was read before. Reading rows in
/// order costs no repositioning.
#[derive(Clone, Debug)]
pub struct Rows {
    rng: ChaCha8Rng,
    /// What the generator reads next: sub-stream and row.
    at: (u64, u64),
    /// The rows that were read last, from this one of its sub-stream on.
    read: [Row; ROWS_READ],
    from: (u64, u64),
}

impl Rows {
    /// The rows under a key.
    #[must_use]
    pub fn new(key: StreamKey) -> Rows {
        Rows { rng: ChaCha8Rng::from_seed(key.0), at: (0, 0), read: [[0; ROW_WORDS]; ROWS_READ], from: NOTHING_READ }
    }

    /// Row `row` of sub-stream `stream`.
    #[inline]
    pub fn row(&mut self, stream: u64, row: u64) -> Row {
        let ahead = usize::try_from(row.wrapping_sub(self.from.1)).unwrap_or(usize::MAX);
        if self.from.0 == stream
            && let Some(words) = self.read.get(ahead)
        {
            return *words;
        }
        self.read(stream, row);
        self.read[0]
    }

    /// The words from row `row` of sub-stream `stream` on, as many as are wanted.
    pub fn words(&mut self, stream: u64, row: u64) -> impl Iterator<Item = u64> {
        (0..).map(move |word: usize| self.row(stream, row + (word / ROW_WORDS) as u64)[word % ROW_WORDS])
    }

    /// Reads rows from `row` on.
    #[inline(never)]
    fn read(&mut self, stream: u64, row: u64) {
        if self.at.0 != stream {
            self.rng.set_stream(stream);
        }
        if self.at != (stream, row) {
            self.rng.set_word_pos(u128::from(row) * 2 * ROW_WORDS as u128);
        }
        let mut bytes = [0; 8 * ROW_WORDS * ROWS_READ];
        self.rng.fill_bytes(&mut bytes);
        for (word, bytes) in self.read.as_flattened_mut().iter_mut().zip(bytes.as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        self.from = (stream, row);
        self.at = (stream, row.wrapping_add(ROWS_READ as u64));
    }
}

/// A word as a uniform in the open interval (0, 1), of 52 bits.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "52 bits fit a float exactly")]
pub fn uniform(word: u64) -> f64 {
    ((word >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
}

/// A word as a uniform among `0..n`, exact in integers; 0 where `n` is 0.
#[must_use]
pub fn below(word: u64, n: u64) -> u64 {
    u64::try_from((u128::from(word) * u128::from(n)) >> 64).expect("a share of a word fits a word")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_streams_are_these_very_numbers() {
        // Known answers: a change here moves every result there is.
        let seeds = Seeds { seed: 1, replication: 0 };
        let mut rows = Rows::new(seeds.key("call", "shop"));
        assert_eq!(rows.row(0, 0)[..2], KNOWN[..2]);
        assert_eq!(rows.row(3, 1_000_000)[..2], KNOWN[2..]);
    }

    const KNOWN: [u64; 4] =
        [13_795_860_208_026_805_710, 9_689_711_239_670_520_899, 3_759_096_337_374_229_278, 16_490_636_906_141_446_855];

    #[test]
    fn rows_do_not_depend_on_the_order_of_reading() {
        let key = Seeds { seed: 7, replication: 3 }.key("a", "b");
        let forward: Vec<Row> = (0..9).map(|r| Rows::new(key).row(1, r)).collect();
        let mut rows = Rows::new(key);
        for r in [8, 0, 1, 2, 7, 6, 3, 4, 5] {
            assert_eq!(rows.row(1, r), forward[usize::try_from(r).unwrap()]);
            rows.row(0, r);
        }
        let words: Vec<u64> = rows.words(1, 4).take(24).collect();
        assert_eq!(words[8..16], forward[5]);
    }

    #[test]
    fn uniforms_stay_within_the_open_interval() {
        assert!(uniform(0) > 0.0);
        assert!(uniform(u64::MAX) < 1.0);
        assert_eq!(below(u64::MAX, 7), 6);
        assert_eq!(below(0, 7), 0);
    }
}
