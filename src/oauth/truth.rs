//! The truth about a token: whether the IdP would call it active, and since when and why not. One function tells it.
//!
//! What kills tokens in masses is kept as instants, not as marks on tokens: memory grows with the number of faults.

use super::{Cause, Token};
use crate::id::{CredentialId, IdpNodeId, KeyId};
use crate::time::{SimTime, Stamp};

/// When and why a token died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Death {
    pub at: Stamp,
    /// [`Cause::StaleToken`] or [`Cause::ExpiredToken`].
    pub cause: Cause,
}

/// A not-before: tokens with a smaller `iat` are dead from `at` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotBefore {
    pub at: SimTime,
    /// Whole seconds of the IdP's clock.
    pub iat_s: i64,
}

/// The IdP's knowledge of what is dead.
#[derive(Debug)]
pub struct Truth {
    /// At each of these, ascending, every token issued before died.
    all: Vec<SimTime>,
    /// The same for the tokens of one node.
    node: Vec<Vec<SimTime>>,
    /// The same for the tokens of one credential.
    credential: Vec<Vec<SimTime>>,
    not_before: Vec<NotBefore>,
    pub keys: KeyRing,
    /// No token issued at or after this has died otherwise than by its expiry.
    latest: Option<SimTime>,
}

impl Truth {
    /// Nothing is dead yet.
    #[must_use]
    pub fn new(nodes: usize, credentials: usize) -> Truth {
        Truth {
            all: Vec::new(),
            node: vec![Vec::new(); nodes],
            credential: vec![Vec::new(); credentials],
            not_before: Vec::new(),
            keys: KeyRing::new(),
            latest: None,
        }
    }

    /// Every token issued before `now` dies.
    pub fn invalidate_all(&mut self, now: SimTime) {
        self.all.push(now);
        self.latest = Some(now);
    }

    /// Every token dies that `node` issued before `now`.
    pub fn invalidate_node(&mut self, node: IdpNodeId, now: SimTime) {
        self.node[node.index()].push(now);
        self.latest = Some(now);
    }

    /// Every token of a credential dies that was issued before `now`.
    pub fn revoke_credential(&mut self, credential: CredentialId, now: SimTime) {
        self.credential[credential.index()].push(now);
        self.latest = Some(now);
    }

    /// Tokens with an `iat` below this die.
    pub fn not_before(&mut self, rule: NotBefore) {
        self.not_before.push(rule);
        self.latest = Some(rule.at);
    }

    /// Every JWT of an older key dies; a new key signs from now on.
    pub fn replace_key(&mut self, now: SimTime) {
        self.keys.replace(now);
        self.latest = Some(now);
    }

    /// When and why the token died, if it has by `now`: by what came first.
    #[must_use]
    pub fn death(&self, token: &Token, now: SimTime) -> Option<Death> {
        let expired = (token.expires <= now.stamp()).then_some(Death { at: token.expires, cause: Cause::ExpiredToken });
        // The usual case: nothing has been killed since the token was issued.
        if self.latest.is_none_or(|latest| latest.stamp() < token.issued) {
            return expired;
        }
        let killed = self.killed_at(token).map(|at| Death { at: at.stamp(), cause: Cause::StaleToken });
        match (killed, expired) {
            (Some(killed), Some(expired)) => Some(if killed.at < expired.at { killed } else { expired }),
            (killed, expired) => killed.or(expired),
        }
    }

    /// The first instant at which something other than expiry killed the token.
    fn killed_at(&self, token: &Token) -> Option<SimTime> {
        let first_after =
            |instants: &[SimTime]| instants.get(instants.partition_point(|at| at.stamp() <= token.issued)).copied();
        [
            first_after(&self.all),
            first_after(&self.node[token.node.index()]),
            first_after(&self.credential[token.credential.index()]),
            self.not_before.iter().find(|rule| token.iat_s < rule.iat_s).map(|rule| rule.at),
            token.key.and_then(|key| self.keys.retired_at(key)),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

/// The keys that sign JWTs, and those that the IdP publishes for checking them.
#[derive(Debug)]
pub struct KeyRing {
    /// When each key was retired, in order of appearance; the last one signs.
    retired: Vec<Option<SimTime>>,
    published: Vec<KeyId>,
}

impl KeyRing {
    fn new() -> KeyRing {
        KeyRing { retired: vec![None], published: vec![KeyId(0)] }
    }

    /// The key that signs now.
    #[must_use]
    pub fn signing(&self) -> KeyId {
        KeyId::at(self.retired.len() - 1)
    }

    /// The key set as the IdP hands it out now.
    #[must_use]
    pub fn published(&self) -> &[KeyId] {
        &self.published
    }

    /// The key set is now the key that signs.
    pub fn publish(&mut self) {
        self.published.clear();
        self.published.push(self.signing());
    }

    fn retired_at(&self, key: KeyId) -> Option<SimTime> {
        self.retired[key.index()]
    }

    fn replace(&mut self, now: SimTime) {
        if let Some(last) = self.retired.last_mut() {
            *last = Some(now);
        }
        self.retired.push(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(issued: i64) -> Token {
        Token {
            id: 1,
            credential: CredentialId(0),
            token_key: crate::id::TokenKeyId(0),
            node: IdpNodeId(1),
            key: Some(KeyId(0)),
            issued: Stamp(issued),
            expires: Stamp(issued + 100),
            iat_s: 0,
        }
    }

    #[test]
    fn a_token_dead_and_expired_counts_by_what_came_first() {
        let mut truth = Truth::new(2, 1);
        assert_eq!(truth.death(&token(0), SimTime(99)), None);
        assert_eq!(truth.death(&token(0), SimTime(100)), Some(Death { at: Stamp(100), cause: Cause::ExpiredToken }));
        truth.invalidate_all(SimTime(40));
        truth.invalidate_all(SimTime(150));
        let stale = |at| Some(Death { at: Stamp(at), cause: Cause::StaleToken });
        assert_eq!(truth.death(&token(0), SimTime(200)), stale(40));
        assert_eq!(truth.death(&token(-20), SimTime(200)), stale(40));
        assert_eq!(truth.death(&token(60), SimTime(200)), stale(150));
        assert_eq!(truth.death(&token(45), SimTime(200)).map(|d| d.cause), Some(Cause::ExpiredToken));
        let mut truth = Truth::new(2, 1);
        truth.invalidate_all(SimTime(40));
        assert_eq!(truth.death(&token(40), SimTime(41)), None, "issued at that instant is not issued before it");
    }

    #[test]
    fn each_kind_of_death_is_seen() {
        let kill: [fn(&mut Truth); 5] = [
            |t| t.invalidate_all(SimTime(40)),
            |t| t.invalidate_node(IdpNodeId(1), SimTime(40)),
            |t| t.revoke_credential(CredentialId(0), SimTime(40)),
            |t| t.not_before(NotBefore { at: SimTime(40), iat_s: 1 }),
            |t| t.replace_key(SimTime(40)),
        ];
        for kill in kill {
            let mut truth = Truth::new(2, 1);
            kill(&mut truth);
            assert_eq!(truth.death(&token(0), SimTime(50)), Some(Death { at: Stamp(40), cause: Cause::StaleToken }));
        }
        let mut truth = Truth::new(2, 1);
        truth.invalidate_node(IdpNodeId(0), SimTime(40));
        assert_eq!(truth.death(&token(0), SimTime(50)), None, "another node's tokens live");
        truth.replace_key(SimTime(45));
        assert_eq!(truth.death(&Token { key: None, ..token(0) }, SimTime(50)), None, "an opaque token has no key");
    }

    #[test]
    fn a_new_key_is_published_on_demand() {
        let mut truth = Truth::new(1, 1);
        truth.replace_key(SimTime(1));
        assert_eq!((truth.keys.signing(), truth.keys.published()), (KeyId(1), &[KeyId(0)][..]));
        truth.keys.publish();
        assert_eq!(truth.keys.published(), [KeyId(1)]);
    }
}
