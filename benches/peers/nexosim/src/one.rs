//! The token-cache model as one model of NeXosim.

use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::QuerySource;
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use peer_model::{CLIENTS, Cache, Clients, Counts, Decision, FETCH, GATEWAYS, Idp, Nanos, Times, timed};
use serde::{Deserialize, Serialize};

use crate::{LATER, TO_BACKEND, TO_GATEWAY, now};

#[derive(Serialize, Deserialize)]
struct World {
    clients: Clients,
    caches: [Cache; GATEWAYS as usize],
    idp: Idp,
    times: Times,
    horizon: Nanos,
    events: u64,
}

#[Model]
impl World {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        for client in 0..CLIENTS {
            self.next_call(client, cx);
        }
        let Times { outage_at, outage_for, .. } = self.times;
        cx.schedule_event(Duration::from_nanos(outage_at), schedulable!(Self::stop), ()).expect(LATER);
        cx.schedule_event(Duration::from_nanos(outage_at + outage_for), schedulable!(Self::start), ()).expect(LATER);
    }

    #[nexosim(schedulable)]
    fn call(&mut self, client: u32, cx: &Context<Self>) {
        self.events += 1;
        let gateway = self.clients.call(client);
        cx.schedule_event(TO_GATEWAY, schedulable!(Self::at_gateway), (client, gateway)).expect(LATER);
        self.next_call(client, cx);
    }

    #[nexosim(schedulable)]
    fn at_gateway(&mut self, (client, gateway): (u32, u8), cx: &Context<Self>) {
        self.events += 1;
        match self.caches[usize::from(gateway)].call(now(cx), client) {
            Decision::Forward(epoch) => {
                cx.schedule_event(TO_BACKEND, schedulable!(Self::at_backend), (client, epoch)).expect(LATER);
            }
            Decision::Fetch => {
                let after = Duration::from_nanos(FETCH);
                cx.schedule_event(after, schedulable!(Self::fetched), gateway).expect(LATER);
            }
            Decision::Wait => {}
        }
    }

    #[nexosim(schedulable)]
    fn at_backend(&mut self, (client, epoch): (u32, u8), cx: &Context<Self>) {
        self.events += 1;
        let ok = self.idp.accepts(epoch);
        cx.schedule_event(TO_BACKEND, schedulable!(Self::answered), (client, ok)).expect(LATER);
    }

    #[nexosim(schedulable)]
    fn answered(&mut self, answer: (u32, bool), cx: &Context<Self>) {
        self.events += 1;
        cx.schedule_event(TO_GATEWAY, schedulable!(Self::done), answer).expect(LATER);
    }

    #[nexosim(schedulable)]
    fn done(&mut self, (client, ok): (u32, bool)) {
        self.events += 1;
        self.clients.answered(client, ok);
    }

    #[nexosim(schedulable)]
    fn fetched(&mut self, gateway: u8, cx: &Context<Self>) {
        self.events += 1;
        let token = self.idp.issue(now(cx));
        for client in self.caches[usize::from(gateway)].fetched(token) {
            match token {
                Some(token) => {
                    cx.schedule_event(TO_BACKEND, schedulable!(Self::at_backend), (client, token.epoch)).expect(LATER);
                }
                None => cx.schedule_event(TO_GATEWAY, schedulable!(Self::done), (client, false)).expect(LATER),
            }
        }
    }

    #[nexosim(schedulable)]
    fn stop(&mut self) {
        self.events += 1;
        self.idp.stop();
    }

    #[nexosim(schedulable)]
    fn start(&mut self) {
        self.events += 1;
        self.idp.start();
    }

    /// What it came to [replier port].
    async fn counts(&mut self) -> (u64, Clients) {
        (self.events, self.clients.clone())
    }
}

impl World {
    fn next_call(&mut self, client: u32, cx: &Context<Self>) {
        let gap = self.clients.gap(client);
        if now(cx) + gap < self.horizon {
            cx.schedule_event(Duration::from_nanos(gap), schedulable!(Self::call), client).expect(LATER);
        }
    }
}

pub fn token_cache(times: &Times) -> (Counts, f64) {
    let mut bench = SimInit::with_num_threads(1);
    let mailbox = Mailbox::new();
    let counts = QuerySource::new().connect(World::counts, &mailbox).register(&mut bench);
    let world = World {
        clients: Clients::default(),
        caches: Default::default(),
        idp: Idp::new(times),
        times: *times,
        horizon: times.horizon,
        events: 0,
    };
    let bench = bench.add_model(world, mailbox, "world");
    let mut simulation = bench.init(MonotonicTime::EPOCH).expect("the bench is complete");
    let (result, seconds) = timed(|| simulation.run());
    result.expect("no model fails");
    let (events, clients) = simulation.process_query(&counts, ()).expect("it is there");
    (clients.counts(events), seconds)
}
