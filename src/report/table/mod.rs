//! What `compare` prints: the policies, what they mean in a year, their paired differences to the first, which are best, and
//! what surprises.

pub mod columns;
pub mod differences;
pub mod gateways;
pub mod known;
pub mod sweep;
pub mod timeline;
pub mod year;

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle, Width,
};

use super::findings;
use super::number::short;
use crate::experiment::comparison::Comparison;
use crate::experiment::verdict::{self, Best};
use crate::model::config::Playing;
use crate::scenario::{Scenario, approximation};
use columns::{Cells, Kind, Row, Values, in_words, is_censored};

/// How the terminal wants it.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub width: u16,
    /// ASCII only, if not.
    pub unicode: bool,
    /// Adds colour to words that say the same without.
    pub colour: bool,
}

/// What a table says, before it is drawn.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub title: String,
    /// What a row is of.
    pub fixed: Vec<columns::Cells>,
    pub values: Vec<columns::Values>,
    /// Sentences below it.
    pub notes: Vec<String>,
}

/// Below this width a policy is a block of lines, not a row.
const NARROW: u16 = 84;

const LINES: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction('│'))
    .header_separator(LineStyle::none().fill('─').junction('┼'))
    .content_lines(ContentLineStyle::none().junction('│'));
const PLAIN_LINES: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction('|'))
    .header_separator(LineStyle::none().fill('-').junction('+'))
    .content_lines(ContentLineStyle::none().junction('|'));

/// All that `compare` prints on stdout.
#[must_use]
pub fn compare(scenario: &Scenario, comparison: &Comparison, look: Look) -> String {
    let parts = [
        heading(scenario, comparison).lines().map(|line| wrap(line, look.width)).collect::<Vec<_>>().join("\n"),
        policies(comparison, look),
        timeline::timeline(scenario, comparison, look),
        gateways::compare(scenario, comparison, look),
        year::compare(scenario, comparison, look),
        differences::differences(comparison, look),
        best_lines(comparison).iter().map(|line| wrap(line, look.width)).collect::<Vec<_>>().join("\n"),
        findings::all(scenario, comparison).iter().map(|line| wrap(line, look.width)).collect::<Vec<_>>().join("\n"),
        counted(scenario).map(|lines| wrapped(&lines, look.width)).unwrap_or_default(),
        known::known(&scenario.known, &[Some(comparison)], look),
    ];
    let text =
        parts.iter().filter(|part| !part.is_empty()).map(|part| format!("{part}\n")).collect::<Vec<_>>().join("\n");
    if look.unicode { text } else { ascii(&text) }
}

fn wrapped(lines: &str, width: u16) -> String {
    lines.lines().map(|line| wrap(line, width)).collect::<Vec<_>>().join("\n")
}

/// That calls were counted, what is not known for that reason, and what is approximated.
fn counted(scenario: &Scenario) -> Option<String> {
    let told = "calls that change nothing were counted, not played: users_affected is not known".to_owned();
    match (scenario.world.run.calls, approximation(&scenario.world)) {
        (Playing::Each, _) => None,
        (Playing::Counted, None) => Some(told),
        (Playing::Counted, Some(approximate)) => Some(format!("{told}\n{approximate}")),
    }
}

fn heading(scenario: &Scenario, comparison: &Comparison) -> String {
    let interval = match comparison.finished() {
        1 => "one replication has no interval: raise run.replications",
        _ => "± is half the 95 % interval of the mean",
    };
    format!("{}: {}\n{}; {interval}", scenario.name, scenario.title, run(scenario, comparison))
}

/// `100 replications, seed 4557`, and why they are not as many as were asked for.
#[must_use]
pub fn run(scenario: &Scenario, comparison: &Comparison) -> String {
    let (finished, asked, seed) = (comparison.finished(), comparison.asked, scenario.world.run.seed);
    if finished == asked && comparison.ending.is_none() {
        format!("{finished} replications, seed {seed}")
    } else {
        format!("{finished} of {asked} replications, seed {seed}: {}", comparison.reason())
    }
}

fn policies(comparison: &Comparison, look: Look) -> String {
    let rows: Vec<Row<'_>> = (0..comparison.policies.len()).map(|policy| Row { comparison, policy }).collect();
    let names = comparison.policies.iter().map(|policy| policy.name.clone()).collect();
    body(&[("policy".to_owned(), names)], &columns::values(&columns::shown(&rows, Kind::Compare), &rows), look)
}

/// A row each, first the columns that are `fixed`; blocks of lines where the terminal is too narrow for a table.
fn body(fixed: &[Cells], all: &[Values], look: Look) -> String {
    let rows = fixed.first().map_or(0, |column| column.1.len());
    let too_wide = |values: &[&Values]| width(fixed, values) > usize::from(look.width);
    let mut shown: Vec<&Values> = all.iter().collect();
    while too_wide(&shown) {
        let Some(spare) = shown.iter().rposition(|column| column.spare) else { break };
        shown.remove(spare);
    }
    if look.width < NARROW || too_wide(&shown) {
        let names: Vec<String> = (0..rows).map(|row| wrap(&name(fixed, row), look.width)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        return stacked(&names, all);
    }
    let cells: Vec<&Cells> = shown.iter().map(|column| &column.cells).collect();
    let mut table = table(look);
    let titles = fixed.iter().map(|column| Cell::new(&column.0));
    table.set_header(titles.chain(cells.iter().map(|column| Cell::new(&column.0).set_alignment(CellAlignment::Right))));
    for row in 0..rows {
        let fixed = fixed.iter().map(|column| Cell::new(&column.1[row]));
        let cells = cells.iter().map(|column| Cell::new(&column.1[row]).set_alignment(CellAlignment::Right));
        table.add_row(fixed.chain(cells));
    }
    keep_first(&mut table, fixed.len());
    // Values are never broken; titles may be, between words.
    for (index, cells) in cells.iter().enumerate() {
        if let Some(column) = table.column_mut(fixed.len() + index) {
            let least = u16::try_from(least_width(cells) + 2).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
        }
    }
    table.trim_fmt()
}

/// How wide a table must be so that no value is broken: titles may be, between words.
fn width(fixed: &[Cells], columns: &[&Values]) -> usize {
    let fixed = fixed.iter().map(|(title, texts)| widest(texts).max(title.chars().count()) + 3);
    fixed.chain(columns.iter().map(|column| least_width(&column.cells) + 3)).sum()
}

fn widest(texts: &[String]) -> usize {
    texts.iter().map(|text| text.chars().count()).max().unwrap_or(0)
}

/// The width of a column whose values are whole, and the words of its title.
fn least_width((title, texts): &Cells) -> usize {
    let word = title.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
    widest(texts).max(word)
}

/// `token_lifetime = 5min, loss = 0.1: hybrid, gateway-1`.
fn name(fixed: &[Cells], row: usize) -> String {
    let is_name = |title: &str| ["policy", "gateway"].contains(&title);
    let (names, keys): (Vec<&Cells>, Vec<&Cells>) = fixed.iter().partition(|column| is_name(&column.0));
    let keys = keys.iter().map(|(key, values)| format!("{key} = {}", values[row])).collect::<Vec<_>>().join(", ");
    let names = names.iter().map(|(_, values)| values[row].clone()).collect::<Vec<_>>().join(", ");
    [keys, names].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}

fn stacked(names: &[&str], columns: &[Values]) -> String {
    let widest = columns.iter().map(|column| column.cells.0.len()).max().unwrap_or(0);
    let block = |(row, name): (usize, &&str)| {
        let line = |Values { cells: (title, cells), .. }: &Values| format!("  {title:widest$}  {}\n", cells[row]);
        format!("{name}\n{}", columns.iter().map(line).collect::<String>())
    };
    names.iter().enumerate().map(block).collect::<String>().trim_end().to_string()
}

/// The first columns, never broken.
fn keep_first(table: &mut Table, columns: usize) {
    for index in 0..columns {
        if let Some(column) = table.column_mut(index) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

/// Which policies are best, and which cannot be told apart from them; nothing of a single policy.
#[must_use]
pub fn best_lines(comparison: &Comparison) -> Vec<String> {
    let Some(best) = verdict::best(comparison).filter(|_| comparison.policies.len() > 1) else { return Vec::new() };
    let Best { metric, same, not_told_apart, least } = best;
    let names = |policies: &[usize]| {
        policies.iter().map(|&policy| comparison.policies[policy].name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let mean = short(comparison.mean(least, metric));
    let sign = if metric != verdict::EXPOSURE && is_censored(comparison, least) { "≥ " } else { "" };
    let mut lines = vec![format!("best by {}: {} (mean {sign}{mean})", in_words(metric), names(&same))];
    if !not_told_apart.is_empty() {
        lines.push(format!("cannot be told apart from the best: {}", names(&not_told_apart)));
    }
    lines
}

pub(crate) fn table(look: Look) -> Table {
    let mut table = Table::new();
    table
        .load_style(if look.unicode { LINES } else { PLAIN_LINES })
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(look.width);
    table
}

/// A sentence over as many lines as it takes, the later ones indented.
pub(crate) fn wrap(sentence: &str, width: u16) -> String {
    let words = sentence.trim_start_matches(' ');
    let indent = " ".repeat(sentence.len() - words.len());
    let mut lines: Vec<String> = Vec::new();
    for word in words.split(' ') {
        match lines.last_mut() {
            None => lines.push(format!("{indent}{word}")),
            Some(line) if line.chars().count() + 1 + word.chars().count() > usize::from(width) => {
                lines.push(format!("{indent}  {word}"));
            }
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
        }
    }
    lines.join("\n")
}

/// The same without a character that a plain terminal lacks.
fn ascii(text: &str) -> String {
    let plain = |c: char| match c {
        '±' => "+-".into(),
        '≥' => ">=".into(),
        '…' => "...".into(),
        c if c.is_ascii() => c.to_string(),
        _ => "?".into(),
    };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn look(width: u16) -> Look {
        Look { width, unicode: true, colour: false }
    }

    fn widest(text: &str) -> usize {
        text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
    }

    #[test]
    fn it_fits_the_terminal() {
        let (scenario, comparison) = (sample::scenario(), sample::comparison(30));
        for width in [50, 84, 100, 140] {
            let text = compare(&scenario, &comparison, look(width));
            assert!(widest(&text) <= usize::from(width), "{} > {width}:\n{text}", widest(&text));
        }
    }

    /// `TABLE=1 cargo test --lib a_table_for_the_eye -- --nocapture` prints the table of made-up results.
    #[test]
    fn a_table_for_the_eye() {
        if option_env!("TABLE").is_some() {
            println!("{}", compare(&sample::scenario(), &sample::comparison(30), look(100)));
        }
    }

    #[test]
    fn few_replications_and_censored_lanes_are_marked() {
        let censored = |policy: &str, metric: &str, value| {
            if (policy, metric) == ("ttl-only", "censored_lanes") { 1.0 } else { value }
        };
        let text = policies(&sample::changed(5, censored), look(100));
        assert!(text.contains("max ") && text.contains("≥ "), "{text}");
        let marked: Vec<&str> = text.lines().filter(|line| line.contains('≥')).collect();
        assert!(marked.len() == 1 && marked[0].contains("ttl-only"), "{text}");
    }

    #[test]
    fn a_plain_terminal_gets_plain_characters_and_colour_only_adds() {
        let (scenario, comparison) = (sample::scenario(), sample::comparison(30));
        let plain = compare(&scenario, &comparison, Look { width: 100, unicode: false, colour: false });
        assert!(plain.is_ascii() && !plain.contains('?'), "{plain}");
        let coloured = compare(&scenario, &comparison, Look { width: 100, unicode: false, colour: true });
        assert_ne!(plain, coloured);
        let stripped =
            ["\u{1b}[32m", "\u{1b}[31m", "\u{1b}[0m"].iter().fold(coloured, |text, code| text.replace(code, ""));
        assert_eq!(stripped, plain);
    }

    #[test]
    fn what_is_approximated_is_told_in_the_end() {
        let text = compare(&sample::approximate_scenario(), &sample::comparison(3), look(100));
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = "approximate: introspections of counted calls do not wait for a worker";
        let words = format!("{words}, at most 0.20 % of introspections would have waited (Erlang C)");
        assert!(text.ends_with(&words), "{text}");
        assert!(!compare(&sample::scenario(), &sample::comparison(3), look(100)).contains("approximate"));
    }

    #[test]
    fn the_best_and_their_equals_are_named() {
        let lines = best_lines(&sample::comparison(30));
        assert_eq!(lines, ["best by downtime after restart, s: no-cache (mean 0)"]);
    }
}
