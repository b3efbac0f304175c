//! What a comparison means in a year, where the scenario has an `[slo]`: the calls that restarts cost against the error budget.
//!
//! A run is a sample of what a restart costs: all its failed calls are charged to its restarts, evenly. A year has
//! `restarts_per_year` of them, and calls at the mean rate of the run. Its error budget is the share 1 − `target` of these calls.

use serde::Serialize;

use super::table::columns::is_censored;
use crate::experiment::comparison::Comparison;
use crate::experiment::stat::{Interval, Summary, summarise};
use crate::model::config::{FaultConfig, WorldConfig};
use crate::scenario::{Scenario, Slo};

/// A year of 365 days.
const YEAR_S: f64 = 365.0 * 86_400.0;

/// A year under every policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Year {
    pub slo: Slo,
    /// Restarts of the IdP that begin in what is measured of a run, a rolling one counted once; 0: nothing restarts, and the run
    /// as a whole is taken for what happens `restarts_per_year` times.
    pub restarts_a_run: u64,
    /// One a policy, in the order of the scenario.
    pub rows: Vec<Row>,
}

/// A year under a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The policy's position in the scenario.
    pub policy: usize,
    /// Calls that fail in the year.
    pub failed: Summary,
    /// The same as so many seconds in which every call fails.
    pub outage_s: Summary,
    /// The share of the error budget that is spent: 1 is all of it, and it may be more.
    pub spent: Summary,
    /// Outages were open at the end of runs: all of this is at least what is said.
    pub at_least: bool,
    pub verdict: Verdict,
}

/// Whether the budget is kept, by the interval of what is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The whole interval lies within the budget.
    Kept,
    /// The whole interval lies above it.
    Exceeded,
    /// Neither: more replications or a longer run would tell.
    CannotTell,
}

impl Year {
    /// What happens so often, and what it is held to: `in a year with 12 restarts, if 99.95 % of calls are to succeed`.
    #[must_use]
    pub fn asks(&self) -> String {
        let (target, times) = (percents(self.slo.target), self.slo.restarts_per_year);
        let happens = match self.restarts_a_run {
            0 => format!("in a year in which what this run plays happens {times} times (nothing restarts in it)"),
            _ => format!("in a year with {times} restarts"),
        };
        format!("{happens}, if {target} % of calls are to succeed")
    }

    /// The error budget as so many seconds in which every call fails.
    #[must_use]
    pub fn budget_s(&self) -> f64 {
        (1.0 - self.slo.target) * YEAR_S
    }
}

impl Verdict {
    fn of(spent: Option<Interval>, at_least: bool) -> Verdict {
        match spent {
            Some(Interval { low, .. }) if low > 1.0 => Verdict::Exceeded,
            Some(Interval { high, .. }) if high <= 1.0 && !at_least => Verdict::Kept,
            Some(_) | None => Verdict::CannotTell,
        }
    }

    /// As tables and files say it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Kept => "kept",
            Verdict::Exceeded => "exceeded",
            Verdict::CannotTell => "cannot tell",
        }
    }
}

/// The year of a comparison; `None` without an `[slo]`, and where nobody calls.
#[must_use]
pub fn year(scenario: &Scenario, comparison: &Comparison) -> Option<Year> {
    let slo = scenario.slo?;
    let restarts_a_run = restarts(&scenario.world);
    #[expect(clippy::cast_precision_loss, reason = "a number of restarts")]
    let incidents = restarts_a_run.max(1) as f64;
    let run = &scenario.world.run;
    let times = (slo.restarts_per_year / incidents, YEAR_S / run.duration.less(run.warmup).as_secs_f64());
    let rows = (0..comparison.policies.len()).map(|policy| row(slo, times, comparison, policy));
    Some(Year { slo, restarts_a_run, rows: rows.collect::<Option<_>>()? })
}

/// Each replication is a year of its own, and so the intervals know that calls and failures vary together. `times` says for how
/// many runs a year has restarts, and how many runs long it is.
fn row(slo: Slo, (as_restarts, as_long): (f64, f64), comparison: &Comparison, policy: usize) -> Option<Row> {
    let failed: Vec<f64> = comparison.values(policy, "failed").iter().map(|failed| failed * as_restarts).collect();
    let calls = comparison.values(policy, "requests").iter().map(|calls| calls * as_long);
    // NaN without calls, and left out.
    let share: Vec<f64> = failed.iter().zip(calls).map(|(failed, calls)| failed / calls).collect();
    let scaled = |factor: f64| {
        let values: Vec<f64> = share.iter().map(|share| share * factor).collect();
        summarise(&values, comparison.error)
    };
    let (spent, at_least) = (scaled(1.0 / (1.0 - slo.target))?, is_censored(comparison, policy));
    let verdict = Verdict::of(spent.interval, at_least);
    Some(Row {
        policy,
        failed: summarise(&failed, comparison.error)?,
        outage_s: scaled(YEAR_S)?,
        spent,
        at_least,
        verdict,
    })
}

/// Restarts of the IdP that begin after the warm-up and before the end of a run.
fn restarts(world: &WorldConfig) -> u64 {
    let (from, end) = (world.run.warmup.0, world.run.duration.0);
    let begin = |fault: &FaultConfig| {
        let first = fault.at.sample(0.5).0;
        let every = fault.every.map_or(u64::MAX, |every| every.0);
        let before = |limit: u64| if first < limit { (limit - 1 - first) / every + 1 } else { 0 };
        before(end) - before(from)
    };
    let of_idp = |fault: &&FaultConfig| matches!(fault.fault.kind(), "idp-restart" | "idp-crash");
    world.faults.iter().filter(of_idp).map(begin).sum()
}

/// A share in percent, with no more digits than it has: `99.95`.
fn percents(share: f64) -> String {
    let text = format!("{:.9}", 100.0 * share);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The year in `summary.json`.
#[derive(Debug, Serialize)]
pub struct Part<'a> {
    target: f64,
    restarts_per_year: f64,
    restarts_a_run: u64,
    budget_s: f64,
    policies: Vec<PolicyPart<'a>>,
}

#[derive(Debug, Serialize)]
struct PolicyPart<'a> {
    policy: &'a str,
    failed: f64,
    failed_ci_low: Option<f64>,
    failed_ci_high: Option<f64>,
    outage_s: f64,
    outage_s_ci_low: Option<f64>,
    outage_s_ci_high: Option<f64>,
    spent: f64,
    spent_ci_low: Option<f64>,
    spent_ci_high: Option<f64>,
    at_least: bool,
    verdict: &'static str,
}

/// [`year`] for `summary.json`.
#[must_use]
pub fn part<'a>(scenario: &Scenario, comparison: &'a Comparison) -> Option<Part<'a>> {
    let year = year(scenario, comparison)?;
    let ends = |of: Summary| (of.interval.map(|interval| interval.low), of.interval.map(|interval| interval.high));
    let policy = |row: &Row| {
        let [failed, outage_s, spent] = [row.failed, row.outage_s, row.spent].map(ends);
        PolicyPart {
            policy: &comparison.policies[row.policy].name,
            failed: row.failed.mean,
            failed_ci_low: failed.0,
            failed_ci_high: failed.1,
            outage_s: row.outage_s.mean,
            outage_s_ci_low: outage_s.0,
            outage_s_ci_high: outage_s.1,
            spent: row.spent.mean,
            spent_ci_low: spent.0,
            spent_ci_high: spent.1,
            at_least: row.at_least,
            verdict: row.verdict.word(),
        }
    };
    Some(Part {
        target: year.slo.target,
        restarts_per_year: year.slo.restarts_per_year,
        restarts_a_run: year.restarts_a_run,
        budget_s: year.budget_s(),
        policies: year.rows.iter().map(policy).collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dist::Dist;
    use crate::report::sample;
    use crate::time::SimSpan;

    const SLO: Slo = Slo { target: 0.999, restarts_per_year: 12.0 };

    fn scenario() -> Scenario {
        Scenario { slo: Some(SLO), ..sample::scenario() }
    }

    /// 2,160,000 calls in three hours, of which so many fail.
    fn failing(failed: f64, replications: u32) -> Comparison {
        sample::changed(replications, move |_, metric, value| match metric {
            "requests" => 2_160_000.0,
            "failed" => failed,
            _ => value,
        })
    }

    #[test]
    fn a_year_worked_out_by_hand() {
        // A year is 2,920 runs long: 6,307,200,000 calls, of which 6,307,200 may fail. Twelve restarts fail 12 x 525,600.
        let year = year(&scenario(), &failing(525_600.0, 3)).unwrap();
        let row = &year.rows[0];
        assert!((row.failed.mean - 6_307_200.0).abs() < 1e-6 && (row.spent.mean - 1.0).abs() < 1e-9, "{row:?}");
        assert!((row.outage_s.mean - 31_536.0).abs() < 1e-6 && (year.budget_s() - 31_536.0).abs() < 1e-6);
        assert_eq!(year.asks(), "in a year with 12 restarts, if 99.9 % of calls are to succeed");
    }

    #[test]
    fn the_verdict_is_the_intervals_and_not_the_means() {
        let verdict = |failed, replications| year(&scenario(), &failing(failed, replications)).unwrap().rows[0].verdict;
        assert_eq!(verdict(500_000.0, 3), Verdict::Kept);
        assert_eq!(verdict(550_000.0, 3), Verdict::Exceeded);
        assert_eq!(verdict(550_000.0, 1), Verdict::CannotTell, "one replication has no interval");
        let interval = |low, high| Some(Interval { low, high });
        assert_eq!(Verdict::of(interval(0.4, 1.2), false), Verdict::CannotTell);
        assert_eq!(Verdict::of(interval(0.4, 0.9), true), Verdict::CannotTell, "outages went on after the end");
        assert_eq!(Verdict::of(interval(1.4, 1.9), true), Verdict::Exceeded);
    }

    #[test]
    fn failures_that_rise_with_the_calls_leave_the_share_certain() {
        // Every replication has another number of calls, and a quarter of them fails in each.
        let original = sample::comparison(4);
        let mut paired = Comparison::new(&["a".into()], sample::metrics(), original.layout.clone(), 4);
        for replication in 0..4 {
            let mut record = sample::record(replication, 0, &original.layout);
            let calls = 1_000_000.0 * f64::from(replication + 1);
            for (value, metric) in record.values.iter_mut().zip(sample::metrics()) {
                *value = if metric.name == "failed" { calls / 4.0 } else { calls };
            }
            paired.push(&record);
        }
        let row = &year(&scenario(), &paired).unwrap().rows[0];
        let half = |of: Summary| of.interval.unwrap().high - of.mean;
        assert!(half(row.failed) > 1e6 && half(row.spent) < 1e-12 && row.verdict != Verdict::Kept, "{row:?}");
    }

    #[test]
    fn restarts_are_counted_where_they_are_measured() {
        let of = |every: Option<u64>, warmup: u64| {
            let mut scenario = scenario();
            let world = Arc::get_mut(&mut scenario.world).unwrap();
            world.run.warmup = SimSpan::secs(warmup);
            world.faults[0].every = every.map(SimSpan::secs);
            let year = year(&scenario, &failing(500.0, 2)).unwrap();
            (year.restarts_a_run, year.rows[0].failed.mean)
        };
        // At 3,600 s of 10,800 s.
        assert_eq!(of(None, 0), (1, 6_000.0));
        assert_eq!(of(Some(1_800), 0), (4, 1_500.0));
        assert_eq!(of(Some(1_800), 3_601), (3, 2_000.0));
        assert_eq!(of(None, 3_601).0, 0, "before the warm-up's end");
    }

    #[test]
    fn where_nothing_restarts_the_run_is_what_happens() {
        let mut scenario = scenario();
        Arc::get_mut(&mut scenario.world).unwrap().faults[0].at = Dist::Constant(SimSpan::secs(20_000));
        let year = year(&scenario, &failing(500.0, 2)).unwrap();
        assert!((year.rows[0].failed.mean - 6_000.0).abs() < 1e-6);
        assert!(year.asks().contains("happens 12 times (nothing restarts in it)"), "{}", year.asks());
    }

    #[test]
    fn without_an_slo_or_without_calls_there_is_no_year() {
        assert_eq!(super::year(&sample::scenario(), &sample::comparison(2)), None);
        let nobody =
            sample::changed(2, |_, metric, value| if ["requests", "failed"].contains(&metric) { 0.0 } else { value });
        assert_eq!(super::year(&scenario(), &nobody), None);
    }

    #[test]
    fn a_target_is_told_with_the_digits_that_it_has() {
        for (target, text) in [(0.9995, "99.95"), (0.5, "50"), (0.999_999_9, "99.99999")] {
            assert_eq!(percents(target), text);
        }
    }
}
