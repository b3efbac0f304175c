//! `run`: one world told as a timeline: what failed and recovered, what the policy did, folded where it repeats itself.

use std::fmt::Write;

use crate::experiment::unit::lane_name;
use crate::id::{HolderId, LaneId};
use crate::metric::MetricDef;
use crate::model::config::{Strategy, WorldConfig};
use crate::model::fact::{Fact, NodeState, Observer};
use crate::oauth::{Cause, Outcome};
use crate::report::number::short;
use crate::time::{SimSpan, SimTime};

/// Lines that a timeline has at most; what is left out is said.
const MOST_LINES: usize = 400;
/// What is alike and less than this apart is one line.
const FOLDED: SimSpan = SimSpan::secs(1);

/// Listens to a run.
#[derive(Debug)]
pub struct Narrator<'a> {
    world: &'a WorldConfig,
    lines: Vec<Line>,
    left_out: u64,
    /// By lane: the outage that is open.
    outages: Vec<Option<Outage>>,
    /// Who asks for tokens.
    holders: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct Outage {
    since: SimTime,
    failed: u64,
}

#[derive(Debug)]
struct Line {
    at: SimTime,
    last: SimTime,
    what: What,
    /// The first of what is folded.
    whom: String,
    n: u64,
}

/// What lines are about: those that are alike fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Node(NodeState),
    Gateway(bool),
    Bus(bool),
    Db(bool),
    Stalled,
    Violated,
    GivenUp,
    Superseded,
    Lost,
    Stopped,
    Ready,
    Published,
    Delivered,
    Missed,
    FetchFailed(Cause),
    Fetched,
    Purged,
    Wasted,
    OutageBegins(Cause),
    OutageEnds,
}

impl<'a> Narrator<'a> {
    /// A narrator of runs of this world.
    #[must_use]
    pub fn new(world: &'a WorldConfig) -> Narrator<'a> {
        let threads: usize = world.applications.iter().map(|application| application.threads as usize).sum();
        let outages = vec![None; world.gateway.nodes * world.apis.len() + threads];
        Narrator { world, lines: Vec::new(), left_out: 0, outages, holders: holders(world) }
    }

    /// The timeline, line by line.
    #[must_use]
    pub fn timeline(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            let more =
                if line.n > 1 { format!(" and {} more until {}", line.n - 1, clock(line.last)) } else { String::new() };
            let _ = writeln!(text, "{:>16}  {}: {}{more}", clock(line.at), line.whom, line.what.words());
        }
        if self.left_out > 0 {
            let _ = writeln!(text, "{:>16}  … {} more lines are left out", "", self.left_out);
        }
        for (index, outage) in self.outages.iter().enumerate() {
            if let Some(outage) = outage {
                let lane = lane_name(self.world, LaneId::at(index));
                let since = clock(outage.since);
                let _ = writeln!(
                    text,
                    "{:>16}  {lane}: still failing, since {since}, {} calls",
                    "at the end", outage.failed
                );
            }
        }
        text
    }

    fn line(&mut self, at: SimTime, what: What, whom: String) {
        // Only recent lines fold: a run's story is short, and what is alike comes together.
        let alike = self.lines.iter_mut().rev().take(8).find(|line| line.what == what && at.since(line.last) < FOLDED);
        if let Some(line) = alike {
            (line.last, line.n) = (at, line.n + 1);
        } else if self.lines.len() < MOST_LINES {
            self.lines.push(Line { at, last: at, what, whom, n: 1 });
        } else {
            self.left_out += 1;
        }
    }

    fn holder(&self, holder: HolderId) -> String {
        self.holders[holder.index()].clone()
    }

    fn call(&mut self, at: SimTime, lane: LaneId, outcome: Outcome) {
        let open = &mut self.outages[lane.index()];
        match (outcome, open.as_mut()) {
            (Outcome::Failed(_), Some(outage)) => outage.failed += 1,
            (Outcome::Failed(cause), None) => {
                *open = Some(Outage { since: at, failed: 1 });
                let whom = lane_name(self.world, lane);
                self.line(at, What::OutageBegins(cause), whom);
            }
            (Outcome::Ok, Some(outage)) => {
                let whom = format!(
                    "{} after {} and {} failed calls",
                    lane_name(self.world, lane),
                    rounded(at.since(outage.since)),
                    outage.failed
                );
                *open = None;
                self.line(at, What::OutageEnds, whom);
            }
            (Outcome::Ok, None) | (Outcome::Forbidden, _) => {}
        }
    }
}

impl Observer for Narrator<'_> {
    fn fact(&mut self, at: SimTime, fact: &Fact) {
        let gateway = |gateway: crate::id::GatewayId| format!("gateway-{}", gateway.0 + 1);
        match fact {
            Fact::Calls(calls) if !calls.deserved => self.call(at, calls.lane, calls.outcome),
            Fact::Node(node, state) => self.line(at, What::Node(*state), format!("idp-{}", node.0 + 1)),
            Fact::Gateway(id, up) => self.line(at, What::Gateway(*up), gateway(*id)),
            Fact::Bus(up) => self.line(at, What::Bus(*up), "bus".into()),
            Fact::RestartStopped => self.line(at, What::Stopped, "idp".into()),
            Fact::Ready => self.line(at, What::Ready, "idp".into()),
            Fact::Published(_) => self.line(at, What::Published, "idp".into()),
            Fact::Delivered { gateway: id, .. } => self.line(at, What::Delivered, gateway(*id)),
            Fact::Missed { gateway: id, .. } => self.line(at, What::Missed, gateway(*id)),
            Fact::FetchEnded { holder, failed: Some(cause) } => {
                let whom = self.holder(*holder);
                self.line(at, What::FetchFailed(*cause), whom);
            }
            Fact::FetchEnded { holder, failed: None } => {
                let whom = self.holder(*holder);
                self.line(at, What::Fetched, whom);
            }
            Fact::Purged { holder, .. } => {
                let whom = self.holder(*holder);
                self.line(at, What::Purged, whom);
            }
            Fact::WastedFetch => self.line(at, What::Wasted, "idp".into()),
            Fact::Db(up) => self.line(at, What::Db(*up), "database".into()),
            Fact::DbStalled { until } => self.line(at, What::Stalled, format!("database, until {}", clock(*until))),
            Fact::ConAppKeyViolated => self.line(at, What::Violated, "database".into()),
            Fact::ConAppKeyExhausted => self.line(at, What::GivenUp, "idp".into()),
            Fact::Superseded { token } => self.line(at, What::Superseded, format!("token {token}")),
            Fact::TokenLost { token } => self.line(at, What::Lost, format!("token {token}")),
            _ => {}
        }
    }
}

impl What {
    fn words(self) -> String {
        match self {
            What::Node(NodeState::Up) | What::Bus(true) | What::Db(true) => "up".into(),
            What::Db(false) => "fails over, nothing can be read or written".into(),
            What::Stalled => "stands still".into(),
            What::Violated => "an insert violates CON_APP_KEY".into(),
            What::GivenUp => "a token is given up after the last retry".into(),
            What::Superseded => "superseded, and dead to whoever holds it".into(),
            What::Lost => "lost, and dead to whoever holds it".into(),
            What::Node(NodeState::Draining) => "finishes old requests, refuses new ones".into(),
            What::Node(NodeState::Down) | What::Gateway(false) => "down".into(),
            What::Node(NodeState::Starting) => "ports open, not ready".into(),
            What::Gateway(true) => "up, caches empty".into(),
            What::Bus(false) => "down, all are disconnected".into(),
            What::Stopped => "a restart stops all of it, or a node".into(),
            What::Ready => "ready: a token request would be answered".into(),
            What::Published => "tells that tokens are dead".into(),
            What::Delivered => "hears of it".into(),
            What::Missed => "misses the event".into(),
            What::FetchFailed(cause) => format!("no token ({})", cause.word()),
            What::Fetched => "a new token".into(),
            What::Purged => "the cached token is dropped".into(),
            What::Wasted => "a token request was for nothing".into(),
            What::OutageBegins(cause) => format!("calls fail ({})", cause.word()),
            What::OutageEnds => "calls succeed again".into(),
        }
    }
}

/// Gateway by gateway one a credential, then the threads that ask for themselves.
fn holders(world: &WorldConfig) -> Vec<String> {
    let credentials = &world.credentials[..world.gateway_credentials];
    let gateways = (0..world.gateway.nodes).flat_map(|gateway| {
        credentials.iter().map(move |credential| format!("gateway-{}, credential {credential}", gateway + 1))
    });
    let threads = world.applications.iter().flat_map(|application| {
        let asking = if application.strategy == Strategy::OneThread { 1 } else { application.threads };
        (0..asking).map(move |number| format!("{}-{}", application.name, number + 1))
    });
    gateways.chain(threads).collect()
}

/// The world's metrics, two columns of those that are not zero.
#[must_use]
pub fn metrics(metrics: &[MetricDef], values: &[f64]) -> String {
    let mut text = String::new();
    for (metric, value) in metrics.iter().zip(values) {
        if *value != 0.0 && !value.is_nan() {
            let _ = writeln!(text, "  {:<38}{:>12}", metric.name, short(*value));
        }
    }
    text
}

/// An instant to the millisecond: `1:00:36.012`.
fn clock(at: SimTime) -> String {
    let ms = at.0 / 1_000_000;
    let (secs, ms) = (ms / 1_000, ms % 1_000);
    format!("{}:{:02}:{:02}.{ms:03}", secs / 3_600, secs / 60 % 60, secs % 60)
}

/// A span to the millisecond.
fn rounded(span: SimSpan) -> SimSpan {
    SimSpan((span.0 + 500_000) / 1_000_000 * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::IdpNodeId;
    use crate::report::sample;

    #[test]
    fn what_is_alike_and_close_is_one_line() {
        let scenario = sample::scenario();
        let mut narrator = Narrator::new(&scenario.world);
        for ms in [0, 400, 800, 5_000] {
            narrator.fact(SimTime(ms * 1_000_000), &Fact::Node(IdpNodeId(0), NodeState::Down));
        }
        let text = narrator.timeline();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("idp-1: down and 2 more until 0:00:00.800"), "{text}");
    }

    #[test]
    fn instants_are_told_to_the_millisecond() {
        assert_eq!(clock(SimTime(3_636_012_900_000)), "1:00:36.012");
    }
}
