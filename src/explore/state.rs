//! A state of the race: the store, what each caller is about, what threads write, and what is on its way between nodes.

use std::collections::BTreeSet;

use super::outcome::{Held, Outcome};
use super::settings::Settings;
use crate::id::{IdpNodeId, TokenKeyId};
use crate::oauth::Token;
use crate::persistence::queued::Writer;
use crate::persistence::request::Request;
use crate::persistence::store::Store;
use crate::persistence::{Row, RowState, Write};
use crate::time::{SimSpan, SimTime, Stamp};

/// All requests ask for one token.
pub(super) const KEY: TokenKeyId = TokenKeyId(0);
/// There is no time: it is always now.
pub(super) const NOW: Stamp = Stamp(0);
pub(super) const INSTANT: SimTime = SimTime::ZERO;
/// Nothing expires before the race is over.
pub(super) const LATER: Stamp = Stamp(1);
/// The token whose revocation made everybody ask.
const REVOKED: u64 = 0;

/// A state. What no longer matters is not in it, so that ways that lead to the same future meet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub(super) store: Store,
    /// By request.
    pub(super) callers: Vec<Caller>,
    /// By node: what its threads write. Threads are all alike, so that these are sorted.
    pub(super) threads: Vec<Vec<(Writer, Write)>>,
    /// What nodes will hear: this token's row is no longer ACTIVE.
    pub(super) messages: BTreeSet<(IdpNodeId, u64)>,
    /// The number of the token that is created next: numbers follow the order of creation.
    pub(super) next: u64,
    pub(super) crashed: Option<IdpNodeId>,
}

/// What became of a request so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Caller {
    /// It has arrived.
    Arrived,
    Busy {
        request: Request,
        with: Operation,
    },
    /// It was answered with this token.
    Holds(u64),
    PersistFailed,
    Crashed,
}

/// What a request does, or waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Operation {
    Lock,
    ReadActive,
    ReadEnded,
    Write(Write),
}

impl State {
    /// Everybody asks: the token that all had was revoked, and nothing is cached.
    #[must_use]
    pub fn start(settings: &Settings) -> State {
        let mut store = Store::new(settings.nodes, 1, settings.con_app_key, SimSpan::ZERO);
        let revoked = Row { token: token(REVOKED), created: Stamp(0) };
        let inserted =
            store.commit(IdpNodeId(0), KEY, None, Some((revoked, RowState::Revoked)), INSTANT, &mut Vec::new());
        inserted.expect("an empty table has no constraint to violate");
        State {
            store,
            callers: vec![Caller::Arrived; settings.requests],
            threads: vec![Vec::new(); settings.nodes],
            messages: BTreeSet::new(),
            next: REVOKED + 1,
            crashed: None,
        }
    }

    /// Tokens written so far.
    #[must_use]
    pub fn inserted(&self) -> u64 {
        self.store.table.rows(KEY).0 - 1
    }

    /// The latest ACTIVE token, and how many there are.
    #[must_use]
    pub fn active(&self) -> (Option<u64>, usize) {
        (self.store.table.active(KEY).map(|row| row.token.id), self.store.table.rows(KEY).1)
    }

    /// What the callers hold now; it is final in an end state.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let held = |caller: &Caller| match caller {
            Caller::Holds(id) => match self.store.table.state(&token(*id)) {
                Some(RowState::Active) => Held::Active,
                Some(RowState::Inactive) => Held::Inactive,
                Some(RowState::Expired) => Held::Expired,
                Some(RowState::Revoked) => Held::Revoked,
                None => Held::Lost,
            },
            Caller::PersistFailed => Held::PersistFailed,
            Caller::Crashed => Held::NodeCrashed,
            Caller::Arrived | Caller::Busy { .. } => Held::Nothing,
        };
        Outcome::new(self.callers.iter().map(held).collect(), self.active().1)
    }
}

/// A token by its number. Who issued it decides nothing here, and would only keep states apart.
pub(super) fn token(id: u64) -> Token {
    Token { token_key: KEY, ..Token::alone(id, NOW, LATER) }
}
