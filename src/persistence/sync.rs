//! Synchronous persistence: the request writes its token itself, and recovers from a violation of `CON_APP_KEY` itself.

use super::{Done, Insert, Mark, Recovery, Renew, Row, RowState, Rules, Step, Which, Why, Write};
use crate::time::Stamp;

/// The insert of a new token, until it is in the table or another one is handed out instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Insertion {
    at: At,
    /// What the transaction at hand marks.
    mark: Option<Mark>,
    /// Attempts after the first one.
    retries: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum At {
    Writing,
    /// `documented`: what is there?
    ReadingAgain,
    /// `wso2-source`: two queries.
    ReadingEnded,
    ReadingActive {
        ended: Option<Stamp>,
    },
    Over,
}

impl Insertion {
    /// The first attempt; `mark` is the row whose place the new token takes.
    #[must_use]
    pub fn begin(mark: Option<Mark>) -> (Insertion, Step) {
        let mut insertion = Insertion { at: At::Writing, mark, retries: 0 };
        let step = insertion.write();
        (insertion, step)
    }

    /// The next step; `now` by the node's clock.
    ///
    /// # Panics
    /// On an answer that the last step did not ask for, which is a bug of the driver.
    pub fn next(&mut self, done: Done, rules: &Rules, now: Stamp) -> Step {
        match (self.at, done) {
            (At::Writing, Done::Written(Some(token))) => {
                self.at = At::Over;
                Step::Answer { token, recovered: self.retries > 0 }
            }
            (At::Writing, Done::Violated(_)) => self.recover(rules),
            (At::ReadingAgain, Done::Read(Some(row))) => self.adopt(&row),
            (At::ReadingAgain, Done::Read(None)) => {
                self.mark = None;
                self.retry(rules)
            }
            (At::ReadingEnded, Done::ReadEnded(ended)) => {
                self.at = At::ReadingActive { ended };
                Step::ReadActive
            }
            (At::ReadingActive { ended }, Done::Read(active)) => self.decide(active, ended, rules, now),
            (at, done) => unreachable!("{done:?} was not asked for at {at:?}"),
        }
    }

    fn recover(&mut self, rules: &Rules) -> Step {
        match rules.recovery {
            Recovery::Documented => {
                self.at = At::ReadingAgain;
                Step::ReadActive
            }
            // It counts its attempts before it looks (facts: wso2.md §3.4).
            Recovery::Wso2Source if self.retries >= rules.retry_count => self.give_up(),
            Recovery::Wso2Source => {
                self.retries += 1;
                self.at = At::ReadingEnded;
                Step::ReadEnded
            }
        }
    }

    /// The five cases of `AccessTokenDAOImpl` (facts: wso2.md §3.4).
    fn decide(&mut self, active: Option<Row>, ended: Option<Stamp>, rules: &Rules, now: Stamp) -> Step {
        let Some(row) = active else {
            // e. No ACTIVE row any more.
            self.mark = None;
            return self.write();
        };
        let (to, why) = if rules.renew == Renew::Always {
            // a. A JWT: both clients will hold one, and both are good at a gateway.
            (RowState::Expired, Why::Raced)
        } else if row.token.expires <= now {
            // d. It has expired.
            (RowState::Inactive, Why::SpentUp)
        } else if ended.is_none_or(|ended| row.created > ended) {
            // b. It is newer than whatever ended: it is the winner's.
            return self.adopt(&row);
        } else {
            // c. It cannot be told from what ended, as within one second of a database that stores seconds.
            (RowState::Expired, Why::Raced)
        };
        self.mark = Some(Mark { which: Which::Token(row.token.id), to, why });
        self.write()
    }

    fn retry(&mut self, rules: &Rules) -> Step {
        if self.retries >= rules.retry_count {
            return self.give_up();
        }
        self.retries += 1;
        self.write()
    }

    fn write(&mut self) -> Step {
        self.at = At::Writing;
        Step::Write(Write { mark: self.mark, insert: Insert::New })
    }

    fn adopt(&mut self, row: &Row) -> Step {
        self.at = At::Over;
        Step::Answer { token: row.token, recovered: true }
    }

    fn give_up(&mut self) -> Step {
        self.at = At::Over;
        Step::GiveUp
    }
}
