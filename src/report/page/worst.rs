//! The worst outages of the page, told and drawn.

use super::cells::capital;
use super::document::{Case, Line, Table, Worst};
use crate::experiment::explain::{self, Explanation};
use crate::report::explain::{Told, ended_words, episode_words, in_short, others_rows, story};
use crate::report::narrative::clock;
use crate::report::number::span;
use crate::report::sequence;
use crate::scenario::Scenario;
use crate::trace::Names;

/// What the scenarios are told of.
#[derive(Clone, Copy, Debug)]
pub struct Of<'a> {
    pub scenario: &'a Scenario,
    /// The words that name the file and what of it was changed: `scenarios/a.toml --seed 3`.
    pub file: &'a str,
    /// Number and values of the point of a sweep, if it is one.
    pub point: Option<(usize, &'a str)>,
}

/// The cases; `None`: the run was interrupted before they were looked for.
pub fn worst(of: Of<'_>, cases: Option<&[explain::Case]>) -> Worst {
    let Some(cases) = cases else {
        let note = "The run was interrupted before the worst outages were looked for.".into();
        return Worst { note, cases: Vec::new() };
    };
    let told: usize = cases.iter().map(|case| case.policies.len()).sum();
    let all = of.scenario.policies.len();
    let note = match (told, all - told) {
        (0, _) => "Under no policy does a call fail that should succeed: there is no outage to explain.".into(),
        (_, 0) => String::new(),
        (_, 1) => "Under one more policy no call fails, or its worst outage is shorter than these.".into(),
        (_, more) => {
            format!("Under {more} more policies no call fails, or their worst outages are shorter than these.")
        }
    };
    Worst { note, cases: cases.iter().map(|case| of_case(of, case)).collect() }
}

fn of_case(of: Of<'_>, case: &explain::Case) -> Case {
    let scenario = of.scenario;
    let explanation: &Explanation = &case.explanation;
    let names = Names::of(&scenario.world);
    let told = Told { scenario, point: of.point.map(|point| point.1), policy: case.policies[0], explanation };
    let lane = names.lane(explanation.lane);
    let lines = story(explanation, &names);
    let mut others = Table::new(
        format!("{lane} of this very world (replication {}) under the other policies", explanation.replication),
        &["policy", "the outage", "#failed calls"],
    );
    others.rows = others_rows(&told);
    let point = of.point.map_or_else(String::new, |(point, _)| format!(" --point {point}"));
    let name = &scenario.policies[case.policies[0]].name;
    Case {
        policies: case.policies.iter().map(|&policy| scenario.policies[policy].name.clone()).collect(),
        lasted: span(explanation.end.since(explanation.start).as_secs_f64()),
        what: format!("{}; replication {}", episode_words(&told, &names), explanation.replication),
        in_short: plain(&capital(&in_short(&told, &names))),
        story: lines.iter().map(line).collect(),
        sequence: sequence::svg(&sequence::of(&told)),
        ended: capital(&ended_words(&told)),
        others,
        command: format!(
            "stalegate explain {} --policy {name} --replication {} --lane {lane}{point}",
            of.file, explanation.replication
        ),
    }
}

fn line(line: &crate::report::explain::Line) -> Line {
    Line { at: clock(line.at), who: plain(&line.whom), what: plain(&line.what) }
}

/// Without the marks that a terminal needs around names.
fn plain(text: &str) -> String {
    text.replace('`', "")
}
