//! What `sweep` prints: a row a point and policy, first the swept values, then what `compare` says of a policy.

use comfy_table::{Cell, CellAlignment};

use super::columns::{self, Cells, Column, Kind};
use super::{Look, NARROW, ascii, keep_first, stacked, table, wrap};
use crate::report::sweep::Swept;

/// All that `sweep` prints on stdout.
#[must_use]
pub fn sweep(swept: &Swept<'_>, look: Look) -> String {
    let heading = heading(swept).lines().map(|line| wrap(line, look.width)).collect::<Vec<_>>().join("\n");
    let text = format!("{heading}\n\n{}\n", rows(swept, look));
    if look.unicode { text } else { ascii(&text) }
}

fn heading(swept: &Swept<'_>) -> String {
    let Swept { scenario, sweep, points, .. } = swept;
    let (finished, all) = (points.len(), sweep.points.len());
    let count = if finished == all { format!("{all} points") } else { format!("{finished} of {all} points") };
    let asked: Vec<u32> = points.iter().map(|point| point.asked).collect();
    let replications = match (asked.iter().min(), asked.iter().max()) {
        (Some(least), Some(most)) if least != most => format!("{least} to {most} replications each"),
        (least, _) => format!("{} replications each", least.unwrap_or(&0)),
    };
    let seed = scenario.world.run.seed;
    format!(
        "{}: {}\n{count}, {replications}, seed {seed}; ± is half the 95 % interval of the mean",
        scenario.name, scenario.title
    )
}

fn rows(swept: &Swept<'_>, look: Look) -> String {
    let rows = swept.rows();
    let fixed = fixed(swept);
    let all = columns::shown(&rows, Kind::Sweep);
    let too_wide = |cells: &[Cells]| width(&fixed, cells) > usize::from(look.width);
    let mut shown = all.clone();
    while too_wide(&columns::cells(&shown, &rows)) {
        let Some(spare) = shown.iter().rposition(|column: &&Column| column.spare) else { break };
        shown.remove(spare);
    }
    let cells = columns::cells(&shown, &rows);
    if look.width < NARROW || too_wide(&cells) {
        let names: Vec<String> = (0..rows.len()).map(|row| wrap(&name(&fixed, row), look.width)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        return stacked(&names, &columns::cells(&all, &rows));
    }
    let mut table = table(look);
    let titles = fixed.iter().map(|column| Cell::new(&column.0));
    table.set_header(titles.chain(cells.iter().map(|column| Cell::new(&column.0).set_alignment(CellAlignment::Right))));
    for row in 0..rows.len() {
        let fixed = fixed.iter().map(|column| Cell::new(&column.1[row]));
        let cells = cells.iter().map(|column| Cell::new(&column.1[row]).set_alignment(CellAlignment::Right));
        table.add_row(fixed.chain(cells));
    }
    keep_first(&mut table, fixed.len());
    table.trim_fmt()
}

/// The columns of the swept keys and of the policy.
fn fixed(swept: &Swept<'_>) -> Vec<Cells> {
    let points = || (0..swept.points.len()).flat_map(|point| std::iter::repeat_n(point, swept.policies()));
    let value = |key: usize| points().map(|point| swept.sweep.values(point)[key].to_owned()).collect();
    let keys = swept.sweep.keys.iter().enumerate().map(|(index, key)| (key.name.clone(), value(index)));
    let names = swept.rows().iter().map(|row| row.comparison.policies[row.policy].name.clone()).collect();
    keys.chain([("policy".to_owned(), names)]).collect()
}

/// How wide a table must be so that no value is broken: titles may be, between words.
fn width(fixed: &[Cells], cells: &[Cells]) -> usize {
    let widest = |texts: &[String]| texts.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let word = |title: &str| title.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
    let fixed = fixed.iter().map(|(title, texts)| widest(texts).max(title.chars().count()) + 3);
    fixed.chain(cells.iter().map(|(title, texts)| widest(texts).max(word(title)) + 3)).sum()
}

/// `token_lifetime = 5min, loss = 0.1: hybrid`.
fn name(fixed: &[Cells], row: usize) -> String {
    let (policy, keys) = fixed.split_last().expect("the policy is there");
    let keys: Vec<String> = keys.iter().map(|(key, values)| format!("{key} = {}", values[row])).collect();
    format!("{}: {}", keys.join(", "), policy.1[row])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_row_begins_with_its_values_and_the_table_fits_the_terminal() {
        let (scenario, sweep) = (sample::scenario(), sample::sweep());
        let swept = sample::swept(&scenario, &sweep, 4, 20);
        for width in [50, 84, 100, 160] {
            let text = super::sweep(&swept, Look { width, unicode: true, colour: false });
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
            assert!(widest <= usize::from(width), "{widest} > {width}:\n{text}");
        }
        let text = super::sweep(&swept, Look { width: 160, unicode: true, colour: false });
        assert!(text.contains(" token_lifetime │ loss │ policy "), "{text}");
        let rows = text.lines().filter(|line| line.starts_with(" 15min          │ 0.1  │ ")).count();
        assert_eq!(rows, scenario.policies.len(), "{text}");
        assert!(text.contains("4 of 6 points, 20 replications each, seed 1"), "{text}");
    }
}
