//! Steps that need more of a browser, in real Chromium and, where said, Firefox.

use std::time::Duration;

use crate::browsing::*;
use crate::support::*;
use rehearsal::browser::Failure;
use rehearsal::browser::real::Worker;
use rehearsal::browser_name::{Engine, ThirdParty};
use rehearsal::observe::Observation;
use rehearsal::plan::{Action, Body, Plan, Route, Step};
use rehearsal::world::{Authority, World, hosts};

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

fn inside(frame: &str, action: Action) -> Step {
    Step { inside: Some(url(frame)), ..step(action) }
}

fn address(seen: &Observation) -> &str {
    seen.page.url.as_ref().map_or("", |url| url.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_and_beacons_carry_cookies_and_bring_some() {
    let Some(mut rig) = rig().await else { return };

    let seen = rig.act(Action::Script(url(&format!("{API}/script")))).await;
    assert_eq!(wire(&seen), ["GET https://api.other.net/script 200"]);
    assert_eq!(metadata(&seen), ["cross-site", "no-cors", "script"]);
    assert_eq!((names(&seen), seen.page.status), (vec!["lax", "script"], Some(200)));

    let seen = rig.act(Action::Beacon(url(&format!("{API}/beacon")))).await;
    assert_eq!(wire(&seen), ["POST https://api.other.net/beacon 200"]);
    assert_eq!(metadata(&seen), ["cross-site", "no-cors", "empty"]);
    assert_eq!((header(&seen, 0, "origin"), header(&seen, 0, "cookie")), (WEB, "script=1"));
    assert_eq!(names(&seen), ["beacon", "lax", "script"]);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_sockets_handshake_is_an_exchange_with_cookies() {
    let Some(mut rig) = rig().await else { return };
    rig.act(fetch("GET", &format!("{API}/script"))).await;

    let seen = rig.act(Action::WebSocket(url(&format!("{API}/live")))).await;
    assert_eq!(wire(&seen), ["GET https://api.other.net/live 101"]);
    assert_eq!((header(&seen, 0, "upgrade"), header(&seen, 0, "origin")), ("websocket", WEB));
    assert_eq!(header(&seen, 0, "cookie"), "script=1");
    assert_eq!((names(&seen), seen.page.status), (vec!["lax", "script", "socket"], Some(101)));

    let seen = rig.act(Action::WebSocket(url(&format!("{API}/refused")))).await;
    assert_eq!(
        (wire(&seen), seen.page.status),
        (vec!["GET https://api.other.net/refused 403".to_owned()], Some(403))
    );

    // What is no handshake is told what it should be.
    let seen = rig.act(fetch("GET", &format!("{API}/live"))).await;
    assert_eq!(wire(&seen), ["GET https://api.other.net/live 426"]);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_is_loaded_and_closed() {
    let Some(mut rig) = rig().await else { return };
    for cookie in ["", "popup=1"] {
        let seen = rig.act(Action::Popup(url(&format!("{API}/popup")))).await;
        assert_eq!(wire(&seen), ["GET https://api.other.net/popup 200"]);
        assert_eq!(metadata(&seen), ["cross-site", "navigate", "document"]);
        assert_eq!((header(&seen, 0, "sec-fetch-user"), header(&seen, 0, "cookie")), ("?1", cookie));
        assert_eq!(address(&seen), "https://web.example.com/");
        assert_eq!(names(&seen), ["lax", "popup"]);
    }
    // The page goes on as before.
    let seen = rig.act(eval("document.title = 'here'")).await;
    assert_eq!((seen.page.body.as_deref(), wire(&seen).len()), (Some("here"), 0));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_can_act_in_a_frame_and_in_a_frame_of_that() {
    let Some(mut rig) = rig().await else { return };
    let (outer, inner) = (format!("{API}/frame"), format!("{WEB}/inner"));
    rig.act(Action::Iframe(url(&outer))).await;

    let mut act = async |frame: &str, action| {
        rig.worker.perform(&inside(frame, action)).await.expect("the browser does not fail")
    };
    let seen = act(&outer, fetch("GET", &format!("{API}/half"))).await;
    assert_eq!(metadata(&seen), ["same-origin", "cors", "empty"]);
    assert_eq!((header(&seen, 0, "cookie"), seen.page.readable), ("framed=1", Some(true)));

    let seen = act(&outer, Action::Iframe(url(&inner))).await;
    assert_eq!((wire(&seen), metadata(&seen)[0]), (vec![format!("GET {inner} 200")], "cross-site"));
    assert_eq!((header(&seen, 0, "cookie"), seen.exchanges[0].withheld[0].name.as_str()), ("", "lax"));

    let seen = act(&inner, eval("await 1; return location.href")).await;
    assert_eq!(seen.page.body.as_deref(), Some(inner.as_str()));
    let line = "w=1; Secure; SameSite=None; Partitioned";
    let seen = act(&inner, Action::DocumentCookie { write: Some(line.to_owned()) }).await;
    let written =
        jar(&seen).iter().find(|cookie| cookie.name == "w").and_then(|cookie| cookie.partition.clone());
    let written = written.expect("it is stored, in a partition");
    assert_eq!((written.site.as_str(), written.cross_site_ancestor), ("https://example.com", true));
    assert_eq!(seen.page.document_cookie.as_deref(), Some("w=1"));

    let seen = act(&outer, Action::StorageAccess).await;
    assert_eq!(seen.page.body.as_deref(), Some("granted"));

    // A link in a frame leads the frame elsewhere, and what was in it is gone.
    let seen = act(&outer, Action::Link(url(&format!("{API}/popup")))).await;
    assert_eq!((metadata(&seen)[2], address(&seen)), ("iframe", "https://web.example.com/"));
    let seen = act(&inner, fetch("GET", &format!("{API}/half"))).await;
    assert_eq!(
        seen.page.not_done.as_deref(),
        Some("no frame of https://web.example.com/inner is on the page")
    );
    assert_eq!(wire(&seen), [""; 0]);
    rig.close().await;
}

/// The driver leaves such a frame standing on its old page, and the worker lets it go. When this fails because the
/// frame can be acted in, ChromeDriver has learnt it, and `overlooked` can go.
#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_leaves_the_pages_site_twice_goes_where_it_should() {
    let Some(mut rig) = rig().await else { return };
    let (frame, home) = (format!("{API}/frame"), format!("{WEB}/inner"));
    rig.act(Action::Iframe(url(&frame))).await;
    let shown = "try { return frames[0].location.href } catch (error) { return error.name }";

    let seen = rig.worker.perform(&inside(&frame, Action::Link(url(&home)))).await.expect("it goes");
    assert_eq!(wire(&seen), [format!("GET {home} 200")]);
    assert_eq!(rig.act(eval(shown)).await.page.body.as_deref(), Some(home.as_str()));

    // Twice: what was let go once is overlooked again the next time.
    for _ in 0..2 {
        let seen = rig.worker.perform(&inside(&frame, Action::Link(url(&frame)))).await.expect("it goes");
        assert_eq!((wire(&seen), header(&seen, 0, "cookie")), (vec![format!("GET {frame} 200")], "framed=1"));
        assert_eq!(rig.act(eval(shown)).await.page.body.as_deref(), Some("SecurityError"));
        let failed =
            rig.worker.perform(&inside(&frame, eval("1"))).await.expect_err("the driver has lost it");
        assert!(matches!(failed, Failure::NotPossible { .. }), "{failed}");

        // The page turns it back home, where it can be acted in again.
        rig.act(eval(&format!("frames[0].location = '{home}'; 1"))).await;
        assert_eq!(rig.act(eval(shown)).await.page.body.as_deref(), Some(home.as_str()));
        let seen = rig.worker.perform(&inside(&frame, eval("location.href"))).await.expect("it is back");
        assert_eq!(seen.page.body.as_deref(), Some(home.as_str()));
    }
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_the_page_are_filled_and_clicked() {
    let Some(mut rig) = rig().await else { return };
    rig.act(visit(&format!("{WEB}/login"))).await;

    let seen = rig.act(Action::Fill(vec![("input[name=email]".to_owned(), "a@b.c".to_owned())])).await;
    assert_eq!((wire(&seen).len(), &seen.page.not_done), (0, &None));
    let seen = rig.act(eval("document.querySelector('input').value")).await;
    assert_eq!(seen.page.body.as_deref(), Some("a@b.c"));

    let seen = rig.act(Action::Click("button".to_owned())).await;
    assert_eq!(wire(&seen), ["POST https://web.example.com/done 200"]);
    assert_eq!((seen.page.status, address(&seen)), (Some(200), "https://web.example.com/done"));
    assert_eq!((metadata(&seen)[1], header(&seen, 0, "sec-fetch-user")), ("navigate", "?1"));

    for selector in ["button", "no such)"] {
        let seen = rig.act(Action::Click(selector.to_owned())).await;
        assert!(seen.page.not_done.is_some_and(|why| why.contains(selector)), "{selector}");
    }
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_asks_again() {
    let Some(mut rig) = rig().await else { return };
    let seen = rig.act(Action::Back).await;
    assert_eq!(seen.page.not_done.as_deref(), Some("there is no page to go back to"));

    rig.act(visit(&format!("{WEB}/login"))).await;
    rig.act(Action::Click("#next".to_owned())).await;
    let seen = rig.act(Action::Back).await;
    assert_eq!(
        (wire(&seen), seen.page.status),
        (vec!["GET https://web.example.com/login 200".to_owned()], Some(200))
    );
    let seen = rig.act(Action::Back).await;
    assert_eq!(
        (wire(&seen), header(&seen, 0, "cookie")),
        (vec!["GET https://web.example.com/ 200".to_owned()], "lax=1")
    );

    // The next scenario finds no page of this one to go back to.
    rig.next(&world()).await;
    rig.act(visit(&format!("{WEB}/"))).await;
    assert!(rig.act(Action::Back).await.page.not_done.is_some());
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn time_passes_for_the_jar_and_the_user_clears_it() {
    let Some(mut rig) = rig().await else { return };
    rig.act(fetch("GET", &format!("{API}/half"))).await;
    let before = rig.act(fetch("GET", &format!("{API}/part"))).await;
    assert_eq!(names(&before), ["half", "lax", "part"]);

    let seen = rig.act(Action::Advance(Duration::from_secs(1800))).await;
    assert_eq!(names(&seen), ["half", "lax", "part"]);
    for (before, after) in jar(&before).iter().zip(jar(&seen)) {
        let moved = before.expires.zip(after.expires).map(|(before, after)| before - after);
        assert_eq!(moved, before.expires.map(|_| 1800), "{}", before.name);
        let same = rehearsal::observe::Cookie { expires: before.expires, ..after.clone() };
        assert_eq!(*before, same);
    }
    let seen = rig.act(Action::Advance(Duration::from_secs(61))).await;
    assert_eq!(names(&seen), ["lax", "part"]);

    let seen = rig.act(Action::Clear).await;
    assert_eq!((names(&seen), address(&seen)), (vec![], "https://web.example.com/"));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_started_again_keeps_what_is_persistent() {
    for engine in engines() {
        started_again(engine).await;
    }
}

async fn started_again(engine: Engine) {
    let plan = world();
    let authority = Authority::new(hosts(&plan)).expect("an authority");
    let world = World::start(&plan, &authority).expect("a world");
    let options = options(&authority, ThirdParty::Allowed);
    let mut worker = Worker::alone(engine, options).await.expect("a browser");
    let folder = worker.folder().expect("it has a browser of its own").to_owned();
    worker.enter(&world).await.expect("the worker enters");
    let mut act = async |action| worker.perform(&step(action)).await.expect("the browser does not fail");

    act(visit(&format!("{WEB}/"))).await;
    act(fetch("GET", &format!("{API}/half"))).await;
    let seen = act(fetch("GET", &format!("{API}/part"))).await;
    assert_eq!(names(&seen), ["half", "lax", "part"]);
    let kept: Vec<_> = jar(&seen).iter().filter(|cookie| cookie.expires.is_some()).cloned().collect();

    for _ in 0..2 {
        let seen = act(Action::Restart).await;
        assert_eq!((jar(&seen), seen.exchanges.len()), (kept.as_slice(), 0));
        let seen = act(visit(&format!("{WEB}/"))).await;
        assert_eq!((header(&seen, 0, "cookie"), seen.refused.as_slice()), ("", &[][..]));
    }
    worker.close().await;
    assert!(!folder.exists(), "{} is left", folder.display());
}
