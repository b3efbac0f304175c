//! `sweep run PLAN --store S`: plays units of a plan that are not in the store yet.

use std::io::{self, BufRead};

use super::super::args::{Global, SweepRun};
use super::super::console::{Console, Exit, Outcome, Stop};
use super::super::interrupt;
use super::super::work::{failed, with_bar};
use super::shard::{Chosen, chosen};
use super::{attempt, counted, nothing_of_the_scenario, read_own, some, swept, told_of_damage};
use crate::experiment::comparison::Stopped;
use crate::experiment::plan::Plan;
use crate::experiment::shard::{OnBroken, play};
use crate::experiment::store::Store;
use crate::scenario::reader::reason;

/// Plays a shard, the units that the standard input names, or all. Done only when each of them is durable in the store.
pub fn run(console: &Console, global: &Global, command: &SweepRun) -> Outcome {
    nothing_of_the_scenario(global, "run")?;
    if global.out.is_some() {
        return Err(Stop::Bad("`sweep run` writes into its store; `--out` is for `sweep merge`".into()));
    }
    // Whoever waits for input is stopped by the signal itself.
    let ids = command.units.as_ref().map(|_| ids()).transpose()?;
    let stop = interrupt::watch_engine(Exit::RunAgain);
    let (plan, loaded) = read_own(&command.plan, Stop::Plan)?;
    let chosen = chosen(&plan, command, |name| std::env::var(name).ok())?;
    if let Some(Chosen { shard, by: Some(by) }) = chosen {
        console.say(&format!("by {by} this is shard {shard}/{}", plan.shards));
    }
    let (name, wanted) = wanted(&plan, chosen, ids.as_deref())?;
    let store = Store::of(&command.store, &plan);
    let index = store.index(&plan).map_err(|error| Stop::Io(error.to_string()))?;
    told_of_damage(console, &plan, &index);
    let units: Vec<usize> = wanted.iter().copied().filter(|&unit| !index.has(unit)).collect();
    let there = wanted.len() - units.len();
    if there > 0 && !units.is_empty() {
        console.say(&format!("{there} of {} are in the store already; going on", counted(wanted.len(), "unit")));
    }
    let (of, to) = (swept(&loaded)?, (&store, &*attempt(&name)));
    let played = with_bar(console, global, &stop, |around| play(&plan, of, &units, to, OnBroken::GoOn, around));
    let played = played.map_err(failed)?;
    if console.json {
        let broken: Vec<&str> = played.broken.iter().map(|(unit, _)| plan.units[*unit].id.as_str()).collect();
        console.json_result(&serde_json::json!({
            "plan": plan.id(),
            "units": wanted.len(),
            "there": there,
            "played": played.units,
            "broken": broken,
            "interrupted": played.stopped == Stopped::Interrupted,
        }))?;
    }
    let (all, done) = (wanted.len(), there + played.units);
    if played.stopped == Stopped::Interrupted {
        console.complain(&format!(
            "interrupted: {done} of {} are in the store; run it again for the others",
            counted(all, "unit")
        ));
        return Ok(Exit::RunAgain);
    }
    if !played.broken.is_empty() {
        let told = played.broken.iter().map(|(unit, broken)| {
            let unit = &plan.units[*unit];
            format!("{}:\n  {broken}\n    at the point {}", unit.told(), of.told(unit.point))
        });
        let told: Vec<String> = told.collect();
        console.complain(&format!(
            "bug: {} cannot be played, and no retry cures that; the other {done} of {all} are in the store\n{}",
            counted(told.len(), "unit"),
            some(&told)
        ));
        return Ok(Exit::BadUnit);
    }
    console.say(&format!("{}: played {}, {there} were there", counted(all, "unit"), played.units));
    Ok(Exit::Done)
}

/// The units that are asked for, and the first word of their segment's name.
fn wanted(plan: &Plan, chosen: Option<Chosen>, ids: Option<&[String]>) -> Result<(String, Vec<usize>), Stop> {
    match (chosen, ids) {
        (Some(Chosen { shard, .. }), _) => Ok((shard.to_string(), plan.shard(shard))),
        (None, Some(ids)) => Ok(("units".into(), named(plan, ids)?)),
        (None, None) => Ok(("all".into(), (0..plan.shards).flat_map(|shard| plan.shard(shard)).collect())),
    }
}

/// The ids that the standard input has, one a line.
fn ids() -> Result<Vec<String>, Stop> {
    let lines = io::stdin().lock().lines().collect::<io::Result<Vec<String>>>();
    let lines = lines.map_err(|error| Stop::Io(format!("cannot read the standard input: {}", reason(&error))))?;
    Ok(lines.iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect())
}

/// The units of these ids, each once.
fn named(plan: &Plan, ids: &[String]) -> Result<Vec<usize>, Stop> {
    let known = plan.by_id();
    let (mut units, mut taken) = (Vec::new(), vec![false; plan.units.len()]);
    for id in ids {
        let Some(&unit) = known.get(id.as_str()) else {
            return Err(Stop::Plan(format!("the plan has no unit `{id}`")));
        };
        if !std::mem::replace(&mut taken[unit], true) {
            units.push(unit);
        }
    }
    Ok(units)
}
