//! An explanation for programs.

use serde_json::{Value, json};

use super::{Told, in_short, story};
use crate::experiment::explain::{Explanation, Other, Way};
use crate::trace::Names;

/// One document: times in nanoseconds since the run began.
#[must_use]
pub fn json(told: &Told<'_>) -> Value {
    let Explanation { replication, lane, start, end, failed, ways, way, call, ended, others, .. } = told.explanation;
    let names = Names::of(&told.scenario.world);
    let story: Vec<Value> = story(told.explanation, &names)
        .iter()
        .map(|line| json!({ "at_ns": line.at.0, "who": line.whom, "what": line.what }))
        .collect();
    json!({
        "scenario": told.scenario.name,
        "point": told.point,
        "policy": told.policy(),
        "replication": replication,
        "seed": told.scenario.world.run.seed,
        "lane": names.lane(*lane),
        "start_ns": start.0,
        "end_ns": end.0,
        "failed": failed,
        "ways": ways.iter().map(of_way).collect::<Vec<Value>>(),
        "explained": way,
        "call": call.number,
        "in_short": in_short(told, &names),
        "story": story,
        "ended": ended.map(|ended| json!({
            "at_ns": ended.at.0,
            "token": ended.token,
            "asked_ns": ended.fetched.map(|fetched| fetched.0.0),
            "got_ns": ended.fetched.map(|fetched| fetched.1.0),
        })),
        "others": others.iter().map(of_other).collect::<Vec<Value>>(),
    })
}

fn of_way(way: &Way) -> Value {
    json!({
        "cause": way.cause.word(),
        "token": way.token,
        "first_ns": way.first.first.0,
        "last_ns": way.last.0,
        "failed": way.n,
        "failed_in_all_lanes": way.everywhere,
    })
}

fn of_other(other: &Other) -> Value {
    json!({
        "policy": other.policy,
        "ended_ns": other.ended.map(|at| at.0),
        "open_at_the_end": other.open,
        "failed": other.failed,
    })
}
