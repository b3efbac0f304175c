//! `[[client]]` with its tables `arrivals` and `retry`, whose keys depend on what they say.

use super::{Client, Named, Raw, below, follow};
use crate::key::{Default, Key, Value};
use crate::scenario::column;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::keys::section;
use crate::scenario::quantity;
use crate::scenario::reader::Reader;
use crate::scenario::tree::Tree;
use crate::scenario::walk::{self, Decoded, Shape};
use crate::time::SimTime;

/// Reads a population of callers.
pub fn client(reader: &mut Reader, raw: Raw) -> Client {
    let path = format!("client.{}", raw.name);
    let what = format!("the client `{}`", raw.name);
    let others = ["arrivals", "retry"];
    let shape =
        Shape { what: &what, record: Some(("[[client]]", &path)), keys: section("client").keys, others: &others };
    let table = walk::table(reader, shape, Some(&raw.branch), Some(&raw.at));
    let arrivals = arrivals(reader, &raw, &path);
    let retry = below(reader, &raw, "client", "retry", &retry_keys(&raw));
    let named = Named { name: raw.name, name_at: raw.name_at, table };
    let mut client = Client { named, arrivals, retry, instants: Vec::new() };
    trace(reader, &mut client, &path);
    one_backoff(reader, &client);
    profile(reader, &client);
    client
}

/// The keys of `arrivals` depend on the process.
fn arrivals(reader: &mut Reader, raw: &Raw, path: &str) -> Decoded {
    let given = raw.branch.get("arrivals").and_then(|entry| entry.node.table());
    let process = given.and_then(|table| table.get("process")?.node.text()).unwrap_or("poisson");
    let own: &[&str] = match process {
        "closed" => &["users", "think"],
        "trace" => &["file"],
        "poisson" | "constant" => &["rate"],
        _ => &["rate", "users", "think", "file"],
    };
    let known = |key: &&Key| key.name == "process" || own.contains(&key.name);
    let mut keys: Vec<Key> = section("client.arrivals").keys.iter().filter(known).copied().collect();
    for key in &mut keys {
        let needed = matches!(key.name, "think" | "file") && own.len() < 4
            || key.name == "rate" && given.is_some() && own.len() == 1;
        if needed {
            key.default = Default::Required;
        }
    }
    let decoded = below(reader, raw, "client", "arrivals", &keys);
    if own.contains(&"users") && *decoded.table.get("users") == Value::Off {
        let users = raw.branch.get("users").map_or(1000, |entry| match entry.node.value {
            Tree::Integer(Some(users)) => u64::try_from(users).unwrap_or(1),
            _ => 1,
        });
        follow(reader, &format!("{path}.arrivals"), "users", &Value::Count(users));
    }
    decoded
}

/// A profile is about a rate, and no call comes sooner than a nanosecond after another by it.
fn profile(reader: &mut Reader, client: &Client) {
    let (table, arrivals) = (&client.named.table, &client.arrivals);
    let Some(at) = table.places.get("profile") else { return };
    if !arrivals.good(&["process"]) {
        return;
    }
    let process = arrivals.table.text("process");
    let Some(Value::Rate(per_s)) = arrivals.table.0.get("rate") else {
        let mistake = Diagnostic::new("E026", format!("a `profile` has no meaning with the process `{process}`"));
        let mistake = mistake.at(at, "factors on a rate, and there is none");
        let mistake = mistake.also_some(arrivals.places.get("process"), "by this");
        reader.say(mistake.help("poisson and constant arrivals have a rate"));
        return;
    };
    let Some(profile) = table.table.opt_profile("profile").filter(|_| arrivals.good(&["rate"])) else { return };
    let most = per_s * profile.largest();
    if most > quantity::MOST_PER_S {
        let message = format!("`profile` makes a rate of {most:e}/s, more than {}/s", quantity::MOST_PER_S);
        let mistake = Diagnostic::new("E017", message).at(at, format!("its largest factor is {:e}", profile.largest()));
        reader.say(mistake.help("lower the factors, or the rate"));
    }
}

fn trace(reader: &mut Reader, client: &mut Client, path: &str) {
    let arrivals = &client.arrivals;
    if arrivals.table.text("process") != "trace" || !arrivals.good(&["process", "file"]) {
        return;
    }
    let Some(at) = arrivals.places.get("file") else { return };
    let file = arrivals.table.text("file");
    let Some(values) = column::read(reader, at, file, column::Order::Ascending) else { return };
    let mut hash = blake3::Hasher::new();
    for value in &values {
        hash.update(&value.0.to_le_bytes());
    }
    reader.canonical(&format!("{path}.arrivals"), "file", &hash.finalize().to_hex());
    client.instants = values.into_iter().map(|value| SimTime(value.0)).collect();
}

/// The keys of `retry`: a `backoff`, or a `first` wait that grows.
fn retry_keys(raw: &Raw) -> Vec<Key> {
    let given = raw.branch.get("retry").and_then(|entry| entry.node.table());
    let has = |key: &str| given.is_some_and(|table| table.contains_key(key));
    let growing = ["first", "factor", "max", "jitter"];
    let grows = growing.into_iter().any(has);
    let meant = |key: &&Key| match key.name {
        "backoff" => !grows || has("backoff"),
        name => grows || !growing.contains(&name),
    };
    let mut keys: Vec<Key> = section("client.retry").keys.iter().filter(meant).copied().collect();
    for key in keys.iter_mut().filter(|key| key.name == "first" && !has("backoff")) {
        key.default = Default::Required;
    }
    keys
}

fn one_backoff(reader: &mut Reader, client: &Client) {
    let growing = ["first", "factor", "max", "jitter"].into_iter().find_map(|key| client.retry.places.get(key));
    if let (Some(at), Some(other)) = (client.retry.places.get("backoff"), growing) {
        let mistake = Diagnostic::new("E026", "`retry` has a `backoff` and a wait that grows").at(other, "one of both");
        reader.say(mistake.also(at, "the other"));
    }
    let table = &client.retry.table;
    if let (true, Some(at)) = (client.retry.good(&["first", "max"]), client.retry.places.get("first"))
        && table.span("first") > table.span("max")
    {
        let mistake = Diagnostic::new("E025", "the first wait of `retry` is longer than its `max`");
        reader.say(mistake.at(at, format!("max is {}", table.span("max"))));
    }
}
