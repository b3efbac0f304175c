//! The answer as text.

use std::fmt::Write;

use super::answer::Answer;
use super::count::{percent, short};
use super::graph::Extent;
use super::schedule::Schedule;
use super::tell;

/// Characters in a line.
#[derive(Clone, Copy, Debug)]
pub struct Width(pub usize);

/// What a share of schedules is not.
pub const NO_PROBABILITY: &str = "a share of schedules is no probability: it counts orders of steps, and how often each \
                                  order happens depends on how long the steps take";

/// The whole answer; `again` is the command that plays the example again.
#[must_use]
pub fn answer(answer: &Answer, again: Option<&str>, width: Width) -> String {
    let mut text = wrap(&answer.settings.line(), 0, width) + "\n";
    text += &wrap(&extent(answer), 0, width);
    if answer.outcomes.is_empty() {
        return text + "\nno schedule came to its end: nothing is known of how they end\n";
    }
    text += &table(answer, width);
    if answer.is_complete() {
        text += "\n";
        text += &wrap(NO_PROBABILITY, 0, width);
    }
    let Some(example) = &answer.example else { return text };
    if !example.schedule.outcome.is_bad() {
        let end = if answer.is_complete() {
            "nothing bad comes out"
        } else {
            "nothing bad among the schedules that came to their end; the others, which are longer, may end otherwise"
        };
        return text + "\n" + &wrap(end, 0, width);
    }
    let steps = example.schedule.steps.len();
    let shortest = if answer.is_complete() { "the shortest bad one" } else { "the shortest bad one so far" };
    let _ = writeln!(text, "\n{shortest}, {steps} steps:\n");
    text += &schedule(&example.schedule, width);
    if let Some(again) = again {
        let _ = writeln!(text, "\nonce more: {again}");
    }
    text
}

/// A schedule, step by step.
#[must_use]
pub fn schedule(schedule: &Schedule, width: Width) -> String {
    let rows: Vec<String> = schedule.steps.iter().map(tell::active).collect();
    let column = rows.iter().map(String::len).max().unwrap_or(0).max("ACTIVE".len());
    let mut text = format!(" step  {:column$}  what happens\n", "ACTIVE");
    for (at, (taken, active)) in schedule.steps.iter().zip(rows).enumerate() {
        let line = format!("{:5}  {active:column$}  {}", at + 1, tell::step(&taken.moved));
        text += &wrap(&line, column + 9, width);
    }
    text += &wrap(&format!("in the end {}", schedule.outcome), 0, width);
    text
}

fn extent(answer: &Answer) -> String {
    let counted = format!(
        "{} states, {} transitions, {} schedules",
        short(&answer.states.into()),
        short(&answer.transitions.into()),
        short(&answer.schedules())
    );
    let so_far = "this is what was found so far: there may be other outcomes, and no number is final";
    match answer.extent {
        Extent::Complete => format!("complete: {counted}"),
        Extent::Bounded => format!("NOT complete, stopped by --max-states: {counted}; {so_far}"),
        Extent::Interrupted => format!("NOT complete, interrupted: {counted}; {so_far}"),
    }
}

fn table(answer: &Answer, width: Width) -> String {
    let all = answer.schedules();
    let heading = ["", "end states", "schedules", "share"].map(String::from);
    let mut rows = vec![(heading, "what callers hold".to_owned())];
    for (outcome, tally) in &answer.outcomes {
        let verdict = if outcome.is_bad() { "bad" } else { "good" };
        let share = if answer.is_complete() { percent(&tally.schedules, &all) } else { "?".into() };
        let cells = [verdict.into(), short(&tally.ends.into()), short(&tally.schedules), share];
        rows.push((cells, outcome.to_string()));
    }
    let widths: Vec<usize> =
        (0..4).map(|at| rows.iter().map(|row| row.0[at].chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::from("\n");
    for (cells, outcome) in rows {
        let mut line = format!(" {:width$}", cells[0], width = widths[0]);
        for (cell, width) in cells.iter().zip(&widths).skip(1) {
            let _ = write!(line, "  {cell:>width$}");
        }
        let indent = line.chars().count() + 2;
        text += &wrap(&format!("{line}  {outcome}"), indent, width);
    }
    text
}

/// A line over as many lines as it takes, the later ones indented. What is aligned stays so.
fn wrap(line: &str, indent: usize, width: Width) -> String {
    let mut text = String::new();
    let mut used = 0;
    for word in line.split_inclusive(' ') {
        let length = word.trim_end_matches(' ').chars().count();
        if used > indent && used + length > width.0.max(indent + 20) {
            text.truncate(text.trim_end_matches(' ').len());
            let _ = write!(text, "\n{:indent$}", "");
            used = indent;
        }
        text.push_str(word);
        used += word.chars().count();
    }
    text.truncate(text.trim_end_matches(' ').len());
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_broken_and_its_columns_stay() {
        assert_eq!(wrap("   1  one two three four five", 6, Width(26)), "   1  one two three four\n      five\n");
        assert_eq!(wrap("short", 0, Width(80)), "short\n");
    }
}
