//! How a race ends for its callers, and how it may end.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::AtomicBool;

use stalegate::explore::graph::{Extent, Graph, Limits};
use stalegate::explore::outcome::Held;
use stalegate::explore::{Caches, Settings};
use stalegate::persistence::dialect::Rounding;
use stalegate::persistence::{Order, Recovery, Renew, Rules, Transactions};
use stalegate::time::SimSpan;

use crate::flow::{Flow, ISSUED};
use crate::race::{Case, REVOKED_THIS_SECOND, Start};

/// One word a caller, sorted: `active#0` (the first ACTIVE token that callers hold), `inactive`, `expired`, `lost` (a
/// token that was never stored), `failed` (none).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome(Vec<String>);

impl Outcome {
    pub fn of<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Outcome {
        let mut words: Vec<String> = words.into_iter().map(Into::into).collect();
        words.sort();
        Outcome(words)
    }

    /// From what every caller holds, if anything, and the states of the tokens.
    pub fn from_holdings(holdings: &[Option<String>], states: &[(String, String)]) -> Outcome {
        let mut active: Vec<String> = Vec::new();
        let mut word = |token: &String| {
            let state = states.iter().find(|(id, _)| id == token).map_or("lost", |(_, state)| state);
            if state != "ACTIVE" {
                return state.to_lowercase();
            }
            let at = active.iter().position(|other| other == token).unwrap_or(active.len());
            if at == active.len() {
                active.push(token.clone());
            }
            format!("active#{at}")
        };
        let words = holdings.iter().map(|token| token.as_ref().map_or_else(|| "failed".to_owned(), &mut word));
        Outcome::of(words.collect::<Vec<_>>())
    }

    /// How many callers have this word.
    pub fn count(&self, word: &str) -> usize {
        self.0.iter().filter(|other| *other == word).count()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" + "))
    }
}

/// The ways in which a race may end: what `stalegate race` finds when it goes through every order.
///
/// Two times of creation can be the same only where the server stores them alike, and only the source's recovery looks at
/// them. A table that begins with an expired token, or with none, is explored as one that begins with a dead token: the
/// first insert ends the expired one, and the others never look at it.
pub fn predicted(case: &Case, rounding: Rounding) -> BTreeSet<Outcome> {
    let tied = case.start == Start::RevokedThisSecond && rounding.round(ISSUED) <= rounding.round(REVOKED_THIS_SECOND);
    let settings = Settings {
        nodes: case.nodes,
        requests: case.nodes,
        rules: rules(case.flow),
        con_app_key: true,
        caches: Caches::Clustered,
        ties: tied,
        crash: false,
    };
    let stop = AtomicBool::new(false);
    let graph = Graph::explore(&settings, &Limits { max_states: 1_000_000, stop: &stop, progress: &|_, _| {} });
    assert_eq!(graph.extent, Extent::Complete);
    graph.ends.iter().map(|end| Outcome::of(end.outcome.callers.iter().map(|held| word(*held)))).collect()
}

fn word(held: Held) -> &'static str {
    match held {
        Held::Active => "active#0",
        Held::Lost => "lost",
        Held::Nothing | Held::NodeCrashed | Held::PersistFailed => "failed",
        Held::Inactive | Held::Expired | Held::Revoked => held.word(),
    }
}

fn rules(flow: Flow) -> Rules {
    let asynchronous = matches!(flow, Flow::AsyncOne | Flow::AsyncTwo);
    Rules {
        pool_size: u32::from(asynchronous),
        order: Order::Fifo,
        retry_count: 5,
        recovery: if flow == Flow::SyncSource { Recovery::Wso2Source } else { Recovery::Documented },
        transactions: if flow == Flow::AsyncTwo { Transactions::Two } else { Transactions::One },
        renew: Renew::Reuse,
        reuse_margin: SimSpan::secs(1),
        node_lock: true,
    }
}
