//! `run`: one world told as a timeline: what failed and recovered, what the policy did, folded where it repeats itself.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::experiment::unit::whom;
use crate::id::{GatewayId, HolderId, IdpNodeId, LaneId, NoticeId};
use crate::metric::MetricDef;
use crate::model::config::WorldConfig;
use crate::model::fact::{Fact, KeyChange, NodeState, Observer};
use crate::oauth::{Cause, Outcome};
use crate::policy::surge::Remedy;
use crate::report::number::short;
use crate::revocation::{Target, UserId};
use crate::time::{SimSpan, SimTime};
use crate::trace::Names;

/// Lines that a timeline has at most; what is left out is said.
const MOST_LINES: usize = 400;
/// What is alike and less than this apart is one line.
const FOLDED: SimSpan = SimSpan::secs(1);
/// The same of what callers do one after the other.
const FOLDED_LOGINS: SimSpan = SimSpan::secs(60);

/// Listens to a run.
#[derive(Debug)]
pub struct Narrator<'a> {
    names: Names<'a>,
    lines: Vec<Line>,
    left_out: u64,
    /// By lane: the outage that is open.
    outages: Vec<Option<Outage>>,
    /// Whose tokens the events tell of.
    revoked: BTreeMap<NoticeId, Target>,
    /// What gateways let pass of them.
    passed: BTreeMap<(GatewayId, NoticeId), Passed>,
}

/// Calls on a revoked token that a gateway let pass.
#[derive(Clone, Copy, Debug)]
struct Passed {
    first: SimTime,
    last: SimTime,
    n: u64,
}

#[derive(Clone, Copy, Debug)]
struct Outage {
    since: SimTime,
    failed: u64,
}

#[derive(Clone, Debug)]
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
    Operator(Remedy),
    Bus(bool),
    Serves,
    NobodyServes,
    Key(KeyChange),
    Slow(bool),
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
    Revoked,
    PassedFirst(GatewayId),
    PassedLast(GatewayId),
    /// Whether it was for a revocation.
    FalselyRefused(GatewayId, bool),
    LoggedIn,
    TablesRead(GatewayId, u32),
    /// Whether the gateway gives up.
    TablesUnread(GatewayId, bool),
    ControlPlane(bool),
    Store(bool),
    /// Whether it is told again.
    Untold(bool),
    Partition(bool),
    ClockSkewed,
}

impl<'a> Narrator<'a> {
    /// A narrator of runs of this world.
    #[must_use]
    pub fn new(world: &'a WorldConfig) -> Narrator<'a> {
        let names = Names::of(world);
        let outages = vec![None; names.lanes()];
        let (revoked, passed) = (BTreeMap::new(), BTreeMap::new());
        Narrator { names, lines: Vec::new(), left_out: 0, outages, revoked, passed }
    }

    /// The timeline, line by line.
    #[must_use]
    pub fn timeline(&self) -> String {
        let mut text = String::new();
        let (lines, left_out) = self.with_the_last_that_passed();
        for line in &lines {
            let more =
                if line.n > 1 { format!(" and {} more until {}", line.n - 1, clock(line.last)) } else { String::new() };
            let _ = writeln!(text, "{:>16}  {}: {}{more}", clock(line.at), line.whom, line.what.words());
        }
        if left_out > 0 {
            let _ = writeln!(text, "{:>16}  … {left_out} more lines are left out", "");
        }
        for (index, outage) in self.outages.iter().enumerate() {
            if let Some(outage) = outage {
                let lane = self.names.lane(LaneId::at(index));
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

    /// The lines, and among them the last call of each revocation that each gateway let pass, which is only known at the end.
    fn with_the_last_that_passed(&self) -> (Vec<Line>, u64) {
        let mut lasts: Vec<(SimTime, GatewayId, NoticeId, Passed)> = self
            .passed
            .iter()
            .filter(|(_, passed)| passed.n > 1)
            .map(|(&(gateway, notice), &passed)| (passed.last, gateway, notice, passed))
            .collect();
        lasts.sort_by_key(|&(at, gateway, notice, _)| (at, gateway, notice));
        let (mut last_lines, mut left_out) = (Vec::new(), self.left_out);
        for (at, gateway, notice, passed) in lasts {
            let calls = format!("after {} calls in {}", passed.n, rounded(at.since(passed.first)));
            let words = format!("{}, {}, {calls}", gateway_name(gateway), self.whom(notice));
            left_out += u64::from(!told(&mut last_lines, at, What::PassedLast(gateway), words));
        }
        let mut lines = self.lines.clone();
        lines.extend(last_lines);
        lines.sort_by_key(|line| line.at);
        left_out += u64::try_from(lines.len().saturating_sub(MOST_LINES)).unwrap_or(0);
        lines.truncate(MOST_LINES);
        (lines, left_out)
    }

    fn line(&mut self, at: SimTime, what: What, whom: String) {
        self.left_out += u64::from(!told(&mut self.lines, at, what, whom));
    }

    /// Whose tokens an event tells of.
    fn whom(&self, notice: NoticeId) -> String {
        self.revoked
            .get(&notice)
            .map_or_else(|| format!("event {}", notice.0 + 1), |&target| whom(self.names.world, target))
    }

    fn passed(&mut self, notice: NoticeId, gateway: GatewayId, validated: SimTime) {
        let first = Passed { first: validated, last: validated, n: 0 };
        let passed = self.passed.entry((gateway, notice)).or_insert(first);
        (passed.last, passed.n) = (passed.last.max(validated), passed.n + 1);
        if passed.n == 1 {
            let words = format!("{}, {}", gateway_name(gateway), self.whom(notice));
            self.line(validated, What::PassedFirst(gateway), words);
        }
    }

    fn call(&mut self, at: SimTime, lane: LaneId, outcome: Outcome) {
        let open = &mut self.outages[lane.index()];
        match (outcome, open.as_mut()) {
            (Outcome::Failed(_), Some(outage)) => outage.failed += 1,
            (Outcome::Failed(cause), None) => {
                *open = Some(Outage { since: at, failed: 1 });
                let whom = self.names.lane(lane);
                self.line(at, What::OutageBegins(cause), whom);
            }
            (Outcome::Ok, Some(outage)) => {
                let whom = format!(
                    "{} after {} and {} failed calls",
                    self.names.lane(lane),
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
    fn fact(&mut self, at: SimTime, _: u64, fact: &Fact) {
        let gateway = gateway_name;
        match fact {
            Fact::Calls(calls) if !calls.deserved => self.call(at, calls.lane, calls.outcome),
            Fact::Revoked { notice, target, .. } => {
                self.revoked.insert(*notice, *target);
                self.line(at, What::Revoked, whom(self.names.world, *target));
            }
            Fact::ServedRevoked { by, gateway, validated } => self.passed(*by, *gateway, *validated),
            Fact::FalselyRefused { by, gateway: id } => {
                let why =
                    by.map_or_else(String::new, |notice| format!(", for the revocation of {}", self.whom(notice)));
                self.line(at, What::FalselyRefused(*id, by.is_some()), format!("{}{why}", gateway(*id)));
            }
            Fact::Untold { notice, again } => {
                let target = self.whom(*notice);
                self.line(at, What::Untold(*again), format!("control plane, {target}"));
            }
            other => {
                if let Some((what, whom)) = alone(&self.names, other) {
                    self.line(at, what, whom);
                }
            }
        }
    }
}

/// What a fact says by itself: of whom, and what.
#[must_use]
pub(super) fn words(names: &Names<'_>, fact: &Fact) -> Option<(String, String)> {
    alone(names, fact).map(|(what, whom)| (whom, what.words()))
}

fn alone(names: &Names<'_>, fact: &Fact) -> Option<(What, String)> {
    let gateway = gateway_name;
    let holder = |holder: &HolderId| names.holder(*holder).to_owned();
    let node = |node: &IdpNodeId| format!("idp-{}", node.0 + 1);
    Some(match fact {
        Fact::Node(id, state) => (What::Node(*state), node(id)),
        Fact::Gateway(id, up) => (What::Gateway(*up), gateway(*id)),
        Fact::Operator(id, remedy) => (What::Operator(*remedy), gateway(*id)),
        Fact::Bus(up) => (What::Bus(*up), "bus".into()),
        Fact::Serving(Some(id)) => (What::Serves, node(id)),
        Fact::Serving(None) => (What::NobodyServes, "front".into()),
        Fact::Key(change) => (What::Key(*change), "idp".into()),
        Fact::Slow(slow) => (What::Slow(*slow), "idp".into()),
        Fact::RestartStopped => (What::Stopped, "idp".into()),
        Fact::Ready => (What::Ready, "idp".into()),
        Fact::Published(_) => (What::Published, "idp".into()),
        Fact::Delivered { gateway: id, .. } => (What::Delivered, gateway(*id)),
        Fact::Missed { gateway: id, .. } => (What::Missed, gateway(*id)),
        Fact::FetchEnded { holder: of, failed: Some(cause), .. } => (What::FetchFailed(*cause), holder(of)),
        Fact::FetchEnded { holder: of, failed: None, .. } => (What::Fetched, holder(of)),
        Fact::Purged { holder: of, .. } => (What::Purged, holder(of)),
        Fact::WastedFetch => (What::Wasted, "idp".into()),
        Fact::Db(up) => (What::Db(*up), "database".into()),
        Fact::DbStalled { until } => (What::Stalled, format!("database, until {}", clock(*until))),
        Fact::ConAppKeyViolated { .. } => (What::Violated, "database".into()),
        Fact::ConAppKeyExhausted { .. } => (What::GivenUp, "idp".into()),
        Fact::Superseded { token, .. } => (What::Superseded, format!("token {token}")),
        Fact::TokenLost { token } => (What::Lost, format!("token {token}")),
        Fact::Login { client, user } => {
            let user = Target::Subject(UserId { client: *client, user: *user });
            (What::LoggedIn, whom(names.world, user))
        }
        Fact::TablesRead { gateway: id, rows } => (What::TablesRead(*id, *rows), gateway(*id)),
        Fact::TablesUnread { gateway: id, last } => (What::TablesUnread(*id, *last), gateway(*id)),
        Fact::ControlPlane(up) => (What::ControlPlane(*up), "control plane".into()),
        Fact::Store(up) => (What::Store(*up), "shared store".into()),
        Fact::Partition(cut) => (What::Partition(*cut), "network".into()),
        Fact::ClockSkewed => (What::ClockSkewed, "a node's clock".into()),
        _ => return None,
    })
}

impl What {
    /// How far apart lines of this kind may be and fold.
    fn folded(self) -> SimSpan {
        if matches!(self, What::LoggedIn | What::FalselyRefused(..)) { FOLDED_LOGINS } else { FOLDED }
    }

    fn words(self) -> String {
        match self {
            What::Node(NodeState::Up)
            | What::Bus(true)
            | What::Db(true)
            | What::ControlPlane(true)
            | What::Store(true) => "up".into(),
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
            What::Operator(Remedy::Restart) => "an operator restarts it".into(),
            What::Operator(Remedy::Flush) => "an operator flushes its caches".into(),
            What::Bus(false) => "down, all are disconnected".into(),
            What::Serves => "the front sends everything here".into(),
            What::NobodyServes => "no node serves, until a standby takes over".into(),
            What::Key(KeyChange::Signs) => "another key signs".into(),
            What::Key(KeyChange::Published) => "the new key is in the key set".into(),
            What::Key(KeyChange::Retired) => "the old key is out of the key set, and what it signed is dead".into(),
            What::Key(KeyChange::Withheld) => "the key that signs is missing from the key set".into(),
            What::Key(KeyChange::PutBack) => "the key that was missing is in the key set again".into(),
            What::Slow(true) => "slow: its services take longer".into(),
            What::Slow(false) => "as quick as before".into(),
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
            What::Revoked => "revoked".into(),
            What::PassedFirst(_) => "a call on a revoked token is let pass".into(),
            What::PassedLast(_) => "the last call on the revoked token is let pass".into(),
            What::FalselyRefused(_, true) => "a call with a good token is refused".into(),
            What::FalselyRefused(_, false) => {
                "a call with a good token is refused, which no revocation is about".into()
            }
            What::LoggedIn => "logs in again".into(),
            What::TablesRead(_, 1) => "reads the event tables, 1 row".into(),
            What::TablesRead(_, rows) => format!("reads the event tables, {rows} rows"),
            What::TablesUnread(_, false) => "cannot read the event tables, and tries again".into(),
            What::TablesUnread(_, true) => "cannot read the event tables, gives up, and goes on without them".into(),
            What::ControlPlane(false) => "down, no event gets on".into(),
            What::Store(false) => "down, gateways find and keep no token in it".into(),
            What::Untold(true) => "does not hear of the event, and is told again".into(),
            What::Untold(false) => "does not hear of the event, and never will".into(),
            What::Partition(true) => "two groups of nodes cannot reach each other".into(),
            What::Partition(false) => "whole again".into(),
            What::ClockSkewed => "is moved".into(),
        }
    }
}

/// Adds a line, or folds it into one that is alike; `false` where there are too many.
fn told(lines: &mut Vec<Line>, at: SimTime, what: What, whom: String) -> bool {
    // Only recent lines fold: a run's story is short, and what is alike comes together.
    let folds = |line: &&mut Line| line.what == what && at.since(line.last) < what.folded();
    if let Some(line) = lines.iter_mut().rev().take(8).find(folds) {
        (line.last, line.n) = (line.last.max(at), line.n + 1);
        return true;
    }
    let room = lines.len() < MOST_LINES;
    if room {
        lines.push(Line { at, last: at, what, whom, n: 1 });
    }
    room
}

pub(super) fn gateway_name(gateway: GatewayId) -> String {
    format!("gateway-{}", gateway.0 + 1)
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
pub(super) fn clock(at: SimTime) -> String {
    let ms = at.0 / 1_000_000;
    let (secs, ms) = (ms / 1_000, ms % 1_000);
    format!("{}:{:02}:{:02}.{ms:03}", secs / 3_600, secs / 60 % 60, secs % 60)
}

/// A span to the millisecond.
pub(super) fn rounded(span: SimSpan) -> SimSpan {
    SimSpan((span.0 + 500_000) / 1_000_000 * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ClientId, ConsumerKeyId, FaultId, IdpNodeId};
    use crate::report::sample;
    use crate::revocation::Jti;

    #[test]
    fn what_is_alike_and_close_is_one_line() {
        let scenario = sample::scenario();
        let mut narrator = Narrator::new(&scenario.world);
        for ms in [0, 400, 800, 5_000] {
            narrator.fact(SimTime(ms * 1_000_000), 0, &Fact::Node(IdpNodeId(0), NodeState::Down));
        }
        let text = narrator.timeline();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("idp-1: down and 2 more until 0:00:00.800"), "{text}");
    }

    fn told(facts: &[(u64, Fact)]) -> Vec<String> {
        let scenario = sample::scenario_with_tokens();
        let mut narrator = Narrator::new(&scenario.world);
        for (ms, fact) in facts {
            narrator.fact(SimTime(ms * 1_000_000), 0, fact);
        }
        narrator.timeline().lines().map(|line| line.trim_start().to_owned()).collect()
    }

    const ONE: GatewayId = GatewayId(0);
    const TWO: GatewayId = GatewayId(1);

    fn revoked(notice: u32, target: Target) -> Fact {
        Fact::Revoked { notice: NoticeId(notice), target, fault: FaultId(0), occurrence: 0 }
    }

    fn user(number: u32) -> UserId {
        UserId { client: ClientId(0), user: number }
    }

    #[test]
    fn what_becomes_of_keys_of_the_front_and_of_the_idps_speed_is_told() {
        let facts = [
            (1_000, Fact::Slow(true)),
            (2_000, Fact::Serving(None)),
            (3_000, Fact::Serving(Some(IdpNodeId(1)))),
            (4_000, Fact::Key(KeyChange::Withheld)),
            (5_000, Fact::Key(KeyChange::PutBack)),
        ];
        let lines = [
            "0:00:01.000  idp: slow: its services take longer",
            "0:00:02.000  front: no node serves, until a standby takes over",
            "0:00:03.000  idp-2: the front sends everything here",
            "0:00:04.000  idp: the key that signs is missing from the key set",
            "0:00:05.000  idp: the key that was missing is in the key set again",
        ];
        assert_eq!(told(&facts), lines);
    }

    #[test]
    fn what_an_operator_does_is_told_before_what_comes_of_it() {
        let facts = [
            (10_000, Fact::Operator(ONE, Remedy::Restart)),
            (10_000, Fact::Gateway(ONE, false)),
            (12_000, Fact::Operator(TWO, Remedy::Flush)),
        ];
        let lines = [
            "0:00:10.000  gateway-1: an operator restarts it",
            "0:00:10.000  gateway-1: down",
            "0:00:12.000  gateway-2: an operator flushes its caches",
        ];
        assert_eq!(told(&facts), lines);
    }

    #[test]
    fn a_revocation_is_told_from_the_fault_to_the_last_call_that_passes() {
        let passed =
            |ms: u64| Fact::ServedRevoked { by: NoticeId(0), gateway: TWO, validated: SimTime(ms * 1_000_000) };
        let refused = |by| Fact::FalselyRefused { by, gateway: ONE };
        let facts = [
            (10_000, revoked(0, Target::Subject(user(6)))),
            (10_100, Fact::Untold { notice: NoticeId(0), again: true }),
            (15_000, Fact::Delivered { notice: NoticeId(0), gateway: ONE }),
            (15_000, refused(Some(NoticeId(0)))),
            // Told when the backend accepts it.
            (15_020, passed(14_900)),
            (16_000, Fact::Login { client: ClientId(0), user: 6 }),
            (30_000, passed(29_900)),
            (45_000, refused(Some(NoticeId(0)))),
            (90_000, passed(89_900)),
            (99_000, refused(None)),
        ];
        assert_eq!(
            told(&facts),
            [
                "0:00:10.000  shop/user-7: revoked",
                "0:00:10.100  control plane, shop/user-7: does not hear of the event, and is told again",
                "0:00:14.900  gateway-2, shop/user-7: a call on a revoked token is let pass",
                "0:00:15.000  gateway-1: hears of it",
                "0:00:15.000  gateway-1, for the revocation of shop/user-7: a call with a good token is refused and 1 more until \
             0:00:45.000",
                "0:00:16.000  shop/user-7: logs in again",
                "0:01:29.900  gateway-2, shop/user-7, after 3 calls in 1min15s: the last call on the revoked token is let pass",
                "0:01:39.000  gateway-1: a call with a good token is refused, which no revocation is about",
            ]
        );
    }

    #[test]
    fn the_way_of_an_event_is_told() {
        let facts = [
            (1_000, Fact::ControlPlane(false)),
            (2_000, revoked(0, Target::ConsumerKey(ConsumerKeyId(1)))),
            (2_000, Fact::Untold { notice: NoticeId(0), again: false }),
            (3_000, Fact::ControlPlane(true)),
            (4_000, Fact::Partition(true)),
            (5_000, Fact::TablesUnread { gateway: ONE, last: false }),
            (20_000, Fact::TablesUnread { gateway: ONE, last: true }),
            (21_000, Fact::Partition(false)),
            (22_000, Fact::TablesRead { gateway: TWO, rows: 3 }),
            (23_000, Fact::ClockSkewed),
            (24_000, revoked(1, Target::Jti(Jti { user: user(0), serial: 2 }))),
            (25_000, Fact::Store(false)),
            (26_000, Fact::Store(true)),
        ];
        assert_eq!(
            told(&facts),
            [
                "0:00:01.000  control plane: down, no event gets on",
                "0:00:02.000  shop: revoked",
                "0:00:02.000  control plane, shop: does not hear of the event, and never will",
                "0:00:03.000  control plane: up",
                "0:00:04.000  network: two groups of nodes cannot reach each other",
                "0:00:05.000  gateway-1: cannot read the event tables, and tries again",
                "0:00:20.000  gateway-1: cannot read the event tables, gives up, and goes on without them",
                "0:00:21.000  network: whole again",
                "0:00:22.000  gateway-2: reads the event tables, 3 rows",
                "0:00:23.000  a node's clock: is moved",
                "0:00:24.000  shop/user-1/token: revoked",
                "0:00:25.000  shared store: down, gateways find and keep no token in it",
                "0:00:26.000  shared store: up",
            ]
        );
    }

    #[test]
    fn a_storm_of_revocations_is_a_few_lines() {
        let storm = (0..5_000).flat_map(|k: u32| {
            let passed =
                |ms: u64| Fact::ServedRevoked { by: NoticeId(k), gateway: TWO, validated: SimTime(ms * 1_000_000) };
            [(1_000, revoked(k, Target::Subject(user(k)))), (1_500, passed(1_400)), (2_500, passed(2_400))]
        });
        let mut facts: Vec<(u64, Fact)> = storm.collect();
        facts.sort_by_key(|fact| fact.0);
        assert_eq!(
            told(&facts),
            [
                "0:00:01.000  shop/user-1: revoked and 4999 more until 0:00:01.000",
                "0:00:01.400  gateway-2, shop/user-1: a call on a revoked token is let pass and 4999 more until 0:00:01.400",
                "0:00:02.400  gateway-2, shop/user-1, after 2 calls in 1s: the last call on the revoked token is let pass and \
             4999 more until 0:00:02.400",
            ]
        );
    }

    #[test]
    fn instants_are_told_to_the_millisecond() {
        assert_eq!(clock(SimTime(3_636_012_900_000)), "1:00:36.012");
    }
}
