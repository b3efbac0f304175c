//! `gateway-restart`: a gateway node goes down and comes back with empty caches (model.md §3).

use super::names::{self, GatewayTarget};
use super::{Control, Fault, FaultDef, Phase};
use crate::dist::Dist;
use crate::key::{Key, Ty};

/// The kind.
pub const DEF: FaultDef = FaultDef {
    kind: "gateway-restart",
    doc: "gateway nodes go down and come back with empty caches",
    keys: &[
        Key::required("down", Ty::Dist, "how long a node is down"),
        Key::new("node", Ty::Text, "\"all\"", "all, or one node: gateway-1 …"),
    ],
    build: |table, _, known| {
        Ok(Box::new(GatewayRestart { target: names::gateway_target(table, known)?, down: table.dist("down") }))
    },
};

#[derive(Debug)]
struct GatewayRestart {
    target: GatewayTarget,
    down: Dist,
}

impl Fault for GatewayRestart {
    fn kind(&self) -> &'static str {
        DEF.kind
    }

    fn phase(&self, phase: Phase, control: &mut dyn Control) {
        let gateways = match self.target {
            GatewayTarget::All => control.gateways(),
            GatewayTarget::One(gateway) => vec![gateway],
        };
        if phase.is_begin() {
            control.gateways_down(&gateways);
            control.then(control.draw(&self.down, "down"), phase.step(1));
        } else {
            control.gateways_up(&gateways);
        }
    }

    fn lasts_s(&self) -> f64 {
        self.down.mean_s()
    }
}
