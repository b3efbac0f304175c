//! Revocations of callers' tokens: whom they are about, what is true, what two tables keep, what a gateway remembers of it.
//!
//! Nobody stores the tokens (document C of the facts, claim c01): only the instants remain, and a comparison.

mod map;
mod table;
mod truth;

pub use map::RevocationMap;
pub use table::{AppRevokedEvent, EventTables, SubjectRevokedEvent};
pub use truth::Revoked;

use crate::id::{ClientId, ConsumerKeyId, IdpNodeId, NoticeId};
use crate::time::{NANOS_PER_SECOND, SimTime, Stamp};

/// A user of a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId {
    pub client: ClientId,
    /// From 0: `user-1` is number 0.
    pub user: u32,
}

/// What tells one token from all others: its user, and how often that user had logged in before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jti {
    pub user: UserId,
    pub serial: u32,
}

/// A user's own token, as the gateway gets to see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserToken {
    pub jti: Jti,
    /// The node of the IdP that issued it.
    pub node: IdpNodeId,
    pub issued: Stamp,
    /// `issued` in whole seconds of the issuing node's clock.
    pub iat_s: i64,
}

/// Whose tokens a revocation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// One token.
    Jti(Jti),
    /// Every token of a consumer key.
    ConsumerKey(ConsumerKeyId),
    /// Every token of a user.
    Subject(UserId),
}

/// What is told of a revocation: whose tokens, and those of when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    pub target: Target,
    /// The event's time as the IdP's node wrote it down: whole milliseconds of its clock; or as a database gave it back.
    pub at: Stamp,
    /// The event of the IdP that tells of it.
    pub by: NoticeId,
}

/// How the time of a revocation is compared with a token's `iat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `>`, as the gateway does it (carbon-apimgt, `RevokedJWTDataHolder`).
    Strict,
    /// `>=`, as the Identity Server's introspection does it.
    NonStrict,
}

impl Comparison {
    /// Whether a revocation of this time refuses a token of this second.
    #[must_use]
    pub fn refuses(self, revoked: Stamp, iat_s: i64) -> bool {
        let iat = iat_s.saturating_mul(NANOS_PER_SECOND.cast_signed());
        match self {
            Comparison::Strict => revoked.0 > iat,
            Comparison::NonStrict => revoked.0 >= iat,
        }
    }
}

/// Which of two times a map keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// The one that was written last, be it older (carbon-apimgt: a plain `put`).
    LastWriter,
    /// The later one, as an event's receiver should (RFC 8936's order is no order).
    Max,
}

/// What ended a token: the revocation, and when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevokedBy {
    pub at: SimTime,
    pub notice: NoticeId,
}

/// A time in whole milliseconds, floored: what Java's clock gives.
#[must_use]
pub fn whole_millis(at: Stamp) -> Stamp {
    const MILLI: i64 = 1_000_000;
    Stamp(at.0.div_euclid(MILLI) * MILLI)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comparisons_differ_at_the_full_second_only() {
        let second = |millis: i64| Stamp(millis * 1_000_000);
        for (revoked, strict, non_strict) in [(6_999, false, false), (7_000, false, true), (7_001, true, true)] {
            assert_eq!(Comparison::Strict.refuses(second(revoked), 7), strict, "{revoked} ms");
            assert_eq!(Comparison::NonStrict.refuses(second(revoked), 7), non_strict, "{revoked} ms");
        }
    }

    #[test]
    fn millis_are_floored_also_before_the_run() {
        for (nanos, millis) in [(1_999_999, 1), (0, 0), (-1, -1)] {
            assert_eq!(whole_millis(Stamp(nanos)), Stamp(millis * 1_000_000));
        }
    }
}
