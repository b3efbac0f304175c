//! Success ratio around the fault: a strip a policy on one axis of time, so that lines at 100 % do not hide each other.

use super::axis::Axis;
use super::canvas::{self, Anchor, Canvas, NOTE, TITLE, WORDS};
use super::palette::{GREY, GRID, colour, shape};
use super::{Group, WIDTH, groups, names_width};
use crate::experiment::comparison::{BinTotal, Comparison};
use crate::report::around;
use crate::report::number::seconds;
use crate::scenario::Scenario;
use crate::time::SimTime;

/// Where names begin.
const NAMES: i32 = 36;
const RIGHT: i32 = WIDTH - 28;
const TOP: i32 = 108;
const STRIP: i32 = 58;
const GAP: i32 = 22;
/// Points of a line at most.
const MOST_POINTS: usize = 600;

/// What is drawn of one or several bins that follow each other.
#[derive(Clone, Copy, Debug)]
struct Point {
    x: i32,
    mean: f64,
    low: f64,
    high: f64,
}

/// The SVG.
#[must_use]
pub fn draw(scenario: &Scenario, comparison: &Comparison) -> String {
    let groups =
        groups(comparison, |one, other| comparison.policies[one].timeline == comparison.policies[other].timeline);
    let (shown, origin) = (around::shown(comparison), around::origin(comparison));
    let relative = |at: SimTime| at.as_secs_f64() - origin.as_secs_f64();
    let left = NAMES + names_width(comparison, &groups) + 56;
    let axis = Axis::linear(left, RIGHT, relative(shown.0), relative(shown.1));
    let heights: Vec<i32> = groups.iter().map(|group| STRIP.max(17 * group.height() + 4)).collect();
    let bottom = TOP + heights.iter().map(|height| height + GAP).sum::<i32>() - GAP;
    canvas::draw(WIDTH, bottom + 62, |canvas| {
        heading(canvas, scenario, comparison);
        marks(canvas, scenario, comparison, &axis, &relative, bottom);
        let mut top = TOP;
        for (group, &height) in groups.iter().zip(&heights) {
            let up = Axis::linear(top + height, top, 0.0, 1.0);
            strip(canvas, comparison, group, &up, left);
            line(canvas, group.first(), &points(comparison, group.first(), &axis, shown, &relative), &up);
            top += height + GAP;
        }
        let name = format!("seconds since {}", around::named_origin(scenario, comparison));
        bottom_axis(canvas, &axis, bottom, &name);
    })
}

fn heading(canvas: &mut Canvas<'_>, scenario: &Scenario, comparison: &Comparison) {
    canvas.text("Share of calls that succeed", (24, 26), Anchor::Left, TITLE);
    canvas.text(&scenario.title, (24, 48), Anchor::Left, WORDS);
    let note = format!("line: over all {} replications; band: 5 % to 95 % of them", comparison.finished());
    canvas.text(&note, (24, 67), Anchor::Left, NOTE);
}

/// The faults, across all strips.
fn marks(
    canvas: &mut Canvas<'_>,
    scenario: &Scenario,
    comparison: &Comparison,
    axis: &Axis,
    relative: &dyn Fn(SimTime) -> f64,
    bottom: i32,
) {
    for (index, &(from, to)) in comparison.layout.windows.iter().enumerate() {
        let (left, right) = (axis.at(relative(from)), axis.at(relative(to)));
        if relative(from) > 0.0 && left >= RIGHT {
            continue;
        }
        canvas.rectangle((left, TOP - 4), (right.max(left + 1), bottom), GREY, 0.12);
        canvas.dashes((left, TOP - 4), (left, bottom), GREY);
        canvas.dashes((right, TOP - 4), (right, bottom), GREY);
        if index == 0 {
            let (begin, end) = if around::is_restart(scenario) { ("stop", "ready") } else { ("fault", "over") };
            canvas.text(begin, (left - 3, TOP - 12), Anchor::Right, NOTE);
            canvas.text(
                &format!("{end} after {} s", seconds(to.since(from).0)),
                (right + 3, TOP - 12),
                Anchor::Left,
                NOTE,
            );
        }
    }
}

fn strip(canvas: &mut Canvas<'_>, comparison: &Comparison, group: &Group, up: &Axis, left: i32) {
    for (share, text) in [(0.0, "0 %"), (0.5, ""), (1.0, "100 %")] {
        canvas.line(&[(left, up.at(share)), (RIGHT, up.at(share))], GRID, 1);
        canvas.text(text, (left - 6, up.at(share)), Anchor::Right, NOTE);
    }
    let middle = up.at(0.5);
    let names = group.lines(comparison);
    let first = middle - 17 * (group.height() - 1) / 2;
    canvas.mark((24, first), shape(group.first()), 4, colour(group.first()));
    canvas.block(&names, (NAMES, middle), Anchor::Left, WORDS);
}

/// Neighbouring bins are drawn as one where there are more than can be seen.
fn points(
    comparison: &Comparison,
    policy: usize,
    axis: &Axis,
    shown: (SimTime, SimTime),
    relative: &dyn Fn(SimTime) -> f64,
) -> Vec<Option<Point>> {
    let layout = &comparison.layout;
    let (first, last) = (layout.bin_of(shown.0), layout.bin_of(SimTime(shown.1.0.saturating_sub(1))));
    let indices: Vec<usize> = (first..=last).collect();
    let together = indices.len().div_ceil(MOST_POINTS).max(1);
    indices
        .chunks(together)
        .map(|chunk| {
            let bins = &comparison.policies[policy].timeline[chunk[0]..=chunk[chunk.len() - 1]];
            let end = layout.bins.get(chunk[chunk.len() - 1] + 1).copied().unwrap_or(layout.end);
            let x = axis.at(f64::midpoint(relative(layout.bins[chunk[0]]), relative(end)));
            point(bins, x)
        })
        .collect()
}

fn point(bins: &[BinTotal], x: i32) -> Option<Point> {
    let ratios = || bins.iter().filter_map(|bin| bin.ratios.as_ref());
    around::share(bins).map(|mean| Point {
        x,
        mean,
        low: ratios().map(|counts| counts.quantile(5)).fold(1.0, f64::min),
        high: ratios().map(|counts| counts.quantile(95)).fold(0.0, f64::max),
    })
}

/// The band and the line, broken where there was no call.
fn line(canvas: &mut Canvas<'_>, policy: usize, points: &[Option<Point>], up: &Axis) {
    let runs: Vec<Vec<Point>> = points
        .split(Option::is_none)
        .map(|run| run.iter().flatten().copied().collect())
        .filter(|run: &Vec<Point>| !run.is_empty())
        .collect();
    for run in &runs {
        let upper = run.iter().map(|point| (point.x, up.at(point.high)));
        let lower = run.iter().rev().map(|point| (point.x, up.at(point.low)));
        canvas.area(&upper.chain(lower).collect::<Vec<_>>(), colour(policy), 0.22);
        canvas.line(&run.iter().map(|point| (point.x, up.at(point.mean))).collect::<Vec<_>>(), colour(policy), 2);
    }
}

fn bottom_axis(canvas: &mut Canvas<'_>, axis: &Axis, bottom: i32, name: &str) {
    let y = bottom + 8;
    let left = axis.ends().0;
    canvas.line(&[(left, y), (RIGHT, y)], GREY, 1);
    for tick in axis.ticks() {
        canvas.line(&[(tick.at, y), (tick.at, y + 5)], GREY, 1);
        canvas.text(&tick.text, (tick.at, y + 16), Anchor::Middle, NOTE);
    }
    canvas.text(name, (i32::midpoint(left, RIGHT), y + 38), Anchor::Middle, WORDS);
}
