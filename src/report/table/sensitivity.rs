//! Below the table of a sweep: how far each key moves the policies, and where along it the best one changes.

use super::columns::{Cells, Values, in_words};
use super::{Look, body, wrap};
use crate::experiment::sensitivity::{Axis, Change, Effect, Move, Sensitivity};
use crate::experiment::verdict::Verdict;
use crate::report::number::{short, with_half_width};
use crate::report::sensitivity::{self, CHANGES_NAME, NAME, names};
use crate::report::sweep::Swept;

/// Policies of a key that have a row, at most.
const MOST_ROWS: usize = 5;
/// Sentences about the best policy, at most.
const MOST_CHANGES: usize = 12;

/// A row: policies that move alike.
struct Moved<'a> {
    axis: Axis,
    of: &'a Move,
    others: usize,
}

/// The block; empty where no two points can be compared.
pub fn block(swept: &Swept<'_>, look: Look) -> String {
    let Some(found) = sensitivity::of(swept) else { return String::new() };
    let heading = format!(
        "what moves {}: each policy's largest move along a key, the other keys held; ± is half the 95 % interval of paired differences, together over what was compared",
        in_words(found.metric)
    );
    let shown: Vec<(&Effect, Vec<Moved<'_>>)> =
        found.effects.iter().map(|effect| (effect, rows(swept, effect))).collect();
    let moved: Vec<&Moved<'_>> = shown.iter().flat_map(|(_, rows)| rows.iter().take(MOST_ROWS)).collect();
    let mut parts = Vec::new();
    if !moved.is_empty() {
        parts.push(wrap(&heading, look.width));
        parts.push(table(swept, &moved, look));
    }
    let sentences = said(swept, &shown).into_iter().chain(changes(swept, &found));
    parts.extend(sentences.map(|sentence| wrap(&sentence, look.width)));
    parts.join("\n")
}

/// The policies that move, those that do so alike in one row.
fn rows<'a>(swept: &Swept<'_>, effect: &'a Effect) -> Vec<Moved<'a>> {
    let mut rows: Vec<Moved<'_>> = Vec::new();
    let alike = |one: &Move, other: &Move| {
        let same_numbers = (one.from, one.to, one.difference) == (other.from, other.to, other.difference)
            && one.from_mean.total_cmp(&other.from_mean).is_eq();
        same_numbers && swept.same_everywhere(one.policy, other.policy)
    };
    for of in effect.moves.iter().filter(|of| of.verdict != Verdict::Same) {
        match rows.iter_mut().find(|row| alike(row.of, of)) {
            Some(row) => row.others += 1,
            None => rows.push(Moved { axis: effect.axis, of, others: 0 }),
        }
    }
    rows
}

fn table(swept: &Swept<'_>, moved: &[&Moved<'_>], look: Look) -> String {
    let sweep = swept.sweep;
    let column = |title: &str, cell: &dyn Fn(&Moved<'_>) -> String| -> Cells {
        (title.to_owned(), moved.iter().map(|row| cell(row)).collect())
    };
    let name = |row: &Moved<'_>| {
        let name = &swept.scenario.policies[row.of.policy].name;
        if row.others > 0 { format!("{name} (= {} more)", row.others) } else { name.clone() }
    };
    let end = |row: &Moved<'_>, point, mean| format!("{}: {}", row.axis.value(sweep, point), short(mean));
    let held = |row: &Moved<'_>| {
        let values = sweep.values(row.of.from);
        let held = row.axis.held(sweep).into_iter().map(|key| format!("{} = {}", sweep.keys[key].name, values[key]));
        held.collect::<Vec<_>>().join(", ")
    };
    let fixed = [column("key", &|row| row.axis.name(sweep)), column("policy", &name)];
    let value = |cells, spare| Values { cells, spare };
    let mut values = vec![
        value(column("from", &|row| end(row, row.of.from, row.of.from_mean)), false),
        value(column("to", &|row| end(row, row.of.to, row.of.to_mean)), false),
        value(column("difference", &|row| difference(row.of)), false),
    ];
    if moved.iter().any(|row| !held(row).is_empty()) {
        values.push(value(column("held", &held), true));
    }
    body(&fixed, &values, look)
}

/// `+241 ± 12`, or with `undecided` where it may be nothing.
fn difference(of: &Move) -> String {
    let found = of.difference;
    let text = with_half_width(found.mean, found.interval.map(|interval| interval.high - found.mean), "±");
    let sign = if found.mean > 0.0 { "+" } else { "" };
    let mark = if of.verdict == Verdict::Undecided { ", undecided" } else { "" };
    format!("{sign}{text}{mark}")
}

/// What has no row.
fn said(swept: &Swept<'_>, shown: &[(&Effect, Vec<Moved<'_>>)]) -> Vec<String> {
    let mut sentences = Vec::new();
    for (effect, rows) in shown {
        let key = effect.axis.name(swept.sweep);
        let still: Vec<usize> =
            effect.moves.iter().filter(|of| of.verdict == Verdict::Same).map(|of| of.policy).collect();
        if rows.is_empty() {
            sentences.push(format!("{key} moves no policy"));
        } else if !still.is_empty() {
            sentences.push(format!("{key} does not move {}", names(swept, &still, ", ")));
        }
        if rows.len() > MOST_ROWS {
            let more = rows.len() - MOST_ROWS;
            sentences.push(format!("{key} moves {more} more less far: {NAME}"));
        }
    }
    sentences
}

/// Where along each key the best policy changes.
fn changes(swept: &Swept<'_>, found: &Sensitivity) -> Vec<String> {
    if swept.policies() < 2 {
        return Vec::new();
    }
    let mut sentences: Vec<String> = found.effects.iter().flat_map(|effect| changes_along(swept, effect)).collect();
    if sentences.is_empty() {
        return vec![format!("the best by {} is the same at neighbouring points: no key changes it", in_words(found.metric))];
    }
    if sentences.len() > MOST_CHANGES {
        let more = sentences.len() - MOST_CHANGES;
        sentences.truncate(MOST_CHANGES);
        sentences.push(format!("{more} more changes of the best: {CHANGES_NAME}"));
    }
    sentences
}

/// A sentence for each change, with the combinations of the other keys at which it is the same.
fn changes_along(swept: &Swept<'_>, effect: &Effect) -> Vec<String> {
    let (sweep, axis) = (swept.sweep, effect.axis);
    let ends = |change: &Change| (axis.value(sweep, change.from), axis.value(sweep, change.to));
    let mut groups: Vec<Vec<&Change>> = Vec::new();
    for change in &effect.changes {
        let alike = |other: &Change| {
            ends(other) == ends(change)
                && (&other.before, &other.after, other.told_apart) == (&change.before, &change.after, change.told_apart)
        };
        match groups.iter_mut().find(|group| alike(group[0])) {
            Some(group) => group.push(change),
            None => groups.push(vec![change]),
        }
    }
    groups.iter().map(|group| sentence(swept, effect, group)).collect()
}

fn sentence(swept: &Swept<'_>, effect: &Effect, group: &[&Change]) -> String {
    let (sweep, axis, change) = (swept.sweep, effect.axis, group[0]);
    let at = |change: &Change| {
        let values = sweep.values(change.from);
        let held = axis.held(sweep).into_iter().map(|key| format!("{} = {}", sweep.keys[key].name, values[key]));
        held.collect::<Vec<_>>().join(", ")
    };
    let place = match (effect.lines, group.len()) {
        (1, _) => String::new(),
        (lines, alike) if lines == alike => ", whatever the other keys are".to_owned(),
        (_, 1) => format!(", at {}", at(change)),
        (lines, alike) => format!(", at {alike} of {lines} combinations of the other keys (first {})", at(change)),
    };
    let (from, to) = (axis.value(sweep, change.from), axis.value(sweep, change.to));
    let (before, after) = (names(swept, &change.before, " = "), names(swept, &change.after, " = "));
    let key = axis.name(sweep);
    if change.told_apart {
        format!("{key}: between {from} and {to} the best changes from {before} to {after}{place}")
    } else {
        format!(
            "{key}: between {from} and {to} the least mean goes from {before} to {after}, which cannot be told apart{place}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn look(width: u16) -> Look {
        Look { width, unicode: true, colour: false }
    }

    #[test]
    fn keys_stand_in_the_order_of_their_moves_and_it_fits_the_terminal() {
        let (scenario, sweep) = (sample::scenario(), sample::sweep());
        let swept = sample::swept(&scenario, &sweep, 6, 20);
        for width in [50, 84, 100, 160] {
            let text = block(&swept, look(width));
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
            assert!(widest <= usize::from(width), "{widest} > {width}:\n{text}");
        }
        let text = block(&swept, look(160));
        let keys: Vec<&str> =
            text.lines().filter(|line| line.contains('±') && line.contains('│')).filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(keys, [["token_lifetime"; 5], ["loss"; 5]].concat(), "{text}");
        // wso2-mediator is as ttl-only.
        assert!(text.contains("ttl-only (= 1 more) "), "{text}");
        assert!(text.contains("loss = 0.1") && text.contains("token_lifetime does not move no-cache"), "{text}");
        assert!(text.contains("no key changes it"), "{text}");
    }

    #[test]
    fn a_change_of_the_best_is_told_with_the_values_between_which_it_is() {
        let (scenario, sweep) = (sample::scenario(), sample::sweep());
        let mut swept = sample::swept(&scenario, &sweep, 6, 20);
        // With the shortest lifetime, and that alone, no-cache is not the best.
        let worse = |policy: &str, metric: &str, value: f64| match (policy, metric) {
            ("no-cache", "downtime_after_restart_s") => value + 900.0,
            ("reactive-retry", "downtime_after_restart_s") => 0.1,
            _ => value,
        };
        (swept.points[0], swept.points[1]) = (sample::changed(20, worse), sample::changed(20, worse));
        let text = block(&swept, look(160));
        let said = "token_lifetime: between 5min and 15min the best changes from reactive-retry to no-cache, whatever the other keys are";
        assert!(text.contains(said), "{text}");
        swept.points[1] = sample::changed(20, |_, _, value| value);
        let text = block(&swept, look(160));
        assert!(text.contains("from reactive-retry to no-cache, at loss = 0\n"), "{text}");
        assert!(text.contains("loss: between 0 and 0.1 the best changes"), "{text}");
        assert!(sensitivity::changes_csv(&swept, &sensitivity::of(&swept).unwrap()).lines().count() == 3);
    }
}
