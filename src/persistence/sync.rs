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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::Token;
    use crate::persistence::{Order, Transactions, Violation};
    use crate::time::SimSpan;

    fn rules(renew: Renew) -> Rules {
        Rules {
            pool_size: 0,
            order: Order::Fifo,
            retry_count: 5,
            recovery: Recovery::Wso2Source,
            transactions: Transactions::One,
            renew,
            reuse_margin: SimSpan::ZERO,
            node_lock: true,
        }
    }

    fn row(created: i64) -> Row {
        Row { token: Token::alone(7, Stamp(created), Stamp(1_000)), created: Stamp(created) }
    }

    /// What the source does after a violation, at `now`.
    fn recovered(renew: Renew, active: Option<Row>, ended: Option<i64>, now: i64) -> Step {
        let (rules, (mut insertion, _)) = (rules(renew), Insertion::begin(None));
        assert_eq!(insertion.next(Done::Violated(Violation), &rules, Stamp(now)), Step::ReadEnded);
        assert_eq!(insertion.next(Done::ReadEnded(ended.map(Stamp)), &rules, Stamp(now)), Step::ReadActive);
        insertion.next(Done::Read(active), &rules, Stamp(now))
    }

    fn marks(to: RowState, why: Why) -> Step {
        Step::Write(Write { mark: Some(Mark { which: Which::Token(7), to, why }), insert: Insert::New })
    }

    #[test]
    fn the_source_knows_five_cases() {
        let adopted = Step::Answer { token: row(100).token, recovered: true };
        let (renews, reuses) = (Renew::Always, Renew::Reuse);
        assert_eq!(recovered(renews, Some(row(100)), Some(50), 200), marks(RowState::Expired, Why::Raced), "a");
        assert_eq!(recovered(reuses, Some(row(100)), Some(99), 200), adopted, "b");
        assert_eq!(recovered(reuses, Some(row(100)), None, 200), adopted, "b, nothing has ended");
        assert_eq!(recovered(reuses, Some(row(100)), Some(100), 200), marks(RowState::Expired, Why::Raced), "c");
        assert_eq!(recovered(reuses, Some(row(100)), Some(50), 1_000), marks(RowState::Inactive, Why::SpentUp), "d");
        let again = Step::Write(Write { mark: None, insert: Insert::New });
        assert_eq!(recovered(reuses, None, Some(50), 200), again, "e");
    }

    #[test]
    fn the_source_counts_violations_and_gives_up_before_it_looks_again() {
        let (rules, (mut insertion, _)) = (rules(Renew::Reuse), Insertion::begin(None));
        let mut steps = Vec::new();
        for _ in 0..5 {
            for done in [Done::Violated(Violation), Done::ReadEnded(None), Done::Read(None)] {
                steps.push(insertion.next(done, &rules, Stamp(0)));
            }
        }
        assert!(!steps.contains(&Step::GiveUp), "{steps:?}");
        assert_eq!(insertion.next(Done::Violated(Violation), &rules, Stamp(0)), Step::GiveUp);
    }
}
