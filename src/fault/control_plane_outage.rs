//! `control-plane-outage`: nobody takes the IdP's notifications, writes them down or publishes them (model.md §8).

use super::{Control, Fault, FaultDef, Phase};
use crate::dist::Dist;
use crate::key::{Key, Ty};

/// The kind.
pub const DEF: FaultDef = FaultDef {
    kind: "control-plane-outage",
    doc: "the control plane is down: the IdP's notifications reach nobody",
    keys: &[Key::required("for", Ty::Dist, "how long")],
    build: |table, _, _| Ok(Box::new(ControlPlaneOutage { lasts: table.dist("for") })),
};

#[derive(Debug)]
struct ControlPlaneOutage {
    lasts: Dist,
}

impl Fault for ControlPlaneOutage {
    fn kind(&self) -> &'static str {
        DEF.kind
    }

    fn phase(&self, phase: Phase, control: &mut dyn Control) {
        if phase.is_begin() {
            control.control_plane_down();
            control.then(control.draw(&self.lasts, "for"), phase.step(1));
        } else {
            control.control_plane_up();
        }
    }

    fn lasts_s(&self) -> f64 {
        self.lasts.mean_s()
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorder::played;
    use super::*;
    use crate::key::Value;
    use crate::time::SimSpan;

    #[test]
    fn the_control_plane_goes_down_and_comes_back() {
        let lasts = ("for", Value::Dist(Dist::Constant(SimSpan::secs(60))));
        assert_eq!(played(&DEF, &[lasts], 2), Ok(vec!["control plane down".into(), "control plane up".into()]));
    }
}
