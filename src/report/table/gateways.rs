//! What listening to revocations buys at each gateway, and what it costs in calls refused by mistake.

use super::columns::{Cells, Values, mean_and_half};
use super::{Look, Said, body, wrap};
use crate::experiment::comparison::Comparison;
use crate::report::exposures;
use crate::report::gateways::{Row, alike, label, name, some_rows};
use crate::report::number::{fixed, short, span};
use crate::report::sweep::{Done, Swept};
use crate::scenario::Scenario;

/// Gateways that a policy's block has at most.
const MOST: usize = 8;
/// The same at a point of a sweep.
const MOST_AT_A_POINT: usize = 4;

/// The table of a comparison; nothing where callers have no tokens.
#[must_use]
pub fn compare(scenario: &Scenario, comparison: &Comparison, look: Look) -> String {
    let (lines, left_out) = lines(scenario, comparison, MOST);
    told(Vec::new(), &lines, left_out, comparison.policies.len(), look)
}

/// The table of a sweep; nothing where callers have tokens at no point.
#[must_use]
pub fn sweep(swept: &Swept<'_>, look: Look) -> String {
    let (mut all, mut points, mut most_left_out) = (Vec::new(), Vec::new(), 0);
    for Done { point, comparison } in &swept.done {
        let (lines, left_out) = lines(&swept.sweep.points[*point].scenario, comparison, MOST_AT_A_POINT);
        points.extend(std::iter::repeat_n(*point, lines.len()));
        all.extend(lines);
        most_left_out = most_left_out.max(left_out);
    }
    let value = |key: usize| points.iter().map(|&point| swept.sweep.values(point)[key].to_owned()).collect();
    let keys = swept.sweep.keys.iter().enumerate().map(|(index, key)| (key.name.clone(), value(index)));
    told(keys.collect(), &all, most_left_out, swept.policies(), look)
}

/// A line of the table.
struct Line<'a> {
    /// The policies that it is about; `None`: all.
    policies: Option<String>,
    row: Row<'a>,
}

/// A block of lines for each group of policies that are alike, and how many gateways a block leaves out.
fn lines<'a>(scenario: &Scenario, comparison: &'a Comparison, most: usize) -> (Vec<Line<'a>>, usize) {
    let groups = alike(comparison);
    let (mut lines, mut most_left_out) = (Vec::new(), 0);
    for group in &groups {
        let policies = (groups.len() > 1).then(|| label(comparison, group));
        let (rows, left_out) = some_rows(scenario, comparison, group[0], most);
        lines.extend(rows.into_iter().map(|row| Line { policies: policies.clone(), row }));
        most_left_out = most_left_out.max(left_out);
    }
    (lines, most_left_out)
}

/// What a comparison says of its gateways; `None` where callers have no tokens.
#[must_use]
pub fn said(scenario: &Scenario, comparison: &Comparison) -> Option<Said> {
    let (lines, left_out) = lines(scenario, comparison, MOST);
    said_of(Vec::new(), &lines, left_out, comparison.policies.len())
}

fn told(keys: Vec<Cells>, lines: &[Line<'_>], left_out: usize, policies: usize, look: Look) -> String {
    let Some(said) = said_of(keys, lines, left_out, policies) else { return String::new() };
    let notes = said.notes.iter().map(|note| wrap(note, look.width));
    let parts = [wrap(&format!("{}:", said.title), look.width), body(&said.fixed, &said.values, look)];
    parts.into_iter().chain(notes).collect::<Vec<_>>().join("\n")
}

/// First the columns of `keys`, then those of the policies, if they differ anywhere, and of the gateway.
fn said_of(keys: Vec<Cells>, lines: &[Line<'_>], left_out: usize, policies: usize) -> Option<Said> {
    if lines.is_empty() {
        return None;
    }
    let differ = lines.iter().any(|line| line.policies.is_some());
    let whose = |line: &Line<'_>| line.policies.clone().unwrap_or_else(|| "all".into());
    let names = lines.iter().map(|line| name(line.row.gateway)).collect();
    let policy = differ.then(|| ("policy".to_owned(), lines.iter().map(whose).collect()));
    let fixed: Vec<Cells> = keys.into_iter().chain(policy).chain([("gateway".to_owned(), names)]).collect();
    let several = lines.iter().any(|line| line.row.gateway.is_none());
    let about = [
        "exposure: from a revocation to the last call that was let pass all the same",
        if several { "; all: at the worst gateway" } else { "" },
        "; over all replications",
        if policies > 1 && !differ { ", the same under every policy" } else { "" },
    ];
    let title = format!("revoked tokens of callers, gateway by gateway ({})", about.concat());
    let mut notes = Vec::new();
    if !refuses_by_mistake(lines) {
        notes.push("no call was refused by mistake".to_owned());
    }
    if left_out > 0 {
        notes.push(format!(
            "and {left_out} more gateways, neither the least nor the most exposed ones: see {}",
            exposures::NAME
        ));
    }
    Some(Said { title, fixed, values: values(lines), notes })
}

fn values(lines: &[Line<'_>]) -> Vec<Values> {
    let column = |title: &str, spare, text: fn(&Row<'_>) -> String| Values {
        cells: (title.to_owned(), lines.iter().map(|line| text(&line.row)).collect()),
        spare,
    };
    let p99 = |row: &Row<'_>| row.tally.exposures.p99_s();
    // Of few revocations it is the maximum, which has a column of its own.
    let enough = lines.iter().any(|line| p99(&line.row).is_some_and(|found| !found.is_max));
    let p99 =
        enough.then(|| column("p99", true, |row| row.tally.exposures.p99_s().map_or_else(none, |p| span(p.value))));
    let false_rejections = refuses_by_mistake(lines).then(|| {
        column("false rejections", false, |row| {
            row.tally.false_rejections().map_or_else(none, |found| mean_and_half(&found))
        })
    });
    [
        column("listens", true, listens),
        column("heard", true, |row| row.tally.heard_share().map_or_else(none, share)),
        column("revoked", true, |row| row.tally.revocations_a_run().map_or_else(none, short)),
        column("accepted after revocation", false, |row| {
            row.tally.accepted().map_or_else(none, |found| mean_and_half(&found))
        }),
        column("exposure mean", false, |row| row.tally.exposures.mean_s().map_or_else(none, span)),
    ]
    .into_iter()
    .chain(p99)
    .chain([column("max", false, |row| row.tally.exposures.max_s().map_or_else(none, span))])
    .chain(false_rejections)
    .collect()
}

fn refuses_by_mistake(lines: &[Line<'_>]) -> bool {
    lines.iter().any(|line| line.row.tally.false_rejections().is_some_and(|found| found.max > 0.0))
}

fn none() -> String {
    "n/a".into()
}

fn listens(row: &Row<'_>) -> String {
    match row.listens {
        (0, _) => "no".into(),
        (some, all) if some == all => "yes".into(),
        (some, all) => format!("{some} of {all}"),
    }
}

/// A share of which neither nearly all nor nearly none is rounded away.
fn share(share: f64) -> String {
    let percent = 100.0 * share;
    if share > 0.0 && share < 1.0 && !(10.0..=99.0).contains(&percent) {
        return format!("{} %", fixed(percent.clamp(0.1, 99.9), 1));
    }
    format!("{} %", fixed(percent, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use std::sync::Arc;

    fn look(width: u16) -> Look {
        Look { width, unicode: true, colour: false }
    }

    fn widest(text: &str) -> usize {
        text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
    }

    #[test]
    fn the_gateways_that_listen_and_those_that_do_not_stand_under_each_other() {
        let text = compare(&sample::scenario_with_tokens(), &sample::comparison_with_tokens(30), look(100));
        let is_row = |line: &&str| line.starts_with(" gateway-") || line.starts_with(" all ");
        let rows: Vec<&str> = text.lines().filter(is_row).collect();
        assert_eq!(rows.len(), 5, "{text}");
        for (row, words) in rows.iter().zip(["yes │", "yes │", "no │", "no │", "2 of 4 │"]) {
            assert!(row.contains(words), "{text}");
        }
        assert!(text.contains("the same under every") && rows[2].contains(" 0 % │"), "{text}");
        assert!(text.contains(" p99 "), "900 revocations have one: {text}");
    }

    #[test]
    fn it_fits_the_terminal_and_needs_callers_with_tokens() {
        let (scenario, comparison) = (sample::scenario_with_tokens(), sample::comparison_with_tokens(3));
        for width in [50, 84, 100, 140] {
            let text = compare(&scenario, &comparison, look(width));
            assert!(!text.is_empty() && widest(&text) <= usize::from(width), "{} > {width}:\n{text}", widest(&text));
        }
        assert_eq!(compare(&sample::scenario(), &sample::comparison(3), look(100)), "");
    }

    #[test]
    fn few_revocations_have_no_99th_percentile() {
        let text = compare(&sample::scenario_with_tokens(), &sample::comparison_with_tokens(3), look(140));
        assert!(text.contains("exposure mean") && !text.contains("p99"), "{text}");
    }

    #[test]
    fn policies_that_differ_have_rows_of_their_own() {
        let mut comparison = sample::comparison_with_tokens(2);
        comparison.policies[3].exposures = sample::comparison_with_tokens(1).policies[3].exposures.clone();
        let text = compare(&sample::scenario_with_tokens(), &comparison, look(140));
        for block in [" ttl-only (= 5 more) │ gateway-1 ", " short-expiry        │ gateway-1 "] {
            assert!(text.contains(block), "{text}");
        }
        assert!(text.matches("│ gateway-1 ").count() == 2 && !text.contains("the same under every"), "{text}");
    }

    #[test]
    fn of_many_gateways_some_are_shown_and_the_file_is_named() {
        let mut scenario = sample::scenario_with_tokens();
        let world = Arc::get_mut(&mut scenario.world).unwrap();
        world.gateway.inbound.listens = (0..20).map(|gateway| gateway < 10).collect();
        let mut comparison = sample::comparison(0);
        for policy in 0..comparison.policies.len() {
            comparison.push(&sample::record_with_tokens(0, policy, 20, &sample::comparison(0).layout));
        }
        let text = compare(&scenario, &comparison, look(100));
        assert_eq!(text.lines().filter(|line| line.starts_with(" gateway-")).count(), MOST, "{text}");
        assert!(text.ends_with("and 12 more gateways, neither the least nor the most exposed ones: see exposures.csv"));
    }

    #[test]
    fn a_sweep_tells_the_points_whose_callers_have_tokens() {
        let (scenario, mut sweep) = (sample::scenario(), sample::sweep());
        sweep.points[1].scenario = sample::scenario_with_tokens();
        let mut swept = sample::swept(&scenario, &sweep, 2, 3);
        swept.done[1].comparison = sample::comparison_with_tokens(3);
        for width in [50, 84, 100, 140] {
            let text = super::sweep(&swept, look(width));
            assert!(widest(&text) <= usize::from(width), "{} > {width}:\n{text}", widest(&text));
        }
        let text = super::sweep(&swept, look(120));
        assert_eq!(text.lines().filter(|line| line.starts_with(" 5min           │ 0.1  │ ")).count(), 5, "{text}");
    }

    #[test]
    fn a_share_is_rounded_to_all_or_nothing_only_if_it_is() {
        let said = [0.0, 0.000_1, 0.5, 0.999_99, 1.0].map(share);
        assert_eq!(said, ["0 %", "0.1 %", "50 %", "99.9 %", "100 %"]);
    }

    /// `TABLE=1 cargo test --lib gateways_for_the_eye -- --nocapture` prints the table of made-up results.
    #[test]
    fn gateways_for_the_eye() {
        if option_env!("TABLE").is_some() {
            let (scenario, mut comparison) = (sample::scenario_with_tokens(), sample::comparison_with_tokens(30));
            println!("{}", super::super::compare(&scenario, &comparison, look(100)));
            comparison.policies[3].exposures = sample::comparison_with_tokens(29).policies[3].exposures.clone();
            println!("{}", compare(&scenario, &comparison, look(100)));
        }
    }
}
