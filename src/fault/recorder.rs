//! A world that only notes what a fault does to it.

use super::{Clocked, Control, Death, Fails, FaultDef, FaultMistake, Names, Party, Phase, Revoke};
use crate::dist::Dist;
use crate::id::{CredentialId, GatewayId, IdpNodeId};
use crate::key::{Table, Value};
use crate::time::{SimSpan, SimTime};

/// What the phases of a fault with these keys do, one after the other, in a world of two nodes of the IdP, two gateways, a
/// population `shop` of 20 users, and an application `batch`.
pub fn played(def: &FaultDef, keys: &[(&'static str, Value)], phases: u32) -> Result<Vec<String>, Vec<FaultMistake>> {
    let mut table = Table(def.keys.iter().map(|key| (key.name, Value::Off)).collect());
    table.0.extend(keys.iter().cloned());
    let [batch, orders, shop] = ["batch", "orders", "shop"].map(str::to_owned);
    let names = Names {
        idp_nodes: 2,
        gateways: 2,
        credentials: &[orders.clone(), batch.clone()],
        clients: &[(shop.clone(), 20)],
        consumer_keys: &[batch, orders, shop],
    };
    let fault = (def.build)(&table, &Table::default(), names)?;
    let mut recorder = Recorder::default();
    (0..phases).for_each(|step| fault.phase(Phase::begin(0).step(step), &mut recorder));
    Ok(recorder.0)
}

/// A key's value.
pub fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Two nodes of the IdP, and what happened, in order.
#[derive(Default)]
pub struct Recorder(pub Vec<String>);

impl Control for Recorder {
    fn now(&self) -> SimTime {
        SimTime::ZERO
    }
    fn idp_nodes(&self) -> Vec<IdpNodeId> {
        (0..2).map(IdpNodeId::at).collect()
    }
    fn gateways(&self) -> Vec<GatewayId> {
        Vec::new()
    }
    fn draw(&self, dist: &Dist, _: &str) -> SimSpan {
        dist.sample(0.5)
    }
    fn then(&mut self, _: SimSpan, _: Phase) {}
    fn drain_nodes(&mut self, nodes: &[IdpNodeId]) {
        self.0.push(format!("drain {}", nodes.len()));
    }
    fn stop_nodes(&mut self, nodes: &[IdpNodeId]) {
        self.0.push(format!("stop {}", nodes.len()));
    }
    fn lose_memory(&mut self, nodes: &[IdpNodeId], writes_queue_first: bool) {
        self.0.push(format!("{} {}", if writes_queue_first { "write and forget" } else { "forget" }, nodes.len()));
    }
    fn restart_begins(&mut self) {
        self.0.push("begin".into());
    }
    fn restart_stopped(&mut self) {}
    fn begin_starting(&mut self, _: &[IdpNodeId]) {}
    fn nodes_up(&mut self, _: &[IdpNodeId]) -> bool {
        true
    }
    fn kill(&mut self, death: Death) {
        self.0.push(format!("kill {death:?}"));
    }
    fn publish_key(&mut self) {}
    fn rotate_key(&mut self) {
        self.0.push("rotate".into());
    }
    fn publish_rotated_key(&mut self) {
        self.0.push("publish rotated".into());
    }
    fn withhold_key(&mut self) {
        self.0.push("withhold".into());
    }
    fn put_key_back(&mut self) {
        self.0.push("put back".into());
    }
    fn publish(&mut self, node: Option<IdpNodeId>, credential: Option<CredentialId>, _: SimTime) {
        self.0.push(format!("publish {node:?} {credential:?}"));
    }
    fn slow_idp(&mut self, _: f64) {}
    fn unslow_idp(&mut self) {}
    fn gateways_down(&mut self, _: &[GatewayId]) {}
    fn gateways_up(&mut self, _: &[GatewayId]) {}
    fn bus_down(&mut self) {}
    fn bus_up(&mut self) {}
    fn stall_db(&mut self, _: SimSpan) {}
    fn db_down(&mut self, _: SimSpan) {}
    fn db_up(&mut self) {}
    fn revoke(&mut self, revoke: Revoke) {
        self.0.push(format!("revoke {revoke:?}"));
    }
    fn control_plane_down(&mut self) {
        self.0.push("control plane down".into());
    }
    fn control_plane_up(&mut self) {
        self.0.push("control plane up".into());
    }
    fn store_down(&mut self, fails: Fails) {
        self.0.push(format!("store down, {fails:?}"));
    }
    fn store_up(&mut self) {
        self.0.push("store up".into());
    }
    fn cut(&mut self, left: &[Party], right: &[Party]) {
        self.0.push(format!("cut {left:?} {right:?}"));
    }
    fn mend(&mut self) {
        self.0.push("mend".into());
    }
    fn skew(&mut self, nodes: &[Clocked], by_ns: i64) {
        self.0.push(format!("skew {nodes:?} {by_ns}"));
    }
}
