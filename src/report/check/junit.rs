//! JUnit XML: a suite a file, a case an expectation and policy, and one for the baseline.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Checked, CheckedFile, text, words};
use crate::experiment::baseline::{Compared, Kind};
use crate::experiment::judge::Decision;

/// The document.
///
/// # Panics
/// Never: writing to memory cannot fail.
#[must_use]
pub fn junit(checked: &Checked<'_>) -> String {
    let mut report = Report::new("stalegate check");
    report.add_test_suites(checked.files.iter().map(suite));
    report.to_string().expect("writing to memory cannot fail")
}

fn suite(file: &CheckedFile<'_>) -> TestSuite {
    let mut suite = TestSuite::new(file.file.as_str());
    for judged in &file.judged {
        let sentence = words::expectation(judged, file.comparison);
        let status = match judged.counts_as() {
            Decision::Passed => TestCaseStatus::success(),
            Decision::Failed => failure("failed", &sentence),
            Decision::Undecided => failure("undecided", &sentence),
        };
        let policy = &file.comparison.policies[judged.policy].name;
        let mut case = TestCase::new(format!("{} ({policy})", judged.expect.name), status);
        case.set_classname(file.scenario.name.as_str());
        if judged.decision == Decision::Undecided {
            case.set_system_out(format!("{}: {sentence}", text::mark(judged)));
        }
        suite.add_test_case(case);
    }
    if let Some(compared) = &file.baseline {
        suite.add_test_case(baseline(file, compared));
    }
    suite
}

fn baseline(file: &CheckedFile<'_>, compared: &Compared) -> TestCase {
    let status = if compared.failed() {
        failure("regression", &regressions(compared).join("\n"))
    } else {
        TestCaseStatus::success()
    };
    let mut case = TestCase::new("no regression against the baseline", status);
    case.set_classname(file.scenario.name.as_str());
    let told = text::notes(compared).into_iter().chain([text::counts(compared)]);
    case.set_system_out(told.collect::<Vec<_>>().join("\n"));
    case
}

/// What makes a baseline fail, a sentence each.
pub(super) fn regressions(compared: &Compared) -> Vec<String> {
    let changed = compared.model_changed.iter().map(|policy| {
        format!("{policy}: the model changed: scenario, seed and model version are the same, and the bytes are not")
    });
    let worse = compared.changes.iter().filter(|change| change.kind == Kind::Regression).map(words::change);
    changed.chain(worse).collect()
}

fn failure(kind: &str, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind).set_message(message);
    status
}
