//! What the contract of sweeps costs: the units of a plan played by a loop that calls the library and folds what it gets in memory,
//! and the same through plan, shards, store and merge; both end with the same results folder. Then what many shards come to, by the
//! measured time of each unit: the makespan, and beside it the one that the plan's estimates say.
//!
//! Beside the time on the wall stands that of the processor: the contract also waits for the disk. With `loop` or `contract` as its
//! argument that part is played once, so that its instructions can be counted.

#![allow(clippy::disallowed_types, reason = "a bench measures real time")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use stalegate::experiment::compare::empty;
use stalegate::experiment::merge::{Sink, duplicates, merge};
use stalegate::experiment::plan::{Ask, InputText, Plan};
use stalegate::experiment::shard::{self, OnBroken};
use stalegate::experiment::store::Store;
use stalegate::experiment::unit;
use stalegate::experiment::worlds::Surroundings;
use stalegate::report::RunInfo;
use stalegate::report::sweep::{Extent, Results};
use stalegate::scenario::sweep::Sweep;
use stalegate::scenario::{Loaded, load_text};

const ROUNDS: usize = 3;
const SHARDS: u32 = 16;

static GO_ON: AtomicBool = AtomicBool::new(false);

fn main() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/mine.toml");
    let text = std::fs::read_to_string(path).expect("it is there");
    let loaded = load_text("mine.toml", &text, &[], None).expect("it is good");
    let plan = plan(&loaded, &text);
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str, round: usize| folder.path().join(format!("{name}-{round}"));
    match std::env::args().nth(1).as_deref() {
        Some("loop") => return drop(alone(&loaded, &plan, &at("loop", 0))),
        Some("contract") => return in_parts(&loaded, &plan, &at("store", 0), &at("contract", 0)),
        Some(_) | None => {}
    }
    let (mut loops, mut contracts) = (Vec::new(), Vec::new());
    let mut units = vec![f64::INFINITY; plan.units.len()];
    for round in 0..ROUNDS {
        let start = Times::now();
        let seconds = alone(&loaded, &plan, &at("loop", round));
        loops.push(start.since());
        let start = Times::now();
        in_parts(&loaded, &plan, &at("store", round), &at("contract", round));
        contracts.push(start.since());
        for (least, seconds) in units.iter_mut().zip(seconds) {
            *least = least.min(seconds);
        }
        let summary = |name| std::fs::read(at(name, round).join("summary.csv")).expect("it is there");
        assert!(summary("loop") == summary("contract"), "the contract changes no byte");
    }
    println!("{} units, the least of {ROUNDS} rounds, one thread:", plan.units.len());
    println!("{:>10} {:>16} {:>34} {:>8}", "", "a loop, s", "plan, 16 shards, store, merge, s", "more, %");
    let rows: [(&str, fn(&(f64, f64)) -> f64); 2] = [("wall", |times| times.0), ("processor", |times| times.1)];
    for (what, of) in rows {
        let least = |times: &[(f64, f64)]| times.iter().map(of).fold(f64::INFINITY, f64::min);
        let (one, other) = (least(&loops), least(&contracts));
        println!("{what:>10} {one:>16.2} {other:>34.2} {:>8.1}", (other / one - 1.0) * 100.0);
    }
    println!("\nthe same sweep:");
    scaling(&plan, &units);
    let uneven = text.replace("\"bus.loss\" = [0.0, 0.25]", "\"client.shop.arrivals.rate\" = [\"2/s\", \"128/s\"]");
    assert!(uneven != text, "the sweep has other keys");
    let loaded = load_text("mine.toml", &uneven, &[], None).expect("it is good");
    let plan = self::plan(&loaded, &uneven);
    println!("\na sweep of points that differ in cost by a factor of fifty, {} units:", plan.units.len());
    scaling(&plan, &alone(&loaded, &plan, &at("uneven", 0)));
}

/// On the wall, and of the processor (all threads, to a hundredth of a second), which only Linux tells.
struct Times {
    wall: Instant,
    processor_s: f64,
}

impl Times {
    fn now() -> Times {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let ticks = stat.rsplit(')').next().unwrap_or_default().split(' ').skip(12).take(2);
        let ticks: f64 = ticks.filter_map(|field| field.parse::<f64>().ok()).sum();
        Times { wall: Instant::now(), processor_s: ticks / 100.0 }
    }

    fn since(&self) -> (f64, f64) {
        (self.wall.elapsed().as_secs_f64(), Times::now().processor_s - self.processor_s)
    }
}

/// Of the processor, this thread alone, to the nanosecond: other work on the machine does not show. Only Linux tells.
fn on_this_core_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|field| field.parse::<f64>().ok());
    nanoseconds.unwrap_or_default() / 1e9
}

fn plan(loaded: &Loaded, text: &str) -> Plan {
    let hash = blake3::hash(text.as_bytes()).to_hex().to_string();
    let input = InputText { name: "mine.toml".into(), hash, text: text.to_owned() };
    let ask = Ask { inputs: vec![input], shards: SHARDS, ..Ask::default() };
    Plan::of(&loaded.scenario, swept(loaded), ask).expect("it is static")
}

fn swept(loaded: &Loaded) -> &Sweep {
    loaded.sweep.as_ref().expect("it has a sweep")
}

/// What somebody writes who calls the library: each unit's seconds.
fn alone(loaded: &Loaded, plan: &Plan, out: &Path) -> Vec<f64> {
    let sweep = swept(loaded);
    let mut results = Results::open(out, &loaded.scenario, sweep).expect("it can be written");
    let mut seconds = vec![0.0; plan.units.len()];
    for (point, units) in plan.units_of_points().into_iter().enumerate() {
        let scenario = &sweep.points[point].scenario;
        let layout = Arc::new(unit::layout(&scenario.world));
        let mut comparison = empty(scenario);
        for units in units.chunks(scenario.policies.len()) {
            let mut records = Vec::new();
            for (policy, &index) in units.iter().enumerate() {
                let of = &plan.units[index];
                let start = on_this_core_s();
                let bytes = unit::unit(scenario, &layout, policy, of.first..of.first + of.count, &GO_ON);
                seconds[index] = on_this_core_s() - start;
                records.push(unit::decode(&bytes.expect("nobody asks to stop")).expect("they are records"));
            }
            for replication in 0..records[0].len() {
                for records in &records {
                    results.record(point, &records[replication]).expect("there is room");
                    comparison.push(&records[replication]);
                }
            }
        }
        results.point(point, comparison).expect("there is room");
    }
    finish(results);
    seconds
}

/// The contract as so many processes follow it, each of which reads the plan.
fn in_parts(loaded: &Loaded, plan: &Plan, store: &Path, out: &Path) {
    let file = store.with_extension("json");
    plan.write(&file).expect("it can be written");
    for shard in 0..SHARDS {
        let plan = Plan::read(&file).expect("it is a plan");
        let loaded = plan.load().expect("it is ours");
        let (store, units) = (Store::of(store, &plan), plan.shard(shard));
        let around = Surroundings { jobs: 1, stop: &GO_ON, progress: &|_, _| {} };
        assert!(store.index(&plan).expect("it can be read").missing().len() >= units.len());
        let to = (&store, &*shard.to_string());
        shard::play(&plan, swept(&loaded), &units, to, OnBroken::GoOn, &around).expect("it plays");
    }
    let plan = Plan::read(&file).expect("it is a plan");
    let index = Store::of(store, &plan).index(&plan).expect("it can be read");
    let mut results = Results::open(out, &loaded.scenario, swept(loaded)).expect("it can be written");
    assert_eq!(duplicates(&index, plan.units.len()).expect("there are none"), 0);
    merge(&plan, swept(loaded), &index, &mut results).expect("it can be merged");
    finish(results);
}

fn finish(mut results: Results<'_>) {
    results.close(Extent::Complete, Vec::new());
    results.finish(None, &RunInfo::default()).expect("it can be written");
}

/// Who has a core for each shard waits for the longest one.
fn scaling(plan: &Plan, seconds: &[f64]) {
    let total: f64 = seconds.iter().sum();
    let all: f64 = plan.units.iter().map(|unit| float(unit.cost)).sum();
    println!("{:>6} {:>12} {:>12} {:>8} {:>12}", "shards", "makespan, s", "modelled, s", "ideal, s", "of the ideal");
    for shards in [1, 2, 4, 8, 16] {
        let plan = Plan { shards, ..plan.clone() };
        let longest = |of: &dyn Fn(usize) -> f64| {
            (0..shards).map(|shard| plan.shard(shard).into_iter().map(of).sum::<f64>()).fold(0.0, f64::max)
        };
        let makespan = longest(&|unit| seconds[unit]);
        let modelled = longest(&|unit| float(plan.units[unit].cost) / all * total);
        let ideal = total / f64::from(shards);
        println!("{shards:>6} {makespan:>12.3} {modelled:>12.3} {ideal:>8.3} {:>12.3}", makespan / ideal);
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is an estimate")]
fn float(cost: u64) -> f64 {
    cost as f64
}
