//! How the downtime is distributed over the replications: a box and the replications themselves, a row a policy.

use super::axis::Axis;
use super::canvas::{self, Anchor, Canvas, NOTE, TITLE, WORDS};
use super::palette::{GREY, GRID, colour, shape};
use super::{Group, WIDTH, groups, names_width, same_bits};
use crate::experiment::comparison::Comparison;
use crate::experiment::stat::at_rank;
use crate::experiment::verdict;
use crate::report::number::short;
use crate::scenario::Scenario;

/// Where names begin.
const NAMES: i32 = 36;
const RIGHT: i32 = WIDTH - 110;
const TOP: i32 = 96;
const ROW: i32 = 54;
/// Replications drawn as points at most; the first ones.
const MOST_POINTS: usize = 200;
/// From so many replications on, whiskers end at quantiles and not at the extremes.
const ENOUGH: usize = 20;

/// The SVG.
#[must_use]
pub fn draw(scenario: &Scenario, comparison: &Comparison) -> String {
    let metric = verdict::downtime(comparison);
    let groups =
        groups(comparison, |one, other| same_bits(comparison.values(one, metric), comparison.values(other, metric)));
    let all: Vec<f64> =
        (0..comparison.policies.len()).flat_map(|policy| sorted(comparison.values(policy, metric))).collect();
    let axis = Axis::fit(NAMES + names_width(comparison, &groups) + 20, RIGHT, &all);
    let heights: Vec<i32> = groups.iter().map(|group| ROW.max(17 * group.height() + 10)).collect();
    let bottom = TOP + heights.iter().sum::<i32>();
    canvas::draw(WIDTH, bottom + 58, |canvas| {
        heading(canvas, scenario, comparison, metric);
        grid(canvas, &axis, bottom);
        let mut top = TOP;
        for (group, &height) in groups.iter().zip(&heights) {
            row(canvas, comparison, group, metric, &axis, top + height / 2);
            top += height;
        }
    })
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// What the metric is called in plots.
pub(super) fn in_words(metric: &str) -> &'static str {
    match metric {
        "downtime_s" => "Downtime of a lane",
        "application_downtime_s" => "Downtime of an application",
        _ => "Downtime of a lane after the restart",
    }
}

fn heading(canvas: &mut Canvas<'_>, scenario: &Scenario, comparison: &Comparison, metric: &str) {
    canvas.text(in_words(metric), (24, 26), Anchor::Left, TITLE);
    canvas.text(&scenario.title, (24, 48), Anchor::Left, WORDS);
    let whiskers = if comparison.finished() as usize >= ENOUGH { "5 % to 95 %" } else { "least to most" };
    let note = format!(
        "each dot a replication (of {}), mean over lanes; box: middle half, bar: median, line: {whiskers}",
        comparison.finished()
    );
    canvas.text(&note, (24, 67), Anchor::Left, NOTE);
    canvas.text("median", (WIDTH - 24, TOP - 8), Anchor::Right, NOTE);
}

fn grid(canvas: &mut Canvas<'_>, axis: &Axis, bottom: i32) {
    for tick in axis.ticks() {
        canvas.line(&[(tick.at, TOP), (tick.at, bottom)], GRID, 1);
        canvas.text(&tick.text, (tick.at, bottom + 14), Anchor::Middle, NOTE);
    }
    let left = axis.ends().0;
    canvas.line(&[(left, bottom), (RIGHT, bottom)], GREY, 1);
    let name = if axis.is_log() { "seconds, logarithmic" } else { "seconds" };
    canvas.text(name, (i32::midpoint(left, RIGHT), bottom + 38), Anchor::Middle, WORDS);
}

fn row(canvas: &mut Canvas<'_>, comparison: &Comparison, group: &Group, metric: &str, axis: &Axis, y: i32) {
    let policy = group.first();
    let ink = colour(policy);
    canvas.mark((24, y - 17 * (group.height() - 1) / 2), shape(policy), 4, ink);
    canvas.block(&group.lines(comparison), (NAMES, y), Anchor::Left, WORDS);
    let values = comparison.values(policy, metric);
    let sorted = sorted(values);
    if sorted.is_empty() {
        canvas.text("not measured", (axis.ends().0 + 8, y), Anchor::Left, NOTE);
        return;
    }
    for (&value, index) in values.iter().filter(|value| !value.is_nan()).take(MOST_POINTS).zip(0..) {
        canvas.dot((axis.at(value), y + 13 + jitter(index)), 2, ink, 0.45);
    }
    boxed(canvas, &sorted, axis, y - 8, policy);
    canvas.text(&format!("{} s", short(at_rank(&sorted, 500))), (WIDTH - 24, y), Anchor::Right, WORDS);
}

/// From −5 to 5, spread evenly and the same every time (multiples of the golden ratio).
fn jitter(index: u32) -> i32 {
    i32::try_from(((index.wrapping_mul(2_654_435_769) >> 16) * 11) >> 16).unwrap_or(0) - 5
}

fn boxed(canvas: &mut Canvas<'_>, sorted: &[f64], axis: &Axis, y: i32, policy: usize) {
    let ink = colour(policy);
    let (low, high) = if sorted.len() >= ENOUGH { (50, 950) } else { (1, 1_000) };
    let at = |per_mille| axis.at(at_rank(sorted, per_mille));
    canvas.line(&[(at(low), y), (at(high), y)], ink, 1);
    for end in [low, high] {
        canvas.line(&[(at(end), y - 4), (at(end), y + 4)], ink, 1);
    }
    for extreme in [1, 1_000] {
        canvas.dot((at(extreme), y), 2, ink, 1.0);
    }
    let (left, right) = (at(250), at(750));
    canvas.rectangle((left - 1, y - 7), (right + 1, y + 7), plotters::style::RGBColor(255, 255, 255), 1.0);
    canvas.rectangle((left - 1, y - 7), (right + 1, y + 7), ink, 0.3);
    canvas.rectangle((at(500) - 1, y - 9), (at(500) + 2, y + 9), ink, 1.0);
}
