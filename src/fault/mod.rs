//! What goes wrong, one file a kind. Each is a small machine of numbered phases over `Event::Fault(id, phase)`.

mod bus_outage;
mod gateway_restart;
mod idp_outage;
mod idp_restart;
mod idp_slow;
mod token_revoked;

use std::fmt;

use crate::id::{GatewayId, IdpNodeId};
use crate::key::{Key, Table};

/// A fault that is part of a world.
pub trait Fault: fmt::Debug + Send + Sync {
    /// Placeholder until the world exists.
    fn kind(&self) -> &'static str;
}

/// The names that a fault may refer to.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    pub idp_nodes: usize,
    pub gateways: usize,
    /// Sorted: the position is the id.
    pub credentials: &'a [String],
}

/// A mistake in a fault's own keys that only shows against the rest of the scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultMistake {
    pub key: &'static str,
    pub message: String,
    /// What could stand there instead.
    pub candidates: Vec<String>,
}

/// From a decoded table to a fault.
pub type Build = fn(table: &Table, idp: &Table, names: Names<'_>) -> Result<Box<dyn Fault>, FaultMistake>;

/// A kind of fault as the registry knows it.
#[derive(Clone, Copy, Debug)]
pub struct FaultDef {
    pub kind: &'static str,
    pub doc: &'static str,
    /// Its own keys, besides name, kind, at and every. One that defaults to another key's value is `Value::Off` in the table
    /// when the file does not give it.
    pub keys: &'static [Key],
    /// The fault of a decoded table; `idp` is the decoded `[idp]` table, whose settings its keys override for the occasion.
    pub build: Build,
}

/// Every kind that is built. A new one is a file and a line here.
pub const FAULTS: &[FaultDef] = &[
    idp_restart::RESTART,
    idp_restart::CRASH,
    idp_outage::DEF,
    idp_slow::DEF,
    gateway_restart::DEF,
    bus_outage::DEF,
    token_revoked::DEF,
];

/// Kinds of later issues: recognised, and refused as not built yet.
pub const LATER: &[&str] = &[
    "key-rotation",
    "partition",
    "control-plane-outage",
    "store-outage",
    "db-stall",
    "db-failover",
    "clock-skew",
    "password-change",
    "user-disabled",
    "role-change",
    "credentials-revoked",
    "application-revoked",
];

/// Which nodes of the IdP a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IdpTarget {
    All,
    One(IdpNodeId),
    /// Node after node.
    Rolling,
}

/// Which gateway nodes a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GatewayTarget {
    All,
    One(GatewayId),
}

fn idp_target(table: &Table, names: Names<'_>, may_roll: bool) -> Result<IdpTarget, FaultMistake> {
    match table.text("node") {
        "all" => Ok(IdpTarget::All),
        "rolling" if may_roll => Ok(IdpTarget::Rolling),
        word => {
            let words: &[&str] = if may_roll { &["all", "rolling"] } else { &["all"] };
            node_number(word, "idp", names.idp_nodes, words).map(|index| IdpTarget::One(IdpNodeId::at(index)))
        }
    }
}

fn gateway_target(table: &Table, names: Names<'_>) -> Result<GatewayTarget, FaultMistake> {
    match table.text("node") {
        "all" => Ok(GatewayTarget::All),
        word => {
            node_number(word, "gateway", names.gateways, &["all"]).map(|index| GatewayTarget::One(GatewayId::at(index)))
        }
    }
}

/// The index of the node that `word` names: `<prefix>-<number from 1>`.
fn node_number(word: &str, prefix: &str, nodes: usize, words: &[&str]) -> Result<usize, FaultMistake> {
    let number =
        word.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-')).filter(|digits| !digits.starts_with('0'));
    match number.and_then(|digits| digits.parse::<usize>().ok()) {
        Some(number) if (1..=nodes).contains(&number) => Ok(number - 1),
        Some(_) | None => Err(FaultMistake {
            key: "node",
            message: format!("there is no node `{word}`: the scenario has {prefix}-1 to {prefix}-{nodes}"),
            candidates: words
                .iter()
                .map(ToString::to_string)
                .chain((1..=nodes.min(64)).map(|n| format!("{prefix}-{n}")))
                .collect(),
        }),
    }
}
