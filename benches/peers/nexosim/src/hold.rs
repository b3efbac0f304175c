//! The hold model: one model that schedules all events on itself.

use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::QuerySource;
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use peer_model::{Delays, Hold, timed};
use serde::{Deserialize, Serialize};

use crate::LATER;

#[derive(Serialize, Deserialize)]
struct Holder {
    delays: Delays,
    pending: u32,
    events: u64,
}

#[Model]
impl Holder {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        for _ in 0..self.pending {
            self.next(cx);
        }
    }

    #[nexosim(schedulable)]
    fn tick(&mut self, (): (), cx: &Context<Self>) {
        self.events += 1;
        self.next(cx);
    }

    /// How many events fired [replier port].
    async fn events(&mut self) -> u64 {
        self.events
    }
}

impl Holder {
    fn next(&mut self, cx: &Context<Self>) {
        cx.schedule_event(Duration::from_nanos(self.delays.draw()), schedulable!(Self::tick), ()).expect(LATER);
    }
}

pub fn hold(Hold { pending, until }: Hold) -> (u64, f64) {
    let mut bench = SimInit::with_num_threads(1);
    let mailbox = Mailbox::new();
    let events = QuerySource::new().connect(Holder::events, &mailbox).register(&mut bench);
    let holder = Holder { delays: Delays::default(), pending, events: 0 };
    let mut simulation =
        bench.add_model(holder, mailbox, "holder").init(MonotonicTime::EPOCH).expect("the bench is complete");
    let (result, seconds) = timed(|| simulation.step_until(Duration::from_nanos(until)));
    result.expect("no model fails");
    (simulation.process_query(&events, ()).expect("it is there"), seconds)
}
