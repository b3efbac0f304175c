//! The latencies of counted calls, of which only how many they are is known: drawn at the end of the run, all at once.
//!
//! A latency is the quantile of a uniform, so that n of them are n uniforms. How many of these lie in the lower half of (0, 1),
//! in the lower half of that, and so on, are keyed binomials: a multinomial over the bins of a histogram, found by halving until
//! a cell has no calls, or lies within one bin. In the last cell the largest of its uniforms is drawn as that order statistic.

use super::super::fact::{CountedCalls, Fact, Observer};
use super::super::world::World;
use super::stretch::Path;
use crate::count::halves;
use crate::dist::{Dist, Sampler};
use crate::id::ApiId;
use crate::rng::{Rows, uniform};
use crate::time::SimSpan;

/// Cells of a draw that is not the finest one: all calls of a cell have the draw of its middle.
const CELLS: u32 = 64;
/// The same where there are two such draws.
const CELLS_OF_SEVERAL: u32 = 32;

/// A cell of (0, 1), and how many calls are in it.
#[derive(Clone, Copy, Debug)]
struct Cell {
    from: f64,
    to: f64,
    n: u64,
    /// There are no calls above it.
    last: bool,
}

impl<O: Observer> World<O> {
    /// Draws and tells the latencies of counted calls.
    pub(super) fn tell_latencies(&mut self) {
        let apis = self.counted.as_ref().map_or(0, |counted| counted.answered.len());
        for api in (0..apis).map(ApiId::at) {
            let n = self.counted.as_ref().map_or(0, |counted| counted.answered[api.index()]);
            let rows = Rows::new(self.seeds.key("counted latencies", &self.config.apis[api.index()].name));
            let mut told = Vec::new();
            draw(self.path(api), n, rows, &mut |latency, n| told.push((latency, n)));
            for (latency, n) in told {
                self.tell(self.end, Fact::Counted { what: CountedCalls::Latency(latency), n });
            }
        }
    }
}

/// Draws `n` latencies; `tell` gets how many take how long.
fn draw(path: &Path, n: u64, mut rows: Rows, tell: &mut impl FnMut(SimSpan, u64)) {
    let mut words = rows.words(0, 0);
    let mut word = || words.next().expect("words never end");
    let parts = [Some(&path.overhead), path.check.as_ref().map(|check| &check.service), Some(&path.service)];
    let constant = |part: &&Dist| part.constant();
    let base = parts.iter().flatten().filter_map(constant).fold(path.constant(), |sum, span| sum + span);
    let drawn: Vec<&Dist> = parts.into_iter().flatten().filter(|part| part.constant().is_none()).collect();
    // Of several draws, all but the last one are sums of cells.
    let (finest, coarse) = drawn.split_last().map_or((&path.service, [].as_slice()), |(last, others)| (*last, others));
    let base = if drawn.is_empty() { base.less(path.service.sample(0.5)) } else { base };
    let left = Cell { from: 0.0, to: 1.0, n, last: true };
    spread_sum(coarse, &finest.sampler(), base, left, &mut word, tell);
}

fn spread_sum(
    coarse: &[&Dist],
    finest: &Sampler,
    base: SimSpan,
    calls: Cell,
    word: &mut impl FnMut() -> u64,
    tell: &mut impl FnMut(SimSpan, u64),
) {
    let all = Cell { from: 0.0, to: 1.0, ..calls };
    let Some((part, others)) = coarse.split_first() else { return spread(finest, base, all, word, tell) };
    for cell in cells(all, if others.is_empty() { CELLS } else { CELLS_OF_SEVERAL }, word) {
        let base = base + part.sample(f64::midpoint(cell.from, cell.to));
        spread_sum(others, finest, base, cell, word, tell);
    }
}

/// Spreads calls over a power of two of even cells, of which the last one is halved on until it has one: what is rare is long.
fn cells(all: Cell, n: u32, word: &mut impl FnMut() -> u64) -> Vec<Cell> {
    let mut level = vec![all];
    for _ in 0..n.ilog2() {
        level = level.into_iter().flat_map(|cell| halve(cell, word)).collect();
    }
    while let Some(top) = level.pop_if(|top| top.n > 1) {
        level.extend(halve(top, word));
    }
    level.retain(|cell| cell.n > 0);
    level.into_iter().map(|cell| Cell { last: true, ..cell }).collect()
}

fn halve(cell: Cell, word: &mut impl FnMut() -> u64) -> [Cell; 2] {
    let Cell { from, to, n, last } = cell;
    let (middle, below) = (f64::midpoint(from, to), halves(n, uniform(word())));
    let upper = Cell { from: middle, to, n: n - below, last };
    [Cell { from, to: middle, n: below, last: last && upper.n == 0 }, upper]
}

fn spread(
    service: &Sampler,
    base: SimSpan,
    cell: Cell,
    word: &mut impl FnMut() -> u64,
    tell: &mut impl FnMut(SimSpan, u64),
) {
    if cell.n == 0 {
        return;
    }
    let at = |u: f64| base + service.sample(u.clamp(uniform(0), uniform(u64::MAX)));
    if !same_bin(at(cell.from), at(cell.to)) && cell.to - cell.from > f64::EPSILON {
        for half in halve(cell, word) {
            spread(service, base, half, word, tell);
        }
        return;
    }
    let mut n = cell.n;
    if cell.last {
        let largest = libm::pow(uniform(word()), 1.0 / real(n));
        tell(at(cell.from + (cell.to - cell.from) * largest), 1);
        n -= 1;
    }
    if n > 0 {
        tell(at(f64::midpoint(cell.from, cell.to)), n);
    }
}

/// Whether a histogram of three digits, of microseconds, does not tell two latencies apart.
fn same_bin(one: SimSpan, other: SimSpan) -> bool {
    let (one, other) = (one.0 / 1_000, other.0 / 1_000);
    // Below 2,048 µs every one has a bin; above, 1,024 bins a doubling.
    let shift = one.max(1).ilog2().saturating_sub(10);
    one >> shift == other >> shift
}

#[expect(clippy::cast_precision_loss, reason = "a number of calls in an exponent")]
fn real(n: u64) -> f64 {
    n as f64
}
