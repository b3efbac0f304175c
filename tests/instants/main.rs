//! docs/model.md to the instant: each test is one sentence of it in a tiny world.

#[path = "../support_run/mod.rs"]
mod support_run;

mod application;
mod partition;
mod products;
mod revocation;
mod rotation;
mod rules;
mod store;
mod store_faults;
mod world;
