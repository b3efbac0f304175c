//! A metric over two keys of a sweep: a cell for each pair of their values, a panel for policies that are alike and for each
//! combination of further keys, all on one scale.

use plotters::style::RGBColor;

use super::axis::Axis;
use super::canvas::{self, Anchor, Canvas, Font, NOTE, TITLE, WORDS, width_of};
use super::palette::{GREY, INK, on, shade};
use super::{Group, WIDTH, groups, pixel, same_bits};
use crate::experiment::verdict;
use crate::report::number::short;
use crate::report::sweep::{Done, Swept};
use crate::report::table::columns::{in_words, is_censored};
use crate::scenario::sweep::{Mode, SweptKey};

/// Beyond this ratio of the largest to the smallest value, the scale is logarithmic.
const LOG_FROM: f64 = 100.0;
/// Panels drawn at most; the first ones.
const MOST_PANELS: usize = 12;
const SIDE: i32 = 24;
const TOP: i32 = 148;
/// Above a panel's cells: its headings; below them: the values and the name of the first key.
const HEADINGS: i32 = 46;
const BELOW: i32 = 60;
const GAP: i32 = 28;
/// A cell is at least so wide if several panels are to stand side by side, and at most so wide and high.
const NARROW: i32 = 44;
const WIDEST: i32 = 110;
const HIGHEST: i32 = 40;
/// Width and height of the scale of colours, and where it is.
const SCALE: i32 = 420;
const SCALE_TOP: i32 = 92;
const SCALE_HEIGHT: i32 = 14;
const NUMBER: Font = Font { size: 12, bold: false, colour: INK };

/// The points of one panel: those with one combination of the further keys.
struct Panel {
    /// The further keys with their values; empty where there are none.
    heading: String,
    /// (column, row, point).
    cells: Vec<(usize, usize, usize)>,
}

/// Where things are, the same for every panel.
#[derive(Clone, Copy, Debug)]
struct Sheet {
    /// Panels side by side.
    across: i32,
    columns: i32,
    rows: i32,
    /// Of a cell.
    width: i32,
    height: i32,
    /// What the names of the rows take.
    names: i32,
}

/// The name of the file.
#[must_use]
pub fn name(metric: &str) -> String {
    format!("{metric}-heat.svg")
}

/// The metrics that are drawn: the one that policies are judged by, and the peak at the IdP.
#[must_use]
pub fn metrics(swept: &Swept<'_>) -> Vec<&'static str> {
    let Some(first) = swept.done.first() else { return Vec::new() };
    let headline = verdict::headline(&first.comparison);
    let drawn = |metric: &&'static str| *metric == headline || *metric == "idp_token_requests_peak_per_s";
    swept.metrics().into_iter().filter(drawn).collect()
}

/// The SVG; `None` unless the sweep is a grid whose first two keys have at least two values each.
#[must_use]
pub fn draw(swept: &Swept<'_>, metric: &'static str) -> Option<String> {
    let keys = &swept.sweep.keys;
    let two = swept.sweep.mode == Mode::Grid && keys.len() > 1 && keys[..2].iter().all(|key| key.values.len() > 1);
    if !two {
        return None;
    }
    let first = &swept.done.first()?.comparison;
    let alike = |one, other| {
        let same = |done: &Done| {
            let values = |policy| done.comparison.values(policy, metric);
            same_bits(values(one), values(other))
        };
        swept.done.iter().all(same)
    };
    let (groups, panels) = (groups(first, alike), panels(swept));
    let all = groups.len() * panels.len();
    let drawn: Vec<(&Panel, &Group)> =
        panels.iter().flat_map(|panel| groups.iter().map(move |group| (panel, group))).take(MOST_PANELS).collect();
    let scale = scale(swept, metric);
    let sheet = Sheet::of(&keys[0], &keys[1], drawn.len());
    let stacked = i32::try_from(drawn.len()).unwrap_or(1).div_euclid(sheet.across)
        + i32::from(i32::try_from(drawn.len()).unwrap_or(1).rem_euclid(sheet.across) > 0);
    Some(canvas::draw(WIDTH, TOP + stacked * sheet.whole_height() + 8, |canvas| {
        heading(canvas, swept, metric, &scale, all);
        for ((panel, group), index) in drawn.into_iter().zip(0..) {
            let place = sheet.place(index);
            frame(canvas, swept, &sheet, place, [policies(swept, group, &sheet), panel.heading.clone()]);
            cells(canvas, swept, metric, (&sheet, place, &scale), (panel, group.first()));
        }
    }))
}

/// A panel for each combination of the keys after the second one, in order.
fn panels(swept: &Swept<'_>) -> Vec<Panel> {
    let mut panels: Vec<(&[usize], Panel)> = Vec::new();
    for (index, point) in swept.sweep.points.iter().enumerate() {
        let others = &point.at[2..];
        let found = panels.iter().position(|(known, _)| *known == others).unwrap_or(panels.len());
        if found == panels.len() {
            let values = swept.sweep.keys[2..].iter().zip(others);
            let values = values.map(|(key, &at)| format!("{} = {}", key.name, key.values[at].text));
            let heading = values.collect::<Vec<_>>().join(", ");
            panels.push((others, Panel { heading, cells: Vec::new() }));
        }
        panels[found].1.cells.push((point.at[0], point.at[1], index));
    }
    panels.into_iter().map(|(_, panel)| panel).collect()
}

/// From values to places on the scale of colours, which is an axis as long as the scale.
fn scale(swept: &Swept<'_>, metric: &str) -> Axis {
    let rows = swept.rows().into_iter();
    let means: Vec<f64> = rows.filter_map(|row| Some(row.comparison.summary(row.policy, metric)?.mean)).collect();
    Axis::scale(0, SCALE, &means, LOG_FROM)
}

impl Sheet {
    fn of(columns: &SweptKey, rows: &SweptKey, panels: usize) -> Sheet {
        let count = |key: &SweptKey| i32::try_from(key.values.len()).unwrap_or(1);
        let names = rows.values.iter().map(|value| width_of(&value.text, NOTE)).max().unwrap_or(0).clamp(20, 110) + 10;
        let panels = i32::try_from(panels).unwrap_or(1);
        let wide = |across: i32| ((WIDTH - 2 * SIDE - (across - 1) * GAP) / across - names) / count(columns);
        let across = (1..=3.min(panels)).rev().find(|&across| wide(across) >= NARROW).unwrap_or(1);
        let height = (300 / count(rows)).clamp(16, HIGHEST);
        let (columns, rows) = (count(columns), count(rows));
        Sheet { across, columns, rows, width: wide(across).clamp(4, WIDEST), height, names }
    }

    fn whole_height(&self) -> i32 {
        HEADINGS + self.rows * self.height + BELOW
    }

    /// The upper left corner of a panel's cells.
    fn place(&self, index: i32) -> (i32, i32) {
        let whole = (WIDTH - 2 * SIDE + GAP) / self.across;
        let (column, row) = (index % self.across, index / self.across);
        (SIDE + column * whole + self.names, TOP + row * self.whole_height() + HEADINGS)
    }

    /// How wide a panel is with the names of its rows.
    fn panel_width(&self) -> i32 {
        ((WIDTH - 2 * SIDE + GAP) / self.across - GAP).max(self.columns * self.width + self.names)
    }
}

/// The policies of a panel, or the first one and how many are like it.
fn policies(swept: &Swept<'_>, group: &Group, sheet: &Sheet) -> String {
    let name = |&policy: &usize| swept.scenario.policies[policy].name.as_str();
    let all = group.members.iter().map(name).collect::<Vec<_>>().join(" = ");
    if group.members.len() > 1 && width_of(&all, WORDS) > sheet.panel_width() {
        return format!("{} (= {} more)", name(&group.first()), group.members.len() - 1);
    }
    all
}

fn heading(canvas: &mut Canvas<'_>, swept: &Swept<'_>, metric: &'static str, scale: &Axis, panels: usize) {
    let words = in_words(metric);
    let keys = &swept.sweep.keys;
    let title: String = words.chars().take(1).flat_map(char::to_uppercase).chain(words.chars().skip(1)).collect();
    let by = |name: fn(&SweptKey) -> &str| format!("{title}, by {} and {}", name(&keys[0]), name(&keys[1]));
    let titles = [by(|key| &key.path), by(|key| &key.name)];
    let fits = |title: &&String| width_of(title, TITLE) <= WIDTH - 2 * SIDE;
    canvas.text(titles.iter().find(fits).unwrap_or(&titles[1]), (SIDE, 26), Anchor::Left, TITLE);
    canvas.text(&swept.scenario.title, (SIDE, 48), Anchor::Left, WORDS);
    let some = if panels > MOST_PANELS {
        format!("; the first {MOST_PANELS} of {panels} panels, the others are in summary.csv")
    } else {
        String::new()
    };
    let log = if scale.is_log() { "; logarithmic scale" } else { "" };
    canvas.text(&format!("means of the replications, the darker the more{log}{some}"), (SIDE, 67), Anchor::Left, NOTE);
    colours(canvas, scale);
}

/// The scale of colours with its values, and what a hole means.
fn colours(canvas: &mut Canvas<'_>, scale: &Axis) {
    let bottom = SCALE_TOP + SCALE_HEIGHT;
    for x in (0..SCALE).step_by(3) {
        canvas.rectangle(
            (SIDE + x, SCALE_TOP),
            ((SIDE + x + 4).min(SIDE + SCALE), bottom),
            shade(f64::from(x) / f64::from(SCALE)),
            1.0,
        );
    }
    let mut free = i32::MIN;
    for tick in scale.ticks() {
        let (x, half) = (SIDE + tick.at, width_of(&tick.text, NOTE) / 2);
        canvas.line(&[(x, bottom), (x, bottom + 4)], GREY, 1);
        if x - half > free {
            canvas.text(&tick.text, (x, bottom + 14), Anchor::Middle, NOTE);
            free = x + half + 6;
        }
    }
    let left = SIDE + SCALE + 28;
    hole(canvas, (left, SCALE_TOP - 3), (left + 24, bottom + 3));
    canvas.text("not played, or without a value", (left + 34, i32::midpoint(SCALE_TOP, bottom)), Anchor::Left, NOTE);
}

/// What stands around the cells of a panel.
fn frame(canvas: &mut Canvas<'_>, swept: &Swept<'_>, sheet: &Sheet, (left, top): (i32, i32), headings: [String; 2]) {
    let (columns, rows) = (&swept.sweep.keys[0], &swept.sweep.keys[1]);
    let bottom = top + sheet.rows * sheet.height;
    let start = left - sheet.names;
    let [policies, others] = headings.map(|text| shortened(&text, sheet.panel_width(), WORDS));
    canvas.text(&policies, (start, top - 34), Anchor::Left, Font { bold: true, ..WORDS });
    let upwards =
        if others.is_empty() { format!("upwards: {}", rows.name) } else { format!("{others}; upwards: {}", rows.name) };
    canvas.text(&shortened(&upwards, sheet.panel_width(), NOTE), (start, top - 16), Anchor::Left, NOTE);
    for (value, row) in rows.values.iter().zip(0..) {
        let text = shortened(&value.text, sheet.names - 8, NOTE);
        canvas.text(&text, (left - 8, bottom - row * sheet.height - sheet.height / 2), Anchor::Right, NOTE);
    }
    // Where names crowd, only every second one is written, or every third, and so on.
    let widest = columns.values.iter().map(|value| width_of(&value.text, NOTE)).max().unwrap_or(0) + 6;
    let step = (widest.min(sheet.panel_width()) / sheet.width + 1).max(1);
    for (value, column) in columns.values.iter().zip(0..).filter(|(_, column)| column % step == 0) {
        let text = shortened(&value.text, step * sheet.width, NOTE);
        canvas.text(&text, (left + column * sheet.width + sheet.width / 2, bottom + 14), Anchor::Middle, NOTE);
    }
    let middle = left + sheet.columns * sheet.width / 2;
    canvas.text(&shortened(&columns.name, sheet.panel_width(), NOTE), (middle, bottom + 32), Anchor::Middle, NOTE);
}

fn cells(
    canvas: &mut Canvas<'_>,
    swept: &Swept<'_>,
    metric: &'static str,
    (sheet, (left, top), scale): (&Sheet, (i32, i32), &Axis),
    (panel, policy): (&Panel, usize),
) {
    let bottom = top + sheet.rows * sheet.height;
    let corners = |column: i32, row: i32| {
        let (x, y) = (left + column * sheet.width, bottom - (row + 1) * sheet.height);
        ((x, y), (x + sheet.width - 1, y + sheet.height - 1))
    };
    let value = |point: usize| {
        let comparison = swept.at(point)?;
        let mean = comparison.summary(policy, metric)?.mean;
        let censored = metric != verdict::EXPOSURE && metric.contains("downtime") && is_censored(comparison, policy);
        Some((mean, censored))
    };
    let told = |(mean, censored): (f64, bool)| if censored { format!("≥ {}", short(mean)) } else { short(mean) };
    let values: Vec<Option<(f64, bool)>> = panel.cells.iter().map(|&(_, _, point)| value(point)).collect();
    // Where a number does not fit, colours alone speak: zeros, which always fit, would say that there is nothing else.
    let fit = values.iter().flatten().all(|&one| width_of(&told(one), NUMBER) <= sheet.width);
    for (column, row) in (0..sheet.columns).flat_map(|column| (0..sheet.rows).map(move |row| (column, row))) {
        let (from, to) = corners(column, row);
        let here = |&(x, y, _): &(usize, usize, usize)| i32::try_from(x) == Ok(column) && i32::try_from(y) == Ok(row);
        let Some(one) = panel.cells.iter().position(here).and_then(|cell| values[cell]) else {
            hole(canvas, from, to);
            continue;
        };
        let colour = shade(f64::from(scale.at(one.0)) / f64::from(SCALE));
        canvas.rectangle(from, to, colour, 1.0);
        if fit {
            let middle = (i32::midpoint(from.0, to.0), i32::midpoint(from.1, to.1));
            canvas.text(&told(one), middle, Anchor::Middle, Font { colour: on(colour), ..NUMBER });
        }
    }
}

/// A cell without a value: hatched, with a dash.
fn hole(canvas: &mut Canvas<'_>, (left, top): (i32, i32), (right, bottom): (i32, i32)) {
    const HATCH: RGBColor = RGBColor(0xC8, 0xC8, 0xC8);
    canvas.rectangle((left, top), (right, bottom), RGBColor(255, 255, 255), 1.0);
    let (width, height) = (right - left, bottom - top);
    for start in (6..width + height).step_by(8) {
        let (x, y) = (start.min(width), (start - width).max(0));
        let (down_x, down_y) = ((start - height).max(0), start.min(height));
        canvas.line(&[(left + x, top + y), (left + down_x, top + down_y)], HATCH, 1);
    }
    canvas.line(&[(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], HATCH, 1);
    let (x, y) = (i32::midpoint(left, right), i32::midpoint(top, bottom));
    if width >= 16 {
        canvas.rectangle((x - 6, y - 4), (x + 6, y + 4), RGBColor(255, 255, 255), 1.0);
        canvas.line(&[(x - 4, y), (x + 4, y)], GREY, 1);
    }
}

/// A text in so many pixels, its end left out if it must.
fn shortened(text: &str, width: i32, font: Font) -> String {
    if width_of(text, font) <= width {
        return text.to_owned();
    }
    let letters = text.chars().count();
    let share = f64::from(width) / f64::from(width_of(text, font).max(1));
    let kept = pixel(share * f64::from(u32::try_from(letters).unwrap_or(0))) - 1;
    let kept: String = text.chars().take(usize::try_from(kept).unwrap_or(0)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn every_point_and_every_policy_is_in_it_and_the_drawing_is_the_same_twice() {
        let (scenario, sweep) = (sample::scenario(), sample::sweep());
        let swept = sample::swept(&scenario, &sweep, 6, 5);
        assert_eq!(metrics(&swept), ["downtime_after_restart_s", "idp_token_requests_peak_per_s"]);
        let svg = draw(&swept, "downtime_after_restart_s").unwrap();
        assert_eq!(Some(&svg), draw(&swept, "downtime_after_restart_s").as_ref());
        for word in ["token_lifetime", "15min", "upwards: loss", "ttl-only = wso2-mediator", "no-cache"] {
            assert!(svg.contains(&format!("\n{word}\n")), "{word} is missing: {svg}");
        }
        let mean = short(swept.done[5].comparison.mean(0, "downtime_after_restart_s"));
        assert!(svg.contains(&format!("\n{mean}\n")), "{mean} is missing");
        assert!(svg.contains("logarithmic scale"));
    }

    #[test]
    fn a_point_that_is_not_there_is_a_hole() {
        let (scenario, sweep) = (sample::scenario(), sample::sweep());
        // Numbers and holes have a word or a rectangle each: fewer words where fewer points are done.
        let words =
            |points| draw(&sample::swept(&scenario, &sweep, points, 2), "failed").unwrap().matches("<text").count();
        let groups = words(6) - words(5);
        assert_eq!(words(5) - words(3), 2 * groups);
        assert!(groups >= 6, "{groups}");
    }

    #[test]
    fn further_keys_have_panels_of_their_own_and_not_more_than_fit() {
        let (scenario, mut sweep) = (sample::scenario(), sample::sweep());
        let mut third = sweep.keys[1].clone();
        (third.path, third.name) = ("idp.workers".into(), "workers".into());
        sweep.keys.push(third);
        let points = std::mem::take(&mut sweep.points).into_iter();
        sweep.points = points
            .zip(sample::sweep().points)
            .flat_map(|(one, other)| [(0, one), (1, other)])
            .map(|(third, mut point)| {
                point.at.push(third);
                point
            })
            .collect();
        let swept = sample::swept(&scenario, &sweep, 6, 2);
        let svg = draw(&swept, "downtime_after_restart_s").unwrap();
        assert!(svg.contains("workers = 0; upwards: loss") && svg.contains("workers = 0.1; upwards: loss"), "{svg}");
        assert!(!svg.contains("the first 12 of"), "{svg}");
    }

    #[test]
    fn one_list_of_values_and_zipped_lists_have_no_area() {
        let (scenario, mut sweep) = (sample::scenario(), sample::sweep());
        sample::zip(&mut sweep);
        assert_eq!(draw(&sample::swept(&scenario, &sweep, 2, 2), "failed"), None);
        let mut sweep = sample::sweep();
        sweep.keys[1].values.truncate(1);
        assert_eq!(draw(&sample::swept(&scenario, &sweep, 1, 2), "failed"), None);
    }

    #[test]
    fn a_text_is_cut_to_its_place() {
        assert_eq!(shortened("short", 200, NOTE), "short");
        let cut = shortened("{ dist = \"uniform\", max = \"9ms\", min = \"1ms\" }", 80, NOTE);
        assert!(cut.starts_with("{ dist") && cut.ends_with('…') && width_of(&cut, NOTE) <= 80, "{cut}");
    }

    /// `PLOTS=plots cargo test --lib heat_for_the_eye` writes the plots of made-up results.
    #[test]
    fn heat_for_the_eye() {
        let Some(dir) = option_env!("PLOTS") else { return };
        let (scenario, sweep) = (sample::scenario(), sample::sweep());
        std::fs::create_dir_all(dir).unwrap();
        let swept = sample::swept(&scenario, &sweep, 5, 30);
        for metric in metrics(&swept) {
            std::fs::write(format!("{dir}/{}", name(metric)), draw(&swept, metric).unwrap()).unwrap();
        }
    }
}
