//! The hold model: N events are pending, each that fires schedules one more. What is left is the cost of the event list.

use stalegate::dist::Dist;
use stalegate::engine::{Delay, Engine, Fifo, Fingerprint, Handle, Model, Schedule};
use stalegate::time::{SimSpan, SimTime};

/// Draws made before the measurement, used again and again: the samplers are not what is measured here.
const DRAWS: u64 = 1 << 16;
/// The mean delay.
const MEAN: SimSpan = SimSpan::secs(1);
/// The timer that nearly every event takes back.
const TIMER: SimSpan = SimSpan::secs(3_600);

#[derive(Clone, Copy, Debug)]
pub struct Tick;

impl Fingerprint for Tick {
    fn fingerprint(self) -> u64 {
        0
    }
}

/// What is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Delays drawn from an exponential distribution.
    Drawn,
    /// One constant delay.
    Lane,
    /// Eight constant delays between a millisecond and a mean, one after the other in no order.
    Lanes,
    /// Drawn, and each event takes the last one's timer of an hour back and sets another.
    Cancelled,
}

/// Every event schedules another.
pub struct Hold {
    delays: Vec<Delay>,
    next: usize,
    /// Whether events set timers.
    timers: bool,
    /// The last timer that was set.
    timer: Option<Handle>,
}

impl Model for Hold {
    type Event = Tick;

    fn handle(&mut self, event: Tick, schedule: &mut Schedule<Tick>) {
        schedule.after(self.delays[self.next], event);
        self.next = (self.next + 1) % self.delays.len();
        if self.timers {
            if let Some(last) = self.timer.take() {
                schedule.cancel(last);
            }
            self.timer = Some(schedule.after(Delay::Drawn(TIMER), event));
        }
    }
}

/// Words in no order.
fn word(i: u64) -> u64 {
    let mixed = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

/// Spans drawn from an exponential distribution with the mean delay.
pub fn drawn() -> Vec<SimSpan> {
    let dist = Dist::Exponential { mean: MEAN };
    (1..=DRAWS).map(|i| dist.sample(stalegate::rng::uniform(word(i)))).collect()
}

fn delays(load: Load, schedule: &mut Schedule<Tick>) -> Vec<Delay> {
    let lane = |share: u64, schedule: &mut Schedule<Tick>| Delay::Constant(schedule.lane(SimSpan(MEAN.0 / share)));
    match load {
        Load::Drawn | Load::Cancelled => drawn().into_iter().map(Delay::Drawn).collect(),
        Load::Lane => vec![lane(1, schedule)],
        Load::Lanes => {
            let lanes = [1, 2, 5, 20, 50, 200, 500, 1_000].map(|share| lane(share, schedule));
            (1..=DRAWS).map(|i| lanes[(word(i) >> 61) as usize]).collect()
        }
    }
}

/// An engine in its steady state, with `pending` events spread over a mean delay.
pub fn hold(load: Load, pending: u64) -> Engine<Hold> {
    let mut engine = Engine::new(Fifo, |schedule| {
        for i in 0..pending {
            schedule.at(SimTime(MEAN.0 / pending * i), Tick);
        }
        Hold { delays: delays(load, schedule), next: 0, timers: load == Load::Cancelled, timer: None }
    });
    // Every event is replaced a few times before anything is measured.
    engine.run(SimTime::NEVER, 4 * pending);
    engine
}
