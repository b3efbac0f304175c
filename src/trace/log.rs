//! Facts as they were told.

use crate::model::fact::{Fact, Observer};
use crate::time::SimTime;

/// A fact, when it was told, and in which event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub at: SimTime,
    /// `u64::MAX`: before the first event.
    pub seq: u64,
    pub fact: Fact,
}

/// Keeps the facts that a filter lets pass, up to a limit, and counts the others.
#[derive(Debug)]
pub struct Log<F> {
    filter: F,
    limit: usize,
    pub facts: Vec<Told>,
    /// Let pass, and not kept: there was no room.
    pub left_out: u64,
    /// Not let pass.
    pub filtered: u64,
}

impl<F: FnMut(SimTime, &Fact) -> bool> Log<F> {
    /// A log of at most `limit` facts.
    pub fn new(limit: usize, filter: F) -> Log<F> {
        Log { filter, limit, facts: Vec::new(), left_out: 0, filtered: 0 }
    }
}

impl<F: FnMut(SimTime, &Fact) -> bool> Observer for Log<F> {
    fn fact(&mut self, at: SimTime, seq: u64, fact: &Fact) {
        if !(self.filter)(at, fact) {
            self.filtered += 1;
        } else if self.facts.len() < self.limit {
            self.facts.push(Told { at, seq, fact: *fact });
        } else {
            self.left_out += 1;
        }
    }
}

/// Whether a fact is one of many that a call or a request leaves behind when all is well: no cause of anything.
#[must_use]
pub fn is_routine(fact: &Fact) -> bool {
    match fact {
        Fact::Calls(_)
        | Fact::Latency(_)
        | Fact::AnswerLost
        | Fact::Unanswered(_)
        | Fact::Resend { .. }
        | Fact::AcceptedWhileDead
        | Fact::Counted { .. }
        | Fact::IdpArrival(_)
        | Fact::IdpRefused(_)
        | Fact::IdpBusy(_)
        | Fact::Served { .. }
        | Fact::NodeUp { .. }
        | Fact::WastedFetch
        | Fact::Sent { .. }
        | Fact::Refused { .. }
        | Fact::Stale { .. }
        | Fact::EventMessage
        | Fact::ServedRevoked { .. }
        | Fact::FalselyRefused { .. }
        | Fact::Login { .. }
        | Fact::DuplicateActiveJwt => true,
        Fact::TokenIssued { .. }
        | Fact::FetchStarted { .. }
        | Fact::FetchEnded { .. }
        | Fact::Purged { .. }
        | Fact::Got { .. }
        | Fact::Fault(..)
        | Fact::Killed(_)
        | Fact::RestartStopped
        | Fact::Ready
        | Fact::Node(..)
        | Fact::Serving(_)
        | Fact::Key(_)
        | Fact::Slow(_)
        | Fact::Gateway(..)
        | Fact::Operator(..)
        | Fact::Bus(_)
        | Fact::Db(_)
        | Fact::DbStalled { .. }
        | Fact::ConAppKeyViolated { .. }
        | Fact::ConAppKeyRecovered { .. }
        | Fact::ConAppKeyExhausted { .. }
        | Fact::Superseded { .. }
        | Fact::TokenLost { .. }
        | Fact::Published(_)
        | Fact::Delivered { .. }
        | Fact::Missed { .. }
        | Fact::Untold { .. }
        | Fact::Revoked { .. }
        | Fact::TablesRead { .. }
        | Fact::TablesUnread { .. }
        | Fact::ControlPlane(_)
        | Fact::Store(_)
        | Fact::Partition(_)
        | Fact::ClockSkewed => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_counted() {
        let mut log = Log::new(2, |at, _| at > SimTime(1));
        for at in 0..6 {
            log.fact(SimTime(at), 7, &Fact::Ready);
        }
        assert_eq!((log.facts.len(), log.left_out, log.filtered), (2, 2, 2));
        assert_eq!(log.facts[0], Told { at: SimTime(2), seq: 7, fact: Fact::Ready });
    }
}
