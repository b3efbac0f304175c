//! What a race can end in: what each caller holds when everything is over.

use std::fmt;

use serde::Serialize;

/// What a caller holds; sorted from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// A token whose row is ACTIVE.
    Active,
    /// No token: its node crashed before it answered.
    NodeCrashed,
    /// No token yet: the race is not over.
    Nothing,
    /// A token whose row is INACTIVE.
    Inactive,
    /// A token whose row is EXPIRED, before its time.
    Expired,
    /// A token whose row is REVOKED.
    Revoked,
    /// A token that was never written.
    Lost,
    /// No token: the retries were used up.
    PersistFailed,
}

/// What a race ended in. Callers are alike, so that only their numbers matter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Outcome {
    /// A word for each caller, sorted.
    pub callers: Vec<Held>,
    /// ACTIVE rows in the table.
    pub active_rows: usize,
}

impl Held {
    /// Whether no caller of a sound store ends like this. An error after a crash is sound: the caller knows, and asks again.
    #[must_use]
    pub fn is_bad(self) -> bool {
        match self {
            Held::Active | Held::NodeCrashed | Held::Nothing => false,
            Held::Inactive | Held::Expired | Held::Revoked | Held::Lost | Held::PersistFailed => true,
        }
    }

    /// The word of the JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Held::Active => "active",
            Held::NodeCrashed => "node-crashed",
            Held::Nothing => "nothing",
            Held::Inactive => "inactive",
            Held::Expired => "expired",
            Held::Revoked => "revoked",
            Held::Lost => "lost",
            Held::PersistFailed => "persist-failed",
        }
    }

    /// What one holds, or several hold.
    fn held(self) -> &'static str {
        match self {
            Held::Active => "the ACTIVE token",
            Held::NodeCrashed => "no token (its node crashed)",
            Held::Nothing => "nothing yet",
            Held::Inactive => "an INACTIVE token",
            Held::Expired => "an EXPIRED token",
            Held::Revoked => "a REVOKED token",
            Held::Lost => "a token that was never written",
            Held::PersistFailed => "no token (retries used up)",
        }
    }
}

impl Outcome {
    /// What callers hold, in any order.
    #[must_use]
    pub fn new(mut callers: Vec<Held>, active_rows: usize) -> Outcome {
        callers.sort_unstable();
        Outcome { callers, active_rows }
    }

    /// Whether some caller ends badly, or the table has more than one ACTIVE row.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.active_rows > 1 || self.callers.iter().any(|held| held.is_bad())
    }

    /// The words of the callers, sorted from good to bad.
    #[must_use]
    pub fn words(&self) -> Vec<&'static str> {
        self.callers.iter().map(|held| held.word()).collect()
    }
}

impl fmt::Display for Outcome {
    /// `all callers hold one ACTIVE token`; `1 of 2 callers holds an INACTIVE token, 1 the ACTIVE token`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let callers = self.callers.len();
        let several = format!("one of {} ACTIVE tokens", self.active_rows);
        let what = |held: Held| if held == Held::Active && self.active_rows > 1 { &several } else { held.held() };
        // The worst first: it is what the line is about.
        let groups: Vec<(Held, usize)> =
            self.callers.chunk_by(PartialEq::eq).map(|group| (group[0], group.len())).rev().collect();
        if let [(held, _)] = groups[..] {
            let who = if callers == 1 { "the caller holds" } else { "all callers hold" };
            let held = if held == Held::Active && self.active_rows == 1 { "one ACTIVE token" } else { what(held) };
            return write!(f, "{who} {held}");
        }
        for (at, (held, count)) in groups.into_iter().enumerate() {
            let verb = if count == 1 { "holds" } else { "hold" };
            match at {
                0 => write!(f, "{count} of {callers} callers {verb} {}", what(held))?,
                _ => write!(f, ", {count} {}", what(held))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_told_in_words() {
        let told = |callers: &[Held], rows| Outcome::new(callers.to_vec(), rows).to_string();
        assert_eq!(told(&[Held::Active; 3], 1), "all callers hold one ACTIVE token");
        assert_eq!(told(&[Held::Active; 2], 2), "all callers hold one of 2 ACTIVE tokens");
        assert_eq!(
            told(&[Held::Inactive, Held::Active], 1),
            "1 of 2 callers holds an INACTIVE token, 1 the ACTIVE token"
        );
        assert_eq!(
            told(&[Held::Lost, Held::NodeCrashed, Held::Lost], 0),
            "2 of 3 callers hold a token that was never written, 1 no token (its node crashed)"
        );
    }

    #[test]
    fn an_error_after_a_crash_is_not_bad_and_two_active_rows_are() {
        let bad = |callers: &[Held], rows| Outcome::new(callers.to_vec(), rows).is_bad();
        assert!(!bad(&[Held::NodeCrashed, Held::Active], 1));
        assert!(bad(&[Held::Active, Held::Active], 2) && bad(&[Held::PersistFailed, Held::Active], 1));
    }

    #[test]
    fn the_words_are_those_of_the_json() {
        for held in [Held::Active, Held::NodeCrashed, Held::Inactive, Held::Lost, Held::PersistFailed] {
            assert_eq!(serde_json::json!(held), held.word());
        }
    }
}
