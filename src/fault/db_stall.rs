//! `db-stall`: the IdP's database stands still for a while, and nothing is lost (model.md §6).

use super::{Control, Fault, FaultDef, Phase};
use crate::dist::Dist;
use crate::key::{Key, Ty};

/// The kind.
pub const DEF: FaultDef = FaultDef {
    kind: "db-stall",
    doc: "the IdP's database stands still; what it works on ends afterwards",
    keys: &[Key::required("for", Ty::Dist, "how long")],
    build: |table, _, _| Ok(Box::new(DbStall { lasts: table.dist("for") })),
};

#[derive(Debug)]
struct DbStall {
    lasts: Dist,
}

impl Fault for DbStall {
    fn kind(&self) -> &'static str {
        DEF.kind
    }

    /// There is one: the database knows when the stall ends.
    fn phase(&self, _: Phase, control: &mut dyn Control) {
        control.stall_db(control.draw(&self.lasts, "for"));
    }

    fn lasts_s(&self) -> f64 {
        self.lasts.mean_s()
    }

    fn needs_database(&self) -> bool {
        true
    }
}
