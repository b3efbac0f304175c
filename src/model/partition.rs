//! Links that are cut: nobody of the one group reaches anybody of the other. What is on the wire arrives (model.md §6).

use super::event::Event;
use super::fact::{Fact, Observer};
use super::idp::Owner;
use super::world::World;
use crate::engine::Schedule;
use crate::fault::Party;
use crate::id::GatewayId;
use crate::time::SimTime;

/// The partitions in force.
#[derive(Debug, Default)]
pub(super) struct Partitions(Vec<Partition>);

#[derive(Debug)]
struct Partition {
    owner: Owner,
    since: SimTime,
    left: Vec<Party>,
    right: Vec<Party>,
}

impl Partitions {
    /// Whether everybody reaches everybody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether two cannot reach each other.
    pub fn cut(&self, one: Party, other: Party) -> bool {
        self.cut_by(one, other, SimTime::NEVER)
    }

    /// Whether they could not at this instant, as far as what is in force now tells.
    pub fn cut_by(&self, one: Party, other: Party, at: SimTime) -> bool {
        self.0.iter().any(|partition| {
            let Partition { left, right, since, .. } = partition;
            *since <= at
                && (left.contains(&one) && right.contains(&other) || left.contains(&other) && right.contains(&one))
        })
    }
}

impl<O: Observer> World<O> {
    /// Two groups lose sight of each other.
    pub(super) fn partition(&mut self, owner: Owner, left: &[Party], right: &[Party], s: &mut Schedule<Event>) {
        self.partitions.0.push(Partition { owner, since: s.now(), left: left.to_vec(), right: right.to_vec() });
        self.tell(s.now(), Fact::Partition(true));
        self.cut_off_ops(s);
        for gateway in (0..self.gateways.len()).map(GatewayId::at) {
            if self.partitions.cut(Party::Gateway(gateway), Party::Bus) && self.gateways[gateway.index()].up() {
                self.disconnect(gateway);
                self.subscribe(gateway, s);
            }
        }
    }

    /// What an occurrence has cut is whole again.
    pub(super) fn mend(&mut self, owner: Owner, s: &Schedule<Event>) {
        self.partitions.0.retain(|partition| partition.owner != owner);
        self.tell(s.now(), Fact::Partition(false));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{FaultId, IdpNodeId};

    #[test]
    fn a_link_is_cut_both_ways_and_no_other() {
        let (gateway, idp) = (Party::Gateway(GatewayId(0)), Party::Idp(IdpNodeId(1)));
        let owner = Owner { fault: FaultId(0), occurrence: 0 };
        let partitions =
            Partitions(vec![Partition { owner, since: SimTime(5), left: vec![gateway, Party::Bus], right: vec![idp] }]);
        assert!(partitions.cut(gateway, idp) && partitions.cut(idp, gateway) && partitions.cut(idp, Party::Bus));
        assert!(!partitions.cut(gateway, Party::Bus) && !partitions.cut(idp, idp));
        assert!(partitions.cut_by(gateway, idp, SimTime(5)) && !partitions.cut_by(gateway, idp, SimTime(4)));
    }
}
