//! Real servers behind origins: where each is, how it is started, and what cannot stand beside one.

use std::path::{Path, PathBuf};

use url::Url;

use super::super::mistakes::Mistakes;
use super::super::written::{self, At};
use super::time;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::upstream::{self, AskedBy, Command, Overlay, Place, Ready, Upstream};

/// What the paths of Unix sockets begin with.
const UNIX: &str = "unix:";

/// The longest path of a Unix socket, in bytes (`unix(7)`: 108 with the byte that ends it).
const LONGEST_SOCKET: usize = 107;

/// Checks what stands beside the upstream or the edge of an origin.
pub(super) fn check(origin: &written::Origin, mistakes: &Mistakes) {
    check_edge(origin, mistakes);
    let Some(upstream) = &origin.upstream else { return };
    let alone = |what: &str, span: &Span| {
        mistakes.add(
            Diagnostic::error(format!("a real server answers here, and {what} would answer in its place"))
                .label(span.clone(), "")
                .label(upstream.span.clone(), "everything goes to this server")
                .help("take one of them out, or give each an origin of its own"),
        );
    };
    if let Some(at) = origin.routes.iter().find_map(|route| route.at.as_ref()) {
        alone("a route", &at.span);
    }
    if let Some(cors) = &origin.cors {
        alone("CORS settings", &cors.span);
    }
    if let Some(framework) = &origin.framework {
        alone(framework.value.name(), &framework.span);
    }
    if let Some(proxy) = &origin.proxy {
        let message =
            format!("an origin is {} or a real server, and this one is both", proxy.value.proxy.name());
        mistakes.add(
            Diagnostic::error(message)
                .label(proxy.span.clone(), "")
                .label(upstream.span.clone(), "")
                .help("give the server an origin of its own, and pass on to that: `proxy_pass = \"http://NAME:PORT\"`"),
        );
    }
}

/// An edge tells a server what came before it: where none looks at headers, it does nothing.
fn check_edge(origin: &written::Origin, mistakes: &Mistakes) {
    let Some(edge) = &origin.edge else { return };
    let looks = origin.upstream.is_some() || origin.framework.is_some() || origin.proxy.is_some();
    if !looks {
        let name = &origin.name.value;
        mistakes.add(
            Diagnostic::error("nothing behind this edge looks at what it says")
                .label(edge.span.clone(), "")
                .note(format!("`{name}` answers as its routes say, whatever headers come along"))
                .help("leave it out, or give the origin an `upstream` or a framework"),
        );
    }
}

/// The upstream, where it can be one.
pub(super) fn upstream(written: At<written::Upstream>, mistakes: &Mistakes) -> Option<Upstream> {
    let written = written.value;
    let place = written.url.as_ref().and_then(|url| place(url, mistakes));
    let ready = written.ready.and_then(|ready| self::ready(&ready, mistakes));
    let timeout = written.timeout.and_then(|timeout| time::time(&timeout, mistakes));
    let without = |key: &str, span: &Span, mistakes: &Mistakes| {
        mistakes.add(
            Diagnostic::error(format!("`{key}` is for a command, and there is none"))
                .label(span.clone(), "")
                .help(format!("add `command = \"node server.js\"`, or leave `{key}` out")),
        );
    };
    let folder = folder(&mistakes.source().path, written.cwd.as_ref().map(|cwd| cwd.value.as_str()));
    let command = match &written.command {
        Some(line) if line.value.trim().is_empty() => {
            mistakes.add(
                Diagnostic::error("the command is empty")
                    .label(line.span.clone(), "")
                    .help("write what you type to start the server: `command = \"npm run dev\"`"),
            );
            None
        }
        Some(line) => {
            let environment = written.env.into_iter().map(|(name, value)| (name.value, value)).collect();
            Some(Command { line: line.value.clone(), folder, environment })
        }
        None => {
            if let Some(cwd) = &written.cwd {
                without("cwd", &cwd.span, mistakes);
            }
            if let Some((name, _)) = written.env.first() {
                without("env", &name.span, mistakes);
            }
            None
        }
    };
    let place = place?;
    let outside = place.outside().is_some();
    if let (Some(line), true) = (&written.command, outside) {
        mistakes.add(
            Diagnostic::error(format!("a command starts a server here, and {place} is on another machine"))
                .label(line.span.clone(), "")
                .help("leave it out, or write where the server listens on this machine"),
        );
    }
    // A server on another machine is found by its own name, and would not know production's.
    let host = written.host.map_or(if outside { AskedBy::Own } else { AskedBy::Public }, |host| host.value);
    let timeout = timeout.unwrap_or(upstream::TIMEOUT);
    let overlay = Overlay::default();
    Some(Upstream { place, host, allowed: false, command, ready, timeout, overlay })
}

/// A folder as seen from the scenario's own.
fn folder(scenario: &str, written: Option<&str>) -> PathBuf {
    let own = Path::new(scenario).parent().unwrap_or(Path::new(""));
    match written {
        Some(written) => own.join(written),
        None if own.as_os_str().is_empty() => PathBuf::from("."),
        None => own.to_owned(),
    }
}

/// `METHOD /path`, or a path alone.
fn ready(text: &At<String>, mistakes: &Mistakes) -> Option<Ready> {
    let (method, path) = text.value.trim().split_once(' ').unwrap_or(("GET", text.value.trim()));
    let path = path.trim();
    let is_method = method.bytes().all(|byte| byte.is_ascii_uppercase()) && !method.is_empty();
    if !is_method || !path.starts_with('/') || path.parse::<hyper::http::uri::PathAndQuery>().is_err() {
        mistakes.add(
            Diagnostic::error(format!("`{}` is not a request", text.value.escape_debug()))
                .label(text.span.clone(), "")
                .help("write what the server answers once it is ready: `ready = \"GET /health\"`"),
        );
        return None;
    }
    Some(Ready { method: method.to_owned(), path: path.to_owned() })
}

/// The `url` of an upstream: scheme, host and port, or the path of a Unix socket.
fn place(text: &At<String>, mistakes: &Mistakes) -> Option<Place> {
    let written = text.value.as_str();
    match parse_place(written) {
        // A path is seen from the scenario's folder, as every other is.
        Ok(Place::Unix(path)) => Some(Place::Unix(folder(&mistakes.source().path, path.to_str()))),
        Ok(place) => Some(place),
        Err((message, help)) => {
            mistakes.add(Diagnostic::error(message).label(text.span.clone(), "").help(help));
            None
        }
    }
}

/// The same of a text that stands in no file. Fails with what is wrong, and what to do.
pub(in crate::scenario) fn parse_place(written: &str) -> Result<Place, (String, String)> {
    let example = || "write scheme, host and port, such as `http://127.0.0.1:4000`".to_owned();
    if let Some(path) = written.strip_prefix(UNIX) {
        let path = path.strip_prefix("//").unwrap_or(path);
        let refuse = |why: String| Err((why, "write its path, such as `unix:/run/app.sock`".to_owned()));
        return match path {
            "" => refuse("the socket has no path".to_owned()),
            _ if path.contains('\0') => refuse("a path cannot hold the byte 0x00".to_owned()),
            _ if path.len() > LONGEST_SOCKET => {
                refuse(format!("the path of a Unix socket has {LONGEST_SOCKET} bytes at most"))
            }
            _ => Ok(Place::Unix(PathBuf::from(path))),
        };
    }
    if written.bytes().all(|byte| byte.is_ascii_digit()) && !written.is_empty() {
        return Err((format!("`{written}` is a port alone"), format!("write `http://127.0.0.1:{written}`")));
    }
    let Some((scheme, rest)) = written.split_once("://") else {
        let has_port = written.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let help = if has_port { format!("write `http://{written}`") } else { example() };
        return Err((format!("`{written}` has no scheme"), help));
    };
    if !matches!(scheme, "http" | "https") {
        let help = match scheme {
            "ws" | "wss" => format!("write `http://{rest}`: a WebSocket begins as a request of http"),
            _ => "write `http://`, `https://` or `unix:`".to_owned(),
        };
        return Err((format!("a real server is asked over http or https, not `{scheme}`"), help));
    }
    let url =
        Url::parse(written).map_err(|error| (format!("`{written}` is not a URL: {error}"), example()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(("an upstream's URL has no user in it".to_owned(), "leave it out".to_owned()));
    }
    if url.port() == Some(0) {
        return Err(("port 0 is no port to reach a server at".to_owned(), example()));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        let origin = url.origin().ascii_serialization();
        let help = format!("write `{origin}`: whatever path the browser asks for is asked there");
        return Err((format!("an upstream is scheme, host and port, and `{written}` has more"), help));
    }
    Ok(Place::Url(url))
}
