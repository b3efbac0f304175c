//! How gateways check their callers' tokens: which nodes listen, what users own.

use super::{Known, nodes};
use crate::key::Value;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::parts::{Client, Parts};
use crate::scenario::reader::Reader;

/// The nodes that listen to revocations must be there.
pub fn listening(reader: &mut Reader, parts: &Parts) {
    let inbound = &parts.tables["gateway.inbound"];
    let Value::Texts(listed) = inbound.table.get("revocation_events") else { return };
    if !parts.tables["gateway"].good(&["nodes"]) {
        return;
    }
    let (gateways, place) = (nodes(parts, "gateway"), inbound.place("revocation_events"));
    let there = |name: &str| {
        let number = name.strip_prefix("gateway-").and_then(|digits| digits.parse().ok());
        number.is_some_and(|number: usize| (1..=gateways).contains(&number) && name == format!("gateway-{number}"))
    };
    for (index, name) in listed.iter().enumerate() {
        if !there(name) {
            let message = format!("there is no node `{name}`: the scenario has gateway-1 to gateway-{gateways}");
            let mistake = Diagnostic::new("E022", message).at_some(place, "no gateway node has this name");
            let names: Vec<String> = (1..=gateways.min(64)).map(|number| format!("gateway-{number}")).collect();
            reader.say(mistake.nearest(name, names.iter().map(String::as_str)));
        } else if listed[..index].contains(name) {
            let mistake = Diagnostic::new("E021", format!("`revocation_events` names the node `{name}` twice"));
            reader.say(mistake.at_some(place, "each node once"));
        }
    }
}

/// What users own must be there.
pub fn owned(reader: &mut Reader, parts: &Parts) {
    if parts.apis.len() < parts.declared_apis.len() || parts.apis.iter().any(|api| !api.table.good(&["credential"])) {
        return;
    }
    let keys = Known::of(parts).consumer_keys;
    let unread = |name: &String| parts.declared_clients.contains(name) || parts.declared_applications.contains(name);
    for Client { named, .. } in parts.clients.iter().filter(|client| client.named.table.good(&["owns"])) {
        let (owns, place) = (named.table.table.texts("owns"), named.table.place("owns"));
        for (index, name) in owns.iter().enumerate().filter(|(_, name)| keys.contains(name) || !unread(name)) {
            if !keys.contains(name) {
                let message = format!("a user of the client `{}` owns no existing application `{name}`", named.name);
                let mistake = Diagnostic::new("E022", message);
                let mistake = mistake.at_some(place, "no application, client or credential has this consumer key");
                reader.say(mistake.nearest(name, keys.iter().map(String::as_str)));
            } else if owns[..index].contains(name) {
                let message = format!("a user of the client `{}` owns `{name}` twice", named.name);
                reader.say(Diagnostic::new("E021", message).at_some(place, "each application once"));
            }
        }
    }
}
