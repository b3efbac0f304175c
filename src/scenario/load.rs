//! From a file to a scenario: read, merge, decode, check, assemble. All mistakes at once, and nothing is run on one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::diagnostic::Diagnostics;
use super::reader::{Reader, Resolved};
use super::source::Kind;
use super::sweep::{self, Sweep};
use super::tree::{self, Branch};
use super::wso2::{self, Deployment};
use super::{Scenario, Slo, assemble, check, files, merge, parts, playing, set, show, warn};

/// A scenario with what a user may ask about it.
#[derive(Debug)]
pub struct Loaded {
    pub scenario: Scenario,
    /// Every value with its origin, table by table.
    pub tables: Vec<Resolved>,
    /// Warnings and notes, no errors; of the scenario without its sweep.
    pub warnings: Diagnostics,
    /// The same scenario at every point of its `[sweep]`, if it has one.
    pub sweep: Option<Sweep>,
}

impl Loaded {
    /// The resolved scenario as a file that reads back as the same scenario, each value with its origin.
    #[must_use]
    pub fn as_toml(&self) -> String {
        show::as_toml(self)
    }

    /// Every value as (path, value, origin): `("idp.token_lifetime", "\"1h\"", "default")`. What is off has the value `off`.
    #[must_use]
    pub fn resolved(&self) -> Vec<(String, String, String)> {
        let lines = self.tables.iter().flat_map(|table| table.lines.iter().map(move |line| (table, line)));
        let values = lines.map(|(table, line)| {
            let path = if table.path.is_empty() { line.key.to_owned() } else { format!("{}.{}", table.path, line.key) };
            (path, line.value.clone().unwrap_or_else(|| "off".into()), line.origin.clone())
        });
        let swept = self.sweep.iter().flat_map(Sweep::lines);
        values.chain(swept.map(|(key, value, origin)| (format!("sweep.{key}"), value, origin.to_owned()))).collect()
    }

    /// Warnings and notes of the scenario and of every point of its sweep.
    #[must_use]
    pub fn all_warnings(&self) -> Diagnostics {
        let points = self.sweep.as_ref().map(|sweep| sweep.warnings.clone()).unwrap_or_default();
        sweep::join(self.warnings.clone(), points)
    }
}

/// Reads a scenario file with what it extends, overridden by `path=value` arguments and a seed.
pub fn load(path: &Path, overrides: &[String], seed: Option<u64>) -> Result<Loaded, Diagnostics> {
    let mut reader = Reader::default();
    let root = files::read(&mut reader, path);
    finish(reader, root, overrides, seed)
}

/// The same of texts that were kept when the scenario was read, by the names under which it read them; the disk is left alone.
pub fn load_kept(
    name: &str,
    texts: BTreeMap<String, String>,
    overrides: &[String],
    seed: Option<u64>,
) -> Result<Loaded, Diagnostics> {
    let mut reader = Reader { texts: Some(Arc::new(texts)), ..Reader::default() };
    let root = files::read(&mut reader, Path::new(name));
    finish(reader, root, overrides, seed)
}

/// The same of a text, whose paths are relative to the working directory.
pub fn load_text(name: &str, text: &str, overrides: &[String], seed: Option<u64>) -> Result<Loaded, Diagnostics> {
    let mut reader = Reader::default();
    let source = reader.sources.add(name, text, Kind::File { folder: Path::new("").to_owned() });
    let (branch, mistakes) = tree::parse(source, text);
    reader.out.extend(mistakes);
    let mut root = Branch::new();
    merge::merge(&mut reader, &mut root, branch);
    finish(reader, root, overrides, seed)
}

fn finish(
    mut reader: Reader,
    mut root: Branch,
    overrides: &[String],
    seed: Option<u64>,
) -> Result<Loaded, Diagnostics> {
    if reader.sources.0.is_empty() {
        return Err(diagnostics(&mut reader));
    }
    for argument in overrides {
        set::set(&mut reader, &mut root, "--set", argument);
    }
    if let Some(seed) = seed {
        set::set(&mut reader, &mut root, "--seed", &format!("run.seed={seed}"));
    }
    let draft = sweep::decode(&mut reader, &mut root);
    if let Some(points) = draft.as_ref().map_or(Some(1), sweep::Draft::points) {
        check::known_points(&mut reader, &root, points);
    }
    let Some(draft) = draft else { return resolve(reader, root) };
    let base = sweep::Base {
        sources: reader.sources.clone(),
        inputs: reader.inputs.clone(),
        texts: reader.texts.clone(),
        root: root.clone(),
    };
    match (resolve(reader, root), sweep::resolve(&base, &draft)) {
        (Ok(loaded), Ok(sweep)) => Ok(Loaded { sweep: Some(sweep), ..loaded }),
        (Ok(_), Err(mistakes)) | (Err(mistakes), Ok(_)) => Err(mistakes),
        (Err(mistakes), Err(more)) => Err(sweep::join(mistakes, more)),
    }
}

/// From a tree to its scenario, or to all that is wrong with it.
pub(super) fn resolve(mut reader: Reader, root: Branch) -> Result<Loaded, Diagnostics> {
    let parts = read(&mut reader, root);
    check::check(&mut reader, &parts);
    let mut found = diagnostics(&mut reader);
    if found.has_errors() {
        return Err(found);
    }
    reader.sources = std::mem::take(&mut found.sources);
    reader.out = std::mem::take(&mut found.list);
    warn::warn(&mut reader, &parts);
    let scenario = scenario(&mut reader, &parts);
    let tables = std::mem::take(&mut reader.resolved);
    let warnings = diagnostics(&mut reader);
    if warnings.has_errors() {
        return Err(warnings);
    }
    Ok(Loaded { scenario, tables, warnings, sweep: None })
}

/// Every table of a tree with its defaults; what is wrong goes to the reader.
pub(super) fn tables(reader: &mut Reader, root: Branch) -> Vec<Resolved> {
    read(reader, root);
    std::mem::take(&mut reader.resolved)
}

fn read(reader: &mut Reader, mut root: Branch) -> parts::Parts {
    let deployment = deployment(reader, &root);
    if let Some(deployment) = &deployment {
        let mut base = deployment.tree.clone();
        merge::merge(reader, &mut base, root);
        root = base;
        reader.out.extend(deployment.report());
    }
    parts::read(reader, &root, deployment.as_ref())
}

fn diagnostics(reader: &mut Reader) -> Diagnostics {
    let sources = std::mem::take(&mut reader.sources);
    let mut diagnostics = Diagnostics { sources, list: std::mem::take(&mut reader.out) };
    diagnostics.sort();
    diagnostics
}

/// The product's configuration that `gateway.wso2` names.
fn deployment(reader: &mut Reader, root: &Branch) -> Option<Deployment> {
    let node = &root.get("gateway")?.node.table()?.get("wso2")?.node;
    let (name, text) = reader.read_beside(&node.at, node.text()?)?;
    Some(wso2::read(reader, &name, &text))
}

fn scenario(reader: &mut Reader, parts: &parts::Parts) -> Scenario {
    let top = &parts.tables[""].table;
    // What is told of a scenario goes to terminals and into pictures: no control characters there.
    let text = |key: &str| top.text(key).replace(char::is_control, " ");
    let (mut world, policies) = (assemble::world(parts), assemble::policies(parts));
    playing::decide(reader, parts, &mut world, &policies);
    Scenario {
        name: text("name"),
        title: text("title"),
        question: text("question"),
        source: text("source"),
        world: Arc::new(world),
        policies,
        known: assemble::known(parts),
        slo: Slo::from_table(&parts.tables["slo"].table),
        replications: parts.tables["run"].table.replications("replications").clone(),
        expects: assemble::expects(parts, &reader.sources),
        id: id(&reader.resolved),
        inputs: std::mem::take(&mut reader.inputs),
    }
}

/// The hash of all that decides results: every resolved value, files by their contents, entries by their names and policies
/// in their order. Name, title, question, source, what is known of the real case, what is expected, what a year is held to,
/// and by what way a value came to be are left out.
fn id(tables: &[Resolved]) -> String {
    let mut lines = Vec::new();
    let mut order = Vec::new();
    for table in tables.iter().filter(|table| !table.path.is_empty()) {
        for line in &table.lines {
            let told = match (table.header.as_str(), line.key) {
                ("[[policy]]", "name") => {
                    order.push(format!("policy {}\n", line.canonical));
                    false
                }
                ("[[policy]]" | "[[known]]" | "[[expect]]", _) | ("[gateway]", "wso2") => false,
                _ => true,
            };
            if told {
                // It moves no world. Its lines stay, so that the ids of files without it are what they were.
                let canonical = if table.header == "[slo]" { "off" } else { &line.canonical };
                lines.push(format!("{}.{}={canonical}\n", table.path, line.key));
            }
        }
    }
    lines.sort();
    let mut hash = blake3::Hasher::new();
    for line in lines.iter().chain(&order) {
        hash.update(line.as_bytes());
    }
    hash.finalize().to_hex().to_string()
}
