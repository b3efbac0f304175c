//! `key-removed`: the key that signs JWTs is missing from the key set for a while (model.md §6), as on 2021-03-15 at Azure AD,
//! where a key that was to be retained was removed from the published metadata and put back two hours later.

use super::{Control, Fault, FaultDef, Phase};
use crate::dist::Dist;
use crate::key::{Key, Ty};

/// The kind.
pub const DEF: FaultDef = FaultDef {
    kind: "key-removed",
    doc: "the key that signs JWTs is missing from the key set, and goes on signing",
    keys: &[Key::required("for", Ty::Dist, "how long, until it is put back")],
    build: |table, _, _| Ok(Box::new(KeyRemoved { lasts: table.dist("for") })),
};

#[derive(Debug)]
struct KeyRemoved {
    lasts: Dist,
}

impl Fault for KeyRemoved {
    fn kind(&self) -> &'static str {
        DEF.kind
    }

    fn phase(&self, phase: Phase, control: &mut dyn Control) {
        if phase.is_begin() {
            control.withhold_key();
            control.then(control.draw(&self.lasts, "for"), phase.step(1));
        } else {
            control.put_key_back();
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
    fn the_key_is_taken_out_and_put_back() {
        let lasts = ("for", Value::Dist(Dist::Constant(SimSpan::secs(60))));
        assert_eq!(played(&DEF, &[lasts], 2), Ok(vec!["withhold".into(), "put back".into()]));
    }
}
