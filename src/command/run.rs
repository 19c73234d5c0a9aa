//! `rehearsal run`: runs scenarios in browsers and reports.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::browser::install;
use crate::browser::options::Remote;
use crate::browser_name::{BrowserName, Engine};
use crate::cli::{Format, RunArgs, RunningDriver};
use crate::outcome::{Asked, Outcome, Run, Summary};
use crate::plan::Plan;
use crate::report::run::digest::Digest;
use crate::report::run::{json, terminal};
use crate::run::{self, News};

/// Runs the command.
pub fn run(arguments: &RunArgs) -> ExitCode {
    let read = super::load(&arguments.paths);
    let plans = match read.and_then(|plans| chosen(plans, arguments.filter.as_deref())) {
        Ok(plans) => plans,
        Err(code) => return code,
    };
    let browsers = match browsers(arguments) {
        Ok(browsers) => browsers,
        Err(code) => return code,
    };
    let guard = match super::this_program() {
        Ok(guard) => guard,
        Err(code) => return code,
    };
    let remote = match arguments.webdriver.iter().map(|driver| remote(driver, arguments)).collect() {
        Ok(remote) => remote,
        Err(code) => return code,
    };
    let options = run::Options {
        browsers,
        jobs: super::jobs(arguments.jobs),
        headed: arguments.headed,
        fail_fast: arguments.fail_fast,
        guard,
        remote,
    };
    super::block_on(rehearse(&plans, &options, arguments.format))
}

async fn rehearse(plans: &[Arc<Plan>], options: &run::Options, format: Format) -> ExitCode {
    let cancelled = super::cancelled_by_signals();
    let progress = super::progress_bar(plans.len() * options.browsers.len());
    let started = Instant::now();
    let (mut broken_pipe, mut said) = (Ok(()), terminal::Told::default());
    let mut failed = 0;
    let runs = run::run(plans, options, &cancelled, |news| match news {
        News::Ran(run) => {
            progress.inc(1);
            failed += usize::from(run.outcome() == Outcome::Failed);
            let so_far = if failed > 0 { format!(", {failed} failed so far") } else { String::new() };
            progress.set_message(format!("{} in {}{so_far}", run.scenario(), run.browser));
        }
        // Diagnostics are printed as they come: a long run is read while it goes on.
        News::Scenario(runs) if format == Format::Terminal => {
            let digest = Digest::of(runs);
            let written = progress.suspend(|| {
                let out = &mut anstream::stdout();
                terminal::write_scenario(out, runs, &digest, &mut said, super::columns())
            });
            broken_pipe = std::mem::replace(&mut broken_pipe, Ok(())).and(written);
        }
        News::Scenario(_) => {}
    })
    .await;
    progress.finish_and_clear();
    let runs = match runs {
        Ok(runs) => runs,
        Err(error) => {
            super::complain(error.message, error.hint.unwrap_or_default());
            return ExitCode::from(super::COULD_NOT_RUN);
        }
    };
    let asked = Asked { scenarios: plans.len(), browsers: &options.browsers };
    let written = broken_pipe.and_then(|()| write_report(&runs, asked, format, started.elapsed()));
    if cancelled.is_cancelled() {
        super::complain(
            "interrupted: not every scenario was run",
            "everything that was started has been ended",
        );
        return ExitCode::from(super::INTERRUPTED);
    }
    super::after_writing(written, "the report", Summary::of(&runs, asked).exit_code())
}

fn write_report(runs: &[Run], asked: Asked<'_>, format: Format, elapsed: Duration) -> io::Result<()> {
    match format {
        Format::Terminal => terminal::write_summary(&mut anstream::stdout(), runs, asked, elapsed),
        Format::Json => super::write_json(&json::Document::of(runs, asked)),
    }
}

/// Those that the filter leaves.
///
/// # Errors
/// The exit code, where it leaves none; that has been said.
fn chosen(plans: Vec<Arc<Plan>>, filter: Option<&str>) -> Result<Vec<Arc<Plan>>, ExitCode> {
    let Some(filter) = filter else { return Ok(plans) };
    let lower = filter.to_lowercase();
    let wanted = |text: &str| text.to_lowercase().contains(&lower);
    let (chosen, others): (Vec<_>, Vec<_>) =
        plans.into_iter().partition(|plan: &Arc<Plan>| wanted(&plan.source.path) || wanted(&plan.title));
    if chosen.is_empty() {
        super::complain(format!("no scenario's path or title contains `{filter}`"), filtered(&others));
        return Err(ExitCode::from(super::WRONG));
    }
    Ok(chosen)
}

/// What a filter can be, shown by what was read and has nothing of this one.
fn filtered(plans: &[Arc<Plan>]) -> String {
    const SHOWN: usize = 5;
    let mut lines = vec!["give a part of a path or a title, as these scenarios have them:".to_owned()];
    lines.extend(plans.iter().take(SHOWN).map(|plan| format!("    {} ({})", plan.source.path, plan.title)));
    if plans.len() > SHOWN {
        lines.push(format!("    and {} more", plans.len() - SHOWN));
    }
    lines.join("\n")
}

/// The browsers asked for, or every one that is installed; the missing ones installed first if that was
/// asked for.
fn browsers(arguments: &RunArgs) -> Result<Vec<BrowserName>, ExitCode> {
    let could_not = |message: String, help: &str| {
        super::complain(message, help);
        Err(ExitCode::from(super::COULD_NOT_RUN))
    };
    let remote = |engine: &Engine| arguments.webdriver.iter().any(|driver| driver.engine == *engine);
    let shipped = |engines: &mut dyn Iterator<Item = Engine>| engines.map(BrowserName::shipped).collect();
    let wanted: Vec<BrowserName> = match arguments.browser.as_slice() {
        [] if !arguments.webdriver.is_empty() => shipped(&mut Engine::ALL.into_iter().filter(remote)),
        [] => shipped(&mut Engine::ALL.into_iter()),
        named => named.to_vec(),
    };
    if arguments.install_browsers {
        // Nobody who names no browser waits for three to be installed.
        let chromium = [BrowserName::shipped(Engine::Chromium)];
        let named = if arguments.browser.is_empty() { chromium.as_slice() } else { wanted.as_slice() };
        super::browsers::install_missing(named)?;
    }
    if !arguments.browser.is_empty() || !arguments.webdriver.is_empty() {
        return Ok(wanted);
    }
    let installed: Vec<BrowserName> =
        wanted.into_iter().filter(|browser| install::is_installed(browser.engine)).collect();
    if installed.is_empty() {
        let help = "`rehearsal browsers install chromium` installs one, and so does `--install-browsers`;\n\
                    `--browser model` predicts without one";
        return could_not("no browser is installed".to_owned(), help);
    }
    Ok(installed)
}

/// The way to a driver that runs already, and back from its browser.
fn remote(driver: &RunningDriver, arguments: &RunArgs) -> Result<(Engine, Remote), ExitCode> {
    let (engine, url) = (driver.engine, driver.url.clone());
    let wrong = |message: String, help: &str| {
        super::complain(message, help);
        Err(ExitCode::from(super::WRONG))
    };
    let host = match url.socket_addrs(|| None).map(|addresses| addresses.first().copied()) {
        Ok(Some(address)) => address.ip(),
        Ok(None) => return wrong(format!("{url} has no address"), "name the driver by its address"),
        Err(error) => {
            return wrong(format!("{url} cannot be found: {error}"), "name the driver by its address");
        }
    };
    let peer = arguments.peer.unwrap_or(host);
    let gateway = match arguments.gateway {
        Some(gateway) => gateway,
        None if peer.is_loopback() => peer,
        None => {
            let message = format!("the browser on {peer} has no way to this machine");
            return wrong(message, "name an address of this machine that it reaches: `--gateway ADDRESS`");
        }
    };
    if gateway.is_unspecified() {
        let message = format!("{gateway} is every address of this machine, and not one of them");
        return wrong(message, "name the one address that the browser reaches");
    }
    Ok((engine, Remote { driver: url, gateway, peer }))
}
