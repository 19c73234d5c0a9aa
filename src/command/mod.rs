//! One file a command: what it does with the arguments, and the exit code it ends with.
//!
//! Commands put the parts together for one caller. What they do together beyond that stands in the
//! modules they call.

pub mod accompany;
pub mod audit;
pub mod browsers;
pub mod check;
pub mod docs;
pub mod doctor;
pub mod exec;
pub mod explain;
mod last_run;
mod live;
pub mod matrix;
pub mod new;
pub mod open;
pub mod record;
pub mod run;
mod selection;
mod servers;
pub mod shell;
pub mod trust;
pub mod up;
mod watch;
mod window;

use std::future::Future;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::browser::guard;
use crate::diagnostic::{Diagnostic, Style};
use crate::plan::Plan;
use crate::scenario;
use crate::text::{COLUMNS, NARROWEST, counted};

/// All expectations that were judged held.
pub const HELD: u8 = 0;
/// An expectation failed, or something does not work.
pub const FAILED: u8 = 1;
/// A scenario or the command line is wrong.
pub const WRONG: u8 = 2;
/// Something could not run.
pub const COULD_NOT_RUN: u8 = 3;
/// Ended by a signal, as shells write it: this and the signal's number.
const SIGNALLED: u8 = 128;

/// The signal that asked for the end; none so far.
static SIGNAL: AtomicU8 = AtomicU8::new(0);

/// Reads scenarios and prints what is wrong with them to stderr.
///
/// # Errors
/// [`WRONG`], where there is a mistake: nothing may be run then.
fn load(paths: &[PathBuf]) -> Result<Vec<Arc<Plan>>, ExitCode> {
    let loaded = scenario::load(paths);
    print_diagnostics(&loaded.diagnostics);
    if loaded.errors() == 0 {
        return Ok(loaded.plans.into_iter().map(Arc::new).collect());
    }
    if loaded.files > 0 {
        let (mistakes, files) = (counted(loaded.errors(), "mistake"), counted(loaded.files, "scenario"));
        complain(
            format!("{mistakes} in {files}: nothing was run"),
            "fix what is said above, and look again with `rehearsal check`",
        );
    }
    Err(ExitCode::from(WRONG))
}

/// What the paths hold: what is wrong with it is printed to stderr, and the rest can be run.
fn load_all(paths: &[PathBuf]) -> Read {
    let loaded = scenario::load(paths);
    print_diagnostics(&loaded.diagnostics);
    let mistakes = loaded.errors();
    if loaded.files > 0 && mistakes > 0 {
        let broken = loaded.files.saturating_sub(loaded.plans.len());
        let message = match loaded.plans.is_empty() {
            true => format!(
                "{} in {}: nothing was run",
                counted(mistakes, "mistake"),
                counted(loaded.files, "scenario")
            ),
            false => format!(
                "{} in {broken} of {}: the others are run",
                counted(mistakes, "mistake"),
                counted(loaded.files, "scenario")
            ),
        };
        complain(message, "fix what is said above, and look again with `rehearsal check`");
    }
    let plans = loaded.plans.into_iter().map(Arc::new).collect();
    Read { plans, is_broken: mistakes > 0, diagnostics: loaded.diagnostics }
}

/// What was read.
struct Read {
    /// The scenarios without a mistake.
    plans: Vec<Arc<Plan>>,
    /// Whether there were others: then the exit code is [`WRONG`], whatever comes of these.
    is_broken: bool,
    /// All that was said of the files.
    diagnostics: Vec<Diagnostic>,
}

/// Writes a report to a file. The folder has to be there.
///
/// # Errors
/// [`COULD_NOT_RUN`], where that cannot be done; why has been said.
fn write_file(path: &Path, content: &[u8]) -> Result<(), u8> {
    std::fs::write(path, content).map_err(|error| {
        let message = format!("the report {} could not be written: {error}", path.display());
        complain(message, "name a file in a folder that is there and may be written to");
        COULD_NOT_RUN
    })
}

/// Whether the folder of each report is there: a run of minutes should not end with a report that is nowhere.
///
/// # Errors
/// [`WRONG`], where one is not; that has been said.
fn folders_of<'a>(reports: impl IntoIterator<Item = &'a Path>) -> Result<(), ExitCode> {
    for path in reports {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.is_dir()) || path.is_dir() {
            let message = format!("a report cannot be written to {}", path.display());
            complain(message, "name a file in a folder that is there");
            return Err(ExitCode::from(WRONG));
        }
    }
    Ok(())
}

/// How wide a report is: as the terminal it goes to, else as COLUMNS says, else as tests and files have it.
fn columns() -> usize {
    columns_or(COLUMNS)
}

/// The same, with another width where nobody says one.
fn columns_or(otherwise: usize) -> usize {
    let terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let variable = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal.or_else(variable).unwrap_or(otherwise).max(NARROWEST)
}

/// Prints messages to stderr. Where stderr takes nothing, nobody is told, and the exit code says the rest.
fn print_diagnostics(diagnostics: &[Diagnostic]) {
    let (mut out, columns) = (anstream::stderr(), columns());
    for diagnostic in diagnostics {
        _ = writeln!(out, "{}", diagnostic.render_within(Style::Coloured, columns));
    }
}

/// Prints one message without a place to stderr.
fn complain(message: impl Into<String>, help: impl Into<String>) {
    print_diagnostics(&[Diagnostic::error(message).help(help)]);
}

/// Says one thing on stderr that is no mistake.
fn remark(text: &str) {
    _ = writeln!(anstream::stderr(), "{}", crate::text::safe(text));
}

/// Prints one warning without a place to stderr.
fn caution(message: impl Into<String>, help: impl Into<String>) {
    print_diagnostics(&[Diagnostic::warning(message).help(help)]);
}

/// Makes sure of what no command can do without: that enough files may be open at once.
///
/// # Errors
/// [`COULD_NOT_RUN`]; why has been said.
#[cfg(unix)]
pub fn prepare() -> Result<(), ExitCode> {
    /// What the program itself needs; a browser needs some hundred.
    const LEAST: u64 = 32;
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    match limit.filter(|limit| *limit < LEAST) {
        Some(limit) => {
            complain(
                format!("only {limit} files may be open at once here"),
                "`ulimit -n 1024`, and try again",
            );
            Err(ExitCode::from(COULD_NOT_RUN))
        }
        None => Ok(()),
    }
}

#[cfg(not(unix))]
pub fn prepare() -> Result<(), ExitCode> {
    Ok(())
}

/// Writes a document to stdout, on a line of its own.
///
/// # Errors
/// Those of stdout.
fn write_json(document: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, document)?;
    writeln!(out)
}

/// The exit code of a command that has written `what` it had to say to stdout. Whoever was reading may have
/// gone, and then the exit code still says how it ended; what could not be written for another reason nobody
/// has read.
fn after_writing(written: io::Result<()>, what: &str, code: u8) -> ExitCode {
    ExitCode::from(code_after_writing(written, what, code))
}

/// The same as a number.
fn code_after_writing(written: io::Result<()>, what: &str, code: u8) -> u8 {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(format!("{what} could not be written: {error}"), "look at where stdout goes");
            COULD_NOT_RUN
        }
        _ => code,
    }
}

/// This program's own file, which is started again as the guard of what is started.
///
/// # Errors
/// [`COULD_NOT_RUN`], where the system does not tell; why has been said.
fn this_program() -> Result<PathBuf, ExitCode> {
    std::env::current_exe().map_err(|error| {
        complain(format!("the path of this program is unknown: {error}"), "call it by its full path");
        ExitCode::from(COULD_NOT_RUN)
    })
}

/// How many scenarios run at once in a browser: as many as asked for or, where nothing was, as help.
fn jobs(asked: Option<u8>) -> usize {
    // More than four contexts gain nothing (measured 2026-11-20, Chromium 156.0.8078.79, 2 processors).
    let default = || std::thread::available_parallelism().map_or(2, usize::from).min(4);
    asked.map_or_else(default, usize::from)
}

/// How far a run is, on stderr where that is a terminal.
fn progress_bar(runs: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {pos}/{len}  {elapsed}  {wide_msg}");
    let bar = ProgressBar::with_draw_target(Some(runs as u64), ProgressDrawTarget::stderr());
    bar.set_style(style.expect("the template is well formed"));
    bar.set_message("starting the browser");
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// The exit code of a command that a signal ended: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP.
fn interrupted() -> ExitCode {
    ExitCode::from(interrupted_code())
}

/// The same as a number, never less than [`SIGNALLED`].
fn interrupted_code() -> u8 {
    SIGNALLED + SIGNAL.load(Ordering::Relaxed)
}

/// Runs a future on a runtime of its own, and returns when all that it started under guard is gone.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("the system grants a few threads").block_on(async {
        let value = future.await;
        guard::all_ended().await;
        value
    })
}

/// A token that is cancelled by Ctrl-C, and where there are such signals by SIGTERM and SIGHUP. From the
/// moment this returns none of them ends the process by itself: what is owned is given back first.
fn cancelled_by_signals() -> CancellationToken {
    let token = CancellationToken::new();
    let cancel = token.clone();
    let signal = signals();
    tokio::spawn(async move {
        SIGNAL.store(signal.await, Ordering::Relaxed);
        cancel.cancel();
    });
    token
}

/// The number of the first signal that comes. They are listened for from the call on, not from the first poll.
#[cfg(unix)]
fn signals() -> impl Future<Output = u8> {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let listened = |kind: SignalKind| Some((u8::try_from(kind.as_raw_value()).ok()?, signal(kind).ok()?));
    // A signal that cannot be listened for keeps what it does by itself.
    let mut streams: Vec<_> = kinds.into_iter().filter_map(listened).collect();
    std::future::poll_fn(move |context| {
        let mut came = streams
            .iter_mut()
            .filter_map(|(number, stream)| stream.poll_recv(context).is_ready().then_some(*number));
        came.next().map_or(std::task::Poll::Pending, std::task::Poll::Ready)
    })
}

#[cfg(not(unix))]
fn signals() -> impl Future<Output = u8> {
    /// What Ctrl-C is where there are signals.
    const INTERRUPT: u8 = 2;
    async {
        drop(tokio::signal::ctrl_c().await);
        INTERRUPT
    }
}
