//! A fix tried on real servers: the scenario once more, in real browsers, with the fix laid over the answers.
//!
//! It asks the servers again, so it is done where that was asked for. What it shows is told beside the fix, and changes
//! no verdict.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::pool::Browsers;
use super::runner::Runner;
use super::{News, Options};
use crate::browser_name::BrowserName;
use crate::explain::Tried;
use crate::outcome::Run;
use crate::plan::Plan;
use crate::redact;
use crate::verdict::Failure;

/// Runs a plan with a fix in it in each of these browsers, where options ask for it. Those that are open serve: a fix
/// changes no host, so they trust the world that it is tried in.
pub(super) async fn run(
    open: &mut Browsers,
    plan: Plan,
    browsers: &[BrowserName],
    options: &Options,
    cancelled: &CancellationToken,
    tell: &mut impl FnMut(News<'_>),
) -> Option<Vec<(Tried, Option<Run>)>> {
    if !options.try_fixes {
        return None;
    }
    let plan = Arc::new(plan);
    let mut all = Vec::new();
    for browser in browsers.iter().filter(|browser| !browser.model) {
        tell(News::Trying(&plan, *browser));
        let tried = match open.authority(std::slice::from_ref(&plan)).await {
            Ok(authority) => {
                let pool = open.pool(*browser, 0);
                let runner = Runner::new(*browser, Vec::new(), options, authority, vec![pool], cancelled);
                let run = readable(runner.only(&plan).await, options);
                (told(&run), Some(run))
            }
            Err(error) => (Tried { browser: *browser, failed: Vec::new(), error: Some(error.message) }, None),
        };
        all.push(tried);
    }
    Some(all)
}

/// A run as people may read it: what comes of a trial is told in what is found by it.
fn readable(run: Run, options: &Options) -> Run {
    let mut runs = [run];
    if !options.show_values {
        redact::redact(&mut runs);
    }
    let [run] = runs;
    run
}

/// What a run with the fix shows.
fn told(run: &Run) -> Tried {
    let failures = run.steps.iter().flat_map(|step| &step.failures);
    let failed = failures.map(|failed| {
        let Failure { message, actual, span, .. } = &failed.failure;
        let (line, _) = run.plan.source.line_column(span);
        match message.contains(actual.as_str()) {
            true => format!("line {line}: {message}"),
            false => format!("line {line}: {message}, and it was {actual}"),
        }
    });
    let error = run.error.as_ref().map(|error| error.message.clone());
    Tried { browser: run.browser, failed: failed.collect(), error }
}
