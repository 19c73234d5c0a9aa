//! Chromium with a profile for one worker alone, closed and started again: see [`Home`].

use serde_json::{Value, json};

use super::Chromium;
use super::place::Place;
use super::worker::Worker;
use crate::browser::bidi::Bidi;
use crate::browser::driver::{self, Driver};
use crate::browser::failure::Failure;
use crate::browser::home::{DEFAULT, ELSEWHERE, Home, profile_of};
use crate::browser::options::LaunchOptions;
use crate::browser::running::Running;
use crate::observe::Page;

impl Worker {
    /// Starts a browser with a profile for one worker alone, which ends with it.
    ///
    /// # Errors
    /// As [`super::Chromium::launch`].
    pub async fn alone(options: LaunchOptions) -> Result<Self, Failure> {
        if options.remote.is_some() {
            return Err(Failure::NotPossible { why: ELSEWHERE });
        }
        let binary = driver::CHROMIUM.find()?;
        let program = driver::CHROMEDRIVER.find()?;
        let gateway = options.gateway()?;
        let proxy = gateway.address();
        let driver = Driver::chromedriver(&options.guard, &program, options.timeout).await?;
        let url = driver.url();
        let profile = profile_of(&driver);
        let words = driver.guarded().words();
        let opened = async {
            let (session, bidi) =
                Chromium::open(&options, Some(&binary), &url, proxy, Some(&profile), words).await?;
            let place = Place::of_browser(&bidi).await?;
            let version = session.text("browserVersion")?;
            Ok((session, bidi, place, version))
        };
        match opened.await {
            Ok((session, bidi, place, version)) => {
                let watched = bidi.clone();
                let process = session.number("goog:processID");
                let running = Running::watch(driver, process, move |who| watched.give_up(who));
                let home = Home { options, binary, driver: url, running, session };
                Ok(Self::at(bidi, gateway, place, version, Some(home)))
            }
            Err(failure) => Err(driver.end_after(failure).await),
        }
    }

    /// The private folder of the browser, where it is the worker's own.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.home.as_ref().map(Home::folder)
    }

    /// Closes the browser and starts it again with its profile.
    pub(super) async fn restart(&mut self) -> Result<Page, Failure> {
        let Some(home) = &mut self.home else {
            return Err(Failure::NotPossible { why: ELSEWHERE });
        };
        home.leave().await;
        let Home { options, binary, driver, .. } = &*home;
        let profile = home.profile();
        let (proxy, words) = (self.gateway.address(), self.bidi.words());
        let (session, bidi) =
            Chromium::open(options, Some(binary), driver, proxy, Some(&profile), words).await?;
        home.session = session;
        self.place = Place::of_browser(&bidi).await?;
        self.events = bidi.events();
        self.bidi = bidi;
        self.forget_pages();
        Ok(Page::default())
    }
}

impl Place {
    /// The first tab of a browser, with the jar of its profile.
    async fn of_browser(bidi: &Bidi) -> Result<Self, Failure> {
        let tree = bidi.command("browsingContext.getTree", json!({ "maxDepth": 0 })).await?;
        let tab = tree.pointer("/contexts/0/context").and_then(Value::as_str);
        let tab = tab.ok_or_else(|| Failure::protocol("browsingContext.getTree", "there is no tab"))?;
        Self::with_tab(bidi, DEFAULT.to_owned(), tab.to_owned()).await
    }
}
