//! `--set path=value`: one value of the command line over those of the files.

use super::diagnostic::Diagnostic;
use super::keys::{self, Form, SECTIONS};
use super::reader::Reader;
use super::source::{At, Kind};
use super::tree::{self, Branch, Entry, Node, Tree};

/// Lays an argument upon the scenario; what is wrong with it goes to the reader.
pub fn set(reader: &mut Reader, root: &mut Branch, option: &str, argument: &str) {
    let source = reader.sources.add(option, argument, Kind::Argument);
    let whole = At { source, span: 0..argument.len() };
    let Some((path, value)) = argument.split_once('=') else {
        let mistake = Diagnostic::new("E006", format!("`{argument}` has no `=`")).at(&whole, "expected path=value");
        return reader.say(mistake.help("for example: --set idp.token_lifetime=5min"));
    };
    let steps = sweep_key(path, steps(path, source));
    if steps.iter().any(|(step, _)| step.is_empty()) {
        let at = At { source, span: 0..path.len() };
        let mistake = Diagnostic::new("E006", format!("`{path}` is no path")).at(&at, "names joined by dots");
        return reader.say(mistake.help("for example: --set idp.token_lifetime=5min"));
    }
    match read_value(source, value, path.len() + 1) {
        Ok(node) => put(reader, root, &steps, node),
        Err(mistake) => reader.say(*mistake),
    }
}

fn steps(path: &str, source: usize) -> Vec<(&str, At)> {
    let mut start = 0;
    path.split('.')
        .map(|step| {
            let span = start..start + step.len();
            start = span.end + 1;
            (step.trim(), At { source, span })
        })
        .collect()
}

/// A key of `[sweep]` is a path itself: `sweep.idp.token_lifetime`.
fn sweep_key<'a>(path: &'a str, mut steps: Vec<(&'a str, At)>) -> Vec<(&'a str, At)> {
    if steps.len() > 2 && steps[0].0 == "sweep" {
        let from = steps[1].1.span.start;
        steps.truncate(2);
        steps[1].1.span.end = path.len();
        steps[1].0 = path[from..].trim();
    }
    steps
}

/// A TOML value, or a bare word taken as a text.
fn read_value(source: usize, text: &str, offset: usize) -> Result<Node, Box<Diagnostic>> {
    let bare =
        || Node { at: At { source, span: offset..offset + text.len() }, value: Tree::Text(text.trim().to_owned()) };
    match tree::parse_value(source, text.trim_end(), offset) {
        Ok(Node { value: Tree::Date, .. }) => Ok(bare()),
        Ok(node) => Ok(node),
        Err(mistake) if text.trim_start().starts_with(['[', '{', '"', '\'']) => Err(mistake),
        Err(_) => Ok(bare()),
    }
}

/// Puts the value where the path leads, making tables on the way but no list entries.
pub fn put(reader: &mut Reader, root: &mut Branch, steps: &[(&str, At)], node: Node) {
    let (first, first_at) = &steps[0];
    let listed = SECTIONS.iter().any(|section| section.path == *first && section.form == Form::List);
    if !listed {
        return into_table(reader, root, steps, node);
    }
    if steps.len() < 3 {
        let mistake = Diagnostic::new("E006", format!("`{first}` is a list: name the entry and its key"));
        return reader.say(mistake.at(first_at, "a list").help(format!("for example: --set {first}.NAME.KEY=VALUE")));
    }
    let (wanted, wanted_at) = &steps[1];
    let list = match root.get_mut(*first).map(|entry| &mut entry.node.value) {
        Some(Tree::List(list)) => list.as_mut_slice(),
        Some(_) | None => &mut [],
    };
    let name = |node: &Node| node.table().and_then(|table| table.get("name")?.node.text().map(str::to_owned));
    let names: Vec<String> = list.iter().filter_map(name).collect();
    let found = list.iter_mut().find(|node| name(node).as_deref() == Some(*wanted));
    if let Some(Node { value: Tree::Table(branch), .. }) = found {
        return into_table(reader, branch, &steps[2..], node);
    }
    let mistake =
        Diagnostic::new("E022", format!("there is no {first} `{wanted}`")).at(wanted_at, "not in the scenario");
    let mistake = mistake.nearest(wanted, names.iter().map(String::as_str));
    reader.say(if mistake.helps.is_empty() && !names.is_empty() {
        mistake.help(format!("there are {}", names.join(", ")))
    } else {
        mistake
    });
}

fn into_table(reader: &mut Reader, branch: &mut Branch, steps: &[(&str, At)], node: Node) {
    let (name, at) = &steps[0];
    if steps.len() == 1 {
        branch.insert((*name).to_owned(), Entry { key_at: at.clone(), node });
        return;
    }
    let entry = branch.entry((*name).to_owned()).or_insert_with(|| Entry {
        key_at: at.clone(),
        node: Node { at: at.clone(), value: Tree::Table(Branch::new()) },
    });
    match &mut entry.node.value {
        Tree::Table(below) => into_table(reader, below, &steps[1..], node),
        _ => reader.say(Diagnostic::new("E011", format!("`{name}` is not a table")).at(at, "has no keys below it")),
    }
}

/// Every path that `--set` can take in general terms, for help and completion.
#[must_use]
pub fn paths() -> Vec<String> {
    let mut paths = Vec::new();
    for section in keys::SECTIONS {
        for key in section.keys {
            paths.push(match (section.path, section.form) {
                ("", _) => key.name.to_owned(),
                (path, Form::List) => format!("{path}.NAME.{}", key.name),
                (path, Form::Table) => match path.split_once('.').filter(|_| keys::of_an_entry(path)) {
                    Some((list, rest)) => format!("{list}.NAME.{rest}.{}", key.name),
                    None => format!("{path}.{}", key.name),
                },
            });
        }
    }
    paths
}
