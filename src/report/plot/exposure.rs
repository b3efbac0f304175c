//! For how long gateways accept revoked tokens of callers: a row a gateway, in blocks of a policy or of a point of a sweep.

use plotters::style::RGBColor;

use super::WIDTH;
use super::axis::Axis;
use super::canvas::{self, Anchor, Canvas, NOTE, TITLE, WORDS, width_of};
use super::palette::{GREY, GRID, INK, Shape, colour, shape};
use crate::experiment::comparison::Comparison;
use crate::report::gateways::{Row, alike, label, name, some_rows};
use crate::report::number::span;
use crate::report::sweep::Swept;
use crate::scenario::Scenario;

/// The name of the file.
pub const NAME: &str = "exposure.svg";

/// Where names begin, and those of blocks.
const NAMES: i32 = 40;
const BLOCKS: i32 = 24;
const RIGHT: i32 = WIDTH - 220;
/// Where the numbers beside the rows end.
const MEANS: i32 = WIDTH - 120;
const LARGEST: i32 = WIDTH - 24;
const TOP: i32 = 126;
const ROW: i32 = 24;
/// Height of a block's heading, and what is left free above it.
const HEADING: i32 = 22;
const GAP: i32 = 10;
/// Gateways that a block has at most.
const MOST: usize = 12;
/// Rows drawn at most; the first blocks.
const MOST_ROWS: usize = 60;

/// The rows of policies that are alike, of a comparison or of a point of a sweep.
struct Block<'a> {
    /// Empty where there is only one.
    heading: String,
    rows: Vec<Row<'a>>,
}

/// The SVG of a comparison; `None` where callers have no tokens.
#[must_use]
pub fn draw(scenario: &Scenario, comparison: &Comparison) -> Option<String> {
    let note = format!("{} replications", comparison.finished());
    painted(&scenario.title, &note, blocks(scenario, comparison, ""))
}

/// The SVG of a sweep; `None` where callers have tokens at no point.
#[must_use]
pub fn draw_sweep(swept: &Swept<'_>) -> Option<String> {
    let of_point = |(point, comparison): (usize, _)| {
        let keys = swept.sweep.keys.iter().zip(swept.sweep.values(point));
        let keys = keys.map(|(key, value)| format!("{} = {value}", key.name)).collect::<Vec<_>>().join(", ");
        blocks(&swept.sweep.points[point].scenario, comparison, &keys)
    };
    let blocks = swept.done.iter().map(|done| (done.point, &done.comparison)).flat_map(of_point).collect();
    painted(&swept.scenario.title, "the replications of a point", blocks)
}

/// A block for each group of policies that are alike; they are named where there are several groups.
fn blocks<'a>(scenario: &Scenario, comparison: &'a Comparison, keys: &str) -> Vec<Block<'a>> {
    let groups = alike(comparison);
    let block = |group: &Vec<usize>| {
        let policies = if groups.len() > 1 { label(comparison, group) } else { String::new() };
        let parts: Vec<&str> = [keys, &policies].into_iter().filter(|part| !part.is_empty()).collect();
        Block { heading: parts.join(": "), rows: some_rows(scenario, comparison, group[0], MOST).0 }
    };
    groups.iter().map(block).collect()
}

fn painted(title: &str, replications: &str, mut blocks: Vec<Block<'_>>) -> Option<String> {
    let all = blocks.len();
    let mut rows_so_far = 0;
    let fitting = blocks.iter().take_while(|block| {
        rows_so_far += block.rows.len();
        rows_so_far <= MOST_ROWS
    });
    let drawn = fitting.count();
    blocks.truncate(drawn);
    let widest = blocks.iter().flat_map(|block| &block.rows).map(|row| width_of(&name(row.gateway), WORDS)).max()?;
    let exposures = blocks.iter().flat_map(|block| &block.rows).map(|row| &row.tally.exposures);
    let ends: Vec<f64> = exposures.flat_map(|spans| [spans.mean_s(), spans.max_s()]).flatten().collect();
    let axis = Axis::times(NAMES + widest + 20, RIGHT, &ends);
    let bottom = TOP + blocks.iter().map(height).sum::<i32>();
    Some(canvas::draw(WIDTH, bottom + 58, |canvas| {
        let some = if drawn < all { format!("; the first {drawn} of {all} blocks") } else { String::new() };
        heading(canvas, title, &format!("over the revocations of {replications}{some}"));
        grid(canvas, &axis, bottom);
        let mut top = TOP;
        for block in &blocks {
            rows(canvas, block, &axis, top);
            top += height(block);
        }
    }))
}

fn height(block: &Block<'_>) -> i32 {
    let heading = if block.heading.is_empty() { 0 } else { HEADING };
    heading + ROW * i32::try_from(block.rows.len()).unwrap_or(1) + GAP
}

fn heading(canvas: &mut Canvas<'_>, title: &str, note: &str) {
    canvas.text("For how long revoked tokens are accepted", (24, 26), Anchor::Left, TITLE);
    canvas.text(title, (24, 48), Anchor::Left, WORDS);
    let note = format!("from a revocation to the last call that is let pass; mark: mean, line: to the largest; {note}");
    canvas.text(&note, (24, 67), Anchor::Left, NOTE);
    let mut left = BLOCKS + 6;
    let legend = [
        (Some(true), "listens to revocations"),
        (Some(false), "does not"),
        (None, "all, each revocation at its worst gateway"),
    ];
    for (listens, words) in legend {
        let (shape, ink) = look(listens);
        canvas.mark((left, 90), shape, 4, ink);
        canvas.text(words, (left + 12, 90), Anchor::Left, NOTE);
        left += width_of(words, NOTE) + 40;
    }
    canvas.text("mean", (MEANS, TOP - 14), Anchor::Right, NOTE);
    canvas.text("largest", (LARGEST, TOP - 14), Anchor::Right, NOTE);
}

/// How a gateway looks that listens or does not, and (`None`) all of them.
fn look(listens: Option<bool>) -> (Shape, RGBColor) {
    match listens {
        Some(true) => (shape(0), colour(1)),
        Some(false) => (shape(1), colour(2)),
        None => (Shape::Diamond, INK),
    }
}

fn grid(canvas: &mut Canvas<'_>, axis: &Axis, bottom: i32) {
    for tick in axis.time_ticks() {
        canvas.line(&[(tick.at, TOP - 6), (tick.at, bottom)], GRID, 1);
        canvas.text(&tick.text, (tick.at, bottom + 14), Anchor::Middle, NOTE);
    }
    let left = axis.ends().0;
    canvas.line(&[(left, bottom), (RIGHT, bottom)], GREY, 1);
    canvas.text("exposure, logarithmic", (i32::midpoint(left, RIGHT), bottom + 38), Anchor::Middle, WORDS);
}

fn rows(canvas: &mut Canvas<'_>, block: &Block<'_>, axis: &Axis, top: i32) {
    let mut y = top + ROW / 2;
    if !block.heading.is_empty() {
        let right = BLOCKS + width_of(&block.heading, WORDS) + 4;
        canvas.rectangle((BLOCKS, y - 9), (right, y + 9), RGBColor(255, 255, 255), 1.0);
        canvas.text(&block.heading, (BLOCKS, y), Anchor::Left, WORDS);
        y += HEADING;
    }
    for row in &block.rows {
        let (shape, ink) = look(row.gateway.map(|_| row.listens.0 > 0));
        canvas.text(&name(row.gateway), (NAMES, y), Anchor::Left, WORDS);
        let exposures = &row.tally.exposures;
        if let (Some(mean), Some(max)) = (exposures.mean_s(), exposures.max_s()) {
            let (from, to) = (axis.at(mean), axis.at(max));
            canvas.line(&[(from, y), (to, y)], ink, 2);
            canvas.line(&[(to, y - 5), (to, y + 5)], ink, 2);
            canvas.mark((from, y), shape, 5, ink);
            canvas.text(&span(mean), (MEANS, y), Anchor::Right, WORDS);
            canvas.text(&span(max), (LARGEST, y), Anchor::Right, WORDS);
        } else {
            canvas.text("nothing was revoked", (axis.ends().0 + 8, y), Anchor::Left, NOTE);
        }
        y += ROW;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    /// A sweep of which the callers of the second and the third point have tokens.
    fn swept_svg(points: usize) -> Option<String> {
        let (scenario, mut sweep) = (sample::scenario(), sample::sweep());
        let with: [usize; 2] = [1, 2];
        for point in with {
            sweep.points[point].scenario = sample::scenario_with_tokens();
        }
        let mut swept = sample::swept(&scenario, &sweep, points, 2);
        for point in with.into_iter().filter(|&point| point < points) {
            swept.done[point].comparison = sample::comparison_with_tokens(2);
        }
        draw_sweep(&swept)
    }

    #[test]
    fn every_gateway_has_a_row_and_the_drawing_is_the_same_twice() {
        let (scenario, comparison) = (sample::scenario_with_tokens(), sample::comparison_with_tokens(5));
        let svg = draw(&scenario, &comparison).unwrap();
        assert_eq!(Some(&svg), draw(&scenario, &comparison).as_ref());
        for word in ["gateway-1", "gateway-4", "all", "1 h", "10 ms", "listens to revocations"] {
            assert!(svg.contains(&format!("\n{word}\n")), "{word} is missing");
        }
        assert!(!svg.contains("ttl-only"), "all policies came to the same");
        assert_eq!(draw(&sample::scenario(), &sample::comparison(2)), None);
    }

    #[test]
    fn policies_that_differ_and_points_are_blocks() {
        let (scenario, mut comparison) = (sample::scenario_with_tokens(), sample::comparison_with_tokens(2));
        comparison.policies[3].exposures = sample::comparison_with_tokens(1).policies[3].exposures.clone();
        let svg = draw(&scenario, &comparison).unwrap();
        assert!(svg.contains("\nttl-only (= 5 more)\n") && svg.contains("\nshort-expiry\n"), "{svg}");
        let svg = swept_svg(6).unwrap();
        let headings: Vec<&str> = svg.lines().filter(|line| line.contains("loss = ")).collect();
        assert_eq!(headings, ["token_lifetime = 5min, loss = 0.1", "token_lifetime = 15min, loss = 0"]);
        assert_eq!(swept_svg(1), None);
    }

    #[test]
    fn without_a_revocation_it_says_so() {
        let (scenario, mut comparison) = (sample::scenario_with_tokens(), sample::comparison(1));
        let mut record = sample::record_with_tokens(0, 0, 4, &comparison.layout);
        record.inbound.as_mut().unwrap().revocations.clear();
        let layout = comparison.layout.clone();
        comparison = Comparison::new(&["ttl-only".into()], sample::metrics(), layout, 1);
        comparison.push(&record);
        assert!(draw(&scenario, &comparison).unwrap().contains("nothing was revoked"));
    }

    /// `PLOTS=plots cargo test --lib exposures_for_the_eye` writes the plots of made-up results.
    #[test]
    fn exposures_for_the_eye() {
        let Some(dir) = option_env!("PLOTS") else { return };
        std::fs::create_dir_all(dir).unwrap();
        let (scenario, mut comparison) = (sample::scenario_with_tokens(), sample::comparison_with_tokens(20));
        std::fs::write(format!("{dir}/exposure.svg"), draw(&scenario, &comparison).unwrap()).unwrap();
        comparison.policies[3].exposures = sample::comparison_with_tokens(19).policies[3].exposures.clone();
        std::fs::write(format!("{dir}/exposure-policies.svg"), draw(&scenario, &comparison).unwrap()).unwrap();
        std::fs::write(format!("{dir}/exposure-sweep.svg"), swept_svg(6).unwrap()).unwrap();
    }
}
