//! Drawn events, in a ladder queue (Tang, Goh, Thng: "Ladder queue: an O(1) priority queue structure for large-scale discrete
//! event simulation", ACM TOMACS 15(3), 2005): sorting is put off until an event is nearly due.
//!
//! What is far off lies at the top, in no order. When it is reached, it is dealt into the buckets of a rung by time; a bucket
//! that is reached is dealt into the narrower buckets of a rung below, until few are left, and these are sorted into the run
//! that fires next. An event moves a few times in its life, always from one end of a list to another, which caches like;
//! a heap of a million events waits for memory at each of its levels.
//!
//! Ours, not the paper's: widths are powers of two; lists are chunks of one pool, so that memory stays near what the events
//! take; a rung too many goes back to the top, so that there is a bound on rungs and none on what is drawn.
//!
//! Lists keep the order of adding, and so events of one time stay in the order of `seq` without ever being compared.

use super::chunks::{List, Pool};
use super::queue::{Key, NONE, Scheduled};
use super::run::Run;

/// Buckets of a rung, as a power of two: a set of them is a word.
const BITS: u32 = 6;
const BUCKETS: usize = 1 << BITS;

/// A bucket of as many is sorted.
const SORTED: usize = 16;

/// As many are in the run alone.
const FEW: usize = 8;

/// A run that grows beyond this becomes a rung.
const LONG_RUN: usize = 64;

/// Rungs at a time. Each takes six bits of the time, so that more are needed only where times are drawn nearer and nearer.
const RUNGS: usize = 12;

/// Drawn events in the order of time and, at one time, of adding. Times are above zero.
#[derive(Debug)]
pub struct Ladder<E> {
    /// Before all that is in buckets.
    run: Run<E>,
    /// Widest first; those from `depth` on are not in use.
    rungs: Vec<Rung>,
    depth: usize,
    /// After all else, in no order.
    top: List,
    /// The least and the greatest time that went to the top since it was empty.
    top_times: (u64, u64),
    /// Later times belong to the top.
    covered: u64,
    pool: Pool<E>,
    len: usize,
    /// The place of the next event in the order of events, [`NONE`] where there is none.
    next: Key,
}

#[derive(Debug)]
struct Rung {
    /// The time at which its first bucket begins.
    start: u64,
    /// The width of a bucket, as a power of two.
    shift: u32,
    /// Later times belong to this rung's buckets, unless they belong to a wider one's.
    taken: u64,
    /// The buckets that are not empty.
    filled: u64,
    buckets: [List; BUCKETS],
}

impl Rung {
    const UNUSED: Rung = Rung { start: 0, shift: 0, taken: 0, filled: 0, buckets: [List::EMPTY; BUCKETS] };

    fn add<E: Copy>(&mut self, pool: &mut Pool<E>, event: Scheduled<E>) {
        // Below the number of buckets as it is; this way the compiler knows.
        let bucket = (((event.time - self.start) >> self.shift) & 63) as usize;
        let list = &mut self.buckets[bucket];
        if self.filled & (1 << bucket) == 0 {
            self.filled |= 1 << bucket;
            *list = List::EMPTY;
        }
        pool.append(list, event);
    }

    /// Takes the first bucket that is not empty: its events and its first time.
    fn take(&mut self) -> Option<(List, u64)> {
        if self.filled == 0 {
            return None;
        }
        let bucket = self.filled.trailing_zeros();
        self.filled &= self.filled - 1;
        let begins = self.start + (u64::from(bucket) << self.shift);
        self.taken = begins.saturating_add((1 << self.shift) - 1);
        Some((self.buckets[bucket as usize], begins))
    }
}

impl<E: Copy> Ladder<E> {
    /// An empty one.
    #[must_use]
    pub fn new() -> Ladder<E> {
        let (run, pool) = (Run::new(), Pool::new());
        Ladder {
            run,
            rungs: Vec::new(),
            depth: 0,
            top: List::EMPTY,
            top_times: (0, 0),
            covered: 0,
            pool,
            len: 0,
            next: NONE,
        }
    }

    /// How many events it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Adds an event, scheduled after all that it holds.
    pub fn push(&mut self, event: Scheduled<E>) {
        debug_assert!(event.time > 0, "what is due at once is not drawn");
        self.len += 1;
        if event.time > self.covered {
            return self.push_top(event);
        }
        for rung in &mut self.rungs[..self.depth] {
            if event.time > rung.taken {
                return rung.add(&mut self.pool, event);
            }
        }
        self.run.insert_soon(event);
        self.next = self.next.min(event.key());
        if self.run.len() > LONG_RUN {
            self.shorten_run();
        }
    }

    fn push_top(&mut self, event: Scheduled<E>) {
        if self.len <= FEW && self.run.len() + 1 == self.len {
            self.run.insert(event);
            (self.depth, self.covered, self.next) = (0, event.time, self.next.min(event.key()));
            return;
        }
        let (least, greatest) = if self.top.len() == 0 { (u64::MAX, 0) } else { self.top_times };
        self.top_times = (least.min(event.time), greatest.max(event.time));
        self.pool.append(&mut self.top, event);
    }

    /// The place of the next event in the order of events.
    pub fn key(&self) -> Key {
        self.next
    }

    /// Takes the next event.
    pub fn pop(&mut self) -> Option<Scheduled<E>> {
        let event = self.run.pop()?;
        self.len -= 1;
        self.next = self.run.key();
        if self.next == NONE {
            self.refill();
        }
        Some(event)
    }

    /// Sorts the next events into the run, which is empty.
    #[cold]
    fn refill(&mut self) {
        if self.len == 0 {
            self.depth = 0;
            return;
        }
        self.find_next();
        self.next = self.run.key();
    }

    fn find_next(&mut self) {
        loop {
            if self.depth == 0 {
                let (least, greatest) = self.top_times;
                let list = std::mem::replace(&mut self.top, List::EMPTY);
                self.covered = greatest;
                if list.len() <= SORTED {
                    return self.sort(list);
                }
                self.spawn(least, shift_over(greatest - least));
                self.deal(list);
            }
            let rung = &mut self.rungs[self.depth - 1];
            let Some((list, begins)) = rung.take() else {
                self.depth -= 1;
                continue;
            };
            let shift = rung.shift;
            if list.len() <= SORTED || shift == 0 {
                return self.sort(list);
            }
            self.spawn(begins, shift.saturating_sub(BITS));
            self.deal(list);
        }
    }

    fn sort(&mut self, list: List) {
        let run = &mut self.run;
        run.clear();
        self.pool.drain(list, |_, event| run.insert(event));
    }

    /// Begins a rung below all others.
    fn spawn(&mut self, start: u64, shift: u32) {
        if self.depth == RUNGS {
            self.return_widest();
        }
        if self.depth == self.rungs.len() {
            self.rungs.push(Rung::UNUSED);
        }
        let rung = &mut self.rungs[self.depth];
        (rung.start, rung.shift, rung.taken, rung.filled) = (start, shift, start - 1, 0);
        self.depth += 1;
    }

    /// Deals events into the buckets of the lowest rung.
    fn deal(&mut self, list: List) {
        let rung = &mut self.rungs[self.depth - 1];
        self.pool.drain(list, |pool, event| rung.add(pool, event));
    }

    /// Puts what the widest rung holds back to the top, for later.
    #[cold]
    fn return_widest(&mut self) {
        let rung = &mut self.rungs[0];
        if rung.filled > 0 && self.top.len() == 0 {
            self.top_times = (u64::MAX, 0);
        }
        let covered = rung.taken;
        while let Some((list, begins)) = rung.take() {
            self.top_times = (self.top_times.0.min(begins), self.top_times.1.max(self.covered));
            self.pool.concatenate(&mut self.top, list);
        }
        self.covered = covered;
        self.rungs.rotate_left(1);
        self.depth -= 1;
    }

    /// Makes a rung of a run that is long.
    #[cold]
    fn shorten_run(&mut self) {
        let events = self.run.events();
        let (first, last) = (events[0].time, events[events.len() - 1].time);
        if first == last {
            return;
        }
        let until = if self.depth == 0 { self.covered } else { self.rungs[self.depth - 1].taken };
        self.spawn(first, shift_over(until - first));
        let rung = &mut self.rungs[self.depth - 1];
        for event in self.run.events() {
            rung.add(&mut self.pool, *event);
        }
        self.run.clear();
        self.refill();
    }

    /// Keeps those of which this is true.
    pub fn retain(&mut self, keep: impl Fn(&Scheduled<E>) -> bool) {
        self.run.retain(&keep);
        self.top = kept(&mut self.pool, self.top, &keep);
        self.len = self.run.len() + self.top.len();
        for rung in &mut self.rungs[..self.depth] {
            let mut filled = rung.filled;
            while filled > 0 {
                let (bucket, bit) = (filled.trailing_zeros() as usize, filled & filled.wrapping_neg());
                let list = kept(&mut self.pool, rung.buckets[bucket], &keep);
                rung.buckets[bucket] = list;
                self.len += list.len();
                filled ^= bit;
                if list.len() == 0 {
                    rung.filled ^= bit;
                }
            }
        }
        self.next = self.run.key();
        if self.next == NONE {
            self.refill();
        }
    }
}

/// What of a list is kept.
fn kept<E: Copy>(pool: &mut Pool<E>, list: List, keep: impl Fn(&Scheduled<E>) -> bool) -> List {
    let mut kept = List::EMPTY;
    pool.drain(list, |pool, event| {
        if keep(&event) {
            pool.append(&mut kept, event);
        }
    });
    kept
}

/// The least width, as a power of two, at which buckets from a time on hold a span.
fn shift_over(span: u64) -> u32 {
    (u64::BITS - span.leading_zeros()).saturating_sub(BITS)
}
