//! The presets that a policy can start from: TOML data, one file each, of which a user can copy one and change a key.

use super::reader::Reader;
use super::source::Kind;
use super::tree::{self, Branch};

/// A preset.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
    pub of: Of,
}

/// Whose behaviour a preset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// A policy to choose from.
    Ours,
    /// A product as it ships.
    Product,
}

macro_rules! preset {
    ($name:literal, $of:ident) => {
        Preset { name: $name, text: include_str!(concat!("../policy/presets/", $name, ".toml")), of: Of::$of }
    };
}

/// Every preset, in the order of `list policies`. A new one is a file and a line here.
pub const PRESETS: &[Preset] = &[
    preset!("ttl-only", Ours),
    preset!("reactive-retry", Ours),
    preset!("event-purge", Ours),
    preset!("short-expiry", Ours),
    preset!("no-cache", Ours),
    preset!("refresh-ahead", Ours),
    preset!("issuer-purge", Ours),
    preset!("surge-restart", Ours),
    preset!("probe", Ours),
    preset!("hybrid", Ours),
    preset!("wso2-mediator", Product),
    preset!("wso2-retry-endpoint", Product),
    preset!("wso2-platform", Product),
    preset!("kong-upstream-oauth", Product),
    preset!("envoy-credential-injector", Product),
    preset!("spring-security", Product),
    preset!("tyk-upstream-oauth", Product),
    preset!("golang-oauth2", Product),
    preset!("kyma", Product),
];

/// What a preset says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    pub title: String,
    pub source: String,
    /// What it cannot express.
    pub cannot: String,
}

/// The preset of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

impl Preset {
    /// What differs from the defaults, as `rule.key = value`, and what the preset says about itself.
    #[must_use]
    pub fn settings(&self) -> (Vec<String>, About) {
        let mut reader = Reader::default();
        let (branch, about) = self.read(&mut reader);
        let tables = branch.iter().filter_map(|(rule, entry)| Some((rule, entry.node.table()?)));
        let settings = tables
            .flat_map(|(rule, table)| table.iter().map(move |(key, entry)| (rule, key, &entry.node.at)))
            .map(|(rule, key, at)| format!("{rule}.{key} = {}", reader.sources.text(at)))
            .collect();
        (settings, about)
    }

    /// Its rule tables, as a source of their own, and what it says about itself.
    ///
    /// # Panics
    /// Where the file is not TOML: a test reads every one.
    #[must_use]
    pub fn read(&self, reader: &mut Reader) -> (Branch, About) {
        let source = reader.sources.add(self.name, self.text, Kind::Preset);
        let (mut branch, mistakes) = tree::parse(source, self.text);
        assert!(mistakes.is_empty(), "preset {}: {mistakes:?}", self.name);
        let mut take =
            |key: &str| branch.remove(key).and_then(|entry| entry.node.text().map(str::to_owned)).unwrap_or_default();
        let about = About { title: take("title"), source: take("source"), cannot: take("cannot") };
        (branch, about)
    }
}
