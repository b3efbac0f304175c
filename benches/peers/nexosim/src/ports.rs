//! The token-cache model as a bench of models: clients, gateways, backend and IdP, connected by ports. What takes time is a method
//! that a model schedules on itself; the way of a call belongs to who receives it, whose input schedules its arrival.

use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::{Output, QuerySource};
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use peer_model::{CLIENTS, Cache, Clients, Counts, Decision, FETCH, GATEWAYS, Idp, Nanos, Times, Token, timed};
use serde::{Deserialize, Serialize};

use crate::{LATER, TO_BACKEND, TO_GATEWAY, now};

#[derive(Serialize, Deserialize)]
struct Population {
    clients: Clients,
    /// By gateway.
    calls: Vec<Output<u32>>,
    horizon: Nanos,
    events: u64,
}

#[Model]
impl Population {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        for client in 0..CLIENTS {
            self.next_call(client, cx);
        }
    }

    #[nexosim(schedulable)]
    async fn call(&mut self, client: u32, cx: &Context<Self>) {
        self.events += 1;
        let gateway = self.clients.call(client);
        self.next_call(client, cx);
        self.calls[usize::from(gateway)].send(client).await;
    }

    /// The answer leaves a gateway [input port].
    fn answer(&mut self, answer: (u32, bool), cx: &Context<Self>) {
        cx.schedule_event(TO_GATEWAY, schedulable!(Self::done), answer).expect(LATER);
    }

    #[nexosim(schedulable)]
    fn done(&mut self, (client, ok): (u32, bool)) {
        self.events += 1;
        self.clients.answered(client, ok);
    }

    /// What it came to [replier port].
    async fn counts(&mut self) -> (u64, Clients) {
        (self.events, self.clients.clone())
    }
}

impl Population {
    fn next_call(&mut self, client: u32, cx: &Context<Self>) {
        let gap = self.clients.gap(client);
        if now(cx) + gap < self.horizon {
            cx.schedule_event(Duration::from_nanos(gap), schedulable!(Self::call), client).expect(LATER);
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Gateway {
    number: u8,
    cache: Cache,
    to_backend: Output<(u32, u8, u8)>,
    to_clients: Output<(u32, bool)>,
    to_idp: Output<u8>,
    events: u64,
}

#[Model]
impl Gateway {
    /// A call leaves a client [input port].
    fn call(&mut self, client: u32, cx: &Context<Self>) {
        cx.schedule_event(TO_GATEWAY, schedulable!(Self::arrived), client).expect(LATER);
    }

    #[nexosim(schedulable)]
    async fn arrived(&mut self, client: u32, cx: &Context<Self>) {
        self.events += 1;
        match self.cache.call(now(cx), client) {
            Decision::Forward(epoch) => self.to_backend.send((client, self.number, epoch)).await,
            Decision::Fetch => self.to_idp.send(self.number).await,
            Decision::Wait => {}
        }
    }

    /// The IdP answers [input port].
    async fn fetched(&mut self, token: Option<Token>) {
        for client in self.cache.fetched(token) {
            match token {
                Some(token) => self.to_backend.send((client, self.number, token.epoch)).await,
                None => self.to_clients.send((client, false)).await,
            }
        }
    }

    /// The answer leaves the backend [input port].
    fn answer(&mut self, answer: (u32, bool), cx: &Context<Self>) {
        cx.schedule_event(TO_BACKEND, schedulable!(Self::answered), answer).expect(LATER);
    }

    #[nexosim(schedulable)]
    async fn answered(&mut self, answer: (u32, bool)) {
        self.events += 1;
        self.to_clients.send(answer).await;
    }

    /// How many events fired [replier port].
    async fn events(&mut self) -> u64 {
        self.events
    }
}

#[derive(Serialize, Deserialize)]
struct Backend {
    /// What it knows of the IdP: it is told at once.
    idp: Idp,
    /// By gateway.
    answers: Vec<Output<(u32, bool)>>,
    events: u64,
}

#[Model]
impl Backend {
    /// A call leaves a gateway [input port].
    fn call(&mut self, call: (u32, u8, u8), cx: &Context<Self>) {
        cx.schedule_event(TO_BACKEND, schedulable!(Self::arrived), call).expect(LATER);
    }

    #[nexosim(schedulable)]
    async fn arrived(&mut self, (client, gateway, epoch): (u32, u8, u8)) {
        self.events += 1;
        let ok = self.idp.accepts(epoch);
        self.answers[usize::from(gateway)].send((client, ok)).await;
    }

    /// The IdP has stopped or started [input port].
    fn changed(&mut self, idp: Idp) {
        self.idp = idp;
    }

    /// How many events fired [replier port].
    async fn events(&mut self) -> u64 {
        self.events
    }
}

#[derive(Serialize, Deserialize)]
struct Server {
    idp: Idp,
    times: Times,
    changed: Output<Idp>,
    /// By gateway.
    answers: Vec<Output<Option<Token>>>,
    events: u64,
}

#[Model]
impl Server {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        let Times { outage_at, outage_for, .. } = self.times;
        cx.schedule_event(Duration::from_nanos(outage_at), schedulable!(Self::stop), ()).expect(LATER);
        cx.schedule_event(Duration::from_nanos(outage_at + outage_for), schedulable!(Self::start), ()).expect(LATER);
    }

    #[nexosim(schedulable)]
    async fn stop(&mut self) {
        self.events += 1;
        self.idp.stop();
        self.changed.send(self.idp).await;
    }

    #[nexosim(schedulable)]
    async fn start(&mut self) {
        self.events += 1;
        self.idp.start();
        self.changed.send(self.idp).await;
    }

    /// A gateway asks for a token [input port].
    fn fetch(&mut self, gateway: u8, cx: &Context<Self>) {
        cx.schedule_event(Duration::from_nanos(FETCH), schedulable!(Self::fetched), gateway).expect(LATER);
    }

    #[nexosim(schedulable)]
    async fn fetched(&mut self, gateway: u8, cx: &Context<Self>) {
        self.events += 1;
        let token = self.idp.issue(now(cx));
        self.answers[usize::from(gateway)].send(token).await;
    }

    /// How many events fired [replier port].
    async fn events(&mut self) -> u64 {
        self.events
    }
}

/// An output a gateway.
fn outputs<T: Clone + Send + 'static>() -> Vec<Output<T>> {
    (0..GATEWAYS).map(|_| Output::new()).collect()
}

pub fn token_cache(times: &Times) -> (Counts, f64) {
    let mut bench = SimInit::with_num_threads(1);
    let (population_mailbox, backend_mailbox, idp_mailbox) = (Mailbox::new(), Mailbox::new(), Mailbox::new());
    let (mut calls, mut answers, mut tokens) = (outputs(), outputs(), outputs());
    let mut gateways = Vec::new();
    let mut events = Vec::new();
    for number in 0..GATEWAYS {
        let mailbox = Mailbox::new();
        let mut gateway = Gateway {
            number,
            cache: Cache::default(),
            to_backend: Output::new(),
            to_clients: Output::new(),
            to_idp: Output::new(),
            events: 0,
        };
        let at = usize::from(number);
        calls[at].connect(Gateway::call, &mailbox);
        answers[at].connect(Gateway::answer, &mailbox);
        tokens[at].connect(Gateway::fetched, &mailbox);
        gateway.to_backend.connect(Backend::call, &backend_mailbox);
        gateway.to_clients.connect(Population::answer, &population_mailbox);
        gateway.to_idp.connect(Server::fetch, &idp_mailbox);
        events.push(QuerySource::new().connect(Gateway::events, &mailbox).register(&mut bench));
        gateways.push((gateway, mailbox));
    }
    let mut changed = Output::new();
    changed.connect(Backend::changed, &backend_mailbox);
    let idp = Server { idp: Idp::new(times), times: *times, changed, answers: tokens, events: 0 };
    let backend = Backend { idp: Idp::new(times), answers, events: 0 };
    let population = Population { clients: Clients::default(), calls, horizon: times.horizon, events: 0 };
    let counts = QuerySource::new().connect(Population::counts, &population_mailbox).register(&mut bench);
    events.push(QuerySource::new().connect(Backend::events, &backend_mailbox).register(&mut bench));
    events.push(QuerySource::new().connect(Server::events, &idp_mailbox).register(&mut bench));
    let mut bench = bench
        .add_model(population, population_mailbox, "clients")
        .add_model(backend, backend_mailbox, "backend")
        .add_model(idp, idp_mailbox, "idp");
    for (gateway, mailbox) in gateways {
        let name = format!("gateway-{}", gateway.number + 1);
        bench = bench.add_model(gateway, mailbox, &name);
    }
    let mut simulation = bench.init(MonotonicTime::EPOCH).expect("the bench is complete");
    let (result, seconds) = timed(|| simulation.run());
    result.expect("no model fails");
    let (mut fired, clients) = simulation.process_query(&counts, ()).expect("it is there");
    for query in &events {
        fired += simulation.process_query(query, ()).expect("it is there");
    }
    (clients.counts(fired), seconds)
}
