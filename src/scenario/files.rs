//! A scenario file with all that it extends, as one tree.

use std::fs;
use std::path::{Path, PathBuf};

use super::diagnostic::Diagnostic;
use super::merge;
use super::reader::Reader;
use super::source::{At, Kind};
use super::tree::{self, Branch, Tree};

/// Reads a file and what it extends, merged in order, this file last; what is wrong goes to the reader.
pub fn read(reader: &mut Reader, path: &Path) -> Branch {
    let mut root = Branch::new();
    let mut open = Vec::new();
    extend(reader, &mut root, path, None, &mut open);
    root
}

fn extend(reader: &mut Reader, root: &mut Branch, path: &Path, named_at: Option<&At>, open: &mut Vec<PathBuf>) {
    let identity = match &reader.texts {
        None => fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
        Some(_) => path.to_owned(),
    };
    if open.contains(&identity) {
        let shown = path.display();
        let mistake = Diagnostic::new("E005", format!("{shown} extends itself, through the files that it extends"));
        return reader
            .say(mistake.at_some(named_at, "closes the circle").help("move what both need into a third file"));
    }
    let Some((name, text)) = reader.read_file(path, named_at) else { return };
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let source = reader.sources.add(name, text.clone(), Kind::File { folder: folder.clone() });
    let (branch, mistakes) = tree::parse(source, &text);
    reader.out.extend(mistakes);
    open.push(identity);
    for (base, at) in bases(&branch) {
        extend(reader, root, &folder.join(base), Some(&at), open);
    }
    open.pop();
    merge::merge(reader, root, branch);
}

/// The files that a file extends. What is no list of texts is told when its keys are read.
fn bases(branch: &Branch) -> Vec<(String, At)> {
    let Some(Tree::List(list)) = branch.get("extends").map(|entry| &entry.node.value) else { return Vec::new() };
    list.iter().filter_map(|node| Some((node.text()?.to_owned(), node.at.clone()))).collect()
}
