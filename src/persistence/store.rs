//! What the machines of a cluster act upon: one token table, and the memory of every node.

use super::node::NodeMemory;
use super::table::{Marked, Table};
use super::{Mark, Row, RowState, Violation};
use crate::id::{IdpNodeId, TokenKeyId};
use crate::time::{SimSpan, SimTime, Stamp};

/// The table and the nodes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Store {
    pub table: Table,
    pub nodes: Vec<NodeMemory>,
}

impl Store {
    /// Nothing is stored, nothing is remembered; `keep`: for how long changes of the table can be taken back.
    #[must_use]
    pub fn new(nodes: usize, keys: usize, con_app_key: bool, keep: SimSpan) -> Store {
        Store { table: Table::new(keys, con_app_key, keep), nodes: vec![NodeMemory::default(); nodes] }
    }

    /// A transaction of a node commits. What it marks the node itself forgets at once; the others hear of it later, or never.
    ///
    /// # Errors
    /// A violation takes the whole transaction back.
    pub fn commit(
        &mut self,
        node: IdpNodeId,
        key: TokenKeyId,
        mark: Option<Mark>,
        insert: Option<(Row, RowState)>,
        now: SimTime,
        marked: &mut Vec<Marked>,
    ) -> Result<(), Violation> {
        let from = marked.len();
        self.table.commit(key, mark, insert, now, marked)?;
        let node = &mut self.nodes[node.index()];
        marked[from..].iter().for_each(|marked| node.forget_one(marked.token.id));
        Ok(())
    }

    /// The tokens of a key expire at this instant; their rows stay ACTIVE.
    pub fn expire(&mut self, key: TokenKeyId, at: Stamp) {
        self.table.expire(key, at);
        self.nodes.iter_mut().for_each(|node| node.expire(key, at));
    }
}

#[cfg(test)]
mod tests {
    //! The flows of two nodes over one store, step by step in an order that the test says.

    use super::*;
    use crate::oauth::Token;
    use crate::persistence::queued::{Next, Writer};
    use crate::persistence::request::Request;
    use crate::persistence::{Done, Insert, Order, Recovery, Renew, Rules, Step, Transactions, Write};

    const KEY: TokenKeyId = TokenKeyId(0);

    fn rules() -> Rules {
        Rules {
            pool_size: 0,
            order: Order::Fifo,
            retry_count: 5,
            recovery: Recovery::Documented,
            transactions: Transactions::One,
            renew: Renew::Reuse,
            reuse_margin: SimSpan(0),
            node_lock: false,
        }
    }

    fn row(id: u64, created: i64) -> Row {
        Row { token: Token::alone(id, Stamp(0), Stamp(1_000)), created: Stamp(created) }
    }

    struct Cluster {
        store: Store,
        rules: Rules,
        /// The next token's number and time of creation.
        next: (u64, i64),
    }

    impl Cluster {
        fn new(rules: Rules) -> Cluster {
            Cluster { store: Store::new(2, 1, true, SimSpan(0)), rules, next: (1, 1) }
        }

        fn commit(&mut self, node: u16, write: Write) -> Done {
            let insert = match write.insert {
                Insert::Nothing => None,
                Insert::New => Some(row(self.next.0, self.next.1)),
                Insert::This(token) => Some(Row { token, created: Stamp(0) }),
            };
            let rows = insert.map(|row| (row, RowState::Active));
            match self.store.commit(IdpNodeId(node), KEY, write.mark, rows, SimTime(0), &mut Vec::new()) {
                Ok(()) => {
                    self.next.0 += 1;
                    Done::Written(insert.map(|row| row.token))
                }
                Err(violation) => Done::Violated(violation),
            }
        }

        /// Goes on until a transaction, or the end.
        fn until_write(&mut self, node: u16, request: &mut Request, mut done: Done) -> Step {
            loop {
                let step = request.next(done, &self.rules, Stamp(0));
                done = match step {
                    Step::Look => Done::Looked(self.store.nodes[usize::from(node)].cached(KEY, Stamp(0))),
                    Step::ReadActive => Done::Read(self.store.table.active(KEY)),
                    Step::ReadEnded => Done::ReadEnded(self.store.table.ended(KEY)),
                    Step::Create => {
                        self.next.0 += 1;
                        Done::Created(row(self.next.0 - 1, 0).token)
                    }
                    Step::Queue(item) => {
                        self.store.nodes[usize::from(node)].push(item);
                        Done::Queued
                    }
                    Step::Lock => Done::Locked,
                    Step::Write(_) | Step::Answer { .. } | Step::GiveUp => return step,
                };
            }
        }

        fn write(&mut self, node: u16, request: &mut Request, step: Step) -> Step {
            let Step::Write(write) = step else { panic!("{step:?} is no transaction") };
            let done = self.commit(node, write);
            self.until_write(node, request, done)
        }
    }

    fn answered(step: Step) -> (u64, bool) {
        match step {
            Step::Answer { token, recovered } => (token.id, recovered),
            step => panic!("{step:?} is no answer"),
        }
    }

    /// Two nodes read, then the first writes, then the second.
    fn race(cluster: &mut Cluster) -> (Step, Step) {
        let (mut one, mut two) = (Request::default(), Request::default());
        let first = cluster.until_write(0, &mut one, Done::Served);
        let second = cluster.until_write(1, &mut two, Done::Served);
        (cluster.write(0, &mut one, first), cluster.write(1, &mut two, second))
    }

    #[test]
    fn the_loser_of_a_synchronous_race_gets_the_winners_token() {
        let (one, two) = race(&mut Cluster::new(rules()));
        assert_eq!((answered(one), answered(two)), ((1, false), (1, true)));
    }

    #[test]
    fn an_asynchronous_recovery_leaves_the_first_callers_token_inactive() {
        for transactions in [Transactions::One, Transactions::Two] {
            let mut cluster = Cluster::new(Rules { pool_size: 1, transactions, ..rules() });
            let tokens: Vec<u64> = (0..2)
                .map(|node| answered(cluster.until_write(node, &mut Request::default(), Done::Served)).0)
                .collect();
            for node in 0..2 {
                let item = cluster.store.nodes[usize::from(node)].take(Order::Fifo).unwrap();
                let (mut writer, mut write) = Writer::begin(item);
                loop {
                    let outcome = cluster.commit(node, write).outcome();
                    match writer.next(outcome, &cluster.rules) {
                        Next::Write(next) => write = next,
                        Next::Stored { recovered } => break assert_eq!(recovered, node == 1),
                        Next::Lost => panic!("no retry is used up"),
                    }
                }
            }
            let state = |id| cluster.store.table.state(&row(id, 0).token);
            assert_eq!(
                tokens.iter().map(|id| state(*id)).collect::<Vec<_>>(),
                [Some(RowState::Inactive), Some(RowState::Active)]
            );
        }
    }

    #[test]
    fn the_source_adopts_a_token_that_is_newer_than_what_ended() {
        for (created, adopted) in [(1, true), (0, false)] {
            let mut cluster = Cluster::new(Rules { recovery: Recovery::Wso2Source, ..rules() });
            let old = Some((row(99, 0), RowState::Revoked));
            cluster.store.commit(IdpNodeId(0), KEY, None, old, SimTime(0), &mut Vec::new()).unwrap();
            cluster.next.1 = created;
            let (mut one, mut two) = (Request::default(), Request::default());
            let first = cluster.until_write(0, &mut one, Done::Served);
            let second = cluster.until_write(1, &mut two, Done::Served);
            assert_eq!(answered(cluster.write(0, &mut one, first)), (1, false));
            let second = cluster.write(1, &mut two, second);
            if adopted {
                assert_eq!(answered(second), (1, true), "case b");
            } else {
                assert_eq!(answered(cluster.write(1, &mut two, second)), (2, true), "case c");
                assert_eq!(cluster.store.table.state(&row(1, 0).token), Some(RowState::Expired));
            }
        }
    }

    #[test]
    fn a_renewal_revokes_the_token_that_is_there() {
        let mut cluster = Cluster::new(Rules { renew: Renew::Always, ..rules() });
        for id in 1..=2 {
            let mut request = Request::default();
            let step = cluster.until_write(0, &mut request, Done::Served);
            assert_eq!(answered(cluster.write(0, &mut request, step)), (id, false));
        }
        assert_eq!(cluster.store.table.state(&row(1, 0).token), Some(RowState::Revoked));
    }

    #[test]
    fn retries_end() {
        let rules = Rules { retry_count: 2, ..rules() };
        let mut request = Request::default();
        let mut told = vec![Done::Served, Done::Looked(None), Done::Read(None)];
        // Each time somebody was there at the commit, and gone again at the read.
        told.extend((0..3).flat_map(|_| [Done::Violated(Violation), Done::Read(None)]));
        let steps: Vec<Step> = told.into_iter().map(|done| request.next(done, &rules, Stamp(0))).collect();
        let writes = steps.iter().filter(|step| matches!(step, Step::Write(_))).count();
        assert_eq!((writes, steps.last()), (3, Some(&Step::GiveUp)));
    }

    #[test]
    fn a_token_with_too_little_left_is_marked_expired_by_the_insert_of_the_next() {
        let mut cluster = Cluster::new(Rules { reuse_margin: SimSpan(1_000), ..rules() });
        for id in 1..=2 {
            let mut request = Request::default();
            let step = cluster.until_write(1, &mut request, Done::Served);
            assert_eq!(answered(cluster.write(1, &mut request, step)), (id, false));
        }
        assert_eq!(cluster.store.table.state(&row(1, 0).token), Some(RowState::Expired));
    }
}
