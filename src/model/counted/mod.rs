//! Counted calls: what a run need not play (model.md §1).
//!
//! Between two changes of what a lane's calls meet, they all meet the same and change nothing. A stream of such calls falls
//! silent: it has no events. When something changes after all, its calls are counted up to there from the keyed counts that
//! they are made of; those that are in flight at that instant become calls like others, each at the step that it has reached,
//! and from there on every call is played, until the lane is seen to be in a steady state again.
//!
//! Where no backend introspects nothing is approximated: counts, causes, episodes and the IdP's load are those of a run that
//! plays each call. That holds because every change is told to this file: of a cache ([`World::cache_changed`]), or of what all lanes depend on
//! ([`World::world_changed`]). Only the latencies of counted calls are drawn anew ([`latency`]).
//!
//! The introspection of a counted call is an approximation, for which a scenario has to ask: it meets a free worker ([`check`]).
//! How many would have had to wait is known before the run ([`load`]).

mod allowed;
mod check;
mod latency;
mod law;
mod load;
mod served;
mod stretch;

use std::collections::VecDeque;

use super::config::WorldConfig;
use super::event::Event;
use super::fact::Observer;
use super::holder::{Holder, Place};
use super::world::World;
use crate::engine::{Handle, Schedule};
use crate::id::{ApiId, CredentialId, GatewayId, HolderId, LaneId, SourceId};
use crate::oauth::Outcome;
use crate::time::{SimSpan, SimTime};

pub use allowed::{Approximately, obstacles};
use law::Law;
pub use load::{erlang_c, would_wait};
use served::Range;
use stretch::Path;

/// What is known of lanes and streams, where calls are counted.
#[derive(Debug)]
pub(super) struct Counted {
    /// By stream.
    streams: Vec<Stream>,
    /// By lane of a gateway.
    lanes: Vec<Lane>,
    /// By API: how long its calls take.
    paths: Vec<Path>,
    /// By API: counted calls, measured ones, that were answered.
    answered: Vec<u64>,
    changed: Changed,
}

/// A stream as far as it is counted.
#[derive(Debug, Default)]
struct Stream {
    /// Silent under this law: its calls have no events.
    silent: Option<Law>,
    /// The event of its next call, or of the end of its silence.
    next: Option<Handle>,
    /// What was counted lately, where answers may be lost.
    counted: VecDeque<Range>,
}

#[derive(Debug, Default)]
struct Lane {
    /// Its own streams that can be counted.
    streams: Vec<SourceId>,
    /// What became of the call of which it was told last, the backend's own 403 aside. A stream falls silent only when what is
    /// to come is no news to whoever follows outages: then only how many calls there are matters, and not when the first is.
    told: Option<Outcome>,
}

/// Whose state has changed in the event at hand.
#[derive(Clone, Debug, Default)]
struct Changed {
    holders: Vec<HolderId>,
    world: bool,
}

impl Counted {
    pub fn new(config: &WorldConfig) -> Counted {
        let lanes = config.gateway.nodes * config.apis.len();
        Counted {
            streams: Vec::new(),
            lanes: (0..lanes).map(|_| Lane::default()).collect(),
            paths: config.apis.iter().map(|api| Path::new(config, api)).collect(),
            answered: vec![0; config.apis.len()],
            changed: Changed::default(),
        }
    }
}

impl<O: Observer> World<O> {
    /// The cache of a holder has changed.
    pub(super) fn cache_changed(&mut self, holder: HolderId) {
        if let Some(counted) = &mut self.counted
            && !counted.changed.holders.contains(&holder)
        {
            counted.changed.holders.push(holder);
        }
    }

    /// Something has changed on which many lanes depend: tokens died or live again, a key set is another, a link is cut.
    pub(super) fn world_changed(&mut self) {
        if let Some(counted) = &mut self.counted {
            counted.changed.world = true;
        }
    }

    /// A request waits for a worker of the IdP.
    pub(super) fn somebody_waits(&mut self) {
        if let Some(counted) = &mut self.counted {
            counted.changed.world |= counted.paths.iter().any(Path::is_introspected);
        }
    }

    /// A stream of arrivals has been added: whether it can be counted, and in which lane.
    pub(super) fn know_stream(&mut self, source: SourceId) {
        let stream = &self.sources[source.index()];
        let lane = match (stream.api, stream.gateway) {
            (Some(api), Some(gateway)) if stream.can_be_counted() => Some(self.lane(gateway, api)),
            _ => None,
        };
        let Some(counted) = &mut self.counted else { return };
        counted.streams.push(Stream::default());
        if let Some(lane) = lane {
            counted.lanes[lane.index()].streams.push(source);
        }
    }

    /// The event of a stream's next call has been scheduled.
    pub(super) fn will_arrive(&mut self, source: SourceId, handle: Handle) {
        if let Some(counted) = &mut self.counted {
            counted.streams[source.index()].next = Some(handle);
        }
    }

    /// The event of a stream fires: whether that is the end of its silence, and no call.
    pub(super) fn speaks_again(&mut self, source: SourceId, s: &mut Schedule<Event>) -> bool {
        let Some(counted) = &mut self.counted else { return false };
        counted.streams[source.index()].next = None;
        let silent = counted.streams[source.index()].silent.is_some();
        if silent {
            self.wake(source, s);
        }
        silent
    }

    /// Lets a stream fall silent, if all that it has to tell is how many calls there are, for longer than until the next one.
    pub(super) fn falls_silent(&mut self, source: SourceId, s: &mut Schedule<Event>) -> bool {
        let Some(counted) = &self.counted else { return false };
        let stream = &mut self.sources[source.index()];
        let (Some(api), Some(gateway)) = (stream.api, stream.gateway) else { return false };
        if !stream.can_be_counted() {
            return false;
        }
        let next = stream.next_at();
        let told = counted.lanes[self.lane(gateway, api).index()].told;
        let Some(told) = told else { return false };
        let Some(law) = self.law(gateway, api, s.now()) else { return false };
        if law.outcome() != told || next.is_none_or(|next| next >= law.until) {
            return false;
        }
        let next = (law.until < self.end).then(|| s.at(law.until, Event::Arrive(source)));
        let Some(counted) = &mut self.counted else { return false };
        let stream = &mut counted.streams[source.index()];
        (stream.silent, stream.next) = (Some(law), next);
        true
    }

    /// A played call of this lane is about to be told: a silence that is about something else is over.
    pub(super) fn lane_tells(&mut self, lane: LaneId, outcome: Outcome, s: &mut Schedule<Event>) {
        let Some(counted) = &mut self.counted else { return };
        let Some(known) = counted.lanes.get_mut(lane.index()) else { return };
        if outcome == Outcome::Forbidden || known.told == Some(outcome) {
            return;
        }
        // First, or its streams would be silent again at once.
        known.told = Some(outcome);
        self.wake_lane(lane, s);
    }

    /// What the event at hand has changed may be the end of silences; those that are about the same as before go on.
    pub(super) fn settle_changes(&mut self, s: &mut Schedule<Event>) {
        let Some(counted) = &mut self.counted else { return };
        if !counted.changed.world && counted.changed.holders.is_empty() {
            return;
        }
        let changed = std::mem::take(&mut counted.changed);
        if changed.world {
            for gateway in (0..self.gateways.len()).map(GatewayId::at) {
                self.look_at_lanes(gateway, None, s);
            }
        } else {
            for holder in &changed.holders {
                let Holder { place, credential, .. } = self.holders[holder.index()];
                if let Place::Gateway(gateway) = place {
                    self.look_at_lanes(gateway, Some(credential), s);
                }
            }
        }
        // The list is used again: no event allocates.
        if let Some(counted) = &mut self.counted {
            counted.changed.holders = changed.holders;
            counted.changed.holders.clear();
        }
    }

    /// Looks at the lanes of a gateway node, of all its credentials or of this one.
    fn look_at_lanes(&mut self, gateway: GatewayId, of: Option<CredentialId>, s: &mut Schedule<Event>) {
        for api in (0..self.config.apis.len()).map(ApiId::at) {
            if of.is_some_and(|credential| self.config.apis[api.index()].credential != credential) {
                continue;
            }
            let lane = self.lane(gateway, api);
            let counted = self.counted.as_ref().expect("calls are counted");
            let silent = |source: &SourceId| counted.streams[source.index()].silent.as_ref();
            let Some(law) = counted.lanes[lane.index()].streams.iter().find_map(silent).copied() else { continue };
            if self.law(gateway, api, s.now()) != Some(law) {
                self.wake_lane(lane, s);
            }
        }
    }

    /// Every silence of introspected calls ends, before something happens to a node of the IdP.
    pub(super) fn wake_introspected(&mut self, s: &mut Schedule<Event>) {
        for lane in (0..self.counted.as_ref().map_or(0, |counted| counted.lanes.len())).map(LaneId::at) {
            if self.path(ApiId::at(lane.index() % self.config.apis.len())).is_introspected() {
                self.wake_for_good(lane, s);
            }
        }
    }

    /// Every silence ends, before something is told that divides the time before it from that after it.
    pub(super) fn wake_all(&mut self, s: &mut Schedule<Event>) {
        let lanes = self.counted.as_ref().map_or(0, |counted| counted.lanes.len());
        for lane in (0..lanes).map(LaneId::at) {
            self.wake_for_good(lane, s);
        }
    }

    /// A lane's silences end, and it has to tell something before the next one.
    fn wake_for_good(&mut self, lane: LaneId, s: &mut Schedule<Event>) {
        // First, or its streams would be silent again at once.
        if let Some(counted) = &mut self.counted {
            counted.lanes[lane.index()].told = None;
        }
        self.wake_lane(lane, s);
    }

    fn wake_lane(&mut self, lane: LaneId, s: &mut Schedule<Event>) {
        for position in 0..self.counted.as_ref().map_or(0, |counted| counted.lanes[lane.index()].streams.len()) {
            let counted = self.counted.as_ref().expect("calls are counted");
            let source = counted.lanes[lane.index()].streams[position];
            if counted.streams[source.index()].silent.is_some() {
                self.wake(source, s);
                self.schedule_arrival(source, s);
            }
        }
    }

    /// A stream's silence ends now: its calls are counted, those in flight go on as calls like others.
    fn wake(&mut self, source: SourceId, s: &mut Schedule<Event>) {
        let counted = self.counted.as_mut().expect("calls are counted");
        let stream = &mut counted.streams[source.index()];
        let law = stream.silent.take().expect("it is silent");
        if let Some(handle) = stream.next.take() {
            s.cancel(handle);
        }
        self.count_stretch(source, &law, s.now(), Some(s));
    }

    /// The run ends: what is silent is counted, and the answers' latencies are drawn.
    pub(super) fn close_counted(&mut self) {
        let streams = self.counted.as_ref().map_or(0, |counted| counted.streams.len());
        for source in (0..streams).map(SourceId::at) {
            let silent = self.counted.as_mut().and_then(|counted| counted.streams[source.index()].silent.take());
            if let Some(law) = silent {
                self.count_stretch(source, &law, self.end, None);
            }
        }
        self.tell_latencies();
    }

    /// The longest that anything of a counted call of this API takes: behind that, nothing is to be found out about it.
    fn longest(&self, api: ApiId) -> SimSpan {
        self.counted.as_ref().map_or(SimSpan::ZERO, |counted| counted.paths[api.index()].longest())
    }
}

/// Before this, as far as there is a before.
fn before(at: SimTime, span: SimSpan) -> SimTime {
    SimTime(at.0.saturating_sub(span.0))
}
