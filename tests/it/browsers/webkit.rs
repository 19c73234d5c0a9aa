//! WebKit: every action, its jar, its policies, and whatever happens to its processes.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "tests talk to people")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::browsing::{eval, eventually, fetch, names, step, visit};
use crate::support::*;
use rehearsal::browser::options::{LaunchOptions, TIMEOUT};
use rehearsal::browser::real::Worker;
use rehearsal::browser::webkit::Webkit;
use rehearsal::browser::{Failure, driver};
use rehearsal::browser_name::ThirdParty;
use rehearsal::observe::Observation;
use rehearsal::plan::{Action, Body, Cors, Form, Plan, Route, SameSite, Xhr};
use rehearsal::world::{Authority, World, hosts};
use rustix::process::{Pid, Signal, kill_process};

const WEB: &str = "https://web.example.com";
const API: &str = "https://api.example.com";
const OTHER: &str = "https://other.example.org";

/// How soon a death must be noticed: long before any limit, on a busy machine too.
const NOTICED: Duration = Duration::from_secs(15);

/// Whether WebKit is installed. Says so aloud where it is not, and fails there under `CI`.
fn installed() -> bool {
    let programs = [driver::MINIBROWSER, driver::WEBKIT_DRIVER, driver::XVFB];
    let Some(missing) = programs.iter().find_map(|program| program.find().err()) else { return true };
    let hint = missing.hint().unwrap_or_default().to_owned();
    assert!(std::env::var_os("CI").is_none(), "{missing}: {hint}");
    eprintln!("NOT TESTED: {missing}: {hint}");
    false
}

/// WebKit with one worker, in the world of a plan.
struct Rig {
    webkit: Webkit,
    authority: Authority,
    world: World,
    worker: Worker,
}

impl Rig {
    async fn new(plan: &Plan, third_party: ThirdParty) -> Self {
        Self::limited(plan, third_party, TIMEOUT).await
    }

    async fn limited(plan: &Plan, third_party: ThirdParty, timeout: Duration) -> Self {
        let authority = Authority::new(hosts(plan)).expect("an authority");
        let options = LaunchOptions {
            third_party,
            headed: false,
            by_hand: false,
            ca: authority.der().to_owned(),
            ca_spki: authority.spki_sha256(),
            guard: PathBuf::from(env!("CARGO_BIN_EXE_rehearsal")),
            timeout,
            remote: None,
        };
        let webkit = Webkit::launch(options).await.expect("webkit starts");
        let world = World::start(plan, &authority).expect("a world");
        let mut worker = webkit.worker().await.expect("a worker");
        worker.enter(&world).await.expect("the worker enters");
        Self { webkit, authority, world, worker }
    }

    async fn act(&mut self, action: Action) -> Observation {
        self.worker.perform(&step(action)).await.expect("the browser does not fail")
    }

    async fn next(&mut self, plan: &Plan) {
        self.worker.reset().await.expect("a reset");
        self.world = World::start(plan, &self.authority).expect("a world");
        self.worker.enter(&self.world).await.expect("the worker enters");
    }

    /// Ends everything, and asserts that nothing is left.
    async fn close(self) {
        let folder = self.worker.folder().expect("a folder").to_owned();
        let family = family(self.webkit.display_process().expect("a display"));
        self.worker.close().await;
        assert!(!folder.exists(), "{} is left", folder.display());
        self.webkit.close().await;
        assert!(family.iter().all(|&process| !is_alive(process)), "the display is left");
    }
}

fn cors() -> Cors {
    Cors {
        allow_origins: vec![WEB.to_owned()],
        allow_credentials: true,
        allow_methods: vec!["GET".to_owned(), "POST".to_owned()],
        ..Cors::default()
    }
}

fn setting(at: &str, lines: &[&str]) -> Route {
    Route { set_cookie: lines.iter().map(|&line| line.to_owned()).collect(), ..route(at) }
}

fn plain() -> Plan {
    plan([page("web", WEB)])
}

fn services() -> Plan {
    let lines = [
        "deep=1; Path=/api/v1; Secure; HttpOnly; SameSite=Lax",
        "wide=1; Domain=example.com; Path=/",
        "unset=1; Path=/",
        "never=1; Path=/a b",
        "late=1; Path=/; Expires=Wed, 01 Jan 2098 00:00:00 GMT; SameSite=Strict",
    ];
    let api = [
        setting("POST /login", &lines),
        setting("GET /logout", &["deep=; Path=/api/v1; Max-Age=0"]),
        Route { body: Body::Text("me".to_owned()), ..route("GET /me") },
        Route { status: 302, body: Body::Redirect(format!("{API}/me")), ..route("GET /hop") },
        Route { status: 204, body: Body::Empty, ..route("GET /none") },
    ];
    let other = [setting("GET /set", &["third=1; SameSite=None; Secure"]), route("GET /get")];
    plan([
        page("web", WEB),
        with_cors(mock("api", API, api), cors()),
        with_cors(mock("other", OTHER, other), cors()),
    ])
}

fn url(url: &str) -> url::Url {
    url.parse().expect("a URL")
}

fn requests(seen: &Observation) -> Vec<String> {
    let requests = seen.exchanges.iter().map(|exchange| &exchange.wire);
    requests.map(|wire| format!("{} {}", wire.method, wire.url)).collect()
}

fn address(seen: &Observation) -> &str {
    seen.page.url.as_ref().map_or("", url::Url::as_str)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_is_done_and_seen_to_its_end() {
    if !installed() {
        return;
    }
    let mut rig = Rig::new(&services(), ThirdParty::Blocked).await;
    let seen = rig.act(visit(&format!("{WEB}/"))).await;
    assert_eq!((requests(&seen), seen.page.status), (vec![format!("GET {WEB}/")], Some(200)));
    let seen = rig.act(fetch("GET", &format!("{API}/hop"))).await;
    assert_eq!(requests(&seen), [format!("GET {API}/hop"), format!("GET {API}/me")]);
    assert_eq!((seen.page.status, seen.page.body.as_deref()), (Some(200), Some("me")));
    let xhr = Xhr {
        url: url(&format!("{API}/me")),
        method: "GET".to_owned(),
        with_credentials: true,
        headers: vec![("x-tenant".to_owned(), "t".to_owned())],
        body: None,
    };
    let seen = rig.act(Action::Xhr(xhr)).await;
    assert_eq!(requests(&seen), [format!("OPTIONS {API}/me")], "the header is not allowed");
    assert_eq!((seen.page.readable, seen.page.cors.len()), (Some(false), 0), "and WebKit does not say why");
    let seen = rig.act(Action::Image(url(&format!("{OTHER}/get")))).await;
    assert_eq!((requests(&seen), seen.page.status), (vec![format!("GET {OTHER}/get")], Some(200)));
    for path in ["/get", "/none"] {
        let frame = if path == "/none" { API } else { OTHER };
        let seen = rig.act(Action::Iframe(url(&format!("{frame}{path}")))).await;
        assert_eq!(requests(&seen), [format!("GET {frame}{path}")]);
    }
    let seen = rig.act(Action::DocumentCookie { write: Some("mine=1; Path=/".to_owned()) }).await;
    assert_eq!(seen.page.document_cookie.as_deref(), Some("mine=1"));
    assert_eq!(seen.written.and_then(|line| line.stored), Some(true));
    let seen = rig.act(eval("const two = 1 + 1; await null; return { two }")).await;
    assert_eq!(seen.page.body.as_deref(), Some(r#"{"two":2}"#), "what is returned, awaited");
    let seen = rig.act(eval("throw new Error('no')")).await;
    assert_eq!(seen.page.error.as_deref(), Some("Error: no"));
    let seen = rig.act(Action::Reload).await;
    assert_eq!(requests(&seen), [format!("GET {WEB}/")]);
    let form = Form {
        url: url(&format!("{WEB}/form")),
        method: "POST".to_owned(),
        fields: vec![("submit".to_owned(), "1".to_owned())],
    };
    let seen = rig.act(Action::Form(form)).await;
    assert_eq!(requests(&seen), [format!("POST {WEB}/form")]);
    let seen = rig.act(Action::Link(url(&format!("{API}/hop")))).await;
    assert_eq!((address(&seen), seen.page.status), (&*format!("{API}/me"), Some(200)));
    let seen = rig.act(visit("https://nowhere.example/")).await;
    assert_eq!(seen.refused, ["nowhere.example:443"]);
    assert_eq!(address(&seen), "https://nowhere.example/");
    assert!(seen.page.error.is_some(), "the browser's messages: {:?}", seen.page);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_jar_is_read_and_no_reading_is_on_the_record() {
    if !installed() {
        return;
    }
    let mut rig = Rig::new(&services(), ThirdParty::Blocked).await;
    rig.act(visit(&format!("{WEB}/"))).await;
    let seen = rig.act(fetch("POST", &format!("{API}/login"))).await;
    assert_eq!(requests(&seen), [format!("POST {API}/login")]);
    assert_eq!(names(&seen), ["deep", "late", "unset", "wide"]);
    let jar = seen.jar.as_deref().unwrap_or_default();
    let cookie = |name: &str| jar.iter().find(|cookie| cookie.name == name).expect("the cookie is there");
    let deep = cookie("deep");
    assert!(deep.http_only && deep.secure && deep.host_only && deep.path == "/api/v1");
    assert_eq!((deep.same_site, deep.expires), (SameSite::Lax, None));
    let wide = cookie("wide");
    assert_eq!((wide.domain.as_str(), wide.host_only), ("example.com", false));
    assert_eq!(cookie("unset").same_site, SameSite::None, "what it is treated as");
    assert_eq!(cookie("late").expires, Some(4_039_372_800), "though the driver tells 32 bits of it");
    assert_eq!(seen.unseen, ["/a b"], "a path that no address has hides a cookie");
    let stored: Vec<_> = seen.exchanges[0].set_cookie.iter().map(|line| line.stored).collect();
    assert_eq!(stored, [Some(true), Some(true), Some(true), None, Some(true)]);
    let seen = rig.act(Action::Link(url(&format!("{API}/logout")))).await;
    assert_eq!(names(&seen), ["late", "unset", "wide"], "what a later line removes is gone");
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn third_parties_are_blocked_as_shipped_and_allowed_where_asked() {
    if !installed() {
        return;
    }
    for (policy, allowed) in [(ThirdParty::Blocked, false), (ThirdParty::Allowed, true)] {
        let mut rig = Rig::new(&services(), policy).await;
        assert_eq!(rig.webkit.third_party(), policy);
        rig.act(visit(&format!("{WEB}/"))).await;
        let seen = rig.act(fetch("GET", &format!("{OTHER}/set"))).await;
        assert_eq!(seen.exchanges[0].set_cookie[0].stored, Some(allowed), "{policy:?}");
        assert_eq!(names(&seen).len(), usize::from(allowed), "{policy:?}");
        let seen = rig.act(fetch("GET", &format!("{OTHER}/get"))).await;
        assert_eq!(seen.exchanges[0].sent.len(), usize::from(allowed), "{policy:?}");
        rig.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_scenario_finds_nothing_of_the_last() {
    if !installed() {
        return;
    }
    let mut rig = Rig::new(&services(), ThirdParty::Blocked).await;
    rig.act(visit(&format!("{WEB}/"))).await;
    rig.act(fetch("POST", &format!("{API}/login"))).await;
    rig.act(eval("localStorage.a = 1; name = 'a'")).await;
    rig.next(&services()).await;
    let seen = rig.act(visit(&format!("{WEB}/"))).await;
    assert_eq!((seen.exchanges[0].sent.len(), seen.jar), (0, Some(Vec::new())));
    let seen = rig.act(eval("[localStorage.length, name]")).await;
    assert_eq!(seen.page.body.as_deref(), Some(r#"[0,""]"#));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_it_is_noticed_and_the_next_worker_goes_on() {
    if !installed() {
        return;
    }
    let mut rig = Rig::new(&plain(), ThirdParty::Blocked).await;
    for who in ["MiniBrowser", "WebKitNetworkPr", "WebKitWebProces", "WebKitWebDriver"] {
        rig.act(visit(&format!("{WEB}/"))).await;
        let folder = rig.worker.folder().expect("a folder").to_owned();
        let family = family(guard_of(&folder));
        let victims: Vec<u32> = family.iter().copied().filter(|&process| name(process) == who).collect();
        assert!(!victims.is_empty(), "there is a {who}");
        let failure = interrupted(&mut rig, || victims.iter().for_each(|&id| signal(id, Signal::KILL))).await;
        assert!(matches!(failure, Failure::Died { .. }), "{who}: {failure}");
        assert!(rig.webkit.is_alive(), "{who}: the display is still there");
        let fresh = rig.webkit.worker().await.expect("another worker");
        std::mem::replace(&mut rig.worker, fresh).close().await;
        all_gone(&family, &folder).await;
        rig.worker.enter(&rig.world).await.expect("it enters");
    }
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_display_is_the_end_of_the_browser() {
    if !installed() {
        return;
    }
    let mut rig = Rig::new(&plain(), ThirdParty::Blocked).await;
    rig.act(visit(&format!("{WEB}/"))).await;
    let folder = rig.worker.folder().expect("a folder").to_owned();
    let display = family(rig.webkit.display_process().expect("a display"));
    let server = display.iter().copied().find(|&process| name(process) == "Xvfb").expect("an Xvfb");
    let browser = family(guard_of(&folder));
    let failure = interrupted(&mut rig, || signal(server, Signal::KILL)).await;
    assert!(matches!(failure, Failure::Died { .. }), "{failure}");
    eventually("no worker can be had", || !display.iter().any(|&process| is_alive(process))).await;
    assert!(rig.webkit.worker().await.is_err());
    assert!(!rig.webkit.is_alive());
    rig.worker.close().await;
    rig.webkit.close().await;
    all_gone(&browser, &folder).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_browser_is_a_failure_in_time() {
    if !installed() {
        return;
    }
    let limit = Duration::from_secs(10);
    let mut rig = Rig::limited(&plain(), ThirdParty::Blocked, limit).await;
    rig.act(visit(&format!("{WEB}/"))).await;
    let process = rig.worker.process().expect("the browser's process");
    let started = Instant::now();
    let failure = interrupted(&mut rig, || signal(process, Signal::STOP)).await;
    assert!(matches!(failure, Failure::TimedOut { .. } | Failure::Died { .. }), "{failure}");
    assert!(started.elapsed() < limit + NOTICED, "noticed after {:?}", started.elapsed());
    rig.close().await;
}

/// Starts a step that never ends, does something, and returns the failure it ended with.
/// A driver that finds its port taken the first time it is started, as it does where somebody was quicker.
#[test]
fn a_driver_whose_port_is_taken_is_given_another() {
    if !installed() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (once, driver) = (folder.path().join("once"), folder.path().join("driver"));
    let real = driver::WEBKIT_DRIVER.find().expect("it is installed");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let script = format!(
        "#!/bin/sh\nif mkdir '{}'; then exec '{}' --port={}; fi\nexec '{}' \"$@\"\n",
        once.display(),
        real.display(),
        taken.local_addr().expect("an address").port(),
        real.display(),
    );
    std::fs::write(&driver, script).expect("the script can be written");
    std::fs::set_permissions(&driver, std::fs::Permissions::from_mode(0o700)).expect("it is ours");
    let scenario = folder.path().join("one.toml");
    std::fs::write(
        &scenario,
        "title = \"one\"\n[origins.a]\nurl = \"https://a.example\"\n[[step]]\nvisit = \"a:/\"\nexpect.status = 200\n",
    )
    .expect("the scenario can be written");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(["run", "--browser", "webkit"])
        .arg(&scenario)
        .env("REHEARSAL_WEBKIT_DRIVER", &driver)
        .output()
        .expect("rehearsal can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(once.exists(), "the port was taken once");
}

async fn interrupted(rig: &mut Rig, disturb: impl FnOnce()) -> Failure {
    let never = step(eval("new Promise(() => {})"));
    let (seen, ()) = tokio::join!(rig.worker.perform(&never), async { disturb() });
    seen.expect_err("the step cannot succeed")
}

fn signal(process: u32, signal: Signal) {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("the process is there");
}

/// What a process is called: the first 15 bytes of it.
fn name(process: u32) -> String {
    std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default().trim().to_owned()
}

/// Every process, with its parent.
fn processes() -> Vec<(u32, u32)> {
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    entries
        .filter_map(|entry| {
            let id: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((id, stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?))
        })
        .collect()
}

/// The guard that owns a folder.
fn guard_of(folder: &Path) -> u32 {
    let wanted = folder.display().to_string();
    let line = |process: u32| std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let has = |process: u32| {
        String::from_utf8_lossy(&line(process)).split('\0').skip(1).take(2).eq(["guard", &wanted])
    };
    processes().into_iter().find(|&(process, _)| has(process)).expect("a guard").0
}

/// A process and all below it.
fn family(root: u32) -> Vec<u32> {
    let all = processes();
    let mut family = vec![root];
    let mut next = 0;
    while next < family.len() {
        family.extend(all.iter().filter(|one| one.1 == family[next]).map(|one| one.0).collect::<Vec<_>>());
        next += 1;
    }
    family
}

/// Asserts that all of these processes and the folder go away.
async fn all_gone(family: &[u32], folder: &Path) {
    eventually("every process is gone", || !family.iter().any(|&process| is_alive(process))).await;
    eventually("the folder is gone", || !folder.exists()).await;
}

/// Whether a process is there and no zombie that waits for someone else to reap it.
fn is_alive(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

/// Whether a display greets a client that comes alone and leaves at once (X Window System Protocol, section 8).
fn greets(display: &str) -> bool {
    use std::io::{Read, Write};
    /// Little-endian, protocol 11.0, no authorization, and padding.
    const HELLO: [u8; 12] = [b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const SUCCESS: u8 = 1;
    let socket = format!("/tmp/.X11-unix/X{}", display.trim_start_matches(':'));
    let Ok(mut client) = std::os::unix::net::UnixStream::connect(socket) else { return false };
    let mut answer = [0; 8];
    client.write_all(&HELLO).and_then(|()| client.read_exact(&mut answer)).is_ok() && answer[0] == SUCCESS
}

/// Between two scenarios the display has no client, and then the next browser comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_display_turns_nobody_away_when_its_last_client_has_just_left() {
    if !installed() {
        return;
    }
    let rig = Rig::new(&plan([page("web", WEB)]), ThirdParty::Blocked).await;
    rig.worker.close().await;
    let display = rig.webkit.display_name().expect("a display of our own").to_owned();
    let turned_away =
        tokio::task::spawn_blocking(move || (0..1_000).filter(|_| !greets(&display)).count()).await;
    assert_eq!(turned_away.expect("no panic"), 0);
    rig.webkit.close().await;
}
