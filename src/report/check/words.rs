//! One verdict in words, the same in every form of the report.

use crate::experiment::baseline::Change;
use crate::experiment::comparison::Comparison;
use crate::experiment::judge::{Decision, Judged, Range, Why};
use crate::report::number::{fixed, short};
use crate::scenario::{Bound, Stat};

/// `event-purge: p95 of downtime_after_restart_s is 1.21, in [1.1, 1.34]; expected below 2`.
#[must_use]
pub fn expectation(judged: &Judged<'_>, comparison: &Comparison) -> String {
    let policy = &comparison.policies[judged.policy].name;
    let what = what(judged, comparison);
    let expected = format!("expected {}", bound(judged, comparison));
    if let Some(why) = judged.why {
        return format!("{policy}: {}; {expected}", nothing(why, &what, comparison, judged));
    }
    let found = match (judged.expect.bound, judged.value) {
        (Bound::Sometimes, times) => {
            let times = times.map_or_else(|| "0".into(), |times| fixed(times, 0));
            format!("{} is above zero in {times} of {} replications", judged.expect.metric, judged.n)
        }
        (_, Some(value)) => format!("{what} is {}{}", short(value), range(judged)),
        (_, None) => format!("{what} is not known: the mean of the other policy may be zero"),
    };
    format!("{policy}: {found}; {expected}{}{}", same(judged), across(judged, comparison))
}

fn what(judged: &Judged<'_>, comparison: &Comparison) -> String {
    let metric = &judged.expect.metric;
    match (judged.expect.versus, judged.expect.stat) {
        (Some(versus), _) => format!("mean {metric} over that of {}", comparison.policies[versus].name),
        (None, Stat::Mean) => format!("mean {metric}"),
        (None, stat) => format!("{} of {metric}", stat.word()),
    }
}

fn bound(judged: &Judged<'_>, comparison: &Comparison) -> String {
    let times = judged
        .expect
        .versus
        .map_or_else(String::new, |versus| format!(" times that of {}", comparison.policies[versus].name));
    match judged.expect.bound {
        Bound::Below(limit) => format!("below {}{times}", short(limit)),
        Bound::Above(limit) => format!("above {}{times}", short(limit)),
        Bound::Between(least, most) => format!("between {} and {}{times}", short(least), short(most)),
        Bound::Equals(value) => format!("{}{times}", short(value)),
        Bound::Sometimes => "it in at least one".into(),
    }
}

fn nothing(why: Why, what: &str, comparison: &Comparison, judged: &Judged<'_>) -> String {
    match why {
        Why::NoValue => format!("{} has no value in any replication", judged.expect.metric),
        Why::NoRatio => format!("{what}: both are zero in every replication, so there is no ratio"),
        Why::OneReplication => format!("{what}: {} replication has no spread", comparison.finished()),
    }
}

fn range(judged: &Judged<'_>) -> String {
    let Range { low, high } = judged.range;
    match (low, high) {
        _ if judged.others_below.is_some() => String::new(),
        (Some(low), Some(high)) if low.total_cmp(&high).is_eq() => String::new(),
        (Some(low), Some(high)) => format!(", in [{}, {}]", short(low), short(high)),
        (Some(low), None) => format!(", in [{}, ?)", short(low)),
        (None, Some(high)) => format!(", in (?, {}]", short(high)),
        (None, None) => ", in an unknown range".into(),
    }
}

/// The rule of three.
fn same(judged: &Judged<'_>) -> String {
    judged.others_below.map_or_else(String::new, |share| {
        let what = if judged.expect.bound == Bound::Sometimes { "have it" } else { "differ" };
        let share = fixed(100.0 * share, 1);
        match judged.expect.bound {
            Bound::Sometimes => format!(" (with 95 % confidence fewer than {share} % of all worlds {what})"),
            _ => format!(
                " (the same in each of {} replications: with 95 % confidence fewer than {share} % of all worlds {what})",
                judged.n
            ),
        }
    })
}

fn across(judged: &Judged<'_>, comparison: &Comparison) -> String {
    if judged.decision != Decision::Undecided {
        return String::new();
    }
    format!(" (cannot be told by {} replications; a larger run.replications would)", comparison.finished())
}

/// `ttl-only: downtime_s 1,790 → 1,900 (+6.1 %, between +5.2 % and +7.1 %)`.
#[must_use]
pub fn change(change: &Change) -> String {
    let Change { policy, metric, before, now, difference, .. } = change;
    let relative = |value: f64| {
        let percent = 100.0 * value / before.abs();
        format!("{}{} %", if percent < 0.0 { "" } else { "+" }, fixed(percent, usize::from(percent.abs() < 10.0)))
    };
    let size = if *before == 0.0 {
        format!("{}{}", if difference.mean < 0.0 { "" } else { "+" }, short(difference.mean))
    } else {
        relative(difference.mean)
    };
    let within = difference.interval.map_or_else(String::new, |interval| {
        if *before == 0.0 {
            format!(", between {} and {}", short(interval.low), short(interval.high))
        } else {
            format!(", between {} and {}", relative(interval.low), relative(interval.high))
        }
    });
    format!("{policy}: mean {} {} -> {} ({size}{within})", metric.name, short(*before), short(*now))
}
