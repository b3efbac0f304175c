//! What the facts of a run must not say, whatever its world: calls and tokens that cannot be.

use std::collections::BTreeMap;

use super::callers::Callers;
use stalegate::id::HolderId;
use stalegate::model::fact::{Fact, Observer};
use stalegate::oauth::{Cause, Outcome};
use stalegate::scenario::Scenario;
use stalegate::time::SimTime;

/// What the facts of a run must not say.
#[derive(Debug)]
pub struct Watch {
    now: SimTime,
    pub births: u64,
    pub unanswered: Option<u64>,
    pub causes: [u64; Cause::ALL.len()],
    /// When a token was dropped from a cache, by the cache's number, since when the IdP did not issue it again.
    purged: BTreeMap<(usize, u64), SimTime>,
    /// Holders of gateways, and how many of them share a cache with the one so many further on.
    gateway_holders: usize,
    shared_every: Option<usize>,
    pub callers: Callers,
}

impl Watch {
    pub fn new(scenario: &Scenario, policy: usize) -> Watch {
        let (world, rules) = (&scenario.world, &scenario.policies[policy].policy);
        Watch {
            now: SimTime::ZERO,
            births: 0,
            unanswered: None,
            causes: [0; Cause::ALL.len()],
            purged: BTreeMap::new(),
            gateway_holders: world.gateway.nodes * world.gateway_credentials,
            shared_every: rules.store.shared.then_some(world.gateway_credentials),
            callers: Callers::new(scenario, policy),
        }
    }

    /// A number for the cache of a holder.
    fn cache(&self, holder: HolderId) -> usize {
        match self.shared_every {
            Some(credentials) if holder.index() < self.gateway_holders => holder.index() % credentials,
            Some(_) | None => holder.index(),
        }
    }
}

impl Observer for Watch {
    fn fact(&mut self, at: SimTime, _: u64, fact: &Fact) {
        assert!(at >= self.now, "facts come in the order of time");
        self.now = at;
        self.callers.fact(at, fact);
        match fact {
            Fact::Calls(calls) => {
                self.births += calls.n;
                assert!(calls.n > 0 && calls.first <= calls.last && calls.last <= at, "{calls:?}");
                if let Outcome::Failed(cause) = calls.outcome {
                    self.causes[cause.index()] += calls.n;
                }
            }
            Fact::Unanswered(n) => assert!(self.unanswered.replace(*n).is_none(), "told once"),
            Fact::Purged { holder, token, .. } => {
                self.purged.insert((self.cache(*holder), *token), at);
            }
            Fact::Got { holder, token } => {
                self.purged.remove(&(self.cache(*holder), *token));
            }
            // A call that waited for the flight gets its token, even if another was refused with it at that very instant.
            Fact::Sent { holder, token, .. } => {
                let purged = self.purged.get(&(self.cache(*holder), *token)).copied();
                assert!(purged.is_none_or(|purged| purged == at), "token {token}, purged {purged:?}, sent at {at:?}");
            }
            _ => {}
        }
    }
}
