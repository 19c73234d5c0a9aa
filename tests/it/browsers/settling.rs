//! A step is over when what it began is: what the page's own scripts ask for because of it belongs to it.

use std::time::Instant;

use rehearsal::browser::install;
use rehearsal::browser::real::{Browser, Worker};
use rehearsal::browser_name::{Engine, ThirdParty};
use rehearsal::observe::Observation;
use rehearsal::plan::{Action, Body, Cors, Plan, Route};
use rehearsal::world::{Authority, World, hosts};

use crate::browsing::{eval, options, step, visit};
use crate::support::*;

const WEB: &str = "https://web.example.com";
const API: &str = "https://api.example.com";

/// The handler awaits two calls, and reads the body of the second alone.
const PAGE: &str = "<!doctype html><button id=login>in</button><script>
    const took = [];
    document.querySelector('#login').onclick = async () => {
        const began = performance.now();
        const headers = { 'content-type': 'application/json' };
        await fetch('https://api.example.com/login', { method: 'POST', credentials: 'include', headers, body: '{}' });
        const me = await fetch('https://api.example.com/me', { credentials: 'include' });
        document.title = await me.text();
        took.push(performance.now() - began);
    };
</script>";

fn world() -> Plan {
    let html = Route { body: Body::Html(PAGE.to_owned()), ..route("GET /") };
    let login = Route {
        set_cookie: vec!["sid=1; Path=/; Secure; HttpOnly; SameSite=Lax".to_owned()],
        ..route("POST /login")
    };
    let cors = Cors {
        allow_origins: vec![WEB.to_owned()],
        allow_credentials: true,
        allow_headers: vec!["content-type".to_owned()],
        ..Cors::default()
    };
    plan([
        mock("web", WEB, [html, route("GET /late")]),
        with_cors(mock("api", API, [login, route("GET /me")]), cors),
    ])
}

/// Each engine that is installed, with a worker in this world.
async fn each(test: impl AsyncFn(Engine, &mut Worker)) {
    for engine in [Engine::Chromium, Engine::Firefox, Engine::Webkit] {
        if let Some(hint) = install::missing_hint(engine) {
            assert!(std::env::var_os("CI").is_none(), "{}: {hint}", engine.as_str());
            continue;
        }
        let plan = world();
        let authority = Authority::new(hosts(&plan)).expect("an authority");
        let policy = if engine == Engine::Webkit { ThirdParty::Blocked } else { ThirdParty::Allowed };
        let browser = Browser::launch(engine, options(&authority, policy)).await.expect("it starts");
        let world = World::start(&plan, &authority).expect("a world");
        let mut worker = browser.worker().await.expect("a worker");
        worker.enter(&world).await.expect("the worker enters");
        test(engine, &mut worker).await;
        worker.close().await;
        browser.close().await;
    }
}

/// What was asked for, preflights aside: an engine may remember what one allowed.
fn requests(seen: &Observation) -> Vec<String> {
    seen.requests().map(|one| format!("{} {}", one.wire.method, one.wire.url)).collect()
}

/// Clicks twenty times, and each click has both calls. Returns how much longer than its handler each took, in
/// milliseconds, the shortest first.
async fn clicks(engine: Engine, worker: &mut Worker) -> Vec<f64> {
    let seen = worker.perform(&step(visit(&format!("{WEB}/")))).await.expect("a page");
    assert_eq!(requests(&seen), [format!("GET {WEB}/")]);
    let mut waited = Vec::new();
    for round in 0..20 {
        let began = Instant::now();
        let seen = worker.perform(&step(Action::Click("#login".to_owned()))).await.expect("a click");
        waited.push(began.elapsed().as_secs_f64() * 1e3);
        let expected = [format!("POST {API}/login"), format!("GET {API}/me")];
        assert_eq!(requests(&seen), expected, "{} {round}", engine.as_str());
        let sent = seen.exchanges.last().map(|last| last.sent.clone()).unwrap_or_default();
        assert_eq!(sent, [("sid".to_owned(), "1".to_owned())], "{} {round}", engine.as_str());
    }
    let seen = worker.perform(&step(eval("took"))).await.expect("a script");
    let took: Vec<f64> = serde_json::from_str(&seen.page.body.expect("a list")).expect("numbers");
    assert_eq!(took.len(), waited.len(), "{}: each handler came to its end", engine.as_str());
    let mut longer: Vec<f64> = waited.iter().zip(&took).map(|(waited, took)| waited - took).collect();
    longer.sort_by(f64::total_cmp);
    longer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_waits_for_all_that_its_handler_awaits() {
    each(async |engine, worker| drop(clicks(engine, worker).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures time, on a machine that does nothing else: cargo test --test it -- --ignored a_click_takes"]
#[expect(clippy::print_stdout, reason = "it is run for what it measures")]
async fn a_click_takes_half_a_second_longer_than_its_handler_at_most() {
    each(async |engine, worker| {
        let longer = clicks(engine, worker).await;
        let (median, longest) = (longer[longer.len() / 2], longer[longer.len() - 1]);
        println!("{}: {median:.0} ms longer, and {longest:.0} ms at most", engine.as_str());
        assert!(median < 500.0, "{}: {longer:?}", engine.as_str());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_comes_late_belongs_to_the_step_it_comes_in() {
    each(async |engine, worker| {
        worker.perform(&step(visit(&format!("{WEB}/")))).await.expect("a page");
        let late = format!("{WEB}/late");
        let later = step(eval("setTimeout(() => fetch('/late'), 1000); 'begun'"));
        let seen = worker.perform(&later).await.expect("a script");
        assert_eq!(
            (requests(&seen), &seen.page.not_done),
            (Vec::<String>::new(), &None),
            "{}",
            engine.as_str()
        );
        let wait = step(Action::Wait(late.parse().expect("a URL")));
        let seen = worker.perform(&wait).await.expect("it comes");
        assert_eq!((requests(&seen), seen.page.status), (vec![format!("GET {late}")], Some(200)));
        // What was in the step before has been answered.
        let seen = worker.perform(&wait).await.expect("it came");
        assert_eq!(
            (requests(&seen), &seen.page.not_done),
            (Vec::<String>::new(), &None),
            "{}",
            engine.as_str()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_has_one_meaning_in_every_engine() {
    each(async |engine, worker| {
        worker.perform(&step(visit(&format!("{WEB}/")))).await.expect("a page");
        for (script, body, fails) in [
            ("'text'", Some("text"), None),
            ("return 'returned';", Some("returned"), None),
            ("await Promise.resolve({ a: 1 });", Some(r#"{"a":1}"#), None),
            ("const a = await 1; document.title = a;", None, None),
            ("throw new Error('no')", None, Some("the script threw Error: no")),
            ("JSON.parse('no JSON')", None, Some("the script threw SyntaxError: ")),
            ("syntax error here", None, Some("the script does not parse: SyntaxError: ")),
        ] {
            let seen = worker.perform(&step(eval(script))).await.expect("it answers");
            assert_eq!(seen.page.body.as_deref(), body, "{} {script}", engine.as_str());
            let why = seen.page.not_done.unwrap_or_default();
            match fails {
                Some(fails) => assert!(why.starts_with(fails), "{} {script}: {why}", engine.as_str()),
                None => assert_eq!(why, "", "{} {script}", engine.as_str()),
            }
        }
    })
    .await;
}
