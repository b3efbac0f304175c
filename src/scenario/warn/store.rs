//! Settings of the token store that change nothing as the others stand.

use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::keys::section;
use crate::scenario::parts::Parts;
use crate::scenario::reader::Reader;

/// The tables whose settings depend on each other.
const TABLES: [&str; 3] = ["idp.persistence", "idp.cache", "db"];

/// Warns of each setting of them that has no effect.
pub fn without_effect(reader: &mut Reader, parts: &Parts) {
    for path in TABLES {
        super::without_effect(reader, (path, &parts.tables[path]), section(path).keys, |key| why_not(parts, path, key));
    }
}

/// Why a setting has no effect, if it has none.
fn why_not(parts: &Parts, path: &str, key: &str) -> Option<String> {
    let (store, cache) = (&parts.tables["idp.persistence"].table, &parts.tables["idp.cache"].table);
    let mode = store.text("mode");
    let asynchronous = store.count("pool_size") > 0;
    let why = match (path, key) {
        ("idp.persistence", "mode") => return None,
        // The tables of revocation events are there without the IdP's, and rounded by it.
        ("db", "profile") if parts.tables["gateway.inbound"].table.text("validation") == "jwt" => return None,
        _ if mode != "database" => {
            return Some(format!("there is no database (idp.persistence.mode = \"{mode}\")"));
        }
        ("idp.persistence", "queue_order" | "recovery_transactions") if !asynchronous => {
            "tokens are written synchronously (idp.persistence.pool_size = 0)"
        }
        ("idp.persistence", "recovery") if asynchronous => {
            "tokens are written asynchronously (idp.persistence.pool_size is above 0)"
        }
        ("idp.persistence", "retry_count" | "recovery" | "recovery_transactions")
            if !parts.tables["db"].table.bool("con_app_key") =>
        {
            "nothing violates a constraint that is not there (db.con_app_key = false)"
        }
        ("idp.cache", "invalidation") if !cache.bool("clustered") => {
            "the nodes tell each other nothing (idp.cache.clustered = false)"
        }
        _ => return None,
    };
    Some(why.to_owned())
}

/// A warm start needs tokens that are handed out again.
pub fn starts_cold(reader: &mut Reader, parts: &Parts) {
    let (store, run) = (&parts.tables["idp.persistence"], &parts.tables["run"]);
    let always = store.table.text("mode") == "database" && store.table.text("renew") == "always";
    if always && run.table.text("start") == "warm" {
        let note = Diagnostic::new("N002", "the world starts cold: each new token revokes the one before it");
        let note = note.at_some(store.place("renew"), "no two caches could hold a good token of one key");
        reader.say(note.help("write [run] start = \"cold\" to say so yourself"));
    }
}
