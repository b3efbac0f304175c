//! `idp-outage`: nodes of the IdP are down, and nothing is invalidated (model.md §6).

use super::names::{self, IdpTarget};
use super::{Control, Fault, FaultDef, Phase};
use crate::dist::Dist;
use crate::key::{Key, Ty};

/// The kind.
pub const DEF: FaultDef = FaultDef {
    kind: "idp-outage",
    doc: "the IdP cannot be reached; its tokens stay good",
    keys: &[
        Key::required("down", Ty::Dist, "how long"),
        Key::new("node", Ty::Text, "\"all\"", "all, or one node: idp-1 …"),
    ],
    build: |table, _, known| {
        Ok(Box::new(IdpOutage { target: names::idp_target(table, known, false)?, down: table.dist("down") }))
    },
};

#[derive(Debug)]
struct IdpOutage {
    target: IdpTarget,
    down: Dist,
}

impl Fault for IdpOutage {
    fn kind(&self) -> &'static str {
        DEF.kind
    }

    fn phase(&self, phase: Phase, control: &mut dyn Control) {
        let nodes = self.target.nodes(control);
        if phase.is_begin() {
            control.stop_nodes(&nodes);
            control.then(control.draw(&self.down, "down"), phase.step(1));
        } else {
            control.nodes_up(&nodes);
        }
    }

    fn lasts_s(&self) -> f64 {
        self.down.mean_s()
    }
}
