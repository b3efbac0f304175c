//! Token holders: where the policy's rules meet the world. A holder is a gateway node that needs tokens for a credential;
//! its entry is its own or lies in a shared store (model.md §4).

use std::sync::Arc;

use super::call::{Caller, Held, RESEND};
use super::event::{Event, Step, TimerKey};
use super::fact::{Fact, Observer};
use super::store::StoreOp;
use super::world::World;
use crate::engine::{Delay, Handle, Schedule};
use crate::fault::Party;
use crate::id::{CacheId, CallId, CredentialId, GatewayId, HolderId, ThreadId, TokenKeyId};
use crate::oauth::{Cause, Token};
use crate::policy::Policy;
use crate::policy::cache::{Cache, Drop, Entry};
use crate::policy::fetch::OnFailure;
use crate::policy::fetcher::{Action, Fetcher, Request};
use crate::policy::rejection::{Purge, Refusal, Then};
use crate::policy::surge::Input;
use crate::rng::{StreamKey, uniform};
use crate::time::{ClockOffset, SimSpan, SimTime};

/// Who needs tokens.
#[derive(Debug)]
pub(super) struct Holder {
    pub place: Place,
    pub credential: CredentialId,
    /// What it asks for.
    pub token_key: TokenKeyId,
    pub cache: CacheId,
    pub fetcher: Fetcher,
    /// The draws of its token requests, by their number.
    pub key: StreamKey,
    refresh: Option<Handle>,
}

/// Where a holder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Gateway(GatewayId),
    /// A thread of an application.
    Thread(ThreadId),
}

/// A place for an entry, and since when it is a stale one.
#[derive(Debug, Default)]
pub(super) struct CachePlace {
    pub cache: Cache,
    stale_since: Option<SimTime>,
    /// How often it was due to be probed: the draws are keyed by that.
    pub probes: u64,
    /// What a refusal last dropped, until the next token comes.
    dropped: Option<Dropped>,
}

/// An entry that a refusal dropped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dropped {
    token: u64,
    /// There was nothing wrong with the token: the 403 was the backend's own.
    genuine: bool,
}

impl Holder {
    pub fn new(place: Place, token_key: (TokenKeyId, CredentialId), cache: CacheId, key: StreamKey) -> Holder {
        let (token_key, credential) = token_key;
        Holder { place, credential, token_key, cache, fetcher: Fetcher::default(), key, refresh: None }
    }
}

/// The rules of holders.
#[derive(Debug)]
pub(super) struct Policies {
    pub gateways: Arc<Policy>,
    /// What of them threads of applications keep to.
    pub threads: Arc<Policy>,
}

impl Policies {
    pub fn new(policy: Arc<Policy>) -> Policies {
        let threads = Arc::new(policy.of_thread());
        Policies { gateways: policy, threads }
    }

    pub fn at(&self, place: Place) -> &Policy {
        match place {
            Place::Gateway(_) => &self.gateways,
            Place::Thread(_) => &self.threads,
        }
    }
}

impl Place {
    /// Its position among its like: what a sticky front goes by.
    pub fn number(self) -> usize {
        match self {
            Place::Gateway(gateway) => gateway.index(),
            Place::Thread(thread) => thread.index(),
        }
    }

    /// What a partition can cut it off as.
    pub fn party(self) -> Option<Party> {
        match self {
            Place::Gateway(gateway) => Some(Party::Gateway(gateway)),
            Place::Thread(_) => None,
        }
    }
}

impl<O: Observer> World<O> {
    pub(super) fn holder_of(&self, id: CallId) -> HolderId {
        let call = &self.calls[id];
        match call.caller {
            Caller::Thread(thread) => self.threads[thread.index()].holder,
            Caller::Client { gateway, .. } => {
                let credential = self.config.apis[call.api.index()].credential;
                HolderId::at(gateway.index() * self.config.gateway_credentials + credential.index())
            }
        }
    }

    /// The positions of a gateway node's holders, one a credential.
    pub(super) fn holders_at(&self, gateway: GatewayId) -> std::ops::Range<usize> {
        let credentials = self.config.gateway_credentials;
        gateway.index() * credentials..(gateway.index() + 1) * credentials
    }

    /// The policy that a holder keeps to.
    pub(super) fn rules(&self, holder: HolderId) -> &Policy {
        self.policies.at(self.holders[holder.index()].place)
    }

    pub(super) fn place(&mut self, holder: HolderId) -> &mut CachePlace {
        let cache = self.holders[holder.index()].cache;
        &mut self.caches[cache.index()]
    }

    /// A call needs a token.
    pub(super) fn ask(&mut self, id: CallId, s: &mut Schedule<Event>) {
        let holder = self.holder_of(id);
        let rules = self.rules(holder);
        if !rules.lifetime.caches() {
            self.missed(id, s);
        } else if rules.store.shared {
            self.store_op(StoreOp::Lookup(id), s);
        } else {
            self.looked_up(id, holder, s);
        }
    }

    /// The cache has been looked at.
    pub(super) fn looked_up(&mut self, id: CallId, holder: HolderId, s: &mut Schedule<Event>) {
        match self.place(holder).cache.usable(s.now()) {
            Some(&Entry { token, received, .. }) => self.take(id, holder, Held { token, received }, s),
            None => self.missed(id, s),
        }
    }

    /// The call takes a token and goes to the backend.
    fn take(&mut self, id: CallId, holder: HolderId, held: Held, s: &mut Schedule<Event>) {
        let call = &mut self.calls[id];
        call.held = Some(held);
        let call = call.number;
        self.tell(s.now(), Fact::Sent { holder, token: held.token.id, call });
        self.send(id, s);
    }

    /// Nothing to use is cached.
    pub(super) fn missed(&mut self, id: CallId, s: &mut Schedule<Event>) {
        let holder = self.holder_of(id);
        let mut actions = std::mem::take(&mut self.actions);
        let fetch = &self.policies.at(self.holders[holder.index()].place).fetch;
        self.holders[holder.index()].fetcher.missed(s.now(), id, fetch, &mut actions);
        self.act(holder, actions, None, s);
    }

    /// Does what a fetcher wants; `fresh` is the token that it serves, if it serves one.
    pub(super) fn act(
        &mut self,
        holder: HolderId,
        mut actions: Vec<Action>,
        fresh: Option<Entry>,
        s: &mut Schedule<Event>,
    ) {
        for action in actions.drain(..) {
            match action {
                Action::Send(request) => self.send_request(holder, request, s),
                Action::SeekLock => self.store_op(StoreOp::SeekLock(holder), s),
                Action::PollLater => {
                    s.after(self.lanes.lock_poll, Event::HolderTimer(holder, TimerKey::PollLock));
                }
                Action::Serve(id) => {
                    let Entry { token, received, .. } = fresh.expect("who serves has a token");
                    self.serve(id, holder, Held { token, received }, s);
                }
                Action::Refuse(id, cause) => self.no_token(id, cause, s),
                Action::RefreshLater => self.arm(holder, self.lanes.refetch, s),
            }
        }
        self.actions = actions;
    }

    /// A call that waited goes on with the token that was fetched.
    fn serve(&mut self, id: CallId, holder: HolderId, held: Held, s: &mut Schedule<Event>) {
        let call = &self.calls[id];
        if call.abandoned {
            self.gateway_done(id);
        } else if call.doomed {
            let cause = call.refused_for;
            self.fail(id, cause, s);
        } else {
            self.take(id, holder, held, s);
        }
    }

    /// No token could be got for a call.
    fn no_token(&mut self, id: CallId, cause: Cause, s: &mut Schedule<Event>) {
        let call = &self.calls[id];
        if call.abandoned {
            return self.gateway_done(id);
        }
        if call.doomed {
            let cause = call.refused_for;
            return self.fail(id, cause, s);
        }
        match self.rules(self.holder_of(id)).fetch.on_failure {
            OnFailure::Fail => self.fail(id, cause, s),
            // Who does no call without the store does none without its tokens.
            _ if cause == Cause::StoreDown => self.fail(id, cause, s),
            OnFailure::SendWithoutToken => {
                self.calls[id].held = None;
                self.send(id, s);
            }
            OnFailure::UseStale => {
                let holder = self.holder_of(id);
                match self.place(holder).cache.any().copied() {
                    Some(Entry { token, received, .. }) if self.reaches_cache(holder, s.now()) => {
                        self.take(id, holder, Held { token, received }, s);
                    }
                    Some(_) | None => self.fail(id, cause, s),
                }
            }
        }
    }

    /// Whether a holder can look into its cache.
    fn reaches_cache(&self, holder: HolderId, now: SimTime) -> bool {
        !self.rules(holder).store.shared || self.store_fails(holder, SimSpan::ZERO, now).is_none()
    }

    /// Whether the token that has come is the refused one, or there had been nothing wrong with that.
    pub(super) fn fetched_in_vain(&mut self, holder: HolderId, token: &Token) -> bool {
        let dropped = self.place(holder).dropped.take();
        dropped.is_some_and(|dropped| dropped.genuine || dropped.token == token.id)
    }

    pub(super) fn entry(&self, holder: HolderId, token: Token, now: SimTime) -> Entry {
        let clock = self.clock_of(holder);
        // What the response says was true when it left the IdP.
        let answered = SimTime(now.0 - self.config.network.gateway_idp.0);
        let until = self.rules(holder).lifetime.used_until(now.stamp(), token.expires_in_s(answered), clock);
        Entry { token, received: now.stamp(), until }
    }

    /// A token is where it belongs; those who waited for it go on.
    pub(super) fn cached(
        &mut self,
        holder: HolderId,
        entry: Entry,
        request: Request,
        jitter: f64,
        s: &mut Schedule<Event>,
    ) {
        self.tell(s.now(), Fact::Got { holder, token: entry.token.id });
        self.put(holder, entry, jitter, s);
        self.release_lock(holder, s.now());
        self.got(holder, entry, request, s);
    }

    /// Those who waited for a token go on with it.
    pub(super) fn got(&mut self, holder: HolderId, entry: Entry, request: Request, s: &mut Schedule<Event>) {
        let mut actions = std::mem::take(&mut self.actions);
        let fetch = &self.policies.at(self.holders[holder.index()].place).fetch;
        self.holders[holder.index()].fetcher.succeeded(request, fetch, &mut actions);
        self.act(holder, actions, Some(entry), s);
    }

    /// Caches an entry, and sets the timer that will refresh it.
    pub(super) fn put(&mut self, holder: HolderId, entry: Entry, jitter: f64, s: &mut Schedule<Event>) {
        if !self.rules(holder).lifetime.caches() {
            return;
        }
        self.cache_changed(holder);
        let same = self.place_entry(holder, entry, s.now()).is_some_and(|old| old.token.id == entry.token.id);
        let usable = SimSpan(entry.until.0.saturating_sub(entry.received.0).unsigned_abs());
        let after = self.rules(holder).lifetime.refresh_after(usable, jitter).filter(|_| !same);
        if let Some(after) = after {
            let due = entry.received.after(after).clamped().max(s.now());
            self.arm(holder, Delay::Drawn(due.since(s.now())), s);
        }
    }

    /// The clock by which a holder reckons.
    pub(super) fn clock_of(&self, holder: HolderId) -> ClockOffset {
        match self.holders[holder.index()].place {
            Place::Gateway(gateway) => self.gateways[gateway.index()].clock,
            Place::Thread(_) => self.clock,
        }
    }

    /// Puts an entry into its place, stale at once where its token has been killed by then; returns what was there.
    pub(super) fn place_entry(&mut self, holder: HolderId, entry: Entry, now: SimTime) -> Option<Entry> {
        self.unstale(self.holders[holder.index()].cache, now);
        let killed = self.is_stale(&entry.token, now);
        let place = self.place(holder);
        place.stale_since = killed.then_some(now);
        place.cache.put(entry)
    }

    /// Sets the timer of the next background fetch, instead of the one that was set.
    fn arm(&mut self, holder: HolderId, delay: Delay, s: &mut Schedule<Event>) {
        self.disarm(holder, s);
        let handle = s.after(delay, Event::HolderTimer(holder, TimerKey::Refresh));
        self.holders[holder.index()].refresh = Some(handle);
    }

    fn disarm(&mut self, holder: HolderId, s: &mut Schedule<Event>) {
        if let Some(handle) = self.holders[holder.index()].refresh.take() {
            s.cancel(handle);
        }
    }

    /// A timer of a holder's rule fires.
    pub(super) fn holder_timer(&mut self, holder: HolderId, key: TimerKey, s: &mut Schedule<Event>) {
        match key {
            TimerKey::Refresh => {
                self.holders[holder.index()].refresh = None;
                self.refresh(holder, s);
            }
            TimerKey::PollLock if self.holders[holder.index()].fetcher.seeks() => {
                self.store_op(StoreOp::SeekLock(holder), s);
            }
            TimerKey::PollLock => {}
            TimerKey::Probe => self.probe_due(holder, s),
        }
    }

    /// Fetches in the background.
    pub(super) fn refresh(&mut self, holder: HolderId, s: &mut Schedule<Event>) {
        let mut actions = std::mem::take(&mut self.actions);
        let fetch = &self.policies.at(self.holders[holder.index()].place).fetch;
        self.holders[holder.index()].fetcher.refresh(s.now(), fetch, &mut actions);
        self.act(holder, actions, None, s);
    }

    /// The backend refused a call, by a 401 or 403; `genuine`: its own 403, nothing is wrong with the token.
    pub(super) fn refused(&mut self, id: CallId, genuine: bool, s: &mut Schedule<Event>) {
        match self.calls[id].caller {
            Caller::Thread(thread) => return self.thread_refused(id, thread, genuine, s),
            Caller::Client { gateway, .. } => self.watch(Input::Refusal(gateway), s),
        }
        let call = &self.calls[id];
        let api = &self.config.apis[call.api.index()];
        let (status, error) =
            if genuine { (403, &api.forbidden_error) } else { (api.reject_status, &api.reject_error) };
        let decision = self.policies.gateways.rejection.decide(
            s.now(),
            Refusal {
                status,
                error: error.0.as_deref(),
                received: call.held.map(|held| held.received),
                resends: call.sends - 1,
            },
        );
        let what = match (decision.purge, call.held) {
            (Purge::Nothing, _) | (Purge::IfSame, None) => None,
            (Purge::ByKey | Purge::Issuer, _) => Some(Drop::Whatever),
            (Purge::IfSame, Some(held)) => Some(Drop::Same { id: held.token.id }),
        };
        let Some(what) = what else { return self.after_purge(id, decision.then, s) };
        let holder = self.holder_of(id);
        let wide = decision.purge == Purge::Issuer;
        if self.policies.gateways.store.shared {
            // Who only passes the refusal on does not wait for the store.
            let waits = (decision.then != Then::PassThrough).then_some((id, decision.then));
            self.store_op(StoreOp::Purge { holder, wide, what, genuine, waits }, s);
            if waits.is_none() {
                self.after_purge(id, decision.then, s);
            }
        } else {
            self.purge(holder, wide, what, genuine, s);
            self.after_purge(id, decision.then, s);
        }
    }

    /// What becomes of a refused call.
    pub(super) fn after_purge(&mut self, id: CallId, then: Then, s: &mut Schedule<Event>) {
        let call = &mut self.calls[id];
        if call.abandoned {
            return self.gateway_done(id);
        }
        match then {
            Then::PassThrough => {
                let cause = call.refused_for;
                self.fail(id, cause, s);
            }
            Then::Answer500 => {
                call.doomed = true;
                self.missed(id, s);
            }
            Then::Resend { .. } => {
                let (origin, row, attempt, resend) = (call.origin, call.row, call.attempt, call.sends - 1);
                let backoff = self.policies.gateways.rejection.backoff;
                let jitter = if backoff.jitter > 0.0 {
                    uniform(self.further(origin, RESEND + (u64::from(attempt) << 12) + u64::from(resend), row)[0])
                } else {
                    0.5
                };
                match backoff.wait(resend, jitter) {
                    SimSpan::ZERO => self.ask(id, s),
                    wait => {
                        s.at(s.now() + wait, Event::Call(id, Step::NeedsToken));
                    }
                }
            }
        }
    }

    /// Drops what a refusal is about from this holder's cache, or from all of its node's.
    pub(super) fn purge(&mut self, holder: HolderId, wide: bool, what: Drop, genuine: bool, s: &mut Schedule<Event>) {
        let holders = match self.holders[holder.index()].place {
            Place::Gateway(gateway) if wide => self.holders_at(gateway),
            Place::Gateway(_) | Place::Thread(_) => holder.index()..holder.index() + 1,
        };
        for holder in holders.map(HolderId::at) {
            if let Some(entry) = self.purge_one(holder, what, s) {
                self.place(holder).dropped = Some(Dropped { token: entry.token.id, genuine });
            }
        }
    }

    /// Drops an entry, if it is what the purge is about.
    pub(super) fn purge_one(&mut self, holder: HolderId, what: Drop, s: &mut Schedule<Event>) -> Option<Entry> {
        let now = s.now();
        let cache = self.holders[holder.index()].cache;
        let entry = self.caches[cache.index()].cache.purge(what)?;
        self.cache_changed(holder);
        self.close_stale(cache, entry, now);
        self.disarm(holder, s);
        self.tell(now, Fact::Purged { holder, n: 1, token: entry.token.id });
        Some(entry)
    }

    /// Dead for another reason than its expiry.
    fn is_stale(&self, token: &Token, now: SimTime) -> bool {
        self.idp.truth.death(token, now).is_some_and(|death| death.cause != Cause::ExpiredToken)
    }

    /// Tokens have died at this instant, or are alive again: entries that hold one are stale from now on, or no longer.
    pub(super) fn tokens_changed(&mut self, now: SimTime) {
        self.world_changed();
        for cache in (0..self.caches.len()).map(CacheId::at) {
            let place = &self.caches[cache.index()];
            let Some(entry) = place.cache.usable(now).copied() else { continue };
            match (place.stale_since, self.is_stale(&entry.token, now)) {
                (None, true) => self.caches[cache.index()].stale_since = Some(now),
                (Some(_), false) => self.close_stale(cache, entry, now),
                (None, false) | (Some(_), true) => {}
            }
        }
    }

    /// The entry of a cache goes: tells for how long it was a stale one.
    pub(super) fn unstale(&mut self, cache: CacheId, now: SimTime) {
        if let Some(entry) = self.caches[cache.index()].cache.any().copied() {
            self.close_stale(cache, entry, now);
        }
    }

    fn close_stale(&mut self, cache: CacheId, entry: Entry, now: SimTime) {
        if let Some(from) = self.caches[cache.index()].stale_since.take() {
            let to = now.min(entry.until.clamped());
            if to > from && cache.index() < self.gateway_caches {
                self.tell(now, Fact::Stale { from, to });
            }
        }
    }

    /// A holder's entry is gone, by no rule and no event.
    pub(super) fn drop_entry(&mut self, holder: HolderId, s: &mut Schedule<Event>) {
        self.disarm(holder, s);
        self.cache_changed(holder);
        let cache = self.holders[holder.index()].cache;
        self.unstale(cache, s.now());
        self.caches[cache.index()].cache.purge(Drop::Whatever);
        self.caches[cache.index()].dropped = None;
    }

    /// A gateway node went down: its caches, its flights and those who waited for them are lost.
    pub(super) fn holders_lost(&mut self, gateway: GatewayId, s: &mut Schedule<Event>) {
        let mut lost = Vec::new();
        for index in self.holders_at(gateway) {
            let holder = HolderId::at(index);
            self.holders[index].fetcher.reset(&mut lost);
            if self.policies.gateways.store.shared {
                self.disarm(holder, s);
            } else {
                self.drop_entry(holder, s);
            }
        }
        self.flights_lost(gateway, &mut lost, s);
        for call in lost {
            self.gateway_done(call);
        }
    }
}
