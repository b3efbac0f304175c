//! A scenario's tables, each read against its keys, before anything is made of them.

mod client;
mod fault;
mod policy;

use std::collections::BTreeMap;

use super::diagnostic::Diagnostic;
use super::keys::{self, Form, section};
use super::reader::Reader;
use super::source::At;
use super::text;
use super::tree::{Branch, Entry, Node, Tree};
use super::walk::{self, Decoded, Shape};
use super::wso2::Deployment;
use crate::fault::FaultDef;
use crate::key::{Default, Key, Value};
use crate::time::SimTime;

/// Everything a scenario says, decoded.
#[derive(Debug, Default)]
pub struct Parts {
    /// Tables by their paths; `""` is the top of the file.
    pub tables: BTreeMap<&'static str, Decoded>,
    /// Sorted by name.
    pub apis: Vec<Named>,
    /// Sorted by name.
    pub clients: Vec<Client>,
    /// Sorted by name.
    pub faults: Vec<FaultPart>,
    /// In the order of the file.
    pub policies: Vec<PolicyPart>,
    pub expects: Vec<Named>,
    /// All names, also of those that could not be read, so that one mistake is not told twice.
    pub declared_apis: Vec<String>,
    pub declared_policies: Vec<String>,
}

/// An entry of a list.
#[derive(Clone, Debug)]
pub struct Named {
    pub name: String,
    pub name_at: At,
    pub table: Decoded,
}

/// A client population.
#[derive(Debug)]
pub struct Client {
    pub named: Named,
    pub arrivals: Decoded,
    pub retry: Decoded,
    /// Of a trace.
    pub instants: Vec<SimTime>,
}

/// A fault, of a kind that is built.
#[derive(Debug)]
pub struct FaultPart {
    pub named: Named,
    pub def: &'static FaultDef,
}

/// A policy with all its rules.
#[derive(Debug)]
pub struct PolicyPart {
    pub named: Named,
    pub base: String,
    /// By rule.
    pub rules: BTreeMap<&'static str, Decoded>,
}

/// An entry before it is read.
struct Raw {
    name: String,
    name_at: At,
    at: At,
    branch: Branch,
}

/// The beginning of the first file: where something stands that is missing altogether.
const START: At = At { source: 0, span: 0..0 };

/// Reads every table; what is wrong goes to the reader.
pub fn read(reader: &mut Reader, root: &Branch, deployment: Option<&Deployment>) -> Parts {
    let mut parts = Parts::default();
    top(reader, root, &mut parts);
    for section in keys::SECTIONS.iter().filter(|section| section.form == Form::Table) {
        if !section.path.is_empty() && section.path != "sweep" && !section.path.starts_with("client.") {
            let decoded = plain(reader, root, section.path);
            parts.tables.insert(section.path, decoded);
        }
    }
    parts.apis = entries(reader, root, "api", true).into_iter().map(|raw| api(reader, raw)).collect();
    parts.clients = entries(reader, root, "client", true).into_iter().map(|raw| client::client(reader, raw)).collect();
    parts.faults =
        entries(reader, root, "fault", true).into_iter().filter_map(|raw| fault::fault(reader, raw)).collect();
    parts.policies = entries(reader, root, "policy", false)
        .into_iter()
        .filter_map(|raw| policy::policy(reader, raw, deployment))
        .collect();
    parts.expects = expects(reader, root);
    parts.declared_apis = declared(root, "api");
    parts.declared_policies = declared(root, "policy");
    later(reader, root);
    parts
}

fn declared(root: &Branch, list: &str) -> Vec<String> {
    let Some(Tree::List(nodes)) = root.get(list).map(|entry| &entry.node.value) else { return Vec::new() };
    let name = |node: &Node| node.table()?.get("name")?.node.text().map(str::to_owned);
    nodes.iter().filter_map(name).collect()
}

fn top(reader: &mut Reader, root: &Branch, parts: &mut Parts) {
    let others: Vec<&str> = keys::below("").collect();
    let shape = Shape { what: "the scenario", record: Some(("", "")), keys: section("").keys, others: &others };
    let decoded = walk::table(reader, shape, Some(root), Some(&START));
    if decoded.good(&["name"]) {
        good_name(reader, decoded.table.text("name"), &root["name"].node.at);
    }
    parts.tables.insert("", decoded);
}

/// A table that stands once, also one in another.
fn plain(reader: &mut Reader, root: &Branch, path: &'static str) -> Decoded {
    let mut at = None;
    let mut branch = Some(root);
    for step in path.split('.') {
        let entry = branch.and_then(|branch| branch.get(step));
        branch = entry.and_then(|entry| entry.node.table());
        at = entry.map(|entry| entry.node.at.clone());
        if let (Some(entry), None) = (entry, branch)
            && path.ends_with(step)
        {
            not_a_table(reader, entry, path);
        }
    }
    let mut keys = section(path).keys.to_vec();
    if path == "run" {
        replications(reader, branch, &mut keys);
    }
    let what = format!("[{path}]");
    let others: Vec<&str> = keys::below(path).collect();
    if at.is_none() && keys.iter().any(|key| key.default == Default::Required) {
        at = Some(START);
    }
    walk::table(
        reader,
        Shape { what: &what, record: Some((&what, path)), keys: &keys, others: &others },
        branch,
        at.as_ref(),
    )
}

fn not_a_table(reader: &mut Reader, entry: &Entry, path: &str) {
    let found = entry.node.found();
    let mistake = Diagnostic::new("E011", format!("expected the table [{path}], found {found}"));
    reader.say(mistake.at(&entry.node.at, "expected a table"));
}

/// `replications = { min, max, until }` is of a later version.
fn replications(reader: &mut Reader, run: Option<&Branch>, keys: &mut [Key]) {
    let Some(entry) = run.and_then(|run| run.get("replications")) else { return };
    if entry.node.table().is_some() {
        reader.say(
            Diagnostic::new("E040", "replications until an interval is narrow enough are not built yet")
                .at(&entry.node.at, "of a later version")
                .help("write their number: replications = 100"),
        );
        for key in keys.iter_mut().filter(|key| key.name == "replications") {
            *key = Key::off(key.name, crate::key::Ty::Undecided, key.doc);
        }
    }
}

/// The entries of a list that have a name of their own.
fn entries(reader: &mut Reader, root: &Branch, list: &'static str, sorted: bool) -> Vec<Raw> {
    let Some(entry) = root.get(list) else {
        if matches!(list, "api" | "client" | "policy") {
            reader.say(
                Diagnostic::new("E012", format!("the scenario has no [[{list}]]"))
                    .at(&START, "nowhere in this file")
                    .help(format!("add at least one: [[{list}]] with name = \"…\"")),
            );
        }
        return Vec::new();
    };
    let Tree::List(nodes) = &entry.node.value else {
        let found = entry.node.found();
        let mistake = Diagnostic::new("E011", format!("expected the list [[{list}]], found {found}"));
        reader.say(mistake.at(&entry.node.at, format!("write [[{list}]]")));
        return Vec::new();
    };
    let mut raws: Vec<Raw> = Vec::new();
    for node in nodes {
        let Tree::Table(branch) = &node.value else {
            let mistake = Diagnostic::new("E011", format!("expected an entry of [[{list}]], found {}", node.found()));
            reader.say(mistake.at(&node.at, "expected a table"));
            continue;
        };
        let Some((name, name_at)) = named(reader, branch, &node.at, list) else { continue };
        if let Some(first) = raws.iter().find(|raw| raw.name == name) {
            let mistake = Diagnostic::new("E021", format!("two entries of [[{list}]] are called `{name}`"));
            reader.say(mistake.at(&name_at, "the second").also(&first.name_at, "the first"));
            continue;
        }
        raws.push(Raw { name, name_at, at: node.at.clone(), branch: branch.clone() });
    }
    if sorted {
        raws.sort_by(|a, b| a.name.cmp(&b.name));
    }
    raws
}

fn named(reader: &mut Reader, branch: &Branch, at: &At, list: &str) -> Option<(String, At)> {
    let Some(entry) = branch.get("name") else {
        let mistake = Diagnostic::new("E019", format!("an entry of [[{list}]] has no name")).at(at, "this one");
        reader.say(mistake.help("add: name = \"…\""));
        return None;
    };
    let Some(name) = entry.node.text() else {
        let mistake = Diagnostic::new("E011", format!("a name is a text, found {}", entry.node.found()));
        reader.say(mistake.at(&entry.node.at, "expected a text in quotation marks"));
        return None;
    };
    let good = list == "expect" || good_name(reader, name, &entry.node.at);
    good.then(|| (name.to_owned(), entry.node.at.clone()))
}

/// Whether a name can be a file's name and a step of a path; says so if not.
fn good_name(reader: &mut Reader, name: &str, at: &At) -> bool {
    let good = !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if !good {
        let mistake = Diagnostic::new("E020", format!("`{name}` is not a good name"));
        reader.say(mistake.at(at, "1 to 64 letters, digits, - and _"));
    }
    good
}

fn api(reader: &mut Reader, raw: Raw) -> Named {
    let path = format!("api.{}", raw.name);
    let what = format!("the api `{}`", raw.name);
    let shape = Shape { what: &what, record: Some(("[[api]]", &path)), keys: section("api").keys, others: &[] };
    let mut table = walk::table(reader, shape, Some(&raw.branch), Some(&raw.at));
    if *table.table.get("credential") == Value::Off {
        table.table.0.insert("credential", Value::Text(raw.name.clone()));
        follow(reader, &path, "credential", &Value::Text(raw.name.clone()));
    }
    Named { name: raw.name, name_at: raw.name_at, table }
}

/// Records the value that a key takes over from another.
fn follow(reader: &mut Reader, path: &str, key: &str, value: &Value) {
    let shown = text::value(value);
    let lines = reader.resolved.iter_mut().filter(|table| table.path == path).flat_map(|table| &mut table.lines);
    for line in lines.filter(|line| line.key == key) {
        line.canonical = shown.clone().unwrap_or_default();
        line.value.clone_from(&shown);
    }
}

fn expects(reader: &mut Reader, root: &Branch) -> Vec<Named> {
    let raws = entries(reader, root, "expect", false);
    raws.into_iter()
        .map(|raw| {
            let what = format!("the expectation `{}`", raw.name);
            let path = format!("expect.{}", raw.name);
            let shape =
                Shape { what: &what, record: Some(("[[expect]]", &path)), keys: section("expect").keys, others: &[] };
            let table = walk::table(reader, shape, Some(&raw.branch), Some(&raw.at));
            Named { name: raw.name, name_at: raw.name_at, table }
        })
        .collect()
}

/// Whole tables of later versions.
fn later(reader: &mut Reader, root: &Branch) {
    for (name, header) in [("application", "[[application]]")] {
        if let Some(entry) = root.get(name) {
            let mistake = Diagnostic::new("E040", format!("{header} is not built yet"));
            reader.say(mistake.at(&entry.key_at, "of a later version").help("remove it"));
        }
    }
}
