//! `rehearsal audit`: the pre-deploy checklists as checks, with what was observed as evidence.

use std::process::ExitCode;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::audit::{self, Severity, attack};
use crate::browser::install;
use crate::browser_name::{BrowserName, Engine, listed};
use crate::cli::{AuditArgs, AuditReport, Format, SeverityArg};
use crate::outcome::Run;
use crate::plan::Plan;
use crate::report::audit::{self as report, json, sarif, terminal};
use crate::run;
use crate::servers::{self, Servers};

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
    // Where nobody names a browser, what the models cannot judge is judged by those that are installed.
    let (browsers, real) = match arguments.browser.as_slice() {
        [] => (models(), Engine::ALL.into_iter().filter(|engine| install::is_installed(*engine)).collect()),
        named => (named.to_vec(), Vec::new()),
    };
    let jobs = super::jobs(None);
    let servers = Arc::new(Servers::new(guard.clone(), servers::allowed_by_environment()));
    let options = run::Options { jobs, servers, ..run::Options::new(browsers, guard) };
    let audited = match super::block_on(look(&plans, &options, &real)) {
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
    let least = match arguments.fail_on {
        SeverityArg::Low => Severity::Low,
        SeverityArg::Medium => Severity::Medium,
        SeverityArg::High => Severity::High,
    };
    let failed = found.into_iter().any(|finding| finding.severity >= least);
    // What nobody has looked at is not without a finding.
    let errors = audited.iter().any(|audited| !audited.errors.is_empty() || audited.unseen > 0);
    let code = match (errors, failed) {
        (true, _) => super::COULD_NOT_RUN,
        (false, true) => super::FAILED,
        (false, false) => super::HELD,
    };
    let code = if is_broken { super::WRONG } else { code };
    super::after_writing(written, "the findings", code)
}

/// Runs every scenario, then the attack on each, and looks at both. `real` are the engines whose browsers judge what
/// their models cannot.
async fn look(
    plans: &[Arc<Plan>],
    options: &run::Options,
    real: &[Engine],
) -> Result<Vec<report::Audited>, ExitCode> {
    let cancelled = super::cancelled_by_signals();
    let runs = judge(plans, options, real, &cancelled).await?;
    let of = |plan: &Arc<Plan>, runs: &[Run]| -> Vec<Run> {
        runs.iter().filter(|run| run.plan.source == plan.source).cloned().collect()
    };
    let attacks: Vec<Arc<Plan>> =
        plans.iter().filter_map(|plan| attack::plan(plan, &of(plan, &runs))).collect();
    let attacked = judge(&attacks, options, real, &cancelled).await?;
    let audited = plans.iter().map(|plan| {
        let (runs, attacks) = (of(plan, &runs), of(plan, &attacked));
        report::Audited {
            findings: audit::findings(plan, &runs, &attacks),
            errors: runs.iter().chain(&attacks).filter_map(|run| run.error.clone()).collect(),
            unjudged: unjudged(plan, &runs, |runs, is_unjudged| runs.iter().any(is_unjudged)),
            unseen: unjudged(plan, &runs, |runs, is_unjudged| runs.iter().all(is_unjudged)),
            plan: Arc::clone(plan),
        }
    });
    Ok(audited.collect())
}

/// How many steps of a scenario were not judged, in any or in all of its runs.
fn unjudged(plan: &Plan, runs: &[Run], in_them: impl Fn(&[Run], &dyn Fn(&Run) -> bool) -> bool) -> usize {
    let is_unjudged = |step: usize| {
        let of_run = move |run: &Run| run.steps.get(step).is_none_or(|step| !step.outcome.is_judged());
        in_them(runs, &of_run)
    };
    (0..plan.steps.len()).filter(|step| is_unjudged(*step)).count()
}

/// Runs plans, and those of which a model could not judge every step once more, in these engines' browsers: what they
/// show takes the place of what their models could not tell.
async fn judge(
    plans: &[Arc<Plan>],
    options: &run::Options,
    real: &[Engine],
    cancelled: &CancellationToken,
) -> Result<Vec<Run>, ExitCode> {
    let mut runs = rehearse(plans, options, cancelled).await?;
    let is_open = |run: &&Run| run.browser.model && run.error.is_none() && run.unjudged() > 0;
    let open: Vec<&Plan> = runs.iter().filter(is_open).map(|run| &*run.plan).collect();
    let open: Vec<Arc<Plan>> =
        plans.iter().filter(|plan| open.iter().any(|open| open.source == plan.source)).cloned().collect();
    if open.is_empty() || real.is_empty() {
        return Ok(runs);
    }
    let browsers: Vec<BrowserName> = real.iter().copied().map(BrowserName::shipped).collect();
    anstream::eprintln!(
        "{} cannot be judged by the rules alone, and {} run in {}",
        super::counted(open.len(), "scenario"),
        if open.len() == 1 { "is" } else { "are" },
        listed(&browsers)
    );
    let shown = rehearse(&open, &run::Options { browsers, ..options.clone() }, cancelled).await?;
    for run in shown {
        let model = |other: &&mut Run| {
            other.browser.model && other.browser.real() == run.browser && other.plan.source == run.plan.source
        };
        if let Some(model) = runs.iter_mut().find(model) {
            *model = run;
        }
    }
    Ok(runs)
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
        return Err(super::interrupted());
    }
    Ok(runs)
}
