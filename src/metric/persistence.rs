//! What the token store does to tokens: races for `CON_APP_KEY`, and what becomes of those who lose them.

use super::{Collector, MetricDef, Scope, Unit, count, lower};
use crate::model::fact::Fact;
use crate::time::SimTime;

/// Counts from the warm-up on; all zero without a database.
#[derive(Debug)]
pub struct Persistence {
    warmup: SimTime,
    violations: u64,
    recoveries: u64,
    exhausted: u64,
    superseded: u64,
    duplicates: u64,
    lost: u64,
}

impl Collector for Persistence {
    const METRICS: &'static [MetricDef] = &[
        lower("con_app_key_violations", Unit::Count, "inserts that met an ACTIVE token of the same token key"),
        lower("con_app_key_recoveries", Unit::Count, "tokens got or stored after a violation"),
        lower("con_app_key_exhausted", Unit::Count, "tokens given up after the last retry"),
        lower(
            "superseded_tokens",
            Unit::Count,
            "tokens handed to a caller and killed before their expiry by a race or a renewal",
        ),
        lower("duplicate_active_jwts", Unit::Count, "recoveries that left two JWTs good at who checks signatures"),
        lower("lost_tokens", Unit::Count, "tokens handed out, unexpired, and never persisted"),
    ];

    fn new(scope: &Scope) -> Persistence {
        let warmup = scope.warmup;
        Persistence { warmup, violations: 0, recoveries: 0, exhausted: 0, superseded: 0, duplicates: 0, lost: 0 }
    }

    fn observe(&mut self, at: SimTime, fact: &Fact) {
        if at < self.warmup {
            return;
        }
        match fact {
            Fact::ConAppKeyViolated { .. } => self.violations += 1,
            Fact::ConAppKeyRecovered { .. } => self.recoveries += 1,
            Fact::ConAppKeyExhausted { .. } => self.exhausted += 1,
            Fact::Superseded { .. } => self.superseded += 1,
            Fact::DuplicateActiveJwt => self.duplicates += 1,
            Fact::TokenLost { .. } => self.lost += 1,
            _ => {}
        }
    }

    fn values(&mut self, _: &Scope, out: &mut Vec<f64>) {
        let race = [self.violations, self.recoveries, self.exhausted];
        out.extend(race.map(count));
        out.extend([self.superseded, self.duplicates, self.lost].map(count));
    }
}
