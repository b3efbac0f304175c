//! `replications = 100`, or `{ min, max, until }`: until an interval is narrow enough, or every expectation is decided.

use super::diagnostic::Diagnostic;
use super::reader::Reader;
use super::tree::{Entry, Node, Tree};
use super::walk::{self, Decoded, Shape};
use crate::key::{Key, Ty, Value};
use crate::replications::{Replications, Until, Width};

/// More than this are refused.
const MOST: u64 = 1_000_000;
const NUMBER: Ty = Ty::Count { min: 1, max: MOST };
/// A word that stands for itself: until every expectation is decided.
const DECIDED: &str = "decided";

/// What stands in `replications = { … }`.
pub const KEYS: &[Key] = &[
    Key::new("min", Ty::Count { min: 2, max: MOST }, "20", "so many at least: the first look"),
    Key::required("max", Ty::Count { min: 2, max: MOST }, "so many at most"),
];

/// What stands in `until = { … }`.
pub const UNTIL: &[Key] = &[
    Key::required("metric", Ty::Text, "whose mean"),
    Key::off("policy", Ty::Text, "of which policy; of each, if absent"),
    Key::off("relative_half_width", Ty::Factor, "half the width of its interval, in units of the mean"),
    Key::off("half_width", Ty::Factor, "half the width of its interval, in the metric's unit"),
];

/// The value of the key; what is wrong goes to the reader.
pub fn read(reader: &mut Reader, key: &Key, node: &Node) -> Option<Replications> {
    let before = reader.out.len();
    let read = if let Tree::Table(branch) = &node.value {
        let shape = Shape { what: "`replications`", record: None, keys: KEYS, others: &["until"] };
        let decoded = walk::table(reader, shape, Some(branch), Some(&node.at));
        order(reader, &decoded);
        let until = branch.get("until").map_or(Until::Decided, |entry| until(reader, entry));
        Replications { min: decoded.table.count32("min"), max: decoded.table.count32("max"), until }
    } else {
        let number = super::decode::value(reader, &Key { ty: NUMBER, ..*key }, node)?;
        let Value::Count(number) = number else { unreachable!("it is a count") };
        Replications::fixed(u32::try_from(number).expect("its bounds fit 32 bits"))
    };
    (reader.out.len() == before).then_some(read)
}

fn order(reader: &mut Reader, decoded: &Decoded) {
    if decoded.good(&["min", "max"]) && decoded.table.count("min") > decoded.table.count("max") {
        let (min, max) = (decoded.table.count("min"), decoded.table.count("max"));
        let mistake = Diagnostic::new("E025", format!("at least {min} replications, and at most {max}"));
        let mistake = mistake.at_some(decoded.place("max"), "below min").also_some(decoded.places.get("min"), "min");
        reader.say(match decoded.places.get("min") {
            Some(_) => mistake,
            None => mistake.help(format!("`min` is {min} where it is left out: write it")),
        });
    }
}

fn until(reader: &mut Reader, entry: &Entry) -> Until {
    let Tree::Table(branch) = &entry.node.value else {
        if entry.node.text() != Some(DECIDED) {
            let found = entry.node.found();
            let mistake = Diagnostic::new("E011", format!("expected a table or the word \"{DECIDED}\", found {found}"));
            let mistake = mistake.at(&entry.node.at, "until what?");
            reader.say(mistake.help("for example: until = { metric = \"downtime_s\", relative_half_width = 0.05 }"));
        }
        return Until::Decided;
    };
    let shape = Shape { what: "`until`", record: None, keys: UNTIL, others: &[] };
    let decoded = walk::table(reader, shape, Some(branch), Some(&entry.node.at));
    let table = &decoded.table;
    let width = match (table.opt_real("relative_half_width"), table.opt_real("half_width")) {
        (Some(part), None) => Width::Relative(part),
        (None, Some(width)) => Width::Absolute(width),
        (None, None) => {
            if decoded.good(&["relative_half_width", "half_width"]) {
                let mistake = Diagnostic::new("E012", "`until` has no width").at(&entry.node.at, "how narrow?");
                reader.say(mistake.help("add: relative_half_width = 0.05, or half_width in the metric's unit"));
            }
            Width::Relative(1.0)
        }
        (Some(part), Some(_)) => {
            let mistake = Diagnostic::new("E026", "`until` has two widths");
            reader.say(mistake.at_some(decoded.place("half_width"), "the second").help("keep one of both"));
            Width::Relative(part)
        }
    };
    Until::HalfWidth {
        metric: table.text("metric").to_owned(),
        policy: table.opt_text("policy").map(str::to_owned),
        width,
    }
}
