//! Worlds that differ in one thing, and what has to be the same in both.

#[path = "../common/mod.rs"]
mod common;
#[path = "../support/mod.rs"]
mod support;

mod revocation;
mod store;
mod world;
