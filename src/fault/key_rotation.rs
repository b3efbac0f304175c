//! `key-rotation`: another key signs JWTs, and the one before is taken back, in time or not (model.md §6).

use super::{Control, Death, Fault, FaultDef, Phase};
use crate::key::{Key, Ty, Value};
use crate::time::SimSpan;

/// The kind.
pub const DEF: FaultDef = FaultDef {
    kind: "key-rotation",
    doc: "another key signs JWTs; the old one stays good for a while",
    keys: &[
        Key::like(
            "overlap",
            Ty::Span,
            "idp.token_lifetime",
            "how long the old key stays published, and its tokens good",
        ),
        Key::new("publish_after", Ty::Span, "\"0s\"", "how long after it began to sign the new key is published"),
    ],
    build: |table, idp, _| {
        let overlap =
            if *table.get("overlap") == Value::Off { idp.span("token_lifetime") } else { table.span("overlap") };
        Ok(Box::new(KeyRotation { overlap, publish_after: table.span("publish_after") }))
    },
};

#[derive(Debug)]
struct KeyRotation {
    overlap: SimSpan,
    publish_after: SimSpan,
}

/// The steps after the first: the new key is published, the old one retired. Either may come first.
const PUBLISH: u32 = 1;
const RETIRE: u32 = 2;

impl Fault for KeyRotation {
    fn kind(&self) -> &'static str {
        DEF.kind
    }

    fn phase(&self, phase: Phase, control: &mut dyn Control) {
        match phase.step {
            PUBLISH => control.publish_rotated_key(),
            RETIRE => control.kill(Death::RotatedKey),
            _ => {
                control.rotate_key();
                for (after, step) in [(self.publish_after, PUBLISH), (self.overlap, RETIRE)] {
                    if after == SimSpan::ZERO {
                        self.phase(phase.step(step), control);
                    } else {
                        control.then(after, phase.step(step));
                    }
                }
            }
        }
    }

    fn lasts_s(&self) -> f64 {
        self.overlap.max(self.publish_after).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorder::played;
    use super::*;

    fn rotation(overlap: u64, publish_after: u64, phases: u32) -> Vec<String> {
        let span = |secs| Value::Span(SimSpan::secs(secs));
        let keys = [("overlap", span(overlap)), ("publish_after", span(publish_after))];
        played(&DEF, &keys, phases).expect("nothing is wrong with it")
    }

    #[test]
    fn the_new_key_signs_first_and_is_published_and_the_old_one_retired_in_their_time() {
        let [sign, publish, retire] = ["rotate", "publish rotated", "kill RotatedKey"];
        assert_eq!(rotation(60, 0, 1), [sign, publish]);
        assert_eq!(rotation(0, 60, 1), [sign, retire]);
        assert_eq!(rotation(0, 0, 1), [sign, publish, retire], "never no key at all");
        assert_eq!(rotation(60, 90, 1), [sign]);
        assert_eq!(rotation(60, 90, 3), [sign, publish, retire], "whichever comes first");
    }
}
