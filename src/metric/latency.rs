//! How long `ok` calls take, from the first birth at the client to the answer at the client.

use hdrhistogram::Histogram;

use super::{Collector, MetricDef, Scope, Unit, count, lower, ratio};
use crate::model::fact::{CountedCalls, Fact};
use crate::time::{SimSpan, SimTime};

/// Latencies in microseconds, three significant digits: integer counts, which add up in any order.
#[derive(Debug)]
pub struct Latency {
    warmup: SimTime,
    histogram: Histogram<u64>,
    sum_ns: u128,
    max_ns: u64,
    n: u64,
    /// So many of these microseconds are not in the histogram yet: where delays are constants, one value comes again and again.
    last: (u64, u64),
}

/// A day: what takes longer counts as this in the quantiles.
const LARGEST_US: u64 = 86_400_000_000;

impl Collector for Latency {
    const METRICS: &'static [MetricDef] = &[
        lower("latency_mean_ms", Unit::Milliseconds, "mean latency of ok calls"),
        lower("latency_p50_ms", Unit::Milliseconds, "median latency of ok calls"),
        lower("latency_p99_ms", Unit::Milliseconds, "99th percentile of the latency of ok calls"),
        lower("latency_max_ms", Unit::Milliseconds, "largest latency of an ok call"),
    ];

    fn new(scope: &Scope) -> Latency {
        let histogram = Histogram::new_with_bounds(1, LARGEST_US, 3).expect("bounds and digits are allowed");
        Latency { warmup: scope.warmup, histogram, sum_ns: 0, max_ns: 0, n: 0, last: (0, 0) }
    }

    fn latency(&mut self, at: SimTime, latency: SimSpan) {
        self.record(at, latency, 1);
    }

    fn observe(&mut self, at: SimTime, fact: &Fact) {
        if let Fact::Counted { what: CountedCalls::Latency(latency), n } = fact {
            self.record(at, *latency, *n);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a time in a mean")]
    fn values(&mut self, _: &Scope, out: &mut Vec<f64>) {
        self.flush();
        let quantile = |q: f64| {
            // A bin is told by its upper end, which may lie above the largest value in it.
            let ms = self.histogram.value_at_quantile(q) as f64 / 1e3;
            if self.n > 0 { ms.min(self.max_ns as f64 / 1e6) } else { f64::NAN }
        };
        out.push(ratio(self.sum_ns as f64 / 1e6, count(self.n)));
        out.extend([quantile(0.5), quantile(0.99)]);
        out.push(if self.n > 0 { self.max_ns as f64 / 1e6 } else { f64::NAN });
    }
}

impl Latency {
    fn flush(&mut self) {
        let (us, n) = std::mem::take(&mut self.last);
        if n > 0 {
            self.histogram.saturating_record_n(us, n);
        }
    }

    /// `n` calls that took so long.
    fn record(&mut self, at: SimTime, latency: SimSpan, n: u64) {
        if at >= self.warmup {
            let us = latency.0 / 1_000;
            if us != self.last.0 {
                self.flush();
                self.last.0 = us;
            }
            self.last.1 += n;
            self.sum_ns += u128::from(latency.0) * u128::from(n);
            self.max_ns = self.max_ns.max(latency.0);
            self.n += n;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_three_digits() {
        let scope = Scope { warmup: SimTime(1), ..crate::metric::tests::scope() };
        let mut latency = Latency::new(&scope);
        latency.latency(SimTime(0), SimSpan::secs(99));
        for ms in 1..=1_000 {
            latency.latency(SimTime(1), SimSpan::millis(ms));
        }
        let mut values = Vec::new();
        latency.values(&scope, &mut values);
        for (value, expected) in values.iter().zip([500.5, 500.0, 990.0, 1_000.0]) {
            assert!((value / expected - 1.0).abs() < 2e-3, "{values:?}");
        }
    }
}
