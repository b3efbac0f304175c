//! What was seen, as text: sets and yes or no, so that every run on the same servers writes the same; counts go to
//! stdout.

use std::fmt::Write;

use stalegate::persistence::dialect::Dialect;

use crate::evidence::{self, Evidence};
use crate::flow::Flow;
use crate::race::{Case, Seen, Start, Tally};

fn name(case: &Case) -> String {
    let flow = match case.flow {
        Flow::SyncDocumented => "synchronous, recovery as documented",
        Flow::SyncSource => "synchronous, recovery as in the source",
        Flow::AsyncOne => "asynchronous, recovery in one transaction",
        Flow::AsyncTwo => "asynchronous, recovery in two transactions",
    };
    let start = match case.start {
        Start::Empty => "no token before",
        Start::RevokedBefore => "a token revoked 10 s before",
        Start::RevokedThisSecond => "a token revoked in the same second",
        Start::Expired => "an expired token before",
    };
    format!("{flow}; {start}; {} nodes", case.nodes)
}

fn seen_or_not(seen: bool) -> &'static str {
    if seen { "seen" } else { "not seen" }
}

fn outcomes(tally: &Tally) -> String {
    tally.outcomes.keys().map(|outcome| format!("[{outcome}]")).collect::<Vec<_>>().join(" ")
}

fn race(text: &mut String, case: &Case, seen: &Seen) {
    writeln!(text, "  {}", name(case)).unwrap();
    for (label, tally) in [("violation", &seen.violated), ("no violation", &seen.quiet)] {
        let both = if tally.winners.len() == case.nodes { "every node won" } else { "not every node won" };
        writeln!(text, "    {label}: {}; {both}", outcomes(tally)).unwrap();
    }
}

fn section(text: &mut String, evidence: &Evidence) {
    let name = evidence.server.name();
    writeln!(text, "server: {name} {}", evidence.version).unwrap();
    writeln!(text, "{name}").unwrap();
    writeln!(text, "  times are kept to {}", evidence.rounding).unwrap();
    if !evidence.rounded_times.is_empty() {
        let rounding = Dialect::Mysql.profile().rounding;
        writeln!(text, "  times with TIME_ROUND_FRACTIONAL are kept to {rounding}").unwrap();
    }
    let accepted = evidence.nulls.iter().filter(|(_, accepted)| *accepted).map(|(column, _)| *column);
    writeln!(text, "  two ACTIVE rows with a NULL were accepted in {}", accepted.collect::<Vec<_>>().join(", "))
        .unwrap();
    for (case, seen) in evidence.races.iter().filter(|(case, _)| case.nodes == 2) {
        race(text, case, seen);
    }
    let any = |what: fn(&Seen) -> u32| seen_or_not(evidence.races.values().any(|seen| what(seen) > 0));
    writeln!(text, "  not modelled, of two or three nodes").unwrap();
    writeln!(text, "    statements that wait for another's transaction: {}", any(|seen| seen.lock_waits)).unwrap();
    writeln!(text, "    deadlocks: {}", any(|seen| seen.deadlocks)).unwrap();
}

/// Counts, for whoever watches.
fn print(evidence: &Evidence) {
    println!("{} {}", evidence.server.name(), evidence.version);
    for (case, seen) in &evidence.races {
        println!("  {}", name(case));
        let tallies = [("violation", &seen.violated), ("no violation", &seen.quiet), ("given up", &seen.given_up)];
        for (label, tally) in tallies {
            let counts = tally.outcomes.iter().map(|(outcome, count)| format!("{count} x [{outcome}]"));
            println!("    {label}: {}", counts.collect::<Vec<_>>().join(", "));
        }
        println!(
            "    not modelled: {} lock waits, {} deadlocks, {} lock timeouts",
            seen.lock_waits, seen.deadlocks, seen.lock_timeouts
        );
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "where to write is the caller's choice")]
fn the_report_is_written_where_it_is_asked_for() {
    let mut text = String::from(
        "Made by `.ci/real-db`: what two real databases do. A race's outcome has a word for every caller.\n",
    );
    for evidence in evidence::all() {
        print(evidence);
        text.push('\n');
        section(&mut text, evidence);
    }
    if let Ok(path) = std::env::var("STALEGATE_REAL_DB_REPORT") {
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}
