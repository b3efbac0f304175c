//! The world: its entities in typed arrays, and a match that forgets no event.

use std::sync::Arc;

use super::arena::Arena;
use super::backend::Backend;
use super::budget::Budget;
use super::bus::{Bus, Delivery};
use super::call::Call;
use super::config::{Arrivals, TokenFormat, Validation, WorldConfig};
use super::control_plane::ControlPlane;
use super::counted::Counted;
use super::db::Database;
use super::delays::{Delays, Wait};
use super::event::{Event, Step};
use super::fact::{Fact, Observer};
use super::flight::Flight;
use super::gateway::Gateway;
use super::holder::{CachePlace, Holder, Place, Policies};
use super::idp::{Idp, Owner};
use super::inbound::Passport;
use super::introspection::Introspection;
use super::operator::Operator;
use super::partition::Partitions;
use super::source::Source;
use super::store::{Lock, Pending};
use super::thread::{self, Application, Thread};
use super::user::Users;
use crate::count::BlockCount;
use crate::engine::{Model, Schedule};
use crate::fault::Fails;
use crate::id::{
    ApiId, CacheId, CallId, ClientId, CredentialId, DeliveryId, FlightId, GatewayId, HolderId, IdpNodeId,
    IntrospectionId, SourceId, StoreOpId, ThreadId, TokenKeyId,
};
use crate::oauth::{Token, Truth};
use crate::policy::Policy;
use crate::policy::cache::Entry;
use crate::policy::events::CatchUp;
use crate::policy::fetcher::Action;
use crate::policy::surge::Input;
use crate::rng::{Rows, Seeds, uniform};
use crate::time::{ClockOffset, NANOS_PER_SECOND, SimSpan, SimTime, Stamp};

/// One simulated world under one policy; `O` reads its facts.
#[derive(Debug)]
pub struct World<O> {
    pub observer: O,
    pub(super) config: Arc<WorldConfig>,
    pub(super) policies: Policies,
    pub(super) seeds: Seeds,
    pub(super) end: SimTime,
    pub(super) lanes: Delays,
    pub(super) sources: Vec<Source>,
    /// By population: how many calls it has sent so far.
    pub(super) client_calls: Vec<u64>,
    /// By population: what limits its retries, if something does.
    pub(super) budgets: Vec<Option<Budget>>,
    /// By population, closed ones only: each user's rounds so far, and the draws for them.
    pub(super) rounds: Vec<Vec<u32>>,
    pub(super) closed_rows: Vec<Rows>,
    pub(super) calls: Arena<CallId, Call>,
    pub(super) gateways: Vec<Gateway>,
    /// The consumer key of every token key.
    pub(super) token_keys: Vec<CredentialId>,
    /// Gateway by gateway, one a credential; then those of applications.
    pub(super) holders: Vec<Holder>,
    pub(super) caches: Vec<CachePlace>,
    /// So many caches are the gateways'; they come first.
    pub(super) gateway_caches: usize,
    pub(super) applications: Vec<Application>,
    pub(super) threads: Vec<Thread>,
    /// The clock of who has none of its own.
    pub(super) clock: ClockOffset,
    pub(super) flights: Arena<FlightId, Flight>,
    pub(super) store_ops: Arena<StoreOpId, Pending>,
    /// By credential.
    pub(super) locks: Vec<Option<Lock>>,
    /// Outages of the shared store in force.
    pub(super) store_outages: Vec<(Owner, Fails)>,
    /// By API.
    pub(super) backends: Vec<Backend>,
    pub(super) introspections: Arena<IntrospectionId, Introspection>,
    pub(super) idp: Idp,
    /// The IdP's database, if it has one.
    pub(super) db: Option<Database>,
    pub(super) users: Users,
    /// By call, where callers have tokens.
    pub(super) passports: Vec<Passport>,
    pub(super) control_plane: ControlPlane,
    pub(super) bus: Bus,
    pub(super) deliveries: Arena<DeliveryId, Delivery>,
    /// Where the rule wants one.
    pub(super) operator: Option<Operator>,
    pub(super) partitions: Partitions,
    /// Room for what a fetcher wants, used again and again.
    pub(super) actions: Vec<Action>,
    pub(super) tally: Tally,
    /// Where calls that change nothing are counted.
    pub(super) counted: Option<Counted>,
    /// The event that is being handled.
    seq: u64,
}

/// Calls over all time: what must add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub born: u64,
    pub settled: u64,
}

impl<O: Observer> World<O> {
    /// A world at the beginning of its run, with its first events scheduled. Each of its calls is played.
    #[must_use]
    pub fn new(
        config: Arc<WorldConfig>,
        policy: Arc<Policy>,
        replication: u32,
        observer: O,
        s: &mut Schedule<Event>,
    ) -> World<O> {
        let mut world = World::empty(config, policy, replication, observer, s);
        world.begin(s);
        world
    }

    /// The same world, in which calls that change nothing are counted instead.
    #[must_use]
    pub fn counting(
        config: Arc<WorldConfig>,
        policy: Arc<Policy>,
        replication: u32,
        observer: O,
        s: &mut Schedule<Event>,
    ) -> World<O> {
        let mut world = World::empty(config, policy, replication, observer, s);
        world.counted = Some(Counted::new(&world.config));
        world.begin(s);
        world
    }

    fn empty(
        config: Arc<WorldConfig>,
        policy: Arc<Policy>,
        replication: u32,
        observer: O,
        s: &mut Schedule<Event>,
    ) -> World<O> {
        let seeds = Seeds { seed: config.run.seed, replication };
        let phase = SimSpan(NANOS_PER_SECOND).scaled(seeds.uniform("clock phase", "run"));
        let clock = ClockOffset(phase.0.cast_signed());
        let (gateways, credentials) = (config.gateway.nodes, config.gateway_credentials);
        let gateway_caches = if policy.store.shared { credentials } else { gateways * credentials };
        let token_keys = thread::token_keys(&config);
        let truth = Truth::new(config.idp.nodes, token_keys.len());
        let keys = truth.keys.published().to_vec();
        let mut holders = holders(&config, policy.store.shared, seeds);
        let (applications, threads) = thread::applications(&config, seeds, &mut holders, gateway_caches);
        let caches = holders.iter().map(|holder| holder.cache.index() + 1).max().unwrap_or(0);
        World {
            observer,
            seeds,
            end: SimTime::ZERO + config.run.duration,
            lanes: Delays::new(&config, &policy, s),
            sources: Vec::new(),
            client_calls: vec![0; config.clients.len()],
            budgets: config.clients.iter().map(|client| client.retry_budget.map(Budget::new)).collect(),
            rounds: rounds(&config),
            closed_rows: config
                .clients
                .iter()
                .map(|client| Rows::new(seeds.key("user's call", &client.name)))
                .collect(),
            calls: Arena::new(),
            gateways: (0..gateways).map(|index| Gateway::new(&config, GatewayId::at(index), seeds, clock)).collect(),
            holders,
            gateway_caches,
            applications,
            threads,
            clock,
            caches: (0..caches).map(|_| CachePlace::default()).collect(),
            flights: Arena::new(),
            store_ops: Arena::new(),
            locks: vec![None; config.credentials.len()],
            store_outages: Vec::new(),
            backends: config.apis.iter().map(|_| Backend::new(&keys)).collect(),
            introspections: Arena::new(),
            idp: Idp::new(&config.idp, truth, clock),
            db: Database::new(&config, token_keys.len()),
            token_keys,
            users: Users::new(&config, seeds, clock),
            passports: Vec::new(),
            control_plane: ControlPlane::new(
                config.faults.iter().map(|fault| fault.fault.lost()).max().unwrap_or_default(),
            ),
            bus: Bus::new(gateways),
            partitions: Partitions::new(longest_way(&config, &policy)),
            deliveries: Arena::new(),
            operator: policy.surge.threshold.map(|_| Operator::new(gateways)),
            actions: Vec::new(),
            tally: Tally::default(),
            counted: None,
            seq: s.current(),
            config,
            policies: Policies::new(policy),
        }
    }

    fn begin(&mut self, s: &mut Schedule<Event>) {
        if self.starts_warm() {
            self.warm_up(s);
        }
        self.schedule_faults(s);
        self.schedule_bursts(s);
        let count = Arc::new(BlockCount::new());
        let config = Arc::clone(&self.config);
        for index in 0..config.clients.len() {
            let client = ClientId::at(index);
            self.sources.extend(Source::of_client(&config, client, self.seeds, &count));
            if let Arrivals::Closed { .. } = config.clients[index].arrivals {
                (0..config.clients[index].users).for_each(|user| self.think(client, user, SimSpan::ZERO, s));
            }
        }
        for (index, thread) in self.threads.iter().enumerate() {
            let application = &config.applications[thread.application.index()];
            let whose = (ThreadId::at(index), thread.name.as_str());
            self.sources.push(Source::of_thread(&config, application, whose, self.seeds, &count));
        }
        for index in 0..self.sources.len() {
            self.know_stream(SourceId::at(index));
            self.schedule_arrival(SourceId::at(index), s);
        }
        for (index, api) in config.apis.iter().enumerate() {
            if let Validation::Local { refresh, .. } = api.validation {
                let phase = refresh.scaled(self.seeds.uniform("key set phase", &api.name));
                s.at(SimTime::ZERO + phase, Event::KeySetDue(ApiId::at(index)));
            }
        }
        if let (true, CatchUp::Poll { every }) =
            (self.policies.gateways.events.subscribe, self.policies.gateways.events.catch_up)
        {
            for gateway in (0..self.gateways.len()).map(GatewayId::at) {
                let phase = every.scaled(self.seeds.uniform("poll phase", &format!("gateway-{}", gateway.0 + 1)));
                s.at(SimTime::ZERO + phase, Event::Poll(gateway));
            }
        }
        self.schedule_probes(s);
    }

    /// Every gateway's cache holds a valid token of age u times its usable time. With a database that hands tokens out
    /// again, all holders of a token key share one and its u, and its row exists.
    fn warm_up(&mut self, s: &mut Schedule<Event>) {
        let shared = self.config.idp.persistence.reuses();
        let mut tokens: Vec<Option<Token>> = vec![None; self.config.gateway_credentials];
        for index in 0..self.gateway_caches {
            let holder = self.first_of(CacheId::at(index));
            let credential = self.holders[holder.index()].credential.index();
            let token = match tokens[credential] {
                Some(token) => token,
                None if shared => {
                    let name = self.config.credentials[credential].clone();
                    *tokens[credential].insert(self.warm_token(holder, &name))
                }
                None if self.policies.gateways.lifetime.caches() => self.warm_token(holder, &self.cache_name(holder)),
                None => continue,
            };
            self.put_warm(holder, token, s);
        }
        for token in tokens.into_iter().flatten() {
            self.insert_row(token);
        }
    }

    /// A token that was issued before the beginning, of an age drawn for `name`.
    fn warm_token(&mut self, holder: HolderId, name: &str) -> Token {
        let age = self.usable_time().scaled(self.seeds.uniform("warm age", name));
        let nodes = self.config.idp.front.issued_before(self.config.idp.nodes);
        let word = Rows::new(self.seeds.key("warm node", name)).row(0, 0)[0];
        let node = IdpNodeId::at(super::call::pick(word, nodes));
        let token = self.new_token(node, self.holders[holder.index()].token_key, Stamp(0).before(age));
        self.idp.next_token += 1;
        token
    }

    fn put_warm(&mut self, holder: HolderId, token: Token, s: &mut Schedule<Event>) {
        let clock = self.clock_of(holder);
        let expires_in_s = u64::try_from(token.expires.0 - token.issued.0).unwrap_or(0) / NANOS_PER_SECOND;
        let until = self.policies.gateways.lifetime.used_until(token.issued, expires_in_s, clock);
        let jitter = uniform(Rows::new(self.holders[holder.index()].key).row(0, 0)[2]);
        self.put(holder, Entry { token, received: token.issued, until }, jitter, s);
    }

    /// The usable time of a token: the smaller of what the rule allows and the token's lifetime, times `refresh_at`.
    fn usable_time(&self) -> SimSpan {
        let second = SimSpan::secs(1);
        // What is floored to whole seconds may be a second shorter: every warm token is valid at the start.
        let floored = |yes: bool, span: SimSpan| if yes { span - second } else { span };
        let lifetime = floored(self.config.idp.token_format == TokenFormat::Jwt, self.token_lifetime());
        if !self.policies.gateways.lifetime.caches() {
            return lifetime;
        }
        let allowed = self.policies.gateways.lifetime.used_until(Stamp(0), lifetime.whole_secs(), ClockOffset(0));
        let allowed = floored(self.policies.gateways.lifetime.whole_seconds, SimSpan(allowed.0.unsigned_abs()));
        let usable = allowed.min(lifetime);
        self.policies.gateways.lifetime.refresh_at.map_or(usable, |fraction| usable.scaled(fraction))
    }

    pub(super) fn cache_name(&self, holder: HolderId) -> String {
        let holder = &self.holders[holder.index()];
        let credential = &self.config.credentials[holder.credential.index()];
        match holder.place {
            Place::Gateway(gateway) if !self.policies.gateways.store.shared => holder_name(gateway, credential),
            Place::Gateway(_) | Place::Thread(_) => format!("store/{credential}"),
        }
    }

    #[inline]
    pub(super) fn tell(&mut self, at: SimTime, fact: Fact) {
        self.observer.fact(at, self.seq, &fact);
    }

    /// Lets a call's next step happen after a wait, at once where no time passes.
    pub(super) fn wait(&mut self, wait: Wait, id: CallId, step: Step, s: &mut Schedule<Event>) {
        match wait {
            Wait::None => {
                self.step(id, step, s);
                if self.counted.is_some() {
                    self.settle_changes(s);
                }
            }
            Wait::After(delay) => {
                s.after(delay, Event::Call(id, step));
            }
        }
    }

    /// Tells what is still open at the end of the run, and checks that calls and tokens add up.
    ///
    /// # Panics
    /// Where they do not.
    pub fn close(&mut self) {
        let end = self.end;
        self.close_counted();
        for index in 0..self.caches.len() {
            self.unstale(CacheId::at(index), end);
        }
        self.close_idp(end);
        let unanswered = self.tally.born - self.tally.settled;
        let open = self.calls.iter().filter(|(_, call)| call.outcome.is_none() && call.born < end).count();
        assert_eq!(unanswered, open as u64, "calls born = settled + unanswered");
        if let Some(db) = &self.db {
            db.check(self.idp.next_token, self.config.db.pool);
        }
        self.tell(end, Fact::Unanswered(unanswered));
    }

    /// What is in flight or waits, in all: a measure of the memory that the run needs.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        let db = self.db.as_ref().map_or(0, Database::in_flight);
        let deliveries = self.deliveries.len();
        self.calls.len() + self.flights.len() + self.introspections.len() + self.store_ops.len() + deliveries + db
    }
}

/// The longest way that anything takes which a partition can swallow.
fn longest_way(config: &WorldConfig, policy: &Policy) -> SimSpan {
    let network = &config.network;
    let invalidation = config.idp.cache.invalidation.unwrap_or_default();
    let one_way = network.gateway_idp.max(network.gateway_backend).max(network.backend_idp);
    one_way.max(invalidation).max(policy.store.round_trip)
}

fn rounds(config: &WorldConfig) -> Vec<Vec<u32>> {
    let users = |arrivals: &Arrivals, users: u32| match arrivals {
        Arrivals::Closed { .. } => users as usize,
        Arrivals::Poisson { .. } | Arrivals::Constant { .. } | Arrivals::Trace { .. } => 0,
    };
    config.clients.iter().map(|client| vec![0; users(&client.arrivals, client.users)]).collect()
}

fn holders(config: &WorldConfig, shared: bool, seeds: Seeds) -> Vec<Holder> {
    let credentials = config.gateway_credentials;
    let pairs = (0..config.gateway.nodes).flat_map(|gateway| (0..credentials).map(move |c| (gateway, c)));
    pairs
        .map(|(gateway, credential)| {
            let cache = if shared { credential } else { gateway * credentials + credential };
            let gateway = GatewayId::at(gateway);
            let key = seeds.key("token request", &holder_name(gateway, &config.credentials[credential]));
            let token_key = (TokenKeyId::at(credential), CredentialId::at(credential));
            Holder::new(Place::Gateway(gateway), token_key, CacheId::at(cache), key)
        })
        .collect()
}

fn holder_name(gateway: GatewayId, credential: &str) -> String {
    format!("gateway-{}/{credential}", gateway.0 + 1)
}

impl<O: Observer> Model for World<O> {
    type Event = Event;

    #[inline]
    fn handle(&mut self, event: Event, s: &mut Schedule<Event>) {
        self.seq = s.current();
        match event {
            // Three of four events: they are not to wait for what the others need.
            Event::Call(id, step) => self.step(id, step, s),
            _ => self.happen(event, s),
        }
        if self.counted.is_some() {
            self.settle_changes(s);
        }
    }
}

impl<O: Observer> World<O> {
    /// Whatever an event is about.
    #[inline(never)]
    fn happen(&mut self, event: Event, s: &mut Schedule<Event>) {
        match event {
            Event::Arrive(source) => self.arrive(source, s),
            Event::Thought(client, user) => self.thought(client, user, s),
            Event::Call(id, step) => self.step(id, step, s),
            Event::ClientTimeout(id) => self.client_timeout(id, s),
            Event::Flight(id, leg) => self.flight(id, leg, s),
            Event::Introspection(id, leg) => self.introspection(id, leg, s),
            Event::KeySet(api, leg) => self.key_set(api, leg, s),
            Event::KeySetDue(api) => self.key_set_due(api, s),
            Event::Served(id) => self.served(id, s),
            Event::HolderTimer(holder, key) => self.holder_timer(holder, key, s),
            Event::Store(id) => self.store_done(id, s),
            Event::FrontLooks => self.front_looks(s),
            Event::Fault(fault, phase) => self.fault(fault, phase, s),
            Event::Publish(notice) => self.on_bus(notice, s),
            Event::Deliver(id) => self.deliver(id, s),
            Event::Redeliver(id) => self.redeliver(id, s),
            Event::Reconnect(gateway) => self.reconnect(gateway, s),
            Event::Poll(gateway) => self.poll(gateway, s),
            Event::Db(id) => self.op_done(id, s),
            Event::PoolTimeout(id) => self.pool_timeout(id, s),
            Event::Invalidated(id) => self.invalidated(id, s.now()),
            Event::Burst(application) => self.burst(application, s),
            Event::Ask(thread) => self.thread_asks(thread, s),
            Event::Notify(notice) => self.notify(notice, s),
            Event::Load(gateway) => self.load(gateway, s),
            Event::Login(client, user) => self.login(client, user, s),
            Event::Reacted(gateway) => self.watch(Input::Reacted(gateway), s),
            Event::Restarted(gateway) => self.restarted(gateway, s),
        }
    }
}
