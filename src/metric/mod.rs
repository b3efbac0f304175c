//! What is measured, one file a family. Collectors read the facts that the model tells and nothing else.

/// A metric as the registry knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricDef {
    /// Unit last.
    pub name: &'static str,
    pub unit: Unit,
    /// Which way is good, if one is.
    pub better: Option<Better>,
    pub doc: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Count,
    Seconds,
    Milliseconds,
    Ratio,
    PerSecond,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Higher,
    Lower,
}

impl Unit {
    /// As `summary.csv` prints it.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Unit::Count => "count",
            Unit::Seconds => "s",
            Unit::Milliseconds => "ms",
            Unit::Ratio => "ratio",
            Unit::PerSecond => "1/s",
        }
    }
}

/// Every metric, in the order of `replications.csv`.
#[must_use]
pub fn all() -> Vec<MetricDef> {
    Vec::new()
}
