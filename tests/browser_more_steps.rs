//! Steps that need more of a browser, in real Chromium.

mod browsing;
mod support;

use std::time::Duration;

use browsing::*;
use rehearsal::browser::chromium::Worker;
use rehearsal::browser::name::ThirdParty;
use rehearsal::observe::Observation;
use rehearsal::plan::{Action, Body, Plan, Route, Step};
use rehearsal::world::{Authority, World, hosts};
use support::*;

const WEB: &str = "https://web.example.com";
const API: &str = "https://api.other.net";

fn html(at: &str, text: &str) -> Route {
    Route { body: Body::Html(text.to_owned()), ..route(at) }
}

fn setting(route: Route, line: &str) -> Route {
    Route { set_cookie: vec![line.to_owned()], ..route }
}

fn world() -> Plan {
    plan([
        mock(
            "web",
            WEB,
            [
                setting(html("GET /", "<p>home"), "lax=1; Secure; SameSite=Lax"),
                html("GET /inner", "<p>inner"),
                html("POST /done", "<p>done"),
                html(
                    "GET /login",
                    "<form method=post action=/done><input name=email><button>in</button></form>
                     <a href=/inner id=next>next</a>",
                ),
            ],
        ),
        mock(
            "api",
            API,
            [
                setting(route("GET /script"), "script=1; Secure; SameSite=None"),
                setting(route("POST /beacon"), "beacon=1; Secure; SameSite=None"),
                setting(html("GET /popup", "<p>popup"), "popup=1; Secure; SameSite=Lax"),
                setting(html("GET /frame", "<p>frame"), "framed=1; Secure; SameSite=None"),
                setting(route("GET /half"), "half=1; Secure; SameSite=None; Max-Age=1860"),
                setting(route("GET /part"), "part=1; Secure; SameSite=None; Max-Age=86400; Partitioned"),
                Route {
                    body: Body::WebSocket,
                    status: 101,
                    set_cookie: vec!["socket=1; Secure; SameSite=None".to_owned()],
                    ..route("GET /live")
                },
                Route { status: 403, ..route("GET /refused") },
            ],
        ),
    ])
}

async fn rig() -> Option<Rig> {
    if !installed() {
        return None;
    }
    let mut rig = Rig::new(&world(), ThirdParty::Allowed).await;
    rig.act(visit(&format!("{WEB}/"))).await;
    Some(rig)
}

fn url(text: &str) -> url::Url {
    text.parse().expect("a URL")
}

fn wire(seen: &Observation) -> Vec<String> {
    seen.exchanges
        .iter()
        .map(|one| format!("{} {} {}", one.wire.method, one.wire.url, one.wire.status))
        .collect()
}

fn header<'a>(seen: &'a Observation, index: usize, name: &str) -> &'a str {
    let value = seen.exchanges[index].wire.request_header(name).unwrap_or_default();
    std::str::from_utf8(value).expect("a text")
}

fn metadata(seen: &Observation) -> [&str; 3] {
    ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"].map(|name| header(seen, 0, name))
}

#[tokio::test(flavor = "multi_thread")]
async fn explore() {
    let Some(mut rig) = rig().await else { return };
    let inside = |action: Action, frame: &str| Step { inside: Some(url(frame)), ..step(action) };
    let t = std::time::Instant::now();
    macro_rules! show {
        ($e:expr) => {{
            let seen = $e;
            eprintln!("{:?} {}", t.elapsed(), stringify!($e));
            eprintln!("   {:?} {:?} {:?}", wire(&seen), seen.page, names(&seen));
            for x in &seen.exchanges {
                eprintln!("   sent {:?} withheld {:?} set {:?}", x.sent, x.withheld, x.set_cookie);
                for (n, v) in &x.wire.request_headers {
                    if n.starts_with("sec-fetch") || n == "origin" || n == "referer" {
                        eprint!("   {n}: {}", String::from_utf8_lossy(v));
                    }
                }
                eprintln!();
            }
            eprintln!("   console {:?} refused {:?}", seen.console, seen.refused);
        }};
    }
    show!(rig.act(Action::Script(url(&format!("{API}/script")))).await);
    show!(rig.act(Action::Beacon(url(&format!("{API}/beacon")))).await);
    show!(rig.act(Action::WebSocket(url(&format!("{API}/live")))).await);
    show!(rig.act(Action::WebSocket(url(&format!("{API}/refused")))).await);
    show!(rig.act(Action::Popup(url(&format!("{API}/popup")))).await);
    show!(rig.act(Action::Popup(url(&format!("{API}/popup")))).await);
    show!(rig.act(Action::Iframe(url(&format!("{API}/frame")))).await);
    show!(
        rig.worker
            .perform(&inside(fetch("GET", &format!("{API}/half")), &format!("{API}/frame")))
            .await
            .unwrap()
    );
    show!(
        rig.worker
            .perform(&inside(Action::Iframe(url(&format!("{WEB}/inner"))), &format!("{API}/frame")))
            .await
            .unwrap()
    );
    show!(
        rig.worker
            .perform(&inside(
                Action::DocumentCookie { write: Some("w=1; Secure; SameSite=None; Partitioned".to_owned()) },
                &format!("{WEB}/inner")
            ))
            .await
            .unwrap()
    );
    show!(
        rig.worker.perform(&inside(eval("await 1; location.href"), &format!("{WEB}/inner"))).await.unwrap()
    );
    show!(
        rig.worker
            .perform(&inside(fetch("GET", &format!("{API}/part")), &format!("{API}/frame")))
            .await
            .unwrap()
    );
    show!(rig.worker.perform(&inside(Action::StorageAccess, &format!("{API}/frame"))).await.unwrap());
    show!(
        rig.worker
            .perform(&inside(Action::Link(url(&format!("{API}/popup"))), &format!("{API}/frame")))
            .await
            .unwrap()
    );
    show!(rig.act(Action::Advance(Duration::from_secs(1800))).await);
    eprintln!("{:?}", rig.act(Action::Advance(Duration::from_secs(61))).await.jar);
    show!(rig.act(visit(&format!("{WEB}/login"))).await);
    show!(rig.worker.perform(&inside(Action::StorageAccess, &format!("{API}/frame"))).await.unwrap());
    show!(rig.act(Action::Fill(vec![("input".to_owned(), "a@b".to_owned())])).await);
    show!(rig.act(Action::Click("button".to_owned())).await);
    show!(rig.act(Action::Click("button".to_owned())).await);
    show!(rig.act(Action::Back).await);
    show!(rig.act(Action::Click("#next".to_owned())).await);
    show!(rig.act(Action::Back).await);
    show!(rig.act(Action::Back).await);
    show!(rig.act(Action::Back).await);
    show!(rig.act(Action::Clear).await);
    show!(rig.act(visit(&format!("{WEB}/"))).await);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restart() {
    if !installed() {
        return;
    }
    let plan = world();
    let authority = Authority::new(hosts(&plan)).expect("an authority");
    let world = World::start(&plan, &authority).expect("a world");
    let mut worker = Worker::alone(options(&authority, ThirdParty::Allowed)).await.expect("a browser");
    worker.enter(&world).await.expect("the worker enters");
    let mut act = async |action| worker.perform(&step(action)).await.expect("the browser does not fail");
    let t = std::time::Instant::now();
    for action in [
        visit(&format!("{WEB}/")),
        fetch("GET", &format!("{API}/half")),
        fetch("GET", &format!("{API}/part")),
        Action::Restart,
        visit(&format!("{WEB}/")),
        Action::Restart,
        visit(&format!("{WEB}/")),
    ] {
        let seen = act(action.clone()).await;
        eprintln!(
            "{:?} {} {:?} {:?} {:?}\n{:?}",
            t.elapsed(),
            action.key(),
            wire(&seen),
            seen.page,
            seen.refused,
            seen.jar
        );
    }
    worker.close().await;
}
