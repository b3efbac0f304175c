//! Links that are cut: nobody of the one group reaches anybody of the other. What is on the wire arrives (model.md §6).

use super::event::Event;
use super::fact::{Fact, Observer};
use super::idp::Owner;
use super::world::World;
use crate::engine::Schedule;
use crate::fault::Party;
use crate::id::GatewayId;
use crate::time::{SimSpan, SimTime};

/// The partitions in force, and those that something on a wire may have met.
#[derive(Debug)]
pub(super) struct Partitions {
    all: Vec<Partition>,
    /// Nothing is on a wire for longer.
    longest_way: SimSpan,
}

#[derive(Debug)]
struct Partition {
    owner: Owner,
    since: SimTime,
    /// `NEVER` while it is in force.
    until: SimTime,
    left: Vec<Party>,
    right: Vec<Party>,
}

impl Partitions {
    /// Everybody reaches everybody; nothing will be on a wire for longer than this.
    pub fn new(longest_way: SimSpan) -> Partitions {
        Partitions { all: Vec::new(), longest_way }
    }

    /// Whether nothing has met a partition that is still on a wire.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether no link is cut, and nothing that has met a cut one is still on a wire.
    pub fn are_over(&self, now: SimTime) -> bool {
        let over =
            |partition: &Partition| partition.until < SimTime::NEVER && partition.until + self.longest_way <= now;
        self.all.iter().all(over)
    }

    /// Whether two cannot reach each other now.
    pub fn cut(&self, one: Party, other: Party) -> bool {
        self.all.iter().any(|partition| partition.until == SimTime::NEVER && partition.is_between(one, other))
    }

    /// Whether what was sent so long ago was sent into a cut link.
    pub fn swallowed(&self, one: Party, other: Party, way: SimSpan, now: SimTime) -> bool {
        let sent = SimTime(now.0.saturating_sub(way.0));
        let then = |partition: &&Partition| partition.since <= sent && sent < partition.until;
        self.all.iter().filter(then).any(|partition| partition.is_between(one, other))
    }
}

impl Partition {
    fn is_between(&self, one: Party, other: Party) -> bool {
        let Partition { left, right, .. } = self;
        left.contains(&one) && right.contains(&other) || left.contains(&other) && right.contains(&one)
    }
}

impl<O: Observer> World<O> {
    /// Two groups lose sight of each other.
    pub(super) fn partition(&mut self, owner: Owner, left: &[Party], right: &[Party], s: &mut Schedule<Event>) {
        let (left, right) = (left.to_vec(), right.to_vec());
        self.partitions.all.push(Partition { owner, since: s.now(), until: SimTime::NEVER, left, right });
        self.world_changed();
        self.tell(s.now(), Fact::Partition(true));
        self.cut_off_ops(s);
        for gateway in (0..self.gateways.len()).map(GatewayId::at) {
            if self.partitions.cut(Party::Gateway(gateway), Party::Bus) {
                self.connection_breaks(gateway, s);
            }
            if self.partitions.cut(Party::Gateway(gateway), Party::Backends) {
                self.wake_all(s);
                self.answers_matter(gateway, s);
            }
        }
    }

    /// What an occurrence has cut is whole again.
    pub(super) fn mend(&mut self, owner: Owner, s: &Schedule<Event>) {
        let (now, way) = (s.now(), self.partitions.longest_way);
        self.partitions.all.retain(|partition| partition.until == SimTime::NEVER || partition.until + way > now);
        for partition in self.partitions.all.iter_mut().filter(|partition| partition.owner == owner) {
            partition.until = now.min(partition.until);
        }
        self.tell(s.now(), Fact::Partition(false));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{FaultId, IdpNodeId};

    const GATEWAY: Party = Party::Gateway(GatewayId(0));
    const IDP: Party = Party::Idp(IdpNodeId(1));

    /// A partition between the gateway or the bus and the IdP's node.
    fn since_5(until: SimTime) -> Partitions {
        let owner = Owner { fault: FaultId(0), occurrence: 0 };
        let (left, right) = (vec![GATEWAY, Party::Bus], vec![IDP]);
        let all = vec![Partition { owner, since: SimTime(5), until, left, right }];
        Partitions { all, longest_way: SimSpan(9) }
    }

    #[test]
    fn a_link_is_cut_both_ways_and_no_other_until_it_is_mended() {
        let cut = since_5(SimTime::NEVER);
        assert!(cut.cut(GATEWAY, IDP) && cut.cut(IDP, GATEWAY) && cut.cut(IDP, Party::Bus));
        assert!(!cut.cut(GATEWAY, Party::Bus) && !cut.cut(IDP, IDP));
        assert!(!since_5(SimTime(8)).cut(GATEWAY, IDP));
    }

    #[test]
    fn what_is_sent_into_the_cut_is_swallowed_and_what_was_sent_before_or_is_sent_after_arrives() {
        let swallowed = |sent: u64, way: u64| {
            let partitions = since_5(SimTime(8));
            partitions.swallowed(GATEWAY, IDP, SimSpan(way), SimTime(sent + way))
        };
        assert!(swallowed(5, 0) && swallowed(5, 9) && swallowed(7, 9));
        assert!(!swallowed(4, 1) && !swallowed(4, 9) && !swallowed(8, 0));
    }
}
