//! Rule `rejection`: the backend refused the call (model.md §4.4).
//!
//! It cannot tell a dead token's 403 from the backend's own unless their errors differ: storms by genuine 403s are part of the truth.

use crate::key::{Backoff, Key, Table, Ty};
use crate::time::{SimSpan, SimTime, Stamp};

/// The rule's keys in a scenario file.
pub const KEYS: &[Key] = &[
    Key::new("statuses", Ty::Statuses, "[]", "the statuses on which the rule acts"),
    Key::new("errors", Ty::Texts, "[]", "if not empty: only refusals with one of these WWW-Authenticate errors"),
    Key::new("min_token_age", Ty::Span, "\"0s\"", "only for tokens that this holder received at least so long ago"),
    Key::new(
        "purge",
        Ty::Choice(&["by-key", "if-same", "issuer", "none"]),
        "\"if-same\"",
        "what is dropped from the cache",
    ),
    Key::new(
        "then",
        Ty::Choice(&["resend", "answer-500", "pass-through"]),
        "\"resend\"",
        "what becomes of the refused call",
    ),
    Key::new("resends", Ty::Count { min: 0, max: 100 }, "1", "resend: how often at most"),
    Key::new("backoff", Ty::Backoff, "\"0s\"", "resend: the wait before each"),
];

/// What happens when a backend refuses a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    pub statuses: Vec<u16>,
    pub errors: Vec<String>,
    pub min_token_age: SimSpan,
    pub purge: Purge,
    pub then: Then,
    pub backoff: Backoff,
}

/// What a refusal drops from the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purge {
    /// Whatever is cached under the key.
    ByKey,
    /// The entry, if it still is the refused token.
    IfSame,
    /// Every entry of this node from this IdP.
    Issuer,
    Nothing,
}

/// What becomes of the refused call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Sent again with another token, at most so often.
    Resend { at_most: u32 },
    /// A token is fetched, but this call fails.
    Answer500,
    /// The client gets the refusal.
    PassThrough,
}

/// A refusal as the gateway sees it.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    pub status: u16,
    pub error: Option<&'a str>,
    /// When this holder received the refused token, if the call carried one.
    pub received: Option<Stamp>,
    /// How often the call has been sent again already.
    pub resends: u32,
}

/// What the rule makes of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    pub purge: Purge,
    pub then: Then,
}

/// What the rule makes of a refusal that it leaves alone.
pub const LEFT_ALONE: Decision = Decision { purge: Purge::Nothing, then: Then::PassThrough };

impl Rejection {
    /// The rule as the table says.
    #[must_use]
    pub fn from_table(table: &Table) -> Rejection {
        Rejection {
            statuses: table.statuses("statuses").to_vec(),
            errors: table.texts("errors").to_vec(),
            min_token_age: table.span("min_token_age"),
            purge: match table.text("purge") {
                "by-key" => Purge::ByKey,
                "if-same" => Purge::IfSame,
                "issuer" => Purge::Issuer,
                "none" => Purge::Nothing,
                other => unreachable!("the decoder refuses purge {other}"),
            },
            then: match table.text("then") {
                "resend" => Then::Resend { at_most: table.count32("resends") },
                "answer-500" => Then::Answer500,
                "pass-through" => Then::PassThrough,
                other => unreachable!("the decoder refuses then {other}"),
            },
            backoff: table.backoff("backoff"),
        }
    }

    /// Whether it acts on refusals of this status and error, at some age of the token.
    #[must_use]
    pub fn acts_on(&self, status: u16, error: Option<&str>) -> bool {
        let known = |error: &str| self.errors.iter().any(|known| known == error);
        self.statuses.contains(&status) && (self.errors.is_empty() || error.is_some_and(known))
    }

    /// What to do about a refusal. The purge comes with every refusal that the rule acts on, the last one too.
    #[must_use]
    pub fn decide(&self, now: SimTime, refusal: Refusal<'_>) -> Decision {
        let old_enough = refusal.received.is_none_or(|received| received.age_at(now) >= self.min_token_age);
        if !(self.acts_on(refusal.status, refusal.error) && old_enough) {
            return LEFT_ALONE;
        }
        let then = match self.then {
            Then::Resend { at_most } if refusal.resends >= at_most => Then::PassThrough,
            then @ (Then::Resend { .. } | Then::Answer500 | Then::PassThrough) => then,
        };
        Decision { purge: self.purge, then }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Rejection {
        Rejection {
            statuses: vec![401],
            errors: vec!["invalid_token".into()],
            min_token_age: SimSpan::secs(5),
            purge: Purge::ByKey,
            then: Then::Resend { at_most: 1 },
            backoff: Backoff::constant(SimSpan::ZERO),
        }
    }

    fn refusal() -> Refusal<'static> {
        Refusal { status: 401, error: Some("invalid_token"), received: Some(Stamp(0)), resends: 0 }
    }

    #[test]
    fn it_acts_only_on_its_statuses_errors_and_old_tokens() {
        let now = SimTime(10_000_000_000);
        let rule = rule();
        assert_eq!(rule.decide(now, refusal()).then, Then::Resend { at_most: 1 });
        assert_eq!(rule.decide(now, Refusal { status: 403, ..refusal() }), LEFT_ALONE);
        assert_eq!(rule.decide(now, Refusal { error: Some("insufficient_scope"), ..refusal() }), LEFT_ALONE);
        assert_eq!(rule.decide(now, Refusal { error: None, ..refusal() }), LEFT_ALONE);
        assert_eq!(rule.decide(now, Refusal { received: Some(Stamp(6_000_000_000)), ..refusal() }), LEFT_ALONE);
    }

    #[test]
    fn the_last_refusal_purges_and_passes_through() {
        let last = rule().decide(SimTime(10_000_000_000), Refusal { resends: 1, ..refusal() });
        assert_eq!(last, Decision { purge: Purge::ByKey, then: Then::PassThrough });
    }
}
