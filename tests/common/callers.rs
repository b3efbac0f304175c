//! What the facts of a run must not say of callers' tokens, whatever its world.

use std::collections::{BTreeMap, BTreeSet};

use stalegate::id::{ClientId, FaultId, GatewayId, NoticeId};
use stalegate::model::config::InboundValidation;
use stalegate::model::fact::Fact;
use stalegate::oauth::{Cause, Outcome};
use stalegate::revocation::Target;
use stalegate::scenario::Scenario;
use stalegate::time::SimTime;

/// What the facts of a run must not say of callers' tokens.
#[derive(Debug)]
pub struct Callers {
    /// By gateway: whether it listens to revocations.
    listens: Vec<bool>,
    jwt: bool,
    /// The policy's gateways hear of what concerns their own tokens.
    subscribed: bool,
    disables: Vec<bool>,
    published: BTreeSet<NoticeId>,
    revoked: BTreeMap<NoticeId, SimTime>,
    /// Nobody will ever hear of these.
    lost: BTreeSet<NoticeId>,
    delivered: BTreeSet<(NoticeId, GatewayId)>,
    restarted: BTreeSet<GatewayId>,
    disabled: BTreeSet<(ClientId, u32)>,
    /// A false refusal was told, and is to be followed by the call's outcome.
    refused: Option<SimTime>,
    pub falsely_refused: u64,
    pub let_pass: u64,
}

impl Callers {
    pub fn new(scenario: &Scenario, policy: usize) -> Callers {
        let (world, rules) = (&scenario.world, &scenario.policies[policy].policy);
        let inbound = &world.gateway.inbound;
        let checks = inbound.validation != InboundValidation::None;
        Callers {
            listens: inbound.listens.iter().map(|listens| *listens && checks).collect(),
            jwt: inbound.validation == InboundValidation::Jwt,
            subscribed: rules.events.subscribe,
            disables: world.faults.iter().map(|fault| fault.fault.kind() == "user-disabled").collect(),
            published: BTreeSet::new(),
            revoked: BTreeMap::new(),
            lost: BTreeSet::new(),
            delivered: BTreeSet::new(),
            restarted: BTreeSet::new(),
            disabled: BTreeSet::new(),
            refused: None,
            falsely_refused: 0,
            let_pass: 0,
        }
    }

    pub fn fact(&mut self, at: SimTime, fact: &Fact) {
        if let Some(refused) = self.refused.take() {
            let is_refusal =
                matches!(fact, Fact::Calls(calls) if calls.outcome == Outcome::Failed(Cause::InboundRefused));
            assert!(is_refusal && at == refused, "a false refusal is a refusal: {fact:?}");
        }
        match fact {
            Fact::Published(notice) => assert!(self.published.insert(*notice), "published once"),
            Fact::Revoked { notice, target, fault, .. } => self.revoked(at, *notice, *target, *fault),
            Fact::Untold { notice, again: false } => {
                assert!(self.lost.insert(*notice), "it is told once, at most");
                assert!(self.delivered.iter().all(|(delivered, _)| delivered != notice));
            }
            Fact::Delivered { notice, gateway } => self.delivered(*notice, *gateway),
            Fact::ServedRevoked { by, validated, .. } => {
                let revoked = self.revoked.get(by).copied();
                assert!(
                    revoked.is_some_and(|revoked| revoked <= *validated) && *validated <= at,
                    "{fact:?} {revoked:?}"
                );
                self.let_pass += 1;
            }
            Fact::FalselyRefused { by, gateway } => {
                let told = by.is_none_or(|by| self.revoked.contains_key(&by));
                assert!(told && (by.is_none() || self.jwt && self.listens[gateway.index()]), "{fact:?}");
                (self.refused, self.falsely_refused) = (Some(at), self.falsely_refused + 1);
            }
            Fact::Login { client, user } => assert!(!self.disabled.contains(&(*client, *user)), "{fact:?}"),
            Fact::Gateway(gateway, true) => drop(self.restarted.insert(*gateway)),
            Fact::TablesRead { gateway, .. } | Fact::TablesUnread { gateway, .. } => {
                assert!(self.jwt && self.listens[gateway.index()] && self.restarted.contains(gateway), "{fact:?}");
            }
            _ => {}
        }
    }

    fn revoked(&mut self, at: SimTime, notice: NoticeId, target: Target, fault: FaultId) {
        assert!(self.revoked.insert(notice, at).is_none(), "revoked once");
        if let Target::Subject(user) = target
            && self.disables[fault.index()]
        {
            self.disabled.insert((user.client, user.user));
        }
    }

    fn delivered(&mut self, notice: NoticeId, gateway: GatewayId) {
        assert!(self.published.contains(&notice) && !self.lost.contains(&notice), "{notice:?}");
        assert!(self.subscribed || self.listens[gateway.index()], "{notice:?} {gateway:?}");
        assert!(self.delivered.insert((notice, gateway)), "handled once");
    }
}
