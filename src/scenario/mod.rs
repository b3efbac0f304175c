//! Scenario files: one TOML file asks one question and serves every command.

pub mod codes;
pub mod diagnostic;
pub mod distribution;
pub mod keys;
pub mod presets;
pub mod quantity;
pub mod reader;
pub mod replications;
pub mod schema;
pub mod set;
pub mod source;
pub mod sweep;
pub mod text;
pub mod wso2;

mod assemble;
mod check;
mod column;
mod decode;
mod expect;
mod files;
mod load;
mod merge;
mod parts;
mod playing;
mod profile;
mod published;
mod show;
mod slo;
mod tree;
mod walk;
mod warn;

use std::sync::Arc;

pub use expect::{Bound, Expect, OnUndecided};
pub use load::{Loaded, load, load_kept, load_text};
pub use playing::approximation;
pub use published::{Figure, Origin, Published, Stat};
pub use slo::Slo;

use crate::model::config::WorldConfig;
use crate::policy::Policy;
use crate::replications::Replications;

/// A scenario, resolved: nothing in it is left to a default that could not be shown.
#[derive(Debug)]
pub struct Scenario {
    pub name: String,
    pub title: String,
    pub question: String,
    pub source: String,
    /// Shared by all policies and replications.
    pub world: Arc<WorldConfig>,
    /// In the order of the file; the first is the reference of `compare`.
    pub policies: Vec<NamedPolicy>,
    /// What is known of the real case, in the order of the file.
    pub known: Vec<Published>,
    /// What results are held to in a year.
    pub slo: Option<Slo>,
    pub replications: Replications,
    /// What must hold, in the order of the file.
    pub expects: Vec<Expect>,
    /// Hash (hex) of the resolved scenario: the same for two files that say the same.
    pub id: String,
    /// The files that were read, as the command line or `extends` names them, with their blake3 hashes (hex).
    pub inputs: Vec<Input>,
}

/// A policy under its name in this scenario.
#[derive(Clone, Debug)]
pub struct NamedPolicy {
    pub name: String,
    /// The preset that it starts from.
    pub base: String,
    pub policy: Policy,
}

/// A file that a scenario was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    pub name: String,
    pub hash: String,
}
