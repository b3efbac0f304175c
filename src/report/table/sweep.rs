//! What `sweep` prints: a row a point and policy, first the swept values, then what `compare` says of a policy.

use super::columns::{self, Cells, Kind};
use super::{Look, ascii, body, gateways, known, sensitivity, wrap};
use crate::report::sweep::Swept;

/// All that `sweep` prints on stdout.
#[must_use]
pub fn sweep(swept: &Swept<'_>, look: Look) -> String {
    let rows = swept.rows();
    let body = body(&fixed(swept), &columns::values(&columns::shown(&rows, Kind::Sweep), &rows), look);
    let gateways = gateways::sweep(swept, look);
    let heading = heading(swept, body.contains('±') || gateways.contains('±'));
    let heading = heading.lines().map(|line| wrap(line, look.width)).collect::<Vec<_>>().join("\n");
    let known = known::known(&swept.scenario.known, &swept.points.iter().collect::<Vec<_>>(), look);
    let parts = [heading, body, gateways, sensitivity::block(swept, look), known];
    let text =
        parts.iter().filter(|part| !part.is_empty()).map(|part| format!("{part}\n")).collect::<Vec<_>>().join("\n");
    if look.unicode { text } else { ascii(&text) }
}

fn heading(swept: &Swept<'_>, intervals: bool) -> String {
    let Swept { scenario, sweep, points, .. } = swept;
    let (finished, all) = (points.len(), sweep.points.len());
    let count = if finished == all { format!("{all} points") } else { format!("{finished} of {all} points") };
    let asked: Vec<u32> = points.iter().map(|point| point.asked).collect();
    let replications = match (asked.iter().min(), asked.iter().max()) {
        (Some(least), Some(most)) if least != most => format!("{least} to {most} replications each"),
        (least, _) => format!("{} replications each", least.unwrap_or(&0)),
    };
    let seed = scenario.world.run.seed;
    let policy = match swept.rows().first() {
        Some(row) if swept.policies() == 1 => format!("policy {}, ", row.comparison.policies[row.policy].name),
        _ => String::new(),
    };
    let intervals = if intervals { "; ± is half the 95 % interval of the mean" } else { "" };
    format!("{}: {}\n{policy}{count}, {replications}, seed {seed}{intervals}", scenario.name, scenario.title)
}

/// The columns of the swept keys and of the policy.
fn fixed(swept: &Swept<'_>) -> Vec<Cells> {
    let points = || (0..swept.points.len()).flat_map(|point| std::iter::repeat_n(point, swept.policies()));
    let value = |key: usize| points().map(|point| swept.sweep.values(point)[key].to_owned()).collect();
    let keys = swept.sweep.keys.iter().enumerate().map(|(index, key)| (key.name.clone(), value(index)));
    let names = || swept.rows().iter().map(|row| row.comparison.policies[row.policy].name.clone()).collect();
    // One policy is in the heading.
    keys.chain((swept.policies() > 1).then(|| ("policy".to_owned(), names()))).collect()
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
