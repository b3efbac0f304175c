//! What `check` says of scenario files: as text, as JSON, as JUnit XML, as annotations and a summary of GitHub Actions.

pub mod github;
pub mod json;
pub mod junit;
pub mod text;

mod words;

use crate::experiment::baseline::Compared;
use crate::experiment::comparison::Comparison;
use crate::experiment::judge::{Decision, Judged};
use crate::scenario::Scenario;

pub use words::{change, expectation};

/// What was checked of several scenario files.
#[derive(Debug)]
pub struct Checked<'a> {
    /// In the order of the command line.
    pub files: Vec<CheckedFile<'a>>,
    /// The baseline's file, if there is one.
    pub baseline: Option<String>,
    /// The least difference to the baseline that counts, in units of the mean before.
    pub min_effect: f64,
}

/// What was checked of a scenario file.
#[derive(Debug)]
pub struct CheckedFile<'a> {
    /// As the command line has it.
    pub file: String,
    pub scenario: &'a Scenario,
    pub comparison: &'a Comparison,
    pub judged: Vec<Judged<'a>>,
    /// `None` without a baseline, or where it does not have this scenario.
    pub baseline: Option<Compared>,
}

impl CheckedFile<'_> {
    /// What all of it comes to.
    #[must_use]
    pub fn decision(&self) -> Decision {
        let expected = self.judged.iter().map(Judged::counts_as).max().unwrap_or(Decision::Passed);
        let regressed = self.baseline.as_ref().is_some_and(Compared::failed);
        if regressed { Decision::Failed } else { expected }
    }

    /// Whether nothing was asked of it.
    #[must_use]
    pub fn is_unasked(&self) -> bool {
        self.judged.is_empty() && self.baseline.is_none()
    }
}

impl Checked<'_> {
    /// What all of it comes to.
    #[must_use]
    pub fn decision(&self) -> Decision {
        self.files.iter().map(CheckedFile::decision).max().unwrap_or(Decision::Passed)
    }

    /// How many expectations, each of them for each of its policies, have come to this.
    #[must_use]
    pub fn count(&self, decision: Decision) -> usize {
        self.files.iter().flat_map(|file| &file.judged).filter(|judged| judged.decision == decision).count()
    }

    /// How many files of the baseline have become worse, or are not what the same model gave.
    #[must_use]
    pub fn regressed(&self) -> usize {
        self.files.iter().filter(|file| file.baseline.as_ref().is_some_and(Compared::failed)).count()
    }
}
