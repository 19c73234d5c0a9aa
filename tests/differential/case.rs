//! A generated scenario, as data that can be made smaller, and as the TOML a user would write.
//!
//! Nothing here chooses anything, and nothing here knows what a browser will do.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use rehearsal::diagnostic::Source;
use rehearsal::plan::Plan;
use rehearsal::scenario;

use super::page::{self, Piece};

/// A scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub title: String,
    pub origins: Vec<Origin>,
    pub steps: Vec<Step>,
}

/// An origin, with its routes and CORS settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    pub name: String,
    pub url: String,
    pub cors: Option<Cors>,
    pub routes: Vec<Route>,
}

/// The CORS settings of an origin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cors {
    pub allow_origins: Vec<String>,
    pub allow_credentials: bool,
    pub allow_headers: Vec<String>,
    pub allow_methods: Option<Vec<String>>,
    pub max_age: Option<u32>,
}

/// A route.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// `METHOD /path`.
    pub at: String,
    pub status: Option<u16>,
    pub headers: Vec<(String, String)>,
    pub set_cookie: Vec<Line>,
    /// Where it redirects to; a route without answers a short text.
    pub redirect: Option<String>,
    /// What it asks for before it answers, as a line of the file.
    pub requires: Option<String>,
    pub body: Body,
    /// What is on it, where it is a page of its own making; then `body` says nothing.
    pub page: Vec<Piece>,
    /// Whether it is a WebSocket.
    pub websocket: bool,
}

/// What an answer holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Body {
    #[default]
    Text,
    /// A document of HTML, in which a page could have scripts.
    Html,
    Json,
    Empty,
    /// A short text that is said to be of this media type.
    Typed(&'static str),
}

/// A Set-Cookie line, or what a script writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub pair: String,
    pub attributes: Vec<String>,
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Visit(String),
    Link(String),
    Image(String),
    Script(String),
    Iframe(String),
    /// A frame with this `sandbox`.
    Sandboxed(String, &'static str),
    /// An image or a script, by its key, with more that its table says.
    Shared(&'static str, String, &'static str),
    /// A stream of events, with credentials or without.
    EventSource(String, bool),
    Popup(String),
    Beacon(String),
    WebSocket(String),
    Reload,
    Back,
    Clear,
    Restart,
    StorageAccess,
    Advance(&'static str),
    /// A script of the scenario's own.
    Eval(String),
    /// Text typed into the field that a selector finds.
    Fill(&'static str, &'static str),
    Click(&'static str),
    Form {
        url: String,
        method: &'static str,
    },
    Fetch {
        call: Call,
        credentials: &'static str,
    },
    Xhr {
        call: Call,
        with_credentials: bool,
    },
    Read,
    Write(Line),
    /// The step, in the frame that shows this URL.
    Inside(String, Box<Self>),
}

/// What `fetch` and `xhr` have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub url: String,
    pub method: &'static str,
    pub headers: Vec<(String, String)>,
    pub body: bool,
    /// What a `fetch` says beside, as a table of the file has it.
    pub options: &'static str,
}

impl Case {
    /// The scenario file.
    pub fn to_toml(&self) -> String {
        let mut text = format!("title = {}\n", quoted(&self.title));
        for origin in &self.origins {
            origin.write(&mut text, &self.origins);
        }
        for step in &self.steps {
            write(&mut text, format_args!("\n[[step]]\n{}\n", step.to_toml()));
        }
        text
    }

    /// The plan that reading the file gives, or what is wrong with it.
    pub fn plan(&self, path: &Path) -> Result<Arc<Plan>, String> {
        let text = self.to_toml();
        let source = Arc::new(Source::new(path.display().to_string(), text.clone()));
        let (plan, diagnostics) = scenario::parse(source);
        plan.map(Arc::new).ok_or_else(|| {
            let said: Vec<String> = diagnostics.iter().map(|diagnostic| format!("{diagnostic:?}")).collect();
            format!("{}\n{text}", said.join("\n"))
        })
    }
}

impl Origin {
    fn write(&self, text: &mut String, all: &[Self]) {
        let name = &self.name;
        write(text, format_args!("\n[origins.{name}]\nurl = {}\n", quoted(&self.url)));
        if let Some(cors) = &self.cors {
            write(text, format_args!("\n[origins.{name}.cors]\n"));
            write(text, format_args!("allow_origins = {}\n", list(&cors.allow_origins)));
            if cors.allow_credentials {
                text.push_str("allow_credentials = true\n");
            }
            if !cors.allow_headers.is_empty() {
                write(text, format_args!("allow_headers = {}\n", list(&cors.allow_headers)));
            }
            if let Some(methods) = &cors.allow_methods {
                write(text, format_args!("allow_methods = {}\n", list(methods)));
            }
            if let Some(max_age) = cors.max_age {
                write(text, format_args!("max_age = {max_age}\n"));
            }
        }
        for route in &self.routes {
            write(text, format_args!("\n[[origins.{name}.routes]]\n"));
            route.write(text, all);
        }
    }
}

impl Route {
    fn write(&self, text: &mut String, origins: &[Origin]) {
        write(text, format_args!("at = {}\n", quoted(&self.at)));
        if let Some(status) = self.status {
            write(text, format_args!("status = {status}\n"));
        }
        let mut headers = self.headers.clone();
        if let (Body::Typed(media), None, true) = (self.body, &self.redirect, self.page.is_empty()) {
            headers.push(("content-type".to_owned(), media.to_owned()));
        }
        if !headers.is_empty() {
            write(text, format_args!("headers = {}\n", table(&headers)));
        }
        if let Some(requires) = &self.requires {
            write(text, format_args!("{requires}\n"));
        }
        if !self.set_cookie.is_empty() {
            let lines: Vec<String> = self.set_cookie.iter().map(Line::to_text).collect();
            write(text, format_args!("set_cookie = {}\n", list(&lines)));
        }
        match &self.redirect {
            Some(to) => write(text, format_args!("redirect = {}\n", quoted(to))),
            None if self.websocket => text.push_str("websocket = true\n"),
            None if matches!(self.status, Some(204 | 304)) => {}
            None if !self.page.is_empty() => {
                write(text, format_args!("html = {}\n", quoted(&page::html(&self.page, origins))));
            }
            None => text.push_str(match self.body {
                Body::Html => "html = \"<!doctype html><title>rehearsal</title>\"\n",
                Body::Json => "json = { a = 1 }\n",
                Body::Empty => "text = \"\"\n",
                Body::Text | Body::Typed(_) => "text = \"rehearsal\"\n",
            }),
        }
    }
}

impl Line {
    /// The line as it is sent or written.
    pub fn to_text(&self) -> String {
        let parts = std::iter::once(&self.pair).chain(&self.attributes);
        parts.map(String::as_str).collect::<Vec<_>>().join("; ")
    }
}

impl Step {
    /// The URL it goes to, where it goes anywhere.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Visit(url) | Self::Link(url) | Self::Image(url) | Self::Script(url) => Some(url),
            Self::Iframe(url) | Self::Popup(url) | Self::Beacon(url) | Self::WebSocket(url) => Some(url),
            Self::Sandboxed(url, _) | Self::Shared(_, url, _) | Self::EventSource(url, _) => Some(url),
            Self::Form { url, .. } => Some(url),
            Self::Fetch { call, .. } | Self::Xhr { call, .. } => Some(&call.url),
            Self::Inside(_, step) => step.url(),
            Self::Reload | Self::Back | Self::Clear | Self::Restart | Self::StorageAccess => None,
            Self::Advance(_) | Self::Read | Self::Write(_) => None,
            Self::Eval(_) | Self::Fill(..) | Self::Click(_) => None,
        }
    }

    fn to_toml(&self) -> String {
        match self {
            Self::Visit(url) => format!("visit = {}", quoted(url)),
            Self::Link(url) => format!("link = {}", quoted(url)),
            Self::Image(url) => format!("image = {}", quoted(url)),
            Self::Iframe(url) => format!("iframe = {}", quoted(url)),
            Self::Sandboxed(url, allows) => {
                format!("iframe = {{ url = {}, sandbox = \"{allows}\" }}", quoted(url))
            }
            Self::Shared(key, url, more) => format!("{key} = {{ url = {}, {more} }}", quoted(url)),
            Self::EventSource(url, credentials) => {
                format!("eventsource = {{ url = {}, with_credentials = {credentials} }}", quoted(url))
            }
            Self::Restart => "restart = true".to_owned(),
            Self::StorageAccess => "storage_access = true".to_owned(),
            Self::Eval(script) => format!("eval = {}", quoted(script)),
            Self::Fill(field, text) => format!("fill = {{ {} = {} }}", quoted(field), quoted(text)),
            Self::Click(selector) => format!("click = {}", quoted(selector)),
            Self::Script(url) => format!("script = {}", quoted(url)),
            Self::Popup(url) => format!("popup = {}", quoted(url)),
            Self::Beacon(url) => format!("beacon = {}", quoted(url)),
            Self::WebSocket(url) => format!("websocket = {}", quoted(url)),
            Self::Inside(frame, step) => format!("{}\ninside = {}", step.to_toml(), quoted(frame)),
            Self::Reload => "reload = true".to_owned(),
            Self::Back => "back = true".to_owned(),
            Self::Clear => "clear = true".to_owned(),
            Self::Advance(time) => format!("advance = \"{time}\""),
            Self::Form { url, method } => {
                format!("form = {{ url = {}, method = \"{method}\", fields = {{ q = \"1\" }} }}", quoted(url))
            }
            Self::Fetch { call, credentials } => {
                format!("fetch = {{ {}, credentials = \"{credentials}\" }}", call.to_toml())
            }
            Self::Xhr { call, with_credentials } => {
                format!("xhr = {{ {}, with_credentials = {with_credentials} }}", call.to_toml())
            }
            Self::Read => "document_cookie = true".to_owned(),
            Self::Write(line) => format!("document_cookie = {}", quoted(&line.to_text())),
        }
    }
}

impl Call {
    fn to_toml(&self) -> String {
        let mut text = format!("url = {}, method = \"{}\"", quoted(&self.url), self.method);
        if !self.headers.is_empty() {
            write(&mut text, format_args!(", headers = {}", table(&self.headers)));
        }
        if self.body {
            text.push_str(", body = \"rehearsal\"");
        }
        if !self.options.is_empty() {
            write(&mut text, format_args!(", {}", self.options));
        }
        text
    }
}

fn write(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("writing to a string never fails");
}

fn list(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    format!("[{}]", values.join(", "))
}

fn table(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key} = {}", quoted(value))).collect();
    format!("{{ {} }}", pairs.join(", "))
}

/// A basic string of TOML.
fn quoted(value: &str) -> String {
    let mut text = String::from("\"");
    for character in value.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '\u{0}'..='\u{1f}' | '\u{7f}' => {
                write(&mut text, format_args!("\\u{:04X}", u32::from(character)));
            }
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

#[test]
fn what_a_case_says_is_what_is_read() {
    let line = Line { pair: "a\u{1}=\"\\ü\t".to_owned(), attributes: vec!["Path=/".to_owned()] };
    let case = Case {
        title: "A case".to_owned(),
        origins: vec![Origin {
            name: "web".to_owned(),
            url: "https://example.com".to_owned(),
            cors: None,
            routes: Vec::new(),
        }],
        steps: vec![Step::Visit("web:/".to_owned()), Step::Write(line.clone())],
    };
    let plan = case.plan(Path::new("a.toml")).expect("the case is right");
    let write = Some(line.to_text());
    assert_eq!(plan.steps[1].action, rehearsal::plan::Action::DocumentCookie { write });
}
