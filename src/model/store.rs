//! The shared store: entries of all gateway nodes, and the cluster's lock. Each operation takes effect at the end of its
//! round trip, or comes to nothing then, when the store is down or cut off (model.md §4.2, §4.3).

use super::event::Event;
use super::fact::{Fact, Observer};
use super::holder::Place;
use super::idp::Owner;
use super::world::World;
use crate::engine::Schedule;
use crate::fault::{Fails, Party};
use crate::id::{CallId, HolderId, StoreOpId};
use crate::oauth::Cause;
use crate::policy::cache::{Drop, Entry};
use crate::policy::fetcher::Request;
use crate::policy::rejection::Then;
use crate::time::{SimSpan, SimTime};

/// An operation under way.
#[derive(Clone, Copy, Debug)]
pub(super) enum StoreOp {
    /// A call looks for a token.
    Lookup(CallId),
    /// A fetched token is written.
    Write { holder: HolderId, entry: Entry, request: Request, jitter: f64 },
    /// A refusal drops entries; the call that waits for it, and what becomes of it then.
    Purge { holder: HolderId, wide: bool, what: Drop, genuine: bool, waits: Option<(CallId, Then)> },
    /// An event of the IdP drops an entry.
    EventPurge { holder: HolderId, what: Drop },
    /// A gateway that probes the entry looks what it is.
    Probe(HolderId),
    /// A rule drops an entry, and nobody waits for that.
    Forget { holder: HolderId, what: Drop },
    /// A holder looks again for a token, and tries to take the lock.
    SeekLock(HolderId),
}

/// An operation, and how often its node had gone down when it was begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    op: StoreOp,
    falls: u32,
}

/// The cluster's lock for a credential.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lock {
    holder: HolderId,
    until: SimTime,
}

impl<O: Observer> World<O> {
    /// Begins an operation.
    pub(super) fn store_op(&mut self, op: StoreOp, s: &mut Schedule<Event>) {
        let falls = self.falls_of(op);
        let id = self.store_ops.insert(Pending { op, falls });
        s.after(self.lanes.store, Event::Store(id));
    }

    /// A rule drops what lies in a holder's cache, wherever that is, and nobody waits for it.
    pub(super) fn forget(&mut self, holder: HolderId, what: Drop, s: &mut Schedule<Event>) {
        if self.policies.gateways.store.shared {
            self.store_op(StoreOp::Forget { holder, what }, s);
        } else {
            self.purge_one(holder, what, s);
        }
    }

    /// For whom an operation is.
    fn holder_of_op(&self, op: StoreOp) -> HolderId {
        match op {
            StoreOp::Lookup(call) => self.holder_of(call),
            StoreOp::Write { holder, .. }
            | StoreOp::Purge { holder, .. }
            | StoreOp::EventPurge { holder, .. }
            | StoreOp::Probe(holder)
            | StoreOp::Forget { holder, .. }
            | StoreOp::SeekLock(holder) => holder,
        }
    }

    fn falls_of(&self, op: StoreOp) -> u32 {
        match self.holders[self.holder_of_op(op).index()].place {
            Place::Gateway(gateway) => self.gateways[gateway.index()].falls,
            Place::Thread(_) => unreachable!("threads share no store"),
        }
    }

    /// An operation takes effect. That of a node which has gone down since still does; the node hears nothing of it.
    pub(super) fn store_done(&mut self, id: StoreOpId, s: &mut Schedule<Event>) {
        let Pending { op, falls } = self.store_ops.remove(id);
        let alive = falls == self.falls_of(op);
        if let Some(fails) = self.store_fails(self.holder_of_op(op), self.policies.gateways.store.round_trip, s.now()) {
            return self.store_failed(op, fails, alive, s);
        }
        match op {
            StoreOp::Lookup(call) if self.calls[call].abandoned => self.gateway_done(call),
            StoreOp::Lookup(call) => self.looked_up(call, self.holder_of(call), s),
            StoreOp::Write { holder, entry, request, jitter } if alive => {
                self.cached(holder, entry, request, jitter, s);
            }
            StoreOp::Write { holder, entry, request, .. } => {
                // The entry is there, and nobody sets a timer for it.
                self.tell(s.now(), Fact::Got { holder, token: entry.token.id });
                self.place_entry(holder, entry, s.now());
                // Its flight is over: nobody else would tell the call for which it was.
                request.owner.into_iter().for_each(|call| self.gateway_done(call));
            }
            StoreOp::Purge { holder, wide, what, genuine, waits } => {
                self.purge(holder, wide, what, genuine, s);
                if let Some((call, then)) = waits {
                    self.after_purge(call, then, s);
                }
            }
            StoreOp::EventPurge { holder, what } => self.event_purge(holder, what, s),
            StoreOp::Probe(holder) if alive => self.probe(holder, s),
            StoreOp::Forget { holder, what } => {
                self.purge_one(holder, what, s);
            }
            // A timer of before a fall may have made it seek twice: what comes second is too late.
            StoreOp::SeekLock(holder) if alive && self.holders[holder.index()].fetcher.seeks() => {
                self.seek_lock(holder, s);
            }
            StoreOp::Probe(_) | StoreOp::SeekLock(_) => {}
        }
    }

    fn seek_lock(&mut self, holder: HolderId, s: &mut Schedule<Event>) {
        let cache = self.holders[holder.index()].cache;
        // While nobody waits, what is found is the old entry that is to be refreshed.
        let waits = self.holders[holder.index()].fetcher.waits();
        let found = self.caches[cache.index()].cache.usable(s.now()).copied().filter(|_| waits);
        let credential = self.holders[holder.index()].credential;
        let lock = &mut self.locks[credential.index()];
        let free = lock.is_none_or(|lock| lock.until <= s.now());
        let mut actions = std::mem::take(&mut self.actions);
        let fetcher = &mut self.holders[holder.index()].fetcher;
        if found.is_some() {
            fetcher.found(&mut actions);
        } else {
            if free {
                *lock = Some(Lock { holder, until: s.now() + self.policies.gateways.fetch.lock_ttl });
            }
            fetcher.lock(free, &mut actions);
        }
        self.act(holder, actions, found, s);
    }

    /// Gives the lock back, if this holder has it and reaches it.
    pub(super) fn release_lock(&mut self, holder: HolderId, now: SimTime) {
        if self.store_fails(holder, SimSpan::ZERO, now).is_some() {
            return;
        }
        let credential = self.holders[holder.index()].credential;
        self.locks[credential.index()].take_if(|lock| lock.holder == holder);
    }
    /// What a holder's node does about an operation that ends now and began so long ago, if that comes to nothing: the store
    /// is down, or the node is cut off from it, or was at the beginning.
    pub(super) fn store_fails(&self, holder: HolderId, takes: SimSpan, now: SimTime) -> Option<Fails> {
        let outages = self.store_outages.iter().map(|(_, fails)| *fails);
        let party = self.holders[holder.index()].place.party();
        let cut = party.filter(|party| {
            self.partitions.cut(*party, Party::Store) || self.partitions.swallowed(*party, Party::Store, takes, now)
        });
        outages.chain(cut.map(|_| Fails::Open)).max()
    }

    /// An operation comes to nothing, and its node knows that now.
    fn store_failed(&mut self, op: StoreOp, fails: Fails, alive: bool, s: &mut Schedule<Event>) {
        match op {
            StoreOp::Lookup(call) if self.calls[call].abandoned => self.gateway_done(call),
            StoreOp::Lookup(call) => match fails {
                Fails::Open => self.missed(call, s),
                Fails::Closed => self.fail(call, Cause::StoreDown, s),
            },
            StoreOp::Write { request, .. } if !alive => {
                request.owner.into_iter().for_each(|call| self.gateway_done(call));
            }
            StoreOp::Write { holder, entry, request, .. } => match fails {
                Fails::Open => {
                    self.tell(s.now(), Fact::Got { holder, token: entry.token.id });
                    self.got(holder, entry, request, s);
                }
                Fails::Closed => self.let_down(holder, Some(request), s),
            },
            StoreOp::Purge { waits, .. } => {
                if let Some((call, then)) = waits {
                    self.after_purge(call, then, s);
                }
            }
            StoreOp::SeekLock(holder) if alive && self.holders[holder.index()].fetcher.seeks() => match fails {
                Fails::Open => {
                    let mut actions = std::mem::take(&mut self.actions);
                    self.holders[holder.index()].fetcher.lock(true, &mut actions);
                    self.act(holder, actions, None, s);
                }
                Fails::Closed => self.let_down(holder, None, s),
            },
            StoreOp::EventPurge { .. } | StoreOp::Probe(_) | StoreOp::Forget { .. } | StoreOp::SeekLock(_) => {}
        }
    }

    /// A flight, or the search for the lock, ends for want of the store.
    fn let_down(&mut self, holder: HolderId, request: Option<Request>, s: &mut Schedule<Event>) {
        let mut actions = std::mem::take(&mut self.actions);
        let fetch = &self.policies.gateways.fetch;
        self.holders[holder.index()].fetcher.let_down(request, Cause::StoreDown, fetch, &mut actions);
        self.act(holder, actions, None, s);
    }

    /// An outage of the store begins.
    pub(super) fn store_down(&mut self, owner: Owner, fails: Fails, s: &Schedule<Event>) {
        self.store_outages.push((owner, fails));
        if self.store_outages.len() == 1 {
            self.tell(s.now(), Fact::Store(false));
        }
    }

    /// An outage of the store is over.
    pub(super) fn store_up(&mut self, owner: Owner, s: &Schedule<Event>) {
        self.store_outages.retain(|(down, _)| *down != owner);
        if self.store_outages.is_empty() {
            self.tell(s.now(), Fact::Store(true));
        }
    }
}
