//! The models on NeXosim 1.0. `nexosim` is built as its README does it, of models that are connected by ports; `nexosim-one` has all
//! of the world in one model, without ports: not how a bench is meant to be, but the most that its scheduler can do.
//!
//! On one thread, as the other engines. By default it takes all cores; on two, `token-cache --quick` took 2.1 s instead of 0.1 s.

#![allow(clippy::unused_self, clippy::unused_async, reason = "what a port may be is the engine's choice")]

mod hold;
mod one;
mod ports;

use std::time::Duration;

use nexosim::model::{Context, Model};
use nexosim::time::MonotonicTime;
use peer_model::{CLIENT_GATEWAY, GATEWAY_BACKEND, Nanos, Peer};

const TO_GATEWAY: Duration = Duration::from_nanos(CLIENT_GATEWAY);
const TO_BACKEND: Duration = Duration::from_nanos(GATEWAY_BACKEND);
const LATER: &str = "a delay is above zero";

/// Nanoseconds since the beginning.
fn now<M: Model>(cx: &Context<M>) -> Nanos {
    let since = cx.time().duration_since(MonotonicTime::EPOCH);
    since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos())
}

fn main() {
    peer_model::main(&[
        Peer { name: "nexosim", token_cache: ports::token_cache, hold: hold::hold },
        Peer { name: "nexosim-one", token_cache: one::token_cache, hold: hold::hold },
    ]);
}
