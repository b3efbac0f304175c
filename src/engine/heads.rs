//! Which lane's head is next. Lanes are few, one a constant of the scenario, and the first is looked for among all of them
//! only when it leaves.

/// A head's place in the order: its time, then its `seq`.
pub type Key = u128;

/// The key of a lane that is empty.
pub const NONE: Key = Key::MAX;

/// The heads of all lanes.
#[derive(Debug)]
pub struct Heads {
    keys: Vec<Key>,
    least: (Key, usize),
}

impl Heads {
    /// No lanes.
    #[must_use]
    pub fn new() -> Heads {
        Heads { keys: Vec::new(), least: (NONE, 0) }
    }

    /// One more lane, an empty one.
    pub fn add_lane(&mut self) {
        self.keys.push(NONE);
    }

    /// The head of a lane is now this one.
    pub fn set(&mut self, lane: usize, key: Key) {
        self.keys[lane] = key;
        if key < self.least.0 {
            self.least = (key, lane);
        } else if lane == self.least.1 {
            let least = (NONE, 0);
            let smaller = |a: (Key, usize), b: (Key, usize)| if b.0 < a.0 { b } else { a };
            self.least = self.keys.iter().enumerate().fold(least, |least, (lane, key)| smaller(least, (*key, lane)));
        }
    }

    /// The least head, and its lane; [`NONE`] where all lanes are empty.
    #[must_use]
    pub fn least(&self) -> (Key, usize) {
        self.least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_head_wins_whatever_changed() {
        for lanes in 1..=9_usize {
            let mut heads = Heads::new();
            let mut keys = vec![NONE; lanes];
            (0..lanes).for_each(|_| heads.add_lane());
            for step in 0..1_000_u64 {
                let word = step.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
                let lane = usize::try_from(word).unwrap() % lanes;
                keys[lane] = if word.is_multiple_of(5) { NONE } else { (Key::from(word) << 10) | Key::from(step) };
                heads.set(lane, keys[lane]);
                let least = keys.iter().copied().min().unwrap();
                assert_eq!(heads.least().0, least);
                assert!(least == NONE || keys[heads.least().1] == least);
            }
        }
    }

    #[test]
    fn a_lane_that_comes_later_leaves_the_others_as_they_are() {
        let mut heads = Heads::new();
        for lane in 0..20 {
            heads.add_lane();
            heads.set(lane, 100 - lane as Key);
            assert_eq!(heads.least(), (100 - lane as Key, lane));
        }
    }
}
