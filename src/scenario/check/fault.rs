//! Faults: when they begin, whom they name, what they need.

use super::{Known, after_the_end, store};
use crate::fault::{FaultMistake, Phase, Slip};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::parts::{FaultPart, Named, Parts};
use crate::scenario::quantity::LONGEST;
use crate::scenario::reader::Reader;

/// Tells what is wrong with faults that were read without a mistake of their own.
pub fn faults(reader: &mut Reader, parts: &Parts) {
    let known = Known::of(parts);
    skews(reader, parts);
    for FaultPart { named, def } in &parts.faults {
        when(reader, parts, named);
        if !named.table.bad.is_empty() || names_what_was_not_read(parts, named) {
            continue;
        }
        match (def.build)(&named.table.table, &parts.tables["idp"].table, known.names()) {
            Ok(built) => store::fault(reader, parts, named, built.as_ref()),
            Err(mistakes) => {
                for mistake in mistakes {
                    reader.say(told(named, mistake));
                }
            }
        }
    }
}

fn when(reader: &mut Reader, parts: &Parts, named: &Named) {
    let (run, table) = (&parts.tables["run"], &named.table);
    if table.good(&["at"]) && run.good(&["duration"]) {
        let earliest = table.table.dist("at").sample(f64::MIN_POSITIVE);
        if earliest >= run.table.span("duration") {
            let duration = run.table.span("duration");
            let message = format!("the fault `{}` does not begin before the end of the run", named.name);
            reader.say(after_the_end(message, table.place("at"), format!("the run ends at {duration}"), run));
        }
    }
    if table.good(&["every"]) && run.good(&["duration"]) {
        let (duration, every) = (run.table.span("duration"), table.table.opt_span("every"));
        if let Some(every) = every.filter(|every| duration.0 / every.0 >= Phase::MOST_OCCURRENCES) {
            let most = Phase::MOST_OCCURRENCES;
            let message =
                format!("`every` is out of range: a fault begins at most {most} times in a run of {duration}");
            let place = table.place("every");
            reader.say(Diagnostic::new("E017", message).at_some(place, format!("{every} is too often")));
        }
    }
}

/// Clocks that move again and again stay within what can be counted.
fn skews(reader: &mut Reader, parts: &Parts) {
    let run = &parts.tables["run"];
    let mut total: u64 = 0;
    for FaultPart { named, .. } in parts.faults.iter().filter(|fault| fault.def.kind == "clock-skew") {
        let table = &named.table;
        if !table.good(&["by", "every"]) || !run.good(&["duration"]) {
            continue;
        }
        let again = table.table.opt_span("every").map_or(0, |every| run.table.span("duration").0 / every.0);
        total = total.saturating_add(table.table.signed_span("by").magnitude().0.saturating_mul(again + 1));
        if total > LONGEST.0 {
            let message = "`by` is out of range: clocks move by more than a century in all";
            return reader.say(Diagnostic::new("E017", message).at_some(table.place("by"), "too far, or too often"));
        }
    }
}

/// Whether a fault refers to something that is there, but has a mistake of its own, which is told already.
fn names_what_was_not_read(parts: &Parts, named: &Named) -> bool {
    let text = |key: &str| named.table.table.0.contains_key(key).then(|| named.table.table.opt_text(key)).flatten();
    let keys = text("credential").is_some() || text("application").is_some();
    let unread_keys = parts.apis.len() < parts.declared_apis.len()
        || parts.applications.len() < parts.declared_applications.len()
        || parts.apis.is_empty()
        || parts.apis.iter().any(|api| !api.table.good(&["credential"]));
    let read = |wanted: &str| {
        let mut clients = parts.clients.iter().filter(|client| client.named.name == wanted);
        clients.any(|client| client.named.table.good(&["users"]) && client.arrivals.good(&["process", "users"]))
    };
    let unread_client = |wanted: &str| parts.declared_clients.iter().any(|name| name == wanted) && !read(wanted);
    keys && unread_keys || text("client").is_some_and(unread_client)
}

/// A fault's mistake as a user is told of it.
fn told(named: &Named, mistake: FaultMistake) -> Diagnostic {
    let FaultMistake { key, slip, message, label } = mistake;
    let code = match slip {
        Slip::NoSuchName { .. } => "E022",
        Slip::Missing { .. } => "E012",
        Slip::Excluding => "E026",
        Slip::OutOfRange => "E017",
        Slip::Twice => "E021",
    };
    let told = Diagnostic::new(code, message).at_some(named.table.place(key), label);
    match slip {
        Slip::NoSuchName { word, candidates } => told.nearest(&word, candidates.iter().map(String::as_str)),
        Slip::Missing { add } => told.help(format!("add: {add}")),
        Slip::Excluding | Slip::OutOfRange | Slip::Twice => told,
    }
}
