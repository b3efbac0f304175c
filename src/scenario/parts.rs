//! A scenario's tables, each read against its keys, before anything is made of them.

mod application;
mod client;
mod entries;
mod fault;
mod policy;

use std::collections::BTreeMap;

use entries::{Raw, below, entries, good_name};

use super::diagnostic::Diagnostic;
use super::keys::{self, Form, section};
use super::reader::Reader;
use super::source::At;
use super::text;
use super::tree::{Branch, Entry, Node, Tree};
use super::walk::{self, Decoded, Shape};
use super::wso2::Deployment;
use crate::fault::FaultDef;
use crate::key::{Default, Value};
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
    pub applications: Vec<Application>,
    /// Sorted by name.
    pub faults: Vec<FaultPart>,
    /// In the order of the file.
    pub policies: Vec<PolicyPart>,
    pub expects: Vec<Named>,
    /// In the order of the file.
    pub known: Vec<Named>,
    /// All names, also of those that could not be read, so that one mistake is not told twice.
    pub declared_apis: Vec<String>,
    pub declared_clients: Vec<String>,
    pub declared_applications: Vec<String>,
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

/// An application that asks the IdP itself.
#[derive(Debug)]
pub struct Application {
    pub named: Named,
    pub ask: Decoded,
    pub calls: Decoded,
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

/// The beginning of the first file: where something stands that is missing altogether.
const START: At = At { source: 0, span: 0..0 };

/// Reads every table; what is wrong goes to the reader.
pub fn read(reader: &mut Reader, root: &Branch, deployment: Option<&Deployment>) -> Parts {
    let mut parts = Parts::default();
    top(reader, root, &mut parts);
    for section in keys::SECTIONS.iter().filter(|section| section.form == Form::Table) {
        if !section.path.is_empty() && section.path != "sweep" && !keys::of_an_entry(section.path) {
            let decoded = plain(reader, root, section.path);
            parts.tables.insert(section.path, decoded);
        }
    }
    parts.apis = entries(reader, root, "api", true).into_iter().map(|raw| api(reader, raw)).collect();
    parts.clients = entries(reader, root, "client", true).into_iter().map(|raw| client::client(reader, raw)).collect();
    parts.applications = entries(reader, root, "application", true)
        .into_iter()
        .map(|raw| application::application(reader, raw))
        .collect();
    callers(reader, root);
    parts.faults =
        entries(reader, root, "fault", true).into_iter().filter_map(|raw| fault::fault(reader, raw)).collect();
    parts.policies = entries(reader, root, "policy", false)
        .into_iter()
        .filter_map(|raw| policy::policy(reader, raw, deployment))
        .collect();
    parts.expects = told(reader, root, "expect", "the expectation");
    parts.known = told(reader, root, "known", "the figure");
    parts.declared_apis = declared(root, "api");
    parts.declared_clients = declared(root, "client");
    parts.declared_applications = declared(root, "application");
    parts.declared_policies = declared(root, "policy");
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
    let what = format!("[{path}]");
    let others: Vec<&str> = keys::below(path).collect();
    if at.is_none() && section(path).keys.iter().any(|key| key.default == Default::Required) {
        at = Some(START);
    }
    walk::table(
        reader,
        Shape { what: &what, record: Some((&what, path)), keys: section(path).keys, others: &others },
        branch,
        at.as_ref(),
    )
}

fn not_a_table(reader: &mut Reader, entry: &Entry, path: &str) {
    let found = entry.node.found();
    let mistake = Diagnostic::new("E011", format!("expected the table [{path}], found {found}"));
    reader.say(mistake.at(&entry.node.at, "expected a table"));
}

/// Somebody has to call: clients or applications.
fn callers(reader: &mut Reader, root: &Branch) {
    let none = |list: &str| match root.get(list).map(|entry| &entry.node.value) {
        Some(Tree::List(nodes)) => nodes.is_empty(),
        Some(_) => false,
        None => true,
    };
    if none("client") && none("application") {
        reader.say(
            Diagnostic::new("E012", "the scenario has neither [[client]] nor [[application]]")
                .at(&START, "nowhere in this file")
                .help("add at least one of either: [[client]] with name = \"…\""),
        );
    }
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

/// Entries that tell something about the world, and change nothing in it.
fn told(reader: &mut Reader, root: &Branch, list: &'static str, noun: &str) -> Vec<Named> {
    let raws = entries(reader, root, list, false);
    raws.into_iter()
        .map(|raw| {
            let (what, header) = (format!("{noun} `{}`", raw.name), format!("[[{list}]]"));
            let path = format!("{list}.{}", raw.name);
            let shape = Shape { what: &what, record: Some((&header, &path)), keys: section(list).keys, others: &[] };
            let table = walk::table(reader, shape, Some(&raw.branch), Some(&raw.at));
            Named { name: raw.name, name_at: raw.name_at, table }
        })
        .collect()
}
