//! The curves of the page: the share of calls that succeed around the fault.

use super::course;
use super::document::{Curve, Mark, Ratio};
use crate::experiment::comparison::{BinTotal, Comparison};
use crate::report::around;
use crate::scenario::Scenario;
use crate::time::SimTime;

/// Points of a curve at most.
pub const MOST_POINTS: usize = 600;
/// Points of all curves together at most, so that a page of many policies stays light.
const MOST_IN_ALL: usize = 6_000;

/// The curves; policies that came to the same share one. `None` where no call fails: all is always 100 %.
pub fn ratio(scenario: &Scenario, comparison: &Comparison) -> Option<Ratio> {
    let fails = |bin: &BinTotal| bin.sums.failed > 0;
    if !comparison.policies.iter().any(|policy| policy.timeline.iter().any(fails)) {
        return None;
    }
    let groups = alike(comparison);
    let layout = &comparison.layout;
    let ((from, to), origin) = (around::shown(comparison), around::origin(comparison));
    let relative = |at: SimTime| rounded(at.as_secs_f64() - origin.as_secs_f64());
    let (first, last) = (layout.bin_of(from), layout.bin_of(SimTime(to.0.saturating_sub(1))));
    let bins: Vec<usize> = (first..=last).collect();
    let most = MOST_POINTS.min(MOST_IN_ALL / groups.len().max(1));
    let bins_a_point = bins.len().div_ceil(most).max(1);
    let chunks: Vec<(usize, usize)> =
        bins.chunks(bins_a_point).map(|chunk| (chunk[0], chunk[chunk.len() - 1])).collect();
    let middle = |&(first, last): &(usize, usize)| {
        let end = layout.bins.get(last + 1).copied().unwrap_or(layout.end);
        f64::midpoint(relative(layout.bins[first]), relative(end))
    };
    let curve = |policies: &Vec<usize>| {
        let timeline = &comparison.policies[policies[0]].timeline;
        let of = |read: fn(&[BinTotal]) -> Option<f64>| {
            chunks.iter().map(|&(first, last)| read(&timeline[first..=last])).collect::<Vec<_>>()
        };
        Curve {
            policies: policies.iter().map(|&policy| comparison.policies[policy].name.clone()).collect(),
            colour: policies[0],
            mean: of(|bins| around::share(bins).map(short_share)),
            low: of(|bins| extreme(bins, 5, f64::min)),
            high: of(|bins| extreme(bins, 95, f64::max)),
        }
    };
    let curves: Vec<Curve> = groups.iter().map(curve).collect();
    let named = around::named_origin(scenario, comparison);
    let marks = layout.windows.iter().filter(|window| window.0 < to).map(|&(from, to)| Mark {
        from: relative(from),
        to: relative(to),
        name: if around::is_restart(scenario) { "restart".into() } else { "fault".into() },
    });
    Some(Ratio {
        axis: format!("seconds since {named}"),
        x: chunks.iter().map(middle).map(rounded).collect(),
        marks: marks.collect(),
        again: course::again(comparison, &groups, origin, named),
        told: groups.iter().map(|policies| course::told(comparison, policies, origin, named)).collect(),
        curves,
        bins_a_point,
    })
}

/// Policies with the same timeline.
fn alike(comparison: &Comparison) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for policy in 0..comparison.policies.len() {
        let timeline = |policy: usize| &comparison.policies[policy].timeline;
        match groups.iter_mut().find(|group| timeline(group[0]) == timeline(policy)) {
            Some(group) => group.push(policy),
            None => groups.push(vec![policy]),
        }
    }
    groups
}

/// To four decimals; what is not all is never rounded to all, and what is not nothing never to nothing.
fn short_share(share: f64) -> f64 {
    if share > 0.0 && share < 1.0 { (libm::round(share * 10_000.0) / 10_000.0).clamp(0.0001, 0.9999) } else { share }
}

/// To a tenth of a second.
fn rounded(seconds: f64) -> f64 {
    libm::round(seconds * 10.0) / 10.0
}

fn extreme(bins: &[BinTotal], percent: u64, of: fn(f64, f64) -> f64) -> Option<f64> {
    bins.iter().filter_map(|bin| bin.ratios.as_ref()).map(|counts| counts.quantile(percent)).reduce(of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_curve_has_at_most_as_many_points_as_can_be_seen() {
        let (scenario, comparison) = (sample::scenario(), sample::comparison(5));
        let ratio = ratio(&scenario, &comparison).unwrap();
        assert!(ratio.x.len() <= MOST_POINTS && ratio.x.len() > 50, "{}", ratio.x.len());
        for curve in &ratio.curves {
            assert!([&curve.mean, &curve.low, &curve.high].iter().all(|values| values.len() == ratio.x.len()));
            let ordered = |index: usize| curve.low[index] <= curve.high[index];
            assert!((0..ratio.x.len()).all(ordered));
        }
        assert!(ratio.x.is_sorted() && !ratio.marks.is_empty());
        let crowd = super::ratio(&scenario, &sample::crowd(30)).unwrap();
        assert!(crowd.curves.len() * crowd.x.len() <= MOST_IN_ALL);
    }

    #[test]
    fn nearly_all_is_not_all() {
        let said = [0.0, 1e-9, 0.98765, 1.0 - 1e-9, 1.0].map(|share| format!("{:.4}", short_share(share)));
        assert_eq!(said, ["0.0000", "0.0001", "0.9877", "0.9999", "1.0000"]);
    }
}
