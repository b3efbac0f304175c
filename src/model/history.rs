//! How something was a while ago: what a health check still believes.

use std::collections::VecDeque;

use crate::time::{SimSpan, SimTime};

/// A value and its changes, as far back as somebody looks.
#[derive(Clone, Debug)]
pub struct History<T> {
    /// The last of the changes.
    current: T,
    /// Never empty; ascending.
    changes: VecDeque<(SimTime, T)>,
    delay: SimSpan,
}

impl<T: Copy> History<T> {
    /// The value since ever, seen with a delay.
    #[must_use]
    pub fn new(value: T, delay: SimSpan) -> History<T> {
        History { current: value, changes: VecDeque::from([(SimTime::ZERO, value)]), delay }
    }

    /// The value now.
    #[must_use]
    pub fn now(&self) -> T {
        self.current
    }

    /// The value as it was the delay ago.
    #[must_use]
    pub fn seen(&self, now: SimTime) -> T {
        if self.changes.len() == 1 {
            return self.now();
        }
        let seen = |at: &SimTime| *at + self.delay <= now;
        let last = self.changes.iter().rev().find(|(at, _)| seen(at));
        last.or(self.changes.front()).expect("a history is never empty").1
    }

    /// Whether it is seen as it is, and will be until it changes again.
    #[must_use]
    pub fn is_settled(&self, now: SimTime) -> bool {
        self.changes.len() == 1 || self.changes.back().is_some_and(|(at, _)| *at + self.delay <= now)
    }

    /// The value changes.
    pub fn set(&mut self, now: SimTime, value: T) {
        while self.changes.len() > 1 && self.changes[1].0 + self.delay <= now {
            self.changes.pop_front();
        }
        self.current = value;
        self.changes.push_back((now, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_seen_after_the_delay() {
        let mut history = History::new('a', SimSpan(10));
        history.set(SimTime(100), 'b');
        history.set(SimTime(105), 'c');
        assert_eq!(history.now(), 'c');
        for (now, seen) in [(109, 'a'), (110, 'b'), (114, 'b'), (115, 'c')] {
            assert_eq!(history.seen(SimTime(now)), seen, "{now}");
        }
        history.set(SimTime(200), 'd');
        assert_eq!((history.seen(SimTime(209)), history.changes.len()), ('c', 2));
    }

    #[test]
    fn many_changes_are_remembered_rightly_however_they_lie_in_memory() {
        let mut history = History::new(0, SimSpan::ZERO);
        for change in 1..50 {
            history.set(SimTime(change), change);
            assert_eq!(history.seen(SimTime(change)), change);
        }
    }

    #[test]
    fn without_delay_the_present_is_seen() {
        let mut history = History::new(true, SimSpan::ZERO);
        history.set(SimTime(5), false);
        assert!(!history.seen(SimTime(5)));
    }
}
