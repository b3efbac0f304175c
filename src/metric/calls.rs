//! What became of calls: counts, causes, availability.

use super::{Collector, MetricDef, Scope, Unit, count, higher, lower, neutral, ratio};
use crate::model::fact::{Calls, CountedCalls, Fact};
use crate::oauth::{Cause, Outcome};
use crate::time::SimTime;

/// Counts by outcome, from the warm-up on.
#[derive(Debug)]
pub struct Outcomes {
    warmup: SimTime,
    ok: u64,
    forbidden: u64,
    failed: [u64; Cause::ALL.len()],
    unanswered: u64,
    answers_lost: u64,
    accepted_while_dead: u64,
}

impl Collector for Outcomes {
    const METRICS: &'static [MetricDef] = &[
        neutral(
            "requests",
            Unit::Count,
            "calls: ok, failed, forbidden and unanswered ones; a client's retry is one more",
        ),
        neutral("ok", Unit::Count, "calls whose token the backend accepted"),
        lower("failed", Unit::Count, "calls that failed, whatever the cause"),
        neutral("forbidden", Unit::Count, "calls that met the backend's own 403"),
        neutral("unanswered", Unit::Count, "calls in flight at the end"),
        lower("failed.stale-token", Unit::Count, "failed: the token was dead by a restart or a revocation"),
        lower(
            "failed.superseded-token",
            Unit::Count,
            "failed: the token was made INACTIVE by a race or a sibling's renewal",
        ),
        lower("failed.lost-token", Unit::Count, "failed: the token was handed out and never persisted"),
        lower("failed.not-yet-persisted", Unit::Count, "failed: the token was not persisted yet"),
        lower("failed.expired-token", Unit::Count, "failed: the token had expired"),
        lower("failed.no-token", Unit::Count, "failed: the call carried no token"),
        lower("failed.idp-down", Unit::Count, "failed: the IdP refused the connection or was starting"),
        lower("failed.idp-busy", Unit::Count, "failed: the IdP's queue was full"),
        lower("failed.idp-timeout", Unit::Count, "failed: the IdP did not answer in time"),
        lower("failed.idp-error", Unit::Count, "failed: the IdP's database was gone"),
        lower("failed.persist-failed", Unit::Count, "failed: the IdP could not persist a token"),
        lower("failed.introspection-down", Unit::Count, "failed: the backend could not check the token"),
        lower(
            "failed.store-down",
            Unit::Count,
            "failed: the gateways' shared token store was down, and they do without it no call",
        ),
        lower("failed.gateway-down", Unit::Count, "failed: the gateway node was down"),
        lower("failed.inbound-refused", Unit::Count, "failed: the gateway refused the caller's own token"),
        lower("failed.client-timeout", Unit::Count, "failed: the client gave up"),
        higher("availability", Unit::Ratio, "ok / (ok + failed)"),
        lower("answers_lost", Unit::Count, "settled calls whose answer the client never saw"),
        neutral("accepted_while_dead", Unit::Count, "calls that a backend served on a dead token"),
    ];

    fn new(scope: &Scope) -> Outcomes {
        Outcomes {
            warmup: scope.warmup,
            ok: 0,
            forbidden: 0,
            failed: [0; Cause::ALL.len()],
            unanswered: 0,
            answers_lost: 0,
            accepted_while_dead: 0,
        }
    }

    fn calls(&mut self, at: SimTime, calls: &Calls) {
        if at < self.warmup {
            return;
        }
        match calls.outcome {
            Outcome::Ok => self.ok += calls.n,
            Outcome::Forbidden => self.forbidden += calls.n,
            Outcome::Failed(cause) => self.failed[cause.index()] += calls.n,
        }
    }

    fn observe(&mut self, at: SimTime, fact: &Fact) {
        if at < self.warmup {
            return;
        }
        match fact {
            Fact::Unanswered(n) => self.unanswered = *n,
            Fact::AnswerLost => self.answers_lost += 1,
            Fact::AcceptedWhileDead => self.accepted_while_dead += 1,
            Fact::Counted { what: CountedCalls::AcceptedWhileDead, n } => self.accepted_while_dead += n,
            _ => {}
        }
    }

    fn values(&mut self, _: &Scope, out: &mut Vec<f64>) {
        let failed: u64 = self.failed.iter().sum();
        let requests = self.ok + failed + self.forbidden + self.unanswered;
        out.extend([requests, self.ok, failed, self.forbidden, self.unanswered].map(count));
        out.extend(self.failed.map(count));
        out.push(ratio(count(self.ok), count(self.ok + failed)));
        out.extend([self.answers_lost, self.accepted_while_dead].map(count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_its_metric_in_order() {
        let names: Vec<&str> = Outcomes::METRICS.iter().filter_map(|m| m.name.strip_prefix("failed.")).collect();
        assert_eq!(names, Cause::ALL.map(|(_, word)| word));
    }
}
