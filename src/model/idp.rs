//! The authorization server: its front, its nodes with workers and queues, and what it knows of its tokens (model.md §6).

use std::collections::{BTreeMap, VecDeque};

use super::arena::Arena;
use super::config::{Front, HealthOf, IdpConfig, Unreachable};
use super::delays::Wait;
use super::event::Event;
use super::fact::{Fact, NodeState, Observer, Request};
use super::history::History;
use super::standby::Standby;
use super::world::World;
use crate::engine::{Delay, Handle, Schedule};
use crate::fault::Party;
use crate::id::{DbOpId, FaultId, FlightId, IdpNodeId, IntrospectionId, KeyId, ServiceId};
use crate::oauth::{Cause, Truth};
use crate::persistence::{self, Done};
use crate::rng::uniform;
use crate::time::{ClockOffset, SimSpan, SimTime};

/// The authorization server.
#[derive(Debug)]
pub(super) struct Idp {
    pub nodes: Vec<Node>,
    pub truth: Truth,
    /// The key that an occurrence of a fault has made, or has taken out of the key set.
    pub key_of: BTreeMap<Owner, KeyId>,
    services: Arena<ServiceId, Service>,
    /// How many requests the front has sent on, by kind.
    turns: [u64; 3],
    /// Who serves, where the front is an active-passive one.
    standby: Option<Standby>,
    /// Slow-downs in force.
    slow: Vec<(Owner, f64)>,
    /// Number of the next token.
    pub next_token: u64,
    /// A restart has stopped it, and no token request would be answered yet.
    awaiting_ready: bool,
}

/// One node.
#[derive(Debug)]
pub(super) struct Node {
    state: History<NodeState>,
    up_since: SimTime,
    queue: VecDeque<Job>,
    busy: u32,
    /// What stopped it last: only that brings it back.
    owner: Option<Owner>,
    pub clock: ClockOffset,
}

/// An occurrence of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    pub fault: FaultId,
    pub occurrence: u32,
}

/// What a worker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    Token(FlightId),
    Introspection(IntrospectionId),
}

/// A worker's work.
#[derive(Debug)]
struct Service {
    node: IdpNodeId,
    job: Job,
    from: SimTime,
    /// The service time is running.
    handle: Option<Handle>,
    /// A token request: how far it is after that.
    request: persistence::request::Request,
    /// Its operation of the database, and how many there were.
    op: Option<DbOpId>,
    ops: u64,
}

/// Who sends a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender {
    /// A sticky front goes by this number.
    pub caller: usize,
    /// What a partition can cut it off as, if it can.
    pub party: Option<Party>,
    /// So long ago it sent the request.
    pub way: SimSpan,
}

/// What a request meets at the front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// A node has it.
    Taken,
    /// The connection was refused, which the caller knows at this instant.
    Refused,
    /// It hangs.
    Lost,
    /// A node answers, but not what was asked: the queue is full, or the node not ready.
    TurnedAway(Cause),
}

impl Node {
    /// Whether the front uses it, as far as it knows by now.
    fn in_use(&self, health: HealthOf, now: SimTime) -> bool {
        match self.state.seen(now) {
            NodeState::Up => true,
            NodeState::Starting => health == HealthOf::Port,
            NodeState::Draining | NodeState::Down => false,
        }
    }
}

impl Idp {
    pub fn new(config: &IdpConfig, truth: Truth, clock: ClockOffset) -> Idp {
        let node = || Node {
            state: History::new(NodeState::Up, config.detect),
            up_since: SimTime::ZERO,
            queue: VecDeque::new(),
            busy: 0,
            owner: None,
            clock,
        };
        Idp {
            nodes: (0..config.nodes).map(|_| node()).collect(),
            truth,
            key_of: BTreeMap::new(),
            services: Arena::new(),
            turns: [0; 3],
            standby: match config.front {
                Front::ActivePassive { failover } => Some(Standby::new(failover)),
                Front::RoundRobin | Front::Random | Front::Sticky => None,
            },
            slow: Vec::new(),
            next_token: 0,
            awaiting_ready: false,
        }
    }

    /// Whether the front uses a node, as far as it knows by now.
    fn in_use(&self, node: usize, health: HealthOf, now: SimTime) -> bool {
        self.nodes[node].in_use(health, now)
    }

    /// An active-passive front looks at its nodes.
    fn look(&mut self, health: HealthOf, s: &mut Schedule<Event>) {
        let Idp { nodes, standby: Some(standby), .. } = self else { return };
        if let Some(at) = standby.look(s.now(), nodes.len(), |node| nodes[node].in_use(health, s.now())) {
            s.at(at, Event::FrontLooks);
        }
    }

    /// The node that an active-passive front sends everything to, as of its last look.
    fn serving(&self) -> Option<usize> {
        self.standby.as_ref().and_then(Standby::serving)
    }

    /// The node that the front sends a caller to.
    fn route(
        &mut self,
        kind: Request,
        caller: usize,
        word: u64,
        front: Front,
        health: HealthOf,
        now: SimTime,
    ) -> Option<usize> {
        let all = self.nodes.len();
        let used = (0..all).filter(|node| self.in_use(*node, health, now)).count();
        if used == 0 {
            return None;
        }
        let nth = |n: usize| {
            if used == all { Some(n) } else { (0..all).filter(|node| self.in_use(*node, health, now)).nth(n) }
        };
        match front {
            Front::RoundRobin => {
                let turn = self.turns[kind as usize];
                let found = nth(usize::try_from(turn % used as u64).expect("below a usize"));
                self.turns[kind as usize] += 1;
                found
            }
            Front::Random => nth(super::call::pick(word, used)),
            Front::Sticky => (0..all).map(|step| (caller + step) % all).find(|node| self.in_use(*node, health, now)),
            Front::ActivePassive { .. } => self.serving(),
        }
    }

    pub fn node_of(&self, service: ServiceId) -> IdpNodeId {
        self.services[service].node
    }

    /// The flight that a service issues a token for.
    pub fn flight_of(&self, service: ServiceId) -> FlightId {
        match self.services[service].job {
            Job::Token(flight) => flight,
            Job::Introspection(_) => unreachable!("an introspection issues no token"),
        }
    }

    pub fn request_of(&mut self, service: ServiceId) -> &mut persistence::request::Request {
        self.services[service].op = None;
        &mut self.services[service].request
    }

    /// Counts an operation of the database; the number of those before.
    pub fn count_op(&mut self, service: ServiceId) -> u64 {
        self.services[service].ops += 1;
        self.services[service].ops - 1
    }

    pub fn set_op(&mut self, service: ServiceId, op: DbOpId) {
        self.services[service].op = Some(op);
    }

    /// The nodes that the front sends a caller to while all are in use.
    fn reached(&self, caller: usize, front: Front) -> std::ops::Range<usize> {
        let all = self.nodes.len();
        match front {
            Front::RoundRobin | Front::Random => 0..all,
            Front::Sticky => caller % all..caller % all + 1,
            Front::ActivePassive { .. } => 0..1,
        }
    }

    fn factor(&self) -> f64 {
        self.slow.iter().map(|(_, factor)| factor).product()
    }
}

impl<O: Observer> World<O> {
    /// An active-passive front looks at its nodes; another one may serve from now on.
    fn look_at_nodes(&mut self, s: &mut Schedule<Event>) {
        let before = self.idp.serving();
        self.idp.look(self.config.idp.health_of, s);
        let serving = self.idp.serving();
        if serving != before {
            self.tell(s.now(), Fact::Serving(serving.map(IdpNodeId::at)));
        }
    }

    /// A request reaches the front at this instant, from one who may be cut off from nodes, though the front is not.
    pub(super) fn idp_arrival(
        &mut self,
        kind: Request,
        from: Sender,
        word: u64,
        job: Option<Job>,
        s: &mut Schedule<Event>,
    ) -> Arrival {
        self.look_at_nodes(s);
        let config = &self.config.idp;
        let (workers, queue, unreachable) = (config.workers, config.queue, config.unreachable);
        let routed = self.idp.route(kind, from.caller, word, config.front, config.health_of, s.now());
        let Some(index) = routed else { return self.nobody_there(kind, unreachable, s) };
        let into_cut = |party| self.partitions.swallowed(party, Party::Idp(IdpNodeId::at(index)), from.way, s.now());
        if from.party.is_some_and(into_cut) {
            return Arrival::Lost;
        }
        let node = &mut self.idp.nodes[index];
        match node.state.now() {
            NodeState::Down => self.nobody_there(kind, unreachable, s),
            NodeState::Draining => self.nobody_there(kind, Unreachable::Refuse, s),
            NodeState::Starting => {
                self.tell(s.now(), Fact::IdpArrival(kind));
                Arrival::TurnedAway(Cause::IdpDown)
            }
            NodeState::Up => {
                let room = node.busy < workers || node.queue.len() < queue as usize;
                match job {
                    Some(job) if node.busy < workers => self.serve_next(IdpNodeId::at(index), job, s),
                    Some(job) if room => {
                        node.queue.push_back(job);
                        self.somebody_waits();
                    }
                    Some(_) | None => {}
                }
                self.tell(s.now(), Fact::IdpArrival(kind));
                if room || job.is_none() {
                    return Arrival::Taken;
                }
                self.tell(s.now(), Fact::IdpBusy(kind));
                Arrival::TurnedAway(Cause::IdpBusy)
            }
        }
    }

    /// The nodes that the front sends a caller to, as long as nothing happens, if each of them has a free worker, and nothing
    /// is wrong with any node.
    pub(super) fn free_nodes(&self, caller: usize, now: SimTime) -> Option<std::ops::Range<usize>> {
        let Idp { nodes, standby, slow, .. } = &self.idp;
        let is_well = |node: &Node| node.state.now() == NodeState::Up && node.state.is_settled(now);
        let first_serves = standby.as_ref().is_none_or(|standby| standby.serving() == Some(0));
        let reached = self.idp.reached(caller, self.config.idp.front);
        let is_free = |node: &Node| node.queue.is_empty() && node.busy < self.config.idp.workers;
        let all = slow.is_empty() && first_serves && nodes.iter().all(is_well);
        (all && nodes[reached.clone()].iter().all(is_free)).then_some(reached)
    }

    /// So many introspections were sent on that nobody played.
    pub(super) fn introspections_counted(&mut self, n: u64) {
        self.idp.turns[Request::Introspection as usize] += n;
    }

    /// An introspection that nobody played is in service at this instant, all nodes being in use; it waits where more are than
    /// workers.
    pub(super) fn in_service(
        &mut self,
        id: IntrospectionId,
        (caller, word): (usize, u64),
        (from, to): (SimTime, SimTime),
        s: &mut Schedule<Event>,
    ) {
        let config = &self.config.idp;
        let (workers, front, health) = (config.workers, config.front, config.health_of);
        let routed = self.idp.route(Request::Introspection, caller, word, front, health, s.now());
        let index = routed.expect("introspections are counted only while all nodes are in use");
        let (job, node) = (Job::Introspection(id), &mut self.idp.nodes[index]);
        if node.busy < workers {
            node.busy += 1;
            let handle = Some(s.at(to, Event::Served(self.idp.services.next_id())));
            let request = persistence::request::Request::default();
            let node = IdpNodeId::at(index);
            self.idp.services.insert(Service { node, job, from, handle, request, op: None, ops: 0 });
        } else {
            node.queue.push_back(job);
        }
        self.tell(s.now(), Fact::IdpArrival(Request::Introspection));
    }

    fn nobody_there(&mut self, kind: Request, unreachable: Unreachable, s: &Schedule<Event>) -> Arrival {
        match unreachable {
            Unreachable::Hang => Arrival::Lost,
            Unreachable::Refuse => {
                self.tell(s.now(), Fact::IdpRefused(kind));
                Arrival::Refused
            }
        }
    }

    /// A worker begins a service.
    fn serve_next(&mut self, node: IdpNodeId, job: Job, s: &mut Schedule<Event>) {
        let (timer, word) = match job {
            Job::Token(flight) => (&self.lanes.token_service, self.flights[flight].words[1]),
            Job::Introspection(id) => (&self.lanes.introspection_service, self.introspections[id].words[1]),
        };
        let wait = if self.idp.slow.is_empty() {
            timer.wait(|| uniform(word))
        } else {
            Wait::After(Delay::Drawn(timer.sample(uniform(word)).scaled(self.idp.factor())))
        };
        let delay = match wait {
            Wait::After(delay) => delay,
            // A service is always an event: the worker is taken for an instant.
            Wait::None => Delay::Drawn(crate::time::SimSpan::ZERO),
        };
        let id = self.idp.services.next_id();
        let handle = Some(s.after(delay, Event::Served(id)));
        let request = persistence::request::Request::default();
        self.idp.services.insert(Service { node, job, from: s.now(), handle, request, op: None, ops: 0 });
        self.idp.nodes[node.index()].busy += 1;
    }

    /// The service time of a worker's work is over.
    pub(super) fn served(&mut self, id: ServiceId, s: &mut Schedule<Event>) {
        let service = &mut self.idp.services[id];
        service.handle = None;
        let (node, job) = (service.node, service.job);
        match job {
            Job::Token(_) => self.drive(id, Done::Served, s),
            Job::Introspection(introspection) => {
                self.end_service(id, s);
                self.introspected(introspection, node, s);
            }
        }
    }

    /// A worker is free, and takes what is next.
    pub(super) fn end_service(&mut self, id: ServiceId, s: &mut Schedule<Event>) {
        let service = self.idp.services.remove(id);
        self.tell(s.now(), Fact::Served { from: service.from, to: s.now() });
        let node = &mut self.idp.nodes[service.node.index()];
        node.busy -= 1;
        if let Some(next) = node.queue.pop_front() {
            self.serve_next(service.node, next, s);
        }
    }

    pub(super) fn node_state(&self, node: IdpNodeId) -> NodeState {
        self.idp.nodes[node.index()].state.now()
    }

    /// Whom a person meets at the IdP: the node that an active-passive front sends everything to, or else one of those that
    /// are up. `None`: nobody who could do anything.
    pub(super) fn node_for_a_person(&mut self, word: u64, s: &mut Schedule<Event>) -> Option<IdpNodeId> {
        self.look_at_nodes(s);
        let up = |node: &IdpNodeId| self.node_state(*node) == NodeState::Up;
        match self.config.idp.front {
            Front::ActivePassive { .. } => self.idp.serving().map(IdpNodeId::at).filter(up),
            Front::RoundRobin | Front::Random | Front::Sticky => {
                let nodes = || (0..self.config.idp.nodes).map(IdpNodeId::at).filter(up);
                nodes().nth(super::call::pick(word, nodes().count()))
            }
        }
    }

    /// These nodes go into this state at once; `owner` is what does it.
    pub(super) fn set_nodes(&mut self, nodes: &[IdpNodeId], state: NodeState, owner: Owner, s: &mut Schedule<Event>) {
        // Before that: what is in service there fails with it.
        self.wake_introspected(s);
        for id in nodes {
            let node = &mut self.idp.nodes[id.index()];
            let was = node.state.now();
            let takes_over = matches!(state, NodeState::Down | NodeState::Draining);
            if !takes_over && (was == state || node.owner != Some(owner)) {
                continue;
            }
            node.owner = Some(owner);
            if was == state {
                continue;
            }
            node.state.set(s.now(), state);
            let (counted_before, counts) = (is_up(was), is_up(state));
            let from = node.up_since;
            if counts && !counted_before {
                node.up_since = s.now();
            }
            if counted_before && !counts {
                self.tell(s.now(), Fact::NodeUp { from, to: s.now() });
            }
            self.tell(s.now(), Fact::Node(*id, state));
            if state == NodeState::Down {
                self.node_fails(*id, s);
            }
        }
        // At once, too: a front that has not noticed the stop, or looks at ports only, sends to a node that answers again.
        self.front_looks(s);
        if self.config.idp.detect > crate::time::SimSpan::ZERO {
            s.at(s.now() + self.config.idp.detect, Event::FrontLooks);
        }
    }

    /// Whether an occurrence of a fault still is what these nodes are under.
    pub(super) fn owns_node(&self, node: IdpNodeId, owner: Owner) -> bool {
        self.idp.nodes[node.index()].owner == Some(owner)
    }

    /// What is queued or in service there fails at this instant, and the callers know.
    fn node_fails(&mut self, node: IdpNodeId, s: &mut Schedule<Event>) {
        let under_way: Vec<ServiceId> =
            self.idp.services.iter().filter(|(_, service)| service.node == node).map(|(id, _)| id).collect();
        let mut jobs = Vec::new();
        for id in under_way {
            let service = self.idp.services.remove(id);
            if let Some(handle) = service.handle {
                s.cancel(handle);
            }
            if let Some(op) = service.op {
                self.cancel_op(op, s);
            }
            self.tell(s.now(), Fact::Served { from: service.from, to: s.now() });
            jobs.push(service.job);
        }
        if let Some(db) = &mut self.db {
            db.store.nodes[node.index()].clear_locks();
        }
        let state = &mut self.idp.nodes[node.index()];
        state.busy = 0;
        jobs.extend(state.queue.drain(..));
        for job in jobs {
            match job {
                Job::Token(flight) if self.flight_cut_off(flight, node) => self.flight_lost(flight),
                Job::Token(flight) => self.flight_failed(flight, Cause::IdpDown, s),
                Job::Introspection(id) if self.introspection_cut_off(id, node) => self.introspection_lost(id),
                Job::Introspection(id) => self.introspection_failed(id, s),
            }
        }
    }

    /// A restart is about to stop the IdP or a node. Told before the stop itself: what is in service there fails by this
    /// restart, and is no cost of the one before.
    pub(super) fn end_window(&mut self, s: &mut Schedule<Event>) {
        self.wake_all(s);
        self.idp.awaiting_ready = false;
        self.tell(s.now(), Fact::RestartStopped);
    }

    /// A restart has stopped the IdP or a node: the next instant at which it would answer is looked for.
    pub(super) fn await_ready(&mut self) {
        self.idp.awaiting_ready = true;
    }

    /// The front may see something new.
    pub(super) fn front_looks(&mut self, s: &mut Schedule<Event>) {
        let health = self.config.idp.health_of;
        self.look_at_nodes(s);
        let used = |node: usize| match self.config.idp.front {
            Front::RoundRobin | Front::Random | Front::Sticky => self.idp.in_use(node, health, s.now()),
            Front::ActivePassive { .. } => self.idp.serving() == Some(node),
        };
        let answers = |node: usize| used(node) && self.idp.nodes[node].state.now() == NodeState::Up;
        if self.idp.awaiting_ready && (0..self.idp.nodes.len()).any(answers) {
            self.idp.awaiting_ready = false;
            self.wake_all(s);
            self.tell(s.now(), Fact::Ready);
        }
    }

    pub(super) fn slow_down(&mut self, owner: Owner, factor: f64, s: &mut Schedule<Event>) {
        // Before that: what is in service is not slowed down.
        self.wake_introspected(s);
        self.idp.slow.push((owner, factor));
        self.tell(s.now(), Fact::Slow(true));
    }

    pub(super) fn speed_up(&mut self, owner: Owner, now: SimTime) {
        self.idp.slow.retain(|(slower, _)| *slower != owner);
        if self.idp.slow.is_empty() {
            self.tell(now, Fact::Slow(false));
        }
    }

    /// Tells at the end of the run what is under way.
    pub(super) fn close_idp(&mut self, end: SimTime) {
        let under_way: Vec<SimTime> = self.idp.services.iter().map(|(_, service)| service.from).collect();
        for from in under_way {
            self.tell(end, Fact::Served { from, to: end });
        }
        let up: Vec<SimTime> =
            self.idp.nodes.iter().filter(|node| is_up(node.state.now())).map(|node| node.up_since).collect();
        for from in up {
            self.tell(end, Fact::NodeUp { from, to: end });
        }
    }
}

/// Whether a node in this state has workers that work.
fn is_up(state: NodeState) -> bool {
    match state {
        NodeState::Up | NodeState::Draining => true,
        NodeState::Down | NodeState::Starting => false,
    }
}
