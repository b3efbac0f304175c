//! What a trace is written from: the facts that were asked for, what scheduled their events, and what was left out.

use serde::Serialize;

use super::filter::Filter;
use super::log::Told;
use super::names::Names;
use crate::engine::Scheduling;
use crate::model::Event;

/// Counts up when the lines of a trace mean something else.
pub const FORMAT: u32 = 1;

/// Which world it is a trace of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct About {
    /// The file format: [`FORMAT`].
    pub trace: u32,
    pub version: String,
    pub model_version: String,
    pub scenario: String,
    /// The hash of the resolved scenario.
    pub id: String,
    pub policy: String,
    pub replication: u32,
    pub seed: u64,
    /// What was asked for; null: nothing of that kind was.
    pub from_ns: Option<u64>,
    pub to_ns: Option<u64>,
    pub lane: Option<String>,
    pub call: Option<u64>,
    /// Facts that it has at most.
    pub limit: usize,
}

/// How the world ended, and what of it is not in the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Events that fired.
    pub events: u64,
    /// Facts in the trace.
    pub facts: u64,
    /// Facts that were not asked for.
    pub left_out_by_filter: u64,
    /// Facts that came when the limit was reached.
    pub left_out_by_limit: u64,
}

/// All of it.
#[derive(Debug)]
pub struct Recording<'a> {
    pub names: &'a Names<'a>,
    pub about: About,
    pub facts: &'a [Told],
    /// By `seq`.
    pub causes: &'a [Scheduling<Event>],
    pub summary: Summary,
}

impl Recording<'_> {
    /// The `seq` of what scheduled an event; `None`: it was there from the beginning.
    #[must_use]
    pub fn cause_of(&self, seq: u64) -> Option<u64> {
        let scheduled = self.causes.get(usize::try_from(seq).ok()?)?;
        (scheduled.by != u64::MAX).then_some(scheduled.by)
    }
}

impl Summary {
    /// `312 of 45,000 facts are in the trace: …`; nothing where all are.
    #[must_use]
    pub fn left_out(&self, limit: usize) -> Option<String> {
        let all = self.facts + self.left_out_by_filter + self.left_out_by_limit;
        let mut why = Vec::new();
        if self.left_out_by_filter > 0 {
            why.push(format!("{} were not asked for", self.left_out_by_filter));
        }
        if self.left_out_by_limit > 0 {
            let (n, facts) = (self.left_out_by_limit, if limit == 1 { "fact" } else { "facts" });
            why.push(format!("{n} came after the limit of {limit} {facts} (--trace-limit)"));
        }
        (!why.is_empty()).then(|| format!("the trace has {} of {all} facts: {}", self.facts, why.join(", ")))
    }
}

/// What was asked for, in a trace's head.
#[must_use]
pub fn asked(about: About, filter: &Filter, names: &Names<'_>) -> About {
    About {
        from_ns: filter.from.map(|from| from.0),
        to_ns: filter.to.map(|to| to.0),
        lane: filter.lane.map(|lane| names.lane(lane)),
        call: filter.call,
        ..about
    }
}
