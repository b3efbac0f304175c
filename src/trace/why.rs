//! Why: from an effect back to its causes, along what scheduled what and along what was so at the time.
//!
//! An event is caused by the one that scheduled it. That alone leads from a failed call to its birth, and not to the token that
//! was dead: so each fact is also asked what it rests on. A refused token rests on what killed it, a request that failed on what
//! was out of order then.

use std::collections::BTreeSet;

use super::log::Told;
use super::names::Names;
use crate::engine::Scheduling;
use crate::fault::Phase;
use crate::id::{HolderId, NoticeId};
use crate::model::Event;
use crate::model::event::Step;
use crate::model::fact::{Calls, Fact, KeyChange, NodeState};
use crate::oauth::{Cause, Outcome};
use crate::time::SimTime;

/// A world's facts, and what scheduled the events in which they were told.
#[derive(Debug)]
pub struct Why<'a> {
    names: &'a Names<'a>,
    facts: &'a [Told],
    causes: &'a [Scheduling<Event>],
    /// By seq: the positions of its facts, which are told one after the other.
    events: Vec<(u64, usize, usize)>,
}

impl<'a> Why<'a> {
    /// `facts` in the order in which they were told; `causes` by seq.
    #[must_use]
    pub fn new(names: &'a Names<'a>, facts: &'a [Told], causes: &'a [Scheduling<Event>]) -> Why<'a> {
        let mut events: Vec<(u64, usize, usize)> = Vec::new();
        for (index, told) in facts.iter().enumerate() {
            match events.last_mut() {
                Some((seq, _, end)) if *seq == told.seq => *end = index + 1,
                Some(_) | None => events.push((told.seq, index, index + 1)),
            }
        }
        events.sort_unstable();
        Why { names, facts, causes, events }
    }

    /// The positions of the facts that led to this one, and its own: the latest first.
    #[must_use]
    pub fn chain(&self, effect: usize) -> Vec<usize> {
        let mut found = BTreeSet::from([effect]);
        let mut seen = BTreeSet::new();
        let mut open = vec![effect];
        while let Some(index) = open.pop() {
            let mut causes = Vec::new();
            self.climb(self.facts[index].seq, &mut seen, &mut causes);
            self.rests_on(index, &mut causes);
            // What was told later in the same event is part of the same story; what came later is not.
            open.extend(causes.into_iter().filter(|&cause| self.is_before(cause, effect) && found.insert(cause)));
        }
        found.into_iter().rev().collect()
    }

    fn is_before(&self, cause: usize, effect: usize) -> bool {
        cause <= effect || self.facts[cause].seq == self.facts[effect].seq
    }

    /// The facts of an event, and of those that scheduled it, up to one that nothing in the world brought about.
    fn climb(&self, mut seq: u64, seen: &mut BTreeSet<u64>, found: &mut Vec<usize>) {
        while seen.insert(seq) {
            found.extend(self.facts_of(seq));
            let Some(this) = usize::try_from(seq).ok().and_then(|seq| self.causes.get(seq)) else { return };
            if comes_from_outside(this.event) {
                return;
            }
            seq = this.by;
        }
    }

    fn facts_of(&self, seq: u64) -> std::ops::Range<usize> {
        let found = self.events.binary_search_by_key(&seq, |event| event.0);
        found.map_or(0..0, |at| self.events[at].1..self.events[at].2)
    }

    /// What a fact rests on beside what scheduled its event.
    fn rests_on(&self, index: usize, found: &mut Vec<usize>) {
        match self.facts[index].fact {
            Fact::Calls(calls) => self.failed(index, &calls, found),
            Fact::Refused { lane, token: Some(token), cause, since, .. } => {
                found.extend(self.killers(index, token, cause, since));
                let holder = self.names.holder_of(lane);
                let got =
                    |fact: &Fact| matches!(fact, Fact::Got { holder: of, token: it } if (*of, *it) == (holder, token));
                found.extend(self.last_before(index, got));
                if cause == Cause::IntrospectionDown {
                    self.out_of_order(index, found);
                }
            }
            Fact::Refused { cause: Cause::IntrospectionDown, .. } => self.out_of_order(index, found),
            Fact::Got { holder, token } => {
                found.extend(self.last_before(index, made(token)));
                self.asked(index, holder, found);
            }
            Fact::Superseded { token, .. }
            | Fact::TokenLost { token }
            | Fact::ConAppKeyViolated { token: Some(token), .. } => {
                found.extend(self.last_before(index, made(token)));
            }
            Fact::FetchStarted { holder, .. } => self.needed(index, holder, found),
            Fact::FetchEnded { holder, number, failed, .. } => {
                let begun = |fact: &Fact| matches!(fact, Fact::FetchStarted { holder: of, number: n } if (*of, *n) == (holder, number));
                found.extend(self.last_before(index, begun));
                if failed.is_some() {
                    self.out_of_order(index, found);
                }
            }
            Fact::Delivered { notice, .. } | Fact::Missed { notice, .. } | Fact::Untold { notice, .. } => {
                self.told_of(index, notice, found);
            }
            _ => {}
        }
    }

    /// Why calls failed.
    fn failed(&self, index: usize, calls: &Calls, found: &mut Vec<usize>) {
        let Outcome::Failed(cause) = calls.outcome else { return };
        let holder = self.names.holder_of(calls.lane);
        let refused = |fact: &Fact| matches!(fact, Fact::Refused { call, .. } if *call == calls.number);
        match cause {
            Cause::GatewayDown => {
                let gateway = self.names.gateway_of_lane(calls.lane);
                let down = |fact: &Fact| matches!(fact, Fact::Gateway(id, false) if Some(*id) == gateway);
                found.extend(self.last_before(index, down));
            }
            Cause::ClientTimeout => {
                // What it was waiting for is still open.
                self.asked(index, holder, found);
                self.out_of_order(index, found);
            }
            Cause::IntrospectionDown | Cause::StoreDown => {
                found.extend(self.last_before(index, refused));
                self.out_of_order(index, found);
            }
            Cause::InboundRefused => {
                for at in self.facts_of(self.facts[index].seq) {
                    if let Fact::FalselyRefused { by: Some(notice), .. } = self.facts[at].fact {
                        self.told_of(index, notice, found);
                    }
                }
                self.out_of_order(index, found);
            }
            Cause::IdpDown | Cause::IdpBusy | Cause::IdpTimeout | Cause::IdpError | Cause::PersistFailed => {
                let failed =
                    |fact: &Fact| matches!(fact, Fact::FetchEnded { holder: of, failed: Some(_), .. } if *of == holder);
                found.extend(self.last_before(index, failed));
            }
            Cause::StaleToken
            | Cause::SupersededToken
            | Cause::LostToken
            | Cause::NotYetPersisted
            | Cause::ExpiredToken
            | Cause::NoToken => found.extend(self.last_before(index, refused)),
        }
    }

    /// What made a token that is refused a dead one.
    fn killers(&self, index: usize, token: u64, cause: Cause, since: Option<SimTime>) -> Vec<usize> {
        let one = |is: &dyn Fn(&Fact) -> bool| self.last_before(index, is).into_iter().collect();
        match cause {
            Cause::StaleToken => {
                let killed = |told: &Told| Some(told.at) == since && matches!(told.fact, Fact::Killed(_));
                (0..index).filter(|&at| killed(&self.facts[at])).collect()
            }
            Cause::SupersededToken => one(&|fact| matches!(fact, Fact::Superseded { token: it, .. } if *it == token)),
            Cause::LostToken => one(&|fact| matches!(fact, Fact::TokenLost { token: it } if *it == token)),
            _ => Vec::new(),
        }
    }

    /// The request with which a holder got what it has, or is waiting for.
    fn asked(&self, index: usize, holder: HolderId, found: &mut Vec<usize>) {
        found.extend(
            self.last_before(index, |fact| matches!(fact, Fact::FetchStarted { holder: of, .. } if *of == holder)),
        );
    }

    /// Why a holder had nothing to use: what dropped it, or a restart of its gateway.
    fn needed(&self, index: usize, holder: HolderId, found: &mut Vec<usize>) {
        let gateway = self.names.gateway_of(holder);
        let had = |fact: &Fact| match fact {
            Fact::Purged { holder: of, .. } | Fact::Got { holder: of, .. } => *of == holder,
            Fact::Gateway(id, _) => Some(*id) == gateway,
            _ => false,
        };
        let last = self.last_before(index, had);
        found.extend(last.filter(|&at| !matches!(self.facts[at].fact, Fact::Got { .. })));
    }

    /// Where an event came from.
    fn told_of(&self, index: usize, notice: NoticeId, found: &mut Vec<usize>) {
        found.extend(self.last_before(index, |fact| *fact == Fact::Published(notice)));
        found.extend(self.last_before(index, |fact| matches!(fact, Fact::Revoked { notice: of, .. } if *of == notice)));
    }

    /// What was out of order at the time: the last word about each part, where it is a bad one.
    fn out_of_order(&self, index: usize, found: &mut Vec<usize>) {
        let now = self.facts[index].at;
        let mut heard: BTreeSet<(u8, u32)> = BTreeSet::new();
        for at in (0..index).rev() {
            let Some((part, bad)) = part(&self.facts[at].fact, now) else { continue };
            if heard.insert(part) && bad {
                found.push(at);
            }
        }
    }

    fn last_before(&self, index: usize, is: impl Fn(&Fact) -> bool) -> Option<usize> {
        // Within its own event a cause may be told after the effect.
        let end = self.facts_of(self.facts[index].seq).end.max(index);
        (0..end).rev().find(|&at| at != index && is(&self.facts[at].fact))
    }
}

fn made(token: u64) -> impl Fn(&Fact) -> bool {
    move |fact| matches!(fact, Fact::TokenIssued { token: it, .. } if *it == token)
}

/// The part of the world that a fact is about, and whether it is out of order since.
fn part(fact: &Fact, now: SimTime) -> Option<((u8, u32), bool)> {
    Some(match fact {
        Fact::Node(node, state) => ((0, u32::from(node.0)), *state != NodeState::Up),
        Fact::Slow(slow) => ((1, 0), *slow),
        Fact::Db(up) => ((2, 0), !up),
        Fact::DbStalled { until } => ((3, 0), *until >= now),
        Fact::Partition(cut) => ((4, 0), *cut),
        Fact::Store(up) => ((5, 0), !up),
        Fact::Key(KeyChange::Withheld) => ((6, 0), true),
        Fact::Key(KeyChange::PutBack) => ((6, 0), false),
        Fact::Key(KeyChange::Signs) => ((7, 0), true),
        Fact::Key(KeyChange::Published) => ((7, 0), false),
        Fact::Bus(up) => ((8, 0), !up),
        Fact::ControlPlane(up) => ((9, 0), !up),
        _ => return None,
    })
}

/// Whether nothing in the world brought an event about that belongs to a story: calls are born, timers go off, faults begin.
fn comes_from_outside(event: Event) -> bool {
    match event {
        Event::Arrive(_)
        | Event::Thought(..)
        | Event::Call(_, Step::Born)
        | Event::KeySetDue(_)
        | Event::HolderTimer(..)
        | Event::Poll(_)
        | Event::Burst(_)
        | Event::Ask(_) => true,
        Event::Fault(_, phase) => Phase::unpack(phase).is_begin(),
        Event::Call(..)
        | Event::ClientTimeout(_)
        | Event::Flight(..)
        | Event::Introspection(..)
        | Event::KeySet(..)
        | Event::Served(_)
        | Event::Store(_)
        | Event::FrontLooks
        | Event::Notify(_)
        | Event::Load(_)
        | Event::Login(..)
        | Event::Publish(_)
        | Event::Deliver(_)
        | Event::Redeliver(_)
        | Event::Reconnect(_)
        | Event::Db(_)
        | Event::PoolTimeout(_)
        | Event::Invalidated(_)
        | Event::Reacted(_)
        | Event::Restarted(_) => false,
    }
}
