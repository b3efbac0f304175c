//! Which shard a run is to play: as the command line says, or the index that an engine gives to each of its tasks. How many
//! shards there are only the plan says: what engines count changes when a part is submitted again.

use super::super::args::{ShardOf, SweepRun};
use super::super::console::Stop;
use crate::experiment::plan::Plan;

/// What engines call the index of a task, from 0: job arrays of Slurm, Indexed Jobs of Kubernetes.
const INDICES: [&str; 2] = ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"];

/// A shard of a plan, and who said so, if an engine did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    pub shard: u32,
    pub by: Option<&'static str>,
}

/// The shard; `None` where neither the command line nor an engine names one. `variable` reads the environment.
pub fn chosen(
    plan: &Plan,
    command: &SweepRun,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Chosen>, Stop> {
    if let Some(of @ (ShardOf::Index(_) | ShardOf::Of { .. })) = command.shard {
        if command.shard_offset != 0 {
            return Err(Stop::Bad(format!(
                "`--shard-offset` is added to the index of an engine's task; `--shard {of}` has said which shard it is"
            )));
        }
        return there(plan, of).map(|shard| Some(Chosen { shard, by: None }));
    }
    if command.units.is_some() {
        return Ok(None);
    }
    let set: Vec<(&'static str, String)> = INDICES
        .iter()
        .filter_map(|name| Some((*name, variable(name)?)))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let Some((name, value)) = set.first() else {
        return match command.shard {
            None if command.shard_offset == 0 => Ok(None),
            None | Some(_) => Err(Stop::Plan(format!(
                "no engine says which shard this is: {} is not set; name it with --shard K/{}",
                INDICES.join(" or "),
                plan.shards
            ))),
        };
    };
    if let Some((other, differs)) = set.iter().find(|(_, differs)| differs != value) {
        return Err(Stop::Plan(format!(
            "{name} is {value} and {other} is {differs}: which of them names the shard? say it with --shard K/{}",
            plan.shards
        )));
    }
    let index: u32 =
        value.parse().map_err(|_| Stop::Plan(format!("{name} is `{value}`, and not the index of a shard")))?;
    let offset = command.shard_offset;
    let shard = index.checked_add(offset).filter(|&shard| shard < plan.shards).ok_or_else(|| {
        let plus = if offset == 0 { String::new() } else { format!(", with the offset {offset}") };
        let (all, last) = (plan.shards, plan.shards - 1);
        Stop::Plan(format!("{name} is {index}{plus}, and the plan has the shards 0/{all} to {last}/{all} only"))
    })?;
    Ok(Some(Chosen { shard, by: Some(name) }))
}

/// A shard that the plan has.
fn there(plan: &Plan, of: ShardOf) -> Result<u32, Stop> {
    let known = |shard: u32, shards: u32| (shards == plan.shards && shard < shards).then_some(shard);
    let shard = match of {
        ShardOf::Index(shard) => known(shard, plan.shards),
        ShardOf::Of { shard, shards } => known(shard, shards),
        ShardOf::Env => None,
    };
    let (all, last) = (plan.shards, plan.shards - 1);
    shard.ok_or_else(|| Stop::Plan(format!("the plan has no shard {of}: its shards are 0/{all} to {last}/{all}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::plan::Ask;
    use crate::report::sample;

    /// What `--shard`, `--shard-offset` and an environment come to, of twelve shards.
    fn of(shard: Option<ShardOf>, shard_offset: u32, environment: &[(&str, &str)]) -> Result<Option<u32>, String> {
        let plan = Plan::of(&sample::scenario(), &sample::sweep(), Ask { shards: 12, ..Ask::default() }).unwrap();
        let command = SweepRun { plan: "p".into(), store: "s".into(), shard, shard_offset, units: None };
        let variable = |name: &str| {
            let value = environment.iter().find(|(set, _)| *set == name);
            value.map(|(_, value)| (*value).to_owned())
        };
        match chosen(&plan, &command, variable) {
            Ok(chosen) => Ok(chosen.map(|of| of.shard)),
            Err(Stop::Plan(why) | Stop::Bad(why)) => Err(why),
            Err(other) => panic!("{other:?}"),
        }
    }

    const SLURM: &str = "SLURM_ARRAY_TASK_ID";
    const KUBERNETES: &str = "JOB_COMPLETION_INDEX";

    #[test]
    fn the_flag_goes_before_the_environment_and_without_both_there_is_no_shard() {
        assert_eq!(of(None, 0, &[]), Ok(None));
        assert_eq!(of(Some(ShardOf::Index(11)), 0, &[(SLURM, "3")]), Ok(Some(11)));
        assert_eq!(of(Some(ShardOf::Of { shard: 2, shards: 12 }), 0, &[(SLURM, "3")]), Ok(Some(2)));
        assert_eq!(of(None, 0, &[(SLURM, "3")]), Ok(Some(3)));
        assert_eq!(of(Some(ShardOf::Env), 0, &[(KUBERNETES, "4"), (SLURM, "")]), Ok(Some(4)));
        assert_eq!(of(Some(ShardOf::Env), 7, &[(SLURM, "4")]), Ok(Some(11)));
        assert_eq!(of(None, 0, &[(SLURM, "4"), (KUBERNETES, "4")]), Ok(Some(4)));
    }

    #[test]
    fn an_engine_that_names_no_shard_of_the_plan_is_refused() {
        let refused = |shard, offset, environment: &[(&str, &str)], word: &str| {
            let why = of(shard, offset, environment).unwrap_err();
            assert!(why.contains(word), "{why}");
        };
        let env = Some(ShardOf::Env);
        refused(env, 0, &[], "SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX is not set");
        refused(None, 1, &[], "no engine says which shard this is");
        refused(env, 0, &[(SLURM, "three")], "SLURM_ARRAY_TASK_ID is `three`");
        refused(env, 0, &[(SLURM, "4294967294")], "the shards 0/12 to 11/12 only");
        refused(env, u32::MAX, &[(SLURM, "12")], "with the offset 4294967295");
        refused(env, 0, &[(SLURM, "1"), (KUBERNETES, "2")], "which of them names the shard?");
        refused(Some(ShardOf::Index(12)), 0, &[], "the plan has no shard 12");
        refused(Some(ShardOf::Of { shard: 1, shards: 13 }), 0, &[], "the plan has no shard 1/13");
        refused(Some(ShardOf::Index(1)), 1, &[], "has said which shard it is");
    }
}
