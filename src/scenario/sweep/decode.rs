//! What `[sweep]` says, and what is wrong with it apart from its values.

use super::condition;
use super::{Draft, DraftKey, MOST_BEFORE_WHERE, MOST_POINTS, Mode, SweptKey, SweptValue, kept, paths, points};
use crate::scenario::codes::Severity;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::keys::section;
use crate::scenario::reader::Reader;
use crate::scenario::source::At;
use crate::scenario::text;
use crate::scenario::tree::{Branch, Entry, Node, Tree};
use crate::scenario::walk::{self, Shape};

/// Takes `[sweep]` out of the scenario; what is wrong with it goes to the reader.
pub fn decode(reader: &mut Reader, root: &mut Branch) -> Option<Draft> {
    let entry = root.remove("sweep")?;
    let Tree::Table(branch) = &entry.node.value else {
        let found = entry.node.found();
        let mistake = Diagnostic::new("E011", format!("expected the table [sweep], found {found}"));
        reader.say(mistake.at(&entry.node.at, "expected a table"));
        return None;
    };
    let before = reader.out.len();
    let (mode, mode_origin) = mode(reader, branch, &entry.node.at);
    let known = paths::all(root);
    let nearby: Vec<&str> = known.iter().map(|(path, _)| path.as_str()).collect();
    let given = given(branch);
    if given.is_empty() {
        let mistake = Diagnostic::new("E052", "[sweep] varies nothing").at(&entry.node.at, "no key, no points");
        reader.say(mistake.help("for example: \"idp.token_lifetime\" = [\"5min\", \"15min\", \"1h\"]"));
    }
    let mut keys = Vec::new();
    for (path, entry) in given {
        if let Tree::Table(below) = &entry.node.value {
            reader.say(unquoted(path, below, &entry.key_at));
        } else if !paths::has(&known, path) {
            reader.say(no_path(path, &entry.key_at, &nearby));
        } else if let Some(why) = paths::fixed(path) {
            let mistake = Diagnostic::new("E051", format!("`{path}` is the same at every point"));
            reader.say(mistake.at(&entry.key_at, "not swept").help(why));
        } else if let Some(values) = values(reader, path, &entry.node) {
            keys.push(key(reader, path, entry, values));
        }
    }
    name(&mut keys);
    let given = branch.get("where");
    let conditions = given.map_or_else(Vec::new, |entry| condition::read(reader, &entry.node, &known));
    let most = if conditions.is_empty() { MOST_POINTS } else { MOST_BEFORE_WHERE };
    together(reader, mode, &keys, &entry.node.at, most);
    let mut choices = Vec::new();
    if reader.out.len() == before {
        choices = points::all(mode, &keys);
        if let Some(entry) = given.filter(|_| !conditions.is_empty()) {
            choices = kept::kept(reader, root, &keys, (&conditions, &entry.node.at), choices);
        }
    }
    let is_mistake = |told: &Diagnostic| told.severity() == Severity::Error;
    let (mistakes, warnings): (Vec<_>, Vec<_>) = reader.out.split_off(before).into_iter().partition(is_mistake);
    let broken = !mistakes.is_empty();
    reader.out.extend(mistakes);
    Some(Draft {
        mode,
        mode_origin,
        keys,
        conditions: texts(given),
        where_origin: given.map_or_else(String::new, |entry| reader.sources.origin(&entry.node.at)),
        choices,
        warnings,
        broken,
    })
}

/// The entries of `where`, in one line each.
fn texts(given: Option<&Entry>) -> Vec<String> {
    let entries = match given.map(|entry| &entry.node.value) {
        Some(Tree::List(entries)) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().filter_map(|entry| Some(entry.text()?.to_owned())).collect()
}

fn mode(reader: &mut Reader, branch: &Branch, at: &At) -> (Mode, String) {
    let others: Vec<&str> = branch.keys().map(String::as_str).collect();
    let shape = Shape { what: "[sweep]", record: None, keys: section("sweep").keys, others: &others };
    let decoded = walk::table(reader, shape, Some(branch), Some(at));
    let mode = if decoded.table.text("mode") == "zip" { Mode::Zip } else { Mode::Grid };
    let origin = decoded.places.get("mode").map_or_else(|| "default".into(), |at| reader.sources.origin(at));
    (mode, origin)
}

/// The entries that name a path, in the order of the file.
fn given(branch: &Branch) -> Vec<(&str, &Entry)> {
    let own = |name: &str| section("sweep").keys.iter().any(|key| key.name == name);
    let mut given: Vec<(&str, &Entry)> =
        branch.iter().filter(|(name, _)| !own(name)).map(|(name, entry)| (name.as_str(), entry)).collect();
    given.sort_by_key(|(_, entry)| (entry.key_at.source, entry.key_at.span.start));
    given
}

fn no_path(path: &str, at: &At, all: &[&str]) -> Diagnostic {
    let mistake = Diagnostic::new("E050", format!("`{path}` is no path of this scenario"));
    let mistake = mistake.at(at, "`stalegate show FILE` prints the paths");
    let below = |known: &&&str| known.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    match all.iter().find(below) {
        Some(key) => mistake.help(format!("it has values below it: `{key}`, for example")),
        None => mistake.nearest(path, all.iter().copied()),
    }
}

/// A path without quotation marks is a table to TOML.
fn unquoted(first: &str, below: &Branch, at: &At) -> Diagnostic {
    let mut path = first.to_owned();
    let mut next = below.iter().next();
    while let Some((step, entry)) = next {
        path = format!("{path}.{step}");
        next = entry.node.table().and_then(|table| table.iter().next());
    }
    let mistake = Diagnostic::new("E050", format!("`{first}` is a table, and not a path"));
    mistake.at(at, "a path stands in quotation marks").help(format!("write \"{path}\" = […]"))
}

fn values<'a>(reader: &mut Reader, path: &str, node: &'a Node) -> Option<&'a [Node]> {
    let Tree::List(values) = &node.value else {
        let mistake =
            Diagnostic::new("E011", format!("expected a list of values for `{path}`, found {}", node.found()));
        let value = reader.sources.text(&node.at).to_owned();
        reader.say(mistake.at(&node.at, "expected a list").help(format!("write [{value}], with more values")));
        return None;
    };
    if values.is_empty() {
        let mistake = Diagnostic::new("E052", format!("`{path}` has no values")).at(&node.at, "an empty list");
        reader.say(mistake.help("give at least one value, or remove the key"));
        return None;
    }
    Some(values)
}

fn key(reader: &Reader, path: &str, entry: &Entry, values: &[Node]) -> DraftKey {
    let value = |node: &Node| {
        let toml = written(reader, node);
        let text = plain(node).unwrap_or_else(|| toml.clone()).replace(char::is_control, " ");
        SweptValue { toml, text }
    };
    let shown = SweptKey {
        path: path.to_owned(),
        name: path.to_owned(),
        values: values.iter().map(value).collect(),
        origin: reader.sources.origin(&entry.node.at),
    };
    DraftKey { path: path.to_owned(), at: entry.key_at.clone(), values: values.to_vec(), shown }
}

/// A value as a file writes it, in one line.
fn written(reader: &Reader, node: &Node) -> String {
    match &node.value {
        Tree::Text(text) => text::quoted(text),
        Tree::List(list) => {
            format!("[{}]", list.iter().map(|node| written(reader, node)).collect::<Vec<_>>().join(", "))
        }
        Tree::Table(branch) => {
            let entry =
                |entry: &Entry| format!("{} = {}", reader.sources.text(&entry.key_at), written(reader, &entry.node));
            format!("{{ {} }}", branch.values().map(entry).collect::<Vec<_>>().join(", "))
        }
        Tree::Integer(_) | Tree::Float(_) | Tree::Bool(_) | Tree::Date => reader.sources.text(&node.at).to_owned(),
    }
}

/// A text without its quotes, and a list of texts without theirs: `[gateway-1, gateway-2]`.
fn plain(node: &Node) -> Option<String> {
    match &node.value {
        Tree::Text(text) => Some(text.clone()),
        Tree::List(list) if !list.is_empty() => {
            let texts: Option<Vec<&str>> = list.iter().map(Node::text).collect();
            texts.map(|texts| format!("[{}]", texts.join(", ")))
        }
        _ => None,
    }
}

/// Gives each key the shortest ending of its path that no other one has.
fn name(keys: &mut [DraftKey]) {
    let paths: Vec<Vec<String>> =
        keys.iter().map(|key| key.path.split('.').map(str::to_owned).collect::<Vec<_>>()).collect();
    for (index, key) in keys.iter_mut().enumerate() {
        let own = &paths[index];
        let alone = |steps: &usize| {
            let ending = &own[own.len() - steps..];
            paths.iter().enumerate().all(|(other, path)| other == index || !path.ends_with(ending))
        };
        let steps = (1..=own.len()).find(alone).unwrap_or(own.len());
        key.shown.name = own[own.len() - steps..].join(".");
    }
}

/// What only shows when the lists are seen together: their lengths.
fn together(reader: &mut Reader, mode: Mode, keys: &[DraftKey], at: &At, most: usize) {
    let Some(first) = keys.first() else { return };
    let mut points = first.values.len();
    for key in &keys[1..] {
        if mode == Mode::Grid {
            points = points.saturating_mul(key.values.len());
        } else if key.values.len() != first.values.len() {
            let (one, other) = (key.values.len(), first.values.len());
            let mistake =
                Diagnostic::new("E053", format!("`{}` has {one} values, and `{}` {other}", key.path, first.path));
            let mistake = mistake.at(&key.at, format!("{one} values")).also(&first.at, format!("{other} values"));
            reader.say(mistake.help("with mode = \"zip\" the lists have one length; mode = \"grid\" combines all"));
        }
    }
    if points > most {
        let mistake =
            Diagnostic::new("E054", format!("the sweep has {points} points")).at(at, format!("at most {most}"));
        reader.say(mistake.help("shorten the lists, or ask in several files"));
    }
}
