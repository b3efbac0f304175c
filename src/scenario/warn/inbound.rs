//! Settings about callers' tokens that change nothing as the others stand, and revocations that nothing shows.

use super::{ended_keys, revokes};
use crate::scenario::check::Known;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::keys::section;
use crate::scenario::parts::{Client, Parts};
use crate::scenario::reader::Reader;
use crate::time::SimSpan;

/// How callers' tokens are checked.
fn validation(parts: &Parts) -> &str {
    parts.tables["gateway.inbound"].table.text("validation")
}

/// Warns of each setting that has no effect.
pub fn without_effect(reader: &mut Reader, parts: &Parts) {
    let (inbound, idp) = (&parts.tables["gateway.inbound"], &parts.tables["idp"]);
    let (keys, validation) = (section("gateway.inbound").keys, validation(parts));
    let remembers = inbound.table.span("cache_ttl") > SimSpan::ZERO;
    super::without_effect(reader, ("gateway.inbound", inbound), keys, |key| why_not(validation, remembers, key));
    for Client { named, .. } in &parts.clients {
        let path = format!("client.{}", named.name);
        super::without_effect(reader, (&path, &named.table), section("client").keys, |key| {
            let of_tokens = matches!(key, "token_lifetime" | "login" | "relogin");
            (of_tokens && validation == "none").then(no_tokens)
        });
    }
    let once = idp.table.text("notify") == "at-most-once";
    super::without_effect(reader, ("idp", idp), section("idp").keys, |key| {
        let why = "the IdP tells of an event once (idp.notify = \"at-most-once\")";
        (key == "notify_again" && once).then(|| why.to_owned())
    });
}

fn no_tokens() -> String {
    "callers have no tokens (gateway.inbound.validation = \"none\")".into()
}

/// Why a setting of `[gateway.inbound]` has no effect, if it has none.
fn why_not(validation: &str, remembers: bool, key: &str) -> Option<String> {
    let why = match (validation, key) {
        (_, "validation") => return None,
        ("none", _) => return Some(no_tokens()),
        ("introspect", "cache_sweep") if !remembers => {
            return Some("no answer is remembered (gateway.inbound.cache_ttl = \"0s\")".into());
        }
        ("jwt", "cache_ttl" | "cache_sweep") => "each call's JWT is checked anew",
        ("introspect", "comparison" | "merge") => "a revocation drops a remembered answer, and no times are compared",
        _ => return None,
    };
    Some(format!("{why} (gateway.inbound.validation = \"{validation}\")"))
}

/// Warns of a revocation that ends nobody's tokens.
pub fn shown_by_nothing(reader: &mut Reader, parts: &Parts) {
    if validation(parts) != "none" {
        return;
    }
    let known = Known::of(parts);
    for fault in &parts.faults {
        let Some(revoke) = revokes(parts, &known, fault) else { continue };
        if ended_keys(parts, &known, revoke).iter().any(|key| known.credentials.contains(key)) {
            continue;
        }
        let message = format!("nothing shows the fault `{}`: callers have no tokens", fault.named.name);
        let warning =
            Diagnostic::new("W009", message).at_some(fault.named.table.place("kind"), "revokes callers' tokens");
        let inbound = &parts.tables["gateway.inbound"];
        let warning = warning.also_some(inbound.places.get("validation"), "they have none by this");
        reader.say(warning.help("write [gateway.inbound] validation = \"jwt\", or \"introspect\""));
    }
}
