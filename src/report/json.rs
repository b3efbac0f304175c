//! `summary.json`: what the table, the differences and the sentences say, for programs. Its schema is `docs/schemas/summary.json`.

use serde::Serialize;

use super::manifest::Replications;
use super::{findings, gateways, year};
use crate::experiment::comparison::Comparison;
use crate::experiment::stat::{Interval, Summary as Numbers};
use crate::experiment::verdict::{self, Line};
use crate::scenario::{Scenario, approximation};

/// Counts up when a program that reads the file would have to change.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    scenario: ScenarioPart<'a>,
    replications: Replications<'a>,
    headline: &'static str,
    policies: Vec<PolicyPart<'a>>,
    summary: Vec<MetricPart<'a>>,
    differences: Vec<DifferencePart<'a>>,
    best: Option<BestPart<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gateways: Vec<GatewayPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    year: Option<year::Part<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approximate: Option<ApproximatePart>,
    findings: Vec<String>,
}

/// What is approximated where calls are counted.
#[derive(Serialize)]
struct ApproximatePart {
    introspections_would_wait: f64,
    says: String,
}

#[derive(Serialize)]
pub(super) struct ScenarioPart<'a> {
    name: &'a str,
    title: &'a str,
    question: &'a str,
    id: &'a str,
}

#[derive(Serialize)]
struct PolicyPart<'a> {
    name: &'a str,
    base: &'a str,
}

#[derive(Serialize)]
pub(super) struct MetricPart<'a> {
    policy: &'a str,
    metric: &'static str,
    unit: &'static str,
    n: usize,
    mean: Option<f64>,
    ci_low: Option<f64>,
    ci_high: Option<f64>,
    sd: Option<f64>,
    min: Option<f64>,
    p50: Option<f64>,
    p95: Option<f64>,
    p95_is_max: bool,
    p99: Option<f64>,
    p99_is_max: bool,
    max: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct DifferencePart<'a> {
    policy: &'a str,
    versus: &'a str,
    metric: &'static str,
    mean: f64,
    ci_low: Option<f64>,
    ci_high: Option<f64>,
    ratio: Option<f64>,
    ratio_ci_low: Option<f64>,
    ratio_ci_high: Option<f64>,
    variance_reduction: Option<f64>,
    verdict: &'static str,
}

#[derive(Serialize)]
pub(super) struct BestPart<'a> {
    metric: &'static str,
    policies: Vec<&'a str>,
    not_told_apart: Vec<&'a str>,
}

/// What revocations of callers' tokens came to at a gateway, or at all of them.
#[derive(Serialize)]
pub(super) struct GatewayPart<'a> {
    policy: &'a str,
    gateway: String,
    listens: Option<bool>,
    revocations: Option<f64>,
    heard: Option<f64>,
    accepted: Option<f64>,
    accepted_ci_low: Option<f64>,
    accepted_ci_high: Option<f64>,
    exposure_mean_s: Option<f64>,
    exposure_p99_s: Option<f64>,
    exposure_p99_is_max: bool,
    exposure_max_s: Option<f64>,
    false_rejections: Option<f64>,
    false_rejections_ci_low: Option<f64>,
    false_rejections_ci_high: Option<f64>,
}

/// The text of `summary.json`.
///
/// # Panics
/// Never: all of it can be JSON.
#[must_use]
pub fn summary(scenario: &Scenario, comparison: &Comparison) -> String {
    let document = Document {
        schema: SCHEMA,
        scenario: ScenarioPart::of(scenario),
        replications: Replications::of(comparison),
        headline: verdict::headline(comparison),
        policies: scenario
            .policies
            .iter()
            .map(|policy| PolicyPart { name: &policy.name, base: &policy.base })
            .collect(),
        summary: metric_parts(comparison),
        differences: verdict::differences(comparison).iter().map(|line| difference_part(comparison, line)).collect(),
        best: best_part(comparison),
        gateways: gateway_parts(scenario, comparison),
        year: year::part(scenario, comparison),
        approximate: ApproximatePart::of(scenario),
        findings: findings::all(scenario, comparison),
    };
    serde_json::to_string_pretty(&document).expect("all of it can be JSON") + "\n"
}

impl ApproximatePart {
    fn of(scenario: &Scenario) -> Option<ApproximatePart> {
        let (would_wait, says) = (scenario.world.run.would_wait?, approximation(&scenario.world)?);
        Some(ApproximatePart { introspections_would_wait: would_wait, says })
    }
}

impl ScenarioPart<'_> {
    pub(super) fn of(scenario: &Scenario) -> ScenarioPart<'_> {
        ScenarioPart { name: &scenario.name, title: &scenario.title, question: &scenario.question, id: &scenario.id }
    }
}

fn metric_parts(comparison: &Comparison) -> Vec<MetricPart<'_>> {
    let metrics = comparison.metrics.len();
    let of = |policy| (0..metrics).map(move |metric| metric_part(comparison, policy, metric));
    (0..comparison.policies.len()).flat_map(of).collect()
}

pub(super) fn metric_part(comparison: &Comparison, policy: usize, metric: usize) -> MetricPart<'_> {
    let def = &comparison.metrics[metric];
    let found = comparison.summary(policy, def.name);
    let of = |read: fn(&Numbers) -> f64| found.as_ref().map(read);
    let interval = found.and_then(|numbers| numbers.interval);
    MetricPart {
        policy: &comparison.policies[policy].name,
        metric: def.name,
        unit: def.unit.symbol(),
        n: found.map_or(0, |numbers| numbers.n),
        mean: of(|numbers| numbers.mean),
        ci_low: low(interval),
        ci_high: high(interval),
        sd: found.and_then(|numbers| numbers.sd),
        min: of(|numbers| numbers.min),
        p50: of(|numbers| numbers.p50),
        p95: of(|numbers| numbers.p95.value),
        p95_is_max: found.is_some_and(|numbers| numbers.p95.is_max),
        p99: of(|numbers| numbers.p99.value),
        p99_is_max: found.is_some_and(|numbers| numbers.p99.is_max),
        max: of(|numbers| numbers.max),
    }
}

pub(super) fn best_part(comparison: &Comparison) -> Option<BestPart<'_>> {
    let name = |policy: &usize| comparison.policies[*policy].name.as_str();
    verdict::best(comparison).map(|best| BestPart {
        metric: best.metric,
        policies: best.same.iter().map(name).collect(),
        not_told_apart: best.not_told_apart.iter().map(name).collect(),
    })
}

pub(super) fn difference_part<'a>(comparison: &'a Comparison, line: &Line) -> DifferencePart<'a> {
    let ratio = line.difference.ratio;
    DifferencePart {
        policy: &comparison.policies[line.policy].name,
        versus: &comparison.policies[0].name,
        metric: comparison.metrics[line.metric].name,
        mean: line.difference.mean,
        ci_low: low(line.difference.interval),
        ci_high: high(line.difference.interval),
        ratio: ratio.map(|ratio| ratio.value),
        ratio_ci_low: low(ratio.map(|ratio| ratio.interval)),
        ratio_ci_high: high(ratio.map(|ratio| ratio.interval)),
        variance_reduction: line.difference.saved,
        verdict: line.verdict.word(),
    }
}

/// Every gateway under every policy; empty where callers have no tokens.
pub(super) fn gateway_parts<'a>(scenario: &Scenario, comparison: &'a Comparison) -> Vec<GatewayPart<'a>> {
    gateways::rows(scenario, comparison).iter().map(|row| gateway_part(comparison, row)).collect()
}

fn gateway_part<'a>(comparison: &'a Comparison, row: &gateways::Row<'_>) -> GatewayPart<'a> {
    let (accepted, refused) = (row.tally.accepted(), row.tally.false_rejections());
    let interval = |found: Option<Numbers>| found.and_then(|numbers| numbers.interval);
    let exposures = &row.tally.exposures;
    let (listening, of) = row.listens;
    GatewayPart {
        policy: &comparison.policies[row.policy].name,
        gateway: gateways::name(row.gateway),
        listens: (listening == 0 || listening == of).then_some(listening > 0),
        revocations: row.tally.revocations_a_run(),
        heard: row.tally.heard_share(),
        accepted: accepted.map(|found| found.mean),
        accepted_ci_low: low(interval(accepted)),
        accepted_ci_high: high(interval(accepted)),
        exposure_mean_s: exposures.mean_s(),
        exposure_p99_s: exposures.p99_s().map(|quantile| quantile.value),
        exposure_p99_is_max: exposures.p99_s().is_some_and(|quantile| quantile.is_max),
        exposure_max_s: exposures.max_s(),
        false_rejections: refused.map(|found| found.mean),
        false_rejections_ci_low: low(interval(refused)),
        false_rejections_ci_high: high(interval(refused)),
    }
}

fn low(interval: Option<Interval>) -> Option<f64> {
    interval.map(|interval| interval.low)
}

fn high(interval: Option<Interval>) -> Option<f64> {
    interval.map(|interval| interval.high)
}

#[cfg(test)]
#[path = "../../tests/common/json_schema.rs"]
mod json_schema;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::report::sample;
    use crate::scenario::Slo;
    use serde_json::Value;

    pub use super::json_schema::mistakes;

    #[test]
    fn the_summary_is_what_its_schema_says() {
        let schema: Value = serde_json::from_str(include_str!("../../docs/schemas/summary.json")).unwrap();
        let with_tokens = (sample::scenario_with_tokens(), sample::comparison_with_tokens(2));
        let slo = Some(Slo { target: 0.999, restarts_per_year: 12.0 });
        let with_slo = (Scenario { slo, ..sample::scenario() }, sample::comparison(1));
        let approximate = (sample::approximate_scenario(), sample::comparison(1));
        let all = [1, 3].map(|replications| (sample::scenario(), sample::comparison(replications)));
        for (scenario, comparison) in all.into_iter().chain([with_tokens, with_slo, approximate]) {
            let text = summary(&scenario, &comparison);
            let mut found = Vec::new();
            mistakes(&schema, &serde_json::from_str(&text).unwrap(), "summary", &mut found);
            assert_eq!(found, Vec::<String>::new());
        }
    }

    #[test]
    fn a_gateway_is_told_in_numbers() {
        let (scenario, comparison) = (sample::scenario_with_tokens(), sample::comparison_with_tokens(2));
        let document: Value = serde_json::from_str(&summary(&scenario, &comparison)).unwrap();
        let of = |gateway: usize| &document["gateways"][gateway];
        assert_eq!(
            (&of(0)["gateway"], &of(0)["listens"], &of(0)["heard"]),
            (&"gateway-1".into(), &true.into(), &1.0.into())
        );
        assert_eq!((&of(3)["listens"], &of(3)["heard"]), (&false.into(), &0.0.into()));
        assert_eq!((&of(4)["gateway"], &of(4)["listens"]), (&"all".into(), &Value::Null));
        let calls = |of: &Value| of["accepted"].as_f64().unwrap();
        let sum: f64 = (0..4).map(|gateway| calls(of(gateway))).sum();
        assert!(sum > 0.0 && (sum - calls(of(4))).abs() < 1e-9);
        assert_eq!((&of(4)["revocations"], &of(4)["exposure_p99_is_max"]), (&30.0.into(), &true.into()));
    }
}
