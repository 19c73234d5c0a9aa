//! A reset leaves nothing: everything that can be planted is, and none of it is found after.

use crate::browsing::*;
use crate::support::*;
use rehearsal::browser_name::{Engine, ThirdParty};
use rehearsal::observe::Observation;
use rehearsal::plan::{Action, Body, Cors, Plan, Route};

const WEB: &str = "https://web.example.com";
const API: &str = "https://api.other.net";

fn with_header(route: Route, name: &str, value: &str) -> Route {
    Route { headers: vec![(name.to_owned(), value.to_owned())], ..route }
}

fn html(at: &str, text: &str) -> Route {
    Route { body: Body::Html(text.to_owned()), ..route(at) }
}

fn world() -> Plan {
    let cors = Cors {
        allow_origins: vec![WEB.to_owned()],
        allow_credentials: true,
        allow_methods: vec!["PUT".to_owned()],
        max_age: Some(600),
        ..Cors::default()
    };
    let setting = Route {
        set_cookie: vec![
            "third=1; SameSite=None; Secure; Max-Age=600".to_owned(),
            "chips=1; SameSite=None; Secure; Partitioned".to_owned(),
        ],
        ..route("GET /set")
    };
    let worker = Route {
        headers: vec![("Content-Type".to_owned(), "text/javascript".to_owned())],
        body: Body::Text("self.onfetch = () => {}".to_owned()),
        ..route("GET /worker.js")
    };
    let routes = [
        html("GET /", "<p>page"),
        html("GET /frame", "<script>localStorage.framed = 1; sessionStorage.framed = 1</script>"),
        with_header(route("GET /cached"), "Cache-Control", "max-age=600"),
        with_header(html("GET /secure", "secure"), "Strict-Transport-Security", "max-age=600"),
        worker,
    ];
    let api = [
        setting,
        route("PUT /preflighted"),
        with_header(route("GET /cached"), "Cache-Control", "max-age=600"),
        html("GET /frame", "<script>localStorage.framed = 1; sessionStorage.framed = 1</script>"),
    ];
    plan([
        mock("web", WEB, routes),
        with_cors(mock("api", API, api), cors),
        mock("plain", "http://web.example.com", [html("GET /", "plain")]),
    ])
}

/// What a page can find of an earlier one.
const FIND: &str = "({
    cookie: document.cookie,
    local: localStorage.length,
    session: sessionStorage.length,
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
    files: await (async () => {
        let count = 0;
        for await (const _ of (await navigator.storage.getDirectory()).keys()) count++;
        return count;
    })(),
    name: window.name,
    history: history.length,
})";

const PLANT: &str = "
    document.cookie = 'first=1; Secure; Max-Age=600';
    localStorage.canary = sessionStorage.canary = 1;
    window.name = 'canary';
    await new Promise((done, failed) => {
        const request = indexedDB.open('canary', 1);
        request.onsuccess = () => { request.result.close(); done() };
        request.onerror = failed;
    });
    await (await caches.open('canary')).put('/x', new Response('x'));
    await (await navigator.storage.getDirectory()).getFileHandle('canary', { create: true });
    history.pushState({}, '', '/pushed');
    return 'planted'";

const NOTHING: &str = r#"{"caches":0,"cookie":"","databases":0,"files":0,"history":1,"local":0,"name":"","session":0,"workers":0}"#;

fn on_wire(seen: &Observation) -> usize {
    seen.exchanges.len()
}

fn image(url: &str) -> Action {
    Action::Image(url.parse().expect("a URL"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_leaves_nothing() {
    for engine in engines() {
        let mut rig = Rig::of(engine, &world(), ThirdParty::Allowed).await;
        for round in 0..3 {
            let seen = rig.act(visit(&format!("{WEB}/"))).await;
            assert_eq!((on_wire(&seen), names(&seen).len()), (1, 0), "round {round}");
            let seen = rig.act(eval(FIND)).await;
            let found = seen.page.body.unwrap_or_default();
            assert_eq!(sorted(&found), sorted(NOTHING), "round {round}");

            // Each of these crosses the wire the first time, and would not the second if anything were left.
            let seen = rig.act(fetch("GET", &format!("{WEB}/cached"))).await;
            assert_eq!(on_wire(&seen), 1, "the HTTP cache, round {round}");
            let seen = rig.act(image(&format!("{API}/cached"))).await;
            assert_eq!(on_wire(&seen), 1, "the image cache, round {round}");
            let seen = rig.act(fetch("PUT", &format!("{API}/preflighted"))).await;
            assert_eq!(on_wire(&seen), 2, "the preflight cache, round {round}");
            if round == 0 {
                for (action, what) in [
                    (fetch("GET", &format!("{WEB}/cached")), "the HTTP cache"),
                    (image(&format!("{API}/cached")), "the image cache"),
                ] {
                    assert_eq!(on_wire(&rig.act(action).await), 0, "{what} works");
                }
                let seen = rig.act(fetch("PUT", &format!("{API}/preflighted"))).await;
                assert_eq!(on_wire(&seen), 1, "the preflight cache works");
            }
            let seen = rig.act(fetch("GET", &format!("{API}/set"))).await;
            assert_eq!(names(&seen), ["chips", "third"]);
            let seen = rig.act(eval(PLANT)).await;
            assert_eq!(seen.page.body.as_deref(), Some("planted"), "{:?}", seen.page.error);
            assert_eq!(names(&seen), ["chips", "first", "third"]);
            // And on another page of the same tab.
            rig.act(visit(&format!("{API}/cached"))).await;
            let seen = rig.act(eval("[localStorage.length, sessionStorage.length, document.cookie]")).await;
            assert_eq!(seen.page.body.as_deref(), Some(r#"[0,0,"third=1"]"#));
            rig.act(visit(&format!("{API}/frame"))).await;
            rig.next(&world()).await;
        }
        // Firefox can empty its caches only for every worker at once.
        let renewed = rig.worker.renewals() > 0;
        assert_eq!(renewed, engine == Engine::Firefox, "in Chromium all of this can be emptied");
        rig.close().await;
    }
}

/// The same without a script of the scenario's own, where a reset does less.
#[tokio::test(flavor = "multi_thread")]
async fn a_reset_after_pages_without_scripts_leaves_nothing() {
    for engine in engines() {
        let mut plan = world();
        plan.origins[0] = page("web", WEB);
        plan.origins.push(mock(
            "static",
            "https://static.example.com",
            [with_header(route("GET /cached"), "Cache-Control", "max-age=600")],
        ));
        let mut rig = Rig::of(engine, &plan, ThirdParty::Allowed).await;
        for round in 0..4 {
            // Every other round begins on no page at all.
            if round % 2 == 1 {
                let seen = rig.act(Action::DocumentCookie { write: None }).await;
                let address = seen.page.url.as_ref().map(|url| url.as_str());
                assert_eq!((address, names(&seen).len()), (Some("about:blank"), 0), "round {round}");
            }
            let seen = rig.act(visit(&format!("{WEB}/"))).await;
            assert_eq!((on_wire(&seen), names(&seen).len()), (1, 0), "round {round}");
            assert!(seen.exchanges[0].sent.is_empty());
            for what in [format!("{API}/cached"), "https://static.example.com/cached".to_owned()] {
                assert_eq!(on_wire(&rig.act(image(&what)).await), 1, "the image cache, round {round}");
            }
            let seen = rig.act(fetch("GET", &format!("{API}/set"))).await;
            assert_eq!((on_wire(&seen), names(&seen)), (1, vec!["chips", "third"]));
            let seen = rig.act(fetch("PUT", &format!("{API}/preflighted"))).await;
            assert_eq!(on_wire(&seen), 2, "the preflight cache, round {round}");
            rig.act(Action::Iframe(format!("{API}/cached").parse().expect("a URL"))).await;
            rig.act(Action::DocumentCookie { write: Some("first=1; Secure".to_owned()) }).await;
            if round == 2 {
                rig.act(visit("https://nowhere.example.com/")).await;
            }
            rig.next(&plan).await;
        }
        // Firefox can empty its caches only for every worker at once.
        let renewed = rig.worker.renewals() > 0;
        assert_eq!(renewed, engine == Engine::Firefox, "in Chromium all of this can be emptied");
        rig.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_emptied_is_thrown_away() {
    for engine in engines() {
        let mut rig = Rig::of(engine, &world(), ThirdParty::Allowed).await;

        // HSTS.
        rig.act(visit(&format!("{WEB}/secure"))).await;
        let seen = rig.act(visit("http://web.example.com/")).await;
        assert_eq!(seen.exchanges[0].wire.url.scheme(), "https", "HSTS works");
        rig.next(&world()).await;
        assert_eq!(rig.worker.renewals(), 1);
        let seen = rig.act(visit("http://web.example.com/")).await;
        assert_eq!(seen.exchanges[0].wire.url.scheme(), "http", "no HSTS is left");

        // A service worker.
        rig.next(&world()).await;
        let before = rig.worker.renewals();
        rig.act(visit(&format!("{WEB}/"))).await;
        let register = "await navigator.serviceWorker.register('/worker.js'); return (await navigator.serviceWorker.ready).scope";
        let seen = rig.act(eval(register)).await;
        assert_eq!(seen.page.body.as_deref(), Some("https://web.example.com/"), "{:?}", seen.page.error);
        rig.next(&world()).await;
        assert_eq!(rig.worker.renewals(), before + 1);
        rig.act(visit(&format!("{WEB}/"))).await;
        let seen = rig.act(eval("(await navigator.serviceWorker.getRegistrations()).length")).await;
        assert_eq!(seen.page.body.as_deref(), Some("0"));

        // Storage in a third party's partition.
        rig.next(&world()).await;
        let before = rig.worker.renewals();
        rig.act(visit(&format!("{WEB}/frame"))).await;
        rig.act(Action::Iframe(format!("{API}/frame").parse().expect("a URL"))).await;
        rig.act(visit(&format!("{API}/frame"))).await;
        rig.next(&world()).await;
        assert_eq!(rig.worker.renewals(), before + 1);
        for origin in [WEB, API] {
            rig.act(visit(&format!("{origin}/cached"))).await;
            let seen = rig.act(eval("localStorage.length + sessionStorage.length")).await;
            assert_eq!(seen.page.body.as_deref(), Some("0"), "{origin}");
        }
        rig.close().await;
    }
}

fn sorted(json: &str) -> serde_json::Value {
    serde_json::from_str(json).expect("JSON")
}
