//! Tuned by hand for this one model: a FIFO lane for each constant delay, in which order is kept for
//! free, and a 4-ary heap on packed keys for what is drawn. What fires next is the least of four heads.

use std::collections::VecDeque;

use crate::world::{Event, Later, World};
use peer_model::{CLIENT_GATEWAY, Counts, Delays, FETCH, GATEWAY_BACKEND, Hold, Nanos, Times, timed};

/// Time above, seq below: one comparison orders both.
type Key = u128;

const NONE: Key = Key::MAX;

fn key(time: Nanos, seq: u64) -> Key {
    (Key::from(time) << 64) | Key::from(seq)
}

fn time(key: Key) -> Nanos {
    (key >> 64) as Nanos
}

/// A heap with four children a node; its top can be left open, to be filled by the next push: a client that calls has a next call.
struct Heap<E> {
    entries: Vec<(Key, E)>,
    /// The top has been taken.
    open: bool,
}

impl<E: Copy> Heap<E> {
    fn new() -> Heap<E> {
        Heap { entries: Vec::new(), open: false }
    }

    fn push(&mut self, key: Key, event: E) {
        if std::mem::take(&mut self.open) {
            self.sink(key, event);
            return;
        }
        let mut at = self.entries.len();
        self.entries.push((key, event));
        while at > 0 {
            let parent = (at - 1) / 4;
            if self.entries[parent].0 < key {
                break;
            }
            self.entries[at] = self.entries[parent];
            at = parent;
        }
        self.entries[at] = (key, event);
    }

    /// Takes the top; [`Heap::settle`] before the next look.
    fn take(&mut self) -> (Key, E) {
        self.open = true;
        self.entries[0]
    }

    /// Closes the top where nothing was pushed.
    fn settle(&mut self) {
        if std::mem::take(&mut self.open) {
            let (key, event) = self.entries.pop().expect("the open top is an entry");
            if !self.entries.is_empty() {
                self.sink(key, event);
            }
        }
    }

    fn head(&self) -> Key {
        self.entries.first().map_or(NONE, |entry| entry.0)
    }

    /// Puts an entry in the place of the top, and down to where it belongs.
    fn sink(&mut self, key: Key, event: E) {
        let entries = &mut self.entries[..];
        let mut at = 0;
        loop {
            let first = 4 * at + 1;
            // Four children are compared as two pairs, without a loop that ends early.
            let least = if let Some(&[(a, _), (b, _), (c, _), (d, _)]) = entries.get(first..first + 4) {
                let ab = if b < a { (b, first + 1) } else { (a, first) };
                let cd = if d < c { (d, first + 3) } else { (c, first + 2) };
                if cd.0 < ab.0 { cd } else { ab }
            } else {
                let rest = entries.get(first..).unwrap_or_default().iter().enumerate();
                rest.map(|(i, entry)| (entry.0, first + i)).min().unwrap_or((NONE, at))
            };
            if key < least.0 {
                break;
            }
            entries[at] = entries[least.1];
            at = least.1;
        }
        entries[at] = (key, event);
    }
}

struct Lanes {
    fifo: [VecDeque<(Key, Event)>; 3],
    /// Of the lanes, and of the heap.
    heads: [Key; 4],
    heap: Heap<Event>,
    seq: u64,
}

impl Lanes {
    fn new() -> Lanes {
        Lanes { fifo: Default::default(), heads: [NONE; 4], heap: Heap::new(), seq: 0 }
    }

    fn key(&mut self, at: Nanos) -> Key {
        self.seq += 1;
        key(at, self.seq)
    }

    fn push(&mut self, lane: usize, at: Nanos, event: Event) {
        let key = self.key(at);
        self.heads[lane] = self.heads[lane].min(key);
        self.fifo[lane].push_back((key, event));
    }

    fn pop(&mut self) -> Option<(Nanos, Event)> {
        self.heap.settle();
        self.heads[3] = self.heap.head();
        let least = |a: usize, b: usize| if self.heads[b] < self.heads[a] { b } else { a };
        let first = least(least(0, 1), least(2, 3));
        if self.heads[first] == NONE {
            return None;
        }
        let (key, event) = if let Some(lane) = self.fifo.get_mut(first) {
            let head = lane.pop_front().expect("it has a head");
            self.heads[first] = lane.front().map_or(NONE, |next| next.0);
            head
        } else {
            self.heap.take()
        };
        Some((time(key), event))
    }
}

impl Later for Lanes {
    fn client_gateway(&mut self, now: Nanos, event: Event) {
        self.push(0, now + CLIENT_GATEWAY, event);
    }

    fn gateway_backend(&mut self, now: Nanos, event: Event) {
        self.push(1, now + GATEWAY_BACKEND, event);
    }

    fn fetch(&mut self, now: Nanos, event: Event) {
        self.push(2, now + FETCH, event);
    }

    fn at(&mut self, at: Nanos, event: Event) {
        let key = self.key(at);
        self.heap.push(key, event);
    }
}

pub fn token_cache(times: &Times) -> (Counts, f64) {
    let mut lanes = Lanes::new();
    let mut world = World::new(times, &mut lanes);
    let (events, seconds) = timed(|| {
        let mut events = 0;
        while let Some((now, event)) = lanes.pop() {
            events += 1;
            world.handle(now, event, &mut lanes);
        }
        events
    });
    (world.clients.counts(events), seconds)
}

/// All delays are drawn here: the 4-ary heap alone.
pub fn hold(Hold { pending, until }: Hold) -> (u64, f64) {
    let mut delays = Delays::default();
    let mut heap = Heap::new();
    for event in 0..pending {
        heap.push(key(delays.draw(), u64::from(event)), event);
    }
    timed(|| {
        let mut events = 0;
        loop {
            let (first, event) = heap.take();
            let now = time(first);
            if now > until {
                return events;
            }
            events += 1;
            heap.push(key(now + delays.draw(), u64::from(pending) + events), event);
        }
    })
}
