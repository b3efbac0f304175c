//! Which lane's head is next: the heads of all lanes that are not empty, in order. What is scheduled next is mostly among
//! the next to fire, so that a new head finds its place in a step or two.

/// A head's place in the order of events: its time, then its `seq`.
pub type Key = u128;

/// The heads of the lanes that are not empty.
#[derive(Debug, Default)]
pub struct Heads {
    /// The first to fire comes last.
    order: Vec<(Key, usize)>,
}

impl Heads {
    /// The lane was empty, or without a head for the moment; now this is its head.
    pub fn add(&mut self, lane: usize, key: Key) {
        let mut at = self.order.len();
        self.order.push((key, lane));
        while at > 0 && self.order[at - 1].0 < key {
            self.order[at] = self.order[at - 1];
            at -= 1;
        }
        self.order[at] = (key, lane);
    }

    /// The lane is without a head.
    pub fn remove(&mut self, lane: usize) {
        let at = self.order.iter().rposition(|head| head.1 == lane).expect("a lane that is not empty has a head");
        self.order.remove(at);
    }

    /// The first head to fire, and its lane.
    #[must_use]
    pub fn first(&self) -> Option<(Key, usize)> {
        self.order.last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_head_is_the_least_whatever_changed() {
        let (mut heads, mut keys) = (Heads::default(), [None; 9]);
        for step in 0..10_000_u64 {
            let word = step.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
            let lane = usize::try_from(word % 9).unwrap();
            if keys[lane].take().is_some() {
                heads.remove(lane);
            }
            if !word.is_multiple_of(5) {
                let key = (Key::from(word) << 14) | Key::from(step);
                keys[lane] = Some((key, lane));
                heads.add(lane, key);
            }
            assert_eq!(heads.first(), keys.iter().flatten().min().copied());
        }
    }
}
