//! Intervals cover the truth as often as they say: at one look, at the last of several, with and without a known distribution.
//! The streams are fixed, so that what is found here is found again.

use std::sync::atomic::AtomicBool;

use crate::support;
use stalegate::dist::{Dist, normal_quantile};
use stalegate::experiment::compare::{Surroundings, compare};
use stalegate::experiment::comparison::{Comparison, Ending};
use stalegate::experiment::record::{Bin, Record};
use stalegate::experiment::sequential::{Looks, narrow};
use stalegate::experiment::stat::{self, ERROR, Interval, order};
use stalegate::experiment::timeline::Layout;
use stalegate::metric::{MetricDef, Unit};
use stalegate::replications::{Replications, Until, Width};
use stalegate::rng::{Rows, Seeds, uniform};
use stalegate::time::SimSpan;

const METRIC: &str = "value";

/// A world that costs nothing: one draw, of a known mean.
#[derive(Clone, Copy)]
enum Model {
    /// Mean 10, standard deviation 3.
    Normal,
    /// Mean 10.
    Exponential,
}

impl Model {
    const MEAN: f64 = 10.0;

    fn draw(self, word: u64) -> f64 {
        match self {
            Model::Normal => Self::MEAN + 3.0 * normal_quantile(uniform(word)),
            Model::Exponential => {
                Dist::Exponential { mean: SimSpan::from_secs_f64(Self::MEAN) }.sample(uniform(word)).as_secs_f64()
            }
        }
    }

    /// The values of a policy in the first replications of a run.
    fn values(self, run: u32, policy: usize, replications: u32) -> Vec<f64> {
        let key = Seeds { seed: 2_026, replication: run }.key("coverage", &format!("policy-{policy}"));
        Rows::new(key).words(0, 0).take(replications as usize).map(|word| self.draw(word)).collect()
    }
}

/// A run of so many policies to the first look at which it is `enough`.
fn run(
    model: Model,
    number: u32,
    policies: usize,
    looks: &Looks,
    enough: impl Fn(&Comparison) -> bool,
) -> (Comparison, bool) {
    let metric = MetricDef { name: METRIC, unit: Unit::Seconds, better: None, doc: "" };
    let names: Vec<String> = (0..policies).map(|policy| format!("policy-{policy}")).collect();
    let mut comparison = Comparison::new(&names, vec![metric], Layout::new(SimSpan::secs(1), &[]), looks.most());
    let values: Vec<Vec<f64>> = (0..policies).map(|policy| model.values(number, policy, looks.most())).collect();
    for (look, &end) in looks.ends().iter().enumerate() {
        comparison.error = looks.error_at(look);
        for replication in comparison.finished()..end {
            for (policy, values) in values.iter().enumerate() {
                let (values, timeline) = (vec![values[replication as usize]], vec![Bin::default()]);
                let (digest, episodes, inbound) = (0, Vec::new(), None);
                comparison.push(&Record { policy, replication, digest, values, episodes, timeline, inbound });
            }
        }
        if enough(&comparison) {
            return (comparison, true);
        }
    }
    (comparison, false)
}

fn interval(comparison: &Comparison, policy: usize) -> Interval {
    comparison.summary(policy, METRIC).unwrap().interval.unwrap()
}

fn covers(interval: Interval, truth: f64) -> bool {
    interval.low <= truth && truth <= interval.high
}

/// The share of runs in which it holds, told.
fn share(what: &str, runs: u32, holds: impl Fn(u32) -> bool) -> f64 {
    let count = (0..runs).filter(|&run| holds(run)).count();
    let share = support::float(count) / f64::from(runs);
    println!("{what}: {:.2} % of {runs} runs", share * 100.0);
    share
}

fn is_95(share: f64) {
    assert!((0.93..=0.97).contains(&share), "{share}");
}

fn until(min: u32, max: u32, until: Until) -> Replications {
    Replications { min, max, until }
}

#[test]
fn the_mean_of_a_fixed_number_is_covered() {
    for (what, model, n) in [("10 normals", Model::Normal, 10), ("100 exponentials", Model::Exponential, 100)] {
        is_95(share(what, 4_000, |run| {
            let values = model.values(run, 0, n);
            covers(stat::summarise(&values, ERROR).unwrap().interval.unwrap(), Model::MEAN)
        }));
    }
}

#[test]
fn the_mean_is_covered_when_its_interval_is_narrow_enough() {
    let widths = [("absolute", Width::Absolute(0.5)), ("relative", Width::Relative(0.05))];
    for (what, width) in widths {
        for (name, model) in [("normal", Model::Normal), ("exponential", Model::Exponential)] {
            let metric = METRIC.to_owned();
            let replications = until(20, 4_000, Until::HalfWidth { metric, policy: None, width });
            let looks = Looks::of(&replications, 1, 1);
            is_95(share(&format!("{name}, {what} width"), 2_000, |number| {
                let (comparison, stopped) =
                    run(model, number, 1, &looks, |comparison| narrow(comparison, METRIC, None, width));
                assert!(stopped && comparison.finished() < 4_000);
                covers(interval(&comparison, 0), Model::MEAN)
            }));
        }
    }
}

/// Whether each policy's mean is told from 10: what decides an expectation whose bound is the truth, and each time wrongly.
fn decided(comparison: &Comparison, statements: usize) -> Vec<bool> {
    let error = stat::shared(comparison.error, statements);
    let wrong = |policy: usize| {
        let values = comparison.values(policy, METRIC);
        let (mean, half) = (stat::mean(values).unwrap(), stat::half_width(values, error).unwrap());
        (mean - Model::MEAN).abs() > half
    };
    (0..comparison.policies.len()).map(wrong).collect()
}

#[test]
fn looking_again_and_again_decides_wrongly_as_rarely_as_once() {
    for (name, model, max) in
        [("normal", Model::Normal, 2_000), ("exponential", Model::Exponential, 2_000), ("normal", Model::Normal, 200)]
    {
        let looks = Looks::of(&until(20, max, Until::Decided), 1, 1);
        let what = format!("{name}, covered where it ends, 20 to {max} in {} looks", looks.ends().len());
        is_95(share(&what, 4_000, |number| {
            let (comparison, wrong) = run(model, number, 1, &looks, |comparison| decided(comparison, 1)[0]);
            let covered = covers(interval(&comparison, 0), Model::MEAN);
            assert_eq!(covered, !wrong, "the interval at the end is the one that decided");
            covered
        }));
    }
}

#[test]
fn without_spending_looks_would_decide_wrongly_far_too_often() {
    let looks = Looks::of(&until(20, 2_000, Until::Decided), 1, 1);
    let wrong = share("normal, each look as if it were the only one", 2_000, |number| {
        run(Model::Normal, number, 1, &looks, |comparison| {
            let values = comparison.values(0, METRIC);
            (stat::mean(values).unwrap() - Model::MEAN).abs() > stat::half_width(values, ERROR).unwrap()
        })
        .1
    });
    assert!(wrong > 0.15, "{wrong}");
}

#[test]
fn several_statements_are_all_right_as_often_as_one() {
    // A replication ends it when all three are told from the truth, so nearly always the most: all looks are had.
    let looks = Looks::of(&until(20, 600, Until::Decided), 3, 3);
    let all_right = share("three statements, none ever wrongly decided", 2_000, |number| {
        let ever = std::cell::Cell::new(false);
        run(Model::Normal, number, 3, &looks, |comparison| {
            let wrong = decided(comparison, 3);
            ever.set(ever.get() || wrong.contains(&true));
            wrong.iter().all(|&wrong| wrong)
        });
        !ever.get()
    });
    is_95(all_right);
}

#[test]
fn quantiles_are_covered_whatever_the_distribution() {
    // Of an exponential time of mean 10 the quantile p is −10 ln(1 − p).
    for (p, n) in [(0.5, 6), (0.5, 21), (0.5, 100), (0.95, 72), (0.95, 250), (0.05, 72), (0.99, 368)] {
        let truth = -Model::MEAN * libm::log(1.0 - p);
        let covered = share(&format!("quantile {p} of {n}"), 2_000, |run| {
            let mut values = Model::Exponential.values(run, 1, n);
            values.sort_by(f64::total_cmp);
            let ends = order::interval(&values, p, ERROR);
            // An end that is missing leaves nothing out.
            ends.low.is_none_or(|low| low <= truth) && ends.high.is_none_or(|high| truth <= high)
        });
        assert!((0.94..=0.995).contains(&covered), "{covered}");
    }
}

/// Calls of a Poisson population within 10 s: mean 50, and nothing else happens.
const CALLS: &str = r#"
name = "calls"
[run]
duration = "10s"
replications = { min = 10, max = 500, until = { metric = "requests", relative_half_width = 0.05 } }
[[api]]
name = "orders"
[[client]]
name = "shop"
apis = ["orders"]
arrivals = { process = "poisson", rate = "5/s" }
[[policy]]
name = "ttl-only"
"#;

#[test]
fn the_simulator_itself_covers_a_known_mean_when_it_stops() {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let around = Surroundings { jobs: 1, stop: &NEVER, progress: &|_, _| {} };
    is_95(share("calls of a Poisson population", 500, |seed| {
        let loaded = stalegate::scenario::load_text("calls.toml", CALLS, &[], Some(seed.into()));
        let scenario = loaded.unwrap_or_else(|mistakes| panic!("{mistakes:?}")).scenario;
        let comparison = compare(&scenario, &around, |_| Ok::<(), std::convert::Infallible>(())).unwrap();
        assert_eq!(comparison.ending, Some(Ending::Narrow));
        covers(comparison.summary(0, "requests").unwrap().interval.unwrap(), 50.0)
    }));
}
