//! `sweep FILE`: every policy at every point of `[sweep]`. It is a plan, a run and a merge, through a store beside the results; the
//! parts are commands of their own, for several machines.

mod merge;
mod plan;
mod ranges;
mod run;
mod shard;
mod status;
mod submit;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

use super::args::{Global, Sweep, SweepPart};
use super::console::{Console, Exit, Outcome, Stop};
use super::work::{failed, info, jobs, unwritten, with_bar, words, worst_cases};
use crate::experiment::comparison::Stopped;
use crate::experiment::plan::cost::EVENTS_PER_SECOND;
use crate::experiment::plan::{Ask, Plan, ReadError};
use crate::experiment::shard::{OnBroken, play};
use crate::experiment::store::{Index, Store};
use crate::report::number::{short, span};
use crate::report::page::of_sweep;
use crate::report::sweep::{Extent, Hole, Results, Swept, summary};
use crate::report::{Page, RunInfo, table};
use crate::scenario::reader::reason;
use crate::scenario::{self, Loaded};

/// Does what was asked: all of a sweep, or a part of it.
pub fn run(console: &Console, global: &Global, command: &Sweep) -> Outcome {
    match (&command.part, &command.file) {
        (Some(SweepPart::Plan(part)), _) => plan::run(console, global, part),
        (Some(SweepPart::Run(part)), _) => run::run(console, global, part),
        (Some(SweepPart::Status(part)), _) => status::run(console, global, part),
        (Some(SweepPart::Merge(part)), _) => merge::run(console, global, part),
        (Some(SweepPart::Submit(part)), _) => submit::run(console, global, part),
        (None, Some(file)) => all(console, global, command, file),
        (None, None) => unreachable!("a file is required where there is no part"),
    }
}

fn all(console: &Console, global: &Global, command: &Sweep, file: &Path) -> Outcome {
    let loaded = load(console, global, file)?;
    let (scenario, of) = (&loaded.scenario, swept(&loaded)?);
    let ask = Ask { command: words(global, "sweep", file), shards: 1, ..Ask::default() };
    let plan = Plan::of(scenario, of, ask).map_err(|error| Stop::Bad(error.to_string()))?;
    if command.dry_run {
        return dry_run(console, global, &plan, &loaded);
    }
    let place = place(global, &scenario.name);
    let results = Results::open(&place, scenario, of).map_err(|error| unwritten(&error))?;
    let started = SystemTime::now();
    let stop = super::interrupt::watch(Exit::Interrupted);
    let folder = beside(&place);
    let store = Store::of(&folder, &plan);
    let before = store.index(&plan).map_err(|error| Stop::Io(error.to_string()))?;
    told_of_damage(console, &plan, &before);
    let missing = before.missing();
    let there = plan.units.len() - missing.len();
    if there > 0 {
        let all = plan.units.len();
        console.say(&format!("{there} of {all} units were played before, and are in {}; going on", folder.display()));
    }
    let to = (&store, &*attempt("all"));
    let played = with_bar(console, global, &stop, |around| play(&plan, of, &missing, to, OnBroken::GiveUp, around));
    let played = played.map_err(failed)?;
    if let Some((unit, broken)) = played.broken.first() {
        let at = of.told(plan.units[*unit].point);
        return Err(Stop::Broken(format!("{broken}\n  at the point {at}")));
    }
    let extent = match played.stopped {
        Stopped::Complete => Extent::Complete,
        Stopped::Interrupted => Extent::Interrupted,
    };
    let kept = format!("what was played is kept in {}; the same command goes on from there", folder.display());
    let index = store.index(&plan).map_err(|error| Stop::Io(error.to_string()))?;
    let info = info(plan.command.clone(), command.stamp, started);
    let mut merged = merge::merge(&plan, of, &index, results)?;
    if merged.results.finished() == 0 {
        console.complain(&format!("interrupted before the first point was done: there are no results yet; {kept}"));
        return Ok(Exit::Interrupted);
    }
    merged.results.close(extent, holes(&plan, merged.holes));
    let page = page(console, global, &loaded, &merged.results, &info, &stop)?;
    let swept = merged.results.finish(page.as_ref(), &info).map_err(|error| unwritten(&error))?;
    show(console, &swept, &place)?;
    match extent {
        Extent::Complete => {
            if let Err(error) = store.remove() {
                console.complain(&format!("note: {error} (the results are complete without it)"));
            }
            Ok(Exit::Done)
        }
        Extent::Interrupted | Extent::Partial => {
            let (finished, points) = (swept.done.len(), of.points.len());
            console.complain(&format!("interrupted: {finished} points of {points} were done, and are shown; {kept}"));
            Ok(Exit::Interrupted)
        }
    }
}

/// The page of what was merged; its worst outages are looked for, unless somebody has asked to stop.
fn page(
    console: &Console,
    global: &Global,
    loaded: &Loaded,
    results: &Results<'_>,
    info: &RunInfo,
    stop: &AtomicBool,
) -> Result<Option<Page>, Stop> {
    let Some(shown) = results.shown() else { return Ok(None) };
    let swept = results.swept();
    let scenario = &swept.sweep.points[shown.done.point].scenario;
    let cases = worst_cases(console, global, stop, scenario, &shown.done.comparison)?;
    Ok(Some(of_sweep(swept, &loaded.resolved(), shown, cases.as_deref(), info)))
}

/// The scenario of a file, with what there is to say about it.
fn load(console: &Console, global: &Global, file: &Path) -> Result<Loaded, Stop> {
    let loaded = scenario::load(file, &global.set, global.seed).map_err(|d| Stop::Mistakes(Box::new(d)))?;
    let Some(of) = &loaded.sweep else {
        let shown = file.display();
        return Err(Stop::Bad(format!("{shown} has no [sweep]; `stalegate compare {shown}` compares its policies")));
    };
    console.diagnostics(&of.warnings);
    Ok(loaded)
}

fn swept(loaded: &Loaded) -> Result<&scenario::sweep::Sweep, Stop> {
    loaded.sweep.as_ref().ok_or_else(|| Stop::Bad(format!("{} has no [sweep]", loaded.scenario.name)))
}

/// Where results go.
fn place(global: &Global, name: &str) -> PathBuf {
    global.out.clone().unwrap_or_else(|| PathBuf::from("results").join(name))
}

/// The store beside the results. It is the sweep's own, and goes when the results are complete.
fn beside(place: &Path) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_os_string();
    name.push(".unfinished");
    place.with_file_name(name)
}

/// A name that no other attempt has.
fn attempt(shard: &str) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("{shard}-{}-{since:x}", std::process::id())
}

/// What is written to a terminal when all is merged.
fn show(console: &Console, swept: &Swept<'_>, place: &Path) -> Result<(), Stop> {
    console.result(&if console.json { summary(swept) } else { table::sweep::sweep(swept, console.look()) })?;
    console.say(&format!("results are in {}", place.display()));
    Ok(())
}

fn holes(plan: &Plan, holes: Vec<(usize, Vec<usize>)>) -> Vec<Hole> {
    let ids = |units: Vec<usize>| units.into_iter().map(|unit| plan.units[unit].id.clone()).collect();
    holes.into_iter().map(|(point, units)| Hole { point, units: ids(units) }).collect()
}

/// What the plan comes to, in words; nothing is played.
fn dry_run(console: &Console, global: &Global, plan: &Plan, loaded: &Loaded) -> Outcome {
    let points = &swept(loaded)?.points;
    let store = Store::of(&beside(&place(global, &loaded.scenario.name)), plan);
    let missing = store.index(plan).map_err(|error| Stop::Io(error.to_string()))?.missing();
    let (runs, units, jobs) = (plan.runs(0..plan.units.len()), plan.units.len(), jobs(global));
    let (there, events) = (units - missing.len(), plan.cost(missing));
    let policies = loaded.scenario.policies.len();
    let seconds = seconds(events) / f64::from(u32::try_from(jobs).unwrap_or(u32::MAX));
    let numbers = points.iter().map(|point| point.scenario.replications.max);
    let (least, most) = (numbers.clone().min().unwrap_or(0), numbers.max().unwrap_or(0));
    if console.json {
        console.json_result(&serde_json::json!({
            "scenario": loaded.scenario.name,
            "points": points.len(),
            "policies": policies,
            "replications": { "least": least, "most": most },
            "runs": runs,
            "units": units,
            "there": there,
            "estimated_events": events,
            "estimated_s": seconds,
            "jobs": jobs,
        }))?;
        return Ok(Exit::Done);
    }
    let replications = if least == most { format!("{least}") } else { format!("{least} to {most}") };
    let name = &loaded.scenario.name;
    let text = format!(
        "{name}: {}, {}, {replications} replications each: {} in {}{}\n{}{}; nothing was run\n",
        counted(points.len(), "point"),
        if policies == 1 { "1 policy".into() } else { format!("{policies} policies") },
        counted_64(runs, "run"),
        counted(units, "unit"),
        if there > 0 { format!(", {there} of which were played before") } else { String::new() },
        about(events, seconds),
        format_args!(
            " on {} at {} million events a second each",
            counted(jobs, "thread"),
            EVENTS_PER_SECOND / 1_000_000
        ),
    );
    console.result(&text)?;
    Ok(Exit::Done)
}

/// `about 1,200,000 events: about 0.2 s`.
fn about(events: u64, seconds: f64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "it is an estimate")]
    let events = events as f64;
    format!("about {} events: about {}", short(events), span(seconds))
}

/// So much work is that for one thread.
fn seconds(events: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "it is an estimate")]
    let seconds = events as f64 / EVENTS_PER_SECOND as f64;
    seconds
}

/// `1 unit`, `3 units`.
fn counted(number: usize, what: &str) -> String {
    counted_64(u64::try_from(number).unwrap_or(u64::MAX), what)
}

fn counted_64(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// The plan of a file; `bad` is what a file becomes that holds none.
fn read(path: &Path, bad: fn(String) -> Stop) -> Result<Plan, Stop> {
    Plan::read(path).map_err(|error| match error {
        ReadError::Io(error) => Stop::Io(format!("cannot read {}: {}", path.display(), reason(&error))),
        ReadError::Bad(why) => bad(format!("{}: {why}", path.display())),
    })
}

/// The plan of a file that this program is to run or to merge, and its scenario.
fn read_own(path: &Path, bad: fn(String) -> Stop) -> Result<(Plan, Loaded), Stop> {
    let plan = read(path, bad)?;
    if let Some(why) = plan.other_build() {
        return Err(bad(format!("{}: {why}", path.display())));
    }
    let loaded = plan.load().map_err(|why| bad(format!("{}: {why}", path.display())))?;
    Ok((plan, loaded))
}

/// Refuses what is the plan's to say.
fn nothing_of_the_scenario(global: &Global, part: &str) -> Result<(), Stop> {
    if global.set.is_empty() && global.seed.is_none() {
        return Ok(());
    }
    Err(Stop::Bad(format!(
        "`--set` and `--seed` are for `sweep plan`, which keeps them in the plan; `sweep {part}` takes neither"
    )))
}

/// Says what in a store is damaged or does not belong there.
fn told_of_damage(console: &Console, plan: &Plan, index: &Index) {
    let corrupt = index.corrupt.iter().map(|of| {
        let unit = of.unit.map_or_else(|| "what it held".into(), |unit| plan.units[unit].told());
        let (segment, offset) = (&of.segment, of.offset);
        format!("{segment} is damaged at byte {offset}: {unit} counts as not played there")
    });
    let foreign = index.foreign.iter().map(|of| {
        let (segment, unit, build) = (&of.segment, &of.unit, &of.build);
        format!("{segment} holds unit {unit} of build {build}, which is not of this plan: it is left aside")
    });
    let told: Vec<String> = corrupt.chain(foreign).collect();
    if !told.is_empty() {
        console.say(&format!("note: what the store holds beside its units:\n{}", some(&told)));
    }
    if console.verbose && index.torn > 0 {
        let segments = counted(index.torn, "segment");
        console.say(&format!("note: the last record of {segments} was not finished: it is left aside"));
    }
}

/// A line each, and how many more there are.
fn some(all: &[String]) -> String {
    const MOST: usize = 10;
    let shown = all.iter().take(MOST).map(|text| format!("  {text}")).collect::<Vec<_>>().join("\n");
    if all.len() > MOST { format!("{shown}\n  … and {} more", all.len() - MOST) } else { shown }
}
