//! The next drawn events to fire, sorted: what the ladder's lowest bucket held, and what has been drawn since for times
//! before all buckets.
//!
//! It has room on both sides. An event that fires soon pushes only those aside that fire sooner, and one that fires as late
//! as the last is appended, so that a burst at one instant costs nothing.

use super::queue::{Key, NONE, Scheduled};

/// Sorted events.
#[derive(Debug)]
pub struct Run<E> {
    /// Those in `first..end`; all else is room.
    events: Vec<Scheduled<E>>,
    first: usize,
    end: usize,
}

/// Room at the front of a run that begins.
const FRONT: usize = 64;

impl<E: Copy> Run<E> {
    /// A run of none.
    #[must_use]
    pub fn new() -> Run<E> {
        Run { events: Vec::new(), first: 0, end: 0 }
    }

    /// How many events it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.end - self.first
    }

    /// The place of the first in the order of events, [`NONE`] where there is none.
    #[must_use]
    pub fn key(&self) -> Key {
        if self.first == self.end { NONE } else { self.events[self.first].key() }
    }

    /// The events.
    #[must_use]
    pub fn events(&self) -> &[Scheduled<E>] {
        &self.events[self.first..self.end]
    }

    /// Takes the first.
    pub fn pop(&mut self) -> Option<Scheduled<E>> {
        (self.first < self.end).then(|| {
            self.first += 1;
            self.events[self.first - 1]
        })
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.first = FRONT.min(self.events.len());
        self.end = self.first;
    }

    /// Adds an event that was scheduled after all that are there: among equal times it is the last.
    pub fn insert(&mut self, event: Scheduled<E>) {
        if self.end == self.events.len() {
            self.make_room(event);
        }
        let mut at = self.end;
        while at > self.first && self.events[at - 1].time > event.time {
            self.events[at] = self.events[at - 1];
            at -= 1;
        }
        self.events[at] = event;
        self.end += 1;
    }

    fn make_room(&mut self, filler: Scheduled<E>) {
        if self.first > self.events.len() / 2 {
            self.events.copy_within(self.first..self.end, FRONT);
            (self.first, self.end) = (FRONT, self.end - self.first + FRONT);
        } else {
            self.events.resize(2 * self.events.len() + 2 * FRONT, filler);
            if self.first == self.end {
                self.clear();
            }
        }
    }

    /// The same, where it is likely to be among the first: the shorter side moves.
    pub fn insert_soon(&mut self, event: Scheduled<E>) {
        let sooner = self.events().partition_point(|other| other.time <= event.time);
        if self.first == 0 || sooner > self.len() / 2 {
            return self.insert(event);
        }
        let from = self.first;
        self.first -= 1;
        self.events.copy_within(from..from + sooner, from - 1);
        self.events[from - 1 + sooner] = event;
    }

    /// Keeps those of which this is true.
    pub fn retain(&mut self, keep: impl Fn(&Scheduled<E>) -> bool) {
        let mut end = self.first;
        for at in self.first..self.end {
            let event = self.events[at];
            if keep(&event) {
                self.events[end] = event;
                end += 1;
            }
        }
        self.end = end;
    }
}
