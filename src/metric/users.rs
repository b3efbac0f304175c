//! Who was hit: distinct users with a failed call.

use super::{Collector, MetricDef, Scope, Unit, count, lower};
use crate::model::fact::Fact;
use crate::oauth::Outcome;
use crate::time::SimTime;

/// A bit a user, taken only by populations that fail.
#[derive(Debug)]
pub struct UsersAffected {
    warmup: SimTime,
    users: Vec<u32>,
    hit: Vec<Vec<u64>>,
}

impl Collector for UsersAffected {
    const METRICS: &'static [MetricDef] = &[lower("users_affected", Unit::Count, "distinct users with a failed call")];

    fn new(scope: &Scope) -> UsersAffected {
        UsersAffected { warmup: scope.warmup, users: scope.users.clone(), hit: vec![Vec::new(); scope.users.len()] }
    }

    fn observe(&mut self, at: SimTime, fact: &Fact) {
        if let Fact::Calls(calls) = fact
            && matches!(calls.outcome, Outcome::Failed(_))
            && at >= self.warmup
            && let Some((client, user)) = calls.user
        {
            let hit = &mut self.hit[client.index()];
            if hit.is_empty() {
                hit.resize((self.users[client.index()] as usize).div_ceil(64), 0);
            }
            hit[user as usize / 64] |= 1 << (user % 64);
        }
    }

    fn values(&mut self, _: &Scope, out: &mut Vec<f64>) {
        out.push(count(self.hit.iter().flatten().map(|word| u64::from(word.count_ones())).sum()));
    }
}
