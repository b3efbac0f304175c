//! Choices out of a list of numbers: what proptest shrinks to zero becomes the first and simplest choice.

/// Dice thrown beforehand.
#[derive(Debug)]
pub struct Dice<'a> {
    thrown: &'a [u16],
    next: usize,
}

impl<'a> Dice<'a> {
    pub fn new(thrown: &'a [u16]) -> Dice<'a> {
        Dice { thrown, next: 0 }
    }

    /// One of several, the simplest first.
    pub fn pick<'b>(&mut self, options: &[&'b str]) -> &'b str {
        options[self.below(options.len())]
    }

    /// A number from `low` to `high`, both included.
    pub fn number(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// Yes in one of `n` cases.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    fn below(&mut self, n: usize) -> usize {
        let thrown = self.thrown.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        usize::from(thrown) % n
    }
}
