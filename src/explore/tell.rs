//! Steps of a race in words.

use std::fmt::Write as _;

use super::schedule::Taken;
use super::steps::{Act, Commit, Moved, What, Who};
use crate::id::IdpNodeId;
use crate::persistence::{Insert, RowState, Which, Write};

/// A step in one line: who did what, in order.
#[must_use]
pub fn step(moved: &Moved) -> String {
    let mut line = String::new();
    let mut last: Option<&Act> = None;
    for act in &moved.acts {
        let goes_on = last.is_some_and(|last| (last.node, last.who) == (act.node, act.who));
        match (last, goes_on) {
            (_, true) => line.push_str(", "),
            (None, false) => _ = write!(line, "{}: ", actor(act)),
            // All of a step happens on one node.
            (Some(_), false) => _ = write!(line, "; {}: ", who(act.who)),
        }
        line.push_str(&what(&act.what));
        last = Some(act);
    }
    line
}

/// The name of a node.
#[must_use]
pub fn node(node: IdpNodeId) -> String {
    format!("node-{}", node.index() + 1)
}

/// The ACTIVE row after a step.
#[must_use]
pub fn active(after: &Taken) -> String {
    match after.active {
        (None, _) => "none".into(),
        (Some(token), 1) => format!("token {token}"),
        (Some(token), rows) => format!("token {token}, one of {rows}"),
    }
}

fn actor(act: &Act) -> String {
    let node = node(act.node);
    if act.who == Who::Node { node } else { format!("{node}, {}", who(act.who)) }
}

fn who(who: Who) -> String {
    match who {
        Who::Request(request) => format!("request {}", request + 1),
        Who::Thread => "a thread".into(),
        Who::Cache => "the cache".into(),
        Who::Node => "the node".into(),
    }
}

/// What was done, in words.
#[must_use]
pub fn what(what: &What) -> String {
    match what {
        What::Served => "is served".into(),
        What::AwaitsLock => "waits for the node's lock".into(),
        What::Locked => "has the lock now".into(),
        What::Looked(None) => "finds nothing in the cache".into(),
        What::Looked(Some(token)) => format!("finds token {token} in the cache"),
        What::ReadsActive => "begins to read the table".into(),
        What::SawActive(None) => "sees no ACTIVE row".into(),
        What::SawActive(Some(token)) => format!("sees token {token} ACTIVE"),
        What::ReadsEnded => "begins to read the latest row that is not ACTIVE".into(),
        What::SawEnded => "sees when that was created".into(),
        What::Creates(token) => format!("creates token {token}"),
        What::Queues(token) => format!("puts token {token} on the queue"),
        What::Takes(token) => format!("takes token {token} from the queue"),
        What::Begins(write) => begins(*write),
        What::Commits(commit) => commits(commit),
        What::Violates(None) => "violates CON_APP_KEY".into(),
        What::Violates(Some(token)) => format!("violates CON_APP_KEY, since token {token} is ACTIVE"),
        What::Answers { token, recovered: false } => format!("answers with token {token}"),
        What::Answers { token, recovered: true } => format!("answers with token {token} after the violation"),
        What::GivesUp => "gives up: its retries are used up".into(),
        What::Loses(token) => format!("gives token {token} up: its retries are used up"),
        What::Hears { token, cached: true } => format!("hears that token {token} is no longer ACTIVE, and forgets it"),
        What::Hears { token, cached: false } => format!("hears that token {token} is no longer ACTIVE, and had it not"),
        What::Crashes { requests, tokens } => crashes(requests, tokens),
    }
}

/// The word of a row's state, as the table has it.
#[must_use]
pub fn state(state: RowState) -> &'static str {
    match state {
        RowState::Active => "ACTIVE",
        RowState::Inactive => "INACTIVE",
        RowState::Expired => "EXPIRED",
        RowState::Revoked => "REVOKED",
    }
}

fn begins(write: Write) -> String {
    let mark = write.mark.map(|mark| {
        let row = match mark.which {
            Which::Any => "whatever is ACTIVE".into(),
            Which::Token(token) => format!("token {token}"),
        };
        format!("make {row} {}", state(mark.to))
    });
    let insert = match write.insert {
        Insert::Nothing => None,
        Insert::New => Some("insert a new token".into()),
        Insert::This(token) => Some(format!("insert token {}", token.id)),
    };
    let parts: Vec<String> = mark.into_iter().chain(insert).collect();
    format!("begins to {}", parts.join(" and "))
}

fn commits(commit: &Commit) -> String {
    let marked = commit.marked.iter().map(|(token, to)| format!("token {token} is {}", state(*to)));
    let inserted = commit.inserted.map(|token| format!("token {token} is ACTIVE"));
    let changes: Vec<String> = marked.chain(inserted).collect();
    let changes = if changes.is_empty() { "nothing changes".into() } else { changes.join(", ") };
    let created = match commit.tied {
        None => "",
        Some(false) => ", created later than all before",
        Some(true) => ", its time of creation the same as that of the latest before",
    };
    format!("commits: {changes}{created}")
}

fn crashes(requests: &[usize], tokens: &[u64]) -> String {
    let list = |name: &str, numbers: Vec<String>, verb: &str, verbs: &str| match numbers.len() {
        0 => None,
        1 => Some(format!("{name} {} {verb}", numbers[0])),
        _ => Some(format!("{name}s {} {verbs}", numbers.join(", "))),
    };
    let requests = list("request", requests.iter().map(|at| (at + 1).to_string()).collect(), "fails", "fail");
    let tokens =
        list("token", tokens.iter().map(u64::to_string).collect(), "will never be written", "will never be written");
    let parts: Vec<String> = requests.into_iter().chain(tokens).collect();
    match parts.len() {
        0 => "crashes, with nothing left to lose but its cache".into(),
        _ => format!("crashes: {}", parts.join(", ")),
    }
}
