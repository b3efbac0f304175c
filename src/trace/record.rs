//! A fact as a flat record of words and numbers: what the lines of a trace are made of, and what its slices say of themselves.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::log::Told;
use super::names::Names;
use crate::fault::Death;
use crate::id::{ClientId, FaultId, GatewayId, HolderId, IdpNodeId, LaneId, NoticeId};
use crate::model::fact::{Calls, Fact, KeyChange, NodeState, Request};
use crate::oauth::{Cause, Outcome};
use crate::persistence::Why;
use crate::policy::surge::Remedy;
use crate::revocation::{Jti, Target};
use crate::time::SimTime;

/// Keys with their values, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(pub Vec<(&'static str, Value)>);

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// A fact in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// One of [`KINDS`].
    pub kind: &'static str,
    pub fields: Fields,
}

/// Every kind of record, in the order of the facts' declaration.
pub const KINDS: [&str; 54] = [
    "calls",
    "latency",
    "answer-lost",
    "unanswered",
    "resend",
    "accepted-while-dead",
    "idp-arrival",
    "idp-refused",
    "idp-busy",
    "served",
    "node-up",
    "token-issued",
    "fetch-started",
    "fetch-ended",
    "wasted-fetch",
    "purged",
    "got",
    "sent",
    "refused",
    "stale",
    "fault",
    "killed",
    "restart-stopped",
    "ready",
    "node",
    "serving",
    "key",
    "slow",
    "gateway",
    "operator",
    "bus",
    "db",
    "db-stalled",
    "con-app-key-violated",
    "con-app-key-recovered",
    "con-app-key-exhausted",
    "superseded",
    "duplicate-active-jwt",
    "token-lost",
    "published",
    "event-message",
    "delivered",
    "missed",
    "untold",
    "revoked",
    "served-revoked",
    "falsely-refused",
    "login",
    "tables-read",
    "tables-unread",
    "control-plane",
    "store",
    "partition",
    "clock-skewed",
];

struct Writer<'a> {
    names: &'a Names<'a>,
    fields: Fields,
}

impl<'a> Writer<'a> {
    fn with(mut self, key: &'static str, value: impl Into<Value>) -> Writer<'a> {
        self.fields.0.push((key, value.into()));
        self
    }

    fn some(self, key: &'static str, value: Option<impl Into<Value>>) -> Writer<'a> {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    fn holder(self, holder: HolderId) -> Writer<'a> {
        let name = self.names.holder(holder).to_owned();
        self.with("holder", name)
    }

    fn lane(self, lane: LaneId) -> Writer<'a> {
        let name = self.names.lane(lane);
        self.with("lane", name)
    }

    fn gateway(self, gateway: GatewayId) -> Writer<'a> {
        self.with("gateway", gateway_name(gateway))
    }

    fn node(self, node: IdpNodeId) -> Writer<'a> {
        self.with("node", node_name(node))
    }

    fn span(self, from: SimTime, to: SimTime) -> Writer<'a> {
        self.with("from_ns", from.0).with("to_ns", to.0)
    }

    fn notice(self, notice: NoticeId) -> Writer<'a> {
        self.with("notice", notice.0)
    }

    fn fault(self, fault: FaultId) -> Writer<'a> {
        let name = self.names.world.faults[fault.index()].name.clone();
        self.with("fault", name)
    }

    fn user(self, client: ClientId, user: u32) -> Writer<'a> {
        let client = self.names.world.clients[client.index()].name.clone();
        self.with("client", client).with("user", user)
    }

    fn is(self, kind: &'static str) -> Record {
        Record { kind, fields: self.fields }
    }
}

/// `gateway-1`
#[must_use]
pub fn gateway_name(gateway: GatewayId) -> String {
    format!("gateway-{}", gateway.index() + 1)
}

/// `idp-1`
#[must_use]
pub fn node_name(node: IdpNodeId) -> String {
    format!("idp-{}", node.index() + 1)
}

/// What a fact says.
#[must_use]
pub fn record(names: &Names<'_>, told: &Told) -> Record {
    let new = Writer { names, fields: Fields::default() };
    match told.fact {
        Fact::Calls(calls) => of_calls(new, &calls),
        Fact::Latency(span) => new.with("latency_ns", span.0).is("latency"),
        Fact::AnswerLost => new.is("answer-lost"),
        Fact::Unanswered(n) => new.with("n", n).is("unanswered"),
        Fact::Resend { unsafe_call } => new.with("unsafe_call", unsafe_call).is("resend"),
        Fact::AcceptedWhileDead => new.is("accepted-while-dead"),
        Fact::Counted { .. } => unreachable!("whoever looks at single calls plays each"),
        Fact::IdpArrival(request) => new.with("request", request_word(request)).is("idp-arrival"),
        Fact::IdpRefused(request) => new.with("request", request_word(request)).is("idp-refused"),
        Fact::IdpBusy(request) => new.with("request", request_word(request)).is("idp-busy"),
        Fact::Served { from, to } => new.span(from, to).is("served"),
        Fact::NodeUp { from, to } => new.span(from, to).is("node-up"),
        Fact::WastedFetch => new.is("wasted-fetch"),
        Fact::Stale { from, to } => new.span(from, to).is("stale"),
        Fact::TokenIssued { .. }
        | Fact::FetchStarted { .. }
        | Fact::FetchEnded { .. }
        | Fact::Purged { .. }
        | Fact::Got { .. }
        | Fact::Sent { .. }
        | Fact::Refused { .. }
        | Fact::ConAppKeyViolated { .. }
        | Fact::ConAppKeyRecovered { .. }
        | Fact::ConAppKeyExhausted { .. }
        | Fact::Superseded { .. }
        | Fact::DuplicateActiveJwt
        | Fact::TokenLost { .. } => of_token(new, &told.fact),
        Fact::Published(_)
        | Fact::EventMessage
        | Fact::Delivered { .. }
        | Fact::Missed { .. }
        | Fact::Untold { .. }
        | Fact::Revoked { .. }
        | Fact::ServedRevoked { .. }
        | Fact::FalselyRefused { .. }
        | Fact::Login { .. }
        | Fact::TablesRead { .. }
        | Fact::TablesUnread { .. } => of_event(new, &told.fact),
        Fact::Fault(fault, phase) => {
            let phased = new.fault(fault).with("occurrence", phase.occurrence).with("step", phase.step);
            phased.with("of_node", phase.node).is("fault")
        }
        Fact::Killed(death) => of_death(new, death),
        Fact::RestartStopped => new.is("restart-stopped"),
        Fact::Ready => new.is("ready"),
        Fact::Node(node, state) => new.node(node).with("state", state_word(state)).is("node"),
        Fact::Serving(node) => new.some("node", node.map(node_name)).is("serving"),
        Fact::Key(change) => new.with("change", key_word(change)).is("key"),
        Fact::Slow(on) => new.with("on", on).is("slow"),
        Fact::Gateway(gateway, up) => new.gateway(gateway).with("up", up).is("gateway"),
        Fact::Operator(gateway, remedy) => {
            let word = match remedy {
                Remedy::Flush => "flush",
                Remedy::Restart => "restart",
            };
            new.gateway(gateway).with("remedy", word).is("operator")
        }
        Fact::Bus(up) => new.with("up", up).is("bus"),
        Fact::Db(up) => new.with("up", up).is("db"),
        Fact::DbStalled { until } => new.with("to_ns", until.0).is("db-stalled"),
        Fact::ControlPlane(up) => new.with("up", up).is("control-plane"),
        Fact::Store(up) => new.with("up", up).is("store"),
        Fact::Partition(on) => new.with("on", on).is("partition"),
        Fact::ClockSkewed => new.is("clock-skewed"),
    }
}

fn of_calls(new: Writer<'_>, calls: &Calls) -> Record {
    let (outcome, cause) = match calls.outcome {
        Outcome::Ok => ("ok", None),
        Outcome::Forbidden => ("forbidden", None),
        Outcome::Failed(cause) => ("failed", Some(cause.word())),
    };
    let new = new.lane(calls.lane).with("call", calls.number).with("n", calls.n).with("outcome", outcome);
    let new = new.some("cause", cause).some("token", calls.token).with("born_ns", calls.born.0);
    let new = new.span(calls.first, calls.last);
    let new = if calls.deserved { new.with("deserved", true) } else { new };
    match calls.user {
        Some((client, user)) => new.user(client, user),
        None => new,
    }
    .is("calls")
}

/// A fact about a token, or about a request for one.
fn of_token(new: Writer<'_>, fact: &Fact) -> Record {
    match *fact {
        Fact::TokenIssued { token, node } => new.with("token", token).node(node).is("token-issued"),
        Fact::FetchStarted { holder, number } => new.holder(holder).with("number", number).is("fetch-started"),
        Fact::FetchEnded { holder, number, failed, node } => {
            let new = new.holder(holder).with("number", number).some("cause", failed.map(Cause::word));
            new.some("node", node.map(node_name)).is("fetch-ended")
        }
        Fact::Purged { holder, n, token } => new.holder(holder).with("token", token).with("n", n).is("purged"),
        Fact::Got { holder, token } => new.holder(holder).with("token", token).is("got"),
        Fact::Sent { holder, token, call } => new.holder(holder).with("token", token).with("call", call).is("sent"),
        Fact::Refused { call, lane, token, cause, since } => {
            let new = new.lane(lane).with("call", call).some("token", token).with("cause", cause.word());
            new.some("dead_since_ns", since.map(|since| since.0)).is("refused")
        }
        Fact::ConAppKeyViolated { node, token } => new.node(node).some("token", token).is("con-app-key-violated"),
        Fact::ConAppKeyRecovered { node, token } => new.node(node).with("token", token).is("con-app-key-recovered"),
        Fact::ConAppKeyExhausted { node } => new.node(node).is("con-app-key-exhausted"),
        Fact::Superseded { token, node, why } => {
            let word = match why {
                Why::SpentUp => "spent",
                Why::Renewed => "renewal",
                Why::Raced => "race",
            };
            new.with("token", token).node(node).with("why", word).is("superseded")
        }
        Fact::DuplicateActiveJwt => new.is("duplicate-active-jwt"),
        Fact::TokenLost { token } => new.with("token", token).is("token-lost"),
        _ => unreachable!("it is about no token"),
    }
}

/// A fact about an event and those who hear of it, or about callers' tokens.
fn of_event(new: Writer<'_>, fact: &Fact) -> Record {
    match *fact {
        Fact::Published(notice) => new.notice(notice).is("published"),
        Fact::EventMessage => new.is("event-message"),
        Fact::Delivered { notice, gateway } => new.notice(notice).gateway(gateway).is("delivered"),
        Fact::Missed { notice, gateway } => new.notice(notice).gateway(gateway).is("missed"),
        Fact::Untold { notice, again } => new.notice(notice).with("again", again).is("untold"),
        Fact::Revoked { notice, target, fault, occurrence } => {
            let new = new.notice(notice).fault(fault).with("occurrence", occurrence);
            match target {
                Target::Jti(Jti { user, serial }) => {
                    new.with("target", "jti").user(user.client, user.user).with("serial", serial)
                }
                Target::ConsumerKey(key) => new.with("target", "consumer-key").with("consumer_key", key.0),
                Target::Subject(user) => new.with("target", "subject").user(user.client, user.user),
            }
            .is("revoked")
        }
        Fact::ServedRevoked { by, gateway, validated } => {
            new.notice(by).gateway(gateway).with("validated_ns", validated.0).is("served-revoked")
        }
        Fact::FalselyRefused { by, gateway } => {
            new.some("notice", by.map(|by| by.0)).gateway(gateway).is("falsely-refused")
        }
        Fact::Login { client, user } => new.user(client, user).is("login"),
        Fact::TablesRead { gateway, rows } => new.gateway(gateway).with("n", rows).is("tables-read"),
        Fact::TablesUnread { gateway, last } => new.gateway(gateway).with("last", last).is("tables-unread"),
        _ => unreachable!("it is about no event"),
    }
}

fn of_death(new: Writer<'_>, death: Death) -> Record {
    let (what, new) = match death {
        Death::AllTokens => ("all-tokens", new),
        Death::NodeTokens(node) => ("tokens-of-a-node", new.node(node)),
        Death::Credential(credential) => {
            let name = new.names.world.credentials[credential.index()].clone();
            ("tokens-of-a-credential", new.with("credential", name))
        }
        Death::SigningKey => ("signing-key", new),
        Death::RotatedKey => ("rotated-key", new),
        Death::NotBefore => ("not-before", new),
    };
    new.with("what", what).is("killed")
}

fn request_word(request: Request) -> &'static str {
    match request {
        Request::Token => "token",
        Request::Introspection => "introspection",
        Request::KeySet => "key-set",
    }
}

fn state_word(state: NodeState) -> &'static str {
    match state {
        NodeState::Up => "up",
        NodeState::Draining => "draining",
        NodeState::Down => "down",
        NodeState::Starting => "starting",
    }
}

fn key_word(change: KeyChange) -> &'static str {
    match change {
        KeyChange::Signs => "signs",
        KeyChange::Published => "published",
        KeyChange::Retired => "retired",
        KeyChange::Withheld => "withheld",
        KeyChange::PutBack => "put-back",
    }
}
