//! Tiny worlds with exact instants, and a recorder that tells what happened in them.
//!
//! Unless a test says otherwise: one gateway, one backend that knows the truth, every way to the IdP or the backend 1 ms,
//! a token request 20 ms of work, an introspection 5 ms, a call at the backend 10 ms, nothing else takes time. So a call
//! with a cached token is settled 1 ms after its birth, one that has to fetch 23 ms after (1 + 20 + 1 + 1).

#![allow(dead_code, reason = "each test binary uses its own share of this")]

pub mod inbound;
mod store;

use std::io::Write;
use std::sync::atomic::AtomicBool;

use stalegate::experiment::play::play;
use stalegate::model::fact::{Fact, NodeState, Observer, Request};
use stalegate::oauth::Outcome;
use stalegate::scenario::load_text;
use stalegate::time::SimTime;
use tempfile::TempPath;

/// A scenario in the making.
#[derive(Clone)]
pub struct World {
    duration: &'static str,
    start: &'static str,
    network: String,
    idp: String,
    gateway: String,
    inbound: String,
    api: String,
    client: String,
    calls: Calls,
    also: Option<Vec<u64>>,
    /// Lines of further populations, and when they call.
    populations: Vec<(String, Vec<u64>)>,
    faults: String,
    policy: String,
    rest: String,
}

/// How calls arise: at these milliseconds, or as the value of `arrivals` says.
#[derive(Clone)]
enum Calls {
    At(Vec<u64>),
    As(String),
    /// There is no client.
    None,
}

/// What happened, in order.
pub struct Seen {
    facts: Vec<(SimTime, Fact)>,
}

#[derive(Default)]
struct Recorder(Vec<(SimTime, Fact)>);

impl Observer for Recorder {
    fn fact(&mut self, at: SimTime, _: u64, fact: &Fact) {
        self.0.push((at, *fact));
    }
}

/// The usual world under this preset, with nothing cached and no calls yet.
pub fn world(base: &str) -> World {
    World {
        duration: "3h",
        start: "cold",
        network: String::new(),
        idp: String::new(),
        gateway: String::from("nodes = 1\noverhead = \"0s\"\nbalance = \"round-robin\""),
        inbound: String::new(),
        api: String::from("name = \"orders\"\nvalidation = \"ideal\"\nservice_time = \"10ms\""),
        client: String::new(),
        calls: Calls::As(String::from("{ process = \"constant\", rate = \"1/s\" }")),
        also: None,
        populations: Vec::new(),
        faults: String::new(),
        policy: format!("name = \"policy\"\nbase = \"{base}\""),
        rest: String::new(),
    }
}

impl World {
    pub fn duration(self, duration: &'static str) -> World {
        World { duration, ..self }
    }

    /// Every cache holds a token whose age is drawn.
    pub fn warm(self) -> World {
        World { start: "warm", ..self }
    }

    /// Lines of `[network]`.
    pub fn network(self, lines: &str) -> World {
        World { network: lines.into(), ..self }
    }

    /// Lines of `[idp]`.
    pub fn idp(self, lines: &str) -> World {
        World { idp: format!("{}\n{lines}", self.idp), ..self }
    }

    /// So many gateways; the client's calls go to them in turn, from gateway-1 on.
    pub fn gateways(self, nodes: usize) -> World {
        World { gateway: format!("nodes = {nodes}\noverhead = \"0s\"\nbalance = \"round-robin\""), ..self }
    }

    /// Further lines of `[gateway]`.
    pub fn gateway(self, lines: &str) -> World {
        World { gateway: format!("{}\n{lines}", self.gateway), ..self }
    }

    /// Lines of the one API, instead of those of an ideal backend.
    pub fn api(self, lines: &str) -> World {
        World { api: format!("name = \"orders\"\nservice_time = \"10ms\"\n{lines}"), ..self }
    }

    /// Further lines of the API.
    pub fn backend(self, lines: &str) -> World {
        World { api: format!("{}\n{lines}", self.api), ..self }
    }

    /// Lines of the one client.
    pub fn client(self, lines: &str) -> World {
        World { client: lines.into(), ..self }
    }

    /// Calls are born at these milliseconds.
    pub fn calls_ms(self, instants: &[u64]) -> World {
        World { calls: Calls::At(instants.to_vec()), ..self }
    }

    /// A second API `stock` like the first, with a credential of its own, and a client that calls it at these milliseconds.
    pub fn also_ms(self, instants: &[u64]) -> World {
        World { also: Some(instants.to_vec()), ..self }
    }

    /// Calls arise so: the value of `arrivals`.
    pub fn arrivals(self, value: &str) -> World {
        World { calls: Calls::As(value.into()), ..self }
    }

    /// Lines of a further fault.
    pub fn fault(self, lines: &str) -> World {
        let number = self.faults.matches("[[fault]]").count();
        World { faults: format!("{}\n[[fault]]\nname = \"fault-{number}\"\n{lines}\n", self.faults), ..self }
    }

    /// Settings of one rule of policy.
    pub fn rule(self, rule: &str, lines: &str) -> World {
        World { policy: format!("{}\n[policy.{rule}]\n{lines}", self.policy), ..self }
    }

    /// Further tables.
    pub fn tables(self, text: &str) -> World {
        World { rest: format!("{}\n{text}", self.rest), ..self }
    }

    fn text(&self, traces: &mut Vec<TempPath>) -> String {
        let World { duration, start, network, idp, gateway, inbound, api, client, faults, policy, rest, .. } = self;
        let arrivals = match &self.calls {
            Calls::At(instants) => Some(trace(instants, traces)),
            Calls::As(value) => Some(value.clone()),
            Calls::None => None,
        };
        let shop = arrivals.map_or(String::new(), |arrivals| {
            format!("[[client]]\nname = \"shop\"\napis = [\"orders\"]\n{client}\narrivals = {arrivals}\n")
        });
        let also = self.also.as_ref().map_or(String::new(), |instants| {
            let api = api.replace("name = \"orders\"", "name = \"stock\"");
            let arrivals = trace(instants, traces);
            format!("[[api]]\n{api}\n[[client]]\nname = \"staff\"\napis = [\"stock\"]\narrivals = {arrivals}\n")
        });
        let mut population = |(lines, instants): &(String, Vec<u64>)| {
            let arrivals = trace(instants, traces);
            format!("[[client]]\napis = [\"orders\"]\n{lines}\narrivals = {arrivals}\n")
        };
        let populations: Vec<String> = self.populations.iter().map(&mut population).collect();
        let populations = populations.concat();
        format!(
            "name = \"tiny\"\n[run]\nduration = \"{duration}\"\nstart = \"{start}\"\n[network]\n{network}\n[idp]\n{idp}\n\
             [gateway]\n{gateway}\n[gateway.inbound]\n{inbound}\n{rest}\n[[api]]\n{api}\n{shop}{also}{populations}{faults}\n\
             [[policy]]\n{policy}\n"
        )
    }

    /// Plays it.
    pub fn play(&self) -> Seen {
        self.replication(0)
    }

    /// Plays another replication of it.
    pub fn replication(&self, replication: u32) -> Seen {
        let mut traces = Vec::new();
        let text = self.text(&mut traces);
        let loaded = load_text("tiny.toml", &text, &[], None).unwrap_or_else(|found| panic!("{found:?}\n{text}"));
        let played = play(&loaded.scenario, 0, replication, Recorder::default(), &AtomicBool::new(false));
        Seen { facts: played.unwrap_or_else(|stop| panic!("{stop:?}\n{text}")).observer.0 }
    }
}

impl Seen {
    /// What became of each call, and when that was settled: `1.023s ok`.
    pub fn calls(&self) -> Vec<String> {
        self.told(|fact| match fact {
            Fact::Calls(calls) => Some(outcome(calls.outcome).to_owned()),
            _ => None,
        })
    }

    /// The same of one gateway; there is one API.
    pub fn calls_of(&self, gateway: u32) -> Vec<String> {
        self.told(|fact| match fact {
            Fact::Calls(calls) if calls.lane.index() + 1 == gateway as usize => Some(outcome(calls.outcome).to_owned()),
            _ => None,
        })
    }

    /// When token requests were sent.
    pub fn fetches(&self) -> Vec<String> {
        self.instants(|fact| matches!(fact, Fact::FetchStarted { .. }))
    }

    /// How each token request ended: `22ms token`, `1ms idp-down`.
    pub fn fetched(&self) -> Vec<String> {
        self.told(|fact| match fact {
            Fact::FetchEnded { failed: None, .. } => Some("token".into()),
            Fact::FetchEnded { failed: Some(cause), .. } => Some(cause.word().into()),
            _ => None,
        })
    }

    /// When entries were dropped.
    pub fn purges(&self) -> Vec<String> {
        self.instants(|fact| matches!(fact, Fact::Purged { .. }))
    }

    /// When calls were sent again.
    pub fn resends(&self) -> Vec<String> {
        self.instants(|fact| matches!(fact, Fact::Resend { .. }))
    }

    /// When introspections reached a node of the IdP.
    pub fn introspections(&self) -> Vec<String> {
        self.instants(|fact| matches!(fact, Fact::IdpArrival(Request::Introspection)))
    }

    /// When fetches of a key set reached a node of the IdP.
    pub fn key_sets(&self) -> Vec<String> {
        self.instants(|fact| matches!(fact, Fact::IdpArrival(Request::KeySet)))
    }

    /// When the IdP was ready after a restart.
    pub fn ready(&self) -> Vec<String> {
        self.instants(|fact| matches!(fact, Fact::Ready))
    }

    /// When a restart stopped a node.
    pub fn stops(&self) -> Vec<String> {
        self.instants(|fact| matches!(fact, Fact::RestartStopped))
    }

    /// What the IdP's nodes did: `10s idp-1 down`.
    pub fn nodes(&self) -> Vec<String> {
        self.told(|fact| match fact {
            Fact::Node(node, state) => Some(format!("idp-{} {}", node.index() + 1, word(*state))),
            _ => None,
        })
    }

    /// What became of events: `10s published`, `10.06s gateway-1`, `10.01s missed by gateway-1`.
    pub fn events(&self) -> Vec<String> {
        self.told(|fact| match fact {
            Fact::Published(_) => Some("published".into()),
            Fact::Delivered { gateway, .. } => Some(format!("gateway-{}", gateway.index() + 1)),
            Fact::Missed { gateway, .. } => Some(format!("missed by gateway-{}", gateway.index() + 1)),
            _ => None,
        })
    }

    /// How long each stale token sat in a cache: `1s to 5s`.
    pub fn stale(&self) -> Vec<String> {
        let spans = self.facts.iter().filter_map(|(_, fact)| match fact {
            Fact::Stale { from, to } => Some(format!("{from} to {to}")),
            _ => None,
        });
        spans.collect()
    }

    /// Latencies of `ok` calls.
    pub fn latencies(&self) -> Vec<String> {
        let spans = self.facts.iter().filter_map(|(_, fact)| match fact {
            Fact::Latency(span) => Some(span.to_string()),
            _ => None,
        });
        spans.collect()
    }

    /// When something was so.
    pub fn instants(&self, is: impl Fn(&Fact) -> bool) -> Vec<String> {
        self.facts.iter().filter(|(_, fact)| is(fact)).map(|(at, _)| at.to_string()).collect()
    }

    /// The same as numbers.
    pub fn times(&self, is: impl Fn(&Fact) -> bool) -> Vec<SimTime> {
        self.facts.iter().filter(|(_, fact)| is(fact)).map(|(at, _)| *at).collect()
    }

    /// How often something was so.
    pub fn count(&self, is: impl Fn(&Fact) -> bool) -> usize {
        self.facts.iter().filter(|(_, fact)| is(fact)).count()
    }

    /// How many calls had this outcome.
    pub fn number(&self, word: &str) -> usize {
        self.count(|fact| matches!(fact, Fact::Calls(calls) if outcome(calls.outcome) == word))
    }

    /// What is told of the facts, each with its instant.
    pub fn told(&self, tell: impl Fn(&Fact) -> Option<String>) -> Vec<String> {
        self.facts.iter().filter_map(|(at, fact)| tell(fact).map(|told| format!("{at} {told}"))).collect()
    }
}

/// The value of `arrivals` for calls at these milliseconds, in a file that goes with `traces`.
fn trace(instants: &[u64], traces: &mut Vec<TempPath>) -> String {
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().expect("a file for the trace");
    for ms in instants {
        writeln!(file, "{}.{:03}", ms / 1_000, ms % 1_000).expect("the trace is written");
    }
    traces.push(file.into_temp_path());
    format!("{{ process = \"trace\", file = '{}' }}", traces[traces.len() - 1].display())
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Forbidden => "forbidden",
        Outcome::Failed(cause) => cause.word(),
    }
}

fn word(state: NodeState) -> &'static str {
    match state {
        NodeState::Up => "up",
        NodeState::Draining => "draining",
        NodeState::Down => "down",
        NodeState::Starting => "starting",
    }
}

/// A restart of the IdP that kills every token: it stops at `at` and is up again `down` later.
pub fn restart(at: &str, down: &str) -> String {
    format!("at = \"{at}\"\nkind = \"idp-restart\"\ndown = \"{down}\"")
}

/// The IdP cannot be reached for `down` from `at`; nothing dies.
pub fn outage(at: &str, down: &str) -> String {
    format!("at = \"{at}\"\nkind = \"idp-outage\"\ndown = \"{down}\"")
}

/// Gateway nodes go down at `at` for `down`.
pub fn gateway_restart(node: &str, at: &str, down: &str) -> String {
    format!("at = \"{at}\"\nkind = \"gateway-restart\"\nnode = \"{node}\"\ndown = \"{down}\"")
}
