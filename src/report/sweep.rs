//! What a sweep looks like: the folder of a comparison, with rows for every point, and a plot a metric.
//!
//! Rows are written when their point is done, so that an interrupted sweep has the files of the points that were.

mod json;
mod manifest;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::csv::{self, Point};
use super::error::WriteError;
use super::folder::{Folder, Output};
use super::manifest::RunInfo;
use super::page::{self, Page};
use super::table::columns::{self, Kind, Row};
use super::{exposures, known, outages, plot, sensitivity};
use crate::experiment::comparison::Comparison;
use crate::experiment::merge::Sink;
use crate::experiment::play::callers_have_tokens;
use crate::experiment::record::Record;
use crate::experiment::verdict;
use crate::metric;
use crate::scenario::Scenario;
use crate::scenario::sweep::Sweep;

pub use json::summary;

/// A sweep and what its points came to.
#[derive(Debug)]
pub struct Swept<'a> {
    /// With the file's own values.
    pub scenario: &'a Scenario,
    pub sweep: &'a Sweep,
    /// The points that are done, in their order; without their timelines.
    pub done: Vec<Done>,
    /// The other ones, in their order.
    pub holes: Vec<Hole>,
    pub extent: Extent,
}

/// A point with all its replications.
#[derive(Debug)]
pub struct Done {
    /// Position in `Sweep::points`.
    pub point: usize,
    pub comparison: Comparison,
}

/// The point that is shown in full, and why it.
#[derive(Debug)]
pub struct Shown {
    /// With its timelines.
    pub done: Done,
    /// The largest of all from an earlier point to a later one; `None`: it is the first point, and nothing rises after it.
    pub rise: Option<Rise>,
}

/// What a policy's mean of the headline metric rises to, and from where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rise {
    pub policy: usize,
    pub metric: &'static str,
    /// The least of the earlier points, and which one that is.
    pub from: f64,
    pub at: usize,
    pub to: f64,
}

impl Rise {
    fn by(&self) -> f64 {
        self.to - self.from
    }
}

/// A point that is left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hole {
    /// Position in `Sweep::points`.
    pub point: usize,
    /// The ids of its units that are not there; at least one.
    pub units: Vec<String>,
}

/// How far a sweep came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Complete,
    /// Somebody pressed Ctrl-C.
    Interrupted,
    /// Merged though units were missing.
    Partial,
}

impl Swept<'_> {
    /// Every policy at every point that is done.
    #[must_use]
    pub fn rows(&self) -> Vec<Row<'_>> {
        let of = |comparison| (0..self.policies()).map(move |policy| Row { comparison, policy });
        self.done.iter().map(|done| &done.comparison).flat_map(of).collect()
    }

    /// What a point came to, if it is done.
    #[must_use]
    pub fn at(&self, point: usize) -> Option<&Comparison> {
        let found = self.done.binary_search_by_key(&point, |done| done.point).ok()?;
        Some(&self.done[found].comparison)
    }

    /// What every point came to, in their order; `None` where it is not done.
    #[must_use]
    pub fn by_point(&self) -> Vec<Option<&Comparison>> {
        (0..self.sweep.points.len()).map(|point| self.at(point)).collect()
    }

    /// How many policies there are.
    #[must_use]
    pub fn policies(&self) -> usize {
        self.scenario.policies.len()
    }

    /// The metrics that its table shows, each once.
    #[must_use]
    pub fn metrics(&self) -> Vec<&'static str> {
        let mut metrics = Vec::new();
        for column in columns::shown(&self.rows(), Kind::Sweep) {
            if !metrics.contains(&column.metric) {
                metrics.push(column.metric);
            }
        }
        metrics
    }
}

/// The values of a point by their paths.
fn values<'a>(swept: &'a Swept<'_>, point: usize) -> BTreeMap<&'a str, &'a str> {
    let keys = swept.sweep.keys.iter().map(|key| key.path.as_str());
    keys.zip(swept.sweep.values(point)).collect()
}

/// Why there are no more points.
fn reason(swept: &Swept<'_>) -> &'static str {
    match swept.extent {
        Extent::Complete => "all points are done",
        Extent::Interrupted => "interrupted: the points that were finished are kept",
        Extent::Partial => "merged in part: points that lack units are left out",
    }
}

/// A results folder in the making. Dropped unfinished, it leaves no trace.
#[derive(Debug)]
pub struct Results<'a> {
    swept: Swept<'a>,
    shown: Option<Shown>,
    /// By policy: the least that it came to so far, and at which point.
    least: Vec<Option<(f64, usize)>>,
    folder: Folder,
    /// In the order of [`FILES`]; the last one only where callers have tokens at any point.
    outputs: Vec<Output>,
    /// Rows of `outages.csv` and `exposures.csv` of the point that is being played.
    outages: String,
    exposures: String,
}

/// The files that grow point by point.
const FILES: [&str; 6] =
    ["replications.csv", "summary.csv", "differences.csv", "timeline.csv", "outages.csv", exposures::NAME];

impl<'a> Results<'a> {
    /// Begins a results folder that will stand at `dir`; what is there now stays until [`Results::finish`].
    pub fn open(dir: &Path, scenario: &'a Scenario, sweep: &'a Sweep) -> Result<Results<'a>, WriteError> {
        let folder = Folder::create(dir)?;
        let keys: Vec<&str> = sweep.keys.iter().map(|key| key.path.as_str()).collect();
        let headers = [
            csv::replications_header(&keys, &metric::all()),
            csv::row(&csv::SUMMARY),
            csv::row(&csv::DIFFERENCES),
            csv::row(&csv::TIMELINE),
            csv::row(&outages::HEADER),
            csv::row(&exposures::HEADER),
        ];
        let tokens = sweep.points.iter().any(|point| callers_have_tokens(&point.scenario.world));
        let mut outputs = Vec::new();
        for (name, header) in FILES.iter().zip(headers).filter(|(name, _)| tokens || **name != exposures::NAME) {
            let mut output = folder.output(name)?;
            output.write(header.as_bytes())?;
            outputs.push(output);
        }
        let swept = Swept { scenario, sweep, done: Vec::new(), holes: Vec::new(), extent: Extent::Complete };
        let least = vec![None; scenario.policies.len()];
        Ok(Results { swept, shown: None, least, folder, outputs, outages: String::new(), exposures: String::new() })
    }

    /// How many points are done.
    #[must_use]
    pub fn finished(&self) -> usize {
        self.swept.done.len()
    }

    /// No more points come; `holes` are those that it was not told of.
    pub fn close(&mut self, extent: Extent, holes: Vec<Hole>) {
        (self.swept.extent, self.swept.holes) = (extent, holes);
    }

    /// What the points came to.
    #[must_use]
    pub fn swept(&self) -> &Swept<'a> {
        &self.swept
    }

    /// The point to be shown in full, with its timelines; `None`: no point is done.
    #[must_use]
    pub fn shown(&self) -> Option<&Shown> {
        self.shown.as_ref()
    }

    /// Writes everything else and replaces the old folder.
    pub fn finish(self, page: Option<&Page>, info: &RunInfo) -> Result<Swept<'a>, WriteError> {
        let Results { swept, mut folder, outputs, .. } = self;
        for output in outputs {
            folder.close(output)?;
        }
        folder.write("summary.json", json::summary(&swept).as_bytes())?;
        for metric in swept.metrics() {
            folder.write(&format!("{metric}.svg"), plot::sweep::draw(&swept, metric).as_bytes())?;
        }
        for metric in plot::heat::metrics(&swept) {
            if let Some(svg) = plot::heat::draw(&swept, metric) {
                folder.write(&plot::heat::name(metric), svg.as_bytes())?;
            }
        }
        if let Some(found) = sensitivity::of(&swept) {
            folder.write(sensitivity::MOVES, sensitivity::moves_csv(&swept, &found).as_bytes())?;
            if swept.policies() > 1 {
                folder.write(sensitivity::BEST, sensitivity::best_csv(&swept, &found).as_bytes())?;
            }
        }
        if let Some(svg) = plot::exposure::draw_sweep(&swept) {
            folder.write(plot::exposure::NAME, svg.as_bytes())?;
        }
        if let Some(text) = known::csv(&swept.scenario.known, &swept.by_point()) {
            folder.write(known::NAME, text.as_bytes())?;
        }
        if let Some(page) = page {
            page::write(&mut folder, page)?;
        }
        let manifest = manifest::manifest(&swept, info, folder.hashes());
        folder.write("manifest.json", manifest.as_bytes())?;
        folder.commit()?;
        Ok(swept)
    }
}

impl Results<'_> {
    /// Keeps a point to be shown if a policy rises more towards it, from an earlier point, than towards the one that is kept.
    fn show(&mut self, point: usize, comparison: &Comparison) {
        let headline = verdict::headline(comparison);
        let mut furthest: Option<Rise> = None;
        for (policy, least) in self.least.iter_mut().enumerate() {
            let Some(found) = comparison.summary(policy, headline) else { continue };
            let to = found.mean;
            if let Some((from, at)) = *least {
                let rise = Rise { policy, metric: headline, from, at, to };
                if rise.by() > furthest.map_or(0.0, |furthest| furthest.by()) {
                    furthest = Some(rise);
                }
            }
            if least.is_none_or(|(least, _)| to < least) {
                *least = Some((to, point));
            }
        }
        let kept = self.shown.as_ref().map(|shown| shown.rise.map_or(0.0, |rise| rise.by()));
        if kept.is_none_or(|kept| furthest.is_some_and(|rise| rise.by() > kept)) {
            self.shown = Some(Shown { done: Done { point, comparison: comparison.clone() }, rise: furthest });
        }
    }
}

impl Sink for Results<'_> {
    type Error = WriteError;

    fn record(&mut self, point: usize, record: &Record) -> Result<(), WriteError> {
        let policy = &self.swept.scenario.policies[record.policy].name;
        self.outages += &outages::rows(point, policy, record);
        self.exposures += &exposures::rows(point, policy, record);
        Ok(())
    }

    fn point(&mut self, point: usize, mut comparison: Comparison) -> Result<(), WriteError> {
        let values = self.swept.sweep.values(point);
        let at = Point { number: point, values: &values };
        let rows = [
            csv::replications_of(at, &comparison),
            csv::summary_of(at, &comparison),
            csv::differences_of(at, &comparison),
            csv::timeline_of(at, &comparison),
            std::mem::take(&mut self.outages),
            std::mem::take(&mut self.exposures),
        ];
        for (output, rows) in self.outputs.iter_mut().zip(rows) {
            output.write(rows.as_bytes())?;
        }
        self.show(point, &comparison);
        for policy in &mut comparison.policies {
            policy.timeline = Vec::new();
        }
        self.swept.done.push(Done { point, comparison });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    /// The folder of a sweep of two points, the callers of the second of which have tokens or not.
    fn folder(tokens: bool) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let (scenario, mut sweep) = (sample::scenario(), sample::sweep());
        sweep.points.truncate(2);
        if tokens {
            sweep.points[1].scenario = sample::scenario_with_tokens();
        }
        let mut results = Results::open(&root.path().join("swept"), &scenario, &sweep).unwrap();
        for (point, with) in [(0, false), (1, tokens)] {
            let comparison = if with { sample::comparison_with_tokens(1) } else { sample::comparison(1) };
            let record = if with {
                sample::record_with_tokens(0, 0, 4, &comparison.layout)
            } else {
                sample::record(0, 0, &comparison.layout)
            };
            results.record(point, &record).unwrap();
            results.point(point, comparison).unwrap();
        }
        results.finish(None, &RunInfo::default()).unwrap();
        root
    }

    #[test]
    fn exposures_are_written_where_callers_have_tokens_at_any_point() {
        let with = folder(true);
        let text = std::fs::read_to_string(with.path().join("swept/exposures.csv")).unwrap();
        assert_eq!(text.lines().next().map(str::to_owned), Some(exposures::HEADER.join(",")));
        assert_eq!(text.lines().skip(1).filter(|line| line.starts_with("1,ttl-only,0,")).count(), 30 * 4);
        assert_eq!(text.lines().count(), 1 + 30 * 4);
        assert!(!folder(false).path().join("swept/exposures.csv").exists());
    }
}
