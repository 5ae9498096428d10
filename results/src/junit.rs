//! `junit.xml`: what CI servers read. A run is a suite, a check is a case.
//!
//! A violation is a *failure*, with the run's sentence as its message and the final block as its text. What was not
//! decided, or not tested enough, and a run without a verdict are *errors*: neither is a pass. What there was no occasion
//! to ask, and beside a violation what was not tested enough, is *skipped*.

use crate::block::{BlockOptions, final_block};
use crate::document::{Check, Outcome, Results};
use crate::text::{line, visible};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// Why there is no XML: the writer refused, which is a defect.
pub type JunitError = quick_junit::SerializeError;

/// The document; `directory` is where the run is kept, if anywhere.
///
/// # Errors
/// When it cannot be serialized, which is a defect.
pub fn junit_xml(results: &Results, directory: Option<&str>) -> Result<String, JunitError> {
    junit_xml_of(&[(results, directory)])
}

/// The document of several runs, a suite for each.
///
/// # Errors
/// When it cannot be serialized, which is a defect.
pub fn junit_xml_of(runs: &[(&Results, Option<&str>)]) -> Result<String, JunitError> {
    let mut report = Report::new("harness");
    for (results, directory) in runs {
        report.add_test_suite(suite(results, *directory));
    }
    report.to_string()
}

fn suite(results: &Results, directory: Option<&str>) -> TestSuite {
    let block = final_block(results, directory, BlockOptions { color: false });
    let mut suite = TestSuite::new(match &results.run {
        Some(run) => visible(&run.id, 80),
        None => "history".to_owned(),
    });
    if let Some(run) = &results.run {
        suite.timestamp = run.started_at.parse().ok();
        suite.add_property(Property::new("run", visible(&run.id, 80)));
        suite.add_property(Property::new("seed", run.seed.to_string()));
        let again = format!("harness {}", crate::text::command(&run.argv));
        suite.add_property(Property::new("again", visible(&again, 2000)));
    }
    if let Some(directory) = directory {
        suite.add_property(Property::new(
            "report",
            format!("{}/report.html", line(directory)),
        ));
    }
    suite.add_property(Property::new("verdict", results.verdict.word()));
    suite.add_property(Property::new("sentence", line(&results.reason.sentence)));
    let class = class_name(results);
    for check in &results.checks {
        let mut case = TestCase::new(visible(&check.name, 80), status(results, check, &block));
        case.set_classname(class.as_str());
        case.set_time(Duration::try_from_secs_f64(check.took_s).unwrap_or_default());
        suite.add_test_case(case);
    }
    if results.verdict == Outcome::Error {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("error");
        status.set_message(line(&results.reason.sentence));
        status.set_description(block);
        let mut case = TestCase::new("run", status);
        case.set_classname(class);
        suite.add_test_case(case);
    } else {
        suite.set_system_out(block);
    }
    suite
}

fn status(results: &Results, check: &Check, block: &str) -> TestCaseStatus {
    let (kind, of_type, message) = match check.verdict.as_str() {
        "valid" => return TestCaseStatus::success(),
        "invalid" => (
            NonSuccessKind::Failure,
            results.reason.code.as_str(),
            &results.reason.sentence,
        ),
        // What was not tested does not matter any more; what was not asked never did.
        it if results.verdict == Outcome::Invalid || it == "not-asked" => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(line(&check.result));
            return skipped;
        }
        _ => (NonSuccessKind::Error, "unknown", &check.result),
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(visible(of_type, 80));
    status.set_message(line(message));
    if check.verdict == "invalid" {
        status.set_description(block);
    }
    status
}

/// `system.workload.nemesis`, as CI servers group cases.
fn class_name(results: &Results) -> String {
    let Some(run) = &results.run else {
        return "history".to_owned();
    };
    let nemesis = match run.nemesis.as_slice() {
        [] => "none".to_owned(),
        kinds => kinds.join("+"),
    };
    let part = |text: &str| visible(text, 60).replace('.', "_");
    [&run.system, &run.workload, &nemesis]
        .map(|it| part(it))
        .join(".")
}
