//! A token request on a node, from the end of its service to its answer.
//!
//! Lock, node cache, database, then a new token (WSO2's page on token persistence; `AbstractAuthorizationGrantHandler.issue`
//! of identity-inbound-auth-oauth 7.5 in the same order). What is different between synchronous and asynchronous begins
//! with the new token.

use super::sync::Insertion;
use super::{Done, Item, Mark, Renew, Row, RowState, Rules, Step, Which, Why};
use crate::oauth::Token;
use crate::time::Stamp;

/// A request under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Request {
    at: At,
    /// The row that the new token takes the place of.
    mark: Option<Mark>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum At {
    Begin,
    Locking,
    Looking,
    Reading,
    Creating,
    Inserting(Insertion),
    Queueing(Token),
    Answered,
}

impl Default for Request {
    fn default() -> Request {
        Request { at: At::Begin, mark: None }
    }
}

impl Request {
    /// The next step without a database: `memory` and `none` create a token for every request.
    #[must_use]
    pub fn next_unstored(done: Done) -> Step {
        match done {
            Done::Created(token) => Step::Answer { token, recovered: false },
            _ => Step::Create,
        }
    }

    /// The next step with a database; `now` by the node's clock.
    ///
    /// # Panics
    /// On an answer that the last step did not ask for, which is a bug of the driver.
    pub fn next(&mut self, done: Done, rules: &Rules, now: Stamp) -> Step {
        match (self.at, done) {
            (At::Begin, Done::Served) if rules.node_lock => self.go(At::Locking, Step::Lock),
            (At::Begin, Done::Served) | (At::Locking, Done::Locked) => self.go(At::Looking, Step::Look),
            (At::Looking, Done::Looked(Some(token))) if is_left(&token, rules, now) => match rules.renew {
                Renew::Reuse => self.answer(token, false),
                Renew::Always => self.replace(&token, rules, now),
            },
            (At::Looking, Done::Looked(_)) => self.go(At::Reading, Step::ReadActive),
            (At::Reading, Done::Read(Some(Row { token, .. }))) => {
                if rules.renew == Renew::Reuse && is_left(&token, rules, now) {
                    return self.answer(token, false);
                }
                self.replace(&token, rules, now)
            }
            (At::Reading, Done::Read(None)) => self.begin_new(rules),
            (At::Creating, Done::Created(token)) => {
                self.go(At::Queueing(token), Step::Queue(Item { token, mark: self.mark }))
            }
            (At::Queueing(token), Done::Queued) => self.answer(token, false),
            (At::Inserting(mut insertion), done) => {
                let step = insertion.next(done, rules, now);
                self.go(At::Inserting(insertion), step)
            }
            (at, done) => unreachable!("{done:?} was not asked for at {at:?}"),
        }
    }

    fn go(&mut self, at: At, step: Step) -> Step {
        self.at = if matches!(step, Step::Answer { .. } | Step::GiveUp) { At::Answered } else { at };
        step
    }

    fn answer(&mut self, token: Token, recovered: bool) -> Step {
        self.go(At::Answered, Step::Answer { token, recovered })
    }

    /// A new token in the place of one that is not handed out again.
    fn replace(&mut self, token: &Token, rules: &Rules, now: Stamp) -> Step {
        let (to, why) = if is_left(token, rules, now) {
            (RowState::Revoked, Why::Renewed)
        } else {
            (RowState::Expired, Why::SpentUp)
        };
        self.mark = Some(Mark { which: Which::Token(token.id), to, why });
        self.begin_new(rules)
    }

    fn begin_new(&mut self, rules: &Rules) -> Step {
        if rules.pool_size > 0 {
            return self.go(At::Creating, Step::Create);
        }
        let (insertion, step) = Insertion::begin(self.mark);
        self.go(At::Inserting(insertion), step)
    }
}

/// Whether a token lives long enough to be handed out again.
fn is_left(token: &Token, rules: &Rules, now: Stamp) -> bool {
    token.expires > now.after(rules.reuse_margin)
}
