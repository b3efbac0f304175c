//! What calls failed of: a bar a policy, a part a cause.

use super::axis::Axis;
use super::canvas::{self, Anchor, Canvas, NOTE, TITLE, WORDS};
use super::palette::{GREY, GRID, colour};
use super::{Group, WIDTH, groups, names_width, same_bits};
use crate::experiment::comparison::Comparison;
use crate::report::number::short;
use crate::scenario::Scenario;

/// Where names begin.
const NAMES: i32 = 36;
const RIGHT: i32 = WIDTH - 90;
const TOP: i32 = 88;
/// Height of a bar, of a row without names of others, and of a line of words.
const BAR: i32 = 22;
const ROW: i32 = 40;
const LINE: i32 = 19;

/// The causes that there are, as positions in the comparison's metrics, those of a restart first.
#[must_use]
pub fn causes(comparison: &Comparison) -> Vec<usize> {
    let is_cause = |index: &usize| comparison.metrics[*index].name.starts_with("failed.");
    let happens = |index: &usize| (0..comparison.policies.len()).any(|policy| mean(comparison, policy, *index) > 0.0);
    (0..comparison.metrics.len()).filter(is_cause).filter(happens).collect()
}

/// What a cause is, in words.
#[must_use]
pub fn in_words(comparison: &Comparison, cause: usize) -> &'static str {
    let doc = comparison.metrics[cause].doc;
    doc.strip_prefix("failed: ").unwrap_or(doc)
}

/// The mean over the replications; 0 where there is none.
#[must_use]
pub fn mean(comparison: &Comparison, policy: usize, metric: usize) -> f64 {
    comparison.summary(policy, comparison.metrics[metric].name).map_or(0.0, |found| found.mean)
}

/// The SVG; `None` where no call failed.
#[must_use]
pub fn draw(scenario: &Scenario, comparison: &Comparison) -> Option<String> {
    let causes = causes(comparison);
    if causes.is_empty() {
        return None;
    }
    let values = |policy, cause: usize| comparison.values(policy, comparison.metrics[cause].name);
    let groups = groups(comparison, |one, other| {
        causes.iter().all(|&cause| same_bits(values(one, cause), values(other, cause)))
    });
    let total = |group: &Group| causes.iter().map(|&cause| mean(comparison, group.first(), cause)).sum::<f64>();
    let most = groups.iter().map(total).fold(0.0, f64::max);
    let axis = Axis::linear(NAMES + names_width(comparison, &groups) + 20, RIGHT, 0.0, most);
    let heights: Vec<i32> = groups.iter().map(|group| ROW.max(17 * group.height() + 10)).collect();
    let bottom = TOP + heights.iter().sum::<i32>();
    let legend = bottom + 62;
    let lines = i32::try_from(causes.len()).unwrap_or(i32::MAX / 100);
    Some(canvas::draw(WIDTH, legend + lines * LINE + 8, |canvas| {
        heading(canvas, scenario, comparison);
        grid(canvas, &axis, bottom);
        let mut top = TOP;
        for (group, &height) in groups.iter().zip(&heights) {
            row(canvas, comparison, group, &causes, &axis, top + height / 2);
            top += height;
        }
        let mut y = legend;
        for (place, &cause) in causes.iter().enumerate() {
            canvas.rectangle((NAMES, y - 6), (NAMES + 13, y + 6), colour(place), 1.0);
            canvas.text(in_words(comparison, cause), (NAMES + 22, y), Anchor::Left, WORDS);
            y += LINE;
        }
    }))
}

fn heading(canvas: &mut Canvas<'_>, scenario: &Scenario, comparison: &Comparison) {
    canvas.text("What calls failed of", (24, 26), Anchor::Left, TITLE);
    canvas.text(&scenario.title, (24, 48), Anchor::Left, WORDS);
    let note = format!("failed calls of a run, means of {} replications", comparison.finished());
    canvas.text(&note, (24, 67), Anchor::Left, NOTE);
}

fn grid(canvas: &mut Canvas<'_>, axis: &Axis, bottom: i32) {
    for tick in axis.ticks() {
        canvas.line(&[(tick.at, TOP), (tick.at, bottom)], GRID, 1);
        canvas.text(&tick.text, (tick.at, bottom + 14), Anchor::Middle, NOTE);
    }
    let left = axis.ends().0;
    canvas.line(&[(left, bottom), (RIGHT, bottom)], GREY, 1);
    canvas.text("failed calls in a run", (i32::midpoint(left, RIGHT), bottom + 36), Anchor::Middle, WORDS);
}

fn row(canvas: &mut Canvas<'_>, comparison: &Comparison, group: &Group, causes: &[usize], axis: &Axis, middle: i32) {
    let names = group.lines(comparison);
    let mut y = middle - 17 * (group.height() - 1) / 2;
    for name in &names {
        canvas.text(name, (NAMES, y), Anchor::Left, WORDS);
        y += 17;
    }
    let mut before = 0.0;
    for (place, &cause) in causes.iter().enumerate() {
        let after = before + mean(comparison, group.first(), cause);
        let (from, to) = (axis.at(before), axis.at(after));
        if to > from {
            canvas.rectangle((from, middle - BAR / 2), (to, middle + BAR / 2), colour(place), 1.0);
        }
        before = after;
    }
    canvas.text(&short(before), (axis.at(before) + 8, middle), Anchor::Left, NOTE);
}
