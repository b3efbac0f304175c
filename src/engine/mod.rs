//! The loop: a clock, a future event list, and a model that says what each event does.
//!
//! Events fire by (time, seq); `seq` counts schedulings. The engine knows nothing of tokens: a model is anything that
//! handles its own events and schedules further ones.

mod cancelled;
pub mod chooser;
mod chunks;
mod heads;
mod ladder;
mod lanes;
pub mod queue;
mod run;

use std::fmt::Debug;

pub use chooser::{Chooser, Fifo};
pub use queue::{Handle, Lane};

use crate::time::{SimSpan, SimTime};
use queue::{EventQueue, Scheduled};

/// What is simulated.
pub trait Model {
    /// What can happen; at most 8 bytes.
    type Event: Copy + Debug + Fingerprint;

    /// Does what the event does, and schedules what follows from it.
    fn handle(&mut self, event: Self::Event, schedule: &mut Schedule<Self::Event>);
}

/// An event as the digest sees it.
pub trait Fingerprint {
    /// Different for different events.
    fn fingerprint(self) -> u64;
}

/// How long until an event.
#[derive(Clone, Copy, Debug)]
pub enum Delay {
    /// The constant delay of this lane.
    Constant(Lane),
    /// A span of its own.
    Drawn(SimSpan),
}

/// The clock and the future event list, as the model sees them.
#[derive(Debug)]
pub struct Schedule<E> {
    now: SimTime,
    queue: EventQueue<E>,
    /// The delays of the queue's lanes; the first is that of [`Lane::NOW`].
    lanes: Vec<SimSpan>,
    /// Popped events of this instant among which a chooser chooses; empty under [`Fifo`].
    ready: Vec<Scheduled<E>>,
    current: u64,
    /// What each `seq` is and what scheduled it, when somebody traces.
    causes: Option<Vec<Scheduling<E>>>,
}

/// A scheduling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheduling<E> {
    /// The `seq` of the event that scheduled it; `u64::MAX`: it was scheduled before the first one.
    pub by: u64,
    pub event: E,
}

impl<E: Copy> Schedule<E> {
    fn new() -> Schedule<E> {
        let (queue, lanes) = (EventQueue::new(), vec![SimSpan::ZERO]);
        Schedule { now: SimTime::ZERO, queue, lanes, ready: Vec::new(), current: u64::MAX, causes: None }
    }

    /// The simulated time.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// The `seq` of the event that is being handled; `u64::MAX` before the first one.
    #[must_use]
    pub fn current(&self) -> u64 {
        self.current
    }

    /// The lane of a constant delay; the same for the same span.
    pub fn lane(&mut self, span: SimSpan) -> Lane {
        if let Some(index) = self.lanes.iter().position(|known| *known == span) {
            return Lane(u32::try_from(index).expect("a lane a constant of the scenario"));
        }
        self.lanes.push(span);
        self.queue.add_lane()
    }

    /// Schedules an event.
    pub fn after(&mut self, delay: Delay, event: E) -> Handle {
        if self.causes.is_some() {
            self.note_cause(event);
        }
        match delay {
            Delay::Constant(lane) => {
                let at = self.now + self.lanes[lane.0 as usize];
                self.queue.push_lane(lane, at.0, event)
            }
            Delay::Drawn(span) => self.queue.push((self.now + span).0, event),
        }
    }

    #[cold]
    #[inline(never)]
    fn note_cause(&mut self, event: E) {
        if let Some(causes) = &mut self.causes {
            causes.push(Scheduling { by: self.current, event });
        }
    }

    /// Schedules an event at an instant, at once if that has passed.
    pub fn at(&mut self, at: SimTime, event: E) -> Handle {
        self.after(Delay::Drawn(at.since(self.now)), event)
    }

    /// Takes an event back that has not fired.
    pub fn cancel(&mut self, handle: Handle) {
        match self.ready.iter().position(|ready| handle.is(ready.seq)) {
            Some(index) => {
                self.ready.remove(index);
            }
            None => self.queue.cancel(handle),
        }
    }

    /// How many events are to come.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.queue.pending() + self.ready.len()
    }

    fn next<C: Chooser>(&mut self, chooser: &mut C, limit: SimTime) -> Option<Scheduled<E>> {
        if C::FIRST {
            return self.queue.pop(limit.0);
        }
        if self.ready.is_empty() {
            self.ready.push(self.queue.pop(limit.0)?);
        }
        let instant = self.ready[0].time;
        while let Some(tied) = self.queue.pop(instant) {
            self.ready.push(tied);
        }
        Some(self.ready.remove(chooser.choose(self.ready.len())))
    }
}

/// A model in the course of a run.
#[derive(Debug)]
pub struct Engine<M: Model, C = Fifo> {
    pub model: M,
    schedule: Schedule<M::Event>,
    chooser: C,
    digest: u64,
    fired: u64,
    last: Option<M::Event>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is left before the end.
    Done,
    /// The number of events allowed has fired.
    Paused,
}

impl<M: Model, C: Chooser> Engine<M, C> {
    /// A run at its beginning; `start` makes the model, and its first events.
    pub fn new(chooser: C, start: impl FnOnce(&mut Schedule<M::Event>) -> M) -> Engine<M, C> {
        Engine::begun(Schedule::new(), chooser, start)
    }

    /// The same, which keeps the cause of every scheduling for [`Engine::causes`]: 16 bytes each.
    pub fn traced(chooser: C, start: impl FnOnce(&mut Schedule<M::Event>) -> M) -> Engine<M, C> {
        Engine::begun(Schedule { causes: Some(Vec::new()), ..Schedule::new() }, chooser, start)
    }

    fn begun(
        mut schedule: Schedule<M::Event>,
        chooser: C,
        start: impl FnOnce(&mut Schedule<M::Event>) -> M,
    ) -> Engine<M, C> {
        Engine { model: start(&mut schedule), schedule, chooser, digest: DIGEST_SEED, fired: 0, last: None }
    }

    /// By `seq`: what each scheduling was and what caused it; nothing where the run is not [`Engine::traced`].
    #[must_use]
    pub fn causes(&self) -> &[Scheduling<M::Event>] {
        self.schedule.causes.as_deref().unwrap_or_default()
    }

    /// Fires the next event, if there is one at or before `limit`.
    pub fn step(&mut self, limit: SimTime) -> Option<M::Event> {
        let Scheduled { time, seq, event } = self.schedule.next(&mut self.chooser, limit)?;
        assert!(time >= self.schedule.now.0, "the clock never goes back");
        self.schedule.now = SimTime(time);
        self.schedule.current = seq;
        self.digest = fold(fold(self.digest, time), event.fingerprint());
        self.fired += 1;
        self.last = Some(event);
        self.model.handle(event, &mut self.schedule);
        Some(event)
    }

    /// Fires all events before `end`, `at_most` of them.
    pub fn run(&mut self, end: SimTime, at_most: u64) -> Progress {
        let limit = SimTime(end.0.saturating_sub(1));
        for _ in 0..at_most {
            if self.step(limit).is_none() {
                self.schedule.now = end;
                return Progress::Done;
            }
        }
        Progress::Paused
    }

    /// The simulated time.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.schedule.now
    }

    /// How many events have fired.
    #[must_use]
    pub fn fired(&self) -> u64 {
        self.fired
    }

    /// The event that fired last.
    #[must_use]
    pub fn last_event(&self) -> Option<M::Event> {
        self.last
    }

    /// How many events are to come.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.schedule.pending()
    }

    /// Every event that fired, folded into 64 bits.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest
    }
}

/// The first 64 bits of the fraction of π: nothing up our sleeve.
const DIGEST_SEED: u64 = 0x243F_6A88_85A3_08D3;

/// One step of the digest: a multiplication by an odd constant and a rotation, as hashes of the FxHash family do.
fn fold(digest: u64, word: u64) -> u64 {
    (digest.rotate_left(5) ^ word).wrapping_mul(0x517C_C1B7_2722_0A95)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chooser::{Exhaustive, Shuffled};

    /// Each event `n` above zero schedules `n - 1` twice, at the same instant.
    struct Halving(Vec<u32>);

    impl Fingerprint for u32 {
        fn fingerprint(self) -> u64 {
            u64::from(self)
        }
    }

    impl Model for Halving {
        type Event = u32;

        fn handle(&mut self, event: u32, schedule: &mut Schedule<u32>) {
            self.0.push(event);
            let lane = schedule.lane(SimSpan(5));
            if event > 0 {
                schedule.after(Delay::Constant(lane), event - 1);
                schedule.after(Delay::Drawn(SimSpan(5)), event - 1);
            }
        }
    }

    fn engine<C: Chooser>(chooser: C) -> Engine<Halving, C> {
        Engine::new(chooser, begin)
    }

    fn begin(schedule: &mut Schedule<u32>) -> Halving {
        schedule.after(Delay::Drawn(SimSpan(1)), 2);
        schedule.after(Delay::Drawn(SimSpan(6)), 9);
        Halving(Vec::new())
    }

    #[test]
    fn ties_fire_in_the_order_of_scheduling() {
        let mut engine = engine(Fifo);
        engine.run(SimTime(8), u64::MAX);
        assert_eq!(engine.model.0, [2, 9, 1, 1]);
        assert_eq!((engine.now(), engine.fired(), engine.pending()), (SimTime(8), 4, 6));
    }

    #[test]
    fn the_same_run_has_the_same_digest_and_another_order_another() {
        let digest = |run: &mut dyn FnMut() -> u64| (run(), run());
        let (fifo, again) = digest(&mut || {
            let mut engine = engine(Fifo);
            engine.run(SimTime(20), 100);
            engine.digest()
        });
        assert_eq!(fifo, again);
        let (shuffled, again) = digest(&mut || {
            let mut engine = engine(Shuffled::new(3));
            engine.run(SimTime(20), 100);
            engine.digest()
        });
        assert_eq!(shuffled, again);
        assert_ne!(fifo, shuffled);
    }

    #[test]
    fn an_exhaustive_chooser_meets_every_order_of_ties() {
        let mut chooser = Exhaustive::default();
        let mut orders = std::collections::BTreeSet::new();
        loop {
            let mut engine = engine(chooser);
            engine.run(SimTime(8), u64::MAX);
            orders.insert(engine.model.0.clone());
            chooser = engine.chooser;
            if !chooser.next_order() {
                break;
            }
        }
        // 2 first, then 9 and two ones in each of the three distinguishable orders.
        assert_eq!(orders.len(), 3);
    }

    #[test]
    fn causes_are_kept_for_who_asks() {
        let mut engine = Engine::traced(Fifo, begin);
        engine.run(SimTime(2), u64::MAX);
        let causes: Vec<(u64, u32)> = engine.causes().iter().map(|cause| (cause.by, cause.event)).collect();
        assert_eq!(causes, [(u64::MAX, 2), (u64::MAX, 9), (0, 1), (0, 1)]);
    }
}
