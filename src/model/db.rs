//! The IdP's database: connections, operations that take time, stalls and failovers (model.md §7).
//!
//! What an operation reads or changes it does at its end. A transaction holds its connection from its start to its end.

use std::collections::{BTreeMap, VecDeque};

use super::arena::Arena;
use super::config::{Persistence, WorldConfig};
use super::event::Event;
use super::fact::{Fact, Observer};
use super::idp::Owner;
use super::issue::Gone;
use super::world::World;
use super::writer::Writing;
use crate::engine::{Delay, Handle, Schedule};
use crate::fault::Party;
use crate::id::{DbOpId, IdpNodeId, InvalidationId, ServiceId, WriterId};
use crate::oauth::Cause;
use crate::persistence::store::Store;
use crate::persistence::table::{Marked, Undone};
use crate::persistence::{Done, Rules, Write};
use crate::rng::{Rows, StreamKey, uniform};
use crate::time::{SimSpan, SimTime};

/// The database and what waits for it.
#[derive(Debug)]
pub(super) struct Database {
    pub rules: Rules,
    pub store: Store,
    /// Connections that nobody uses.
    free: u32,
    waiting: VecDeque<DbOpId>,
    ops: Arena<DbOpId, Op>,
    /// No operation ends before this.
    stalled_until: SimTime,
    /// Failovers in force.
    down: Vec<Owner>,
    pub writers: Arena<WriterId, Writing>,
    /// The request of every token that is queued or being written: where its draws come from.
    pub writes: BTreeMap<u64, (StreamKey, u64)>,
    pub invalidations: Arena<InvalidationId, Gone>,
    /// How many tokens were given up before they were written, and how many rows a failover took back.
    pub never_written: u64,
    taken_back: u64,
    /// Room for the rows that a transaction marks, used again and again.
    pub marked: Vec<Marked>,
}

/// An operation, under way or waiting for a connection.
#[derive(Debug)]
struct Op {
    work: Work,
    query: Query,
    draw: Draw,
    /// It ends, or nobody waits for a connection any longer.
    handle: Handle,
    /// When it ends, if it has a connection.
    ends: Option<SimTime>,
}

/// For whom an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Request(ServiceId),
    Writer(WriterId),
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Query {
    ReadActive,
    ReadEnded,
    Write(Write),
}

/// Where the draws of a token's operations come from: its holder, the number of the request, and how many there were.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draw {
    pub key: StreamKey,
    pub number: u64,
    pub stream: u64,
}

/// The sub-streams of a token request's draws: the operations of the request itself, and those of the thread that writes.
pub(super) const REQUEST_OPS: u64 = 1 << 32;
/// For a pool's thread.
pub(super) const WRITER_OPS: u64 = 2 << 32;

impl Database {
    /// The database, if the IdP has one.
    pub fn new(config: &WorldConfig, token_keys: usize) -> Option<Database> {
        let Persistence::Database(rules) = config.idp.persistence else { return None };
        let keep = config.faults.iter().map(|fault| fault.fault.lost()).max().unwrap_or_default();
        Some(Database {
            rules,
            store: Store::new(config.idp.nodes, token_keys, config.db.con_app_key, keep),
            free: config.db.pool,
            waiting: VecDeque::new(),
            ops: Arena::new(),
            stalled_until: SimTime::ZERO,
            down: Vec::new(),
            writers: Arena::new(),
            writes: BTreeMap::new(),
            invalidations: Arena::new(),
            never_written: 0,
            taken_back: 0,
            marked: Vec::new(),
        })
    }

    /// Checks that every token that was made is a row, was one, waits to be one, or never will be; and that every
    /// connection is used by one operation or by none.
    pub fn check(&self, tokens: u64, pool: u32) {
        let waiting: usize = self.store.nodes.iter().map(|node| node.queued().count()).sum();
        let unwritten = self.never_written + (waiting + self.writers.len()) as u64;
        assert_eq!(tokens, self.store.table.inserted() + self.taken_back + unwritten, "tokens made = rows + unwritten");
        let used = self.ops.iter().filter(|(_, op)| op.ends.is_some()).count();
        assert_eq!(used + self.free as usize, pool as usize, "connections = used + free");
        assert_eq!(self.waiting.len(), self.ops.len() - used, "who has no connection waits for one");
    }

    /// Whether no failover is in force.
    pub fn is_up(&self) -> bool {
        self.down.is_empty()
    }

    /// Until when nothing ends, if it stands still.
    pub fn stalls(&self, now: SimTime) -> Option<SimTime> {
        (self.stalled_until > now).then_some(self.stalled_until)
    }

    /// How many operations are under way or wait.
    pub fn in_flight(&self) -> usize {
        self.ops.len() + self.writers.len() + self.invalidations.len()
    }
}

impl<O: Observer> World<O> {
    pub(super) fn database(&mut self) -> &mut Database {
        self.db.as_mut().expect("only an IdP with a database works with one")
    }

    /// Starts an operation, or lets it wait for a connection; `None` where the database is gone.
    pub(super) fn start_op(&mut self, work: Work, query: Query, draw: Draw, s: &mut Schedule<Event>) -> Option<DbOpId> {
        if self.is_cut_off(work) || !self.database().is_up() {
            return None;
        }
        let db = self.database();
        let id = db.ops.next_id();
        if db.free > 0 {
            db.free -= 1;
            let (handle, ends) = self.run_op(id, query, draw, s);
            self.database().ops.insert(Op { work, query, draw, handle, ends: Some(ends) });
        } else {
            let handle = s.after(self.lanes.pool_wait, Event::PoolTimeout(id));
            let db = self.database();
            db.ops.insert(Op { work, query, draw, handle, ends: None });
            db.waiting.push_back(id);
        }
        Some(id)
    }

    /// Schedules the end of an operation that has a connection.
    fn run_op(&mut self, id: DbOpId, query: Query, draw: Draw, s: &mut Schedule<Event>) -> (Handle, SimTime) {
        let timer = match query {
            Query::ReadActive | Query::ReadEnded => &self.lanes.db_read,
            Query::Write(_) => &self.lanes.db_write,
        };
        let share = || uniform(Rows::new(draw.key).row(draw.stream, draw.number)[0]);
        let (span, delay) = timer.delay(share);
        let ends = (s.now() + span).max(self.db.as_ref().map_or(SimTime::ZERO, |db| db.stalled_until));
        let delay = if ends == s.now() + span { delay } else { Delay::Drawn(ends.since(s.now())) };
        (s.after(delay, Event::Db(id)), ends)
    }

    /// An operation is over.
    pub(super) fn op_done(&mut self, id: DbOpId, s: &mut Schedule<Event>) {
        let Op { work, query, .. } = self.database().ops.remove(id);
        self.release_connection(s);
        let done = self.carry_out(work, query, s);
        match work {
            Work::Request(service) => self.drive(service, done, s),
            Work::Writer(writer) => self.wrote(writer, done, s),
        }
    }

    fn carry_out(&mut self, work: Work, query: Query, s: &mut Schedule<Event>) -> Done {
        let (node, key) = self.whose(work);
        let db = self.database();
        match query {
            Query::ReadActive => Done::Read(db.store.table.active(key)),
            Query::ReadEnded => Done::ReadEnded(db.store.table.ended(key)),
            Query::Write(write) => self.commit(node, key, write, s),
        }
    }

    /// Nobody waits for a connection any longer.
    pub(super) fn pool_timeout(&mut self, id: DbOpId, s: &mut Schedule<Event>) {
        let db = self.database();
        db.waiting.retain(|waiting| *waiting != id);
        let op = db.ops.remove(id);
        self.op_failed(op.work, s);
    }

    fn op_failed(&mut self, work: Work, s: &mut Schedule<Event>) {
        match work {
            Work::Request(service) => self.request_failed(service, Cause::IdpError, s),
            Work::Writer(writer) => self.write_failed(writer, s),
        }
    }

    /// Takes an operation back: it is rolled back, and its connection is free.
    pub(super) fn cancel_op(&mut self, id: DbOpId, s: &mut Schedule<Event>) {
        let db = self.database();
        let op = db.ops.remove(id);
        s.cancel(op.handle);
        if op.ends.is_some() {
            self.release_connection(s);
        } else {
            db.waiting.retain(|waiting| *waiting != id);
        }
    }

    /// A connection is free: who waits longest has it.
    fn release_connection(&mut self, s: &mut Schedule<Event>) {
        let db = self.database();
        let Some(id) = db.waiting.pop_front() else {
            db.free += 1;
            return;
        };
        let (query, draw) = (db.ops[id].query, db.ops[id].draw);
        s.cancel(db.ops[id].handle);
        let (handle, ends) = self.run_op(id, query, draw, s);
        let op = &mut self.database().ops[id];
        (op.handle, op.ends) = (handle, Some(ends));
    }

    /// The database stalls: no operation ends before this.
    pub(super) fn stall_db(&mut self, until: SimTime, s: &mut Schedule<Event>) {
        self.tell(s.now(), Fact::DbStalled { until });
        let db = self.database();
        db.stalled_until = db.stalled_until.max(until);
        let early = |op: &Op| op.ends.filter(|ends| *ends < until);
        let mut held: Vec<(SimTime, DbOpId)> =
            db.ops.iter().filter_map(|(id, op)| early(op).map(|ends| (ends, id))).collect();
        held.sort_unstable();
        for (_, id) in held {
            s.cancel(db.ops[id].handle);
            db.ops[id].handle = s.at(until, Event::Db(id));
            db.ops[id].ends = Some(until);
        }
    }

    /// The database is gone until [`World::db_up`], and with it what was committed in the last `lost`.
    pub(super) fn db_down(&mut self, owner: Owner, lost: SimSpan, s: &mut Schedule<Event>) {
        if self.db.as_ref().is_some_and(|db| db.down.is_empty()) {
            self.tell(s.now(), Fact::Db(false));
        }
        self.database().down.push(owner);
        self.take_back(SimTime(s.now().0.saturating_sub(lost.0)), s.now());
        let db = self.database();
        db.waiting.clear();
        let ids: Vec<DbOpId> = db.ops.iter().map(|(id, _)| id).collect();
        let mut failed = Vec::new();
        for id in ids {
            let op = db.ops.remove(id);
            s.cancel(op.handle);
            db.free += u32::from(op.ends.is_some());
            failed.push(op.work);
        }
        for work in failed {
            self.op_failed(work, s);
        }
    }

    /// Whether the node that works does not reach the database.
    fn is_cut_off(&self, work: Work) -> bool {
        !self.partitions.is_empty() && self.partitions.cut(Party::Idp(self.whose(work).0), Party::Db)
    }

    /// Nodes have lost sight of the database: what they do there fails, and is rolled back.
    pub(super) fn cut_off_ops(&mut self, s: &mut Schedule<Event>) {
        let Some(db) = &self.db else { return };
        let ids: Vec<DbOpId> = db.ops.iter().filter(|(_, op)| self.is_cut_off(op.work)).map(|(id, _)| id).collect();
        let works: Vec<Work> = ids.iter().map(|id| db.ops[*id].work).collect();
        for id in ids {
            self.cancel_op(id, s);
        }
        for work in works {
            self.op_failed(work, s);
        }
    }

    /// Whether a transaction of a node could commit at this instant.
    pub(super) fn db_commits(&self, node: IdpNodeId, now: SimTime) -> bool {
        let reached = !self.partitions.cut(Party::Idp(node), Party::Db);
        reached && self.db.as_ref().is_some_and(|db| db.is_up() && db.stalls(now).is_none())
    }

    /// A failover is over.
    pub(super) fn db_up(&mut self, owner: Owner, s: &Schedule<Event>) {
        let db = self.database();
        db.down.retain(|down| *down != owner);
        if db.down.is_empty() {
            self.tell(s.now(), Fact::Db(true));
        }
    }

    /// What was committed after `since` is gone: rows, and the marks on older ones.
    fn take_back(&mut self, since: SimTime, now: SimTime) {
        let mut undone = Vec::new();
        self.database().store.table.undo(since, &mut undone);
        self.control_plane.tables.undo(since);
        for change in undone {
            match change {
                Undone::Insert(token) => {
                    self.database().taken_back += 1;
                    self.lose_token(&token, now);
                }
                Undone::Mark(token) => self.idp.truth.unmark(&token),
            }
        }
        // What a restart or a revocation killed stays dead.
        self.rows_die(now);
        self.tokens_changed(now);
    }
}
