//! `bus-outage`: every subscriber is disconnected, and nothing new is carried (model.md §9).

use super::{Control, Fault, FaultDef, Phase};
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

    fn phase(&self, phase: Phase, control: &mut dyn Control) {
        if phase.is_begin() {
            control.bus_down();
            control.then(control.draw(&self.lasts, "for"), phase.step(1));
        } else {
            control.bus_up();
        }
    }

    fn lasts_s(&self) -> f64 {
        self.lasts.mean_s()
    }
}
