//! The models on SimCore 0.1 (once dslab-core): components with a context each, events as plain types that `cast!` tells apart,
//! as in its example `intro-callbacks`. Its async mode would come on top of that. Time is `f64` nanoseconds, whole ones.
//!
//! Its guide to performance advises `emit_ordered` where a component emits in the order of time; there is one such queue for a
//! whole simulation, so that it can serve one constant delay: the one that most events have, between gateway and backend.

use std::cell::RefCell;
use std::rc::Rc;

use peer_model::{
    CLIENT_GATEWAY, CLIENTS, Cache, Clients, Counts, Decision, Delays, FETCH, GATEWAY_BACKEND, GATEWAYS, Hold, Idp,
    Nanos, Peer, Times, timed,
};
use serde::Serialize;
use simcore::{Event, EventHandler, Id, Simulation, SimulationContext, cast};

#[expect(clippy::cast_precision_loss, reason = "below 2⁵³")]
const fn f64(nanos: Nanos) -> f64 {
    nanos as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and positive")]
fn nanos(time: f64) -> Nanos {
    time as Nanos
}

const TO_GATEWAY: f64 = f64(CLIENT_GATEWAY);
const TO_BACKEND: f64 = f64(GATEWAY_BACKEND);

#[derive(Clone, Serialize)]
struct Call {
    client: u32,
}

#[derive(Clone, Serialize)]
struct AtGateway {
    client: u32,
}

#[derive(Clone, Serialize)]
struct AtBackend {
    client: u32,
    epoch: u8,
}

#[derive(Clone, Serialize)]
struct Answered {
    client: u32,
    ok: bool,
}

#[derive(Clone, Serialize)]
struct Done {
    client: u32,
    ok: bool,
}

#[derive(Clone, Serialize)]
struct Fetched {}

#[derive(Clone, Serialize)]
struct Stop {}

#[derive(Clone, Serialize)]
struct Start {}

struct Population {
    ctx: SimulationContext,
    clients: Clients,
    gateways: Vec<Id>,
    horizon: f64,
}

impl Population {
    fn next_call(&mut self, client: u32) {
        let gap = f64(self.clients.gap(client));
        if self.ctx.time() + gap < self.horizon {
            self.ctx.emit_self(Call { client }, gap);
        }
    }
}

impl EventHandler for Population {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Call { client } => {
                let gateway = self.clients.call(client);
                self.ctx.emit(AtGateway { client }, self.gateways[usize::from(gateway)], TO_GATEWAY);
                self.next_call(client);
            }
            Done { client, ok } => {
                self.clients.answered(client, ok);
            }
        });
    }
}

struct Gateway {
    ctx: SimulationContext,
    cache: Cache,
    clients: Id,
    backend: Id,
    idp: Rc<RefCell<Server>>,
}

impl EventHandler for Gateway {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            AtGateway { client } => {
                match self.cache.call(nanos(event.time), client) {
                    Decision::Forward(epoch) => {
                        self.ctx.emit_ordered(AtBackend { client, epoch }, self.backend, TO_BACKEND);
                    }
                    Decision::Fetch => {
                        self.ctx.emit_self(Fetched {}, f64(FETCH));
                    }
                    Decision::Wait => {}
                }
            }
            Answered { client, ok } => {
                self.ctx.emit(Done { client, ok }, self.clients, TO_GATEWAY);
            }
            Fetched {} => {
                let token = self.idp.borrow().idp.issue(nanos(event.time));
                for client in self.cache.fetched(token) {
                    match token {
                        Some(token) => {
                            self.ctx.emit_ordered(AtBackend { client, epoch: token.epoch }, self.backend, TO_BACKEND)
                        }
                        None => self.ctx.emit(Done { client, ok: false }, self.clients, TO_GATEWAY),
                    };
                }
            }
        });
    }
}

struct Backend {
    ctx: SimulationContext,
    idp: Rc<RefCell<Server>>,
}

impl EventHandler for Backend {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            AtBackend { client, epoch } => {
                let ok = self.idp.borrow().idp.accepts(epoch);
                self.ctx.emit_ordered(Answered { client, ok }, event.src, TO_BACKEND);
            }
        });
    }
}

/// The IdP. Who asks it calls it directly, which the documentation allows for an immediate answer.
struct Server {
    idp: Idp,
}

impl EventHandler for Server {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Stop {} => {
                self.idp.stop();
            }
            Start {} => {
                self.idp.start();
            }
        });
    }
}

fn token_cache(times: &Times) -> (Counts, f64) {
    let mut sim = Simulation::new(1);
    let idp = Rc::new(RefCell::new(Server { idp: Idp::new(times) }));
    let idp_id = sim.add_handler("idp", idp.clone());
    let backend = Backend { ctx: sim.create_context("backend"), idp: idp.clone() };
    let backend = sim.add_handler("backend", Rc::new(RefCell::new(backend)));
    let ctx = sim.create_context("clients");
    let clients_id = ctx.id();
    let mut gateways = Vec::new();
    for number in 1..=GATEWAYS {
        let name = format!("gateway-{number}");
        let (ctx, idp) = (sim.create_context(&name), idp.clone());
        let gateway = Gateway { ctx, cache: Cache::default(), clients: clients_id, backend, idp };
        gateways.push(sim.add_handler(name, Rc::new(RefCell::new(gateway))));
    }
    let population = Population { ctx, clients: Clients::default(), gateways, horizon: f64(times.horizon) };
    let population = Rc::new(RefCell::new(population));
    sim.add_handler("clients", population.clone());
    for client in 0..CLIENTS {
        population.borrow_mut().next_call(client);
    }
    let operator = sim.create_context("operator");
    operator.emit(Stop {}, idp_id, f64(times.outage_at));
    operator.emit(Start {}, idp_id, f64(times.outage_at + times.outage_for));
    let ((), seconds) = timed(|| sim.step_until_no_events());
    // It counts what was emitted, and all of that has fired.
    let counts = population.borrow().clients.counts(sim.event_count());
    (counts, seconds)
}

#[derive(Clone, Serialize)]
struct Tick {}

struct Holder {
    ctx: SimulationContext,
    delays: Delays,
    events: u64,
}

impl EventHandler for Holder {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Tick {} => {
                self.events += 1;
                let delay = f64(self.delays.draw());
                self.ctx.emit_self(Tick {}, delay);
            }
        });
    }
}

fn hold(Hold { pending, until }: Hold) -> (u64, f64) {
    let mut sim = Simulation::new(1);
    let ctx = sim.create_context("holder");
    let holder = Rc::new(RefCell::new(Holder { ctx, delays: Delays::default(), events: 0 }));
    sim.add_handler("holder", holder.clone());
    for _ in 0..pending {
        let delay = f64(holder.borrow_mut().delays.draw());
        holder.borrow().ctx.emit_self(Tick {}, delay);
    }
    let (_, seconds) = timed(|| sim.step_until_time(f64(until)));
    let events = holder.borrow().events;
    (events, seconds)
}

fn main() {
    peer_model::main(&[Peer { name: "simcore", token_cache, hold }]);
}
