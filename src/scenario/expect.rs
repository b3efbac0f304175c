//! `[[expect]]`: what must hold of the results, for `check`, `optimize` and replications until all is decided.

use super::published::Stat;
use crate::key::{Table, Value};

/// What must hold of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    /// In words.
    pub name: String,
    /// The positions of the policies of which it must hold: one, or each (but that of `versus`) where the file names none.
    pub policies: Vec<usize>,
    pub metric: String,
    /// Of the values over the replications.
    pub stat: Stat,
    pub bound: Bound,
    /// The position of the policy to whose mean the ratio is meant; `None`: the value itself.
    pub versus: Option<usize>,
    pub on_undecided: OnUndecided,
    /// Where it stands: `scenario.toml:12`.
    pub origin: String,
}

/// Where a value must lie: in the metric's unit, or a ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// Lower than this.
    Below(f64),
    /// Higher than this.
    Above(f64),
    /// Between these, both included.
    Between(f64, f64),
    /// This.
    Equals(f64),
    /// Above zero in at least one replication, whatever the statistic.
    Sometimes,
}

/// What an undecided verdict counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUndecided {
    Fail,
    Warn,
    Pass,
}

/// The keys that give a bound; an expectation has one of them.
pub(super) const BOUNDS: [&str; 5] = ["below", "above", "between", "equals", "sometimes"];

impl Expect {
    /// The entry as its table says.
    pub(super) fn from_table(name: &str, table: &Table, policies: &[String], origin: String) -> Expect {
        let position = |key: &str| {
            let wanted = table.opt_text(key)?;
            Some(policies.iter().position(|policy| policy == wanted).expect("the loader checked it"))
        };
        let versus = position("versus");
        let each = || (0..policies.len()).filter(|&policy| Some(policy) != versus).collect();
        Expect {
            name: name.replace(char::is_control, " "),
            policies: position("policy").map_or_else(each, |policy| vec![policy]),
            metric: table.text("metric").to_owned(),
            stat: Stat::from_word(table.text("stat")),
            bound: Bound::from_table(table),
            versus,
            on_undecided: OnUndecided::from_word(table.text("on_undecided")),
            origin,
        }
    }
}

impl Bound {
    fn from_table(table: &Table) -> Bound {
        let number = |key: &str| table.opt_real(key);
        if let Value::Interval(low, high) = *table.get("between") {
            return Bound::Between(low, high);
        }
        let below = number("below").map(Bound::Below).or(number("above").map(Bound::Above));
        below.or(number("equals").map(Bound::Equals)).unwrap_or(Bound::Sometimes)
    }
}

impl OnUndecided {
    fn from_word(word: &str) -> OnUndecided {
        match word {
            "fail" => OnUndecided::Fail,
            "warn" => OnUndecided::Warn,
            "pass" => OnUndecided::Pass,
            other => unreachable!("the decoder refuses {other}"),
        }
    }

    /// As a file writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            OnUndecided::Fail => "fail",
            OnUndecided::Warn => "warn",
            OnUndecided::Pass => "pass",
        }
    }
}
