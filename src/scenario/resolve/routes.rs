//! The declared routes of an origin.

use url::Url;

use super::super::checks::{self, final_status};
use super::super::mistakes::Mistakes;
use super::super::written::{self, At, Header};
use super::address::Names;
use super::time;
use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::plan::{
    Body, JWT, Otherwise, RequiredCookie, RequiredHeader, Route, SignJwt, WantedValue, placeholder,
};

/// The methods a route or a request can have.
pub(super) const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Header fields that say how a message is cut out of the stream; the server writes them itself.
const FRAMING: [&str; 6] =
    ["connection", "content-length", "keep-alive", "te", "transfer-encoding", "upgrade"];

/// The routes, those that are right.
pub(super) fn routes(written: Vec<written::Route>, names: &Names, mistakes: &Mistakes) -> Vec<Route> {
    let mut before: Vec<(String, String, Span)> = Vec::new();
    written
        .into_iter()
        .filter_map(|route| {
            let address = route.at.as_ref().and_then(|at| address(at, mistakes));
            if let (Some((method, path)), Some(at)) = (&address, &route.at) {
                unreachable(method, path, at, &before, mistakes);
                before.push((method.clone(), path.clone(), at.span.clone()));
            }
            let (method, path) = address.unzip();
            if let (Some(at), Some(method)) = (&route.at, &method)
                && method != "GET"
            {
                check_socket(at, &route.bodies, mistakes);
            }
            let answer = answer(route, names, mistakes);
            Some(Route { method: method?, path: path?, ..answer })
        })
        .collect()
}

/// Method and path of `at`.
fn address(at: &At<String>, mistakes: &Mistakes) -> Option<(String, String)> {
    let refuse = |message: String, help: String, mistakes: &Mistakes| {
        mistakes.add(Diagnostic::error(message).label(at.span.clone(), "").help(help));
        None
    };
    let words: Vec<&str> = at.value.split_whitespace().collect();
    let (method, path) = match words.as_slice() {
        [method, path] => (*method, *path),
        [path] if path.starts_with('/') => {
            return refuse(
                format!("the route `{path}` has no method"),
                format!("write `at = \"GET {path}\"`"),
                mistakes,
            );
        }
        [word] if METHODS.contains(word) => {
            return refuse(
                format!("the route `{word}` has no path"),
                format!("write `at = \"{word} /path\"`"),
                mistakes,
            );
        }
        _ => {
            return refuse(
                format!("`{}` is not a method and a path", at.value.escape_debug()),
                "write `at = \"METHOD /path\"`, with one space between".to_owned(),
                mistakes,
            );
        }
    };
    let method = check_any_method(&At { value: method.to_owned(), span: at.span.clone() }, mistakes)?;
    if let Some(pattern) = pattern(path) {
        let fixed = path.find(pattern).map_or(path, |start| &path[..start]);
        let fixed = if fixed.starts_with('/') { fixed } else { "/" };
        return refuse(
            format!("a route's path has no patterns, and `{pattern}` would be taken as it stands"),
            format!(
                "write `at = \"{method} {fixed}*\"`: a final `*` stands for any rest; or the path that a step asks for"
            ),
            mistakes,
        );
    }
    if !path.starts_with('/') {
        let help = format!("write `at = \"{method} /{path}\"`");
        return refuse(format!("the path `{path}` does not begin with `/`"), help, mistakes);
    }
    if let Some(cut) = path.find(['?', '#']) {
        let what = if path.as_bytes()[cut] == b'?' { "query" } else { "fragment" };
        return refuse(
            format!("no request has this path: a route's path has no {what}"),
            format!("write `at = \"{method} {}\"`; it answers whatever the {what} is", &path[..cut]),
            mistakes,
        );
    }
    let fixed = path.strip_suffix('*').unwrap_or(path);
    if fixed.contains('*') {
        let help = "`*` stands for any rest, at the end of a path only".to_owned();
        return refuse(format!("`*` stands inside the path `{path}`"), help, mistakes);
    }
    let asked = Url::parse(&format!("http://host{fixed}")).map(|url| url.path().to_owned());
    if let Ok(asked) = asked
        && asked != fixed
    {
        return refuse(
            format!("no request has the path `{}`", path.escape_debug()),
            format!("browsers ask for `{asked}`: write it so"),
            mistakes,
        );
    }
    Some((method, path.to_owned()))
}

/// The first part of a path that is a parameter or a regular expression, as routers have them.
fn pattern(path: &str) -> Option<&str> {
    let is_pattern = |part: &&str| {
        let framed = |open, close| part.starts_with(open) && part.ends_with(close);
        let named =
            |mark| part.strip_prefix(mark).is_some_and(|name: &str| name.starts_with(char::is_alphabetic));
        named(':')
            || framed('{', '}')
            || framed('<', '>')
            || framed('[', ']')
            || (framed('(', ')') && part.contains(['|', '*', '+', '?', '\\']))
            || part.contains(['\\', '^'])
            || ["(?", "[^", ".*", ".+"].iter().any(|mark| part.contains(mark))
    };
    path.split('/').find(is_pattern)
}

/// A method that is known, upper case, and among those possible here.
pub(super) fn check_method(method: &At<String>, possible: &[&str], mistakes: &Mistakes) -> Option<String> {
    let word = method.value.as_str();
    if possible.contains(&word) {
        return Some(word.to_owned());
    }
    let upper = word.to_ascii_uppercase();
    let diagnostic = if possible.contains(&upper.as_str()) {
        Diagnostic::error(format!("methods are upper case, and `{word}` is another method"))
            .help(format!("write `{upper}`"))
    } else {
        Diagnostic::error(format!("the method cannot be `{word}`"))
            .suggest_or_list(word, possible.iter().copied())
    };
    mistakes.add(diagnostic.label(method.span.clone(), ""));
    None
}

/// A method that is known, or another word in upper case that no slip makes of a known one: HTTP leaves methods open
/// (RFC 9110, section 16.1).
pub(super) fn check_any_method(method: &At<String>, mistakes: &Mistakes) -> Option<String> {
    let word = method.value.as_str();
    let is_another = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
        && !word.is_empty()
        && did_you_mean(word, METHODS).is_none();
    if is_another { Some(word.to_owned()) } else { check_method(method, &METHODS, mistakes) }
}

/// Reports a route that an earlier one answers for.
fn unreachable(
    method: &str,
    path: &str,
    at: &At<String>,
    before: &[(String, String, Span)],
    mistakes: &Mistakes,
) {
    let first = before.iter().find(|(other, other_path, _)| {
        let same_method = other == method || (other == "GET" && method == "HEAD");
        // Of two paths that fit, the more specific one answers, wherever it stands.
        same_method && other_path == path
    });
    if let Some((other, other_path, span)) = first {
        let mut diagnostic = Diagnostic::error(format!("no request reaches `{method} {path}`"))
            .label(at.span.clone(), "this route is never asked")
            .label(span.clone(), format!("`{other} {other_path}` answers first"));
        if other != method {
            diagnostic = diagnostic.note("a GET route answers HEAD as well");
        }
        mistakes.add(diagnostic.help("leave one of them out"));
    }
}

/// A WebSocket's handshake is a GET request: RFC 6455, section 4.1.
fn check_socket(at: &At<String>, bodies: &[(Span, At<Body>)], mistakes: &Mistakes) {
    if let Some((key, _)) = bodies.iter().find(|(_, body)| body.value == Body::WebSocket) {
        mistakes.add(
            Diagnostic::error("the handshake of a WebSocket is a GET request")
                .label(at.span.clone(), "no handshake comes here")
                .label(key.clone(), "the WebSocket")
                .help("write `at = \"GET /path\"`"),
        );
    }
}

/// All of a route but its method and path.
fn answer(route: written::Route, names: &Names, mistakes: &Mistakes) -> Route {
    if let Some(jwt) = &route.sign_jwt
        && !hands_out(&route)
    {
        mistakes.add(
            Diagnostic::error("nobody gets this token")
                .label(jwt.span.clone(), "")
                .help("put it somewhere: `set_cookie = [\"access={jwt}; Path=/; HttpOnly\"]`, or `json = { access = \"{jwt}\" }`"),
        );
    }
    let (status, headers, set_cookie, body) =
        said(route.status, route.headers, route.set_cookie, route.bodies, names, mistakes);
    let sign_jwt = route.sign_jwt.map(|at| {
        let written::SignJwt { key, claims, expires } = at.value;
        SignJwt { key, claims, expires: expires.and_then(|text| time::time(&text, mistakes)) }
    });
    Route {
        method: String::new(),
        path: String::new(),
        status,
        headers,
        set_cookie,
        body,
        require_cookie: route.require_cookie.map(|required| require_cookie(required, names, mistakes)),
        require_header: route.require_header.and_then(|required| require_header(required, names, mistakes)),
        sign_jwt,
        require_jwt: route.require_jwt.map(|at| at.value),
    }
}

/// The cookie that a route asks for, and what it answers without.
fn require_cookie(required: written::RequiredCookie, names: &Names, mistakes: &Mistakes) -> RequiredCookie {
    let name = required.name;
    check_cookie(&name, "write the name alone: `require_cookie = \"session\"`", mistakes);
    let otherwise = required.otherwise.map(|other| otherwise(*other, 401, names, mistakes));
    RequiredCookie { name: name.value, otherwise }
}

fn check_cookie(name: &At<String>, help: &str, mistakes: &Mistakes) {
    if name.value.is_empty() || name.value.contains(['=', ';']) {
        mistakes.add(
            Diagnostic::error(format!("`{}` cannot name a cookie", name.value))
                .label(name.span.clone(), "")
                .help(help),
        );
    }
}

/// The header that a route asks for, and what it answers without.
fn require_header(
    required: written::RequiredHeader,
    names: &Names,
    mistakes: &Mistakes,
) -> Option<RequiredHeader> {
    checks::check_name(&required.name, mistakes);
    let name = required.name.value.to_ascii_lowercase();
    if name == "cookie" {
        mistakes.add(
            Diagnostic::error("a cookie is asked for by its name, not by its header")
                .label(required.name.span.clone(), "")
                .help("write `require_cookie = \"session\"`"),
        );
    }
    let value = match (required.cookie, required.value) {
        (Some(cookie), Some(value)) => {
            mistakes.add(
                Diagnostic::error("a header has the value of a cookie or this value, and not both")
                    .label(value.span, "a value")
                    .label(cookie.span, "a cookie")
                    .help("keep one of `cookie` and `value`"),
            );
            return None;
        }
        (Some(cookie), None) => {
            let help = "write the cookie's name alone: `cookie = \"csrf\"`";
            check_cookie(&cookie, help, mistakes);
            WantedValue::Cookie(cookie.value)
        }
        (None, Some(value)) => {
            checks::check_value(&value, "a header", mistakes);
            WantedValue::Text(value.value)
        }
        (None, None) => WantedValue::Any,
    };
    let otherwise = required.otherwise.map(|other| otherwise(*other, 403, names, mistakes));
    Some(RequiredHeader { name, field: required.field.map(|at| at.value), value, otherwise })
}

/// What is answered to who is not let in; where nothing is said of it, this status.
fn otherwise(other: written::Route, silent: u16, names: &Names, mistakes: &Mistakes) -> Box<Otherwise> {
    // Who is not let in is not told 200, unless the scenario says so.
    let is_silent = other.status.is_none() && other.bodies.is_empty();
    let (status, headers, set_cookie, body) =
        said(other.status, other.headers, other.set_cookie, other.bodies, names, mistakes);
    Box::new(Otherwise { status: if is_silent { silent } else { status }, headers, set_cookie, body })
}

/// What is answered: status, fields, lines and body.
fn said(
    status: Option<At<i64>>,
    headers: Vec<Header>,
    set_cookie: Vec<At<String>>,
    bodies: Vec<(Span, At<Body>)>,
    names: &Names,
    mistakes: &Mistakes,
) -> (u16, Vec<(String, String)>, Vec<String>, Body) {
    for header in &headers {
        checks::check_header(header, mistakes);
        check_framing(header, mistakes);
    }
    for line in &set_cookie {
        checks::check_value(line, "a Set-Cookie line", mistakes);
    }
    for text in set_cookie.iter().chain(headers.iter().map(|header| &header.value)) {
        check_moments(text, mistakes);
    }
    if let [(first, _), (second, _), ..] = bodies.as_slice() {
        mistakes.add(
            Diagnostic::error("a route has one body, and this one has two")
                .label(second.clone(), "a second body")
                .label(first.clone(), "first here")
                .help("keep one of `json`, `text`, `html`, `redirect` and `websocket`"),
        );
    }
    let written = status;
    let status = written.as_ref().and_then(|status| final_status(status, mistakes));
    let body = bodies.into_iter().next();
    if let (Some(written), Some(status), Some((key, body))) = (&written, status, &body) {
        check_status(written, status, key, &body.value, mistakes);
    }
    let body = body.map_or(Body::Empty, |(_, body)| match body.value {
        Body::Redirect(location) => {
            let text = At { value: location, span: body.span };
            if checks::check_value(&text, "a redirect", mistakes) {
                Body::Redirect(names.location(&text, mistakes).unwrap_or_default())
            } else {
                Body::Empty
            }
        }
        other => other,
    });
    let default = match body {
        Body::Redirect(_) => 302,
        Body::WebSocket => 101,
        _ => 200,
    };
    let set_cookie = set_cookie.into_iter().map(|at| at.value).collect();
    (status.unwrap_or(default), pairs(headers), set_cookie, body)
}

/// Every `{now…}` of a text must be a moment.
fn check_moments(text: &At<String>, mistakes: &Mistakes) {
    for (place, shift) in placeholder::moments(&text.value) {
        if shift.is_none() {
            let said = &text.value[place.clone()];
            mistakes.add(
                Diagnostic::error(format!("`{}` is no moment", said.escape_debug()))
                    .label(checks::part(mistakes.text(), text, &place), "")
                    .help(
                        "write `{now}`, or a whole number and one of `s`, `m`, `h` and `d` before or after it: \
                         `{now+15m}`, `{now-1d}`; ten years at most",
                    ),
            );
        }
    }
}

/// Whether a route says somewhere that the token it signs goes out.
fn hands_out(route: &written::Route) -> bool {
    let in_body = |body: &Body| match body {
        Body::Json(value) => value.to_string().contains(JWT),
        Body::Text(text) | Body::Html(text) => text.contains(JWT),
        _ => false,
    };
    route.set_cookie.iter().any(|line| line.value.contains(JWT))
        || route.bodies.iter().any(|(_, body)| in_body(&body.value))
}

/// Name and value of each field.
pub(super) fn pairs(headers: Vec<Header>) -> Vec<(String, String)> {
    headers.into_iter().map(|header| (header.name.value, header.value.value)).collect()
}

fn check_framing(header: &Header, mistakes: &Mistakes) {
    let name = header.name.value.to_ascii_lowercase();
    if FRAMING.contains(&name.as_str()) {
        mistakes.add(
            Diagnostic::error(format!("a route cannot set `{}`", header.name.value))
                .label(header.name.span.clone(), "")
                .note("the server writes it itself: it says where a message ends and what becomes of the connection")
                .help("leave it out"),
        );
    }
}

fn check_status(written: &At<i64>, status: u16, key: &Span, body: &Body, mistakes: &Mistakes) {
    let redirects = matches!(status, 301 | 302 | 303 | 307 | 308);
    match body {
        Body::Redirect(_) if !redirects => mistakes.add(
            Diagnostic::error(format!("no browser follows a redirect of status {status}"))
                .label(written.span.clone(), "")
                .label(key.clone(), "the redirect")
                .help("write 301, 302, 303, 307 or 308, or leave `status` out for 302"),
        ),
        Body::Json(_) | Body::Text(_) | Body::Html(_) if matches!(status, 204 | 205 | 304) => mistakes.add(
            Diagnostic::error(format!("an answer of status {status} has no body"))
                .label(key.clone(), "this would never be sent")
                .label(written.span.clone(), "")
                .help("leave the body out, or write another status"),
        ),
        Body::WebSocket => mistakes.add(
            Diagnostic::error(format!("a handshake that is accepted is not answered {status}"))
                .label(written.span.clone(), "")
                .label(key.clone(), "accepts the handshake")
                .help("leave `status` out for 101; a route that refuses has a `status` and no `websocket`"),
        ),
        _ => {}
    }
}
