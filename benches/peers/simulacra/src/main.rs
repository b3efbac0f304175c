//! The models on simulacra 0.1: its kernel `Simulation<E>` with an enum of events by value, as its crate documentation begins.
//! Its network and task layers stand above that kernel and are not needed for delays that are known.

use peer_model::{
    CLIENT_GATEWAY, CLIENTS, Cache, Clients, Counts, Decision, Delays, FETCH, GATEWAY_BACKEND, GATEWAYS, Hold, Idp,
    Peer, Times, timed,
};
use simulacra::{Duration, Simulation, Time};

#[derive(Clone, Copy, Debug)]
enum Event {
    Call { client: u32 },
    AtGateway { client: u32, gateway: u8 },
    AtBackend { client: u32, epoch: u8 },
    Answered { client: u32, ok: bool },
    Done { client: u32, ok: bool },
    Fetched { gateway: u8 },
    IdpStops,
    IdpStarts,
}

struct World {
    clients: Clients,
    caches: [Cache; GATEWAYS as usize],
    idp: Idp,
    horizon: Time,
}

const TO_GATEWAY: Duration = Duration::from_nanos(CLIENT_GATEWAY);
const TO_BACKEND: Duration = Duration::from_nanos(GATEWAY_BACKEND);

impl World {
    fn handle(&mut self, sim: &mut Simulation<Event>, event: Event) {
        match event {
            Event::Call { client } => {
                let gateway = self.clients.call(client);
                sim.schedule_in(TO_GATEWAY, Event::AtGateway { client, gateway });
                self.next_call(sim, client);
            }
            Event::AtGateway { client, gateway } => {
                match self.caches[usize::from(gateway)].call(sim.now().as_nanos(), client) {
                    Decision::Forward(epoch) => {
                        sim.schedule_in(TO_BACKEND, Event::AtBackend { client, epoch });
                    }
                    Decision::Fetch => {
                        sim.schedule_in(Duration::from_nanos(FETCH), Event::Fetched { gateway });
                    }
                    Decision::Wait => {}
                }
            }
            Event::AtBackend { client, epoch } => {
                let ok = self.idp.accepts(epoch);
                sim.schedule_in(TO_BACKEND, Event::Answered { client, ok });
            }
            Event::Answered { client, ok } => {
                sim.schedule_in(TO_GATEWAY, Event::Done { client, ok });
            }
            Event::Done { client, ok } => self.clients.answered(client, ok),
            Event::Fetched { gateway } => {
                let token = self.idp.issue(sim.now().as_nanos());
                for client in self.caches[usize::from(gateway)].fetched(token) {
                    match token {
                        Some(token) => sim.schedule_in(TO_BACKEND, Event::AtBackend { client, epoch: token.epoch }),
                        None => sim.schedule_in(TO_GATEWAY, Event::Done { client, ok: false }),
                    };
                }
            }
            Event::IdpStops => self.idp.stop(),
            Event::IdpStarts => self.idp.start(),
        }
    }

    fn next_call(&mut self, sim: &mut Simulation<Event>, client: u32) {
        let at = sim.now() + Duration::from_nanos(self.clients.gap(client));
        if at < self.horizon {
            sim.schedule(at, Event::Call { client });
        }
    }
}

fn token_cache(times: &Times) -> (Counts, f64) {
    let mut world = World {
        clients: Clients::default(),
        caches: Default::default(),
        idp: Idp::new(times),
        horizon: Time::from_nanos(times.horizon),
    };
    let mut sim = Simulation::with_capacity(2 * CLIENTS as usize);
    for client in 0..CLIENTS {
        world.next_call(&mut sim, client);
    }
    sim.schedule(Time::from_nanos(times.outage_at), Event::IdpStops);
    sim.schedule(Time::from_nanos(times.outage_at + times.outage_for), Event::IdpStarts);
    let (stats, seconds) = timed(|| sim.run(|sim, event| world.handle(sim, event)));
    (world.clients.counts(stats.events_processed), seconds)
}

fn hold(Hold { pending, until }: Hold) -> (u64, f64) {
    let mut delays = Delays::default();
    let mut sim = Simulation::with_capacity(pending as usize + 1);
    for _ in 0..pending {
        sim.schedule_in(Duration::from_nanos(delays.draw()), ());
    }
    let until = Time::from_nanos(until);
    let ((stats, _), seconds) = timed(|| {
        sim.run_until(|sim, ()| {
            sim.schedule_in(Duration::from_nanos(delays.draw()), ());
            sim.now() <= until
        })
    });
    // The last one was beyond the end.
    (stats.events_processed - 1, seconds)
}

fn main() {
    peer_model::main(&[Peer { name: "simulacra", token_cache, hold }]);
}
