//! What a gateway remembers of revocations: three maps in memory, never cleaned (facts: wso2.md §4.3).

use std::collections::BTreeMap;

use super::{Comparison, Jti, Merge, Revocation, Target, UserId, UserToken};
use crate::id::{ConsumerKeyId, NoticeId};
use crate::time::Stamp;

/// The revoked tokens, and the watermarks of consumer keys and of subjects. The organization is no part of their keys.
#[derive(Clone, Debug, Default)]
pub struct RevocationMap {
    jtis: BTreeMap<Jti, NoticeId>,
    keys: BTreeMap<ConsumerKeyId, Watermark>,
    subjects: BTreeMap<UserId, Watermark>,
}

/// Tokens issued before this are refused.
#[derive(Clone, Copy, Debug)]
struct Watermark {
    at: Stamp,
    by: NoticeId,
}

impl RevocationMap {
    /// Takes a revocation in, told live or read from a table.
    pub fn hear(&mut self, told: Revocation, merge: Merge) {
        let new = Watermark { at: told.at, by: told.by };
        let keep = |old: &mut Watermark| {
            if merge == Merge::LastWriter || new.at > old.at {
                *old = new;
            }
        };
        match told.target {
            Target::Jti(jti) => drop(self.jtis.insert(jti, told.by)),
            Target::ConsumerKey(key) => drop(self.keys.entry(key).and_modify(keep).or_insert(new)),
            Target::Subject(user) => drop(self.subjects.entry(user).and_modify(keep).or_insert(new)),
        }
    }

    /// The revocation for which a token is refused, if it is: its JTI first, then its consumer key's watermark, then its
    /// subject's (facts: wso2.md §2.1).
    #[must_use]
    pub fn refuses(&self, token: &UserToken, key: ConsumerKeyId, comparison: Comparison) -> Option<NoticeId> {
        let mark = |mark: &&Watermark| comparison.refuses(mark.at, token.iat_s);
        let jti = self.jtis.get(&token.jti).copied();
        jti.or_else(|| self.keys.get(&key).filter(mark).map(|mark| mark.by))
            .or_else(|| self.subjects.get(&token.jti.user).filter(mark).map(|mark| mark.by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ClientId, IdpNodeId};

    const USER: UserId = UserId { client: ClientId(0), user: 7 };
    const KEY: ConsumerKeyId = ConsumerKeyId(3);

    fn token(serial: u32, iat_s: i64) -> UserToken {
        UserToken { jti: Jti { user: USER, serial }, node: IdpNodeId(0), issued: Stamp(0), iat_s }
    }

    fn told(target: Target, millis: i64, by: u32) -> Revocation {
        Revocation { target, at: Stamp(millis * 1_000_000), by: NoticeId(by) }
    }

    #[test]
    fn the_first_of_the_three_maps_that_refuses_is_named() {
        let mut map = RevocationMap::default();
        let asked = |map: &RevocationMap| map.refuses(&token(0, 1), KEY, Comparison::Strict).map(|by| by.0);
        assert_eq!(asked(&map), None);
        map.hear(told(Target::Subject(USER), 1_500, 1), Merge::Max);
        assert_eq!(asked(&map), Some(1));
        map.hear(told(Target::ConsumerKey(KEY), 1_500, 2), Merge::Max);
        assert_eq!(asked(&map), Some(2));
        map.hear(told(Target::Jti(Jti { user: USER, serial: 0 }), 0, 3), Merge::Max);
        assert_eq!(asked(&map), Some(3));
        assert_eq!(map.refuses(&token(1, 2), KEY, Comparison::Strict), None, "a later token of the same user");
    }

    #[test]
    fn an_older_time_overwrites_a_newer_one_unless_the_later_counts() {
        for (merge, refused) in [(Merge::LastWriter, None), (Merge::Max, Some(NoticeId(1)))] {
            let mut map = RevocationMap::default();
            map.hear(told(Target::Subject(USER), 2_500, 1), merge);
            map.hear(told(Target::Subject(USER), 1_000, 2), merge);
            assert_eq!(map.refuses(&token(0, 2), KEY, Comparison::Strict), refused, "{merge:?}");
        }
    }
}
