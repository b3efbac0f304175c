//! The share of calls that succeed around the first fault, in a line of blocks a policy.

use super::Look;
use crate::experiment::comparison::{BinTotal, Comparison};
use crate::experiment::record::{Bin, Record};
use crate::experiment::timeline::Layout;
use crate::report::around::{self, RECOVERED};
use crate::report::number::span;
use crate::scenario::Scenario;
use crate::time::SimTime;

/// From no call that succeeds to all of them; the last mark is for all alone.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The same in tenths.
const DIGITS: [char; 11] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '#'];
/// Without a call.
const NOTHING: char = ' ';
/// Marks of a line, at most and at least.
const MOST: usize = 72;
const LEAST: usize = 20;

/// The lines, under what they are; nothing where no call fails, or there is no room.
#[must_use]
pub fn timeline(scenario: &Scenario, comparison: &Comparison, look: Look) -> String {
    let (from, to) = around::shown(comparison);
    let names = comparison.policies.iter().map(|policy| policy.name.chars().count()).max().unwrap_or(0);
    let marks = MOST.min(usize::from(look.width).saturating_sub(names + 3));
    let nothing_fails = comparison.policies.iter().all(|policy| {
        let share = around::share(inside(comparison, &policy.timeline, from, to));
        share.is_none_or(|share| share >= 1.0)
    });
    if comparison.layout.windows.is_empty() || nothing_fails || marks < LEAST {
        return String::new();
    }
    let origin = around::origin(comparison);
    let (none, all) = if look.unicode { (BLOCKS[0], BLOCKS[7]) } else { (DIGITS[0], DIGITS[10]) };
    let mut text = format!(" share of calls that succeed ({none} none, {all} all)\n");
    for policy in &comparison.policies {
        let line: String =
            (0..marks).map(|mark| cell(comparison, &policy.timeline, (from, to), (mark, marks), look)).collect();
        text += format!(" {:<names$}  {line}", policy.name).trim_end();
        text.push('\n');
    }
    // Below the mark in which the fault begins.
    let stop = place(origin, (from, to), marks);
    let arrow = if look.unicode { '▲' } else { '^' };
    let left = format!("{arrow} {}", around::named_origin(scenario, comparison));
    let right = format!("{} later", span(to.since(origin).as_secs_f64()));
    let room = marks.saturating_sub(stop + left.chars().count());
    let right = if right.chars().count() + 2 <= room { format!("{right:>room$}") } else { String::new() };
    text + format!(" {:names$}  {:stop$}{left}{right}", "", "").trim_end()
}

/// The same of one world: a comparison of one policy, of which nothing is known but what fell into its bins.
#[must_use]
pub fn of_a_world(scenario: &Scenario, policy: &str, (layout, bins): (&Layout, Vec<Bin>), look: Look) -> String {
    let mut one = Comparison::new(&[policy.to_owned()], Vec::new(), layout.clone(), 1);
    let (values, episodes, inbound) = (Vec::new(), Vec::new(), None);
    one.push(&Record { policy: 0, replication: 0, digest: 0, values, episodes, timeline: bins, inbound });
    timeline(scenario, &one, look)
}

/// The mark in which an instant lies.
fn place(at: SimTime, (from, to): (SimTime, SimTime), marks: usize) -> usize {
    let (inside, all) = (u128::from(at.0.saturating_sub(from.0)), u128::from(to.since(from).0.max(1)));
    usize::try_from(inside * marks as u128 / all).unwrap_or(marks).min(marks.saturating_sub(1))
}

/// What happened in the `mark`th part of the stretch.
fn cell(
    comparison: &Comparison,
    bins: &[BinTotal],
    (from, to): (SimTime, SimTime),
    (mark, marks): (usize, usize),
    look: Look,
) -> char {
    let end = |mark: usize| {
        let part = u128::from(to.since(from).0) * mark as u128 / marks as u128;
        SimTime(from.0 + u64::try_from(part).expect("it is inside the stretch"))
    };
    let Some(share) = around::share(inside(comparison, bins, end(mark), end(mark + 1))) else { return NOTHING };
    let steps: &[char] = if look.unicode { &BLOCKS } else { &DIGITS };
    if share >= RECOVERED {
        return steps[steps.len() - 1];
    }
    #[expect(clippy::cast_precision_loss, reason = "a few marks")]
    let step = share * (steps.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the number of marks")]
    let step = step as usize;
    steps[step.min(steps.len() - 2)]
}

/// The bins of a stretch: those that begin in it, or else the one that it lies in.
fn inside<'a>(comparison: &Comparison, bins: &'a [BinTotal], from: SimTime, to: SimTime) -> &'a [BinTotal] {
    let starts = &comparison.layout.bins;
    let (first, last) = (starts.partition_point(|&at| at < from), starts.partition_point(|&at| at < to));
    if first < last {
        &bins[first..last]
    } else {
        &bins[comparison.layout.bin_of(from)..=comparison.layout.bin_of(from)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn drawn(comparison: &Comparison, width: u16, unicode: bool) -> String {
        timeline(&sample::scenario(), comparison, Look { width, unicode, colour: false })
    }

    #[test]
    fn a_line_a_policy_as_wide_as_the_terminal_lets_it() {
        let comparison = sample::comparison(5);
        for width in [60, 84, 200] {
            let text = drawn(&comparison, width, true);
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines.len(), 2 + comparison.policies.len(), "{text}");
            assert!(lines.iter().all(|line| line.chars().count() <= usize::from(width)), "{text}");
            for (policy, line) in comparison.policies.iter().zip(&lines[1..]) {
                assert!(line.trim_start().starts_with(&policy.name), "{text}");
            }
            // All is well before the fault, and its beginning is marked below the first mark that is not.
            let marks = |line: &str| line.chars().position(|mark| BLOCKS.contains(&mark)).unwrap();
            let first = lines[1].chars().skip(marks(lines[1])).position(|mark| mark != '█').unwrap() + marks(lines[1]);
            let arrow = lines[lines.len() - 1].chars().position(|mark| mark == '▲').unwrap();
            assert!(first.abs_diff(arrow) <= 1, "{text}");
        }
        assert_eq!(drawn(&comparison, 30, true), "", "there is no room");
    }

    #[test]
    fn a_plain_terminal_gets_tenths() {
        let text = drawn(&sample::comparison(5), 84, false);
        assert!(text.is_ascii() && text.contains("(0 none, # all)") && text.contains("^ the IdP stopped"), "{text}");
    }

    #[test]
    fn a_world_of_its_own_is_drawn_as_its_policy_in_a_comparison() {
        let comparison = sample::comparison(1);
        let bins: Vec<Bin> = comparison.policies[0].timeline.iter().map(|bin| bin.sums).collect();
        let look = Look { width: 84, unicode: true, colour: false };
        let text = of_a_world(&sample::scenario(), "ttl-only", (&comparison.layout, bins), look);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() == 3 && lines[1].starts_with(" ttl-only  █") && lines[2].contains("▲ the IdP"), "{text}");
        assert!(lines[1].contains('▁') && lines[1].ends_with('█'), "{text}");
    }

    #[test]
    fn where_nothing_fails_there_is_nothing_to_see() {
        let mut comparison = sample::comparison(2);
        for policy in &mut comparison.policies {
            policy.timeline.iter_mut().for_each(|bin| bin.sums.failed = 0);
        }
        assert_eq!(drawn(&comparison, 84, true), "");
    }
}
