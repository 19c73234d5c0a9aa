//! How many scenarios the model predicts per second and core, TLS included, and whether it keeps memory.
//!
//! `cargo bench --bench model` prints it. Nothing here fails for being slow; the goals are 1,000 scenarios
//! per second and core, and memory that is flat over 10,000.

use std::path::Path;
use std::time::{Duration, Instant};

use rehearsal::browser::model::Model;
use rehearsal::browser_name::{BrowserName, Engine};
use rehearsal::plan::Plan;
use rehearsal::scenario;
use rehearsal::verdict;
use rehearsal::world::{Authority, World, hosts};

/// One page load and two cross-site fetches: the scenario that real browsers are measured with.
const SCENARIO: &str = "scenarios/vercel-django-kong/a3-fixed-where-third-party-cookies-live.toml";

/// How many scenarios one measurement takes.
const SCENARIOS: u32 = 10_000;

fn main() {
    // `cargo test --benches` asks only whether this starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    // One thread: what is measured is one core.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("the system grants a thread").block_on(measure());
}

#[expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
async fn measure() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = scenario::load(&[root.join("scenarios")]).plans;
    let one = scenario::load(&[root.join(SCENARIO)]).plans;
    let authority = Authority::new(library.iter().chain(&one).flat_map(hosts)).expect("an authority");
    let model = Model::new(BrowserName::shipped(Engine::Chromium), &authority);

    let started = Instant::now();
    for plan in &library {
        rehearse(plan, &authority, &model).await;
    }
    println!("the library, cold: {} scenarios in {:.1} ms", library.len(), milliseconds(started.elapsed()));

    println!("one page load and two cross-site fetches, on one core");
    println!("  scenarios   per second   per second of the processor   resident MB");
    let mut done = 0;
    for upto in [SCENARIOS / 10, SCENARIOS / 2, SCENARIOS] {
        let (started, busy, before) = (Instant::now(), processor(), done);
        while done < upto {
            rehearse(&one[0], &authority, &model).await;
            done += 1;
        }
        let rate = |seconds: Duration| f64::from(done - before) / seconds.as_secs_f64();
        let (wall, busy) = (rate(started.elapsed()), rate(processor() - busy));
        println!("  {done:>9}   {wall:>10.0}   {busy:>27.0}   {:>11.1}", resident());
    }

    let busy = processor();
    for _ in 0..1_000 {
        World::start(&one[0], &authority).expect("a world");
    }
    println!("a world alone: {:.3} ms of the processor", milliseconds(processor() - busy) / 1_000.0);
}

async fn rehearse(plan: &Plan, authority: &Authority, model: &Model) {
    let world = World::start(plan, authority).expect("a world");
    let mut agent = model.open(&world);
    let browser = BrowserName::shipped(Engine::Chromium);
    let mut before = Some(Vec::new());
    for step in &plan.steps {
        world.keep_time(&step.action);
        let seen = agent.perform(step).await;
        // After a script nothing more is predicted, and nothing judged.
        if seen.unpredicted.is_some() {
            return;
        }
        let failures = verdict::judge(&step.expected_in(browser), &seen, before.as_deref());
        assert!(failures.is_empty(), "{failures:?}");
        before = seen.jar;
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// How long this thread has had a processor; where the system does not say, how long it has run.
fn processor() -> Duration {
    static STARTED: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told.split_whitespace().next().and_then(|number| number.parse().ok());
    nanoseconds.map_or_else(|| STARTED.elapsed(), Duration::from_nanos)
}

/// Megabytes of memory in use; zero where the system does not say.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}
