//! `mode = "memory"`: no database; every request creates a token, which lives in the IdP's memory.

use super::{Done, Step};

/// The next step of a request.
#[must_use]
pub fn next(done: Done) -> Step {
    match done {
        Done::Served => Step::Create,
        Done::Created => Step::Answer,
    }
}
