//! `[slo]`: what share of a year's calls must succeed, and how often in a year it happens that something restarts.

use crate::key::Table;

/// What results are held to in a year.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slo {
    /// The share of calls that must succeed, above 0 and below 1.
    pub target: f64,
    /// How often, above 0.
    pub restarts_per_year: f64,
}

impl Slo {
    /// As the table says; `None` where it says nothing.
    pub(super) fn from_table(table: &Table) -> Option<Slo> {
        let (target, restarts_per_year) = (table.opt_real("target")?, table.opt_real("restarts_per_year")?);
        Some(Slo { target, restarts_per_year })
    }
}
