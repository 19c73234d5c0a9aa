//! Requests and their answers, wherever they were seen: in a HAR, in what `curl` prints, on the wire of a run.
//!
//! `cookies` follows the cookies through them, and `apart` finds the cookie that makes one answer differ from another.
//! Plain data: nothing here reads a file, and nothing is judged.

use url::Url;

use crate::browser_name::Engine;
use crate::world::wire;

pub(crate) mod apart;
pub(crate) mod cookies;

/// What a browser recorded, or a command says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// The browser, where the recording says which.
    pub engine: Option<Engine>,
    /// The requests and their answers, in their order.
    pub exchanges: Vec<Exchange>,
    /// Whether cookies were probably taken out before it was saved.
    pub is_sanitized: bool,
    /// What was left out in reading it, in sentences.
    pub notes: Vec<String>,
}

/// One request and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// Where it went.
    pub url: Url,
    /// What asked for it.
    pub kind: Kind,
    /// The fields of the request.
    pub headers: Vec<(String, String)>,
    /// The body of the request.
    pub body: Option<String>,
    /// What came back.
    pub came: Came,
    /// The status; 0 where there was no answer, or none is known.
    pub status: u16,
    /// The fields of the answer besides Set-Cookie.
    pub answer: Vec<(String, String)>,
    /// The Set-Cookie lines.
    pub set_cookie: Vec<String>,
    /// The body of the answer, where it is text.
    pub text: Option<String>,
}

/// What is known of the answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// It came over the network.
    Answered,
    /// It came from a cache: what a browser shows of the request was never sent.
    Cached,
    /// The browser says of none.
    Nothing,
    /// A command alone: nobody knows.
    Unknown,
}

/// What asks for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A navigation of the tab.
    Document,
    /// A navigation of a frame.
    Frame,
    /// `fetch()` or `XMLHttpRequest`.
    Call,
    /// `navigator.sendBeacon()`.
    Beacon,
    /// The handshake of a WebSocket. Its URL is that of the request, of `http` or `https`.
    WebSocket,
    /// The browser, before a call.
    Preflight,
    /// A classic script.
    Script,
    /// An image, a style sheet, a font and the like.
    Asset,
}

impl From<&wire::Exchange> for Exchange {
    /// What crossed the wire. A body that was not kept whole is left out.
    fn from(seen: &wire::Exchange) -> Self {
        let fields = |fields: &[(String, Vec<u8>)], set_cookie: bool| -> Vec<(String, String)> {
            let fields = fields.iter().filter(|(name, _)| (name == "set-cookie") == set_cookie);
            fields.map(|(name, value)| (name.clone(), text(value))).collect()
        };
        let body = |body: &wire::Beginning| {
            let whole = body.is_whole() && !body.bytes.is_empty();
            whole.then(|| String::from_utf8(body.bytes.clone()).ok()).flatten()
        };
        let mut exchange = Self {
            method: seen.method.clone(),
            url: seen.url.clone(),
            kind: Kind::Asset,
            headers: fields(&seen.request_headers, false),
            body: body(&seen.bodies.request),
            came: Came::Answered,
            status: seen.status,
            answer: fields(&seen.response_headers, false),
            set_cookie: fields(&seen.response_headers, true).into_iter().map(|(_, line)| line).collect(),
            text: body(&seen.bodies.response),
        };
        let mime = exchange.answer("content-type").unwrap_or_default().to_owned();
        exchange.kind = kind_of(&exchange, "", &mime);
        exchange
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Exchange {
    /// The value of a field of the request.
    pub fn header(&self, name: &str) -> Option<&str> {
        field(&self.headers, name)
    }

    /// The value of a field of the answer.
    pub fn answer(&self, name: &str) -> Option<&str> {
        field(&self.answer, name)
    }

    /// The names of the cookies that went along.
    pub fn sent(&self) -> Vec<&str> {
        let header = self.header("cookie").unwrap_or_default();
        header
            .split(';')
            .filter_map(|pair| pair.split('=').next())
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect()
    }

    /// Where the answer sends the browser, if it does.
    pub fn redirect(&self) -> Option<Url> {
        let location =
            self.answer("location").filter(|_| matches!(self.status, 301 | 302 | 303 | 307 | 308))?;
        let mut to = self.url.join(location).ok()?;
        to.set_fragment(None);
        Some(to)
    }

    /// The URL without its fragment.
    pub(crate) fn plain_url(&self) -> Url {
        let mut url = self.url.clone();
        url.set_fragment(None);
        url
    }

    /// The status as a server gives it: what a cache was told to use again was answered 200 before.
    pub(crate) fn answered(&self) -> u16 {
        match (self.kind, self.status) {
            (Kind::WebSocket, 101) => 101,
            (_, 304 | ..200) => 200,
            (_, status) => status,
        }
    }

    /// The page that asked: by its referrer, which may be its origin alone, or by its origin.
    pub fn asker(&self) -> Option<Url> {
        let page =
            |name: &str| self.header(name).and_then(|url| Url::parse(url).ok()).filter(|url| url.has_host());
        let (origin, referrer) = (page("origin"), page("referer"));
        match (&origin, &referrer) {
            (Some(origin), Some(referrer)) if origin.origin() != referrer.origin() => Some(origin.clone()),
            _ => referrer.or(origin),
        }
    }

    /// Whether somebody typed it into the address bar, as far as it says.
    pub(crate) fn is_typed(&self) -> bool {
        match self.header("sec-fetch-site") {
            Some(site) => site.trim() == "none",
            None => self.header("referer").is_none(),
        }
    }

    /// Whether it is a call to another origin than the one that asks.
    pub(crate) fn is_cross_origin_call(&self) -> bool {
        let asker = self.asker();
        self.kind == Kind::Call && asker.is_some_and(|asker| asker.origin() != self.url.origin())
    }
}

pub(crate) fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// What a request is for, by what it says itself; `resource` and `mime` are what a recording says besides, or nothing.
pub(crate) fn kind_of(exchange: &Exchange, resource: &str, mime: &str) -> Kind {
    let asks = |name: &str| exchange.header(name).unwrap_or_default().to_ascii_lowercase();
    if exchange.method == "OPTIONS" && exchange.header("access-control-request-method").is_some() {
        return Kind::Preflight;
    }
    if asks("upgrade") == "websocket" || resource == "websocket" {
        return Kind::WebSocket;
    }
    let is_beacon = resource == "ping" || (asks("sec-fetch-mode") == "no-cors" && exchange.method == "POST");
    match asks("sec-fetch-dest").as_str() {
        "document" => return Kind::Document,
        "iframe" | "frame" => return Kind::Frame,
        "empty" if is_beacon => return Kind::Beacon,
        "empty" => return Kind::Call,
        "script" => return Kind::Script,
        "" => {}
        _ => return Kind::Asset,
    }
    match resource {
        "document" => return Kind::Document,
        "xhr" | "fetch" => return Kind::Call,
        "ping" => return Kind::Beacon,
        "preflight" => return Kind::Preflight,
        "script" => return Kind::Script,
        "" | "other" => {}
        _ => return Kind::Asset,
    }
    // What a browser says of itself where it says nothing of the kind.
    let is_call = exchange.header("origin").is_some() && !asks("accept").contains("text/html")
        || exchange.header("x-requested-with").is_some()
        || asks("accept").contains("json")
        || asks("content-type").contains("json")
        || mime.contains("json");
    match () {
        () if asks("accept").contains("text/html") => Kind::Document,
        () if is_call => Kind::Call,
        () if mime.starts_with("text/html") || !matches!(exchange.method.as_str(), "GET" | "HEAD") => {
            Kind::Document
        }
        () => Kind::Asset,
    }
}
