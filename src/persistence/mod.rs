//! How a node of the IdP issues a token: a machine of several steps, so that each can meet those of other nodes.
//!
//! A flow is told what was done and answers with the next [`Step`]. `memory` has none that touch a database; the modes
//! that do are flows of their own over the same steps.

pub mod dialect;
pub mod memory;

/// What a flow was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// The request's own service time is over.
    Served,
    /// The token was created.
    Created,
}

/// What a flow wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new token begins to exist.
    Create,
    /// The caller gets the token, and the worker is free.
    Answer,
}
