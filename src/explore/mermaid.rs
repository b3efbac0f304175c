//! A schedule as a mermaid sequence diagram: callers, nodes, and the database between them.

use std::fmt::Write;

use super::schedule::Schedule;
use super::settings::Settings;
use super::steps::{Act, What, Who};
use super::tell;
use crate::id::IdpNodeId;

/// The text of the diagram.
#[must_use]
pub fn diagram(settings: &Settings, schedule: &Schedule) -> String {
    let mut text = String::from("sequenceDiagram\n");
    for request in 0..settings.requests {
        let _ = writeln!(text, "    participant {} as caller {}", caller(request), request + 1);
    }
    for node in (0..settings.nodes).map(IdpNodeId::at) {
        let _ = writeln!(text, "    participant {} as {}", short(node), tell::node(node));
    }
    text.push_str("    participant db as database\n");
    for act in schedule.steps.iter().flat_map(|taken| &taken.moved.acts) {
        let _ = writeln!(text, "    {}", arrow(act));
    }
    let last = caller(settings.requests - 1);
    let over = if settings.requests == 1 { last } else { format!("{},{last}", caller(0)) };
    let _ = writeln!(text, "    Note over {over}: {}", schedule.outcome);
    text
}

fn caller(request: usize) -> String {
    format!("c{}", request + 1)
}

fn short(node: IdpNodeId) -> String {
    format!("n{}", node.index() + 1)
}

/// One line: an arrow where something goes from one to another, a note elsewhere.
fn arrow(act: &Act) -> String {
    let node = short(act.node);
    let (who, caller) = match act.who {
        Who::Request(request) => (format!("request {} ", request + 1), caller(request)),
        Who::Thread => ("a thread ".into(), String::new()),
        Who::Cache => ("the cache ".into(), String::new()),
        Who::Node => (String::new(), String::new()),
    };
    let words = tell::what(&act.what);
    match &act.what {
        What::Served => format!("{caller}->>{node}: asks for a token"),
        What::Answers { token, .. } => format!("{node}-->>{caller}: token {token}"),
        What::GivesUp => format!("{node}-->>{caller}: no token, the retries are used up"),
        What::ReadsActive | What::ReadsEnded | What::Begins(_) => format!("{node}->>db: {who}{words}"),
        What::SawActive(_) | What::SawEnded | What::Commits(_) => format!("db-->>{node}: {who}{words}"),
        What::Violates(_) => format!("db--x{node}: {who}{words}"),
        What::AwaitsLock
        | What::Locked
        | What::Looked(_)
        | What::Creates(_)
        | What::Queues(_)
        | What::Takes(_)
        | What::Loses(_)
        | What::Hears { .. }
        | What::Crashes { .. } => format!("Note over {node}: {who}{words}"),
    }
}
