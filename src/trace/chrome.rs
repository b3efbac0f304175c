//! A trace in the Trace Event Format, which Perfetto and <chrome://tracing> open: outages of lanes, tokens in caches, token requests
//! and nodes as slices, everything else that matters as instants.
//!
//! Format: "Trace Event Format", Google, 2016. Slices of one track (`ph` X) never overlap; what may overlap (requests, tokens) is
//! asynchronous (`ph` b and e).

use std::collections::BTreeMap;

use serde::Serialize;

use super::log::Told;
use super::record::{Fields, Record, gateway_name, node_name, record};
use super::recording::Recording;
use crate::fault::Death;
use crate::id::{GatewayId, HolderId, IdpNodeId, LaneId};
use crate::model::fact::{Calls, Fact, NodeState};
use crate::oauth::Outcome;
use crate::time::SimTime;

/// Processes: the world, the IdP, and from here on the gateways; applications come last.
const WORLD: usize = 0;
const IDP: usize = 1;
const GATEWAYS: usize = 2;
/// Threads of a gateway: what happens to it, its lanes, and from here on the caches of its credentials.
const CACHES: usize = 10_000;

#[derive(Serialize)]
struct Event {
    name: String,
    cat: &'static str,
    ph: &'static str,
    /// Microseconds.
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    pid: usize,
    tid: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Whose instant: of a thread, a process, all.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    args: Fields,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    trace_events: Vec<Event>,
    display_time_unit: &'static str,
    other_data: OtherData<'a>,
}

#[derive(Serialize)]
struct OtherData<'a> {
    #[serde(flatten)]
    about: &'a super::recording::About,
    #[serde(flatten)]
    summary: super::recording::Summary,
    /// Facts of the trace that are neither slices nor instants: single calls and requests that went well.
    not_drawn: u64,
}

/// Something that goes on until it ends.
struct Open {
    from: SimTime,
    name: String,
    args: Fields,
}

struct Drawing<'a> {
    recording: &'a Recording<'a>,
    events: Vec<Event>,
    /// When the trace ends.
    end: SimTime,
    states: BTreeMap<IdpNodeId, Open>,
    caches: BTreeMap<HolderId, Open>,
    requests: BTreeMap<(HolderId, u64), Open>,
    tokens: BTreeMap<u64, Open>,
    calls: BTreeMap<LaneId, Vec<Calls>>,
    not_drawn: u64,
}

/// The text of the trace.
///
/// # Panics
/// Never: all of it can be JSON.
#[must_use]
pub fn chrome(recording: &Recording<'_>) -> String {
    let mut drawing = Drawing {
        recording,
        events: Vec::new(),
        end: recording.facts.iter().map(|told| told.at).max().unwrap_or(SimTime::ZERO),
        states: BTreeMap::new(),
        caches: BTreeMap::new(),
        requests: BTreeMap::new(),
        tokens: BTreeMap::new(),
        calls: BTreeMap::new(),
        not_drawn: 0,
    };
    drawing.name_tracks();
    for told in recording.facts {
        drawing.fact(told);
    }
    drawing.close();
    let other_data = OtherData { about: &recording.about, summary: recording.summary, not_drawn: drawing.not_drawn };
    let document = Document { trace_events: drawing.events, display_time_unit: "ms", other_data };
    serde_json::to_string(&document).expect("all of it can be JSON") + "\n"
}

impl Drawing<'_> {
    fn name_tracks(&mut self) {
        let (names, world) = (self.recording.names, self.recording.names.world);
        self.meta("process_name", (WORLD, 0), "world".into());
        self.meta("process_name", (IDP, 0), "IdP".into());
        for node in 0..world.idp.nodes {
            self.meta("thread_name", (IDP, node + 1), node_name(IdpNodeId::at(node)));
        }
        for gateway in 0..world.gateway.nodes {
            self.meta("process_name", (GATEWAYS + gateway, 0), gateway_name(GatewayId::at(gateway)));
        }
        if !world.applications.is_empty() {
            self.meta("process_name", (GATEWAYS + world.gateway.nodes, 0), "applications".into());
        }
        for lane in (0..names.lanes()).map(LaneId::at) {
            self.meta("thread_name", self.track_of_lane(lane), format!("calls of {}", names.lane(lane)));
        }
        for holder in (0..names.holders()).map(HolderId::at) {
            self.meta("thread_name", self.track_of(holder), format!("token of {}", names.holder(holder)));
        }
    }

    fn meta(&mut self, kind: &'static str, (pid, tid): (usize, usize), name: String) {
        let args = Fields(vec![("name", name.into())]);
        self.push(Event {
            name: kind.into(),
            cat: "__metadata",
            ph: "M",
            ts: 0.0,
            dur: None,
            pid,
            tid,
            id: None,
            s: None,
            args,
        });
    }

    fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    fn track_of_lane(&self, lane: LaneId) -> (usize, usize) {
        let world = self.recording.names.world;
        let gateway = self.recording.names.gateway_of_lane(lane).map_or(world.gateway.nodes, GatewayId::index);
        (GATEWAYS + gateway, 1 + lane.index())
    }

    fn track_of(&self, holder: HolderId) -> (usize, usize) {
        let world = self.recording.names.world;
        let gateway = self.recording.names.gateway_of(holder).map_or(world.gateway.nodes, GatewayId::index);
        (GATEWAYS + gateway, CACHES + holder.index())
    }

    fn slice(&mut self, cat: &'static str, (pid, tid): (usize, usize), open: Open, to: SimTime) {
        let Open { from, name, args } = open;
        let (ts, dur) = (micros(from), micros(to) - micros(from));
        self.push(Event { name, cat, ph: "X", ts, dur: Some(dur.max(0.0)), pid, tid, id: None, s: None, args });
    }

    /// Two events: it begins, and it ends.
    fn asynchronous(&mut self, cat: &'static str, (pid, tid): (usize, usize), id: &str, open: Open, to: SimTime) {
        let Open { from, name, args } = open;
        let event = |ph, at, args| Event {
            name: name.clone(),
            cat,
            ph,
            ts: micros(at),
            dur: None,
            pid,
            tid,
            id: Some(id.into()),
            s: None,
            args,
        };
        let both = [event("b", from, args), event("e", to.max(from), Fields::default())];
        self.events.extend(both);
    }

    fn fact(&mut self, told: &Told) {
        let Record { kind, fields } = record(self.recording.names, told);
        let at = told.at;
        match told.fact {
            Fact::Calls(calls) => self.calls.entry(calls.lane).or_default().push(calls),
            Fact::Node(node, state) => {
                if let Some(open) = self.states.remove(&node) {
                    self.slice("node", (IDP, node.index() + 1), open, at);
                }
                if state != NodeState::Up {
                    let name = fields.0.iter().find(|field| field.0 == "state");
                    let name = name.and_then(|field| field.1.as_str()).unwrap_or(kind).to_owned();
                    self.states.insert(node, Open { from: at, name, args: fields });
                }
            }
            Fact::FetchStarted { holder, number } => {
                let open = Open { from: at, name: "token request".into(), args: fields };
                self.requests.insert((holder, number), open);
            }
            Fact::FetchEnded { holder, number, failed, .. } => {
                let open = self.requests.remove(&(holder, number));
                let from = open.map_or(at, |open| open.from);
                let name = failed.map_or_else(|| "token request".into(), |cause| format!("failed: {}", cause.word()));
                self.request(holder, number, Open { from, name, args: fields }, at);
            }
            Fact::Got { holder, token } => {
                self.leave_cache(holder, at);
                self.caches.insert(holder, Open { from: at, name: format!("token {token}"), args: fields });
            }
            Fact::Purged { holder, token, .. } => {
                let unseen = Open { from: SimTime::ZERO, name: format!("token {token}"), args: Fields::default() };
                self.caches.entry(holder).or_insert(unseen);
                self.leave_cache(holder, at);
            }
            Fact::TokenIssued { token, .. } => {
                self.tokens.insert(token, Open { from: at, name: format!("token {token}"), args: fields });
            }
            Fact::Superseded { token, .. } | Fact::TokenLost { token } => {
                self.end_token(token, at);
                self.instant(told, kind, fields);
            }
            Fact::Killed(death) => {
                if death == Death::AllTokens {
                    let all: Vec<u64> = self.tokens.keys().copied().collect();
                    for token in all {
                        self.end_token(token, at);
                    }
                }
                self.instant(told, kind, fields);
            }
            Fact::Latency(_)
            | Fact::AnswerLost
            | Fact::Unanswered(_)
            | Fact::AcceptedWhileDead
            | Fact::Counted { .. }
            | Fact::IdpArrival(_)
            | Fact::Served { .. }
            | Fact::NodeUp { .. }
            | Fact::Sent { .. }
            | Fact::Refused { .. }
            | Fact::Stale { .. }
            | Fact::EventMessage
            | Fact::ServedRevoked { .. } => self.not_drawn += 1,
            _ => self.instant(told, kind, fields),
        }
    }

    fn instant(&mut self, told: &Told, kind: &'static str, args: Fields) {
        let gateway = match told.fact {
            Fact::Gateway(gateway, _)
            | Fact::Operator(gateway, _)
            | Fact::Delivered { gateway, .. }
            | Fact::Missed { gateway, .. }
            | Fact::FalselyRefused { gateway, .. }
            | Fact::TablesRead { gateway, .. }
            | Fact::TablesUnread { gateway, .. } => Some(gateway),
            _ => None,
        };
        let (pid, s) = gateway.map_or((WORLD, "g"), |gateway| (GATEWAYS + gateway.index(), "p"));
        self.push(Event {
            name: kind.into(),
            cat: "fact",
            ph: "i",
            ts: micros(told.at),
            dur: None,
            pid,
            tid: 0,
            id: None,
            s: Some(s),
            args,
        });
    }

    fn request(&mut self, holder: HolderId, number: u64, open: Open, to: SimTime) {
        let id = format!("request {}.{number}", holder.index());
        self.asynchronous("request", self.track_of(holder), &id, open, to);
    }

    fn leave_cache(&mut self, holder: HolderId, at: SimTime) {
        if let Some(open) = self.caches.remove(&holder) {
            self.slice("cache", self.track_of(holder), open, at);
        }
    }

    fn end_token(&mut self, token: u64, at: SimTime) {
        if let Some(open) = self.tokens.remove(&token) {
            self.asynchronous("token", (IDP, 0), &format!("token {token}"), open, at);
        }
    }

    /// What is open goes on until the end of the trace; outages are known now.
    fn close(&mut self) {
        let end = self.end;
        for (node, open) in std::mem::take(&mut self.states) {
            self.slice("node", (IDP, node.index() + 1), open, end);
        }
        for holder in self.caches.keys().copied().collect::<Vec<_>>() {
            self.leave_cache(holder, end);
        }
        for ((holder, number), open) in std::mem::take(&mut self.requests) {
            self.request(holder, number, open, end);
        }
        for token in self.tokens.keys().copied().collect::<Vec<_>>() {
            self.end_token(token, end);
        }
        for (lane, calls) in std::mem::take(&mut self.calls) {
            let track = self.track_of_lane(lane);
            for (open, to) in outages(calls) {
                self.slice("outage", track, open, to);
            }
        }
    }
}

/// The stretches in which calls of a lane fail the same way one after the other; none reaches into the next.
fn outages(mut calls: Vec<Calls>) -> Vec<(Open, SimTime)> {
    calls.sort_by_key(|calls| (calls.first, calls.number));
    let mut outages: Vec<(Calls, u64, SimTime)> = Vec::new();
    let mut goes_on = false;
    for one in calls {
        if let Some((_, _, to)) = outages.last_mut() {
            *to = (*to).min(one.first);
        }
        let failed = matches!(one.outcome, Outcome::Failed(_)) && !one.deserved;
        match outages.last_mut().filter(|(first, ..)| goes_on && failed && first.outcome == one.outcome) {
            Some((_, n, to)) => (*n, *to) = (*n + one.n, one.last),
            None if failed => outages.push((one, one.n, one.last)),
            None => {}
        }
        goes_on = failed;
    }
    let open = |(first, n, to): (Calls, u64, SimTime)| {
        let cause = if let Outcome::Failed(cause) = first.outcome { cause.word() } else { "" };
        let args = Fields(vec![("n", n.into()), ("call", first.number.into())]);
        (Open { from: first.first, name: cause.into(), args }, to)
    };
    outages.into_iter().map(open).collect()
}

#[expect(clippy::cast_precision_loss, reason = "an instant of a run is far below 2^53 ns, which is 104 days")]
fn micros(at: SimTime) -> f64 {
    at.0 as f64 / 1_000.0
}
