//! `sweep plan FILE -o PLAN`: all units of a sweep with all that they need, as one file.

use super::super::args::{Global, SweepPlan};
use super::super::console::{Console, Exit, Outcome, Stop};
use super::super::work::words;
use super::{about, counted, load, seconds, swept};
use crate::experiment::plan::{Ask, Plan, inputs};

/// Reads the scenario, plans its sweep, writes the plan; without `-o`, on the standard output.
pub fn run(console: &Console, global: &Global, command: &SweepPlan) -> Outcome {
    let loaded = load(console, global, &command.file)?;
    let of = swept(&loaded)?;
    let ask = Ask {
        command: words(global, "sweep", &command.file),
        overrides: global.set.clone(),
        seed: global.seed,
        inputs: inputs(&loaded).map_err(|(path, error)| Stop::io("read", &path, &error))?,
        shards: command.shards,
    };
    let plan = Plan::of(&loaded.scenario, of, ask).map_err(|error| Stop::Bad(error.to_string()))?;
    match &global.out {
        None => console.result(&plan.text()),
        Some(path) => plan.write(path).map_err(|error| Stop::Io(format!("cannot write {}: {error}", path.display()))),
    }?;
    let all = 0..plan.units.len();
    let (units, shards) = (counted(plan.units.len(), "unit"), plan.shards);
    let events = plan.cost(all);
    let dealt = if shards == 1 { "1 shard".into() } else { format!("{shards} shards") };
    console.say(&format!("{units} in {dealt}, {} on one thread", about(events, seconds(events))));
    Ok(Exit::Done)
}
