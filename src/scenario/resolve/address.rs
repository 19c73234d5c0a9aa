//! The names and URLs of a world: `url` of an origin, `ORIGIN:PATH`, and whole URLs.

use std::collections::HashMap;

use url::{Host, ParseError, Url};

use super::super::mistakes::Mistakes;
use super::super::written::{At, Record, Scenario};
use crate::diagnostic::{Diagnostic, Span, did_you_mean, listed};
use crate::plan::upstream::is_loopback;

/// The origins by name, and the further names of the zone.
#[derive(Debug)]
pub(super) struct Names {
    origins: Vec<Named>,
    /// Lower case; may begin with `*.`.
    records: Vec<String>,
}

/// One origin's name and its URL, unless that was wrong.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: At<String>,
    pub(super) url: Option<At<Url>>,
}

impl Names {
    /// The names of a scenario; every mistake in the origins' own names and URLs is reported.
    pub(super) fn of(scenario: &Scenario, mistakes: &Mistakes) -> Self {
        let mut origins: Vec<Named> = Vec::new();
        let mut first_of: HashMap<Url, usize> = HashMap::new();
        for origin in &scenario.origins {
            check_name(&origin.name, mistakes);
            let url = origin.url.as_ref().and_then(|text| {
                let url = origin_url(text, mistakes)?;
                Some(At { value: url, span: text.span.clone() })
            });
            if let Some(url) = &url
                && let Some(twin) = first_of.get(&url.value).map(|first| &origins[*first])
                && let Some(first) = &twin.url
            {
                let twin = &twin.name.value;
                mistakes.add(
                    Diagnostic::error(format!(
                        "`{}` and `{twin}` are one origin: scheme, host and port are the same",
                        origin.name.value
                    ))
                    .label(url.span.clone(), "the same origin again")
                    .label(first.span.clone(), "first here")
                    .help("put the routes of both under one name, or give one another host or port"),
                );
            }
            if let Some(url) = &url {
                first_of.entry(url.value.clone()).or_insert(origins.len());
            }
            origins.push(Named { name: origin.name.clone(), url });
        }
        let records = scenario.records.iter().map(|record: &Record| record.name.value.to_ascii_lowercase());
        Self { records: records.collect(), origins }
    }

    pub(super) fn origins(&self) -> &[Named] {
        &self.origins
    }

    /// The origin of this name. One that does not exist is reported; one whose URL is wrong is
    /// reported elsewhere, and gives `None` in silence.
    pub(super) fn origin(&self, name: &str, span: Span, mistakes: &Mistakes) -> Option<&Url> {
        match self.origins.iter().find(|origin| origin.name.value == name) {
            Some(origin) => origin.url.as_ref().map(|url| &url.value),
            None => {
                mistakes.add(self.unknown(name, span));
                None
            }
        }
    }

    fn unknown(&self, name: &str, span: Span) -> Diagnostic {
        let names = self.origins.iter().map(|origin| origin.name.value.as_str());
        let unknown = Diagnostic::error(format!("there is no origin `{name}`")).label(span, "");
        match did_you_mean(name, names.clone()) {
            Some(meant) => unknown.help(format!("did you mean `{meant}`?")),
            None if self.origins.is_empty() => {
                unknown.help(format!("declare it: `[origins.{name}]` with a `url`"))
            }
            None => unknown.help(format!("the origins of this scenario are {}", listed(names))),
        }
    }

    /// A URL a browser is sent to: `ORIGIN:PATH`, or a whole URL inside the world.
    pub(super) fn inside(&self, text: &At<String>, mistakes: &Mistakes) -> Option<Url> {
        let url = self.anywhere(text, mistakes)?;
        if !matches!(url.scheme(), "http" | "https") {
            mistakes.add(
                Diagnostic::error(format!("`{}:` is not a scheme of this world", url.scheme()))
                    .label(text.span.clone(), "")
                    .help("write `ORIGIN:/path`, or a URL that begins with `https://` or `http://`"),
            );
            return None;
        }
        if !url.username().is_empty() || url.password().is_some() {
            mistakes.add(user_info(text.span.clone()));
            return None;
        }
        let known = self.origins.iter().filter_map(|origin| origin.url.as_ref());
        if known.clone().any(|origin| origin.value.origin() == url.origin()) || self.is_record(&url) {
            return Some(url);
        }
        // An origin whose own URL is wrong might have been this one.
        if self.origins.iter().any(|origin| origin.url.is_none()) {
            return None;
        }
        let here = url.origin().ascii_serialization();
        let mut diagnostic =
            Diagnostic::error(format!("nobody answers at {here} in this world")).label(text.span.clone(), "");
        if let Some(near) = known.clone().find(|origin| origin.value.host() == url.host()) {
            let there = near.value.origin().ascii_serialization();
            diagnostic = diagnostic.note(format!("the same host is declared as {there}"));
        }
        let declare = format!("declare it as an origin:\n    [origins.NAME]\n    url = \"{here}\"");
        mistakes.add(if is_loopback(&url) {
            let real = format!("{declare}\n    upstream = \"{here}\"");
            diagnostic.help(format!(
                "{real}\nwith `upstream` your own server at that port is asked; without it, \
                                     this world answers in its place"
            ))
        } else {
            diagnostic.help(declare)
        });
        None
    }

    /// `ORIGIN:PATH`, or a whole URL of any place.
    pub(super) fn anywhere(&self, text: &At<String>, mistakes: &Mistakes) -> Option<Url> {
        if unfilled(text, mistakes) {
            return None;
        }
        if let Some(bad) = text.value.chars().find(|c| c.is_control()) {
            mistakes.add(
                Diagnostic::error(format!("a URL cannot hold the control character U+{:04X}", bad as u32))
                    .label(text.span.clone(), "")
                    .help("leave it out, or write it percent-encoded"),
            );
            return None;
        }
        match split(&text.value) {
            Written::Short { origin, path } => {
                let base = self.origin(origin, text.span.clone(), mistakes)?;
                at_path(base, path, text, mistakes)
            }
            Written::Whole => {
                match Url::parse(&text.value) {
                    Ok(url) => Some(url),
                    Err(error) => {
                        mistakes.add(
                        Diagnostic::error(format!("`{}` is not a URL: {error}", text.value))
                            .label(text.span.clone(), "")
                            .help("write `ORIGIN:/path`, or a whole URL such as `https://www.example.com/path`"),
                    );
                        None
                    }
                }
            }
            Written::Neither if text.value.is_empty() => {
                mistakes.add(
                    Diagnostic::error("the URL is empty")
                        .label(text.span.clone(), "")
                        .help("write `ORIGIN:/path`, or a whole URL such as `https://www.example.com/path`"),
                );
                None
            }
            Written::Neither => {
                let names: Vec<&str> = self.origins.iter().map(|origin| origin.name.value.as_str()).collect();
                let origin = names.first().copied().unwrap_or("ORIGIN");
                let help = match text.value.strip_prefix('/') {
                    Some(rest) if !rest.starts_with('/') => {
                        format!("say at which origin: `{origin}:{}`", text.value)
                    }
                    _ if names.contains(&text.value.as_str()) => format!("add the path: `{}:/`", text.value),
                    _ => format!("write `{origin}:/path`, or a whole URL with `https://` in front"),
                };
                mistakes.add(
                    Diagnostic::error(format!("`{}` is neither `ORIGIN:/path` nor a whole URL", text.value))
                        .label(text.span.clone(), "")
                        .help(help),
                );
                None
            }
        }
    }

    /// The value of a `Location` header: `ORIGIN:/path` becomes a whole URL, and all else stays as it is.
    pub(super) fn location(&self, text: &At<String>, mistakes: &Mistakes) -> Option<String> {
        match split(&text.value) {
            Written::Short { origin, path } => {
                let known = self.origins.iter().any(|named| named.name.value == origin);
                // `mailto:x` and the like are URLs of their own; `appi:/login` is a misspelt origin.
                if !known && !path.starts_with('/') {
                    return Some(text.value.clone());
                }
                let base = self.origin(origin, text.span.clone(), mistakes)?;
                at_path(base, path, text, mistakes).map(String::from)
            }
            Written::Whole | Written::Neither => Some(text.value.clone()),
        }
    }

    fn is_record(&self, url: &Url) -> bool {
        let Some(Host::Domain(host)) = url.host() else {
            return false;
        };
        self.is_declared(host)
    }

    /// Whether a name is declared as a DNS record, by a wildcard perhaps.
    pub(super) fn is_declared(&self, name: &str) -> bool {
        self.records.iter().any(|record| match record.strip_prefix('*') {
            Some(rest) => name.strip_suffix(rest).is_some_and(|label| !label.is_empty()),
            None => record == name,
        })
    }
}

/// How a URL is written.
enum Written<'a> {
    /// `ORIGIN:PATH`.
    Short { origin: &'a str, path: &'a str },
    /// With a scheme and `//`.
    Whole,
    /// Without a colon where one must be.
    Neither,
}

fn split(text: &str) -> Written<'_> {
    match text.split_once(':') {
        Some((_, rest)) if rest.starts_with("//") => Written::Whole,
        Some((origin, path)) if is_name(origin) => Written::Short { origin, path },
        _ => Written::Neither,
    }
}

fn at_path(base: &Url, path: &str, text: &At<String>, mistakes: &Mistakes) -> Option<Url> {
    if !path.starts_with('/') {
        let origin = text.value.split(':').next().unwrap_or_default();
        mistakes.add(
            Diagnostic::error("a path begins with `/`")
                .label(text.span.clone(), "")
                .help(format!("write `{origin}:/{path}`")),
        );
        return None;
    }
    // Joined as text: `Url::join` would take a path of two slashes for another host.
    let whole = format!("{}{path}", base.as_str().trim_end_matches('/'));
    match Url::parse(&whole) {
        Ok(url) => Some(url),
        Err(error) => {
            mistakes.add(
                Diagnostic::error(format!("`{whole}` is not a URL: {error}")).label(text.span.clone(), ""),
            );
            None
        }
    }
}

/// Whether a word can name an origin.
fn is_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn check_name(name: &At<String>, mistakes: &Mistakes) {
    if !is_name(&name.value) {
        mistakes.add(
            Diagnostic::error(format!("`{}` cannot name an origin", name.value))
                .label(name.span.clone(), "")
                .note("the name stands before a colon, as in `api:/path`")
                .help("use letters, digits, `-` and `_`"),
        );
    } else if matches!(name.value.as_str(), "http" | "https") {
        mistakes.add(
            Diagnostic::error(format!("`{}` is a scheme and cannot name an origin", name.value))
                .label(name.span.clone(), "")
                .help("name it after what answers there, such as `web` or `api`"),
        );
    }
}

fn user_info(span: Span) -> Diagnostic {
    Diagnostic::error("a URL with user info is not supported")
        .label(span, "")
        .note("browsers strip `user:password@` from what they show, or refuse it")
        .help("leave out everything up to and including the `@`")
}

/// Whether a URL has a variable that nothing fills in, which is reported.
fn unfilled(text: &At<String>, mistakes: &Mistakes) -> bool {
    let url = text.value.as_str();
    let between =
        |open: &str, close: &str| Some(url.split_once(open)?.1.split_once(close)?.0.trim().to_owned());
    let declare = |name: &str| format!("declare it:\n    [variables]\n    {name} = \"…\"");
    let own = between("{{", "}}");
    let foreign = between("${", "}").or_else(|| between("<%=", "%>")).or_else(|| {
        let name: String =
            url.strip_prefix('$')?.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        (!name.is_empty()).then_some(name)
    });
    if mistakes.has_at(&text.span) {
        return own.is_some();
    }
    if let Some(name) = own {
        mistakes.add(
            Diagnostic::error(format!(
                "nothing fills in `{{{{{name}}}}}`: this scenario has no `[variables]`"
            ))
            .label(text.span.clone(), "")
            .help(declare(&name)),
        );
        return true;
    }
    let Some(name) = foreign else { return false };
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = name.chars().map(word).collect();
    mistakes.add(
        Diagnostic::error("a scenario does not read the environment: nothing fills this in")
            .label(text.span.clone(), "")
            .help(format!("write `{{{{{name}}}}}`, and {}", declare(&name))),
    );
    true
}

/// The `url` of an origin: scheme, host and port, and nothing else.
fn origin_url(text: &At<String>, mistakes: &Mistakes) -> Option<Url> {
    let refuse = |message: String, help: String, mistakes: &Mistakes| {
        mistakes.add(Diagnostic::error(message).label(text.span.clone(), "").help(help));
        None
    };
    if unfilled(text, mistakes) {
        return None;
    }
    let written = text.value.as_str();
    if let Some(bad) = written.chars().find(|c| c.is_whitespace() || c.is_control()) {
        let what = if bad == ' ' { "a space".to_owned() } else { format!("U+{:04X}", bad as u32) };
        let help = "leave it out".to_owned();
        return refuse(format!("`{written}` is not an origin: it has {what} in it"), help, mistakes);
    }
    let Some((scheme, rest)) = written.split_once("://") else {
        let help = format!("write `https://{}`", written.split('/').next().unwrap_or_default());
        let help = if is_host_like(written) {
            help
        } else {
            "write scheme and host, such as `https://api.example.com`".to_owned()
        };
        return refuse(format!("`{written}` is not an origin: it has no scheme"), help, mistakes);
    };
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        let help = match scheme {
            "ws" | "wss" => "write `https://`: a WebSocket begins as a request of http",
            _ => "write `https://` or `http://`",
        };
        return refuse(
            format!("an origin's scheme is http or https, not `{scheme}`"),
            help.to_owned(),
            mistakes,
        );
    }
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if authority.contains('@') {
        mistakes.add(user_info(text.span.clone()));
        return None;
    }
    if authority.is_empty() || authority.starts_with(':') {
        let help = format!("add the host: `{scheme}://api.example.com`");
        return refuse(format!("`{written}` has no host"), help, mistakes);
    }
    let url = match Url::parse(written) {
        Ok(url) => url,
        Err(error) => {
            let help = match error {
                ParseError::InvalidPort => "ports go from 1 to 65535",
                _ => "write scheme, host and perhaps a port, such as `https://api.example.com:8443`",
            };
            return refuse(format!("`{written}` is not an origin: {error}"), help.to_owned(), mistakes);
        }
    };
    if url.port() == Some(0) {
        let help = "write the port of production, or leave it out".to_owned();
        return refuse("port 0 is no port to reach a server at".to_owned(), help, mistakes);
    }
    let origin = url.origin().ascii_serialization();
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return refuse(
            format!("an origin is scheme, host and port, and `{written}` has more"),
            format!("write `{origin}`; paths belong to routes and steps"),
            mistakes,
        );
    }
    if let Some(Host::Domain(host)) = url.host()
        && let Err(why) = check_host(host)
    {
        let help = "write the host as production has it, such as `api.example.com`".to_owned();
        return refuse(format!("`{host}` is not a host name: {why}"), help, mistakes);
    }
    Some(url)
}

fn is_host_like(text: &str) -> bool {
    let host = text.split(['/', ':']).next().unwrap_or_default();
    host.contains('.') && check_host(&host.to_ascii_lowercase()).is_ok()
}

/// Whether DNS can hold a name (RFC 1035, section 2.3.4; RFC 2181, section 11), given in lower-case ASCII.
pub(super) fn check_host(host: &str) -> Result<(), String> {
    if host.is_empty() {
        return Err("it is empty".to_owned());
    }
    if host.ends_with('.') {
        return Err("leave out the final dot".to_owned());
    }
    if host.len() > 253 {
        return Err("it is longer than 253 characters".to_owned());
    }
    for label in host.split('.') {
        if label.is_empty() {
            return Err("there is nothing between two dots".to_owned());
        }
        if label.len() > 63 {
            return Err(format!("`{label}` is longer than 63 characters"));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(format!("`{label}` begins or ends with a hyphen"));
        }
        let bad =
            label.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_')));
        if let Some(bad) = bad {
            return Err(format!("`{}` cannot stand in a name", bad.escape_debug()));
        }
    }
    Ok(())
}
