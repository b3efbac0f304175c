//! Every state that can be reached, and how: breadth first, each state expanded by every choice that its step asks for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};

use super::encoding::encode;
use super::outcome::Outcome;
use super::race::Race;
use super::settings::Settings;
use super::state::State;
use crate::engine::chooser::Exhaustive;

/// How far an exploration may go, and who may stop it.
#[expect(missing_debug_implementations, reason = "a function has nothing to show")]
pub struct Limits<'a> {
    pub max_states: usize,
    /// Rises when somebody asks for a stop.
    pub stop: &'a AtomicBool,
    /// Called now and then, with the states seen and those of them that are not expanded yet.
    pub progress: &'a dyn Fn(usize, usize),
}

/// Why there is no more of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// There is no more.
    Complete,
    /// The bound on states was reached.
    Bounded,
    Interrupted,
}

/// The states by number, in the order of their discovery, and what leads from one to another.
#[derive(Debug)]
pub struct Graph {
    pub extent: Extent,
    /// States in which everything is over.
    pub ends: Vec<End>,
    /// The way in which a state was found first, which is a shortest one.
    parents: Vec<u32>,
    /// Where a state's transitions begin in `targets`; states that were not expanded have none.
    from: Vec<usize>,
    targets: Vec<u32>,
    /// By their bytes: whole states, so that none is taken for another.
    seen: BTreeMap<Box<[u8]>, u32>,
}

/// A state in which everything is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub state: u32,
    pub outcome: Outcome,
    /// Tokens that were written.
    pub inserted: u64,
}

/// How often somebody who waits is asked and told.
const PAUSE: usize = 1 << 12;

impl Graph {
    /// Explores.
    #[must_use]
    pub fn explore(settings: &Settings, limits: &Limits<'_>) -> Graph {
        let start = State::start(settings);
        let mut graph = Graph {
            extent: Extent::Complete,
            ends: Vec::new(),
            parents: vec![0],
            from: vec![0],
            targets: Vec::new(),
            seen: BTreeMap::from([(encode(&start), 0)]),
        };
        let mut open = VecDeque::from([start]);
        while let Some(state) = open.pop_front() {
            let number = graph.from.len() - 1;
            if number.is_multiple_of(PAUSE) {
                (limits.progress)(graph.parents.len(), open.len());
                if limits.stop.load(Ordering::Relaxed) {
                    graph.extent = Extent::Interrupted;
                    return graph;
                }
            }
            let all = graph.expand(settings, limits, &state, &mut open);
            graph.from.push(graph.targets.len());
            if !all {
                graph.extent = Extent::Bounded;
                return graph;
            }
        }
        graph
    }

    /// Takes every step from a state; `false` where a state more would be too many.
    fn expand(&mut self, settings: &Settings, limits: &Limits<'_>, state: &State, open: &mut VecDeque<State>) -> bool {
        let number = index32(self.from.len() - 1);
        let mut chooser = Exhaustive::default();
        loop {
            let mut race = Race::from(settings, state.clone());
            if race.step(&mut chooser).is_none() {
                self.ends.push(End { state: number, outcome: state.outcome(), inserted: state.inserted() });
                return true;
            }
            let next = race.into_state();
            let bytes = encode(&next);
            let target = match self.seen.get(&bytes) {
                Some(known) => *known,
                None if self.parents.len() >= limits.max_states => return false,
                None => {
                    let new = index32(self.parents.len());
                    self.seen.insert(bytes, new);
                    self.parents.push(number);
                    open.push_back(next);
                    new
                }
            };
            self.targets.push(target);
            if !chooser.next_order() {
                return true;
            }
        }
    }

    /// The number of states.
    #[must_use]
    pub fn states(&self) -> usize {
        self.parents.len()
    }

    /// The number of transitions: two choices that lead to the same state are two.
    #[must_use]
    pub fn transitions(&self) -> usize {
        self.targets.len()
    }

    /// What a state leads to.
    #[must_use]
    pub fn targets(&self, state: u32) -> &[u32] {
        let state = state as usize;
        match self.from.get(state + 1) {
            Some(end) => &self.targets[self.from[state]..*end],
            None => &[],
        }
    }

    /// The end of a shortest way to something bad.
    #[must_use]
    pub fn shortest_bad(&self) -> Option<u32> {
        // Found breadth first: an end that was found earlier is no further away.
        self.ends.iter().find(|end| end.outcome.is_bad()).map(|end| end.state)
    }

    /// The choices of a shortest way to a state.
    #[must_use]
    pub fn choices_to(&self, settings: &Settings, end: u32) -> Vec<usize> {
        let mut way = vec![end];
        while let Some(last) = way.last().filter(|last| **last != 0) {
            way.push(self.parents[*last as usize]);
        }
        let mut choices = Vec::new();
        let mut state = State::start(settings);
        for target in way.into_iter().rev().skip(1) {
            let mut chooser = Exhaustive::default();
            state = loop {
                let mut race = Race::from(settings, state.clone());
                let moved = race.step(&mut chooser);
                assert!(moved.is_some(), "a way goes on to its end");
                if self.seen.get(&encode(race.state())) == Some(&target) {
                    choices.extend(chooser.choices());
                    break race.into_state();
                }
                assert!(chooser.next_order(), "some choice leads to the next state of the way");
            };
        }
        choices
    }
}

fn index32(index: usize) -> u32 {
    u32::try_from(index).expect("the bound on states is below 2^32")
}
