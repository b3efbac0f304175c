//! `partition`: nobody of one group reaches anybody of another (model.md §6).

use std::collections::BTreeSet;

use super::names::{self, FaultMistake, Names, Slip};
use super::{Control, Fault, FaultDef, Party, Phase};
use crate::dist::Dist;
use crate::id::{GatewayId, IdpNodeId};
use crate::key::{Key, Table, Ty};

/// The kind.
pub const DEF: FaultDef = FaultDef {
    kind: "partition",
    doc: "nobody of one group reaches anybody of the other",
    keys: &[
        Key::required("for", Ty::Dist, "how long"),
        Key::required(
            "between",
            Ty::TwoTexts,
            "the groups: names of nodes, or idp, gateways, backends, db, store, bus, control-plane",
        ),
    ],
    build: |table, _, known| {
        let (left, right) = groups(table, known)?;
        Ok(Box::new(Partition { lasts: table.dist("for"), left, right }))
    },
};

/// What a group may name besides nodes.
const WORDS: [&str; 7] = ["idp", "gateways", "backends", "db", "store", "bus", "control-plane"];

#[derive(Debug)]
struct Partition {
    lasts: Dist,
    left: Vec<Party>,
    right: Vec<Party>,
}

/// Both groups, with everybody whom their words mean.
fn groups(table: &Table, known: Names<'_>) -> Result<(Vec<Party>, Vec<Party>), Vec<FaultMistake>> {
    let (left, right) = table.two_texts("between");
    let mut wrong = Vec::new();
    let (left, right) = (group(left, known, &mut wrong), group(right, known, &mut wrong));
    let among: BTreeSet<Party> = left.iter().copied().collect();
    if let Some(both) = right.iter().find(|party| among.contains(party)) {
        wrong.push(twice(format!("`{}` is on both sides of the cut", name(*both))));
    }
    if wrong.is_empty() { Ok((left, right)) } else { Err(wrong) }
}

fn group(words: &[String], known: Names<'_>, wrong: &mut Vec<FaultMistake>) -> Vec<Party> {
    let mut group = Vec::new();
    let mut seen = BTreeSet::new();
    for word in words {
        match parties(word, known) {
            Ok(parties) => {
                if let Some(again) = parties.iter().find(|party| seen.contains(*party)) {
                    wrong.push(twice(format!("`{}` stands in one group twice", name(*again))));
                }
                seen.extend(parties.iter().copied());
                group.extend(parties);
            }
            Err(mistake) => wrong.push(mistake),
        }
    }
    group
}

fn parties(word: &str, known: Names<'_>) -> Result<Vec<Party>, FaultMistake> {
    let idp = |index| Party::Idp(IdpNodeId::at(index));
    let gateway = |index| Party::Gateway(GatewayId::at(index));
    Ok(match word {
        "idp" => (0..known.idp_nodes).map(idp).collect(),
        "gateways" => (0..known.gateways).map(gateway).collect(),
        "backends" => vec![Party::Backends],
        "db" => vec![Party::Db],
        "bus" => vec![Party::Bus],
        "control-plane" => vec![Party::ControlPlane],
        "store" => vec![Party::Store],
        word => {
            let node = names::number(word, "idp", known.idp_nodes).map(idp);
            let node = node.or_else(|| names::number(word, "gateway", known.gateways).map(gateway));
            vec![node.ok_or_else(|| names::no_such_party("between", word, known, &WORDS))?]
        }
    })
}

fn twice(message: String) -> FaultMistake {
    FaultMistake { key: "between", slip: Slip::Twice, message, label: "everybody once" }
}

fn name(party: Party) -> String {
    match party {
        Party::Gateway(gateway) => format!("gateway-{}", gateway.index() + 1),
        Party::Idp(node) => format!("idp-{}", node.index() + 1),
        Party::Backends => "backends".into(),
        Party::Db => "db".into(),
        Party::Bus => "bus".into(),
        Party::ControlPlane => "control-plane".into(),
        Party::Store => "store".into(),
    }
}

impl Fault for Partition {
    fn kind(&self) -> &'static str {
        DEF.kind
    }

    fn phase(&self, phase: Phase, control: &mut dyn Control) {
        if phase.is_begin() {
            control.cut(&self.left, &self.right);
            control.then(control.draw(&self.lasts, "for"), phase.step(1));
        } else {
            control.mend();
        }
    }

    fn lasts_s(&self) -> f64 {
        self.lasts.mean_s()
    }

    fn only_about_the_store(&self) -> bool {
        [&self.left, &self.right].into_iter().any(|group| group == &[Party::Store])
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorder::played;
    use super::*;
    use crate::key::Value;
    use crate::time::SimSpan;

    fn cut(left: &[&str], right: &[&str]) -> Result<Vec<String>, Vec<FaultMistake>> {
        let group = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        let lasts = ("for", Value::Dist(Dist::Constant(SimSpan::secs(60))));
        played(&DEF, &[lasts, ("between", Value::TwoTexts(group(left), group(right)))], 2)
    }

    #[test]
    fn a_partition_cuts_whom_its_words_mean_and_mends_the_cut() {
        assert_eq!(
            cut(&["gateways", "idp-2"], &["control-plane", "bus"]),
            Ok(vec![
                "cut [Gateway(GatewayId(0)), Gateway(GatewayId(1)), Idp(IdpNodeId(1))] [ControlPlane, Bus]".into(),
                "mend".into()
            ])
        );
        assert_eq!(
            cut(&["idp"], &["db", "backends", "store"]).map(|done| done[0].clone()),
            Ok("cut [Idp(IdpNodeId(0)), Idp(IdpNodeId(1))] [Db, Backends, Store]".into())
        );
    }

    #[test]
    fn all_that_is_wrong_with_the_groups_is_told() {
        let mistakes =
            cut(&["idp", "idp-1", "moon", "store"], &["idp-2", "store"]).expect_err("nothing of it is right");
        let messages: Vec<&str> = mistakes.iter().map(|mistake| mistake.message.as_str()).collect();
        assert!(
            messages[0].contains("`idp-1` stands in one group twice") && messages[1].contains("`moon`"),
            "{messages:?}"
        );
        assert!(messages[2].contains("`idp-2` is on both sides"), "{messages:?}");
    }
}
