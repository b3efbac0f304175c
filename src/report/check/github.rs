//! GitHub Actions: workflow commands that annotate the scenario's lines, and a summary of the step in Markdown.
//!
//! The syntax is that of the page "Workflow commands for GitHub Actions" of GitHub's documentation.

use super::{Checked, CheckedFile, junit, text, words};
use crate::experiment::judge::{Decision, Judged};

/// A workflow command for everything that did not pass, one a line.
#[must_use]
pub fn annotations(checked: &Checked<'_>) -> String {
    checked.files.iter().flat_map(of_file).map(|line| line + "\n").collect()
}

fn of_file(file: &CheckedFile<'_>) -> Vec<String> {
    let judged = file.judged.iter().filter_map(|judged| {
        let level = match (judged.decision, judged.counts_as()) {
            (Decision::Passed, _) => return None,
            (_, Decision::Passed) => "warning",
            _ => "error",
        };
        let title = format!("{}: {}", text::mark(judged), judged.expect.name);
        let (name, line) = place(file, judged);
        Some(command(level, name, line, &title, &words::expectation(judged, file.comparison)))
    });
    let regressions = file.baseline.iter().flat_map(junit::regressions);
    let regressions = regressions.map(|told| command("error", &file.file, None, "worse than the baseline", &told));
    judged.chain(regressions).collect()
}

/// The file and line of an expectation, which may stand in a file that is extended.
fn place<'a>(file: &'a CheckedFile<'_>, judged: &'a Judged<'_>) -> (&'a str, Option<u32>) {
    let origin = judged.expect.origin.rsplit_once(':');
    origin.and_then(|(name, line)| Some((name, Some(line.parse().ok()?)))).unwrap_or((&file.file, None))
}

fn command(level: &str, file: &str, line: Option<u32>, title: &str, message: &str) -> String {
    let line = line.map_or_else(String::new, |line| format!(",line={line}"));
    format!("::{level} file={}{line},title={}::{}", property(file), property(title), data(message))
}

/// What would end a message is escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// In a property colons and commas are escaped, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The summary, in Markdown.
#[must_use]
pub fn summary(checked: &Checked<'_>) -> String {
    let mut lines = vec![format!("## stalegate check: {}\n", checked.decision().word())];
    lines.push("| | scenario | expectation | what was found |\n|---|---|---|---|".into());
    for file in &checked.files {
        let row = |mark: &str, name: &str, told: &str| {
            format!("| {mark} | {} | {} | {} |", cell(&file.scenario.name), cell(name), cell(told))
        };
        for judged in &file.judged {
            let told = words::expectation(judged, file.comparison);
            lines.push(row(text::mark(judged), &judged.expect.name, &told));
        }
        if let Some(compared) = &file.baseline {
            let told = if compared.failed() { junit::regressions(compared).join("; ") } else { text::counts(compared) };
            let mark = if compared.failed() { "FAILED" } else { "passed" };
            lines.push(row(mark, "no regression against the baseline", &told));
        }
    }
    lines.join("\n") + "\n"
}

/// Text of a scenario in a cell: nothing of it is Markdown or HTML.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '#' | '$' | '!' => {
                out.push('\\');
                out.push(letter);
            }
            '\n' | '\r' => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
