//! A real deployment.toml: what of it the model has, and a word about every key that it has not.
//!
//! Keys are compared by their full dotted path, so that `[session_data] "persistence.persistence_pool_size"` and
//! `[session_data.persistence] persistence_pool_size` are the same.

mod init;
mod value;

use std::collections::BTreeMap;

pub use init::init;

use value::{Keys, flag, number, seconds, truth};

use super::diagnostic::Diagnostic;
use super::reader::Reader;
use super::source::{At, Kind};
use super::tree::{self, Branch, Entry, Node, Tree};
use crate::time::SimSpan;

/// What a deployment.toml comes to.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The file as it was named.
    pub name: String,
    /// The preset that the file's switches choose.
    pub preset: &'static str,
    /// What stands below the scenario's own keys.
    pub tree: Branch,
    /// What stands between a preset and a policy's own settings, by preset.
    presets: BTreeMap<&'static str, Branch>,
    /// One a key whose value can be read, in the order of their paths.
    pub findings: Vec<Finding>,
}

/// What becomes of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub path: String,
    pub at: At,
    pub fate: Fate,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It sets this.
    Taken(String),
    /// It belongs to this, which decides too much else to be set on the quiet: the scenario has to say it.
    Yours(String),
    /// It belongs to this, which is not built yet.
    Later(String),
    /// It changes nothing, for this reason.
    NoEffect(String),
    /// The model has nothing of it.
    NotModelled,
}

const ENDPOINT: &str = "wso2-retry-endpoint";
const MEDIATOR: &str = "wso2-mediator";

const RETRY: &str = "apim.mediator_config.oauth.enable_retry_call_with_new_token";
const TIMEOUTS: [&str; 3] = [
    "apim.mediator_config.oauth.connection_timeout_duration",
    "apim.mediator_config.oauth.connection_request_timeout_duration",
    "apim.mediator_config.oauth.socket_timeout_duration",
];
const CACHE_TIMEOUT: &str = "synapse_properties.synapse.endpoint.http.oauth.cache.timeout";
const EVENTS: &str = "apim.key_manager.enable_revoked_token_event_validation";
const ANSWERS: &str = "apim.cache.gateway_token.enable";
const ANSWERS_FOR: &str = "apim.cache.token_expiry_time";
const LIFETIME: &str = "oauth.token_validation.app_access_token_validity_period";
/// What each of [`TIMEOUTS`] is when the file does not say.
const DEFAULT_TIMEOUT_MS: u64 = 15_000;

impl Deployment {
    /// What the file says of a preset's settings.
    #[must_use]
    pub fn settings(&self, preset: &str) -> Branch {
        self.presets.get(preset).cloned().unwrap_or_default()
    }

    /// The findings as notes and warnings: each key once, those without a counterpart together.
    #[must_use]
    pub fn report(&self) -> Vec<Diagnostic> {
        let mut out: Vec<Diagnostic> = self.findings.iter().filter_map(said_alone).collect();
        let foreign: Vec<&Finding> = self.findings.iter().filter(|found| found.fate == Fate::NotModelled).collect();
        if !foreign.is_empty() {
            let paths: Vec<&str> = foreign.iter().map(|found| found.path.as_str()).collect();
            let (count, of) = (paths.len(), &self.name);
            let message = match count {
                1 => format!("1 key of {of} is not modelled"),
                _ => format!("{count} keys of {of} are not modelled"),
            };
            // Without their lines, which may hold passwords.
            out.push(Diagnostic::new("W006", message).help(paths.join(", ")));
        }
        out
    }
}

fn said_alone(found: &Finding) -> Option<Diagnostic> {
    let path = &found.path;
    match &found.fate {
        Fate::Taken(sets) => {
            Some(Diagnostic::new("N001", format!("`{path}` is taken over")).at(&found.at, sets.clone()))
        }
        Fate::Yours(what) => {
            let message = format!("`{path}` is not taken over: {what} is for the scenario to say");
            Some(Diagnostic::new("W006", message).at(&found.at, "without effect"))
        }
        Fate::Later(what) => {
            let message = format!("`{path}` is not taken over: {what} is not built yet");
            Some(Diagnostic::new("W006", message).at(&found.at, "without effect"))
        }
        Fate::NoEffect(why) => {
            Some(Diagnostic::new("W006", format!("`{path}` has no effect: {why}")).at(&found.at, "without effect"))
        }
        Fate::NotModelled => None,
    }
}

/// Reads the text of a deployment.toml; what is wrong goes to the reader.
pub fn read(reader: &mut Reader, name: &str, text: &str) -> Deployment {
    let source = reader.sources.add(name, text, Kind::Deployment);
    let (branch, mistakes) = tree::parse(source, text);
    reader.out.extend(mistakes);
    let mut keys = BTreeMap::new();
    flatten("", &branch, &mut keys);
    let retries = flag(reader, &keys, RETRY);
    let deployment = Deployment {
        name: name.to_owned(),
        preset: if retries == Some(false) { MEDIATOR } else { ENDPOINT },
        tree: Branch::new(),
        presets: BTreeMap::new(),
        findings: Vec::new(),
    };
    let mut taking = Taking { reader, keys: &keys, deployment };
    taking.settings();
    for (path, node) in &keys {
        if taking.reader.out.iter().any(|mistake| mistake.at.as_ref() == Some(&node.at)) {
            continue;
        }
        let fate = taking.fate(path, node);
        let at = node.at.clone();
        taking.deployment.findings.push(Finding { path: path.clone(), at, fate });
    }
    taking.deployment
}

fn flatten(prefix: &str, branch: &Branch, keys: &mut Keys) {
    for (name, entry) in branch {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match &entry.node.value {
            Tree::Table(below) if !below.is_empty() => flatten(&path, below, keys),
            _ => {
                keys.insert(path, entry.node.clone());
            }
        }
    }
}

struct Taking<'a> {
    reader: &'a mut Reader,
    keys: &'a Keys,
    deployment: Deployment,
}

impl Taking<'_> {
    /// What sets something.
    fn settings(&mut self) {
        if let Some(seconds) = number(self.reader, self.keys, LIFETIME).filter(|seconds| *seconds > 0) {
            let node = self.span(LIFETIME, SimSpan::secs(seconds));
            put(&mut self.deployment.tree, &["idp", "token_lifetime"], node);
        }
        if let Some(seconds) = number(self.reader, self.keys, CACHE_TIMEOUT).filter(|seconds| *seconds > 0) {
            let node = self.span(CACHE_TIMEOUT, SimSpan::secs(seconds));
            self.preset(ENDPOINT, &["lifetime", "after"], node);
        }
        self.timeout();
        self.inbound();
        if let Some(node) = self.keys.iter().find(|(path, _)| is_redis(path)).map(|(_, node)| node) {
            let node = Node { at: node.at.clone(), value: Tree::Bool(true) };
            self.preset(MEDIATOR, &["store", "shared"], node);
        }
    }

    /// The largest of the three, of which each has a default.
    fn timeout(&mut self) {
        let given: Vec<(&str, u64)> =
            TIMEOUTS.iter().filter_map(|path| Some((*path, number(self.reader, self.keys, path)?))).collect();
        let Some((path, largest)) = given.iter().copied().max_by_key(|(_, ms)| *ms) else { return };
        let ms = if given.len() < TIMEOUTS.len() { largest.max(DEFAULT_TIMEOUT_MS) } else { largest };
        if ms > 0 {
            let node = self.span(path, SimSpan::millis(ms));
            self.preset(ENDPOINT, &["fetch", "timeout"], node);
        }
    }

    /// How callers' tokens are checked.
    fn inbound(&mut self) {
        if let Some(listens) = flag(self.reader, self.keys, EVENTS) {
            let node = Node { at: self.keys[EVENTS].at.clone(), value: Tree::Bool(listens) };
            put(&mut self.deployment.tree, &["gateway", "inbound", "revocation_events"], node);
        }
        let remembered = seconds(self.reader, self.keys, ANSWERS_FOR).map(|span| self.span(ANSWERS_FOR, span));
        let node = match flag(self.reader, self.keys, ANSWERS) {
            Some(false) => Some(self.span(ANSWERS, SimSpan::ZERO)),
            Some(true) | None => remembered,
        };
        if let Some(node) = node {
            put(&mut self.deployment.tree, &["gateway", "inbound", "cache_ttl"], node);
        }
    }

    fn span(&self, path: &str, span: SimSpan) -> Node {
        Node { at: self.keys[path].at.clone(), value: Tree::Text(span.to_string()) }
    }

    fn preset(&mut self, preset: &'static str, steps: &[&str], node: Node) {
        put(self.deployment.presets.entry(preset).or_default(), steps, node);
    }

    /// What becomes of one key.
    fn fate(&self, path: &str, node: &Node) -> Fate {
        let retries = self.deployment.preset == ENDPOINT;
        let taken = |sets: &str| Fate::Taken(format!("sets {sets}"));
        let yours = |what: &str| Fate::Yours(format!("`{what}`"));
        let later = |what: &str| Fate::Later(format!("`{what}`"));
        let nothing = |why: &str| Fate::NoEffect(why.to_owned());
        match path {
            RETRY => taken(&format!("the policy to the preset {}", self.deployment.preset)),
            LIFETIME => taken("idp.token_lifetime"),
            CACHE_TIMEOUT if retries => taken("lifetime.after of wso2-retry-endpoint"),
            CACHE_TIMEOUT => nothing("the mediator path, which this file chooses, follows expires_in"),
            path if TIMEOUTS.contains(&path) && retries => {
                taken("fetch.timeout of wso2-retry-endpoint, with the other two: the largest counts")
            }
            path if TIMEOUTS.contains(&path) => nothing("the product reads it only when the retry is enabled"),
            path if is_redis(path) && retries => {
                nothing("the endpoint path keys its entries by a random id, so that Redis shares nothing")
            }
            path if is_redis(path) => taken("store.shared of wso2-mediator, by being there"),
            "apim.mediator_config.oauth.expires_in" => {
                nothing("it stands for token responses without expires_in, and the simulated IdP always sends one")
            }
            "apim.oauth_config.expires_in" => {
                nothing("this path of the product does not read it (api-manager issue 4512)")
            }
            "session_data.persistence.persistence_pool_size" => pool(node),
            "oauth.token_generation.retry_count_on_persistence_failures" => yours("idp.persistence.retry_count"),
            "oauth.token_persistence.enable" if node.value == Tree::Bool(false) => {
                yours("idp.persistence.mode = \"none\"")
            }
            "oauth.token_persistence.enable" => yours("idp.persistence.mode = \"database\""),
            EVENTS => taken("gateway.inbound.revocation_events"),
            ANSWERS if truth(node) == Some(true) => nothing("true is the default: answers are remembered"),
            ANSWERS => taken("gateway.inbound.cache_ttl to 0s: no answer is remembered"),
            ANSWERS_FOR if self.keys.get(ANSWERS).and_then(truth) == Some(false) => {
                nothing("apim.cache.gateway_token, of which it is the time, is off")
            }
            ANSWERS_FOR => taken("gateway.inbound.cache_ttl"),
            "oauth.timestamp_skew" => later("the skew of gateway.inbound"),
            _ => Fate::NotModelled,
        }
    }
}

/// The documentation says that it chooses between synchronous and asynchronous persistence; the source says otherwise.
fn pool(node: &Node) -> Fate {
    let zero = matches!(&node.value, Tree::Integer(Some(0))) || node.text() == Some("0");
    if zero {
        return Fate::NoEffect("0 is the default: tokens are written synchronously".into());
    }
    let warning =
        "(in builds since 2018 it fills SessionDataPersist/PoolSize only, and TokenPersistence/PoolSize is 0)";
    Fate::Yours(format!("`idp.persistence.pool_size` {warning}"))
}

fn is_redis(path: &str) -> bool {
    path == "apim.redis_config" || path.starts_with("apim.redis_config.")
}

fn put(branch: &mut Branch, steps: &[&str], node: Node) {
    let [step, rest @ ..] = steps else { return };
    let at = node.at.clone();
    if rest.is_empty() {
        branch.insert((*step).to_owned(), Entry { key_at: at, node });
        return;
    }
    let below = branch
        .entry((*step).to_owned())
        .or_insert_with(|| Entry { key_at: at.clone(), node: Node { at, value: Tree::Table(Branch::new()) } });
    if let Tree::Table(below) = &mut below.node.value {
        put(below, rest, node);
    }
}
