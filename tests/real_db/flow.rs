//! What one node does to give its caller a token: the flows of the documents and of WSO2's source, on a connection.
//!
//! Sources: WSO2 API-M documentation, "Recovery flow for token persistence"; identity-inbound-auth-oauth,
//! `AccessTokenDAOImpl` (five cases, here for opaque tokens).

use std::time::Duration;

use stalegate::time::Stamp;

use crate::race::Stopwatch;
use crate::session::{Session, Trouble};
use crate::table::{self, State, Token};

/// `retry_count_on_persistence_failures`.
const RETRIES: u32 = 5;
/// Every token of a race is issued at this time.
pub const ISSUED: Stamp = Stamp(200_000_000);
/// An hour, WSO2's lifetime of a token.
pub const LIFETIME: i64 = 3_600_000_000_000;

/// How a node persists, and what it does when the constraint refuses its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flow {
    /// Synchronous; reads again and returns what it finds.
    SyncDocumented,
    /// Synchronous; the cases of the source.
    SyncSource,
    /// Asynchronous; marks the other's token INACTIVE and stores its own, in one transaction.
    AsyncOne,
    /// The same in two.
    AsyncTwo,
}

/// One node at its work on one race.
pub struct Node<'a> {
    pub session: &'a mut dyn Session,
    pub key: u32,
    /// The token that it makes.
    pub own: String,
    /// How long a transaction stays open after its insert.
    pub hold: Duration,
    pub told: Told,
}

/// What a node has to tell afterwards.
#[derive(Debug, Default)]
pub struct Told {
    /// The token that its caller holds.
    pub holds: Option<String>,
    pub inserted: bool,
    pub violations: u32,
    /// Of its inserts and updates.
    pub longest_statement: Duration,
    pub trouble: Option<Trouble>,
}

impl Node<'_> {
    /// Runs a flow to its end.
    pub fn run(&mut self, flow: Flow) {
        let end = match flow {
            Flow::SyncDocumented => self.sync(Node::read_again),
            Flow::SyncSource => self.sync(Node::five_cases),
            Flow::AsyncOne => self.asynchronous(false),
            Flow::AsyncTwo => self.asynchronous(true),
        };
        match end {
            Ok(token) => self.told.holds = Some(token),
            // A deadlock is not tried again.
            Err(trouble) => {
                let _ = self.session.execute("ROLLBACK");
                self.told.trouble = Some(trouble);
            }
        }
    }

    fn sync(&mut self, recover: fn(&mut Self) -> Result<Option<String>, Trouble>) -> Result<String, Trouble> {
        let mut expired = None;
        if let Some(active) = table::latest(self.session, self.key, true)? {
            if active.created.0 + LIFETIME > ISSUED.0 {
                return Ok(active.id);
            }
            expired = Some((active.id, State::Expired));
        }
        if self.store(expired.as_ref())? {
            return Ok(self.own.clone());
        }
        for _ in 0..RETRIES {
            if let Some(token) = recover(self)? {
                return Ok(token);
            }
        }
        Err(Trouble::Violation)
    }

    /// The documented recovery: the token of the other, or another try.
    fn read_again(&mut self) -> Result<Option<String>, Trouble> {
        if let Some(active) = table::latest(self.session, self.key, true)? {
            return Ok(Some(active.id));
        }
        Ok(self.store(None)?.then(|| self.own.clone()))
    }

    /// The recovery of the source: adopt a token that is newer than the last dead one, or than none; expire one that is
    /// not.
    fn five_cases(&mut self) -> Result<Option<String>, Trouble> {
        let dead = table::latest(self.session, self.key, false)?;
        let Some(active) = table::latest(self.session, self.key, true)? else {
            return Ok(self.store(None)?.then(|| self.own.clone()));
        };
        let alive = active.created.0 + LIFETIME > ISSUED.0;
        if alive && dead.is_none_or(|dead| active.created > dead.created) {
            return Ok(Some(active.id));
        }
        let mark = (active.id, if alive { State::Expired } else { State::Inactive });
        Ok(self.store(Some(&mark))?.then(|| self.own.clone()))
    }

    /// The caller has its answer before anything is stored.
    fn asynchronous(&mut self, two: bool) -> Result<String, Trouble> {
        if let Some(active) = table::latest(self.session, self.key, true)? {
            return Ok(active.id);
        }
        self.told.holds = Some(self.own.clone());
        if self.store(None)? {
            return Ok(self.own.clone());
        }
        for _ in 0..RETRIES {
            self.session.execute("BEGIN")?;
            self.timed(|node| table::mark(node.session, node.key, None, State::Inactive))?;
            if two {
                self.session.execute("COMMIT")?;
                self.session.execute("BEGIN")?;
            }
            if self.insert()? {
                return Ok(self.own.clone());
            }
        }
        Err(Trouble::Violation)
    }

    /// One transaction: marks a token, if asked to, and inserts the own one. False: the constraint refused it.
    fn store(&mut self, mark: Option<&(String, State)>) -> Result<bool, Trouble> {
        self.session.execute("BEGIN")?;
        if let Some((id, state)) = mark {
            self.timed(|node| table::mark(node.session, node.key, Some(id), *state))?;
        }
        self.insert()
    }

    /// The rest of a transaction.
    fn insert(&mut self) -> Result<bool, Trouble> {
        let own = self.own.clone();
        let token = Token { id: &own, key: self.key, state: State::Active, created: ISSUED, null: None };
        match self.timed(|node| table::insert(node.session, token)) {
            Ok(()) => {
                std::thread::sleep(self.hold);
                self.session.execute("COMMIT")?;
                self.told.inserted = true;
                Ok(true)
            }
            Err(Trouble::Violation) => {
                self.session.execute("ROLLBACK")?;
                self.told.violations += 1;
                Ok(false)
            }
            Err(other) => Err(other),
        }
    }

    fn timed(&mut self, statement: impl FnOnce(&mut Self) -> Result<(), Trouble>) -> Result<(), Trouble> {
        let watch = Stopwatch::start();
        let result = statement(self);
        self.told.longest_statement = self.told.longest_statement.max(watch.elapsed());
        result
    }
}
