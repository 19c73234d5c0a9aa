//! Firefox with a profile for one worker alone, closed and started again: see [`Home`].

use std::path::Path;

use serde_json::{Value, json};

use super::Firefox;
use super::chrome::Chrome;
use super::worker::{Worker, settle_in};
use crate::browser::bidi::Bidi;
use crate::browser::driver::{self, Driver};
use crate::browser::failure::Failure;
use crate::browser::guard::Words;
use crate::browser::home::{DEFAULT, ELSEWHERE, Home, profile_of};
use crate::browser::listening::Line;
use crate::browser::options::LaunchOptions;
use crate::browser::running::Running;
use crate::browser::session::Session;
use crate::observe::Page;
use crate::world::Gateway;

impl Worker {
    /// Starts a browser with a profile for one worker alone, which ends with it.
    ///
    /// # Errors
    /// As [`Firefox::launch`].
    pub async fn alone(options: LaunchOptions) -> Result<Self, Failure> {
        if options.remote.is_some() {
            return Err(Failure::NotPossible { why: ELSEWHERE });
        }
        let binary = driver::FIREFOX.find()?;
        let program = driver::GECKODRIVER.find()?;
        let gateway = options.gateway()?;
        let driver = Driver::geckodriver(&options.guard, &program, options.timeout).await?;
        let (url, words) = (driver.url(), driver.guarded().words());
        let profile = profile_of(&driver);
        let opened = async {
            std::fs::create_dir(&profile).map_err(|error| Failure::NotStarted {
                program: driver::FIREFOX.name.to_owned(),
                message: format!("{}: {error}", profile.display()),
                last_words: Vec::new(),
            })?;
            let (session, bidi, chrome) = start(&options, &binary, &url, &gateway, &profile, words).await?;
            let version = session.text("browserVersion")?;
            let (tab, context) =
                settle_in(&bidi, &chrome, DEFAULT.to_owned(), first_tab(&bidi).await?).await?;
            Ok((session, Self::at(Line::new(bidi), chrome, gateway, version, (tab, context))))
        };
        match opened.await {
            Ok((session, mut worker)) => {
                let watched = worker.line.bidi.clone();
                let process = session.number("moz:processID");
                let running = Running::watch(driver, process, move |who| watched.give_up(who));
                worker.home = Some(Home { options, binary, driver: url, running, session });
                Ok(worker)
            }
            Err(failure) => Err(driver.end_after(failure).await),
        }
    }

    /// The private folder of the browser, where it is the worker's own.
    pub fn folder(&self) -> Option<&Path> {
        self.home.as_ref().map(Home::folder)
    }

    /// Closes the browser and starts it again with its profile.
    pub(super) async fn restart(&mut self) -> Result<Page, Failure> {
        let Some(home) = &mut self.home else {
            return Err(Failure::NotPossible { why: ELSEWHERE });
        };
        home.leave().await;
        let Home { options, binary, driver, .. } = &*home;
        let (profile, words) = (home.profile(), self.line.bidi.words());
        let (session, bidi, chrome) = start(options, binary, driver, &self.gateway, &profile, words).await?;
        home.session = session;
        let tab = first_tab(&bidi).await?;
        (self.tab, self.context) = settle_in(&bidi, &chrome, DEFAULT.to_owned(), tab).await?;
        (self.line, self.chrome) = (Line::new(bidi), chrome);
        self.forget_pages();
        Ok(Page::default())
    }
}

/// Starts the browser with this profile, which sees what this gateway shows.
async fn start(
    options: &LaunchOptions,
    binary: &Path,
    driver: &str,
    gateway: &Gateway,
    profile: &Path,
    words: Words,
) -> Result<(Session, Bidi, Chrome), Failure> {
    let proxy = gateway.address();
    let (session, bidi) = Firefox::open(options, Some(binary), driver, proxy, Some(profile), words).await?;
    let chrome = Firefox::prepare(options, &bidi).await?;
    Ok((session, bidi, chrome))
}

/// The tab that a browser comes up with.
async fn first_tab(bidi: &Bidi) -> Result<String, Failure> {
    let tree = bidi.command("browsingContext.getTree", json!({ "maxDepth": 0 })).await?;
    let tab = tree.pointer("/contexts/0/context").and_then(Value::as_str).map(str::to_owned);
    tab.ok_or_else(|| Failure::protocol("browsingContext.getTree", "there is no tab"))
}
