//! A world with a browser window inside it: what `open` and `record` need.
//!
//! The browser has a profile of its own, and ends with the window. What is done in it is whoever's who acts there.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::browser::failure::Failure;
use crate::browser::install;
use crate::browser::options::{LaunchOptions, TIMEOUT};
use crate::browser::real::{Browser, Worker};
use crate::browser_name::{BrowserName, Engine};
use crate::cli::{Format, WindowArgs};
use crate::plan::{Action, Plan};
use crate::world::World;
use crate::world::certs::{self, Authority};
use crate::world::clock::Clock;

/// A world, and a browser in it.
pub(super) struct Window {
    pub(super) world: World,
    pub(super) worker: Worker,
    /// What the worker's browser hangs on, where that is not its own.
    shared: Option<Browser>,
}

/// What is said of a window that is open.
pub(super) struct Announcement<'a> {
    pub(super) format: Format,
    pub(super) browser: BrowserName,
    /// The page that it shows.
    pub(super) page: &'a Url,
    /// The word for what goes on in it.
    pub(super) doing: &'a str,
    /// The address of the page that shows what happens.
    pub(super) live: &'a str,
}

/// The browser that is opened.
///
/// # Errors
/// The exit code, where it is none that has a window, or none is installed; that has been said.
pub(super) fn browser(arguments: &WindowArgs) -> Result<BrowserName, ExitCode> {
    match arguments.browser {
        Some(browser) if browser.model => {
            super::complain(
                format!("`{browser}` predicts, and has no window"),
                format!("name a real browser: `--browser {}`", browser.real()),
            );
            Err(ExitCode::from(super::WRONG))
        }
        Some(browser) => Ok(browser),
        None => {
            let installed = Engine::ALL.into_iter().find(|engine| install::is_installed(*engine));
            installed.map(BrowserName::shipped).ok_or_else(|| {
                let help = "`rehearsal browsers install chromium` installs one";
                super::complain("no browser is installed", help);
                ExitCode::from(super::COULD_NOT_RUN)
            })
        }
    }
}

/// The page that is opened: the one that is asked for, or the first that the scenario visits, or the first origin's.
///
/// # Errors
/// The exit code, where nobody in the world has it; that has been said.
pub(super) fn page(arguments: &WindowArgs, plan: &Plan) -> Result<Url, ExitCode> {
    let Some(asked) = &arguments.at else {
        let visited = plan.steps.iter().find_map(|step| match &step.action {
            Action::Visit(url) => Some(url.clone()),
            _ => None,
        });
        let first = || plan.origins.first().map(|origin| origin.url.clone());
        return visited.or_else(first).ok_or(ExitCode::from(super::WRONG));
    };
    let named = asked.split_once(':').and_then(|(name, path)| {
        let origin = plan.origins.iter().find(|origin| origin.name == name)?;
        origin.url.join(path).ok()
    });
    let url = named.or_else(|| Url::parse(asked).ok()).filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| {
        let names: Vec<&str> = plan.origins.iter().map(|origin| origin.name.as_str()).collect();
        super::complain(
            format!("`{asked}` is no page of this world"),
            format!("write `ORIGIN:/path`; the origins are {}", names.join(", ")),
        );
        ExitCode::from(super::WRONG)
    })
}

impl Window {
    /// Brings the world of a plan up, and starts the browser in it, unless that is cancelled.
    ///
    /// # Errors
    /// The exit code; why has been said. Nothing is left running.
    pub(super) async fn start(
        plan: &Plan,
        browser: BrowserName,
        arguments: &WindowArgs,
        cancelled: &CancellationToken,
    ) -> Result<Self, ExitCode> {
        tokio::select! {
            started = Self::brought_up(plan, browser, arguments) => started,
            () = cancelled.cancelled() => Err(super::interrupted()),
        }
    }

    async fn brought_up(plan: &Plan, browser: BrowserName, arguments: &WindowArgs) -> Result<Self, ExitCode> {
        let could_not = |message: String, hint: &str| {
            super::complain(message, hint);
            ExitCode::from(super::COULD_NOT_RUN)
        };
        let authority = Authority::new(certs::hosts(plan))
            .map_err(|error| could_not(error.to_string(), "look at the hosts of the scenario's origins"))?;
        let world = World::start_with_servers(plan, &authority, Clock::running())
            .map_err(|error| could_not(error.to_string(), error.hint()))?;
        let options = LaunchOptions {
            third_party: browser.third_party(),
            headed: !arguments.headless,
            by_hand: true,
            ca: authority.der().to_owned(),
            ca_spki: authority.spki_sha256(),
            guard: super::this_program()?,
            timeout: TIMEOUT,
            remote: None,
        };
        let (shared, mut worker) =
            launched(browser.engine, options).await.map_err(|failure| failed(&failure))?;
        if let Err(failure) = worker.enter(&world).await {
            let code = failed(&failure);
            Self { world, worker, shared }.close().await;
            return Err(code);
        }
        Ok(Self { world, worker, shared })
    }

    /// Ends the browser and the world, and returns when nothing of them is left.
    pub(super) async fn close(self) {
        self.worker.close().await;
        if let Some(shared) = self.shared {
            shared.close().await;
        }
        self.world.close().await;
    }
}

/// A browser for one window.
async fn launched(engine: Engine, options: LaunchOptions) -> Result<(Option<Browser>, Worker), Failure> {
    if engine != Engine::Webkit {
        return Ok((None, Worker::alone(engine, options).await?));
    }
    let browser = Browser::launch(engine, options).await?;
    match browser.worker().await {
        Ok(worker) => Ok((Some(browser), worker)),
        Err(failure) => {
            browser.close().await;
            Err(failure)
        }
    }
}

/// Says what the browser failed at.
pub(super) fn failed(failure: &Failure) -> ExitCode {
    let hint = failure.hint().unwrap_or("`rehearsal doctor` looks for what is wrong");
    super::complain(failure.to_string(), hint);
    ExitCode::from(super::COULD_NOT_RUN)
}

/// Says where the window is: for people, or as one line of JSON.
///
/// # Errors
/// Those of stdout.
pub(super) async fn announce(window: &mut Window, announcement: &Announcement<'_>) -> io::Result<()> {
    let Announcement { format, browser, page, doing, live } = announcement;
    let driver = window.worker.driver().await;
    let version = window.worker.version();
    match format {
        Format::Terminal => writeln!(
            anstream::stdout(),
            "{browser} {version} is at {page}\nlive: {live} (what happens, as a page: for you alone, in a browser of yours)\n\
             {doing} until its window is closed, or Ctrl-C."
        ),
        Format::Json => {
            let (driver, session) = driver.map(|driver| (driver.driver, driver.session)).unzip();
            super::write_json(&Line {
                version: 1,
                browser: browser.to_string(),
                browser_version: version,
                page: page.as_str(),
                gateway: window.worker.gateway().to_string(),
                live,
                driver,
                session,
            })
        }
    }
}

/// The one line of `--format json`, version 1: programs read it, so keys are added and never renamed.
#[derive(Serialize)]
struct Line<'a> {
    version: u8,
    browser: String,
    browser_version: &'a str,
    page: &'a str,
    gateway: String,
    /// The page that shows what happens. Whoever knows the address may look.
    live: &'a str,
    /// Where the browser's driver listens, and the session: whoever speaks WebDriver can act in the window.
    driver: Option<String>,
    session: Option<String>,
}
