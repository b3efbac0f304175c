//! The models on desque 0.4: a type for each kind of event that implements `OkEvent`, and the world as the simulation's state,
//! as in its example `crn_queues`. Times are `u64`, one of the types that it brings `SimTime` for.

use desque::SimState;
use desque::serial::{OkEvent, Simulation};
use peer_model::{
    CLIENT_GATEWAY, CLIENTS, Cache, Clients, Counts, Decision, Delays, FETCH, GATEWAY_BACKEND, GATEWAYS, Hold, Idp,
    Nanos, Peer, Times, timed,
};

#[derive(Debug)]
struct World {
    clients: Clients,
    caches: [Cache; GATEWAYS as usize],
    idp: Idp,
    events: u64,
    horizon: Nanos,
}

impl SimState<Nanos> for World {}

type Sim = Simulation<World, Nanos>;

const LATER: &str = "a delay is not negative";

#[derive(Debug)]
struct Call {
    client: u32,
}

impl Call {
    fn schedule(client: u32, sim: &mut Sim) {
        let gap = sim.state_mut().clients.gap(client);
        let at = sim.current_time() + gap;
        if at < sim.state().horizon {
            sim.schedule(Call { client }, at).expect(LATER);
        }
    }
}

impl OkEvent<World, Nanos> for Call {
    fn execute(&mut self, sim: &mut Sim) {
        let client = self.client;
        let world = sim.state_mut();
        world.events += 1;
        let gateway = world.clients.call(client);
        sim.schedule_with_delay(AtGateway { client, gateway }, CLIENT_GATEWAY).expect(LATER);
        Call::schedule(client, sim);
    }
}

#[derive(Debug)]
struct AtGateway {
    client: u32,
    gateway: u8,
}

impl OkEvent<World, Nanos> for AtGateway {
    fn execute(&mut self, sim: &mut Sim) {
        let AtGateway { client, gateway } = *self;
        let now = *sim.current_time();
        let world = sim.state_mut();
        world.events += 1;
        match world.caches[usize::from(gateway)].call(now, client) {
            Decision::Forward(epoch) => {
                sim.schedule_with_delay(AtBackend { client, epoch }, GATEWAY_BACKEND).expect(LATER);
            }
            Decision::Fetch => sim.schedule_with_delay(Fetched { gateway }, FETCH).expect(LATER),
            Decision::Wait => {}
        }
    }
}

#[derive(Debug)]
struct AtBackend {
    client: u32,
    epoch: u8,
}

impl OkEvent<World, Nanos> for AtBackend {
    fn execute(&mut self, sim: &mut Sim) {
        let world = sim.state_mut();
        world.events += 1;
        let ok = world.idp.accepts(self.epoch);
        sim.schedule_with_delay(Answered { client: self.client, ok }, GATEWAY_BACKEND).expect(LATER);
    }
}

#[derive(Debug)]
struct Answered {
    client: u32,
    ok: bool,
}

impl OkEvent<World, Nanos> for Answered {
    fn execute(&mut self, sim: &mut Sim) {
        sim.state_mut().events += 1;
        sim.schedule_with_delay(Done { client: self.client, ok: self.ok }, CLIENT_GATEWAY).expect(LATER);
    }
}

#[derive(Debug)]
struct Done {
    client: u32,
    ok: bool,
}

impl OkEvent<World, Nanos> for Done {
    fn execute(&mut self, sim: &mut Sim) {
        let world = sim.state_mut();
        world.events += 1;
        world.clients.answered(self.client, self.ok);
    }
}

#[derive(Debug)]
struct Fetched {
    gateway: u8,
}

impl OkEvent<World, Nanos> for Fetched {
    fn execute(&mut self, sim: &mut Sim) {
        let now = *sim.current_time();
        let world = sim.state_mut();
        world.events += 1;
        let token = world.idp.issue(now);
        for client in world.caches[usize::from(self.gateway)].fetched(token) {
            match token {
                Some(token) => sim.schedule_with_delay(AtBackend { client, epoch: token.epoch }, GATEWAY_BACKEND),
                None => sim.schedule_with_delay(Done { client, ok: false }, CLIENT_GATEWAY),
            }
            .expect(LATER);
        }
    }
}

#[derive(Debug)]
struct IdpStops;

impl OkEvent<World, Nanos> for IdpStops {
    fn execute(&mut self, sim: &mut Sim) {
        sim.state_mut().events += 1;
        sim.state_mut().idp.stop();
    }
}

#[derive(Debug)]
struct IdpStarts;

impl OkEvent<World, Nanos> for IdpStarts {
    fn execute(&mut self, sim: &mut Sim) {
        sim.state_mut().events += 1;
        sim.state_mut().idp.start();
    }
}

fn token_cache(times: &Times) -> (Counts, f64) {
    let (clients, caches, idp, horizon) = (Clients::default(), Default::default(), Idp::new(times), times.horizon);
    let mut sim = Simulation::new(World { clients, caches, idp, events: 0, horizon }, 0);
    for client in 0..CLIENTS {
        Call::schedule(client, &mut sim);
    }
    sim.schedule(IdpStops, times.outage_at).expect(LATER);
    sim.schedule(IdpStarts, times.outage_at + times.outage_for).expect(LATER);
    let (result, seconds) = timed(|| sim.run());
    result.expect("no event fails");
    (sim.state().clients.counts(sim.state().events), seconds)
}

#[derive(Debug)]
struct Holding {
    delays: Delays,
    events: u64,
    until: Nanos,
}

impl SimState<Nanos> for Holding {
    fn is_complete(&self, now: &Nanos) -> bool {
        *now > self.until
    }
}

#[derive(Debug)]
struct Tick;

impl OkEvent<Holding, Nanos> for Tick {
    fn execute(&mut self, sim: &mut Simulation<Holding, Nanos>) {
        let state = sim.state_mut();
        state.events += 1;
        let delay = state.delays.draw();
        sim.schedule_with_delay(Tick, delay).expect(LATER);
    }
}

fn hold(Hold { pending, until }: Hold) -> (u64, f64) {
    let mut sim = Simulation::new(Holding { delays: Delays::default(), events: 0, until }, 0);
    for _ in 0..pending {
        let delay = sim.state_mut().delays.draw();
        sim.schedule_with_delay(Tick, delay).expect(LATER);
    }
    let (result, seconds) = timed(|| sim.run());
    result.expect("no event fails");
    // The last one was beyond the end.
    (sim.state().events - 1, seconds)
}

fn main() {
    peer_model::main(&[Peer { name: "desque", token_cache, hold }]);
}
