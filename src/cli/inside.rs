//! What the user may type to be inside a world: `exec`, `open` and `record`.

use std::path::PathBuf;

use clap::Args;

use super::{Format, ServerArgs};
use crate::browser_name::BrowserName;

pub(super) const EXEC_ABOUT: &str = "\
Run any command inside the world of a scenario: curl, a test suite, a REPL.

The command gets proxy variables, and the world's CA in the variables by which OpenSSL, curl, Python, \
Node, Deno, Go, git and Java trust one. With --isolated it gets a network of its own instead, in which \
the world's names, its ports 443 and 80 and its CA are simply there, for any program: Linux only, and \
no root. In both, a name outside the world does not exist. It ends with the command, and ends what \
that left running.";

pub(super) const EXEC_EXAMPLES: &str = "\
Examples:
  rehearsal exec login.toml -- curl -i https://api.example.com/me
  rehearsal exec login.toml -- python3 -c 'import requests; print(requests.get(\"https://api.example.com/me\"))'
  rehearsal exec login.toml -- node -e 'fetch(\"https://api.example.com/me\").then(console.log)'
  rehearsal exec --map https://app.example.com=3000 -- curl -i https://app.example.com/
                                                no file: your own server, under that name
  rehearsal exec --isolated login.toml -- npx playwright test
  rehearsal exec --isolated --through 5432 login.toml -- npm test
                                                a database of this machine stays in reach

Browsers read no variables: with --isolated Chromium and Firefox trust the world by a policy. Without,
start them with --proxy-server=$REHEARSAL_GATEWAY and
--ignore-certificate-errors-spki-list=$REHEARSAL_CA_SPKI.

Exit codes: the command's own; 2 the scenario is wrong; 3 the world or the command could not be started.";

pub(super) const OPEN_ABOUT: &str = "\
Open a throw-away browser window inside the world of a scenario.

The browser has a profile of its own, sees production's names as the world has them, trusts the \
world's CA and reaches nothing else. Closing the window ends it all, and so does Ctrl-C: no process, \
profile or folder is left.";

pub(super) const OPEN_EXAMPLES: &str = "\
Examples:
  rehearsal open login.toml                     the page that the scenario visits first
  rehearsal open login.toml --browser firefox --at web:/account
                                                another engine, another page
  rehearsal open --map https://app.example.com=3000 --map https://api.example.com=4000
                                                no file: your own servers, under those names
  rehearsal open login.toml --headless --format json
                                                for a program, which speaks WebDriver to it

The page at the address called `live`, in a browser of yours, draws what happens: requests, each
cookie's life, the jar, and why with a click.
With --format json one line on stdout says where the gateway is, and the address and the session of
the driver. Exit codes: 0 the window was closed; 2 the scenario or the command line is wrong; 3 the
world or the browser could not be started; 130 ended by Ctrl-C.";

pub(super) const RECORD_ABOUT: &str = "\
Open a browser window inside the world of a scenario, and write what is done there as a scenario.

Addresses, clicks, what is typed and submitted become steps, each with what was seen: the page that came, the cookies \
that were stored, refused and sent. What is typed into a password field is never written: it becomes a variable. \
Closing the window ends the recording, and so does Ctrl-C.";

pub(super) const RECORD_EXAMPLES: &str = "\
Examples:
  rehearsal record login.toml -o recorded.toml  begins at the page that the scenario visits first
  rehearsal record login.toml -o recorded.toml --browser firefox --at web:/account
                                                another engine, another page
  rehearsal record --map https://app.example.com=3000 -o login.toml
                                                no file: your own server, under that name
  rehearsal record --map https://app.example.com=3000 --freeze -o login.toml
                                                and the answers as routes: it runs without the server
  rehearsal run recorded.toml --browser chromium
                                                what was recorded, again
  REHEARSAL_PASSWORD=… rehearsal run recorded.toml
                                                with the password that a real server wants

Each step is said as it is taken down, with --format json on a line of its own. Recorded in chromium or
firefox, it runs in all three engines. Exit codes: 0 the recording is written;
2 the scenario or the command line is wrong; 3 the world or the browser could not be started.";

/// `rehearsal exec`.
#[derive(Debug, Args)]
pub struct ExecArgs {
    /// The scenario whose world it is
    #[arg(required_unless_present = "map", conflicts_with = "map")]
    pub scenario: Option<PathBuf>,
    /// What real servers behind origins may do.
    #[command(flatten)]
    pub servers: ServerArgs,
    /// Give the command a network of its own with nothing in it but the world (Linux)
    #[arg(long)]
    pub isolated: bool,
    /// Keep a port of this machine in reach from there, at 127.0.0.1; may be given several times
    #[arg(long, value_name = "PORT", requires = "isolated")]
    pub through: Vec<u16>,
    /// The command and its arguments, after `--`
    #[arg(last = true, required = true, value_name = "CMD")]
    pub command: Vec<std::ffi::OsString>,
}

/// `rehearsal open`.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// The scenario whose world it is
    #[arg(required_unless_present = "map", conflicts_with = "map")]
    pub scenario: Option<PathBuf>,
    /// What real servers behind origins may do.
    #[command(flatten)]
    pub servers: ServerArgs,
    /// The window.
    #[command(flatten)]
    pub window: WindowArgs,
    /// How it is announced: for people, or as one line of JSON on stdout
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `rehearsal record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// The scenario whose world it is; its own steps play no part
    #[arg(required_unless_present = "map", conflicts_with = "map")]
    pub scenario: Option<PathBuf>,
    /// The file that is written
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Put what the servers answered in their place, as routes: the scenario runs without them
    #[arg(long)]
    pub freeze: bool,
    /// What real servers behind origins may do.
    #[command(flatten)]
    pub servers: ServerArgs,
    /// The window.
    #[command(flatten)]
    pub window: WindowArgs,
    /// How the window is announced: for people, or as one line of JSON on stdout
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// The window that a command opens.
#[derive(Debug, Args)]
pub struct WindowArgs {
    /// The browser, as ENGINE or ENGINE:POLICY [default: the first of chromium, firefox and webkit that is installed]
    #[arg(long, value_name = "NAME")]
    pub browser: Option<BrowserName>,
    /// The page that is opened, as ORIGIN:/path or a whole URL [default: the one that the scenario visits first]
    #[arg(long, value_name = "PAGE")]
    pub at: Option<String>,
    /// Show no window: for programs, which drive the browser by its driver
    #[arg(long)]
    pub headless: bool,
}
