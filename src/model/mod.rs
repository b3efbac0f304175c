//! The world: who is there and what happens, to the instant (`docs/model.md`).

pub mod config;
