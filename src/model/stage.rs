//! What a fault can do to a world: the one door between `fault/` and the mechanisms.

use super::bus::Notice;
use super::event::Event;
use super::fact::{Fact, KeyChange, NodeState, Observer};
use super::gateway::Downer;
use super::idp::{Idp, Owner};
use super::world::World;
use crate::dist::Dist;
use crate::engine::Schedule;
use crate::fault::{Clocked, Control, Death, Fails, Party, Phase, Revoke};
use crate::id::{CredentialId, FaultId, GatewayId, IdpNodeId, TokenKeyId};
use crate::oauth::NotBefore;
use crate::time::{SimSpan, SimTime};

/// A world in the hands of one fault's phase.
struct Stage<'a, O> {
    world: &'a mut World<O>,
    schedule: &'a mut Schedule<Event>,
    fault: FaultId,
    phase: Phase,
}

impl<O: Observer> World<O> {
    /// Schedules the first occurrence of every fault.
    pub(super) fn schedule_faults(&self, s: &mut Schedule<Event>) {
        for (index, fault) in self.config.faults.iter().enumerate() {
            s.at(SimTime::ZERO + fault.begins(self.seeds), Event::Fault(FaultId::at(index), Phase::begin(0).pack()));
        }
    }

    /// A fault gets one phase further.
    pub(super) fn fault(&mut self, fault: FaultId, packed: u32, s: &mut Schedule<Event>) {
        let config = std::sync::Arc::clone(&self.config);
        let phase = Phase::unpack(packed);
        let this = &config.faults[fault.index()];
        if phase.is_begin()
            && let Some(every) = this.every
            && let Some(next) = Phase::next_occurrence(phase)
        {
            s.at(s.now() + every, Event::Fault(fault, next.pack()));
        }
        self.tell(s.now(), Fact::Fault(fault, phase));
        this.fault.phase(phase, &mut Stage { world: self, schedule: s, fault, phase });
    }
}

impl<O: Observer> Stage<'_, O> {
    fn owner(&self) -> Owner {
        Owner { fault: self.fault, occurrence: self.phase.occurrence }
    }

    fn name(&self, part: &str) -> String {
        format!("{}/{}/{part}", self.world.config.faults[self.fault.index()].name, self.phase.occurrence)
    }
}

impl<O: Observer> Control for Stage<'_, O> {
    fn idp_nodes(&self) -> Vec<IdpNodeId> {
        (0..self.world.config.idp.nodes).map(IdpNodeId::at).collect()
    }

    fn gateways(&self) -> Vec<GatewayId> {
        (0..self.world.config.gateway.nodes).map(GatewayId::at).collect()
    }

    fn draw(&self, dist: &Dist, part: &str) -> SimSpan {
        dist.sample(self.world.seeds.uniform("fault", &self.name(part)))
    }

    fn then(&mut self, after: SimSpan, phase: Phase) {
        self.schedule.at(self.schedule.now() + after, Event::Fault(self.fault, phase.pack()));
    }

    fn drain_nodes(&mut self, nodes: &[IdpNodeId]) {
        let up: Vec<IdpNodeId> =
            nodes.iter().copied().filter(|node| self.world.node_state(*node) == NodeState::Up).collect();
        let owner = self.owner();
        self.world.set_nodes(&up, NodeState::Draining, owner, self.schedule);
    }

    fn stop_nodes(&mut self, nodes: &[IdpNodeId]) {
        let owner = self.owner();
        self.world.set_nodes(nodes, NodeState::Down, owner, self.schedule);
    }

    fn lose_memory(&mut self, nodes: &[IdpNodeId], writes_queue_first: bool) {
        self.world.lose_memory(nodes, writes_queue_first, self.schedule);
    }

    fn restart_begins(&mut self) {
        self.world.end_window(self.schedule);
    }

    fn restart_stopped(&mut self) {
        self.world.await_ready();
        self.world.front_looks(self.schedule);
    }

    fn begin_starting(&mut self, nodes: &[IdpNodeId]) {
        let owner = self.owner();
        self.world.set_nodes(nodes, NodeState::Starting, owner, self.schedule);
    }

    fn nodes_up(&mut self, nodes: &[IdpNodeId]) -> bool {
        let owner = self.owner();
        let returns = nodes.iter().any(|node| self.world.owns_node(*node, owner));
        self.world.set_nodes(nodes, NodeState::Up, owner, self.schedule);
        returns
    }

    fn kill(&mut self, death: Death) {
        let (now, owner) = (self.schedule.now(), self.owner());
        self.world.tell(now, Fact::Killed(death));
        let world = &mut *self.world;
        let truth = &mut world.idp.truth;
        match death {
            Death::AllTokens => truth.invalidate_all(now),
            Death::NodeTokens(node) => truth.invalidate_node(node, now),
            Death::Credential(credential) => {
                let keys = (0..world.token_keys.len()).filter(|key| world.token_keys[*key] == credential);
                keys.for_each(|key| truth.revoke(TokenKeyId::at(key), now));
            }
            Death::SigningKey => truth.replace_key(now),
            Death::RotatedKey => {
                truth.retire_key_before(world.idp.key_of[&owner], now);
                world.tell(now, Fact::Key(KeyChange::Retired));
            }
            Death::NotBefore => {
                let iat_s = world.idp.nodes[0].clock.whole_secs(now.stamp());
                truth.not_before(NotBefore { at: now, iat_s });
            }
        }
        world.tokens_killed(self.schedule);
    }

    fn publish_key(&mut self) {
        self.world.idp.truth.keys.publish_replacement();
    }

    fn rotate_key(&mut self) {
        let key = self.world.idp.truth.rotate_key(self.schedule.now());
        let owner = self.owner();
        self.world.idp.key_of.insert(owner, key);
        self.world.tell(self.schedule.now(), Fact::Key(KeyChange::Signs));
    }

    fn publish_rotated_key(&mut self) {
        let owner = self.owner();
        let Idp { truth, key_of, .. } = &mut self.world.idp;
        truth.keys.publish(key_of[&owner]);
        self.world.tell(self.schedule.now(), Fact::Key(KeyChange::Published));
    }

    fn withhold_key(&mut self) {
        let key = self.world.idp.truth.keys.withhold();
        let owner = self.owner();
        self.world.idp.key_of.insert(owner, key);
        self.world.tell(self.schedule.now(), Fact::Key(KeyChange::Withheld));
    }

    fn put_key_back(&mut self) {
        let owner = self.owner();
        let Idp { truth, key_of, .. } = &mut self.world.idp;
        let key = key_of[&owner];
        truth.keys.put_back(key);
        // It may have been taken out twice, or be retired by now.
        if truth.keys.published().contains(&key) {
            self.world.tell(self.schedule.now(), Fact::Key(KeyChange::PutBack));
        }
    }

    fn publish(&mut self, node: Option<IdpNodeId>, credential: Option<CredentialId>, before: SimTime) {
        let part = node.map_or(String::from("all"), |node| format!("idp-{}", node.0 + 1));
        let name = self.name(&part);
        let sender = node.unwrap_or(IdpNodeId(0));
        let notice = Notice { before, token: None, credential, node, revoked: None, sender, name };
        self.world.publish(notice, self.schedule);
    }

    fn now(&self) -> SimTime {
        self.schedule.now()
    }

    fn slow_idp(&mut self, factor: f64) {
        let owner = self.owner();
        self.world.slow_down(owner, factor, self.schedule);
    }

    fn unslow_idp(&mut self) {
        let owner = self.owner();
        self.world.speed_up(owner, self.schedule.now());
    }

    fn gateways_down(&mut self, gateways: &[GatewayId]) {
        let owner = self.owner();
        for gateway in gateways {
            self.world.gateway_down(*gateway, Downer::Fault(owner), self.schedule);
        }
    }

    fn gateways_up(&mut self, gateways: &[GatewayId]) {
        let owner = self.owner();
        for gateway in gateways {
            self.world.gateway_up(*gateway, Downer::Fault(owner), self.schedule);
        }
    }

    fn bus_down(&mut self) {
        self.world.bus_down(self.schedule);
    }

    fn bus_up(&mut self) {
        self.world.bus_up(self.schedule);
    }

    fn stall_db(&mut self, lasts: SimSpan) {
        let until = self.schedule.now() + lasts;
        self.world.stall_db(until, self.schedule);
    }

    fn db_down(&mut self, lost: SimSpan) {
        let owner = self.owner();
        self.world.db_down(owner, lost, self.schedule);
    }

    fn db_up(&mut self) {
        let owner = self.owner();
        self.world.db_up(owner, self.schedule);
    }
    fn revoke(&mut self, revoke: Revoke) {
        let owner = self.owner();
        self.world.revoke(revoke, owner, self.schedule);
    }

    fn control_plane_down(&mut self) {
        self.world.control_plane_down(self.schedule);
    }

    fn control_plane_up(&mut self) {
        self.world.control_plane_up(self.schedule);
    }

    fn store_down(&mut self, fails: Fails) {
        let owner = self.owner();
        self.world.store_down(owner, fails, self.schedule);
    }

    fn store_up(&mut self) {
        let owner = self.owner();
        self.world.store_up(owner, self.schedule);
    }

    fn cut(&mut self, left: &[Party], right: &[Party]) {
        let owner = self.owner();
        self.world.partition(owner, left, right, self.schedule);
    }

    fn mend(&mut self) {
        let owner = self.owner();
        self.world.mend(owner, self.schedule);
    }

    fn skew(&mut self, nodes: &[Clocked], by_ns: i64) {
        for node in nodes {
            let clock = match node {
                Clocked::Gateway(gateway) => &mut self.world.gateways[gateway.index()].clock,
                Clocked::Idp(node) => &mut self.world.idp.nodes[node.index()].clock,
            };
            clock.0 = clock.0.saturating_add(by_ns);
        }
        self.world.tell(self.schedule.now(), Fact::ClockSkewed);
    }
}
