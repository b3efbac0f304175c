//! `run --trace FORMAT FILE`: the facts of a world in a file, for people and for tools that show traces.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::args::{Global, Run};
use super::console::{Console, Stop};
use super::explain::lane_of;
use super::run::position;
use super::work::{failed, with_bar, write_whole};
use crate::engine::Scheduling;
use crate::experiment::explain::{Ask, Nothing, episode_of, explain, worst};
use crate::model::fact::Fact;
use crate::model::{Event, MODEL_VERSION};
use crate::report::explain::Told;
use crate::report::sequence::{self, Sequence};
use crate::scenario::diagnostic::nearest;
use crate::scenario::{Scenario, quantity};
use crate::time::SimTime;
use crate::trace::recording::{About, FORMAT, Summary, asked};
use crate::trace::{Filter, Log, Names, Recording, chrome, jsonl};

/// Facts of a trace at most, if nothing else is asked for.
const LIMIT: u32 = 100_000;

/// In which words a trace is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Jsonl,
    Chrome,
    Mermaid,
}

const FORMATS: [(&str, Format); 3] =
    [("jsonl", Format::Jsonl), ("chrome", Format::Chrome), ("mermaid", Format::Mermaid)];

/// A trace that was asked for.
#[derive(Clone, Debug)]
pub struct Ordered {
    format: Format,
    file: PathBuf,
    pub filter: Filter,
    pub limit: usize,
}

/// What the command line asks for; `None`: no trace.
pub fn ordered(scenario: &Scenario, command: &Run) -> Result<Option<Ordered>, Stop> {
    let Some([format, file]) = command.trace.as_deref() else { return Ok(None) };
    let known = FORMATS.iter().find(|(name, _)| name == format);
    let &(_, format) = known.ok_or_else(|| {
        let names = FORMATS.map(|(name, _)| name);
        let hint = nearest(format, names).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        Stop::Bad(format!("there is no trace format `{format}`{hint} (there are {})", names.join(", ")))
    })?;
    let time = |name: &str, text: &Option<String>| {
        let read = |text: &String| {
            let span = quantity::span(text)
                .map_err(|_| Stop::Bad(format!("`{name} {text}` is no duration: write `90s`, `5min`, `1h30min`")))?;
            Ok(SimTime::ZERO + span)
        };
        text.as_ref().map(read).transpose()
    };
    let (from, to) = (time("--trace-from", &command.trace_from)?, time("--trace-to", &command.trace_to)?);
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return Err(Stop::Bad("`--trace-from` is not before `--trace-to`: no fact lies between".into()));
    }
    if format == Format::Mermaid && (from.is_some() || to.is_some() || command.trace_limit.is_some()) {
        let what = "a mermaid trace is the sequence of one call, or of the worst outage";
        return Err(Stop::Bad(format!("{what}: it takes --trace-call and --trace-lane, no times and no limit")));
    }
    let lane = command.trace_lane.as_deref().map(|lane| lane_of(scenario, lane)).transpose()?;
    let filter = Filter { from, to, lane, call: command.trace_call };
    let limit = usize::try_from(command.trace_limit.unwrap_or(LIMIT)).unwrap_or(usize::MAX);
    Ok(Some(Ordered { format, file: file.into(), filter, limit }))
}

impl Ordered {
    /// Whether the trace takes the place of everything else on stdout.
    pub fn is_alone(&self) -> bool {
        self.file == Path::new("-")
    }

    /// Whether it is made of what an observer keeps while the world is played.
    fn is_of_facts(&self) -> bool {
        self.format != Format::Mermaid || self.filter.call.is_some()
    }
}

/// What keeps the facts that are asked for; of no trace, none.
pub fn log<'a>(names: &'a Names<'a>, ordered: Option<&Ordered>) -> Log<impl FnMut(SimTime, &Fact) -> bool + use<'a>> {
    let filter = ordered.filter(|ordered| ordered.is_of_facts()).map(|ordered| ordered.filter);
    let limit = ordered.map_or(0, |ordered| ordered.limit);
    Log::new(limit, move |at, fact| filter.is_some_and(|filter| filter.keeps(names, at, fact)))
}

/// A world that was played, and its log.
#[derive(Debug)]
pub struct Recorded<'a, F> {
    pub scenario: &'a Scenario,
    pub command: &'a Run,
    pub names: &'a Names<'a>,
    pub events: u64,
    /// By `seq`.
    pub causes: &'a [Scheduling<Event>],
    pub log: &'a Log<F>,
}

/// Writes the trace, and says what it does not have.
pub fn write<F>(
    console: &Console,
    global: &Global,
    stop: &AtomicBool,
    ordered: &Ordered,
    of: &Recorded<'_, F>,
) -> Result<(), Stop> {
    let summary = Summary {
        events: of.events,
        facts: of.log.facts.len() as u64,
        left_out_by_filter: of.log.filtered,
        left_out_by_limit: of.log.left_out,
    };
    let recording =
        || Recording { names: of.names, about: about(of, ordered), facts: &of.log.facts, causes: of.causes, summary };
    let text = match ordered.format {
        Format::Jsonl => jsonl::jsonl(&recording()),
        Format::Chrome => chrome::chrome(&recording()),
        Format::Mermaid => sequence::mermaid(&diagram(console, global, stop, ordered, of)?),
    };
    if ordered.format != Format::Mermaid {
        if let Some(call) = ordered.filter.call.filter(|_| summary.facts == 0) {
            console.complain(&format!("the trace has no fact: nothing that was asked for is about call {call}"));
        }
        if let Some(left_out) = summary.left_out(ordered.limit) {
            console.complain(&left_out);
        }
    }
    if ordered.is_alone() { console.result(&text) } else { write_whole(&ordered.file, text.as_bytes()) }
}

fn about<F>(of: &Recorded<'_, F>, ordered: &Ordered) -> About {
    let about = About {
        trace: FORMAT,
        version: env!("CARGO_PKG_VERSION").into(),
        model_version: MODEL_VERSION.to_string(),
        scenario: of.scenario.name.clone(),
        id: of.scenario.id.clone(),
        policy: of.command.policy.clone(),
        replication: of.command.replication,
        seed: of.scenario.world.run.seed,
        from_ns: None,
        to_ns: None,
        lane: None,
        call: None,
        limit: ordered.limit,
    };
    asked(about, &ordered.filter, of.names)
}

/// The sequence of a call, or of the worst outage of this world.
fn diagram<F>(
    console: &Console,
    global: &Global,
    stop: &AtomicBool,
    ordered: &Ordered,
    of: &Recorded<'_, F>,
) -> Result<Sequence, Stop> {
    let (scenario, Filter { lane, call, .. }) = (of.scenario, ordered.filter);
    let policy = position(scenario, &of.command.policy)?;
    let ask = Ask { policy, replication: Some(of.command.replication), lane, call };
    if let Some(call) = call
        && let Some(sequence) = sequence::of_call(of.names, &of.log.facts, call)
    {
        return Ok(sequence);
    }
    let found = with_bar(console, global, stop, |around| {
        let found = match call {
            Some(call) => Some(episode_of(scenario, &ask, call, around)?),
            None => worst(&[scenario], &ask, around)?,
        };
        found.map(|found| explain(scenario, &ask, &found, around)).transpose()
    });
    match found {
        Ok(Some(explanation)) => Ok(sequence::of(&Told { scenario, point: None, policy, explanation: &explanation })),
        Ok(None) => {
            let lane = lane.map_or_else(String::new, |lane| format!(" of {}", of.names.lane(lane)));
            let why = format!("no call{lane} fails in this world, so there is no outage to draw");
            Err(Stop::Bad(format!("{why}; with --trace-call N, any call can be drawn")))
        }
        Err(Nothing::Interrupted) => Err(Stop::Bad("interrupted: no trace is written".into())),
        Err(Nothing::Failed(failure)) => Err(failed(failure)),
        Err(Nothing::NoFailure(why)) => Err(Stop::Bad(why)),
    }
}
