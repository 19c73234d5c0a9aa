//! Who asked for something, by what the request itself says: `Sec-Fetch-*`, `Origin`, `Referer`.
//!
//! It is nobody's account but the request's, so that a program may say of itself what it likes.

use url::Url;

use crate::relation;
use crate::rules::context::{Context, Credentials, Destination};
use crate::rules::site::{Location, Origin};
use crate::world::wire::Exchange;

/// A call, as a browser says it.
const CALL: &str = "fetch or XMLHttpRequest";

/// A call of which only that is known.
const PLAIN_CALL: &str = "a call";

/// What a request says of its circumstances.
pub(super) struct Asked {
    pub(super) context: Context,
    /// How it was asked for, in a word or two.
    how: &'static str,
    /// The origin that asked, where one says so.
    by: Option<String>,
    relation: Option<&'static str>,
    /// Whether a script makes the call, which may leave cookies out.
    pub(super) is_call: bool,
}

impl Asked {
    /// `None` where the URL is none that cookies are for.
    pub(super) fn of(exchange: &Exchange) -> Option<Self> {
        let url = Location::parse(exchange.url.as_str())?;
        let header =
            |name: &str| exchange.request_header(name).and_then(|value| std::str::from_utf8(value).ok());
        // `null` is an origin that nobody is told of.
        let asker = header("origin").or_else(|| header("referer")).and_then(|text| Url::parse(text).ok());
        let origin: Option<Origin> =
            asker.as_ref().and_then(|url| Some(Location::parse(url.as_str())?.origin));
        let documents: Vec<Origin> = origin.clone().into_iter().collect();
        let credentials = Credentials::Include;
        let typed = header("sec-fetch-site") == Some("none");
        let is_handshake = header("upgrade").is_some_and(|to| to.eq_ignore_ascii_case("websocket"));
        let (mut context, how) = match (header("sec-fetch-dest"), origin) {
            _ if is_handshake => (Context::web_socket(documents, url), "a WebSocket"),
            (Some("document"), Some(origin)) if !typed => (Context::navigation(origin, url), "a navigation"),
            (Some("document"), _) => (Context::visit(url), "an address that was typed"),
            (Some("iframe" | "frame" | "embed" | "object"), _) => (Context::frame(documents, url), "a frame"),
            (Some("image"), _) => (Context::embed(documents, url, Destination::Image), "an image"),
            (Some("script"), _) => (Context::embed(documents, url, Destination::Script), "a script"),
            _ if exchange.is_preflight() => {
                (Context::fetch(documents, url, Credentials::Omit), "the browser, before a call")
            }
            (Some("empty"), _) => (Context::fetch(documents, url, credentials), CALL),
            (Some(_), _) => (Context::embed(documents, url, Destination::Image), "a part of the page"),
            // No browser over TLS leaves them out.
            (None, Some(_)) => (Context::fetch(documents, url, credentials), PLAIN_CALL),
            (None, None) => (Context::visit(url), "a program, or an address that was typed"),
        };
        context.method = match exchange.request_header("access-control-request-method") {
            Some(method) if exchange.is_preflight() => String::from_utf8_lossy(method).into_owned().into(),
            _ => exchange.method.clone().into(),
        };
        let by = asker.as_ref().filter(|_| !typed).map(|url| url.origin().ascii_serialization());
        let relation = asker.filter(|_| !typed).map(|asker| relation::of(&asker, &exchange.url).as_str());
        let is_call = how == CALL || how == PLAIN_CALL;
        Some(Self { context, how, by, relation, is_call })
    }

    /// Who asked and how, for people.
    pub(super) fn words(&self) -> String {
        match (&self.by, self.relation) {
            (Some(by), Some(relation)) => format!("by {} of {by}, {relation}", self.how),
            _ => format!("by {}", self.how),
        }
    }
}
