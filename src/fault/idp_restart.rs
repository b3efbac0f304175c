//! `idp-restart` and `idp-crash`: nodes of the IdP stop, tokens may die, nodes come back (model.md §6).

use super::names::{self, IdpTarget};
use super::{Control, Death, Fault, FaultDef, FaultMistake, Names, Phase};
use crate::dist::Dist;
use crate::id::IdpNodeId;
use crate::key::{Key, Table, Ty, Value};
use crate::model::config::{OnRestart, RestartEvent};
use crate::time::{SimSpan, SimTime};

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
    build: |table, idp, known| build(table, idp, known, Kind::Restart),
};

/// The same, never graceful.
pub const CRASH: FaultDef = FaultDef {
    kind: "idp-crash",
    doc: "as idp-restart, never graceful",
    keys: &[Key::required("down", Ty::Dist, "how long a node is down"), NODE, GAP, STARTING, ON_RESTART, RESTART_EVENT],
    build: |table, idp, known| build(table, idp, known, Kind::Crash),
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
    /// What is queued for the database is written before the stop.
    graceful: bool,
    /// Zero unless graceful.
    drain: SimSpan,
    starting: Dist,
    on_restart: OnRestart,
    restart_event: RestartEvent,
}

fn build(table: &Table, idp: &Table, known: Names<'_>, kind: Kind) -> Result<Box<dyn Fault>, Vec<FaultMistake>> {
    let or_idp = |key: &str| if *table.get(key) == Value::Off { idp } else { table };
    let graceful = kind == Kind::Restart && table.bool("graceful");
    Ok(Box::new(IdpRestart {
        kind,
        target: names::idp_target(table, known, true)?,
        down: table.dist("down"),
        gap: table.span("gap"),
        graceful,
        drain: if graceful { table.span("drain") } else { SimSpan::ZERO },
        starting: or_idp("starting").dist("starting"),
        on_restart: OnRestart::from_word(or_idp("on_restart").text("on_restart")),
        restart_event: RestartEvent::from_word(or_idp("restart_event").text("restart_event")),
    }))
}

/// The steps of a restart, for all its nodes or for one after another: drain, stop, begin to start, be up.
const BEGIN: u32 = 0;
const STOP: u32 = 1;
const STARTING_STEP: u32 = 2;
const UP: u32 = 3;

impl Fault for IdpRestart {
    fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Restart => RESTART.kind,
            Kind::Crash => CRASH.kind,
        }
    }

    fn phase(&self, phase: Phase, control: &mut dyn Control) {
        let nodes = self.nodes(phase, control);
        match phase.step {
            BEGIN if self.drain > SimSpan::ZERO => {
                control.drain_nodes(&nodes);
                control.then(self.drain, phase.step(STOP));
            }
            BEGIN | STOP => self.stop(phase, &nodes, control),
            STARTING_STEP => {
                control.begin_starting(&nodes);
                control.then(control.draw(&self.starting, &self.part("starting", phase)), phase.step(UP));
            }
            UP => self.up(phase, &nodes, control),
            step => unreachable!("a restart has no step {step}"),
        }
    }

    fn lasts_s(&self) -> f64 {
        self.drain.as_secs_f64() + self.down.mean_s() + self.starting.mean_s()
    }

    fn restarts_idp(&self) -> bool {
        true
    }
}

impl IdpRestart {
    /// The nodes of a phase: all of the fault's at once, or the one whose turn it is.
    fn nodes(&self, phase: Phase, control: &dyn Control) -> Vec<IdpNodeId> {
        match self.target {
            IdpTarget::Rolling => vec![IdpNodeId::at(phase.node as usize)],
            IdpTarget::All | IdpTarget::One(_) => self.target.nodes(control),
        }
    }

    /// What the draws of a phase are keyed by: one a node where nodes go one after another.
    fn part(&self, what: &str, phase: Phase) -> String {
        if self.target == IdpTarget::Rolling { format!("{what}/idp-{}", phase.node + 1) } else { what.to_owned() }
    }

    fn stop(&self, phase: Phase, nodes: &[IdpNodeId], control: &mut dyn Control) {
        control.restart_begins();
        if self.graceful {
            control.lose_memory(nodes, true);
        }
        control.stop_nodes(nodes);
        if !self.graceful {
            control.lose_memory(nodes, false);
        }
        match self.on_restart {
            OnRestart::InvalidateAll => control.kill(Death::AllTokens),
            OnRestart::InvalidateNode => nodes.iter().for_each(|node| control.kill(Death::NodeTokens(*node))),
            OnRestart::Keep => {}
            OnRestart::NewSigningKey => control.kill(Death::SigningKey),
            OnRestart::NotBefore => control.kill(Death::NotBefore),
        }
        control.restart_stopped();
        let down = control.draw(&self.down, &self.part("down", phase));
        if self.restart_event == RestartEvent::AtStop {
            self.tell(nodes, control.now(), control);
        }
        let starts = self.starting.constant() != Some(SimSpan::ZERO);
        control.then(down, phase.step(if starts { STARTING_STEP } else { UP }));
    }

    fn up(&self, phase: Phase, nodes: &[IdpNodeId], control: &mut dyn Control) {
        if self.on_restart == OnRestart::NewSigningKey {
            control.publish_key();
        }
        let returned = control.nodes_up(nodes);
        if returned && self.restart_event == RestartEvent::AtStart {
            self.tell(nodes, self.stopped_at(phase, control), control);
        }
        let next = phase.node as usize + 1;
        if self.target == IdpTarget::Rolling && next < control.idp_nodes().len() {
            control.then(
                self.gap,
                Phase { step: if self.drain > SimSpan::ZERO { BEGIN } else { STOP }, node: phase.node + 1, ..phase },
            );
        }
    }

    /// When the nodes that are up again had been stopped: the draws tell.
    fn stopped_at(&self, phase: Phase, control: &dyn Control) -> SimTime {
        let down = control.draw(&self.down, &self.part("down", phase));
        let starting = control.draw(&self.starting, &self.part("starting", phase));
        SimTime(control.now().0 - (down + starting).0)
    }

    /// The IdP tells of it: a notice a node where only that node's tokens died, else one for all.
    fn tell(&self, nodes: &[IdpNodeId], before: SimTime, control: &mut dyn Control) {
        match self.on_restart {
            OnRestart::Keep => {}
            OnRestart::InvalidateNode => nodes.iter().for_each(|node| control.publish(Some(*node), None, before)),
            OnRestart::InvalidateAll | OnRestart::NewSigningKey | OnRestart::NotBefore => {
                control.publish(None, None, before);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorder::Recorder;
    use super::*;

    fn stopped(kind: Kind, graceful: bool, target: IdpTarget) -> Vec<String> {
        let restart = IdpRestart {
            kind,
            target,
            down: Dist::Constant(SimSpan::secs(30)),
            gap: SimSpan::ZERO,
            graceful,
            drain: SimSpan::ZERO,
            starting: Dist::Constant(SimSpan::ZERO),
            on_restart: OnRestart::Keep,
            restart_event: RestartEvent::Never,
        };
        let mut recorder = Recorder::default();
        restart.phase(Phase::begin(0), &mut recorder);
        recorder.0
    }

    #[test]
    fn a_graceful_restart_writes_the_queue_before_the_stop_and_another_loses_it() {
        let all = IdpTarget::All;
        assert_eq!(stopped(Kind::Restart, true, all), ["begin", "write and forget 2", "stop 2"]);
        assert_eq!(stopped(Kind::Restart, false, all), ["begin", "stop 2", "forget 2"]);
        assert_eq!(stopped(Kind::Crash, false, all), ["begin", "stop 2", "forget 2"]);
        assert_eq!(stopped(Kind::Restart, true, IdpTarget::Rolling), ["begin", "write and forget 1", "stop 1"]);
    }
}
