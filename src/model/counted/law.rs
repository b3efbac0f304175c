//! What all calls of a lane meet that are born between now and some instant, as long as nothing changes it.

use super::super::config::Validation;
use super::super::fact::Observer;
use super::super::world::World;
use super::before;
use crate::id::{ApiId, GatewayId, HolderId};
use crate::oauth::{Cause, Outcome, Token};
use crate::persistence::RowState;
use crate::policy::cache::Entry;
use crate::time::{SimSpan, SimTime, Stamp};

/// What a lane's calls meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Law {
    /// The entry whose token they take.
    pub entry: Entry,
    pub fate: Fate,
    /// It holds for calls that are born before this.
    pub until: SimTime,
}

/// What becomes of them at the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Their token is accepted; `dead`: it should not be.
    Served { dead: bool },
    /// They are refused, and nobody does anything about it.
    Refused(Cause),
}

impl Law {
    /// What becomes of its calls, but for those that meet the backend's own 403.
    pub fn outcome(&self) -> Outcome {
        match self.fate {
            Fate::Served { .. } => Outcome::Ok,
            Fate::Refused(cause) => Outcome::Failed(cause),
        }
    }
}

impl<O: Observer> World<O> {
    /// The law of a lane; `None` where a call would change something, or waits for something, or where that is not known.
    pub(super) fn law(&self, gateway: GatewayId, api: ApiId, now: SimTime) -> Option<Law> {
        if !self.gateways[gateway.index()].steadily_up(now) || !self.partitions.are_over(now) {
            return None;
        }
        let config = &self.config.apis[api.index()];
        let holder = HolderId::at(gateway.index() * self.config.gateway_credentials + config.credential.index());
        let rules = &self.policies.gateways;
        let own_403s = config.forbidden_ratio > 0.0
            && (self.operator.is_some() || rules.rejection.acts_on(403, config.forbidden_error.0.as_deref()));
        // A look into a shared store takes time and may come to nothing.
        if own_403s || rules.store.shared || !rules.lifetime.caches() {
            return None;
        }
        let entry = *self.caches[self.holders[holder.index()].cache.index()].cache.usable(now)?;
        let (fate, told_until) = self.fate(api, &entry, now)?;
        let acted_on =
            self.operator.is_some() || rules.rejection.acts_on(config.reject_status, config.reject_error.0.as_deref());
        if matches!(fate, Fate::Refused(_)) && acted_on {
            return None;
        }
        let path = &self.counted.as_ref()?.paths[api.index()];
        let taken = born_before(entry.until, path.latest_token());
        let expires = self.idp.truth.expires(&entry.token);
        let until = match fate {
            Fate::Served { .. } => taken.min(born_before(expires, path.latest_check())),
            Fate::Refused(_) => taken,
        };
        let until = until.min(born_before(told_until, path.latest_check()));
        (until > now).then_some(Law { entry, fate, until })
    }

    /// What the backend makes of a token now, and will until it expires, or until that instant if it comes sooner.
    fn fate(&self, api: ApiId, entry: &Entry, now: SimTime) -> Option<(Fate, Stamp)> {
        let death = self.idp.truth.death(&entry.token, now).map(|death| death.cause);
        let expired = self.idp.truth.expires(&entry.token) <= now.stamp();
        let fate = match self.config.apis[api.index()].validation {
            Validation::Ideal => Some(death.map_or(Fate::Served { dead: false }, Fate::Refused)),
            Validation::Local { .. } if expired => death.map(Fate::Refused),
            // An unknown key is asked for.
            Validation::Local { .. } => {
                let known = self.backends[api.index()].knows(entry.token.key);
                known.then_some(Fate::Served { dead: death.is_some() })
            }
            Validation::Introspect { .. } => return self.fate_by_nodes(api, &entry.token, now),
        };
        fate.map(|fate| (fate, SimTime::NEVER.stamp()))
    }

    /// What each node of the IdP that the front may send a backend to would say of a token, if all of them say the same, none
    /// remembers anything by being asked, and each has a free worker.
    fn fate_by_nodes(&self, api: ApiId, token: &Token, now: SimTime) -> Option<(Fate, Stamp)> {
        let nodes = self.free_nodes(api.index(), now)?;
        let death = self.idp.truth.death(token, now).map(|death| death.cause);
        let by_truth = death.map_or(Fate::Served { dead: false }, Fate::Refused);
        let Some(db) = &self.db else { return Some((by_truth, SimTime::NEVER.stamp())) };
        if self.idp.truth.expires(token) <= now.stamp() {
            return Some((by_truth, SimTime::NEVER.stamp()));
        }
        let known = || db.store.nodes[nodes.clone()].iter().map(|node| node.knows_until(token, now.stamp()));
        if known().all(|until| until.is_some()) {
            let until = known().flatten().min().unwrap_or(SimTime::NEVER.stamp());
            return Some((Fate::Served { dead: death.is_some() }, until));
        }
        let ended = db.store.table.state(token).is_some_and(|state| state != RowState::Active);
        let unknown = known().all(|until| until.is_none());
        (ended && unknown).then_some((by_truth, SimTime::NEVER.stamp()))
    }
}

/// Calls that are born before this reach an instant in time that lies so far into their way.
fn born_before(at: Stamp, way: SimSpan) -> SimTime {
    before(at.clamped(), way)
}
