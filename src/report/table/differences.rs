//! The paired differences to the first policy, metric by metric.

use comfy_table::{Cell, CellAlignment};

use super::columns::in_words;
use super::{Look, NARROW, keep_first, table, wrap};
use crate::experiment::comparison::Comparison;
use crate::experiment::verdict::{self, Line, Verdict};
use crate::report::number::short;

/// Metrics of the table of differences, by name; those that the comparison has.
fn compared(headline: &'static str) -> [&'static str; 4] {
    match headline {
        verdict::EXPOSURE => [headline, "accepted_after_revocation", "false_rejections", "event_messages"],
        _ => [headline, "failed", "idp_token_requests_peak_per_s", "idp_token_requests"],
    }
}

/// Its lines, metric by metric.
#[must_use]
pub fn lines(comparison: &Comparison) -> Vec<Line> {
    let metrics: Vec<usize> =
        compared(verdict::headline(comparison)).iter().filter_map(|name| comparison.metric(name)).collect();
    let policies = 1..comparison.policies.len();
    metrics
        .iter()
        .flat_map(|&metric| policies.clone().filter_map(move |policy| verdict::line(comparison, policy, metric)))
        .collect()
}

/// The table, or where the terminal is narrow a list; nothing of a single policy.
pub fn differences(comparison: &Comparison, look: Look) -> String {
    if comparison.policies.len() < 2 {
        return String::new();
    }
    let lines = lines(comparison);
    let title = format!(
        "less {} on the same worlds (95 % intervals that hold together over the {} policies compared):",
        comparison.policies[0].name,
        comparison.policies.len() - 1
    );
    let body = if look.width < NARROW {
        difference_list(comparison, &lines)
    } else {
        difference_table(comparison, &lines, look)
    };
    let saved =
        saved(comparison, &lines).map_or_else(String::new, |sentence| format!("\n{}", wrap(&sentence, look.width)));
    format!("{}\n{body}{saved}", wrap(&title, look.width))
}

/// What it is worth that the policies met the same worlds: from the policy that gains least to the one that gains most.
pub(in crate::report) fn saved(comparison: &Comparison, lines: &[Line]) -> Option<String> {
    let headline = comparison.metric(verdict::headline(comparison));
    let of_headline = lines.iter().filter(|line| Some(line.metric) == headline);
    let mut found: Vec<(f64, &str)> = of_headline
        .filter_map(|line| Some((line.difference.saved?, comparison.policies[line.policy].name.as_str())))
        .collect();
    found.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (least, most) = (found.first()?, found.last()?);
    let range = if least.1 == most.1 {
        format!("{} times the replications ({})", factor(least.0), least.1)
    } else {
        format!("{} ({}) to {} ({}) times the replications", factor(least.0), least.1, factor(most.0), most.1)
    };
    Some(format!("paired on the same worlds: the differences are as narrow as with {range}"))
}

/// Where next to nothing varies a factor says no more than that.
fn factor(saved: f64) -> String {
    if saved > 1_000.0 { "over 1,000".into() } else { short(saved) }
}

/// A block of rows a metric, a row a policy.
fn difference_table(comparison: &Comparison, lines: &[Line], look: Look) -> String {
    let mut table = table(look);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    table.set_header([
        Cell::new(""),
        right("difference".into()),
        right("from".into()),
        right("to".into()),
        right("ratio".into()),
        Cell::new("verdict"),
    ]);
    let mut shown = None;
    for line in lines {
        if shown != Some(line.metric) {
            table.add_row([in_words(comparison.metrics[line.metric].name)]);
            shown = Some(line.metric);
        }
        let (low, high) = line.difference.interval.map_or_else(Default::default, |i| (short(i.low), short(i.high)));
        table.add_row([
            Cell::new(format!("  {}", comparison.policies[line.policy].name)),
            right(short(line.difference.mean)),
            right(low),
            right(high),
            right(line.difference.ratio.map_or_else(String::new, |ratio| ratio_text(ratio.value))),
            Cell::new(line.verdict.word()),
        ]);
    }
    keep_first(&mut table, 1);
    let text = table.trim_fmt();
    if look.colour { text.lines().map(coloured).collect::<Vec<_>>().join("\n") } else { text }
}

pub(in crate::report) fn ratio_text(ratio: f64) -> String {
    if ratio > 0.0 && ratio < 0.001 { "<0.001".into() } else { short(ratio) }
}

fn difference_list(comparison: &Comparison, lines: &[Line]) -> String {
    let one = |line: &Line| {
        let interval = line
            .difference
            .interval
            .map_or_else(String::new, |interval| format!(" [{}, {}]", short(interval.low), short(interval.high)));
        format!(
            "{}, {}:\n  {}{interval} {}",
            comparison.policies[line.policy].name,
            in_words(comparison.metrics[line.metric].name),
            short(line.difference.mean),
            line.verdict.word()
        )
    };
    lines.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// The verdict at the end of a line, in green or red.
fn coloured(line: &str) -> String {
    for (verdict, code) in [(Verdict::Better, "32"), (Verdict::Worse, "31")] {
        if let Some(start) = line.strip_suffix(verdict.word()) {
            return format!("{start}\u{1b}[{code}m{}\u{1b}[0m", verdict.word());
        }
    }
    line.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn what_pairing_is_worth_is_told_of_the_headline_metric() {
        let look = Look { width: 400, unicode: true, colour: false };
        let last = |comparison: &Comparison| differences(comparison, look).lines().last().unwrap().to_owned();
        let said = last(&sample::comparison(30));
        assert!(said.starts_with("paired on the same worlds: the differences are as narrow as with "), "{said}");
        assert!(said.ends_with(" times the replications"), "{said}");
        assert!(!last(&sample::comparison(1)).contains("paired"), "one pair has no variance");
        let same =
            sample::changed(30, |_, metric, value| if metric == "downtime_after_restart_s" { 1.0 } else { value });
        assert!(!last(&same).contains("paired"), "nothing varies");
        assert_eq!([factor(3.21), factor(970_094.0)], ["3.21", "over 1,000"]);
    }
}
