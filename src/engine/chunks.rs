//! Lists of events in chunks of one pool: what leaves one list is room for another, so that all of them together take little
//! more than their events do, and nothing is allocated once the pool is as large as it gets.

use super::queue::Scheduled;

/// Events in a chunk: a list of few must not take much, and of a list of many the next chunk must not be waited for too often.
/// Measured at a million pending: 8 cost half as much again as 32, and 64 gain little.
const CHUNK: usize = 32;

/// No chunk.
const NONE: u32 = u32::MAX;

/// Where chunks come from and go to.
#[derive(Debug)]
pub struct Pool<E> {
    chunks: Vec<Chunk<E>>,
    /// The first of the chunks that nobody uses.
    free: u32,
}

#[derive(Clone, Copy, Debug)]
struct Chunk<E> {
    events: [Scheduled<E>; CHUNK],
    /// How many of them are events; written when the list goes on to the next chunk.
    used: u32,
    next: u32,
}

/// Events in the order in which they were added.
#[derive(Clone, Copy, Debug)]
pub struct List {
    first: u32,
    last: u32,
    /// Events in the last chunk.
    used: u32,
    len: u32,
}

impl List {
    /// A list of none.
    pub const EMPTY: List = List { first: NONE, last: NONE, used: 0, len: 0 };

    /// How many events it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len as usize
    }
}

impl<E: Copy> Pool<E> {
    /// A pool without chunks.
    #[must_use]
    pub fn new() -> Pool<E> {
        Pool { chunks: Vec::new(), free: NONE }
    }

    /// Adds an event at the end of a list.
    pub fn append(&mut self, list: &mut List, event: Scheduled<E>) {
        let at = list.used as usize % CHUNK;
        if at == 0 {
            self.lengthen(list, event);
        } else {
            self.chunks[list.last as usize].events[at] = event;
        }
        list.used = u32::try_from(at).expect("below the size of a chunk") + 1;
        list.len += 1;
    }

    /// Adds a chunk to a list that is full, or has none, with this as its first event.
    fn lengthen(&mut self, list: &mut List, event: Scheduled<E>) {
        let new = self.take(event);
        if list.len == 0 {
            list.first = new;
        } else {
            let full = &mut self.chunks[list.last as usize];
            (full.used, full.next) = (list.used, new);
        }
        list.last = new;
    }

    fn take(&mut self, event: Scheduled<E>) -> u32 {
        if self.free == NONE {
            self.chunks.push(Chunk { events: [event; CHUNK], used: 0, next: NONE });
            return u32::try_from(self.chunks.len() - 1).expect("fewer than 2³² chunks");
        }
        let taken = self.free;
        let chunk = &mut self.chunks[taken as usize];
        self.free = chunk.next;
        chunk.events[0] = event;
        taken
    }

    /// Gives the events of a list away, in their order. A chunk is free before its events are given, so that they may go to
    /// other lists of the pool.
    pub fn drain(&mut self, list: List, mut each: impl FnMut(&mut Pool<E>, Scheduled<E>)) {
        let (mut at, mut left) = (list.first, list.len());
        while left > 0 {
            let chunk = self.chunks[at as usize];
            self.chunks[at as usize].next = self.free;
            self.free = at;
            let used = if at == list.last { list.used } else { chunk.used } as usize;
            for event in &chunk.events[..used] {
                each(self, *event);
            }
            left -= used;
            at = chunk.next;
        }
    }

    /// Puts a list at the end of another.
    pub fn concatenate(&mut self, list: &mut List, other: List) {
        if list.len == 0 {
            *list = other;
        } else if other.len > 0 {
            let end = &mut self.chunks[list.last as usize];
            (end.used, end.next) = (list.used, other.first);
            *list = List { first: list.first, len: list.len + other.len, ..other };
        }
    }
}
