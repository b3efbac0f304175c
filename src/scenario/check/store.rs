//! What does not go together with where the IdP keeps its tokens.

use crate::fault::Fault;
use crate::key::Value;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::parts::{Named, Parts};
use crate::scenario::reader::Reader;

/// The mode, where it is what the scenario says.
fn mode(parts: &Parts) -> Option<&str> {
    let store = &parts.tables["idp.persistence"];
    store.good(&["mode"]).then(|| store.table.text("mode"))
}

/// Marks, as a second place, what the mode is said by.
fn also_mode(mistake: Diagnostic, parts: &Parts, label: &str) -> Diagnostic {
    mistake.also_some(parts.tables["idp.persistence"].places.get("mode"), label)
}

/// Opaque tokens of callers that nobody stores cannot be checked, either.
pub fn introspection(reader: &mut Reader, parts: &Parts) {
    let inbound = &parts.tables["gateway.inbound"];
    let introspects = inbound.good(&["validation"]) && inbound.table.text("validation") == "introspect";
    if mode(parts) != Some("none") || !introspects {
        return;
    }
    let mistake = Diagnostic::new("E034", "gateways ask the IdP about callers' tokens, and nobody stores them");
    let mistake = mistake.at_some(inbound.place("validation"), "the IdP could not tell of any token");
    let mistake = also_mode(mistake, parts, "stored nowhere by this");
    reader.say(mistake.help("write validation = \"jwt\", or [idp.persistence] mode = \"memory\""));
}

/// An opaque token that nobody stores cannot be checked.
pub fn format(reader: &mut Reader, parts: &Parts) {
    let idp = &parts.tables["idp"];
    if mode(parts) != Some("none") || !idp.good(&["token_format"]) || idp.table.text("token_format") != "opaque" {
        return;
    }
    let mistake = Diagnostic::new("E034", "tokens are opaque, and nobody stores them");
    let mistake = match idp.places.get("token_format") {
        Some(at) => also_mode(mistake.at(at, "no one could check such a token"), parts, "stored nowhere by this"),
        None => mistake
            .at_some(parts.tables["idp.persistence"].place("mode"), "no one could check a token, opaque by default"),
    };
    reader.say(mistake.help("write [idp] token_format = \"jwt\", or [idp.persistence] mode = \"memory\""));
}

/// A fault that needs a database, or tokens that are stored.
pub fn fault(reader: &mut Reader, parts: &Parts, named: &Named, fault: &dyn Fault) {
    let Some(mode) = mode(parts) else { return };
    let (name, kind) = (&named.name, fault.kind());
    if fault.needs_database() && mode != "database" {
        let mistake = Diagnostic::new("E036", format!("the fault `{name}` of kind {kind} needs a database"));
        let mistake = mistake.at_some(named.table.place("kind"), "the IdP has none");
        let mistake = also_mode(mistake, parts, "no database by this");
        reader.say(mistake.help("write [idp.persistence] mode = \"database\""));
    }
    let idp = &parts.tables["idp"];
    let own = named.table.table.0.get("on_restart").filter(|value| **value != Value::Off);
    if mode != "none" || !fault.restarts_idp() || (own.is_none() && !idp.good(&["on_restart"])) {
        return;
    }
    let dies = if own.is_some() { named.table.table.text("on_restart") } else { idp.table.text("on_restart") };
    if dies != "invalidate-all" && dies != "invalidate-node" {
        return;
    }
    let place = if own.is_some() { named.table.place("on_restart") } else { idp.places.get("on_restart") };
    let mistake = Diagnostic::new("E035", format!("the fault `{name}` forgets tokens that nobody stores"));
    let mistake = mistake.at_some(place.or(Some(&named.name_at)), format!("on_restart is {dies}"));
    let mistake = also_mode(mistake, parts, "stored nowhere by this");
    reader.say(mistake.help("write on_restart = \"keep\", \"new-signing-key\" or \"not-before\""));
}
