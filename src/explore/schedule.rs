//! One schedule, from the start to its end, step by step.

use super::outcome::Outcome;
use super::race::Race;
use super::settings::Settings;
use super::steps::Moved;
use crate::engine::chooser::{Chooser, Script};

/// A schedule and what it ended in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub steps: Vec<Taken>,
    pub outcome: Outcome,
}

/// A step, and the table after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub moved: Moved,
    /// The latest ACTIVE token, and how many there are.
    pub active: (Option<u64>, usize),
}

impl Schedule {
    /// Plays a race to its end.
    pub fn play(settings: &Settings, chooser: &mut impl Chooser) -> Schedule {
        let mut race = Race::new(settings);
        let mut steps = Vec::new();
        while let Some(moved) = race.step(chooser) {
            steps.push(Taken { moved, active: race.state().active() });
        }
        Schedule { steps, outcome: race.state().outcome() }
    }

    /// Plays the race of these choices again.
    #[must_use]
    pub fn replay(settings: &Settings, choices: &[usize]) -> Schedule {
        Schedule::play(settings, &mut Script::new(choices.to_vec()))
    }
}
