//! Asynchronous persistence: a pool thread of a node writes a token that its caller holds already.
//!
//! As WSO2's page tells it and `TokenPersistenceTask` did it: after a violation the ACTIVE row is made INACTIVE and the own
//! token stored as ACTIVE, so that the first caller holds an INACTIVE one.

use super::{Insert, Item, Mark, RowState, Rules, Transactions, Violation, Which, Why, Write};

/// A token being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Writer {
    item: Item,
    at: At,
    recoveries: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum At {
    Inserting,
    /// Two transactions: the mark of a recovery.
    Marking,
}

/// What a thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Write(Write),
    /// The token is in the table; `recovered`: after a violation.
    Stored {
        recovered: bool,
    },
    /// The retries are used up: nobody will ever know the token.
    Lost,
}

impl Writer {
    /// A thread takes a token from the queue.
    #[must_use]
    pub fn begin(item: Item) -> (Writer, Write) {
        let write = Write { mark: item.mark, insert: Insert::This(item.token) };
        (Writer { item, at: At::Inserting, recoveries: 0 }, write)
    }

    /// The token that it writes.
    #[must_use]
    pub fn item(&self) -> Item {
        self.item
    }

    /// The transaction is over.
    pub fn next(&mut self, outcome: Result<(), Violation>, rules: &Rules) -> Next {
        match (self.at, outcome) {
            (At::Inserting, Ok(())) => Next::Stored { recovered: self.recoveries > 0 },
            (At::Inserting, Err(Violation)) if self.recoveries >= rules.retry_count => Next::Lost,
            (At::Inserting, Err(Violation)) => {
                self.recoveries += 1;
                let mark = Some(Mark { which: Which::Any, to: RowState::Inactive, why: Why::Raced });
                match rules.transactions {
                    Transactions::One => Next::Write(Write { mark, insert: Insert::This(self.item.token) }),
                    Transactions::Two => {
                        self.at = At::Marking;
                        Next::Write(Write { mark, insert: Insert::Nothing })
                    }
                }
            }
            (At::Marking, Ok(())) => {
                self.at = At::Inserting;
                Next::Write(Write { mark: None, insert: Insert::This(self.item.token) })
            }
            (At::Marking, Err(Violation)) => unreachable!("a mark inserts nothing"),
        }
    }
}
