//! `summary.json` of a sweep: of every point what `compare` says of a scenario, but only of the metrics that the table shows;
//! `summary.csv` has all of them. Its schema is `docs/schemas/sweep-summary.json`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Done, Swept};
use crate::experiment::comparison::Comparison;
use crate::experiment::verdict;
use crate::report::json::{
    BestPart, DifferencePart, GatewayPart, MetricPart, ScenarioPart, best_part, difference_part, gateway_parts,
    metric_part,
};
use crate::report::manifest::Replications;
use crate::report::{findings, sensitivity, year};

/// Counts up when a program that reads the file would have to change.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    scenario: ScenarioPart<'a>,
    sweep: SweepPart<'a>,
    policies: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sensitivity: Option<sensitivity::Part>,
    points: Vec<PointPart<'a>>,
}

#[derive(Serialize)]
struct SweepPart<'a> {
    mode: &'static str,
    keys: Vec<&'a str>,
    #[serde(rename = "where", skip_serializing_if = "<[String]>::is_empty")]
    conditions: &'a [String],
    asked: usize,
    finished: usize,
    stopped: &'static str,
}

#[derive(Serialize)]
struct PointPart<'a> {
    point: usize,
    values: BTreeMap<&'a str, &'a str>,
    id: &'a str,
    replications: Replications<'a>,
    headline: &'static str,
    summary: Vec<MetricPart<'a>>,
    differences: Vec<DifferencePart<'a>>,
    best: Option<BestPart<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gateways: Vec<GatewayPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    year: Option<year::Part<'a>>,
    findings: Vec<String>,
}

/// The text of `summary.json`.
///
/// # Panics
/// Never: all of it can be JSON.
#[must_use]
pub fn summary(swept: &Swept<'_>) -> String {
    let metrics = swept.metrics();
    let document = Document {
        schema: SCHEMA,
        scenario: ScenarioPart::of(swept.scenario),
        sweep: SweepPart {
            mode: swept.sweep.mode.word(),
            keys: swept.sweep.keys.iter().map(|key| key.path.as_str()).collect(),
            conditions: &swept.sweep.conditions,
            asked: swept.sweep.points.len(),
            finished: swept.done.len(),
            stopped: super::reason(swept),
        },
        policies: swept.scenario.policies.iter().map(|policy| policy.name.as_str()).collect(),
        sensitivity: sensitivity::part(swept),
        points: swept.done.iter().map(|done| point_part(swept, done, &metrics)).collect(),
    };
    serde_json::to_string_pretty(&document).expect("all of it can be JSON") + "\n"
}

fn point_part<'a>(swept: &'a Swept<'_>, done: &'a Done, metrics: &[&'static str]) -> PointPart<'a> {
    let Done { point, ref comparison } = *done;
    let scenario = &swept.sweep.points[point].scenario;
    PointPart {
        point,
        values: super::values(swept, point),
        id: &scenario.id,
        replications: Replications::of(comparison),
        headline: verdict::headline(comparison),
        summary: summaries(comparison, metrics),
        differences: verdict::differences(comparison)
            .iter()
            .filter(|line| metrics.contains(&comparison.metrics[line.metric].name))
            .map(|line| difference_part(comparison, line))
            .collect(),
        best: best_part(comparison),
        gateways: gateway_parts(scenario, comparison),
        year: year::part(scenario, comparison),
        findings: findings::all(scenario, comparison),
    }
}

fn summaries<'a>(comparison: &'a Comparison, metrics: &[&'static str]) -> Vec<MetricPart<'a>> {
    let known = |metric: &&str| comparison.metric(metric);
    let metrics: Vec<usize> = metrics.iter().filter_map(known).collect();
    let of = |policy| metrics.iter().map(move |&metric| metric_part(comparison, policy, metric));
    (0..comparison.policies.len()).flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use crate::report::json::tests::mistakes;
    use crate::report::sample;
    use crate::scenario::Slo;
    use serde_json::Value;

    #[test]
    fn the_summary_of_a_sweep_is_what_its_schema_says() {
        let schema: Value = serde_json::from_str(include_str!("../../../docs/schemas/sweep-summary.json")).unwrap();
        let (scenario, mut sweep) = (sample::scenario(), sample::sweep());
        sweep.points[1].scenario = sample::scenario_with_tokens();
        sweep.points[0].scenario.slo = Some(Slo { target: 0.999, restarts_per_year: 12.0 });
        sweep.conditions = vec!["idp.token_lifetime <= 1h".to_owned()];
        for (points, replications) in [(2, 1), (6, 3)] {
            let mut swept = sample::swept(&scenario, &sweep, points, replications);
            swept.done[1].comparison = sample::comparison_with_tokens(replications);
            let text = super::summary(&swept);
            assert!(text.contains("\"idp.token_lifetime <= 1h\""));
            assert_eq!((text.matches("\"gateways\"").count(), text.matches("\"year\"").count()), (1, 1));
            let mut found = Vec::new();
            mistakes(&schema, &serde_json::from_str(&text).unwrap(), "summary", &mut found);
            assert_eq!(found, Vec::<String>::new());
        }
    }
}
