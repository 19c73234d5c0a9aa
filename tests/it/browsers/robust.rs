//! Whatever happens to a browser, its driver or us: a failure in time, and nothing left behind.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "tests talk to people")]

use std::path::{Path, PathBuf};

use std::time::{Duration, Instant};

use crate::browsing::*;
use crate::support::*;
use rehearsal::browser::Failure;
use rehearsal::browser::options::LaunchOptions;
use rehearsal::browser_name::{Engine, ThirdParty};
use rehearsal::plan::Plan;
use rehearsal::world::{Authority, hosts};
use rustix::process::{Pid, Signal, kill_process};

/// How soon a death must be noticed: long before any limit, on a busy machine too.
const NOTICED: Duration = Duration::from_secs(15);

/// The limit of a browser whose limit is to be waited out. It has to be enough for its start.
const LIMIT: Duration = Duration::from_secs(12);

const WEB: &str = "https://web.example.com";

fn one_page() -> Plan {
    plan([page("web", WEB)])
}

fn signal(process: u32, signal: Signal) {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("the process is there");
}

/// Parent and command line of every process.
fn processes() -> Vec<(u32, u32, String)> {
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    entries
        .filter_map(|entry| {
            let id: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            Some((id, parent, String::from_utf8_lossy(&line).replace('\0', " ")))
        })
        .collect()
}

/// The guard that owns a folder.
fn guard_of(folder: &Path) -> u32 {
    let wanted = format!("guard {}", folder.display());
    let found = processes().into_iter().find(|(_, _, line)| line.contains(&wanted));
    found.expect("a guard").0
}

/// A process and all below it.
fn family(root: u32) -> Vec<u32> {
    let all = processes();
    let mut family = vec![root];
    let mut next = 0;
    while next < family.len() {
        let parent = family[next];
        family.extend(all.iter().filter(|one| one.1 == parent).map(|one| one.0));
        next += 1;
    }
    family
}

/// Asserts that all of these processes and the folder go away.
async fn all_gone(family: &[u32], folder: &Path) {
    eventually("every process is gone", || {
        let left: Vec<_> = family.iter().filter(|id| is_alive(**id)).collect();
        left.is_empty()
    })
    .await;
    eventually("the folder is gone", || !folder.exists()).await;
}

/// Whether a process is there and no zombie that waits for someone else to reap it.
fn is_alive(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

/// Starts a step that never ends, does something, and returns the failure it ended with, and after how long.
async fn interrupted(rig: &mut Rig, disturb: impl FnOnce()) -> (Failure, Duration) {
    rig.act(visit(&format!("{WEB}/"))).await;
    let never = step(eval("new Promise(() => {})"));
    let started = Instant::now();
    let (seen, ()) = tokio::join!(rig.worker.perform(&never), async { disturb() });
    (seen.expect_err("the step cannot succeed"), started.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_browser_is_noticed_and_leaves_nothing() {
    for engine in engines() {
        let mut rig = Rig::of(engine, &one_page(), ThirdParty::Allowed).await;
        let folder = rig.browser.folder().to_owned();
        let family = family(guard_of(&folder));
        assert!(family.len() > 4, "a guard, a driver and a browser of several processes: {family:?}");
        let process = rig.browser.process().expect("the browser's process");
        let (failure, after) = interrupted(&mut rig, || signal(process, Signal::KILL)).await;
        assert!(matches!(failure, Failure::Died { .. }), "{failure}");
        assert!(after < NOTICED, "noticed after {after:?}");
        assert!(!rig.browser.is_alive());
        let again = rig.try_act(visit(&format!("{WEB}/"))).await.expect_err("nobody is there");
        assert!(matches!(again, Failure::Died { .. }), "{again}");
        rig.browser.close().await;
        all_gone(&family, &folder).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_driver_is_noticed_and_leaves_nothing() {
    for engine in engines() {
        let mut rig = Rig::of(engine, &one_page(), ThirdParty::Allowed).await;
        let folder = rig.browser.folder().to_owned();
        let family = family(guard_of(&folder));
        let driver = family[1];
        let (failure, after) = interrupted(&mut rig, || signal(driver, Signal::KILL)).await;
        assert!(matches!(failure, Failure::Died { .. }), "{failure}");
        assert!(after < NOTICED, "noticed after {after:?}");
        // Nobody closes anything: the guard ends the browser because the driver is gone.
        all_gone(&family, &folder).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_browser_is_a_failure_in_time_and_leaves_nothing() {
    for engine in engines() {
        let mut rig = limited(engine).await;

        let folder = rig.browser.folder().to_owned();
        let family = family(guard_of(&folder));
        let process = rig.browser.process().expect("the browser's process");
        let (failure, after) = interrupted(&mut rig, || signal(process, Signal::STOP)).await;
        assert!(matches!(failure, Failure::TimedOut { .. }), "{failure}");
        assert!(after < LIMIT + NOTICED, "noticed after {after:?}");
        assert!(!rig.browser.is_alive(), "a browser that answers nothing is given up");
        let started = Instant::now();
        rig.worker.close().await;
        rig.browser.close().await;
        assert!(started.elapsed() < NOTICED, "closed after {:?}", started.elapsed());
        all_gone(&family, &folder).await;
    }
}

/// The processes of a browser that show pages, and how much processor time each has used.
fn renderers(guard: u32) -> Vec<(u32, u64)> {
    let family = family(guard);
    let all = processes().into_iter().filter(|(id, ..)| family.contains(id));
    all.filter(|(_, _, line)| line.contains("--type=renderer"))
        .map(|(id, ..)| (id, processor_time(id)))
        .collect()
}

fn processor_time(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_whitespace().nth(11).and_then(|ticks| ticks.parse().ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_page_is_noticed() {
    if !installed() {
        return;
    }
    let engine = Engine::Chromium;
    let mut rig = Rig::of(engine, &one_page(), ThirdParty::Allowed).await;
    let guard = guard_of(rig.browser.folder());
    rig.act(visit(&format!("{WEB}/"))).await;
    // The page's process is the one that works.
    let busy = step(eval("for (;;) {}"));
    let before = renderers(guard);
    let killing = async {
        let used = |id| before.iter().find(|one| one.0 == id).map_or(0, |one| one.1);
        let worked = || {
            let mut all: Vec<(u64, u32)> =
                renderers(guard).into_iter().map(|(id, time)| (time - used(id), id)).collect();
            all.sort_unstable();
            all
        };
        // Half a second of the processor's time, in the kernel's ticks, and thrice what any other has used: the browser's
        // own pages have something to do at the start too.
        let busy = || match worked().as_slice() {
            [.., (second, _), (most, id)] => Some(*id).filter(|_| *most > 50 && most / 3 > *second),
            _ => None,
        };
        eventually("the page is busy", || busy().is_some()).await;
        signal(worked().last().expect("a page has a process").1, Signal::KILL);
        Instant::now()
    };
    let (seen, killed) = tokio::join!(rig.worker.perform(&busy), killing);
    let failure = seen.expect_err("the page is gone");
    assert!(matches!(failure, Failure::Died { .. }), "{failure}");
    assert!(killed.elapsed() < NOTICED, "noticed after {:?}", killed.elapsed());
    assert!(rig.browser.is_alive(), "a page is not the browser");
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_without_its_page_processes_is_a_failure_in_time() {
    if !installed() {
        return;
    }
    let engine = Engine::Chromium;
    let mut rig = limited(engine).await;
    let folder = rig.browser.folder().to_owned();
    let guard = guard_of(&folder);
    let family = family(guard);
    let started = Instant::now();
    let (failure, _) = interrupted(&mut rig, || {
        renderers(guard).into_iter().for_each(|(id, _)| signal(id, Signal::KILL));
    })
    .await;
    assert!(matches!(failure, Failure::Died { .. } | Failure::TimedOut { .. }), "{failure}");
    assert!(started.elapsed() < LIMIT + NOTICED);
    rig.worker.close().await;
    rig.browser.close().await;
    all_gone(&family, &folder).await;
}

/// A browser of which everything is expected within [`LIMIT`].
async fn limited(engine: Engine) -> Rig {
    let plan = one_page();
    let authority = Authority::new(hosts(&plan)).expect("an authority");
    let options = LaunchOptions { timeout: LIMIT, ..options(&authority, ThirdParty::Allowed) };
    Rig::with(engine, &plan, authority, options).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_never_answers_is_a_failure_and_the_browser_lives_on() {
    for engine in engines() {
        let mut rig = limited(engine).await;
        let (failure, _) = interrupted(&mut rig, || ()).await;
        assert!(matches!(failure, Failure::TimedOut { .. }), "{failure}");
        assert!(rig.browser.is_alive());
        rig.worker = rig.browser.worker().await.expect("another worker");
        rig.worker.enter(&rig.world).await.expect("the worker enters");
        assert_eq!(rig.act(visit(&format!("{WEB}/"))).await.page.status, Some(200));
        rig.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_is_no_driver_is_a_failure_with_its_last_words() {
    let guard = PathBuf::from(env!("CARGO_BIN_EXE_rehearsal"));
    let limit = Duration::from_secs(5);
    let started =
        rehearsal::browser::driver::Driver::chromedriver(&guard, Path::new("/bin/echo"), limit).await;
    match started.expect_err("echo is no driver") {
        Failure::NotStarted { program, last_words, .. } => {
            assert_eq!(program, "echo");
            let [words] = last_words.as_slice() else { panic!("{last_words:?}") };
            let port = words.strip_prefix("--port=").and_then(|rest| rest.split(' ').next());
            assert!(
                port.is_some_and(|port| port.parse().is_ok_and(|port: u16| (20_000..32_000).contains(&port))),
                "{words}"
            );
        }
        other => panic!("{other}"),
    }
    let started =
        rehearsal::browser::driver::Driver::chromedriver(&guard, Path::new("/no/driver"), limit).await;
    let failure = started.expect_err("there is no such program").to_string();
    assert!(failure.contains("/no/driver cannot be started"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_browser_leaves_nothing() {
    for engine in engines() {
        let rig = Rig::of(engine, &one_page(), ThirdParty::Allowed).await;
        let folder = rig.browser.folder().to_owned();
        let family = family(guard_of(&folder));
        drop(rig);
        all_gone(&family, &folder).await;
    }
}
