//! Gateway nodes: up or down, and how calls are spread over them (model.md §3).

use super::config::{Balance, InboundValidation, WorldConfig};
use super::control_plane::Load;
use super::event::Event;
use super::fact::{Fact, Observer};
use super::history::History;
use super::idp::Owner;
use super::inbound::Inbound;
use super::world::World;
use crate::engine::Schedule;
use crate::id::{ApiId, GatewayId, LaneId};
use crate::policy::surge::Input;
use crate::rng::Seeds;
use crate::time::{ClockOffset, SimSpan, SimTime};

/// One gateway node.
#[derive(Debug)]
pub(super) struct Gateway {
    up: History<bool>,
    /// What brought it down last: only that brings it back.
    downer: Option<Downer>,
    /// How often it went down: what was begun before a fall is not its own any more.
    pub falls: u32,
    pub clock: ClockOffset,
    /// What it knows of its callers' tokens.
    pub inbound: Inbound,
    /// Its reading of the event tables, while it is at it.
    pub load: Option<Load>,
}

/// What brings a node down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Downer {
    Fault(Owner),
    Operator,
}

impl Gateway {
    pub fn new(config: &WorldConfig, id: GatewayId, seeds: Seeds, clock: ClockOffset) -> Gateway {
        let sweeps = match config.gateway.inbound.validation {
            InboundValidation::Introspect { sweep, .. } => {
                sweep.scaled(seeds.uniform("cache sweep", &format!("gateway-{}", id.0 + 1)))
            }
            InboundValidation::None | InboundValidation::Jwt => SimSpan::ZERO,
        };
        let up = History::new(true, config.gateway.detect_down);
        Gateway { up, downer: None, falls: 0, clock, inbound: Inbound::new(sweeps), load: None }
    }

    pub fn up(&self) -> bool {
        self.up.now()
    }

    /// Up and in use, and both until something happens.
    pub fn steadily_up(&self, now: SimTime) -> bool {
        self.up.now() && self.up.is_settled(now)
    }
}

impl<O: Observer> World<O> {
    /// The lane of a gateway node and an API.
    pub(super) fn lane(&self, gateway: GatewayId, api: ApiId) -> LaneId {
        LaneId::at(gateway.index() * self.config.apis.len() + api.index())
    }

    /// The node that a call goes to: the preferred one while it is in use, else another one that is.
    pub(super) fn balance(&self, preferred: GatewayId, other: u64, now: SimTime) -> Option<GatewayId> {
        let in_use = |gateway: &usize| self.gateways[*gateway].up.seen(now);
        if in_use(&preferred.index()) {
            return Some(preferred);
        }
        let all = self.gateways.len();
        let found = match self.config.gateway.balance {
            Balance::Random => {
                let used = (0..all).filter(in_use).count();
                (0..all).filter(in_use).nth(super::call::pick(other, used))
            }
            Balance::RoundRobin | Balance::Sticky => (1..all).map(|step| (preferred.index() + step) % all).find(in_use),
        };
        found.map(GatewayId::at)
    }

    /// A node goes down: what is within it fails, what it cached and what it was about to do is gone.
    pub(super) fn gateway_down(&mut self, id: GatewayId, downer: Downer, s: &mut Schedule<Event>) {
        let gateway = &mut self.gateways[id.index()];
        gateway.downer = Some(downer);
        if !gateway.up() {
            return;
        }
        self.wake_all(s);
        self.answers_matter(id, s);
        let gateway = &mut self.gateways[id.index()];
        gateway.up.set(s.now(), false);
        gateway.falls += 1;
        gateway.inbound.forget();
        gateway.load = None;
        self.tell(s.now(), Fact::Gateway(id, false));
        self.calls_lost(id, s);
        self.holders_lost(id, s);
        self.disconnect(id);
        self.watch(Input::Down(id), s);
    }

    /// A node is up again, with empty caches.
    pub(super) fn gateway_up(&mut self, id: GatewayId, downer: Downer, s: &mut Schedule<Event>) {
        let gateway = &mut self.gateways[id.index()];
        if gateway.up() || gateway.downer != Some(downer) {
            return;
        }
        gateway.up.set(s.now(), true);
        self.tell(s.now(), Fact::Gateway(id, true));
        self.subscribe(id, s);
        self.load_later(id, s);
        self.watch(Input::Up(id), s);
    }
}
