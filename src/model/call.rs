//! A call's life: born at the client, through the gateway to the backend and back (model.md §3).
//!
//! A call has two sides that end on their own: the client may give up while the gateway goes on. Its place is free when
//! both are over. At any time exactly one thing is to come for the gateway's side: an event, a flight, or a verdict.

use super::backend::Verdict;
use super::config::{Arrivals, Balance};
use super::event::{Event, Step};
use super::fact::{Calls, Fact, Observer};
use super::inbound::Validated;
use super::source::{Birth, Whose, Word};
use super::world::World;
use crate::engine::{Handle, Schedule};
use crate::fault::Party;
use crate::id::{ApiId, CallId, ClientId, GatewayId, LaneId, SourceId, ThreadId};
use crate::oauth::{Cause, Outcome, Token};
use crate::revocation::UserToken;
use crate::rng::{below, uniform};
use crate::time::{SimSpan, SimTime, Stamp};

/// Between an answer and the next call of a user lies at least this: without it, a call that fails at its birth would be
/// born again for ever at one instant.
const LEAST_PAUSE: SimSpan = SimSpan::millis(1);

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// A user of a population, through this gateway node.
    Client { client: ClientId, user: u32, gateway: GatewayId },
    /// A thread of an application, which calls the backend itself.
    Thread(ThreadId),
}

/// Where the draws of a call come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Source(SourceId),
    /// A user of a closed population.
    User(ClientId),
}

/// A call in flight.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub origin: Origin,
    pub birth: Birth,
    pub caller: Caller,
    pub api: ApiId,
    pub lane: LaneId,
    pub first_born: SimTime,
    /// How often the client has sent it again.
    pub attempt: u32,
    /// How often a gateway has sent it to the backend.
    pub sends: u32,
    pub forbidden: bool,
    /// It must not be sent twice.
    pub once: bool,
    pub outcome: Option<Outcome>,
    /// What it is refused for, until a resend cures it.
    pub refused_for: Cause,
    /// `answer-500`: it waits for a token that others will use, and fails then.
    pub doomed: bool,
    pub held: Option<Held>,
    /// The caller's own token, where callers have some.
    pub caller_token: Option<UserToken>,
    /// A gateway has found it good.
    pub validated: Option<Validated>,
    timeout: Option<Handle>,
    /// Within a gateway node, or on its way between the node and the backend.
    inside: bool,
    client_done: bool,
    gateway_done: bool,
    /// Its gateway died: whatever was to come for it comes to nothing.
    pub abandoned: bool,
    pub answer: Option<Verdict>,
}

/// The token that a call carries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub token: Token,
    /// When the holder received it.
    pub received: Stamp,
}

/// Where a call would go.
#[derive(Clone, Copy, Debug)]
struct Wish {
    preferred: GatewayId,
    /// The draw for another node, while that one is out of use.
    other: u64,
    /// In whose lane it fails while no node is in use.
    nobody: GatewayId,
}

impl Call {
    fn is_at(&self, node: GatewayId) -> bool {
        matches!(self.caller, Caller::Client { gateway, .. } if gateway == node)
    }
}

impl<O: Observer> World<O> {
    /// The next call of a stream is born.
    pub(super) fn arrive(&mut self, source: SourceId, s: &mut Schedule<Event>) {
        let stream = &mut self.sources[source.index()];
        let (birth, whose, api, gateway) = (stream.take(), stream.whose, stream.api, stream.gateway);
        self.schedule_arrival(source, s);
        let client = match whose {
            Whose::Client(client) => client,
            Whose::Thread(thread) => return self.thread_calls(thread, source, birth, s),
        };
        let config = &self.config.clients[client.index()];
        let api = api.unwrap_or_else(|| config.apis[pick(birth.word(Word::Api), config.apis.len())]);
        let user = self.user_of(&birth, client, gateway);
        let caller = Caller::Client { client, user, gateway: GatewayId(0) };
        let id = self.born(Origin::Source(source), birth, caller, api, s.now());
        self.enter(id, s);
    }

    /// Schedules the next birth of a stream, if there is one within the run.
    pub(super) fn schedule_arrival(&mut self, source: SourceId, s: &mut Schedule<Event>) {
        if let Some(at) = self.sources[source.index()].next_at()
            && at < self.end
        {
            s.at(at, Event::Arrive(source));
        }
    }

    /// A user of a closed population begins the next round: thinks, then calls.
    pub(super) fn think(&mut self, client: ClientId, user: u32, after: SimSpan, s: &mut Schedule<Event>) {
        let Arrivals::Closed { think } = &self.config.clients[client.index()].arrivals else { return };
        let think = think.clone();
        let word = self.closed_birth(client, user, s.now()).word(Word::User);
        let pause = after + think.sample(uniform(word));
        s.at(s.now() + pause.max(LEAST_PAUSE), Event::Thought(client, user));
    }

    /// A user of a closed population calls.
    pub(super) fn thought(&mut self, client: ClientId, user: u32, s: &mut Schedule<Event>) {
        let birth = self.closed_birth(client, user, s.now());
        self.rounds[client.index()][user as usize] += 1;
        let apis = &self.config.clients[client.index()].apis;
        let api = apis[pick(birth.word(Word::Api), apis.len())];
        let caller = Caller::Client { client, user, gateway: GatewayId(0) };
        let id = self.born(Origin::User(client), birth, caller, api, s.now());
        self.enter(id, s);
    }

    /// The k-th call of user u has the k-th draws of user u.
    fn closed_birth(&mut self, client: ClientId, user: u32, at: SimTime) -> Birth {
        let row = (u64::from(user) << 32) | u64::from(self.rounds[client.index()][user as usize]);
        let words = self.closed_rows[client.index()].row(0, row);
        Birth { at, row, words, forbidden: None }
    }

    fn user_of(&self, birth: &Birth, client: ClientId, gateway: Option<GatewayId>) -> u32 {
        let users = self.config.clients[client.index()].users;
        let word = birth.word(Word::User);
        let user = match (self.config.gateway.balance, gateway) {
            (Balance::Sticky, Some(gateway)) => {
                let nodes = self.config.gateway.nodes;
                u64::from(gateway.0) + nodes as u64 * below(word, super::source::sticky_users(users, nodes, gateway))
            }
            (Balance::Sticky | Balance::Random | Balance::RoundRobin, _) => below(word, u64::from(users)),
        };
        u32::try_from(user).expect("a user's number is below the number of users")
    }

    pub(super) fn born(&mut self, origin: Origin, birth: Birth, caller: Caller, api: ApiId, now: SimTime) -> CallId {
        let config = &self.config.apis[api.index()];
        let forbidden =
            birth.forbidden.unwrap_or_else(|| uniform(birth.word(Word::Forbidden)) < config.forbidden_ratio);
        let once = config.unsafe_ratio > 0.0 && uniform(birth.word(Word::Unsafe)) < config.unsafe_ratio;
        let call = Call {
            origin,
            birth,
            caller,
            api,
            lane: LaneId(0),
            first_born: now,
            attempt: 0,
            sends: 0,
            forbidden,
            once,
            outcome: None,
            refused_for: Cause::NoToken,
            doomed: false,
            held: None,
            caller_token: None,
            validated: None,
            timeout: None,
            inside: false,
            client_done: false,
            gateway_done: false,
            abandoned: false,
            answer: None,
        };
        self.calls.insert(call)
    }

    /// The population of a client's call.
    fn client_of(&self, id: CallId) -> ClientId {
        match self.calls[id].caller {
            Caller::Client { client, .. } => client,
            Caller::Thread(_) => unreachable!("a thread of an application has no client's side"),
        }
    }

    /// A call, new or sent again by its client, goes to a gateway node.
    pub(super) fn enter(&mut self, id: CallId, s: &mut Schedule<Event>) {
        self.tally.born += 1;
        let (client, api) = (self.client_of(id), self.calls[id].api);
        let wish = self.wish(id);
        let found = self.balance(wish.preferred, wish.other, s.now());
        let gateway = found.unwrap_or(wish.nobody);
        let lane = self.lane(gateway, api);
        let call = &mut self.calls[id];
        call.lane = lane;
        if let Caller::Client { gateway: at, user, .. } = &mut call.caller {
            *at = gateway;
            call.caller_token = self.users.token(client, *user);
        }
        if found.is_none() {
            call.gateway_done = true;
            self.settle(id, Outcome::Failed(Cause::GatewayDown), s);
            return self.client_sees(id, s);
        }
        let timeout = self.lanes.client_timeouts[client.index()];
        call.timeout = Some(s.after(timeout, Event::ClientTimeout(id)));
        self.wait(self.lanes.client_gateway, Event::Call(id, Step::AtGateway), s);
    }

    /// The gateway that a call would go to, and the draws for when it cannot.
    fn wish(&mut self, id: CallId) -> Wish {
        let call = &self.calls[id];
        let (origin, row, attempt) = (call.origin, call.birth.row, call.attempt);
        let Caller::Client { client, user, .. } = call.caller else { unreachable!("a thread needs no gateway") };
        let nodes = self.config.gateway.nodes;
        let words = if attempt == 0 { call.birth.words } else { self.further(origin, RETRY + u64::from(attempt), row) };
        let counter = &mut self.client_calls[client.index()];
        let turn = GatewayId::at(usize::try_from(*counter % nodes as u64).expect("below a usize"));
        *counter += 1;
        let stream = match origin {
            Origin::Source(source) if attempt == 0 => self.sources[source.index()].gateway,
            Origin::Source(_) | Origin::User(_) => None,
        };
        let preferred = match self.config.gateway.balance {
            Balance::Sticky => GatewayId::at(user as usize % nodes),
            Balance::Random => stream.unwrap_or_else(|| GatewayId::at(pick(words[Word::Gateway as usize], nodes))),
            Balance::RoundRobin => turn,
        };
        Wish { preferred, other: words[Word::OtherGateway as usize], nobody: turn }
    }

    /// A further row of draws for a call.
    pub(super) fn further(&mut self, origin: Origin, stream: u64, row: u64) -> crate::rng::Row {
        match origin {
            Origin::Source(source) => self.sources[source.index()].further(stream, row),
            Origin::User(client) => self.closed_rows[client.index()].row(stream, row),
        }
    }

    /// A call gets one step further, unless its gateway has died.
    pub(super) fn step(&mut self, id: CallId, step: Step, s: &mut Schedule<Event>) {
        if step == Step::Born {
            return self.enter(id, s);
        }
        if self.calls[id].abandoned {
            return self.gateway_done(id);
        }
        match step {
            Step::Born => unreachable!("handled above"),
            Step::AtGateway => self.at_gateway(id, s),
            Step::NeedsToken => self.needs_token(id, s),
            // The gateway waits in vain: the client's timeout ends the call.
            Step::AtBackend | Step::Answered if self.never_arrives(id, s.now()) => self.gateway_done(id),
            Step::AtBackend => self.at_backend(id, s),
            Step::Answered => self.answered(id, s),
        }
    }

    /// Whether what arrives now, at a backend or from it, was sent into a cut link.
    fn never_arrives(&self, id: CallId, now: SimTime) -> bool {
        let Caller::Client { gateway, .. } = self.calls[id].caller else { return false };
        let way = self.config.network.gateway_backend;
        self.partitions.swallowed(Party::Gateway(gateway), Party::Backends, way, now)
    }

    fn at_gateway(&mut self, id: CallId, s: &mut Schedule<Event>) {
        let call = &mut self.calls[id];
        let Caller::Client { gateway, .. } = call.caller else { unreachable!("a thread needs no gateway") };
        if !self.gateways[gateway.index()].up() {
            self.settle(id, Outcome::Failed(Cause::GatewayDown), s);
            return self.leave(id, s);
        }
        call.inside = true;
        let word = call.birth.word(Word::Overhead);
        let wait = self.lanes.overhead.wait(|| uniform(word));
        self.wait(wait, Event::Call(id, Step::NeedsToken), s);
    }

    /// The call goes to the backend, with the token that it holds or with none.
    pub(super) fn send(&mut self, id: CallId, s: &mut Schedule<Event>) {
        let call = &mut self.calls[id];
        call.sends += 1;
        if call.sends > 1 {
            let unsafe_call = call.once;
            self.tell(s.now(), Fact::Resend { unsafe_call });
        }
        self.wait(self.lanes.gateway_backend, Event::Call(id, Step::AtBackend), s);
    }

    /// The backend has made up its mind about the call.
    pub(super) fn judged(&mut self, id: CallId, verdict: Verdict, s: &mut Schedule<Event>) {
        let call = &mut self.calls[id];
        if call.abandoned {
            return self.gateway_done(id);
        }
        call.answer = Some(verdict);
        let service = match verdict {
            Verdict::Refused(_) | Verdict::Unchecked => self.lanes.gateway_backend,
            Verdict::Accepted => {
                let (api, forbidden, word) = (call.api, call.forbidden, call.birth.word(Word::Service));
                let dead = call.held.is_none_or(|held| self.idp.truth.death(&held.token, s.now()).is_some());
                let passed = call.validated.and_then(|passed| Some((passed.revoked?, passed.at)));
                if let (Some((by, validated)), Caller::Client { gateway, .. }) = (passed, call.caller) {
                    self.tell(s.now(), Fact::ServedRevoked { by, gateway, validated });
                }
                if dead {
                    self.tell(s.now(), Fact::AcceptedWhileDead);
                }
                self.settle(id, if forbidden { Outcome::Forbidden } else { Outcome::Ok }, s);
                self.lanes.service[api.index()].wait(|| uniform(word))
            }
        };
        self.wait(service, Event::Call(id, Step::Answered), s);
    }

    fn answered(&mut self, id: CallId, s: &mut Schedule<Event>) {
        let call = &self.calls[id];
        match call.answer.expect("the backend has answered") {
            Verdict::Accepted if !call.forbidden => self.leave(id, s),
            Verdict::Accepted => self.refused(id, true, s),
            Verdict::Refused(cause) => {
                self.calls[id].refused_for = cause;
                self.refused(id, false, s);
            }
            Verdict::Unchecked => self.fail(id, Cause::IntrospectionDown, s),
        }
    }

    /// The call fails for this, unless its fate is settled already, and leaves the gateway.
    pub(super) fn fail(&mut self, id: CallId, cause: Cause, s: &mut Schedule<Event>) {
        if self.calls[id].outcome.is_none() {
            self.settle(id, Outcome::Failed(cause), s);
        }
        self.leave(id, s);
    }

    /// The fate of a call is known, once and for all.
    pub(super) fn settle(&mut self, id: CallId, outcome: Outcome, s: &Schedule<Event>) {
        let call = &mut self.calls[id];
        if call.outcome.is_some() {
            return;
        }
        call.outcome = Some(outcome);
        let (lane, now) = (call.lane, s.now());
        let user = match call.caller {
            Caller::Client { client, user, .. } => Some((client, user)),
            Caller::Thread(_) => None,
        };
        self.tally.settled += 1;
        self.tell(now, Fact::Calls(Calls { lane, user, outcome, n: 1, first: now, last: now }));
    }

    /// The answer leaves the gateway.
    pub(super) fn leave(&mut self, id: CallId, s: &mut Schedule<Event>) {
        if let Caller::Thread(_) = self.calls[id].caller {
            return self.thread_sees(id, s.now());
        }
        self.calls[id].inside = false;
        self.calls[id].gateway_done = true;
        self.client_sees(id, s);
    }

    /// An answer is on its way to the client. What the client does then is known now, so that no event is needed for it.
    fn client_sees(&mut self, id: CallId, s: &mut Schedule<Event>) {
        let leg = self.config.network.client_gateway;
        let call = &self.calls[id];
        assert!(call.outcome.is_some(), "a call that has an answer has a fate");
        let seen = s.now() + leg;
        if call.client_done {
            return self.free_if_done(id);
        }
        if self.too_late(id, seen) {
            return;
        }
        if call.outcome == Some(Outcome::Ok) && seen < self.end {
            let latency = seen.since(call.first_born);
            self.tell(s.now(), Fact::Latency(latency));
        }
        self.client_done(id, leg, s);
    }

    /// Whether the client's timeout comes before what it would see then: it ends the client's side.
    fn too_late(&self, id: CallId, seen: SimTime) -> bool {
        let call = &self.calls[id];
        call.timeout.is_some() && seen >= call.birth.at + self.config.clients[self.client_of(id).index()].timeout
    }

    /// Whether an answer that is at the client then finds it waiting.
    pub(super) fn client_waits_until(&self, id: CallId, seen: SimTime) -> bool {
        !self.calls[id].client_done && !self.too_late(id, seen)
    }

    /// The client gives up.
    pub(super) fn client_timeout(&mut self, id: CallId, s: &mut Schedule<Event>) {
        self.calls[id].timeout = None;
        if self.calls[id].outcome.is_some() {
            self.tell(s.now(), Fact::AnswerLost);
        } else {
            self.settle(id, Outcome::Failed(Cause::ClientTimeout), s);
        }
        self.client_done(id, SimSpan::ZERO, s);
    }

    /// The client is done with this call `after` from now: it may try again, and a user of a closed population goes on.
    fn client_done(&mut self, id: CallId, after: SimSpan, s: &mut Schedule<Event>) {
        let call = &mut self.calls[id];
        assert!(!call.client_done, "no call is answered twice");
        call.client_done = true;
        if let Some(timeout) = call.timeout.take() {
            s.cancel(timeout);
        }
        let failed = matches!(call.outcome, Some(Outcome::Failed(_)));
        let Caller::Client { client, user, .. } = call.caller else { unreachable!("a thread is no client") };
        if failed && call.attempt < self.config.clients[client.index()].retry_attempts {
            self.retry(id, after, s);
        } else {
            self.think(client, user, after, s);
        }
        self.free_if_done(id);
    }

    /// The client sends the call again: a new call with the same birth draws.
    fn retry(&mut self, id: CallId, after: SimSpan, s: &mut Schedule<Event>) {
        let old = &self.calls[id];
        let (origin, row, attempt) = (old.origin, old.birth.row, old.attempt);
        let mut call = old.clone();
        let jitter = uniform(self.further(origin, RETRY + u64::from(attempt + 1), row)[Word::User as usize]);
        let wait = self.config.clients[self.client_of(id).index()].retry_backoff.wait(attempt, jitter) + after;
        call.birth.at = s.now() + wait;
        call.attempt += 1;
        (call.sends, call.doomed, call.held, call.outcome, call.answer) = (0, false, None, None, None);
        call.validated = None;
        (call.inside, call.client_done, call.gateway_done, call.abandoned) = (false, false, false, false);
        call.refused_for = Cause::NoToken;
        let new = self.calls.insert(call);
        s.at(s.now() + wait, Event::Call(new, Step::Born));
    }

    /// Nothing more is to come for the gateway's side of the call.
    pub(super) fn gateway_done(&mut self, id: CallId) {
        self.calls[id].gateway_done = true;
        self.free_if_done(id);
    }

    fn free_if_done(&mut self, id: CallId) {
        if self.calls[id].client_done && self.calls[id].gateway_done {
            self.calls.remove(id);
        }
    }

    /// A gateway node went down: the calls within it fail at that instant.
    pub(super) fn calls_lost(&mut self, gateway: GatewayId, s: &mut Schedule<Event>) {
        let within: Vec<CallId> =
            self.calls.iter().filter(|(_, call)| call.inside && call.is_at(gateway)).map(|(id, _)| id).collect();
        for id in within {
            let call = &mut self.calls[id];
            call.inside = false;
            call.abandoned = true;
            let (settled, client_done) = (call.outcome.is_some(), call.client_done);
            self.settle(id, Outcome::Failed(Cause::GatewayDown), s);
            let leg = self.config.network.client_gateway;
            if client_done || self.too_late(id, s.now() + leg) {
                continue;
            }
            if settled {
                self.tell(s.now(), Fact::AnswerLost);
            }
            self.client_done(id, leg, s);
        }
    }
}

/// The sub-streams of a call's further draws: attempts of the client, resends, introspections.
const RETRY: u64 = 1 << 32;
/// For resends.
pub(super) const RESEND: u64 = 2 << 32;
/// For introspections.
pub(super) const INTROSPECTION: u64 = 3 << 32;
/// For introspections of callers' tokens.
pub(super) const INBOUND: u64 = 4 << 32;

/// One of `n` positions.
pub(super) fn pick(word: u64, n: usize) -> usize {
    usize::try_from(below(word, n as u64)).expect("below a usize")
}
