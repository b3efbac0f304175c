//! `check --json`: one document for everything. Its schema is `docs/schemas/check.json`.

use serde::Serialize;

use super::{Checked, CheckedFile, words};
use crate::experiment::baseline::{Change, Compared, Kind};
use crate::experiment::judge::{Decision, Judged};
use crate::model::MODEL_VERSION;
use crate::scenario::Bound;

/// Counts up when a program that reads the document would have to change.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    version: &'static str,
    model_version: u32,
    verdict: &'static str,
    passed: usize,
    failed: usize,
    undecided: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<BaselinePart<'a>>,
    files: Vec<FilePart<'a>>,
}

#[derive(Serialize)]
struct BaselinePart<'a> {
    file: &'a str,
    min_effect: f64,
    worse_or_changed: usize,
}

#[derive(Serialize)]
struct FilePart<'a> {
    file: &'a str,
    scenario: &'a str,
    id: &'a str,
    verdict: &'static str,
    seed: u64,
    replications: u32,
    at_most: u32,
    stopped: &'static str,
    expectations: Vec<ExpectationPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<ComparedPart<'a>>,
}

#[derive(Serialize)]
struct ExpectationPart<'a> {
    name: &'a str,
    origin: &'a str,
    policy: &'a str,
    metric: &'a str,
    stat: &'static str,
    bound: &'static str,
    limits: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    versus: Option<&'a str>,
    verdict: &'static str,
    on_undecided: &'static str,
    counts_as: &'static str,
    n: usize,
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    others_below: Option<f64>,
    told: String,
}

#[derive(Serialize)]
struct ComparedPart<'a> {
    verdict: &'static str,
    replications: u32,
    scenario_changed: bool,
    model_changed: &'a [String],
    identical: &'a [String],
    missing: &'a [String],
    added: &'a [String],
    changes: Vec<ChangePart<'a>>,
}

#[derive(Serialize)]
struct ChangePart<'a> {
    policy: &'a str,
    metric: &'static str,
    kind: &'static str,
    before: f64,
    now: f64,
    difference: f64,
    low: Option<f64>,
    high: Option<f64>,
    /// Absent where the mean before was zero.
    effect: Option<f64>,
}

/// The text of the document.
///
/// # Panics
/// Never: all of it can be JSON.
#[must_use]
pub fn json(checked: &Checked<'_>) -> String {
    let document = Document {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        model_version: MODEL_VERSION,
        verdict: checked.decision().word(),
        passed: checked.count(Decision::Passed),
        failed: checked.count(Decision::Failed),
        undecided: checked.count(Decision::Undecided),
        baseline: checked.baseline.as_deref().map(|file| BaselinePart {
            file,
            min_effect: checked.min_effect,
            worse_or_changed: checked.regressed(),
        }),
        files: checked.files.iter().map(file_part).collect(),
    };
    serde_json::to_string_pretty(&document).expect("all of it can be JSON") + "\n"
}

fn file_part<'a>(file: &'a CheckedFile<'_>) -> FilePart<'a> {
    FilePart {
        file: &file.file,
        scenario: &file.scenario.name,
        id: &file.scenario.id,
        verdict: file.decision().word(),
        seed: file.scenario.world.run.seed,
        replications: file.comparison.finished(),
        at_most: file.comparison.asked,
        stopped: file.comparison.stopped.reason(),
        expectations: file.judged.iter().map(|judged| expectation(file, judged)).collect(),
        baseline: file.baseline.as_ref().map(compared),
    }
}

fn expectation<'a>(file: &'a CheckedFile<'_>, judged: &'a Judged<'_>) -> ExpectationPart<'a> {
    let expect = judged.expect;
    let policy = |index: usize| file.comparison.policies[index].name.as_str();
    let (bound, limits) = match expect.bound {
        Bound::Below(limit) => ("below", vec![limit]),
        Bound::Above(limit) => ("above", vec![limit]),
        Bound::Between(least, most) => ("between", vec![least, most]),
        Bound::Equals(value) => ("equals", vec![value]),
        Bound::Sometimes => ("sometimes", Vec::new()),
    };
    ExpectationPart {
        name: &expect.name,
        origin: &expect.origin,
        policy: policy(judged.policy),
        metric: &expect.metric,
        stat: expect.stat.word(),
        bound,
        limits,
        versus: expect.versus.map(policy),
        verdict: judged.decision.word(),
        on_undecided: expect.on_undecided.word(),
        counts_as: judged.counts_as().word(),
        n: judged.n,
        value: judged.value,
        low: judged.range.low,
        high: judged.range.high,
        others_below: judged.others_below,
        told: words::expectation(judged, file.comparison),
    }
}

fn compared(of: &Compared) -> ComparedPart<'_> {
    let decision = if of.failed() { Decision::Failed } else { Decision::Passed };
    ComparedPart {
        verdict: decision.word(),
        replications: of.replications,
        scenario_changed: of.scenario_changed,
        model_changed: &of.model_changed,
        identical: &of.identical,
        missing: &of.missing,
        added: &of.added,
        changes: of.changes.iter().map(change).collect(),
    }
}

fn change(of: &Change) -> ChangePart<'_> {
    let interval = of.difference.interval;
    ChangePart {
        policy: &of.policy,
        metric: of.metric.name,
        kind: Kind::word(of.kind),
        before: of.before,
        now: of.now,
        difference: of.difference.mean,
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
        effect: of.effect.is_finite().then_some(of.effect),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::baseline;
    use crate::experiment::judge::judge;
    use crate::experiment::stat::ERROR;
    use crate::report::json::tests::mistakes;
    use crate::report::sample;
    use crate::scenario::{Expect, OnUndecided, Stat};

    fn expects() -> Vec<Expect> {
        let bounds = [
            (Bound::Below(5.0), None),
            (Bound::Above(0.5), Some(0)),
            (Bound::Between(1.0, 2.0), None),
            (Bound::Equals(0.0), None),
            (Bound::Sometimes, None),
        ];
        let one = |(bound, versus)| Expect {
            name: "a".into(),
            policies: vec![1, 2],
            metric: "downtime_after_restart_s".into(),
            stat: Stat::Mean,
            bound,
            versus,
            on_undecided: OnUndecided::Warn,
            origin: "mine.toml:3".into(),
        };
        bounds.into_iter().map(one).collect()
    }

    #[test]
    fn the_document_is_what_its_schema_says() {
        let schema = serde_json::from_str(include_str!("../../../docs/schemas/check.json")).unwrap();
        let (scenario, comparison, expects) = (sample::scenario(), sample::comparison(6), expects());
        let mut saved = baseline::save(&scenario, &comparison, 6);
        for policy in saved.policies.values_mut() {
            policy.digest.clear();
            policy.metrics.insert("failed".into(), baseline::Values::Same(0.0));
        }
        let against = baseline::compare(&saved, true, &scenario, &comparison, 0.02, ERROR).unwrap();
        assert!(!against.changes.is_empty() && !against.model_changed.is_empty());
        let file = |baseline| CheckedFile {
            file: "mine.toml".into(),
            scenario: &scenario,
            comparison: &comparison,
            judged: judge(&expects, &comparison),
            baseline,
        };
        let (with, without) = (file(Some(against)), file(None));
        let checked = Checked { files: vec![with, without], baseline: Some("baseline.json".into()), min_effect: 0.02 };
        let mut found = Vec::new();
        mistakes(&schema, &serde_json::from_str(&json(&checked)).unwrap(), "check", &mut found);
        assert_eq!(found, Vec::<String>::new());
    }
}
