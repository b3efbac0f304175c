//! The token table: rows by token key, and the constraint `CON_APP_KEY` that holds when a transaction commits.

use super::{Mark, Row, RowState, Violation, Which, Why};
use crate::id::TokenKeyId;
use crate::oauth::Token;
use crate::time::{SimSpan, SimTime, Stamp};

/// The table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table {
    con_app_key: bool,
    /// Rows that ended longer ago than this are forgotten, but for the latest of a token key.
    keep: SimSpan,
    keys: Vec<Rows>,
}

/// The rows of one token key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Rows {
    /// In the order of their inserts.
    rows: Vec<Stored>,
    /// How many have been forgotten.
    forgotten: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Stored {
    row: Row,
    inserted: SimTime,
    ended: Option<(SimTime, RowState)>,
}

/// A row that left ACTIVE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marked {
    pub token: Token,
    pub why: Why,
}

/// What a failover took back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undone {
    /// A row is gone.
    Insert(Token),
    /// A row is ACTIVE again.
    Mark(Token),
}

impl Table {
    /// An empty table for so many token keys; `keep`: for how long changes can be taken back.
    #[must_use]
    pub fn new(keys: usize, con_app_key: bool, keep: SimSpan) -> Table {
        Table { con_app_key, keep, keys: vec![Rows::default(); keys] }
    }

    /// The latest ACTIVE row: by `created`, then by the order of inserts.
    #[must_use]
    pub fn active(&self, key: TokenKeyId) -> Option<Row> {
        self.keys[key.index()].active().map(|stored| stored.row).max_by_key(|row| row.created)
    }

    /// When the latest row was created that is not ACTIVE.
    #[must_use]
    pub fn ended(&self, key: TokenKeyId) -> Option<Stamp> {
        self.keys[key.index()].rows.iter().filter(|row| row.ended.is_some()).map(|row| row.row.created).max()
    }

    /// The state of a token's row, if there is one.
    #[must_use]
    pub fn state(&self, token: &Token) -> Option<RowState> {
        let mut rows = self.keys[token.token_key.index()].rows.iter().rev();
        let stored = rows.find(|stored| stored.row.token.id == token.id)?;
        Some(stored.ended.map_or(RowState::Active, |(_, state)| state))
    }

    /// Rows inserted and not taken back since the beginning, and how many of them are ACTIVE.
    #[must_use]
    pub fn rows(&self, key: TokenKeyId) -> (u64, usize) {
        let rows = &self.keys[key.index()];
        (rows.forgotten + rows.rows.len() as u64, rows.active().count())
    }

    /// Rows of all token keys inserted and not taken back since the beginning.
    #[must_use]
    pub fn inserted(&self) -> u64 {
        self.keys.iter().map(|rows| rows.forgotten + rows.rows.len() as u64).sum()
    }

    /// Commits a transaction. `marked` gets the rows that left ACTIVE by it. The row is inserted in `state`.
    ///
    /// # Errors
    /// A violation takes the whole transaction back.
    pub fn commit(
        &mut self,
        key: TokenKeyId,
        mark: Option<Mark>,
        insert: Option<(Row, RowState)>,
        now: SimTime,
        marked: &mut Vec<Marked>,
    ) -> Result<(), Violation> {
        let hit = |stored: &Stored| {
            mark.is_some_and(|mark| match mark.which {
                Which::Token(id) => stored.row.token.id == id,
                Which::Any => true,
            })
        };
        let rows = &mut self.keys[key.index()];
        let stays = rows.active().any(|stored| !hit(stored));
        let inserts_active = insert.is_some_and(|(_, state)| state == RowState::Active);
        if inserts_active && stays && self.con_app_key {
            return Err(Violation);
        }
        if let Some(mark) = mark {
            for stored in rows.rows.iter_mut().filter(|stored| stored.ended.is_none() && hit(stored)) {
                stored.ended = Some((now, mark.to));
                marked.push(Marked { token: stored.row.token, why: mark.why });
            }
        }
        rows.forget(now, self.keep);
        if let Some((row, state)) = insert {
            let ended = (state != RowState::Active).then_some((now, state));
            rows.rows.push(Stored { row, inserted: now, ended });
        }
        assert!(!self.con_app_key || rows.active().count() <= 1, "at most one ACTIVE row a token key");
        Ok(())
    }

    /// Makes ACTIVE rows INACTIVE whose tokens are dead.
    pub fn end_dead(&mut self, now: SimTime, is_dead: impl Fn(&Token) -> bool) {
        for stored in self.keys.iter_mut().flat_map(|rows| &mut rows.rows) {
            if stored.ended.is_none() && is_dead(&stored.row.token) {
                stored.ended = Some((now, RowState::Inactive));
            }
        }
    }

    /// The tokens of a key expire at this instant; their rows stay as they are.
    pub fn expire(&mut self, key: TokenKeyId, at: Stamp) {
        for stored in &mut self.keys[key.index()].rows {
            stored.row.token.expires = stored.row.token.expires.min(at);
        }
    }

    /// Takes back what was committed after `since`.
    pub fn undo(&mut self, since: SimTime, undone: &mut Vec<Undone>) {
        for rows in &mut self.keys {
            rows.rows.retain(|stored| {
                let gone = stored.inserted > since;
                if gone {
                    undone.push(Undone::Insert(stored.row.token));
                }
                !gone
            });
            for stored in &mut rows.rows {
                if stored.ended.is_some_and(|(at, _)| at > since) {
                    stored.ended = None;
                    undone.push(Undone::Mark(stored.row.token));
                }
            }
            assert!(!self.con_app_key || rows.active().count() <= 1, "at most one ACTIVE row a token key");
        }
    }
}

impl Rows {
    fn active(&self) -> impl Iterator<Item = &Stored> {
        self.rows.iter().filter(|stored| stored.ended.is_none())
    }

    /// Forgets what ended long ago; the latest of them stays, since a recovery compares with it.
    fn forget(&mut self, now: SimTime, keep: SimSpan) {
        let latest = self.rows.iter().filter(|row| row.ended.is_some()).map(|row| row.row.created).max();
        let before = self.rows.len();
        self.rows
            .retain(|row| row.ended.is_none_or(|(at, _)| now.since(at) <= keep || Some(row.row.created) == latest));
        self.forgotten += (before - self.rows.len()) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: TokenKeyId = TokenKeyId(0);

    fn row(id: u64, created: i64) -> Row {
        Row { token: Token::alone(id, Stamp(created), Stamp(created + 1000)), created: Stamp(created) }
    }

    fn insert(table: &mut Table, id: u64, mark: Option<Mark>, at: u64) -> Result<Vec<u64>, Violation> {
        let mut marked = Vec::new();
        let new = Some((row(id, at.cast_signed()), RowState::Active));
        table.commit(KEY, mark, new, SimTime(at), &mut marked)?;
        Ok(marked.iter().map(|marked| marked.token.id).collect())
    }

    #[test]
    fn a_violation_takes_the_whole_transaction_back() {
        let mut table = Table::new(1, true, SimSpan::ZERO);
        let mark = |id| Some(Mark { which: Which::Token(id), to: RowState::Expired, why: Why::SpentUp });
        assert_eq!(insert(&mut table, 1, None, 10), Ok(vec![]));
        assert_eq!(insert(&mut table, 2, None, 11), Err(Violation));
        assert_eq!(insert(&mut table, 3, mark(1), 12), Ok(vec![1]));
        assert_eq!(insert(&mut table, 4, mark(1), 13), Err(Violation), "the row that was to go is gone already");
        assert_eq!((table.active(KEY), table.ended(KEY)), (Some(row(3, 12)), Some(Stamp(10))));
        assert_eq!(table.rows(KEY), (2, 1));
    }

    #[test]
    fn without_the_constraint_the_latest_active_row_is_read() {
        let mut table = Table::new(1, false, SimSpan::ZERO);
        for (id, at) in [(1, 10), (2, 11), (3, 11)] {
            insert(&mut table, id, None, at).unwrap();
        }
        assert_eq!(table.active(KEY), Some(row(3, 11)));
        let mark = Some(Mark { which: Which::Any, to: RowState::Inactive, why: Why::Raced });
        assert_eq!(insert(&mut table, 4, mark, 20), Ok(vec![1, 2, 3]));
    }

    #[test]
    fn an_undo_brings_the_table_back_to_what_it_was() {
        let mut table = Table::new(1, true, SimSpan(100));
        insert(&mut table, 1, None, 10).unwrap();
        let before = table.clone();
        let mark = Some(Mark { which: Which::Any, to: RowState::Inactive, why: Why::Raced });
        insert(&mut table, 2, mark, 20).unwrap();
        let mut undone = Vec::new();
        table.undo(SimTime(15), &mut undone);
        assert_eq!(undone, [Undone::Insert(row(2, 20).token), Undone::Mark(row(1, 10).token)]);
        assert_eq!(table, before);
    }

    #[test]
    fn what_ended_long_ago_is_forgotten_but_counted() {
        let mut table = Table::new(1, true, SimSpan(5));
        for id in 0..100 {
            let mark = Some(Mark { which: Which::Any, to: RowState::Revoked, why: Why::Renewed });
            insert(&mut table, id, mark, id * 10).unwrap();
        }
        assert!(table.keys[0].rows.len() <= 3);
        assert_eq!((table.rows(KEY), table.ended(KEY)), ((100, 1), Some(Stamp(980))));
    }
}
