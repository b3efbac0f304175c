//! Events per second of `wso2-4557`, policy by policy: one replication, with every metric collected and with none.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use stalegate::experiment::play::{play, scope};
use stalegate::metric::Collectors;
use stalegate::model::fact::{Blind, Observer};
use stalegate::scenario::{Scenario, load};

/// One replication; how many events fired.
fn events<O: Observer>(scenario: &Scenario, policy: usize, observer: O) -> u64 {
    play(scenario, policy, 0, observer, &AtomicBool::new(false)).expect("nobody asks to stop").events
}

fn bench(criterion: &mut Criterion) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/wso2-4557.toml");
    let scenario = load(&file, &[], None).expect("the scenario is valid").scenario;
    let mut group = criterion.benchmark_group("wso2-4557");
    group.sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    for (policy, named) in scenario.policies.iter().enumerate() {
        group.throughput(Throughput::Elements(events(&scenario, policy, Blind)));
        group.bench_function(BenchmarkId::new("metrics", &named.name), |bencher| {
            bencher.iter(|| events(&scenario, policy, Collectors::new(scope(&scenario, policy))));
        });
        group.bench_function(BenchmarkId::new("blind", &named.name), |bencher| {
            bencher.iter(|| events(&scenario, policy, Blind));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
