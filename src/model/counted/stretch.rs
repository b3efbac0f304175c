//! A silent stretch is counted: all at once where nobody tells its calls apart, one by one around what divides them, and those
//! in flight become calls like others.

use super::super::call::{Caller, Held, Origin};
use super::super::config::{ApiConfig, WorldConfig};
use super::super::event::{Event, Step};
use super::super::fact::{Calls, CountedCalls, Fact, Observer};
use super::super::source::{Birth, Whose, Word};
use super::super::world::World;
use super::check::Check;
use super::law::{Fate, Law};
use super::{before, served::Range};
use crate::dist::Dist;
use crate::engine::Schedule;
use crate::id::{ApiId, CallId, ClientId, GatewayId, SourceId};
use crate::model::backend::Verdict;
use crate::oauth::Outcome;
use crate::rng::{Row, uniform};
use crate::time::{SimSpan, SimTime};

/// How long a call that meets no obstacle takes from step to step.
#[derive(Debug)]
pub(super) struct Path {
    client_gateway: SimSpan,
    pub overhead: Dist,
    least_overhead: SimSpan,
    most_overhead: SimSpan,
    gateway_backend: SimSpan,
    /// Its introspection, if there is one.
    pub check: Option<Check>,
    /// The backend's own work.
    pub service: Dist,
    most_service: SimSpan,
}

/// When a call is where, if it meets no obstacle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Itinerary {
    at_gateway: SimTime,
    needs_token: SimTime,
    pub at_backend: SimTime,
    /// What its introspection goes through, all of it at once where there is none: it is at the IdP, is served, and the backend
    /// makes up its mind.
    pub at_idp: SimTime,
    pub served: SimTime,
    pub judged: SimTime,
    /// What became of a refused call is settled when the refusal is back.
    refused: SimTime,
}

impl Path {
    pub fn new(config: &WorldConfig, api: &ApiConfig) -> Path {
        let (overhead, service) = (&config.gateway.overhead, &api.service_time);
        Path {
            client_gateway: config.network.client_gateway,
            overhead: overhead.clone(),
            least_overhead: overhead.sample(uniform(0)),
            most_overhead: overhead.sample(uniform(u64::MAX)),
            gateway_backend: config.network.gateway_backend,
            check: Check::of(config, api),
            service: service.clone(),
            most_service: service.sample(uniform(u64::MAX)),
        }
    }

    /// A call needs its token at most so long after its birth.
    pub fn latest_token(&self) -> SimSpan {
        self.client_gateway + self.most_overhead
    }

    /// Whether its backend asks the IdP about its token.
    pub fn is_introspected(&self) -> bool {
        self.check.is_some()
    }

    /// Its token is checked at most so long after its birth.
    pub fn latest_check(&self) -> SimSpan {
        let check = self.check.as_ref().map_or(SimSpan::ZERO, Check::most);
        self.latest_token() + self.gateway_backend + check
    }

    /// Its answer is at the client at most so long after its birth.
    pub fn longest(&self) -> SimSpan {
        self.latest_check() + self.most_service + self.gateway_backend + self.client_gateway
    }

    /// All of an answer's way that is no draw.
    pub fn constant(&self) -> SimSpan {
        let check = self.check.as_ref().map_or(SimSpan::ZERO, Check::ways);
        self.client_gateway + self.gateway_backend + check + self.gateway_backend + self.client_gateway
    }

    /// What becomes of a call is settled at least, and at most, so long after its birth.
    fn settles(&self, fate: Fate) -> (SimSpan, SimSpan) {
        let back = match fate {
            Fate::Served { .. } => SimSpan::ZERO,
            Fate::Refused(_) => self.gateway_backend,
        };
        let ways = self.client_gateway + self.gateway_backend + back;
        let (least, most) = self.check.as_ref().map_or((SimSpan::ZERO, SimSpan::ZERO), |c| (c.least(), c.most()));
        (ways + self.least_overhead + least, ways + self.most_overhead + most)
    }

    /// `check`: the draws of its introspection.
    pub fn itinerary(&self, birth: &Birth, check: &Row) -> Itinerary {
        let at_gateway = birth.at + self.client_gateway;
        let needs_token = at_gateway + self.overhead.sample(uniform(birth.word(Word::Overhead)));
        let at_backend = needs_token + self.gateway_backend;
        let [at_idp, served, judged] = self.check.as_ref().map_or([at_backend; 3], |c| c.instants(at_backend, check));
        let refused = judged + self.gateway_backend;
        Itinerary { at_gateway, needs_token, at_backend, at_idp, served, judged, refused }
    }

    /// When the answer of a call that was served is at its gateway.
    pub fn answered(&self, birth: &Birth, itinerary: &Itinerary) -> SimTime {
        let service = self.service.sample(uniform(birth.word(Word::Service)));
        itinerary.judged + service + self.gateway_backend
    }
}

impl Itinerary {
    /// When what became of the call is settled.
    pub fn settled(&self, fate: Fate) -> SimTime {
        match fate {
            Fate::Served { .. } => self.judged,
            Fate::Refused(_) => self.refused,
        }
    }
}

/// Whose calls a stream has.
#[derive(Clone, Copy, Debug)]
struct Lot {
    client: ClientId,
    api: ApiId,
    gateway: GatewayId,
}

impl<O: Observer> World<O> {
    /// Counts the calls of a stream that was silent until now: those that are settled by now are told, the others are put where
    /// they are; without a schedule, which only the end of a run has not, nothing more becomes of them.
    pub(super) fn count_stretch(
        &mut self,
        source: SourceId,
        law: &Law,
        now: SimTime,
        mut s: Option<&mut Schedule<Event>>,
    ) {
        let lot = self.lot(source);
        let first = self.sources[source.index()].next_at();
        let (least, most) = self.path(lot.api).settles(law.fate);
        while let Some(next) = self.sources[source.index()].next_at().filter(|next| *next < now) {
            let earliest = next + least;
            let horizon = self.observer.next_edge(earliest).min(now);
            // Who is born before this is settled before the horizon.
            let sure = before(horizon, most);
            if next < sure {
                let passed = self.sources[source.index()].pass(sure);
                let by = SimTime((sure + most).0 - 1);
                self.tell_counted(lot, law, (passed.calls, passed.forbidden), (earliest, by, next));
                continue;
            }
            let birth = self.sources[source.index()].take();
            let words = self.check_words(source, lot.api, birth.row);
            let itinerary = self.path(lot.api).itinerary(&birth, &words);
            let settled = itinerary.settled(law.fate);
            if settled < now {
                let forbidden = u64::from(birth.forbidden == Some(true));
                self.tell_counted(lot, law, (1, forbidden), (settled, settled, next));
            } else {
                let id = self.becomes_a_call(source, birth, s.as_deref_mut());
                self.calls[id].number = self.tally.born;
                self.tally.born += 1;
                self.client_calls[lot.client.index()] += 1;
                match self.gets_to(id, &itinerary, law, now) {
                    Some((at, step)) => _ = s.as_deref_mut().map(|s| s.at(at, Event::Call(id, step))),
                    None => self.check_goes_on(id, &itinerary, (law, words), now, s.as_deref_mut()),
                }
            }
        }
        if let (Some(from), Fate::Served { .. }) = (first, law.fate) {
            self.remember_counted(source, lot.api, Range { from, to: now });
        }
    }

    /// Counted calls: how many, and how many of them are forbidden; none is settled before the first of these instants, none
    /// after the second one, and the third one is the birth of the first.
    fn tell_counted(
        &mut self,
        lot: Lot,
        law: &Law,
        (calls, forbidden): (u64, u64),
        (first, last, born): (SimTime, SimTime, SimTime),
    ) {
        if calls == 0 {
            return;
        }
        let number = self.tally.born;
        self.tally.born += calls;
        self.tally.settled += calls;
        self.client_calls[lot.client.index()] += calls;
        let (lane, token) = (self.lane(lot.gateway, lot.api), Some(law.entry.token.id));
        let mut tell = |n: u64, outcome: Outcome| {
            if n > 0 {
                let deserved = false;
                let calls = Calls { lane, user: None, outcome, deserved, n, first, last, number, born, token };
                self.tell(first, Fact::Calls(calls));
            }
        };
        match law.fate {
            Fate::Served { dead } => {
                tell(calls - forbidden, Outcome::Ok);
                tell(forbidden, Outcome::Forbidden);
                if dead {
                    self.tell(first, Fact::Counted { what: CountedCalls::AcceptedWhileDead, n: calls });
                }
                if first >= SimTime::ZERO + self.config.run.warmup
                    && let Some(counted) = &mut self.counted
                {
                    counted.answered[lot.api.index()] += calls - forbidden;
                }
            }
            Fate::Refused(cause) => tell(calls, Outcome::Failed(cause)),
        }
        self.tell_checks(lot.api, first, calls);
    }

    /// A call that was silent so far goes on as a call like others, in its lane, and its client waits for it; at the end of a
    /// run, without a schedule, nobody waits.
    pub(super) fn becomes_a_call(&mut self, source: SourceId, birth: Birth, s: Option<&mut Schedule<Event>>) -> CallId {
        let Lot { client, api, gateway } = self.lot(source);
        let user = self.user_of(&birth, client, Some(gateway));
        let id = self.born(Origin::Source(source), birth, Caller::Client { client, user, gateway }, api, birth.at);
        self.calls[id].lane = self.lane(gateway, api);
        let timeout = birth.at + self.config.clients[client.index()].timeout;
        self.calls[id].timeout = s.map(|s| s.at(timeout, Event::ClientTimeout(id)));
        id
    }

    /// The next step of a call that was silent so far, and when it is; `None`: its introspection is under way.
    fn gets_to(&mut self, id: CallId, itinerary: &Itinerary, law: &Law, now: SimTime) -> Option<(SimTime, Step)> {
        let call = &mut self.calls[id];
        if now <= itinerary.at_gateway {
            return Some((itinerary.at_gateway, Step::AtGateway));
        }
        call.inside = true;
        if now <= itinerary.needs_token {
            return Some((itinerary.needs_token, Step::NeedsToken));
        }
        (call.held, call.sends) = (Some(Held { token: law.entry.token, received: law.entry.received }), 1);
        if now <= itinerary.at_backend {
            return Some((itinerary.at_backend, Step::AtBackend));
        }
        if now <= itinerary.judged {
            return None;
        }
        let Fate::Refused(cause) = law.fate else { unreachable!("a call that is served is settled at the backend") };
        call.answer = Some(Verdict::Refused(cause));
        self.tell_checks(self.calls[id].api, now, 1);
        Some((itinerary.refused, Step::Answered))
    }

    pub(super) fn path(&self, api: ApiId) -> &Path {
        &self.counted.as_ref().expect("calls are counted").paths[api.index()]
    }

    fn lot(&self, source: SourceId) -> Lot {
        let stream = &self.sources[source.index()];
        match (stream.whose, stream.api, stream.gateway) {
            (Whose::Client(client), Some(api), Some(gateway)) => Lot { client, api, gateway },
            _ => unreachable!("only such streams fall silent"),
        }
    }
}
