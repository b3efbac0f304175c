//! The event list under the hold model, from a hundred pending events to a million, beside the standard library's heap.

mod hold;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hold::{Load, hold};
use stalegate::time::{SimSpan, SimTime};

/// Pending events.
const SIZES: [u64; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];
/// Events fired in one measured round.
const ROUND: u64 = 100_000;

/// The yardstick: the bare loop over the standard library's heap, with neither a digest nor an engine round it.
struct Bare {
    heap: BinaryHeap<Reverse<(u64, u64, u64)>>,
    spans: Vec<SimSpan>,
    next: usize,
    seq: u64,
}

impl Bare {
    fn new(pending: u64) -> Bare {
        let spans = hold::drawn();
        let heap = (0..pending).zip(spans.iter().cycle()).map(|(seq, span)| Reverse((span.0, seq, 0))).collect();
        let mut bare = Bare { heap, spans, next: 0, seq: pending };
        bare.run(4 * pending);
        bare
    }

    fn run(&mut self, events: u64) {
        for _ in 0..events {
            let Reverse((time, _, event)) = self.heap.pop().expect("every event schedules another");
            self.heap.push(Reverse((time + self.spans[self.next].0, self.seq, event)));
            self.next = (self.next + 1) % self.spans.len();
            self.seq += 1;
        }
    }
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hold");
    group.sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    group.throughput(Throughput::Elements(ROUND));
    for (name, load) in
        [("drawn", Load::Drawn), ("lane", Load::Lane), ("lanes", Load::Lanes), ("cancelled", Load::Cancelled)]
    {
        for pending in SIZES {
            let mut engine = hold(load, pending);
            group.bench_function(BenchmarkId::new(name, pending), |bencher| {
                bencher.iter(|| black_box(engine.run(SimTime::NEVER, ROUND)));
            });
        }
    }
    for pending in SIZES {
        let mut bare = Bare::new(pending);
        group.bench_function(BenchmarkId::new("std-heap", pending), |bencher| {
            bencher.iter(|| bare.run(black_box(ROUND)));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
