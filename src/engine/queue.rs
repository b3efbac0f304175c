//! The future event list: what will happen, in the order of (time, seq).
//!
//! Constant delays go to FIFO lanes, one a delay, in which order is kept for free: only the heads of the lanes compete,
//! first with each other and then with the first of what was drawn. Cancelling a lane's event is O(1) within the lane;
//! dead heads are dropped at once, so that a lane is as long as what is in flight and not as what has been.

use std::collections::{BTreeSet, VecDeque};

use super::heads::{Heads, Key};

/// An event with its place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheduled<E> {
    pub time: u64,
    pub seq: u64,
    pub event: E,
}

/// A FIFO lane of one constant delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane(pub(super) u32);

/// What cancels an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle {
    seq: u64,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Heap,
    /// The lane, and the position counted from the first event that ever was in it, modulo 2³².
    Lane(Lane, u32),
}

/// Later than any event.
const NONE: Key = Key::MAX;

/// The place in the order: by time, then by `seq`.
fn key(time: u64, seq: u64) -> Key {
    (Key::from(time) << 64) | Key::from(seq)
}

impl<E> Scheduled<E> {
    fn key(&self) -> Key {
        key(self.time, self.seq)
    }
}

#[derive(Debug)]
struct LaneQueue<E> {
    /// `None`: cancelled.
    events: VecDeque<(u64, u64, Option<E>)>,
    /// How many have left at the front, modulo 2³².
    left: u32,
}

/// The future event list.
#[derive(Debug)]
pub struct EventQueue<E> {
    /// Drawn events.
    heap: Vec<Scheduled<E>>,
    lanes: Vec<LaneQueue<E>>,
    heads: Heads,
    /// Drawn events that were cancelled before their time.
    cancelled: BTreeSet<u64>,
    next_seq: u64,
}

impl<E: Copy> EventQueue<E> {
    /// The bytes that a waiting drawn event takes.
    pub const ENTRY_BYTES: usize = size_of::<Scheduled<E>>();

    /// An empty list.
    #[must_use]
    pub fn new() -> EventQueue<E> {
        let (heap, lanes, heads) = (Vec::new(), Vec::new(), Heads::default());
        EventQueue { heap, lanes, heads, cancelled: BTreeSet::new(), next_seq: 0 }
    }

    /// A new FIFO lane: times pushed to it must never fall.
    pub fn add_lane(&mut self) -> Lane {
        let lane = Lane(u32::try_from(self.lanes.len()).expect("a lane a constant of the scenario"));
        self.lanes.push(LaneQueue { events: VecDeque::new(), left: 0 });
        lane
    }

    /// Adds an event at a drawn time.
    pub fn push(&mut self, time: u64, event: E) -> Handle {
        let seq = self.take_seq();
        self.insert(Scheduled { time, seq, event });
        Handle { seq, place: Place::Heap }
    }

    /// Adds an event to a lane.
    pub fn push_lane(&mut self, lane: Lane, time: u64, event: E) -> Handle {
        let seq = self.take_seq();
        let queue = &mut self.lanes[lane.0 as usize];
        debug_assert!(queue.events.back().is_none_or(|last| last.0 <= time), "a lane keeps the order of time");
        let position = queue.left.wrapping_add(u32::try_from(queue.events.len()).expect("fewer than 2³² in flight"));
        if queue.events.is_empty() {
            self.heads.add(lane.0 as usize, key(time, seq));
        }
        queue.events.push_back((time, seq, Some(event)));
        Handle { seq, place: Place::Lane(lane, position) }
    }

    /// Takes an event back that has not fired yet; one that has must not be named.
    pub fn cancel(&mut self, handle: Handle) {
        match handle.place {
            Place::Heap => {
                self.cancelled.insert(handle.seq);
                if self.cancelled.len() > SWEEP_ABOVE && self.cancelled.len() * 2 > self.heap.len() {
                    self.sweep();
                }
            }
            Place::Lane(lane, position) => {
                let queue = &mut self.lanes[lane.0 as usize];
                let entry = &mut queue.events[position.wrapping_sub(queue.left) as usize];
                debug_assert_eq!(entry.1, handle.seq, "the handle of an event that is still to come");
                entry.2 = None;
                if position == queue.left {
                    queue.drop_dead_heads();
                    self.heads.remove(lane.0 as usize);
                    if let Some(head) = queue.head() {
                        self.heads.add(lane.0 as usize, head);
                    }
                }
            }
        }
    }

    /// The next event, if there is one at or before `limit`.
    pub fn pop(&mut self, limit: u64) -> Option<Scheduled<E>> {
        loop {
            let (head, lane) = self.heads.first().unwrap_or((NONE, 0));
            let drawn = self.heap.first().map_or(NONE, Scheduled::key);
            let least = head.min(drawn);
            if least == NONE || least > key(limit, u64::MAX) {
                return None;
            }
            if head < drawn {
                return Some(self.pop_lane(lane));
            }
            let top = self.heap[0];
            self.remove_top();
            if self.cancelled.is_empty() || !self.cancelled.remove(&top.seq) {
                return Some(top);
            }
        }
    }

    /// How many entries are held, cancelled ones that still wait for their time included.
    #[must_use]
    pub fn pending(&self) -> usize {
        let in_lanes: usize = self.lanes.iter().map(|lane| lane.events.len()).sum();
        self.heap.len() + in_lanes
    }

    /// The head of this lane, which is a live one.
    fn pop_lane(&mut self, lane: usize) -> Scheduled<E> {
        let queue = &mut self.lanes[lane];
        let (time, seq, event) = *queue.events.front().expect("a lane that wins has a head");
        queue.leave();
        queue.drop_dead_heads();
        self.heads.remove(lane);
        if let Some(head) = queue.head() {
            self.heads.add(lane, head);
        }
        Scheduled { time, seq, event: event.expect("dead heads are dropped at once") }
    }

    /// Takes cancelled events out of the heap: timers of hours that are set and taken back every second must not pile up.
    fn sweep(&mut self) {
        let cancelled = std::mem::take(&mut self.cancelled);
        self.heap.retain(|entry| !cancelled.contains(&entry.seq));
        for at in (0..self.heap.len().div_ceil(ARITY)).rev() {
            self.sift_down(at);
        }
    }

    fn take_seq(&mut self) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        seq
    }

    fn insert(&mut self, entry: Scheduled<E>) {
        self.heap.push(entry);
        let mut at = self.heap.len() - 1;
        while at > 0 {
            let parent = (at - 1) / ARITY;
            if self.heap[parent].key() <= entry.key() {
                break;
            }
            self.heap[at] = self.heap[parent];
            at = parent;
        }
        self.heap[at] = entry;
    }

    fn remove_top(&mut self) {
        if let Some(last) = self.heap.pop()
            && !self.heap.is_empty()
        {
            self.heap[0] = last;
            self.sift_down(0);
        }
    }

    fn sift_down(&mut self, mut at: usize) {
        let entry = self.heap[at];
        loop {
            let first = at * ARITY + 1;
            let children = first..(first + ARITY).min(self.heap.len());
            let Some(least) = children.min_by_key(|child| self.heap[*child].key()) else { break };
            if entry.key() <= self.heap[least].key() {
                break;
            }
            self.heap[at] = self.heap[least];
            at = least;
        }
        self.heap[at] = entry;
    }
}

/// Children of a node of the heap.
const ARITY: usize = 4;

/// Fewer cancelled events than this are left where they are.
const SWEEP_ABOVE: usize = 32;

impl Handle {
    /// Whether it is the handle of the event with this `seq`.
    pub(super) fn is(self, seq: u64) -> bool {
        self.seq == seq
    }
}

impl<E: Copy> Default for EventQueue<E> {
    fn default() -> EventQueue<E> {
        EventQueue::new()
    }
}

impl<E> LaneQueue<E> {
    fn head(&self) -> Option<Key> {
        self.events.front().map(|head| key(head.0, head.1))
    }

    fn leave(&mut self) {
        self.events.pop_front();
        self.left = self.left.wrapping_add(1);
    }

    fn drop_dead_heads(&mut self) {
        while self.events.front().is_some_and(|head| head.2.is_none()) {
            self.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Op {
        Push(u64),
        PushLane(usize),
        Cancel(usize),
        Pop,
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            (0..50_u64).prop_map(Op::Push),
            (0..3_usize).prop_map(Op::PushLane),
            (0..40_usize).prop_map(Op::Cancel),
            Just(Op::Pop),
            Just(Op::Pop),
        ]
    }

    proptest! {
        #[test]
        fn events_come_in_the_order_of_a_sorted_list(ops in prop::collection::vec(op(), 1..400)) {
            let mut queue = EventQueue::new();
            let lanes: Vec<Lane> = (0..3).map(|_| queue.add_lane()).collect();
            let delays = [0, 3, 10];
            let mut list: Vec<(u64, u64, Handle)> = Vec::new();
            let (mut now, mut seq) = (0, 0);
            for op in ops {
                match op {
                    Op::Push(after) => list.push((now + after, seq, queue.push(now + after, seq))),
                    Op::PushLane(lane) => {
                        let time = now + delays[lane];
                        list.push((time, seq, queue.push_lane(lanes[lane], time, seq)));
                    }
                    Op::Cancel(which) => {
                        if which < list.len() {
                            queue.cancel(list.remove(which).2);
                        }
                        continue;
                    }
                    Op::Pop => {
                        list.sort_by_key(|entry| (entry.0, entry.1));
                        let expected = (!list.is_empty()).then(|| list.remove(0));
                        let popped = queue.pop(u64::MAX);
                        prop_assert_eq!(popped.map(|s| (s.time, s.event)), expected.map(|e| (e.0, e.1)));
                        now = popped.map_or(now, |s| s.time);
                        continue;
                    }
                }
                seq += 1;
            }
            while let Some(popped) = queue.pop(u64::MAX) {
                list.sort_by_key(|entry| (entry.0, entry.1));
                prop_assert_eq!((popped.time, popped.event), { let e = list.remove(0); (e.0, e.1) });
            }
            prop_assert!(list.is_empty());
            prop_assert_eq!(queue.pending(), 0);
        }
    }

    #[test]
    fn a_lane_of_timeouts_is_as_long_as_what_is_in_flight() {
        let mut queue = EventQueue::new();
        let lane = queue.add_lane();
        for call in 0..100_000_u64 {
            let handle = queue.push_lane(lane, call + 30_000, call);
            queue.cancel(handle);
        }
        assert_eq!(queue.pending(), 0);
    }

    #[test]
    fn nothing_beyond_the_limit_is_taken() {
        let mut queue = EventQueue::new();
        let lane = queue.add_lane();
        queue.push(7, 'a');
        queue.push_lane(lane, 6, 'b');
        assert_eq!(queue.pop(5), None);
        assert_eq!(queue.pop(6).map(|s| s.event), Some('b'));
        assert_eq!(queue.pop(6), None);
        assert_eq!(queue.pop(7).map(|s| s.event), Some('a'));
    }

    #[test]
    fn timers_of_hours_that_are_taken_back_every_second_do_not_pile_up() {
        let mut queue = EventQueue::new();
        let lane = queue.add_lane();
        let mut timer = queue.push(10_000, 0);
        for now in 1..5_000 {
            queue.cancel(timer);
            timer = queue.push(now + 10_000, now);
            queue.push_lane(lane, now, now);
            assert_eq!(queue.pop(now).map(|fired| fired.event), Some(now));
            assert!(queue.pending() < 100, "{} to come", queue.pending());
        }
        assert_eq!(queue.pop(u64::MAX).map(|last| (last.time, last.event)), Some((14_999, 4_999)));
        assert_eq!((queue.pop(u64::MAX), queue.pending()), (None, 0));
    }
}
