//! What several test binaries share: random scenarios, and a reader of texts.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod callers;
pub mod dice;
pub mod golden;
pub mod json_schema;
#[cfg(unix)]
pub mod place;
pub mod random_scenario;
pub mod watch;
pub mod worlds;

use stalegate::scenario::{Loaded, load_text};

/// The scenario of a text that has no mistakes.
pub fn scenario(text: &str) -> Loaded {
    load_text("scenario.toml", text, &[], None).unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{text}"))
}

/// Two policies, three replications of twenty minutes, one restart.
pub const SMALL: &str = r#"
name = "small"
[run]
duration = "20min"
replications = 3
[idp]
token_lifetime = "10min"
restart_event = "at-start"
token_service = { dist = "exponential", mean = "20ms" }
[[api]]
name = "orders"
[[client]]
name = "shop"
apis = ["orders"]
arrivals = { process = "poisson", rate = "1/s" }
[[fault]]
name = "restart"
kind = "idp-restart"
at = "2min"
down = "10s"
[[policy]]
name = "ttl-only"
[[policy]]
name = "hybrid"
base = "hybrid"
"#;
