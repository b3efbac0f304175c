//! Rule `probe`: cached tokens are introspected in the background (model.md §4.6).

use crate::key::{Key, Table, Ty};
use crate::time::SimSpan;

/// The rule's keys in a scenario file.
pub const KEYS: &[Key] = &[Key::off("every", Ty::PositiveSpan, "how often each cached token is introspected")];

/// Whether, and how often, a holder has its token checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// `None`: never.
    pub every: Option<SimSpan>,
}

impl Probe {
    /// The rule as the table says.
    #[must_use]
    pub fn from_table(table: &Table) -> Probe {
        Probe { every: table.opt_span("every") }
    }
}
