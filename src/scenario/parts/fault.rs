//! `[[fault]]`, whose keys depend on its kind.

use super::{FaultPart, Named, Raw};
use crate::fault::FAULTS;
use crate::key::Key;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::keys;
use crate::scenario::reader::Reader;
use crate::scenario::source::At;
use crate::scenario::walk::{self, Shape};

/// Reads a fault, if its kind is built.
pub fn fault(reader: &mut Reader, raw: Raw) -> Option<FaultPart> {
    let Some(entry) = raw.branch.get("kind") else {
        let mistake = Diagnostic::new("E012", format!("the fault `{}` has no `kind`", raw.name)).at(&raw.at, "here");
        reader.say(mistake.help("`stalegate list faults` prints the kinds"));
        return None;
    };
    let kind = entry.node.text().unwrap_or_default();
    let Some(def) = FAULTS.iter().find(|def| def.kind == kind) else {
        reader.say(no_such_kind(kind, &entry.node.at));
        return None;
    };
    let keys: Vec<Key> = keys::FAULT.iter().chain(def.keys).copied().collect();
    let what = format!("the fault `{}` of kind {kind}", raw.name);
    let path = format!("fault.{}", raw.name);
    let shape = Shape { what: &what, record: Some(("[[fault]]", &path)), keys: &keys, others: &[] };
    let table = walk::table(reader, shape, Some(&raw.branch), Some(&raw.at));
    Some(FaultPart { named: Named { name: raw.name, name_at: raw.name_at, table }, def })
}

fn no_such_kind(kind: &str, at: &At) -> Diagnostic {
    Diagnostic::new("E018", format!("there is no kind of fault `{kind}`"))
        .at(at, "`stalegate list faults` prints the kinds")
        .nearest(kind, FAULTS.iter().map(|def| def.kind))
}
