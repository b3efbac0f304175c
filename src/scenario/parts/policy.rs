//! `[[policy]]`: a preset, what a deployment.toml says of it, and the policy's own settings above both.

use super::{Named, PolicyPart, Raw, not_a_table};
use crate::policy::RULES;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::keys::POLICY;
use crate::scenario::reader::Reader;
use crate::scenario::source::At;
use crate::scenario::walk::{self, Shape};
use crate::scenario::wso2::Deployment;
use crate::scenario::{merge, presets};

/// Reads a policy, if its preset is there.
pub fn policy(reader: &mut Reader, raw: Raw, deployment: Option<&Deployment>) -> Option<PolicyPart> {
    let rules: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    let what = format!("the policy `{}`", raw.name);
    let path = format!("policy.{}", raw.name);
    let shape = Shape { what: &what, record: Some(("[[policy]]", &path)), keys: POLICY, others: &rules };
    let table = walk::table(reader, shape, Some(&raw.branch), Some(&raw.at));
    let base = table.table.text("base").to_owned();
    let Some(preset) = presets::find(&base) else {
        if table.good(&["base"]) {
            reader.say(no_such_preset(&base, table.place("base").unwrap_or(&raw.at)));
        }
        return None;
    };
    let (mut settings, _) = preset.read(reader);
    if let Some(deployment) = deployment {
        merge::tables(&mut settings, deployment.settings(&base));
    }
    let own = raw.branch.iter().filter(|(name, _)| rules.contains(&name.as_str()));
    merge::tables(&mut settings, own.map(|(name, entry)| (name.clone(), entry.clone())).collect());
    let rules = RULES.iter().map(|rule| {
        let entry = settings.get(rule.name);
        if let Some(entry) = entry.filter(|entry| entry.node.table().is_none()) {
            not_a_table(reader, entry, &format!("policy.{}", rule.name));
        }
        let (header, path) = (format!("[policy.{}]", rule.name), format!("{path}.{}", rule.name));
        let what = format!("rule `{}` of the policy `{}`", rule.name, raw.name);
        let shape = Shape { what: &what, record: Some((&header, &path)), keys: rule.keys, others: &[] };
        let at = entry.map_or(&raw.at, |entry| &entry.node.at);
        (rule.name, walk::table(reader, shape, entry.and_then(|entry| entry.node.table()), Some(at)))
    });
    let rules = rules.collect();
    Some(PolicyPart { named: Named { name: raw.name, name_at: raw.name_at, table }, base, rules })
}

fn no_such_preset(base: &str, at: &At) -> Diagnostic {
    Diagnostic::new("E022", format!("there is no preset `{base}`"))
        .at(at, "`stalegate list policies` prints them")
        .nearest(base, presets::PRESETS.iter().map(|preset| preset.name))
}
