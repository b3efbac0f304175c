//! What can be run, but may not answer the question: told beforehand, never fatal.

mod front;
mod inbound;
mod load;
mod rotation;
mod shared;
mod store;

use super::check::Known;
use super::diagnostic::Diagnostic;
use super::parts::{FaultPart, Parts};
use super::reader::Reader;
use super::walk::{self, Decoded};
use crate::dist::Dist;
use crate::fault::Revoke;
use crate::key::{Key, Table, Value};
use crate::time::SimSpan;

/// Warns of what a user would want to know before waiting for results.
pub fn warn(reader: &mut Reader, parts: &Parts) {
    too_short(reader, parts);
    no_events(reader, parts);
    load::overloaded(reader, parts);
    uncalled(reader, parts);
    lifetimes(reader, parts);
    front::without_effect(reader, parts);
    store::without_effect(reader, parts);
    store::starts_cold(reader, parts);
    inbound::without_effect(reader, parts);
    inbound::shown_by_nothing(reader, parts);
    rotation::shown_by_nothing(reader, parts);
    shared::without_effect(reader, parts);
}

/// Warns of each setting of a table that has no effect, for the reason that `why_not` gives. One with its default value is
/// left alone: it changes nothing anywhere, and `show` writes it.
fn without_effect(
    reader: &mut Reader,
    (path, decoded): (&str, &Decoded),
    keys: &[Key],
    why_not: impl Fn(&str) -> Option<String>,
) {
    for key in keys {
        let Some(place) = decoded.places.get(key.name) else { continue };
        let Some(why) = why_not(key.name) else { continue };
        if *decoded.table.get(key.name) != walk::fallback(key) {
            let message = format!("`{path}.{}` has no effect: {why}", key.name);
            reader.say(Diagnostic::new("W008", message).at(place, "without effect"));
        }
    }
}

/// What a fault's event revokes of users or of consumer keys, if it is of that sort.
fn revokes(parts: &Parts, known: &Known, fault: &FaultPart) -> Option<Revoke> {
    let built = (fault.def.build)(&fault.named.table.table, &parts.tables["idp"].table, known.names());
    built.expect("the loader built it once already").revokes()
}

/// The consumer keys all of whose tokens a revocation ends.
fn ended_keys<'a>(parts: &'a Parts, known: &'a Known, revoke: Revoke) -> &'a [String] {
    match revoke {
        Revoke::ConsumerKey(key) => &known.consumer_keys[key.index()..=key.index()],
        Revoke::Users { client, .. } => parts.clients[client.index()].named.table.table.texts("owns"),
        Revoke::Token { .. } => &[],
    }
}

/// The setting that a fault overrides for its occasion, or else the IdP's.
fn of_fault<'a>(fault: &'a FaultPart, idp: &'a Table, key: &str) -> Option<&'a str> {
    match fault.named.table.table.0.get(key)? {
        Value::Text(word) => Some(word),
        _ => Some(idp.text(key)),
    }
}

/// Whether tokens die by it that gateways or applications hold, expiry apart.
fn kills(parts: &Parts, known: &Known, fault: &FaultPart) -> bool {
    let idp = &parts.tables["idp"].table;
    match of_fault(fault, idp, "on_restart") {
        Some(word) => word != "keep",
        None if fault.def.kind == "key-rotation" => {
            let overlap = fault.named.table.table.opt_span("overlap");
            idp.text("token_format") == "jwt" && overlap.is_some_and(|overlap| overlap < idp.span("token_lifetime"))
        }
        None => revokes_credential(parts, known, fault),
    }
}

/// Whether it is a revocation of what gateways hold; of what applications hold, where it is said to be about a credential.
fn revokes_credential(parts: &Parts, known: &Known, fault: &FaultPart) -> bool {
    match revokes(parts, known, fault) {
        Some(revoke) => ended_keys(parts, known, revoke).iter().any(|key| known.gateway_credentials().contains(key)),
        None => fault.def.kind == "token-revoked",
    }
}

fn too_short(reader: &mut Reader, parts: &Parts) {
    let (run, idp, known) = (&parts.tables["run"], &parts.tables["idp"].table, Known::of(parts));
    let duration = run.table.span("duration");
    let worst = parts.policies.iter().map(|policy| longest_use(&policy.rules["lifetime"].table, idp)).max();
    let ends = parts.faults.iter().filter(|fault| kills(parts, &known, fault)).map(|fault| {
        let table = &fault.named.table.table;
        let late = |key: &str| match table.0.get(key) {
            Some(Value::Dist(dist)) => latest(dist),
            _ => SimSpan::ZERO,
        };
        let rolling = matches!(table.0.get("node"), Some(Value::Text(node)) if node == "rolling");
        let nodes = if rolling { idp.count("nodes") } else { 1 };
        let gaps = if rolling { table.span("gap") } else { SimSpan::ZERO };
        let each = SimSpan((late("down") + gaps).0.saturating_mul(nodes)).less(gaps);
        (late("at") + each, fault)
    });
    let (Some(worst), Some((end, fault))) = (worst, ends.max_by_key(|(end, _)| *end)) else { return };
    let needed = end + worst;
    if duration < needed {
        let name = &fault.named.name;
        let message = format!("the run is too short for the worst policy: its outage after `{name}` is cut off");
        let label = format!("tokens from before `{name}` are used until about {needed}");
        let warning = Diagnostic::new("W001", message).at_some(run.place("duration"), label);
        reader.say(warning.help(format!("write duration = \"{}\", or longer", rounded_up(needed))));
    }
}

/// The latest instant that a distribution gives, or its mean where there is no latest.
fn latest(dist: &Dist) -> SimSpan {
    match dist {
        Dist::Constant(max) | Dist::Uniform { max, .. } | Dist::Triangular { max, .. } => *max,
        Dist::Empirical { values } => values.last().copied().unwrap_or(SimSpan::ZERO),
        Dist::Exponential { .. } | Dist::Lognormal { .. } | Dist::Weibull { .. } => {
            SimSpan::from_secs_f64(dist.mean_s())
        }
    }
}

/// How long a policy may go on with a token.
fn longest_use(lifetime: &Table, idp: &Table) -> SimSpan {
    match lifetime.text("rule") {
        "fixed" => lifetime.span("after"),
        "no-cache" => SimSpan::ZERO,
        _ => lifetime.opt_span("request").unwrap_or(SimSpan::FOREVER).min(idp.span("token_lifetime")),
    }
}

/// To the next ten minutes.
fn rounded_up(span: SimSpan) -> SimSpan {
    SimSpan::secs(span.whole_secs() / 600 * 600 + 600)
}

fn no_events(reader: &mut Reader, parts: &Parts) {
    let (idp, known) = (&parts.tables["idp"].table, Known::of(parts));
    let published = parts.faults.iter().any(|fault| match of_fault(fault, idp, "restart_event") {
        Some(event) => event != "never" && kills(parts, &known, fault),
        None => revokes_credential(parts, &known, fault),
    });
    let persistence = &parts.tables["idp.persistence"].table;
    let renews = persistence.text("mode") == "database" && persistence.text("renew") == "always";
    if published || renews {
        return;
    }
    // What a policy catches up with also tells a gateway of its callers' tokens.
    let tells_of_callers = parts.tables["gateway.inbound"].table.text("validation") != "none"
        && parts.faults.iter().any(|fault| revokes(parts, &known, fault).is_some());
    for policy in &parts.policies {
        let events = &policy.rules["events"];
        let catches_up = tells_of_callers && events.table.text("catch_up") != "none";
        if events.table.bool("subscribe") && !catches_up {
            let name = &policy.named.name;
            let message =
                format!("the policy `{name}` listens for events, and none about gateways' tokens is ever published");
            let warning = Diagnostic::new("W002", message).at(&policy.named.name_at, "behaves as if it did not listen");
            reader.say(warning.help("write [idp] restart_event = \"at-start\", if the IdP can tell of its restart"));
        }
    }
}

/// Lifetimes that contradict the IdP's.
fn lifetimes(reader: &mut Reader, parts: &Parts) {
    let given = parts.tables["idp"].table.span("token_lifetime");
    for policy in &parts.policies {
        let (rule, name) = (&policy.rules["lifetime"], &policy.named.name);
        let (margin, request) = (rule.table.span("margin"), rule.table.opt_span("request"));
        if request.is_some_and(|request| request > given) {
            let message = format!("the policy `{name}` asks for a longer lifetime than the IdP gives");
            let warning =
                Diagnostic::new("W007", message).at_some(rule.place("request"), format!("the IdP gives {given}"));
            reader.say(warning.help("without effect: the smaller of both counts"));
        }
        if rule.table.text("rule") == "expires-in" && margin >= request.unwrap_or(given).min(given) {
            let message = format!("the policy `{name}` takes every token for expired at once");
            let warning =
                Diagnostic::new("W007", message).at_some(rule.place("margin"), "not below the tokens' lifetime");
            reader.say(warning.help("nothing is cached; if that is meant, write rule = \"no-cache\""));
        }
    }
}

fn uncalled(reader: &mut Reader, parts: &Parts) {
    for api in &parts.apis {
        let by_clients = parts.clients.iter().any(|client| client.named.table.table.texts("apis").contains(&api.name));
        let by_applications = parts.applications.iter().any(|one| one.named.table.table.text("api") == api.name);
        if !by_clients && !by_applications {
            let warning = Diagnostic::new("W004", format!("nobody calls the api `{}`", api.name));
            reader.say(warning.at(&api.name_at, "in no client's apis, no application's api"));
        }
    }
}
