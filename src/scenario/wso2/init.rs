//! `init --from-wso2`: a deployment.toml as a scenario that runs as it is, with a report in its comments.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::{Deployment, Fate, Finding, read};
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::reader::Reader;
use crate::scenario::text::quoted;
use crate::scenario::tree::{Branch, Node, Tree};

/// The scenario that `init --from-wso2` writes, and the report on the file.
pub fn init(path: &Path) -> Result<(String, Diagnostics), Diagnostics> {
    let mut reader = Reader::default();
    let deployment = reader.read_file(path, None).map(|(name, text)| read(&mut reader, &name, &text));
    let mut diagnostics = Diagnostics { sources: reader.sources, list: reader.out };
    match deployment {
        Some(deployment) if !diagnostics.has_errors() => {
            diagnostics.list.extend(deployment.report());
            diagnostics.sort();
            Ok((written(&deployment), diagnostics))
        }
        Some(_) | None => Err(diagnostics),
    }
}

/// A scenario with what the file says, which runs as it is.
fn written(deployment: &Deployment) -> String {
    let value = |branch: &Branch, steps: [&str; 2]| toml(&branch.get(steps[0])?.node.table()?.get(steps[1])?.node);
    let lifetime = value(&deployment.tree, ["idp", "token_lifetime"]).unwrap_or_else(|| "\"1h\"".into());
    let settings = deployment.settings(deployment.preset);
    let mut shipped = String::new();
    for (rule, entry) in &settings {
        let _ = writeln!(shipped, "[policy.{rule}]");
        for key in entry.node.table().into_iter().flat_map(Branch::keys) {
            let value = value(&settings, [rule, key]).unwrap_or_default();
            let _ = writeln!(shipped, "{key} = {value}");
        }
    }
    let name = deployment.name.replace(|c: char| c.is_control() || matches!(c, '"' | '\\'), "_");
    TEMPLATE
        .replace("{file}", &name)
        .replace("{report}", &comments(deployment))
        .replace("{lifetime}", &lifetime)
        .replace("{inbound}\n", &inbound(deployment))
        .replace("{preset}", deployment.preset)
        .replace("{shipped}\n", &shipped)
}

/// A value that the file sets.
fn toml(node: &Node) -> Option<String> {
    match &node.value {
        Tree::Text(text) => Some(quoted(text)),
        Tree::Bool(value) => Some(value.to_string()),
        Tree::Integer(_) | Tree::Float(_) | Tree::Date | Tree::List(_) | Tree::Table(_) => None,
    }
}

/// What the file says of callers' tokens, of which it does not say whether there are any.
fn inbound(deployment: &Deployment) -> String {
    let gateway = deployment.tree.get("gateway").and_then(|entry| entry.node.table());
    let Some(inbound) = gateway.and_then(|gateway| gateway.get("inbound")?.node.table()) else { return String::new() };
    let mut out = String::from(
        "\n# Of callers' own tokens: they count with validation = \"jwt\" or \"introspect\".\n[gateway.inbound]\nvalidation = \"none\"\n",
    );
    for (key, entry) in inbound {
        let _ = writeln!(out, "{key} = {}", toml(&entry.node).unwrap_or_default());
    }
    out
}

/// The report as comments: each key once.
fn comments(deployment: &Deployment) -> String {
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Finding { path, fate, .. } in &deployment.findings {
        let (group, line) = match fate {
            Fate::Taken(sets) => ("1 taken over", format!("{path}: {sets}")),
            Fate::Yours(what) => ("2 not taken over, for the scenario to say", format!("{path}: {what}")),
            Fate::Later(what) => ("3 not built yet, not taken over", format!("{path}: {what}")),
            Fate::NoEffect(why) => ("4 without effect", format!("{path}: {why}")),
            Fate::NotModelled => ("5 not modelled", path.clone()),
        };
        groups.entry(group).or_default().push(line);
    }
    let mut out = String::new();
    for (group, lines) in groups {
        let _ = writeln!(out, "# {}:", &group[2..]);
        for line in lines {
            let _ = writeln!(out, "#   {}", line.replace(char::is_control, " "));
        }
    }
    out.trim_end().to_owned()
}

const TEMPLATE: &str = include_str!("template.toml");
