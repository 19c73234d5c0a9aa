//! The shipped scenarios in the `model` browser, under every engine and policy they speak of.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rehearsal::outcome::Outcome;
use rehearsal::run::{self, Options};
use rehearsal::scenario;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn every_shipped_scenario_holds_in_every_model() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let loaded = scenario::load(&[scenarios]);
    assert_eq!(loaded.errors(), 0);
    let names = [
        "model:chromium",
        "model:chromium:block-third-party",
        "model:firefox",
        "model:firefox:allow-third-party",
        "model:firefox:block-third-party",
        "model:webkit",
        "model:webkit:allow-third-party",
    ];
    let plans: Vec<_> = loaded.plans.into_iter().map(Arc::new).collect();
    let browsers = names.iter().map(|name| name.parse().expect("a browser's name")).collect();
    // A model starts no process.
    let options = Options { jobs: 2, ..Options::new(browsers, PathBuf::new()) };
    let runs = run::run(&plans, &options, &CancellationToken::new(), |_| {}).await.expect("they can be run");
    assert_eq!(runs.len(), plans.len() * names.len());
    for run in runs {
        let failures: Vec<_> = run.steps.iter().flat_map(|step| &step.failures).collect();
        assert_eq!(run.outcome(), Outcome::Passed, "{} in {}: {failures:#?}", run.scenario(), run.browser);
    }
}
