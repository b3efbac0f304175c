//! The client's side of a call: who calls when and where, sees what came of it, gives up, and tries again (model.md §3).

use super::call::{Call, Caller, Origin, RETRY, pick};
use super::config::{Arrivals, Balance};
use super::event::{Event, Step};
use super::fact::{Fact, Observer};
use super::source::{Birth, Whose, Word};
use super::world::World;
use crate::dist::Dist;
use crate::engine::Schedule;
use crate::id::{CallId, ClientId, GatewayId, SourceId};
use crate::oauth::{Cause, Outcome};
use crate::rng::{Row, below, uniform};
use crate::time::{SimSpan, SimTime};

/// Between an answer and the next call of a user lies at least this: without it, a call that fails at its birth would be
/// born again for ever at one instant.
const LEAST_PAUSE: SimSpan = SimSpan::millis(1);

/// Where a call would go.
#[derive(Clone, Copy, Debug)]
struct Wish {
    preferred: GatewayId,
    /// The draw for another node, while that one is out of use.
    other: u64,
    /// The node whose turn this is has the lane in which it fails while no node is in use.
    turn: u64,
}

impl<O: Observer> World<O> {
    /// The next call of a stream is born.
    pub(super) fn arrive(&mut self, source: SourceId, s: &mut Schedule<Event>) {
        if self.counted.is_some() && self.speaks_again(source, s) {
            return self.schedule_arrival(source, s);
        }
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
        let wish = self.wish(client, user, gateway, &birth.words);
        self.enter(id, wish, s);
    }

    /// Schedules the next birth of a stream, if there is one within the run that is to be played.
    pub(super) fn schedule_arrival(&mut self, source: SourceId, s: &mut Schedule<Event>) {
        if self.counted.is_some() && self.falls_silent(source, s) {
            return;
        }
        if let Some(at) = self.sources[source.index()].next_at()
            && at < self.end
        {
            let handle = s.at(at, Event::Arrive(source));
            self.will_arrive(source, handle);
        }
    }

    /// A user of a closed population begins the next round: thinks, then calls.
    #[inline]
    pub(super) fn think(&mut self, client: ClientId, user: u32, after: SimSpan, s: &mut Schedule<Event>) {
        if let Arrivals::Closed { think } = &self.config.clients[client.index()].arrivals {
            let think = think.clone();
            self.think_first(&think, client, user, after, s);
        }
    }

    fn think_first(&mut self, think: &Dist, client: ClientId, user: u32, after: SimSpan, s: &mut Schedule<Event>) {
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
        let wish = self.wish(client, user, None, &birth.words);
        self.enter(id, wish, s);
    }

    /// The k-th call of user u has the k-th draws of user u.
    fn closed_birth(&mut self, client: ClientId, user: u32, at: SimTime) -> Birth {
        let row = (u64::from(user) << 32) | u64::from(self.rounds[client.index()][user as usize]);
        let words = self.closed_rows[client.index()].row(0, row);
        Birth { at, row, words, forbidden: None }
    }

    pub(super) fn user_of(&self, birth: &Birth, client: ClientId, gateway: Option<GatewayId>) -> u32 {
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

    /// The population of a client's call.
    pub(super) fn client_of(&self, id: CallId) -> ClientId {
        match self.calls[id].caller {
            Caller::Client { client, .. } => client,
            Caller::Thread(_) => unreachable!("a thread of an application has no client's side"),
        }
    }

    /// A call, new or sent again by its client, goes to a gateway node.
    fn enter(&mut self, id: CallId, wish: Wish, s: &mut Schedule<Event>) {
        let call = &self.calls[id];
        let Caller::Client { client, user, .. } = call.caller else { unreachable!("a thread needs no gateway") };
        let api = call.api;
        if call.attempt == 0
            && let Some(budget) = &mut self.budgets[client.index()]
        {
            budget.call(s.now());
        }
        self.take_along(id, client, user);
        let found = self.balance(wish.preferred, wish.other, s.now());
        let gateway = found.unwrap_or_else(|| self.turn(wish.turn));
        let lane = self.lane(gateway, api);
        let call = &mut self.calls[id];
        (call.number, call.lane) = (self.tally.born, lane);
        call.caller = Caller::Client { client, user, gateway };
        self.tally.born += 1;
        if found.is_none() {
            call.gateway_done = true;
            self.settle(id, Outcome::Failed(Cause::GatewayDown), s);
            return self.client_sees(id, s);
        }
        call.timeout = Some(s.after(self.lanes.client_timeouts[client.index()], Event::ClientTimeout(id)));
        self.wait(self.lanes.client_gateway, id, Step::AtGateway, s);
    }

    /// The gateway that a call would go to, and the draws for when it cannot; `stream`: the one that all calls of its stream
    /// prefer, if it is one of those.
    fn wish(&mut self, client: ClientId, user: u32, stream: Option<GatewayId>, words: &Row) -> Wish {
        let turn = self.client_calls[client.index()];
        self.client_calls[client.index()] += 1;
        let nodes = self.config.gateway.nodes;
        let preferred = match self.config.gateway.balance {
            Balance::Sticky => GatewayId::at(user as usize % nodes),
            Balance::Random => stream.unwrap_or_else(|| GatewayId::at(pick(words[Word::Gateway as usize], nodes))),
            Balance::RoundRobin => self.turn(turn),
        };
        Wish { preferred, other: words[Word::OtherGateway as usize], turn }
    }

    /// The gateway whose turn it is, with the call of this number of its population.
    fn turn(&self, number: u64) -> GatewayId {
        let nodes = self.config.gateway.nodes as u64;
        GatewayId::at(usize::try_from(number % nodes).expect("below a usize"))
    }

    /// An answer is on its way to the client. What the client does then is known now, so that no event is needed for it.
    pub(super) fn client_sees(&mut self, id: CallId, s: &mut Schedule<Event>) {
        let leg = self.config.network.client_gateway;
        let call = &self.calls[id];
        assert!(call.outcome.is_some(), "a call that has an answer has a fate");
        let seen = s.now() + leg;
        if call.client_done {
            return self.free_if_done(id);
        }
        if self.too_late(call, seen) {
            return;
        }
        if call.outcome == Some(Outcome::Ok) && seen < self.end {
            let latency = seen.since(call.first_born);
            self.tell(s.now(), Fact::Latency(latency));
        }
        self.client_done(id, leg, s);
    }

    /// Whether the client's timeout comes before what it would see then: it ends the client's side.
    pub(super) fn too_late(&self, call: &Call, seen: SimTime) -> bool {
        let Caller::Client { client, .. } = call.caller else { unreachable!("a thread is no client") };
        call.timeout.is_some() && seen >= call.born + self.config.clients[client.index()].timeout
    }

    /// Whether an answer that is at the client then finds it waiting.
    pub(super) fn client_waits_until(&self, id: CallId, seen: SimTime) -> bool {
        let call = &self.calls[id];
        !call.client_done && !self.too_late(call, seen)
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
    pub(super) fn client_done(&mut self, id: CallId, after: SimSpan, s: &mut Schedule<Event>) {
        let call = &mut self.calls[id];
        assert!(!call.client_done, "no call is answered twice");
        call.client_done = true;
        let (timeout, over) = (call.timeout.take(), call.gateway_done);
        let failed = matches!(call.outcome, Some(Outcome::Failed(_)));
        let Caller::Client { client, user, .. } = call.caller else { unreachable!("a thread is no client") };
        if let Some(timeout) = timeout {
            s.cancel(timeout);
        }
        if failed && call.attempt < self.config.clients[client.index()].retry_attempts {
            self.retry(id, after, s);
        } else {
            self.think(client, user, after, s);
        }
        if over {
            self.calls.remove(id);
        }
    }

    /// The client sends the call again: a new call with the same birth draws.
    fn retry(&mut self, id: CallId, after: SimSpan, s: &mut Schedule<Event>) {
        let old = &self.calls[id];
        let (origin, row, attempt) = (old.origin, old.row, old.attempt);
        let mut call = old.clone();
        let jitter = uniform(self.further(origin, RETRY + u64::from(attempt + 1), row)[Word::User as usize]);
        let wait = self.config.clients[self.client_of(id).index()].retry_backoff.wait(attempt, jitter) + after;
        call.born = s.now() + wait;
        call.attempt += 1;
        (call.sends, call.doomed, call.held, call.outcome, call.answer) = (0, false, None, None, None);
        call.deserved = false;
        (call.inside, call.client_done, call.gateway_done, call.abandoned) = (false, false, false, false);
        call.refused_for = Cause::NoToken;
        let new = self.calls.insert(call);
        s.at(s.now() + wait, Event::Call(new, Step::Born));
    }

    /// The back-off is over: the call is sent again. What exceeds the population's budget is never born; a user of a closed
    /// population goes on then.
    pub(super) fn again(&mut self, id: CallId, s: &mut Schedule<Event>) {
        let call = &self.calls[id];
        let (origin, row, attempt) = (call.origin, call.row, call.attempt);
        let Caller::Client { client, user, .. } = call.caller else { unreachable!("a thread is no client") };
        if self.budgets[client.index()].as_mut().is_none_or(|budget| budget.retry(s.now())) {
            let words = self.further(origin, RETRY + u64::from(attempt), row);
            let wish = self.wish(client, user, None, &words);
            return self.enter(id, wish, s);
        }
        self.calls.remove(id);
        self.think(client, user, SimSpan::ZERO, s);
    }
}
