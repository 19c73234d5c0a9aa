//! `rehearsal matrix`: one scenario over topologies, cookie attributes and browsers, as one table.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::ProgressDrawTarget;
use time::OffsetDateTime;

use crate::browser_name::{BrowserName, Engine, Policy};
use crate::cli::{Format, MatrixArgs};
use crate::matrix::{self, Matrix};
use crate::plan::Plan;
use crate::report::matrix::{html, json, terminal};
use crate::run::{self, News};

/// What takes less time than this needs no progress shown.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs the command.
pub fn matrix(arguments: &MatrixArgs) -> ExitCode {
    let plan = match the_one(arguments) {
        Ok(plan) => plan,
        Err(code) => return code,
    };
    let draft = match matrix::draft(&plan) {
        Ok(draft) => draft,
        Err(diagnostic) => {
            super::print_diagnostics(&[*diagnostic]);
            return ExitCode::from(super::WRONG);
        }
    };
    let guard = match super::this_program() {
        Ok(guard) => guard,
        Err(code) => return code,
    };
    let columns = columns(&arguments.browser);
    let options = run::Options {
        jobs: super::jobs(arguments.jobs),
        headed: arguments.headed,
        ..run::Options::new(Matrix::cast(&columns), guard)
    };
    let matrix = match super::block_on(rehearse(draft, columns, &options)) {
        Ok(matrix) => matrix,
        Err(code) => return code,
    };
    if let Some(path) = &arguments.html
        && let Err(error) = std::fs::write(path, html::page(&matrix, OffsetDateTime::now_utc()))
    {
        let message = format!("`{}` cannot be written: {error}", path.display());
        super::complain(message, "name a file in a folder that is there: --html matrix.html");
        return ExitCode::from(super::COULD_NOT_RUN);
    }
    super::after_writing(write(&matrix, arguments.format), "the table", exit_code(&matrix))
}

/// The one scenario that is asked about.
fn the_one(arguments: &MatrixArgs) -> Result<Arc<Plan>, ExitCode> {
    let mut plans = super::load(std::slice::from_ref(&arguments.scenario))?;
    match (plans.pop(), plans.len()) {
        (Some(plan), 0) => Ok(plan),
        (_, others) => {
            let message = format!(
                "`{}` holds {} scenarios, and a matrix is of one",
                arguments.scenario.display(),
                others + 1
            );
            super::complain(message, "name one file");
            Err(ExitCode::from(super::WRONG))
        }
    }
}

/// The browsers asked for, each once; else every engine under every policy that it does not ship with, by its
/// model.
fn columns(asked: &[BrowserName]) -> Vec<BrowserName> {
    let policies = |engine: Engine| {
        let shipped = BrowserName::shipped(engine).modelled();
        let others =
            Policy::ALL.into_iter().rev().map(move |policy| BrowserName { policy: Some(policy), ..shipped });
        std::iter::once(shipped)
            .chain(others.filter(move |other| other.third_party() != shipped.third_party()))
    };
    let default: Vec<BrowserName> = Engine::ALL.into_iter().flat_map(policies).collect();
    let mut columns = Vec::new();
    for browser in if asked.is_empty() { &default } else { asked } {
        if !columns.contains(browser) {
            columns.push(*browser);
        }
    }
    columns
}

async fn rehearse(
    draft: matrix::Draft,
    columns: Vec<BrowserName>,
    options: &run::Options,
) -> Result<Matrix, ExitCode> {
    let cancelled = super::cancelled_by_signals();
    let plans: Vec<Arc<Plan>> =
        draft.combinations.iter().map(|combination| Arc::clone(&combination.plan)).collect();
    let progress = super::progress_bar(plans.len() * options.browsers.len());
    let is_real = options.browsers.iter().any(|browser| !browser.model);
    if !is_real {
        progress.set_draw_target(ProgressDrawTarget::hidden());
    }
    let started = Instant::now();
    let runs = run::run(&plans, options, &cancelled, |news| {
        let News::Ran(run) = news else { return };
        if progress.is_hidden() && started.elapsed() > PATIENCE {
            progress.set_draw_target(ProgressDrawTarget::stderr());
        }
        progress.inc(1);
        progress.set_message(run.browser.to_string());
    })
    .await;
    progress.finish_and_clear();
    if cancelled.is_cancelled() {
        super::complain(
            "interrupted: not every combination was run",
            "everything that was started has been ended",
        );
        return Err(super::interrupted());
    }
    match runs {
        Ok(runs) => Ok(Matrix::of(draft, columns, &runs)),
        Err(error) => {
            super::complain(error.message, error.hint.unwrap_or_default());
            Err(ExitCode::from(super::COULD_NOT_RUN))
        }
    }
}

fn write(matrix: &Matrix, format: Format) -> io::Result<()> {
    match format {
        Format::Terminal => terminal::write(&mut anstream::stdout(), matrix, super::columns_or(80)),
        Format::Json => super::write_json(&json::Document::of(matrix)),
    }
}

fn exit_code(matrix: &Matrix) -> u8 {
    let works = !matrix.finding().everywhere.is_empty();
    let could_not = matrix.rows.iter().flatten().any(|cell| cell.error.is_some());
    match (could_not, works && matrix.disagreements() == 0) {
        (true, _) => super::COULD_NOT_RUN,
        (false, true) => super::HELD,
        (false, false) => super::FAILED,
    }
}
