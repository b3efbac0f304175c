//! Instructions, counted by callgrind: the event list under the hold model, and small worlds. `.ci/instructions` compares them
//! with what `instructions.csv` expects.

mod hold;

use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use gungraun::{library_benchmark, library_benchmark_group, main};
use hold::{Hold, Load, hold};
use stalegate::engine::Engine;
use stalegate::experiment::play::{play, scope};
use stalegate::metric::Collectors;
use stalegate::scenario::{Scenario, load};
use stalegate::time::SimTime;

/// Events fired in one measurement of the event list.
const ROUND: u64 = 20_000;

#[library_benchmark]
#[bench::drawn_10(hold(Load::Drawn, 10))]
#[bench::drawn_1000(hold(Load::Drawn, 1_000))]
#[bench::drawn_100000(hold(Load::Drawn, 100_000))]
#[bench::lane_1000(hold(Load::Lane, 1_000))]
#[bench::lanes_10(hold(Load::Lanes, 10))]
#[bench::lanes_1000(hold(Load::Lanes, 1_000))]
#[bench::cancelled_1000(hold(Load::Cancelled, 1_000))]
fn events(mut engine: Engine<Hold>) -> Engine<Hold> {
    black_box(engine.run(SimTime::NEVER, ROUND));
    engine
}

/// A shortened `wso2-4557`, and the place of a policy in it.
fn wso2(policy: &str) -> (Scenario, usize) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/wso2-4557.toml");
    let set = ["run.duration=45min".to_owned()];
    let scenario = load(&file, &set, None).expect("the scenario is valid").scenario;
    let policy = scenario.policies.iter().position(|named| named.name == policy).expect("a policy of the scenario");
    (scenario, policy)
}

#[library_benchmark]
#[bench::ttl_only(wso2("ttl-only"))]
#[bench::hybrid(wso2("hybrid"))]
fn worlds((scenario, policy): (Scenario, usize)) -> (Scenario, u64) {
    let observer = Collectors::new(scope(&scenario, policy));
    let ended = play(&scenario, policy, 0, observer, &AtomicBool::new(false)).expect("nobody asks to stop");
    (scenario, black_box(ended.events))
}

library_benchmark_group!(name = instructions, benchmarks = [events, worlds]);

main!(library_benchmark_groups = instructions);
