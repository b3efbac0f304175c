//! `idp-slow`: every service that the IdP begins takes longer (model.md §6).

use super::{Control, Fault, FaultDef, Phase};
use crate::dist::Dist;
use crate::key::{Key, Ty};

/// The kind.
pub const DEF: FaultDef = FaultDef {
    kind: "idp-slow",
    doc: "the IdP's service times are multiplied",
    keys: &[
        Key::required("for", Ty::Dist, "how long"),
        Key::required("factor", Ty::Factor, "by how much service times are multiplied"),
    ],
    build: |table, _, _| Ok(Box::new(IdpSlow { lasts: table.dist("for"), factor: table.real("factor") })),
};

#[derive(Debug)]
struct IdpSlow {
    lasts: Dist,
    factor: f64,
}

impl Fault for IdpSlow {
    fn kind(&self) -> &'static str {
        DEF.kind
    }

    fn phase(&self, phase: Phase, control: &mut dyn Control) {
        if phase.is_begin() {
            control.slow_idp(self.factor);
            control.then(control.draw(&self.lasts, "for"), phase.step(1));
        } else {
            control.unslow_idp();
        }
    }

    fn lasts_s(&self) -> f64 {
        self.lasts.mean_s()
    }
}
