//! A baseline file: JSON with a line a metric, so that a change is a few lines of a diff.

use serde::Serialize;

use crate::experiment::baseline::Baseline;

/// The text of the file.
///
/// # Panics
/// Never: all of it can be JSON.
#[must_use]
pub fn text(baseline: &Baseline) -> String {
    let scenarios = baseline.scenarios.iter().map(|(name, saved)| {
        let policies = saved.policies.iter().map(|(name, policy)| {
            let metrics = policy.metrics.iter().map(|(name, values)| format!("            {}: {}", json(name), json(values)));
            let metrics = object(metrics, "          ");
            format!("        {}: {{\n          \"digest\": {},\n          \"metrics\": {metrics}\n        }}", json(name), json(&policy.digest))
        });
        let policies = object(policies, "      ");
        format!(
            "    {}: {{\n      \"id\": {},\n      \"seed\": {},\n      \"replications\": {},\n      \"policies\": {policies}\n    }}",
            json(name), json(&saved.id), saved.seed, saved.replications
        )
    });
    let entries = [
        format!("  \"schema\": {}", baseline.schema),
        format!("  \"version\": {}", json(&baseline.version)),
        format!("  \"model_version\": {}", baseline.model_version),
        format!("  \"scenarios\": {}", object(scenarios, "  ")),
    ];
    object(entries.into_iter(), "") + "\n"
}

fn object(entries: impl Iterator<Item = String>, indent: &str) -> String {
    let entries: Vec<String> = entries.collect();
    if entries.is_empty() { "{}".into() } else { format!("{{\n{}\n{indent}}}", entries.join(",\n")) }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("all of it can be JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::baseline::{SCHEMA, save};
    use crate::report::sample;
    use std::collections::BTreeMap;

    #[test]
    fn the_file_reads_back_and_has_a_line_a_metric() {
        let (scenario, comparison) = (sample::scenario(), sample::comparison(3));
        let saved = save(&scenario, &comparison, 2);
        let scenarios = BTreeMap::from([("sample".to_owned(), saved)]);
        let baseline = Baseline { schema: SCHEMA, version: "1".into(), model_version: 1, scenarios };
        let text = text(&baseline);
        assert_eq!(serde_json::from_str::<Baseline>(&text).unwrap(), baseline);
        let line = text.lines().find(|line| line.contains("\"downtime_after_restart_s\": [")).expect("it varies");
        assert_eq!(line.matches(',').count() - usize::from(line.ends_with(',')), 1, "two values: {line}");
    }
}
