//! The resolved scenario as a scenario file, each value with its origin in a comment.

use std::fmt::Write;

use super::{Loaded, text};

/// The scenario as a file that reads back as the same scenario: what is off is a comment.
#[must_use]
pub fn as_toml(loaded: &Loaded) -> String {
    let mut out = format!("# scenario {}\n", loaded.scenario.id);
    for table in &loaded.tables {
        if !table.header.is_empty() {
            let _ = write!(out, "\n{}\n", table.header);
        }
        for line in &table.lines {
            // The files that this one extends, and a product's configuration, are in the values already.
            let settled = matches!(line.key, "extends" | "wso2") && matches!(table.path.as_str(), "" | "gateway");
            let text = match &line.value {
                Some(value) if !settled => format!("{} = {value}", line.key),
                Some(value) => format!("# {} = {value}", line.key),
                None => format!("# {} is off", line.key),
            };
            let _ = writeln!(out, "{text:<48}  # {}", line.origin);
        }
    }
    if let Some(sweep) = &loaded.sweep {
        out += "\n[sweep]\n";
        for (key, value, origin) in sweep.lines() {
            let key = if matches!(key.as_ref(), "mode" | "where") { key } else { text::quoted(&key).into() };
            let line = format!("{key} = {value}");
            let _ = writeln!(out, "{line:<48}  # {origin}");
        }
    }
    out
}
