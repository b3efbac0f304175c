//! The future event list: what will happen, in the order of (time, seq).
//!
//! Constant delays go to FIFO lanes, everything else to a ladder. What is drawn for this very instant follows all that is
//! scheduled for it, and so goes to a lane as well: a burst at one instant is a queue. Cancelling marks an event in its lane,
//! and keeps the number of one in the ladder until the event's time has come, or until half of the ladder is dead: it
//! costs the same however many wait.

use std::num::NonZeroU64;

use super::cancelled::Cancelled;
use super::ladder::Ladder;
use super::lanes::Lanes;

/// An event with its place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheduled<E> {
    pub time: u64,
    pub seq: u64,
    pub event: E,
}

/// A place in the order of events: the time, then the `seq`.
pub type Key = u128;

/// Later than any event.
pub const NONE: Key = Key::MAX;

/// The place in the order: by time, then by `seq`.
fn key(time: u64, seq: u64) -> Key {
    (Key::from(time) << 64) | Key::from(seq)
}

/// The `seq` of an event with this place.
#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
pub(super) fn seq_of(key: Key) -> u64 {
    key as u64
}

impl<E> Scheduled<E> {
    /// Its place in the order of events.
    pub(super) fn key(&self) -> Key {
        key(self.time, self.seq)
    }
}

/// A FIFO lane of one constant delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane(pub(super) u32);

impl Lane {
    /// The lane of what is due at once, which every list has.
    pub const NOW: Lane = Lane(0);
}

/// What cancels an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle {
    seq: u64,
    /// [`IN_LANE`] with the lane's number and the position in it; [`DRAWN`] for one in the ladder.
    place: NonZeroU64,
}

/// The place of an event in the ladder.
const DRAWN: NonZeroU64 = NonZeroU64::MIN;

/// What the place of an event in a lane has.
const IN_LANE: NonZeroU64 = NonZeroU64::new(1 << 63).unwrap();

fn lane_of(place: NonZeroU64) -> u32 {
    ((place.get() ^ IN_LANE.get()) >> 32) as u32
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
fn position_of(place: NonZeroU64) -> u32 {
    place.get() as u32
}

/// The future event list.
#[derive(Debug)]
pub struct EventQueue<E> {
    lanes: Lanes<E>,
    ladder: Ladder<E>,
    /// Events of the ladder that were cancelled before their time.
    cancelled: Cancelled,
    next_seq: u64,
    /// The time of the event that was taken last.
    now: u64,
}

impl<E: Copy> EventQueue<E> {
    /// The bytes that a waiting event takes.
    pub const ENTRY_BYTES: usize = size_of::<Scheduled<E>>();

    /// An empty list.
    #[must_use]
    pub fn new() -> EventQueue<E> {
        let (mut lanes, ladder) = (Lanes::new(), Ladder::new());
        assert_eq!(Lane(lanes.add()), Lane::NOW, "the first lane");
        EventQueue { lanes, ladder, cancelled: Cancelled::new(), next_seq: 0, now: 0 }
    }

    /// A new FIFO lane: times pushed to it must never fall.
    pub fn add_lane(&mut self) -> Lane {
        Lane(self.lanes.add())
    }

    /// Adds an event at a drawn time, which is not before the last event that was taken.
    pub fn push(&mut self, time: u64, event: E) -> Handle {
        if time <= self.now {
            debug_assert_eq!(time, self.now, "the clock never goes back");
            return self.push_lane(Lane::NOW, time, event);
        }
        self.push_drawn(time, event)
    }

    #[inline(never)]
    fn push_drawn(&mut self, time: u64, event: E) -> Handle {
        let seq = self.take_seq();
        self.ladder.push(Scheduled { time, seq, event });
        Handle { seq, place: DRAWN }
    }

    /// Adds an event to a lane.
    #[inline]
    pub fn push_lane(&mut self, lane: Lane, time: u64, event: E) -> Handle {
        let seq = self.take_seq();
        let position = self.lanes.push(lane.0, Scheduled { time, seq, event });
        Handle { seq, place: IN_LANE | (u64::from(lane.0) << 32) | u64::from(position) }
    }

    /// Takes an event back that has not fired yet; one that has must not be named.
    pub fn cancel(&mut self, handle: Handle) {
        if handle.place != DRAWN {
            return self.lanes.cancel(lane_of(handle.place), position_of(handle.place), handle.seq);
        }
        self.cancelled.insert(handle.seq);
        if self.cancelled.len() > SWEEP_ABOVE && self.cancelled.len() * 2 > self.ladder.len() {
            // Timers of hours that are set and taken back every second must not pile up.
            self.ladder.retain(|event| !self.cancelled.contains(event.seq));
            self.cancelled.clear();
        }
    }

    /// The next event, if there is one at or before `limit`.
    pub fn pop(&mut self, limit: u64) -> Option<Scheduled<E>> {
        let limit = key(limit, NEVER);
        loop {
            let (in_lane, drawn) = (self.lanes.key(), self.ladder.key());
            let popped = if in_lane < drawn {
                if in_lane > limit {
                    return None;
                }
                self.lanes.pop()
            } else {
                if drawn > limit {
                    return None;
                }
                self.pop_drawn()
            };
            if let Some(event) = popped {
                self.now = event.time;
                return popped;
            }
        }
    }

    /// The next event of the ladder; nothing if it was cancelled.
    fn pop_drawn(&mut self) -> Option<Scheduled<E>> {
        let event = self.ladder.pop()?;
        let dead = self.cancelled.len() > 0 && self.cancelled.remove(event.seq);
        (!dead).then_some(event)
    }

    /// How many entries are held, cancelled ones that still wait for their time included.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.lanes.len() + self.ladder.len()
    }

    fn take_seq(&mut self) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        seq
    }
}

/// Fewer cancelled events than this are left where they are.
const SWEEP_ABOVE: usize = 32;

/// The last `seq` before that of [`NONE`].
const NEVER: u64 = u64::MAX - 1;

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

#[cfg(test)]
mod tests;
