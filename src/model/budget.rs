//! A population's retry budget: retries are at most a share of the calls of the last ten seconds (model.md §3).
//!
//! As in Finagle and Linkerd, what counts as a call is a first attempt: retries earn no retries.

use std::collections::VecDeque;

use crate::time::{SimSpan, SimTime};

/// How long a call or a retry counts.
const WINDOW: SimSpan = SimSpan::secs(10);

/// What a population has sent lately: an instant for each call and each retry of the window.
#[derive(Debug)]
pub(super) struct Budget {
    /// Retries by calls, at most.
    share: f64,
    /// In order.
    calls: VecDeque<SimTime>,
    retries: VecDeque<SimTime>,
}

impl Budget {
    pub fn new(share: f64) -> Budget {
        Budget { share, calls: VecDeque::new(), retries: VecDeque::new() }
    }

    /// A call is born for the first time.
    pub fn call(&mut self, now: SimTime) {
        forget(&mut self.calls, now);
        self.calls.push_back(now);
    }

    /// Whether a retry may be sent now. If so it is sent, and counts.
    pub fn retry(&mut self, now: SimTime) -> bool {
        forget(&mut self.calls, now);
        forget(&mut self.retries, now);
        // The quotient, because it rounds like the share that a scenario writes: 29 of 100 are 0.29, though 0.29 × 100 < 29.
        let allowed = share(self.retries.len() + 1, self.calls.len()) <= self.share;
        if allowed {
            self.retries.push_back(now);
        }
        allowed
    }
}

/// What lies in (now − window, now] stays.
fn forget(instants: &mut VecDeque<SimTime>, now: SimTime) {
    while instants.front().is_some_and(|at| *at + WINDOW <= now) {
        instants.pop_front();
    }
}

/// Infinite without calls.
#[expect(clippy::cast_precision_loss, reason = "numbers of calls within ten seconds")]
fn share(retries: usize, calls: usize) -> f64 {
    retries as f64 / calls as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> SimTime {
        SimTime::ZERO + SimSpan::millis(n)
    }

    /// How many retries are sent at once after so many calls at once.
    fn granted(share: f64, calls: usize) -> usize {
        let mut budget = Budget::new(share);
        (0..calls).for_each(|_| budget.call(ms(5)));
        (0..2 * calls + 2).filter(|_| budget.retry(ms(5))).count()
    }

    #[test]
    fn retries_are_at_most_the_share_to_the_last_one() {
        for (share, calls, most) in [(0.1, 9, 0), (0.1, 10, 1), (0.1, 19, 1), (0.1, 20, 2), (1.0, 7, 7), (0.5, 3, 1)] {
            assert_eq!(granted(share, calls), most, "{share} of {calls}");
        }
    }

    #[test]
    fn a_decimal_share_is_not_one_less_for_its_rounding() {
        for percent in 0..=100_u32 {
            let share = f64::from(percent) / 100.0;
            for hundreds in 1..=3 {
                assert_eq!(granted(share, 100 * hundreds), percent as usize * hundreds, "{share}");
            }
        }
    }

    #[test]
    fn nothing_is_sent_again_with_a_share_of_0_or_without_calls() {
        assert_eq!(granted(0.0, 1_000), 0);
        assert!(!Budget::new(1.0).retry(ms(0)));
    }

    #[test]
    fn calls_and_retries_count_for_ten_seconds_and_not_at_their_end() {
        let mut budget = Budget::new(0.5);
        (0..2).for_each(|_| budget.call(ms(1_000)));
        (0..2).for_each(|_| budget.call(ms(9_000)));
        assert!(budget.retry(ms(10_999)) && budget.retry(ms(10_999)) && !budget.retry(ms(10_999)), "two of four");
        // Two calls are left, and two retries count.
        assert!(!budget.retry(ms(11_000)));
        (0..2).for_each(|_| budget.call(ms(18_000)));
        assert!(!budget.retry(ms(18_999)), "four calls, two retries");
        (0..2).for_each(|_| budget.call(ms(20_000)));
        assert!(!budget.retry(ms(20_998)), "the retries still count");
        assert!(budget.retry(ms(20_999)) && budget.retry(ms(20_999)) && !budget.retry(ms(20_999)));
    }

    #[test]
    fn what_is_past_takes_no_memory() {
        let mut budget = Budget::new(1.0);
        for n in 0..100_000 {
            budget.call(ms(10 * n));
            budget.retry(ms(10 * n));
        }
        assert_eq!((budget.calls.len(), budget.retries.len()), (1_000, 1_000));
    }
}
