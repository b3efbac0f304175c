//! How a race ends for its callers, and how it may end.

use std::collections::BTreeSet;
use std::fmt;

use stalegate::persistence::dialect::Rounding;

use crate::flow::{Flow, ISSUED};
use crate::race::{Case, REVOKED_BEFORE, REVOKED_THIS_SECOND, Start};

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

/// The ways in which a race of two may end, as the documents and the source have it: both hold one ACTIVE token; where
/// persistence is asynchronous, or the source's recovery finds a token no newer than the last dead one, one of two may
/// hold a dead one. Whatever else explores the flows takes the place of this function alone.
pub fn predicted(case: &Case, rounding: Rounding) -> BTreeSet<Outcome> {
    let dead = match (case.flow, case.start) {
        (Flow::AsyncOne | Flow::AsyncTwo, _) => Some("inactive"),
        (Flow::SyncSource, Start::RevokedBefore | Start::RevokedThisSecond) => {
            let revoked = if case.start == Start::RevokedBefore { REVOKED_BEFORE } else { REVOKED_THIS_SECOND };
            (rounding.round(ISSUED) <= rounding.round(revoked)).then_some("expired")
        }
        (Flow::SyncSource, Start::Empty | Start::Expired) | (Flow::SyncDocumented, _) => None,
    };
    let shared = Outcome::of(["active#0", "active#0"]);
    dead.map(|word| Outcome::of(["active#0", word])).into_iter().chain([shared]).collect()
}
