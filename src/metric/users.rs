//! Who was hit: distinct users with a failed call.

use super::{Collector, MetricDef, Scope, Unit, count, lower};
use crate::model::fact::{Calls, Fact};
use crate::oauth::Outcome;
use crate::time::SimTime;

/// A bit a user, taken only by populations that fail.
#[derive(Debug)]
pub struct UsersAffected {
    warmup: SimTime,
    counted: bool,
    users: Vec<u32>,
    hit: Vec<Vec<u64>>,
}

impl Collector for UsersAffected {
    const METRICS: &'static [MetricDef] =
        &[lower("users_affected", Unit::Count, "distinct users with a failed call; of runs that play each call")];

    fn new(scope: &Scope) -> UsersAffected {
        let (users, hit) = (scope.users.clone(), vec![Vec::new(); scope.users.len()]);
        UsersAffected { warmup: scope.warmup, counted: scope.counted, users, hit }
    }

    fn calls(&mut self, at: SimTime, calls: &Calls) {
        if matches!(calls.outcome, Outcome::Failed(_))
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

    fn observe(&mut self, _: SimTime, _: &Fact) {}

    fn values(&mut self, _: &Scope, out: &mut Vec<f64>) {
        let users = count(self.hit.iter().flatten().map(|word| u64::from(word.count_ones())).sum());
        out.push(if self.counted { f64::NAN } else { users });
    }
}
