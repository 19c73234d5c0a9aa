//! `rehearsal audit`: the pre-deploy checklists as checks, with what was observed as evidence.

use std::process::ExitCode;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::audit::{self, attack};
use crate::browser_name::{BrowserName, Engine};
use crate::cli::{AuditArgs, AuditReport, Format};
use crate::outcome::{Outcome, Run};
use crate::plan::Plan;
use crate::report::audit::{self as report, json, sarif, terminal};
use crate::run;

/// Runs the command.
pub fn audit(arguments: &AuditArgs) -> ExitCode {
    if arguments.list {
        return super::after_writing(terminal::write_list(&mut anstream::stdout()), "the list", super::HELD);
    }
    let reports = arguments.report.iter().map(|report| report.path.as_path());
    if let Err(code) = super::folders_of(reports) {
        return code;
    }
    let super::Read { plans, is_broken, .. } = super::load_all(&arguments.paths);
    if plans.is_empty() {
        return ExitCode::from(super::WRONG);
    }
    let guard = match super::this_program() {
        Ok(guard) => guard,
        Err(code) => return code,
    };
    let models =
        || Engine::ALL.into_iter().map(|engine| BrowserName { model: true, engine, policy: None }).collect();
    let browsers = if arguments.browser.is_empty() { models() } else { arguments.browser.clone() };
    let jobs = super::jobs(None);
    let options = run::Options { jobs, ..run::Options::new(browsers, guard) };
    let audited = match super::block_on(look(&plans, &options)) {
        Ok(audited) => audited,
        Err(code) => return code,
    };
    let written = match arguments.format {
        Format::Terminal => terminal::write(&mut anstream::stdout(), &audited, super::columns()),
        Format::Json => super::write_json(&json::Document::of(&audited)),
    };
    for report in &arguments.report {
        let content = match report.kind {
            AuditReport::Sarif => serde_json::to_vec_pretty(&sarif::Log::of(&audited)),
            AuditReport::Json => serde_json::to_vec(&json::Document::of(&audited)),
        };
        let content = content.expect("a document has string keys alone");
        if let Err(code) = super::write_file(&report.path, &content) {
            return ExitCode::from(code);
        }
    }
    let found = audited.iter().flat_map(|audited| &audited.findings);
    let failed = found.into_iter().any(|finding| finding.severity >= arguments.fail_on);
    let errors = audited.iter().any(|audited| !audited.errors.is_empty());
    let code = match (errors, failed) {
        (true, _) => super::COULD_NOT_RUN,
        (false, true) => super::FAILED,
        (false, false) => super::HELD,
    };
    let code = if is_broken { super::WRONG } else { code };
    super::after_writing(written, "the findings", code)
}

/// Runs every scenario, then the attack on each, and looks at both.
async fn look(plans: &[Arc<Plan>], options: &run::Options) -> Result<Vec<report::Audited>, ExitCode> {
    let cancelled = super::cancelled_by_signals();
    let runs = rehearse(plans, options, &cancelled).await?;
    let of = |plan: &Arc<Plan>, runs: &[Run]| -> Vec<Run> {
        runs.iter().filter(|run| run.plan.source == plan.source).cloned().collect()
    };
    let attacks: Vec<Arc<Plan>> =
        plans.iter().filter_map(|plan| attack::plan(plan, &of(plan, &runs))).collect();
    let attacked = rehearse(&attacks, options, &cancelled).await?;
    let audited = plans.iter().map(|plan| {
        let (runs, attacks) = (of(plan, &runs), of(plan, &attacked));
        report::Audited {
            findings: audit::findings(plan, &runs, &attacks),
            errors: runs.iter().chain(&attacks).filter_map(|run| run.error.clone()).collect(),
            unjudged: unjudged(plan, &runs),
            plan: Arc::clone(plan),
        }
    });
    Ok(audited.collect())
}

/// How many steps of a scenario were not judged, in a browser or in another.
fn unjudged(plan: &Plan, runs: &[Run]) -> usize {
    let is_unjudged =
        |run: &Run, step: usize| run.steps.get(step).is_some_and(|step| step.outcome == Outcome::Skipped);
    (0..plan.steps.len()).filter(|step| runs.iter().any(|run| is_unjudged(run, *step))).count()
}

async fn rehearse(
    plans: &[Arc<Plan>],
    options: &run::Options,
    cancelled: &CancellationToken,
) -> Result<Vec<Run>, ExitCode> {
    let runs = run::run(plans, options, cancelled, |_| {}).await.map_err(|error| {
        super::complain(error.message, error.hint.unwrap_or_default());
        ExitCode::from(super::COULD_NOT_RUN)
    })?;
    if cancelled.is_cancelled() {
        return Err(ExitCode::from(super::INTERRUPTED));
    }
    Ok(runs)
}
