//! The answer for programs.

use serde::Serialize;
use serde_json::Value;

use super::answer::Answer;
use super::graph::Extent;
use super::outcome::Outcome;
use super::schedule::{Schedule, Taken};
use super::settings::Settings;
use super::tell;

/// Counts up when a program that reads it would have to change.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    settings: SettingsPart,
    /// `complete`, `bounded` or `interrupted`.
    extent: &'static str,
    states: usize,
    transitions: usize,
    /// Exact; as text, since it may be longer than what programs take for a number.
    schedules: String,
    outcomes: Vec<OutcomePart<'a>>,
    shortest_bad: Option<SchedulePart<'a>>,
}

#[derive(Serialize)]
struct Replayed<'a> {
    schema: u32,
    settings: SettingsPart,
    replay: SchedulePart<'a>,
}

#[derive(Serialize)]
struct SettingsPart {
    nodes: usize,
    requests: usize,
    crash: bool,
    ties: bool,
    text: String,
}

#[derive(Serialize)]
struct OutcomePart<'a> {
    #[serde(flatten)]
    outcome: &'a Outcome,
    text: String,
    bad: bool,
    end_states: u64,
    schedules: String,
}

#[derive(Serialize)]
struct SchedulePart<'a> {
    token: &'a str,
    outcome: &'a Outcome,
    text: String,
    steps: Vec<StepPart>,
}

#[derive(Serialize)]
struct StepPart {
    text: String,
    active: Option<u64>,
    active_rows: usize,
}

/// The whole answer; `token` replays the example.
///
/// # Panics
/// Never: all of it can be JSON.
#[must_use]
pub fn answer(answer: &Answer, token: &str) -> Value {
    let outcomes = answer.outcomes.iter().map(|(outcome, tally)| OutcomePart {
        outcome,
        text: outcome.to_string(),
        bad: outcome.is_bad(),
        end_states: tally.ends,
        schedules: tally.schedules.to_string(),
    });
    let bad = answer.example.as_ref().filter(|example| example.schedule.outcome.is_bad());
    let document = Document {
        schema: SCHEMA,
        settings: settings(&answer.settings),
        extent: match answer.extent {
            Extent::Complete => "complete",
            Extent::Bounded => "bounded",
            Extent::Interrupted => "interrupted",
        },
        states: answer.states,
        transitions: answer.transitions,
        schedules: answer.schedules().to_string(),
        outcomes: outcomes.collect(),
        shortest_bad: bad.map(|example| schedule_part(&example.schedule, token)),
    };
    serde_json::to_value(document).expect("all of it can be JSON")
}

/// A schedule that was played again.
///
/// # Panics
/// Never: all of it can be JSON.
#[must_use]
pub fn replayed(of: &Settings, schedule: &Schedule, token: &str) -> Value {
    let document = Replayed { schema: SCHEMA, settings: settings(of), replay: schedule_part(schedule, token) };
    serde_json::to_value(document).expect("all of it can be JSON")
}

fn settings(settings: &Settings) -> SettingsPart {
    SettingsPart {
        nodes: settings.nodes,
        requests: settings.requests,
        crash: settings.crash,
        ties: settings.ties && settings.ties_matter(),
        text: settings.line(),
    }
}

fn schedule_part<'a>(schedule: &'a Schedule, token: &'a str) -> SchedulePart<'a> {
    let step = |taken: &Taken| StepPart {
        text: tell::step(&taken.moved),
        active: taken.active.0,
        active_rows: taken.active.1,
    };
    SchedulePart {
        token,
        outcome: &schedule.outcome,
        text: schedule.outcome.to_string(),
        steps: schedule.steps.iter().map(step).collect(),
    }
}
