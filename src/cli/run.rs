//! `rehearsal run`: its options, and those of real servers, which other commands take too.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use url::Url;

use super::Format;
use super::words::{self, ReportFile, RunReport, Shard, limit};
use crate::browser_name::{BrowserName, Engine};
use crate::scenario::mapped::Mapping;

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
    /// Keep what the servers of the one scenario answered in its first browser, as a HAR: `rehearsal new FILE` makes
    /// mock routes of it
    #[arg(long, value_name = "FILE", conflicts_with = "watch")]
    pub record: Option<PathBuf>,
    /// Show the values of cookies that real servers set, instead of a short hash
    #[arg(long)]
    pub show_values: bool,
    /// Try a fix on the real servers that it is for: it is laid over their answers on the way, and the scenario runs
    /// once more in the real browser. That asks the servers again
    #[arg(long = "try", id = "try")]
    pub try_fixes: bool,
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
