//! `idp-restart` and `idp-crash`: nodes of the IdP stop, tokens may die, nodes come back (model.md §6).

use super::{Fault, FaultDef, FaultMistake, IdpTarget, Names};
use crate::dist::Dist;
use crate::key::{Key, Table, Ty, Value};
use crate::model::config::{OnRestart, RestartEvent};
use crate::time::SimSpan;

/// A planned or graceful restart.
pub const RESTART: FaultDef = FaultDef {
    kind: "idp-restart",
    doc: "nodes of the IdP restart, and tokens die as on_restart says",
    keys: &[
        Key::required("down", Ty::Dist, "how long a node is down"),
        NODE,
        GAP,
        Key::new("graceful", Ty::Bool, "false", "drains first, and what is queued for the database is written"),
        Key::new("drain", Ty::Span, "\"0s\"", "graceful: how long old requests are finished before the stop"),
        STARTING,
        ON_RESTART,
        RESTART_EVENT,
    ],
    build: |table, idp, names| build(table, idp, names, Kind::Restart),
};

/// The same, never graceful.
pub const CRASH: FaultDef = FaultDef {
    kind: "idp-crash",
    doc: "as idp-restart, never graceful",
    keys: &[Key::required("down", Ty::Dist, "how long a node is down"), NODE, GAP, STARTING, ON_RESTART, RESTART_EVENT],
    build: |table, idp, names| build(table, idp, names, Kind::Crash),
};

const NODE: Key = Key::new("node", Ty::Text, "\"all\"", "all, rolling (node after node), or one node: idp-1 …");
const GAP: Key = Key::new("gap", Ty::Span, "\"0s\"", "rolling: from one node's return to the next one's stop");
const STARTING: Key =
    Key::like("starting", Ty::Dist, "idp.starting", "how long the ports are open before the node is ready");
const ON_RESTART: Key = Key::like(
    "on_restart",
    Ty::Choice(&["invalidate-all", "invalidate-node", "keep", "new-signing-key", "not-before"]),
    "idp.on_restart",
    "which tokens die",
);
const RESTART_EVENT: Key = Key::like(
    "restart_event",
    Ty::Choice(&["never", "at-start", "at-stop"]),
    "idp.restart_event",
    "when the IdP tells of it",
);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Restart,
    Crash,
}

/// The fault's settings.
#[derive(Debug)]
pub struct IdpRestart {
    kind: Kind,
    target: IdpTarget,
    down: Dist,
    gap: SimSpan,
    /// Zero unless graceful.
    drain: SimSpan,
    starting: Dist,
    on_restart: OnRestart,
    restart_event: RestartEvent,
}

fn build(table: &Table, idp: &Table, names: Names<'_>, kind: Kind) -> Result<Box<dyn Fault>, FaultMistake> {
    let or_idp = |key: &str| if *table.get(key) == Value::Off { idp } else { table };
    let graceful = kind == Kind::Restart && table.bool("graceful");
    Ok(Box::new(IdpRestart {
        kind,
        target: super::idp_target(table, names, true)?,
        down: table.dist("down"),
        gap: table.span("gap"),
        drain: if graceful { table.span("drain") } else { SimSpan::ZERO },
        starting: or_idp("starting").dist("starting"),
        on_restart: OnRestart::from_word(or_idp("on_restart").text("on_restart")),
        restart_event: RestartEvent::from_word(or_idp("restart_event").text("restart_event")),
    }))
}

impl Fault for IdpRestart {
    fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Restart => RESTART.kind,
            Kind::Crash => CRASH.kind,
        }
    }
}
