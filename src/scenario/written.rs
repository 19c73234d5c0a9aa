//! A scenario as its author wrote it: every value with its place, nothing filled in.
//!
//! The shapes and the vocabulary are checked by the time these exist; what needs a second look at
//! the file (names of origins, contradictions, what is missing) is left to [`super::resolve`].

use super::actions::ActionWord;
use crate::browser_name::BrowserName;
use crate::diagnostic::Span;
use crate::plan;
use crate::plan::edge::Edge;
use crate::plan::framework::{Does, Framework, View};
use crate::plan::proxy::Proxy;
use crate::plan::upstream::AskedBy;
use crate::rules::context::Mode;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

/// A whole file.
#[derive(Debug, Default)]
pub(super) struct Scenario {
    pub(super) title: Option<At<String>>,
    pub(super) covers: Vec<At<String>>,
    pub(super) tags: Vec<At<String>>,
    pub(super) relations: Vec<Relation>,
    pub(super) records: Vec<Record>,
    pub(super) origins: Vec<Origin>,
    pub(super) steps: Vec<Step>,
}

/// `relation."web -> api" = "cross-site"`.
#[derive(Debug)]
pub(super) struct Relation {
    pub(super) arrow: At<String>,
    pub(super) word: At<String>,
}

/// `dns."alias.example.com" = { cname = "api.example.com" }`.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) name: At<String>,
    pub(super) cname: Option<At<String>>,
    pub(super) address: Option<At<String>>,
}

/// `[origins.NAME]`.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) name: At<String>,
    pub(super) url: Option<At<String>>,
    pub(super) certificate: Option<At<plan::Certificate>>,
    pub(super) routes: Vec<Route>,
    pub(super) cors: Option<At<Cors>>,
    /// The framework, with the place of its key.
    pub(super) framework: Option<At<Framework>>,
    /// The reverse proxy, with the place of its key.
    pub(super) proxy: Option<At<Proxied>>,
    /// The real server, with the place of its key.
    pub(super) upstream: Option<At<Upstream>>,
    /// What stands before whatever answers, with the place of its key.
    pub(super) edge: Option<At<Edge>>,
}

/// `upstream = "URL"`, or a table.
#[derive(Debug, Default)]
pub(super) struct Upstream {
    pub(super) url: Option<At<String>>,
    pub(super) host: Option<At<AskedBy>>,
    pub(super) command: Option<At<String>>,
    pub(super) cwd: Option<At<String>>,
    /// Each variable, with the place of its name.
    pub(super) env: Vec<(At<String>, String)>,
    pub(super) ready: Option<At<String>>,
    pub(super) timeout: Option<At<String>>,
}

/// `[origins.NAME.nginx]` or `[origins.NAME.kong]`.
#[derive(Debug)]
pub(super) struct Proxied {
    pub(super) proxy: Proxy,
    /// The origins it passes on to, each as scheme, host and port.
    pub(super) upstreams: Vec<At<String>>,
}

/// `[origins.NAME.cors]`.
#[derive(Debug)]
pub(super) struct Cors {
    pub(super) allow_origins: Vec<At<String>>,
    pub(super) allow_credentials: bool,
    pub(super) allow_headers: Vec<At<String>>,
    pub(super) allow_methods: Option<Vec<At<String>>>,
    pub(super) expose_headers: Vec<At<String>>,
    pub(super) max_age: Option<At<i64>>,
}

/// `[[origins.NAME.routes]]`.
#[derive(Debug, Default)]
pub(super) struct Route {
    pub(super) at: Option<At<String>>,
    pub(super) status: Option<At<i64>>,
    pub(super) headers: Vec<Header>,
    pub(super) set_cookie: Vec<At<String>>,
    /// Every body given, in the order of the file; more than one is a contradiction. The place is
    /// that of the value.
    pub(super) bodies: Vec<(Span, At<plan::Body>)>,
    pub(super) require_cookie: Option<RequiredCookie>,
    pub(super) require_header: Option<RequiredHeader>,
    pub(super) sign_jwt: Option<At<SignJwt>>,
    pub(super) require_jwt: Option<At<plan::RequireJwt>>,
    /// What a framework does here.
    pub(super) view: View,
    /// Where it says so.
    pub(super) does: Option<At<Does>>,
}

/// `require_cookie`.
#[derive(Debug)]
pub(super) struct RequiredCookie {
    pub(super) name: At<String>,
    /// What is answered without it: a route's answer, with nothing else of a route.
    pub(super) otherwise: Option<Box<Route>>,
}

/// `require_header`.
#[derive(Debug)]
pub(super) struct RequiredHeader {
    pub(super) name: At<String>,
    pub(super) field: Option<At<String>>,
    /// The cookie whose value it has.
    pub(super) cookie: Option<At<String>>,
    /// The value it has.
    pub(super) value: Option<At<String>>,
    /// What is answered without it: a route's answer, with nothing else of a route.
    pub(super) otherwise: Option<Box<Route>>,
}

/// `sign_jwt`.
#[derive(Debug)]
pub(super) struct SignJwt {
    pub(super) key: String,
    pub(super) claims: serde_json::Map<String, serde_json::Value>,
    pub(super) expires: Option<At<String>>,
}

/// A header field.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) name: At<String>,
    pub(super) value: At<String>,
}

/// `[[step]]`.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) span: Span,
    /// The action keys of the step.
    pub(super) actions: Vec<Acted>,
    /// Whether the step has a key that is unknown, and may have been meant as an action.
    pub(super) strange: bool,
    /// The frame it is done in: `ORIGIN:PATH`, or a whole URL.
    pub(super) inside: Option<At<String>>,
    pub(super) expect: Expect,
    pub(super) on: Vec<(At<BrowserName>, Expect)>,
}

/// An action key of a step.
#[derive(Debug)]
pub(super) struct Acted {
    pub(super) word: &'static ActionWord,
    /// Where it stands.
    pub(super) span: Span,
    /// What it holds, where that could be read.
    pub(super) action: Option<Action>,
}

/// What a step does.
#[derive(Debug)]
pub(super) enum Action {
    Visit(At<String>),
    Link(At<String>),
    Image(At<String>),
    Script(At<String>),
    /// An image or a script that is asked for by CORS.
    Shared {
        element: plan::Element,
        url: At<String>,
        with_credentials: bool,
    },
    Sandboxed {
        url: At<String>,
        sandbox: At<String>,
    },
    EventSource {
        url: At<String>,
        with_credentials: bool,
    },
    Iframe(At<String>),
    Popup(At<String>),
    Beacon(At<String>),
    WebSocket(At<String>),
    Form {
        url: At<String>,
        method: Option<At<String>>,
        fields: Vec<(String, At<String>)>,
    },
    Click(At<String>),
    Fill(Vec<(At<String>, At<String>)>),
    Fetch {
        request: Request,
        credentials: plan::Credentials,
        options: Options,
    },
    Xhr {
        request: Request,
        with_credentials: bool,
    },
    DocumentCookie {
        write: Option<At<String>>,
    },
    Eval(String),
    Wait(At<String>),
    Advance(At<String>),
    /// One of those that hold nothing.
    Bare(plan::Action),
}

/// What `fetch` says besides, each with its place.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) mode: Option<At<Mode>>,
    pub(super) redirect: Option<At<plan::Redirect>>,
    pub(super) cache: Option<At<plan::Cache>>,
    pub(super) keepalive: Option<At<bool>>,
}

/// What `fetch` and `xhr` share.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) url: At<String>,
    pub(super) method: Option<At<String>>,
    pub(super) headers: Vec<Header>,
    /// Every body given, each with the place of its key; more than one is a contradiction.
    pub(super) bodies: Vec<At<Payload>>,
}

/// The body of a request.
#[derive(Debug)]
pub(super) enum Payload {
    Json(serde_json::Value),
    Text(String),
}

/// `expect`, or one table of `expect.on`.
#[derive(Debug, Default)]
pub(super) struct Expect {
    /// All claims but those that name URLs.
    pub(super) claims: plan::Expect,
    /// The requests as written: `METHOD ORIGIN:PATH` each.
    pub(super) requests: Option<plan::Claim<Vec<At<String>>>>,
    /// The URL as written: `ORIGIN:PATH` or whole.
    pub(super) url: Option<plan::Claim<At<String>>>,
}
