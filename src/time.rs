//! Instants and spans, in whole nanoseconds. No float time, no epsilon.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// Nanoseconds in a second.
pub const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// An instant: nanoseconds since the run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(pub u64);

/// A duration in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimSpan(pub u64);

/// An instant that may lie before the run began, as the tokens of a warm start do: nanoseconds since the run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub i64);

/// How far a node's own clock is ahead of simulated time (nanoseconds, may be negative): its skew and the run's phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockOffset(pub i64);

impl SimTime {
    /// The beginning of the run.
    pub const ZERO: SimTime = SimTime(0);
    /// Later than anything that can be scheduled.
    pub const NEVER: SimTime = SimTime(u64::MAX);

    /// The span since `earlier`, zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: SimTime) -> SimSpan {
        SimSpan(self.0.saturating_sub(earlier.0))
    }

    /// This instant on the scale that reaches back before the run; `NEVER` stays the last.
    #[must_use]
    pub fn stamp(self) -> Stamp {
        Stamp(i64::try_from(self.0).unwrap_or(i64::MAX))
    }

    /// This instant in seconds, for display and metrics.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        SimSpan(self.0).as_secs_f64()
    }
}

impl SimSpan {
    /// No time at all.
    pub const ZERO: SimSpan = SimSpan(0);
    /// Longer than any run.
    pub const FOREVER: SimSpan = SimSpan(u64::MAX);

    /// So many whole milliseconds.
    #[must_use]
    pub const fn millis(n: u64) -> SimSpan {
        SimSpan(n * 1_000_000)
    }

    /// So many whole seconds.
    #[must_use]
    pub const fn secs(n: u64) -> SimSpan {
        SimSpan(n * NANOS_PER_SECOND)
    }

    /// A span of float seconds, rounded to nanoseconds once (half to even); negative and NaN give zero, the excess saturates.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "float to integer `as` saturates, which is meant"
    )]
    pub fn from_secs_f64(seconds: f64) -> SimSpan {
        SimSpan(libm::rint(seconds * 1e9) as u64)
    }

    /// This span in seconds, for display, samplers and metrics.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a span in a float is for display and metrics only")]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// This span in milliseconds, for display and metrics.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a span in a float is for display and metrics only")]
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Whole seconds in this span, floored.
    #[must_use]
    pub fn whole_secs(self) -> u64 {
        self.0 / NANOS_PER_SECOND
    }

    /// This span times a factor, rounded to nanoseconds.
    #[must_use]
    pub fn scaled(self, factor: f64) -> SimSpan {
        SimSpan::from_secs_f64(self.as_secs_f64() * factor)
    }

    /// This span less another, at least zero.
    #[must_use]
    pub fn less(self, other: SimSpan) -> SimSpan {
        SimSpan(self.0.saturating_sub(other.0))
    }
}

impl Stamp {
    /// The instant as a time of the run: the beginning of the run for what lies before it.
    #[must_use]
    pub fn clamped(self) -> SimTime {
        SimTime(u64::try_from(self.0).unwrap_or(0))
    }

    /// The span from this instant to `now`, zero if this instant is later.
    #[must_use]
    pub fn age_at(self, now: SimTime) -> SimSpan {
        SimSpan(u64::try_from(now.stamp().0.saturating_sub(self.0)).unwrap_or(0))
    }

    /// This instant moved back by a span.
    #[must_use]
    pub fn before(self, span: SimSpan) -> Stamp {
        Stamp(self.0.saturating_sub(i64::try_from(span.0).unwrap_or(i64::MAX)))
    }

    /// This instant moved on by a span.
    #[must_use]
    pub fn after(self, span: SimSpan) -> Stamp {
        Stamp(self.0.saturating_add(i64::try_from(span.0).unwrap_or(i64::MAX)))
    }
}

impl ClockOffset {
    /// What a clock with this offset shows.
    #[must_use]
    pub fn shows(self, at: Stamp) -> Stamp {
        Stamp(at.0.saturating_add(self.0))
    }

    /// The whole seconds that a clock with this offset shows, floored.
    #[must_use]
    pub fn whole_secs(self, at: Stamp) -> i64 {
        at.0.saturating_add(self.0).div_euclid(NANOS_PER_SECOND.cast_signed())
    }

    /// The first instant at which a clock with this offset shows `secs` whole seconds.
    #[must_use]
    pub fn instant_of(self, secs: i64) -> Stamp {
        Stamp(secs.saturating_mul(NANOS_PER_SECOND.cast_signed()).saturating_sub(self.0))
    }
}

impl Add<SimSpan> for SimTime {
    type Output = SimTime;
    fn add(self, span: SimSpan) -> SimTime {
        SimTime(self.0.saturating_add(span.0))
    }
}

impl Add for SimSpan {
    type Output = SimSpan;
    fn add(self, other: SimSpan) -> SimSpan {
        SimSpan(self.0.saturating_add(other.0))
    }
}

impl AddAssign for SimSpan {
    fn add_assign(&mut self, other: SimSpan) {
        *self = *self + other;
    }
}

impl Sub for SimSpan {
    type Output = SimSpan;
    fn sub(self, other: SimSpan) -> SimSpan {
        self.less(other)
    }
}

impl fmt::Display for SimSpan {
    /// As a scenario file writes it, exact: `1h30min`, `250ms`, `1.5s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let (mut secs, nanos) = (self.0 / NANOS_PER_SECOND, self.0 % NANOS_PER_SECOND);
        for (unit, size) in UNITS {
            let count = secs / size;
            if count > 0 && (unit != "s" || nanos == 0) {
                write!(f, "{count}{unit}")?;
                secs %= size;
            }
        }
        match nanos {
            0 => Ok(()),
            _ if secs > 0 => decimal(f, secs, nanos, 9, "s"),
            _ if nanos >= 1_000_000 => decimal(f, nanos / 1_000_000, nanos % 1_000_000, 6, "ms"),
            _ if nanos >= 1_000 => decimal(f, nanos / 1_000, nanos % 1_000, 3, "us"),
            _ => write!(f, "{nanos}ns"),
        }
    }
}

fn decimal(f: &mut fmt::Formatter<'_>, whole: u64, part: u64, digits: usize, unit: &str) -> fmt::Result {
    if part == 0 {
        return write!(f, "{whole}{unit}");
    }
    let part = format!("{part:0digits$}");
    write!(f, "{whole}.{}{unit}", part.trim_end_matches('0'))
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SimSpan(self.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_print_as_a_scenario_writes_them() {
        let cases = [(0, "0s"), (5_400, "1h30min"), (86_400 + 1, "1d1s"), (36, "36s")];
        for (secs, text) in cases {
            assert_eq!(SimSpan::secs(secs).to_string(), text);
        }
        assert_eq!(SimSpan::millis(16_400).to_string(), "16.4s");
        assert_eq!(SimSpan(61_500_000_000).to_string(), "1min1.5s");
        assert_eq!(SimSpan(1_500).to_string(), "1.5us");
        assert_eq!(SimSpan(60_000_000_005).to_string(), "1min5ns");
    }

    #[test]
    fn a_clock_shows_floored_seconds_also_before_the_run() {
        let clock = ClockOffset(300_000_000);
        assert_eq!(clock.whole_secs(Stamp(-400_000_000)), -1);
        assert_eq!(clock.whole_secs(Stamp(700_000_000)), 1);
        assert_eq!(clock.instant_of(1), Stamp(700_000_000));
    }
}
