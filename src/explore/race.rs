//! The race as a machine of steps: what can happen next, and what comes of it.
//!
//! A step is everything that happens at one instant in the simulator: an operation of the database ends (or a request is
//! served, word arrives, a node crashes), and whoever waited for it goes on until the next operation begins. The steps
//! between are the node's own memory, which nobody else sees.

use super::settings::{Caches, Settings};
use super::state::{Caller, KEY, LATER, NOW, Operation, State, token};
use super::steps::{Act, Moved, What, Who};
use crate::engine::chooser::Chooser;
use crate::id::IdpNodeId;
use crate::persistence::node::{NodeMemory, Ticket};
use crate::persistence::queued::{Next, Writer};
use crate::persistence::request::Request;
use crate::persistence::{Done, Rules, Step, Write};
use crate::time::SimSpan;

/// A race under way.
#[derive(Clone, Debug)]
pub struct Race<'a> {
    pub(super) settings: &'a Settings,
    /// The settings' own, but no token is ever too old to be handed out again.
    rules: Rules,
    pub(super) state: State,
    acts: Vec<Act>,
}

/// What can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chance {
    /// A request is served.
    Serve(usize),
    /// The database operation of a request ends.
    End(usize),
    /// The transaction of a thread ends.
    Thread(IdpNodeId, usize),
    Hear(IdpNodeId, u64),
    Crash(IdpNodeId),
}

impl<'a> Race<'a> {
    /// A race from its start.
    #[must_use]
    pub fn new(settings: &'a Settings) -> Race<'a> {
        Race::from(settings, State::start(settings))
    }

    /// A race from a state on.
    #[must_use]
    pub fn from(settings: &'a Settings, state: State) -> Race<'a> {
        let rules = Rules { reuse_margin: SimSpan::ZERO, ..settings.rules };
        Race { settings, rules, state, acts: Vec::new() }
    }

    /// Where it is.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Where it is, for good.
    #[must_use]
    pub fn into_state(self) -> State {
        self.state
    }

    /// One of the things that can happen next happens; `None` when everything is over.
    pub fn step(&mut self, chooser: &mut impl Chooser) -> Option<Moved> {
        let chances = self.chances();
        let chance = match chances.len() {
            0 => return None,
            // What is no choice costs no place in a replay's token.
            1 => chances[0],
            n => chances[chooser.choose(n)],
        };
        match chance {
            Chance::Serve(request) => {
                self.act(request, What::Served);
                self.state.callers[request] = Caller::Busy { request: Request::default(), with: Operation::Lock };
                self.go_on(request, Done::Served);
            }
            Chance::End(request) => {
                let done = self.end(request, chooser);
                self.go_on(request, done);
            }
            Chance::Thread(node, thread) => self.end_of_thread(node, thread, chooser),
            Chance::Hear(node, token) => self.hear(node, token),
            Chance::Crash(node) => self.crash(node),
        }
        Some(Moved { acts: std::mem::take(&mut self.acts) })
    }

    fn chances(&self) -> Vec<Chance> {
        let state = &self.state;
        let mut chances: Vec<Chance> = Vec::with_capacity(16);
        chances.extend(state.callers.iter().enumerate().filter_map(|(request, caller)| match caller {
            Caller::Arrived => Some(Chance::Serve(request)),
            Caller::Busy { with: Operation::Lock, .. } | Caller::Holds(_) | Caller::PersistFailed | Caller::Crashed => {
                None
            }
            Caller::Busy { .. } => Some(Chance::End(request)),
        }));
        for (node, threads) in state.threads.iter().enumerate() {
            chances.extend((0..threads.len()).map(|thread| Chance::Thread(IdpNodeId::at(node), thread)));
        }
        chances.extend(state.messages.iter().map(|(node, token)| Chance::Hear(*node, *token)));
        // A crash after everything is over changes nothing.
        if self.settings.crash && state.crashed.is_none() && !chances.is_empty() {
            chances.extend((0..self.settings.nodes).map(|node| Chance::Crash(IdpNodeId::at(node))));
        }
        chances
    }

    /// A request goes on; so does whoever waited for the lock that it gives back.
    fn go_on(&mut self, request: usize, done: Done) {
        let mut next = self.one_goes_on(request, done);
        while let Some(Ticket(waiter)) = next {
            let waiter = usize::try_from(waiter).expect("it was a position");
            self.act(waiter, What::Locked);
            next = self.one_goes_on(waiter, Done::Locked);
        }
    }

    /// Until the request needs the database or a lock, or is answered; then, who has its lock next.
    fn one_goes_on(&mut self, request: usize, mut done: Done) -> Option<Ticket> {
        let node = self.settings.node_of(request);
        let Caller::Busy { request: mut machine, .. } = self.state.callers[request] else {
            unreachable!("only a request under way is told of anything")
        };
        let wait = |race: &mut Race<'_>, machine: Request, with: Operation| {
            race.state.callers[request] = Caller::Busy { request: machine, with };
            None
        };
        let ticket = Ticket(u32::try_from(request).expect("requests are few"));
        loop {
            let step = machine.next(done, &self.rules, NOW);
            done = match step {
                Step::Lock => {
                    if !self.memory(node).lock(KEY, ticket) {
                        self.act(request, What::AwaitsLock);
                        return wait(self, machine, Operation::Lock);
                    }
                    Done::Locked
                }
                Step::Look => {
                    let found = self.memory(node).cached(KEY, NOW);
                    self.act(request, What::Looked(found.map(|token| token.id)));
                    Done::Looked(found)
                }
                Step::ReadActive => {
                    self.act(request, What::ReadsActive);
                    return wait(self, machine, Operation::ReadActive);
                }
                Step::ReadEnded => {
                    self.act(request, What::ReadsEnded);
                    return wait(self, machine, Operation::ReadEnded);
                }
                Step::Write(write) => {
                    self.act(request, What::Begins(write));
                    return wait(self, machine, Operation::Write(write));
                }
                Step::Create => {
                    let token = token(self.state.next);
                    self.state.next += 1;
                    self.act(request, What::Creates(token.id));
                    Done::Created(token)
                }
                Step::Queue(item) => {
                    self.act(request, What::Queues(item.token.id));
                    self.memory(node).push(item);
                    self.feed(node);
                    Done::Queued
                }
                Step::Answer { token, recovered } => {
                    self.act(request, What::Answers { token: token.id, recovered });
                    self.state.callers[request] = Caller::Holds(token.id);
                    if self.settings.caches != Caches::Off {
                        self.memory(node).remember(token, NOW, LATER);
                    }
                    return self.memory(node).unlock(KEY, ticket);
                }
                Step::GiveUp => {
                    self.act(request, What::GivesUp);
                    self.state.callers[request] = Caller::PersistFailed;
                    return self.memory(node).unlock(KEY, ticket);
                }
            };
        }
    }

    /// The database operation of a request ends.
    fn end(&mut self, request: usize, chooser: &mut impl Chooser) -> Done {
        let Caller::Busy { with, .. } = self.state.callers[request] else { unreachable!("it was under way") };
        match with {
            Operation::Lock => unreachable!("who waits for a lock has no operation"),
            Operation::ReadActive => {
                let row = self.state.store.table.active(KEY);
                self.act(request, What::SawActive(row.map(|row| row.token.id)));
                Done::Read(row)
            }
            Operation::ReadEnded => {
                self.act(request, What::SawEnded);
                Done::ReadEnded(self.state.store.table.ended(KEY))
            }
            Operation::Write(write) => {
                let node = self.settings.node_of(request);
                match self.commit(node, Who::Request(request), write, chooser) {
                    Ok(inserted) => Done::Written(inserted.map(|row| row.token)),
                    Err(violation) => Done::Violated(violation),
                }
            }
        }
    }

    /// The transaction of a thread ends; the thread goes on, or takes what is next.
    fn end_of_thread(&mut self, node: IdpNodeId, thread: usize, chooser: &mut impl Chooser) {
        let (mut writer, write) = self.state.threads[node.index()].remove(thread);
        let outcome = self.commit(node, Who::Thread, write, chooser).map(|_| ());
        match writer.next(outcome, &self.rules) {
            Next::Write(write) => self.writes(node, writer, write),
            Next::Stored { .. } => {}
            Next::Lost => self.act_on(node, Who::Thread, What::Loses(writer.item().token.id)),
        }
        self.feed(node);
    }

    /// Free threads take what is queued.
    fn feed(&mut self, node: IdpNodeId) {
        let pool = usize::try_from(self.rules.pool_size).expect("threads fit the address space");
        while self.state.threads[node.index()].len() < pool {
            let order = self.rules.order;
            let Some(item) = self.memory(node).take(order) else { return };
            self.act_on(node, Who::Thread, What::Takes(item.token.id));
            let (writer, write) = Writer::begin(item);
            self.writes(node, writer, write);
        }
    }

    fn writes(&mut self, node: IdpNodeId, writer: Writer, write: Write) {
        self.act_on(node, Who::Thread, What::Begins(write));
        let threads = &mut self.state.threads[node.index()];
        let at = threads.partition_point(|thread| *thread < (writer, write));
        threads.insert(at, (writer, write));
    }

    pub(super) fn memory(&mut self, node: IdpNodeId) -> &mut NodeMemory {
        &mut self.state.store.nodes[node.index()]
    }

    pub(super) fn act(&mut self, request: usize, what: What) {
        self.act_on(self.settings.node_of(request), Who::Request(request), what);
    }

    pub(super) fn act_on(&mut self, node: IdpNodeId, who: Who, what: What) {
        self.acts.push(Act { node, who, what });
    }
}
