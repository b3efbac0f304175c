//! Faults about a key that signs nothing.

use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::parts::Parts;
use crate::scenario::reader::Reader;

/// Warns of each of them where neither the tokens of gateways and applications are JWTs nor those of callers.
pub fn shown_by_nothing(reader: &mut Reader, parts: &Parts) {
    let idp = &parts.tables["idp"];
    let callers = parts.tables["gateway.inbound"].table.text("validation");
    if idp.table.text("token_format") == "jwt" || callers == "jwt" {
        return;
    }
    for fault in parts.faults.iter().filter(|fault| fault.def.kind.starts_with("key-")) {
        let message = format!("nothing shows the fault `{}`: no token is signed", fault.named.name);
        let warning =
            Diagnostic::new("W009", message).at_some(fault.named.table.place("kind"), "is about the key of JWTs");
        let warning = warning.also_some(idp.places.get("token_format"), "tokens are opaque by this");
        reader.say(warning.help("write [idp] token_format = \"jwt\""));
    }
}
