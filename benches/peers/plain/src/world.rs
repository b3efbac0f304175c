//! The world and its events, as anybody would write them for this one model; what keeps the events is the program's.

use peer_model::{CLIENTS, Cache, Clients, Decision, GATEWAYS, Idp, Nanos, Times};

#[derive(Clone, Copy, Debug)]
pub enum Event {
    Call { client: u32 },
    AtGateway { client: u32, gateway: u8 },
    AtBackend { client: u32, epoch: u8 },
    Answered { client: u32, ok: bool },
    Done { client: u32, ok: bool },
    Fetched { gateway: u8 },
    IdpStops,
    IdpStarts,
}

const _: () = assert!(size_of::<Event>() == 8);

/// What keeps events.
pub trait Later {
    /// After the way between client and gateway.
    fn client_gateway(&mut self, now: Nanos, event: Event);
    /// After the way between gateway and backend.
    fn gateway_backend(&mut self, now: Nanos, event: Event);
    /// After the time of a fetch.
    fn fetch(&mut self, now: Nanos, event: Event);
    /// At an instant that is no constant away.
    fn at(&mut self, at: Nanos, event: Event);
}

#[derive(Debug)]
pub struct World {
    pub clients: Clients,
    caches: [Cache; GATEWAYS as usize],
    idp: Idp,
    horizon: Nanos,
}

impl World {
    /// A world with its first events.
    pub fn new(times: &Times, later: &mut impl Later) -> World {
        let (clients, caches, idp) = (Clients::default(), Default::default(), Idp::new(times));
        let mut world = World { clients, caches, idp, horizon: times.horizon };
        for client in 0..CLIENTS {
            world.next_call(0, client, later);
        }
        later.at(times.outage_at, Event::IdpStops);
        later.at(times.outage_at + times.outage_for, Event::IdpStarts);
        world
    }

    #[inline]
    pub fn handle(&mut self, now: Nanos, event: Event, later: &mut impl Later) {
        match event {
            Event::Call { client } => {
                let gateway = self.clients.call(client);
                later.client_gateway(now, Event::AtGateway { client, gateway });
                self.next_call(now, client, later);
            }
            Event::AtGateway { client, gateway } => match self.caches[usize::from(gateway)].call(now, client) {
                Decision::Forward(epoch) => later.gateway_backend(now, Event::AtBackend { client, epoch }),
                Decision::Fetch => later.fetch(now, Event::Fetched { gateway }),
                Decision::Wait => {}
            },
            Event::AtBackend { client, epoch } => {
                let ok = self.idp.accepts(epoch);
                later.gateway_backend(now, Event::Answered { client, ok });
            }
            Event::Answered { client, ok } => later.client_gateway(now, Event::Done { client, ok }),
            Event::Done { client, ok } => self.clients.answered(client, ok),
            Event::Fetched { gateway } => {
                let token = self.idp.issue(now);
                for client in self.caches[usize::from(gateway)].fetched(token) {
                    match token {
                        Some(token) => later.gateway_backend(now, Event::AtBackend { client, epoch: token.epoch }),
                        None => later.client_gateway(now, Event::Done { client, ok: false }),
                    }
                }
            }
            Event::IdpStops => self.idp.stop(),
            Event::IdpStarts => self.idp.start(),
        }
    }

    fn next_call(&mut self, now: Nanos, client: u32, later: &mut impl Later) {
        let at = now + self.clients.gap(client);
        if at < self.horizon {
            later.at(at, Event::Call { client });
        }
    }
}
