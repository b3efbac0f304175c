//! The values of a deployment.toml, which are written in more ways than one.

use std::collections::BTreeMap;

use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::reader::Reader;
use crate::scenario::tree::{Node, Tree};
use crate::time::SimSpan;

/// Every value by its full dotted path.
pub type Keys = BTreeMap<String, Node>;

/// A century.
const LONGEST_S: u64 = 3_155_760_000;

/// A number that may stand in quotation marks, as these files often have it.
pub fn number(reader: &mut Reader, keys: &Keys, path: &str) -> Option<u64> {
    let node = keys.get(path)?;
    let found = match &node.value {
        Tree::Integer(Some(integer)) => u64::try_from(*integer).ok(),
        Tree::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    if found.is_none() {
        let mistake = Diagnostic::new("E011", format!("`{path}` is not a whole number"));
        reader.say(mistake.at(&node.at, "expected a whole number, not negative"));
    }
    // Bounded, so that no multiple of it overflows.
    found.map(|number| number.min(LONGEST_S))
}

/// Seconds, or a time with a unit, where `m` is minutes (as in the product's own `timestamp_skew = "0m"`): `900`, `"15m"`.
pub fn seconds(reader: &mut Reader, keys: &Keys, path: &str) -> Option<SimSpan> {
    let node = keys.get(path)?;
    let written = match &node.value {
        Tree::Integer(Some(integer)) => integer.to_string(),
        _ => node.text().map_or("", str::trim).to_owned(),
    };
    let unit = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
    let with_unit = unit.iter().find_map(|(unit, size)| Some((written.strip_suffix(unit)?.trim_end(), *size)));
    let (digits, size) = with_unit.unwrap_or((&written, 1));
    let found = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(size));
    if found.is_none() {
        let mistake = Diagnostic::new("E011", format!("`{path}` is not a time"));
        reader.say(mistake.at(&node.at, "expected a whole number of seconds, or a text with a unit, \"15m\""));
    }
    found.map(|seconds| SimSpan::secs(seconds.min(LONGEST_S)))
}

/// True or false, as these files write it.
pub fn truth(node: &Node) -> Option<bool> {
    match (&node.value, node.text()) {
        (Tree::Bool(value), _) => Some(*value),
        (_, Some("true")) => Some(true),
        (_, Some("false")) => Some(false),
        _ => None,
    }
}

pub fn flag(reader: &mut Reader, keys: &Keys, path: &str) -> Option<bool> {
    let node = keys.get(path)?;
    let found = truth(node);
    if found.is_none() {
        let mistake = Diagnostic::new("E011", format!("`{path}` is neither true nor false"));
        reader.say(mistake.at(&node.at, "expected true or false"));
    }
    found
}
