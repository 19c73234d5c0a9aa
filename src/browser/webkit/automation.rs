//! A browser of its own: a driver, a session, and two windows in it.
//!
//! The first window is the scenario's. The second is ours: the jar is read there, so that nothing which is done
//! for that touches the page, its history, or what it believes its site to be. Every command has a limit, and
//! ends at once where the driver or the browser does.

use std::ffi::OsString;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fantoccini::Client;
use fantoccini::error::{CmdError, ErrorStatus};
use fantoccini::wd::{Locator, WebDriverCompatibleCommand, WindowHandle};
use hyper::Method;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use url::Url;

use super::{Kit, policy};
use crate::browser::driver::{Driver, MINIBROWSER};
use crate::browser::failure::Failure;
use crate::browser::guard::{self, Words};
use crate::browser::options::DriverSession;
use crate::browser::running::{Running, exited};
use crate::browser::session::Session;

/// How much longer than a page or a script the driver is given to say that it took too long.
const GRACE: Duration = Duration::from_secs(2);

/// How long a browser that failed at something is given to answer at all.
const PROBE: Duration = Duration::from_secs(2);

/// How often is looked for the browser that a driver is starting.
const LOOK: Duration = Duration::from_millis(50);

/// What the message begins with where a script is none, and so nothing of it has run.
pub(super) const NO_SCRIPT: &str = "not a script: ";

/// How the process that carries the traffic, and holds the jar, is called: its name's first 15 bytes (proc(5)).
const NETWORK: &str = "WebKitNetworkPr";

/// A driver, its session, and two windows.
#[derive(Debug)]
pub(super) struct Automation {
    session: Session,
    /// Where the driver listens.
    driver: String,
    running: Running,
    words: Words,
    /// Who is gone, once somebody is.
    gone: watch::Receiver<Option<String>>,
    limit: Duration,
    main: WindowHandle,
    looking: WindowHandle,
}

/// What a script came to: its value, or what it threw.
pub(super) type Outcome = Result<Value, String>;

impl Automation {
    /// Starts a driver and a browser whose traffic goes through this gateway.
    ///
    /// # Errors
    /// [`Failure::NotStarted`] with the last words of the driver, [`Failure::TimedOut`].
    pub(super) async fn open(kit: &Kit, gateway: SocketAddr) -> Result<Self, Failure> {
        let options = &kit.options;
        let driver =
            Driver::webkit_driver(&options.guard, &kit.driver, &environment(kit), options.start_timeout())
                .await?;
        let limit = options.start_timeout();
        let opened = async {
            let capabilities = capabilities(kit, gateway);
            let session = Session::open("MiniBrowser", &driver.url(), capabilities, limit).await?;
            let windows = tokio::time::timeout(limit, windows(session.client(), options.by_hand)).await;
            let windows =
                windows.map_err(|_| Failure::TimedOut { command: "new window".to_owned(), after: limit })?;
            Ok((session, windows.map_err(|error| failure("new window", &error, limit))?))
        };
        // The driver waits for a browser that died before it said anything.
        let guard = driver.guarded().id();
        let opened = tokio::select! {
            opened = opened => opened,
            () = stillborn(guard) => Err(Failure::NotStarted {
                program: MINIBROWSER.name.to_owned(),
                message: "it ended before it was ready".to_owned(),
                last_words: Vec::new(),
            }),
        };
        let (session, (main, looking)) = match opened {
            Ok(opened) => opened,
            Err(failure) => return Err(driver.end_after(failure).await),
        };
        let (words, url) = (driver.guarded().words(), driver.url());
        let (tell, gone) = watch::channel(None);
        let tell = Arc::new(tell);
        let (browser, network) = processes(driver.guarded().id());
        for process in network {
            let tell = Arc::clone(&tell);
            tokio::spawn(async move {
                tokio::select! {
                    () = exited(Some(process)) => note(&tell, "the browser's network process"),
                    // Everybody who could care is gone.
                    () = tell.closed() => {}
                }
            });
        }
        let running = Running::watch(driver, browser, move |who| note(&tell, who));
        Ok(Self { session, driver: url, running, words, gone, limit: options.timeout, main, looking })
    }

    /// The browser's version: `2.50.6`.
    pub(super) fn version(&self) -> Result<String, Failure> {
        self.session.text("browserVersion")
    }

    /// The browser's process id, where the system tells it.
    pub(super) fn process(&self) -> Option<u32> {
        self.running.process()
    }

    /// The private folder of the processes.
    pub(super) fn folder(&self) -> &std::path::Path {
        self.running.folder()
    }

    /// The session, for whoever speaks WebDriver to it.
    pub(super) async fn driver(&self) -> Option<DriverSession> {
        self.session.at(&self.driver).await
    }

    /// Waits until somebody is gone: the browser, its driver, or a process that they need.
    pub(super) fn gone(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut gone = self.gone.clone();
        async move {
            // An error: whoever would say so is gone too.
            _ = gone.wait_for(Option::is_some).await;
        }
    }

    /// Ends the browser and its driver, and returns when they and their folder are gone.
    pub(super) async fn close(self) {
        self.running.close().await;
    }

    /// Loads an address in the window that is looked at, and waits until it has loaded.
    pub(super) async fn go(&self, url: &Url) -> Result<(), Failure> {
        self.post("url", json!({ "url": url.as_str() })).await.map(drop)
    }

    /// Loads the page of the window again, and waits until it has loaded.
    pub(super) async fn reload(&self) -> Result<(), Failure> {
        self.post("refresh", json!({})).await.map(drop)
    }

    /// Turns to a frame of the document that commands go to, by its place among the frames there.
    pub(super) async fn enter_frame(&self, index: u16) -> Result<(), Failure> {
        self.post("frame", json!({ "id": index })).await.map(drop)
    }

    /// Turns to the page of the window.
    pub(super) async fn leave_frames(&self) -> Result<(), Failure> {
        self.post("frame", json!({ "id": null })).await.map(drop)
    }

    /// Clicks the first element that a selector finds, with the mouse.
    pub(super) async fn click(&self, selector: &str) -> Result<(), Failure> {
        let click = async {
            let found = self.session.client().find(Locator::Css(selector)).await?;
            found.click().await
        };
        self.attend("element click", click).await
    }

    /// The windows that the page has opened.
    pub(super) async fn opened(&self) -> Result<Vec<WindowHandle>, Failure> {
        let mut windows = self.attend("window handles", self.session.client().windows()).await?;
        windows.retain(|window| *window != self.main && *window != self.looking);
        Ok(windows)
    }

    /// Turns to a window.
    pub(super) async fn look_at(&self, window: &WindowHandle) -> Result<(), Failure> {
        self.attend("switch to window", self.session.client().switch_to_window(window.clone())).await
    }

    /// Closes the window that is looked at. Another has to be turned to after that.
    pub(super) async fn close_window(&self) -> Result<(), Failure> {
        self.attend("close window", self.session.client().close_window()).await
    }

    /// What stands in the address bar, once no navigation is under way.
    pub(super) async fn address(&self) -> Result<Option<Url>, Failure> {
        let url = self.get("url").await?;
        Ok(url.as_str().and_then(|url| Url::parse(url).ok()))
    }

    /// The cookies that go with the page of the window, HttpOnly or not, as WebDriver has them.
    pub(super) async fn cookies(&self) -> Result<Vec<Value>, Failure> {
        match self.get("cookie").await? {
            Value::Array(cookies) => Ok(cookies),
            other => Err(Failure::protocol("GET cookie", format!("{other} is no list of cookies"))),
        }
    }

    /// Turns to the window of ours.
    pub(super) async fn look_aside(&self) -> Result<(), Failure> {
        self.look_at(&self.looking).await
    }

    /// Turns back to the scenario's window.
    pub(super) async fn look_back(&self) -> Result<(), Failure> {
        self.look_at(&self.main).await
    }

    /// Calls a function in the page with one argument, and waits for its value.
    pub(super) async fn run(&self, function: &str, argument: &Value) -> Result<Outcome, Failure> {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             Promise.resolve(arguments[0]).then({function}).then(
                 value => done({{ value: value === undefined ? null : value }}),
                 error => done({{ thrown: String(error) }}))"
        );
        let argument = vec![Value::String(argument.to_string())];
        let answer = self.session.client().execute_async(&script, argument);
        let mut answer = self.attend("execute script", answer).await?;
        match answer.get_mut("thrown").map(Value::take) {
            Some(Value::String(thrown)) => Ok(Err(thrown)),
            _ => Ok(Ok(answer.get_mut("value").map(Value::take).unwrap_or_default())),
        }
    }

    /// Finds out whether a browser that failed at something is there at all.
    pub(super) async fn explain(&self, failure: Failure) -> Failure {
        let Failure::Protocol { .. } = failure else { return failure };
        match tokio::time::timeout(PROBE, self.get("timeouts")).await {
            Ok(Ok(_)) => failure,
            Ok(Err(died @ Failure::Died { .. })) => died,
            _ => self.died("the browser"),
        }
    }

    async fn get(&self, path: &'static str) -> Result<Value, Failure> {
        let command = Raw { method: Method::GET, path, body: None };
        self.attend(path, self.session.client().issue_cmd(command)).await
    }

    async fn post(&self, path: &'static str, body: Value) -> Result<Value, Failure> {
        let command = Raw { method: Method::POST, path, body: Some(body) };
        self.attend(path, self.session.client().issue_cmd(command)).await
    }

    /// Waits for an answer as long as somebody is there who can give it.
    async fn attend<T>(
        &self,
        command: &str,
        answer: impl Future<Output = Result<T, CmdError>>,
    ) -> Result<T, Failure> {
        let mut gone = self.gone.clone();
        let late = || Failure::TimedOut { command: command.to_owned(), after: self.limit };
        let failed = tokio::select! {
            biased;
            answer = tokio::time::timeout(self.limit + GRACE, answer) => match answer {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => failure(command, &error, self.limit),
                Err(_) => late(),
            },
            _ = gone.wait_for(Option::is_some) => self.died("the browser"),
        };
        // A session that is over is often the first news of a browser that is gone.
        Err(match failed {
            Failure::Died { who, .. } => self.died(&who),
            other => other,
        })
    }

    fn died(&self, who: &str) -> Failure {
        let who = self.gone.borrow().clone().unwrap_or_else(|| who.to_owned());
        Failure::Died { who, last_words: self.words.list() }
    }
}

/// Says who is gone, unless somebody was before.
fn note(tell: &watch::Sender<Option<String>>, who: &str) {
    tell.send_if_modified(|gone| gone.is_none().then(|| *gone = Some(who.to_owned())).is_some());
}

/// The two windows: the one that is there, and another. A window and not a tab, which would hide the page. Where a
/// person acts there is only the one.
async fn windows(client: &Client, by_hand: bool) -> Result<(WindowHandle, WindowHandle), CmdError> {
    let main = client.window().await?;
    if by_hand {
        return Ok((main.clone(), main));
    }
    let looking = client.new_window(false).await?.handle;
    Ok((main, looking))
}

/// What an error of the driver means.
fn failure(command: &str, error: &CmdError, limit: Duration) -> Failure {
    let died = |who: &str| Failure::Died { who: who.to_owned(), last_words: Vec::new() };
    match error {
        CmdError::Standard(error) => match error.error {
            // `session deleted because of page crash or hang.`
            ErrorStatus::InvalidSessionId | ErrorStatus::NoSuchWindow => died("the page's process"),
            ErrorStatus::ScriptTimeout | ErrorStatus::Timeout => {
                Failure::TimedOut { command: command.to_owned(), after: limit }
            }
            ErrorStatus::JavascriptError => {
                Failure::protocol(command, format!("{NO_SCRIPT}{}", error.message))
            }
            _ if error.message.is_empty() => Failure::protocol(command, &error.error),
            _ => Failure::protocol(command, &error.message),
        },
        CmdError::Failed(_) | CmdError::FailedC(_) | CmdError::Lost(_) => died("the driver"),
        other => Failure::protocol(command, other),
    }
}

/// The browser a guarded driver started, and those of its processes that must live as long as it does.
fn processes(guard: Option<u32>) -> (Option<u32>, Vec<u32>) {
    let children = |process: u32| guard::children(process).into_iter();
    let driver = guard.and_then(|guard| children(guard).next());
    let browser = driver.and_then(|driver| children(driver).next());
    let name = |process: u32| std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    let network = browser.into_iter().flat_map(children).filter(|&process| name(process).trim() == NETWORK);
    (browser, network.collect())
}

/// Waits until the browser that a guarded driver starts has ended; for ever where that cannot be known.
async fn stillborn(guard: Option<u32>) {
    let browser = loop {
        match processes(guard).0 {
            Some(browser) => break browser,
            None => tokio::time::sleep(LOOK).await,
        }
    };
    exited(Some(browser)).await;
}

/// What is added to the environment of the driver, which hands it on to the browser.
fn environment(kit: &Kit) -> Vec<(&'static str, OsString)> {
    let mut environment: Vec<(&'static str, OsString)> = vec![
        // The driver reaches its browser at a port of its own, whatever proxy this machine has.
        ("no_proxy", "127.0.0.1".into()),
        // Neither is needed to load a page, and both start processes or talk to the user's own.
        ("NO_AT_BRIDGE", "1".into()),
        ("DBUS_SESSION_BUS_ADDRESS", "disabled:".into()),
        ("GSETTINGS_BACKEND", "memory".into()),
    ];
    if let Some(display) = &kit.display {
        environment.extend([
            ("DISPLAY", OsString::from(display.name())),
            ("GDK_BACKEND", "x11".into()),
            // Nobody looks: a sixth of what a browser costs (measured 2026-11-21, WebKitGTK 2.50.6).
            ("WEBKIT_DISABLE_COMPOSITING_MODE", "1".into()),
        ]);
    }
    environment
}

/// The capabilities of a session.
fn capabilities(kit: &Kit, gateway: SocketAddr) -> Map<String, Value> {
    let mut arguments = vec![
        "--automation".to_owned(),
        format!("--proxy=socks5://{gateway}"),
        // Going back asks again, as in the other engines under automation: a page that was kept asks for nothing.
        "--enable-page-cache=false".to_owned(),
    ];
    arguments.extend(policy::arguments(kit.options.third_party).iter().map(|&argument| argument.to_owned()));
    let limit = u64::try_from(kit.options.timeout.as_millis()).unwrap_or(u64::MAX);
    let Value::Object(capabilities) = json!({
        "acceptInsecureCerts": true,
        "unhandledPromptBehavior": kit.options.prompts(),
        "timeouts": { "script": limit, "pageLoad": limit, "implicit": 0 },
        "webkitgtk:browserOptions": { "binary": kit.browser, "args": arguments },
    }) else {
        unreachable!("the literal is an object")
    };
    capabilities
}

/// A classic WebDriver command, as it stands.
#[derive(Debug)]
struct Raw {
    method: Method,
    /// What comes after `/session/ID/`.
    path: &'static str,
    body: Option<Value>,
}

impl WebDriverCompatibleCommand for Raw {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (self.method.clone(), self.body.as_ref().map(Value::to_string))
    }
}
