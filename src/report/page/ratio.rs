//! The curves of the page: the share of calls that succeed around the fault, and what they show in words.

use super::document::{Again, Curve, Mark, Ratio};
use crate::experiment::comparison::{BinTotal, Comparison};
use crate::experiment::timeline::Layout;
use crate::report::around::{self, RECOVERED};
use crate::report::number::{percent, span};
use crate::scenario::Scenario;
use crate::time::{SimSpan, SimTime};

/// Points of a curve at most.
pub const MOST_POINTS: usize = 600;
/// Points of all curves together at most, so that a page of many policies stays light.
const MOST_IN_ALL: usize = 6_000;
/// Stretches of failures closer than this are one.
const CLOSE: SimSpan = SimSpan::secs(10);
/// What a second outage is: less succeeds than this in a bin, and for so long.
const DEEP: f64 = 0.95;
const LONG: SimSpan = SimSpan::secs(30);
/// Stretches of failures told of a policy at most.
const MOST_TOLD: usize = 4;

/// The curves; policies that came to the same share one. `None` without a call.
pub fn ratio(scenario: &Scenario, comparison: &Comparison) -> Option<Ratio> {
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
    if curves.iter().all(|curve| curve.mean.iter().all(Option::is_none)) {
        return None;
    }
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
        again: again(comparison, &groups, origin, named),
        told: groups.iter().map(|policies| told(comparison, policies, origin, named)).collect(),
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

/// A stretch in which calls fail.
struct Dip {
    from: SimTime,
    to: SimTime,
    /// The least share that succeeded in a bin.
    least: f64,
}

/// The stretches, from the fault on, in which calls fail; of those that are close together one is made.
fn dips(layout: &Layout, timeline: &[BinTotal], origin: SimTime) -> Vec<Dip> {
    let mut dips: Vec<Dip> = Vec::new();
    for (index, bin) in timeline.iter().enumerate().skip(layout.bin_of(origin)) {
        let Some(share) = around::share([bin]).filter(|&share| share < RECOVERED) else { continue };
        let (from, to) = (layout.bins[index], layout.bins.get(index + 1).copied().unwrap_or(layout.end));
        match dips.last_mut().filter(|last| from <= last.to + CLOSE) {
            Some(last) => (last.to, last.least) = (to, last.least.min(share)),
            None => dips.push(Dip { from, to, least: share }),
        }
    }
    dips
}

/// `event-refetch: calls fail from 0 to 38 s after the IdP stopped (at worst 0 % succeed), and again …`
fn told(comparison: &Comparison, policies: &[usize], origin: SimTime, named: &str) -> String {
    let layout = &comparison.layout;
    let who = policies.iter().map(|&policy| comparison.policies[policy].name.as_str()).collect::<Vec<_>>().join(", ");
    let dips = dips(layout, &comparison.policies[policies[0]].timeline, origin);
    let [first, others @ ..] = dips.as_slice() else {
        return format!("{who}: calls succeed all the time.");
    };
    let after = |at: SimTime| {
        let since = at.since(origin).as_secs_f64();
        if since == 0.0 { "the moment".to_owned() } else { span(since) }
    };
    let stretch = |dip: &Dip| {
        let until = if dip.to >= layout.end { "the end of the run".to_owned() } else { after(dip.to) };
        let least = if dip.least > 0.0 { percent(dip.least) } else { "none".into() };
        format!("from {} to {until} after it (at worst {least} of them succeed)", after(dip.from))
    };
    let mut text = format!("{who}: {named}, and calls fail {}", stretch(first));
    for (index, dip) in others.iter().take(MOST_TOLD - 1).enumerate() {
        let again = if index == 0 { "; when all had recovered, they fail a second time, " } else { "; and again " };
        text += again;
        text += &stretch(dip);
    }
    if others.len() >= MOST_TOLD {
        let more = others.len() + 1 - MOST_TOLD;
        text.extend(["; and ", &more.to_string(), " times more"]);
    }
    text + "."
}

/// The policies under which so many calls fail again, well after all had recovered, that nobody takes it for noise.
fn again(comparison: &Comparison, groups: &[Vec<usize>], origin: SimTime, named: &str) -> Option<Again> {
    let layout = &comparison.layout;
    let over = layout.windows.first()?.1;
    let mut found = Vec::new();
    for policies in groups {
        let dips = dips(layout, &comparison.policies[policies[0]].timeline, origin);
        let deep = |dip: &&Dip| dip.from > over && dip.least < DEEP && dip.to.since(dip.from) >= LONG;
        let worst = dips.iter().skip(1).filter(deep).min_by(|one, other| one.least.total_cmp(&other.least));
        if let Some(dip) = worst.filter(|_| dips[0].from <= over) {
            found.push((policies, dip.from, dip.to, dip.least));
        }
    }
    found.sort_by_key(|&(_, from, to, _)| std::cmp::Reverse(to.since(from)));
    let &(longest, from, to, least) = found.first()?;
    let since = |at: SimTime| span(at.since(origin).as_secs_f64());
    let name = |policy: &usize| comparison.policies[*policy].name.clone();
    Some(Again {
        policies: found.iter().flat_map(|(policies, ..)| policies.iter().map(name)).collect(),
        words: format!(
            "When all had recovered from the first one, calls fail again: under {} from {} to {} after {named}, when as few as \
             {} of them succeed. The worst case below tells why.",
            name(&longest[0]),
            since(from),
            since(to),
            percent(least)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::record::Bin;
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
    fn a_second_outage_is_told() {
        let mut comparison = sample::comparison(1);
        let origin = around::origin(&comparison);
        let layout = comparison.layout.clone();
        let failing = |at: SimTime| {
            let since = at.0.saturating_sub(origin.0) / 1_000_000_000;
            at >= origin && (since < 36 || (60..90).contains(&since))
        };
        for (bin, &at) in comparison.policies[0].timeline.iter_mut().zip(&layout.bins) {
            let failed = if failing(at) { 8 } else { 0 };
            bin.sums = Bin { ok: 10 - failed, failed, ..Bin::default() };
        }
        let text = told(&comparison, &[0], origin, "the IdP stopped");
        let expected = "ttl-only: the IdP stopped, and calls fail from the moment to 36 s after it (at worst 20 % of them \
                        succeed); when all had recovered, they fail a second time, from 1 min to 1.5 min after it (at worst \
                        20 % of them succeed).";
        assert_eq!(text, expected);
        comparison.policies[0].timeline.iter_mut().for_each(|bin| bin.sums.failed = 0);
        assert_eq!(told(&comparison, &[0], origin, "the IdP stopped"), "ttl-only: calls succeed all the time.");
    }

    #[test]
    fn nearly_all_is_not_all() {
        let said = [0.0, 1e-9, 0.98765, 1.0 - 1e-9, 1.0].map(|share| format!("{:.4}", short_share(share)));
        assert_eq!(said, ["0.0000", "0.0001", "0.9877", "0.9999", "1.0000"]);
    }
}
