//! Browsers for tests: launched where they are installed, said aloud where they are not.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::print_stderr,
    reason = "each test file uses a part of it; tests talk to people"
)]

use std::path::PathBuf;
use std::time::Duration;

use rehearsal::browser::options::{LaunchOptions, TIMEOUT};
use rehearsal::browser::real::{Browser, Worker};
use rehearsal::browser::{Failure, install};
use rehearsal::browser_name::{Engine, ThirdParty};
use rehearsal::observe::{Cookie, Observation};
use rehearsal::plan::{Action, Credentials, Expect, Fetch, FetchOptions, Plan, Step};
use rehearsal::world::{Authority, World, hosts};

/// Whether Chromium is installed. Says so aloud where it is not, and fails there under `CI`.
pub fn installed() -> bool {
    is_there(Engine::Chromium)
}

/// The engines with a jar and tabs for many workers that are installed; WebKit, a browser for each scenario,
/// has tests of its own. Says aloud which are not, and fails for them under `CI`.
pub fn engines() -> impl Iterator<Item = Engine> {
    [Engine::Chromium, Engine::Firefox].into_iter().filter(|engine| is_there(*engine))
}

fn is_there(engine: Engine) -> bool {
    let Some(hint) = install::missing_hint(engine) else { return true };
    let name = engine.as_str();
    assert!(std::env::var_os("CI").is_none(), "{name} is not installed: {hint}");
    eprintln!("NOT TESTED: {name} is not installed: {hint}");
    false
}

/// How tests launch a browser.
pub fn options(authority: &Authority, third_party: ThirdParty) -> LaunchOptions {
    LaunchOptions {
        third_party,
        headed: false,
        by_hand: false,
        ca: authority.der().to_owned(),
        ca_spki: authority.spki_sha256(),
        guard: PathBuf::from(env!("CARGO_BIN_EXE_rehearsal")),
        timeout: TIMEOUT,
        remote: None,
    }
}

/// A browser with one worker, in the world of a plan.
pub struct Rig {
    pub engine: Engine,
    pub browser: Browser,
    pub authority: Authority,
    pub world: World,
    pub worker: Worker,
}

impl Rig {
    /// Chromium.
    pub async fn new(plan: &Plan, third_party: ThirdParty) -> Self {
        Self::of(Engine::Chromium, plan, third_party).await
    }

    pub async fn of(engine: Engine, plan: &Plan, third_party: ThirdParty) -> Self {
        let authority = Authority::new(hosts(plan)).expect("an authority");
        let options = options(&authority, third_party);
        Self::with(engine, plan, authority, options).await
    }

    pub async fn with(engine: Engine, plan: &Plan, authority: Authority, options: LaunchOptions) -> Self {
        let browser = Browser::launch(engine, options).await.expect("the browser starts");
        let world = World::start(plan, &authority).expect("a world");
        let mut worker = browser.worker().await.expect("a worker");
        worker.enter(&world).await.expect("the worker enters");
        Self { engine, browser, authority, world, worker }
    }

    /// Performs an action and returns what was seen.
    pub async fn act(&mut self, action: Action) -> Observation {
        self.try_act(action).await.expect("the browser does not fail")
    }

    pub async fn try_act(&mut self, action: Action) -> Result<Observation, Failure> {
        self.worker.perform(&step(action)).await
    }

    /// Resets the worker and enters a fresh world of a plan.
    pub async fn next(&mut self, plan: &Plan) {
        self.worker.reset().await.expect("a reset");
        self.world = World::start(plan, &self.authority).expect("a world");
        self.worker.enter(&self.world).await.expect("the worker enters");
    }

    /// Ends everything, and asserts that nothing is left.
    pub async fn close(self) {
        let (folder, process) = (self.browser.folder().to_owned(), self.browser.process());
        self.browser.close().await;
        assert!(!folder.exists(), "{} is left", folder.display());
        let process = process.expect("the driver tells the browser's process");
        assert!(!runs(process), "the browser is left");
    }
}

/// Whether a process is there.
pub fn runs(process: u32) -> bool {
    PathBuf::from(format!("/proc/{process}")).exists()
}

/// Waits until a condition holds, and fails where it does not in time.
pub async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(15);
    while !condition() {
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A step that expects nothing.
pub fn step(action: Action) -> Step {
    Step { action, span: 0..0, inside: None, expect: Expect::default(), on: Vec::new() }
}

pub fn visit(url: &str) -> Action {
    Action::Visit(url.parse().expect("a URL"))
}

/// A `fetch()` with credentials.
pub fn fetch(method: &str, url: &str) -> Action {
    Action::Fetch(Fetch {
        url: url.parse().expect("a URL"),
        method: method.to_owned(),
        credentials: Credentials::Include,
        headers: Vec::new(),
        body: None,
        options: FetchOptions::default(),
    })
}

pub fn eval(script: &str) -> Action {
    Action::Eval(script.to_owned())
}

/// The names in a jar, in order.
pub fn names(seen: &Observation) -> Vec<&str> {
    let mut names: Vec<_> = jar(seen).iter().map(|cookie| cookie.name.as_str()).collect();
    names.sort_unstable();
    names
}

pub fn jar(seen: &Observation) -> &[Cookie] {
    seen.jar.as_deref().expect("the browser shows its jar")
}
