//! A metric over a sweep: the values of the first key as categories, a line a policy, a panel a combination of the other keys.

use super::axis::Axis;
use super::canvas::{self, Anchor, Canvas, NOTE, TITLE, WORDS, width_of};
use super::palette::{GREY, GRID, colour, shape};
use super::{Group, WIDTH, groups, names_width, same_bits};
use crate::experiment::comparison::Comparison;
use crate::experiment::stat::Summary;
use crate::report::sweep::{Done, Swept};
use crate::report::table::columns::in_words;
use crate::scenario::sweep::{Mode, SweptKey};

const LEFT: i32 = 84;
const TOP: i32 = 112;
/// Height of a line of words.
const LINE: i32 = 17;
/// Panels drawn at most; the first ones.
const MOST_PANELS: usize = 12;
/// From so many panels on, they stand in two columns.
const TWO_COLUMNS: usize = 3;
/// Between panels: across for the numbers of the next one, down for the categories and the next one's heading.
const ACROSS: i32 = 70;
const DOWN: i32 = 76;

/// The points of one combination of the other keys.
struct Panel {
    heading: String,
    /// (category, position of the point).
    points: Vec<(usize, usize)>,
}

/// Where a panel is drawn.
#[derive(Clone, Copy, Debug)]
struct Sheet {
    left: i32,
    top: i32,
    right: i32,
    bottom: i32,
}

/// The SVG.
#[must_use]
pub fn draw(swept: &Swept<'_>, metric: &'static str) -> String {
    let Some(Done { comparison: first, .. }) = swept.done.first() else { return canvas::draw(WIDTH, TOP, |_| {}) };
    let alike = |one, other| {
        let same = |of: &Comparison| same_bits(of.values(one, metric), of.values(other, metric));
        swept.done.iter().all(|done| same(&done.comparison))
    };
    let groups = groups(first, alike);
    let (panels, all) = panels(swept);
    let right = WIDTH - names_width(first, &groups) - 60;
    let sheets = sheets(panels.len(), right);
    let legend: i32 = groups.iter().map(|group| group.height() * LINE + 6).sum();
    let bottom = sheets.last().map_or(TOP, |sheet| sheet.bottom).max(TOP + legend);
    let labels = labels(swept);
    let lines = labels.iter().map(Vec::len).max().unwrap_or(1);
    canvas::draw(WIDTH, bottom + 50 + LINE * i32::try_from(lines).unwrap_or(1), |canvas| {
        heading(canvas, swept, metric, all);
        for (panel, &sheet) in panels.iter().zip(&sheets) {
            let up = Axis::fit(sheet.bottom, sheet.top, &ends(swept, metric));
            grid(canvas, sheet, &up, panel, &labels);
            for (index, group) in groups.iter().enumerate() {
                line(canvas, swept, metric, (panel, sheet, &up, labels.len()), (index, groups.len(), group.first()));
            }
        }
        names(canvas, swept, &groups, right + 24);
    })
}

/// A panel for each combination of all keys but the first, in order, and how many there are in all.
fn panels(swept: &Swept<'_>) -> (Vec<Panel>, usize) {
    let sweep = swept.sweep;
    let mut panels: Vec<(Vec<usize>, Panel)> = Vec::new();
    for (index, point) in sweep.points.iter().enumerate() {
        let (category, others) = match sweep.mode {
            Mode::Grid => (point.at[0], point.at[1..].to_vec()),
            Mode::Zip => (index, Vec::new()),
        };
        let found = panels.iter().position(|(known, _)| *known == others).unwrap_or(panels.len());
        if found == panels.len() {
            let value = |(key, &at): (usize, &usize)| {
                let key = &sweep.keys[key + 1];
                format!("{} = {}", key.name, key.values[at].text)
            };
            let heading = others.iter().enumerate().map(value).collect::<Vec<_>>().join(", ");
            panels.push((others, Panel { heading, points: Vec::new() }));
        }
        if swept.at(index).is_some() {
            panels[found].1.points.push((category, index));
        }
    }
    let all = panels.len();
    (panels.into_iter().take(MOST_PANELS).map(|(_, panel)| panel).collect(), all)
}

/// The names of the categories: values of the first key, and in a zip of all keys, one a line.
fn labels(swept: &Swept<'_>) -> Vec<Vec<String>> {
    let keys = &swept.sweep.keys;
    match swept.sweep.mode {
        Mode::Grid => keys[0].values.iter().map(|value| vec![value.text.clone()]).collect(),
        Mode::Zip => (0..keys[0].values.len())
            .map(|index| keys.iter().map(|key| key.values[index].text.clone()).collect())
            .collect(),
    }
}

fn sheets(panels: usize, right: i32) -> Vec<Sheet> {
    let columns = if panels >= TWO_COLUMNS { 2 } else { 1 };
    let height = if panels == 1 { 400 } else { 220 };
    let width = (right - LEFT - (columns - 1) * ACROSS) / columns;
    let sheet = |index: i32| {
        let (left, top) = (LEFT + index % columns * (width + ACROSS), TOP + index / columns * (height + DOWN));
        Sheet { left, top, right: left + width, bottom: top + height }
    };
    (0..i32::try_from(panels).unwrap_or(1)).map(sheet).collect()
}

/// What all vertical axes must hold, so that panels compare.
fn ends(swept: &Swept<'_>, metric: &str) -> Vec<f64> {
    let rows = swept.rows().into_iter();
    rows.filter_map(|row| row.comparison.summary(row.policy, metric))
        .flat_map(|found| [Some(found.mean), found.interval.map(|interval| interval.high)])
        .flatten()
        .collect()
}

fn heading(canvas: &mut Canvas<'_>, swept: &Swept<'_>, metric: &'static str, panels: usize) {
    let words = in_words(metric);
    let title: String = words.chars().take(1).flat_map(char::to_uppercase).chain(words.chars().skip(1)).collect();
    let keys = &swept.sweep.keys;
    let by: Vec<&SweptKey> = match swept.sweep.mode {
        Mode::Grid => vec![&keys[0]],
        Mode::Zip => keys.iter().collect(),
    };
    let by = |name: fn(&SweptKey) -> &str| by.iter().map(|key| name(key)).collect::<Vec<_>>().join(", ");
    // In full, or as the table has them, or at least their number: a title is one line.
    let titles = [by(|key| &key.path), by(|key| &key.name), format!("{} keys", keys.len())];
    let titles = titles.map(|by| format!("{title}, by {by}"));
    let fits = |title: &&String| width_of(title, TITLE) <= WIDTH - 2 * 24;
    let title = titles.iter().find(fits).unwrap_or(&titles[2]);
    canvas.text(title, (24, 26), Anchor::Left, TITLE);
    canvas.text(&swept.scenario.title, (24, 48), Anchor::Left, WORDS);
    let some =
        if panels > MOST_PANELS { format!("; the first {MOST_PANELS} of {panels} panels") } else { String::new() };
    let note = format!("means of the replications with 95 % intervals{some}");
    canvas.text(&note, (24, 67), Anchor::Left, NOTE);
}

/// The middle of a category.
fn across(sheet: Sheet, category: usize, categories: usize) -> i32 {
    let (category, categories) = (i32::try_from(category).unwrap_or(0), i32::try_from(categories).unwrap_or(1).max(1));
    sheet.left + (sheet.right - sheet.left) * (2 * category + 1) / (2 * categories)
}

fn grid(canvas: &mut Canvas<'_>, sheet: Sheet, up: &Axis, panel: &Panel, labels: &[Vec<String>]) {
    for tick in up.ticks() {
        canvas.line(&[(sheet.left, tick.at), (sheet.right, tick.at)], GRID, 1);
        canvas.text(&tick.text, (sheet.left - 8, tick.at), Anchor::Right, NOTE);
    }
    canvas.line(&[(sheet.left, sheet.top), (sheet.left, sheet.bottom), (sheet.right, sheet.bottom)], GREY, 1);
    let log = if up.is_log() { "logarithmic" } else { "" };
    let words = [panel.heading.as_str(), log].iter().filter(|words| !words.is_empty()).copied().collect::<Vec<_>>();
    canvas.text(&words.join("; "), (sheet.left, sheet.top - 16), Anchor::Left, WORDS);
    // Where names crowd, only every second one is written, or every third, and so on.
    let widest = labels.iter().flatten().map(|text| width_of(text, NOTE)).max().unwrap_or(0) + 8;
    let count = i32::try_from(labels.len()).unwrap_or(1).max(1);
    let step = usize::try_from((widest * count).div_euclid(sheet.right - sheet.left) + 1).unwrap_or(1);
    for (category, lines) in labels.iter().enumerate() {
        let x = across(sheet, category, labels.len());
        canvas.line(&[(x, sheet.bottom), (x, sheet.bottom + 4)], GREY, 1);
        for (line, row) in lines.iter().zip(0..).filter(|_| category % step == 0) {
            canvas.text(line, (x, sheet.bottom + 16 + LINE * row), Anchor::Middle, NOTE);
        }
    }
}

/// A policy's means, joined where points are neighbours on one scale: not where several keys are zipped. Policies stand a little apart, so that none hides another's interval.
fn line(
    canvas: &mut Canvas<'_>,
    swept: &Swept<'_>,
    metric: &str,
    (panel, sheet, up, categories): (&Panel, Sheet, &Axis, usize),
    (index, groups, policy): (usize, usize, usize),
) {
    let ink = colour(policy);
    let step = (sheet.right - sheet.left) / i32::try_from(categories).unwrap_or(1).max(1);
    let (index, groups) = (i32::try_from(index).unwrap_or(0), i32::try_from(groups).unwrap_or(1).max(1));
    let aside = (2 * index + 1 - groups) * (step / (3 * groups)).min(8) / 2;
    let found = |&(category, point): &(usize, usize)| {
        let found = swept.at(point)?.summary(policy, metric)?;
        Some((category, across(sheet, category, categories) + aside, found))
    };
    let marks: Vec<(usize, i32, Summary)> = panel.points.iter().filter_map(found).collect();
    let scale = swept.sweep.mode == Mode::Grid || swept.sweep.keys.len() == 1;
    for pair in marks.windows(2).filter(|pair| scale && pair[1].0 == pair[0].0 + 1) {
        canvas.line(&[(pair[0].1, up.at(pair[0].2.mean)), (pair[1].1, up.at(pair[1].2.mean))], ink, 2);
    }
    for (_, x, found) in marks {
        if let Some(interval) = found.interval {
            canvas.line(&[(x, up.at(interval.low)), (x, up.at(interval.high))], ink, 1);
        }
        canvas.mark((x, up.at(found.mean)), shape(policy), 4, ink);
    }
}

/// Beside the panels, every policy with its mark.
fn names(canvas: &mut Canvas<'_>, swept: &Swept<'_>, groups: &[Group], left: i32) {
    let Some(Done { comparison: first, .. }) = swept.done.first() else { return };
    let mut y = TOP + LINE / 2;
    for group in groups {
        canvas.mark((left, y), shape(group.first()), 5, colour(group.first()));
        for text in group.lines(first) {
            canvas.text(&text, (left + 14, y), Anchor::Left, WORDS);
            y += LINE;
        }
        y += 6;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_sweep_has_a_panel_for_each_value_of_the_second_key_and_names_every_policy() {
        let (scenario, sweep) = (sample::scenario(), sample::sweep());
        for points in [1, 3, 6] {
            let swept = sample::swept(&scenario, &sweep, points, 5);
            for metric in swept.metrics() {
                let svg = draw(&swept, metric);
                assert_eq!(svg, draw(&swept, metric));
                for word in ["loss = 0.1", "15min"]
                    .into_iter()
                    .chain(scenario.policies.iter().map(|policy| policy.name.as_str()))
                {
                    assert!(svg.contains(word), "{word} is missing");
                }
            }
        }
    }

    #[test]
    fn a_title_is_one_line_and_zipped_keys_are_no_scale() {
        let (scenario, mut sweep) = (sample::scenario(), sample::sweep());
        sweep.mode = Mode::Zip;
        sweep.points.truncate(2);
        for key in &mut sweep.keys {
            key.path = format!("client.{}.{}", "a-population-with-a-long-name", key.name);
            key.values.truncate(2);
        }
        let lines = |svg: &str| svg.matches("<polyline").count();
        let svg = draw(&sample::swept(&scenario, &sweep, 2, 5), "downtime_s");
        assert!(svg.contains("Downtime, s, by token_lifetime, loss"), "{svg}");
        sweep.keys.truncate(1);
        let joined = draw(&sample::swept(&scenario, &sweep, 2, 5), "downtime_s");
        assert!(joined.contains("Downtime, s, by client.a-population"), "{joined}");
        assert!(lines(&svg) < lines(&joined), "{} {}", lines(&svg), lines(&joined));
    }

    /// `PLOTS=plots cargo test --lib sweeps_for_the_eye` writes the plots of made-up results.
    #[test]
    fn sweeps_for_the_eye() {
        let Some(dir) = option_env!("PLOTS") else { return };
        let (scenario, sweep) = (sample::scenario(), sample::sweep());
        std::fs::create_dir_all(dir).unwrap();
        let swept = sample::swept(&scenario, &sweep, 6, 30);
        std::fs::write(format!("{dir}/sweep.svg"), draw(&swept, "downtime_after_restart_s")).unwrap();
    }
}
