//! `explain`: an outage told from its effect back to its fault, and what would have ended it sooner.

mod json;
mod story;
mod words;

use std::fmt::Write;

use super::narrative::{clock, rounded};
use super::number::fixed;
use crate::experiment::explain::{Explanation, Other, Way};
use crate::model::fact::Fact;
use crate::oauth::Cause;
use crate::persistence::Why;
use crate::policy::rejection::{Purge, Refusal};
use crate::scenario::Scenario;
use crate::time::{SimSpan, SimTime, Stamp};
use crate::trace::Names;

pub use json::json;
pub use story::{Line, story};
pub(super) use words::words;

/// An outage, explained, with what its names come from.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    pub scenario: &'a Scenario,
    /// `idp.token_lifetime = "5min"`: the point of a sweep, if it is one.
    pub point: Option<&'a str>,
    /// Position of the policy.
    pub policy: usize,
    pub explanation: &'a Explanation,
}

impl Told<'_> {
    fn policy(&self) -> &str {
        &self.scenario.policies[self.policy].name
    }

    /// The way in which the calls failed that are explained.
    fn way(&self) -> &Way {
        &self.explanation.ways[self.explanation.way]
    }
}

/// The explanation as text.
///
/// # Panics
/// Never: writing to a string cannot fail.
#[must_use]
pub fn text(told: &Told<'_>) -> String {
    let Explanation { replication, lane, ways, way, .. } = told.explanation;
    let (scenario, names) = (told.scenario, Names::of(&told.scenario.world));
    let lane = names.lane(*lane);
    let mut text = format!("{}, policy {}, replication {replication}", scenario.name, told.policy());
    let _ = writeln!(text, ", seed {}", scenario.world.run.seed);
    if let Some(point) = told.point {
        let _ = writeln!(text, "at {point}");
    }
    let _ = writeln!(text, "\nthe outage: {}", episode_words(told, &names));
    for (index, each) in ways.iter().enumerate().take(MOST_WAYS) {
        let mark = if index == *way && ways.len() > 1 { "  <- explained here" } else { "" };
        let _ = writeln!(text, "{:>16}  {}{mark}", clock(each.first.first), way_words(each));
    }
    if ways.len() > MOST_WAYS {
        let _ = writeln!(text, "{:>16}  … {} more", "", ways.len() - MOST_WAYS);
    }
    let _ = writeln!(text, "\nin short: {}\n\nwhy, from the effect back to its cause:", in_short(told, &names));
    for (index, line) in story(told.explanation, &names).iter().enumerate() {
        let _ = writeln!(text, "{:>16}  {}: {}", clock(line.at), line.whom, line.what);
        if index == 0 {
            text += &alike(told);
        }
    }
    let _ = writeln!(text, "\n{}", ended_words(told));
    text + &others(told, &lane)
}

/// `gateway-1/orders, 0:05:00.000 to 0:20:12.000, 15min12s, 4,812 calls failed`
#[must_use]
pub fn episode_words(told: &Told<'_>, names: &Names<'_>) -> String {
    let Explanation { lane, start, end, failed, .. } = told.explanation;
    let lasted = rounded(end.since(*start));
    format!("{}, {} to {}, {lasted}, {} failed", names.lane(*lane), clock(*start), clock(*end), calls(*failed))
}

/// Ways that are listed.
const MOST_WAYS: usize = 6;

/// Calls in words.
pub(super) fn calls(n: u64) -> String {
    format!("{} {}", count(n), if n == 1 { "call" } else { "calls" })
}

#[expect(clippy::cast_precision_loss, reason = "a count that people read")]
pub(super) fn count(n: u64) -> String {
    fixed(n as f64, 0)
}

/// How calls failed.
fn way_words(way: &Way) -> String {
    let token = way.token.map_or_else(String::new, |token| format!(" on token {token}"));
    format!("{} failed{token} ({}), the last at {}", calls(way.n), way.cause.word(), clock(way.last))
}

/// What failed as the call did that is explained.
fn alike(told: &Told<'_>) -> String {
    let way = told.way();
    if way.everywhere <= 1 {
        return String::new();
    }
    let (more, here, last) = (way.everywhere - 1, count(way.n - 1), clock(way.last));
    let calls = if more == 1 { "call" } else { "calls" };
    format!("{:>16}  … {} more {calls} failed the same way, {here} of them here, the last at {last}\n", "", count(more))
}

/// The story in a sentence or two.
#[must_use]
pub fn in_short(told: &Told<'_>, names: &Names<'_>) -> String {
    let lane = names.lane(told.explanation.lane);
    let lasted = rounded(told.way().last.since(told.way().first.first));
    let fault = told.explanation.chain.iter().find_map(|fact| match fact.fact {
        Fact::Fault(fault, phase) if phase.is_begin() => Some((fact.at, fault)),
        _ => None,
    });
    let root = fault.map_or_else(String::new, |(at, fault)| {
        let fault = &names.world.faults[fault.index()];
        format!("; it goes back to the fault `{}` ({}) of {}", fault.name, fault.fault.kind(), clock(at))
    });
    format!("{} {lane} for {lasted}{root}.{}", because(told), reaction(told))
}

/// What the calls of the way failed for.
fn because(told: &Told<'_>) -> String {
    let way = told.way();
    let token = way.token.map_or_else(|| "its token".to_owned(), |token| format!("token {token}"));
    let chain = &told.explanation.chain;
    let superseded = chain.iter().find_map(|fact| match fact.fact {
        Fact::Superseded { token, node, why } if Some(token) == way.token => Some((fact.at, node, why)),
        _ => None,
    });
    let since = chain.iter().find_map(|fact| match fact.fact {
        Fact::Refused { since: Some(since), .. } => Some(format!(" since {}", clock(since))),
        _ => None,
    });
    let since = since.unwrap_or_default();
    match (way.cause, superseded) {
        (Cause::SupersededToken, Some((at, node, Why::Raced))) => format!(
            "the CON_APP_KEY recovery of idp-{} made {token} INACTIVE at {}, and calls with it failed at",
            node.0 + 1,
            clock(at)
        ),
        (Cause::SupersededToken, Some((at, node, _))) => format!(
            "a renewal at idp-{} made {token} INACTIVE at {}, and calls with it failed at",
            node.0 + 1,
            clock(at)
        ),
        (Cause::SupersededToken, None) => format!("{token} was superseded{since}, and calls with it failed at"),
        (Cause::StaleToken, _) => format!("{token} was dead{since}, and calls with it failed at"),
        (Cause::LostToken, _) => format!("{token} was lost{since}, and calls with it failed at"),
        (Cause::ExpiredToken, _) => format!("{token} had expired{since}, and calls with it failed at"),
        (Cause::NotYetPersisted, _) => format!("{token} was not in the database yet, and calls with it failed at"),
        (Cause::NoToken, _) => "calls were sent without a token, and failed at".into(),
        (Cause::IdpDown, _) => "no token could be got, for the IdP was down, and calls failed at".into(),
        (Cause::IdpBusy, _) => "no token could be got, for the IdP's queue was full, and calls failed at".into(),
        (Cause::IdpTimeout, _) => "no token could be got in time, and calls failed at".into(),
        (Cause::IdpError, _) => "no token could be got, for the IdP's database failed, and calls failed at".into(),
        (Cause::PersistFailed, _) => "the IdP gave up storing a token after its last retry, and calls failed at".into(),
        (Cause::IntrospectionDown, _) => "tokens could not be checked, and calls failed at".into(),
        (Cause::StoreDown, _) => "the shared store of tokens failed, and calls failed at".into(),
        (Cause::GatewayDown, _) => "the gateway was down, and calls failed at".into(),
        (Cause::InboundRefused, _) => "callers' good tokens were refused at".into(),
        (Cause::ClientTimeout, _) => "clients gave up waiting, and calls failed at".into(),
    }
}

/// What the policy makes of the refusals, where the calls were refused.
fn reaction(told: &Told<'_>) -> String {
    let way = told.way();
    let refused = told.explanation.chain.iter().any(|fact| matches!(fact.fact, Fact::Refused { .. }));
    if !refused || told.way().token.is_none() {
        return String::new();
    }
    let scenario = told.scenario;
    let api = way.first.lane.index() % scenario.world.apis.len();
    let Some(api) = names_api(told, api) else { return String::new() };
    let refusal = Refusal {
        status: api.reject_status,
        error: api.reject_error.0.as_deref(),
        received: Some(Stamp(0)),
        resends: 0,
    };
    // Long after the token came: what the rule does at last.
    let late = SimTime::ZERO + SimSpan::secs(86_400);
    let decision = scenario.policies[told.policy].policy.rejection.decide(late, refusal);
    let status = api.reject_status;
    match decision.purge {
        Purge::Nothing => {
            format!(" Policy {} does nothing about a {status}: it goes on with the token that it has.", told.policy())
        }
        Purge::ByKey | Purge::IfSame | Purge::Issuer => {
            format!(" Policy {} drops a token that is refused with {status}.", told.policy())
        }
    }
}

/// The API of a gateway's lane.
fn names_api<'a>(told: &Told<'a>, api: usize) -> Option<&'a crate::model::config::ApiConfig> {
    let world = &told.scenario.world;
    (told.explanation.lane.index() < world.gateway.nodes * world.apis.len()).then(|| &world.apis[api])
}

/// How the outage ended.
#[must_use]
pub fn ended_words(told: &Told<'_>) -> String {
    let Some(ended) = &told.explanation.ended else {
        return "it had not ended when the run did".into();
    };
    let at = clock(ended.at);
    match (ended.token, ended.fetched) {
        (Some(token), Some((asked, got))) => {
            format!(
                "it ended at {at}: a call succeeded with token {token}, asked for at {} and there at {}",
                clock(asked),
                clock(got)
            )
        }
        (Some(token), None) => format!("it ended at {at}: a call succeeded with token {token}"),
        (None, _) => format!("it ended at {at}: a call succeeded"),
    }
}

/// What the other policies made of it.
fn others(told: &Told<'_>, lane: &str) -> String {
    let end = told.explanation.end;
    let sooner = sooner_first(told).into_iter().filter(|other| ended_sooner(other, end));
    let width = told.explanation.others.iter().map(|other| other.policy.chars().count()).max().unwrap_or(0);
    let lines: Vec<String> =
        sooner.map(|other| format!("  {:<width$}  {}\n", other.policy, instead(told, other))).collect();
    let mut text = String::new();
    if !lines.is_empty() {
        let _ = writeln!(text, "\nwhat would have ended it sooner (each policy in this very world, {lane}):");
        text += &lines.concat();
    }
    let not: Vec<String> = told
        .explanation
        .others
        .iter()
        .filter(|other| !ended_sooner(other, end))
        .map(|other| {
            let at = other.ended.map_or_else(String::new, clock);
            format!("{} ({})", other.policy, if other.open { "open at the end".into() } else { at })
        })
        .collect();
    if !not.is_empty() {
        let _ = writeln!(text, "\nno sooner: {}", not.join(", "));
    }
    text
}

/// A row for each other policy: its name, what became of the outage, how many calls failed; the earliest end first.
#[must_use]
pub fn others_rows(told: &Told<'_>) -> Vec<Vec<String>> {
    let end = told.explanation.end;
    let what = |other: &Other| match other.ended {
        _ if ended_sooner(other, end) => instead(told, other),
        _ if other.open => "is open at the end of the run".to_owned(),
        at => format!("ends at {}, no sooner", at.map_or_else(String::new, clock)),
    };
    let row = |other: &Other| vec![other.policy.clone(), what(other), count(other.failed)];
    sooner_first(told).into_iter().map(row).collect()
}

fn sooner_first<'a>(told: &Told<'a>) -> Vec<&'a Other> {
    let mut others: Vec<&Other> = told.explanation.others.iter().collect();
    others.sort_by_key(|other| (other.ended, other.failed));
    others
}

/// What became of an outage that ended sooner.
fn instead(told: &Told<'_>, other: &Other) -> String {
    let Explanation { end, failed, .. } = told.explanation;
    match other.ended {
        None => "no call fails".to_owned(),
        Some(at) => format!(
            "ends at {}, {} sooner, {} failed instead of {}",
            clock(at),
            rounded(end.since(at)),
            count(other.failed),
            count(*failed)
        ),
    }
}

fn ended_sooner(other: &Other, end: SimTime) -> bool {
    other.ended.is_none_or(|at| at < end)
}
