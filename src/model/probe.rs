//! Probes: gateway nodes have their cached tokens checked in the background (model.md §4.6).

use super::event::{Event, TimerKey};
use super::fact::Observer;
use super::holder::Place;
use super::introspection::{Answer, Asker};
use super::store::StoreOp;
use super::world::World;
use crate::engine::{Delay, Schedule};
use crate::id::{CacheId, CredentialId, HolderId};
use crate::oauth::Token;
use crate::policy::cache::Drop;
use crate::rng::{ROW_WORDS, Rows};
use crate::time::{SimSpan, SimTime};

impl<O: Observer> World<O> {
    /// Each cache of the gateways is due at a phase of its own, if the rule probes and there is anything to probe.
    pub(super) fn schedule_probes(&mut self, s: &mut Schedule<Event>) {
        let Some(every) = self.policies.gateways.probe.every else { return };
        if !self.policies.gateways.lifetime.caches() {
            return;
        }
        for cache in (0..self.gateway_caches).map(CacheId::at) {
            let holder = self.first_of(cache);
            let phase = every.scaled(self.seeds.uniform("probe phase", &self.cache_name(holder)));
            s.at(SimTime::ZERO + phase, Event::HolderTimer(holder, TimerKey::Probe));
        }
    }

    /// The first gateway's holder of a cache: the only one, unless nodes share a store.
    pub(super) fn first_of(&self, cache: CacheId) -> HolderId {
        let first = self.holders.iter().position(|holder| holder.cache == cache);
        HolderId::at(first.expect("every cache has a holder"))
    }

    /// A probe of this holder's cache is due: the first node that is up does it, of those whose cache it is.
    pub(super) fn probe_due(&mut self, holder: HolderId, s: &mut Schedule<Event>) {
        let Some(every) = self.policies.gateways.probe.every else { return };
        s.at(s.now() + every, Event::HolderTimer(holder, TimerKey::Probe));
        let cache = self.holders[holder.index()].cache;
        self.caches[cache.index()].probes += 1;
        let up = |place| matches!(place, Place::Gateway(gateway) if self.gateways[gateway.index()].up());
        let found = self.holders.iter().position(|holder| holder.cache == cache && up(holder.place));
        match found.map(HolderId::at) {
            Some(prober) if self.policies.gateways.store.shared => self.store_op(StoreOp::Probe(prober), s),
            Some(prober) => self.probe(prober, s),
            None => {}
        }
    }

    /// Asks the IdP about the token that lies in a holder's cache, if one does that would be used.
    pub(super) fn probe(&mut self, holder: HolderId, s: &mut Schedule<Event>) {
        let Place::Gateway(gateway) = self.holders[holder.index()].place else { return };
        let Some(token) = self.place(holder).cache.usable(s.now()).map(|entry| entry.token) else { return };
        let words = if self.introspections_draw() {
            let key = self.seeds.key("probe", &self.cache_name(holder));
            Rows::new(key).row(0, self.place(holder).probes)
        } else {
            [0; ROW_WORDS]
        };
        let timeout = Delay::Drawn(self.probe_timeout(self.holders[holder.index()].credential));
        let falls = self.gateways[gateway.index()].falls;
        self.send_introspection(Asker::Probe { holder, gateway, token, falls }, words, timeout, s);
    }

    /// How long a probe waits for the IdP: as long as the most patient of the APIs whose backends take the token.
    fn probe_timeout(&self, credential: CredentialId) -> SimSpan {
        let apis = self.config.apis.iter().filter(|api| api.credential == credential);
        apis.map(|api| api.introspection_timeout).max().expect("a gateway's credential is an API's")
    }

    /// The IdP has answered a probe, or has not.
    pub(super) fn probed(&mut self, holder: HolderId, token: &Token, answer: Answer, s: &mut Schedule<Event>) {
        // Whom the IdP did not tell anything knows nothing.
        if !answer.is_ok_and(|dead| dead.is_some()) {
            return;
        }
        self.forget(holder, Drop::Same { id: token.id }, s);
    }
}
