//! `optimize FILE --key PATH --between A B`: the extreme value of one key that still satisfies every expectation.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::AtomicBool;

use super::args::{Global, Optimize};
use super::console::{Console, Exit, Outcome, Stop};
use super::work::{failed, with_bar};
use crate::experiment::check::check;
use crate::experiment::comparison::Stopped;
use crate::experiment::judge::{Decision, Judged, judge};
use crate::experiment::optimize::{Answer, Axis, Found, Goal, search};
use crate::key::Value;
use crate::report::check::expectation;
use crate::report::optimize::{Told, json, table};
use crate::scenario::text::value as as_toml;
use crate::scenario::{self, Loaded, quantity};
use crate::time::SimSpan;

/// Numbers of a key as its file writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// In nanoseconds.
    Span,
    /// Per second.
    Rate,
    Whole,
    Number,
}

/// Tries values, and says which is the last one that satisfies what is expected.
pub fn run(console: &Console, global: &Global, command: &Optimize) -> Outcome {
    if global.out.is_some() {
        return Err(Stop::Bad(
            "`optimize` prints what it found and writes no folder; `--json` prints all of it".into(),
        ));
    }
    let base = load(global, None)(command)?;
    console.diagnostics(&base.warnings);
    super::compare::base_only(console, &base, &command.file);
    if base.scenario.expects.is_empty() {
        let file = command.file.display();
        return Err(Stop::Bad(format!("{file} has no [[expect]]: there is nothing that a value could satisfy")));
    }
    let (kind, axis) = axis(command, &base)?;
    let stop = super::interrupt::watch(Exit::Interrupted);
    let mut why: BTreeMap<String, String> = BTreeMap::new();
    let found = search(&axis, goal(command), |value| {
        let text = written(kind, value);
        let (decision, told) = evaluate(console, global, command, &stop, &text)?;
        console.say(&format!("{} = {text}: {}", command.key, decision.word()));
        why.insert(text, told);
        Ok(decision)
    });
    let found = match found {
        Ok(found) => found,
        Err(Ended::Interrupted) => {
            console.complain("interrupted: no limit is found");
            return Ok(Exit::Interrupted);
        }
        Err(Ended::Stop(stop)) => return Err(stop),
    };
    let told = told(command, kind, &found, &why);
    console.result(&if console.json { json(&told) } else { table(&told, console.look()) })?;
    Ok(exit(&found))
}

/// Why the search did not come to its end.
enum Ended {
    Interrupted,
    Stop(Stop),
}

fn exit(found: &Found) -> Exit {
    match found.answer {
        Answer::Nothing => Exit::Failed,
        _ if !found.monotone => Exit::Undecided,
        Answer::Which => Exit::Undecided,
        Answer::Everything | Answer::Limit { .. } => Exit::Done,
    }
}

fn goal(command: &Optimize) -> Option<Goal> {
    match (command.smallest, command.largest) {
        (true, _) => Some(Goal::Smallest),
        (_, true) => Some(Goal::Largest),
        _ => None,
    }
}

/// The scenario with this value of the key, or as the file has it.
fn load<'a>(global: &'a Global, value: Option<&'a str>) -> impl Fn(&Optimize) -> Result<Loaded, Stop> {
    move |command| {
        let set = value.map(|value| format!("{}={value}", command.key));
        let set: Vec<String> = global.set.iter().cloned().chain(set).collect();
        scenario::load(&command.file, &set, global.seed).map_err(|d| Stop::Mistakes(Box::new(d)))
    }
}

fn evaluate(
    console: &Console,
    global: &Global,
    command: &Optimize,
    stop: &AtomicBool,
    value: &str,
) -> Result<(Decision, String), Ended> {
    let loaded = load(global, Some(value))(command).map_err(Ended::Stop)?;
    let scenario = &loaded.scenario;
    let played = with_bar(console, global, stop, |around| check::<Infallible>(scenario, 0, around));
    let comparison = played.map_err(|failure| Ended::Stop(failed(failure)))?;
    if comparison.stopped == Stopped::Interrupted {
        return Err(Ended::Interrupted);
    }
    let judged = judge(&scenario.expects, &comparison);
    // The first of the worst says why.
    let worst = judged.iter().map(Judged::counts_as).max().unwrap_or(Decision::Passed);
    let first = judged.iter().find(|judged| judged.counts_as() == worst && worst != Decision::Passed);
    let told = first.map_or_else(String::new, |judged| expectation(judged, &comparison));
    Ok((worst, told))
}

/// Between which values, and of what they are.
fn axis(command: &Optimize, base: &Loaded) -> Result<(Kind, Axis), Stop> {
    let [from, to] = [&command.between[0], &command.between[1]];
    let bad = |why: String| Stop::Bad(format!("--between {from} {to}: {why}"));
    let now = base.resolved().into_iter().find(|(path, ..)| *path == command.key).map(|(_, value, _)| value);
    let whole_now = now.as_deref().is_none_or(|value| value == "off" || value.parse::<u64>().is_ok());
    let kinds: [(Kind, fn(&str) -> Option<f64>); 4] = [
        (Kind::Span, |text| quantity::span(text).ok().map(nanos)),
        (Kind::Rate, |text| quantity::rate(text).ok()),
        (Kind::Whole, |text| text.parse::<u32>().ok().map(f64::from)),
        (Kind::Number, |text| text.parse::<f64>().ok().filter(|number| number.is_finite())),
    ];
    let ends = kinds.into_iter().find_map(|(kind, read)| Some((kind, read(from)?, read(to)?)));
    let Some((kind, low, high)) = ends else {
        return Err(bad("two durations, two rates or two numbers are needed, such as 5min 2h".into()));
    };
    let kind = if kind == Kind::Whole && !whole_now { Kind::Number } else { kind };
    if low.total_cmp(&high).is_eq() {
        return Err(bad("there is nothing between them".into()));
    }
    let whole = kind == Kind::Whole;
    Ok((kind, Axis { from: low, to: high, whole, tolerance: command.tolerance }))
}

#[expect(clippy::cast_precision_loss, reason = "values are rounded to four digits anyway")]
fn nanos(span: SimSpan) -> f64 {
    span.0 as f64
}

/// A value as `--set` takes it.
fn written(kind: Kind, value: f64) -> String {
    match kind {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two spans")]
        Kind::Span => SimSpan(value as u64).to_string(),
        Kind::Rate => as_toml(&Value::Rate(value)).unwrap_or_default().replace('"', ""),
        Kind::Whole => format!("{value:.0}"),
        Kind::Number => format!("{value:?}"),
    }
}

fn told(command: &Optimize, kind: Kind, found: &Found, why: &BTreeMap<String, String>) -> Told {
    let text = |value: f64| written(kind, value);
    let tried = found.tried.iter().map(|&(value, decision)| {
        let text = text(value);
        let why = why.get(&text).cloned().unwrap_or_default();
        (text, decision, why)
    });
    let limit = match found.answer {
        Answer::Limit { goal, passes, fails } => Some((goal, text(passes), fails.map(text))),
        Answer::Nothing | Answer::Everything | Answer::Which => None,
    };
    Told {
        file: command.file.display().to_string(),
        key: command.key.clone(),
        between: [text(found.tried[0].0), text(found.tried[found.tried.len() - 1].0)],
        answer: found.answer,
        limit,
        monotone: found.monotone,
        tried: tried.collect(),
    }
}
