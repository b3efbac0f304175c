//! What is known of the real case, beside what came out here.

use comfy_table::{Cell, ColumnConstraint, Width};

use super::columns::in_words;
use super::{Look, table, wrap};
use crate::experiment::comparison::Comparison;
use crate::report::known::{Here, Row, rows};
use crate::report::number::short;
use crate::scenario::{Origin, Published, Stat};

/// A row a figure, the sources beneath; nothing where nothing is known. `points` has every point of the sweep, `None` where one was not
/// played.
pub fn known(known: &[Published], points: &[Option<&Comparison>], look: Look) -> String {
    if known.is_empty() {
        return String::new();
    }
    let rows = rows(known, points);
    let mut sources: Vec<&str> = Vec::new();
    let mut table = table(look);
    table.set_header(["figure", "is", "published", "here"]);
    for row in &rows {
        let source = sources.iter().position(|source| *source == row.known.source).unwrap_or_else(|| {
            sources.push(&row.known.source);
            sources.len() - 1
        });
        let says = format!("{} [{}]", row.known.says, source + 1);
        let is = row.known.is.word().to_owned();
        table.add_row([row.known.name.clone(), is, says, here(row, points)].map(Cell::new));
    }
    // Whatever is long is broken, in its own column.
    let widths = [(0, ColumnConstraint::UpperBoundary(Width::Percentage(30))), (1, ColumnConstraint::ContentWidth)];
    for (index, width) in widths {
        if let Some(column) = table.column_mut(index) {
            column.set_constraint(width);
        }
    }
    let heading = wrap(
        "the real case (input: the scenario was given it; fitted: chosen so that it comes out; predicted: neither):",
        look.width,
    );
    let whys =
        rows.iter().filter(|row| !row.known.why.is_empty()).map(|row| format!("{}: {}", row.known.name, row.known.why));
    let numbered = sources.iter().enumerate().map(|(index, source)| format!("[{}] {source}", index + 1));
    let notes: Vec<String> = whys.chain(numbered).map(|note| wrap(&note, look.width)).collect();
    format!("{heading}\n{}\n{}", table.trim_fmt(), notes.join("\n"))
}

/// `2,820 (downtime, s; ttl-only), as published`.
pub(in crate::report) fn here(row: &Row<'_>, points: &[Option<&Comparison>]) -> String {
    let Some(here) = &row.here else {
        return match (&row.known.figure, row.known.is) {
            (Some(figure), _) if points.get(figure.point).is_none_or(Option::is_none) => {
                "its point was not played".into()
            }
            (Some(_), _) => "no value".into(),
            (None, Origin::Input) => "given".into(),
            (None, Origin::Fitted | Origin::Predicted) => String::new(),
        };
    };
    let verdict = match here.within() {
        Some(true) => ", as published",
        Some(false) if row.known.why.is_empty() => ", not as published",
        Some(false) => ", not as published: see below",
        None if row.known.is == Origin::Predicted => "; no number is published",
        None => "",
    };
    let sign = if here.censored { "≥ " } else { "" };
    format!("{sign}{} ({}){verdict}", short(here.value), what(here, points.len() > 1))
}

fn what(here: &Here<'_>, swept: bool) -> String {
    let stat = match here.figure.stat {
        Stat::Mean => String::new(),
        Stat::P95 | Stat::P99 if here.is_max => "max of ".into(),
        stat => format!("{} of ", stat.word()),
    };
    let point = if swept { format!(", point {}", here.figure.point) } else { String::new() };
    format!("{stat}{}; {}{point}", in_words(here.metric.name), here.policy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::scenario::Figure;

    #[test]
    fn each_figure_has_its_source_and_what_it_is() {
        let comparison = sample::comparison(3);
        let figure = |low, high| Figure {
            metric: "downtime_s".into(),
            policy: 0,
            point: 0,
            stat: Stat::Max,
            between: Some((low, high)),
        };
        let published = |name: &str, is, figure, why: &str, source: &str| Published {
            name: name.into(),
            says: "three quarters of an hour".into(),
            source: source.into(),
            is,
            figure,
            why: why.into(),
        };
        let long = "a name that is longer than a terminal is wide, and goes on and on and on until nobody reads it any more, really";
        let text = super::known(
            &[published(long, Origin::Input, None, "", "a page")],
            &[Some(&comparison)],
            Look { width: 100, unicode: true, colour: false },
        );
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        let known = [
            published("how long", Origin::Input, None, "", "a page"),
            published("how bad", Origin::Predicted, Some(figure(0.0, 1e9)), "", "another page"),
            published("how odd", Origin::Predicted, Some(figure(-2.0, -1.0)), "nobody knows", "a page"),
        ];
        for width in [60, 100, 140] {
            let text = super::known(&known, &[Some(&comparison)], Look { width, unicode: true, colour: false });
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
            assert!(widest <= usize::from(width), "{widest} > {width}:\n{text}");
            assert!(text.contains("[1] a page\n[2] another page"), "{text}");
            assert!(text.contains("how odd: nobody knows"), "{text}");
        }
        let text = super::known(&known, &[Some(&comparison)], Look { width: 200, unicode: true, colour: false });
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[3].contains("how long │ input") && lines[3].contains("[1] │ given"), "{text}");
        assert!(
            lines[4].contains("[2]") && lines[4].contains("(max of downtime, s; ttl-only), as published"),
            "{text}"
        );
        assert!(lines[5].ends_with("not as published: see below"), "{text}");
        assert_eq!(super::known(&[], &[Some(&comparison)], Look { width: 80, unicode: true, colour: false }), "");
    }
}
