//! `rehearsal doctor`: opens each browser in a tiny world, and says what works and what to do.

use std::process::ExitCode;
use std::sync::Arc;

use crate::browser::install;
use crate::browser_name::{BrowserName, Engine};
use crate::cli::{DoctorArgs, Format};
use crate::doctor::{self, Check};
use crate::outcome::Run;
use crate::report::doctor as report;
use crate::run;

/// Runs the command.
pub fn doctor(arguments: &DoctorArgs) -> ExitCode {
    if let Some(model) = arguments.browser.iter().find(|browser| browser.model) {
        super::complain(
            format!("`{model}` needs no doctor: it is a part of this program"),
            "name a real browser",
        );
        return ExitCode::from(super::WRONG);
    }
    let installed = |browser: &BrowserName| install::is_installed(browser.engine);
    let wanted: Vec<BrowserName> = match arguments.browser.as_slice() {
        [] => Engine::ALL.into_iter().map(BrowserName::shipped).collect(),
        named => named.to_vec(),
    };
    let (present, missing): (Vec<_>, Vec<_>) = wanted.into_iter().partition(installed);
    let guard = match super::this_program() {
        Ok(guard) => guard,
        Err(code) => return code,
    };
    let options = run::Options::new(present, guard);
    let examined = match super::block_on(examine(&options)) {
        Ok(examined) => examined,
        Err(code) => return code,
    };
    let document = report::Document::of(&examined, &missing);
    let written = match arguments.format {
        Format::Terminal => document.write(&mut anstream::stdout()),
        Format::Json => super::write_json(&document),
    };
    let well = examined.iter().all(|(_, checks)| checks.iter().all(Check::is_well));
    let named_and_missing = !arguments.browser.is_empty() && !missing.is_empty();
    let code = match (examined.is_empty() || named_and_missing, well) {
        (true, _) => super::COULD_NOT_RUN,
        (false, true) => super::HELD,
        (false, false) => super::FAILED,
    };
    super::after_writing(written, "what was found", code)
}

/// Each browser, and what was found of it.
async fn examine(options: &run::Options) -> Result<Vec<(Run, Vec<Check>)>, ExitCode> {
    let cancelled = super::cancelled_by_signals();
    let plans = [Arc::new(doctor::plan())];
    let runs = run::run(&plans, options, &cancelled, |_| {}).await.map_err(|error| {
        super::complain(error.message, error.hint.unwrap_or_default());
        ExitCode::from(super::COULD_NOT_RUN)
    })?;
    if cancelled.is_cancelled() {
        return Err(super::interrupted());
    }
    let found = |run: Run| {
        let checks = doctor::checks(&run);
        (run, checks)
    };
    Ok(runs.into_iter().map(found).collect())
}
