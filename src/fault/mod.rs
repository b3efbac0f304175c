//! What goes wrong, one file a kind. Each is a small machine of numbered phases over `Event::Fault(id, phase)`.

use std::fmt;

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

/// A kind of fault as the registry knows it.
#[derive(Clone, Copy)]
pub struct FaultDef {
    pub kind: &'static str,
    pub doc: &'static str,
    /// Its own keys, besides name, kind, at and every.
    pub keys: &'static [Key],
    /// The fault of a decoded table; `idp` is the decoded `[idp]` table, whose settings its keys override for the occasion.
    pub build: fn(table: &Table, idp: &Table, names: Names<'_>) -> Result<Box<dyn Fault>, FaultMistake>,
}

/// Every kind that is built. A new one is a file and a line here.
pub const FAULTS: &[FaultDef] = &[];

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
