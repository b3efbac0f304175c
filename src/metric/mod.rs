//! What is measured, one file a family. Collectors read the facts that the model tells and nothing else.

mod calls;
mod events;
mod idp;
mod inbound;
mod latency;
mod outage;
mod persistence;
mod stale;
mod tokens;
mod users;

use crate::model::fact::{Calls, Fact, Observer};
use crate::time::{SimSpan, SimTime};

pub use inbound::{Exposure, Inbound, Revocation, Totals};
pub use outage::Episode;

/// A metric as the registry knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricDef {
    /// Unit last.
    pub name: &'static str,
    pub unit: Unit,
    /// Which way is good, if one is.
    pub better: Option<Better>,
    pub doc: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Count,
    Seconds,
    Milliseconds,
    Ratio,
    PerSecond,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Higher,
    Lower,
}

impl Unit {
    /// As `summary.csv` prints it.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Unit::Count => "count",
            Unit::Seconds => "s",
            Unit::Milliseconds => "ms",
            Unit::Ratio => "ratio",
            Unit::PerSecond => "1/s",
        }
    }
}

/// What is measured, and in which world.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Nothing before it is measured.
    pub warmup: SimTime,
    pub end: SimTime,
    /// (gateway node, API) pairs.
    pub lanes: usize,
    /// Threads of applications: each is a lane of its own.
    pub application_lanes: usize,
    /// Caches that gateways use: one a holder, or one a credential in a shared store.
    pub caches: usize,
    /// Workers of a node of the IdP.
    pub workers: u32,
    /// Users, by population.
    pub users: Vec<u32>,
    /// Gateway nodes.
    pub gateways: usize,
    /// Whether gateways check tokens of their callers.
    pub callers_have_tokens: bool,
    /// Whether calls are counted where that is possible: then nobody knows whose they are.
    pub counted: bool,
}

/// One family of metrics.
trait Collector: Sized {
    /// What it measures, in the order of [`Collector::values`].
    const METRICS: &'static [MetricDef];

    fn new(scope: &Scope) -> Self;

    /// Takes in what became of calls. Facts before the warm-up come too.
    fn calls(&mut self, _at: SimTime, _calls: &Calls) {}

    /// Takes in the latency of an `ok` call.
    fn latency(&mut self, _at: SimTime, _latency: SimSpan) {}

    /// Takes in any other fact, but for those of single calls that no metric is about: see [`Collectors`].
    fn observe(&mut self, at: SimTime, fact: &Fact);

    /// The values, NaN where a metric does not apply.
    fn values(&mut self, scope: &Scope, out: &mut Vec<f64>);
}

/// Declares the registry: a new family is its file and its name here.
macro_rules! registry {
    ($($family:ident: $collector:ty,)*) => {
        /// Every collector, reading one run.
        #[derive(Debug)]
        pub struct Collectors {
            scope: Scope,
            $($family: $collector,)*
        }

        impl Collectors {
            /// Collectors for a run in this scope.
            #[must_use]
            pub fn new(scope: Scope) -> Collectors {
                Collectors { $($family: <$collector>::new(&scope),)* scope }
            }

            /// One value a metric, in the order of [`all`]; NaN where a metric does not apply. Call it at the end of the run.
            pub fn values(&mut self) -> Vec<f64> {
                let mut out = Vec::new();
                $(self.$family.values(&self.scope, &mut out);)*
                out
            }
        }

        impl Collectors {
            #[inline(never)]
            fn calls(&mut self, at: SimTime, calls: &Calls) {
                $(self.$family.calls(at, calls);)*
            }

            #[inline(never)]
            fn latency(&mut self, at: SimTime, latency: SimSpan) {
                $(self.$family.latency(at, latency);)*
            }

            #[inline(never)]
            fn other(&mut self, at: SimTime, fact: &Fact) {
                $(self.$family.observe(at, fact);)*
            }
        }

        impl Observer for Collectors {
            // Who tells a fact knows its kind: inlined there, what comes with every call goes straight to whom it concerns.
            #[inline]
            fn fact(&mut self, at: SimTime, _: u64, fact: &Fact) {
                match fact {
                    Fact::Calls(calls) => self.calls(at, calls),
                    Fact::Latency(latency) => self.latency(at, *latency),
                    // Traces read these.
                    Fact::Sent { .. } | Fact::Refused { .. } => {}
                    _ => self.other(at, fact),
                }
            }

            fn next_edge(&self, at: SimTime) -> SimTime {
                if at < self.scope.warmup { self.scope.warmup } else { SimTime::NEVER }
            }
        }

        /// Every metric, in the order of `replications.csv`.
        #[must_use]
        pub fn all() -> Vec<MetricDef> {
            [$(<$collector>::METRICS,)*].concat()
        }
    };
}

registry! {
    calls: calls::Outcomes,
    outage: outage::Outages,
    stale: stale::StaleTokens,
    idp: idp::IdpLoad,
    tokens: tokens::Tokens,
    persistence: persistence::Persistence,
    users: users::UsersAffected,
    latency: latency::Latency,
    inbound: inbound::Inbound,
    events: events::Events,
}

impl Collectors {
    /// The outage episodes of the run, clipped to what is measured.
    pub fn take_episodes(&mut self) -> Vec<Episode> {
        self.outage.take_episodes()
    }

    /// What revocations of callers' tokens came to.
    #[must_use]
    pub fn inbound(&self) -> &Inbound {
        &self.inbound
    }
}

/// A metric without a direction.
const fn neutral(name: &'static str, unit: Unit, doc: &'static str) -> MetricDef {
    MetricDef { name, unit, better: None, doc }
}

/// A metric of which less is better.
const fn lower(name: &'static str, unit: Unit, doc: &'static str) -> MetricDef {
    MetricDef { name, unit, better: Some(Better::Lower), doc }
}

/// A metric of which more is better.
const fn higher(name: &'static str, unit: Unit, doc: &'static str) -> MetricDef {
    MetricDef { name, unit, better: Some(Better::Higher), doc }
}

/// A count as a metric's value.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn count(n: u64) -> f64 {
    n as f64
}

/// A ratio, NaN where there is nothing to divide by.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of everything, and nothing to wait for.
    pub(super) fn scope() -> Scope {
        Scope {
            warmup: SimTime::ZERO,
            end: SimTime::ZERO,
            lanes: 1,
            application_lanes: 0,
            caches: 1,
            workers: 1,
            users: Vec::new(),
            gateways: 1,
            callers_have_tokens: false,
            counted: false,
        }
    }

    #[test]
    fn every_metric_has_a_name_of_its_own_and_a_value() {
        let mut names: Vec<&str> = all().iter().map(|metric| metric.name).collect();
        let scope = Scope { application_lanes: 1, users: vec![1], ..scope() };
        assert_eq!(Collectors::new(scope).values().len(), names.len());
        let n = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), n);
    }
}
