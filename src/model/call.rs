//! A call's life: through the gateway to the backend and back (model.md §3).
//!
//! A call has two sides that end on their own: the client may give up while the gateway goes on. Its place is free when
//! both are over. At any time exactly one thing is to come for the gateway's side: an event, a flight, or a verdict.

use super::backend::Verdict;
use super::config::Validation;
use super::delays::Wait;
use super::event::{Event, Step};
use super::fact::{Calls, Fact, Observer};
use super::source::{Birth, Word};
use super::world::World;
use crate::engine::{Handle, Schedule};
use crate::fault::Party;
use crate::id::{ApiId, CallId, ClientId, GatewayId, LaneId, SourceId, ThreadId};
use crate::oauth::{Cause, Outcome, Token};
use crate::rng::{below, uniform};
use crate::time::{SimTime, Stamp};

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
    /// Among all calls of the run; known when it is sent.
    pub number: u64,
    /// When the client sends it, for the first time or again.
    pub born: SimTime,
    /// Its row among those of its stream: further draws for it are keyed by this.
    pub row: u64,
    /// Of the draws of its birth, those that are wanted later.
    overhead: u64,
    service: u64,
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
    /// The gateway refuses it for good reason: its caller's token was revoked, or has expired.
    pub deserved: bool,
    pub timeout: Option<Handle>,
    /// Within a gateway node, or on its way between the node and the backend.
    pub inside: bool,
    pub client_done: bool,
    pub gateway_done: bool,
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

impl Call {
    fn is_at(&self, node: GatewayId) -> bool {
        matches!(self.caller, Caller::Client { gateway, .. } if gateway == node)
    }
}

impl<O: Observer> World<O> {
    pub(super) fn born(&mut self, origin: Origin, birth: Birth, caller: Caller, api: ApiId, now: SimTime) -> CallId {
        let config = &self.config.apis[api.index()];
        let forbidden =
            birth.forbidden.unwrap_or_else(|| uniform(birth.word(Word::Forbidden)) < config.forbidden_ratio);
        let once = config.unsafe_ratio > 0.0 && uniform(birth.word(Word::Unsafe)) < config.unsafe_ratio;
        let call = Call {
            origin,
            number: 0,
            born: birth.at,
            row: birth.row,
            overhead: birth.word(Word::Overhead),
            service: birth.word(Word::Service),
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
            deserved: false,
            timeout: None,
            inside: false,
            client_done: false,
            gateway_done: false,
            abandoned: false,
            answer: None,
        };
        self.calls.insert(call)
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
            return self.again(id, s);
        }
        let call = &self.calls[id];
        if call.abandoned {
            return self.gateway_done(id);
        }
        match step {
            Step::Born => unreachable!("handled above"),
            Step::AtGateway => self.at_gateway(id, s),
            Step::NeedsToken => self.needs_token(id, s),
            // The gateway waits in vain: the client's timeout ends the call.
            Step::AtBackend | Step::Answered if self.never_arrives(call, s.now()) => self.gateway_done(id),
            Step::AtBackend => self.at_backend(id, s),
            Step::Answered => self.answered(id, s),
        }
    }

    /// Whether what arrives now, at a backend or from it, was sent into a cut link.
    fn never_arrives(&self, call: &Call, now: SimTime) -> bool {
        if self.partitions.is_empty() {
            return false;
        }
        let Caller::Client { gateway, .. } = call.caller else { return false };
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
        let word = call.overhead;
        let wait = self.lanes.overhead.wait(|| uniform(word));
        self.wait(wait, id, Step::NeedsToken, s);
    }

    /// The call goes to the backend, with the token that it holds or with none.
    pub(super) fn send(&mut self, id: CallId, s: &mut Schedule<Event>) {
        let call = &mut self.calls[id];
        call.sends += 1;
        if call.sends > 1 {
            let unsafe_call = call.once;
            self.tell(s.now(), Fact::Resend { unsafe_call });
        }
        self.wait(self.lanes.gateway_backend, id, Step::AtBackend, s);
    }

    /// The backend has made up its mind about the call.
    pub(super) fn judged(&mut self, id: CallId, verdict: Verdict, s: &mut Schedule<Event>) {
        let call = &mut self.calls[id];
        if call.abandoned {
            return self.gateway_done(id);
        }
        call.answer = Some(verdict);
        let service = match verdict {
            Verdict::Refused(cause) => self.turned_away(id, cause, s),
            Verdict::Unchecked => self.turned_away(id, Cause::IntrospectionDown, s),
            Verdict::Accepted => {
                let (api, forbidden, word) = (call.api, call.forbidden, call.service);
                // The truth itself accepts nothing that is dead: there is no need to ask it twice.
                let may_be_dead = self.config.apis[api.index()].validation != Validation::Ideal;
                let dead =
                    may_be_dead && call.held.is_none_or(|held| self.idp.truth.death(&held.token, s.now()).is_some());
                self.tell_if_revoked(id, s.now());
                if dead {
                    self.tell(s.now(), Fact::AcceptedWhileDead);
                }
                self.settle(id, if forbidden { Outcome::Forbidden } else { Outcome::Ok }, s);
                self.lanes.service[api.index()].wait(|| uniform(word))
            }
        };
        self.wait(service, id, Step::Answered, s);
    }

    /// The backend refuses a call, or cannot check it: tells so, and the way of the answer.
    fn turned_away(&mut self, id: CallId, cause: Cause, s: &Schedule<Event>) -> Wait {
        let call = &self.calls[id];
        let (number, lane, token) = (call.number, call.lane, call.held.map(|held| held.token));
        let death = token.and_then(|token| self.idp.truth.death(&token, s.now()));
        let since = death.map(|death| death.at.clamped());
        self.tell(s.now(), Fact::Refused { call: number, lane, token: token.map(|token| token.id), cause, since });
        self.lanes.gateway_backend
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
    pub(super) fn settle(&mut self, id: CallId, outcome: Outcome, s: &mut Schedule<Event>) {
        let call = &mut self.calls[id];
        if call.outcome.is_some() {
            return;
        }
        call.outcome = Some(outcome);
        let Call { lane, deserved, number, born, .. } = *call;
        let token = call.held.as_ref().map(|held| held.token.id);
        let user = match call.caller {
            Caller::Client { client, user, .. } => Some((client, user)),
            Caller::Thread(_) => None,
        };
        self.lane_tells(lane, outcome, s);
        self.tally.settled += 1;
        let now = s.now();
        let settled = Calls { lane, user, outcome, deserved, n: 1, first: now, last: now, number, born, token };
        self.tell(now, Fact::Calls(settled));
    }

    /// The answer leaves the gateway.
    pub(super) fn leave(&mut self, id: CallId, s: &mut Schedule<Event>) {
        let call = &mut self.calls[id];
        if let Caller::Thread(_) = call.caller {
            return self.thread_sees(id, s.now());
        }
        call.inside = false;
        call.gateway_done = true;
        self.client_sees(id, s);
    }

    /// Nothing more is to come for the gateway's side of the call.
    pub(super) fn gateway_done(&mut self, id: CallId) {
        self.calls[id].gateway_done = true;
        self.free_if_done(id);
    }

    #[inline]
    pub(super) fn free_if_done(&mut self, id: CallId) {
        let call = &self.calls[id];
        if call.client_done && call.gateway_done {
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
            if client_done || self.too_late(&self.calls[id], s.now() + leg) {
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
pub(super) const RETRY: u64 = 1 << 32;
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
