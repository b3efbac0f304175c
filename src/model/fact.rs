//! What the outside may see of a run. The model tells facts; metrics, timelines and traces only read them.

use crate::fault::{Death, Phase};
use crate::id::{ClientId, FaultId, GatewayId, HolderId, IdpNodeId, LaneId, NoticeId};
use crate::oauth::{Cause, Outcome};
use crate::persistence::Why;
use crate::policy::surge::Remedy;
use crate::revocation::Target;
use crate::time::{SimSpan, SimTime};

/// Calls of one lane whose fate was settled: `n` of them, none before `first` and none after `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calls {
    pub lane: LaneId,
    /// Whose calls: the population and its user; `None`: a thread's of an application, or counted ones, of many users.
    pub user: Option<(ClientId, u32)>,
    pub outcome: Outcome,
    /// Refused for callers' own tokens, which were revoked or had expired: no fault of the lane.
    pub deserved: bool,
    pub n: u64,
    pub first: SimTime,
    pub last: SimTime,
    /// The number of the first of them among all calls of the run, in the order of their births, and when it was born.
    pub number: u64,
    pub born: SimTime,
    /// The token that it carried last, if any.
    pub token: Option<u64>,
}

impl Calls {
    /// The population and its user; panics on calls of an application, and on counted ones.
    #[must_use]
    pub fn client_and_user(&self) -> (ClientId, u32) {
        self.user.expect("a client's calls")
    }
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    Calls(Calls),
    /// An `ok` call's answer reached the client, this long after its first birth.
    Latency(SimSpan),
    /// A settled call whose answer the client never saw.
    AnswerLost,
    /// Calls still without a fate at the end.
    Unanswered(u64),
    /// A call was sent again; `unsafe_call`: one that must not be.
    Resend {
        unsafe_call: bool,
    },
    /// A backend served a call on a token that was dead.
    AcceptedWhileDead,
    /// The same as one of the facts about a single call, of calls that were counted and not played.
    Counted {
        what: CountedCalls,
        n: u64,
    },
    /// A request reached a node of the IdP that was up or starting.
    IdpArrival(Request),
    /// A node of the IdP, or its front, refused a connection.
    IdpRefused(Request),
    /// A full queue turned a request away.
    IdpBusy(Request),
    /// A worker of the IdP was busy so long.
    Served {
        from: SimTime,
        to: SimTime,
    },
    /// A node of the IdP was up so long.
    NodeUp {
        from: SimTime,
        to: SimTime,
    },
    /// A node of the IdP made a token.
    TokenIssued {
        token: u64,
        node: IdpNodeId,
    },
    /// A token request was sent, the one of this number of its holder's.
    FetchStarted {
        holder: HolderId,
        number: u64,
    },
    /// A token request came back with a token, or did not; `node`: whose worker answered it, if one did.
    FetchEnded {
        holder: HolderId,
        number: u64,
        failed: Option<Cause>,
        node: Option<IdpNodeId>,
    },
    /// A fetch after a purge got the refused token again, or there had been nothing wrong with the token.
    WastedFetch,
    /// Entries were dropped by a rule or an event, the last one with this token.
    Purged {
        holder: HolderId,
        n: u64,
        token: u64,
    },
    /// A token that was fetched is where its holder, and who waited for it, can use it; where a shared store could not take
    /// it, only who waited.
    Got {
        holder: HolderId,
        token: u64,
    },
    /// The call of this number went to the backend with this token.
    Sent {
        holder: HolderId,
        token: u64,
        call: u64,
    },
    /// A backend refused the call of this number, or could not check its token; the token had been dead `since` then, if it was.
    Refused {
        call: u64,
        lane: LaneId,
        token: Option<u64>,
        cause: Cause,
        since: Option<SimTime>,
    },
    /// A stale token lay in a cache and would have been used.
    Stale {
        from: SimTime,
        to: SimTime,
    },
    /// A fault goes into this phase.
    Fault(FaultId, Phase),
    /// A fault kills tokens.
    Killed(Death),
    /// A restart stops the IdP, or a node of it: windows end here, before anything fails by it.
    RestartStopped,
    /// The first instant after a restart from which a token request sent to the front would be answered.
    Ready,
    Node(IdpNodeId, NodeState),
    /// An active-passive front sends everything to this node from now on, or nobody takes it.
    Serving(Option<IdpNodeId>),
    /// Something happened to the keys that sign JWTs.
    Key(KeyChange),
    /// The IdP's service times are multiplied, or are what they were.
    Slow(bool),
    Gateway(GatewayId, bool),
    /// An operator does something about refusals at a gateway.
    Operator(GatewayId, Remedy),
    Bus(bool),
    /// The IdP's database.
    Db(bool),
    /// No operation of the database ends before this.
    DbStalled {
        until: SimTime,
    },
    /// A transaction of a node met an ACTIVE row of its token key, and was rolled back; `token`: what it was to insert, if that
    /// had been made before.
    ConAppKeyViolated {
        node: IdpNodeId,
        token: Option<u64>,
    },
    /// A node got or stored a token after a violation.
    ConAppKeyRecovered {
        node: IdpNodeId,
        token: u64,
    },
    /// A node's retries after a violation were used up.
    ConAppKeyExhausted {
        node: IdpNodeId,
    },
    /// A token was killed before its expiry by a race or a sibling's renewal, by a transaction of this node.
    Superseded {
        token: u64,
        node: IdpNodeId,
        why: Why,
    },
    /// A recovery left two JWTs that are both good at whoever checks their signature.
    DuplicateActiveJwt,
    /// A token that was handed out will never be in the database.
    TokenLost {
        token: u64,
    },
    /// The IdP published an event.
    Published(NoticeId),
    /// A message about an event was sent, to the control plane or to a gateway, for the first time or again.
    EventMessage,
    /// The event reached a gateway.
    Delivered {
        notice: NoticeId,
        gateway: GatewayId,
    },
    /// The event was lost on its way to a gateway.
    Missed {
        notice: NoticeId,
        gateway: GatewayId,
    },
    /// The control plane did not take the event: it is told again, or never hears of it.
    Untold {
        notice: NoticeId,
        again: bool,
    },
    /// Tokens of callers were revoked, by an occurrence of a fault; the event of this number tells of it.
    Revoked {
        notice: NoticeId,
        target: Target,
        fault: FaultId,
        occurrence: u32,
    },
    /// A backend accepted a call that this gateway had let pass at `validated`, when its caller's token was revoked.
    ServedRevoked {
        by: NoticeId,
        gateway: GatewayId,
        validated: SimTime,
    },
    /// A gateway refused a call whose caller's token was good; `by`: the revocation for which it did, if it was one.
    FalselyRefused {
        by: Option<NoticeId>,
        gateway: GatewayId,
    },
    /// A user has logged in again, and has a new token.
    Login {
        client: ClientId,
        user: u32,
    },
    /// A gateway that has started has put the rows of the event tables into its maps: so many.
    TablesRead {
        gateway: GatewayId,
        rows: u32,
    },
    /// A gateway could not read the event tables; `last`: it gives up, and goes on without them.
    TablesUnread {
        gateway: GatewayId,
        last: bool,
    },
    ControlPlane(bool),
    /// The gateways' shared token store.
    Store(bool),
    /// Two groups of nodes cannot reach each other, or can again.
    Partition(bool),
    /// A node's clock was moved.
    ClockSkewed,
}

/// What is true of counted calls, beside their fates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedCalls {
    /// [`Fact::Latency`].
    Latency(SimSpan),
    /// [`Fact::AcceptedWhileDead`].
    AcceptedWhileDead,
    /// [`Fact::IdpArrival`] of an introspection, and [`Fact::Served`] of it: each kept a worker busy so long.
    Introspections { busy: SimSpan },
}

/// What a request to the IdP is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    Token,
    Introspection,
    KeySet,
}

/// What happens to the keys that sign JWTs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyChange {
    /// Another key signs.
    Signs,
    /// It is in the key set.
    Published,
    /// The one before it is out of the key set, and what it signed is dead.
    Retired,
    /// The key that signs is out of the key set, and goes on signing.
    Withheld,
    PutBack,
}

/// What a node of the IdP does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    Up,
    /// Finishes old requests and refuses new ones.
    Draining,
    Down,
    /// Ports open, 503.
    Starting,
}

/// Whoever reads facts.
pub trait Observer {
    /// Something happened at `at`, in the event of this `seq` ([`crate::engine::Engine::causes`] knows what scheduled it;
    /// `u64::MAX`: before the first event). Facts come in the order of time, but for spans told at their end.
    fn fact(&mut self, at: SimTime, seq: u64, fact: &Fact);

    /// The first instant after `at` that divides time for whoever reads: no fact about counted calls is about both sides of it.
    fn next_edge(&self, _at: SimTime) -> SimTime {
        SimTime::NEVER
    }
}

/// Sees nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blind;

impl Observer for Blind {
    fn fact(&mut self, _: SimTime, _: u64, _: &Fact) {}
}

impl<A: Observer, B: Observer> Observer for (A, B) {
    fn fact(&mut self, at: SimTime, seq: u64, fact: &Fact) {
        self.0.fact(at, seq, fact);
        self.1.fact(at, seq, fact);
    }

    fn next_edge(&self, at: SimTime) -> SimTime {
        self.0.next_edge(at).min(self.1.next_edge(at))
    }
}

impl<O: Observer> Observer for &mut O {
    fn fact(&mut self, at: SimTime, seq: u64, fact: &Fact) {
        (**self).fact(at, seq, fact);
    }

    fn next_edge(&self, at: SimTime) -> SimTime {
        (**self).next_edge(at)
    }
}
