//! A loop over the standard library's `BinaryHeap`, which is what most engines are built around.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::world::{Event, Later, World};
use peer_model::{CLIENT_GATEWAY, Counts, Delays, FETCH, GATEWAY_BACKEND, Hold, Nanos, Times, timed};

struct Entry<E> {
    time: Nanos,
    seq: u64,
    event: E,
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Entry<E>) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Entry<E>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    /// The heap has its largest entry on top: the earliest one is it.
    fn cmp(&self, other: &Entry<E>) -> Ordering {
        (other.time, other.seq).cmp(&(self.time, self.seq))
    }
}

struct Heap<E> {
    heap: BinaryHeap<Entry<E>>,
    seq: u64,
}

impl<E> Heap<E> {
    fn with_capacity(capacity: usize) -> Heap<E> {
        Heap { heap: BinaryHeap::with_capacity(capacity), seq: 0 }
    }

    fn push(&mut self, time: Nanos, event: E) {
        let seq = self.seq;
        self.seq += 1;
        self.heap.push(Entry { time, seq, event });
    }
}

impl Later for Heap<Event> {
    fn client_gateway(&mut self, now: Nanos, event: Event) {
        self.push(now + CLIENT_GATEWAY, event);
    }

    fn gateway_backend(&mut self, now: Nanos, event: Event) {
        self.push(now + GATEWAY_BACKEND, event);
    }

    fn fetch(&mut self, now: Nanos, event: Event) {
        self.push(now + FETCH, event);
    }

    fn at(&mut self, at: Nanos, event: Event) {
        self.push(at, event);
    }
}

pub fn token_cache(times: &Times) -> (Counts, f64) {
    let mut heap = Heap::with_capacity(2_000);
    let mut world = World::new(times, &mut heap);
    let (events, seconds) = timed(|| {
        let mut events = 0;
        while let Some(Entry { time, event, .. }) = heap.heap.pop() {
            events += 1;
            world.handle(time, event, &mut heap);
        }
        events
    });
    (world.clients.counts(events), seconds)
}

pub fn hold(Hold { pending, until }: Hold) -> (u64, f64) {
    let mut delays = Delays::default();
    let mut heap = Heap::with_capacity(pending as usize + 1);
    for event in 0..pending {
        heap.push(delays.draw(), event);
    }
    timed(|| {
        let mut events = 0;
        while let Some(Entry { time, event, .. }) = heap.heap.pop()
            && time <= until
        {
            events += 1;
            heap.push(time + delays.draw(), event);
        }
        events
    })
}
