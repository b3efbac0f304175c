//! What policies do with tokens.

use super::{Collector, MetricDef, Scope, Unit, count, neutral};
use crate::model::fact::Fact;
use crate::time::SimTime;

/// Counts from the warm-up on.
#[derive(Debug)]
pub struct Tokens {
    warmup: SimTime,
    issued: u64,
    resends: u64,
    unsafe_resends: u64,
    purges: u64,
    wasted: u64,
}

impl Collector for Tokens {
    const METRICS: &'static [MetricDef] = &[
        neutral("tokens_issued", Unit::Count, "tokens that the IdP issued"),
        neutral("resends", Unit::Count, "calls sent to the backend again"),
        neutral("unsafe_resends", Unit::Count, "calls sent again that must not be"),
        neutral("purges", Unit::Count, "entries dropped by rules and events"),
        neutral(
            "wasted_fetches",
            Unit::Count,
            "fetches after a refusal that got the refused token again, or had no cause in the token",
        ),
    ];

    fn new(scope: &Scope) -> Tokens {
        Tokens { warmup: scope.warmup, issued: 0, resends: 0, unsafe_resends: 0, purges: 0, wasted: 0 }
    }

    fn observe(&mut self, at: SimTime, fact: &Fact) {
        if at < self.warmup {
            return;
        }
        match fact {
            Fact::TokenIssued { .. } => self.issued += 1,
            Fact::Resend { unsafe_call } => {
                self.resends += 1;
                self.unsafe_resends += u64::from(*unsafe_call);
            }
            Fact::Purged { n, .. } => self.purges += n,
            Fact::WastedFetch => self.wasted += 1,
            _ => {}
        }
    }

    fn values(&mut self, _: &Scope, out: &mut Vec<f64>) {
        out.extend([self.issued, self.resends, self.unsafe_resends, self.purges, self.wasted].map(count));
    }
}
