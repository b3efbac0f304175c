//! Answers on their way: counted calls whose fate was settled, and whose answer has not yet reached their gateway. Nobody needs
//! to know them, unless the gateway goes down or its link to the backends is cut: then they become calls like others.

use super::super::backend::Verdict;
use super::super::event::{Event, Step};
use super::super::fact::Observer;
use super::super::world::World;
use super::before;
use super::law::Fate;
use crate::engine::Schedule;
use crate::id::{ApiId, GatewayId, SourceId};
use crate::oauth::Outcome;
use crate::time::SimTime;

/// Calls of a stream that were born from `from` on and settled before `to`: they were served, and counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub from: SimTime,
    pub to: SimTime,
}

impl<O: Observer> World<O> {
    /// Keeps in mind what was counted, as long as an answer of it may be on its way.
    pub(super) fn remember_counted(&mut self, source: SourceId, api: ApiId, range: Range) {
        let oldest = before(range.to, self.longest(api));
        let Some(counted) = &mut self.counted else { return };
        let ranges = &mut counted.streams[source.index()].counted;
        while ranges.front().is_some_and(|range| range.to < oldest) {
            ranges.pop_front();
        }
        ranges.push_back(range);
    }

    /// Something happens to a gateway node, or to its link to the backends, on which answers depend: those of counted calls
    /// that are on their way become answers of calls like others.
    pub(in crate::model) fn answers_matter(&mut self, gateway: GatewayId, s: &mut Schedule<Event>) {
        for api in (0..self.config.apis.len()).map(ApiId::at) {
            let lane = self.lane(gateway, api);
            for position in 0..self.counted.as_ref().map_or(0, |counted| counted.lanes[lane.index()].streams.len()) {
                let oldest = before(s.now(), self.longest(api));
                let Some(counted) = &mut self.counted else { return };
                let source = counted.lanes[lane.index()].streams[position];
                // What is a call again is counted no more.
                let ranges = std::mem::take(&mut counted.streams[source.index()].counted);
                for range in ranges.into_iter().filter(|range| range.to > oldest) {
                    self.answers_of(source, api, Range { from: range.from.max(oldest), ..range }, s);
                }
            }
        }
    }

    fn answers_of(&mut self, source: SourceId, api: ApiId, range: Range, s: &mut Schedule<Event>) {
        let mut past = self.sources[source.index()].rewound(range.from);
        while past.next_at().is_some_and(|at| at < range.to) {
            let birth = past.take();
            let words = self.check_words(source, api, birth.row);
            let path = self.path(api);
            let itinerary = path.itinerary(&birth, &words);
            let (settled, answered) =
                (itinerary.settled(Fate::Served { dead: false }), path.answered(&birth, &itinerary));
            if settled >= range.to || answered < s.now() {
                continue;
            }
            let id = self.becomes_a_call(source, birth, Some(s));
            let call = &mut self.calls[id];
            let outcome = if call.forbidden { Outcome::Forbidden } else { Outcome::Ok };
            (call.sends, call.inside) = (1, true);
            (call.outcome, call.answer) = (Some(outcome), Some(Verdict::Accepted));
            s.at(answered, Event::Call(id, Step::Answered));
            // Its latency will be told as it is.
            if outcome == Outcome::Ok
                && settled >= SimTime::ZERO + self.config.run.warmup
                && let Some(counted) = &mut self.counted
            {
                counted.answered[api.index()] -= 1;
            }
        }
    }
}
