//! The paths that a sweep may vary: those that `--set` takes, but for what is the same at every point.

use crate::fault::FAULTS;
use crate::key::{Key, Ty};
use crate::policy::RULES;
use crate::scenario::keys::{Form, SECTIONS};
use crate::scenario::tree::{Branch, Tree};

/// Every path of this scenario with the type of its values.
pub fn all(root: &Branch) -> Vec<(String, Ty)> {
    let mut paths = Vec::new();
    for section in SECTIONS.iter().filter(|section| section.path != "sweep") {
        let (first, rest) = section.path.split_once('.').unwrap_or((section.path, ""));
        let listed = SECTIONS.iter().any(|other| other.path == first && other.form == Form::List);
        if listed {
            for name in names(root, first) {
                add(&mut paths, &joined(&joined(first, &name), rest), section.keys);
            }
        } else {
            add(&mut paths, section.path, section.keys);
        }
    }
    for name in names(root, "policy") {
        for rule in RULES {
            add(&mut paths, &format!("policy.{name}.{}", rule.name), rule.keys);
        }
    }
    for name in names(root, "fault") {
        for def in FAULTS {
            add(&mut paths, &format!("fault.{name}"), def.keys);
        }
    }
    paths
}

fn add(paths: &mut Vec<(String, Ty)>, prefix: &str, keys: &[Key]) {
    paths.extend(keys.iter().map(|key| (joined(prefix, key.name), key.ty)));
}

fn joined(prefix: &str, step: &str) -> String {
    match (prefix, step) {
        ("", only) | (only, "") => only.to_owned(),
        (prefix, step) => format!("{prefix}.{step}"),
    }
}

fn names(root: &Branch, list: &str) -> Vec<String> {
    let Some(Tree::List(nodes)) = root.get(list).map(|entry| &entry.node.value) else { return Vec::new() };
    nodes.iter().filter_map(|node| node.table()?.get("name")?.node.text().map(str::to_owned)).collect()
}

/// Whether the scenario has this path, or the path of a table of which it is a parameter: `idp.token_service.mean`.
pub fn has(all: &[(String, Ty)], path: &str) -> bool {
    let table = |ty: &Ty| matches!(ty, Ty::Dist | Ty::Backoff);
    all.iter().any(|(known, _)| known == path)
        || path.rsplit_once('.').is_some_and(|(above, _)| all.iter().any(|(known, ty)| known == above && table(ty)))
}

/// Why a path is the same at every point, if it is.
pub fn fixed(path: &str) -> Option<&'static str> {
    let steps: Vec<&str> = path.split('.').collect();
    match steps.as_slice() {
        ["run", "seed"] => {
            Some("the points share their random numbers, so that they differ by the keys alone; `--seed` sets them")
        }
        ["run", "replications"] => Some(
            "it says how much is to be known, and not what happens; `--set run.replications=…` sets it for all points",
        ),
        [_] => Some("it tells of the file, and changes no result"),
        [_, _, "name"] => Some("results go by names; the points have the same ones"),
        _ => None,
    }
}
