//! Poisson arrivals by keyed counts of blocks of time, 64 calls a block in the mean; their instants are sorted uniforms within
//! the block, the forbidden among them a keyed count too (model.md §1).
//!
//! Whoever does not ask for instants gets counts: the calls of a long stretch cost a draw a block. Fast streams have a count
//! for 1,024 blocks in common, which is halved by keyed binomials on the way down: there a stretch costs some draws, however
//! many calls it has.

use std::sync::Arc;

use crate::count::{BLOCK_MEAN, BlockCount, PoissonCount, binomial, halves};
use crate::model::source::Word;
use crate::profile::Operational;
use crate::rng::{ROW_WORDS, Row, Rows, StreamKey, below, uniform};
use crate::time::SimSpan;

/// Rows of the block stream that one block may use: its count, the forbidden, and an instant a call.
const BLOCK_ROWS: u64 = 256 / ROW_WORDS as u64;
/// Rows of the call stream that the calls of one block may use.
const BLOCK_CALLS: u64 = 256;

/// Streams of more calls per second than this are fast.
const FAST_PER_S: f64 = 1_024.0;
/// How often the stretch of a fast stream that has a count of its own is halved before it is a block.
const FAST_LEVELS: u32 = 10;

/// A stretch of 2^level blocks, and what it has.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    level: u32,
    /// Among the stretches of its level.
    index: u64,
    calls: u64,
    forbidden: u64,
}

/// Calls that were passed without a look at each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    pub calls: u64,
    /// So many of them are forbidden.
    pub forbidden: u64,
}

/// One stream's blocks, from the block at hand on.
#[derive(Clone, Debug)]
pub struct Blocks {
    rows: Rows,
    counts: Counts,
    length_ns: u64,
    forbidden_ratio: f64,
    /// What comes after the block at hand, the next stretch last; when it is empty, the next stretch with a count of its own.
    ahead: Vec<Stretch>,
    next_root: u64,
    /// The number of the block at hand.
    block: u64,
    /// Its calls that are still to come, the last one first, as nanoseconds since its beginning.
    instants: Vec<u64>,
    /// How many it had, and how many of those to come are forbidden.
    calls: u64,
    forbidden: u64,
}

/// Where counts come from.
#[derive(Clone, Debug)]
enum Counts {
    /// Every block has one.
    Each(Arc<BlockCount>),
    /// 2^[`FAST_LEVELS`] blocks have one for the calls that are let in, and one for the forbidden.
    Fast(Arc<[PoissonCount; 2]>),
}

impl Counts {
    fn levels(&self) -> u32 {
        match self {
            Counts::Each(_) => 0,
            Counts::Fast(_) => FAST_LEVELS,
        }
    }
}

impl Blocks {
    /// Calls at `rate` per second, of which the backend forbids this share.
    #[must_use]
    pub fn new(rate: f64, forbidden_ratio: f64, key: StreamKey, count: &Arc<BlockCount>) -> Blocks {
        let counts = if rate > FAST_PER_S {
            let calls = f64::from(BLOCK_MEAN) * f64::from(1_u32 << FAST_LEVELS);
            let shares = [1.0 - forbidden_ratio, forbidden_ratio];
            Counts::Fast(Arc::new(shares.map(|share| PoissonCount::new(calls * share))))
        } else {
            Counts::Each(Arc::clone(count))
        };
        Blocks {
            rows: Rows::new(key),
            counts,
            length_ns: SimSpan::from_secs_f64(f64::from(BLOCK_MEAN) / rate).0.max(1),
            forbidden_ratio,
            ahead: Vec::new(),
            next_root: 0,
            block: 0,
            instants: Vec::new(),
            calls: 0,
            forbidden: 0,
        }
    }

    /// When the next call is born.
    pub fn next_at(&mut self) -> Operational {
        while self.instants.is_empty() {
            let next = self.next_stretch();
            self.enter(next);
        }
        let begins = u128::from(self.block) * u128::from(self.length_ns);
        Operational(begins + u128::from(self.instants[self.instants.len() - 1]))
    }

    /// Of the next call, at [`Blocks::next_at`]: its row and its draws, and whether it is forbidden.
    pub fn take(&mut self, rows: &mut Rows) -> (u64, Row, Option<bool>) {
        let left = self.instants.len() as u64;
        self.instants.pop();
        let row = self.block * BLOCK_CALLS + (self.calls - left);
        let words = rows.row(0, row);
        // Sequential selection: exactly `forbidden` of the block's calls, every choice of them equally likely.
        let forbidden = below(words[Word::Forbidden as usize], left) < self.forbidden;
        self.forbidden -= u64::from(forbidden);
        (row, words, Some(forbidden))
    }

    /// Passes all calls before an instant, and counts them.
    pub fn pass(&mut self, until: Operational, rows: &mut Rows) -> Passed {
        let mut passed = Passed::default();
        loop {
            if !self.instants.is_empty() {
                if self.ends(0, self.block) > until.0 {
                    self.pass_within(until, rows, &mut passed);
                    return passed;
                }
                passed.calls += self.instants.len() as u64;
                passed.forbidden += self.forbidden;
                self.instants.clear();
            }
            let next = self.next_stretch();
            if self.begins(next.level, next.index) >= until.0 {
                self.ahead.push(next);
                return passed;
            }
            if self.ends(next.level, next.index) > until.0 {
                self.enter(next);
            } else {
                passed.calls += next.calls;
                passed.forbidden += next.forbidden;
            }
        }
    }

    /// A stream that has no calls behind it but those of before the block, or the stretch with a count of its own, in which
    /// this instant lies.
    #[must_use]
    pub fn rewound(&self, to: Operational) -> Blocks {
        let root = to.0 / (u128::from(self.length_ns) << self.counts.levels());
        let next_root = u64::try_from(root).expect("within the run");
        Blocks { ahead: Vec::new(), instants: Vec::new(), next_root, ..self.clone() }
    }

    fn pass_within(&mut self, until: Operational, rows: &mut Rows, passed: &mut Passed) {
        let into = until.0.saturating_sub(self.begins(0, self.block));
        while self.instants.last().is_some_and(|at| u128::from(*at) < into) {
            passed.calls += 1;
            let left = self.instants.len() as u64;
            // Where all or none of those to come are forbidden, nothing is to be drawn.
            if self.forbidden == 0 || self.forbidden == left {
                passed.forbidden += u64::from(self.forbidden > 0);
                self.forbidden -= u64::from(self.forbidden > 0);
                self.instants.pop();
            } else {
                passed.forbidden += u64::from(self.take(rows).2 == Some(true));
            }
        }
    }

    fn begins(&self, level: u32, index: u64) -> u128 {
        (u128::from(index) << level) * u128::from(self.length_ns)
    }

    fn ends(&self, level: u32, index: u64) -> u128 {
        self.begins(level, index + 1)
    }

    /// The stretch that comes next, with its counts.
    fn next_stretch(&mut self) -> Stretch {
        if let Some(next) = self.ahead.pop() {
            return next;
        }
        let (index, level) = (self.next_root, self.counts.levels());
        self.next_root += 1;
        let [first, second] = self.first_words(level, index);
        let (calls, forbidden) = match &self.counts {
            Counts::Each(count) => {
                let n = count.sample(first);
                (n as u64, binomial(n, self.forbidden_ratio, uniform(second)) as u64)
            }
            Counts::Fast(counts) => {
                let (let_in, forbidden) = (counts[0].sample(first), counts[1].sample(second));
                (let_in + forbidden, forbidden)
            }
        };
        Stretch { level, index, calls, forbidden }
    }

    /// The two words of a stretch's counts, or of those of its first half. Blocks have the rows of sub-stream 0.
    fn first_words(&mut self, level: u32, index: u64) -> [u64; 2] {
        let mut words = match level {
            0 => self.rows.words(0, index * BLOCK_ROWS),
            _ => self.rows.words(u64::from(level), index),
        };
        std::array::from_fn(|_| words.next().expect("words never end"))
    }

    /// Goes into a stretch: a block's instants are drawn, a longer stretch becomes its two halves.
    fn enter(&mut self, stretch: Stretch) {
        let Stretch { level, index, calls, forbidden } = stretch;
        if level == 0 {
            (self.block, self.calls, self.forbidden) = (index, calls, forbidden);
            let words = self.rows.words(0, index * BLOCK_ROWS).skip(2);
            self.instants.clear();
            self.instants.extend(words.take(as_usize(calls)).map(|word| below(word, self.length_ns)));
            self.instants.sort_unstable_by(|a, b| b.cmp(a));
            return;
        }
        // The row of a stretch with a count of its own has its counts in front.
        let row = self.rows.row(u64::from(level), index);
        let let_in = halves(calls - forbidden, uniform(row[2]));
        let first = Stretch { level: level - 1, index: 2 * index, calls: let_in, forbidden: 0 };
        let first_forbidden = halves(forbidden, uniform(row[3]));
        let first = Stretch { calls: let_in + first_forbidden, forbidden: first_forbidden, ..first };
        let second = Stretch {
            index: 2 * index + 1,
            calls: calls - first.calls,
            forbidden: forbidden - first.forbidden,
            ..first
        };
        self.ahead.extend([second, first]);
    }
}

fn as_usize(n: u64) -> usize {
    usize::try_from(n).expect("the calls of a block")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seeds;

    const SECOND: u128 = 1_000_000_000;

    fn stream(rate: f64, forbidden_ratio: f64) -> (Blocks, Rows) {
        let seeds = Seeds { seed: 5, replication: 2 };
        let blocks = Blocks::new(rate, forbidden_ratio, seeds.key("block", "shop"), &Arc::new(BlockCount::new()));
        (blocks, Rows::new(seeds.key("call", "shop")))
    }

    /// Of each call before an instant: when it is born, and whether it is forbidden.
    fn one_by_one(blocks: &mut Blocks, rows: &mut Rows, until: u128) -> Vec<(u128, bool)> {
        let mut calls = Vec::new();
        while blocks.next_at().0 < until {
            let at = blocks.next_at().0;
            calls.push((at, blocks.take(rows).2 == Some(true)));
        }
        calls
    }

    /// Slow and fast streams, with no, some and only forbidden calls.
    const STREAMS: [(f64, f64); 6] =
        [(3.0, 0.0), (50.0, 0.1), (900.0, 1.0), (1_025.0, 0.0), (40_000.0, 0.02), (5_000.0, 1.0)];

    #[test]
    fn calls_that_are_passed_are_those_that_would_have_been_taken() {
        for (rate, forbidden_ratio) in STREAMS {
            let (mut taking, mut rows) = stream(rate, forbidden_ratio);
            let calls = one_by_one(&mut taking, &mut rows, 40 * SECOND / 8);
            let (mut passing, mut rows) = stream(rate, forbidden_ratio);
            let mut word = 1_u64;
            let (mut at, mut seen) = (0, 0);
            while at < 4 * SECOND {
                word = word.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
                // Short and long ways on, sometimes a few calls one by one in between.
                at += u128::from(word >> 34) >> (word % 13);
                let passed = passing.pass(Operational(at), &mut rows);
                let until = calls.partition_point(|call| call.0 < at);
                let forbidden = calls[seen..until].iter().filter(|call| call.1).count();
                let expected = Passed { calls: (until - seen) as u64, forbidden: forbidden as u64 };
                assert_eq!(passed, expected, "{rate}/s to {at}");
                seen = until;
                assert_eq!(passing.next_at().0, calls[seen].0);
                for call in &calls[seen..(seen + usize::try_from(word % 4).unwrap()).min(calls.len() - 1)] {
                    let born = passing.next_at().0;
                    assert_eq!((born, passing.take(&mut rows).2 == Some(true)), *call);
                    (seen, at) = (seen + 1, at.max(born + 1));
                }
            }
        }
    }

    #[test]
    fn a_stream_that_is_rewound_has_the_calls_that_it_had() {
        for (rate, forbidden_ratio) in STREAMS {
            let (mut blocks, mut rows) = stream(rate, forbidden_ratio);
            let calls = one_by_one(&mut blocks, &mut rows, 3 * SECOND);
            let mut past = blocks.rewound(Operational(SECOND));
            past.pass(Operational(SECOND), &mut rows);
            let again = one_by_one(&mut past, &mut rows, 3 * SECOND);
            assert_eq!(again, calls[calls.len() - again.len()..]);
            assert_eq!(again.len(), calls.iter().filter(|call| call.0 >= SECOND).count());
        }
    }

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "counts in moments")]
    fn a_fast_stream_is_a_poisson_process() {
        // 40,000 calls/s, a fiftieth of them forbidden; the counts of 20,000 stretches of 5 ms, which are no blocks.
        let (mut blocks, mut rows) = stream(40_000.0, 0.02);
        let n = 20_000_u64;
        let counts: Vec<Passed> =
            (1..=n).map(|k| blocks.pass(Operational(u128::from(k) * SECOND / 200), &mut rows)).collect();
        for (mean, of) in [
            (200.0, counts.iter().map(|c| c.calls).collect::<Vec<_>>()),
            (4.0, counts.iter().map(|c| c.forbidden).collect()),
        ] {
            let found = of.iter().sum::<u64>() as f64 / n as f64;
            // Four bounds of 99.9 % together: 3.7 standard errors each, of the mean and of the variance.
            assert!((found - mean).abs() < 3.7 * libm::sqrt(mean / n as f64), "{found}");
            let variance = of.iter().map(|c| (*c as f64 - mean) * (*c as f64 - mean)).sum::<f64>() / n as f64;
            let error = mean * libm::sqrt((2.0 + 1.0 / mean) / n as f64);
            assert!((variance - mean).abs() < 3.7 * error, "{variance}");
        }
    }
}
