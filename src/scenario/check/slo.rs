//! What is wrong with `[slo]`: half of it says nothing.

use crate::key::Key;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::keys::section;
use crate::scenario::parts::Parts;
use crate::scenario::reader::Reader;

/// A target without a number of restarts has nothing to be held against, and the other way round.
pub fn whole(reader: &mut Reader, parts: &Parts) {
    let table = &parts.tables["slo"];
    let (given, missing): (Vec<&Key>, Vec<&Key>) =
        section("slo").keys.iter().partition(|key| table.places.contains_key(key.name));
    if let ([given], [missing]) = (given.as_slice(), missing.as_slice()) {
        let mistake = Diagnostic::new("E012", format!("[slo] has no `{}`", missing.name));
        let mistake = mistake.at_some(table.place(given.name), "means nothing without it");
        let example = if missing.name == "target" { "0.9995" } else { "12" };
        reader.say(mistake.help(format!("add: {} = {example}    # {}", missing.name, missing.doc)));
    }
}
