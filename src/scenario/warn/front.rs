//! Settings of the IdP's front that change nothing as the others stand.

use crate::scenario::keys::section;
use crate::scenario::parts::Parts;
use crate::scenario::reader::Reader;

/// Warns of each setting that has no effect.
pub fn without_effect(reader: &mut Reader, parts: &Parts) {
    let idp = &parts.tables["idp"];
    let (front, nodes) = (idp.table.text("front"), idp.table.count("nodes"));
    super::without_effect(reader, ("idp", idp), section("idp").keys, |key| match key {
        "failover" if front != "active-passive" => Some(format!("there is no standby (idp.front = \"{front}\")")),
        "front" | "failover" if front == "active-passive" && nodes == 1 => {
            Some("there is no node to take over (idp.nodes = 1)".into())
        }
        _ => None,
    });
}
