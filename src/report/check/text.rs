//! For a terminal: every expectation with a verdict for each of its policies, what the baseline shows, one line for all of it.

use super::{Checked, CheckedFile, words};
use crate::experiment::baseline::{Compared, Kind};
use crate::experiment::judge::{Decision, Judged};
use crate::report::table::{Look, wrap};
use crate::scenario::OnUndecided;

/// The text.
#[must_use]
pub fn text(checked: &Checked<'_>, look: Look) -> String {
    let mut lines: Vec<String> = checked.files.iter().map(|file| file_text(checked, file, look)).collect();
    lines.push(wrap(&last(checked), look.width));
    lines.join("\n") + "\n"
}

fn file_text(checked: &Checked<'_>, file: &CheckedFile<'_>, look: Look) -> String {
    let (played, asked) = (file.comparison.finished(), file.comparison.asked);
    let of = if played == asked { String::new() } else { format!(" of at most {asked}") };
    let mut text = format!("{} ({played} replications{of})\n", file.file);
    for (index, judged) in file.judged.iter().enumerate() {
        let begins = index == 0 || !std::ptr::eq(file.judged[index - 1].expect, judged.expect);
        if begins {
            text = text + "  " + &wrap(&judged.expect.name, look.width.saturating_sub(2)) + "\n";
        }
        text += &indented(mark(judged), &words::expectation(judged, file.comparison), look);
    }
    match (&file.baseline, &checked.baseline) {
        (Some(compared), _) => text += &baseline(compared, look),
        (None, Some(name)) => {
            text += &indented("note", &format!("{name} has no scenario `{}`: not compared", file.scenario.name), look);
        }
        (None, None) => {}
    }
    if file.is_unasked() {
        text += &indented("note", "nothing is expected of it", look);
    }
    text
}

/// What an expectation came to, and what it counts as.
#[must_use]
pub fn mark(judged: &Judged<'_>) -> &'static str {
    match (judged.decision, judged.expect.on_undecided) {
        (Decision::Passed, _) => "passed",
        (Decision::Failed, _) => "FAILED",
        (Decision::Undecided, OnUndecided::Fail) => "UNDECIDED",
        (Decision::Undecided, OnUndecided::Warn) => "warning",
        (Decision::Undecided, OnUndecided::Pass) => "undecided",
    }
}

fn baseline(compared: &Compared, look: Look) -> String {
    let mut text = String::new();
    for note in notes(compared) {
        text += &indented("note", &note, look);
    }
    if !compared.model_changed.is_empty() {
        let what = format!(
            "the model changed: scenario, seed and model version are the baseline's, and the worlds of {} are not",
            compared.model_changed.join(", ")
        );
        text += &indented("FAILED", &what, look);
    }
    for change in compared.changes.iter().filter(|change| change.kind < Kind::Small) {
        let mark = if change.kind == Kind::Regression { "REGRESSION" } else { change.kind.word() };
        text += &indented(mark, &words::change(change), look);
    }
    text + &indented("baseline", &counts(compared), look)
}

/// What a reader of the verdict has to know of the two sides.
#[must_use]
pub fn notes(compared: &Compared) -> Vec<String> {
    let mut notes = Vec::new();
    if compared.scenario_changed {
        notes.push("the scenario is another one than the baseline's: differences are between the two".to_owned());
    }
    for (policies, what) in
        [(&compared.missing, "is in the baseline alone"), (&compared.added, "is not in the baseline")]
    {
        notes.extend(policies.iter().map(|policy| format!("{policy} {what}: not compared")));
    }
    notes
}

/// `4 policies identical in 20 replications`, or how many changes there are of each kind.
#[must_use]
pub fn counts(compared: &Compared) -> String {
    let policies = |n: usize| if n == 1 { "1 policy".to_owned() } else { format!("{n} policies") };
    let mut parts = Vec::new();
    if !compared.identical.is_empty() {
        parts.push(format!("{} identical", policies(compared.identical.len())));
    }
    let kinds = [
        (Kind::Regression, "beyond noise and worse"),
        (Kind::Improvement, "beyond noise and better"),
        (Kind::Different, "beyond noise"),
        (Kind::Small, "smaller than counts"),
        (Kind::Noise, "not told from noise"),
    ];
    for (kind, words) in kinds {
        let count = compared.count(kind);
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    }
    if parts.is_empty() {
        parts.push("nothing to compare".to_owned());
    }
    format!("{}; paired over {} replications", parts.join(", "), compared.replications)
}

fn last(checked: &Checked<'_>) -> String {
    let count = |decision| checked.count(decision);
    let compared = checked.files.iter().filter(|file| file.baseline.is_some()).count();
    let baseline = checked
        .baseline
        .as_ref()
        .map(|name| format!("; of {compared} scenarios in {name}, {} worse or changed", checked.regressed()));
    format!(
        "{}: {} passed, {} failed, {} undecided{}",
        checked.decision().word(),
        count(Decision::Passed),
        count(Decision::Failed),
        count(Decision::Undecided),
        baseline.unwrap_or_default()
    )
}

/// A line under its mark, what is too long for it below.
fn indented(mark: &str, what: &str, look: Look) -> String {
    const INDENT: usize = 15;
    let width = look.width.saturating_sub(u16::try_from(INDENT).expect("it is small")).max(40);
    let wrapped = wrap(what, width);
    let mut text = String::new();
    for (index, line) in wrapped.lines().enumerate() {
        let mark = if index == 0 { mark } else { "" };
        text += format!("    {mark:<width$}{line}", width = INDENT - 4).trim_end();
        text.push('\n');
    }
    text
}
