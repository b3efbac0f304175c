//! What only shows when a scenario's tables are seen together: references, contradictions, sizes.

mod expect;
mod fault;
mod inbound;
mod size;
mod slo;
mod store;

use super::diagnostic::Diagnostic;
use super::parts::{Application, Client, Named, Parts};
use super::reader::Reader;
use super::source::At;
use super::tree::{Branch, Tree};
use super::walk::Decoded;
use crate::fault::Names;
use crate::key::Value;
use crate::metric;

/// Tells every contradiction of what was read without a mistake of its own.
pub fn check(reader: &mut Reader, parts: &Parts) {
    warmup(reader, parts);
    apis(reader, parts);
    clients(reader, parts);
    applications(reader, parts);
    store::format(reader, parts);
    store::introspection(reader, parts);
    inbound::listening(reader, parts);
    inbound::owned(reader, parts);
    expect::expects(reader, parts);
    expect::until(reader, parts);
    known(reader, parts);
    slo::whole(reader, parts);
    // A fault may be about every node, and so many have to be counted.
    if size::fits(reader, parts) {
        fault::faults(reader, parts);
    }
}

/// The names that faults may refer to.
#[derive(Debug)]
pub struct Known {
    idp_nodes: usize,
    gateways: usize,
    /// Those of the gateways first.
    pub credentials: Vec<String>,
    of_gateways: usize,
    /// The position is the id.
    pub consumer_keys: Vec<String>,
    clients: Vec<(String, u32)>,
}

impl Known {
    /// Those of a scenario.
    #[must_use]
    pub fn of(parts: &Parts) -> Known {
        let (credentials, of_gateways) = credentials(parts);
        let consumer_keys = consumer_key_names(parts, &credentials);
        let clients = parts.clients.iter().map(|client| (client.named.name.clone(), user_count(client))).collect();
        let (idp_nodes, gateways) = (nodes(parts, "idp"), nodes(parts, "gateway"));
        Known { idp_nodes, gateways, credentials, of_gateways, consumer_keys, clients }
    }

    /// The consumer keys whose tokens gateways hold.
    #[must_use]
    pub fn gateway_credentials(&self) -> &[String] {
        &self.credentials[..self.of_gateways]
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
            let mistake = mistake.also_some(idp.places.get("token_format"), "opaque by this");
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
    mistake.also_some(run.places.get("duration"), "the run's duration")
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

/// How many users think and call, in a closed population.
fn closed_users(client: &Client) -> Option<u64> {
    if client.arrivals.table.text("process") != "closed" {
        return None;
    }
    Some(match client.arrivals.table.0.get("users") {
        Some(Value::Count(users)) => *users,
        _ => client.named.table.table.count("users"),
    })
}

fn nodes(parts: &Parts, section: &str) -> usize {
    usize::try_from(parts.tables[section].table.count("nodes")).unwrap_or(usize::MAX)
}

/// What is known of the real case: a figure that is predicted is one of the results.
fn known(reader: &mut Reader, parts: &Parts) {
    for known in &parts.known {
        let table = &known.table;
        metric_is_there(reader, known);
        references(reader, parts, known, "policy");
        for key in ["says", "source"] {
            if table.good(&[key]) && table.table.text(key).trim().is_empty() {
                let mistake = Diagnostic::new("E017", format!("`{key}` is empty"));
                reader.say(mistake.at_some(table.place(key), "what is known, and from where?"));
            }
        }
        if !table.good(&["is", "metric"]) || *table.table.get("metric") != Value::Off {
            continue;
        }
        if table.table.text("is") == "predicted" {
            let mistake =
                Diagnostic::new("E012", format!("the figure `{}` is predicted, and has no metric", known.name));
            let mistake = mistake.at_some(table.place("is"), "the results are to show it");
            reader.say(mistake.help("add: metric = \"…\"; `stalegate list metrics` prints them"));
        }
        for key in ["policy", "point", "stat", "between", "why"] {
            if let Some(at) = table.places.get(key) {
                let mistake = Diagnostic::new("E026", format!("`{key}` is about a metric, and there is none"));
                reader.say(mistake.at(at, "of what?").help("add: metric = \"…\", or leave this out"));
            }
        }
    }
}

/// A figure is one of a point that the sweep has; without a sweep there is point 0 alone.
pub fn known_points(reader: &mut Reader, root: &Branch, points: usize) {
    let Some(Tree::List(entries)) = root.get("known").map(|entry| &entry.node.value) else { return };
    let nodes = entries.iter().filter_map(|entry| Some(&entry.table()?.get("point")?.node));
    for node in nodes {
        if let Tree::Integer(Some(point)) = node.value
            && usize::try_from(point).is_ok_and(|point| point >= points)
        {
            let message = match points {
                1 => format!("there is no point {point}: the scenario has point 0 alone"),
                _ => format!("there is no point {point}: the sweep has points 0 to {}", points - 1),
            };
            reader.say(Diagnostic::new("E022", message).at(&node.at, "as in the first column of summary.csv"));
        }
    }
}

/// Whether the metric that an entry names exists; says so if not.
fn metric_is_there(reader: &mut Reader, entry: &Named) {
    let table = &entry.table;
    let metrics = metric::all();
    let Value::Text(wanted) = table.table.get("metric") else { return };
    if table.good(&["metric"]) && !metrics.iter().any(|metric| metric.name == wanted) {
        let mistake = Diagnostic::new("E023", format!("there is no metric `{wanted}`"));
        let mistake = mistake.at_some(table.place("metric"), "`stalegate list metrics` prints them");
        reader.say(mistake.nearest(wanted, metrics.iter().map(|metric| metric.name)));
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
