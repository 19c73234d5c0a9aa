//! `rehearsal run`: runs scenarios in browsers and reports.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use ipnet::IpNet;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use super::{last_run, selection, servers, watch};
use crate::browser::install;
use crate::browser::options::{self, Remote};
use crate::browser_name::{BrowserName, Engine};
use crate::cli::{Format, ReportFile, RunArgs, RunReport, RunningDriver};
use crate::diagnostic::Diagnostic;
use crate::outcome::{Asked, Outcome, Run, Summary};
use crate::plan::Plan;
use crate::report::github;
use crate::report::run::digest::Digest;
use crate::report::run::{har, html, json, junit, list, terminal};
use crate::run::{self, Browsers, News};

/// Runs the command.
pub fn run(arguments: &RunArgs) -> ExitCode {
    match prepared(arguments) {
        Ok(code) | Err(code) => code,
    }
}

fn prepared(arguments: &RunArgs) -> Result<ExitCode, ExitCode> {
    let files = arguments.report.iter().map(|report| &report.path).chain(&arguments.record);
    super::folders_of(files.map(PathBuf::as_path))?;
    let read = servers::load(&arguments.paths, &arguments.servers)?;
    if read.plans.is_empty() {
        return Err(ExitCode::from(super::WRONG));
    }
    let plans = selection::chosen(read.plans, arguments)?;
    let code = if read.is_broken { super::WRONG } else { super::HELD };
    if arguments.list {
        return Ok(super::after_writing(write_list(&plans, arguments.format), "the list", code));
    }
    if plans.is_empty() {
        let why =
            if arguments.last_failed { "all passed when they were last run" } else { "none is in this part" };
        super::remark(&format!("nothing to run: of these scenarios {why}"));
        return Ok(ExitCode::from(code));
    }
    if arguments.try_fixes && !plans.iter().any(|plan| plan.has_real_server()) {
        super::remark(
            "nothing for `--try`: no scenario here has a real server, and other fixes are always tried",
        );
    }
    if arguments.record.is_some() && plans.len() != 1 {
        let message = format!("--record keeps the answers of one scenario, and here are {}", plans.len());
        super::complain(message, "name the file of the one, or choose it by `--filter`");
        return Err(ExitCode::from(super::WRONG));
    }
    let browsers = browsers(arguments)?;
    let options = run::Options {
        jobs: super::jobs(arguments.jobs),
        headed: arguments.headed,
        fail_fast: arguments.fail_fast,
        remote: arguments
            .webdriver
            .iter()
            .map(|driver| remote(driver, arguments))
            .collect::<Result<_, _>>()?,
        sessions: arguments.sessions.into(),
        repeat: arguments.repeat.into(),
        timeout: arguments.timeout.unwrap_or(options::TIMEOUT),
        show_values: arguments.show_values,
        try_fixes: arguments.try_fixes,
        servers: servers::of(&arguments.servers)?,
        ..run::Options::new(browsers, super::this_program()?)
    };
    if arguments.watch {
        return Ok(super::block_on(watch::watch(&plans, &options, arguments)));
    }
    let rehearsal = Rehearsal { plans: &plans, options: &options, arguments, mistakes: &read.diagnostics };
    let ended = super::block_on(rehearsal.whole());
    Ok(ExitCode::from(if read.is_broken && ended < super::SIGNALLED { super::WRONG } else { ended }))
}

fn write_list(plans: &[Arc<Plan>], format: Format) -> io::Result<()> {
    match format {
        Format::Terminal => list::write(&mut anstream::stdout(), plans),
        Format::Json => super::write_json(&list::Document::of(plans)),
    }
}

/// What is run, and how it is told.
pub(super) struct Rehearsal<'a> {
    pub(super) plans: &'a [Arc<Plan>],
    pub(super) options: &'a run::Options,
    pub(super) arguments: &'a RunArgs,
    pub(super) mistakes: &'a [Diagnostic],
}

impl Rehearsal<'_> {
    /// Runs all, and ends the browsers.
    async fn whole(&self) -> u8 {
        let cancelled = super::cancelled_by_signals();
        let mut browsers = Browsers::default();
        let code = self.run(&mut browsers, &cancelled).await;
        browsers.close().await;
        if cancelled.is_cancelled() {
            super::complain(
                "interrupted: not every scenario was run",
                "everything that was started has been ended",
            );
            return super::interrupted_code();
        }
        code
    }

    /// Runs all in these browsers, and reports.
    pub(super) async fn run(&self, browsers: &mut Browsers, cancelled: &CancellationToken) -> u8 {
        let options = self.options;
        let progress = super::progress_bar(self.plans.len() * options.browsers.len() * options.repeat);
        let started = Instant::now();
        let mut teller = Teller::new(self.arguments.format, &progress);
        let runs = run::run_in(browsers, self.plans, options, cancelled, |news| teller.tell(news)).await;
        let written = std::mem::replace(&mut teller.written, Ok(()));
        progress.finish_and_clear();
        let runs = match runs {
            Ok(runs) => runs,
            Err(error) => {
                super::complain(error.message, error.hint.unwrap_or_default());
                return super::COULD_NOT_RUN;
            }
        };
        last_run::keep(&runs);
        let asked =
            Asked { scenarios: self.plans.len(), browsers: &options.browsers, repeat: options.repeat };
        let elapsed = started.elapsed();
        let written = written.and_then(|()| self.write(&runs, asked, elapsed));
        for report in &self.arguments.report {
            if let Err(code) = self.write_report(report, &runs, asked, elapsed) {
                return code;
            }
        }
        if let (Some(path), Some(run)) = (&self.arguments.record, runs.first()) {
            let document = har::document(run, options.show_values);
            let content = serde_json::to_vec_pretty(&document).expect("a document has string keys alone");
            if let Err(code) = super::write_file(path, &content) {
                return code;
            }
        }
        super::code_after_writing(written, "the report", Summary::of(&runs, asked).exit_code())
    }

    fn write(&self, runs: &[Run], asked: Asked<'_>, elapsed: Duration) -> io::Result<()> {
        match self.arguments.format {
            Format::Terminal => terminal::write_summary(&mut anstream::stdout(), runs, asked, elapsed),
            Format::Json => super::write_json(&json::Document::of(runs, asked, self.mistakes)),
        }
    }

    fn write_report(
        &self,
        report: &ReportFile<RunReport>,
        runs: &[Run],
        asked: Asked<'_>,
        elapsed: Duration,
    ) -> Result<(), u8> {
        let content = match report.kind {
            RunReport::Html => html::page(runs, asked, OffsetDateTime::now_utc()).into_bytes(),
            RunReport::Junit => junit::document(runs, elapsed).into_bytes(),
            RunReport::Json => {
                let document = json::Document::of(runs, asked, self.mistakes);
                serde_json::to_vec(&document).expect("a document has string keys alone")
            }
        };
        super::write_file(&report.path, &content)
    }
}

/// Tells what happens while it happens: on the progress bar, on stdout, and to GitHub.
struct Teller<'a> {
    format: Format,
    progress: &'a ProgressBar,
    said: terminal::Told,
    failed: usize,
    /// Whether stdout took everything so far.
    written: io::Result<()>,
}

impl<'a> Teller<'a> {
    fn new(format: Format, progress: &'a ProgressBar) -> Self {
        Self { format, progress, said: terminal::Told::default(), failed: 0, written: Ok(()) }
    }

    fn tell(&mut self, news: News<'_>) {
        match news {
            News::Ran(run) => {
                self.progress.inc(1);
                self.failed += usize::from(run.outcome() == Outcome::Failed);
                let so_far =
                    if self.failed > 0 { format!(", {} failed so far", self.failed) } else { String::new() };
                self.progress.set_message(format!("{} in {}{so_far}", run.scenario(), run.browser));
            }
            News::Trying(plan, browser) => {
                let scenario = Path::new(plan.source.path.as_str()).file_stem().unwrap_or_default();
                self.progress.set_message(format!("trying the fix of {} in {browser}", scenario.display()));
            }
            // Diagnostics are printed as they come: a long run is read while it goes on.
            News::Scenario(runs) => {
                let digest = Digest::of(runs);
                if self.format == Format::Terminal {
                    let said = &mut self.said;
                    let written = self.progress.suspend(|| {
                        let out = &mut anstream::stdout();
                        terminal::write_scenario(out, runs, &digest, said, super::columns())
                    });
                    self.written = std::mem::replace(&mut self.written, Ok(())).and(written);
                }
                if github::is_there() {
                    // Talk, like all that goes to stderr: where it takes nothing, nobody is told.
                    _ = self.progress.suspend(|| github::write(&mut io::stderr(), runs, &digest));
                }
            }
        }
    }
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
    let mut peers = arguments.peer.clone();
    let asks_grid = peers.is_empty();
    if asks_grid {
        peers.push(host.into());
    }
    let gateway = match arguments.gateway {
        Some(gateway) => gateway,
        None if peers.iter().all(|peer| peer.addr().is_loopback()) => peers[0].addr(),
        None => {
            let peers: Vec<String> = peers.iter().map(|peer| one_or_many(*peer)).collect();
            let message = format!("the browser on {} has no way to this machine", peers.join(" or "));
            return wrong(message, "name an address of this machine that it reaches: `--gateway ADDRESS`");
        }
    };
    if gateway.is_unspecified() {
        let message = format!("{gateway} is every address of this machine, and not one of them");
        return wrong(message, "name the one address that the browser reaches");
    }
    Ok((engine, Remote { driver: url, gateway, peers, asks_grid }))
}

/// A network as people write it: a machine alone has no prefix.
fn one_or_many(peer: IpNet) -> String {
    match peer.prefix_len() == peer.max_prefix_len() {
        true => peer.addr().to_string(),
        false => peer.to_string(),
    }
}
