//! Each kind of step, in real browsers.

use crate::browsing::*;
use crate::support::*;
use rehearsal::browser_name::{Engine, ThirdParty};
use rehearsal::observe::Observation;
use rehearsal::plan::{
    Action, Body, Certificate, Cors, Credentials, Fetch, FetchOptions, Form, Origin, Plan, Route, Xhr,
};
use rehearsal::rules::reason::Reason;

const WEB: &str = "https://web.example.com";
const API: &str = "https://api.other.net";

fn html(at: &str, text: &str) -> Route {
    Route { body: Body::Html(text.to_owned()), ..route(at) }
}

fn redirect(at: &str, to: &str) -> Route {
    Route { body: Body::Redirect(to.to_owned()), status: 302, ..route(at) }
}

fn setting(route: Route, line: &str) -> Route {
    Route { set_cookie: vec![line.to_owned()], ..route }
}

fn with_header(route: Route, name: &str, value: &str) -> Route {
    Route { headers: vec![(name.to_owned(), value.to_owned())], ..route }
}

fn cors() -> Cors {
    Cors {
        allow_origins: vec![WEB.to_owned()],
        allow_credentials: true,
        allow_headers: vec!["x-tenant".to_owned()],
        allow_methods: vec!["GET".to_owned(), "PUT".to_owned()],
        ..Cors::default()
    }
}

fn world() -> Plan {
    let bad = |name: &str, host: &str, certificate| Origin {
        certificate,
        ..page(name, &format!("https://{host}"))
    };
    plan([
        mock(
            "web",
            WEB,
            [
                html("GET /", "<title>home</title><p>home"),
                setting(html("GET /set", "set"), "own=1; Secure; Path=/"),
                html("GET /landing", "landed"),
                setting(html("POST /posted", "posted"), "posted=1"),
                redirect("GET /away", "https://api.other.net/text"),
                html("GET /by-script", "<script>location.href = '/landing'</script>"),
                html("GET /by-timer", "<script>setTimeout(() => location.href = '/landing', 0)</script>"),
                html("GET /by-meta", "<meta http-equiv=refresh content='0;url=/landing'>"),
                with_header(
                    html("GET /strict", "strict"),
                    "Content-Security-Policy",
                    "default-src 'none'; connect-src https://api.other.net",
                ),
            ],
        ),
        with_cors(
            mock(
                "api",
                API,
                [
                    route("GET /text"),
                    route("PUT /text"),
                    setting(html("GET /frame", "<p>frame"), "framed=1; SameSite=None; Secure"),
                    setting(route("GET /lax"), "lax=1; SameSite=Lax; Secure"),
                ],
            ),
            cors(),
        ),
        mock("closed", "https://closed.other.net", [route("GET /text"), route("PUT /text")]),
        mock("plain", "http://plain.other.net", [route("GET /text")]),
        bad("expired", "expired.example.org", Certificate::Expired),
        bad("selfish", "selfish.example.org", Certificate::SelfSigned),
    ])
}

async fn rig(engine: Engine) -> Rig {
    Rig::of(engine, &world(), ThirdParty::Allowed).await
}

fn address(seen: &Observation) -> &str {
    seen.page.url.as_ref().map_or("", |url| url.as_str())
}

/// Whether an error is a word of the browser's own for what failed on the way.
fn is_native(error: &str) -> bool {
    error.starts_with("net::ERR_") || error.starts_with("NS_ERROR_")
}

/// What an engine says of a text that is no script.
fn no_script(engine: Engine) -> &'static str {
    match engine {
        Engine::Firefox => "SyntaxError: unexpected token: identifier",
        _ => "SyntaxError: Unexpected identifier 'is'",
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn navigations() {
    for engine in engines() {
        let mut rig = rig(engine).await;

        let seen = rig.act(visit(&format!("{WEB}/set"))).await;
        assert_eq!(wire(&seen), ["GET https://web.example.com/set 200"]);
        assert_eq!((header(&seen, 0, "sec-fetch-site"), header(&seen, 0, "sec-fetch-user")), ("none", "?1"));
        assert_eq!(names(&seen), ["own"]);

        let seen = rig.act(Action::Reload).await;
        assert_eq!(wire(&seen), ["GET https://web.example.com/set 200"]);
        assert_eq!((header(&seen, 0, "cookie"), seen.page.status), ("own=1", Some(200)));

        // A link: the page's own doing, with the user's activation.
        let seen = rig.act(Action::Link(format!("{API}/lax").parse().expect("a URL"))).await;
        assert_eq!(wire(&seen), ["GET https://api.other.net/lax 200"]);
        assert_eq!(
            (header(&seen, 0, "sec-fetch-site"), header(&seen, 0, "sec-fetch-user")),
            ("cross-site", "?1")
        );
        assert_eq!(header(&seen, 0, "referer"), "https://web.example.com/");
        assert_eq!((address(&seen), seen.page.status), ("https://api.other.net/lax", Some(200)));
        assert_eq!(names(&seen), ["lax", "own"]);

        // A form across sites: a SameSite=Lax cookie stays at home on POST, and a default one too but for two minutes.
        rig.act(visit(&format!("{API}/text"))).await;
        let form = |method: &str, path: &str| {
            Action::Form(Form {
                url: format!("{WEB}{path}").parse().expect("a URL"),
                method: method.to_owned(),
                fields: vec![("submit".to_owned(), "a b".to_owned()), ("next".to_owned(), "ü&".to_owned())],
            })
        };
        let seen = rig.act(form("POST", "/posted")).await;
        assert_eq!(wire(&seen), ["POST https://web.example.com/posted 200"]);
        assert_eq!((header(&seen, 0, "origin"), header(&seen, 0, "sec-fetch-mode")), (API, "navigate"));
        assert_eq!(header(&seen, 0, "content-type"), "application/x-www-form-urlencoded");
        assert_eq!((address(&seen), seen.page.status), ("https://web.example.com/posted", Some(200)));
        let seen = rig.act(form("GET", "/landing")).await;
        assert_eq!(wire(&seen), ["GET https://web.example.com/landing?submit=a+b&next=%C3%BC%26 200"]);

        let seen = rig.act(visit(&format!("{WEB}/away"))).await;
        assert_eq!(
            wire(&seen),
            ["GET https://web.example.com/away 302", "GET https://api.other.net/text 200"]
        );
        assert_eq!((address(&seen), seen.page.status), ("https://api.other.net/text", Some(200)));

        for path in ["/by-script", "/by-timer", "/by-meta"] {
            let seen = rig.act(visit(&format!("{WEB}{path}"))).await;
            assert_eq!(wire(&seen), [format!("GET {WEB}{path} 200"), format!("GET {WEB}/landing 200")]);
            assert_eq!(
                (address(&seen), seen.page.error.as_deref()),
                ("https://web.example.com/landing", None)
            );
        }

        let seen = rig.act(eval("location.href = '/set'")).await;
        assert_eq!(wire(&seen), ["GET https://web.example.com/set 200"]);
        assert_eq!(address(&seen), "https://web.example.com/set");
        let seen = rig.act(eval("location.hash = 'part'; return 1")).await;
        assert_eq!(
            (address(&seen), seen.page.body.as_deref()),
            ("https://web.example.com/set#part", Some("1"))
        );
        rig.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_navigations_are_the_pages_affair() {
    for engine in engines() {
        let mut rig = rig(engine).await;
        rig.act(visit(&format!("{WEB}/"))).await;
        for url in ["https://expired.example.org/", "https://selfish.example.org/"] {
            let seen = rig.act(visit(url)).await;
            let error = seen.page.error.as_deref().unwrap_or_default();
            let words = ["net::ERR_CERT_", "SEC_ERROR_", "MOZILLA_PKIX_ERROR_", "NS_ERROR_"];
            assert!(words.iter().any(|word| error.starts_with(word)), "{error}");
            assert_eq!((seen.page.status, address(&seen)), (None, url));
        }
        let seen = rig.act(visit("https://nowhere.example.org/")).await;
        assert!(seen.page.error.as_deref().is_some_and(is_native), "{:?}", seen.page);
        assert_eq!(seen.refused, ["nowhere.example.org:443"]);
        // And the worker goes on.
        let seen = rig.act(eval("1 + 1")).await;
        assert_eq!(seen.page.body.as_deref(), Some("2"));
        let seen = rig.act(Action::Link("https://nowhere.example.org/".parse().expect("a URL"))).await;
        assert!(seen.page.error.is_some(), "{:?}", seen.page);
        let seen = rig.act(visit(&format!("{WEB}/"))).await;
        assert_eq!((seen.page.status, seen.page.error), (Some(200), None));
        rig.next(&world()).await;
        rig.act(visit("https://nowhere.example.org/")).await;
        rig.next(&world()).await;
        let seen = rig.act(visit(&format!("{WEB}/"))).await;
        assert_eq!(seen.page.status, Some(200));
        rig.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn subresources() {
    for engine in engines() {
        let mut rig = rig(engine).await;
        rig.act(visit(&format!("{WEB}/"))).await;

        let seen = rig.act(Action::Image(format!("{API}/lax").parse().expect("a URL"))).await;
        assert_eq!(wire(&seen), ["GET https://api.other.net/lax 200"]);
        assert_eq!((header(&seen, 0, "sec-fetch-dest"), seen.page.status), ("image", Some(200)));
        let line = &seen.exchanges[0].set_cookie[0];
        assert_eq!((line.stored, line.reasons.contains(&Reason::SameSiteLax)), (Some(false), true));

        let seen = rig.act(Action::Iframe(format!("{API}/frame").parse().expect("a URL"))).await;
        assert_eq!(wire(&seen), ["GET https://api.other.net/frame 200"]);
        assert_eq!((header(&seen, 0, "sec-fetch-dest"), seen.page.status), ("iframe", Some(200)));
        assert_eq!(seen.exchanges[0].set_cookie[0].stored, Some(true));
        assert_eq!(names(&seen), ["framed"]);

        let seen = rig.act(Action::Image("https://nowhere.example.org/x".parse().expect("a URL"))).await;
        assert!(seen.page.error.as_deref().is_some_and(is_native), "{:?}", seen.page);
        assert_eq!(seen.refused, ["nowhere.example.org:443"]);
        rig.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_why_they_cannot_be_read() {
    for engine in engines() {
        let mut rig = rig(engine).await;
        rig.act(visit(&format!("{WEB}/"))).await;

        let asking = |method: &str, url: &str, header: Option<&str>| {
            Action::Fetch(Fetch {
                url: url.parse().expect("a URL"),
                method: method.to_owned(),
                credentials: Credentials::Include,
                headers: header.map(|name| (name.to_owned(), "1".to_owned())).into_iter().collect(),
                body: None,
                options: FetchOptions::default(),
            })
        };
        let seen = rig.act(asking("PUT", &format!("{API}/text"), Some("x-tenant"))).await;
        assert_eq!(
            wire(&seen),
            ["OPTIONS https://api.other.net/text 204", "PUT https://api.other.net/text 200"]
        );
        assert_eq!((seen.page.status, seen.page.readable), (Some(200), Some(true)));
        assert_eq!(seen.page.body.as_deref(), Some("PUT /text"));

        for (action, status, reason) in [
            (asking("GET", "https://closed.other.net/text", None), Some(200), Reason::CorsNoAllowOrigin),
            (asking("PUT", "https://closed.other.net/text", None), None, Reason::CorsNoAllowOrigin),
            (asking("DELETE", &format!("{API}/text"), None), None, Reason::CorsPreflightMethod),
            (asking("GET", &format!("{API}/text"), Some("x-other")), None, Reason::CorsPreflightHeader),
            (asking("GET", "https://nowhere.example.org/", None), None, Reason::Network),
            (asking("GET", "https://expired.example.org/", None), None, Reason::Network),
            (asking("GET", "http://plain.other.net/text", None), None, Reason::MixedContent),
        ] {
            let seen = rig.act(action.clone()).await;
            assert_eq!((seen.page.readable, seen.page.status), (Some(false), status), "{action:?}");
            assert_eq!(seen.page.cors.iter().collect::<Vec<_>>(), [&reason], "{action:?}");
            assert!(seen.page.error.as_deref().is_some_and(|error| error.starts_with("TypeError: ")));
        }

        let xhr = |url: &str| {
            Action::Xhr(Xhr {
                url: url.parse().expect("a URL"),
                method: "PUT".to_owned(),
                with_credentials: true,
                headers: vec![("x-tenant".to_owned(), "1".to_owned())],
                body: Some("{}".to_owned()),
            })
        };
        let seen = rig.act(xhr(&format!("{API}/text"))).await;
        assert_eq!((seen.page.body.as_deref(), seen.page.readable), (Some("PUT /text"), Some(true)));
        let seen = rig.act(xhr("https://closed.other.net/text")).await;
        assert_eq!((seen.page.readable, seen.page.error.is_some()), (Some(false), true));
        assert!(seen.page.cors.contains(&Reason::CorsNoAllowOrigin), "{:?}", seen.page);
        rig.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts() {
    for engine in engines() {
        let mut rig = rig(engine).await;
        rig.act(visit(&format!("{WEB}/set"))).await;

        let seen = rig.act(Action::DocumentCookie { write: Some("mine=2; Secure".to_owned()) }).await;
        assert_eq!(seen.page.document_cookie.as_deref(), Some("own=1; mine=2"));
        assert_eq!(names(&seen), ["mine", "own"]);
        let seen = rig.act(Action::DocumentCookie { write: None }).await;
        assert_eq!(seen.page.document_cookie.as_deref(), Some("own=1; mine=2"));

        for (script, body, error) in [
            ("1 + 1", Some("2"), None),
            ("'text'", Some("text"), None),
            ("({ a: [1, null] })", Some(r#"{"a":[1,null]}"#), None),
            ("Promise.resolve('later')", Some("later"), None),
            ("const x = await Promise.resolve(3); return x * 2", Some("6"), None),
            ("await Promise.resolve(4);", Some("4"), None),
            ("return 1n", Some("1"), None),
            ("const x = 1; x", None, None),
            ("undefined", None, None),
            ("fetch('/landing').then(answer => answer.text())", Some("landed"), None),
            ("throw new Error('no')", None, Some("Error: no")),
            ("Promise.reject(new TypeError('never'))", None, Some("TypeError: never")),
            ("this is no script", None, Some(no_script(engine))),
        ] {
            let seen = rig.act(eval(script)).await;
            assert_eq!((seen.page.body.as_deref(), seen.page.error.as_deref()), (body, error), "{script}");
        }
        let seen = rig.act(eval("console.log('hello', 1)")).await;
        assert_eq!(seen.console, ["hello 1"]);

        // A page's policy holds for what its scripts ask for, and not for the steps' own code.
        rig.act(visit(&format!("{WEB}/strict"))).await;
        let seen = rig.act(fetch("GET", &format!("{API}/text"))).await;
        assert_eq!(seen.page.readable, Some(true));
        let seen = rig.act(fetch("GET", "https://closed.other.net/text")).await;
        assert_eq!((seen.page.readable, seen.page.cors.len()), (Some(false), 0));
        // Firefox does not tell a driver of it.
        let told = seen.console.iter().any(|line| line.contains("Content Security Policy"));
        assert_eq!(told, engine == Engine::Chromium, "{:?}", seen.console);
        let seen = rig.act(eval("1 + 1")).await;
        assert_eq!(seen.page.body.as_deref(), Some("2"));
        rig.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_workers_page_is_visible_and_drawn() {
    for engine in engines() {
        let mut rig = rig(engine).await;
        let mut other = rig.browser.worker().await.expect("another worker");
        other.enter(&rig.world).await.expect("the worker enters");
        let home = step(visit(&format!("{WEB}/")));
        rig.worker.perform(&home).await.expect("a visit");
        other.perform(&home).await.expect("a visit");
        let look = "await new Promise(done => requestAnimationFrame(done)); return `${document.visibilityState} ${document.hasFocus()}`";
        for worker in [&mut rig.worker, &mut other] {
            let seen = worker.perform(&step(eval(look))).await.expect("a script");
            // Firefox has one focus for all its tabs.
            let focus = engine != Engine::Firefox;
            assert_eq!(seen.page.body, Some(format!("visible {focus}")));
        }
        rig.close().await;
    }
}
