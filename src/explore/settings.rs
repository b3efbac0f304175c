//! What is explored: so many requests on so many nodes, and the rules that they follow.

use crate::id::IdpNodeId;
use crate::model::config::{Persistence, WorldConfig};
use crate::persistence::{Order, Recovery, Renew, Rules, Transactions};
use crate::time::SimSpan;

/// The settings of an exploration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub nodes: usize,
    /// In all; request i arrives at node i mod `nodes`, as a round-robin front sends them.
    pub requests: usize,
    pub rules: Rules,
    pub con_app_key: bool,
    pub caches: Caches,
    /// Whether two rows can have the same `TIME_CREATED`.
    pub ties: bool,
    /// Once, at any step, any node may crash.
    pub crash: bool,
}

/// What nodes remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caches {
    /// Nothing.
    Off,
    /// Tokens; nobody tells them of changes.
    Alone,
    /// Tokens; a change of a row is told to every other node.
    Clustered,
}

/// What the command line asks of a scenario.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask {
    pub nodes: Option<usize>,
    pub requests: Option<usize>,
    /// Whether timestamps can be the same; the dialect knows, if nobody says.
    pub ties: Option<bool>,
    pub crash: bool,
}

/// Below this step of `TIME_CREATED` two rows of one race do not get the same one: WSO2 writes whole milliseconds.
const COARSE: SimSpan = SimSpan::millis(1);

impl Settings {
    /// The settings of a scenario; `None` where its tokens are not in a database.
    #[must_use]
    pub fn of(world: &WorldConfig, ask: Ask) -> Option<Settings> {
        let Persistence::Database(rules) = world.idp.persistence else { return None };
        let caches = match (world.idp.cache.ttl, world.idp.cache.invalidation) {
            (SimSpan::ZERO, _) => Caches::Off,
            (_, None) => Caches::Alone,
            (_, Some(_)) => Caches::Clustered,
        };
        Some(Settings {
            nodes: ask.nodes.unwrap_or(world.idp.nodes.max(2)),
            requests: ask.requests.unwrap_or(2),
            rules,
            con_app_key: world.db.con_app_key,
            caches,
            ties: ask.ties.unwrap_or(world.db.dialect.resolution() >= COARSE),
            crash: ask.crash,
        })
    }

    /// Whether the order of timestamps decides anything: only the recovery of WSO2's source compares them, and only for
    /// tokens that are handed out again. Elsewhere the choice would double states that behave alike.
    #[must_use]
    pub fn ties_matter(&self) -> bool {
        let compared = self.rules.pool_size == 0 && self.rules.recovery == Recovery::Wso2Source;
        compared && self.rules.renew == Renew::Reuse && self.con_app_key
    }

    /// The node that a request arrives at.
    #[must_use]
    pub fn node_of(&self, request: usize) -> IdpNodeId {
        IdpNodeId::at(request % self.nodes)
    }

    /// All of it in one line. Settings that explore alike have the same line.
    #[must_use]
    pub fn line(&self) -> String {
        let rules = &self.rules;
        let retries = rules.retry_count;
        let flow = if rules.pool_size == 0 {
            let recovery = match rules.recovery {
                Recovery::Documented => "documented",
                Recovery::Wso2Source => "wso2-source",
            };
            format!("synchronous, recovery {recovery}, {retries} retries")
        } else {
            let order = match rules.order {
                Order::Fifo => "fifo",
                Order::Lifo => "lifo",
            };
            let transactions = match rules.transactions {
                Transactions::One => "one transaction",
                Transactions::Two => "two transactions",
            };
            let pool = rules.pool_size;
            format!("asynchronous, pool of {pool}, {order}, recovery in {transactions}, {retries} retries")
        };
        let parts = [
            format!("{} nodes, {} requests", self.nodes, self.requests),
            flow,
            match rules.renew {
                Renew::Reuse => "tokens reused",
                Renew::Always => "tokens always renewed",
            }
            .into(),
            if rules.node_lock { "node lock" } else { "no node lock" }.into(),
            match self.caches {
                Caches::Off => "no node caches",
                Caches::Alone => "node caches not clustered",
                Caches::Clustered => "node caches clustered",
            }
            .into(),
            if self.con_app_key { "CON_APP_KEY" } else { "no CON_APP_KEY" }.into(),
            match (self.ties_matter(), self.ties) {
                (false, _) => "ties of TIME_CREATED cannot matter",
                (true, true) => "ties of TIME_CREATED possible",
                (true, false) => "no ties of TIME_CREATED",
            }
            .into(),
            if self.crash { "one crash of a node" } else { "no crash" }.into(),
        ];
        parts.join("; ")
    }
}
