//! The columns of the tables of policies, one entry each in [`COLUMNS`]. A metric that this version does not have, and one that
//! is empty for every policy, has no column.

use crate::experiment::comparison::Comparison;
use crate::experiment::stat::Summary;
use crate::experiment::verdict;
use crate::report::number::{short, with_half_width};

/// A column: what it says of a policy, and when it is there.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// By name.
    pub metric: &'static str,
    /// Empty: the metric in words.
    title: &'static str,
    cell: Cell,
    shown: Shown,
    spare: bool,
}

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Mean,
    /// The mean, marked where lanes were down at the end.
    Censored,
    /// The same with half the width of its interval.
    Interval,
    P95,
}

/// When a column is there, if any policy has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// Where downtime is what policies are judged by.
    Judged,
    /// Where something restarts.
    Restarts,
    /// Where nothing does, and no token of a caller is revoked.
    Quiet,
    /// Where exposure is what policies are judged by; a spare one also has to be above zero somewhere.
    Exposed,
    /// Where it is not, and the mean of any policy is above zero.
    Beside,
    /// Where the mean of any policy is above zero.
    AboveZero,
    /// In the tables of sweeps, if exposure is not what policies are judged by.
    Sweeps,
}

/// Which table it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Compare,
    Sweep,
}

const fn column(metric: &'static str, title: &'static str, cell: Cell, shown: Shown) -> Column {
    Column { metric, title, cell, shown, spare: false }
}

const fn spare(metric: &'static str, title: &'static str, cell: Cell, shown: Shown) -> Column {
    Column { metric, title, cell, shown, spare: true }
}

/// Every column, in order.
pub const COLUMNS: &[Column] = &[
    column("downtime_after_restart_s", "", Cell::Interval, Shown::Restarts),
    spare("downtime_after_restart_s", "p95", Cell::P95, Shown::Restarts),
    spare("downtime_after_restart_worst_lane_s", "worst lane, s", Cell::Censored, Shown::Restarts),
    // What a policy saves after a restart it may lose elsewhere: both in one row.
    spare("downtime_s", "all downtime, s", Cell::Censored, Shown::Restarts),
    column("exposure_mean_s", "", Cell::Interval, Shown::Exposed),
    column("exposure_max_s", "longest, s", Cell::Mean, Shown::Exposed),
    column("accepted_after_revocation", "", Cell::Mean, Shown::Exposed),
    spare("false_rejections", "", Cell::Mean, Shown::Exposed),
    spare("event_messages", "", Cell::Mean, Shown::Exposed),
    spare("idp_introspections", "", Cell::Mean, Shown::Exposed),
    spare("failed.inbound-refused", "", Cell::Mean, Shown::Exposed),
    spare("downtime_s", "", Cell::Censored, Shown::Exposed),
    column("downtime_s", "", Cell::Interval, Shown::Quiet),
    spare("downtime_s", "p95", Cell::P95, Shown::Quiet),
    spare("downtime_worst_lane_s", "worst lane, s", Cell::Censored, Shown::Quiet),
    column("failed", "", Cell::Mean, Shown::Judged),
    column("idp_token_requests_peak_per_s", "", Cell::Mean, Shown::Judged),
    column("application_downtime_s", "", Cell::Censored, Shown::AboveZero),
    column("superseded_tokens", "", Cell::Mean, Shown::AboveZero),
    column("lost_tokens", "", Cell::Mean, Shown::AboveZero),
    spare("con_app_key_violations", "", Cell::Mean, Shown::AboveZero),
    spare("tokens_issued", "", Cell::Mean, Shown::Sweeps),
    spare("latency_p99_ms", "", Cell::Mean, Shown::Sweeps),
    spare("duplicate_active_jwts", "", Cell::Mean, Shown::AboveZero),
    column("con_app_key_exhausted", "", Cell::Mean, Shown::AboveZero),
    column("failed.persist-failed", "", Cell::Mean, Shown::AboveZero),
    spare("exposure_mean_s", "", Cell::Mean, Shown::Beside),
    spare("accepted_after_revocation", "", Cell::Mean, Shown::Beside),
    spare("false_rejections", "", Cell::Mean, Shown::Beside),
];

/// A metric as tables and plots call it.
#[must_use]
pub fn in_words(metric: &'static str) -> &'static str {
    match metric {
        "downtime_s" => "downtime, s",
        "downtime_worst_lane_s" => "downtime of the worst lane, s",
        "downtime_after_restart_s" => "downtime after restart, s",
        "downtime_after_restart_worst_lane_s" => "downtime after restart of the worst lane, s",
        "failed" => "failed calls",
        "failed.persist-failed" => "calls without a persisted token",
        "idp_token_requests_peak_per_s" => "IdP peak, 1/s",
        "idp_token_requests" => "IdP token requests",
        "application_downtime_s" => "application downtime, s",
        "superseded_tokens" => "superseded tokens",
        "lost_tokens" => "lost tokens",
        "tokens_issued" => "tokens issued",
        "duplicate_active_jwts" => "duplicate active JWTs",
        "con_app_key_violations" => "CON_APP_KEY violations",
        "con_app_key_exhausted" => "CON_APP_KEY retries exhausted",
        "latency_p99_ms" => "latency p99, ms",
        "exposure_mean_s" => "exposure, s",
        "accepted_after_revocation" => "accepted after revocation",
        "false_rejections" => "false rejections",
        "event_messages" => "event messages",
        "idp_introspections" => "introspections",
        "failed.inbound-refused" => "refused callers",
        other => other,
    }
}

/// A row: a policy of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    pub comparison: &'a Comparison,
    pub policy: usize,
}

/// A column's title and what it says of each row.
pub type Cells = (String, Vec<String>);

/// A column as it is printed.
#[derive(Clone, Debug)]
pub struct Values {
    pub cells: Cells,
    /// May be left out where the terminal is too narrow; the last one first.
    pub spare: bool,
}

/// The columns that a table of these rows has.
#[must_use]
pub fn shown(rows: &[Row<'_>], kind: Kind) -> Vec<&'static Column> {
    let restarts = rows.iter().any(|row| verdict::after_restarts(row.comparison));
    let exposed = rows.iter().any(|row| verdict::headline(row.comparison) == verdict::EXPOSURE);
    let any =
        |column: &Column, holds: fn(f64) -> bool| rows.iter().any(|row| row.mean(column.metric).is_some_and(holds));
    let is_shown = |column: &&Column| {
        let wanted = match column.shown {
            Shown::Judged => !exposed,
            Shown::Restarts => restarts,
            Shown::Quiet => !restarts && !exposed,
            Shown::Exposed => exposed && (!column.spare || any(column, |mean| mean > 0.0)),
            Shown::Beside => !exposed && any(column, |mean| mean > 0.0),
            Shown::AboveZero => any(column, |mean| mean > 0.0),
            Shown::Sweeps => kind == Kind::Sweep && !exposed,
        };
        wanted && any(column, |_| true)
    };
    COLUMNS.iter().filter(is_shown).collect()
}

/// The titles and cells of these columns.
#[must_use]
pub fn values(columns: &[&Column], rows: &[Row<'_>]) -> Vec<Values> {
    let title = |column: &Column| if column.title.is_empty() { in_words(column.metric) } else { column.title };
    let of = |column: &&Column| {
        let cells = (title(column).to_owned(), rows.iter().map(|row| row.cell(column)).collect());
        Values { cells, spare: column.spare }
    };
    columns.iter().map(of).collect()
}

impl Row<'_> {
    fn mean(&self, metric: &str) -> Option<f64> {
        self.comparison.summary(self.policy, metric).map(|found| found.mean)
    }

    fn cell(&self, column: &Column) -> String {
        let Some(found) = self.comparison.summary(self.policy, column.metric) else { return "n/a".into() };
        match column.cell {
            Cell::Mean => short(found.mean),
            Cell::Censored => self.censored(short(found.mean)),
            // Open outages cut downtimes off, not exposures.
            Cell::Interval if column.metric == verdict::EXPOSURE => mean_and_half(&found),
            Cell::Interval => self.censored(mean_and_half(&found)),
            Cell::P95 if found.p95.is_max => format!("max {}", short(found.p95.value)),
            Cell::P95 => short(found.p95.value),
        }
    }

    fn censored(&self, text: String) -> String {
        if is_censored(self.comparison, self.policy) { format!("≥ {text}") } else { text }
    }
}

/// Whether lanes were down at the end, so that downtimes are at least what was measured.
#[must_use]
pub fn is_censored(comparison: &Comparison, policy: usize) -> bool {
    comparison.mean(policy, "censored_lanes") > 0.0
}

/// `241 ± 12`.
pub(in crate::report) fn mean_and_half(found: &Summary) -> String {
    with_half_width(found.mean, found.interval.map(|interval| interval.high - found.mean), "±")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn titles(comparison: &Comparison, kind: Kind) -> Vec<String> {
        let rows: Vec<Row<'_>> = (0..comparison.policies.len()).map(|policy| Row { comparison, policy }).collect();
        values(&shown(&rows, kind), &rows).into_iter().map(|column| column.cells.0).collect()
    }

    #[test]
    fn a_column_that_is_empty_for_every_policy_is_left_out() {
        let quiet = |_: &str, metric: &str, value| if metric.contains("after_restart") { f64::NAN } else { value };
        let fixed = ["downtime, s", "p95", "worst lane, s", "failed calls", "IdP peak, 1/s"];
        assert_eq!(titles(&sample::changed(3, quiet), Kind::Compare), fixed);
        let no_lanes = |_: &str, metric: &str, value| if metric.contains("downtime") { f64::NAN } else { value };
        assert_eq!(titles(&sample::changed(3, no_lanes), Kind::Compare), fixed[3..]);
    }

    #[test]
    fn an_optional_column_is_there_if_it_is_above_zero_for_any_policy() {
        let one = |policy: &str, metric: &str, value| match (policy, metric) {
            ("no-cache", "application_downtime_s") => 4.0,
            (_, "application_downtime_s") => 0.0,
            _ => value,
        };
        let titles = titles(&sample::changed(3, one), Kind::Compare);
        assert_eq!(titles.last().map(String::as_str), Some("application downtime, s"));
        assert!(!super::tests::titles(&sample::comparison(3), Kind::Sweep).contains(&"application downtime, s".into()));
    }
}
