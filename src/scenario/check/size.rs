//! How much memory a world takes, and whether that is too much.

use super::{closed_users, credentials, user_count};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::parts::{Application, Client, Parts};
use crate::scenario::reader::Reader;
use crate::scenario::source::At;
use crate::time::SimSpan;

/// More memory than this is refused.
const MOST_BYTES: u64 = 8 << 30;

/// Refuses a world that no memory holds; says whether it fits.
pub fn fits(reader: &mut Reader, parts: &Parts) -> bool {
    let (idp, gateway) = (&parts.tables["idp"], &parts.tables["gateway"]);
    let count = |list: usize| u64::try_from(list).unwrap_or(u64::MAX);
    let gateways = gateway.table.count("nodes");
    let called: u64 = parts.clients.iter().map(|client| count(client.named.table.table.texts("apis").len())).sum();
    let holders = gateways.saturating_mul(count(credentials(parts).1).max(1));
    let streams = gateways.saturating_mul(called.max(count(parts.apis.len())).max(1));
    let users: u64 = parts.clients.iter().map(|client| closed_users(client).unwrap_or(0)).sum();
    let (tokens, whose_tokens) = user_tokens(parts, gateways);
    let threads: u64 = parts.applications.iter().map(threads).sum();
    let workers = idp.table.count("nodes").saturating_mul(idp.table.count("workers"));
    let worlds = [
        (
            streams.saturating_add(holders).saturating_mul(1024),
            gateway.place("nodes"),
            "its gateways, apis and clients",
        ),
        (users.saturating_mul(128), first_users(parts), "its users"),
        (tokens, most_users(parts), whose_tokens),
        (threads.saturating_mul(1024), most_threads(parts), "its applications' threads"),
        (workers.saturating_mul(32), idp.place("workers"), "its IdP's workers"),
    ];
    let total = worlds.iter().fold(0_u64, |sum, (bytes, _, _)| sum.saturating_add(*bytes));
    if total <= MOST_BYTES {
        return true;
    }
    let Some((bytes, place, what)) = worlds.iter().max_by_key(|(bytes, _, _)| *bytes) else { return true };
    let message = format!("the world is too large: {what} take about {} of memory", human(*bytes));
    let mistake = Diagnostic::new("E032", message).at_some(*place, format!("more than {}", human(MOST_BYTES)));
    reader.say(mistake.help("simulate a smaller world of the same load per gateway"));
    false
}

fn first_users(parts: &Parts) -> Option<&At> {
    let closed = parts.clients.iter().filter(|client| closed_users(client).is_some());
    users_place(closed.max_by_key(|client| closed_users(client))?)
}

/// Where the population with most users says how many it has.
fn most_users(parts: &Parts) -> Option<&At> {
    users_place(parts.clients.iter().max_by_key(|client| user_count(client))?)
}

fn users_place(client: &Client) -> Option<&At> {
    client.arrivals.places.get("users").or_else(|| client.named.table.place("users"))
}

/// How much memory callers' tokens take, and what of them: every user has one, and every gateway may come to remember an
/// answer about each.
fn user_tokens(parts: &Parts, gateways: u64) -> (u64, &'static str) {
    let inbound = &parts.tables["gateway.inbound"].table;
    let users: u64 = parts.clients.iter().map(|client| u64::from(user_count(client))).sum();
    let remembered = users.saturating_mul(gateways).saturating_mul(64);
    match inbound.text("validation") {
        "none" => (0, ""),
        "introspect" if inbound.span("cache_ttl") > SimSpan::ZERO => (
            users.saturating_mul(24).saturating_add(remembered),
            "its users' tokens (24 bytes each) and the answers about them that gateways remember (64 bytes each, at each gateway)",
        ),
        _ => (users.saturating_mul(24), "its users' tokens (24 bytes each)"),
    }
}

fn threads(application: &Application) -> u64 {
    application.named.table.table.count("threads")
}

fn most_threads(parts: &Parts) -> Option<&At> {
    let largest = parts.applications.iter().max_by_key(|application| threads(application))?;
    Some(largest.named.table.place("threads").unwrap_or(&largest.named.name_at))
}

fn human(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut value = bytes / 1024;
    let mut unit = 0;
    while (value >= 10_000 || (value >= 1024 && value.is_multiple_of(1024))) && unit + 1 < UNITS.len() {
        value /= 1024;
        unit += 1;
    }
    format!("{value} {}", UNITS[unit])
}
