//! The CSV files of a results folder: floats as the shortest text that reads back the same, nothing where there is no value.

use super::number::{exact, seconds};
use crate::experiment::comparison::Comparison;
use crate::experiment::stat::Interval;
use crate::experiment::verdict;
use crate::metric::MetricDef;

/// To which point of a sweep rows belong.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// From 0.
    pub number: usize,
    /// The values of the swept keys.
    pub values: &'a [&'a str],
}

/// The only point of a single scenario.
const SINGLE: Point<'_> = Point { number: 0, values: &[] };

/// The columns of `summary.csv`.
pub const SUMMARY: [&str; 14] =
    ["point", "policy", "metric", "unit", "n", "mean", "ci_low", "ci_high", "sd", "min", "p50", "p95", "p99", "max"];
/// The columns of `differences.csv`.
pub const DIFFERENCES: [&str; 11] = [
    "point",
    "policy",
    "versus",
    "metric",
    "mean",
    "ci_low",
    "ci_high",
    "ratio",
    "ratio_ci_low",
    "ratio_ci_high",
    "verdict",
];
/// The columns of `timeline.csv`.
pub const TIMELINE: [&str; 7] = ["point", "policy", "bin_start_s", "ok", "failed", "forbidden", "idp_token_requests"];

/// One line of a CSV file, quoted where it must be.
pub(crate) fn row<S: AsRef<[u8]>>(fields: &[S]) -> String {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(fields).expect("writing to memory cannot fail");
    let bytes = writer.into_inner().expect("writing to memory cannot fail");
    String::from_utf8(bytes).expect("the fields are text")
}

/// `replications.csv`: a row per policy and replication.
#[must_use]
pub fn replications(comparison: &Comparison) -> String {
    replications_header(&[], &comparison.metrics) + &replications_of(SINGLE, comparison)
}

/// The columns of `replications.csv`, with those of the swept keys.
#[must_use]
pub fn replications_header(keys: &[&str], metrics: &[MetricDef]) -> String {
    let mut header = vec!["point"];
    header.extend(keys);
    header.extend(["policy", "replication", "digest"]);
    header.extend(metrics.iter().map(|metric| metric.name));
    row(&header)
}

/// The rows of a point in `replications.csv`.
#[must_use]
pub fn replications_of(point: Point<'_>, comparison: &Comparison) -> String {
    let mut text = String::new();
    for replication in 0..comparison.finished() as usize {
        for (policy, results) in comparison.policies.iter().enumerate() {
            let mut fields = vec![point.number.to_string()];
            fields.extend(point.values.iter().map(|&value| value.to_owned()));
            let digest = format!("{:016x}", results.digests[replication]);
            fields.extend([results.name.clone(), replication.to_string(), digest]);
            fields.extend(
                (0..comparison.metrics.len()).map(|metric| exact(comparison.values_at(policy, metric)[replication])),
            );
            text.push_str(&row(&fields));
        }
    }
    text
}

/// `summary.csv`: a row per policy and metric.
#[must_use]
pub fn summary(comparison: &Comparison) -> String {
    row(&SUMMARY) + &summary_of(SINGLE, comparison)
}

/// The rows of a point in `summary.csv`.
#[must_use]
pub fn summary_of(point: Point<'_>, comparison: &Comparison) -> String {
    let point = point.number.to_string();
    let mut text = String::new();
    for (policy, results) in comparison.policies.iter().enumerate() {
        for metric in &comparison.metrics {
            let mut fields =
                vec![point.clone(), results.name.clone(), metric.name.to_string(), metric.unit.symbol().to_string()];
            match comparison.summary(policy, metric.name) {
                None => {
                    fields.push("0".into());
                    fields.resize(SUMMARY.len(), String::new());
                }
                Some(found) => {
                    let (low, high) = bounds(found.interval);
                    fields.extend([found.n.to_string(), exact(found.mean), low, high, or_empty(found.sd)]);
                    let quantiles = [found.min, found.p50, found.p95.value, found.p99.value, found.max];
                    fields.extend(quantiles.map(exact));
                }
            }
            text.push_str(&row(&fields));
        }
    }
    text
}

/// `differences.csv`: a row per policy but the first, and metric.
#[must_use]
pub fn differences(comparison: &Comparison) -> String {
    row(&DIFFERENCES) + &differences_of(SINGLE, comparison)
}

/// The rows of a point in `differences.csv`.
#[must_use]
pub fn differences_of(point: Point<'_>, comparison: &Comparison) -> String {
    let point = point.number.to_string();
    let mut text = String::new();
    for line in verdict::differences(comparison) {
        let (low, high) = bounds(line.difference.interval);
        let (ratio_low, ratio_high) = bounds(line.difference.ratio.map(|ratio| ratio.interval));
        text.push_str(&row(&[
            &point,
            &comparison.policies[line.policy].name,
            &comparison.policies[0].name,
            comparison.metrics[line.metric].name,
            &exact(line.difference.mean),
            &low,
            &high,
            &or_empty(line.difference.ratio.map(|ratio| ratio.value)),
            &ratio_low,
            &ratio_high,
            line.verdict.word(),
        ]));
    }
    text
}

/// `timeline.csv`: a row per policy and bin, means over the replications.
#[must_use]
pub fn timeline(comparison: &Comparison) -> String {
    row(&TIMELINE) + &timeline_of(SINGLE, comparison)
}

/// The rows of a point in `timeline.csv`.
#[must_use]
pub fn timeline_of(point: Point<'_>, comparison: &Comparison) -> String {
    let point = point.number.to_string();
    let mut text = String::new();
    let replications = f64::from(comparison.finished().max(1));
    for policy in &comparison.policies {
        for (total, start) in policy.timeline.iter().zip(&comparison.layout.bins) {
            let mut fields = vec![point.clone(), policy.name.clone(), seconds(start.0)];
            let sums = total.sums;
            fields.extend(
                [sums.ok, sums.failed, sums.forbidden, sums.idp_token_requests]
                    .map(|sum| exact(as_float(sum) / replications)),
            );
            text.push_str(&row(&fields));
        }
    }
    text
}

fn bounds(interval: Option<Interval>) -> (String, String) {
    interval.map_or_else(Default::default, |interval| (exact(interval.low), exact(interval.high)))
}

fn or_empty(value: Option<f64>) -> String {
    value.map_or_else(String::new, exact)
}

#[expect(clippy::cast_precision_loss, reason = "a count of calls, for a mean")]
fn as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_files_have_the_columns_of_the_specification() {
        let comparison = sample::comparison(2);
        let first = |text: String| text.lines().next().unwrap().to_string();
        assert_eq!(
            first(summary(&comparison)),
            "point,policy,metric,unit,n,mean,ci_low,ci_high,sd,min,p50,p95,p99,max"
        );
        assert_eq!(
            first(differences(&comparison)),
            "point,policy,versus,metric,mean,ci_low,ci_high,ratio,ratio_ci_low,ratio_ci_high,verdict"
        );
        assert_eq!(first(timeline(&comparison)), "point,policy,bin_start_s,ok,failed,forbidden,idp_token_requests");
        assert!(first(replications(&comparison)).starts_with("point,policy,replication,digest,requests,ok,failed,"));
        assert_eq!(replications(&comparison).lines().count(), 1 + 2 * comparison.policies.len());
    }

    #[test]
    fn a_metric_that_does_not_apply_has_empty_fields() {
        let text = summary(&sample::comparison(2));
        assert!(text.lines().any(|line| line == "0,ttl-only,application_downtime_s,s,0,,,,,,,,,"), "{text}");
    }

    #[test]
    fn no_field_is_nan_or_a_negative_zero() {
        let comparison = sample::comparison(3);
        for text in [summary(&comparison), differences(&comparison), timeline(&comparison), replications(&comparison)] {
            assert!(text.lines().flat_map(|line| line.split(',')).all(|field| field != "NaN" && field != "-0"));
        }
    }
}
