//! The command line: what the user may type, and what it resolves to.
//!
//! Reads arguments and nothing else; the work is done by what it calls.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue};
use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;
use url::Url;

use crate::browser_name::{BrowserName, Engine};
use crate::diagnostic::did_you_mean;
use crate::lookup;
use crate::scenario::actions::ACTIONS;
use crate::scenario::mapped::Mapping;
use inside::{EXEC_ABOUT, EXEC_EXAMPLES, OPEN_ABOUT, OPEN_EXAMPLES, RECORD_ABOUT, RECORD_EXAMPLES};
pub use inside::{ExecArgs, OpenArgs, RecordArgs, WindowArgs};
use words::limit;
pub use words::{AuditReport, ReportFile, RunReport, Shard};

mod inside;
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

const RUN_ABOUT: &str = "\
Run scenarios in browsers and say what held, what did not, and why.

webkit is WebKitGTK, whose cookie parser is libsoup's and not Safari's.";

const RUN_EXAMPLES: &str = "\
Examples:
  rehearsal run                                 all of ./scenarios
  rehearsal run scenarios/jwt-cors --jobs 4     one folder, four workers a browser
  rehearsal run --browser chromium,chromium:block-third-party
                                                as shipped, and with third-party cookies blocked
  rehearsal run --browser model:webkit          what WebKit would do, predicted by the rules
  rehearsal run --filter wildcard --headed      those whose path or title says so, in a window
  rehearsal run --format json > report.json     for programs
  rehearsal run --report html=report.html --report junit=junit.xml
                                                a page for people, and a file for CI
  rehearsal run --tag smoke --shard 1/3         a third of those with a tag
  rehearsal run --last-failed                   those that did not pass when they were last run
  rehearsal run --repeat 10                     each ten times: all have to pass
  rehearsal run login.toml --watch --browser model
                                                again whenever the file is saved
  rehearsal run --install-browsers              install Chromium first, if it is missing
  rehearsal run login.toml --start              start the servers that its upstreams name
  rehearsal run login.toml --allow-upstream api.staging.example.com
                                                ask that host, on another machine
  rehearsal run --webdriver chromium=http://192.0.2.7:9515 --gateway 192.0.2.1
                                                a browser on another machine, which reaches the world
                                                at 192.0.2.1
  rehearsal run --webdriver chromium=http://grid:4444 --gateway 192.0.2.1 --sessions 4 --jobs 1
                                                four sessions of a Selenium Grid

A file with a mistake is told of, and the others are run all the same. Where GITHUB_ACTIONS is set,
what failed is annotated on its line as well.
Exit codes: 0 all that could be judged held; 1 an expectation failed; 2 a scenario or the command
line is wrong; 3 could not run, or nothing was judged; 130 interrupted (Ctrl-C).";

const AUDIT_EXAMPLES: &str = "\
Examples:
  rehearsal audit                               all of ./scenarios, predicted for every engine
  rehearsal audit login.toml --browser chromium,firefox
                                                one scenario, as real browsers do it
  rehearsal audit --fail-on medium              for a pipeline that is strict
  rehearsal audit --report sarif=audit.sarif    for code scanning
  rehearsal audit --list                        what is looked for

Each scenario is run as it stands, and what it expects has to hold; then it is run once more with an
attacker's site in its world.
Exit codes: 0 nothing at or above --fail-on; 1 something; 2 a scenario is wrong; 3 could not run.";

const CHECK_EXAMPLES: &str = "\
Examples:
  rehearsal check                               all of ./scenarios
  rehearsal check login.toml                    one scenario, while it is being written
  rehearsal check scenarios/jwt-cors my.toml    a folder and a file
  rehearsal check --format json                 for editors and other programs
  rehearsal check --deny warnings               for a pipeline that is strict

Every mistake is told at once, with its line and what to do. Exit codes: 0 no mistake; 2 a mistake,
a warning that is denied, or no scenario there.";

/// The examples, and what a step can do.
fn check_help() -> String {
    let rows = ACTIONS.iter().map(|action| format!("\n  {:<17}{}", action.key, action.does));
    format!("{CHECK_EXAMPLES}\n\nA step has one of these keys:{}", rows.collect::<String>())
}

const NEW_ABOUT: &str = "\
Write a scenario: from a HAR, from `curl`, or one to begin with.

A HAR is what the Network panel of a browser's developer tools saves (Chrome, Firefox, Safari, Playwright; packed by gzip or \
not). Of `curl` it takes the command as developer tools copy it (\"Copy as cURL\"), and what `-i` or `-v` prints below it. \
Pages become visits, calls become steps, answers become routes, what was sent and stored becomes expectations; images, styles \
and scripts are left out. What is guessed is marked by a comment. Values of cookies, bodies, headers and queries are left out, \
and so is what in paths is somebody's own.

The scenario is then tried in the model of the browser that it came from, and what does not come out as recorded is told.";

const NEW_EXAMPLES: &str = "\
Examples:
  rehearsal new                                 a login, with a comment at each part
  rehearsal new -o login.toml                   writes a file, and never over another
  rehearsal new login.har -o login.toml         what a browser recorded
  rehearsal new - < copied.txt                  a curl command, and what it printed
  rehearsal run login.toml                      then

Exit codes: 0 written; 1 written, and something did not come out as recorded; 2 it is no recording, or
the file is there already; 3 it could not be written.";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  rehearsal schema > rehearsal.schema.json      then, in the first line of a scenario, for taplo and
                                                VS Code's Even Better TOML:
      #:schema ./rehearsal.schema.json

It completes keys and marks misspelt ones while you type; `rehearsal check` knows more, and says it.";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  rehearsal completions bash > ~/.local/share/bash-completion/completions/rehearsal
  rehearsal completions fish > ~/.config/fish/completions/rehearsal.fish
  rehearsal completions zsh > ~/.zfunc/_rehearsal";

const BROWSERS_EXAMPLES: &str = "\
Examples:
  rehearsal browsers                            what is here, in which version and where
  rehearsal browsers install chromium           what is missing of one
  rehearsal browsers install firefox webkit     the other two, in one go
  REHEARSAL_FIREFOX=/opt/firefox/firefox rehearsal browsers
                                                another program than the one that is found

What is there already is left as it is. Installing never asks: without root it needs a sudo that
takes no password, and else says what to run. Whether they work here says `rehearsal doctor`.

Programs are named by REHEARSAL_CHROMIUM, REHEARSAL_CHROMEDRIVER, REHEARSAL_FIREFOX,
REHEARSAL_GECKODRIVER, REHEARSAL_MINIBROWSER, REHEARSAL_WEBKIT_DRIVER and REHEARSAL_XVFB, or as CI
services do, by CHROME_BIN, CHROMEWEBDRIVER, FIREFOX_BIN and GECKOWEBDRIVER.
REHEARSAL_CHROMIUM_ARGS and REHEARSAL_FIREFOX_ARGS add arguments, such as --no-sandbox where a
container forbids the sandbox.

Exit codes: 0 all is there; 3 something is not.";

const DOCTOR_EXAMPLES: &str = "\
Examples:
  rehearsal doctor                              every engine, as it ships
  rehearsal doctor --browser firefox:block-third-party
                                                one browser under one policy
  rehearsal doctor --format json                for programs

It proves name, TLS, proxy, policy, jar and reasons. Exit codes: 0 all works; 1 something does not;
3 no browser could be looked at.";

const DOCS_EXAMPLES: &str = "\
Examples:
  rehearsal docs                                the pages
  rehearsal docs scenarios                      the scenario reference
  rehearsal docs same-site-lax                  a reason code";

const EXPLAIN_ABOUT: &str = "\
Say whether a cookie is stored and sent and an answer readable, why not, and what to change.

No scenario and no browser: the question is rehearsed by the rules, for every engine, and the answer \
is a prediction. A page makes a request, the answer sets cookies, and the page makes the same request \
again: is the cookie stored, does it go along, may the page read the answer? Where not, the fix that \
opens up the least is searched for and tried, and shown only if it works.

Without --page the URL is typed into the address bar. With --page its script calls fetch(), in \
fetch()'s own default mode, \"same-origin\"; --credentials and --as say otherwise.

webkit is WebKitGTK, whose cookie parser is libsoup's and not Safari's.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  A login that answers 200 and is forgotten at once:
    rehearsal explain --page https://app.example.com --request https://api.example.net/login \\
        --method POST --credentials include --set-cookie 'token=t; Path=/; SameSite=Lax'

  What the server really answers, CORS headers included:
    curl -si -X POST https://api.example.net/login -H 'Origin: https://app.example.com' |
        rehearsal explain --page https://app.example.com --request https://api.example.net/login \\
        --method POST --credentials include --header 'Content-Type: application/json' --response -

  A cookie that a logout leaves behind:
    rehearsal explain --page https://app.example.com --request https://api.example.com/logout \\
        --credentials include --before 'sid=1; Domain=example.com; Path=/; Secure' \\
        --set-cookie 'sid=; Max-Age=0; Path=/'

  What a browser recorded, or what was copied as cURL: every cookie of it:
    rehearsal explain login.har

  A link in a mail, in one browser:
    rehearsal explain --page https://mail.example.org --request https://shop.example.com/ \\
        --as navigation --set-cookie 'sid=1; SameSite=Strict; Secure' --browser firefox

Exit codes: 0 all works in every browser asked for; 1 something does not; 2 the question is wrong.";

const MATRIX_ABOUT: &str = "\
Show the services of a scenario over topologies, cookie attributes and browsers, as one table.

The front end and what it calls are served as one origin by path, on ports of one host, on subdomains \
of one site and on two sites, configured right for each; every Set-Cookie line takes each SameSite, \
with Secure and Partitioned where that makes a difference. The scenario's steps run in all of it: is \
each cookie stored, does it go to where it is needed, may the page read the answers, and if not, why? \
What the scenario expects plays no part.

Without --browser every engine is predicted by the rules, under every policy: that takes an instant. \
A real browser takes some seconds, and each of its cells is held against the rules: where they \
disagree, the cell is marked !!.";

const MATRIX_EXAMPLES: &str = "\
Examples:
  rehearsal matrix login.toml                        every engine and policy, predicted
  rehearsal matrix login.toml --html matrix.html     and as a page, for whoever decides
  rehearsal matrix login.toml --browser chromium,chromium:block-third-party
                                                     in real browsers, held against the rules
  rehearsal matrix login.toml --browser model:webkit,chromium
                                                     one predicted, one real
  rehearsal matrix login.toml --format json | jq .safest

The table is as wide as the terminal, or as COLUMNS says; 80 columns are enough.

Exit codes: 0 something works in every browser asked for; 1 nothing does, or the rules predicted
otherwise than a real browser did; 2 the scenario is wrong; 3 a browser could not run.";

const UP_EXAMPLES: &str = "\
Examples:
  rehearsal up login.toml
  rehearsal up login.toml --gateway 127.0.0.1:8080       on a port of your choice
  rehearsal up --map https://app.example.com=3000 --map https://api.example.com=4000
                                                         no file: your own servers, under those names
  rehearsal up login.toml --listen                       fail where ports 443 and 80 are not to be had

Each cookie is told as it crosses the wire: who set it, who asked, and what each engine's rules make of it.

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
    #[arg(value_name = "PATH", default_value = "scenarios", conflicts_with = "map")]
    pub paths: Vec<PathBuf>,
    /// What real servers behind origins may do.
    #[command(flatten)]
    pub servers: ServerArgs,
    /// The browsers, as ENGINE or ENGINE:POLICY (chromium, chromium:block-third-party, …) [default: every
    /// one that is installed]
    ///
    /// What the rules predict needs no browser: `model` alone is `model:chromium`, and
    /// `model:firefox,model:webkit` are the others.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub browser: Vec<BrowserName>,
    /// How many scenarios run at once in a browser [default: the number of processors, at most 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub jobs: Option<u8>,
    /// Show the browser's window
    #[arg(long)]
    pub headed: bool,
    /// Before running, install those of the named browsers that are missing, or Chromium where none is named
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
    /// Only scenarios with this tag; of several tags any
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub tag: Vec<String>,
    /// Only scenarios that did not pass when they were last run from this folder
    #[arg(long)]
    pub last_failed: bool,
    /// Only the K-th of N parts of the scenarios, for several machines
    #[arg(long, value_name = "K/N")]
    pub shard: Option<Shard>,
    /// Say which scenarios would be run, and run none
    #[arg(long)]
    pub list: bool,
    /// Run each scenario N times; all have to pass
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub repeat: u16,
    /// How long a browser may take to answer one command, as 45s or 2m [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = limit)]
    pub timeout: Option<Duration>,
    /// Write a report to a file as well: html=FILE, junit=FILE or json=FILE; may be given several times
    #[arg(long, value_name = "KIND=FILE")]
    pub report: Vec<ReportFile<RunReport>>,
    /// Show the values of cookies that real servers set, instead of a short hash
    #[arg(long)]
    pub show_values: bool,
    /// Run again whenever a scenario's file is saved, until Ctrl-C
    #[arg(long, conflicts_with_all = ["list", "report", "fail_fast", "shard", "last_failed", "install_browsers", "map"])]
    pub watch: bool,
    /// Use a driver that runs already, also on another machine or behind a Selenium Grid, for an engine
    #[arg(long, value_name = "ENGINE=URL")]
    pub webdriver: Vec<RunningDriver>,
    /// The address of this machine that the browser of such a driver reaches: the world is shown there,
    /// and to that browser's machine alone [default: 127.0.0.1 where the driver is on this machine]
    #[arg(long, value_name = "ADDRESS", requires = "webdriver")]
    pub gateway: Option<IpAddr>,
    /// A machine the browser may run on, or a network of such: an address, or 192.0.2.0/24; may be repeated
    /// [default: the driver's machine, and the one on which a Selenium Grid says that it placed the browser]
    #[arg(long, value_name = "ADDRESS", requires = "webdriver", value_parser = words::machines)]
    pub peer: Vec<IpNet>,
    /// How many sessions such a driver is asked for at once, each with `--jobs` workers: a Selenium Grid places them
    #[arg(long, value_name = "N", requires = "webdriver", default_value = "1", hide_default_value = true,
        value_parser = clap::value_parser!(u8).range(1..=64))]
    pub sessions: u8,
}

/// What the command line allows real servers behind origins, and which it maps.
#[derive(Clone, Debug, Default, Args)]
pub struct ServerArgs {
    /// Make a world without a file: a public URL, and the server of this machine that answers there, as a port,
    /// HOST:PORT, a URL or unix:PATH (https://app.example.com=3000); may be given several times
    #[arg(long, value_name = "URL=SERVER")]
    pub map: Vec<Mapping>,
    /// Allow scenarios to start the commands that they name; so does REHEARSAL_START=1
    #[arg(long)]
    pub start: bool,
    /// Allow an upstream on another machine, by its host; may be given several times
    #[arg(long, value_name = "HOST")]
    pub allow_upstream: Vec<String>,
}

/// `ENGINE=URL`: a driver that runs already.
#[derive(Clone, Debug)]
pub struct RunningDriver {
    /// The engine it drives.
    pub engine: Engine,
    /// Where it listens.
    pub url: Url,
}

impl FromStr for RunningDriver {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let example = "write it as `chromium=http://192.0.2.7:9515`";
        let (engine, url) = text.split_once('=').ok_or(example)?;
        let found = Engine::ALL.into_iter().find(|known| known.as_str() == engine);
        let engine =
            found.ok_or_else(|| format!("`{engine}` is not one of chromium and firefox; {example}"))?;
        if engine == Engine::Webkit {
            return Err("WebKit takes its proxy from its driver's environment, so the driver has to be \
                        started here"
                .to_owned());
        }
        let url = Url::parse(url).map_err(|error| format!("`{url}` is no URL ({error}); {example}"))?;
        if url.scheme() != "http" || !url.has_host() {
            return Err(format!("a driver is spoken to over plain http; {example}"));
        }
        Ok(Self { engine, url })
    }
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

/// `rehearsal explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A HAR, or a file with `curl` commands and what they print (`-` is stdin): each cookie and call of it is explained
    #[arg(
        value_name = "RECORDING",
        conflicts_with_all = [
            "page", "request", "method", "how", "credentials", "header", "set_cookie", "response", "preflight",
            "before", "framework", "then",
        ]
    )]
    pub recording: Option<PathBuf>,
    /// The page that makes the request; without it the URL is typed into the address bar
    #[arg(long, value_name = "URL", value_parser = address)]
    pub page: Option<Url>,
    /// What is requested
    #[arg(long, value_name = "URL", value_parser = address, required_unless_present = "recording")]
    pub request: Option<Url>,
    /// The method
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    pub method: String,
    /// How the page makes the request
    #[arg(long = "as", value_name = "HOW", value_enum)]
    pub how: Option<HowArg>,
    /// The credentials mode of fetch(); `include` is XMLHttpRequest's withCredentials [default:
    /// same-origin]
    #[arg(long, value_name = "MODE", value_enum)]
    pub credentials: Option<CredentialsArg>,
    /// A header that the page sets, as `Name: value`
    #[arg(long, value_name = "HEADER", value_parser = header)]
    pub header: Vec<(String, String)>,
    /// A Set-Cookie line of the answer; may be given several times
    #[arg(long, value_name = "LINE", allow_hyphen_values = true)]
    pub set_cookie: Vec<String>,
    /// The answer's headers as `curl -i` prints them, from a file or from stdin (-); of several answers the
    /// first
    #[arg(long, value_name = "FILE")]
    pub response: Option<PathBuf>,
    /// The headers of the answer to the preflight, as `curl -i -X OPTIONS` prints them
    #[arg(long, value_name = "FILE")]
    pub preflight: Option<PathBuf>,
    /// A Set-Cookie line of an earlier answer from the same place: of the login before a logout. Without an answer that
    /// sets a cookie the question is whether this one goes along
    #[arg(long, value_name = "LINE", allow_hyphen_values = true)]
    pub before: Vec<String>,
    /// What sets the cookies, so that a fix names its settings: django, express-session, laravel, … [default: as the
    /// cookies' names tell]
    #[arg(long, value_name = "NAME", value_parser = library)]
    pub framework: Option<String>,
    /// What is requested next, instead of the same again
    #[arg(long, value_name = "URL", value_parser = address)]
    pub then: Option<Url>,
    /// The browsers, as ENGINE or ENGINE:POLICY [default: chromium, firefox and webkit as they ship, and
    /// chromium:block-third-party]
    ///
    /// Each is predicted by the rules, with `model:` before its name or without: `model` alone is
    /// `model:chromium`, and `model:firefox,model:webkit` are the others.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub browser: Vec<BrowserName>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SeverityArg {
    /// It works today, and is fragile or untidy
    Low,
    /// It weakens a defence
    Medium,
    /// It does not work, or can be attacked
    High,
}

/// How a page makes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HowArg {
    /// Its script calls fetch().
    Fetch,
    /// Its script uses XMLHttpRequest, as Axios does.
    Xhr,
    /// The tab leaves for it: a link, or a form that is submitted with POST.
    Navigation,
    /// An image on the page.
    Image,
    /// A frame on the page.
    Iframe,
}

/// The credentials mode of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CredentialsArg {
    /// Never.
    Omit,
    /// To the page's own origin only.
    SameOrigin,
    /// Always.
    Include,
}

/// A library of the table.
fn library(text: &str) -> Result<String, String> {
    match lookup::by_key(text) {
        Some(library) => Ok(library.key.to_owned()),
        None => {
            let known: Vec<&str> = lookup::LIBRARIES.iter().map(|library| library.key).collect();
            Err(format!("its settings are not known here; known are {}", known.join(", ")))
        }
    }
}

/// A whole URL of a server.
fn address(text: &str) -> Result<Url, String> {
    if text.starts_with('/') && !text.starts_with("//") {
        return Err(format!("a whole URL is needed, such as `https://api.example.com{text}`"));
    }
    let url = Url::parse(text).map_err(|error| match text.contains("://") {
        true => error.to_string(),
        false => format!("not a whole URL; write `https://{}`", text.trim_start_matches('/')),
    })?;
    match url.scheme() {
        "http" | "https" if url.username().is_empty() && url.password().is_none() => Ok(url),
        "http" | "https" => Err("leave the user name and the password out".to_owned()),
        scheme => Err(match text.contains("://") {
            true => format!("`{scheme}:` is not http or https"),
            false => format!("not a whole URL; write `https://{text}`"),
        }),
    }
}

/// A header line.
fn header(text: &str) -> Result<(String, String), String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    match text.split_once(':') {
        Some((name, value)) if !name.is_empty() && name.bytes().all(token) => {
            Ok((name.to_owned(), value.trim().to_owned()))
        }
        _ => Err("write `Name: value`".to_owned()),
    }
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
