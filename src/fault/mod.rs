//! What goes wrong, one file a kind. Each is a small machine of numbered phases over `Event::Fault(id, phase)`.

mod application_revoked;
mod bus_outage;
mod clock_skew;
mod control_plane_outage;
mod db_failover;
mod db_stall;
mod gateway_restart;
mod idp_outage;
mod idp_restart;
mod idp_slow;
mod key_removed;
mod key_rotation;
mod names;
mod partition;
#[cfg(test)]
mod recorder;
mod store_outage;
mod token_revoked;
mod user_revoked;

use std::fmt;

pub use names::{FaultMistake, Names, Slip};

use crate::dist::Dist;
use crate::id::{ClientId, ConsumerKeyId, CredentialId, GatewayId, IdpNodeId};
use crate::key::{Key, Table};
use crate::time::{SimSpan, SimTime};

/// A fault that is part of a world.
pub trait Fault: fmt::Debug + Send + Sync {
    /// The word of a scenario's `kind`.
    fn kind(&self) -> &'static str;

    /// Does what this phase does, and schedules the next one.
    fn phase(&self, phase: Phase, control: &mut dyn Control);

    /// How long one occurrence lasts in the mean, in seconds, from its instant to the last change it makes.
    fn lasts_s(&self) -> f64;

    /// Whether it stops the IdP by a restart, after which windows are measured.
    fn restarts_idp(&self) -> bool {
        false
    }

    /// Whether it is about the IdP's database, and makes no sense without one.
    fn needs_database(&self) -> bool {
        false
    }

    /// Whether it is about the gateways' shared store alone, and changes nothing where no policy uses one.
    fn only_about_the_store(&self) -> bool {
        false
    }

    /// What tokens it ends by an event of the IdP about a user, an application or a user's token, if it is of that sort.
    fn revokes(&self) -> Option<Revoke> {
        None
    }

    /// How much of what the database committed last it undoes: so long changes are kept.
    fn lost(&self) -> SimSpan {
        SimSpan::ZERO
    }
}

/// A phase of a fault: which occurrence, which step of it, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// From 0; at most 65,535.
    pub occurrence: u32,
    /// From 0; at most 15.
    pub step: u32,
    /// The node whose turn it is; at most 4,095.
    pub node: u32,
}

impl Phase {
    /// So often a fault can begin in a run; the loader refuses more.
    pub const MOST_OCCURRENCES: u64 = 65_536;
    const STEPS: u32 = 16;
    const NODES: u32 = 4_096;

    /// The beginning of an occurrence.
    #[must_use]
    pub fn begin(occurrence: u32) -> Phase {
        Phase { occurrence, step: 0, node: 0 }
    }

    /// Whether an occurrence begins.
    #[must_use]
    pub fn is_begin(self) -> bool {
        self.step == 0 && self.node == 0
    }

    /// Another step of the same occurrence, for the same node.
    #[must_use]
    pub fn step(self, step: u32) -> Phase {
        Phase { step, ..self }
    }

    /// The beginning of the next occurrence; `None` after 65,536 of them.
    #[must_use]
    pub fn next_occurrence(self) -> Option<Phase> {
        (self.occurrence < 0xFFFF).then(|| Phase::begin(self.occurrence + 1))
    }

    /// As an event carries it.
    #[must_use]
    pub fn pack(self) -> u32 {
        (self.occurrence * Phase::NODES + self.node) * Phase::STEPS + self.step
    }

    /// As an event carried it.
    #[must_use]
    pub fn unpack(packed: u32) -> Phase {
        let rest = packed / Phase::STEPS;
        Phase { occurrence: rest / Phase::NODES, step: packed % Phase::STEPS, node: rest % Phase::NODES }
    }
}

/// What kills tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// Every token issued before now.
    AllTokens,
    /// Those of one node.
    NodeTokens(IdpNodeId),
    /// Those of one consumer key.
    Credential(CredentialId),
    /// The key that signed them is replaced, and any that a rotation left good.
    SigningKey,
    /// The key that this occurrence of a rotation has replaced is retired.
    RotatedKey,
    /// A not-before of this second.
    NotBefore,
}

/// One end of a link that a partition can cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    Gateway(GatewayId),
    Idp(IdpNodeId),
    /// All backends.
    Backends,
    Db,
    Bus,
    ControlPlane,
    /// The gateways' shared token store.
    Store,
}

/// What gateways do about an operation of the shared store that comes to nothing. Of two in force the greater counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fails {
    /// They go on without it.
    Open,
    /// They answer the call with an error.
    Closed,
}

/// A node with a clock of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clocked {
    Gateway(GatewayId),
    Idp(IdpNodeId),
}

/// What ends tokens of callers, or of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoke {
    /// Every token of some users of a population, and of each application that they own.
    Users { client: ClientId, who: Who, stays_out: bool },
    /// Every token of a consumer key, whoever holds it.
    ConsumerKey(ConsumerKeyId),
    /// The token that a user has at that instant.
    Token { client: ClientId, user: u32 },
}

/// Which users of a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// This one; `user-1` is 0.
    User(u32),
    /// So many, drawn without replacement.
    Drawn(u32),
}

/// What a fault can do to the world. What an occurrence stopped, only it brings back: a later stop takes over.
pub trait Control {
    fn now(&self) -> SimTime;
    fn idp_nodes(&self) -> Vec<IdpNodeId>;
    fn gateways(&self) -> Vec<GatewayId>;
    /// A sample for this occurrence, keyed by `part`.
    fn draw(&self, dist: &Dist, part: &str) -> SimSpan;
    /// Schedules a phase of this fault.
    fn then(&mut self, after: SimSpan, phase: Phase);
    /// Nodes that are up finish old requests and refuse new ones.
    fn drain_nodes(&mut self, nodes: &[IdpNodeId]);
    fn stop_nodes(&mut self, nodes: &[IdpNodeId]);
    /// Nodes forget their caches, and what they queued for the database: it is lost, or written first.
    fn lose_memory(&mut self, nodes: &[IdpNodeId], writes_queue_first: bool);
    /// A restart is about to stop nodes: a window ends before anything fails by it.
    fn restart_begins(&mut self);
    /// The stop was that of a restart: the next window begins when the IdP would answer.
    fn restart_stopped(&mut self);
    fn begin_starting(&mut self, nodes: &[IdpNodeId]);
    /// Brings nodes back; `false` where a later stop has taken all of them over.
    fn nodes_up(&mut self, nodes: &[IdpNodeId]) -> bool;
    fn kill(&mut self, death: Death);
    /// The IdP hands out the key that a restart has made, and none that is good no longer.
    fn publish_key(&mut self);
    /// Another key signs from now on; nothing dies, and it is not published yet.
    fn rotate_key(&mut self);
    /// The IdP hands out the key that this occurrence has made, too.
    fn publish_rotated_key(&mut self);
    /// The key that signs is taken out of the key set.
    fn withhold_key(&mut self);
    /// The key that this occurrence took out of the key set is put back.
    fn put_key_back(&mut self);
    /// The IdP tells that tokens issued before an instant are dead: of a node, of a credential, or all.
    fn publish(&mut self, node: Option<IdpNodeId>, credential: Option<CredentialId>, before: SimTime);
    fn slow_idp(&mut self, factor: f64);
    fn unslow_idp(&mut self);
    fn gateways_down(&mut self, gateways: &[GatewayId]);
    fn gateways_up(&mut self, gateways: &[GatewayId]);
    fn bus_down(&mut self);
    fn bus_up(&mut self);
    /// What the database works on or is given in this time ends no earlier than the time does.
    fn stall_db(&mut self, lasts: SimSpan);
    /// What the database works on or is given fails, and what it committed in the last `lost` is gone.
    fn db_down(&mut self, lost: SimSpan);
    fn db_up(&mut self);
    /// Tokens end, and the IdP tells of it: an event for each user, application and token.
    fn revoke(&mut self, revoke: Revoke);
    fn control_plane_down(&mut self);
    fn control_plane_up(&mut self);
    /// Operations of the gateways' shared store come to nothing.
    fn store_down(&mut self, fails: Fails);
    fn store_up(&mut self);
    /// Nobody of the one group reaches anybody of the other.
    fn cut(&mut self, left: &[Party], right: &[Party]);
    /// This occurrence's cut is over.
    fn mend(&mut self);
    /// Moves clocks by so many nanoseconds, for good.
    fn skew(&mut self, nodes: &[Clocked], by_ns: i64);
}

/// From a decoded table to a fault, or to all that is wrong with it.
pub type Build = fn(table: &Table, idp: &Table, names: Names<'_>) -> Result<Box<dyn Fault>, Vec<FaultMistake>>;

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
    key_rotation::DEF,
    key_removed::DEF,
    gateway_restart::DEF,
    bus_outage::DEF,
    db_stall::DEF,
    db_failover::DEF,
    partition::DEF,
    store_outage::DEF,
    control_plane_outage::DEF,
    clock_skew::DEF,
    token_revoked::DEF,
    user_revoked::PASSWORD_CHANGE,
    user_revoked::USER_DISABLED,
    user_revoked::ROLE_CHANGE,
    application_revoked::CREDENTIALS_REVOKED,
    application_revoked::APPLICATION_REVOKED,
];
