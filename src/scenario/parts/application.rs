//! `[[application]]` with its tables `ask`, whose keys depend on the process, and `calls`.

use super::{Application, Named, Raw, below};
use crate::key::{Default, Key};
use crate::scenario::keys::section;
use crate::scenario::reader::Reader;
use crate::scenario::walk::{self, Shape};

/// Reads an application that asks the IdP itself.
pub fn application(reader: &mut Reader, raw: Raw) -> Application {
    let path = format!("application.{}", raw.name);
    let what = format!("the application `{}`", raw.name);
    let (keys, others) = (section("application").keys, ["ask", "calls"]);
    let shape = Shape { what: &what, record: Some(("[[application]]", &path)), keys, others: &others };
    let table = walk::table(reader, shape, Some(&raw.branch), Some(&raw.at));
    let ask = below(reader, &raw, "application", "ask", &ask_keys(&raw));
    let calls = below(reader, &raw, "application", "calls", section("application.calls").keys);
    Application { named: Named { name: raw.name, name_at: raw.name_at, table }, ask, calls }
}

/// The keys of `ask` depend on the process.
fn ask_keys(raw: &Raw) -> Vec<Key> {
    let given = raw.branch.get("ask").and_then(|entry| entry.node.table());
    let process = given.and_then(|table| table.get("process")?.node.text()).unwrap_or("burst");
    let meant = |key: &&Key| match key.name {
        "first" | "every" | "spread" => process != "poisson",
        "rate" => process != "burst",
        _ => true,
    };
    let mut keys: Vec<Key> = section("application.ask").keys.iter().filter(meant).copied().collect();
    for key in keys.iter_mut().filter(|key| key.name == "rate" && process == "poisson") {
        key.default = Default::Required;
    }
    keys
}
