//! The page of a sweep: what its points came to, and one of them in full.

use super::document::{self, Page, SweepPart, Table};
use super::{About, Assumption, cells, figures, worst};
use crate::experiment::explain::Case;
use crate::report::manifest::RunInfo;
use crate::report::number::short;
use crate::report::plot;
use crate::report::sensitivity;
use crate::report::sweep::{Done, Shown, Swept};
use crate::report::table::columns::{self, Cells, Kind, in_words};
use crate::report::table::sweep::{fixed, told};

/// Rows of the table of points at most; the others are in `summary.csv`.
const MOST_ROWS: usize = 300;

/// The page of a sweep; `shown` is the point that is shown in full, with its timelines, and `cases` its worst outages.
#[must_use]
pub fn of_sweep(
    swept: &Swept<'_>,
    assumptions: &[Assumption],
    shown: &Shown,
    cases: Option<&[Case]>,
    info: &RunInfo,
) -> Page {
    let Done { point, ref comparison } = shown.done;
    let scenario = &swept.sweep.points[point].scenario;
    let file = info.command.get(2..).unwrap_or_default().join(" ");
    let values = swept.sweep.told(point);
    let worst = worst::worst(worst::Of { scenario, file: &file, point: Some((point, &values)) }, cases);
    let about = About { assumptions, scenario, comparison, info };
    let page = about.page(worst);
    let mut figures = page.figures;
    if let Some(exposure) = figures::exposure(plot::exposure::draw_sweep(swept), cells::gateways(scenario, comparison))
    {
        figures.retain(|figure| figure.id != exposure.id);
        figures.push(exposure);
    }
    Page {
        title: swept.scenario.title.clone(),
        sweep: Some(part(swept)),
        shown: Some(document::Shown { point, values, why: why(swept, shown) }),
        known: cells::known(swept.scenario, &swept.by_point()),
        figures,
        ..page
    }
}

fn why(swept: &Swept<'_>, shown: &Shown) -> String {
    let Some(rise) = shown.rise else {
        return if swept.done.len() < 2 {
            String::new()
        } else {
            "the first one, after which nothing gets worse".into()
        };
    };
    format!(
        "where {} comes to {} ({}), from {} at point {}: no policy moves further along the sweep",
        swept.scenario.policies[rise.policy].name,
        short(rise.to),
        in_words(rise.metric),
        short(rise.from),
        rise.at
    )
}

fn part(swept: &Swept<'_>) -> SweepPart {
    let heat = figures::heat(swept);
    let figures = if heat.is_empty() { figures::lines(swept).into_iter().collect() } else { heat };
    let sentences = sensitivity::of(swept).map(|found| sensitivity::sentences(swept, &found)).unwrap_or_default();
    let trimmed = |(number, sentence): (usize, String)| {
        let sentence = sentence.trim_start_matches([' ', '-']);
        // The first one is a sentence; the others begin with the name of a key.
        if number == 0 { cells::capital(sentence) } else { sentence.to_owned() }
    };
    SweepPart {
        told: told(swept),
        sentences: sentences.into_iter().enumerate().map(trimmed).collect(),
        figures,
        points: points(swept),
    }
}

fn points(swept: &Swept<'_>) -> Table {
    let rows = swept.rows();
    let numbers = swept.done.iter().flat_map(|done| std::iter::repeat_n(done.point.to_string(), swept.policies()));
    let number: Cells = ("point".into(), numbers.collect());
    let fixed: Vec<Cells> = std::iter::once(number).chain(fixed(swept)).collect();
    let mut table = cells::table(
        "Every policy at every point",
        &fixed,
        &columns::values(&columns::shown(&rows, Kind::Sweep), &rows),
    );
    let all = table.rows.len();
    if all > MOST_ROWS {
        table.rows.truncate(MOST_ROWS);
        table.notes.push(format!("{} more rows are in summary.csv", all - MOST_ROWS));
    }
    table
}
