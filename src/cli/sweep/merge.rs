//! `sweep merge PLAN --store S`: the results folder of a plan, as `sweep FILE` makes it.

use std::time::SystemTime;

use super::super::args::{Global, SweepMerge};
use super::super::console::{Console, Exit, Outcome, Stop};
use super::super::interrupt;
use super::super::work::{info, unwritten};
use super::{counted_64, holes, nothing_of_the_scenario, page, place, read_own, show, some, swept, told_of_damage};
use crate::experiment::merge::{self, Failure, Refusal};
use crate::experiment::plan::Plan;
use crate::experiment::store::{Index, Store};
use crate::report::sweep::{Extent, Results, Swept};
use crate::scenario::sweep::Sweep;

/// Reads the plan and the store, refuses what is not whole, writes the results folder, prints the table.
pub fn run(console: &Console, global: &Global, command: &SweepMerge) -> Outcome {
    nothing_of_the_scenario(global, "merge")?;
    let (plan, loaded) = read_own(&command.plan, Stop::Bad)?;
    let (scenario, of) = (&loaded.scenario, swept(&loaded)?);
    let place = place(global, &scenario.name);
    let results = Results::open(&place, scenario, of).map_err(|error| unwritten(&error))?;
    let started = SystemTime::now();
    let index = Store::of(&command.store, &plan).index(&plan).map_err(|error| Stop::Io(error.to_string()))?;
    if let Some(exit) = refused(console, &plan, &index, command) {
        return Ok(exit);
    }
    let mut merged = merge(&plan, of, &index, results)?;
    if merged.results.finished() == 0 {
        console.complain("error: no point has all its units: there is nothing to merge");
        return Ok(Exit::Failed);
    }
    let extent = if merged.holes.is_empty() { Extent::Complete } else { Extent::Partial };
    let info = info(plan.command.clone(), command.stamp, started);
    merged.results.close(extent, holes(&plan, merged.holes));
    let stop = interrupt::watch(Exit::Interrupted);
    let page = page(console, global, &loaded, &merged.results, &info, &stop)?;
    let swept = merged.results.finish(page.as_ref(), &info).map_err(|error| unwritten(&error))?;
    show(console, &swept, &place)?;
    if merged.agreed > 0 {
        let duplicates = counted_64(merged.agreed, "repeated run");
        console.say(&format!("{duplicates} of units came to the same bytes as the first one"));
    }
    left_out(console, &swept);
    Ok(Exit::Done)
}

/// A sweep that is merged, but not written yet.
pub struct Merged<'a> {
    pub results: Results<'a>,
    /// The points that are left out, each with the units that it lacks.
    pub holes: Vec<(usize, Vec<usize>)>,
    /// Records that agreed with another one of their unit.
    pub agreed: u64,
}

/// Compares what was run more than once, and merges every point that has all its units.
pub fn merge<'a>(plan: &Plan, of: &Sweep, index: &Index, mut results: Results<'a>) -> Result<Merged<'a>, Stop> {
    let agreed = merge::duplicates(index, plan.units.len()).map_err(|refusal| stop(plan, refusal))?;
    let holes = merge::merge(plan, of, index, &mut results).map_err(|failure| match failure {
        Failure::Refused(refusal) => stop(plan, refusal),
        Failure::Sink(error) => unwritten(&error),
    })?;
    Ok(Merged { results, holes, agreed })
}

fn stop(plan: &Plan, refusal: Refusal) -> Stop {
    match refusal {
        Refusal::Store(error) => Stop::Io(error.to_string()),
        Refusal::Misshapen { unit, segment } => {
            let unit = plan.units[unit].told();
            Stop::Bad(format!(
                "{segment} does not hold what {unit} has to come to; move it away and run the unit again"
            ))
        }
        Refusal::Differ { unit, one, other } => {
            let unit = plan.units[unit].told();
            Stop::Differs(format!(
                "two runs of one unit differ: {unit} in {one} and in {other}; a machine that computes wrongly, or a bug: \
                 run it again into another store to see which"
            ))
        }
    }
}

/// Says why the store is not merged, if it is not.
fn refused(console: &Console, plan: &Plan, index: &Index, command: &SweepMerge) -> Option<Exit> {
    if !index.foreign.is_empty() {
        let told: Vec<String> = index
            .foreign
            .iter()
            .map(|of| format!("unit {} of build {} in {}", of.unit, of.build, of.segment))
            .collect();
        console.complain(&format!(
            "error: the store holds what is not of this plan (build {}); move it away\n{}",
            plan.build,
            some(&told)
        ));
        return Some(Exit::Bad);
    }
    let missing = index.missing();
    if command.partial || missing.is_empty() {
        told_of_damage(console, plan, index);
        return None;
    }
    let again = format!("`stalegate sweep run {} --store {}`", command.plan.display(), command.store.display());
    let damaged: Vec<String> = index
        .corrupt
        .iter()
        .filter(|of| of.unit.is_none_or(|unit| !index.has(unit)))
        .map(|of| {
            let unit = of.unit.map_or_else(|| "some unit".into(), |unit| plan.units[unit].told());
            format!("{unit} in {} at byte {}", of.segment, of.offset)
        })
        .collect();
    let lost: Vec<usize> = index.corrupt.iter().filter_map(|of| of.unit).collect();
    let never: Vec<String> =
        missing.iter().filter(|unit| !lost.contains(unit)).map(|&unit| plan.units[unit].told()).collect();
    if !damaged.is_empty() {
        console.complain(&format!(
            "error: the store is damaged, and what was there is not there elsewhere; {again} plays it again\n{}",
            some(&damaged)
        ));
    }
    if !never.is_empty() {
        console.complain(&format!(
            "error: {} missing; {again} plays {}, and --partial leaves out the points that lack any\n{}",
            if never.len() == 1 { "a unit is".into() } else { format!("{} units are", never.len()) },
            if never.len() == 1 { "it" } else { "them" },
            some(&never)
        ));
    }
    Some(if damaged.is_empty() { Exit::Failed } else { Exit::Bad })
}

/// Says which points are left out.
fn left_out(console: &Console, swept: &Swept<'_>) {
    if swept.holes.is_empty() {
        return;
    }
    let told = swept.holes.iter().map(|hole| {
        let (units, values) = (counted_64(hole.units.len() as u64, "unit"), swept.sweep.told(hole.point));
        format!("point {} ({values}): {units} missing", hole.point)
    });
    let told: Vec<String> = told.collect();
    let all = swept.sweep.points.len();
    console.complain(&format!("{} of {all} points are left out:\n{}", told.len(), some(&told)));
}
