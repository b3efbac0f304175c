//! What a policy buys and what it costs: mean downtime against the mean peak of token requests at the IdP, with intervals.

use super::axis::Axis;
use super::canvas::{self, Anchor, Canvas, NOTE, TITLE, WORDS, width_of};
use super::palette::{GREY, GRID, colour, shape};
use super::{Group, WIDTH, downtime, groups, names_width, same_bits};
use crate::experiment::comparison::Comparison;
use crate::experiment::stat::Summary;
use crate::experiment::verdict;
use crate::report::pareto;
use crate::report::table::columns;
use crate::scenario::Scenario;

const LEFT: i32 = 84;
const TOP: i32 = 112;
/// The least height of the plot area's lower edge; a long legend pushes it down.
const BOTTOM: i32 = 540;
/// How far the axes reach beyond the largest value, so that no mark lies on the edge.
const HEADROOM: f64 = 1.2;
const PEAK: &str = "idp_token_requests_peak_per_s";
/// Height of a label's line.
const LINE: i32 = 17;
/// Between the policies of the legend.
const LEGEND_GAP: i32 = 6;

/// A policy, or several that coincide.
struct Point {
    policy: usize,
    label: Vec<String>,
    x: Summary,
    y: Summary,
}

/// Left, top, right, bottom, in pixels.
#[derive(Clone, Copy, Debug)]
struct Area(i32, i32, i32, i32);

/// The SVG.
#[must_use]
pub fn draw(scenario: &Scenario, comparison: &Comparison) -> String {
    let metric = verdict::downtime(comparison);
    let alike = |one, other| {
        [metric, PEAK].iter().all(|name| same_bits(comparison.values(one, name), comparison.values(other, name)))
    };
    let groups = groups(comparison, alike);
    let points: Vec<Point> = groups.iter().filter_map(|group| point(comparison, group, metric)).collect();
    let right = WIDTH - names_width(comparison, &groups) - 60;
    let lines: i32 = groups.iter().map(|group| group.height() * LINE + LEGEND_GAP).sum();
    let sheet = Area(LEFT, TOP, right, BOTTOM.max(TOP + lines));
    let across = Axis::fit(sheet.0, sheet.2, &ends(&points, |point| point.x));
    let up = Axis::fit(sheet.3, sheet.1, &ends(&points, |point| point.y));
    canvas::draw(WIDTH, sheet.3 + 66, |canvas| {
        heading(canvas, scenario, comparison, metric);
        grid(canvas, &across, &up, sheet, metric);
        front(canvas, &points, &across, &up);
        for point in &points {
            bars(canvas, point, &across, &up);
        }
        let spots: Vec<(i32, i32)> =
            points.iter().map(|point| (across.at(point.x.mean), up.at(point.y.mean))).collect();
        labels(canvas, &points, &spots, sheet);
        for (point, &spot) in points.iter().zip(&spots) {
            canvas.mark(spot, shape(point.policy), 6, colour(point.policy));
        }
        legend(canvas, &points, sheet.2 + 24);
    })
}

fn point(comparison: &Comparison, group: &Group, metric: &str) -> Option<Point> {
    let policy = group.first();
    let (x, y) = (comparison.summary(policy, PEAK)?, comparison.summary(policy, metric)?);
    Some(Point { policy, label: group.lines(comparison), x, y })
}

/// What the axis must hold: means and, where they are not below zero, the ends of their intervals.
fn ends(points: &[Point], of: impl Fn(&Point) -> Summary) -> Vec<f64> {
    points
        .iter()
        .map(of)
        .flat_map(|found| [Some(found.mean), found.interval.map(|interval| interval.high)])
        .flatten()
        .flat_map(|value| [value, value * HEADROOM])
        .collect()
}

fn heading(canvas: &mut Canvas<'_>, scenario: &Scenario, comparison: &Comparison, metric: &str) {
    let title = format!("{} against the peak load of the IdP", downtime::in_words(metric));
    canvas.text(&title, (24, 26), Anchor::Left, TITLE);
    canvas.text(&scenario.title, (24, 48), Anchor::Left, WORDS);
    let note = format!(
        "means of {} replications with 95 % intervals; low and left is good; dashed: nothing is better in both",
        comparison.finished()
    );
    canvas.text(&note, (24, 67), Anchor::Left, NOTE);
}

fn grid(canvas: &mut Canvas<'_>, across: &Axis, up: &Axis, sheet: Area, metric: &'static str) {
    let Area(left, top, right, bottom) = sheet;
    for tick in across.ticks() {
        canvas.line(&[(tick.at, top), (tick.at, bottom)], GRID, 1);
        canvas.text(&tick.text, (tick.at, bottom + 14), Anchor::Middle, NOTE);
    }
    for tick in up.ticks() {
        canvas.line(&[(left, tick.at), (right, tick.at)], GRID, 1);
        canvas.text(&tick.text, (left - 8, tick.at), Anchor::Right, NOTE);
    }
    canvas.line(&[(left, top), (left, bottom), (right, bottom)], GREY, 1);
    let log = |axis: &Axis| if axis.is_log() { ", logarithmic" } else { "" };
    let name = format!("token requests at the IdP in the busiest second{}", log(across));
    canvas.text(&name, (i32::midpoint(left, right), bottom + 42), Anchor::Middle, WORDS);
    canvas.text(&format!("{}{}", columns::in_words(metric), log(up)), (24, top - 18), Anchor::Left, WORDS);
}

/// The steps between the policies than which none is better in both directions; one alone has none.
fn front(canvas: &mut Canvas<'_>, points: &[Point], across: &Axis, up: &Axis) {
    let means: Vec<(f64, f64)> = points.iter().map(|point| (point.x.mean, point.y.mean)).collect();
    let on_it = pareto::front(&means);
    for pair in on_it.windows(2) {
        let [(x, y), (next, below)] =
            [pair[0], pair[1]].map(|index| (across.at(means[index].0), up.at(means[index].1)));
        canvas.dashes((x, y), (next, y), GREY);
        canvas.dashes((next, y), (next, below), GREY);
    }
}

/// The intervals, in both directions.
fn bars(canvas: &mut Canvas<'_>, point: &Point, across: &Axis, up: &Axis) {
    let (x, y) = (across.at(point.x.mean), up.at(point.y.mean));
    let ink = colour(point.policy);
    if let Some(interval) = point.x.interval {
        let (from, to) = (across.at(interval.low), across.at(interval.high));
        canvas.line(&[(from, y), (to, y)], ink, 1);
        for end in [from, to] {
            canvas.line(&[(end, y - 4), (end, y + 4)], ink, 1);
        }
    }
    if let Some(interval) = point.y.interval {
        let (from, to) = (up.at(interval.low), up.at(interval.high));
        canvas.line(&[(x, from), (x, to)], ink, 1);
        for end in [from, to] {
            canvas.line(&[(x - 4, end), (x + 4, end)], ink, 1);
        }
    }
}

/// A name beside each mark that has room for one; where marks crowd, the legend tells.
fn labels(canvas: &mut Canvas<'_>, points: &[Point], spots: &[(i32, i32)], sheet: Area) {
    let mut taken: Vec<Area> = spots.iter().map(|&(x, y)| Area(x - 8, y - 8, x + 8, y + 8)).collect();
    for (point, &spot) in points.iter().zip(spots) {
        let label = match point.label.as_slice() {
            [one] => one.clone(),
            [first, others @ ..] => format!("{first} (= {} more)", others.len()),
            [] => continue,
        };
        let free = |area: &Area| inside(*area, sheet) && !taken.iter().any(|other| overlap(*area, *other));
        let Some(area) = candidates(spot, width_of(&label, WORDS)).find(free) else { continue };
        canvas.rectangle((area.0 - 2, area.1), (area.2, area.3), plotters::style::RGBColor(255, 255, 255), 0.75);
        canvas.text(&label, (area.0, i32::midpoint(area.1, area.3)), Anchor::Left, WORDS);
        taken.push(area);
    }
}

/// Places for a name that leave no doubt whose it is: right, left, above, below.
fn candidates((x, y): (i32, i32), width: i32) -> impl Iterator<Item = Area> {
    [(x + 12, y), (x - 12 - width, y), (x - width / 2, y - LINE), (x - width / 2, y + LINE)]
        .into_iter()
        .map(move |(left, middle)| Area(left, middle - 8, left + width, middle + 8))
}

/// Beside the plot, every policy with its mark.
fn legend(canvas: &mut Canvas<'_>, points: &[Point], left: i32) {
    let mut y = TOP + LINE / 2;
    for point in points {
        canvas.mark((left, y), shape(point.policy), 5, colour(point.policy));
        for line in &point.label {
            canvas.text(line, (left + 14, y), Anchor::Left, WORDS);
            y += LINE;
        }
        y += LEGEND_GAP;
    }
}

fn inside(area: Area, sheet: Area) -> bool {
    area.0 >= sheet.0 + 2 && area.2 <= sheet.2 && area.1 >= sheet.1 - 2 && area.3 <= sheet.3
}

fn overlap(one: Area, other: Area) -> bool {
    one.0 < other.2 && other.0 < one.2 && one.1 < other.3 && other.1 < one.3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_points_in_one_place_do_not_overlap() {
        let sheet = Area(84, 112, 700, 540);
        let mut taken = vec![Area(392, 292, 408, 308)];
        let mut free = || {
            let found = candidates((400, 300), 120)
                .find(|area| inside(*area, sheet) && !taken.iter().any(|other| overlap(*area, *other)));
            taken.extend(found);
            found.is_some()
        };
        // Four places around a mark; who comes later is left to the legend.
        assert_eq!([free(), free(), free(), free(), free()], [true, true, true, true, false]);
    }
}
