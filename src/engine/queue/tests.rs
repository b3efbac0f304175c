//! The list beside a sorted one, under every load that is bad for one of its parts.

use super::*;
use std::collections::BTreeMap;

use proptest::prelude::*;

/// Spans of one load.
type Spans = fn(u64) -> u64;

/// From a word to a span, load by load.
const LOADS: [Spans; 9] = [
    |word| word % 50,
    |word| word % 3,
    |word| word >> (word % 64),
    |word| 1 + word % 1_000_000_000,
    // Two humps: milliseconds and an hour.
    |word| if word.is_multiple_of(10) { 3_600_000_000_000 + word % 1_000 } else { word % 10_000_000 },
    // Nearer and nearer to what is next.
    |word| 1 << (word % 64),
    |word| u64::MAX - word % 5,
    |word| if word.is_multiple_of(3) { 0 } else { 1 << 40 },
    |word| (word % 4) << 20,
];

/// Numbers in no order.
#[derive(Clone, Debug)]
struct Words(u64);

impl Words {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }
}

/// A queue beside a sorted list, which must agree. The event is its own `seq`.
struct Pair {
    queue: EventQueue<u64>,
    lanes: Vec<(Lane, u64)>,
    list: BTreeMap<(u64, u64), Handle>,
    now: u64,
    seq: u64,
}

impl Pair {
    fn new() -> Pair {
        let mut queue = EventQueue::new();
        let lanes = [0, 3, 10, 1_000_000, 1 << 41].map(|delay| (queue.add_lane(), delay)).to_vec();
        Pair { queue, lanes, list: BTreeMap::new(), now: 0, seq: 0 }
    }

    fn push(&mut self, after: u64) {
        let time = self.now.saturating_add(after);
        let handle = self.queue.push(time, self.seq);
        self.list.insert((time, self.seq), handle);
        self.seq += 1;
    }

    fn push_lane(&mut self, lane: usize) {
        let (lane, delay) = self.lanes[lane % self.lanes.len()];
        let time = self.now.saturating_add(delay);
        let handle = self.queue.push_lane(lane, time, self.seq);
        self.list.insert((time, self.seq), handle);
        self.seq += 1;
    }

    /// Cancels the event that is this far down the list.
    fn cancel(&mut self, which: usize) {
        if let Some(key) = self.list.keys().nth(which).copied() {
            self.queue.cancel(self.list.remove(&key).unwrap());
        }
    }

    /// Takes the next event at or before a limit; whether there was one.
    fn pop(&mut self, limit: u64) -> Result<bool, TestCaseError> {
        let expected = self.list.first_key_value().map(|(key, _)| *key).filter(|key| key.0 <= limit);
        let popped = self.queue.pop(limit);
        prop_assert_eq!(popped.map(|event| (event.time, event.seq)), expected);
        prop_assert!(popped.is_none_or(|event| event.event == event.seq));
        if let Some(key) = expected {
            self.list.remove(&key);
            self.now = key.0;
        }
        prop_assert!(self.queue.pending() >= self.list.len());
        Ok(popped.is_some())
    }

    fn drain(&mut self) -> Result<(), TestCaseError> {
        while self.pop(u64::MAX)? {}
        prop_assert!(self.list.is_empty());
        prop_assert_eq!(self.queue.pending(), 0);
        Ok(())
    }
}

#[derive(Clone, Debug)]
enum Op {
    Push(usize, u64),
    PushLane(usize),
    Cancel(usize),
    CancelAll,
    Burst(u64, u64),
    Pop,
    PopUntil(u64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => (0..LOADS.len(), any::<u64>()).prop_map(|(load, word)| Op::Push(load, word)),
        6 => (0..5_usize).prop_map(Op::PushLane),
        4 => (0..40_usize).prop_map(Op::Cancel),
        1 => (0..200_u64, prop_oneof![Just(0), 0..3_u64, Just(1_000_000)]).prop_map(|(n, after)| Op::Burst(n, after)),
        1 => Just(Op::CancelAll),
        12 => Just(Op::Pop),
        2 => (0..20_u64).prop_map(Op::PopUntil),
    ]
}

proptest! {
    #[test]
    fn events_come_in_the_order_of_a_sorted_list(ops in prop::collection::vec(op(), 1..500)) {
        let mut pair = Pair::new();
        for op in ops {
            match op {
                Op::Push(load, word) => pair.push(LOADS[load](word)),
                Op::PushLane(lane) => pair.push_lane(lane),
                Op::Cancel(which) => pair.cancel(which),
                Op::CancelAll => {
                    while !pair.list.is_empty() {
                        pair.cancel(0);
                    }
                    prop_assert!(!pair.pop(u64::MAX)?);
                }
                Op::Burst(n, after) => (0..n).for_each(|_| pair.push(after)),
                Op::Pop => drop(pair.pop(u64::MAX)?),
                Op::PopUntil(after) => drop(pair.pop(pair.now.saturating_add(after))?),
            }
        }
        pair.drain()?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    /// From ten pending to thousands and back, with lanes beside and a share cancelled.
    #[test]
    fn the_order_is_kept_while_the_list_grows_and_shrinks(
        load in 0..LOADS.len(), most in 10..20_000_usize, cancelled in 0..4_usize, seed: u64
    ) {
        grows_and_shrinks(load, most, cancelled, Words(seed))?;
    }
}

fn grows_and_shrinks(load: usize, most: usize, cancelled: usize, mut words: Words) -> Result<(), TestCaseError> {
    let mut pair = Pair::new();
    for target in [10, most, 10, 2 * most / 3, 0] {
        while pair.list.len() < target {
            let span = LOADS[load](words.next());
            pair.push(span);
            if words.below(4) == 0 {
                pair.push_lane(words.below(5));
            }
            // Fewer are taken than added.
            if words.below(3) == 0 {
                pair.pop(u64::MAX)?;
            }
            if words.below(8) < cancelled {
                pair.cancel(words.below(30));
            }
        }
        while pair.list.len() > target {
            if words.below(2) == 0 {
                pair.push(LOADS[load](words.next()));
            }
            pair.pop(u64::MAX)?;
            pair.pop(pair.now)?;
        }
    }
    pair.drain()
}

#[test]
fn a_hundred_thousand_of_every_load_come_in_order_and_go() {
    for load in 0..LOADS.len() {
        grows_and_shrinks(load, 100_000, load % 3, Words(load as u64)).unwrap();
    }
}

#[test]
fn times_drawn_nearer_and_nearer_do_not_run_out_of_rungs() {
    // Each burst makes a run too long, which becomes a rung before all rungs that are there.
    let mut pair = Pair::new();
    for distance in (1..400_u64).rev() {
        for _ in 0..70 {
            pair.push(distance * 1_000);
            pair.push(distance * 1_000 + 1);
        }
    }
    for _ in 0..20_000 {
        pair.pop(u64::MAX).unwrap();
        pair.push(300_000);
    }
    pair.drain().unwrap();
}

#[test]
fn a_burst_at_one_instant_is_a_queue() {
    // Quadratic, this would take minutes.
    for after in [0, 5] {
        let mut queue = EventQueue::new();
        let lane = queue.add_lane();
        queue.push(7, 0);
        queue.pop(7);
        for event in 0..1_000_000_u64 {
            queue.push(7 + after, event);
            queue.push_lane(lane, 7, event);
            // The burst is looked at, and what was in its way fires.
            assert_eq!(queue.pop(7).map(|fired| fired.time), Some(7));
        }
        let mut left = 0;
        while let Some(fired) = queue.pop(u64::MAX) {
            left += 1;
            if fired.event.is_multiple_of(2) && fired.event > 0 {
                queue.push(fired.time, 1);
            }
        }
        assert!(left >= 1_000_000, "{left} fired");
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
