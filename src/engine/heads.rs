//! Which lane's head is next: the heads of the lanes that compete, in order. What is scheduled next is mostly among the next
//! to fire, so that a new head finds its place in a step or two.

use super::queue::{Key, NONE};

/// The heads of the lanes that compete.
#[derive(Debug)]
pub struct Heads {
    /// The first `len`, of which the first to fire comes last, and before all others one that never fires; then room.
    order: Vec<(Key, u32)>,
    len: usize,
}

impl Heads {
    /// None, of no lanes.
    #[must_use]
    pub fn new() -> Heads {
        Heads { order: vec![(NONE, u32::MAX)], len: 1 }
    }

    /// Makes room for a lane's head.
    pub fn add_lane(&mut self) {
        self.order.push((NONE, u32::MAX));
    }

    /// A lane that did not compete has this head.
    pub fn add(&mut self, lane: u32, key: Key) {
        self.len += 1;
        self.place(lane, key);
    }

    /// The lane with the first head has another.
    pub fn replace_first(&mut self, lane: u32, key: Key) {
        debug_assert_eq!(self.first().1, lane, "the lane of the first head");
        self.place(lane, key);
    }

    /// The lane with the first head has no other.
    pub fn remove_first(&mut self) {
        debug_assert!(self.len > 1, "a head to remove");
        self.len -= 1;
    }

    /// The first head to fire, and its lane; [`NONE`] where there is none.
    #[must_use]
    pub fn first(&self) -> (Key, u32) {
        self.order[self.len - 1]
    }

    /// Finds the place of a head, for which there is room at the end.
    #[inline]
    fn place(&mut self, lane: u32, key: Key) {
        let order = &mut self.order[..self.len];
        let mut place = order.len() - 1;
        for at in (0..place).rev() {
            let later = order[at];
            if later.0 > key {
                break;
            }
            order[at + 1] = later;
            place = at;
        }
        order[place] = (key, lane);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_head_is_the_least_whatever_changed() {
        let (mut heads, mut keys) = (Heads::new(), [None; 9]);
        (0..9).for_each(|_| heads.add_lane());
        for step in 0..10_000_u64 {
            let word = step.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
            let key = (Key::from(word) << 14) | Key::from(step);
            let lane = u32::try_from(word % 9).unwrap();
            let (first, at) = heads.first();
            if keys[lane as usize].is_none() {
                keys[lane as usize] = Some((key, lane));
                heads.add(lane, key);
            } else if word.is_multiple_of(5) {
                keys[at as usize] = None;
                heads.remove_first();
            } else {
                keys[at as usize] = Some((first + Key::from(word % 1_000) + 1, at));
                heads.replace_first(at, first + Key::from(word % 1_000) + 1);
            }
            assert_eq!(heads.first(), keys.iter().flatten().min().copied().unwrap_or((NONE, u32::MAX)));
        }
    }
}
