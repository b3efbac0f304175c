//! `clock-skew`: clocks of nodes move, for good (model.md §6).

use super::names::{self, FaultMistake, Names};
use super::{Clocked, Control, Fault, FaultDef, Phase};
use crate::id::{GatewayId, IdpNodeId};
use crate::key::{Key, SignedSpan, Table, Ty};

/// The kind.
pub const DEF: FaultDef = FaultDef {
    kind: "clock-skew",
    doc: "clocks of nodes move, forwards or backwards, and stay there",
    keys: &[
        Key::required("node", Ty::Text, "idp or gateways (all of them), or one node: idp-1, gateway-2 …"),
        Key::required("by", Ty::SignedSpan, "how far; backwards with a minus"),
    ],
    build: |table, _, known| Ok(Box::new(ClockSkew { nodes: nodes(table, known)?, by: table.signed_span("by") })),
};

#[derive(Debug)]
struct ClockSkew {
    nodes: Vec<Clocked>,
    by: SignedSpan,
}

fn nodes(table: &Table, known: Names<'_>) -> Result<Vec<Clocked>, FaultMistake> {
    let word = table.text("node");
    let idp = |index| Clocked::Idp(IdpNodeId::at(index));
    let gateway = |index| Clocked::Gateway(GatewayId::at(index));
    match word {
        "idp" => return Ok((0..known.idp_nodes).map(idp).collect()),
        "gateways" => return Ok((0..known.gateways).map(gateway).collect()),
        _ => {}
    }
    let one = names::number(word, "idp", known.idp_nodes)
        .map(idp)
        .or_else(|| names::number(word, "gateway", known.gateways).map(gateway));
    match one {
        Some(node) => Ok(vec![node]),
        None => Err(names::no_such_party("node", word, known, &["idp", "gateways"])),
    }
}

impl Fault for ClockSkew {
    fn kind(&self) -> &'static str {
        DEF.kind
    }

    fn phase(&self, _: Phase, control: &mut dyn Control) {
        control.skew(&self.nodes, self.by.0);
    }

    fn lasts_s(&self) -> f64 {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorder::{played, text};
    use super::*;
    use crate::key::Value;

    #[test]
    fn clocks_move_by_so_much_at_one_node_or_at_all() {
        let skew = |node: &str, by| played(&DEF, &[("node", text(node)), ("by", Value::SignedSpan(SignedSpan(by)))], 1);
        assert_eq!(skew("idp-2", -750), Ok(vec!["skew [Idp(IdpNodeId(1))] -750".into()]));
        let both = "skew [Gateway(GatewayId(0)), Gateway(GatewayId(1))] 2";
        assert_eq!(skew("gateways", 2), Ok(vec![both.into()]));
        assert!(skew("all", 2).is_err() && skew("gateway-0", 2).is_err());
    }
}
