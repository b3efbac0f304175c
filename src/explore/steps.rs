//! What happened in one step of a race: plain facts, for whoever tells them.

use crate::id::IdpNodeId;
use crate::persistence::{RowState, Write};

/// One step: all that happened at one instant, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    pub acts: Vec<Act>,
}

/// Who acts on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A request, from 0.
    Request(usize),
    /// A thread of the node's pool.
    Thread,
    /// The node's cache.
    Cache,
    /// The node as a whole.
    Node,
}

/// Somebody did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    pub node: IdpNodeId,
    pub who: Who,
    pub what: What,
}

/// What was done; tokens by their numbers, in the order of their creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Served,
    /// Another request of the node has the lock.
    AwaitsLock,
    /// The lock is the request's, after it had waited.
    Locked,
    /// A look into the node's cache.
    Looked(Option<u64>),
    /// A read of the ACTIVE row begins.
    ReadsActive,
    /// What it saw.
    SawActive(Option<u64>),
    /// A read of the latest row that is not ACTIVE begins.
    ReadsEnded,
    /// It saw a time of creation.
    SawEnded,
    Creates(u64),
    Queues(u64),
    Takes(u64),
    /// A transaction begins.
    Begins(Write),
    Commits(Commit),
    /// The insert met this ACTIVE row.
    Violates(Option<u64>),
    Answers {
        token: u64,
        recovered: bool,
    },
    GivesUp,
    /// A queued token will never be written: the retries are used up.
    Loses(u64),
    /// Word came that a row is no longer ACTIVE; whether the token was cached.
    Hears {
        token: u64,
        cached: bool,
    },
    /// Requests that fail by it, and tokens handed out that nobody will write.
    Crashes {
        requests: Vec<usize>,
        tokens: Vec<u64>,
    },
}

/// A transaction that took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Rows that left ACTIVE.
    pub marked: Vec<(u64, RowState)>,
    pub inserted: Option<u64>,
    /// Whether `TIME_CREATED` is the same as that of the row before; `None` where it cannot matter.
    pub tied: Option<bool>,
}
