//! Asynchronous persistence: the queue of a node, the pool of threads that write it, and what a stop of the node leaves of it.

use super::db::{Draw, Query, WRITER_OPS, Work};
use super::event::Event;
use super::fact::{Fact, Observer};
use super::world::World;
use crate::engine::Schedule;
use crate::id::{DbOpId, IdpNodeId, ServiceId, WriterId};
use crate::persistence::queued::{Next, Writer};
use crate::persistence::{Done, Item, Write};

/// A thread of a node's pool that writes a token.
#[derive(Debug)]
pub(super) struct Writing {
    pub node: IdpNodeId,
    pub machine: Writer,
    /// Transactions so far.
    ops: u64,
    op: Option<DbOpId>,
}

impl<O: Observer> World<O> {
    /// A request puts its token on the queue of its node.
    pub(super) fn queue_token(&mut self, service: ServiceId, item: Item, s: &mut Schedule<Event>) {
        let node = self.idp.node_of(service);
        let flight = &self.flights[self.idp.flight_of(service)];
        let draw = (self.holders[flight.holder.index()].key, flight.request.number);
        self.database().writes.insert(item.token.id, draw);
        self.database().store.nodes[node.index()].push(item);
        self.wake_writers(node, s);
    }

    /// Threads that are free take what is queued.
    fn wake_writers(&mut self, node: IdpNodeId, s: &mut Schedule<Event>) {
        loop {
            let db = self.database();
            let busy = db.writers.iter().filter(|(_, writing)| writing.node == node).count();
            if busy >= db.rules.pool_size as usize {
                return;
            }
            let Some(item) = db.store.nodes[node.index()].take(db.rules.order) else { return };
            let (machine, write) = Writer::begin(item);
            let id = db.writers.insert(Writing { node, machine, ops: 0, op: None });
            if !self.start_write(id, write, s) {
                let writing = self.database().writers.remove(id);
                self.drop_item(writing.machine.item(), s);
            }
        }
    }

    /// Starts a transaction of a thread; `false` where the database is gone.
    fn start_write(&mut self, id: WriterId, write: Write, s: &mut Schedule<Event>) -> bool {
        let writing = &mut self.database().writers[id];
        let (token, stream) = (writing.machine.item().token.id, WRITER_OPS + writing.ops);
        writing.ops += 1;
        let (key, number) = self.database().writes[&token];
        let op = self.start_op(Work::Writer(id), Query::Write(write), Draw { key, number, stream }, s);
        self.database().writers[id].op = op;
        op.is_some()
    }

    /// A transaction of a thread is over.
    pub(super) fn wrote(&mut self, id: WriterId, done: Done, s: &mut Schedule<Event>) {
        match self.next_write(id, done) {
            Next::Write(write) if self.start_write(id, write, s) => {}
            Next::Write(_) => self.write_failed(id, s),
            end @ (Next::Stored { .. } | Next::Lost) => {
                let Writing { node, machine, .. } = self.database().writers.remove(id);
                self.end_write(node, machine.item(), end, s);
                self.wake_writers(node, s);
            }
        }
    }

    fn next_write(&mut self, id: WriterId, done: Done) -> Next {
        let db = self.database();
        let rules = db.rules;
        db.writers[id].op = None;
        db.writers[id].machine.next(done.outcome(), &rules)
    }

    fn end_write(&mut self, node: IdpNodeId, item: Item, end: Next, s: &mut Schedule<Event>) {
        match end {
            Next::Lost => {
                self.tell(s.now(), Fact::ConAppKeyExhausted { node });
                self.drop_item(item, s);
            }
            Next::Stored { recovered } => {
                self.database().writes.remove(&item.token.id);
                if recovered {
                    self.tell(s.now(), Fact::ConAppKeyRecovered { node, token: item.token.id });
                }
            }
            Next::Write(_) => unreachable!("not the end"),
        }
    }

    /// The database failed a thread: a failed item is logged and dropped (facts: wso2.md §3.2).
    pub(super) fn write_failed(&mut self, id: WriterId, s: &mut Schedule<Event>) {
        let writing = self.database().writers.remove(id);
        self.drop_item(writing.machine.item(), s);
        self.wake_writers(writing.node, s);
    }

    /// A token will never be written.
    fn drop_item(&mut self, item: Item, s: &Schedule<Event>) {
        let db = self.database();
        db.writes.remove(&item.token.id);
        db.never_written += 1;
        self.lose_token(&item.token, s.now());
    }

    /// Nodes lose what they have in memory. `writes_first`: what is queued or being written is written at this
    /// instant, unless the database is gone or stands still.
    pub(super) fn lose_memory(&mut self, nodes: &[IdpNodeId], writes_first: bool, s: &mut Schedule<Event>) {
        if self.db.is_none() {
            return;
        }
        for node in nodes {
            for item in self.take_unwritten(*node, s) {
                if writes_first && self.db_commits(*node, s.now()) {
                    self.write_now(*node, item, s);
                } else {
                    self.drop_item(item, s);
                }
            }
            self.database().store.nodes[node.index()].clear();
        }
        self.world_changed();
    }

    /// What a node has queued or is writing, in the order in which it would be written; nobody writes it any more.
    fn take_unwritten(&mut self, node: IdpNodeId, s: &mut Schedule<Event>) -> Vec<Item> {
        let db = self.database();
        let ids: Vec<WriterId> =
            db.writers.iter().filter(|(_, writing)| writing.node == node).map(|(id, _)| id).collect();
        let mut items = Vec::new();
        for id in ids {
            let writing = self.database().writers.remove(id);
            items.push(writing.machine.item());
            if let Some(op) = writing.op {
                self.cancel_op(op, s);
            }
        }
        let db = self.database();
        let order = db.rules.order;
        items.extend(std::iter::from_fn(|| db.store.nodes[node.index()].take(order)));
        items
    }

    /// Writes a token in no time.
    fn write_now(&mut self, node: IdpNodeId, item: Item, s: &mut Schedule<Event>) {
        let rules = self.database().rules;
        let (mut machine, mut write) = Writer::begin(item);
        loop {
            let done = self.commit(node, item.token.token_key, write, s);
            match machine.next(done.outcome(), &rules) {
                Next::Write(next) => write = next,
                end @ (Next::Stored { .. } | Next::Lost) => return self.end_write(node, item, end, s),
            }
        }
    }
}
