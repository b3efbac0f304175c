//! What it means in a year: under each policy how much of the error budget restarts spend, and whether it is kept.

use super::columns::{Cells, Values, mean_and_half};
use super::{Look, Said, body, wrap};
use crate::experiment::comparison::Comparison;
use crate::report::number::{short, span, with_half_width};
use crate::report::sweep::{Done, Swept};
use crate::report::year::{Row, Year, year};
use crate::scenario::Scenario;

/// The table of a comparison; nothing without an `[slo]`.
#[must_use]
pub fn compare(scenario: &Scenario, comparison: &Comparison, look: Look) -> String {
    said(scenario, comparison).map_or_else(String::new, |said| told(&said, look))
}

/// What a comparison says of a year; `None` without an `[slo]`.
#[must_use]
pub fn said(scenario: &Scenario, comparison: &Comparison) -> Option<Said> {
    let year = year(scenario, comparison)?;
    let names = comparison.policies.iter().map(|policy| policy.name.clone()).collect();
    let rows: Vec<&Row> = year.rows.iter().collect();
    Some(said_of(heading(&year), vec![("policy".to_owned(), names)], &rows))
}

/// The table of a sweep; nothing without an `[slo]`.
#[must_use]
pub fn sweep(swept: &Swept<'_>, look: Look) -> String {
    let year_of = |done: &Done| Some((done.point, year(&swept.sweep.points[done.point].scenario, &done.comparison)?));
    let years: Vec<(usize, Year)> = swept.done.iter().filter_map(year_of).collect();
    let mut headings: Vec<String> = years.iter().map(|(_, year)| heading(year)).collect();
    headings.dedup();
    let heading = match headings.as_slice() {
        [] => return String::new(),
        [one] => one.clone(),
        _ => "in a year, by each point's own [slo] and restarts".to_owned(),
    };
    let rows: Vec<(usize, &Row)> =
        years.iter().flat_map(|(point, year)| year.rows.iter().map(move |row| (*point, row))).collect();
    let value = |key: usize| rows.iter().map(|&(point, _)| swept.sweep.values(point)[key].to_owned()).collect();
    let keys = swept.sweep.keys.iter().enumerate().map(|(index, key)| (key.name.clone(), value(index)));
    let names = || rows.iter().map(|(_, row)| swept.scenario.policies[row.policy].name.clone()).collect();
    let fixed: Vec<Cells> = keys.chain((swept.policies() > 1).then(|| ("policy".to_owned(), names()))).collect();
    told(&said_of(heading, fixed, &rows.iter().map(|(_, row)| *row).collect::<Vec<_>>()), look)
}

fn heading(year: &Year) -> String {
    format!("{} (budget: {} of full outage)", year.asks(), span(year.budget_s()))
}

fn told(said: &Said, look: Look) -> String {
    format!("{}\n{}", wrap(&format!("{}:", said.title), look.width), body(&said.fixed, &said.values, look))
}

fn said_of(title: String, fixed: Vec<Cells>, rows: &[&Row]) -> Said {
    let column = |title: &str, spare, text: fn(&Row) -> String| Values {
        cells: (title.to_owned(), rows.iter().map(|row| text(row)).collect()),
        spare,
    };
    let values = vec![
        column("failed calls", true, |row| at_least(row, mean_and_half(&row.failed))),
        column("as full outage", true, |row| at_least(row, span(row.outage_s.mean))),
        column("budget spent, %", false, |row| at_least(row, spent(row))),
        column("budget", false, |row| row.verdict.word().to_owned()),
    ];
    Said { title, fixed, values, notes: Vec::new() }
}

fn spent(row: &Row) -> String {
    let (mean, half) = (row.spent.mean, row.spent.interval.map(|interval| interval.high - row.spent.mean));
    if mean == 0.0 { short(0.0) } else { with_half_width(100.0 * mean, half.map(|half| 100.0 * half), "±") }
}

fn at_least(row: &Row, text: String) -> String {
    if row.at_least { format!("≥ {text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::scenario::Slo;

    fn slo(target: f64) -> Slo {
        Slo { target, restarts_per_year: 12.0 }
    }

    #[test]
    fn a_line_a_policy_below_what_is_asked() {
        let censored = |policy: &str, metric: &str, value| {
            if (policy, metric) == ("short-expiry", "censored_lanes") { 1.0 } else { value }
        };
        let (mut scenario, comparison) = (sample::scenario(), sample::changed(20, censored));
        assert_eq!(compare(&scenario, &comparison, Look { width: 100, unicode: true, colour: false }), "");
        scenario.slo = Some(slo(0.999));
        for width in [60, 100] {
            let text = compare(&scenario, &comparison, Look { width, unicode: true, colour: false });
            assert!(text.lines().all(|line| line.chars().count() <= width.into()), "{text}");
        }
        let text = compare(&scenario, &comparison, Look { width: 100, unicode: true, colour: false });
        let heading = "in a year with 12 restarts, if 99.9 % of calls are to succeed (budget: 8.76 h of full outage):";
        assert!(text.starts_with(heading), "{text}");
        let line = |policy: &str| text.lines().find(|line| line.trim_start().starts_with(policy)).unwrap();
        assert!(line("ttl-only").ends_with("kept") && !line("ttl-only").contains('≥'), "{text}");
        assert!(line("short-expiry").ends_with("cannot tell") && line("short-expiry").contains("≥"), "{text}");
        scenario.slo = Some(slo(0.9999));
        let text = compare(&scenario, &comparison, Look { width: 100, unicode: true, colour: false });
        assert!(text.lines().any(|line| line.contains("ttl-only") && line.ends_with("exceeded")), "{text}");
    }

    #[test]
    fn in_a_sweep_a_line_has_its_values_and_points_may_ask_for_different_things() {
        let (scenario, mut sweep) = (sample::scenario(), sample::sweep());
        let look = Look { width: 140, unicode: true, colour: false };
        let told = |sweep: &crate::scenario::sweep::Sweep| super::sweep(&sample::swept(&scenario, sweep, 4, 3), look);
        assert_eq!(told(&sweep), "");
        sweep.points.iter_mut().for_each(|point| point.scenario.slo = Some(slo(0.999)));
        let text = told(&sweep);
        assert!(text.starts_with("in a year with 12 restarts"), "{text}");
        let rows = text.lines().filter(|line| line.starts_with(" 15min          │ 0.1  │ ")).count();
        assert_eq!(rows, scenario.policies.len(), "{text}");
        sweep.points[1].scenario.slo = Some(slo(0.9999));
        assert!(told(&sweep).starts_with("in a year, by each point's own [slo]"));
    }
}
