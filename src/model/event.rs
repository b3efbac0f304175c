//! What can happen in a world. Faults and rules share generic events, so that adding one touches no enum.

use crate::engine::Fingerprint;
use crate::id::{
    ApiId, ApplicationId, CallId, ClientId, DbOpId, DeliveryId, FaultId, FlightId, GatewayId, HolderId,
    IntrospectionId, InvalidationId, NoticeId, ServiceId, SourceId, StoreOpId, ThreadId,
};

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The next call of a stream of arrivals is born.
    Arrive(SourceId),
    /// A user of a closed population has thought.
    Thought(ClientId, u32),
    /// A call gets one step further.
    Call(CallId, Step),
    /// The client gives a call up.
    ClientTimeout(CallId),
    /// A token request gets one leg further.
    Flight(FlightId, Leg),
    /// An introspection gets one leg further.
    Introspection(IntrospectionId, Leg),
    /// A fetch of the key set by the backend of this API.
    KeySet(ApiId, Leg),
    /// The backend of this API fetches the key set, as it does from time to time.
    KeySetDue(ApiId),
    /// A worker of the IdP is done with a service.
    Served(ServiceId),
    /// A timer of a holder's rule.
    HolderTimer(HolderId, TimerKey),
    /// An operation of the shared store takes effect.
    Store(StoreOpId),
    /// The IdP's front may see something new.
    FrontLooks,
    /// A fault's own phase.
    Fault(FaultId, u32),
    /// The IdP tells the control plane again.
    Notify(NoticeId),
    /// A gateway that has started reads the event tables.
    Load(GatewayId),
    /// A user logs in.
    Login(ClientId, u32),
    /// An event of the IdP has passed the control plane.
    Publish(NoticeId),
    /// An event of the IdP reaches a gateway.
    Deliver(DeliveryId),
    /// A lost delivery is repeated.
    Redeliver(DeliveryId),
    /// A gateway tries to subscribe again.
    Reconnect(GatewayId),
    /// A gateway reads the state of revocations.
    Poll(GatewayId),
    /// An operation of the IdP's database is over.
    Db(DbOpId),
    /// An operation has waited for a connection as long as it may.
    PoolTimeout(DbOpId),
    /// Nodes of the IdP hear what to forget.
    Invalidated(InvalidationId),
    /// An application's tokens go, and its threads will ask for new ones.
    Burst(ApplicationId),
    /// A thread asks for a token.
    Ask(ThreadId),
    /// The operator has reacted to the alert about a gateway.
    Reacted(GatewayId),
    /// The operator's restart of a gateway is over.
    Restarted(GatewayId),
}

/// Where a call gets to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Step {
    /// The client sends it again, as a new call.
    Born,
    AtGateway,
    /// The gateway's own work is done.
    NeedsToken,
    AtBackend,
    /// The backend's answer is at the gateway.
    Answered,
}

/// Where a request to the IdP gets to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Leg {
    AtIdp,
    Back,
    TimedOut,
}

/// Timers of a holder's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TimerKey {
    /// A background fetch is due.
    Refresh,
    /// The cluster's lock is looked at again.
    PollLock,
    /// The cached token is introspected in the background.
    Probe,
}

impl Fingerprint for Event {
    fn fingerprint(self) -> u64 {
        let (kind, small, large) = match self {
            Event::Arrive(source) => (1, 0, source.0),
            Event::Thought(client, user) => (2, client.0, user),
            Event::Call(call, step) => (3, step as u16, call.0),
            Event::ClientTimeout(call) => (4, 0, call.0),
            Event::Flight(flight, leg) => (5, leg as u16, flight.0),
            Event::Introspection(number, leg) => (6, leg as u16, number.0),
            Event::KeySet(api, leg) => (7, leg as u16, u32::from(api.0)),
            Event::KeySetDue(api) => (8, 0, u32::from(api.0)),
            Event::Served(number) => (9, 0, number.0),
            Event::HolderTimer(holder, key) => (10, key as u16, holder.0),
            Event::Store(number) => (11, 0, number.0),
            Event::FrontLooks => (12, 0, 0),
            Event::Fault(fault, phase) => (13, fault.0, phase),
            Event::Publish(number) => (14, 0, number.0),
            Event::Deliver(number) => (15, 0, number.0),
            Event::Redeliver(number) => (16, 0, number.0),
            Event::Reconnect(gateway) => (17, 0, gateway.0),
            Event::Poll(gateway) => (18, 0, gateway.0),
            Event::Db(number) => (19, 0, number.0),
            Event::PoolTimeout(number) => (20, 0, number.0),
            Event::Invalidated(number) => (21, 0, number.0),
            Event::Burst(application) => (22, application.0, 0),
            Event::Ask(thread) => (23, 0, thread.0),
            Event::Notify(number) => (24, 0, number.0),
            Event::Load(gateway) => (25, 0, gateway.0),
            Event::Login(client, user) => (26, client.0, user),
            Event::Reacted(gateway) => (27, 0, gateway.0),
            Event::Restarted(gateway) => (28, 0, gateway.0),
        };
        (kind << 48) | (u64::from(small) << 32) | u64::from(large)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::queue::EventQueue;

    #[test]
    fn an_event_is_8_bytes_and_its_place_in_the_queue_24() {
        assert_eq!(size_of::<Event>(), 8);
        assert_eq!(EventQueue::<Event>::ENTRY_BYTES, 24);
    }
}
