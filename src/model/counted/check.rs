//! Introspections of counted calls: an approximation. Each meets a free worker of the IdP, and gets an answer that does not
//! depend on which node's worker that is.
//!
//! That is so while all nodes are up and none is slow, and nobody waits for a worker: as soon as a request that is played has
//! to, the silence ends. What is not seen is how counted calls would have kept workers busy, for each other and for the
//! requests that are played: with few workers, tokens come sooner than they would. How many introspections would have had to wait for that reason is known ([`super::load`]).

use super::super::call::{INTROSPECTION, Origin};
use super::super::config::{ApiConfig, Validation, WorldConfig};
use super::super::event::{Event, Leg};
use super::super::fact::{CountedCalls, Fact, Observer};
use super::super::introspection::Asker;
use super::super::world::World;
use super::law::{Fate, Law};
use super::stretch::Itinerary;
use crate::dist::Dist;
use crate::engine::Schedule;
use crate::id::{ApiId, CallId, SourceId};
use crate::rng::{ROW_WORDS, Row, uniform};
use crate::time::{SimSpan, SimTime};

/// The draws of the first introspection of a call: it is sent to the backend for the first time.
const FIRST: u64 = INTROSPECTION + 1;

/// How long an introspection takes that does not wait.
#[derive(Debug)]
pub(super) struct Check {
    leg: SimSpan,
    pub service: Dist,
    least_service: SimSpan,
    most_service: SimSpan,
    mean_service: SimSpan,
}

impl Check {
    /// That of calls of this API, if its backend introspects.
    pub fn of(config: &WorldConfig, api: &ApiConfig) -> Option<Check> {
        let Validation::Introspect { .. } = api.validation else { return None };
        let service = config.idp.introspection_service.clone();
        Some(Check {
            leg: config.network.backend_idp,
            least_service: service.sample(uniform(0)),
            most_service: service.sample(uniform(u64::MAX)),
            mean_service: SimSpan::from_secs_f64(service.mean_s()),
            service,
        })
    }

    /// All of it that is no draw.
    pub fn ways(&self) -> SimSpan {
        self.leg + self.leg
    }

    pub fn least(&self) -> SimSpan {
        self.ways() + self.least_service
    }

    pub fn most(&self) -> SimSpan {
        self.ways() + self.most_service
    }

    /// When it is at the IdP, has been served, and is back.
    pub fn instants(&self, asked: SimTime, words: &Row) -> [SimTime; 3] {
        let at_idp = asked + self.leg;
        let served = at_idp + self.service.sample(uniform(words[1]));
        [at_idp, served, served + self.leg]
    }
}

impl<O: Observer> World<O> {
    pub(super) fn check_words(&mut self, source: SourceId, api: ApiId, row: u64) -> Row {
        if !self.path(api).is_introspected() {
            return [0; ROW_WORDS];
        }
        self.introspection_words(Origin::Source(source), FIRST, row)
    }

    /// Tells of the introspections of counted calls.
    pub(super) fn tell_checks(&mut self, api: ApiId, at: SimTime, n: u64) {
        let Some(Check { mean_service: busy, .. }) = self.path(api).check else { return };
        self.introspections_counted(n);
        self.tell(at, Fact::Counted { what: CountedCalls::Introspections { busy }, n });
    }

    /// The introspection of a call that was silent so far goes on like others, from the leg that it has reached; a worker that
    /// has it is found now. Without a schedule, at the end of the run, it is told as far as it has got.
    pub(super) fn check_goes_on(
        &mut self,
        call: CallId,
        itinerary: &Itinerary,
        (law, words): (&Law, Row),
        now: SimTime,
        s: Option<&mut Schedule<Event>>,
    ) {
        let Itinerary { at_backend, at_idp, served, judged, .. } = *itinerary;
        let api = self.calls[call].api;
        let Some(s) = s else {
            if at_idp < now {
                let what = CountedCalls::Introspections { busy: served.min(now).since(at_idp) };
                self.tell(now, Fact::Counted { what, n: 1 });
            }
            return;
        };
        let asker = Asker::Backend { call, api, token: law.entry.token };
        let timeout = at_backend + self.config.apis[api.index()].introspection_timeout;
        let dead = match law.fate {
            Fate::Served { .. } => None,
            Fate::Refused(cause) => Some(cause),
        };
        let answer = (now > served).then_some(Ok(dead));
        let id = self.introspection_goes_on(asker, words, timeout, answer, s);
        if now <= at_idp {
            s.at(at_idp, Event::Introspection(id, Leg::AtIdp));
        } else if now <= served {
            self.in_service(id, (api.index(), words[0]), (at_idp, served), s);
        } else {
            self.tell_checks(api, now, 1);
            s.at(judged, Event::Introspection(id, Leg::Back));
        }
    }
}
