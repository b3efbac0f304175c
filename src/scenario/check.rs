//! What only shows when a scenario's tables are seen together: references, contradictions, sizes.

mod fault;
mod inbound;
mod store;

use super::diagnostic::Diagnostic;
use super::parts::{Application, Client, Named, Parts};
use super::reader::Reader;
use super::source::At;
use super::walk::Decoded;
use crate::fault::Names;
use crate::key::Value;
use crate::metric;

/// More memory than this is refused.
const MOST_BYTES: u64 = 8 << 30;

/// Tells every contradiction of what was read without a mistake of its own.
pub fn check(reader: &mut Reader, parts: &Parts) {
    warmup(reader, parts);
    apis(reader, parts);
    clients(reader, parts);
    applications(reader, parts);
    store::format(reader, parts);
    inbound::listening(reader, parts);
    inbound::owned(reader, parts);
    expects(reader, parts);
    // A fault may be about every node, and so many have to be counted.
    if size(reader, parts) {
        fault::faults(reader, parts);
    }
}

/// The names that faults may refer to.
#[derive(Debug)]
pub struct Known {
    idp_nodes: usize,
    gateways: usize,
    pub credentials: Vec<String>,
    pub consumer_keys: Vec<String>,
    clients: Vec<(String, u32)>,
}

impl Known {
    /// Those of a scenario.
    #[must_use]
    pub fn of(parts: &Parts) -> Known {
        let (credentials, _) = credentials(parts);
        let consumer_keys = consumer_key_names(parts, &credentials);
        let clients = parts.clients.iter().map(|client| (client.named.name.clone(), user_count(client))).collect();
        Known { idp_nodes: nodes(parts, "idp"), gateways: nodes(parts, "gateway"), credentials, consumer_keys, clients }
    }

    /// As a fault gets them.
    #[must_use]
    pub fn names(&self) -> Names<'_> {
        Names {
            idp_nodes: self.idp_nodes,
            gateways: self.gateways,
            credentials: &self.credentials,
            clients: &self.clients,
            consumer_keys: &self.consumer_keys,
        }
    }
}

fn warmup(reader: &mut Reader, parts: &Parts) {
    let run = &parts.tables["run"];
    if run.good(&["duration", "warmup"]) && run.table.span("warmup") >= run.table.span("duration") {
        let mistake = Diagnostic::new("E025", "the warm-up is as long as the run: nothing would be measured");
        reader.say(mistake.at_some(run.place("warmup"), "not below run.duration"));
    }
}

fn apis(reader: &mut Reader, parts: &Parts) {
    let idp = &parts.tables["idp"];
    for api in &parts.apis {
        let local = api.table.good(&["validation"]) && api.table.table.text("validation") == "local";
        if local && idp.good(&["token_format"]) && idp.table.text("token_format") == "opaque" {
            let mistake = Diagnostic::new("E031", format!("the api `{}` validates opaque tokens locally", api.name));
            let mistake = mistake.at_some(api.table.place("validation"), "needs tokens that can be read");
            let mistake = match idp.places.get("token_format") {
                Some(at) => mistake.also(at, "opaque by this"),
                None => mistake,
            };
            reader.say(mistake.help("write [idp] token_format = \"jwt\", or validation = \"introspect\""));
        }
        if api.table.table.text("credential").is_empty() && api.table.good(&["credential"]) {
            let mistake = Diagnostic::new("E017", "`credential` is empty");
            reader.say(mistake.at_some(api.table.place("credential"), "a consumer key is needed"));
        }
    }
}

/// What an `api` or `apis` must name.
fn no_such_api(parts: &Parts, who: &str, api: &str) -> Option<Diagnostic> {
    let names = &parts.declared_apis;
    if names.is_empty() || names.iter().any(|name| name == api) {
        return None;
    }
    let mistake = Diagnostic::new("E022", format!("{who} calls no existing api `{api}`"));
    Some(mistake.nearest(api, names.iter().map(String::as_str)))
}

fn clients(reader: &mut Reader, parts: &Parts) {
    for Client { named, .. } in &parts.clients {
        if !named.table.good(&["apis"]) {
            continue;
        }
        let wanted = named.table.table.texts("apis");
        let place = named.table.place("apis");
        if wanted.is_empty() {
            let mistake = Diagnostic::new("E017", format!("the client `{}` calls no api", named.name));
            reader.say(mistake.at_some(place, "at least one is needed"));
        }
        for (index, api) in wanted.iter().enumerate() {
            if let Some(mistake) = no_such_api(parts, &format!("the client `{}`", named.name), api) {
                reader.say(mistake.at_some(place, "no [[api]] has this name"));
            } else if wanted[..index].contains(api) {
                let mistake =
                    Diagnostic::new("E021", format!("the client `{}` names the api `{api}` twice", named.name));
                reader.say(mistake.at_some(place, "each api once"));
            }
        }
    }
}

fn applications(reader: &mut Reader, parts: &Parts) {
    let run = &parts.tables["run"];
    for Application { named, ask, .. } in &parts.applications {
        if matches!(named.name.as_str(), "gateway" | "idp") {
            let message = format!("the application `{}` is called like nodes, as its threads would be", named.name);
            let mistake = Diagnostic::new("E021", message).at(&named.name_at, "gateway-1 and idp-1 are nodes");
            reader.say(mistake.help("give it another name"));
        }
        let name = &named.name;
        if named.table.good(&["api"])
            && let Some(mistake) =
                no_such_api(parts, &format!("the application `{name}`"), named.table.table.text("api"))
        {
            reader.say(mistake.at_some(named.table.place("api"), "no [[api]] has this name"));
        }
        if ask.table.text("process") != "burst" || !ask.good(&["process", "first", "every", "spread"]) {
            continue;
        }
        let [first, every, spread] = ["first", "every", "spread"].map(|key| ask.table.span(key));
        if spread > every {
            let message = format!("the bursts of the application `{name}` overlap: `spread` is longer than `every`");
            let mistake = Diagnostic::new("E025", message);
            reader.say(mistake.at_some(ask.place("spread"), format!("a burst begins every {every}")));
        }
        if run.good(&["duration"]) && first >= run.table.span("duration") {
            let message = format!("the application `{name}` does not ask for a token before the end of the run");
            let place = ask.place("first").or(Some(&named.name_at));
            reader.say(after_the_end(message, place, format!("the first burst is at {first}"), run));
        }
    }
}

/// Something that never happens, for the run is over.
fn after_the_end(message: String, place: Option<&At>, label: String, run: &Decoded) -> Diagnostic {
    let mistake = Diagnostic::new("E030", message).at_some(place, label);
    match run.places.get("duration") {
        Some(at) => mistake.also(at, "the run's duration"),
        None => mistake,
    }
}

/// The consumer keys without repetition: those of the gateways, sorted, then those that only applications use, sorted;
/// and how many are the gateways'.
#[must_use]
pub fn credentials(parts: &Parts) -> (Vec<String>, usize) {
    let of_api = |api: &Named| api.table.table.text("credential").to_owned();
    let mut credentials: Vec<String> = parts.apis.iter().map(of_api).collect();
    credentials.sort();
    credentials.dedup();
    let gateways = credentials.len();
    let names = parts.applications.iter().map(|application| application.named.name.clone());
    let own: Vec<String> = names.filter(|name| !credentials.contains(name)).collect();
    credentials.extend(own);
    (credentials, gateways)
}

/// Every consumer key: of gateways' credentials, of applications, of populations; sorted, without repetition.
fn consumer_key_names(parts: &Parts, credentials: &[String]) -> Vec<String> {
    let clients = parts.clients.iter().map(|client| client.named.name.clone());
    let mut names: Vec<String> = credentials.iter().cloned().chain(clients).collect();
    names.sort();
    names.dedup();
    names
}

/// How many users a population has.
#[must_use]
pub fn user_count(client: &Client) -> u32 {
    let users = closed_users(client).unwrap_or_else(|| client.named.table.table.count("users"));
    u32::try_from(users).expect("the key's bounds fit 32 bits")
}

fn nodes(parts: &Parts, section: &str) -> usize {
    usize::try_from(parts.tables[section].table.count("nodes")).unwrap_or(usize::MAX)
}

fn expects(reader: &mut Reader, parts: &Parts) {
    let metrics = metric::all();
    for expect in &parts.expects {
        let table = &expect.table;
        if table.good(&["metric"]) && !metrics.is_empty() {
            let wanted = table.table.text("metric");
            if !metrics.iter().any(|metric| metric.name == wanted) {
                let mistake = Diagnostic::new("E023", format!("there is no metric `{wanted}`"));
                let mistake = mistake.at_some(table.place("metric"), "`stalegate list metrics` prints them");
                reader.say(mistake.nearest(wanted, metrics.iter().map(|metric| metric.name)));
            }
        }
        for key in ["policy", "versus"] {
            references(reader, parts, expect, key);
        }
        let bounds = ["below", "above", "between", "equals", "sometimes"];
        let given: Vec<&str> = bounds.into_iter().filter(|key| table.places.contains_key(key)).collect();
        if given.is_empty() {
            let mistake = Diagnostic::new("E012", format!("the expectation `{}` has no bound", expect.name));
            reader.say(mistake.at_some(table.at.as_ref(), "here").help(format!("add one of {}", bounds.join(", "))));
        } else if given.len() > 1 {
            let mistake = Diagnostic::new("E026", format!("the expectation `{}` has more than one bound", expect.name));
            reader.say(mistake.at_some(table.place(given[1]), "the second").help("write an [[expect]] for each"));
        }
    }
}

fn references(reader: &mut Reader, parts: &Parts, expect: &Named, key: &str) {
    let Value::Text(wanted) = expect.table.table.get(key) else { return };
    let names: Vec<&str> = parts.declared_policies.iter().map(String::as_str).collect();
    if !names.contains(&wanted.as_str()) {
        let mistake = Diagnostic::new("E022", format!("the scenario has no policy `{wanted}`"));
        let mistake = mistake.at_some(expect.table.place(key), "no [[policy]] has this name");
        reader.say(mistake.nearest(wanted, names));
    }
}

/// Refuses a world that no memory holds; says whether it fits.
fn size(reader: &mut Reader, parts: &Parts) -> bool {
    let (idp, gateway) = (&parts.tables["idp"], &parts.tables["gateway"]);
    let count = |list: usize| u64::try_from(list).unwrap_or(u64::MAX);
    let gateways = gateway.table.count("nodes");
    let called: u64 = parts.clients.iter().map(|client| count(client.named.table.table.texts("apis").len())).sum();
    let holders = gateways.saturating_mul(count(credentials(parts).1).max(1));
    let streams = gateways.saturating_mul(called.max(count(parts.apis.len())).max(1));
    let users: u64 = parts.clients.iter().map(|client| closed_users(client).unwrap_or(0)).sum();
    let threads: u64 = parts.applications.iter().map(threads).sum();
    let workers = idp.table.count("nodes").saturating_mul(idp.table.count("workers"));
    let worlds = [
        (
            streams.saturating_add(holders).saturating_mul(1024),
            gateway.place("nodes"),
            "its gateways, apis and clients",
        ),
        (users.saturating_mul(128), first_users(parts), "its users"),
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

/// How many users think and call, in a closed population.
#[must_use]
pub fn closed_users(client: &Client) -> Option<u64> {
    if client.arrivals.table.text("process") != "closed" {
        return None;
    }
    Some(match client.arrivals.table.0.get("users") {
        Some(Value::Count(users)) => *users,
        _ => client.named.table.table.count("users"),
    })
}

fn first_users(parts: &Parts) -> Option<&At> {
    let closed = parts.clients.iter().filter(|client| closed_users(client).is_some());
    let largest = closed.max_by_key(|client| closed_users(client))?;
    largest.arrivals.places.get("users").or_else(|| largest.named.table.place("users"))
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
