//! What the report page says, as data: written as `report.json`, and all that the page is drawn from.

use serde::{Deserialize, Serialize};

/// Counts up when an older `report.json` cannot be drawn any more.
pub const FORMAT: u32 = 1;

/// The page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    pub format: u32,
    pub name: String,
    pub title: String,
    pub question: String,
    pub source: String,
    /// What was run: replications, seed, what ± means.
    pub run: String,
    /// The answer in a few numbers.
    pub tiles: Vec<Tile>,
    pub findings: Vec<String>,
    /// Of a sweep: what its points came to.
    pub sweep: Option<SweepPart>,
    /// Of a sweep: the point that everything below is about, and why this one.
    pub shown: Option<Shown>,
    pub policies: Table,
    pub differences: Option<Table>,
    pub users: Option<Table>,
    pub year: Option<Table>,
    pub ratio: Option<Ratio>,
    pub figures: Vec<Figure>,
    pub worst: Worst,
    pub known: Option<Table>,
    pub assumptions: Table,
    pub origin: Origin,
}

/// A number that answers, with what it is a number of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tile {
    pub label: String,
    pub value: String,
    pub note: String,
    pub tone: Tone,
    /// Position of the worst case that tells why.
    pub case: Option<usize>,
}

/// Whether a tile is good news; never told by colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    Good,
    Bad,
    Plain,
}

/// Rows under titles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What it is a table of.
    pub caption: String,
    pub columns: Vec<Column>,
    /// One cell a column.
    pub rows: Vec<Vec<String>>,
    /// Sentences below it.
    pub notes: Vec<String>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub title: String,
    pub is_number: bool,
}

/// What the points of a sweep came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepPart {
    pub told: String,
    /// What matters to a decision.
    pub sentences: Vec<String>,
    pub figures: Vec<Figure>,
    pub points: Table,
}

/// The point of a sweep that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// From 0.
    pub point: usize,
    /// `db.write = 25ms, idp.persistence.clustered = true`
    pub values: String,
    pub why: String,
}

/// A picture with what it shows, in words and as a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Its anchor.
    pub id: String,
    pub title: String,
    pub words: String,
    /// Drawn by this program.
    pub svg: String,
    /// It is made for white paper: colours in it mean something.
    pub on_paper: bool,
    pub data: Table,
}

/// The share of calls that succeed around the fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// `seconds since the IdP stopped`
    pub axis: String,
    /// The middle of each bin, in seconds.
    pub x: Vec<f64>,
    pub marks: Vec<Mark>,
    pub curves: Vec<Curve>,
    /// What the curves show, a sentence each.
    pub told: Vec<String>,
    /// Policies under which calls fail again after all had recovered.
    pub again: Option<Again>,
    /// How many bins of the timeline are one point.
    pub bins_a_point: usize,
}

/// A fault, in seconds on the axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    pub from: f64,
    pub to: f64,
    pub name: String,
}

/// Policies whose calls succeed alike; shares from 0 to 1, none where there was no call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    pub policies: Vec<String>,
    /// Position in the palette.
    pub colour: usize,
    /// Over all replications.
    pub mean: Vec<Option<f64>>,
    /// The replication at 5 % and at 95 % of them.
    pub low: Vec<Option<f64>>,
    pub high: Vec<Option<f64>>,
}

/// An outage after the recovery from the first one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    pub policies: Vec<String>,
    pub words: String,
}

/// The worst outages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Worst {
    /// Why there is none, or fewer than there are policies.
    pub note: String,
    pub cases: Vec<Case>,
}

/// The worst outage under one policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    pub policies: Vec<String>,
    /// `15min12s`
    pub lasted: String,
    /// `gateway-1/orders, from 0:05:00 to 0:20:12: 15min12s, 4,812 calls failed; replication 3`
    pub what: String,
    pub in_short: String,
    /// From the effect back to its cause.
    pub story: Vec<Line>,
    /// The same as a sequence diagram.
    pub sequence: String,
    pub ended: String,
    /// What became of it under the other policies.
    pub others: Table,
    /// The command that tells it again.
    pub command: String,
}

/// A line of a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub at: String,
    pub who: String,
    pub what: String,
}

/// What it was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The command line that makes it again.
    pub command: String,
    /// What the manifest says.
    pub manifest: Table,
}

impl Table {
    /// A table of these columns; those whose titles begin with `#` are numbers.
    #[must_use]
    pub fn new(caption: impl Into<String>, titles: &[&str]) -> Table {
        let column = |title: &&str| match title.strip_prefix('#') {
            Some(title) => Column { title: title.into(), is_number: true },
            None => Column { title: (*title).into(), is_number: false },
        };
        Table { caption: caption.into(), columns: titles.iter().map(column).collect(), ..Table::default() }
    }
}
