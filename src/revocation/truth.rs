//! The truth about users' tokens: those issued before a revocation of theirs are revoked, later ones are not (model.md §8).

use std::collections::BTreeMap;

use super::{Jti, RevokedBy, Target, UserId, UserToken};
use crate::id::{ConsumerKeyId, NoticeId};
use crate::time::SimTime;

/// Every revocation so far.
#[derive(Clone, Debug, Default)]
pub struct Revoked {
    jtis: BTreeMap<Jti, RevokedBy>,
    /// Ascending.
    keys: BTreeMap<ConsumerKeyId, Vec<RevokedBy>>,
    /// Ascending.
    subjects: BTreeMap<UserId, Vec<RevokedBy>>,
}

impl Revoked {
    /// Whatever the target's tokens are at this instant is revoked.
    pub fn revoke(&mut self, target: Target, at: SimTime, notice: NoticeId) {
        let by = RevokedBy { at, notice };
        match target {
            Target::Jti(jti) => drop(self.jtis.entry(jti).or_insert(by)),
            Target::ConsumerKey(key) => self.keys.entry(key).or_default().push(by),
            Target::Subject(user) => self.subjects.entry(user).or_default().push(by),
        }
    }

    /// What revoked a token of this consumer key first, if anything has.
    #[must_use]
    pub fn by(&self, token: &UserToken, key: ConsumerKeyId) -> Option<RevokedBy> {
        let first =
            |all: &Vec<RevokedBy>| all.get(all.partition_point(|revoked| revoked.at.stamp() <= token.issued)).copied();
        let jti = self.jtis.get(&token.jti).copied();
        let of_key = self.keys.get(&key).and_then(first);
        let of_subject = self.subjects.get(&token.jti.user).and_then(first);
        [jti, of_key, of_subject].into_iter().flatten().min_by_key(|revoked| revoked.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ClientId, IdpNodeId};
    use crate::time::Stamp;

    #[test]
    fn a_token_is_revoked_by_the_first_event_after_its_issue() {
        let user = UserId { client: ClientId(0), user: 1 };
        let key = ConsumerKeyId(0);
        let token = |serial, issued| UserToken {
            jti: Jti { user, serial },
            node: IdpNodeId(0),
            issued: Stamp(issued),
            iat_s: 0,
        };
        let mut revoked = Revoked::default();
        let by = |revoked: &Revoked, token: UserToken| revoked.by(&token, key).map(|by| by.notice.0);
        revoked.revoke(Target::Subject(user), SimTime(40), NoticeId(0));
        revoked.revoke(Target::Subject(user), SimTime(60), NoticeId(1));
        revoked.revoke(Target::ConsumerKey(key), SimTime(50), NoticeId(2));
        revoked.revoke(Target::Jti(Jti { user, serial: 9 }), SimTime(70), NoticeId(3));
        for (serial, issued, expected) in
            [(0, -5, Some(0)), (1, 39, Some(0)), (2, 40, Some(2)), (3, 50, Some(1)), (4, 60, None), (9, 65, Some(3))]
        {
            assert_eq!(by(&revoked, token(serial, issued)), expected, "issued at {issued}");
        }
        let other = UserToken { jti: Jti { user: UserId { user: 2, ..user }, serial: 0 }, ..token(0, 55) };
        assert_eq!(by(&revoked, other), None);
        assert_eq!(revoked.by(&other, ConsumerKeyId(1)), None);
    }
}
