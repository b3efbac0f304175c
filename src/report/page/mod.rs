//! `report.html`: what a comparison or a sweep came to, on one page that needs nothing else: no network, no other file.
//!
//! A [`Page`] is built from results and written as `report.json`; [`html`] draws it, and draws it again years later.

mod cells;
mod course;
pub mod document;
mod figures;
mod html;
mod ratio;
mod second;
mod sweep;
mod tiles;
mod worst;

use super::error::WriteError;
use super::folder::Folder;
use super::manifest::{PolicyPart, RunInfo};
use super::table;
use crate::experiment::comparison::Comparison;
use crate::experiment::explain::Case;
use crate::scenario::{Scenario, approximation};
pub use document::Page;
use document::{FORMAT, Origin, Table};
pub use html::html;
pub use sweep::of_sweep;

/// The name of the page, and of what it is drawn from.
pub const NAME: &str = "report.html";
pub const DATA: &str = "report.json";

/// Worst outages told at most.
pub const MOST_CASES: usize = 8;

/// A value of the scenario: key, value, origin, as [`crate::scenario::Loaded::resolved`] has them.
pub type Assumption = (String, String, String);

/// The page of a comparison. `cases`: the worst outages; `None` where nobody looked for them, for the run was interrupted.
///
/// # Panics
/// Never: a scenario has a policy.
#[must_use]
pub fn of_comparison(
    scenario: &Scenario,
    assumptions: &[Assumption],
    comparison: &Comparison,
    cases: Option<&[Case]>,
    info: &RunInfo,
) -> Page {
    let file = info.command.get(2..).unwrap_or_default().join(" ");
    let worst = worst::worst(worst::Of { scenario, file: &file, point: None }, cases);
    let known = cells::known(scenario, &[Some(comparison)]);
    let about = About { assumptions, scenario, comparison, info };
    Page { known, ..about.page(worst) }
}

/// Writes both files; the page itself is a view of the other one, which has a hash in the manifest.
pub(super) fn write(folder: &mut Folder, page: &Page) -> Result<(), WriteError> {
    folder.write(DATA, json(page).as_bytes())?;
    folder.add(NAME, html(page).as_bytes())
}

/// The text of `report.json`.
///
/// # Panics
/// Never: all of it can be JSON.
#[must_use]
pub fn json(page: &Page) -> String {
    serde_json::to_string(page).expect("all of it can be JSON") + "\n"
}

/// Reads the text of a `report.json` back; why not, in words.
pub fn read(text: &str) -> Result<Page, String> {
    #[derive(serde::Deserialize)]
    struct Head {
        format: u32,
    }

    let wrong = |error: serde_json::Error| format!("it is no report of this program: {error}");
    let Head { format } = serde_json::from_str(text).map_err(wrong)?;
    if format != FORMAT {
        return Err(format!("it has format {format}, and this version draws format {FORMAT}: run its command again"));
    }
    serde_json::from_str(text).map_err(wrong)
}

/// What a page is about.
#[derive(Clone, Copy, Debug)]
struct About<'a> {
    assumptions: &'a [Assumption],
    /// The scenario, or that of the point of a sweep that is shown.
    scenario: &'a Scenario,
    comparison: &'a Comparison,
    info: &'a RunInfo,
}

impl About<'_> {
    /// What comparisons and sweeps have in common.
    fn page(&self, worst: document::Worst) -> Page {
        let About { assumptions, scenario, comparison, .. } = *self;
        let ratio = ratio::ratio(scenario, comparison);
        let again = second::outage(scenario, comparison).or_else(|| ratio.as_ref()?.again.clone());
        let best = table::best_lines(comparison).into_iter().map(|line| cells::capital(&line));
        Page {
            format: FORMAT,
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            question: scenario.question.clone(),
            source: scenario.source.clone(),
            run: [table::run(scenario, comparison)]
                .into_iter()
                .chain(approximation(&scenario.world))
                .collect::<Vec<_>>()
                .join("; "),
            tiles: tiles::tiles(comparison, again.as_ref(), &worst.cases),
            findings: best.chain(super::findings::all(scenario, comparison)).collect(),
            sweep: None,
            shown: None,
            policies: cells::policies(comparison),
            differences: cells::differences(comparison),
            users: cells::users(scenario, comparison),
            year: cells::year(scenario, comparison),
            ratio,
            figures: figures::of_comparison(scenario, comparison),
            worst,
            known: None,
            assumptions: table_of(assumptions),
            origin: self.origin(),
        }
    }

    fn origin(&self) -> Origin {
        let About { scenario, comparison, info, .. } = *self;
        let mut manifest = Table::new("What the numbers were made from", &["what", "is"]);
        let mut row = |what: String, is: String| manifest.rows.push(vec![what, is]);
        row("stalegate".into(), info.version.clone());
        row("model version".into(), info.model_version.clone());
        row("scenario".into(), format!("{} ({})", scenario.name, scenario.id));
        for input in &scenario.inputs {
            row(format!("file {}", input.name), format!("blake3 {}", input.hash));
        }
        row("seed".into(), scenario.world.run.seed.to_string());
        row("replications".into(), format!("{} ({})", comparison.finished(), comparison.reason()));
        for part in PolicyPart::all(scenario, comparison) {
            row(format!("digest of {}", part.name), part.digest);
        }
        manifest.notes.push(
            "manifest.json beside this page has the hash of every file; `stalegate replay manifest.json` compares them"
                .into(),
        );
        Origin { command: command(&info.command), manifest }
    }
}

/// Words as a shell reads them again.
#[must_use]
pub fn command(words: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    let quoted = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// Every value of the scenario with its origin.
fn table_of(assumptions: &[Assumption]) -> Table {
    let mut table = Table::new(
        "Every value of the scenario (default: this program's; preset: the policy's; otherwise the file and line)",
        &["key", "value", "origin"],
    );
    let row = |(key, value, origin): &Assumption| vec![key.clone(), value.clone(), origin.clone()];
    table.rows = assumptions.iter().map(row).collect();
    table
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::sample;

    /// A page of made-up results.
    pub fn page() -> Page {
        let comparison = sample::comparison(30);
        let assumptions = [("idp.token_lifetime", "\"1h\"", "default")].map(|(k, v, o)| (k.into(), v.into(), o.into()));
        let command = ["stalegate", "compare", "scenarios/sample.toml"].map(str::to_owned).to_vec();
        let info = RunInfo { version: "1".into(), model_version: "1".into(), command, not_hashed: None };
        of_comparison(&sample::scenario(), &assumptions, &comparison, Some(&[]), &info)
    }

    #[test]
    fn it_reads_back_as_it_was_written() {
        let page = page();
        let text = serde_json::to_string(&page).unwrap();
        assert_eq!(serde_json::from_str::<Page>(&text).unwrap(), page);
    }

    #[test]
    fn every_row_has_a_cell_a_column() {
        let page = page();
        let figures = page.figures.iter().map(|figure| &figure.data);
        let others = [&page.policies, &page.assumptions, &page.origin.manifest];
        for table in figures.chain(others).chain(&page.differences).chain(&page.users) {
            assert!(!table.rows.is_empty(), "{}", table.caption);
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{}", table.caption);
        }
    }

    #[test]
    fn a_command_can_be_pasted() {
        let words = ["stalegate", "compare", "my file.toml", "--set", "idp.token_lifetime=\"5min\"", "it's"];
        let expected = "stalegate compare 'my file.toml' --set 'idp.token_lifetime=\"5min\"' 'it'\\''s'";
        assert_eq!(command(&words.map(str::to_owned)), expected);
    }
}
