//! How long stale tokens lie in caches and would be used: state, not sampled.

use super::{Collector, MetricDef, Scope, Unit, lower};
use crate::model::fact::Fact;
use crate::time::{SimSpan, SimTime};

/// Sums of stale time.
#[derive(Debug)]
pub struct StaleTokens {
    warmup: SimTime,
    stale: SimSpan,
    after_ready: SimSpan,
    /// Restart windows; the last one may still be open.
    windows: Vec<(SimTime, Option<SimTime>)>,
}

impl Collector for StaleTokens {
    const METRICS: &'static [MetricDef] = &[
        lower(
            "stale_token_s",
            Unit::Seconds,
            "mean over caches of the time that a stale token sits there and would be used",
        ),
        lower("stale_after_ready_s", Unit::Seconds, "the part of stale_token_s inside restart windows"),
    ];

    fn new(scope: &Scope) -> StaleTokens {
        let (stale, after_ready) = (SimSpan::ZERO, SimSpan::ZERO);
        StaleTokens { warmup: scope.warmup, stale, after_ready, windows: Vec::new() }
    }

    fn observe(&mut self, at: SimTime, fact: &Fact) {
        match fact {
            // Told at its end, so that all windows that it meets are known by then.
            Fact::Stale { from, to } => self.add((*from).max(self.warmup), *to),
            Fact::Ready => self.windows.push((at, None)),
            Fact::RestartStopped => {
                if let Some((_, end)) = self.windows.last_mut() {
                    end.get_or_insert(at);
                }
            }
            _ => {}
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of caches in a mean")]
    fn values(&mut self, scope: &Scope, out: &mut Vec<f64>) {
        let mean = |span: SimSpan| span.as_secs_f64() / scope.caches as f64;
        out.push(mean(self.stale));
        out.push(if self.windows.is_empty() { f64::NAN } else { mean(self.after_ready) });
    }
}

impl StaleTokens {
    fn add(&mut self, from: SimTime, to: SimTime) {
        self.stale += to.since(from);
        for (ready, end) in &self.windows {
            self.after_ready += end.map_or(to, |end| to.min(end)).since(from.max(*ready));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_time_counts_once_and_inside_windows_again() {
        let at = |s: u64| SimTime(s * 1_000_000_000);
        let scope = Scope { warmup: at(5), end: at(99), caches: 2, ..crate::metric::tests::scope() };
        let mut stale = StaleTokens::new(&scope);
        for (now, fact) in [
            (at(10), Fact::RestartStopped),
            (at(20), Fact::Ready),
            (at(30), Fact::RestartStopped),
            (at(40), Fact::Ready),
            (at(50), Fact::Stale { from: at(0), to: at(50) }),
        ] {
            stale.observe(now, &fact);
        }
        let mut values = Vec::new();
        stale.values(&scope, &mut values);
        assert_eq!(values, [22.5, 10.0]);
    }
}
