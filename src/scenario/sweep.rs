//! `[sweep]`: which values take the place of which paths, and the scenario of every point.

mod condition;
mod decode;
mod gather;
mod kept;
mod paths;
mod points;

use std::borrow::Cow;

use super::Scenario;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::source::At;
use super::text::quoted;
use super::tree::Node;

pub use decode::decode;
pub use gather::join;
pub use points::{Base, resolve};

/// More points than this are refused.
pub const MOST_POINTS: usize = 1_000;
/// The same before `where` leaves some out.
pub const MOST_BEFORE_WHERE: usize = 100_000;

/// How the lists of a sweep go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All combinations; the first key varies slowest.
    Grid,
    /// One list beside the other.
    Zip,
}

/// A sweep, resolved: a scenario for every point.
#[derive(Debug)]
pub struct Sweep {
    pub mode: Mode,
    /// In the order of the file.
    pub keys: Vec<SweptKey>,
    /// The comparisons of `where`, as they stand in the file: each holds at every point.
    pub conditions: Vec<String>,
    /// In the order in which they are played; at least one.
    pub points: Vec<Point>,
    /// What can be run at the points, but may not answer the question.
    pub warnings: Diagnostics,
    /// Where `mode` comes from.
    pub mode_origin: String,
    /// Where `where` comes from.
    pub where_origin: String,
}

/// A path that a sweep varies.
#[derive(Clone, Debug, PartialEq)]
pub struct SweptKey {
    /// As `--set` takes it.
    pub path: String,
    /// The shortest ending of the path that no other key of the sweep has: for tables and plots.
    pub name: String,
    /// In the order of the file.
    pub values: Vec<SweptValue>,
    /// `scenario.toml:12`.
    pub origin: String,
}

/// A value of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct SweptValue {
    /// As it stands in the file.
    pub toml: String,
    /// The same without quotes, for tables and CSV.
    pub text: String,
}

/// A point of a sweep.
#[derive(Debug)]
pub struct Point {
    /// One per key: the position of its value.
    pub at: Vec<usize>,
    pub scenario: Scenario,
}

/// A sweep as the file says it, before anything is made of it.
#[derive(Clone, Debug)]
pub struct Draft {
    mode: Mode,
    mode_origin: String,
    keys: Vec<DraftKey>,
    conditions: Vec<String>,
    where_origin: String,
    /// The points that `where` keeps.
    choices: Vec<points::Choice>,
    /// What is odd about `where`.
    warnings: Vec<Diagnostic>,
    /// It has a mistake of its own: there are no points, and each value is checked alone.
    broken: bool,
}

#[derive(Clone, Debug)]
struct DraftKey {
    path: String,
    at: At,
    /// At least one.
    values: Vec<Node>,
    shown: SweptKey,
}

impl Draft {
    /// How many points there are; `None` where the sweep has a mistake of its own.
    #[must_use]
    pub fn points(&self) -> Option<usize> {
        (!self.broken).then_some(self.choices.len())
    }
}

impl Mode {
    /// As a file writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Mode::Grid => "grid",
            Mode::Zip => "zip",
        }
    }
}

impl Sweep {
    /// The values of a point, one per key.
    #[must_use]
    pub fn values(&self, point: usize) -> Vec<&str> {
        let at = &self.points[point].at;
        self.keys.iter().zip(at).map(|(key, &value)| key.values[value].text.as_str()).collect()
    }

    /// `idp.token_lifetime = "5min", bus.loss = 0.1`.
    #[must_use]
    pub fn told(&self, point: usize) -> String {
        told(self.keys.iter().zip(&self.points[point].at))
    }

    /// The lines of `[sweep]` as a file writes them: key, value, origin.
    pub fn lines(&self) -> impl Iterator<Item = (Cow<'static, str>, String, &str)> {
        let mode = (Cow::from("mode"), format!("\"{}\"", self.mode.word()), self.mode_origin.as_str());
        let keys = self.keys.iter().map(|key| {
            let values: Vec<&str> = key.values.iter().map(|value| value.toml.as_str()).collect();
            (Cow::from(key.path.clone()), format!("[{}]", values.join(", ")), key.origin.as_str())
        });
        let conditions: Vec<String> = self.conditions.iter().map(|text| quoted(text)).collect();
        let conditions = (!conditions.is_empty())
            .then(|| (Cow::from("where"), format!("[{}]", conditions.join(", ")), self.where_origin.as_str()));
        std::iter::once(mode).chain(conditions).chain(keys)
    }
}

fn told<'a>(values: impl Iterator<Item = (&'a SweptKey, &'a usize)>) -> String {
    let each = values.map(|(key, &value)| format!("{} = {}", key.path, key.values[value].toml));
    each.collect::<Vec<_>>().join(", ")
}
