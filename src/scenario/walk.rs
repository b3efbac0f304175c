//! One table against its keys: unknown ones, missing ones, wrong ones, and the defaults of the rest.

use std::collections::{BTreeMap, BTreeSet};

use super::decode;
use super::diagnostic::Diagnostic;
use super::reader::{Line, Reader};
use super::source::At;
use super::text;
use super::tree::{self, Branch, Entry, Node};
use crate::key::{Default, Key, Table, Value};

/// A table as it was read.
#[derive(Clone, Debug, Default)]
pub struct Decoded {
    pub table: Table,
    /// Where the table stands, if the file has it.
    pub at: Option<At>,
    /// Where the values stand that the scenario gives itself, presets included.
    pub places: BTreeMap<&'static str, At>,
    /// Keys whose value is a placeholder, because what stands there is wrong.
    pub bad: BTreeSet<&'static str>,
}

impl Decoded {
    /// Where a value stands, or else its table.
    #[must_use]
    pub fn place(&self, key: &str) -> Option<&At> {
        self.places.get(key).or(self.at.as_ref())
    }

    /// Whether these keys' values are what the scenario says.
    #[must_use]
    pub fn good(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| !self.bad.contains(key))
    }
}

/// How a table is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    /// In words: `[idp]`, `an idp-restart`.
    pub what: &'a str,
    /// The header and path under which its values are recorded; `None`: not recorded.
    pub record: Option<(&'a str, &'a str)>,
    pub keys: &'a [Key],
    /// Tables below it, read by somebody else.
    pub others: &'a [&'a str],
}

/// Reads a table; what is wrong goes to the reader.
pub fn table(reader: &mut Reader, shape: Shape<'_>, branch: Option<&Branch>, at: Option<&At>) -> Decoded {
    let empty = Branch::new();
    let branch = branch.unwrap_or(&empty);
    if let Some((header, path)) = shape.record {
        reader.record(header, path);
    }
    unknown(reader, shape, branch);
    let mut decoded = Decoded { at: at.cloned(), ..Decoded::default() };
    for key in shape.keys {
        let value = match branch.get(key.name) {
            Some(entry) => given(reader, key, entry, &mut decoded),
            None => absent(reader, shape, key, &mut decoded),
        };
        if shape.record.is_some() {
            let line = line(reader, key, branch.get(key.name), &value);
            reader.line(line);
        }
        decoded.table.0.insert(key.name, value);
    }
    decoded
}

fn unknown(reader: &mut Reader, shape: Shape<'_>, branch: &Branch) {
    let known: Vec<&str> = shape.keys.iter().map(|key| key.name).chain(shape.others.iter().copied()).collect();
    for (name, entry) in branch.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
        let mistake = Diagnostic::new("E010", format!("unknown key `{name}` in {}", shape.what))
            .at(&entry.key_at, "not a key of this table")
            .nearest(name, known.iter().copied());
        let mistake = if mistake.helps.is_empty() && !known.is_empty() {
            mistake.help(format!("its keys are {}", known.join(", ")))
        } else {
            mistake
        };
        reader.say(mistake);
    }
}

fn given(reader: &mut Reader, key: &Key, entry: &Entry, decoded: &mut Decoded) -> Value {
    decoded.places.insert(key.name, entry.node.at.clone());
    decode::value(reader, key, &entry.node).unwrap_or_else(|| {
        decoded.bad.insert(key.name);
        fallback(key)
    })
}

fn absent(reader: &mut Reader, shape: Shape<'_>, key: &Key, decoded: &mut Decoded) -> Value {
    if key.default == Default::Required {
        reader.say(
            Diagnostic::new("E012", format!("{} has no `{}`", shape.what, key.name))
                .at_some(decoded.at.as_ref(), "here")
                .help(format!("add: {} = {}    # {}", key.name, decode::sample(&key.ty), key.doc)),
        );
        decoded.bad.insert(key.name);
    }
    fallback(key)
}

/// The default; for a key without, something of its type that lets reading go on.
#[must_use]
pub fn fallback(key: &Key) -> Value {
    match key.default {
        Default::Is(text) => {
            let node = default_node(text);
            decode::value(&mut Reader::default(), key, &node)
                .unwrap_or_else(|| panic!("the default of {} is not of its type: {text}", key.name))
        }
        Default::Required => decode::placeholder(&key.ty),
        Default::Off | Default::Other(_) => Value::Off,
    }
}

fn default_node(text: &str) -> Node {
    tree::parse_value(0, text, 0).unwrap_or_else(|mistake| panic!("the default {text} is no TOML: {mistake:?}"))
}

fn line(reader: &Reader, key: &Key, entry: Option<&Entry>, value: &Value) -> Line {
    let canonical = text::value(value).unwrap_or_else(|| "off".into());
    let shown = match entry.and_then(|entry| entry.node.table()).and_then(|table| table.get("file")) {
        Some(file) => file.node.text().map(|file| format!("{{ dist = \"empirical\", file = {} }}", text::quoted(file))),
        None => text::value(value),
    };
    let origin = match (entry, key.default) {
        (Some(entry), _) => reader.sources.origin(&entry.node.at),
        (None, Default::Other(other)) => other.to_owned(),
        (None, Default::Is(_) | Default::Required | Default::Off) => "default".to_owned(),
    };
    Line { key: key.name, value: shown, canonical, origin }
}
