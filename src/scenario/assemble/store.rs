//! `[idp.persistence]`, `[idp.cache]` and `[db]`: where the IdP keeps its tokens.

use super::word;
use crate::key::Table;
use crate::model::config::{DbConfig, IdpCache, Persistence};
use crate::persistence::dialect::Dialect;
use crate::persistence::{Order, Recovery, Renew, Rules, Transactions};

/// `[idp.persistence]`.
pub fn persistence(table: &Table) -> Persistence {
    match table.text("mode") {
        "database" => Persistence::Database(rules(table)),
        "none" => Persistence::None,
        _ => Persistence::Memory,
    }
}

fn rules(table: &Table) -> Rules {
    Rules {
        pool_size: table.count32("pool_size"),
        order: word(table, "queue_order", &[("fifo", Order::Fifo), ("lifo", Order::Lifo)]),
        retry_count: table.count32("retry_count"),
        recovery: word(
            table,
            "recovery",
            &[("documented", Recovery::Documented), ("wso2-source", Recovery::Wso2Source)],
        ),
        transactions: word(table, "recovery_transactions", &[("one", Transactions::One), ("two", Transactions::Two)]),
        renew: word(table, "renew", &[("reuse", Renew::Reuse), ("always", Renew::Always)]),
        reuse_margin: table.span("reuse_margin"),
        node_lock: table.bool("node_lock"),
    }
}

/// `[idp.cache]`.
pub fn cache(table: &Table) -> IdpCache {
    IdpCache { ttl: table.span("ttl"), invalidation: table.bool("clustered").then(|| table.span("invalidation")) }
}

/// `[db]`.
pub fn db(table: &Table) -> DbConfig {
    let dialect = Dialect::from_word(table.text("profile"));
    DbConfig {
        dialect: dialect.expect("the key's words are the profiles"),
        con_app_key: table.bool("con_app_key"),
        read: table.dist("read"),
        write: table.dist("write"),
        pool: table.count32("pool"),
        pool_wait: table.span("pool_wait"),
    }
}
