//! Answers that are lost with their gateway: those of counted calls that were settled when the node went down, and not yet
//! answered.

use super::super::fact::{CountedCalls, Fact, Observer};
use super::super::world::World;
use super::before;
use super::check::check_words;
use super::law::Fate;
use crate::id::{ApiId, GatewayId, SourceId};
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

    /// A gateway node goes down: tells how many answers of counted calls were within it.
    pub(in crate::model) fn counted_answers_lost(&mut self, gateway: GatewayId, now: SimTime) {
        let (mut lost, draws) = (0, self.introspections_draw());
        for api in (0..self.config.apis.len()).map(ApiId::at) {
            let lane = self.lane(gateway, api);
            let Some(counted) = &mut self.counted else { return };
            let path = &counted.paths[api.index()];
            let oldest = before(now, path.longest());
            for source in &counted.lanes[lane.index()].streams {
                // What is lost now cannot be lost again.
                for range in counted.streams[source.index()].counted.drain(..).filter(|range| range.to > oldest) {
                    let mut past = self.sources[source.index()].rewound(range.from.max(oldest));
                    while past.next_at().is_some_and(|at| at < range.to) {
                        let birth = past.take();
                        let words = check_words(&mut past, path.is_introspected() && draws, birth.row);
                        let itinerary = path.itinerary(&birth, &words);
                        let settled = itinerary.settled(Fate::Served { dead: false });
                        lost += u64::from(settled < range.to && path.answered(&birth, &itinerary) > now);
                    }
                }
            }
        }
        if lost > 0 {
            self.tell(now, Fact::Counted { what: CountedCalls::AnswerLost, n: lost });
        }
    }
}
