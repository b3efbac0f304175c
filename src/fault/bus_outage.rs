//! `bus-outage`: every subscriber is disconnected, and nothing new is carried (model.md §9).

use super::{Fault, FaultDef};
use crate::dist::Dist;
use crate::key::{Key, Ty};

/// The kind.
pub const DEF: FaultDef = FaultDef {
    kind: "bus-outage",
    doc: "the event bus is down",
    keys: &[Key::required("for", Ty::Dist, "how long")],
    build: |table, _, _| Ok(Box::new(BusOutage { lasts: table.dist("for") })),
};

#[derive(Debug)]
struct BusOutage {
    lasts: Dist,
}

impl Fault for BusOutage {
    fn kind(&self) -> &'static str {
        DEF.kind
    }
}
