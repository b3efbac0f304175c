//! Users: the token that each of them holds, how it is revoked, and how they get another (model.md §8).

use std::collections::BTreeSet;

use super::bus::Notice;
use super::config::{ClientConfig, InboundValidation, WorldConfig};
use super::event::Event;
use super::fact::{Fact, Observer};
use super::idp::Owner;
use super::world::World;
use crate::engine::Schedule;
use crate::fault::{Revoke, Who};
use crate::id::{ClientId, ConsumerKeyId, IdpNodeId, TokenKeyId};
use crate::revocation::{Jti, Revoked, Target, UserId, UserToken, whole_millis};
use crate::rng::{Row, Rows, Seeds, below, uniform};
use crate::time::{ClockOffset, SimSpan, SimTime, Stamp};

/// The users of all populations, where callers have tokens.
#[derive(Debug)]
pub(super) struct Users {
    /// By population.
    populations: Vec<Population>,
    pub revoked: Revoked,
}

#[derive(Debug)]
struct Population {
    /// Empty where callers have no tokens.
    users: Vec<User>,
    /// The draws of user u's k-th login stand in row u of sub-stream k.
    rows: Rows,
}

/// One user and the token that this user holds: some bytes, since there may be millions.
#[derive(Clone, Copy, Debug)]
struct User {
    issued: Stamp,
    /// `issued` in whole seconds of the issuing node's clock.
    iat_s: i64,
    /// How often this user has logged in.
    serial: u32,
    /// The node of the IdP that issued the token.
    node: IdpNodeId,
    /// Above 0: a login is under way, so often tried.
    tries: u8,
    /// Cannot log in again.
    out: bool,
}

/// Until a login is tried again lies at least this: without it, a user who needs no time would try for ever at one instant.
const LEAST_PAUSE: SimSpan = SimSpan::secs(1);
/// The sub-streams of a login that is tried again, since no node of the IdP was up.
const AGAIN: u64 = 1 << 32;

impl Users {
    pub fn new(config: &WorldConfig, seeds: Seeds, clock: ClockOffset) -> Users {
        let has_tokens = config.gateway.inbound.validation != InboundValidation::None;
        let population = |client: &ClientConfig| {
            let mut rows = Rows::new(seeds.key("login", &client.name));
            let users = if has_tokens { client.users } else { 0 };
            let nodes = config.idp.front.issued_before(config.idp.nodes);
            let users = (0..users).map(|user| warm(client, rows.row(0, u64::from(user)), nodes, clock));
            Population { users: users.collect(), rows }
        };
        Users { populations: config.clients.iter().map(population).collect(), revoked: Revoked::default() }
    }

    /// The token that a user holds; `None` where callers have none.
    pub fn token(&self, client: ClientId, user: u32) -> Option<UserToken> {
        let held = self.populations[client.index()].users.get(user as usize)?;
        let jti = Jti { user: UserId { client, user }, serial: held.serial };
        Some(UserToken { jti, node: held.node, issued: held.issued, iat_s: held.iat_s })
    }

    fn user(&mut self, id: UserId) -> Option<&mut User> {
        self.populations[id.client.index()].users.get_mut(id.user as usize)
    }
}

/// A user who logged in before the beginning.
fn warm(client: &ClientConfig, words: Row, nodes: usize, clock: ClockOffset) -> User {
    let issued = Stamp(0).before(client.login.sample(uniform(words[0])));
    let node = IdpNodeId::at(super::call::pick(words[1], nodes));
    User { issued, iat_s: clock.whole_secs(issued), serial: 0, node, tries: 0, out: false }
}

impl<O: Observer> World<O> {
    /// When a user's token expires on the clock of the node that issued it.
    pub(super) fn user_token_expires(&self, token: &UserToken) -> Option<Stamp> {
        let lifetime = self.config.clients[token.jti.user.client.index()].token_lifetime?;
        let from = match self.config.gateway.inbound.validation {
            InboundValidation::Jwt => self.idp.nodes[token.node.index()].clock.instant_of(token.iat_s),
            InboundValidation::None | InboundValidation::Introspect { .. } => token.issued,
        };
        Some(from.after(lifetime))
    }

    /// Whether a user's token was revoked or has expired.
    pub(super) fn has_ended(&self, token: &UserToken, now: SimTime) -> bool {
        let key = self.config.clients[token.jti.user.client.index()].consumer_key;
        self.users.revoked.by(token, key).is_some()
            || self.user_token_expires(token).is_some_and(|expires| expires <= now.stamp())
    }

    /// The truth about a user's token: not revoked, not expired, not dead by a restart.
    pub(super) fn is_good(&self, token: &UserToken, now: SimTime) -> bool {
        let signed = (self.config.gateway.inbound.validation == InboundValidation::Jwt)
            .then(|| self.idp.truth.keys.signing_at(token.issued));
        let killed = self.idp.truth.killed_with_others(token.issued, token.iat_s, token.node, signed);
        killed.is_none() && !self.has_ended(token, now)
    }

    /// A user whose token is no good any more will log in again, once at a time; `after` from now the user knows of it.
    pub(super) fn log_in_again(&mut self, id: UserId, after: SimSpan, s: &mut Schedule<Event>) {
        let Some(user) = self.users.user(id).filter(|user| !user.out && user.tries == 0) else { return };
        user.tries = 1;
        self.try_login(id, after, SimSpan::ZERO, s);
    }

    fn try_login(&mut self, id: UserId, after: SimSpan, least: SimSpan, s: &mut Schedule<Event>) {
        let words = self.login_words(id);
        let takes = self.config.clients[id.client.index()].relogin.sample(uniform(words[0]));
        s.at(s.now() + after + takes.max(least), Event::Login(id.client, id.user));
    }

    /// The draws of the login that is under way.
    fn login_words(&mut self, id: UserId) -> Row {
        let population = &mut self.users.populations[id.client.index()];
        let user = &population.users[id.user as usize];
        let stream = u64::from(user.serial) + 1 + AGAIN * u64::from(user.tries - 1);
        population.rows.row(stream, u64::from(id.user))
    }

    /// A user logs in at the IdP; where no node can do that it is tried again.
    pub(super) fn login(&mut self, client: ClientId, user: u32, s: &mut Schedule<Event>) {
        let id = UserId { client, user };
        let word = self.login_words(id)[1];
        let node = self.node_for_a_person(word, s);
        let held = self.users.user(id).expect("only a user with a token logs in again");
        if held.out {
            held.tries = 0;
            return;
        }
        let Some(node) = node else {
            held.tries = held.tries.saturating_add(1);
            return self.try_login(id, SimSpan::ZERO, LEAST_PAUSE, s);
        };
        let (issued, clock) = (s.now().stamp(), self.idp.nodes[node.index()].clock);
        let held = self.users.user(id).expect("it is there");
        *held = User { issued, iat_s: clock.whole_secs(issued), serial: held.serial + 1, node, tries: 0, out: false };
        self.tell(s.now(), Fact::Login { client, user });
    }

    /// Tokens end at this instant, by an occurrence of a fault, and the IdP tells of it.
    pub(super) fn revoke(&mut self, revoke: Revoke, owner: Owner, s: &mut Schedule<Event>) {
        match revoke {
            Revoke::Users { client, who, stays_out } => {
                for user in self.meant(client, who, owner) {
                    self.revoke_user(UserId { client, user }, stays_out, owner, s);
                }
            }
            Revoke::ConsumerKey(key) => self.revoke_key(key, &self.occurrence(owner), owner, s),
            Revoke::Token { client, user } => {
                let id = UserId { client, user };
                let Some(token) = self.users.token(client, user) else { return };
                let name = format!("{}/{}/token", self.occurrence(owner), self.user_name(id));
                self.announce(Target::Jti(token.jti), None, name, owner, s);
                self.log_in_again(id, SimSpan::ZERO, s);
            }
        }
    }

    /// The users of a population that an occurrence is about, ascending.
    fn meant(&self, client: ClientId, who: Who, owner: Owner) -> BTreeSet<u32> {
        match who {
            Who::User(user) => BTreeSet::from([user]),
            Who::Drawn(n) => {
                let users = u64::from(self.config.clients[client.index()].users);
                let mut words = Rows::new(self.seeds.key("revoked users", &self.occurrence(owner)));
                let mut words = words.words(0, 0);
                // Floyd's sampling without replacement: every set of n users is equally likely.
                let mut drawn = BTreeSet::new();
                for last in users - u64::from(n).min(users)..users {
                    let word = words.next().expect("words never end");
                    let number = |user: u64| u32::try_from(user).expect("a user's number fits 32 bits");
                    if !drawn.insert(number(below(word, last + 1))) {
                        drawn.insert(number(last));
                    }
                }
                drawn
            }
        }
    }

    fn revoke_user(&mut self, id: UserId, stays_out: bool, owner: Owner, s: &mut Schedule<Event>) {
        let name = format!("{}/{}", self.occurrence(owner), self.user_name(id));
        self.announce(Target::Subject(id), None, name.clone(), owner, s);
        if let Some(user) = self.users.user(id) {
            user.out |= stays_out;
        }
        self.log_in_again(id, SimSpan::ZERO, s);
        for key in self.config.clients[id.client.index()].owns.clone() {
            self.revoke_key(key, &name, owner, s);
        }
    }

    /// Every token of a consumer key ends: those that gateways and applications hold under it, and those of its users.
    fn revoke_key(&mut self, key: ConsumerKeyId, cause: &str, owner: Owner, s: &mut Schedule<Event>) {
        let config = std::sync::Arc::clone(&self.config);
        let meant = &config.consumer_keys[key.index()];
        if let Some(credential) = meant.credential {
            let keys = (0..self.token_keys.len()).filter(|key| self.token_keys[*key] == credential);
            keys.for_each(|key| self.idp.truth.revoke(TokenKeyId::at(key), s.now()));
            self.tokens_killed(s);
        }
        self.announce(Target::ConsumerKey(key), meant.credential, format!("{cause}/{}", meant.name), owner, s);
        if let Some(client) = meant.client {
            let users = self.users.populations[client.index()].users.len();
            for user in 0..u32::try_from(users).expect("a user's number fits 32 bits") {
                self.log_in_again(UserId { client, user }, SimSpan::ZERO, s);
            }
        }
    }

    /// Something was revoked: it is true at once, and the node that did it tells of it.
    fn announce(
        &mut self,
        target: Target,
        credential: Option<crate::id::CredentialId>,
        name: String,
        owner: Owner,
        s: &mut Schedule<Event>,
    ) {
        let word = Rows::new(self.seeds.key("revoking node", &name)).row(0, 0)[0];
        let nodes = self.config.idp.front.issued_before(self.config.idp.nodes);
        let any = IdpNodeId::at(super::call::pick(word, nodes));
        let sender = self.node_for_a_person(word, s).unwrap_or(any);
        let time = whole_millis(self.idp.nodes[sender.index()].clock.shows(s.now().stamp()));
        let notice = self.next_notice();
        self.users.revoked.revoke(target, s.now(), notice);
        if self.is_about_callers(target) {
            let Owner { fault, occurrence } = owner;
            self.tell(s.now(), Fact::Revoked { notice, target, fault, occurrence });
        }
        let revoked = Some((target, time));
        self.publish(Notice { before: s.now(), token: None, credential, node: None, revoked, sender, name }, s);
    }

    /// Whether somebody who calls a gateway holds such a token.
    fn is_about_callers(&self, target: Target) -> bool {
        let has_tokens = self.config.gateway.inbound.validation != InboundValidation::None;
        has_tokens
            && match target {
                Target::Jti(_) | Target::Subject(_) => true,
                Target::ConsumerKey(key) => self.config.consumer_keys[key.index()].client.is_some(),
            }
    }

    /// `<fault>/<occurrence>`.
    fn occurrence(&self, owner: Owner) -> String {
        format!("{}/{}", self.config.faults[owner.fault.index()].name, owner.occurrence)
    }

    /// `shop/user-7`.
    fn user_name(&self, id: UserId) -> String {
        format!("{}/user-{}", self.config.clients[id.client.index()].name, id.user + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_24_bytes() {
        assert_eq!(size_of::<User>(), 24);
    }
}
