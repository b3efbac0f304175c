//! `sweep status PLAN --store S`: what of a plan is in a store, and what is missing.

use super::super::args::{Global, Missing, SweepStatus};
use super::super::console::{Console, Exit, Outcome, Stop};
use super::ranges::ranges;
use super::{counted, nothing_of_the_scenario, read, told_of_damage};
use crate::experiment::plan::Plan;
use crate::experiment::store::{Index, Store};
use crate::report::number::percent;

/// Counts units, or lists what is missing.
pub fn run(console: &Console, global: &Global, command: &SweepStatus) -> Outcome {
    nothing_of_the_scenario(global, "status")?;
    if global.out.is_some() {
        return Err(Stop::Bad("`sweep status` writes nothing; `--out` is for `sweep merge`".into()));
    }
    let plan = read(&command.plan, Stop::Bad)?;
    let index = Store::of(&command.store, &plan).index(&plan).map_err(|error| Stop::Io(error.to_string()))?;
    told_of_damage(console, &plan, &index);
    if let Some(why) = plan.other_build() {
        console.complain(&format!("note: {}: {why}", command.plan.display()));
    }
    let missing = index.missing();
    let shards = shards(&plan, &missing);
    let text = match command.missing {
        None if console.json => document(&plan, &index, &missing, &shards),
        None => told(&plan, &index, &missing, &shards),
        Some(Missing::Ids) => lines(missing.iter().map(|&unit| plan.units[unit].id.clone())),
        Some(Missing::Shards) => lines(shards.iter().map(|shard| format!("{shard}/{}", plan.shards))),
        Some(Missing::Slurm) if shards.is_empty() => String::new(),
        Some(Missing::Slurm) => format!("{}\n", ranges(shards)),
    };
    console.result(&text)?;
    Ok(if missing.is_empty() && index.foreign.is_empty() { Exit::Done } else { Exit::Failed })
}

fn lines(texts: impl Iterator<Item = String>) -> String {
    texts.map(|text| text + "\n").collect()
}

/// The shards that lack units, in ascending order.
pub fn shards(plan: &Plan, missing: &[usize]) -> Vec<u32> {
    let of = plan.shards_of_units();
    let mut shards: Vec<u32> = missing.iter().map(|&unit| of[unit]).collect();
    shards.sort_unstable();
    shards.dedup();
    shards
}

/// Of the estimated work, what is left; from 0 to 1.
fn left(plan: &Plan, missing: &[usize]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "it is an estimate")]
    let share = plan.cost(missing.iter().copied()) as f64 / plan.cost(0..plan.units.len()).max(1) as f64;
    share
}

fn told(plan: &Plan, index: &Index, missing: &[usize], shards: &[u32]) -> String {
    let all = plan.units.len();
    let mut parts = vec![format!("{}: {} there", counted(all, "unit"), all - missing.len())];
    parts.push(format!("{} missing", missing.len()));
    if !index.corrupt.is_empty() {
        parts.push(format!("{} damaged", counted(index.corrupt.len(), "record")));
    }
    if !index.foreign.is_empty() {
        parts.push(format!("{} of others", counted(index.foreign.len(), "record")));
    }
    let left = (!missing.is_empty()).then(|| {
        let (left, shards) = (percent(left(plan, missing)), counted(shards.len(), "shard"));
        format!("; about {left} of the work is left, in {shards} of {}", plan.shards)
    });
    format!("{}{}\n", parts.join(", "), left.unwrap_or_default())
}

fn document(plan: &Plan, index: &Index, missing: &[usize], shards: &[u32]) -> String {
    let corrupt = index.corrupt.iter().map(|of| {
        let unit = of.unit.map(|unit| plan.units[unit].id.as_str());
        serde_json::json!({ "segment": of.segment, "offset": of.offset, "unit": unit })
    });
    let foreign =
        index.foreign.iter().map(|of| serde_json::json!({ "segment": of.segment, "unit": of.unit, "build": of.build }));
    let document = serde_json::json!({
        "plan": plan.id(),
        "units": plan.units.len(),
        "there": plan.units.len() - missing.len(),
        "missing": missing.len(),
        "shards": plan.shards,
        "missing_shards": shards,
        "left": left(plan, missing),
        "corrupt": corrupt.collect::<Vec<_>>(),
        "foreign": foreign.collect::<Vec<_>>(),
        "unfinished_segments": index.torn,
    });
    format!("{document:#}\n")
}
