//! How the IdP's events reach gateways once the control plane has them: the bus, and each subscriber (model.md §4.5, §9).

use super::event::Event;
use super::fact::{Fact, Observer};
use super::store::StoreOp;
use super::world::World;
use crate::engine::Schedule;
use crate::fault::Party;
use crate::id::{CredentialId, DeliveryId, GatewayId, HolderId, IdpNodeId, NoticeId};
use crate::policy::cache::Drop;
use crate::policy::events::{CatchUp, EventPurge};
use crate::revocation::{Revocation, Target};
use crate::rng::{Row, Rows, uniform};
use crate::time::{SimSpan, SimTime, Stamp};

/// An event of the IdP: tokens issued before an instant are dead.
#[derive(Clone, Debug)]
pub struct Notice {
    pub before: SimTime,
    /// Only this token.
    pub token: Option<u64>,
    /// Only tokens of this credential.
    pub credential: Option<CredentialId>,
    /// Only tokens that this node issued.
    pub node: Option<IdpNodeId>,
    /// A revocation of callers' tokens or of a consumer key: whose, and its time by the clock of the node that tells of it.
    pub revoked: Option<(Target, Stamp)>,
    /// The node that tells of it.
    pub sender: IdpNodeId,
    /// The draws for it are keyed by this: the fault, its occurrence, the node.
    pub name: String,
}

impl Notice {
    /// What a gateway hears about its callers' tokens, if it is about any.
    pub fn revocation(&self, by: NoticeId) -> Option<Revocation> {
        self.revoked.map(|(target, at)| Revocation { target, at, by })
    }

    /// Whether it is about tokens that gateways cache for backends.
    fn concerns_holders(&self) -> bool {
        self.revoked.is_none() || self.credential.is_some()
    }
}

/// The bus and who listens.
#[derive(Debug)]
pub(super) struct Bus {
    /// How many outages are in force.
    outages: u32,
    /// Everything the IdP has published, and whether it has passed the control plane.
    notices: Vec<(Notice, bool)>,
    /// By gateway node.
    subscribers: Vec<Subscriber>,
}

#[derive(Clone, Debug, Default)]
struct Subscriber {
    connected: bool,
    /// How often it tried in vain since the connection broke.
    tries: u32,
    /// The try that counts; others that are still scheduled do not.
    next_try: Option<SimTime>,
    /// By notice: it has been handled.
    received: Vec<bool>,
    /// By notice: how often it has been sent to this subscriber.
    sent: Vec<u32>,
    /// Durable: published while nobody was connected.
    kept: Vec<NoticeId>,
}

/// A notice on its way to a gateway.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery {
    notice: NoticeId,
    gateway: GatewayId,
}

/// The first gap between two tries to subscribe again, and the longest (facts: 20 s doubled up to 1 h, wso2.md §2.6).
const FIRST_GAP: SimSpan = SimSpan::secs(20);
const LONGEST_GAP: SimSpan = SimSpan::secs(3_600);

impl Bus {
    pub fn new(gateways: usize) -> Bus {
        let subscriber = Subscriber { connected: true, ..Subscriber::default() };
        Bus { outages: 0, notices: Vec::new(), subscribers: vec![subscriber; gateways] }
    }

    /// Takes a notice in that the IdP is about to tell.
    pub fn announce(&mut self, notice: Notice) -> NoticeId {
        let id = NoticeId::at(self.notices.len());
        self.notices.push((notice, false));
        id
    }

    pub fn notice(&self, id: NoticeId) -> &Notice {
        &self.notices[id.index()].0
    }
}

impl Subscriber {
    fn received(&self, notice: NoticeId) -> bool {
        self.received.get(notice.index()).copied().unwrap_or(false)
    }

    /// Marks a notice as handled; `false` if it was already.
    fn receive(&mut self, notice: NoticeId) -> bool {
        if self.received.len() <= notice.index() {
            self.received.resize(notice.index() + 1, false);
        }
        !std::mem::replace(&mut self.received[notice.index()], true)
    }

    /// Counts a sending; the number of those before.
    fn send(&mut self, notice: NoticeId) -> u32 {
        if self.sent.len() <= notice.index() {
            self.sent.resize(notice.index() + 1, 0);
        }
        self.sent[notice.index()] += 1;
        self.sent[notice.index()] - 1
    }
}

impl<O: Observer> World<O> {
    /// The number of the next notice.
    pub(super) fn next_notice(&self) -> NoticeId {
        NoticeId::at(self.bus.notices.len())
    }

    /// Whether a gateway node is subscribed at all.
    fn subscribes(&self, gateway: GatewayId) -> bool {
        self.policies.gateways.events.subscribe || self.listens(gateway)
    }

    /// Whether a gateway does something about a notice.
    fn wants(&self, gateway: GatewayId, notice: NoticeId) -> bool {
        let notice = self.bus.notice(notice);
        self.policies.gateways.events.subscribe && notice.concerns_holders()
            || notice.revoked.is_some() && self.listens(gateway)
    }

    /// The control plane hands a notice to the bus.
    pub(super) fn fan_out(&mut self, notice: NoticeId, s: &mut Schedule<Event>) {
        self.bus.notices[notice.index()].1 = true;
        for gateway in (0..self.gateways.len()).map(GatewayId::at) {
            if self.wants(gateway, notice) {
                self.offer(Delivery { notice, gateway }, s);
            }
        }
    }

    /// The bus takes a notice for a subscriber, if it is there and both are connected to it.
    fn offer(&mut self, delivery: Delivery, s: &mut Schedule<Event>) {
        if self.partitions.cut(Party::ControlPlane, Party::Bus) {
            self.lose(delivery, s);
        } else if self.bus.outages == 0 && self.bus.subscribers[delivery.gateway.index()].connected {
            self.carry(delivery, s);
        } else {
            self.miss(delivery, s.now());
        }
    }

    fn miss(&mut self, delivery: Delivery, now: SimTime) {
        let Delivery { notice, gateway } = delivery;
        if self.config.bus.durable {
            self.bus.subscribers[gateway.index()].kept.push(notice);
        } else {
            self.tell(now, Fact::Missed { notice, gateway });
        }
    }

    /// The bus carries a notice to a subscriber, or loses it.
    fn carry(&mut self, delivery: Delivery, s: &mut Schedule<Event>) {
        self.tell(s.now(), Fact::EventMessage);
        let words = self.delivery_words(delivery);
        if uniform(words[0]) >= self.config.bus.loss {
            self.deliver_after(delivery, self.config.bus.delay.sample(uniform(words[1])), s);
        } else {
            self.lose(delivery, s);
        }
    }

    /// A delivery comes to nothing, and is repeated if the bus delivers at least once.
    fn lose(&mut self, delivery: Delivery, s: &mut Schedule<Event>) {
        if let Some(again) = self.config.bus.redeliver {
            let id = self.deliveries.insert(delivery);
            s.at(s.now() + again, Event::Redeliver(id));
        } else {
            self.tell(s.now(), Fact::Missed { notice: delivery.notice, gateway: delivery.gateway });
        }
    }

    fn delivery_words(&mut self, delivery: Delivery) -> Row {
        let name = format!("{}/gateway-{}", self.bus.notices[delivery.notice.index()].0.name, delivery.gateway.0 + 1);
        let sent = self.bus.subscribers[delivery.gateway.index()].send(delivery.notice);
        Rows::new(self.seeds.key("delivery", &name)).row(0, u64::from(sent))
    }

    fn deliver_after(&mut self, delivery: Delivery, after: SimSpan, s: &mut Schedule<Event>) {
        let id = self.deliveries.insert(delivery);
        s.at(s.now() + after, Event::Deliver(id));
    }

    /// A lost delivery is repeated while its subscriber is connected.
    pub(super) fn redeliver(&mut self, id: DeliveryId, s: &mut Schedule<Event>) {
        let delivery = self.deliveries.remove(id);
        self.offer(delivery, s);
    }

    /// A notice reaches a gateway: also when the bus broke meanwhile, but not a node that is down.
    pub(super) fn deliver(&mut self, id: DeliveryId, s: &mut Schedule<Event>) {
        let delivery = self.deliveries.remove(id);
        if self.gateways[delivery.gateway.index()].up() {
            self.hear(delivery, s);
        } else {
            self.miss(delivery, s.now());
        }
    }

    /// A gateway handles a notice, once.
    fn hear(&mut self, delivery: Delivery, s: &mut Schedule<Event>) {
        let Delivery { notice, gateway } = delivery;
        if !self.wants(gateway, notice) || !self.bus.subscribers[gateway.index()].receive(notice) {
            return;
        }
        self.tell(s.now(), Fact::Delivered { notice, gateway });
        let notice_of = self.bus.notice(notice);
        if let Some(told) = notice_of.revocation(notice)
            && self.listens(gateway)
        {
            self.hear_revocation(gateway, told);
        }
        let notice_of = self.bus.notice(notice);
        if !self.policies.gateways.events.subscribe || !notice_of.concerns_holders() {
            return;
        }
        let what = match notice_of.token {
            Some(id) => Drop::Same { id },
            None => Drop::IssuedBefore(notice_of.before),
        };
        for holder in self.holders_at(gateway).map(HolderId::at) {
            if !self.concerns(notice, holder) {
                continue;
            }
            if self.policies.gateways.store.shared {
                self.store_op(StoreOp::EventPurge { holder, what }, s);
            } else {
                self.event_purge(holder, what, s);
            }
        }
    }

    /// Whether the rule drops this holder's entry for this notice.
    fn concerns(&self, notice: NoticeId, holder: HolderId) -> bool {
        let (notice, holder) = (&self.bus.notices[notice.index()].0, &self.holders[holder.index()]);
        match self.policies.gateways.events.purge {
            EventPurge::Issuer => true,
            EventPurge::Token => {
                let entry = self.caches[holder.cache.index()].cache.any();
                notice.credential.is_none_or(|credential| credential == holder.credential)
                    && notice.node.is_none_or(|node| entry.is_some_and(|entry| entry.token.node == node))
            }
        }
    }

    /// Drops a holder's entry for an event, and fetches anew if the rule says so.
    pub(super) fn event_purge(&mut self, holder: HolderId, what: Drop, s: &mut Schedule<Event>) {
        if self.purge_one(holder, what, s).is_some() && self.policies.gateways.events.refetch {
            self.refresh(holder, s);
        }
    }

    /// A gateway node went down, and with it its connection.
    pub(super) fn disconnect(&mut self, gateway: GatewayId) {
        let subscriber = &mut self.bus.subscribers[gateway.index()];
        (subscriber.connected, subscriber.next_try) = (false, None);
    }

    /// A node's connection breaks, if it has one. A node without one does not notice, and its next try stays when it is.
    pub(super) fn connection_breaks(&mut self, gateway: GatewayId, s: &mut Schedule<Event>) {
        if self.bus.subscribers[gateway.index()].connected {
            self.disconnect(gateway);
            self.subscribe(gateway, s);
        }
    }

    /// A gateway node that is up tries to subscribe.
    pub(super) fn subscribe(&mut self, gateway: GatewayId, s: &mut Schedule<Event>) {
        self.bus.subscribers[gateway.index()].tries = 0;
        self.try_to_connect(gateway, s);
    }

    /// A scheduled try; one that was given up since comes to nothing.
    pub(super) fn reconnect(&mut self, gateway: GatewayId, s: &mut Schedule<Event>) {
        if self.bus.subscribers[gateway.index()].next_try == Some(s.now()) {
            self.try_to_connect(gateway, s);
        }
    }

    fn try_to_connect(&mut self, gateway: GatewayId, s: &mut Schedule<Event>) {
        let up = self.bus.outages == 0 && !self.partitions.cut(Party::Gateway(gateway), Party::Bus);
        let tries_again = self.subscribes(gateway);
        let subscriber = &mut self.bus.subscribers[gateway.index()];
        if !up {
            let gap = SimSpan(FIRST_GAP.0 << subscriber.tries.min(10)).min(LONGEST_GAP);
            subscriber.tries += 1;
            subscriber.next_try = Some(s.now() + gap);
            if tries_again {
                s.at(s.now() + gap, Event::Reconnect(gateway));
            }
            return;
        }
        (subscriber.connected, subscriber.next_try) = (true, None);
        for notice in std::mem::take(&mut subscriber.kept) {
            self.carry(Delivery { notice, gateway }, s);
        }
        if self.policies.gateways.events.catch_up == CatchUp::Replay {
            self.replay(gateway, s);
        }
    }

    /// Asks for all that has been published and not been received.
    fn replay(&mut self, gateway: GatewayId, s: &mut Schedule<Event>) {
        for index in 0..self.bus.notices.len() {
            let delivery = Delivery { notice: NoticeId::at(index), gateway };
            let missed = self.bus.notices[index].1 && !self.bus.subscribers[gateway.index()].received(delivery.notice);
            if missed && self.wants(gateway, delivery.notice) {
                self.tell(s.now(), Fact::EventMessage);
                let words = self.delivery_words(delivery);
                self.deliver_after(delivery, self.config.bus.delay.sample(uniform(words[1])), s);
            }
        }
    }

    /// A gateway reads what has been published, over no bus.
    pub(super) fn poll(&mut self, gateway: GatewayId, s: &mut Schedule<Event>) {
        if let CatchUp::Poll { every } = self.policies.gateways.events.catch_up {
            s.at(s.now() + every, Event::Poll(gateway));
        }
        if !self.gateways[gateway.index()].up() || !self.reaches_control_plane(gateway) {
            return;
        }
        for index in 0..self.bus.notices.len() {
            if self.bus.notices[index].1 {
                self.hear(Delivery { notice: NoticeId::at(index), gateway }, s);
            }
        }
    }

    /// The bus breaks, for each outage in force: all are disconnected.
    pub(super) fn bus_down(&mut self, s: &mut Schedule<Event>) {
        self.bus.outages += 1;
        if self.bus.outages > 1 {
            return;
        }
        self.tell(s.now(), Fact::Bus(false));
        (0..self.gateways.len()).map(GatewayId::at).for_each(|gateway| self.connection_breaks(gateway, s));
    }

    /// An outage of the bus is over.
    pub(super) fn bus_up(&mut self, s: &Schedule<Event>) {
        self.bus.outages -= 1;
        if self.bus.outages == 0 {
            self.tell(s.now(), Fact::Bus(true));
        }
    }
}
