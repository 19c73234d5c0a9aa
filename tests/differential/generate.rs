//! Makes scenarios: origins, what they answer with, and what a browser does there.
//!
//! The same seed and index give the same scenario. What is likely in practice is likely here, and what
//! is possible happens now and then.

use super::case::{Body, Case, Cors, Line, Origin, Route, Step};
use super::lines;
use super::pieces::{self, PAGES};
use super::random::Random;
use super::steps;
use super::topology;

/// The scenario with this index, of this seed.
pub fn case(seed: u64, index: u64) -> Case {
    let mut random = Random::of_case(seed, index);
    let urls = topology::origins(&mut random);
    let hosts: Vec<String> = urls.iter().map(|url| topology::host(url)).collect();
    let names: Vec<&str> = NAMES[..urls.len()].to_vec();
    let origins = urls.iter().zip(&names).zip(&hosts).map(|((url, name), host)| Origin {
        name: (*name).to_owned(),
        url: url.clone(),
        cors: cors(&mut random, &urls),
        routes: routes(&mut random, &names, &urls, host, &hosts),
    });
    let origins: Vec<Origin> = origins.collect();
    let mut steps = vec![Step::Visit(steps::place(&mut random, &origins[..1]))];
    for _ in 0..random.between(3, 9) {
        if random.percent(4) {
            steps.extend(steps::form_by_hand(&mut random, &origins));
            continue;
        }
        let step = steps::step(&mut random, &origins, &hosts);
        let is_restart = step == Step::Restart;
        let step = steps::inside(&mut random, step, &steps);
        steps.push(step);
        if is_restart {
            steps.push(Step::Visit(steps::place(&mut random, &origins)));
        }
    }
    Case { title: format!("Differential case {index} of seed {seed}"), origins, steps }
}

const NAMES: [&str; 4] = ["web", "api", "other", "third"];

/// The paths that routes have. A redirect is at `/go`, `/hop` or `/away`, and leads only forward in
/// this order, so that no chain is endless but `/loop` and `/ping`.
pub const PATHS: [&str; 9] =
    ["/", "/set", "/more", "/api", "/api/", "/api/v1/me", "/api/v1/login", "/%61pi", "/API/"];

pub const HOPS: [&str; 3] = ["/go", "/hop", "/away"];

fn routes(random: &mut Random, names: &[&str], urls: &[String], host: &str, hosts: &[String]) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    for path in PATHS {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let chance = match (method, path) {
                ("GET", "/set" | "/more") => 100,
                ("POST", "/set") => 70,
                ("GET", _) => 45,
                _ => 12,
            };
            if random.percent(chance) {
                let body = random.weighted(&BODIES);
                let body = if body == Body::Typed("") { Body::Typed(random.pick(&TYPES)) } else { body };
                // An answer without a body is most often an error.
                let chance = if body == Body::Empty { 60 } else { 10 };
                let status = random.percent(chance).then(|| random.weighted(&STATUSES));
                // A page that does something by itself, anywhere.
                let acts = method == "GET" && random.percent(8);
                let page = if acts { vec![pieces::piece(random, names, host, hosts)] } else { Vec::new() };
                routes.push(Route {
                    at: format!("{method} {path}"),
                    status,
                    headers: headers(random),
                    set_cookie: set_cookie(random, host, hosts),
                    requires: requires(random, names),
                    body,
                    page,
                    ..Route::default()
                });
            }
        }
    }
    for (index, path) in HOPS.iter().enumerate() {
        let methods: &[&str] = if random.percent(60) { &["GET", "POST"] } else { &["GET"] };
        for method in methods {
            let on = random.percent(40) && index + 1 < HOPS.len();
            let to = if on { HOPS[index + 1] } else { random.pick(&PATHS) };
            routes.push(Route {
                at: format!("{method} {path}"),
                status: Some(random.weighted(&REDIRECTS)),
                headers: headers(random),
                set_cookie: set_cookie(random, host, hosts),
                redirect: Some(match random.below(100) {
                    0..5 => "https://nowhere.example/x".to_owned(),
                    5..12 => to.to_owned(),
                    12..15 => with_user(&urls[random.below(urls.len())], to),
                    _ => format!("{}:{to}", random.pick(names)),
                }),
                ..Route::default()
            });
        }
    }
    if random.percent(40) {
        for (index, path) in PAGES.iter().enumerate() {
            routes.push(Route {
                at: format!("GET {path}"),
                status: random.percent(8).then(|| random.weighted(&STATUSES)),
                set_cookie: set_cookie(random, host, hosts),
                page: pieces::page(random, index, names, host, hosts),
                ..Route::default()
            });
        }
    }
    if random.percent(20) {
        routes.push(Route {
            at: "GET /loop".to_owned(),
            status: Some(random.weighted(&REDIRECTS)),
            set_cookie: set_cookie(random, host, hosts),
            redirect: Some(format!("{}:/loop", random.pick(names))),
            ..Route::default()
        });
    }
    if random.percent(15) {
        for (path, to) in [("/ping", "/pong"), ("/pong", "/ping")] {
            routes.push(Route {
                at: format!("GET {path}"),
                status: Some(random.weighted(&REDIRECTS)),
                set_cookie: set_cookie(random, host, hosts),
                redirect: Some(to.to_owned()),
                ..Route::default()
            });
        }
    }
    if random.percent(25) {
        routes.push(Route {
            at: "GET /form".to_owned(),
            set_cookie: set_cookie(random, host, hosts),
            page: vec![pieces::form(random, names)],
            ..Route::default()
        });
    }
    if random.percent(25) {
        routes.push(Route {
            at: "GET /events".to_owned(),
            status: random.percent(15).then(|| random.weighted(&STATUSES)),
            headers: headers(random),
            set_cookie: set_cookie(random, host, hosts),
            body: Body::Typed("text/event-stream"),
            ..Route::default()
        });
    }
    if random.percent(60) {
        routes.push(Route {
            at: "GET /live".to_owned(),
            set_cookie: set_cookie(random, host, hosts),
            websocket: true,
            ..Route::default()
        });
    }
    if random.percent(15) {
        routes.push(Route {
            at: format!("OPTIONS {}", random.pick(&["/set", "/api", "/more"])),
            status: Some(random.weighted(&[(2, 204), (1, 200), (1, 404), (1, 500)])),
            headers: headers(random),
            set_cookie: set_cookie(random, host, hosts),
            ..Route::default()
        });
    }
    routes
}

const STATUSES: [(usize, u16); 12] = [
    (6, 401),
    (4, 204),
    (4, 404),
    (4, 500),
    (3, 403),
    (2, 201),
    (2, 400),
    (2, 503),
    (1, 304),
    (1, 407),
    (1, 408),
    (1, 421),
];
const BODIES: [(usize, Body); 5] =
    [(74, Body::Text), (4, Body::Html), (8, Body::Json), (8, Body::Empty), (6, Body::Typed(""))];
const TYPES: [&str; 12] = [
    "application/json; charset=utf-8",
    "application/problem+json",
    "text/json",
    "text/xml",
    "application/xml",
    "image/png",
    "application/pdf",
    "text/css",
    "text/csv",
    "application/octet-stream",
    "application/zip",
    "application/x-unknown",
];
const OTHERS: [(usize, (&str, &str)); 8] = [
    (3, ("referrer-policy", "no-referrer")),
    (1, ("referrer-policy", "same-origin")),
    (1, ("referrer-policy", "unsafe-url")),
    (1, ("x-content-type-options", "nosniff")),
    (1, ("date", "Thu, 01 Jan 2015 00:00:00 GMT")),
    (1, ("content-disposition", "attachment")),
    (1, ("cross-origin-resource-policy", "same-origin")),
    (1, ("vary", "origin, cookie")),
];
const REDIRECTS: [(usize, u16); 5] = [(3, 302), (2, 303), (2, 307), (1, 308), (1, 301)];

fn set_cookie(random: &mut Random, host: &str, hosts: &[String]) -> Vec<Line> {
    let count = random.weighted(&[(6, 0), (15, 1), (9, 2), (3, 3), (1, 6)]);
    let line = |_| match random.percent(15) {
        true => lines::deletion(random, host, hosts),
        false => lines::line(random, host, hosts),
    };
    let mut lines: Vec<Line> = (0..count).map(line).collect();
    // Several for one cookie: the last, or none, or each in a jar of its own.
    if random.percent(25)
        && let Some((first, others)) = lines.split_first_mut()
    {
        for other in others {
            let value = other.pair.split_once('=').map_or("", |(_, value)| value);
            other.pair = match first.pair.split_once('=') {
                Some((name, _)) => format!("{name}={value}"),
                None => first.pair.clone(),
            };
        }
    }
    lines
}

/// This origin's URL with a user in it, and the path.
fn with_user(url: &str, path: &str) -> String {
    url.replacen("://", "://user:pw@", 1) + path
}

/// What a route asks for before it answers: a cookie, or a header that has to be a cookie's value.
fn requires(random: &mut Random, names: &[&str]) -> Option<String> {
    if !random.percent(8) {
        return None;
    }
    let cookie = random.pick(&["a", "b", "session"]);
    Some(match random.below(6) {
        0 | 1 => format!("require_cookie = \"{cookie}\""),
        2 => format!(
            "require_cookie = {{ name = \"{cookie}\", else = {{ redirect = \"{}:/set\", set_cookie = \
             [\"seen=1; Path=/; Secure; SameSite=Lax\"] }} }}",
            random.pick(names)
        ),
        3 => format!(
            "require_cookie = {{ name = \"{cookie}\", else = {{ status = 403, set_cookie = [\"{cookie}=; Max-Age=0\"], \
             json = {{ detail = \"log in\" }} }} }}"
        ),
        4 => format!("require_header = {{ name = \"x-tenant\", cookie = \"{cookie}\" }}"),
        _ => format!(
            "require_header = {{ name = \"x-tenant\", field = \"q\", value = \"{}\" }}",
            random.between(1, 2)
        ),
    })
}

/// Headers that a route states itself: of CORS, which servers do wrong in ways that settings cannot, and others that
/// browsers heed.
fn headers(random: &mut Random) -> Vec<(String, String)> {
    if random.percent(3) {
        let (name, value) = random.weighted(&OTHERS);
        return vec![(name.to_owned(), value.to_owned())];
    }
    if !random.percent(6) {
        return Vec::new();
    }
    let origin =
        random.pick(&["*", "null", "https://example.com", "https://example.com, *", "", "example.com"]);
    let mut headers = vec![("access-control-allow-origin".to_owned(), origin.to_owned())];
    if random.percent(50) {
        let allowed = random.pick(&["true", "True", "false", "true, true", ""]);
        headers.push(("access-control-allow-credentials".to_owned(), allowed.to_owned()));
    }
    headers
}

fn cors(random: &mut Random, urls: &[String]) -> Option<Cors> {
    if random.percent(20) {
        return None;
    }
    let allow_origins = match random.below(100) {
        0..60 => urls.to_vec(),
        60..75 => vec!["*".to_owned()],
        75..85 => vec![urls[random.below(urls.len())].clone()],
        85..90 => vec!["null".to_owned()],
        90..95 => vec![format!("{}/", urls[0])],
        _ => vec!["https://elsewhere.example".to_owned()],
    };
    let strings = |list: &[&str]| list.iter().map(|&item| item.to_owned()).collect();
    Some(Cors {
        allow_origins,
        allow_credentials: random.percent(75),
        allow_headers: match random.below(10) {
            0..6 => strings(&["content-type", "x-tenant"]),
            6 => strings(&["*"]),
            7 => strings(&["X-Tenant"]),
            _ => Vec::new(),
        },
        allow_methods: match random.below(10) {
            0..7 => None,
            7 => Some(strings(&["GET", "POST"])),
            8 => Some(strings(&["*"])),
            _ => Some(strings(&["put", "Delete"])),
        },
        max_age: random.weighted(&[(4, None), (1, Some(600)), (1, Some(0))]),
    })
}

#[test]
fn the_same_seed_and_index_give_the_same_scenario() {
    assert_eq!(case(7, 3), case(7, 3));
    assert_ne!(case(7, 3), case(7, 4));
    assert_ne!(case(7, 3), case(8, 3));
}

#[test]
fn every_scenario_is_one_a_user_could_have_written() {
    for seed in 0..20 {
        for index in 0..25 {
            let path = format!("seed-{seed}-case-{index}.toml");
            if let Err(mistakes) = case(seed, index).plan(path.as_ref()) {
                panic!("{mistakes}");
            }
        }
    }
}
