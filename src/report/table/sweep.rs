//! What `sweep` prints: a row a point and policy, first the swept values, then what `compare` says of a policy.

use super::columns::{self, Cells, Kind};
use super::{Look, ascii, body, gateways, known, wrap, year};
use crate::report::sensitivity;
use crate::report::sweep::Swept;

/// All that `sweep` prints on stdout.
#[must_use]
pub fn sweep(swept: &Swept<'_>, look: Look) -> String {
    let rows = swept.rows();
    let body = body(&fixed(swept), &columns::values(&columns::shown(&rows, Kind::Sweep), &rows), look);
    let gateways = gateways::sweep(swept, look);
    let heading = heading(swept, body.contains('±') || gateways.contains('±'));
    let heading = heading.lines().map(|line| wrap(line, look.width)).collect::<Vec<_>>().join("\n");
    let known = known::known(&swept.scenario.known, &swept.by_point(), look);
    let parts = [heading, body, gateways, year::sweep(swept, look), sensitivity(swept, look), known];
    let text =
        parts.iter().filter(|part| !part.is_empty()).map(|part| format!("{part}\n")).collect::<Vec<_>>().join("\n");
    if look.unicode { text } else { ascii(&text) }
}

/// What matters to a decision.
fn sensitivity(swept: &Swept<'_>, look: Look) -> String {
    let Some(found) = sensitivity::of(swept) else { return String::new() };
    let lines = sensitivity::sentences(swept, &found).into_iter().map(|line| wrap(&line, look.width));
    lines.collect::<Vec<_>>().join("\n")
}

fn heading(swept: &Swept<'_>, intervals: bool) -> String {
    let scenario = swept.scenario;
    let intervals = if intervals { "; ± is half the 95 % interval of the mean" } else { "" };
    format!("{}: {}\n{}{intervals}", scenario.name, scenario.title, told(swept))
}

/// `12 points, 20 replications each, seed 7`, and the policy if there is only one.
#[must_use]
pub fn told(swept: &Swept<'_>) -> String {
    let Swept { scenario, sweep, done, .. } = swept;
    let (finished, all) = (done.len(), sweep.points.len());
    let count = if finished == all { format!("{all} points") } else { format!("{finished} of {all} points") };
    let asked: Vec<u32> = done.iter().map(|done| done.comparison.asked).collect();
    let replications = match (asked.iter().min(), asked.iter().max()) {
        (Some(least), Some(most)) if least != most => format!("{least} to {most} replications each"),
        (least, _) => format!("{} replications each", least.unwrap_or(&0)),
    };
    let policy = match swept.rows().first() {
        Some(row) if swept.policies() == 1 => format!("policy {}, ", row.comparison.policies[row.policy].name),
        _ => String::new(),
    };
    format!("{policy}{count}, {replications}, seed {}", scenario.world.run.seed)
}

/// The columns of the swept keys and of the policy.
#[must_use]
pub fn fixed(swept: &Swept<'_>) -> Vec<Cells> {
    let points = || swept.done.iter().flat_map(|done| std::iter::repeat_n(done.point, swept.policies()));
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
