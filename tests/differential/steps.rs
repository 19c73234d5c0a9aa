//! What a generated scenario makes a browser do.
//!
//! Nothing here makes origins or what they answer with.

use super::case::{Call, Origin, Step};
use super::generate::{HOPS, PATHS};
use super::lines;
use super::pieces::PAGES;
use super::random::Random;

/// A step, with these origins.
pub fn step(random: &mut Random, origins: &[Origin], hosts: &[String]) -> Step {
    let url = place(random, origins);
    match random.below(171) {
        0..10 => Step::Visit(url),
        10..20 => Step::Link(url),
        20..24 => Step::Reload,
        24..34 => Step::Form { url, method: random.weighted(&[(1, "GET"), (2, "POST")]) },
        34..41 => Step::Image(url),
        41..48 => Step::Iframe(url),
        48..72 => {
            let credentials = random.weighted(&[(6, "include"), (2, "same-origin"), (1, "omit")]);
            let mut call = call(random, url);
            if random.percent(20) {
                call.options = random.pick(&OPTIONS);
                if call.options.contains("redirect") && random.percent(60) {
                    call.url =
                        format!("{}:{}", origins[random.below(origins.len())].name, random.pick(&HOPS));
                }
                // Such a call has a method that a form or an element could have, too.
                if call.options.contains("no-cors") && !matches!(call.method, "GET" | "HEAD" | "POST") {
                    call.method = "POST";
                }
            }
            Step::Fetch { call, credentials }
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
        134..137 => Step::Clear,
        137..143 => Step::Sandboxed(url, random.pick(&SANDBOXES)),
        143..148 => {
            let more = random.pick(&[r#"crossorigin = "anonymous""#, r#"crossorigin = "use-credentials""#]);
            Step::Shared(random.pick(&["image", "image"]), url, more)
        }
        148..150 => Step::Script(url),
        150..155 => {
            let origin = &origins[random.below(origins.len())].name;
            let url = if random.percent(75) { format!("{origin}:/events") } else { url };
            Step::EventSource(url, random.percent(60))
        }
        155..157 => Step::StorageAccess,
        157..158 => Step::Restart,
        _ => Step::Eval(script(random, origins)),
    }
}

/// What the sandbox of a step's frame allows: all that steps do in frames.
const SANDBOXES: [&str; 2] =
    ["allow-scripts allow-forms allow-popups", "allow-scripts allow-forms allow-popups allow-same-origin"];

/// What `fetch` may say beside.
const OPTIONS: [&str; 10] = [
    r#"mode = "no-cors""#,
    r#"mode = "no-cors""#,
    r#"mode = "no-cors", keepalive = true"#,
    r#"mode = "same-origin""#,
    r#"redirect = "error""#,
    r#"redirect = "manual""#,
    r#"cache = "no-store""#,
    r#"cache = "reload""#,
    r#"cache = "no-cache""#,
    "keepalive = true",
];

/// A script that a scenario runs in a page.
fn script(random: &mut Random, origins: &[Origin]) -> String {
    let mut to = || {
        let origin = &origins[random.below(origins.len())];
        let path = random.pick(&["/set", "/set", "/more", "/go", "/api/v1/me", "/%61pi", "/nothing"]);
        format!("{}{path}", origin.url)
    };
    let (first, second) = (to(), to());
    match random.below(12) {
        0 => "document.cookie".to_owned(),
        1 => "document.cookie = 'a=9; Path=/'; return document.cookie".to_owned(),
        2 => "document.cookie = 'b=9; Path=/; Secure; SameSite=None; Max-Age=600'".to_owned(),
        3 => "document.cookie = 'a=; Path=/; Max-Age=0'".to_owned(),
        4 | 5 => format!("await fetch('{first}', {{ credentials: 'include' }}).then(r => r.status, () => 0)"),
        6 => format!(
            "await fetch('{first}', {{ credentials: 'include' }}).catch(() => 0); \
             return await fetch('{second}', {{ credentials: 'include' }}).then(r => r.status, () => 0)"
        ),
        7 => format!(
            "const all = ['{first}', '{second}'].map(url => fetch(url, {{ credentials: 'include' }}).then(r => \
             r.status, () => 0)); return await Promise.all(all)"
        ),
        8 => format!("document.body.append(Object.assign(new Image(), {{ src: '{first}' }})); return 1"),
        9 => format!("location.href = '{first}'; return 1"),
        10 => format!(
            "const frame = document.createElement('iframe'); frame.src = '{first}'; document.body.append(frame); return 1"
        ),
        _ => "document.title".to_owned(),
    }
}

/// A visit to a page with a form, and what a user does there, where there is one.
pub fn form_by_hand(random: &mut Random, origins: &[Origin]) -> Vec<Step> {
    let has_form = |origin: &&Origin| origin.routes.iter().any(|route| route.at == "GET /form");
    let Some(origin) = origins.iter().find(has_form) else { return vec![Step::Read] };
    let mut steps = vec![Step::Visit(format!("{}:/form", origin.name))];
    match random.percent(60) {
        true => steps.extend([Step::Fill("input[name=q]", random.pick(&["1", "ü", ""])), Step::Click("#go")]),
        false => steps.push(Step::Click("#next")),
    }
    steps
}

/// The step in a frame that an earlier one added, now and then; a frame is not seldom in another.
pub fn inside(random: &mut Random, step: Step, before: &[Step]) -> Step {
    let frames = before.iter().filter_map(|step| match step {
        Step::Iframe(url) | Step::Sandboxed(url, _) => Some(url),
        Step::Inside(_, step) => match &**step {
            Step::Iframe(url) | Step::Sandboxed(url, _) => Some(url),
            _ => None,
        },
        _ => None,
    });
    let frames: Vec<&String> = frames.collect();
    let is_the_users = matches!(
        step,
        Step::Visit(_) | Step::Reload | Step::Back | Step::Advance(_) | Step::Clear | Step::Restart
    );
    if frames.is_empty() || is_the_users || !random.percent(60) {
        return step;
    }
    Step::Inside(frames[random.below(frames.len())].clone(), Box::new(step))
}

fn call(random: &mut Random, url: String) -> Call {
    let method = random.weighted(&[
        (20, "GET"),
        (14, "POST"),
        (4, "PUT"),
        (4, "DELETE"),
        (2, "HEAD"),
        (2, "PATCH"),
        (1, "patch"),
        (1, "post"),
        (1, "OPTIONS"),
        (1, "QUERY"),
    ]);
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut headers = Vec::new();
    if random.percent(12) {
        headers.push(header("x-tenant", random.pick(&["t", "1", "{cookie.a}", "{cookie.session}"])));
    }
    if random.percent(8) {
        headers.push(header("authorization", "Bearer t"));
    }
    let body = !matches!(method, "GET" | "HEAD") && random.percent(60);
    if body && random.percent(40) {
        headers.push(header("content-type", random.pick(&["application/json", "text/plain", "a/b"])));
    }
    Call { url, method, headers, body, options: "" }
}

/// A URL of one of these origins: mostly one that a route answers.
pub fn place(random: &mut Random, origins: &[Origin]) -> String {
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
