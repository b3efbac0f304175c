//! What a policy buys and what it costs: mean downtime against the mean peak of token requests at the IdP, with intervals.

use super::axis::Axis;
use super::canvas::{self, Anchor, Canvas, NOTE, TITLE, WORDS, width_of};
use super::palette::{GREY, GRID, colour, shape};
use super::{Group, WIDTH, downtime, groups, same_bits};
use crate::experiment::comparison::Comparison;
use crate::experiment::stat::Summary;
use crate::experiment::verdict;
use crate::scenario::Scenario;

const LEFT: i32 = 84;
const RIGHT: i32 = WIDTH - 36;
const TOP: i32 = 112;
const BOTTOM: i32 = 540;
const PEAK: &str = "idp_token_requests_peak_per_s";
/// Height of a label.
const LINE: i32 = 17;

/// A policy, or several that coincide.
struct Point {
    policy: usize,
    label: Vec<String>,
    x: Summary,
    y: Summary,
}

/// Left, top, right, bottom.
#[derive(Clone, Copy, Debug)]
struct Area(i32, i32, i32, i32);

/// The SVG.
#[must_use]
pub fn draw(scenario: &Scenario, comparison: &Comparison) -> String {
    let metric = verdict::headline(comparison);
    let alike = |one, other| {
        [metric, PEAK].iter().all(|name| same_bits(comparison.values(one, name), comparison.values(other, name)))
    };
    let points: Vec<Point> =
        groups(comparison, alike).iter().filter_map(|group| point(comparison, group, metric)).collect();
    let across = Axis::fit(LEFT, RIGHT, &ends(&points, |point| point.x));
    let up = Axis::fit(BOTTOM, TOP, &ends(&points, |point| point.y));
    canvas::draw(WIDTH, BOTTOM + 66, |canvas| {
        heading(canvas, scenario, comparison, metric);
        grid(canvas, &across, &up, metric);
        for point in &points {
            bars(canvas, point, &across, &up);
        }
        let spots: Vec<(i32, i32)> =
            points.iter().map(|point| (across.at(point.x.mean), up.at(point.y.mean))).collect();
        for (point, &spot) in points.iter().zip(&spots) {
            canvas.mark(spot, shape(point.policy), 6, colour(point.policy));
        }
        labels(canvas, &points, &spots);
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
        .collect()
}

fn heading(canvas: &mut Canvas<'_>, scenario: &Scenario, comparison: &Comparison, metric: &str) {
    let title = format!("{} against the peak load of the IdP", downtime::in_words(metric));
    canvas.text(&title, (24, 26), Anchor::Left, TITLE);
    canvas.text(&scenario.title, (24, 48), Anchor::Left, WORDS);
    let note = format!("means of {} replications with 95 % intervals; low and left is good", comparison.finished());
    canvas.text(&note, (24, 67), Anchor::Left, NOTE);
}

fn grid(canvas: &mut Canvas<'_>, across: &Axis, up: &Axis, metric: &str) {
    for tick in across.ticks() {
        canvas.line(&[(tick.at, TOP), (tick.at, BOTTOM)], GRID, 1);
        canvas.text(&tick.text, (tick.at, BOTTOM + 14), Anchor::Middle, NOTE);
    }
    for tick in up.ticks() {
        canvas.line(&[(LEFT, tick.at), (RIGHT, tick.at)], GRID, 1);
        canvas.text(&tick.text, (LEFT - 8, tick.at), Anchor::Right, NOTE);
    }
    canvas.line(&[(LEFT, TOP), (LEFT, BOTTOM), (RIGHT, BOTTOM)], GREY, 1);
    let log = |axis: &Axis| if axis.is_log() { ", logarithmic" } else { "" };
    let name = format!("token requests at the IdP in the busiest second{}", log(across));
    canvas.text(&name, (i32::midpoint(LEFT, RIGHT), BOTTOM + 42), Anchor::Middle, WORDS);
    let what = if metric == "downtime_s" { "downtime" } else { "downtime after restart" };
    canvas.text(&format!("{what}, s{}", log(up)), (24, TOP - 18), Anchor::Left, WORDS);
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

/// A name beside each mark, where it covers neither a mark nor another name; a thin line leads to one that had to move.
fn labels(canvas: &mut Canvas<'_>, points: &[Point], spots: &[(i32, i32)]) {
    let mut taken: Vec<Area> = spots.iter().map(|&(x, y)| Area(x - 8, y - 8, x + 8, y + 8)).collect();
    for (point, &spot) in points.iter().zip(spots) {
        let width = point.label.iter().map(|line| width_of(line, WORDS)).max().unwrap_or(0);
        let height = LINE * i32::try_from(point.label.len()).unwrap_or(1);
        let area = candidates(spot, width, height)
            .find(|area| inside(*area) && !taken.iter().any(|other| overlap(*area, *other)))
            .unwrap_or(Area(spot.0 + 12, spot.1 - height / 2, spot.0 + 12 + width, spot.1 + height / 2));
        let middle = i32::midpoint(area.1, area.3);
        if (middle - spot.1).abs() > height / 2 + LINE / 2 {
            let end = if area.0 > spot.0 { area.0 - 2 } else { area.2.min(spot.0) };
            canvas.line(&[spot, (end, middle)], GREY, 1);
        }
        canvas.rectangle((area.0 - 2, area.1), (area.2, area.3), plotters::style::RGBColor(255, 255, 255), 0.75);
        canvas.block(&point.label, (area.0, middle), Anchor::Left, WORDS);
        taken.push(area);
    }
}

/// Right, left, above, below, then ever further above and below.
fn candidates((x, y): (i32, i32), width: i32, height: i32) -> impl Iterator<Item = Area> {
    let at = move |left: i32, middle: i32| Area(left, middle - height / 2, left + width, middle + height / 2);
    let near = [
        at(x + 12, y),
        at(x - 12 - width, y),
        at(x + 12, y - LINE),
        at(x + 12, y + LINE),
        at(x - 12 - width, y - LINE),
        at(x - 12 - width, y + LINE),
    ];
    let far = (2..20).flat_map(move |step| {
        [-1, 1]
            .into_iter()
            .flat_map(move |side| [at(x + 20, y + side * step * LINE), at(x - 20 - width, y + side * step * LINE)])
    });
    near.into_iter().chain(far)
}

fn inside(area: Area) -> bool {
    area.0 >= LEFT + 2 && area.2 <= WIDTH - 4 && area.1 >= TOP - 2 && area.3 <= BOTTOM
}

fn overlap(one: Area, other: Area) -> bool {
    one.0 < other.2 && other.0 < one.2 && one.1 < other.3 && other.1 < one.3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_points_in_one_place_do_not_overlap() {
        let spot = (400, 300);
        let mut taken = vec![Area(392, 292, 408, 308)];
        for _ in 0..20 {
            let area = candidates(spot, 120, 17)
                .find(|area| inside(*area) && !taken.iter().any(|other| overlap(*area, *other)))
                .expect("there is room");
            taken.push(area);
        }
        assert_eq!(taken.len(), 21);
    }
}
