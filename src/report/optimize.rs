//! What `optimize` found: the limit with the interval in which it lies, and every value that was tried.

use comfy_table::Cell;
use serde::Serialize;

use super::table::{self, Look, wrap};
use crate::experiment::judge::Decision;
use crate::experiment::optimize::{Answer, Goal};

/// What there is to say.
#[derive(Clone, Debug)]
pub struct Told {
    pub file: String,
    pub key: String,
    /// The ends of the range, the lower first.
    pub between: [String; 2],
    pub answer: Answer,
    /// The last value that passes, and the next one that surely fails.
    pub limit: Option<(Goal, String, Option<String>)>,
    pub monotone: bool,
    /// In ascending order: the value, what it comes to, and why it does not pass.
    pub tried: Vec<(String, Decision, String)>,
}

/// For a terminal.
#[must_use]
pub fn table(told: &Told, look: Look) -> String {
    let mut table = table::table(look);
    table.set_header([told.key.as_str(), "verdict", "because"]);
    for (value, decision, why) in &told.tried {
        table.add_row([Cell::new(value), Cell::new(decision.word()), Cell::new(why)]);
    }
    let sentences: Vec<String> = sentences(told).iter().map(|sentence| wrap(sentence, look.width)).collect();
    format!("{}\n\n{}\n", table.trim_fmt(), sentences.join("\n"))
}

/// The answer in words.
fn sentences(told: &Told) -> Vec<String> {
    let Told { key, between: [low, high], .. } = told;
    let mut sentences = vec![match (&told.limit, told.answer) {
        (Some((goal, passes, fails)), _) => {
            let (word, end) = match goal {
                Goal::Largest => ("largest", high),
                Goal::Smallest => ("smallest", low),
            };
            let limit = match fails {
                Some(fails) => format!("the limit lies between {passes} and {fails}, which surely fails"),
                None => format!("beyond it nothing is decided up to {end}: more replications would tell"),
            };
            format!("{key} = {passes} is the {word} value tried that satisfies every expectation; {limit}")
        }
        (None, Answer::Everything) => {
            format!("every value tried satisfies every expectation: the limit lies beyond {low} and {high}")
        }
        (None, Answer::Which) => {
            "values satisfy the expectations on a part of the range that neither end or both belong to: say --smallest or --largest".into()
        }
        (None, _) => format!("no value of {key} between {low} and {high} that was tried satisfies every expectation"),
    }];
    if !told.monotone {
        sentences.push(
            "NOT MONOTONE: what passes and what fails alternate over the range (see the table), so there is more than one limit".into(),
        );
    }
    sentences
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    file: &'a str,
    key: &'a str,
    between: &'a [String; 2],
    answer: &'static str,
    passes: Option<&'a str>,
    fails: Option<&'a str>,
    monotone: bool,
    tried: Vec<TriedPart<'a>>,
}

#[derive(Serialize)]
struct TriedPart<'a> {
    value: &'a str,
    verdict: &'static str,
    because: &'a str,
}

/// For programs.
///
/// # Panics
/// Never: all of it can be JSON.
#[must_use]
pub fn json(told: &Told) -> String {
    let limit = told.limit.as_ref();
    let document = Document {
        schema: 1,
        file: &told.file,
        key: &told.key,
        between: &told.between,
        answer: match (limit, told.answer) {
            (Some((Goal::Largest, ..)), _) => "largest",
            (Some((Goal::Smallest, ..)), _) => "smallest",
            (None, Answer::Everything) => "everything",
            (None, Answer::Which) => "which",
            (None, _) => "nothing",
        },
        passes: limit.map(|(_, passes, _)| passes.as_str()),
        fails: limit.and_then(|(.., fails)| fails.as_deref()),
        monotone: told.monotone,
        tried: told
            .tried
            .iter()
            .map(|(value, decision, because)| TriedPart { value, verdict: decision.word(), because })
            .collect(),
    };
    serde_json::to_string_pretty(&document).expect("all of it can be JSON") + "\n"
}
