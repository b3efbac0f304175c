//! Rule `store`: where the cached token lies (model.md §4.3).

use crate::key::{Key, Table, Ty};
use crate::time::SimSpan;

/// The rule's keys in a scenario file.
pub const KEYS: &[Key] = &[
    Key::new(
        "shared",
        Ty::Bool,
        "false",
        "one entry per credential for all gateway nodes, which survives their restarts",
    ),
    Key::new("round_trip", Ty::Span, "\"1ms\"", "what a lookup or a write in the shared store takes"),
];

/// Where the cached token lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    pub shared: bool,
    pub round_trip: SimSpan,
}

impl Store {
    /// The rule as the table says.
    #[must_use]
    pub fn from_table(table: &Table) -> Store {
        Store { shared: table.bool("shared"), round_trip: table.span("round_trip") }
    }
}
