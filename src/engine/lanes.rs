//! Events at constant delays: a FIFO lane a delay, in which order is kept for free. Only the heads of the lanes compete.

use super::heads::Heads;
use super::queue::{Key, Scheduled, seq_of};

/// The lanes.
#[derive(Debug)]
pub struct Lanes<E> {
    rings: Vec<Ring<E>>,
    heads: Heads,
}

/// The events of a lane. Positions count all that ever were in it, modulo 2³².
#[derive(Debug)]
struct Ring<E> {
    /// A power of two of places, or none.
    events: Vec<Scheduled<E>>,
    /// The position of the first.
    front: u32,
    /// The position of the next to come.
    back: u32,
    /// Whether it is among the heads.
    competes: bool,
}

/// The `seq` of an event that was cancelled.
const DEAD: u64 = u64::MAX;

impl<E: Copy> Ring<E> {
    fn place(&self, position: u32) -> usize {
        position as usize & (self.events.len() - 1)
    }

    fn len(&self) -> usize {
        self.back.wrapping_sub(self.front) as usize
    }

    /// The first event that was not cancelled; those before it go.
    fn front(&mut self) -> Option<&Scheduled<E>> {
        while self.front != self.back {
            let place = self.place(self.front);
            if self.events[place].seq != DEAD {
                return Some(&self.events[place]);
            }
            self.front = self.front.wrapping_add(1);
        }
        None
    }

    /// Twice the places. Those that have no event look as if theirs were cancelled.
    fn grow(&mut self, event: Scheduled<E>) {
        let mut larger = vec![Scheduled { seq: DEAD, ..event }; (2 * self.events.len()).max(LEAST)];
        assert!(u32::try_from(larger.len()).is_ok(), "fewer than 2³² in flight");
        let mask = larger.len() - 1;
        for at in 0..self.events.len() {
            let position = self.front.wrapping_add(u32::try_from(at).expect("fewer than 2³² in flight"));
            larger[position as usize & mask] = self.events[self.place(position)];
        }
        self.events = larger;
    }
}

/// Places of a lane, once it has had an event.
const LEAST: usize = 8;

impl<E: Copy> Lanes<E> {
    /// No lanes.
    #[must_use]
    pub fn new() -> Lanes<E> {
        Lanes { rings: Vec::new(), heads: Heads::new() }
    }

    /// One more; its number.
    pub fn add(&mut self) -> u32 {
        let lane = u32::try_from(self.rings.len()).expect("a lane a constant of the scenario");
        self.heads.add_lane();
        self.rings.push(Ring { events: Vec::new(), front: 0, back: 0, competes: false });
        lane
    }

    /// Adds an event to a lane; its position there.
    #[inline]
    pub fn push(&mut self, lane: u32, event: Scheduled<E>) -> u32 {
        let ring = &mut self.rings[lane as usize];
        if ring.len() == ring.events.len() {
            return self.push_to_full(lane, event);
        }
        let (position, place) = (ring.back, ring.place(ring.back));
        debug_assert!(
            ring.front == position || ring.events[ring.place(position.wrapping_sub(1))].time <= event.time,
            "a lane keeps the order of time"
        );
        ring.events[place] = event;
        ring.back = position.wrapping_add(1);
        if !ring.competes {
            ring.competes = true;
            self.heads.add(lane, event.key());
        }
        position
    }

    #[cold]
    #[inline(never)]
    fn push_to_full(&mut self, lane: u32, event: Scheduled<E>) -> u32 {
        self.rings[lane as usize].grow(event);
        self.push(lane, event)
    }

    /// Marks an event that has not fired. A lane is as long as what is in flight and not as what has been: those at its front
    /// go at once. The lane competes with the key that it had, and learns at its turn that this was too early.
    pub fn cancel(&mut self, lane: u32, position: u32, seq: u64) {
        let ring = &mut self.rings[lane as usize];
        let place = ring.place(position);
        debug_assert_eq!(ring.events[place].seq, seq, "the handle of an event that is still to come");
        ring.events[place].seq = DEAD;
        if position == ring.front {
            ring.front();
        }
    }

    /// A key that no event of the lanes comes before.
    #[must_use]
    pub fn key(&self) -> Key {
        self.heads.first().0
    }

    /// Takes the event with the key, if there is such a one; nothing if it was cancelled, and then there is another key.
    pub fn pop(&mut self) -> Option<Scheduled<E>> {
        let (key, lane) = self.heads.first();
        let ring = &mut self.rings[lane as usize];
        // Where the lane is empty by now, what lies here has fired or looks cancelled.
        let front = ring.events[ring.place(ring.front)];
        let popped = (front.seq == seq_of(key)).then_some(front);
        if popped.is_some() {
            ring.front = ring.front.wrapping_add(1);
        }
        if let Some(next) = ring.front() {
            self.heads.replace_first(lane, next.key());
        } else {
            ring.competes = false;
            self.heads.remove_first();
        }
        popped
    }

    /// How many entries are held, cancelled ones that still wait for their time included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rings.iter().map(Ring::len).sum()
    }
}
