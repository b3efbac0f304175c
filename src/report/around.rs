//! The stretch of a comparison around its first fault: from when to when it is worth a look, and what share of calls succeeded.

use crate::experiment::comparison::{BinTotal, Comparison};
use crate::scenario::Scenario;
use crate::time::{SimSpan, SimTime};

/// Below this a policy has not recovered.
pub const RECOVERED: f64 = 0.999;

/// The instant that is counted from: the first fault.
#[must_use]
pub fn origin(comparison: &Comparison) -> SimTime {
    comparison.layout.windows.first().map_or(SimTime::ZERO, |window| window.0)
}

/// Whether the IdP restarts.
#[must_use]
pub fn is_restart(scenario: &Scenario) -> bool {
    scenario.world.faults.iter().any(|fault| matches!(fault.fault.kind(), "idp-restart" | "idp-crash"))
}

/// What [`origin`] is.
#[must_use]
pub fn named_origin(scenario: &Scenario, comparison: &Comparison) -> &'static str {
    match comparison.layout.windows.first() {
        None => "the run began",
        Some(_) if is_restart(scenario) => "the IdP stopped",
        Some(_) => "the fault began",
    }
}

/// The stretch worth a look: from a little before the first fault to a little after the last recovery.
#[must_use]
pub fn shown(comparison: &Comparison) -> (SimTime, SimTime) {
    let layout = &comparison.layout;
    let Some(&(first, end)) = layout.windows.first() else { return (SimTime::ZERO, layout.end) };
    let failing = |bin: &BinTotal| share([bin]).is_some_and(|share| share < RECOVERED);
    let last_failing = (layout.bin_of(first)..layout.bins.len())
        .rev()
        .find(|&index| comparison.policies.iter().any(|policy| failing(&policy.timeline[index])));
    let recovered = last_failing.map_or(end, |index| layout.bins.get(index + 1).copied().unwrap_or(layout.end));
    let span = recovered.max(end).since(first);
    let before = span.scaled(0.08).max(SimSpan::secs(5));
    (SimTime(first.0.saturating_sub(before.0)), (recovered.max(end) + span.scaled(0.08)).min(layout.end))
}

/// The share of calls that succeeded in these bins, over all replications; `None` without a call.
#[must_use]
pub fn share<'a>(bins: impl IntoIterator<Item = &'a BinTotal>) -> Option<f64> {
    let (mut ok, mut calls) = (0, 0);
    for bin in bins {
        ok += bin.sums.ok;
        calls += bin.sums.ok + bin.sums.failed;
    }
    (calls > 0).then(|| float(ok) / float(calls))
}

#[expect(clippy::cast_precision_loss, reason = "a count of calls in a ratio that is drawn")]
fn float(count: u64) -> f64 {
    count as f64
}
