//! stalegate: a deterministic discrete-event simulator of OAuth token caches in API gateways.
//!
//! Layers, imports only going down (`tests/tidy.rs` checks it): words (`time`, `id`, `rng`, `dist`, `profile`, `replications`, `key`); the
//! engine, the protocol and the decisions (`engine`, `oauth`, `policy`, `persistence`, `revocation`); the world (`model`, `fault`,
//! `metric`); what surrounds a run (`scenario`, `experiment`, `explore`, `report`); the command line (`cli`).

#![warn(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

pub mod count;
pub mod dist;
pub mod id;
pub mod key;
pub mod profile;
pub mod replications;
pub mod rng;
pub mod time;

pub mod engine;
pub mod oauth;
pub mod persistence;
pub mod policy;
pub mod revocation;

pub mod fault;
pub mod metric;
pub mod model;

pub mod experiment;
pub mod explore;
pub mod report;
pub mod scenario;
pub mod trace;

pub mod cli;
