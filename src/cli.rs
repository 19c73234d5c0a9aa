//! The command line: what the user may type, and what it resolves to.
//!
//! Reads arguments and nothing else; the work is done by what it calls.

use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::browser_name::BrowserName;
use crate::diagnostic::did_you_mean;
pub use explain::{CredentialsArg, ExplainArgs, HowArg, SeverityArg};
use inside::{EXEC_ABOUT, EXEC_EXAMPLES, OPEN_ABOUT, OPEN_EXAMPLES, RECORD_ABOUT, RECORD_EXAMPLES};
pub use inside::{ExecArgs, OpenArgs, RecordArgs, WindowArgs};
pub use run::{RunArgs, RunningDriver, ServerArgs};
use texts::{
    AUDIT_EXAMPLES, BROWSERS_EXAMPLES, COMPLETIONS_EXAMPLES, DOCS_EXAMPLES, DOCTOR_EXAMPLES, EXPLAIN_ABOUT,
    EXPLAIN_EXAMPLES, MATRIX_ABOUT, MATRIX_EXAMPLES, NEW_ABOUT, NEW_EXAMPLES, RUN_ABOUT, RUN_EXAMPLES,
    SCHEMA_EXAMPLES, UP_EXAMPLES, check_help,
};
pub use trust::{HowArgs, InstallArgs, StatusArgs, StoreArg, TrustArgs, TrustCommand, UninstallArgs};
use trust::{TRUST_ABOUT, TRUST_EXAMPLES};
pub use words::{AuditReport, ReportFile, RunReport, Shard};

mod explain;
mod inside;
mod run;
mod texts;
mod trust;
mod words;

/// Rehearse production on a laptop: which cookies each browser stores and sends, and why not.
///
/// A scenario is one TOML file: production's own names, the servers behind them, and what a browser
/// does there. It runs in real browsers, against real DNS, TLS and HTTP, all of it on the loopback
/// interface; no hosts file, no trust store and no browser profile of yours is touched.
#[derive(Debug, Parser)]
#[command(version, long_version = VERSIONS, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the command line. What is wrong with it is said, and ends the process.
    ///
    /// The parser proposes an option for every unknown one, however far it is: only a near one is a help.
    pub fn read() -> Self {
        Self::try_parse().unwrap_or_else(|mut error| {
            let text = |kind| match error.get(kind) {
                Some(ContextValue::String(text)) => Some(text.trim_start_matches('-').to_owned()),
                _ => None,
            };
            if let (Some(given), Some(near)) =
                (text(ContextKind::InvalidArg), text(ContextKind::SuggestedArg))
                && did_you_mean(given.split('=').next().unwrap_or_default(), [near.as_str()]).is_none()
            {
                error.remove(ContextKind::SuggestedArg);
            }
            error.exit()
        })
    }
}

/// What `--version` says; `-V` says the first line. The packages are those whose answers are recorded in
/// `tests/frameworks`.
const VERSIONS: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\n\nFrameworks and proxies answer as these did when they were recorded:\n",
    "  Django 5.2.19, djangorestframework 3.18.3, djangorestframework-simplejwt 5.5.1, django-cors-headers 4.9.0\n",
    "  Starlette 1.10.0, FastAPI 0.165.0\n",
    "  Express 5.3.0, cors 2.8.6, express-session 1.19.0, cookie-session 2.1.1, cookie-parser 1.4.7\n",
    "  NextAuth 4.24.15\n",
    "  nginx 1.22.1; Kong 3.x, by its source"
);

const EXAMPLES: &str = "\
Examples:
  rehearsal run                                 all of ./scenarios, in every installed browser
  rehearsal run login.toml --browser chromium   one scenario in one browser
  rehearsal run --browser model                 predicted by the rules: no browser needed
  rehearsal check                               read the scenarios, run nothing
  rehearsal new login.har -o login.toml         a scenario from what a browser recorded
  rehearsal explain login.har                   each cookie of it: stored, sent, or why not
  rehearsal explain --page URL --request URL --set-cookie LINE
                                                one cookie, no scenario: stored, sent, or why not
  rehearsal matrix login.toml                   every topology, SameSite and browser, as one table
  rehearsal audit                               the pre-deploy checklists, with evidence
  rehearsal up login.toml                       a scenario's world, for curl, dig and your browser
  rehearsal open login.toml                     a browser window inside that world
  rehearsal record login.toml -o new.toml       the same, and what you do there becomes a scenario
  rehearsal exec login.toml -- CMD…             any command inside that world
  rehearsal trust install                       a CA of the project's own, for an everyday browser
  rehearsal browsers install chromium           what the scenarios need
  rehearsal doctor                              whether all of this works on this machine

Exit codes: 0 all that could be judged held; 1 an expectation failed; 2 a scenario or the command
line is wrong; 3 could not run (a browser is missing, crashed or timed out) or nothing was judged;
130 interrupted (Ctrl-C). Where stderr takes nothing, the exit code says the rest.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run scenarios in browsers and say what held, what did not, and why.
    #[command(long_about = RUN_ABOUT, after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Read scenarios and report every mistake in them, running nothing.
    #[command(after_help = check_help())]
    Check(CheckArgs),
    /// Say whether a cookie is stored and sent and an answer readable, why not, and what to change.
    #[command(long_about = EXPLAIN_ABOUT, after_help = EXPLAIN_EXAMPLES)]
    Explain(Box<ExplainArgs>),
    /// Show the services of a scenario over topologies, cookie attributes and browsers, as one table.
    #[command(long_about = MATRIX_ABOUT, after_help = MATRIX_EXAMPLES)]
    Matrix(MatrixArgs),
    /// Go through the pre-deploy checklists, with what is observed as evidence.
    #[command(after_help = AUDIT_EXAMPLES)]
    Audit(AuditArgs),
    /// Bring the world of a scenario up and keep it up until Ctrl-C.
    #[command(after_help = UP_EXAMPLES)]
    Up(UpArgs),
    /// Open a throw-away browser window inside the world of a scenario.
    #[command(long_about = OPEN_ABOUT, after_help = OPEN_EXAMPLES)]
    Open(OpenArgs),
    /// Open a browser window inside the world of a scenario, and write what is done there as a scenario.
    #[command(long_about = RECORD_ABOUT, after_help = RECORD_EXAMPLES)]
    Record(RecordArgs),
    /// Run any command inside the world of a scenario: curl, a test suite, a REPL.
    #[command(long_about = EXEC_ABOUT, after_help = EXEC_EXAMPLES)]
    Exec(ExecArgs),
    /// Have an everyday browser trust a CA of this project's own, and undo that completely.
    #[command(long_about = TRUST_ABOUT, after_help = TRUST_EXAMPLES)]
    Trust(TrustArgs),
    /// Say which browsers are installed, or install some.
    #[command(after_help = BROWSERS_EXAMPLES)]
    Browsers(BrowsersArgs),
    /// Open each browser in a tiny world, and say what works here and what to do.
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(DoctorArgs),
    /// Show the manual: a page, or what it says of a reason code.
    #[command(after_help = DOCS_EXAMPLES)]
    Docs(DocsArgs),
    /// Write a scenario: from a HAR, from `curl`, or one to begin with.
    #[command(long_about = NEW_ABOUT, after_help = NEW_EXAMPLES)]
    New(NewArgs),
    /// Print the JSON Schema of scenario files, for editors.
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema,
    /// Print the completions of a shell.
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Write a man page for each command into a folder.
    Man(ManArgs),
    /// Own a process and end it with its parent (used by rehearsal itself).
    #[command(hide = true)]
    Guard(GuardArgs),
    /// Stay with a program that runs in a world, and end it with its parent (used by rehearsal itself).
    #[command(hide = true)]
    Accompany(GuardArgs),
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Terminal,
    /// For programs: one document.
    Json,
}

/// `rehearsal check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Scenario files, or folders of them.
    #[arg(value_name = "PATH", default_value = "scenarios")]
    pub paths: Vec<PathBuf>,
    /// How the result is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// What counts as a mistake besides errors
    #[arg(long, value_enum, value_name = "WHAT")]
    pub deny: Option<Deny>,
}

/// What `check` can be told to refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// What is probably not meant.
    Warnings,
}

/// `rehearsal new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// A HAR, or a file with `curl` commands and what they print; `-` is stdin
    #[arg(value_name = "FROM")]
    pub from: Option<PathBuf>,
    /// Keep values of cookies, bodies, headers and queries: only where nobody else reads the scenario
    #[arg(long, requires = "from")]
    pub keep_values: bool,
    /// The file to write; without it the scenario goes to stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `rehearsal completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: clap_complete::Shell,
}

/// `rehearsal man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Where the pages go
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// `rehearsal docs`.
#[derive(Debug, Args)]
pub struct DocsArgs {
    /// A page, or a reason code
    #[arg(value_name = "PAGE")]
    pub page: Option<String>,
}

/// `rehearsal matrix`.
#[derive(Debug, Args)]
pub struct MatrixArgs {
    /// The scenario.
    pub scenario: PathBuf,
    /// The browsers, as ENGINE or ENGINE:POLICY for real ones and model:… for predicted ones [default: every
    /// engine and policy, predicted]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub browser: Vec<BrowserName>,
    /// How the table is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Write the table as a page as well: one file that loads nothing else
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// How many combinations run at once in a browser [default: the number of processors, at most 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub jobs: Option<u8>,
    /// Show the browser's window
    #[arg(long)]
    pub headed: bool,
}

/// `rehearsal up`.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// The scenario.
    #[arg(required_unless_present = "map", conflicts_with = "map")]
    pub scenario: Option<PathBuf>,
    /// What real servers behind origins may do.
    #[command(flatten)]
    pub servers: ServerArgs,
    /// The loopback address and port of the gateway [default: 127.0.0.1 and a free port]
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0", hide_default_value = true)]
    pub gateway: std::net::SocketAddr,
    /// Bring nothing up unless every origin listens at its own address and port, such as 443 and 80
    #[arg(long)]
    pub listen: bool,
    /// The folder of this project's own CA (`rehearsal trust`), which is used where it may vouch for the names
    #[arg(long, value_name = "FOLDER", default_value = "certs")]
    pub certs: PathBuf,
    /// How the world is announced: for people, or as one line of JSON on stdout
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `rehearsal browsers`.
#[derive(Debug, Args)]
pub struct BrowsersArgs {
    /// What to do; without it, say what is installed.
    #[command(subcommand)]
    pub command: Option<BrowsersCommand>,
}

/// What `rehearsal browsers` can do.
#[derive(Debug, Subcommand)]
pub enum BrowsersCommand {
    /// Install browsers and their drivers with the system's package manager; geckodriver with cargo, where
    /// the system has no package of it.
    Install {
        /// The browsers: chromium, firefox, webkit.
        #[arg(value_name = "NAME", required = true)]
        names: Vec<BrowserName>,
    },
}

/// `rehearsal audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Scenario files, or folders of them.
    #[arg(value_name = "PATH", default_value = "scenarios")]
    pub paths: Vec<PathBuf>,
    /// The browsers, as ENGINE or ENGINE:POLICY [default: model:chromium, model:firefox and model:webkit]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub browser: Vec<BrowserName>,
    /// The gravity from which a finding fails the command
    #[arg(long, value_name = "SEVERITY", value_enum, default_value = "high")]
    pub fail_on: SeverityArg,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Say what is looked for, and run nothing
    #[arg(long)]
    pub list: bool,
    /// Write a report to a file as well: sarif=FILE or json=FILE; may be given several times
    #[arg(long, value_name = "KIND=FILE")]
    pub report: Vec<ReportFile<AuditReport>>,
}

/// `rehearsal doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The browsers, as ENGINE or ENGINE:POLICY [default: chromium, firefox and webkit as they ship]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub browser: Vec<BrowserName>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `rehearsal guard`.
#[derive(Debug, Args)]
pub struct GuardArgs {
    /// What the guard is told.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub rest: Vec<std::ffi::OsString>,
}
