//! Who goes first among events of one instant. A chooser knows no time, so that untimed state machines can be driven
//! through every order as well.

use crate::rng::{Rows, Seeds, below};

/// Picks one of several.
pub trait Chooser {
    /// Whether it always takes the first, so that nobody needs to ask.
    const FIRST: bool = false;

    /// A position below `n` (at least 1).
    fn choose(&mut self, n: usize) -> usize;
}

/// The first scheduled goes first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fifo;

impl Chooser for Fifo {
    const FIRST: bool = true;

    fn choose(&mut self, _: usize) -> usize {
        0
    }
}

/// Any order, the same for the same seed.
#[derive(Debug)]
pub struct Shuffled {
    rows: Rows,
    next: u64,
}

impl Shuffled {
    /// The order of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Shuffled {
        Shuffled { rows: Rows::new(Seeds { seed, replication: 0 }.key("chooser", "shuffled")), next: 0 }
    }
}

impl Chooser for Shuffled {
    fn choose(&mut self, n: usize) -> usize {
        let word = self.rows.row(0, self.next)[0];
        self.next += 1;
        usize::try_from(below(word, n as u64)).expect("below a usize")
    }
}

/// A recorded list of choices, then always the first: replays a counter-example.
#[derive(Clone, Debug, Default)]
pub struct Script {
    choices: Vec<usize>,
    next: usize,
}

impl Script {
    /// These choices in turn.
    #[must_use]
    pub fn new(choices: Vec<usize>) -> Script {
        Script { choices, next: 0 }
    }
}

impl Chooser for Script {
    fn choose(&mut self, n: usize) -> usize {
        let choice = self.choices.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        choice.min(n - 1)
    }
}

/// Every sequence of choices in turn, depth first: run the system once, call [`Exhaustive::next_order`], run it again.
#[derive(Clone, Debug, Default)]
pub struct Exhaustive {
    /// The choices made on the way, each with the number there was to choose from.
    path: Vec<(usize, usize)>,
    depth: usize,
}

impl Exhaustive {
    /// Goes back to the start with the next order; `false` when all have been.
    pub fn next_order(&mut self) -> bool {
        self.path.truncate(self.depth);
        self.depth = 0;
        while let Some((choice, n)) = self.path.pop() {
            if choice + 1 < n {
                self.path.push((choice + 1, n));
                return true;
            }
        }
        false
    }

    /// The choices of this run so far: what [`Script`] replays.
    #[must_use]
    pub fn choices(&self) -> Vec<usize> {
        self.path[..self.depth].iter().map(|(choice, _)| *choice).collect()
    }
}

impl Chooser for Exhaustive {
    fn choose(&mut self, n: usize) -> usize {
        if self.depth == self.path.len() {
            self.path.push((0, n));
        }
        self.depth += 1;
        self.path[self.depth - 1].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exhaustive_choice_visits_every_order_once() {
        let (mut chooser, mut seen) = (Exhaustive::default(), Vec::new());
        loop {
            let mut left = vec!['a', 'b', 'c', 'd'];
            let mut order = String::new();
            while !left.is_empty() {
                order.push(left.remove(chooser.choose(left.len())));
            }
            seen.push(order);
            if !chooser.next_order() {
                break;
            }
        }
        let all = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((all, seen.len()), (24, 24));
    }

    #[test]
    fn a_script_repeats_the_choices_of_a_run() {
        let mut explorer = Exhaustive::default();
        for _ in 0..5 {
            explorer.choose(3);
            explorer.choose(2);
            explorer.next_order();
        }
        let made = [explorer.choose(3), explorer.choose(2)];
        let mut script = Script::new(explorer.choices());
        assert_eq!([script.choose(3), script.choose(2)], made);
    }
}
