//! What the IdP has to take.

use std::collections::VecDeque;

use super::{Collector, MetricDef, Scope, Unit, count, lower, neutral, ratio};
use crate::model::fact::{CountedCalls, Fact, Request};
use crate::time::{NANOS_PER_SECOND, SimSpan, SimTime};

/// Arrivals, refusals and busy workers.
#[derive(Debug)]
pub struct IdpLoad {
    warmup: SimTime,
    token_requests: u64,
    introspections: u64,
    refused: u64,
    busy: u64,
    /// Arrivals of token requests in the last second.
    recent: VecDeque<SimTime>,
    peak: u64,
    served_ns: u128,
    up_ns: u128,
}

impl Collector for IdpLoad {
    const METRICS: &'static [MetricDef] = &[
        lower("idp_token_requests", Unit::Count, "token requests that reached a node which was up or starting"),
        lower("idp_introspections", Unit::Count, "introspections that reached a node which was up or starting"),
        lower("idp_refused", Unit::Count, "connections refused by a node that was down"),
        lower("idp_token_requests_peak_per_s", Unit::PerSecond, "the most token requests within any second"),
        lower("idp_busy", Unit::Count, "requests turned away by a full queue"),
        neutral("idp_utilisation", Unit::Ratio, "busy workers / workers, time-weighted over nodes that were up"),
    ];

    fn new(scope: &Scope) -> IdpLoad {
        IdpLoad {
            warmup: scope.warmup,
            token_requests: 0,
            introspections: 0,
            refused: 0,
            busy: 0,
            recent: VecDeque::new(),
            peak: 0,
            served_ns: 0,
            up_ns: 0,
        }
    }

    fn observe(&mut self, at: SimTime, fact: &Fact) {
        if at < self.warmup {
            return;
        }
        let clipped = |from: SimTime, to: SimTime, warmup: SimTime| u128::from(to.since(from.max(warmup)).0);
        match fact {
            Fact::IdpArrival(Request::Token) => self.token_request(at),
            Fact::IdpArrival(Request::Introspection) => self.introspections += 1,
            Fact::IdpRefused(Request::Token | Request::Introspection) => self.refused += 1,
            Fact::IdpBusy(_) => self.busy += 1,
            Fact::Counted { what: CountedCalls::Introspections { busy }, n } => {
                self.introspections += n;
                self.served_ns += u128::from(busy.0) * u128::from(*n);
            }
            Fact::Served { from, to } => self.served_ns += clipped(*from, *to, self.warmup),
            Fact::NodeUp { from, to } => self.up_ns += clipped(*from, *to, self.warmup),
            _ => {}
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a share of time")]
    fn values(&mut self, scope: &Scope, out: &mut Vec<f64>) {
        out.extend([self.token_requests, self.introspections, self.refused, self.peak, self.busy].map(count));
        out.push(ratio(self.served_ns as f64, self.up_ns as f64 * f64::from(scope.workers)));
    }
}

impl IdpLoad {
    /// The window is (now − 1 s, now].
    fn token_request(&mut self, now: SimTime) {
        self.token_requests += 1;
        self.recent.push_back(now);
        while now.since(self.recent[0]) >= SimSpan(NANOS_PER_SECOND) {
            self.recent.pop_front();
        }
        self.peak = self.peak.max(self.recent.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_that_of_a_sliding_second() {
        let mut load = IdpLoad::new(&crate::metric::tests::scope());
        for ms in [0, 600, 900, 1_000, 1_599, 1_600, 9_000] {
            load.observe(SimTime(ms * 1_000_000), &Fact::IdpArrival(Request::Token));
        }
        // 600, 900, 1000 and 1599 ms are within one second; 0 and 1000 ms are not.
        assert_eq!((load.token_requests, load.peak), (7, 4));
    }
}
