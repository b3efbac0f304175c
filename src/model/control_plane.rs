//! The control plane: takes the IdP's notifications, writes the event tables, publishes on the bus; and gateways that
//! start read the tables from it (model.md §8).

use super::bus::Notice;
use super::event::Event;
use super::fact::{Fact, Observer};
use super::world::World;
use crate::engine::Schedule;
use crate::fault::Party;
use crate::id::{GatewayId, NoticeId};
use crate::model::config::InboundValidation;
use crate::revocation::{EventTables, Revocation};
use crate::time::{SimSpan, SimTime};

/// The control plane and the tables that it writes.
#[derive(Debug)]
pub(super) struct ControlPlane {
    /// How many outages are in force.
    outages: u32,
    pub tables: EventTables,
}

/// A gateway's reading of the tables.
#[derive(Debug)]
pub(super) struct Load {
    /// The instant at which it goes on; anything else that is scheduled for it is of a time before the node fell.
    due: SimTime,
    /// How often it has failed.
    failed: usize,
    /// What it has read, on its way.
    rows: Option<Vec<Revocation>>,
}

/// How long after its start a gateway reads the tables (facts: wso2.md §2.7, `apim.event_hub.init_delay`).
const FIRST: SimSpan = SimSpan::secs(1);
/// The gaps before each further try; after the last one it runs without (facts: wso2.md §2.7).
const GAPS: [SimSpan; 5] =
    [SimSpan::secs(15), SimSpan::secs(30), SimSpan::secs(60), SimSpan::secs(120), SimSpan::secs(240)];
/// The event of a renewal takes at least this: where nothing takes time, gateways that fetch anew upon each other's events
/// would do so without end at one instant.
const LEAST_DELAY: SimSpan = SimSpan::millis(1);

impl ControlPlane {
    /// Up, with empty tables whose last writes a failover may take back: those of so long.
    pub fn new(keep: SimSpan) -> ControlPlane {
        ControlPlane { outages: 0, tables: EventTables::new(keep) }
    }
}

impl<O: Observer> World<O> {
    /// The IdP tells the control plane, by one POST.
    pub(super) fn publish(&mut self, notice: Notice, s: &mut Schedule<Event>) {
        let id = self.bus.announce(notice);
        self.tell(s.now(), Fact::Published(id));
        self.notify(id, s);
    }

    /// The POST of a notice, the first one or a repetition.
    pub(super) fn notify(&mut self, id: NoticeId, s: &mut Schedule<Event>) {
        self.tell(s.now(), Fact::EventMessage);
        let notice = self.bus.notice(id);
        let sender = Party::Idp(notice.sender);
        if self.control_plane.outages > 0 || self.partitions.cut(sender, Party::ControlPlane) {
            return self.untold(id, s);
        }
        let delay = self.config.control_plane_delay.sample(self.seeds.uniform("control plane", &notice.name));
        let delay = if notice.token.is_some() { delay.max(LEAST_DELAY) } else { delay };
        s.at(s.now() + delay, Event::Publish(id));
    }

    /// The control plane did not take a notice: at most once, nobody will ever hear of it.
    fn untold(&mut self, notice: NoticeId, s: &mut Schedule<Event>) {
        let again = self.config.idp.notify_again;
        self.tell(s.now(), Fact::Untold { notice, again: again.is_some() });
        if let Some(again) = again {
            s.at(s.now() + again, Event::Notify(notice));
        }
    }

    /// The control plane has handled a notice: a revocation is written first, then published.
    pub(super) fn on_bus(&mut self, id: NoticeId, s: &mut Schedule<Event>) {
        if self.control_plane.outages > 0 {
            return self.untold(id, s);
        }
        if let Some(told) = self.bus.notice(id).revocation(id) {
            if let Some(until) = self.tables_stall(s.now()) {
                s.at(until, Event::Publish(id));
                return;
            }
            if !self.tables_are_there() {
                return self.untold(id, s);
            }
            self.control_plane.tables.write(&told, self.config.db.dialect, s.now());
        }
        self.fan_out(id, s);
    }

    /// Whether the control plane reaches the database of its tables.
    fn tables_are_there(&self) -> bool {
        !self.partitions.cut(Party::ControlPlane, Party::Db) && self.db.as_ref().is_none_or(super::db::Database::is_up)
    }

    /// Until when the database stands still, if it does.
    fn tables_stall(&self, now: SimTime) -> Option<SimTime> {
        self.db.as_ref().and_then(|db| db.stalls(now))
    }

    pub(super) fn control_plane_down(&mut self, s: &Schedule<Event>) {
        self.control_plane.outages += 1;
        if self.control_plane.outages == 1 {
            self.tell(s.now(), Fact::ControlPlane(false));
        }
    }

    pub(super) fn control_plane_up(&mut self, s: &Schedule<Event>) {
        self.control_plane.outages -= 1;
        if self.control_plane.outages == 0 {
            self.tell(s.now(), Fact::ControlPlane(true));
        }
    }

    /// Whether a gateway reaches the control plane.
    pub(super) fn reaches_control_plane(&self, gateway: GatewayId) -> bool {
        self.control_plane.outages == 0 && !self.partitions.cut(Party::Gateway(gateway), Party::ControlPlane)
    }

    /// A gateway that has started will read the tables, if it uses what they say.
    pub(super) fn load_later(&mut self, gateway: GatewayId, s: &mut Schedule<Event>) {
        if self.listens(gateway) && self.config.gateway.inbound.validation == InboundValidation::Jwt {
            self.load_at(gateway, s.now() + FIRST, 0, None, s);
        }
    }

    fn load_at(
        &mut self,
        gateway: GatewayId,
        due: SimTime,
        failed: usize,
        rows: Option<Vec<Revocation>>,
        s: &mut Schedule<Event>,
    ) {
        self.gateways[gateway.index()].load = Some(Load { due, failed, rows });
        s.at(due, Event::Load(gateway));
    }

    /// A gateway's reading of the tables goes on.
    pub(super) fn load(&mut self, gateway: GatewayId, s: &mut Schedule<Event>) {
        let Some(Load { failed, rows, .. }) = self.gateways[gateway.index()].load.take_if(|load| load.due == s.now())
        else {
            return;
        };
        if !self.reaches_control_plane(gateway) || rows.is_none() && !self.tables_are_there() {
            return self.load_failed(gateway, failed, s);
        }
        if let Some(rows) = rows {
            let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            for row in rows {
                self.hear_revocation(gateway, row);
            }
            self.tell(s.now(), Fact::TablesRead { gateway, rows: count });
        } else if let Some(until) = self.tables_stall(s.now()) {
            self.load_at(gateway, until, failed, None, s);
        } else {
            let name = format!("gateway-{}/{}/{failed}", gateway.0 + 1, self.gateways[gateway.index()].falls);
            let delay = self.config.control_plane_delay.sample(self.seeds.uniform("tables", &name));
            let rows = self.control_plane.tables.read();
            self.load_at(gateway, s.now() + delay, failed, Some(rows), s);
        }
    }

    fn load_failed(&mut self, gateway: GatewayId, failed: usize, s: &mut Schedule<Event>) {
        self.tell(s.now(), Fact::TablesUnread { gateway, last: failed == GAPS.len() });
        if let Some(gap) = GAPS.get(failed) {
            self.load_at(gateway, s.now() + *gap, failed + 1, None, s);
        }
    }
}
