//! The truth about a token: whether the IdP would call it active, and since when and why not. One function tells it.
//!
//! What kills tokens in masses is kept as instants, not as marks on tokens: memory grows with the number of faults.

use std::collections::BTreeMap;

use super::key_ring::KeyRing;
use super::{Cause, Token};
use crate::id::{IdpNodeId, KeyId, TokenKeyId};
use crate::time::{SimTime, Stamp};

/// When and why a token died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Death {
    pub at: Stamp,
    /// One of the causes that are a token's: stale, superseded, lost, expired.
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
    /// The same for the tokens of one token key.
    revoked: Vec<Vec<SimTime>>,
    /// At each of these the tokens of one token key expired, whatever they said.
    expired: Vec<Vec<SimTime>>,
    not_before: Vec<NotBefore>,
    pub keys: KeyRing,
    /// No token issued after this has died by any of the above, otherwise than by its expiry or by a not-before that its
    /// issuer's clock had not reached.
    latest: Stamp,
    /// Tokens that died on their own, as their rows did or because they have none; with their expiry.
    marks: BTreeMap<u64, (Death, Stamp)>,
    /// At this size, what has expired is swept out.
    sweep_at: usize,
}

impl Truth {
    /// Nothing is dead yet.
    #[must_use]
    pub fn new(nodes: usize, token_keys: usize) -> Truth {
        Truth {
            all: Vec::new(),
            node: vec![Vec::new(); nodes],
            revoked: vec![Vec::new(); token_keys],
            expired: vec![Vec::new(); token_keys],
            not_before: Vec::new(),
            keys: KeyRing::new(),
            latest: Stamp(i64::MIN),
            marks: BTreeMap::new(),
            sweep_at: 64,
        }
    }

    /// Every token issued before `now` dies.
    pub fn invalidate_all(&mut self, now: SimTime) {
        self.all.push(now);
        self.latest = now.stamp();
    }

    /// Every token dies that `node` issued before `now`.
    pub fn invalidate_node(&mut self, node: IdpNodeId, now: SimTime) {
        self.node[node.index()].push(now);
        self.latest = now.stamp();
    }

    /// Every token of a token key dies that was issued before `now`.
    pub fn revoke(&mut self, key: TokenKeyId, now: SimTime) {
        self.revoked[key.index()].push(now);
        self.latest = now.stamp();
    }

    /// Every token of a token key that was issued before `now` expires.
    pub fn expire(&mut self, key: TokenKeyId, now: SimTime) {
        self.expired[key.index()].push(now);
        self.latest = now.stamp();
    }

    /// Tokens with an `iat` below this die.
    pub fn not_before(&mut self, rule: NotBefore) {
        self.not_before.push(rule);
        self.latest = rule.at.stamp();
    }

    /// Every JWT of an older key dies; a new key signs from now on.
    pub fn replace_key(&mut self, now: SimTime) {
        self.keys.replace(now);
        self.latest = now.stamp();
    }

    /// A new key signs from now on, and nothing dies.
    pub fn rotate_key(&mut self, now: SimTime) -> KeyId {
        self.keys.rotate(now)
    }

    /// Every JWT dies of the key before this one, which a rotation made.
    pub fn retire_key_before(&mut self, key: KeyId, now: SimTime) {
        self.keys.retire_before(key, now);
        self.latest = now.stamp();
    }

    /// One token dies, unless it is dead already; whether it was alive.
    pub fn mark(&mut self, token: &Token, cause: Cause, now: SimTime) -> bool {
        if self.death(token, now).is_some() {
            return false;
        }
        if self.marks.len() >= self.sweep_at {
            self.marks.retain(|_, (_, expires)| *expires > now.stamp());
            self.sweep_at = (2 * self.marks.len()).max(64);
        }
        self.marks.insert(token.id, (Death { at: now.stamp(), cause }, token.expires));
        true
    }

    /// A token that died on its own is alive again: its database has forgotten why.
    pub fn unmark(&mut self, token: &Token) {
        self.marks.remove(&token.id);
    }

    /// When and why the token died, if it has by `now`: by what came first.
    #[must_use]
    #[inline]
    pub fn death(&self, token: &Token, now: SimTime) -> Option<Death> {
        // The usual case: nothing has died on its own, and nothing has been killed since the token was issued.
        if self.latest < token.issued && self.marks.is_empty() && self.not_before.is_empty() {
            return expired(token.expires, now);
        }
        self.death_by_whatever(token, now)
    }

    #[inline(never)]
    fn death_by_whatever(&self, token: &Token, now: SimTime) -> Option<Death> {
        let marked = self.marks.get(&token.id).map(|(death, _)| *death);
        let spared = || self.not_before.iter().all(|rule| rule.iat_s <= token.iat_s);
        if marked.is_none() && self.latest < token.issued && spared() {
            return expired(token.expires, now);
        }
        let killed = self.killed_at(token).map(|at| Death { at: at.stamp(), cause: Cause::StaleToken });
        first(first(expired(self.expires(token), now), killed), marked)
    }

    /// When the token expires.
    #[must_use]
    pub fn expires(&self, token: &Token) -> Stamp {
        token.expires.min(first_after(&self.expired[token.token_key.index()], token.issued).stamp())
    }

    /// The first instant at which something else than its expiry or its row killed the token.
    #[must_use]
    pub fn killed_at(&self, token: &Token) -> Option<SimTime> {
        let revoked = first_after(&self.revoked[token.token_key.index()], token.issued);
        if_ever(revoked.min(self.first_kill(token.issued, token.iat_s, token.node, token.key)))
    }

    /// The first instant at which a restart killed whatever was issued so: then, by this node, signed with this key.
    #[must_use]
    pub fn killed_with_others(
        &self,
        issued: Stamp,
        iat_s: i64,
        node: IdpNodeId,
        key: Option<KeyId>,
    ) -> Option<SimTime> {
        if_ever(self.first_kill(issued, iat_s, node, key))
    }

    /// The same, `NEVER` if none has: instants compare faster than optional ones.
    fn first_kill(&self, issued: Stamp, iat_s: i64, node: IdpNodeId, key: Option<KeyId>) -> SimTime {
        let restart = first_after(&self.all, issued).min(first_after(&self.node[node.index()], issued));
        let ruled_out = self.not_before.iter().find(|rule| iat_s < rule.iat_s).map_or(SimTime::NEVER, |rule| rule.at);
        let retired = key.and_then(|key| self.keys.retired_at(key)).unwrap_or(SimTime::NEVER);
        restart.min(ruled_out).min(retired)
    }
}

/// The first of these instants that came after a token was issued; `NEVER` if none did.
fn first_after(instants: &[SimTime], issued: Stamp) -> SimTime {
    instants.get(instants.partition_point(|at| at.stamp() <= issued)).copied().unwrap_or(SimTime::NEVER)
}

fn expired(expires: Stamp, now: SimTime) -> Option<Death> {
    (expires <= now.stamp()).then_some(Death { at: expires, cause: Cause::ExpiredToken })
}

fn if_ever(at: SimTime) -> Option<SimTime> {
    (at < SimTime::NEVER).then_some(at)
}

/// What came first; of two at one instant the former.
fn first(one: Option<Death>, other: Option<Death>) -> Option<Death> {
    match (one, other) {
        (Some(former), Some(latter)) if latter.at < former.at => other,
        (None, _) => other,
        (Some(_), _) => one,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::CredentialId;

    fn token(issued: i64) -> Token {
        Token {
            id: 1,
            credential: CredentialId(0),
            token_key: TokenKeyId(0),
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
            |t| t.revoke(TokenKeyId(0), SimTime(40)),
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
    fn a_not_before_kills_later_tokens_too_whose_issuers_clock_has_not_reached_it() {
        let mut truth = Truth::new(2, 1);
        truth.not_before(NotBefore { at: SimTime(40), iat_s: 5 });
        let dead = |iat_s, issued| truth.death(&Token { iat_s, ..token(issued) }, SimTime(60)).is_some();
        assert!(dead(4, 30) && dead(4, 50));
        assert!(!dead(5, 30) && !dead(5, 50));
    }

    #[test]
    fn a_token_may_die_on_its_own_once() {
        let mut truth = Truth::new(2, 1);
        assert!(truth.mark(&token(0), Cause::SupersededToken, SimTime(20)));
        assert!(!truth.mark(&token(0), Cause::LostToken, SimTime(30)));
        truth.invalidate_all(SimTime(40));
        let death = Some(Death { at: Stamp(20), cause: Cause::SupersededToken });
        assert_eq!(truth.death(&token(0), SimTime(50)), death);
        truth.unmark(&token(0));
        assert_eq!(truth.death(&token(0), SimTime(50)).map(|death| death.cause), Some(Cause::StaleToken));
    }

    #[test]
    fn the_tokens_of_a_key_may_expire_early() {
        let mut truth = Truth::new(2, 1);
        truth.expire(TokenKeyId(0), SimTime(40));
        assert_eq!((truth.expires(&token(0)), truth.expires(&token(40))), (Stamp(40), Stamp(140)));
        let death = Some(Death { at: Stamp(40), cause: Cause::ExpiredToken });
        assert_eq!(truth.death(&token(0), SimTime(45)), death);
        assert_eq!(truth.death(&token(0), SimTime(39)), None);
    }

    #[test]
    fn marks_of_expired_tokens_do_not_pile_up() {
        let mut truth = Truth::new(2, 1);
        for id in 0..1_000 {
            let token = Token { id, ..token(id.cast_signed()) };
            truth.mark(&token, Cause::SupersededToken, SimTime(id + 1));
        }
        assert!(truth.marks.len() < 300, "{}", truth.marks.len());
    }

    #[test]
    fn the_tokens_of_a_key_that_was_rotated_away_die_when_it_is_retired_and_later_ones_live() {
        let mut truth = Truth::new(2, 1);
        let key = truth.rotate_key(SimTime(40));
        let (old, new) = (token(10), Token { key: Some(key), ..token(45) });
        assert_eq!(truth.death(&old, SimTime(50)), None, "both are good");
        truth.retire_key_before(key, SimTime(60));
        assert_eq!(truth.death(&old, SimTime(70)), Some(Death { at: Stamp(60), cause: Cause::StaleToken }));
        assert_eq!(
            (truth.death(&new, SimTime(70)), truth.death(&token(-50), SimTime(70)).map(|death| death.at)),
            (None, Some(Stamp(50)))
        );
    }
}
