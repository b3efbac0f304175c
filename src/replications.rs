//! How many worlds are drawn, and what decides when there are enough of them.

/// How many replications there are.
#[derive(Clone, Debug, PartialEq)]
pub struct Replications {
    /// So many at least.
    pub min: u32,
    /// So many at most; as `min` where the number is fixed.
    pub max: u32,
    pub until: Until,
}

/// What has to hold for replications to end before `max`.
#[derive(Clone, Debug, PartialEq)]
pub enum Until {
    /// Nothing: their number is fixed.
    Fixed,
    /// The interval of a metric's mean is narrow enough: of one policy, or (`None`) of each.
    HalfWidth { metric: String, policy: Option<String>, width: Width },
    /// Every expectation of the scenario has passed or failed.
    Decided,
}

/// Half the width of an interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Width {
    /// In units of the mean.
    Relative(f64),
    /// In the metric's unit.
    Absolute(f64),
}

impl Replications {
    /// So many, whatever they come to.
    #[must_use]
    pub fn fixed(number: u32) -> Replications {
        Replications { min: number, max: number, until: Until::Fixed }
    }
}
