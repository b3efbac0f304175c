//! `db-failover`: the IdP's database goes away, and another takes over that may lack the last changes (model.md §6).

use super::{Control, Fault, FaultDef, Phase};
use crate::dist::Dist;
use crate::key::{Key, Ty};
use crate::time::SimSpan;

/// The kind.
pub const DEF: FaultDef = FaultDef {
    kind: "db-failover",
    doc: "the IdP's database goes away; what takes over may lack the last changes",
    keys: &[
        Key::required("down", Ty::Dist, "how long there is none"),
        Key::new(
            "lost",
            Ty::Span,
            "\"0s\"",
            "what was committed so long before it is gone; what a revocation or a restart killed stays dead",
        ),
    ],
    build: |table, _, _| Ok(Box::new(DbFailover { down: table.dist("down"), lost: table.span("lost") })),
};

#[derive(Debug)]
struct DbFailover {
    down: Dist,
    lost: SimSpan,
}

impl Fault for DbFailover {
    fn kind(&self) -> &'static str {
        DEF.kind
    }

    fn phase(&self, phase: Phase, control: &mut dyn Control) {
        if phase.is_begin() {
            control.db_down(self.lost);
            control.then(control.draw(&self.down, "down"), phase.step(1));
        } else {
            control.db_up();
        }
    }

    fn lasts_s(&self) -> f64 {
        self.down.mean_s()
    }

    fn needs_database(&self) -> bool {
        true
    }

    fn lost(&self) -> SimSpan {
        self.lost
    }
}
