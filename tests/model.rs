//! The shipped scenarios in the `model` browser, under every engine and policy they speak of.

use std::path::Path;

use rehearsal::browser::model::Model;
use rehearsal::browser::name::BrowserName;
use rehearsal::scenario;
use rehearsal::verdict;
use rehearsal::world::{Authority, World, hosts};

#[tokio::test]
async fn every_shipped_scenario_holds_in_every_model() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let loaded = scenario::load(&[scenarios]);
    assert_eq!(loaded.errors(), 0);
    let authority = Authority::new(loaded.plans.iter().flat_map(hosts)).expect("an authority");
    let mut wrong = Vec::new();
    for name in [
        "model:chromium",
        "model:chromium:block-third-party",
        "model:firefox",
        "model:firefox:allow-third-party",
        "model:firefox:block-third-party",
        "model:webkit",
        "model:webkit:allow-third-party",
    ] {
        let browser: BrowserName = name.parse().expect("a browser's name");
        let model = Model::new(browser, &authority);
        for plan in &loaded.plans {
            let world = World::start(plan, &authority).expect("a world");
            let mut agent = model.open(&world);
            let mut before = Some(Vec::new());
            for step in &plan.steps {
                let seen = agent.perform(step).await;
                for failure in verdict::judge(&step.expected_in(browser), &seen, before.as_deref()) {
                    let (line, _) = plan.source.line_column(&failure.span);
                    wrong.push(format!(
                        "{name}: {}:{line}: {}\n    {}",
                        plan.source.path,
                        failure.message,
                        failure.notes.join("\n    ")
                    ));
                }
                before = seen.jar;
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
