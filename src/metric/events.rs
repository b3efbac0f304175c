//! What it takes to tell of what is dead: messages.

use super::{Collector, MetricDef, Scope, Unit, count, lower};
use crate::model::fact::Fact;
use crate::time::SimTime;

/// Counts messages from the warm-up on.
#[derive(Debug)]
pub struct Events {
    warmup: SimTime,
    messages: u64,
}

impl Collector for Events {
    const METRICS: &'static [MetricDef] = &[lower(
        "event_messages",
        Unit::Count,
        "messages about events: to the control plane and from it to gateways, repetitions included",
    )];

    fn new(scope: &Scope) -> Events {
        Events { warmup: scope.warmup, messages: 0 }
    }

    fn observe(&mut self, at: SimTime, fact: &Fact) {
        self.messages += u64::from(matches!(fact, Fact::EventMessage) && at >= self.warmup);
    }

    fn values(&mut self, _: &Scope, out: &mut Vec<f64>) {
        out.push(count(self.messages));
    }
}
