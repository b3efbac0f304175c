//! The operator: counts refusals at gateway nodes, and restarts them or flushes their caches (model.md §4.7).

use super::event::Event;
use super::fact::{Fact, Observer};
use super::gateway::Downer;
use super::world::World;
use crate::engine::Schedule;
use crate::id::{GatewayId, HolderId};
use crate::policy::cache::Drop;
use crate::policy::surge::{self, Action, Input, Remedy};
use crate::rng::{Rows, uniform};
use crate::time::SimTime;

/// Whoever watches over the gateway nodes.
#[derive(Debug)]
pub(super) struct Operator {
    machine: surge::Operator,
    /// By node: when its last restart is over.
    back: Vec<Option<SimTime>>,
}

impl Operator {
    pub fn new(nodes: usize) -> Operator {
        Operator { machine: surge::Operator::new(nodes), back: vec![None; nodes] }
    }
}

impl<O: Observer> World<O> {
    /// Tells the operator, if there is one.
    pub(super) fn watch(&mut self, input: Input, s: &mut Schedule<Event>) {
        let Some(operator) = &mut self.operator else { return };
        match operator.machine.handle(s.now(), input, &self.policies.gateways.surge) {
            Some(Action::React { gateway, number }) => {
                let key = self.seeds.key("reaction", &format!("gateway-{}", gateway.0 + 1));
                let word = Rows::new(key).row(0, number)[0];
                let reaction = self.policies.gateways.surge.reaction.sample(uniform(word));
                s.at(s.now() + reaction, Event::Reacted(gateway));
            }
            Some(Action::Do(remedy, gateway)) => {
                self.tell(s.now(), Fact::Operator(gateway, remedy));
                match remedy {
                    Remedy::Flush => self.flush(gateway, s),
                    Remedy::Restart => self.restart(gateway, s),
                }
            }
            None => {}
        }
    }

    /// All that a node has cached is dropped. What is on its way to a cache gets there.
    fn flush(&mut self, gateway: GatewayId, s: &mut Schedule<Event>) {
        self.gateways[gateway.index()].inbound.drop_all_answers();
        for holder in self.holders_at(gateway).map(HolderId::at) {
            self.forget(holder, Drop::Whatever, s);
        }
    }

    fn restart(&mut self, gateway: GatewayId, s: &mut Schedule<Event>) {
        let back = s.now() + self.config.gateway.restart_takes;
        if let Some(operator) = &mut self.operator {
            operator.back[gateway.index()] = Some(back);
        }
        self.gateway_down(gateway, Downer::Operator, s);
        s.at(back, Event::Restarted(gateway));
    }

    /// A restart is over: the last one of this node, or one whose return something else has taken over since.
    pub(super) fn restarted(&mut self, gateway: GatewayId, s: &mut Schedule<Event>) {
        let back = self.operator.as_ref().and_then(|operator| operator.back[gateway.index()]);
        if back == Some(s.now()) {
            self.gateway_up(gateway, Downer::Operator, s);
        }
    }
}
