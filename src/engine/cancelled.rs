//! The drawn events that were taken back and still lie somewhere in the ladder: a set of `seq`s with open addressing. A
//! number is found where its product with an odd constant says, or right after that.

/// Which drawn events are dead.
#[derive(Debug)]
pub struct Cancelled {
    /// A power of two of places, at most half of them taken.
    places: Vec<u64>,
    len: usize,
}

/// No `seq`.
const FREE: u64 = u64::MAX;

/// 2⁶⁴ divided by the golden ratio: numbers that follow each other land far apart.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Places at the least.
const PLACES: usize = 64;

impl Cancelled {
    /// None.
    #[must_use]
    pub fn new() -> Cancelled {
        Cancelled { places: vec![FREE; PLACES], len: 0 }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Adds one that is not there.
    pub fn insert(&mut self, seq: u64) {
        if 2 * self.len >= self.places.len() {
            let larger = vec![FREE; 2 * self.places.len()];
            for old in std::mem::replace(&mut self.places, larger) {
                if old != FREE {
                    let at = self.find(old);
                    self.places[at] = old;
                }
            }
        }
        let at = self.find(seq);
        debug_assert!(self.places[at] == FREE, "an event is taken back once");
        self.places[at] = seq;
        self.len += 1;
    }

    /// Whether it is there.
    #[must_use]
    pub fn contains(&self, seq: u64) -> bool {
        self.places[self.find(seq)] == seq
    }

    /// Takes one out, if it is there.
    pub fn remove(&mut self, seq: u64) -> bool {
        let mut hole = self.find(seq);
        if self.places[hole] == FREE {
            return false;
        }
        self.len -= 1;
        // Those behind close up, where that brings them no further than home.
        let mut at = hole;
        loop {
            at = self.after(at);
            let other = self.places[at];
            if other == FREE {
                self.places[hole] = FREE;
                return true;
            }
            let mask = self.places.len() - 1;
            if at.wrapping_sub(self.home(other)) & mask >= at.wrapping_sub(hole) & mask {
                self.places[hole] = other;
                hole = at;
            }
        }
    }

    /// Takes all out.
    pub fn clear(&mut self) {
        self.places.fill(FREE);
        self.len = 0;
    }

    /// Where it is, or would be.
    fn find(&self, seq: u64) -> usize {
        let mut at = self.home(seq);
        while self.places[at] != FREE && self.places[at] != seq {
            at = self.after(at);
        }
        at
    }

    fn home(&self, seq: u64) -> usize {
        let share = u128::from(seq.wrapping_mul(SPREAD)) * self.places.len() as u128;
        usize::try_from(share >> u64::BITS).expect("below the number of places")
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.places.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_what_was_put_in_and_not_taken_out() {
        let (mut set, mut list) = (Cancelled::new(), std::collections::BTreeSet::new());
        for step in 0..20_000_u64 {
            let seq = step.wrapping_mul(SPREAD) >> 54;
            if list.remove(&seq) {
                assert!(set.remove(seq));
            } else {
                assert!(!set.remove(seq));
                if list.len() < 500 {
                    set.insert(seq);
                    list.insert(seq);
                }
            }
            assert_eq!((set.len(), set.contains(seq)), (list.len(), list.contains(&seq)));
            assert_eq!(set.contains(step), list.contains(&step));
        }
        set.clear();
        assert!(list.iter().all(|seq| !set.contains(*seq)));
    }
}
