//! The report of `run --report junit=FILE`: a suite for each browser, a case for each scenario in it.
//!
//! What continuous integration reads. A scenario that was not judged is `skipped`, never a pass.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::digest::Digest;
use super::terminal;
use crate::outcome::{Outcome, Run};
use crate::text::{in_order, safe};

/// The report of these runs, which took so long.
pub fn document(runs: &[Run], elapsed: Duration) -> String {
    report(runs, elapsed).to_string().expect("text takes all")
}

fn report(runs: &[Run], elapsed: Duration) -> Report {
    let mut report = Report::new("rehearsal");
    report.set_time(elapsed);
    for browser in in_order(runs.iter().map(|run| run.browser)) {
        let of = runs.iter().filter(|run| run.browser == browser);
        let mut suite = TestSuite::new(browser.to_string());
        suite.set_time(of.clone().map(|run| run.duration).sum());
        suite.add_property(("browser", browser.spoken().as_str()));
        let version = of.clone().map(|run| run.browser_version.as_str()).max().unwrap_or_default();
        if !version.is_empty() {
            suite.add_property(("browser_version", version));
        }
        suite.add_property(("third_party_cookies", browser.third_party().as_str()));
        suite.add_test_cases(of.map(case));
        report.add_test_suite(suite);
    }
    report
}

fn case(run: &Run) -> TestCase {
    let mut case = TestCase::new(&*safe(&run.plan.title), status(run));
    case.set_classname(&*safe(run.scenario()));
    case.set_time(run.duration);
    case
}

fn status(run: &Run) -> TestCaseStatus {
    let digest = Digest::of(std::slice::from_ref(run));
    let (kind, message) = match run.outcome() {
        Outcome::Passed => return TestCaseStatus::success(),
        Outcome::Failed => {
            let message = digest.failures.first().map(|failing| failing.failure.message.clone());
            (NonSuccessKind::Failure, message.unwrap_or_default())
        }
        Outcome::Error => {
            let message = digest.errors.first().map(|stopped| stopped.message.to_owned());
            (NonSuccessKind::Error, message.unwrap_or_default())
        }
        _ => {
            let mut status = TestCaseStatus::skipped();
            let why = digest.warnings.first().map_or("not judged", |warning| warning.message.as_str());
            status.set_message(why);
            return status;
        }
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message).set_type(run.outcome().as_str());
    status.set_description(terminal::text(std::slice::from_ref(run), &digest));
    status
}
