//! The answer of an exploration: what can come out, how often, and one schedule that shows it.

use num_bigint::BigUint;

use super::count::{self, Tally};
use super::graph::{Extent, Graph, Limits};
use super::outcome::Outcome;
use super::schedule::Schedule;
use super::settings::Settings;

/// What came of it.
#[derive(Debug)]
pub struct Answer {
    pub settings: Settings,
    pub extent: Extent,
    pub states: usize,
    pub transitions: usize,
    /// Good ones first.
    pub outcomes: Vec<(Outcome, Tally)>,
    pub example: Option<Example>,
}

/// A shortest schedule to something bad; to any end, where nothing bad comes out.
#[derive(Clone, Debug)]
pub struct Example {
    pub choices: Vec<usize>,
    pub schedule: Schedule,
}

impl Answer {
    /// Explores, counts, and picks an example.
    #[must_use]
    pub fn of(settings: &Settings, limits: &Limits<'_>) -> Answer {
        let graph = Graph::explore(settings, limits);
        let example = graph.shortest_bad().or_else(|| Some(graph.ends.first()?.state)).map(|end| {
            let choices = graph.choices_to(settings, end);
            let schedule = Schedule::replay(settings, &choices);
            Example { choices, schedule }
        });
        Answer {
            settings: *settings,
            extent: graph.extent,
            states: graph.states(),
            transitions: graph.transitions(),
            outcomes: count::tally(&graph),
            example,
        }
    }

    /// All schedules; those found so far, where the exploration is not complete.
    #[must_use]
    pub fn schedules(&self) -> BigUint {
        self.outcomes.iter().map(|(_, tally)| &tally.schedules).sum()
    }

    /// Whether every state was seen.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.extent == Extent::Complete
    }
}
