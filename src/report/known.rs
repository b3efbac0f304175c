//! What is known of the real case, with the number of the results beside each figure.

use super::csv::row;
use super::number::exact;
use super::table::columns::is_censored;
use crate::experiment::comparison::Comparison;
use crate::metric::MetricDef;
use crate::scenario::{Figure, Published, Stat};

/// The file's name in a results folder.
pub const NAME: &str = "known.csv";

const HEADER: [&str; 13] =
    ["name", "is", "says", "low", "high", "point", "policy", "metric", "stat", "value", "within", "why", "source"];

/// A figure of the real case and what the results have in its place.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    pub known: &'a Published,
    /// Where the figure is one of the results, and its point was played and has a value.
    pub here: Option<Here<'a>>,
}

/// A number of the results.
#[derive(Clone, Debug)]
pub struct Here<'a> {
    pub figure: &'a Figure,
    pub policy: &'a str,
    pub metric: MetricDef,
    pub value: f64,
    /// Of p95 and p99: there were too few values, and this is the maximum.
    pub is_max: bool,
    /// A downtime that the end of the run cut off in a replication: a lower bound.
    pub censored: bool,
}

impl Here<'_> {
    /// Whether the value lies where the published one does, if that is said.
    #[must_use]
    pub fn within(&self) -> Option<bool> {
        self.figure.between.map(|(low, high)| (low..=high).contains(&self.value))
    }
}

/// A row for each figure; `points` has every point of the sweep, `None` where one was not played.
#[must_use]
pub fn rows<'a>(known: &'a [Published], points: &[Option<&'a Comparison>]) -> Vec<Row<'a>> {
    let here = |known: &'a Published| known.figure.as_ref().and_then(|figure| here(figure, points));
    known.iter().map(|known| Row { known, here: here(known) }).collect()
}

fn here<'a>(figure: &'a Figure, points: &[Option<&'a Comparison>]) -> Option<Here<'a>> {
    let comparison = points.get(figure.point).copied().flatten()?;
    let summary = comparison.summary(figure.policy, &figure.metric)?;
    let (value, is_max) = match figure.stat {
        Stat::Mean => (summary.mean, false),
        Stat::P50 => (summary.p50, false),
        Stat::P95 => (summary.p95.value, summary.p95.is_max),
        Stat::P99 => (summary.p99.value, summary.p99.is_max),
        Stat::Max => (summary.max, false),
        Stat::Min => (summary.min, false),
    };
    let metric = comparison.metrics[comparison.metric(&figure.metric)?];
    let censored = is_censored(comparison, figure.policy) && metric.name.starts_with("downtime");
    Some(Here { figure, policy: &comparison.policies[figure.policy].name, metric, value, is_max, censored })
}

/// The file; `None` where nothing is known.
#[must_use]
pub fn csv(known: &[Published], points: &[Option<&Comparison>]) -> Option<String> {
    let lines = rows(known, points).into_iter().map(|found| line(&found));
    (!known.is_empty()).then(|| std::iter::once(row(&HEADER)).chain(lines).collect())
}

fn line(found: &Row<'_>) -> String {
    let Row { known, here } = found;
    let mut fields = vec![known.name.clone(), known.is.word().into(), known.says.clone()];
    let (low, high) = known.figure.as_ref().and_then(|figure| figure.between).unzip();
    fields.extend([low, high].map(|bound| bound.map_or_else(String::new, exact)));
    match here {
        None => fields.extend(std::iter::repeat_n(String::new(), 6)),
        Some(here) => fields.extend([
            here.figure.point.to_string(),
            here.policy.to_owned(),
            here.metric.name.to_owned(),
            here.figure.stat.word().to_owned(),
            exact(here.value),
            here.within().map_or_else(String::new, |within| within.to_string()),
        ]),
    }
    fields.extend([known.why.clone(), known.source.clone()]);
    row(&fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::scenario::Origin;

    fn published(figure: Option<Figure>) -> Published {
        let text = |text: &str| text.to_owned();
        let (says, source, why) = (text("47 min, it says"), text("a page"), String::new());
        Published { name: text("outage"), says, source, is: Origin::Predicted, figure, why }
    }

    fn figure(point: usize, between: Option<(f64, f64)>) -> Figure {
        Figure { metric: "downtime_s".into(), policy: 1, point, stat: Stat::Mean, between }
    }

    #[test]
    fn a_figure_stands_beside_the_value_of_its_policy_and_point() {
        let comparison = sample::comparison(3);
        let mean = comparison.mean(1, "downtime_s");
        let figures = [
            (figure(0, Some((mean - 1.0, mean))), Some(Some(true))),
            (figure(0, Some((mean + 1.0, mean + 2.0))), Some(Some(false))),
            (figure(0, None), Some(None)),
            // A point that was not played.
            (figure(1, Some((0.0, 1.0))), None),
        ];
        let known: Vec<Published> = figures.iter().map(|(figure, _)| published(Some(figure.clone()))).collect();
        let rows = rows(&known, &[Some(&comparison), None]);
        for (row, (_, within)) in rows.iter().zip(&figures) {
            assert_eq!(row.here.as_ref().map(Here::within), *within);
            assert!(
                row.here.iter().all(|here| here.value.to_bits() == mean.to_bits() && here.policy == "reactive-retry")
            );
        }
    }

    #[test]
    fn the_file_has_a_line_a_figure_and_is_not_there_without_one() {
        let comparison = sample::comparison(2);
        let known = [published(None), published(Some(figure(0, Some((0.0, 1e9)))))];
        let text = csv(&known, &[Some(&comparison)]).expect("two figures");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], HEADER.join(","));
        assert_eq!(lines[1], "outage,predicted,\"47 min, it says\",,,,,,,,,,a page");
        let value = exact(comparison.mean(1, "downtime_s"));
        let second = format!(
            "outage,predicted,\"47 min, it says\",0,1000000000,0,reactive-retry,downtime_s,mean,{value},true,,a page"
        );
        assert_eq!(lines[2], second);
        assert_eq!(csv(&[], &[Some(&comparison)]), None);
    }
}
