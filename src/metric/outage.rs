//! Outage episodes of lanes, and what of them is charged to the time after a restart (`docs/model.md`, metrics).
//!
//! An episode runs from a lane's first failure to its next success. A restart window runs from *ready* to the next restart;
//! an episode open at ready is charged to the window from its first failure after ready, so that a quiet lane does not
//! count its silence.

use super::{Collector, MetricDef, Scope, Unit, count, lower};
use crate::id::LaneId;
use crate::model::fact::{Calls, Fact};
use crate::oauth::{Cause, Outcome};
use crate::time::{SimSpan, SimTime};

/// An outage episode of a lane, clipped to what is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Episode {
    pub lane: LaneId,
    pub start: SimTime,
    pub end: SimTime,
    pub first_cause: Cause,
    pub failed: u64,
}

/// Follows every lane.
#[derive(Debug)]
pub struct Outages {
    warmup: SimTime,
    /// So many lanes are the gateways'; those of applications come after them.
    gateway_lanes: usize,
    lanes: Vec<Lane>,
    /// The window at hand began then.
    window: Option<SimTime>,
    /// There has been one: without a restart that ended within the run, nothing is said about restart windows.
    restarted: bool,
    failed_after_restart: u64,
    recovery: SimSpan,
    episodes: Vec<Episode>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    open: Option<Open>,
    /// From here the open episode is charged to the window.
    charged_from: Option<SimTime>,
    /// A call has succeeded in the window.
    recovered: bool,
    downtime: SimSpan,
    after_restart: SimSpan,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    start: SimTime,
    first_cause: Cause,
    failed: u64,
}

impl Collector for Outages {
    const METRICS: &'static [MetricDef] = &[
        lower("downtime_s", Unit::Seconds, "mean over lanes of the summed length of their outage episodes"),
        lower("downtime_worst_lane_s", Unit::Seconds, "the largest lane of downtime_s"),
        lower(
            "downtime_after_restart_s",
            Unit::Seconds,
            "mean over lanes of the episode time charged to restart windows: what the policy, not the restart, cost",
        ),
        lower("downtime_after_restart_worst_lane_s", Unit::Seconds, "the largest lane of downtime_after_restart_s"),
        lower("failed_after_restart", Unit::Count, "failures inside restart windows"),
        lower("recovery_s", Unit::Seconds, "from ready until the last lane had recovered; the largest window"),
        lower("censored_lanes", Unit::Count, "lanes with an episode open at the end"),
        lower("episodes", Unit::Count, "outage episodes, over all lanes"),
        lower("application_downtime_s", Unit::Seconds, "as downtime_s, over the lanes of applications' threads"),
    ];

    fn new(scope: &Scope) -> Outages {
        Outages {
            warmup: scope.warmup,
            gateway_lanes: scope.lanes,
            lanes: vec![Lane::default(); scope.lanes + scope.application_lanes],
            window: None,
            restarted: false,
            failed_after_restart: 0,
            recovery: SimSpan::ZERO,
            episodes: Vec::new(),
        }
    }

    fn calls(&mut self, _: SimTime, calls: &Calls) {
        match calls.outcome {
            // Who is refused for a token that ended is no sign of an outage.
            _ if calls.deserved => {}
            Outcome::Ok => self.succeeded(calls),
            Outcome::Failed(cause) => self.failed(calls, cause),
            Outcome::Forbidden => {}
        }
    }

    fn observe(&mut self, at: SimTime, fact: &Fact) {
        match fact {
            Fact::RestartStopped => self.end_window(at),
            Fact::Ready => self.begin_window(at),
            _ => {}
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of lanes in a mean")]
    fn values(&mut self, scope: &Scope, out: &mut Vec<f64>) {
        self.end_window(scope.end);
        let censored = self.lanes[..scope.lanes].iter().filter(|lane| lane.open.is_some()).count();
        for index in 0..self.lanes.len() {
            self.close(LaneId::at(index), scope.end);
        }
        let (lanes, applications) = self.lanes.split_at(scope.lanes);
        let mean = |lanes: &[Lane], span: fn(&Lane) -> SimSpan| {
            let sum: u128 = lanes.iter().map(|lane| u128::from(span(lane).0)).sum();
            if lanes.is_empty() { f64::NAN } else { sum as f64 / 1e9 / lanes.len() as f64 }
        };
        let worst = |span: fn(&Lane) -> SimSpan| lanes.iter().map(span).max().unwrap_or_default().as_secs_f64();
        let if_restarts = |value: f64| if self.restarted { value } else { f64::NAN };
        let episodes = self.episodes.iter().filter(|episode| episode.lane.index() < scope.lanes).count();
        // Gateways that nobody calls have no outages to speak of.
        let of_gateways = |value: f64| if scope.users.is_empty() { f64::NAN } else { value };
        out.extend([mean(lanes, |lane| lane.downtime), worst(|lane| lane.downtime)].map(of_gateways));
        out.push(if_restarts(of_gateways(mean(lanes, |lane| lane.after_restart))));
        out.push(if_restarts(of_gateways(worst(|lane| lane.after_restart))));
        out.push(if_restarts(count(self.failed_after_restart)));
        out.push(if_restarts(of_gateways(self.recovery.as_secs_f64())));
        out.extend([count(censored as u64), count(episodes as u64)].map(of_gateways));
        out.push(mean(applications, |lane| lane.downtime));
    }
}

impl Outages {
    /// The episodes, in the order of their ends; call it after [`Collector::values`].
    pub fn take_episodes(&mut self) -> Vec<Episode> {
        // Counted calls are told late: the order of telling is not that of the ends.
        self.episodes.sort_by_key(|episode| episode.end);
        std::mem::take(&mut self.episodes)
    }

    fn failed(&mut self, calls: &Calls, first_cause: Cause) {
        let lane = &mut self.lanes[calls.lane.index()];
        let open = lane.open.get_or_insert(Open { start: calls.first, first_cause, failed: 0 });
        open.failed += calls.n;
        if self.window.is_some() {
            lane.charged_from.get_or_insert(calls.first);
            if calls.last >= self.warmup {
                self.failed_after_restart += calls.n;
            }
        }
    }

    fn succeeded(&mut self, calls: &Calls) {
        let lane = &mut self.lanes[calls.lane.index()];
        if lane.open.is_none() {
            lane.recovered = true;
            return;
        }
        self.charge(calls.lane, calls.first);
        self.close(calls.lane, calls.first);
        self.lanes[calls.lane.index()].recovered = true;
    }

    /// Charges what of the open episode belongs to the window, which it leaves at `at`.
    fn charge(&mut self, lane: LaneId, at: SimTime) {
        let (Some(ready), warmup) = (self.window, self.warmup) else { return };
        let of_gateway = lane.index() < self.gateway_lanes;
        let lane = &mut self.lanes[lane.index()];
        if let Some(from) = lane.charged_from.take() {
            lane.after_restart += at.since(from.max(warmup));
            if of_gateway && !lane.recovered && at >= warmup {
                self.recovery = self.recovery.max(at.since(ready.max(warmup)));
            }
        }
    }

    /// Ends the open episode.
    fn close(&mut self, id: LaneId, at: SimTime) {
        let lane = &mut self.lanes[id.index()];
        let Some(open) = lane.open.take() else { return };
        if at < self.warmup {
            return;
        }
        let start = open.start.max(self.warmup);
        lane.downtime += at.since(start);
        self.episodes.push(Episode { lane: id, start, end: at, first_cause: open.first_cause, failed: open.failed });
    }

    fn end_window(&mut self, at: SimTime) {
        for index in 0..self.lanes.len() {
            self.charge(LaneId::at(index), at);
        }
        self.window = None;
    }

    fn begin_window(&mut self, at: SimTime) {
        self.window = Some(at);
        self.restarted = true;
        for lane in &mut self.lanes {
            (lane.charged_from, lane.recovered) = (None, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ClientId;

    fn scope() -> Scope {
        let end = SimTime(100_000_000_000);
        Scope { end, lanes: 2, application_lanes: 1, caches: 2, users: vec![1], ..crate::metric::tests::scope() }
    }

    fn call(lane: u32, at_s: u64, outcome: Outcome) -> (SimTime, Fact) {
        let at = SimTime(at_s * 1_000_000_000);
        let (lane, user) = (LaneId(lane), Some((ClientId(0), 0)));
        let calls =
            Calls { lane, user, outcome, deserved: false, n: 1, first: at, last: at, number: 0, born: at, token: None };
        (at, Fact::Calls(calls))
    }

    const BAD: Outcome = Outcome::Failed(Cause::StaleToken);

    fn measured(scope: &Scope, facts: &[(SimTime, Fact)]) -> Vec<f64> {
        let mut outages = Outages::new(scope);
        for (at, fact) in facts {
            match fact {
                Fact::Calls(calls) => outages.calls(*at, calls),
                _ => outages.observe(*at, fact),
            }
        }
        let mut values = Vec::new();
        outages.values(scope, &mut values);
        values
    }

    #[test]
    fn an_episode_open_at_ready_is_charged_from_its_first_failure_after_it() {
        let at = |s: u64| SimTime(s * 1_000_000_000);
        let facts = [
            (at(10), Fact::RestartStopped),
            call(0, 12, BAD),
            call(1, 13, BAD),
            (at(20), Fact::Ready),
            call(0, 25, BAD),
            call(1, 26, Outcome::Ok),
            call(0, 40, Outcome::Ok),
            call(1, 50, BAD),
            call(1, 55, Outcome::Ok),
        ];
        // Lane 0: 12–40, charged 25–40. Lane 1: 13–26, nothing charged; 50–55, charged, but after it had recovered.
        assert_eq!(measured(&scope(), &facts), [23.0, 28.0, 10.0, 15.0, 2.0, 20.0, 0.0, 3.0, 0.0]);
    }

    #[test]
    fn who_is_refused_for_a_token_that_ended_suffers_no_outage() {
        let refused = |lane, at_s, deserved| {
            let (at, fact) = call(lane, at_s, Outcome::Failed(Cause::InboundRefused));
            let Fact::Calls(calls) = fact else { unreachable!("a call's fact") };
            (at, Fact::Calls(Calls { deserved, ..calls }))
        };
        let facts = [refused(0, 5, true), call(0, 8, Outcome::Ok), refused(1, 10, false), refused(1, 12, true)];
        assert_eq!(measured(&scope(), &facts)[..2], [45.0, 90.0], "only the false rejection, which no `ok` ends");
    }

    #[test]
    fn the_lanes_of_applications_are_measured_apart() {
        let facts = [call(2, 10, BAD), call(2, 25, Outcome::Ok), call(0, 30, BAD), call(0, 36, Outcome::Ok)];
        let values = measured(&scope(), &facts);
        assert_eq!((values[0], values[7], values[8]), (3.0, 1.0, 15.0));
    }

    #[test]
    fn a_window_ends_with_the_next_restart_and_the_end_censors() {
        let at = |s: u64| SimTime(s * 1_000_000_000);
        let facts = [
            (at(10), Fact::RestartStopped),
            (at(10), Fact::Ready),
            call(0, 12, BAD),
            (at(30), Fact::RestartStopped),
            (at(40), Fact::Ready),
            call(0, 70, BAD),
        ];
        // Charged 12–30 and 70–100 on one lane of two; the second window's recovery never came.
        assert_eq!(measured(&scope(), &facts), [44.0, 88.0, 24.0, 48.0, 2.0, 60.0, 1.0, 1.0, 0.0]);
    }

    #[test]
    fn without_a_restart_nothing_is_said_about_restarts() {
        let values = measured(&scope(), &[call(0, 5, BAD), call(0, 10, Outcome::Ok)]);
        assert!(values[2..6].iter().all(|value| value.is_nan()), "{values:?}");
    }

    #[test]
    fn the_warm_up_clips_episodes() {
        let scope = Scope { warmup: SimTime(20_000_000_000), ..scope() };
        let facts = [call(0, 5, BAD), call(0, 10, Outcome::Ok), call(0, 15, BAD), call(0, 30, Outcome::Ok)];
        assert_eq!(measured(&scope, &facts)[..2], [5.0, 10.0]);
    }
}
