//! nginx: which location a request is for, what it makes of it, and of the answer.
//!
//! After `ngx_http_proxy_module` and `ngx_http_core_module` of 1.22; what it does was recorded and is
//! replayed in `tests/it/world/proxies.rs`.

use hyper::header::{HeaderMap, HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use hyper::{StatusCode, Version};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::{Arrived, CLIENT, Next, Onward, cookies, put};
use crate::plan::proxy::{Location, Piece, Template, Variable};
use crate::rules::cookie_header::cookie_pairs;
use crate::world::reply::Reply;
use crate::world::wire::Answer;

/// Headers of a request that go no further (`ngx_http_proxy_headers`), but for a setting that says them.
const STAY: [&str; 7] = ["host", "connection", "keep-alive", "te", "transfer-encoding", "upgrade", "expect"];

/// Headers of an answer that go no further (`ngx_http_proxy_hide_headers`).
const HIDDEN: [&str; 8] = [
    "date",
    "server",
    "x-pad",
    "x-accel-expires",
    "x-accel-redirect",
    "x-accel-limit-rate",
    "x-accel-buffering",
    "x-accel-charset",
];

/// The statuses that `add_header` is for, where it does not say `always`.
const ADDED_TO: [u16; 10] = [200, 201, 204, 206, 301, 302, 303, 304, 307, 308];

/// What `ngx_escape_uri` escapes of a path that was decoded, beside what is not ASCII.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'#').add(b'%').add(b'?').add(b'"').add(b'<').add(b'>');

/// What becomes of a request.
pub(super) fn next<'p>(locations: &'p [Location], arrived: &Arrived<'_>) -> Next<'p> {
    // `merge_slashes on`: of several slashes one counts, and one is passed on where a URI takes the path's place.
    let path = merged(&percent_decode_str(arrived.url.path()).decode_utf8_lossy());
    let mut locations_with_slash = locations.iter().filter(|location| wants_slash(location, &path));
    if let Some(slashed) = locations_with_slash.next()
        && !locations.iter().any(|location| location.path.text() == path)
    {
        return Next::Back(to_slash(slashed, arrived));
    }
    let Some(location) = Location::chosen(locations, &path) else {
        let paths: Vec<&str> = locations.iter().map(|location| location.path.text()).collect();
        let text =
            format!("rehearsal: no location of nginx is for {path}\nhint: it has {}\n", paths.join(", "));
        return Next::Back(Reply::sentence(StatusCode::NOT_FOUND, Answer::Undeclared, text));
    };
    let target = match &location.uri {
        None => arrived.target(),
        Some(uri) => {
            let rest = &path[location.path.text().len()..];
            let query = arrived.url.query().map_or_else(String::new, |query| format!("?{query}"));
            format!("{uri}{}{query}", utf8_percent_encode(rest, ESCAPED))
        }
    };
    let version = if location.http_1_1 { Version::HTTP_11 } else { Version::HTTP_10 };
    let headers = headers(location, arrived);
    Next::On(Onward { upstream: &location.upstream, target, version, headers, back: Some(location) })
}

/// A path with one slash where several follow each other.
fn merged(path: &str) -> String {
    let mut merged = String::with_capacity(path.len());
    for character in path.chars() {
        if character != '/' || !merged.ends_with('/') {
            merged.push(character);
        }
    }
    merged
}

/// Whether a path lacks nothing but the slash at the end of a location: it is sent there, whatever shorter
/// location would take it.
fn wants_slash(location: &Location, path: &str) -> bool {
    location.path.text().strip_suffix('/') == Some(path)
}

fn to_slash(location: &Location, arrived: &Arrived<'_>) -> Reply {
    let why = format!("nginx redirects to the location {}", location.path.text());
    let mut reply = Reply::new(StatusCode::MOVED_PERMANENTLY, Answer::Middleware(why));
    let query = arrived.url.query().map_or_else(String::new, |query| format!("?{query}"));
    put(&mut reply.headers, "location", &absolute(&format!("{}{query}", location.path.text()), arrived));
    add_headers(location, arrived, &mut reply);
    reply
}

/// `absolute_redirect`: a path as a whole URL of this server.
fn absolute(path: &str, arrived: &Arrived<'_>) -> String {
    format!("{}://{}{path}", arrived.url.scheme(), arrived.authority())
}

/// The headers of the request as it goes on: what the settings say, and the rest as it came.
fn headers(location: &Location, arrived: &Arrived<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &location.set_header {
        put(&mut headers, name, &filled(value, location, arrived));
    }
    let is_set = |name: &HeaderName| {
        location.set_header.iter().any(|(set, _)| set.eq_ignore_ascii_case(name.as_str()))
    };
    for (name, value) in &arrived.request.headers {
        // `underscores_in_headers off`: such a header is dropped in silence.
        if !STAY.contains(&name.as_str()) && !is_set(name) && !name.as_str().contains('_') {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

/// What becomes of the answer.
pub(super) fn come_back(location: &Location, arrived: &Arrived<'_>, reply: &mut Reply) {
    for name in HIDDEN.into_iter().chain(location.hide_header.iter().map(String::as_str)) {
        reply.headers.remove(name);
    }
    let to = reply.headers.get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
    if let Some(to) = to.and_then(|to| redirected(&to, location, arrived)) {
        put(&mut reply.headers, "location", &to);
    }
    let lines: Vec<HeaderValue> = reply.headers.get_all(SET_COOKIE).iter().cloned().collect();
    reply.headers.remove(SET_COOKIE);
    for line in lines {
        let new = line.to_str().ok().and_then(|text| {
            let new = cookies::rewritten(text, location, |value| filled(value, location, arrived));
            HeaderValue::from_str(&new).ok()
        });
        reply.headers.append(SET_COOKIE, new.unwrap_or(line));
    }
    add_headers(location, arrived, reply);
}

/// `add_header`.
fn add_headers(location: &Location, arrived: &Arrived<'_>, reply: &mut Reply) {
    for added in &location.add_header {
        let value = filled(&added.value, location, arrived);
        let name = HeaderName::from_bytes(added.name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value))
            && !value.is_empty()
            && (added.always || ADDED_TO.contains(&reply.status.as_u16()))
        {
            // It stands beside what the answer had already.
            reply.headers.append(name, value);
        }
    }
}

/// `proxy_redirect`: where a redirect leads for whoever came through here. `None` where it stays as it is.
fn redirected(to: &str, location: &Location, arrived: &Arrived<'_>) -> Option<String> {
    let new = location.redirect.iter().find_map(|(from, new)| {
        let rest = to.strip_prefix(filled(from, location, arrived).as_str())?;
        Some(format!("{}{rest}", filled(new, location, arrived)))
    })?;
    Some(if new.starts_with('/') { absolute(&new, arrived) } else { new })
}

/// A value with its variables filled in.
fn filled(template: &Template, location: &Location, arrived: &Arrived<'_>) -> String {
    let upstream = &location.upstream;
    let value = |variable: &Variable| match variable {
        Variable::Host => arrived.url.host_str().unwrap_or_default().to_owned(),
        Variable::Header(name) if name == "host" => arrived.authority(),
        Variable::Header(name) if name == "cookie" => String::from_utf8_lossy(&cookie(arrived)).into_owned(),
        Variable::Header(name) => arrived.header(name).unwrap_or_default().to_owned(),
        Variable::Cookie(name) => {
            let pairs = cookie_pairs(&cookie(arrived));
            pairs.into_iter().find(|(sent, _)| sent == name).map(|(_, value)| value).unwrap_or_default()
        }
        Variable::Scheme => arrived.url.scheme().to_owned(),
        Variable::Https => if arrived.url.scheme() == "https" { "on" } else { "" }.to_owned(),
        Variable::ServerPort => arrived.port.to_string(),
        Variable::RemoteAddr => CLIENT.to_owned(),
        Variable::AddForwardedFor => arrived.forwarded_for(),
        Variable::ProxyHost => {
            let host = upstream.host_str().unwrap_or_default();
            upstream.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
        }
        Variable::ProxyPort => {
            upstream.port_or_known_default().map(|port| port.to_string()).unwrap_or_default()
        }
        Variable::RequestMethod => arrived.request.method.as_str().to_owned(),
        Variable::RequestUri => arrived.target(),
        Variable::Uri => percent_decode_str(arrived.url.path()).decode_utf8_lossy().into_owned(),
        Variable::Args => arrived.url.query().unwrap_or_default().to_owned(),
        Variable::IsArgs => if arrived.url.query().is_some() { "?" } else { "" }.to_owned(),
        Variable::ConnectionUpgrade => {
            if arrived.header("upgrade").is_some() { "upgrade" } else { "close" }.to_owned()
        }
    };
    let pieces = template.0.iter().map(|piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Variable(variable) => value(variable),
    });
    pieces.collect()
}

/// The Cookie header: its fields joined, as HTTP/2 may have split them.
fn cookie(arrived: &Arrived<'_>) -> Vec<u8> {
    crate::world::origin::cookie(&arrived.request.headers).unwrap_or_default()
}
