//! Whether the IdP can do, in a quiet hour, what it is asked for: an estimate of its utilisation.

use crate::key::Value;
use crate::scenario::check::user_count;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::parts::{Application, Client, Parts};
use crate::scenario::reader::Reader;
use crate::scenario::source::At;
use crate::time::SimSpan;

/// Warns of an IdP that is loaded beyond its capacity.
pub fn overloaded(reader: &mut Reader, parts: &Parts) {
    let idp = &parts.tables["idp"];
    // Behind an active-passive front one node does it all.
    let (serving, more) = match idp.table.text("front") {
        "active-passive" => (1, "workers"),
        _ => (idp.table.count("nodes"), "workers or nodes"),
    };
    let capacity = real(serving) * real(idp.table.count("workers"));
    let by_clients: f64 = parts.clients.iter().map(|client| introspection_rate(parts, client)).sum();
    let by_applications: f64 = parts.applications.iter().map(|one| application_introspections(parts, one)).sum();
    let inbound: f64 = parts.clients.iter().map(|client| inbound_introspections(parts, client)).sum();
    let checks = (by_clients + by_applications + inbound) * idp.table.dist("introspection_service").mean_s() / capacity;
    let token_s = idp.table.dist("token_service").mean_s();
    let asking: f64 = parts.applications.iter().map(|one| asks_s(parts, one)).sum::<f64>() / capacity;
    let always = checks + asking;
    if always >= 1.0 {
        let (what, cure) = match (checks > 0.0, asking > 0.0) {
            (true, true) => ("introspection and the asks of applications load", "let applications ask less often"),
            (false, true) => ("the asks of applications alone load", "let them ask less often"),
            _ if inbound > by_clients + by_applications => {
                ("introspection alone loads", "let the gateways remember answers longer, by gateway.inbound.cache_ttl")
            }
            _ => ("introspection alone loads", "give the apis an introspection_cache"),
        };
        let message = format!("{what} the IdP by {:.0} %", always * 100.0);
        let warning = Diagnostic::new("W003", message)
            .at_some(idp.places.get("workers").or(busiest(parts)), "more than it can do");
        reader.say(warning.help(format!("add {more}, or {cure}")));
        return;
    }
    let calls: f64 = parts.clients.iter().filter_map(|client| rate(&client.arrivals.table.0)).sum();
    // A token that is handed out again is in the nodes' caches; one that never is has to be written.
    let renews = parts.tables["idp.persistence"].table.text("renew") == "always";
    let fetching = calls * (token_s + if renews { written_s(parts) } else { 0.0 }) / capacity;
    for policy in parts.policies.iter().filter(|policy| policy.rules["lifetime"].table.text("rule") == "no-cache") {
        let utilisation = always + fetching;
        if utilisation >= 1.0 {
            let name = &policy.named.name;
            let message = format!("the policy `{name}` loads the IdP by {:.0} %", utilisation * 100.0);
            let warning =
                Diagnostic::new("W003", message).at(&policy.named.name_at, "asks for a token with every call");
            reader.say(warning.help(format!("add {more}, unless the overload is the question")));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn real(count: u64) -> f64 {
    count as f64
}

/// How long a worker is held by the write of a token: synchronous persistence only.
fn written_s(parts: &Parts) -> f64 {
    let store = &parts.tables["idp.persistence"].table;
    let waits = store.text("mode") == "database" && store.count("pool_size") == 0;
    if waits { parts.tables["db"].table.dist("write").mean_s() } else { 0.0 }
}

/// How long a worker is held by a read.
fn read_s(parts: &Parts) -> f64 {
    let stored = parts.tables["idp.persistence"].table.text("mode") == "database";
    if stored { parts.tables["db"].table.dist("read").mean_s() } else { 0.0 }
}

/// Where the population stands that calls most often, or else the first application.
fn busiest(parts: &Parts) -> Option<&At> {
    let calls = |client: &&Client| rate(&client.arrivals.table.0).unwrap_or(0.0);
    let client = parts.clients.iter().max_by(|a, b| calls(a).total_cmp(&calls(b)));
    let application = || parts.applications.first().map(|application| &application.named.name_at);
    client.map(|client| &client.named.name_at).or_else(application)
}

/// Per second, where there is a rate: of calls of an open population, of asks that come one by one.
fn rate(table: &std::collections::BTreeMap<&'static str, Value>) -> Option<f64> {
    match table.get("rate") {
        Some(Value::Rate(per_s)) => Some(*per_s),
        _ => None,
    }
}

/// How many workers the asks keep busy that come one by one. Where each kills the token before it, a new one is read for
/// and written. Those of a burst come together, and are the question more often than a slip.
fn asks_s(parts: &Parts, application: &Application) -> f64 {
    let ask = &application.ask.table;
    let renewed = ask.text("after") != "nothing";
    let stored = if renewed { read_s(parts) + written_s(parts) } else { 0.0 };
    rate(&ask.0).unwrap_or(0.0) * (parts.tables["idp"].table.dist("token_service").mean_s() + stored)
}

/// Introspections per second that an open population causes at backends; none where answers are cached, for that depends on tokens.
fn introspection_rate(parts: &Parts, client: &Client) -> f64 {
    let apis = client.named.table.table.texts("apis");
    let introspecting = apis.iter().filter(|name| introspects_each_call(parts, name));
    let share = real(introspecting.count() as u64) / real(apis.len().max(1) as u64);
    rate(&client.arrivals.table.0).unwrap_or(0.0) * share
}

/// Introspections of callers' tokens per second, at most: one a call where gateways remember no answer; else no more than one
/// a user and gateway in each `cache_ttl`.
fn inbound_introspections(parts: &Parts, client: &Client) -> f64 {
    let inbound = &parts.tables["gateway.inbound"].table;
    if inbound.text("validation") != "introspect" {
        return 0.0;
    }
    let calls = rate(&client.arrivals.table.0).unwrap_or(0.0);
    let remembered = inbound.span("cache_ttl");
    if remembered == SimSpan::ZERO {
        return calls;
    }
    let askers = f64::from(user_count(client)) * real(parts.tables["gateway"].table.count("nodes"));
    calls.min(askers / remembered.as_secs_f64())
}

/// Introspections per second that an application's threads cause at backends.
fn application_introspections(parts: &Parts, application: &Application) -> f64 {
    let table = &application.named.table.table;
    let calls = real(table.count("threads")) * rate(&application.calls.table.0).unwrap_or(0.0);
    if introspects_each_call(parts, table.text("api")) { calls } else { 0.0 }
}

fn introspects_each_call(parts: &Parts, name: &str) -> bool {
    parts.apis.iter().any(|api| {
        let table = &api.table.table;
        api.name == name
            && table.text("validation") == "introspect"
            && table.span("introspection_cache") == SimSpan::ZERO
    })
}
