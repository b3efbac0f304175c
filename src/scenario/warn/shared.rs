//! Faults of the gateways' shared store that change nothing, since no policy uses one.

use crate::scenario::check::Known;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::parts::{FaultPart, Parts};
use crate::scenario::reader::Reader;

/// Warns of each of them.
pub fn without_effect(reader: &mut Reader, parts: &Parts) {
    let used = parts.policies.iter().any(|policy| {
        policy.rules["store"].table.bool("shared") || policy.rules["fetch"].table.text("single_flight") == "cluster"
    });
    if used {
        return;
    }
    let known = Known::of(parts);
    for FaultPart { named, def } in &parts.faults {
        let built = (def.build)(&named.table.table, &parts.tables["idp"].table, known.names());
        if built.expect("the loader built it once already").only_about_the_store() {
            let message = format!("the fault `{}` has no effect: no policy has a shared store", named.name);
            let warning = Diagnostic::new("W008", message).at_some(named.table.place("kind"), "without effect");
            reader
                .say(warning.help("write [policy.store] shared = true for a policy whose gateways share their tokens"));
        }
    }
}
