//! `[origins.NAME.nginx]`: the directives of one server and its locations.
//!
//! A directive with several arguments is one text, as nginx has it without the semicolon; one that can stand
//! several times takes a list. `proxy_set_header` and `add_header` are tables of names and values.

use toml::de::DeValue;

use super::super::super::checks::{check_name, check_value};
use super::super::super::mistakes::Mistakes;
use super::super::super::written::At;
use super::super::fields::Fields;
use super::super::framework::{Others, finish_beside};
use super::super::node::{Entry, Table};
use super::template::template;
use super::upstream;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::proxy::{AddHeader, CookieFlags, Location, LocationPath, Piece, Template, Variable};

/// Directives that nginx has, and that change nothing that is rehearsed here.
const IDLE: [&str; 40] = [
    "access_log",
    "charset",
    "client_body_buffer_size",
    "client_body_timeout",
    "client_header_timeout",
    "client_max_body_size",
    "default_type",
    "error_log",
    "etag",
    "gzip",
    "gzip_proxied",
    "gzip_types",
    "http2",
    "keepalive_timeout",
    "large_client_header_buffers",
    "listen",
    "log_not_found",
    "proxy_buffer_size",
    "proxy_buffering",
    "proxy_buffers",
    "proxy_busy_buffers_size",
    "proxy_cache_bypass",
    "proxy_connect_timeout",
    "proxy_next_upstream",
    "proxy_no_cache",
    "proxy_read_timeout",
    "proxy_request_buffering",
    "proxy_send_timeout",
    "proxy_ssl_server_name",
    "proxy_ssl_verify",
    "resolver",
    "send_timeout",
    "server_name",
    "server_tokens",
    "ssl_certificate",
    "ssl_certificate_key",
    "ssl_ciphers",
    "ssl_prefer_server_ciphers",
    "ssl_protocols",
    "ssl_session_cache",
];

/// Directives that nginx has, that may change what is answered, and that are not rehearsed here.
const DECIDING: [&str; 35] = [
    "absolute_redirect",
    "add_trailer",
    "alias",
    "allow",
    "auth_basic",
    "auth_request",
    "deny",
    "error_page",
    "expires",
    "fastcgi_pass",
    "if",
    "ignore_invalid_headers",
    "include",
    "index",
    "internal",
    "limit_except",
    "limit_req",
    "map",
    "merge_slashes",
    "port_in_redirect",
    "proxy_cache",
    "proxy_intercept_errors",
    "proxy_method",
    "proxy_pass_header",
    "proxy_pass_request_headers",
    "real_ip_header",
    "return",
    "rewrite",
    "root",
    "server_name_in_redirect",
    "set",
    "set_real_ip_from",
    "sub_filter",
    "try_files",
    "underscores_in_headers",
];

/// What nginx has beside what is rehearsed.
const OTHERS: Others<'static> = Others {
    idle: &IDLE,
    deciding: &DECIDING,
    idle_prefixes: &["gzip_", "proxy_cache_", "proxy_ssl_", "ssl_"],
};

/// What `proxy_cookie_flags` can say.
const FLAGS: [&str; 8] = [
    "secure",
    "nosecure",
    "httponly",
    "nohttponly",
    "samesite=strict",
    "samesite=lax",
    "samesite=none",
    "nosamesite",
];

/// The directives that a location takes over from its server where it has none of the same name.
#[derive(Clone, Default)]
struct Inherited {
    http_1_1: Option<bool>,
    set_header: Option<Vec<(String, Template)>>,
    hide_header: Option<Vec<String>>,
    redirect: Option<Redirect>,
    cookie_path: Option<Vec<(Template, Template)>>,
    cookie_domain: Option<Vec<(Template, Template)>>,
    cookie_flags: Option<Vec<CookieFlags>>,
    add_header: Option<Vec<AddHeader>>,
}

/// `proxy_redirect`.
#[derive(Clone)]
enum Redirect {
    /// `off`.
    Off,
    /// `default`, or nothing said: from the URL of `proxy_pass` to the location.
    Default,
    /// Pairs.
    Pairs(Vec<(Template, Template)>),
}

pub(super) fn read(server: Table<'_, '_>, span: Span, upstreams: &mut Vec<At<String>>) -> Vec<Location> {
    let mut fields = Fields::new(server, "`nginx`");
    let inherited = inherited(&mut fields);
    let mut locations: Vec<Location> = Vec::new();
    if let Some((paths, _)) = fields.table("location") {
        for entry in paths.entries() {
            let Some(directives) = entry.value.table(&format!("location `{}`", entry.key)) else {
                continue;
            };
            let path = path(&entry);
            let read = location(path, &entry, directives, &inherited, upstreams);
            locations.extend(read);
        }
    } else {
        server.report_missing(
            Diagnostic::error("this nginx has no `location`").label(span, "").help(
                "say what it passes on: `location.\"/api/\" = { proxy_pass = \"http://orders:3000\" }`",
            ),
        );
    }
    finish_beside(&fields, "nginx", OTHERS);
    locations
}

/// A location's path: `/path`, `= /path` or `^~ /path`.
fn path(entry: &Entry<'_, '_>) -> Option<LocationPath> {
    let (modifier, path) = match entry.key.trim().split_once(char::is_whitespace) {
        Some((modifier, path)) => (modifier, path.trim()),
        None => ("", entry.key.trim()),
    };
    let refuse = |message: String, help: String| {
        entry.report(Diagnostic::error(message).label(entry.key_span.clone(), "").help(help));
        None
    };
    if modifier.starts_with('~') || path.starts_with('~') {
        let help = "write the beginnings of the paths it is for, each a location".to_owned();
        return refuse("a location by regular expression is not rehearsed here".to_owned(), help);
    }
    if !path.starts_with('/') {
        let help = format!("write `\"/{}\"`, with the slashes as nginx has them", entry.key.trim());
        return refuse(format!("`{}` is no path of a location", entry.key), help);
    }
    match modifier {
        "" | "^~" => Some(LocationPath::Prefix(path.to_owned())),
        "=" => Some(LocationPath::Exact(path.to_owned())),
        other => {
            let help = "nginx has `=` for one path, and `^~` for a beginning".to_owned();
            refuse(format!("`{other}` says nothing about a location"), help)
        }
    }
}

fn location(
    path: Option<LocationPath>,
    entry: &Entry<'_, '_>,
    directives: Table<'_, '_>,
    server: &Inherited,
    upstreams: &mut Vec<At<String>>,
) -> Option<Location> {
    let mut fields = Fields::new(directives, "a location");
    let target = fields.string("proxy_pass");
    let own = inherited(&mut fields);
    finish_beside(&fields, "a location of nginx", OTHERS);
    if !directives.contains_key("proxy_pass") {
        entry.report_missing(
            Diagnostic::error(format!("location `{}` passes nothing on", entry.key))
                .label(entry.key_span.clone(), "")
                .help("say where to: `proxy_pass = \"http://orders:3000\"`"),
        );
    }
    let path = path?;
    let (upstream, uri) = upstream("proxy_pass", target?, upstreams, entry.mistakes())?;
    let redirect = match own.redirect.or_else(|| server.redirect.clone()).unwrap_or(Redirect::Default) {
        Redirect::Off => Vec::new(),
        Redirect::Pairs(pairs) => pairs,
        Redirect::Default => {
            let there = upstream.origin().ascii_serialization();
            let (from, to) = match &uri {
                Some(uri) => (format!("{there}{uri}"), path.text().to_owned()),
                None => (format!("{there}/"), "/".to_owned()),
            };
            vec![(Template::text(&from), Template::text(&to))]
        }
    };
    let mut set_header = own.set_header.or_else(|| server.set_header.clone()).unwrap_or_default();
    let says = |name: &str| set_header.iter().any(|(set, _)| set.eq_ignore_ascii_case(name));
    let mut before = Vec::new();
    if !says("host") {
        before.push(("Host".to_owned(), Template(vec![Piece::Variable(Variable::ProxyHost)])));
    }
    if !says("connection") {
        before.push(("Connection".to_owned(), Template(vec![Piece::Text("close".to_owned())])));
    }
    set_header.splice(0..0, before);
    Some(Location {
        path,
        upstream,
        uri,
        http_1_1: own.http_1_1.or(server.http_1_1).unwrap_or(false),
        set_header,
        hide_header: own.hide_header.or_else(|| server.hide_header.clone()).unwrap_or_default(),
        redirect,
        cookie_path: own.cookie_path.or_else(|| server.cookie_path.clone()).unwrap_or_default(),
        cookie_domain: own.cookie_domain.or_else(|| server.cookie_domain.clone()).unwrap_or_default(),
        cookie_flags: own.cookie_flags.or_else(|| server.cookie_flags.clone()).unwrap_or_default(),
        add_header: own.add_header.or_else(|| server.add_header.clone()).unwrap_or_default(),
    })
}

fn inherited(fields: &mut Fields<'_, '_>) -> Inherited {
    let version = fields.word("proxy_http_version", &[("1.0", false), ("1.1", true)]);
    let set_header = fields.entry("proxy_set_header").map(|entry| {
        let pairs = header_table(&entry);
        pairs
            .into_iter()
            .map(|(name, at)| (name, template("proxy_set_header", &at, fields.mistakes())))
            .collect()
    });
    let add_header = fields.entry("add_header").map(|entry| {
        let pairs = header_table(&entry);
        pairs.into_iter().map(|(name, at)| added(name, at, entry.mistakes())).collect()
    });
    let hide_header = fields.entry("proxy_hide_header").map(|entry| {
        let names = arguments(&entry);
        names.into_iter().map(|at| at.value.trim().to_ascii_lowercase()).collect()
    });
    Inherited {
        http_1_1: version.map(|at| at.value),
        set_header,
        hide_header,
        redirect: fields.entry("proxy_redirect").map(|entry| redirect(&entry)),
        cookie_path: fields.entry("proxy_cookie_path").map(|entry| {
            let pairs = pairs(&entry, "/ /api/");
            let path = |at| template("proxy_cookie_path", &at, entry.mistakes());
            pairs.into_iter().map(|(from, to)| (path(from), path(to))).collect()
        }),
        cookie_domain: fields.entry("proxy_cookie_domain").map(|entry| {
            let bare = |text: &str| text.strip_prefix('.').unwrap_or(text).to_owned();
            let pairs = pairs(&entry, "orders.internal example.com");
            let domain = |at: At<String>| {
                let at = At { value: bare(&at.value), span: at.span };
                template("proxy_cookie_domain", &at, entry.mistakes())
            };
            pairs.into_iter().map(|(from, to)| (domain(from), domain(to))).collect()
        }),
        cookie_flags: fields.entry("proxy_cookie_flags").map(|entry| {
            let texts = arguments(&entry);
            texts
                .iter()
                .filter(|at| at.value.trim() != "off")
                .filter_map(|at| flags(at, entry.mistakes()))
                .collect()
        }),
        add_header,
    }
}

/// One text, or a list of texts.
fn arguments(entry: &Entry<'_, '_>) -> Vec<At<String>> {
    let what = format!("`{}`", entry.key);
    entry.value.one_or_more(&what)
}

/// Names and values of headers; a list of values is as many headers.
fn header_table(entry: &Entry<'_, '_>) -> Vec<(String, At<String>)> {
    let Some(headers) = entry.value.as_table() else {
        let help = format!("write `{} = {{ X-Name = \"value\" }}`", entry.key);
        entry.report(entry.value.wrong_type(&format!("`{}`", entry.key), "a table").help(help));
        return Vec::new();
    };
    let mut pairs = Vec::new();
    for header in headers.entries() {
        check_name(&header.name(), entry.mistakes());
        pairs.extend(arguments(&header).into_iter().map(|value| (header.key.to_owned(), value)));
    }
    pairs
}

/// A value of `add_header`: a final word `always` is its parameter.
fn added(name: String, mut at: At<String>, mistakes: &Mistakes) -> AddHeader {
    let always = at.value.strip_suffix(" always").map(|value| value.trim_end().to_owned());
    let is_always = always.is_some();
    at.value = always.unwrap_or(at.value);
    AddHeader { name, value: template("add_header", &at, mistakes), always: is_always }
}

fn redirect(entry: &Entry<'_, '_>) -> Redirect {
    match entry.value.get_ref() {
        DeValue::String(word) if word == "off" => Redirect::Off,
        DeValue::String(word) if word == "default" => Redirect::Default,
        _ => {
            let pairs = pairs(entry, "http://orders:3000/ /api/");
            let part = |at| template("proxy_redirect", &at, entry.mistakes());
            Redirect::Pairs(pairs.into_iter().map(|(from, to)| (part(from), part(to))).collect())
        }
    }
}

/// Texts of two arguments each; `off` alone is none.
fn pairs(entry: &Entry<'_, '_>, example: &str) -> Vec<(At<String>, At<String>)> {
    let mut pairs = Vec::new();
    for at in arguments(entry) {
        let words = words(&at.value);
        let [from, to] = words.as_slice() else {
            if words != ["off".to_owned()] {
                let diagnostic = Diagnostic::error(format!("`{}` takes two arguments, or `off`", entry.key));
                let help = format!("write what is there, and what takes its place: `\"{example}\"`");
                entry.report(diagnostic.label(at.span.clone(), "").help(help));
            }
            continue;
        };
        if from.starts_with('~') {
            entry.report(
                Diagnostic::error(format!("a regular expression in `{}` is not rehearsed here", entry.key))
                    .label(at.span.clone(), "")
                    .help("write the text itself"),
            );
            continue;
        }
        if check_value(&at, &format!("`{}`", entry.key), entry.mistakes()) {
            let word = |word: &String| At { value: word.clone(), span: at.span.clone() };
            pairs.push((word(from), word(to)));
        }
    }
    pairs
}

/// The arguments of a directive, as nginx cuts them: at blanks, but for those in quotes (`ngx_conf_read_token`).
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''));
        let (word, left) =
            match quote.and_then(|quote| rest[1..].find(quote).map(|end| (&rest[1..=end], end + 2))) {
                Some((word, after)) => (word, rest.get(after..).unwrap_or_default()),
                None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
            };
        words.push(word.to_owned());
        rest = left.trim_start();
    }
    words
}

/// `COOKIE FLAG …`.
fn flags(at: &At<String>, mistakes: &Mistakes) -> Option<CookieFlags> {
    let mut words = at.value.split_whitespace();
    let cookie = words.next().filter(|cookie| !FLAGS.contains(cookie));
    let Some(cookie) = cookie else {
        mistakes.add(
            Diagnostic::error("`proxy_cookie_flags` names no cookie").label(at.span.clone(), "").help(
                "the cookie's name comes first: `\"session secure samesite=none\"`; `~` is every cookie",
            ),
        );
        return None;
    };
    if cookie.len() > 1 && cookie.starts_with('~') {
        mistakes.add(
            Diagnostic::error("a regular expression in `proxy_cookie_flags` is not rehearsed here")
                .label(at.span.clone(), "")
                .help("write the cookie's name, or `~` for every cookie"),
        );
        return None;
    }
    let cookie = (cookie != "~").then(|| cookie.to_owned());
    let mut flags = CookieFlags { cookie, secure: None, httponly: None, samesite: None };
    for word in words {
        match word.to_ascii_lowercase().as_str() {
            "secure" => flags.secure = Some(true),
            "nosecure" => flags.secure = Some(false),
            "httponly" => flags.httponly = Some(true),
            "nohttponly" => flags.httponly = Some(false),
            "samesite=strict" => flags.samesite = Some(Some("Strict")),
            "samesite=lax" => flags.samesite = Some(Some("Lax")),
            "samesite=none" => flags.samesite = Some(Some("None")),
            "nosamesite" => flags.samesite = Some(None),
            _ => mistakes.add(
                Diagnostic::error(format!("`{word}` is no flag of `proxy_cookie_flags`"))
                    .label(at.span.clone(), "")
                    .suggest_or_list(word, FLAGS),
            ),
        }
    }
    Some(flags)
}
