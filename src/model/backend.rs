//! Backends check tokens on arrival: by the truth itself, by introspection at the IdP, or by a key set (model.md §5).

use std::collections::BTreeMap;

use super::call::INTROSPECTION;
use super::config::{OnUnreachable, Validation};
use super::event::{Event, Leg};
use super::fact::{Observer, Request};
use super::idp::{Arrival, Sender};
use super::introspection::{self, Asker, Down};
use super::world::World;
use crate::engine::{Handle, Schedule};
use crate::fault::Party;
use crate::id::{ApiId, CallId, KeyId};
use crate::oauth::{Cause, Token};
use crate::rng::Rows;
use crate::time::{SimSpan, SimTime, Stamp};

/// What a backend makes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    Refused(Cause),
    /// 503: it could not check the token.
    Unchecked,
}

/// The state of one API's backend.
#[derive(Debug, Default)]
pub(super) struct Backend {
    /// `introspect`: answers by token.
    answers: BTreeMap<u64, Answer>,
    /// `local`: the keys that it trusts.
    keys: Vec<KeyId>,
    fetch: Option<KeyFetch>,
    /// How often it has fetched: the draws are keyed by that.
    fetches: u64,
    /// When it last fetched because of an unknown key.
    asked: Option<SimTime>,
    /// Calls that wait for the key set.
    waiting: Vec<CallId>,
}

#[derive(Clone, Copy, Debug)]
struct Answer {
    until: Stamp,
    dead: Option<Cause>,
}

#[derive(Debug)]
struct KeyFetch {
    timeout: Handle,
    /// Timed out; what comes back is ignored.
    over: bool,
    /// It hangs: nothing comes back.
    lost: bool,
    keys: Option<Vec<KeyId>>,
}

impl Backend {
    pub fn new(keys: &[KeyId]) -> Backend {
        Backend { keys: keys.to_vec(), ..Backend::default() }
    }

    /// Whether its key set has the key of a token, if that has one.
    pub fn knows(&self, key: Option<KeyId>) -> bool {
        key.is_some_and(|key| self.keys.contains(&key))
    }
}

impl<O: Observer> World<O> {
    /// A call reaches its backend.
    pub(super) fn at_backend(&mut self, id: CallId, s: &mut Schedule<Event>) {
        let call = &self.calls[id];
        let api = call.api;
        let Some(held) = &call.held else { return self.judged(id, Verdict::Refused(Cause::NoToken), s) };
        match &self.config.apis[api.index()].validation {
            Validation::Ideal => {
                let verdict = match self.idp.truth.death(&held.token, s.now()) {
                    None => Verdict::Accepted,
                    Some(death) => Verdict::Refused(death.cause),
                };
                self.judged(id, verdict, s);
            }
            Validation::Introspect { cache, .. } => {
                let known = (*cache > SimSpan::ZERO).then(|| self.backends[api.index()].answers.get(&held.token.id));
                let fresh = |answer: &&Answer| {
                    s.now().stamp() < answer.until && (answer.dead.is_some() || !self.has_expired(&held.token, s.now()))
                };
                match known.flatten().filter(fresh) {
                    Some(Answer { dead: None, .. }) => self.judged(id, Verdict::Accepted, s),
                    Some(Answer { dead: Some(cause), .. }) => self.judged(id, Verdict::Refused(*cause), s),
                    None => {
                        let (stream, token) = (INTROSPECTION + u64::from(call.sends), held.token);
                        self.introspect(id, Asker::Backend { call: id, api, token }, stream, s);
                    }
                }
            }
            Validation::Local { .. } => {
                let token = held.token;
                self.check_locally(id, token, s);
            }
        }
    }

    /// The IdP has answered a backend's introspection, or has not.
    pub(super) fn backend_knows(
        &mut self,
        call: CallId,
        api: ApiId,
        token: &Token,
        answer: introspection::Answer,
        s: &mut Schedule<Event>,
    ) {
        match answer {
            Err(Down) => self.unchecked(call, api, s),
            Ok(dead) => {
                self.remember(api, token, dead, s.now());
                let verdict = dead.map_or(Verdict::Accepted, Verdict::Refused);
                self.judged(call, verdict, s);
            }
        }
    }

    /// Answers are cached, never beyond the token's expiry.
    fn remember(&mut self, api: ApiId, token: &Token, dead: Option<Cause>, now: SimTime) {
        let Validation::Introspect { cache, .. } = self.config.apis[api.index()].validation else { return };
        if cache == SimSpan::ZERO {
            return;
        }
        let answers = &mut self.backends[api.index()].answers;
        answers.retain(|_, answer| now.stamp() < answer.until);
        let until = (now + cache).stamp();
        answers.insert(token.id, Answer { until: if dead.is_none() { until.min(token.expires) } else { until }, dead });
    }

    /// The backend could not check the call.
    fn unchecked(&mut self, call: CallId, api: ApiId, s: &mut Schedule<Event>) {
        let verdict = match self.config.apis[api.index()].validation {
            Validation::Introspect { on_unreachable: OnUnreachable::Accept, .. } => Verdict::Accepted,
            Validation::Introspect { on_unreachable: OnUnreachable::Refuse, .. } => {
                Verdict::Refused(Cause::IntrospectionDown)
            }
            Validation::Introspect { on_unreachable: OnUnreachable::Error, .. }
            | Validation::Ideal
            | Validation::Local { .. } => Verdict::Unchecked,
        };
        self.judged(call, verdict, s);
    }

    fn check_locally(&mut self, id: CallId, token: Token, s: &mut Schedule<Event>) {
        let api = self.calls[id].api;
        let backend = &self.backends[api.index()];
        if self.has_expired(&token, s.now()) || self.knows_key(api, &token) {
            return self.judge_locally(id, &token, s);
        }
        let Validation::Local { cooldown, .. } = self.config.apis[api.index()].validation else {
            unreachable!("only local backends check locally")
        };
        let may_ask = backend.asked.is_none_or(|asked| s.now().since(asked) >= cooldown);
        if backend.fetch.as_ref().is_some_and(|fetch| !fetch.over) {
            self.backends[api.index()].waiting.push(id);
        } else if may_ask && backend.fetch.is_none() {
            self.backends[api.index()].asked = Some(s.now());
            self.backends[api.index()].waiting.push(id);
            self.fetch_keys(api, s);
        } else {
            self.judge_locally(id, &token, s);
        }
    }

    /// Whether a token has expired, be it earlier than it says.
    fn has_expired(&self, token: &Token, now: SimTime) -> bool {
        self.idp.truth.expires(token) <= now.stamp()
    }

    fn knows_key(&self, api: ApiId, token: &Token) -> bool {
        self.backends[api.index()].knows(token.key)
    }

    /// By signature and expiry alone. A live token whose key cannot be known is refused as one that could not be checked.
    fn judge_locally(&mut self, id: CallId, token: &Token, s: &mut Schedule<Event>) {
        let death = self.idp.truth.death(token, s.now());
        let accepted = !self.has_expired(token, s.now()) && self.knows_key(self.calls[id].api, token);
        let verdict = if accepted {
            Verdict::Accepted
        } else {
            Verdict::Refused(death.map_or(Cause::IntrospectionDown, |death| death.cause))
        };
        self.judged(id, verdict, s);
    }

    /// The periodic fetch of a key set, unless one is in the air.
    pub(super) fn key_set_due(&mut self, api: ApiId, s: &mut Schedule<Event>) {
        let Validation::Local { refresh, .. } = self.config.apis[api.index()].validation else { return };
        s.at(s.now() + refresh, Event::KeySetDue(api));
        if self.backends[api.index()].fetch.is_none() {
            self.fetch_keys(api, s);
        }
    }

    fn fetch_keys(&mut self, api: ApiId, s: &mut Schedule<Event>) {
        let timeout = s.after(self.lanes.check_timeouts[api.index()], Event::KeySet(api, Leg::TimedOut));
        self.backends[api.index()].fetch = Some(KeyFetch { timeout, over: false, lost: false, keys: None });
        s.after(self.lanes.backend_idp, Event::KeySet(api, Leg::AtIdp));
    }

    /// The fetch of a key set gets one leg further.
    pub(super) fn key_set(&mut self, api: ApiId, leg: Leg, s: &mut Schedule<Event>) {
        match leg {
            Leg::AtIdp => {
                let backend = &mut self.backends[api.index()];
                backend.fetches += 1;
                let fetches = backend.fetches;
                let key = self.seeds.key("key set", &self.config.apis[api.index()].name);
                let word = Rows::new(key).row(0, fetches)[0];
                let way = self.config.network.backend_idp;
                let from = Sender { caller: api.index(), party: Some(Party::Backends), way };
                let arrival = self.idp_arrival(Request::KeySet, from, word, None, s);
                let keys = (arrival == Arrival::Taken).then(|| self.idp.truth.keys.published().to_vec());
                let fetch = self.backends[api.index()].fetch.as_mut().expect("a fetch is in the air");
                match arrival {
                    Arrival::Taken | Arrival::TurnedAway(_) => {
                        fetch.keys = keys;
                        s.after(self.lanes.backend_idp, Event::KeySet(api, Leg::Back));
                    }
                    Arrival::Refused => self.key_set(api, Leg::Back, s),
                    // Its timeout ends it.
                    Arrival::Lost if fetch.over => self.backends[api.index()].fetch = None,
                    Arrival::Lost => fetch.lost = true,
                }
            }
            Leg::Back => {
                let fetch = self.backends[api.index()].fetch.take().expect("a fetch is in the air");
                if !fetch.over {
                    s.cancel(fetch.timeout);
                    if let Some(keys) = fetch.keys {
                        self.backends[api.index()].keys = keys;
                        self.world_changed();
                    }
                    self.judge_waiting(api, s);
                }
            }
            Leg::TimedOut => {
                let backend = &mut self.backends[api.index()];
                let fetch = backend.fetch.as_mut().expect("a fetch is in the air");
                fetch.over = true;
                if fetch.lost {
                    backend.fetch = None;
                }
                self.judge_waiting(api, s);
            }
        }
    }

    fn judge_waiting(&mut self, api: ApiId, s: &mut Schedule<Event>) {
        for id in std::mem::take(&mut self.backends[api.index()].waiting) {
            let token = self.calls[id].held.expect("who waits for a key has a token").token;
            self.judge_locally(id, &token, s);
        }
    }
}
