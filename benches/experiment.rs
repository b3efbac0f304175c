//! What the experiment layer costs beside the simulation: the worlds of `wso2-4557` alone, and under the commands that play them.
//! A row is a share of the first one's time, both of one round; the median over the rounds. With the name of a row it is played once,
//! so that its instructions can be counted.

#![allow(clippy::disallowed_types, reason = "a bench measures real time")]

use std::convert::Infallible;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use stalegate::experiment::check::check;
use stalegate::experiment::compare::compare;
use stalegate::experiment::judge::judge;
use stalegate::experiment::merge::merge;
use stalegate::experiment::plan::{Ask, Plan};
use stalegate::experiment::play::{play, scope};
use stalegate::experiment::shard::{self, OnBroken};
use stalegate::experiment::store::Store;
use stalegate::experiment::worlds::Surroundings;
use stalegate::metric::Collectors;
use stalegate::report::RunInfo;
use stalegate::report::sweep::{Extent, Results};
use stalegate::scenario::{Loaded, load_text};

const ROUNDS: usize = 9;
/// Of each policy, unless a second argument says otherwise.
const REPLICATIONS: u32 = 5;

static GO_ON: AtomicBool = AtomicBool::new(false);

fn main() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/wso2-4557.toml");
    let text = std::fs::read_to_string(path).expect("it is there");
    // A sweep of one point: the same worlds.
    let swept = format!("{text}\n[sweep]\n\"idp.restart_event\" = [\"at-start\"]\n");
    let number = std::env::args().nth(2).map_or(REPLICATIONS, |text| text.parse().expect("it is a number"));
    let overrides = [format!("run.replications={number}")];
    let load = |text: &str| load_text("bench.toml", text, &overrides, None).expect("it is good");
    let (loaded, swept) = (load(&text), load(&swept));
    let rows: [(&str, &dyn Fn()); 4] = [
        ("worlds", &|| worlds(&loaded)),
        ("compare", &|| compared(&loaded)),
        ("check", &|| checked(&loaded)),
        ("sweep", &|| in_parts(&swept)),
    ];
    if let Some((_, play)) = rows.iter().find(|(name, _)| std::env::args().nth(1).as_deref() == Some(*name)) {
        return play();
    }
    let mut shares = vec![Vec::new(); rows.len()];
    for _ in 0..ROUNDS {
        let times = rows.map(|(_, play)| {
            let start = Instant::now();
            play();
            start.elapsed().as_secs_f64()
        });
        for (share, time) in shares.iter_mut().zip(times) {
            share.push(time / times[0]);
        }
    }
    for ((name, _), shares) in rows.iter().zip(&mut shares) {
        shares.sort_by(f64::total_cmp);
        let (low, high) = (shares[1], shares[ROUNDS - 2]);
        println!("{name:<8} {:.3} ({low:.3} to {high:.3})", shares[ROUNDS / 2]);
    }
}

fn around() -> Surroundings<'static> {
    Surroundings { jobs: 1, stop: &GO_ON, progress: &|_, _| {} }
}

fn worlds(Loaded { scenario, .. }: &Loaded) {
    for replication in 0..scenario.replications.max {
        for policy in 0..scenario.policies.len() {
            let collectors = Collectors::new(scope(scenario, policy));
            play(scenario, policy, replication, collectors, &GO_ON).expect("nobody asks to stop");
        }
    }
}

fn compared(Loaded { scenario, .. }: &Loaded) {
    compare::<Infallible>(scenario, &around(), |_| Ok(())).expect("it plays");
}

fn checked(Loaded { scenario, .. }: &Loaded) {
    let comparison = check::<Infallible>(scenario, 0, &around()).expect("it plays");
    assert!(!judge(&scenario.expects, &comparison).is_empty());
}

fn in_parts(Loaded { scenario, sweep, .. }: &Loaded) {
    let sweep = sweep.as_ref().expect("it has a sweep");
    let folder = tempfile::tempdir().expect("a folder");
    let plan = Plan::of(scenario, sweep, Ask::default()).expect("it is static");
    let store = Store::of(&folder.path().join("store"), &plan);
    let units: Vec<usize> = (0..plan.units.len()).collect();
    shard::play(&plan, sweep, &units, (&store, "bench"), OnBroken::GoOn, &around()).expect("it plays");
    let index = store.index(&plan).expect("it can be read");
    let mut results = Results::open(&folder.path().join("out"), scenario, sweep).expect("it can be written");
    merge(&plan, sweep, &index, &mut results).expect("it can be merged");
    results.close(Extent::Complete, Vec::new());
    results.finish(None, &RunInfo::default()).expect("it can be written");
}
