//! Tables of the page from what the tables of the terminal say.

use super::document::{Column, Table};
use crate::experiment::comparison::Comparison;
use crate::experiment::stat::Summary;
use crate::experiment::verdict::{self, Line};
use crate::report::known::rows as known_rows;
use crate::report::number::{percent, short};
use crate::report::plot::causes;
use crate::report::table::columns::{self, Cells, Kind, Row, Values, in_words, mean_and_half};
use crate::report::table::{self as tables, differences, gateways, known};
use crate::scenario::Scenario;

/// Columns side by side; the first ones are names.
pub fn table(caption: &str, fixed: &[Cells], values: &[Values]) -> Table {
    let of = |is_number: bool| move |(title, _): &Cells| Column { title: title.clone(), is_number };
    let cells: Vec<&Cells> = fixed.iter().chain(values.iter().map(|column| &column.cells)).collect();
    let columns = fixed.iter().map(of(false)).chain(values.iter().map(|column| &column.cells).map(of(true))).collect();
    let rows = cells.first().map_or(0, |column| column.1.len());
    let row = |row: usize| cells.iter().map(|column| column.1[row].clone()).collect();
    Table { caption: caption.into(), columns, rows: (0..rows).map(row).collect(), notes: Vec::new() }
}

/// The policies, as `compare` prints them, and what is to be thought of each against the first one.
pub fn policies(comparison: &Comparison) -> Table {
    let rows: Vec<Row<'_>> = (0..comparison.policies.len()).map(|policy| Row { comparison, policy }).collect();
    let names = comparison.policies.iter().map(|policy| policy.name.clone()).collect();
    let values = columns::values(&columns::shown(&rows, Kind::Compare), &rows);
    let mut table = table("Policies: means of the replications", &[("policy".to_owned(), names)], &values);
    let headline = verdict::headline(comparison);
    let Some(metric) = comparison.metric(headline).filter(|_| comparison.policies.len() > 1) else { return table };
    let reference = &comparison.policies[0].name;
    table.columns.push(Column { title: format!("{}, against {reference}", in_words(headline)), is_number: false });
    for (policy, row) in table.rows.iter_mut().enumerate() {
        row.push(if policy == 0 {
            "the reference".into()
        } else {
            verdict::line(comparison, policy, metric).map_or_else(|| "n/a".into(), |line| against(&line))
        });
    }
    table.notes.push("± is half the 95 % interval of the mean; ≥: outages were open at the end of the run".into());
    table
}

/// `better: -1,790 (from -1,801 to -1,779)`
fn against(line: &Line) -> String {
    let word = line.verdict.word();
    let interval =
        line.difference.interval.map_or_else(String::new, |i| format!(" (from {} to {})", short(i.low), short(i.high)));
    if line.difference.identical { word.into() } else { format!("{word}: {}{interval}", short(line.difference.mean)) }
}

/// The paired differences to the first policy; nothing of a single one.
pub fn differences(comparison: &Comparison) -> Option<Table> {
    let lines = differences::lines(comparison);
    let reference = &comparison.policies.first()?.name;
    let others = comparison.policies.len() - 1;
    let caption = format!(
        "Less {reference}, on the same worlds: 95 % intervals that hold together over the {others} policies compared"
    );
    let mut table = Table::new(caption, &["metric", "policy", "#difference", "#from", "#to", "#ratio", "verdict"]);
    table.rows = lines.iter().map(|line| difference(comparison, line)).collect();
    table.notes.extend(differences::saved(comparison, &lines));
    (!table.rows.is_empty()).then_some(table)
}

fn difference(comparison: &Comparison, line: &Line) -> Vec<String> {
    let (low, high) = line.difference.interval.map_or_else(Default::default, |i| (short(i.low), short(i.high)));
    vec![
        in_words(comparison.metrics[line.metric].name).into(),
        comparison.policies[line.policy].name.clone(),
        short(line.difference.mean),
        low,
        high,
        line.difference.ratio.map_or_else(String::new, |ratio| differences::ratio_text(ratio.value)),
        line.verdict.word().into(),
    ]
}

/// How many users had a failed call; nothing where nobody has.
pub fn users(scenario: &Scenario, comparison: &Comparison) -> Option<Table> {
    let all: u32 = scenario.world.clients.iter().map(|client| client.users).sum();
    let of = |policy: usize| comparison.summary(policy, "users_affected");
    if all == 0 || (0..comparison.policies.len()).all(|policy| of(policy).is_none_or(|found| found.max == 0.0)) {
        return None;
    }
    let caption = format!("Users with at least one failed call in a run, of {}", short(f64::from(all)));
    let mut table = Table::new(caption, &["policy", "#users affected", "#share of all", "#most in a run"]);
    table.rows = comparison
        .policies
        .iter()
        .enumerate()
        .map(|(policy, results)| match of(policy) {
            Some(found) => vec![
                results.name.clone(),
                mean_and_half(&found),
                percent(found.mean / f64::from(all)),
                short(found.max),
            ],
            None => vec![results.name.clone(), "n/a".into(), "n/a".into(), "n/a".into()],
        })
        .collect();
    Some(table)
}

/// What revocations came to at each gateway; nothing where callers have no tokens.
pub fn gateways(scenario: &Scenario, comparison: &Comparison) -> Option<Table> {
    gateways::said(scenario, comparison).map(of_said)
}

/// What it means in a year; nothing without an `[slo]`.
pub fn year(scenario: &Scenario, comparison: &Comparison) -> Option<Table> {
    tables::year::said(scenario, comparison).map(of_said)
}

fn of_said(said: tables::Said) -> Table {
    let table = table(&capital(&said.title), &said.fixed, &said.values);
    Table { notes: said.notes, ..table }
}

/// What calls failed of: a row a policy, a column a cause.
pub fn causes(comparison: &Comparison) -> Table {
    let causes = causes::causes(comparison);
    let titles: Vec<String> = causes.iter().map(|&cause| format!("#{}", causes::in_words(comparison, cause))).collect();
    let titles: Vec<&str> = ["policy", "#all"].into_iter().chain(titles.iter().map(String::as_str)).collect();
    let mut table = Table::new("Failed calls in a run, by their cause: means of the replications", &titles);
    let row = |policy: usize| {
        let means: Vec<f64> = causes.iter().map(|&cause| causes::mean(comparison, policy, cause)).collect();
        let all = short(means.iter().sum());
        [comparison.policies[policy].name.clone(), all].into_iter().chain(means.into_iter().map(short)).collect()
    };
    table.rows = (0..comparison.policies.len()).map(row).collect();
    table
}

/// A metric in all its numbers.
pub fn distribution(comparison: &Comparison, metric: &'static str) -> Table {
    let titles = ["policy", "#mean", "#from", "#to", "#sd", "#least", "#median", "#p95", "#p99", "#most"];
    let caption = format!("{} over {} replications", capital(in_words(metric)), comparison.finished());
    let mut table = Table::new(caption, &titles);
    let row = |policy: usize| {
        let name = comparison.policies[policy].name.clone();
        let numbers = comparison.summary(policy, metric).map_or_else(|| vec!["n/a".into(); 9], |found| numbers(&found));
        std::iter::once(name).chain(numbers).collect()
    };
    table.rows = (0..comparison.policies.len()).map(row).collect();
    table.notes.push("from, to: the 95 % interval of the mean; of few replications p95 and p99 are the most".into());
    table
}

fn numbers(found: &Summary) -> Vec<String> {
    let (low, high) = found.interval.map_or_else(Default::default, |i| (short(i.low), short(i.high)));
    let sd = found.sd.map_or_else(String::new, short);
    let rest = [found.min, found.p50, found.p95.value, found.p99.value, found.max].map(short);
    [short(found.mean), low, high, sd].into_iter().chain(rest).collect()
}

/// What is known of the real case; `points` as for [`known::known`].
pub fn known(scenario: &Scenario, points: &[Option<&Comparison>]) -> Option<Table> {
    let rows = known_rows(&scenario.known, points);
    let mut table = Table::new(
        "The real case (input: the scenario was given it; fitted: chosen so that it comes out; predicted: neither)",
        &["figure", "is", "published", "here", "source"],
    );
    let row = |row: &crate::report::known::Row<'_>| {
        let here = known::here(row, points);
        let of = row.known;
        vec![of.name.clone(), of.is.word().into(), of.says.clone(), here, of.source.clone()]
    };
    table.rows = rows.iter().map(row).collect();
    let why = |row: &crate::report::known::Row<'_>| format!("{}: {}", row.known.name, row.known.why);
    table.notes = rows.iter().filter(|row| !row.known.why.is_empty()).map(why).collect();
    (!table.rows.is_empty()).then_some(table)
}

/// With a capital letter, as a sentence begins; but not what is written small, like `p95`.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
