//! How a gateway checks its callers' tokens: by its maps of revocations, expiry and signature, or at the IdP (model.md §8).

use std::collections::BTreeMap;

use super::call::{Caller, INBOUND};
use super::config::InboundValidation;
use super::event::Event;
use super::fact::{Fact, Observer};
use super::introspection::{Answer, Asker, Down};
use super::world::World;
use crate::engine::Schedule;
use crate::id::{CallId, ClientId, GatewayId, NoticeId};
use crate::oauth::{Cause, Outcome};
use crate::policy::surge::Input;
use crate::revocation::{Jti, Revocation, RevocationMap, Target, UserToken};
use crate::time::{SimSpan, SimTime};

/// What a gateway node knows of its callers' tokens; all of it is in memory.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    pub map: RevocationMap,
    /// `introspect`: answers of the IdP.
    answers: BTreeMap<Jti, Kept>,
    /// At this size, what is gone is swept out of memory.
    crowded: usize,
    /// When the sweeps are, as a span since the beginning.
    sweeps: SimSpan,
}

/// An answer of the IdP that a gateway keeps.
#[derive(Clone, Copy, Debug)]
struct Kept {
    active: bool,
    /// The sweep that drops it.
    until: SimTime,
}

/// The token of a call's caller. Calls do not carry it themselves: most worlds have none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passport {
    token: UserToken,
    stamp: Option<Validated>,
}

/// The check that a call has passed.
#[derive(Clone, Copy, Debug)]
struct Validated {
    at: SimTime,
    /// What had revoked its caller's token by then.
    revoked: Option<NoticeId>,
}

impl Inbound {
    pub fn new(sweeps: SimSpan) -> Inbound {
        Inbound { sweeps, ..Inbound::default() }
    }

    /// The node goes down: its memory is gone, its sweeps are when they are.
    pub fn forget(&mut self) {
        *self = Inbound::new(self.sweeps);
    }

    /// Its caches are emptied; the maps of revocations are none.
    pub fn drop_all_answers(&mut self) {
        self.answers.clear();
    }

    /// The first sweep from this instant on.
    fn sweep_from(&self, at: SimTime, gap: SimSpan) -> SimTime {
        let since = at.0.saturating_sub(self.sweeps.0);
        SimTime(self.sweeps.0 + since.div_ceil(gap.0) * gap.0)
    }

    fn keep(&mut self, jti: Jti, kept: Kept, now: SimTime) {
        if self.answers.len() >= self.crowded {
            self.answers.retain(|_, kept| now < kept.until);
            self.crowded = (2 * self.answers.len()).max(64);
        }
        self.answers.insert(jti, kept);
    }

    /// A revocation drops what is kept of such tokens; of a token that is not there it leaves no trace (facts: wso2.md §2.3).
    fn drop_answers(&mut self, target: Target, of_key: impl Fn(&Jti) -> bool) {
        match target {
            Target::Jti(jti) => {
                self.answers.remove(&jti);
            }
            Target::Subject(user) => {
                let (first, last) = (Jti { user, serial: 0 }, Jti { user, serial: u32::MAX });
                while let Some((jti, _)) = self.answers.range(first..=last).next() {
                    let jti = *jti;
                    self.answers.remove(&jti);
                }
            }
            Target::ConsumerKey(_) => self.answers.retain(|jti, _| !of_key(jti)),
        }
    }
}

impl<O: Observer> World<O> {
    /// Whether a gateway hears of revocations of its callers' tokens.
    pub(super) fn listens(&self, gateway: GatewayId) -> bool {
        let inbound = &self.config.gateway.inbound;
        inbound.validation != InboundValidation::None && inbound.listens[gateway.index()]
    }

    /// A call takes the token along that its caller holds, where callers have tokens.
    pub(super) fn take_along(&mut self, id: CallId, client: ClientId, user: u32) {
        if let Some(token) = self.users.token(client, user) {
            let passport = Passport { token, stamp: None };
            if self.passports.len() <= id.index() {
                self.passports.resize(id.index() + 1, passport);
            }
            self.passports[id.index()] = passport;
        }
    }

    /// A backend has accepted a call: tells if its caller's token had been revoked before a gateway let it pass.
    pub(super) fn tell_if_revoked(&mut self, id: CallId, now: SimTime) {
        let Caller::Client { gateway, .. } = self.calls[id].caller else { return };
        let stamp = self.passports.get(id.index()).and_then(|passport| passport.stamp);
        if let Some(Validated { at: validated, revoked: Some(by) }) = stamp {
            self.tell(now, Fact::ServedRevoked { by, gateway, validated });
        }
    }

    /// The gateway has done its own work on a call: its caller's token is checked, once, before a backend's is looked for.
    pub(super) fn needs_token(&mut self, id: CallId, s: &mut Schedule<Event>) {
        // The usual case: callers have no tokens.
        if self.passports.is_empty() {
            return self.ask(id, s);
        }
        let unchecked = self.passports.get(id.index()).filter(|passport| passport.stamp.is_none());
        let (Some(&Passport { token, .. }), Caller::Client { gateway, .. }) = (unchecked, self.calls[id].caller) else {
            return self.ask(id, s);
        };
        match self.config.gateway.inbound.validation {
            InboundValidation::None => self.ask(id, s),
            InboundValidation::Jwt => self.check_jwt(id, gateway, &token, s),
            InboundValidation::Introspect { .. } => {
                let kept = self.gateways[gateway.index()].inbound.answers.get(&token.jti).copied();
                match kept.filter(|kept| s.now() < kept.until) {
                    Some(Kept { active, .. }) => {
                        let good = active && !self.looks_expired(gateway, &token, s.now());
                        self.checked(id, gateway, &token, good, None, s);
                    }
                    None => self.introspect(id, Asker::Gateway { call: id, gateway, token }, INBOUND, s),
                }
            }
        }
    }

    /// Revoked JTI, consumer key's watermark, subject's watermark, signature: in this order (facts: wso2.md §2.1).
    fn check_jwt(&mut self, id: CallId, gateway: GatewayId, token: &UserToken, s: &mut Schedule<Event>) {
        let key = self.config.clients[token.jti.user.client.index()].consumer_key;
        let comparison = self.config.gateway.inbound.comparison;
        let by = self.gateways[gateway.index()].inbound.map.refuses(token, key, comparison);
        let keys = &self.idp.truth.keys;
        let good = by.is_none()
            && !self.looks_expired(gateway, token, s.now())
            && keys.published().contains(&keys.signing_at(token.issued));
        self.checked(id, gateway, token, good, by, s);
    }

    /// Whether a gateway takes a token for expired, by its own clock.
    fn looks_expired(&self, gateway: GatewayId, token: &UserToken, now: SimTime) -> bool {
        let ahead = self.gateways[gateway.index()].clock.0 - self.idp.nodes[token.node.index()].clock.0;
        self.user_token_expires(token).is_some_and(|expires| now.stamp().0.saturating_add(ahead) >= expires.0)
    }

    /// The gateway has made up its mind about a caller's token; `by`: the revocation for which it refuses it, if it is one.
    fn checked(
        &mut self,
        id: CallId,
        gateway: GatewayId,
        token: &UserToken,
        good: bool,
        by: Option<NoticeId>,
        s: &mut Schedule<Event>,
    ) {
        let now = s.now();
        if good {
            let key = self.config.clients[token.jti.user.client.index()].consumer_key;
            let revoked = self.users.revoked.by(token, key).map(|by| by.notice);
            self.passports[id.index()].stamp = Some(Validated { at: now, revoked });
            return self.ask(id, s);
        }
        self.watch(Input::Refusal(gateway), s);
        // A call that its client has given up fails for that, and the gateway does not notice.
        if self.is_good(token, now) && self.calls[id].outcome.is_none() {
            self.tell(now, Fact::FalselyRefused { by, gateway });
        }
        self.calls[id].deserved = self.has_ended(token, now);
        let (user, leg) = (token.jti.user, self.config.network.client_gateway);
        let holds_it = self.users.token(user.client, user.user).is_some_and(|held| held.jti == token.jti);
        if holds_it && self.client_waits_until(id, now + leg) {
            self.log_in_again(user, leg, s);
        }
        self.settle(id, Outcome::Failed(Cause::InboundRefused), s);
        self.leave(id, s);
    }

    /// The IdP has answered a gateway's introspection, or has not. A node that went down meanwhile has lost the call.
    pub(super) fn gateway_knows(
        &mut self,
        call: CallId,
        gateway: GatewayId,
        token: &UserToken,
        answer: Answer,
        s: &mut Schedule<Event>,
    ) {
        if self.calls[call].abandoned {
            return self.gateway_done(call);
        }
        let active = match answer {
            Err(Down) => return self.fail(call, Cause::IntrospectionDown, s),
            Ok(dead) => dead.is_none(),
        };
        let inbound = &mut self.gateways[gateway.index()].inbound;
        if let InboundValidation::Introspect { cache, sweep } = self.config.gateway.inbound.validation
            && cache > SimSpan::ZERO
        {
            let until = inbound.sweep_from(s.now() + cache, sweep);
            inbound.keep(token.jti, Kept { active, until }, s.now());
        }
        let good = active && !self.looks_expired(gateway, token, s.now());
        self.checked(call, gateway, token, good, None, s);
    }

    /// A gateway hears of a revocation, live or from a table.
    pub(super) fn hear_revocation(&mut self, gateway: GatewayId, told: Revocation) {
        let (inbound, config) = (&mut self.gateways[gateway.index()].inbound, &self.config);
        match config.gateway.inbound.validation {
            InboundValidation::None => {}
            InboundValidation::Jwt => inbound.map.hear(told, config.gateway.inbound.merge),
            InboundValidation::Introspect { .. } => inbound.drop_answers(told.target, |jti| {
                Target::ConsumerKey(config.clients[jti.user.client.index()].consumer_key) == told.target
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_lives_until_the_first_sweep_after_its_time() {
        let inbound = Inbound::new(SimSpan(7));
        for (at, sweep) in [(0, 7), (7, 7), (8, 37), (37, 37), (38, 67)] {
            assert_eq!(inbound.sweep_from(SimTime(at), SimSpan(30)), SimTime(sweep), "{at}");
        }
    }
}
