//! The fold of a comparison: records in the order of (replication, policy) become what tables, files and plots need.
//! Memory does not grow with the length of a run, and with the replications only by one number per metric.

use super::exposure::Exposures;
use super::record::{Bin, Record};
use super::stat::{self, Summary};
use super::timeline::Layout;
use crate::metric::MetricDef;

/// What several policies came to on the same worlds.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// In the order of the values of a record.
    pub metrics: Vec<MetricDef>,
    pub layout: Layout,
    /// In the order of the scenario; the first is the reference.
    pub policies: Vec<PolicyResults>,
    /// Replications asked for: at most so many, where something may end them.
    pub asked: u32,
    pub stopped: Stopped,
    /// What became of what the replications were for; `None` where their number is fixed, and of those interrupted.
    pub ending: Option<Ending>,
    /// The two-sided probability of error of its intervals; [`stat::ERROR`], or what a look at growing data may spend.
    pub error: f64,
    next: (u32, usize),
}

/// Why there are no more replications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// All that were asked for are done.
    Complete,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

/// What replications came to that had something to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The interval is narrow enough.
    Narrow,
    /// As many as there may be are done, and the interval is too wide.
    Wide,
    /// Every expectation is decided.
    Decided,
    /// As many as there may be are done, and not every expectation is decided.
    Undecided,
}

/// One policy's share of a comparison.
#[derive(Clone, Debug)]
pub struct PolicyResults {
    pub name: String,
    /// One per replication.
    pub digests: Vec<u64>,
    /// One per bin of the layout, over all replications.
    pub timeline: Vec<BinTotal>,
    /// What revocations of callers' tokens came to; `None` where callers have no tokens.
    pub exposures: Option<Exposures>,
    /// Per metric, the values over the replications.
    values: Vec<Vec<f64>>,
}

/// A bin of the timeline over all replications.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BinTotal {
    pub sums: Bin,
    /// Of ok / (ok + failed) in the replications with any such call; none until there is one.
    pub ratios: Option<Box<RatioCounts>>,
}

/// A histogram of ratios in whole percents: 100 means all, 0 means none, what lies between is never rounded to either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatioCounts([u32; 101]);

impl Stopped {
    /// As the manifest says it.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Stopped::Complete => "all replications asked for are done",
            Stopped::Interrupted => "interrupted: what was finished is kept",
        }
    }
}

impl Ending {
    /// As the manifest says it.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Ending::Narrow => "no interval is wider than asked for",
            Ending::Wide => "as many as there may be are done, and the interval is not narrow enough",
            Ending::Decided => "everything is decided",
            Ending::Undecided => "as many as there may be are done, and not everything is decided",
        }
    }
}

impl Comparison {
    /// A comparison without records yet.
    #[must_use]
    pub fn new(policies: &[String], metrics: Vec<MetricDef>, layout: Layout, asked: u32) -> Comparison {
        let empty = |name: &String| PolicyResults {
            name: name.clone(),
            digests: Vec::new(),
            timeline: vec![BinTotal::default(); layout.bins.len()],
            exposures: None,
            values: vec![Vec::new(); metrics.len()],
        };
        let policies = policies.iter().map(empty).collect();
        Comparison {
            metrics,
            layout,
            policies,
            asked,
            stopped: Stopped::Complete,
            ending: None,
            error: stat::ERROR,
            next: (0, 0),
        }
    }

    /// Whether a record has the shape that [`Comparison::push`] wants: a value a metric, a bin a bin of the layout.
    #[must_use]
    pub fn fits(&self, record: &Record) -> bool {
        record.values.len() == self.metrics.len() && record.timeline.len() == self.layout.bins.len()
    }

    /// Folds the next record in.
    ///
    /// # Panics
    /// Where it is not the next one in the order of (replication, policy), or has another shape: bugs of the caller.
    pub fn push(&mut self, record: &Record) {
        assert_eq!(
            (record.replication, record.policy),
            self.next,
            "records come in the order of (replication, policy)"
        );
        assert_eq!(record.values.len(), self.metrics.len(), "one value per metric");
        assert_eq!(record.timeline.len(), self.layout.bins.len(), "one bin per bin of the layout");
        let policy = &mut self.policies[record.policy];
        policy.digests.push(record.digest);
        for (values, &value) in policy.values.iter_mut().zip(&record.values) {
            // One zero only: a bit that nobody sees must not make two policies differ.
            values.push(if value == 0.0 { 0.0 } else { value });
        }
        for (total, bin) in policy.timeline.iter_mut().zip(&record.timeline) {
            total.add(*bin);
        }
        if let Some(inbound) = &record.inbound {
            policy.exposures.get_or_insert_with(|| Exposures::new(inbound.gateways.len())).add(inbound);
        }
        self.next = match self.next {
            (replication, policy) if policy + 1 < self.policies.len() => (replication, policy + 1),
            (replication, _) => (replication + 1, 0),
        };
    }

    /// Whole replications folded in.
    #[must_use]
    pub fn finished(&self) -> u32 {
        self.next.0
    }

    /// Why there are no more replications, as the manifest says it.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.ending.map_or(self.stopped.reason(), Ending::reason)
    }

    /// The position of a metric.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<usize> {
        self.metrics.iter().position(|metric| metric.name == name)
    }

    /// A policy's values of a metric, replication by replication; NaN where it does not apply. Empty for an unknown metric.
    #[must_use]
    pub fn values(&self, policy: usize, metric: &str) -> &[f64] {
        self.metric(metric).map_or(&[], |index| self.values_at(policy, index))
    }

    /// As [`Comparison::values`], by the metric's position.
    #[must_use]
    pub fn values_at(&self, policy: usize, metric: usize) -> &[f64] {
        &self.policies[policy].values[metric]
    }

    /// A policy's metric in numbers; `None` where no replication has a value.
    #[must_use]
    pub fn summary(&self, policy: usize, metric: &str) -> Option<Summary> {
        stat::summarise(self.values(policy, metric), self.error)
    }

    /// The mean of a metric, zero where no replication has a value.
    #[must_use]
    pub fn mean(&self, policy: usize, metric: &str) -> f64 {
        self.summary(policy, metric).map_or(0.0, |summary| summary.mean)
    }

    /// Whether two policies have the same value of every metric in every replication.
    #[must_use]
    pub fn identical(&self, one: usize, other: usize) -> bool {
        let bits = |policy: usize| self.policies[policy].values.iter().flatten().map(|value| value.to_bits());
        bits(one).eq(bits(other))
    }
}

impl PolicyResults {
    /// The blake3 hash (hex) of the digests of its first worlds, little endian.
    #[must_use]
    pub fn digest_of(&self, replications: u32) -> String {
        let mut hasher = blake3::Hasher::new();
        for digest in self.digests.iter().take(replications as usize) {
            hasher.update(&digest.to_le_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

impl BinTotal {
    fn add(&mut self, bin: Bin) {
        self.sums.ok += bin.ok;
        self.sums.failed += bin.failed;
        self.sums.forbidden += bin.forbidden;
        self.sums.idp_token_requests += bin.idp_token_requests;
        if bin.ok + bin.failed > 0 {
            self.ratios.get_or_insert_with(|| Box::new(RatioCounts([0; 101]))).add(bin.ok, bin.failed);
        }
    }
}

impl RatioCounts {
    fn add(&mut self, ok: u64, failed: u64) {
        let level = match (ok, failed) {
            (_, 0) => 100,
            (0, _) => 0,
            (ok, failed) => ((200 * ok / (ok + failed)).div_ceil(2)).clamp(1, 99),
        };
        self.0[usize::try_from(level).expect("at most 100")] += 1;
    }

    /// The smallest ratio with at least that share (in percent) of the replications at or below it.
    ///
    /// # Panics
    /// Never: a histogram is made with its first value.
    #[must_use]
    pub fn quantile(&self, percent: u64) -> f64 {
        let all: u64 = self.0.iter().map(|&count| u64::from(count)).sum();
        let rank = (percent * all).div_ceil(100).max(1);
        let level = (0..=100_u32)
            .zip(&self.0)
            .scan(0, |below, (level, &count)| {
                *below += u64::from(count);
                Some((level, *below))
            })
            .find(|&(_, below)| below >= rank);
        f64::from(level.expect("the last level holds them all").0) / 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Unit;
    use crate::time::SimSpan;

    fn comparison() -> Comparison {
        let metric = MetricDef { name: "failed", unit: Unit::Count, better: None, doc: "" };
        let layout = Layout::new(SimSpan::secs(2), &[]);
        Comparison::new(&["a".into(), "b".into()], vec![metric], layout, 2)
    }

    fn record(replication: u32, policy: usize, value: f64, ok: u64, failed: u64) -> Record {
        let bin = Bin { ok, failed, forbidden: 1, idp_token_requests: 2 };
        let timeline = vec![bin, Bin::default()];
        let values = vec![value];
        Record { policy, replication, digest: 7, values, episodes: Vec::new(), timeline, inbound: None }
    }

    #[test]
    fn records_add_up_by_policy() {
        let mut comparison = comparison();
        comparison.push(&record(0, 0, 1.0, 3, 1));
        comparison.push(&record(0, 1, -0.0, 0, 0));
        comparison.push(&record(1, 0, 2.0, 4, 0));
        assert_eq!(comparison.finished(), 1);
        assert_eq!(comparison.values(0, "failed"), [1.0, 2.0]);
        assert_eq!(comparison.values(1, "failed")[0].to_bits(), 0);
        let total = &comparison.policies[0].timeline[0];
        assert_eq!(total.sums, Bin { ok: 7, failed: 1, forbidden: 2, idp_token_requests: 4 });
        let ratios = total.ratios.as_ref().unwrap();
        assert_eq!((ratios.quantile(5), ratios.quantile(95)), (0.75, 1.0));
        assert_eq!(comparison.policies[1].timeline[0].ratios, None);
    }

    #[test]
    fn nearly_all_is_not_all_and_nearly_none_is_not_none() {
        let mut counts = RatioCounts([0; 101]);
        counts.add(999_999, 1);
        assert!((counts.quantile(50) - 0.99).abs() < 1e-12);
        let mut counts = RatioCounts([0; 101]);
        counts.add(1, 999_999);
        assert!((counts.quantile(50) - 0.01).abs() < 1e-12);
    }

    #[test]
    #[should_panic(expected = "in the order of (replication, policy)")]
    fn a_record_out_of_order_is_a_bug() {
        comparison().push(&record(0, 1, 0.0, 0, 0));
    }
}
