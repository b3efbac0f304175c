//! A second opinion on races in the token store: another model of them, checked by another program (stateright), must
//! find the same outcomes.
//!
//! The model is written from WSO2's page on token persistence (docs/claims.md, B) and from docs/model.md. It uses nothing
//! of the flows in `src/persistence`, and cuts them into other, finer steps.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use stalegate::explore::answer::Answer;
use stalegate::explore::graph::Limits;
use stalegate::explore::{Caches, Settings};
use stalegate::persistence::{Order, Recovery, Renew, Rules, Transactions};
use stalegate::time::SimSpan;
use stateright::{Checker, Model, Property, StateRecorder};

/// Attempts after the first one.
const RETRIES: u8 = 5;

/// So many identical requests, sent to the nodes in turn.
#[derive(Clone)]
struct Cluster {
    nodes: usize,
    requests: usize,
    mode: Mode,
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// b01, b08.
    Synchronous,
    /// b03, b07; so many threads a node.
    Asynchronous { threads: usize },
}

/// Tokens are named after the request that they were created for.
type Name = usize;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Everything {
    requests: Vec<Phase>,
    nodes: Vec<Node>,
    /// The token table: who has a row, and whether it is ACTIVE.
    rows: Vec<(Name, bool)>,
    /// A node's cache will hear that a token is no longer ACTIVE.
    news: BTreeSet<(usize, Name)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Node {
    locked: bool,
    cache: Option<Name>,
    queue: Vec<Name>,
    threads: Vec<Thread>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Thread {
    Inserting(Name),
    /// Its insert was refused.
    Recovering(Name),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Arrived,
    InCache,
    InDatabase,
    Creating,
    Inserting { retries: u8 },
    ReadingAgain { retries: u8 },
    Returning(Name),
    Returned(Name),
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    Request(usize),
    Take(usize),
    Thread(usize, usize),
    Hear(usize, Name),
}

impl Everything {
    fn active(&self) -> Option<Name> {
        self.rows.iter().find(|(_, active)| *active).map(|(name, _)| *name)
    }

    /// b04: refused while there is an ACTIVE row.
    fn insert(&mut self, name: Name) -> bool {
        let free = self.active().is_none();
        if free {
            self.rows.push((name, true));
        }
        free
    }
}

impl Model for Cluster {
    type State = Everything;
    type Action = Action;

    fn init_states(&self) -> Vec<Everything> {
        vec![Everything {
            requests: vec![Phase::Arrived; self.requests],
            nodes: vec![Node::default(); self.nodes],
            rows: Vec::new(),
            news: BTreeSet::new(),
        }]
    }

    fn actions(&self, state: &Everything, actions: &mut Vec<Action>) {
        for (request, phase) in state.requests.iter().enumerate() {
            let goes_on = match phase {
                // The lock of a node is taken by anybody who waits for it.
                Phase::Arrived => !state.nodes[request % self.nodes].locked,
                Phase::Returned(_) | Phase::Failed => false,
                _ => true,
            };
            actions.extend(goes_on.then_some(Action::Request(request)));
        }
        for (at, node) in state.nodes.iter().enumerate() {
            if let Mode::Asynchronous { threads } = self.mode
                && !node.queue.is_empty()
                && node.threads.len() < threads
            {
                actions.push(Action::Take(at));
            }
            actions.extend((0..node.threads.len()).map(|thread| Action::Thread(at, thread)));
        }
        actions.extend(state.news.iter().map(|(node, name)| Action::Hear(*node, *name)));
    }

    fn next_state(&self, state: &Everything, action: Action) -> Option<Everything> {
        let mut next = state.clone();
        match action {
            Action::Request(request) => self.go_on(&mut next, request),
            Action::Take(node) => {
                let name = next.nodes[node].queue.remove(0);
                next.nodes[node].threads.push(Thread::Inserting(name));
            }
            Action::Thread(node, thread) => self.thread(&mut next, node, thread),
            Action::Hear(node, name) => {
                next.news.remove(&(node, name));
                let cache = &mut next.nodes[node].cache;
                *cache = cache.filter(|cached| *cached != name);
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("b04: at most one ACTIVE row", |_, state: &Everything| {
            state.rows.iter().filter(|(_, active)| *active).count() <= 1
        })]
    }
}

impl Cluster {
    fn go_on(&self, state: &mut Everything, request: usize) {
        let node = request % self.nodes;
        let phase = state.requests[request];
        state.requests[request] = match phase {
            Phase::Arrived => {
                state.nodes[node].locked = true;
                Phase::InCache
            }
            Phase::InCache => state.nodes[node].cache.map_or(Phase::InDatabase, Phase::Returning),
            Phase::InDatabase => state.active().map_or(Phase::Creating, Phase::Returning),
            Phase::Creating => match self.mode {
                Mode::Synchronous => Phase::Inserting { retries: 0 },
                Mode::Asynchronous { .. } => {
                    state.nodes[node].queue.push(request);
                    Phase::Returning(request)
                }
            },
            Phase::Inserting { .. } if state.insert(request) => Phase::Returning(request),
            Phase::Inserting { retries } => Phase::ReadingAgain { retries },
            Phase::ReadingAgain { retries } => match state.active() {
                Some(name) => Phase::Returning(name),
                None if retries == RETRIES => {
                    state.nodes[node].locked = false;
                    Phase::Failed
                }
                None => Phase::Inserting { retries: retries + 1 },
            },
            Phase::Returning(name) => {
                state.nodes[node].cache = Some(name);
                state.nodes[node].locked = false;
                Phase::Returned(name)
            }
            over @ (Phase::Returned(_) | Phase::Failed) => over,
        };
    }

    fn thread(&self, state: &mut Everything, node: usize, thread: usize) {
        let work = state.nodes[node].threads[thread];
        match work {
            Thread::Inserting(name) if !state.insert(name) => {
                state.nodes[node].threads[thread] = Thread::Recovering(name);
                return;
            }
            Thread::Inserting(_) => {}
            Thread::Recovering(name) => {
                // The first node's token INACTIVE, the own one ACTIVE, in one transaction.
                for row in state.rows.iter_mut().filter(|row| row.1) {
                    row.1 = false;
                    let others = (0..self.nodes).filter(|other| *other != node);
                    state.news.extend(others.map(|other| (other, row.0)));
                    let cache = &mut state.nodes[node].cache;
                    *cache = cache.filter(|cached| *cached != row.0);
                }
                assert!(state.insert(name));
            }
        }
        state.nodes[node].threads.remove(thread);
    }

    /// What callers can hold when everything is over.
    fn outcomes(&self) -> BTreeSet<Vec<&'static str>> {
        let (recorder, states) = StateRecorder::new_with_accessor();
        let checker = self.clone().checker().visitor(recorder).spawn_bfs().join();
        checker.assert_properties();
        let mut actions = Vec::new();
        let mut outcomes = BTreeSet::new();
        for state in states() {
            self.actions(&state, &mut actions);
            if actions.is_empty() {
                outcomes.insert(words(&state));
            }
            actions.clear();
        }
        outcomes
    }
}

fn words(state: &Everything) -> Vec<&'static str> {
    let word = |phase: &Phase| match phase {
        Phase::Returned(name) => match state.rows.iter().find(|row| row.0 == *name) {
            Some((_, true)) => "active",
            Some((_, false)) => "inactive",
            None => "lost",
        },
        Phase::Failed => "persist-failed",
        _ => "nothing",
    };
    let mut words: Vec<&str> = state.requests.iter().map(word).collect();
    words.sort_unstable();
    words
}

/// What the program says.
fn explored(cluster: &Cluster) -> BTreeSet<Vec<&'static str>> {
    let pool_size = match cluster.mode {
        Mode::Synchronous => 0,
        Mode::Asynchronous { threads } => u32::try_from(threads).unwrap(),
    };
    let rules = Rules {
        pool_size,
        order: Order::Fifo,
        retry_count: RETRIES.into(),
        recovery: Recovery::Documented,
        transactions: Transactions::One,
        renew: Renew::Reuse,
        reuse_margin: SimSpan::secs(1),
        node_lock: true,
    };
    let settings = Settings {
        nodes: cluster.nodes,
        requests: cluster.requests,
        rules,
        con_app_key: true,
        caches: Caches::Clustered,
        ties: false,
        crash: false,
    };
    let stop = AtomicBool::new(false);
    let answer = Answer::of(&settings, &Limits { max_states: 1_000_000, stop: &stop, progress: &|_, _| {} });
    assert!(answer.is_complete());
    let sorted = |mut words: Vec<&'static str>| {
        words.sort_unstable();
        words
    };
    answer.outcomes.iter().map(|(outcome, _)| sorted(outcome.words())).collect()
}

#[test]
fn both_find_that_synchronous_callers_hold_the_same_active_token() {
    for (nodes, requests) in [(2, 2), (3, 2), (2, 3), (3, 3)] {
        let cluster = Cluster { nodes, requests, mode: Mode::Synchronous };
        let found = cluster.outcomes();
        assert_eq!(found, BTreeSet::from([vec!["active"; requests]]), "{nodes} nodes, {requests} requests");
        assert_eq!(found, explored(&cluster), "{nodes} nodes, {requests} requests");
    }
}

#[test]
fn both_find_the_same_outcomes_of_asynchronous_races() {
    for (nodes, requests) in [(2, 2), (3, 2), (2, 3), (3, 3)] {
        for threads in [1, 2] {
            let cluster = Cluster { nodes, requests, mode: Mode::Asynchronous { threads } };
            let found = cluster.outcomes();
            assert!(found.iter().any(|words| words.contains(&"inactive")), "{found:?}");
            assert_eq!(found, explored(&cluster), "{nodes} nodes, {requests} requests, {threads} threads");
        }
    }
}
