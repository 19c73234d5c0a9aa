//! The command line: what the user may type, and what it resolves to.
//!
//! Reads arguments and nothing else; the work is done by what it calls.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::browser::name::BrowserName;

/// Rehearse production on a laptop: which cookies each browser stores and sends, and why not.
///
/// A scenario is one TOML file: production's own names, the servers behind them, and what a browser
/// does there. It runs in real browsers, against real DNS, TLS and HTTP, all of it on the loopback
/// interface; no hosts file, no trust store and no browser profile of yours is touched.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  rehearsal run                                 all of ./scenarios, in every installed browser
  rehearsal run login.toml --browser chromium   one scenario in one browser
  rehearsal run --browser model                 predicted by the rules: no browser needed
  rehearsal check                               read the scenarios, run nothing
  rehearsal up login.toml                       a scenario's world, for curl, dig and your browser
  rehearsal browsers install chromium           what the scenarios need

Exit codes: 0 all held; 1 an expectation failed; 2 a scenario or the command line is wrong;
3 could not run (a browser is missing, crashed or timed out).";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run scenarios in browsers and say what held, what did not, and why.
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Read scenarios and report every mistake in them, running nothing.
    Check(CheckArgs),
    /// Bring the world of a scenario up and keep it up until Ctrl-C.
    #[command(after_help = UP_EXAMPLES)]
    Up(UpArgs),
    /// Say which browsers are installed, or install one.
    Browsers(BrowsersArgs),
    /// Own a process and end it with its parent (used by rehearsal itself).
    #[command(hide = true)]
    Guard(GuardArgs),
}

const RUN_EXAMPLES: &str = "\
Examples:
  rehearsal run                                 all of ./scenarios
  rehearsal run scenarios/jwt-cors --jobs 4     one folder, four workers a browser
  rehearsal run --browser chromium,chromium:block-third-party
                                                as shipped, and with third-party cookies blocked
  rehearsal run --browser model:webkit          what WebKit would do, predicted by the rules
  rehearsal run --filter wildcard --headed      those whose path or title says so, in a window
  rehearsal run --format json > report.json     for programs
  rehearsal run --install-browsers              install Chromium first, if it is missing";

const UP_EXAMPLES: &str = "\
Examples:
  rehearsal up login.toml
  rehearsal up login.toml --gateway 127.0.0.1:8080       on a port of your choice

Then, with what it prints:
  curl --proxy socks5h://GATEWAY --cacert CA https://api.example.com/
  dig @127.0.0.1 -p PORT api.example.com";

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Terminal,
    /// For programs: one document.
    Json,
}

/// `rehearsal run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Scenario files, or folders of them.
    #[arg(value_name = "PATH", default_value = "scenarios")]
    pub paths: Vec<PathBuf>,
    /// The browsers, as ENGINE or ENGINE:POLICY (chromium, chromium:block-third-party, …) [default: every
    /// one that is installed]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub browser: Vec<BrowserName>,
    /// How many scenarios run at once in a browser [default: the number of processors, at most 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub jobs: Option<u8>,
    /// Show the browser's window
    #[arg(long)]
    pub headed: bool,
    /// Install the browsers that are missing, with the system's package manager, before running
    #[arg(long)]
    pub install_browsers: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Start nothing new after the first scenario that fails
    #[arg(long)]
    pub fail_fast: bool,
    /// Only scenarios whose path or title contains TEXT, in any case
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
}

/// `rehearsal check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Scenario files, or folders of them.
    #[arg(value_name = "PATH", default_value = "scenarios")]
    pub paths: Vec<PathBuf>,
}

/// `rehearsal up`.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// The scenario.
    pub scenario: PathBuf,
    /// The loopback address and port of the gateway [default: 127.0.0.1 and a free port]
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0", hide_default_value = true)]
    pub gateway: std::net::SocketAddr,
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
    /// Install browsers and their drivers with the system's package manager.
    Install {
        /// The browsers: chromium.
        #[arg(value_name = "NAME", required = true)]
        names: Vec<BrowserName>,
    },
}

/// `rehearsal guard`.
#[derive(Debug, Args)]
pub struct GuardArgs {
    /// What the guard is told.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub rest: Vec<std::ffi::OsString>,
}
