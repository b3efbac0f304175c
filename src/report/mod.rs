//! What a comparison looks like: a folder of files, a table, sentences, plots.
//!
//! A [`Results`] is opened before the first replication runs, so that a folder that cannot be written costs no work;
//! it takes records as they come, and `finish` puts the complete folder in the place of the old one.

pub mod around;
pub mod baseline;
pub mod check;
pub mod csv;
pub mod error;
pub mod explain;
pub mod exposures;
pub mod findings;
pub mod folder;
pub mod gateways;
pub mod json;
pub mod known;
pub mod manifest;
pub mod narrative;
pub mod number;
pub mod optimize;
pub mod outages;
pub mod page;
pub mod pareto;
pub mod plot;
pub mod sensitivity;
pub mod sequence;
mod stream;
pub mod sweep;
pub mod table;
pub mod year;

#[cfg(test)]
pub(crate) mod sample;

use std::path::Path;

use crate::experiment::comparison::Comparison;
use crate::experiment::play::callers_have_tokens;
use crate::experiment::record::Record;
use crate::scenario::Scenario;
pub use error::WriteError;
use folder::Folder;
pub use manifest::RunInfo;
pub use page::Page;
use stream::Stream;

/// A results folder in the making. Dropped unfinished, it leaves no trace.
#[derive(Debug)]
pub struct Results {
    folder: Folder,
    outages: Stream,
    /// Where callers have tokens.
    exposures: Option<Stream>,
}

impl Results {
    /// Begins a results folder that will stand at `dir`; what is there now stays until [`Results::finish`].
    pub fn open(dir: &Path, scenario: &Scenario) -> Result<Results, WriteError> {
        let folder = Folder::create(dir)?;
        let names: Vec<String> = scenario.policies.iter().map(|policy| policy.name.clone()).collect();
        let outages = Stream::create(&folder, outages::NAME, &outages::HEADER, names.clone(), outages::rows)?;
        let exposures = callers_have_tokens(&scenario.world)
            .then(|| Stream::create(&folder, exposures::NAME, &exposures::HEADER, names, exposures::rows))
            .transpose()?;
        Ok(Results { folder, outages, exposures })
    }

    /// Writes what of a record is not kept in memory; in the order of (replication, policy).
    pub fn push(&mut self, record: &Record) -> Result<(), WriteError> {
        self.outages.push(record)?;
        self.exposures.as_mut().map_or(Ok(()), |exposures| exposures.push(record))
    }

    /// Writes everything else and replaces the old folder.
    pub fn finish(
        self,
        scenario: &Scenario,
        comparison: &Comparison,
        page: &Page,
        info: &RunInfo,
    ) -> Result<(), WriteError> {
        let Results { mut folder, outages, exposures } = self;
        outages.finish(&mut folder)?;
        if let Some(exposures) = exposures {
            exposures.finish(&mut folder)?;
        }
        for (name, text) in files(scenario, comparison) {
            folder.write(name, text.as_bytes())?;
        }
        page::write(&mut folder, page)?;
        let manifest = manifest::manifest(scenario, comparison, info, folder.hashes());
        folder.write("manifest.json", manifest.as_bytes())?;
        folder.commit()
    }
}

/// Every file that is made from the comparison alone.
#[must_use]
pub fn files(scenario: &Scenario, comparison: &Comparison) -> Vec<(&'static str, String)> {
    let exposure = plot::exposure::draw(scenario, comparison).map(|svg| (plot::exposure::NAME, svg));
    let known = known::csv(&scenario.known, &[Some(comparison)]).map(|text| (known::NAME, text));
    let always = [
        ("replications.csv", csv::replications(comparison)),
        ("summary.csv", csv::summary(comparison)),
        ("differences.csv", csv::differences(comparison)),
        ("timeline.csv", csv::timeline(comparison)),
        ("summary.json", json::summary(scenario, comparison)),
        ("success-ratio.svg", plot::success_ratio::draw(scenario, comparison)),
        ("downtime.svg", plot::downtime::draw(scenario, comparison)),
        ("downtime-vs-load.svg", plot::load::draw(scenario, comparison)),
    ];
    always.into_iter().chain(exposure).chain(known).collect()
}
