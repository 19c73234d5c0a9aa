//! CORS settings, sent as a server's middleware sends them: a table of requests and what they get.

use crate::support::*;
use rehearsal::plan::{Cors, Route};
use rehearsal::world::wire::Answer;

const WEB: &str = "https://web.example";

fn settings(allow_origins: &[&str]) -> Cors {
    Cors {
        allow_origins: allow_origins.iter().map(|origin| (*origin).to_owned()).collect(),
        allow_credentials: true,
        allow_headers: vec!["content-type".to_owned(), "x-tenant".to_owned()],
        allow_methods: vec!["GET".to_owned(), "PUT".to_owned()],
        expose_headers: vec!["x-total".to_owned()],
        max_age: Some(600),
    }
}

/// The headers of CORS among those of an answer, as `name: value`, in alphabetical order.
async fn ask(stage: &Stage, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, Vec<String>) {
    let response = stage.ask(method, "api.example", path, headers).await;
    let mut cors: Vec<_> = response
        .headers()
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("access-control-") || *name == "vary")
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
        .collect();
    cors.sort_unstable();
    (response.status().as_u16(), cors)
}

fn routes() -> Vec<Route> {
    vec![
        route("GET /me"),
        route("PUT /me"),
        Route { require_cookie: Some("sid".into()), ..route("GET /guarded") },
        Route {
            headers: vec![("Access-Control-Allow-Origin".to_owned(), "https://own.example".to_owned())],
            ..route("GET /own")
        },
    ]
}

fn stage(cors: Option<Cors>) -> Stage {
    let api = mock("api", "https://api.example", routes());
    Stage::new(&plan([match cors {
        Some(cors) => with_cors(api, cors),
        None => api,
    }]))
}

const PREFLIGHT: [(&str, &str); 3] = [
    ("origin", WEB),
    ("access-control-request-method", "PUT"),
    ("access-control-request-headers", "x-tenant"),
];

#[tokio::test]
async fn without_settings_there_is_no_header_and_no_preflight() {
    let stage = stage(None);
    assert_eq!(ask(&stage, "GET", "/me", &[("origin", WEB)]).await, (200, vec![]));
    assert_eq!(ask(&stage, "OPTIONS", "/me", &PREFLIGHT).await, (405, vec![]));
    assert_eq!(stage.exchanges()[1].answer, Answer::Undeclared);
    assert!(stage.exchanges()[1].is_preflight());
}

#[tokio::test]
async fn an_allowed_origin_is_echoed_on_every_response_errors_included() {
    let stage = stage(Some(settings(&["https://admin.example", WEB])));
    let cors = [
        "access-control-allow-credentials: true",
        "access-control-allow-origin: https://web.example",
        "access-control-expose-headers: x-total",
        "vary: Origin",
    ]
    .map(str::to_owned);
    for (method, path, status) in [
        ("GET", "/me", 200),
        ("GET", "/guarded", 401),
        ("GET", "/nowhere", 404),
        ("POST", "/me", 405),
        ("OPTIONS", "/me", 405),
    ] {
        assert_eq!(
            ask(&stage, method, path, &[("origin", WEB)]).await,
            (status, cors.to_vec()),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn others_get_nothing_but_the_vary_of_an_answer_that_depends_on_who_asks() {
    let stage = stage(Some(settings(&[WEB])));
    let vary = vec!["vary: Origin".to_owned()];
    for origin in [
        "https://evil.example",
        "http://web.example",
        "https://web.example/",
        "HTTPS://WEB.EXAMPLE",
        "null",
        "*",
    ] {
        assert_eq!(ask(&stage, "GET", "/me", &[("origin", origin)]).await, (200, vary.clone()), "{origin}");
    }
    assert_eq!(ask(&stage, "GET", "/me", &[]).await, (200, vary.clone()));
    let preflight = [("origin", "https://evil.example"), ("access-control-request-method", "PUT")];
    assert_eq!(ask(&stage, "OPTIONS", "/me", &preflight).await, (204, vary));
}

#[tokio::test]
async fn a_preflight_is_answered_before_any_route_is_asked() {
    let stage = stage(Some(settings(&[WEB])));
    let cors = [
        "access-control-allow-credentials: true",
        "access-control-allow-headers: content-type, x-tenant",
        "access-control-allow-methods: GET, PUT",
        "access-control-allow-origin: https://web.example",
        "access-control-max-age: 600",
        "vary: Origin",
    ]
    .map(str::to_owned);
    for path in ["/me", "/guarded", "/nowhere"] {
        assert_eq!(ask(&stage, "OPTIONS", path, &PREFLIGHT).await, (204, cors.to_vec()), "{path}");
    }
    assert!(stage.exchanges().iter().all(|exchange| exchange.answer == Answer::Preflight));
}

#[tokio::test]
async fn a_wildcard_stays_a_wildcard_whatever_the_credentials() {
    let stage = stage(Some(Cors { allow_credentials: false, expose_headers: vec![], ..settings(&["*"]) }));
    let any = vec!["access-control-allow-origin: *".to_owned()];
    assert_eq!(ask(&stage, "GET", "/me", &[("origin", WEB)]).await, (200, any.clone()));
    assert_eq!(ask(&stage, "GET", "/me", &[("origin", "null")]).await, (200, any));
    assert_eq!(ask(&stage, "GET", "/me", &[]).await, (200, vec![]));

    let stage = self::stage(Some(Cors { expose_headers: vec![], ..settings(&["*"]) }));
    let both =
        ["access-control-allow-credentials: true", "access-control-allow-origin: *"].map(str::to_owned);
    assert_eq!(ask(&stage, "GET", "/me", &[("origin", WEB)]).await, (200, both.to_vec()));
}

#[tokio::test]
async fn what_is_not_set_is_not_sent() {
    let stage = stage(Some(Cors { allow_origins: vec![WEB.to_owned()], ..Cors::default() }));
    let cors = ["access-control-allow-origin: https://web.example", "vary: Origin"].map(str::to_owned);
    assert_eq!(ask(&stage, "OPTIONS", "/me", &PREFLIGHT).await, (204, cors.to_vec()));
    assert_eq!(ask(&stage, "GET", "/me", &[("origin", WEB)]).await, (200, cors.to_vec()));
}

#[tokio::test]
async fn a_header_that_a_route_declares_itself_wins() {
    let stage = stage(Some(Cors { allow_origins: vec![WEB.to_owned()], ..Cors::default() }));
    let cors = ["access-control-allow-origin: https://own.example", "vary: Origin"].map(str::to_owned);
    assert_eq!(ask(&stage, "GET", "/own", &[("origin", WEB)]).await, (200, cors.to_vec()));
}
