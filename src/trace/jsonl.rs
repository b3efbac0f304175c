//! A trace as lines of JSON: a head, a line a fact, and a last line that says what is left out.

use serde::Serialize;

use super::record::{Fields, record};
use super::recording::Recording;

/// A fact.
#[derive(Serialize)]
struct Line {
    at_ns: u64,
    /// The number of the event in which it was told; null: before the first one.
    seq: Option<u64>,
    /// The number of the event that scheduled that one; null: it was there from the beginning.
    by: Option<u64>,
    fact: &'static str,
    #[serde(flatten)]
    fields: Fields,
}

/// The text of the trace.
///
/// # Panics
/// Never: all of it can be JSON.
#[must_use]
pub fn jsonl(recording: &Recording<'_>) -> String {
    let mut text = String::new();
    add(&mut text, &recording.about);
    for told in recording.facts {
        let record = record(recording.names, told);
        let seq = (told.seq != u64::MAX).then_some(told.seq);
        let by = seq.and_then(|seq| recording.cause_of(seq));
        add(&mut text, &Line { at_ns: told.at.0, seq, by, fact: record.kind, fields: record.fields });
    }
    add(&mut text, &recording.summary);
    text
}

fn add(text: &mut String, line: &impl Serialize) {
    text.push_str(&serde_json::to_string(line).expect("all of it can be JSON"));
    text.push('\n');
}
