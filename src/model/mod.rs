//! The world: who is there and what happens, to the instant (`docs/model.md`).

mod arena;
mod backend;
mod blocks;
mod budget;
mod bus;
mod call;
mod client;
pub mod config;
mod control_plane;
mod counted;
mod db;
mod delays;
pub mod event;
pub mod fact;
mod flight;
mod gateway;
mod history;
mod holder;
mod idp;
mod inbound;
mod introspection;
mod issue;
mod operator;
mod partition;
mod probe;
mod source;
mod stage;
mod standby;
mod store;
mod thread;
mod user;
mod world;
mod writer;

pub use counted::{Approximately, erlang_c, obstacles, would_wait};
pub use event::Event;
pub use world::World;

/// The version of the model: it rises with every change that moves results.
pub const MODEL_VERSION: u32 = 2;
