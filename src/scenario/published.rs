//! `[[known]]`: what is known of the real case that a scenario retells, to be read beside its results.
//!
//! A published duration that was put into a scenario proves nothing when it comes out again. So each figure says what it is.

use crate::key::{Table, Value};

/// A figure of the real case.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    pub name: String,
    /// What is published.
    pub says: String,
    /// Where.
    pub source: String,
    pub is: Origin,
    /// What is the same in the results, if anything is.
    pub figure: Option<Figure>,
    /// Why the results differ, if they do; may be empty.
    pub why: String,
}

/// How a figure came into the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The scenario was given it.
    Input,
    /// Something else was chosen so that it comes out.
    Fitted,
    /// Neither: it follows from the rest.
    Predicted,
}

/// A number of the results.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub metric: String,
    /// The position of its policy.
    pub policy: usize,
    /// The number of its point; 0 where there is no sweep.
    pub point: usize,
    pub stat: Stat,
    /// What is published, in the metric's unit.
    pub between: Option<(f64, f64)>,
}

/// What is taken of a metric's values over the replications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stat {
    Mean,
    P50,
    P95,
    P99,
    Max,
    Min,
}

impl Published {
    /// The entry as its table says.
    pub(super) fn from_table(name: &str, table: &Table, policies: &[String]) -> Published {
        let text = |key: &str| table.text(key).replace(char::is_control, " ");
        let policy = match table.get("policy") {
            Value::Text(wanted) => policies.iter().position(|policy| policy == wanted).expect("the loader checked it"),
            _ => 0,
        };
        let between = if let Value::Interval(low, high) = *table.get("between") { Some((low, high)) } else { None };
        let figure = |metric: &str| Figure {
            metric: metric.to_owned(),
            policy,
            point: usize::try_from(table.count("point")).expect("the decoder bounds it"),
            stat: Stat::from_word(table.text("stat")),
            between,
        };
        Published {
            name: name.replace(char::is_control, " "),
            says: text("says"),
            source: text("source"),
            is: Origin::from_word(table.text("is")),
            figure: if let Value::Text(metric) = table.get("metric") { Some(figure(metric)) } else { None },
            why: if let Value::Text(why) = table.get("why") {
                why.replace(char::is_control, " ")
            } else {
                String::new()
            },
        }
    }
}

impl Origin {
    fn from_word(word: &str) -> Origin {
        match word {
            "input" => Origin::Input,
            "fitted" => Origin::Fitted,
            "predicted" => Origin::Predicted,
            other => unreachable!("the decoder refuses {other}"),
        }
    }

    /// As a file writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Origin::Input => "input",
            Origin::Fitted => "fitted",
            Origin::Predicted => "predicted",
        }
    }
}

impl Stat {
    pub(super) fn from_word(word: &str) -> Stat {
        let all = [Stat::Mean, Stat::P50, Stat::P95, Stat::P99, Stat::Max, Stat::Min];
        all.into_iter().find(|stat| stat.word() == word).unwrap_or_else(|| unreachable!("the decoder refuses {word}"))
    }

    /// As a file writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Stat::Mean => "mean",
            Stat::P50 => "p50",
            Stat::P95 => "p95",
            Stat::P99 => "p99",
            Stat::Max => "max",
            Stat::Min => "min",
        }
    }
}
