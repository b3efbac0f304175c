//! CSV files that are written as the replications arrive, and kept nowhere.

use super::csv::row;
use super::error::WriteError;
use super::folder::{Folder, Output};
use crate::experiment::record::Record;

/// The rows of one replication under one policy, at a point of a sweep.
pub type Rows = fn(point: usize, policy: &str, record: &Record) -> String;

/// A file that grows.
#[derive(Debug)]
pub struct Stream {
    output: Output,
    policies: Vec<String>,
    rows: Rows,
}

impl Stream {
    /// Begins the file; policies in the order of the scenario.
    pub fn create(
        folder: &Folder,
        name: &str,
        header: &[&str],
        policies: Vec<String>,
        rows: Rows,
    ) -> Result<Stream, WriteError> {
        let mut output = folder.output(name)?;
        output.write(row(header).as_bytes())?;
        Ok(Stream { output, policies, rows })
    }

    /// Appends one replication under one policy.
    pub fn push(&mut self, record: &Record) -> Result<(), WriteError> {
        self.output.write((self.rows)(0, &self.policies[record.policy], record).as_bytes())
    }

    /// Completes the file.
    pub fn finish(self, folder: &mut Folder) -> Result<(), WriteError> {
        folder.close(self.output)
    }
}
