//! What a token holder does: small rules, each a pure function or state machine. They see no engine, no world and no
//! randomness but what they are given, so that the same code runs in the simulator, in an explorer, in a real gateway.

pub mod cache;
pub mod events;
pub mod fetch;
pub mod fetcher;
pub mod lifetime;
pub mod probe;
pub mod rejection;
pub mod store;
pub mod surge;

use crate::key::{Key, Table};

/// The rules of one policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub lifetime: lifetime::Lifetime,
    pub fetch: fetch::Fetch,
    pub store: store::Store,
    pub rejection: rejection::Rejection,
    pub events: events::Events,
    pub probe: probe::Probe,
    pub surge: surge::Surge,
}

/// A rule as the registry knows it.
#[derive(Clone, Copy, Debug)]
pub struct RuleDef {
    /// Its table in a scenario file: `[policy.<name>]`.
    pub name: &'static str,
    pub keys: &'static [Key],
    pub doc: &'static str,
}

/// Every rule, in the order of model.md §4. A new rule is one file, one line here and one field above.
pub const RULES: &[RuleDef] = &[
    RuleDef { name: "lifetime", keys: lifetime::KEYS, doc: "how long a cached token is used" },
    RuleDef { name: "fetch", keys: fetch::KEYS, doc: "how a token is got on a miss" },
    RuleDef { name: "store", keys: store::KEYS, doc: "where the cached token lies" },
    RuleDef { name: "rejection", keys: rejection::KEYS, doc: "what happens when the backend refuses a call" },
    RuleDef { name: "events", keys: events::KEYS, doc: "whether the IdP tells the gateway" },
    RuleDef { name: "probe", keys: probe::KEYS, doc: "whether cached tokens are introspected in the background" },
    RuleDef { name: "surge", keys: surge::KEYS, doc: "whether a surge of refusals empties caches" },
];

impl Policy {
    /// What of it a thread of an application keeps to. A thread caches what it asked for, has one request in the air, and
    /// shares no store and
    /// probes nothing; what it does about refusals it says itself.
    #[must_use]
    pub fn of_thread(&self) -> Policy {
        let mut policy = self.clone();
        if policy.lifetime.rule == lifetime::LifetimeRule::NoCache {
            policy.lifetime.rule = lifetime::LifetimeRule::ExpiresIn;
        }
        policy.fetch.single_flight = fetch::SingleFlight::Node;
        policy.store.shared = false;
        policy.probe.every = None;
        policy
    }

    /// The policy of one decoded table a rule, in the order of [`RULES`].
    ///
    /// # Panics
    /// Where a table is missing, which is a bug of the caller.
    #[must_use]
    pub fn from_tables(table: &dyn Fn(&str) -> Table) -> Policy {
        Policy {
            lifetime: lifetime::Lifetime::from_table(&table("lifetime")),
            fetch: fetch::Fetch::from_table(&table("fetch")),
            store: store::Store::from_table(&table("store")),
            rejection: rejection::Rejection::from_table(&table("rejection")),
            events: events::Events::from_table(&table("events")),
            probe: probe::Probe::from_table(&table("probe")),
            surge: surge::Surge::from_table(&table("surge")),
        }
    }
}
