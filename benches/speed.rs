//! How fast scenarios run, and how soon the first verdict comes: measured side by side, in one run.
//!
//! `cargo bench` prints a table. Nothing here fails for being slow; the goals stand in the README.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use rehearsal::browser_name::{BrowserName, Engine};
use rehearsal::plan::Plan;
use rehearsal::run::{self, News};
use rehearsal::scenario;
use tokio_util::sync::CancellationToken;

/// One page load and two cross-site fetches: the scenario everything is measured with.
const SCENARIO: &str = "scenarios/vercel-django-kong/a3-fixed-where-third-party-cookies-live.toml";

/// How many scenarios one measurement of throughput runs.
const SCENARIOS: usize = 48;

/// How often a start is measured; the median is shown.
const STARTS: usize = 5;

fn main() {
    // `cargo test --benches` asks only whether this starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join(SCENARIO);
    throughput(&scenario);
    first_verdict(&scenario);
}

#[expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
fn throughput(scenario: &Path) {
    let loaded = scenario::load(&[scenario.to_owned()]);
    let plan: Arc<Plan> = Arc::new(loaded.plans.into_iter().next().expect("the scenario has no mistake"));
    let plans = vec![plan; SCENARIOS];
    println!("scenarios in chromium ({SCENARIOS}, each one page load and two cross-site fetches)");
    println!("  workers   start s   scenarios/s   s/scenario");
    let runtime = tokio::runtime::Runtime::new().expect("the system grants a few threads");
    for jobs in [1, 2, 4] {
        let guard = PathBuf::from(env!("CARGO_BIN_EXE_rehearsal"));
        let browsers = vec![BrowserName::shipped(Engine::Chromium)];
        let options = run::Options { jobs, ..run::Options::new(browsers, guard) };
        let (started, mut first, mut last) = (Instant::now(), None, Instant::now());
        let runs = runtime.block_on(run::run(&plans, &options, &CancellationToken::new(), |news| {
            if let News::Ran(_) = news {
                last = Instant::now();
                first.get_or_insert(last);
            }
        }));
        let runs = runs.expect("an authority can be made");
        assert!(
            runs.iter().all(|run| run.outcome() == rehearsal::outcome::Outcome::Passed),
            "every run passes"
        );
        let first = first.expect("at least one run ended");
        // From the first end to the last: all but the first `jobs` scenarios, without the browser's start.
        let rate = (SCENARIOS - 1) as f64 / (last - first).as_secs_f64();
        println!(
            "  {jobs:>7}   {:>7.2}   {rate:>11.2}   {:>10.3}",
            (first - started).as_secs_f64(),
            1.0 / rate
        );
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
fn first_verdict(scenario: &Path) {
    let failing = failing_copy(scenario);
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        // In turns, so that whatever else the machine does meets both.
        ours.push(command_to_first_verdict(failing.path()));
        bare.push(bare_session());
    }
    let (ours, bare) = (median(ours), median(bare));
    println!("seconds to the first verdict (median of {STARTS})");
    println!("  rehearsal, from the command to the first line of its report   {:.3}", ours.as_secs_f64());
    println!("  bare ChromeDriver session and one page load                   {:.3}", bare.as_secs_f64());
    println!(
        "  ratio                                                         {:.2}",
        ours.as_secs_f64() / bare.as_secs_f64()
    );
}

/// The scenario with a first step that cannot hold, so that a verdict is printed as soon as there is one.
fn failing_copy(scenario: &Path) -> tempfile::TempDir {
    let text = std::fs::read_to_string(scenario).expect("the scenario can be read");
    let first_step = text.find("[[step]]").expect("the scenario has steps");
    let text = format!("{}[[step]]\nvisit = \"web:/\"\nexpect.status = 418\n", &text[..first_step]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(folder.path().join("failing.toml"), text).expect("the copy can be written");
    let part = folder.path().join("_world.toml");
    std::fs::copy(scenario.with_file_name("_world.toml"), part).expect("the part it includes can be copied");
    folder
}

fn command_to_first_verdict(scenario: &Path) -> Duration {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(["run", "--browser", "chromium", "--jobs", "1"])
        .arg(scenario)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("rehearsal can be started");
    let mut first = [0];
    child.stdout.as_mut().expect("stdout is a pipe").read_exact(&mut first).expect("there is a verdict");
    let elapsed = started.elapsed();
    drop(child.wait_with_output());
    elapsed
}

/// What anybody pays who drives Chromium: the driver, a session, and one page.
fn bare_session() -> Duration {
    let runtime = tokio::runtime::Runtime::new().expect("the system grants a few threads");
    runtime.block_on(async {
        let server = page_server().await;
        let profile = tempfile::tempdir().expect("a temporary folder can be made");
        let started = Instant::now();
        let mut driver = tokio::process::Command::new("chromedriver")
            .arg("--port=0")
            .env("TMPDIR", profile.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver is installed");
        let port = driver_port(driver.stdout.take().expect("stdout is a pipe")).await;
        let capabilities = serde_json::json!({"goog:chromeOptions": {
            "args": ["--headless=new", "--disable-gpu", "--no-sandbox", "--no-first-run", "--disable-background-networking"],
        }});
        let capabilities = capabilities.as_object().expect("an object").clone();
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a session");
        client.goto(&server).await.expect("the page loads");
        let elapsed = started.elapsed();
        drop(client.close().await);
        drop(driver.kill().await);
        elapsed
    })
}

/// A page on a free port: the least a page load can cost.
async fn page_server() -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                drop(stream.read(&mut request).await);
                let page = "<!doctype html><title>page</title><link rel=icon href=data:,>";
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    page.len()
                );
                drop(stream.write_all(format!("{head}{page}").as_bytes()).await);
            });
        }
    });
    format!("http://{address}/")
}

async fn driver_port(stdout: tokio::process::ChildStdout) -> u16 {
    use tokio::io::{AsyncBufReadExt, BufReader};
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some((_, port)) = line.split_once("successfully on port ") {
            return port.trim_end_matches('.').parse().expect("a port");
        }
    }
    panic!("chromedriver names no port")
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations[durations.len() / 2]
}
