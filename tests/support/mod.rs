//! What the tests against theory share: a scenario text played to its results, and the statistics that judge them.
#![allow(dead_code, reason = "each test file uses its share")]

use std::convert::Infallible;
use std::sync::atomic::AtomicBool;

use rayon::prelude::*;
use stalegate::experiment::compare::{Surroundings, compare};
use stalegate::experiment::comparison::Comparison;
use stalegate::experiment::play::play;
use stalegate::model::fact::{Calls, Fact, Observer};
use stalegate::scenario::{Scenario, load_text};
use stalegate::time::SimTime;
use statrs::distribution::{ChiSquared, ContinuousCDF, Normal, StudentsT};

/// The scenario of a text, which has no mistakes.
pub fn scenario(text: &str) -> Scenario {
    scenario_with(text, &[])
}

/// The same with `path=value` overrides.
pub fn scenario_with(text: &str, overrides: &[&str]) -> Scenario {
    let overrides: Vec<String> = overrides.iter().map(|&argument| argument.to_owned()).collect();
    match load_text("test.toml", text, &overrides, None) {
        Ok(loaded) => loaded.scenario,
        Err(mistakes) => panic!("{}", mistakes.render(false)),
    }
}

/// Every replication under every policy, on all cores.
pub fn compared(scenario: &Scenario) -> Comparison {
    let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let stop = AtomicBool::new(false);
    let surroundings = Surroundings { jobs, stop: &stop, progress: &|_, _| {} };
    match compare(scenario, &surroundings, |_| Ok::<(), Infallible>(())) {
        Ok(comparison) => comparison,
        Err(failure) => panic!("{failure:?}"),
    }
}

/// Every fact of a run with its instant, in the order in which they were told.
#[derive(Debug, Default, PartialEq)]
pub struct Facts(pub Vec<(SimTime, Fact)>);

impl Observer for Facts {
    fn fact(&mut self, at: SimTime, _: u64, fact: &Fact) {
        self.0.push((at, *fact));
    }
}

impl Facts {
    /// The calls among them, in the order of their outcomes.
    pub fn calls(&self) -> impl Iterator<Item = &Calls> {
        self.0.iter().filter_map(|(_, fact)| if let Fact::Calls(calls) = fact { Some(calls) } else { None })
    }
}

/// The facts of one replication under one policy.
pub fn facts(scenario: &Scenario, policy: usize, replication: u32) -> Facts {
    let stop = AtomicBool::new(false);
    match play(scenario, policy, replication, Facts::default(), &stop) {
        Ok(played) => played.observer,
        Err(stop) => panic!("{stop:?}"),
    }
}

/// What `read` makes of the facts of every replication under the first policy, in the order of the replications.
pub fn from_facts<T: Send>(scenario: &Scenario, read: impl Fn(&Facts) -> T + Sync) -> Vec<T> {
    (0..scenario.replications.max).into_par_iter().map(|replication| read(&facts(scenario, 0, replication))).collect()
}

/// A number as a float.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub fn float(n: usize) -> f64 {
    n as f64
}

/// One comparison of a simulated number with its theory.
#[derive(Clone, Debug)]
pub struct Claim {
    pub what: String,
    pub seen: f64,
    pub theory: f64,
    /// The probability, were theory right, of a deviation at least as large to either side.
    pub p: f64,
}

/// The chance with which one test may reject a true theory.
const ALPHA: f64 = 0.001;

/// Which of these p-values Holm's procedure rejects at a familywise level.
pub fn holm(p: &[f64], alpha: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut rejected = vec![false; p.len()];
    for (rank, index) in order.into_iter().enumerate() {
        if p[index] > alpha / float(p.len() - rank) {
            break;
        }
        rejected[index] = true;
    }
    rejected
}

/// All claims at once, at 99.9 %.
pub fn hold(claims: &[Claim]) {
    assert!(claims.iter().all(|claim| claim.p.is_finite()), "a claim without a p-value: {claims:#?}");
    let p: Vec<f64> = claims.iter().map(|claim| claim.p).collect();
    let rejected: Vec<&Claim> =
        claims.iter().zip(holm(&p, ALPHA)).filter_map(|(claim, rejected)| rejected.then_some(claim)).collect();
    assert!(rejected.is_empty(), "theory and simulation differ: {rejected:#?}");
}

/// The mean of independent values against theory, by Student's t.
pub fn mean_is(what: &str, values: &[f64], theory: f64) -> Claim {
    let n = float(values.len());
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0);
    let t = (mean - theory) / libm::sqrt(variance / n);
    let student = StudentsT::new(0.0, 1.0, n - 1.0).expect("at least two values");
    Claim { what: what.to_owned(), seen: mean, theory, p: 2.0 * student.sf(t.abs()) }
}

/// A number with a known standard deviation against theory, by the normal distribution.
pub fn is_within(what: &str, seen: f64, theory: f64, sd: f64) -> Claim {
    let z = (seen - theory) / sd;
    Claim { what: what.to_owned(), seen, theory, p: 2.0 * Normal::standard().sf(z.abs()) }
}

/// A sum of squares against the chi-squared distribution, to either side.
pub fn chi_squared_is(what: &str, seen: f64, freedom: f64) -> Claim {
    let chi = ChiSquared::new(freedom).expect("at least one degree of freedom");
    let p = 2.0 * chi.cdf(seen).min(chi.sf(seen));
    Claim { what: what.to_owned(), seen, theory: freedom, p }
}

/// Counts against equal shares.
pub fn uniform_counts(what: &str, counts: &[f64]) -> Claim {
    let expected = counts.iter().sum::<f64>() / float(counts.len());
    let sum = counts.iter().map(|count| (count - expected) * (count - expected) / expected).sum();
    chi_squared_is(what, sum, float(counts.len() - 1))
}

/// A sample against a continuous distribution function, by the largest distance of Kolmogorov and Smirnov.
pub fn distributed(what: &str, sample: &[f64], cdf: impl Fn(f64) -> f64) -> Claim {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = float(sorted.len());
    let distance = |(index, &value): (usize, &f64)| {
        let (share, below) = (cdf(value), float(index) / n);
        (share - below).max(below + 1.0 / n - share)
    };
    let seen = sorted.iter().enumerate().map(distance).fold(0.0, f64::max);
    // Stephens' approximation of the finite distribution by the limit.
    let root = libm::sqrt(n);
    Claim { what: what.to_owned(), seen, theory: 0.0, p: kolmogorov((root + 0.12 + 0.11 / root) * seen) }
}

/// The chance that Kolmogorov's limit exceeds `x`.
fn kolmogorov(x: f64) -> f64 {
    if x < 0.2 {
        return 1.0;
    }
    let term = |k: u32| {
        let k = f64::from(k);
        libm::exp(-2.0 * k * k * x * x)
    };
    let sum: f64 = (1..=100).map(|k| if k % 2 == 1 { term(k) } else { -term(k) }).sum();
    (2.0 * sum).clamp(0.0, 1.0)
}

/// The distribution function of the exponential distribution.
pub fn exponential(rate: f64) -> impl Fn(f64) -> f64 {
    move |x| -libm::expm1(-rate * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holm_rejects_step_by_step_and_stops_at_the_first_that_holds() {
        // 0.010 ≤ 0.05/4, 0.013 ≤ 0.05/3; 0.030 > 0.05/2, and what follows stays, also 0.040 ≤ 0.05/1.
        assert_eq!(holm(&[0.030, 0.010, 0.040, 0.013], 0.05), [false, true, false, true]);
        assert_eq!(holm(&[0.02, 0.02, 0.02], 0.05), [false, false, false]);
        assert_eq!(holm(&[0.001], 0.001), [true]);
        assert!(holm(&[], 0.001).is_empty());
    }

    #[test]
    fn kolmogorovs_limit_has_its_tabled_quantiles() {
        for (x, p) in [(1.223_85, 0.10), (1.358_10, 0.05), (1.627_62, 0.01), (1.949_47, 0.001)] {
            assert!((kolmogorov(x) / p - 1.0).abs() < 1e-4, "{x}: {}", kolmogorov(x));
        }
    }

    #[test]
    fn a_wrong_distribution_is_noticed() {
        let sample: Vec<f64> = (0..1_000).map(|i| (f64::from(i) + 0.5) / 1_000.0).collect();
        assert!(distributed("right", &sample, |x| x).p > 0.999);
        assert!(distributed("wrong", &sample, |x| x * x).p < 1e-9);
    }
}
