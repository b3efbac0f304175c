//! The hold model: N events are pending, each that fires schedules one more. What is left is the cost of the event list.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use stalegate::dist::Dist;
use stalegate::engine::{Delay, Engine, Fifo, Fingerprint, Model, Schedule};
use stalegate::time::{SimSpan, SimTime};

/// Pending events.
const SIZES: [u64; 3] = [100, 10_000, 1_000_000];
/// Events fired in one measured round.
const ROUND: u64 = 100_000;
/// Draws made before the measurement, used again and again: the samplers are not what is measured here.
const DRAWS: u64 = 1 << 16;
/// The mean delay.
const MEAN: SimSpan = SimSpan::secs(1);

#[derive(Clone, Copy, Debug)]
struct Tick;

impl Fingerprint for Tick {
    fn fingerprint(self) -> u64 {
        0
    }
}

/// Every event schedules another.
struct Hold {
    delays: Vec<Delay>,
    next: usize,
}

impl Model for Hold {
    type Event = Tick;

    fn handle(&mut self, event: Tick, schedule: &mut Schedule<Tick>) {
        schedule.after(self.delays[self.next % self.delays.len()], event);
        self.next += 1;
    }
}

/// Delays drawn from an exponential distribution, in an order that is no order.
fn drawn() -> Vec<Delay> {
    let dist = Dist::Exponential { mean: MEAN };
    let word = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (1..=DRAWS).map(|i| Delay::Drawn(dist.sample(stalegate::rng::uniform(word(i))))).collect()
}

/// An engine in its steady state, with `pending` events spread over a mean delay.
fn hold(pending: u64, delays: impl FnOnce(&mut Schedule<Tick>) -> Vec<Delay>) -> Engine<Hold> {
    let mut engine = Engine::new(Fifo, |schedule| {
        for i in 0..pending {
            schedule.at(SimTime(MEAN.0 / pending * i), Tick);
        }
        Hold { delays: delays(schedule), next: 0 }
    });
    // Every event is replaced a few times before anything is measured.
    engine.run(SimTime::NEVER, 4 * pending);
    engine
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hold");
    group.sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    group.throughput(Throughput::Elements(ROUND));
    for pending in SIZES {
        let mut engine = hold(pending, |_| drawn());
        group.bench_function(BenchmarkId::new("drawn", pending), |bencher| {
            bencher.iter(|| black_box(engine.run(SimTime::NEVER, ROUND)));
        });
        let mut engine = hold(pending, |schedule| vec![Delay::Constant(schedule.lane(MEAN))]);
        group.bench_function(BenchmarkId::new("lane", pending), |bencher| {
            bencher.iter(|| black_box(engine.run(SimTime::NEVER, ROUND)));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
