//! What revocations of callers' tokens came to, gateway by gateway, over all replications.

use std::collections::BTreeMap;

use super::record::{Inbound, Revocation};
use super::stat::{self, Quantile, Summary};
use crate::time::SimSpan;

/// The gateways of a world, each alone and all together.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposures {
    /// By gateway node.
    pub gateways: Vec<Tally>,
    /// A revocation lasts here as long as at the gateway where it lasts longest.
    pub all: Tally,
}

/// What is folded of a gateway, or of all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    /// So many are told together.
    gateways: u64,
    /// Over all replications.
    revocations: u64,
    /// How often a gateway heard of one.
    heard: u64,
    pub exposures: Spans,
    accepted: Vec<f64>,
    false_rejections: Vec<f64>,
}

/// Exposures of revocations: their mean and their largest exactly, their quantiles to three digits, whatever the order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans {
    n: u64,
    sum_ns: u128,
    max_ns: u64,
    counts: BTreeMap<Bin, u64>,
}

/// Spans that agree in their first eleven binary digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Bin {
    /// So many digits follow.
    shift: u32,
    digits: u64,
}

/// Below so many values, the 99th percentile is their maximum.
const ENOUGH: u64 = 100;

impl Exposures {
    /// Of a world with so many gateways, without a replication yet.
    #[must_use]
    pub fn new(gateways: usize) -> Exposures {
        Exposures { gateways: vec![Tally::of(1); gateways], all: Tally::of(gateways as u64) }
    }

    /// Folds the next replication in.
    ///
    /// # Panics
    /// Where it has another number of gateways: a bug of the caller.
    pub fn add(&mut self, inbound: &Inbound) {
        assert_eq!(inbound.gateways.len(), self.gateways.len(), "one total per gateway");
        for (tally, total) in self.gateways.iter_mut().zip(&inbound.gateways) {
            tally.calls(total.accepted, total.false_rejections);
        }
        let totals = &inbound.gateways;
        let accepted = totals.iter().map(|total| total.accepted).sum();
        self.all.calls(accepted, totals.iter().map(|total| total.false_rejections).sum());
        inbound.revocations.iter().for_each(|revocation| self.revocation(revocation));
    }

    fn revocation(&mut self, revocation: &Revocation) {
        for (tally, exposure) in self.gateways.iter_mut().zip(&revocation.gateways) {
            tally.revocation(exposure.heard_ns.is_some().into(), exposure.exposure_ns);
        }
        let heard: u64 = revocation.gateways.iter().map(|exposure| u64::from(exposure.heard_ns.is_some())).sum();
        let longest = revocation.gateways.iter().map(|exposure| exposure.exposure_ns).max();
        self.all.revocation(heard, longest.unwrap_or(0));
    }
}

impl Tally {
    fn of(gateways: u64) -> Tally {
        let (exposures, accepted, false_rejections) = (Spans::default(), Vec::new(), Vec::new());
        Tally { gateways, revocations: 0, heard: 0, exposures, accepted, false_rejections }
    }

    /// The calls a replication that were accepted on a revoked token; `None` without a replication.
    #[must_use]
    pub fn accepted(&self) -> Option<Summary> {
        stat::summarise(&self.accepted, stat::ERROR)
    }

    /// The calls a replication that were refused though their token was good; `None` without a replication.
    #[must_use]
    pub fn false_rejections(&self) -> Option<Summary> {
        stat::summarise(&self.false_rejections, stat::ERROR)
    }

    /// The share of the revocations that were heard of, the mean over the gateways; `None` without a revocation.
    #[must_use]
    pub fn heard_share(&self) -> Option<f64> {
        (self.revocations > 0).then(|| float(self.heard) / float(self.revocations * self.gateways))
    }

    /// Revocations a replication; `None` without a replication.
    #[must_use]
    pub fn revocations_a_run(&self) -> Option<f64> {
        (!self.accepted.is_empty()).then(|| float(self.revocations) / stat::count(self.accepted.len()))
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of calls stay far below 2^53")]
    fn calls(&mut self, accepted: u64, false_rejections: u64) {
        self.accepted.push(accepted as f64);
        self.false_rejections.push(false_rejections as f64);
    }

    fn revocation(&mut self, heard: u64, exposure_ns: u64) {
        self.revocations += 1;
        self.heard += heard;
        self.exposures.add(exposure_ns);
    }
}

impl Spans {
    fn add(&mut self, ns: u64) {
        self.n += 1;
        self.sum_ns += u128::from(ns);
        self.max_ns = self.max_ns.max(ns);
        *self.counts.entry(Bin::of(ns)).or_insert(0) += 1;
    }

    /// Their mean in seconds; `None` where there are none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "times in a mean")]
    pub fn mean_s(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum_ns as f64 / (self.n as f64 * 1e9))
    }

    /// The 99th percentile in seconds, or the maximum where there are too few; `None` where there are none.
    ///
    /// # Panics
    /// Never: the bins hold them all.
    #[must_use]
    pub fn p99_s(&self) -> Option<Quantile> {
        let max = self.max_s()?;
        if self.n < ENOUGH {
            return Some(Quantile { value: max, is_max: true });
        }
        let rank = (99 * self.n).div_ceil(100);
        let mut below = self.counts.iter().scan(0, |below, (bin, count)| {
            *below += count;
            Some((*bin, *below))
        });
        let bin = below.find(|&(_, below)| below >= rank).expect("the last bin holds them all").0;
        Some(Quantile { value: SimSpan(bin.last().min(self.max_ns)).as_secs_f64(), is_max: false })
    }

    /// The largest in seconds; `None` where there are none.
    #[must_use]
    pub fn max_s(&self) -> Option<f64> {
        (self.n > 0).then(|| SimSpan(self.max_ns).as_secs_f64())
    }
}

impl Bin {
    const DIGITS: u32 = 11;

    fn of(ns: u64) -> Bin {
        let shift = (u64::BITS - ns.leading_zeros()).saturating_sub(Bin::DIGITS);
        Bin { shift, digits: ns >> shift }
    }

    /// The largest span in it.
    fn last(self) -> u64 {
        (self.digits << self.shift) | ((1 << self.shift) - 1)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of revocations in a mean")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::record::{Exposure, GatewayTotal};

    fn exposure(heard: bool, exposure_ns: u64) -> Exposure {
        Exposure { heard_ns: heard.then_some(7), accepted: 1, exposure_ns, false_rejections: 0 }
    }

    fn inbound(calls: [(u64, u64); 2], revocations: &[[Exposure; 2]]) -> Inbound {
        let total = |(accepted, false_rejections)| GatewayTotal { accepted, false_rejections };
        let revocation =
            |of: &[Exposure; 2]| Revocation { name: "fault/0/shop/user-1".into(), at_ns: 0, gateways: of.to_vec() };
        Inbound { gateways: calls.map(total).to_vec(), revocations: revocations.iter().map(revocation).collect() }
    }

    #[test]
    fn replications_add_up_by_gateway_and_the_worst_gateway_speaks_for_all() {
        let mut exposures = Exposures::new(2);
        let secs = |secs: u64| SimSpan::secs(secs).0;
        exposures.add(&inbound([(3, 0), (10, 1)], &[[exposure(true, secs(1)), exposure(false, secs(4))]]));
        exposures.add(&inbound([(5, 2), (0, 0)], &[[exposure(true, secs(6)), exposure(true, 0)]]));
        exposures.add(&inbound([(1, 1), (2, 0)], &[]));
        let [one, two] = &exposures.gateways[..] else { panic!("{exposures:?}") };
        assert_eq!((one.accepted().unwrap().mean, two.accepted().unwrap().mean), (3.0, 4.0));
        assert_eq!((one.false_rejections().unwrap().mean, two.false_rejections().unwrap().max), (1.0, 1.0));
        assert_eq!((one.heard_share(), two.heard_share()), (Some(1.0), Some(0.5)));
        assert_eq!(one.revocations_a_run(), Some(2.0 / 3.0));
        assert_eq!((one.exposures.mean_s(), one.exposures.max_s()), (Some(3.5), Some(6.0)));
        let all = &exposures.all;
        assert_eq!((all.accepted().unwrap().mean, all.heard_share()), (7.0, Some(0.75)));
        assert_eq!((all.exposures.mean_s(), all.exposures.max_s()), (Some(5.0), Some(6.0)));
    }

    #[test]
    fn without_a_revocation_there_is_no_exposure() {
        let mut exposures = Exposures::new(2);
        exposures.add(&inbound([(0, 0), (0, 4)], &[]));
        let all = &exposures.all;
        assert_eq!((all.exposures.mean_s(), all.exposures.p99_s(), all.exposures.max_s()), (None, None, None));
        assert_eq!((all.heard_share(), all.revocations_a_run()), (None, Some(0.0)));
        assert_eq!(Exposures::new(1).all.revocations_a_run(), None);
    }

    #[test]
    fn the_99th_percentile_is_within_three_digits_and_of_few_the_maximum() {
        let upto = |n: u64| {
            let mut spans = Spans::default();
            (1..=n).for_each(|k| spans.add(SimSpan::millis(k).0));
            spans
        };
        assert_eq!(upto(99).p99_s(), Some(Quantile { value: 0.099, is_max: true }));
        let quantile = upto(10_000).p99_s().unwrap();
        assert!(!quantile.is_max && (quantile.value / 9.9 - 1.0).abs() < 1e-3, "{quantile:?}");
    }

    #[test]
    fn a_bin_holds_its_spans_and_no_others() {
        for ns in [0, 1, 2_047, 2_048, 2_049, 123_456_789, u64::MAX - 1, u64::MAX] {
            let bin = Bin::of(ns);
            assert!(bin.last() >= ns && bin.last() - ns <= ns / 1_024, "{ns}");
            assert_eq!(Bin::of(bin.last()), bin);
            assert!(bin.last() == u64::MAX || Bin::of(bin.last() + 1) > bin, "{ns}");
        }
    }
}
