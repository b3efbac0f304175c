//! Revocations of callers' tokens: for how long each gateway goes on accepting them, and whom it locks out by mistake.

use super::{Collector, MetricDef, Scope, Unit, count, lower};
use crate::id::{FaultId, GatewayId, NoticeId};
use crate::model::fact::Fact;
use crate::revocation::Target;
use crate::time::{SimSpan, SimTime};

/// A revocation of callers' tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    pub at: SimTime,
    pub target: Target,
    /// What made it, and which time that was.
    pub fault: FaultId,
    pub occurrence: u32,
}

/// What a revocation came to at a gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// When the gateway first heard of it.
    pub heard: Option<SimTime>,
    /// When it last let a call pass that a backend then accepted.
    last: SimTime,
    /// Calls accepted although their token was revoked.
    pub accepted: u32,
    /// Calls refused for this revocation although their token was good.
    pub false_rejections: u32,
}

/// What a gateway did in all, whatever the revocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub accepted: u64,
    pub false_rejections: u64,
}

/// Follows every revocation to every gateway.
#[derive(Debug)]
pub struct Inbound {
    warmup: SimTime,
    revocations: Vec<Revocation>,
    /// By number of the event: the position of its revocation, plus one.
    positions: Vec<u32>,
    /// Revocation by revocation, of each gateway.
    exposures: Vec<Exposure>,
    /// By gateway.
    totals: Vec<Totals>,
    logins: u64,
}

impl Collector for Inbound {
    const METRICS: &'static [MetricDef] = &[
        lower(
            "accepted_after_revocation",
            Unit::Count,
            "calls served on a caller's token that had been revoked before",
        ),
        lower(
            "exposure_mean_s",
            Unit::Seconds,
            "mean over revocations of the time until the last call that a gateway let pass all the same, 0 if none",
        ),
        lower("exposure_p99_s", Unit::Seconds, "the 99th percentile of the same; of fewer than 100, the largest"),
        lower("exposure_max_s", Unit::Seconds, "the largest of the same"),
        lower("false_rejections", Unit::Count, "calls that a gateway refused though their caller's token was good"),
        lower("logins", Unit::Count, "logins of users during the run, after a refusal or a revocation"),
    ];

    fn new(scope: &Scope) -> Inbound {
        let (revocations, positions, exposures) = (Vec::new(), Vec::new(), Vec::new());
        let totals = vec![Totals::default(); if scope.callers_have_tokens { scope.gateways } else { 0 }];
        Inbound { warmup: scope.warmup, revocations, positions, exposures, totals, logins: 0 }
    }

    fn observe(&mut self, at: SimTime, fact: &Fact) {
        if at < self.warmup {
            return;
        }
        match *fact {
            Fact::Revoked { notice, target, fault, occurrence } => {
                self.revoked(notice, Revocation { at, target, fault, occurrence });
            }
            Fact::Delivered { notice, gateway } => {
                if let Some(exposure) = self.exposure(notice, gateway) {
                    exposure.heard.get_or_insert(at);
                }
            }
            Fact::ServedRevoked { by, gateway, validated } => {
                self.totals[gateway.index()].accepted += 1;
                if let Some(exposure) = self.exposure(by, gateway) {
                    exposure.accepted += 1;
                    exposure.last = exposure.last.max(validated);
                }
            }
            Fact::FalselyRefused { by, gateway } => {
                self.totals[gateway.index()].false_rejections += 1;
                if let Some(exposure) = by.and_then(|notice| self.exposure(notice, gateway)) {
                    exposure.false_rejections += 1;
                }
            }
            Fact::Login { .. } => self.logins += 1,
            _ => {}
        }
    }

    fn values(&mut self, scope: &Scope, out: &mut Vec<f64>) {
        if !scope.callers_have_tokens {
            out.extend([f64::NAN; Inbound::METRICS.len()]);
            return;
        }
        let sum = |of: fn(&Totals) -> u64| count(self.totals.iter().map(of).sum());
        out.push(sum(|totals| totals.accepted));
        out.extend(self.mean_p99_and_max());
        out.push(sum(|totals| totals.false_rejections));
        out.push(count(self.logins));
    }
}

impl Exposure {
    /// From the revocation to the last call that the gateway let pass; zero if there was none.
    #[must_use]
    pub fn lasted(&self, revoked: SimTime) -> SimSpan {
        if self.accepted > 0 { self.last.since(revoked) } else { SimSpan::ZERO }
    }
}

impl Inbound {
    /// What each gateway did in all; empty where callers have no tokens.
    #[must_use]
    pub fn totals(&self) -> &[Totals] {
        &self.totals
    }

    /// The revocations in the order of their instants, each with what it came to at every gateway.
    pub fn revocations(&self) -> impl Iterator<Item = (&Revocation, &[Exposure])> {
        self.revocations.iter().zip(self.exposures.chunks(self.totals.len().max(1)))
    }

    fn revoked(&mut self, notice: NoticeId, revocation: Revocation) {
        self.revocations.push(revocation);
        if self.positions.len() <= notice.index() {
            self.positions.resize(notice.index() + 1, 0);
        }
        self.positions[notice.index()] = u32::try_from(self.revocations.len()).expect("events are counted in 32 bits");
        self.exposures.resize(self.exposures.len() + self.totals.len(), Exposure::default());
    }

    /// Where to note what the revocation of an event came to at a gateway; none for one before the warm-up, or another event.
    fn exposure(&mut self, notice: NoticeId, gateway: GatewayId) -> Option<&mut Exposure> {
        let position = *self.positions.get(notice.index())? as usize;
        let row = position.checked_sub(1)? * self.totals.len();
        self.exposures.get_mut(row + gateway.index())
    }

    /// Over the revocations, of the longest exposure at any gateway, in seconds; NaN without one.
    #[expect(clippy::cast_precision_loss, reason = "times in a mean")]
    fn mean_p99_and_max(&self) -> [f64; 3] {
        let longest = |(revocation, exposures): (&Revocation, &[Exposure])| {
            exposures.iter().map(|exposure| exposure.lasted(revocation.at)).max().unwrap_or_default()
        };
        let mut spans: Vec<SimSpan> = self.revocations().map(longest).collect();
        spans.sort_unstable();
        let Some(&max) = spans.last() else { return [f64::NAN; 3] };
        let sum_ns: u128 = spans.iter().map(|span| u128::from(span.0)).sum();
        let p99 = spans[(99 * spans.len()).div_ceil(100) - 1];
        [sum_ns as f64 / (spans.len() as f64 * 1e9), p99.as_secs_f64(), max.as_secs_f64()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ClientId, ConsumerKeyId};
    use crate::metric::tests::scope;
    use crate::revocation::UserId;

    const ONE: GatewayId = GatewayId(0);
    const TWO: GatewayId = GatewayId(1);

    fn at(ms: u64) -> SimTime {
        SimTime(ms * 1_000_000)
    }

    /// Two gateways, measured from the first second on.
    fn two_gateways() -> Scope {
        Scope { warmup: at(1_000), gateways: 2, callers_have_tokens: true, ..scope() }
    }

    fn revoked(notice: u32, user: u32) -> Fact {
        let target = Target::Subject(UserId { client: ClientId(0), user });
        Fact::Revoked { notice: NoticeId(notice), target, fault: FaultId(0), occurrence: 0 }
    }

    fn served(notice: u32, gateway: GatewayId, ms: u64) -> Fact {
        Fact::ServedRevoked { by: NoticeId(notice), gateway, validated: at(ms) }
    }

    fn refused(notice: Option<u32>, gateway: GatewayId) -> Fact {
        Fact::FalselyRefused { by: notice.map(NoticeId), gateway }
    }

    fn measured(scope: &Scope, facts: &[(u64, Fact)]) -> (Inbound, Vec<f64>) {
        let mut inbound = Inbound::new(scope);
        for (ms, fact) in facts {
            inbound.observe(at(*ms), fact);
        }
        let mut values = Vec::new();
        inbound.values(scope, &mut values);
        (inbound, values)
    }

    #[test]
    fn an_exposure_ends_with_the_last_call_that_any_gateway_let_pass() {
        let facts = [
            (2_000, revoked(3, 7)),
            (2_020, served(3, ONE, 2_010)),
            (2_060, Fact::Delivered { notice: NoticeId(3), gateway: ONE }),
            (4_000, revoked(5, 8)),
            // Settled in another order than they were let pass.
            (4_500, served(3, TWO, 4_300)),
            (4_501, served(3, TWO, 4_200)),
            (4_600, refused(Some(5), ONE)),
            (4_700, refused(None, TWO)),
            (4_800, Fact::Delivered { notice: NoticeId(3), gateway: ONE }),
            (4_900, Fact::Login { client: ClientId(0), user: 7 }),
        ];
        let (inbound, values) = measured(&two_gateways(), &facts);
        // One of 2.3 s, one of 0: of two revocations the 99th percentile is the larger one.
        assert_eq!(values, [3.0, 1.15, 2.3, 2.3, 2.0, 1.0]);
        let found: Vec<(&Revocation, &[Exposure])> = inbound.revocations().collect();
        let [(first, of_first), (second, of_second)] = found[..] else { panic!("{found:?}") };
        assert_eq!((first.at, second.at), (at(2_000), at(4_000)));
        let lasted = |revocation: &Revocation, of: &[Exposure]| [0, 1].map(|g: usize| of[g].lasted(revocation.at));
        assert_eq!(lasted(first, of_first), [SimSpan::millis(10), SimSpan::millis(2_300)]);
        assert_eq!(lasted(second, of_second), [SimSpan::ZERO; 2]);
        assert_eq!(
            of_first.iter().map(|of| (of.heard, of.accepted)).collect::<Vec<_>>(),
            [(Some(at(2_060)), 1), (None, 2)]
        );
        assert_eq!(of_second.iter().map(|of| of.false_rejections).collect::<Vec<_>>(), [1, 0]);
        assert_eq!(
            inbound.totals(),
            [Totals { accepted: 1, false_rejections: 1 }, Totals { accepted: 2, false_rejections: 1 }]
        );
    }

    #[test]
    fn what_was_revoked_before_the_warm_up_counts_in_calls_and_in_no_exposure() {
        let facts = [
            (500, revoked(0, 1)),
            (900, served(0, ONE, 890)),
            (950, refused(Some(0), ONE)),
            (990, Fact::Login { client: ClientId(0), user: 1 }),
            (1_500, served(0, ONE, 1_490)),
            (1_600, refused(Some(0), TWO)),
        ];
        let (inbound, values) = measured(&two_gateways(), &facts);
        assert!(values[1..4].iter().all(|value| value.is_nan()), "{values:?}");
        assert_eq!((values[0], values[4], values[5]), (1.0, 1.0, 0.0));
        assert_eq!(inbound.revocations().count(), 0);
    }

    #[test]
    fn the_99th_percentile_of_100_revocations_is_the_second_largest() {
        let facts = |n: u32| -> Vec<(u64, Fact)> {
            let all = (1..=n).flat_map(|k| [(1_000, revoked(k, k)), (2_000, served(k, ONE, 1_000 + u64::from(k)))]);
            all.collect()
        };
        let of = |n| measured(&two_gateways(), &facts(n)).1[1..4].to_vec();
        assert_eq!(of(99), [0.05, 0.099, 0.099]);
        assert_eq!(of(100), [0.050_5, 0.099, 0.1]);
    }

    #[test]
    fn nothing_is_said_where_callers_have_no_tokens() {
        let (inbound, values) = measured(&Scope { callers_have_tokens: false, ..two_gateways() }, &[]);
        assert!(values.len() == Inbound::METRICS.len() && values.iter().all(|value| value.is_nan()), "{values:?}");
        assert_eq!((inbound.totals().len(), inbound.revocations().count()), (0, 0));
    }

    #[test]
    fn an_event_about_something_else_is_no_revocation() {
        let target = Target::ConsumerKey(ConsumerKeyId(0));
        let facts = [
            (2_000, Fact::Revoked { notice: NoticeId(2), target, fault: FaultId(0), occurrence: 1 }),
            (2_100, Fact::Delivered { notice: NoticeId(1), gateway: ONE }),
            (2_200, Fact::Delivered { notice: NoticeId(9), gateway: ONE }),
        ];
        let (inbound, _) = measured(&two_gateways(), &facts);
        assert!(inbound.revocations().all(|(_, of)| of.iter().all(|exposure| exposure.heard.is_none())));
    }

    #[test]
    fn a_revocation_costs_32_bytes_a_gateway() {
        assert_eq!(size_of::<Exposure>(), 32);
    }
}
