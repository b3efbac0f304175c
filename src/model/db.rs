//! The IdP's database in a world: what faults do to it. Nothing yet.

use super::event::Event;
use super::fact::Observer;
use super::idp::Owner;
use super::world::World;
use crate::engine::Schedule;
use crate::id::IdpNodeId;
use crate::time::{SimSpan, SimTime};

#[expect(clippy::unused_self, reason = "there is no database yet")]
impl<O: Observer> World<O> {
    /// What the database works on or is given until then ends no earlier.
    pub(super) fn stall_db(&mut self, _until: SimTime, _s: &mut Schedule<Event>) {}

    /// The database goes away, and with it the changes of the last `lost`.
    pub(super) fn db_down(&mut self, _owner: Owner, _lost: SimSpan, _s: &mut Schedule<Event>) {}

    /// The database is back, if nobody took it over.
    pub(super) fn db_up(&mut self, _owner: Owner, _s: &mut Schedule<Event>) {}

    /// Nodes forget their caches and their queues.
    pub(super) fn lose_memory(&mut self, _nodes: &[IdpNodeId], _writes_queue_first: bool, _s: &mut Schedule<Event>) {}
}
