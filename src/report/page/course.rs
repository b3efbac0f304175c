//! What the curves of the page show, in words: how long calls fail, how many of them, and whether they fail again.

use super::document::Again;
use crate::experiment::comparison::{BinTotal, Comparison};
use crate::experiment::timeline::Layout;
use crate::report::around;
use crate::report::number::{percent, span};
use crate::time::{SimSpan, SimTime};

/// Below these shares next to nothing succeeds, and an outage is not over.
const NOTHING: f64 = 0.1;
const OVER: f64 = 0.9;
/// Shares are taken over so long, that a single call does not make an outage.
const SMOOTH: SimSpan = SimSpan::secs(10);
/// What fails again, fails for so long, after as long in which it did not.
const LONG: SimSpan = SimSpan::secs(30);

/// A stretch of bins, from the fault on, and the share of calls that succeed in it; `None` without a call.
#[derive(Clone, Copy, Debug)]
struct Step {
    first: usize,
    last: usize,
    share: Option<f64>,
}

/// A policy's course from the fault to the end.
struct Course<'a> {
    layout: &'a Layout,
    bins: &'a [BinTotal],
    steps: Vec<Step>,
}

impl<'a> Course<'a> {
    fn of(layout: &'a Layout, bins: &'a [BinTotal], origin: SimTime) -> Course<'a> {
        let mut steps: Vec<Step> = Vec::new();
        for index in layout.bin_of(origin)..layout.bins.len() {
            match steps.last_mut().filter(|step| layout.bins[index] < layout.bins[step.first] + SMOOTH) {
                Some(step) => step.last = index,
                None => steps.push(Step { first: index, last: index, share: None }),
            }
        }
        for step in &mut steps {
            step.share = around::share(&bins[step.first..=step.last]);
        }
        Course { layout, bins, steps }
    }

    /// The end of the last stretch in which less succeeds than this, to the bin; a bin alone, in a step in which more does, is none.
    fn last_below(&self, limit: f64) -> Option<SimTime> {
        let step = self.steps.iter().rev().find(|step| step.share.is_some_and(|share| share < limit))?;
        let last = (step.first..=step.last).rev().find(|&bin| self.is_below(bin, limit))?;
        let after = (last + 1..self.bins.len()).take_while(|&bin| self.is_below(bin, limit)).last();
        Some(self.end_of(after.unwrap_or(last)))
    }

    fn is_below(&self, bin: usize, limit: f64) -> bool {
        around::share([&self.bins[bin]]).is_some_and(|share| share < limit)
    }

    fn end_of(&self, bin: usize) -> SimTime {
        self.layout.bins.get(bin + 1).copied().unwrap_or(self.layout.end)
    }

    /// The share of the calls from one instant to another.
    fn share(&self, from: SimTime, to: SimTime) -> Option<f64> {
        let within = |index: &usize| self.layout.bins[*index] >= from && self.layout.bins[*index] < to;
        around::share((0..self.bins.len()).filter(within).map(|index| &self.bins[index]))
    }

    /// The stretches in which calls fail: from when, to when, and the least share in a step.
    fn outages(&self) -> Vec<(SimTime, SimTime, f64)> {
        let mut outages: Vec<(SimTime, SimTime, f64)> = Vec::new();
        for step in &self.steps {
            let Some(share) = step.share.filter(|&share| share < OVER) else { continue };
            let below = |bin: &usize| self.is_below(*bin, OVER);
            let first = (step.first..=step.last).find(below).unwrap_or(step.first);
            let last = (step.first..=step.last).rev().find(below).unwrap_or(step.last);
            let (from, to) = (self.layout.bins[first], self.end_of(last));
            match outages.last_mut().filter(|last| from <= last.1 + LONG) {
                Some(last) => (last.1, last.2) = (to, last.2.min(share)),
                None => outages.push((from, to, share)),
            }
        }
        outages
    }
}

/// `ttl-only: next to no call succeeds until 36 s after the IdP stopped, then 50 % of them on average until 30 min, and all of them
/// after that.`
pub fn told(comparison: &Comparison, policies: &[usize], origin: SimTime, named: &str) -> String {
    let layout = &comparison.layout;
    let course = Course::of(layout, &comparison.policies[policies[0]].timeline, origin);
    let who = policies.iter().map(|&policy| comparison.policies[policy].name.as_str()).collect::<Vec<_>>().join(", ");
    let until = |at: SimTime| {
        if at >= layout.end { "the end of the run".to_owned() } else { span(at.since(origin).as_secs_f64()) }
    };
    let share = |from, to| course.share(from, to).map_or_else(|| "none (there are no calls)".into(), of_them);
    let rest = |from: SimTime| {
        if from >= layout.end { String::new() } else { format!(", and {} after that", share(from, layout.end)) }
    };
    match (course.last_below(NOTHING), course.last_below(OVER)) {
        (_, None) => format!("{who}: {} succeed from the moment that {named}.", share(origin, layout.end)),
        (Some(dark), Some(over)) if dark >= over => {
            format!("{who}: next to no call succeeds until {} after {named}{}.", until(over), rest(over))
        }
        (Some(dark), Some(over)) => format!(
            "{who}: next to no call succeeds until {} after {named}, then {} on average until {}{}.",
            until(dark),
            share(dark, over),
            until(over),
            rest(over)
        ),
        (None, Some(over)) => {
            format!(
                "{who}: {} succeed on average until {} after {named}{}.",
                share(origin, over),
                until(over),
                rest(over)
            )
        }
    }
}

/// `all of them`, `50 % of them`
fn of_them(share: f64) -> String {
    match share {
        1.0 => "all of them".into(),
        0.0 => "none of them".into(),
        share if share > 0.995 => "nearly all of them".into(),
        share => format!("{} of them", percent(share)),
    }
}

/// The policies under which so many calls fail again, well after all had recovered, that nobody takes it for noise.
pub fn again(comparison: &Comparison, groups: &[Vec<usize>], origin: SimTime, named: &str) -> Option<Again> {
    let layout = &comparison.layout;
    let over = layout.windows.first()?.1;
    // What comes with another fault is its own outage.
    let next = layout.windows.iter().map(|window| window.0).filter(|&from| from > over).min();
    let mut found = Vec::new();
    for policies in groups {
        let outages = Course::of(layout, &comparison.policies[policies[0]].timeline, origin).outages();
        let is_later = |from| from > over && next.is_none_or(|next| from < next);
        let later = outages.iter().skip(1).filter(|(from, to, _)| is_later(*from) && to.since(*from) >= LONG);
        let worst = later.min_by(|one, other| one.2.total_cmp(&other.2));
        if let Some(&outage) = worst.filter(|_| outages[0].0 <= over) {
            found.push((policies, outage));
        }
    }
    found.sort_by_key(|&(_, (from, to, _))| std::cmp::Reverse(to.since(from)));
    let &(longest, (from, to, least)) = found.first()?;
    let since = |at: SimTime| span(at.since(origin).as_secs_f64());
    let name = |policy: &usize| comparison.policies[*policy].name.clone();
    Some(Again {
        policies: found.iter().flat_map(|(policies, _)| policies.iter().map(name)).collect(),
        words: format!(
            "Calls had recovered, and fail again: under {} from {} to {} after {named}, when as few as {} of them succeed.",
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

    /// Calls of the first policy of which these fail, by the seconds since the fault.
    fn with(failing: impl Fn(u64) -> u64) -> (Comparison, SimTime) {
        let mut comparison = sample::comparison(1);
        let origin = around::origin(&comparison);
        let layout = comparison.layout.clone();
        for (bin, &at) in comparison.policies[0].timeline.iter_mut().zip(&layout.bins) {
            let failed = if at < origin { 0 } else { failing(at.since(origin).0 / 1_000_000_000) };
            bin.sums = Bin { ok: 10 - failed, failed, ..Bin::default() };
        }
        (comparison, origin)
    }

    fn told_of(failing: impl Fn(u64) -> u64) -> String {
        let (comparison, origin) = with(failing);
        told(&comparison, &[0], origin, "the IdP stopped")
    }

    #[test]
    fn the_course_of_an_outage_is_told() {
        assert_eq!(told_of(|_| 0), "ttl-only: all of them succeed from the moment that the IdP stopped.");
        assert_eq!(
            told_of(|since| if since < 36 { 10 } else { 0 }),
            "ttl-only: next to no call succeeds until 36 s after the IdP stopped, and all of them after that."
        );
        let half = |since| match since {
            0..36 => 10,
            36..90 => 5,
            _ => 0,
        };
        assert_eq!(
            told_of(half),
            "ttl-only: next to no call succeeds until 36 s after the IdP stopped, then 50 % of them on average until 1.5 min, \
             and all of them after that."
        );
        assert_eq!(
            told_of(|_| 5),
            "ttl-only: 50 % of them succeed on average until the end of the run after the IdP stopped."
        );
    }

    #[test]
    fn calls_that_fail_again_are_told_and_a_few_are_not() {
        let again_of = |failing: &dyn Fn(u64) -> u64| {
            let (comparison, origin) = with(failing);
            again(&comparison, &[vec![0]], origin, "the IdP stopped")
        };
        let twice = |since| if since < 36 || (72..108).contains(&since) { 8 } else { 0 };
        let found = again_of(&twice).unwrap();
        assert_eq!(found.policies, ["ttl-only"]);
        let expected = "Calls had recovered, and fail again: under ttl-only from 1.2 min to 1.8 min after the IdP stopped, when as \
                        few as 20 % of them succeed.";
        assert_eq!(found.words, expected);
        let (mut comparison, origin) = with(twice);
        comparison.layout.windows.push((origin + SimSpan::secs(60), origin + SimSpan::secs(61)));
        assert_eq!(again(&comparison, &[vec![0]], origin, "the IdP stopped"), None);
        // One stretch, and a second one that is short, or close.
        assert_eq!(again_of(&|since| if since < 110 { 8 } else { 0 }), None);
        assert_eq!(again_of(&|since| if since < 36 || (80..88).contains(&since) { 8 } else { 0 }), None);
        assert_eq!(again_of(&|since| if since < 36 || (60..110).contains(&since) { 8 } else { 0 }), None);
    }
}
