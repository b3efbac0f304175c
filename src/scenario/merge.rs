//! One scenario over another: tables deeply, lists of tables by `name`, everything else replaced.

use super::diagnostic::Diagnostic;
use super::keys::{Form, SECTIONS};
use super::reader::Reader;
use super::tree::{Branch, Entry, Node, Tree};

/// Lays `over` upon `base`. What is wrong with `remove` goes to the reader.
pub fn merge(reader: &mut Reader, base: &mut Branch, over: Branch) {
    for (name, entry) in over {
        let listed = SECTIONS.iter().any(|section| section.path == name && section.form == Form::List);
        match (base.remove(&name), entry.node.value) {
            (old, Tree::List(new)) if listed => {
                let old =
                    old.map_or_else(Vec::new, |old| if let Tree::List(list) = old.node.value { list } else { vec![] });
                let node = Node { at: entry.node.at, value: Tree::List(by_name(reader, old, new, &name)) };
                base.insert(name, Entry { key_at: entry.key_at, node });
            }
            (Some(mut old), Tree::Table(new)) if old.node.table().is_some() => {
                let Tree::Table(below) = &mut old.node.value else { unreachable!("it is a table") };
                tables(below, new);
                old.node.at = entry.node.at;
                base.insert(name, old);
            }
            (_, value) => {
                base.insert(name, Entry { key_at: entry.key_at, node: Node { at: entry.node.at, value } });
            }
        }
    }
}

/// Lays a table upon another, deeply. A table that says anew which `dist` or `process` it is replaces the old one,
/// whose other keys belong to another.
pub fn tables(base: &mut Branch, over: Branch) {
    let says_anew = ["dist", "process"].iter().any(|key| match (base.get(*key), over.get(*key)) {
        (old, Some(new)) => *key == "dist" || old.is_none_or(|old| old.node.text() != new.node.text()),
        (_, None) => false,
    });
    if says_anew {
        base.clear();
    }
    for (name, entry) in over {
        match (base.get_mut(&name), entry.node.value) {
            (Some(Entry { node: Node { value: Tree::Table(below), at }, .. }), Tree::Table(new)) => {
                tables(below, new);
                *at = entry.node.at;
            }
            (_, value) => {
                base.insert(name, Entry { key_at: entry.key_at, node: Node { at: entry.node.at, value } });
            }
        }
    }
}

fn by_name(reader: &mut Reader, mut base: Vec<Node>, over: Vec<Node>, list: &str) -> Vec<Node> {
    let inherited = base.len();
    let mut taken = vec![false; inherited];
    let mut gone = Vec::new();
    for mut node in over {
        let name = name(&node).map(str::to_owned);
        let found = name
            .as_ref()
            .and_then(|wanted| base[..inherited].iter().position(|old| self::name(old) == Some(wanted.as_str())));
        let remove = take_remove(&mut node);
        match (found, remove) {
            (Some(index), _) if taken[index] => base.push(node),
            (Some(index), Some(true)) => {
                taken[index] = true;
                gone.push(index);
            }
            (Some(index), _) => {
                taken[index] = true;
                lay(&mut base[index], node);
            }
            (None, Some(true)) => {
                let what = name.unwrap_or_default();
                let mistake = Diagnostic::new("E022", format!("there is no {list} `{what}` to remove"));
                let names = base.iter().filter_map(self::name);
                let mistake = mistake.at(&node.at, "nothing of this name in the files that this one extends");
                let mistake = mistake.nearest(&what, names);
                reader.say(mistake);
            }
            (None, _) => base.push(node),
        }
    }
    let mut index = 0;
    base.retain(|_| {
        index += 1;
        !gone.contains(&(index - 1))
    });
    base
}

fn lay(old: &mut Node, new: Node) {
    let (Tree::Table(below), Tree::Table(above)) = (&mut old.value, new.value) else { return };
    let kind = |branch: &Branch| branch.get("kind").and_then(|entry| entry.node.text().map(str::to_owned));
    if kind(&above).is_some() && kind(&above) != kind(below) {
        below.clear();
    }
    tables(below, above);
    old.at = new.at;
}

fn name(node: &Node) -> Option<&str> {
    node.table()?.get("name")?.node.text()
}

/// Takes `remove` out of an entry.
fn take_remove(node: &mut Node) -> Option<bool> {
    let Tree::Table(branch) = &mut node.value else { return None };
    let Tree::Bool(remove) = branch.get("remove")?.node.value else { return None };
    branch.remove("remove");
    Some(remove)
}
