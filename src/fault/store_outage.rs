//! `store-outage`: the gateways' shared token store is down (model.md §4.3).

use super::{Control, Fails, Fault, FaultDef, Phase};
use crate::dist::Dist;
use crate::key::{Key, Ty};

/// The kind.
pub const DEF: FaultDef = FaultDef {
    kind: "store-outage",
    doc: "the gateways' shared token store is down; what lies in it stays",
    keys: &[
        Key::required("for", Ty::Dist, "how long"),
        Key::new(
            "fails",
            Ty::Choice(&["open", "closed"]),
            "\"open\"",
            "what gateways do meanwhile: open goes on without the store, closed answers with an error",
        ),
    ],
    build: |table, _, _| {
        let fails = match table.text("fails") {
            "open" => Fails::Open,
            "closed" => Fails::Closed,
            other => unreachable!("the decoder refuses fails {other}"),
        };
        Ok(Box::new(StoreOutage { lasts: table.dist("for"), fails }))
    },
};

#[derive(Debug)]
struct StoreOutage {
    lasts: Dist,
    fails: Fails,
}

impl Fault for StoreOutage {
    fn kind(&self) -> &'static str {
        DEF.kind
    }

    fn phase(&self, phase: Phase, control: &mut dyn Control) {
        if phase.is_begin() {
            control.store_down(self.fails);
            control.then(control.draw(&self.lasts, "for"), phase.step(1));
        } else {
            control.store_up();
        }
    }

    fn lasts_s(&self) -> f64 {
        self.lasts.mean_s()
    }

    fn only_about_the_store(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorder::{played, text};
    use super::*;
    use crate::key::Value;
    use crate::time::SimSpan;

    #[test]
    fn the_store_goes_down_as_its_key_says_and_comes_back() {
        let lasts = ("for", Value::Dist(Dist::Constant(SimSpan::secs(60))));
        for (word, told) in [("open", "store down, Open"), ("closed", "store down, Closed")] {
            let keys = [lasts.clone(), ("fails", text(word))];
            assert_eq!(played(&DEF, &keys, 2), Ok(vec![told.into(), "store up".into()]));
        }
    }
}
