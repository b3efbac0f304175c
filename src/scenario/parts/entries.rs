//! The entries of a list: what each has before its own keys are read, and the tables below it.

use super::{START, not_a_table};
use crate::key::Key;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::reader::Reader;
use crate::scenario::source::At;
use crate::scenario::tree::{Branch, Tree};
use crate::scenario::walk::{self, Decoded, Shape};

/// An entry before it is read.
pub struct Raw {
    pub name: String,
    pub name_at: At,
    pub at: At,
    pub branch: Branch,
}

/// The entries of a list that have a name of their own.
pub fn entries(reader: &mut Reader, root: &Branch, list: &'static str, sorted: bool) -> Vec<Raw> {
    let Some(entry) = root.get(list) else {
        if matches!(list, "api" | "policy") {
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
    let good = matches!(list, "expect" | "known") || good_name(reader, name, &entry.node.at);
    good.then(|| (name.to_owned(), entry.node.at.clone()))
}

/// Whether a name can be a file's name and a step of a path; says so if not.
pub fn good_name(reader: &mut Reader, name: &str, at: &At) -> bool {
    let good = !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if !good {
        let mistake = Diagnostic::new("E020", format!("`{name}` is not a good name"));
        reader.say(mistake.at(at, "1 to 64 letters, digits, - and _"));
    }
    good
}

/// A table below an entry of a list.
pub fn below(reader: &mut Reader, raw: &Raw, list: &str, name: &'static str, keys: &[Key]) -> Decoded {
    let entry = raw.branch.get(name);
    let table = format!("{list}.{name}");
    if let Some(entry) = entry.filter(|entry| entry.node.table().is_none()) {
        not_a_table(reader, entry, &table);
    }
    let (what, header, path) = (format!("`{name}`"), format!("[{table}]"), format!("{list}.{}.{name}", raw.name));
    let shape = Shape { what: &what, record: Some((&header, &path)), keys, others: &[] };
    walk::table(reader, shape, entry.and_then(|entry| entry.node.table()), entry.map(|entry| &entry.node.at))
}
