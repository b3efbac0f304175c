//! How a node of the IdP issues a token: machines of several steps, so that each can meet those of other nodes.
//!
//! A machine is told what was done and answers with the next [`Step`]. It reads no clock and touches no database: whoever
//! drives it does what the step says and tells how that went. The simulator drives it with time, `race` through every order.
//!
//! [`request::Request`] issues a token: `memory` and `none` create one and answer; with a database it goes through the
//! node's lock, its cache and the token table ([`store::Store`]), then ends as [`sync`] or [`queued`] say.

pub mod dialect;
pub mod node;
pub mod queued;
pub mod request;
pub mod store;
pub mod sync;
pub mod table;

use crate::oauth::Token;
use crate::time::{SimSpan, Stamp};

/// The settings of the flows (`[idp.persistence]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// 0: a request writes its token itself. Above: so many threads of a node write what is queued.
    pub pool_size: u32,
    pub order: Order,
    /// Attempts after the first one.
    pub retry_count: u32,
    pub recovery: Recovery,
    pub transactions: Transactions,
    pub renew: Renew,
    /// A token is handed out again while it lives longer than this.
    pub reuse_margin: SimSpan,
    /// Requests for one token key on one node go one after another.
    pub node_lock: bool,
}

/// Which queued token is written next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Fifo,
    /// As the old implementation was built: push and take at one end (facts: identity-inbound-auth-oauth, `TokenMgtDAO`).
    Lifo,
}

/// What a synchronous request does about a violation of `CON_APP_KEY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// As WSO2's page on token persistence tells it: read again, return what is there.
    Documented,
    /// As `AccessTokenDAOImpl` of identity-inbound-auth-oauth 7.5 does it: five cases.
    Wso2Source,
}

/// In how many transactions an asynchronous recovery marks the old token and stores its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transactions {
    One,
    Two,
}

/// What becomes of an active token when it is asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renew {
    /// It is handed out again.
    Reuse,
    /// It is revoked for a new one, as WSO2's JWT issuer does.
    Always,
}

/// The state of a row; it leaves ACTIVE once and never comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowState {
    Active,
    Inactive,
    Expired,
    Revoked,
}

/// A row of the token table, as a read returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    pub token: Token,
    /// `TIME_CREATED`, as the database stored it.
    pub created: Stamp,
}

/// Which ACTIVE row a transaction marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Which {
    /// That of this token, if it still is ACTIVE.
    Token(u64),
    /// Whatever is ACTIVE for the token key when the transaction commits.
    Any,
}

/// Why a row leaves ACTIVE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// It had expired, or had too little left to be handed out again.
    SpentUp,
    /// A sibling asked for a new one (`renew = "always"`).
    Renewed,
    /// A recovery from a violation put another in its place.
    Raced,
}

/// What a transaction does to the row of an older token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    pub which: Which,
    pub to: RowState,
    pub why: Why,
}

/// What a transaction inserts as ACTIVE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Insert {
    Nothing,
    /// A token that begins to exist when the transaction commits.
    New,
    /// A token that was handed out before.
    This(Token),
}

/// A transaction: the mark and the insert take effect together at its end, or neither does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Write {
    pub mark: Option<Mark>,
    pub insert: Insert,
}

/// The insert met an ACTIVE row of the same token key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Violation;

/// A token on a node's queue, and what its transaction marks besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    pub token: Token,
    pub mark: Option<Mark>,
}

/// What a machine was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// The request's own service time is over.
    Served,
    /// The node's lock of the token key is the request's.
    Locked,
    /// What the node's cache holds for the token key.
    Looked(Option<Token>),
    /// The latest ACTIVE row of the token key.
    Read(Option<Row>),
    /// When the latest row that is no longer ACTIVE was created, as stored.
    ReadEnded(Option<Stamp>),
    /// A token was created.
    Created(Token),
    /// The transaction committed; with the token that it inserted.
    Written(Option<Token>),
    /// The transaction was rolled back.
    Violated(Violation),
    /// The token is on the queue.
    Queued,
}

impl Done {
    /// How a transaction ended.
    ///
    /// # Errors
    /// It was rolled back.
    pub fn outcome(self) -> Result<(), Violation> {
        match self {
            Done::Violated(violation) => Err(violation),
            _ => Ok(()),
        }
    }
}

/// What a request wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Wait for the node's lock of the token key. Answered by [`Done::Locked`].
    Lock,
    /// Look into the node's cache. Answered by [`Done::Looked`].
    Look,
    /// Read the latest ACTIVE row. Answered by [`Done::Read`].
    ReadActive,
    /// Read the latest row that is not ACTIVE. Answered by [`Done::ReadEnded`].
    ReadEnded,
    /// A new token begins to exist. Answered by [`Done::Created`].
    Create,
    /// A transaction. Answered by [`Done::Written`] or [`Done::Violated`].
    Write(Write),
    /// Put a token on the node's queue. Answered by [`Done::Queued`].
    Queue(Item),
    /// The caller gets this token; `recovered`: after a violation.
    Answer { token: Token, recovered: bool },
    /// The retries are used up: `persist-failed`.
    GiveUp,
}
