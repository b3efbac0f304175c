//! What a step does to the table and to other nodes: transactions, the word of them, crashes.

use super::race::Race;
use super::settings::Caches;
use super::state::{Caller, INSTANT, KEY, NOW, token};
use super::steps::{Commit, What, Who};
use crate::engine::chooser::Chooser;
use crate::id::IdpNodeId;
use crate::persistence::store::Store;
use crate::persistence::table::Marked;
use crate::persistence::{Insert, Row, RowState, Violation, Write};
use crate::time::Stamp;

impl Race<'_> {
    /// A transaction commits, or is rolled back; the row that it inserted.
    pub(super) fn commit(
        &mut self,
        node: IdpNodeId,
        who: Who,
        write: Write,
        chooser: &mut impl Chooser,
    ) -> Result<Option<Row>, Violation> {
        let new = match write.insert {
            Insert::Nothing => None,
            Insert::New => Some(token(self.state.next)),
            Insert::This(token) => Some(token),
        };
        let latest = self.latest();
        let compared = self.settings.ties_matter();
        // Where no time is compared, all are the same: states that behave alike stay one.
        let mut row = new.map(|token| Row { token, created: Stamp(if compared { latest + 1 } else { 1 }) });
        let before = (compared && self.settings.ties).then(|| self.state.store.clone());
        let mut marked: Vec<Marked> = Vec::new();
        let mut insert = |store: &mut Store, row: Option<Row>| {
            marked.clear();
            store.commit(node, KEY, write.mark, row.map(|row| (row, RowState::Active)), INSTANT, &mut marked)
        };
        if let Err(violation) = insert(&mut self.state.store, row) {
            let there = self.state.store.table.active(KEY).map(|row| row.token.id);
            self.act_on(node, who, What::Violates(there));
            return Err(violation);
        }
        // Asked only now: a transaction that is rolled back leaves no time behind.
        if let (Some(mut before), Some(row)) = (before, &mut row)
            && chooser.choose(2) == 1
        {
            row.created = Stamp(latest);
            insert(&mut before, Some(*row)).expect("it was no violation at another time of creation");
            self.state.store = before;
        }
        if write.insert == Insert::New {
            self.state.next += 1;
        }
        let state = |row: &Marked| Some((row.token.id, self.state.store.table.state(&row.token)?));
        let marked: Vec<(u64, RowState)> = marked.iter().filter_map(state).collect();
        self.tell_others(node, &marked);
        let tied = row.filter(|_| compared).map(|row| row.created == Stamp(latest));
        let inserted = row.map(|row| row.token.id);
        self.act_on(node, who, What::Commits(Commit { marked, inserted, tied }));
        Ok(row)
    }

    /// The latest time of creation in the table.
    fn latest(&self) -> i64 {
        let table = &self.state.store.table;
        table.active(KEY).map(|row| row.created).max(table.ended(KEY)).map_or(0, |stamp| stamp.0)
    }

    /// Every other node that is up will hear of what a transaction marked.
    fn tell_others(&mut self, from: IdpNodeId, marked: &[(u64, RowState)]) {
        if self.settings.caches != Caches::Clustered {
            return;
        }
        for node in (0..self.settings.nodes).map(IdpNodeId::at) {
            if node != from && self.state.crashed != Some(node) {
                self.state.messages.extend(marked.iter().map(|(token, _)| (node, *token)));
            }
        }
    }

    pub(super) fn hear(&mut self, node: IdpNodeId, id: u64) {
        self.state.messages.remove(&(node, id));
        let cached = self.memory(node).knows(&token(id), NOW);
        self.memory(node).forget_one(id);
        self.act_on(node, Who::Cache, What::Hears { token: id, cached });
    }

    /// Whatever the node had in memory is gone, and so are its requests.
    pub(super) fn crash(&mut self, node: IdpNodeId) {
        self.state.crashed = Some(node);
        let threads = std::mem::take(&mut self.state.threads[node.index()]);
        let written = threads.iter().map(|(writer, _)| writer.item().token.id);
        let queued = self.state.store.nodes[node.index()].queued().map(|item| item.token.id);
        let tokens = written.chain(queued).collect();
        self.memory(node).clear();
        self.state.messages.retain(|(to, _)| *to != node);
        let mut requests = Vec::new();
        for (request, caller) in self.state.callers.iter_mut().enumerate() {
            let open = matches!(caller, Caller::Arrived | Caller::Busy { .. });
            if open && self.settings.node_of(request) == node {
                *caller = Caller::Crashed;
                requests.push(request);
            }
        }
        self.act_on(node, Who::Node, What::Crashes { requests, tokens });
    }
}
