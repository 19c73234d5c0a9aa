//! Makes scenarios: origins, what they answer with, and what a browser does there.
//!
//! The same seed and index give the same scenario. What is likely in practice is likely here, and what
//! is possible happens now and then.

use super::case::{Body, Call, Case, Cors, Line, Origin, Route, Step};
use super::lines;
use super::page::Piece;
use super::random::Random;
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
    let mut steps = vec![Step::Visit(place(&mut random, &origins[..1]))];
    for _ in 0..random.between(3, 9) {
        let step = step(&mut random, &origins, &hosts);
        let step = inside(&mut random, step, &steps);
        steps.push(step);
    }
    Case { title: format!("Differential case {index} of seed {seed}"), origins, steps }
}

const NAMES: [&str; 4] = ["web", "api", "other", "third"];

/// The paths that routes have. A redirect is at `/go`, `/hop` or `/away`, and leads only forward in
/// this order, so that no chain is endless.
const PATHS: [&str; 9] =
    ["/", "/set", "/more", "/api", "/api/", "/api/v1/me", "/api/v1/login", "/%61pi", "/API/"];

const HOPS: [&str; 3] = ["/go", "/hop", "/away"];

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
                let page = if acts { vec![piece(random, names, host, hosts)] } else { Vec::new() };
                routes.push(Route {
                    at: format!("{method} {path}"),
                    status,
                    headers: headers(random),
                    set_cookie: set_cookie(random, host, hosts),
                    redirect: None,
                    body,
                    page,
                    websocket: false,
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
                body: Body::Text,
                page: Vec::new(),
                websocket: false,
            });
        }
    }
    if random.percent(40) {
        for (index, path) in PAGES.iter().enumerate() {
            routes.push(Route {
                at: format!("GET {path}"),
                status: random.percent(8).then(|| random.weighted(&STATUSES)),
                headers: Vec::new(),
                set_cookie: set_cookie(random, host, hosts),
                redirect: None,
                body: Body::Text,
                page: page(random, index, names, host, hosts),
                websocket: false,
            });
        }
    }
    if random.percent(20) {
        routes.push(Route {
            at: "GET /loop".to_owned(),
            status: Some(random.weighted(&REDIRECTS)),
            headers: Vec::new(),
            set_cookie: set_cookie(random, host, hosts),
            redirect: Some(format!("{}:/loop", random.pick(names))),
            body: Body::Text,
            page: Vec::new(),
            websocket: false,
        });
    }
    if random.percent(15) {
        for (path, to) in [("/ping", "/pong"), ("/pong", "/ping")] {
            routes.push(Route {
                at: format!("GET {path}"),
                status: Some(random.weighted(&REDIRECTS)),
                headers: Vec::new(),
                set_cookie: set_cookie(random, host, hosts),
                redirect: Some(to.to_owned()),
                body: Body::Text,
                page: Vec::new(),
                websocket: false,
            });
        }
    }
    if random.percent(60) {
        routes.push(Route {
            at: "GET /live".to_owned(),
            status: None,
            headers: Vec::new(),
            set_cookie: set_cookie(random, host, hosts),
            redirect: None,
            body: Body::Text,
            page: Vec::new(),
            websocket: true,
        });
    }
    if random.percent(15) {
        routes.push(Route {
            at: format!("OPTIONS {}", random.pick(&["/set", "/api", "/more"])),
            status: Some(random.weighted(&[(2, 204), (1, 200), (1, 404), (1, 500)])),
            headers: headers(random),
            set_cookie: set_cookie(random, host, hosts),
            redirect: None,
            body: Body::Text,
            page: Vec::new(),
            websocket: false,
        });
    }
    routes
}

/// Pages that do something by themselves. One shows only those after it in its frames, so that none is endless.
const PAGES: [&str; 3] = ["/outer", "/inner", "/leaf"];

/// What is on the page with this index.
fn page(random: &mut Random, index: usize, names: &[&str], host: &str, hosts: &[String]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if index + 1 < PAGES.len() {
        let shown = PAGES[random.between(index + 1, PAGES.len() - 1)];
        pieces.push(Piece::Frame(format!("{}:{shown}", random.pick(names))));
    }
    for _ in 0..random.weighted(&[(6, 0), (5, 1), (2, 2), (1, 3)]) {
        pieces.push(piece(random, names, host, hosts));
    }
    if pieces.is_empty() {
        pieces.push(Piece::Image(format!("{}:/set", random.pick(names))));
    }
    pieces
}

/// Something that a page does, but for showing a frame.
fn piece(random: &mut Random, names: &[&str], host: &str, hosts: &[String]) -> Piece {
    let mut to = || {
        let path = if random.percent(15) { random.pick(&HOPS) } else { random.pick(&PATHS) };
        format!("{}:{path}", random.pick(names))
    };
    let (first, second) = (to(), to());
    let credentials = random.weighted(&[(4, "include"), (2, "same-origin"), (1, "omit")]);
    match random.below(100) {
        0..32 => Piece::Write(lines::line(random, host, hosts)),
        32..52 => Piece::Fetch(first, credentials),
        52..58 => Piece::Post(first, credentials),
        58..65 => Piece::Xhr(first, random.percent(65)),
        65..71 => Piece::FetchThen(first, second),
        71..77 => Piece::Source(first),
        77..84 => Piece::Idle,
        _ => Piece::Image(first),
    }
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

/// CORS headers that a route states itself, which servers do wrong in ways that settings cannot.
fn headers(random: &mut Random) -> Vec<(String, String)> {
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

fn step(random: &mut Random, origins: &[Origin], hosts: &[String]) -> Step {
    let url = place(random, origins);
    match random.below(136) {
        0..10 => Step::Visit(url),
        10..20 => Step::Link(url),
        20..24 => Step::Reload,
        24..34 => Step::Form { url, method: random.weighted(&[(1, "GET"), (2, "POST")]) },
        34..41 => Step::Image(url),
        41..48 => Step::Iframe(url),
        48..72 => {
            let credentials = random.weighted(&[(6, "include"), (2, "same-origin"), (1, "omit")]);
            Step::Fetch { call: call(random, url), credentials }
        }
        72..84 => Step::Xhr { call: call(random, url), with_credentials: random.percent(65) },
        84..91 => Step::Read,
        91..100 => {
            let host = &hosts[random.below(hosts.len())];
            Step::Write(lines::written(random, host, hosts))
        }
        100..105 => Step::Script(url),
        105..110 => Step::Beacon(url),
        110..114 | 128..134 => Step::Popup(url),
        114..119 => {
            let origin = &origins[random.below(origins.len())].name;
            Step::WebSocket(if random.percent(75) { format!("{origin}:/live") } else { url })
        }
        119..124 => Step::Back,
        124..128 => Step::Advance(random.pick(&["90s", "31m", "2h", "8d", "300d"])),
        _ => Step::Clear,
    }
}

/// The step in a frame that an earlier one added, now and then; a frame is not seldom in another.
fn inside(random: &mut Random, step: Step, before: &[Step]) -> Step {
    let frames = before.iter().filter_map(|step| match step {
        Step::Iframe(url) => Some(url),
        Step::Inside(_, step) => match &**step {
            Step::Iframe(url) => Some(url),
            _ => None,
        },
        _ => None,
    });
    let frames: Vec<&String> = frames.collect();
    let is_the_users =
        matches!(step, Step::Visit(_) | Step::Reload | Step::Back | Step::Advance(_) | Step::Clear);
    if frames.is_empty() || is_the_users || !random.percent(60) {
        return step;
    }
    Step::Inside(frames[random.below(frames.len())].clone(), Box::new(step))
}

fn call(random: &mut Random, url: String) -> Call {
    let method =
        random.weighted(&[(10, "GET"), (7, "POST"), (2, "PUT"), (2, "DELETE"), (1, "HEAD"), (1, "PATCH")]);
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut headers = Vec::new();
    if random.percent(12) {
        headers.push(header("x-tenant", "t"));
    }
    if random.percent(8) {
        headers.push(header("authorization", "Bearer t"));
    }
    let body = !matches!(method, "GET" | "HEAD") && random.percent(60);
    if body && random.percent(40) {
        headers.push(header("content-type", random.pick(&["application/json", "text/plain", "a/b"])));
    }
    Call { url, method, headers, body }
}

/// A URL of one of these origins: mostly one that a route answers.
fn place(random: &mut Random, origins: &[Origin]) -> String {
    let origin = &origins[random.below(origins.len())];
    let path = match random.below(100) {
        0..33 => "/set",
        33..34 => "/loop",
        34..35 => "/ping",
        35..40 => random.pick(&PAGES),
        40..55 => random.pick(&HOPS),
        55..92 => random.pick(&PATHS),
        _ => random.pick(&[
            "/api/v1/me?q=1",
            "/api//v1",
            "/apis",
            "/ap",
            "/a%20b",
            "/ä",
            "/set#top",
            "/api/v1/",
        ]),
    };
    format!("{}:{path}", origin.name)
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
