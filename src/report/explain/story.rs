//! The chain of an explanation in lines, the latest first: what one did in one event is one line.

use super::words::words;
use crate::experiment::explain::Explanation;
use crate::model::fact::Fact;
use crate::time::SimTime;
use crate::trace::{Names, Told};

/// A line of the story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub at: SimTime,
    pub whom: String,
    pub what: String,
    /// So many more did the same in the same event.
    pub more: u64,
}

/// Lines that a story has at most; those in the middle are left out, and it says so.
const MOST: usize = 40;

/// The lines, the latest first.
#[must_use]
pub fn story(explanation: &Explanation, names: &Names<'_>) -> Vec<Line> {
    let chain = &explanation.chain;
    let mut lines: Vec<Line> = Vec::new();
    // Event by event; within one in the order in which it was told.
    for event in chain.chunk_by(|one, other| one.seq == other.seq && one.at == other.at) {
        let mut of_event: Vec<Line> = Vec::new();
        for told in event.iter().rev().filter(|told| is_worth_a_word(told, chain)) {
            let Some((whom, what)) = words(names, &told.fact) else { continue };
            match of_event.iter_mut().find(|line| line.whom == whom || line.what == what) {
                Some(line) if line.whom == whom => line.what = format!("{}, {what}", line.what),
                Some(line) => line.more += 1,
                None => of_event.push(Line { at: told.at, whom, what, more: 0 }),
            }
        }
        lines.extend(of_event.into_iter().rev());
    }
    for line in lines.iter_mut().filter(|line| line.more > 0) {
        line.whom = format!("{} and {} more", line.whom, line.more);
    }
    if lines.len() > MOST {
        let (head, left_out) = (MOST / 2, lines.len() - MOST);
        let at = lines[head].at;
        let gap = Line { at, whom: "…".into(), what: format!("{left_out} more lines are left out"), more: 0 };
        lines.splice(head..head + left_out, [gap]);
    }
    lines
}

/// Whether another fact of the chain does not say it already.
fn is_worth_a_word(told: &Told, chain: &[Told]) -> bool {
    let together = |is: &dyn Fn(&Fact) -> bool| chain.iter().any(|other| other.seq == told.seq && is(&other.fact));
    match told.fact {
        Fact::FetchEnded { holder, failed: None, .. } => {
            !together(&|fact| matches!(fact, Fact::Got { holder: of, .. } if *of == holder))
        }
        Fact::Fault(_, phase) => phase.is_begin() || !together(&|fact| !matches!(fact, Fact::Fault(..))),
        Fact::RestartStopped => false,
        _ => true,
    }
}
