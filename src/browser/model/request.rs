//! A request, as the Fetch standard has it: what is sent of it, the preflight it needs, and what a redirect makes of it.
//!
//! It asks the rules what a browser may do, and is never sent from here. Absent: the HTTP cache, service workers, and a
//! referrer policy other than the default.

use bytes::Bytes;
use hyper::Method;
use hyper::header::{
    ACCEPT, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_LENGTH, HeaderMap,
    HeaderName, HeaderValue, LOCATION, ORIGIN, REFERER, UPGRADE_INSECURE_REQUESTS, USER_AGENT,
};
use url::Url;

use super::client::Outgoing;
use super::told;
use crate::plan::Redirect;
use crate::rules::context::{Context, Destination, Kind, Mode};
use crate::rules::cors::{self, Preflight};
use crate::rules::engine::{self, DroppedHeaders, EmptyLocation, Profile, TwoLocations, UserRedirects};
use crate::rules::fetch_metadata::fetch_metadata;
use crate::rules::site::{Origin, Scheme};
use crate::suffixes::Names;

/// How the model calls itself.
const NAME: &str = concat!("rehearsal/", env!("CARGO_PKG_VERSION"), " (model)");

/// A request, as Fetch has it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// Its circumstances. The URL in it is `url`, as the rules take it.
    pub(super) context: Context,
    pub(super) url: Url,
    /// What the page set.
    pub(super) headers: Vec<(String, String)>,
    /// What of it redirects have dropped, each with the number of that redirect.
    pub(super) dropped: Vec<(usize, (String, String))>,
    pub(super) body: Option<Bytes>,
    /// The URL of the document that asks.
    pub(super) referrer: Option<Url>,
    /// Whether it is a form, submitted.
    pub(super) form: bool,
    /// Whether it is made by XMLHttpRequest.
    pub(super) xhr: bool,
    /// The origin whose addresses alone may be asked for, where a policy of the document's says so.
    pub(super) only: Option<Origin>,
    /// What becomes of a redirect.
    pub(super) redirect: Redirect,
}

impl Request {
    /// Whether the data of a form would leave an `https` page for an insecure address. What a redirect
    /// leaves of a form without its data is no form any more.
    ///
    /// In a frame it is no matter of the form's, but of what the page may load.
    pub(super) fn is_insecure_form(&self) -> bool {
        let context = &self.context;
        let has_data = context.redirects.is_empty() || context.method == "POST";
        let is_secure = |origin: &Origin| origin.scheme == Scheme::Https;
        self.form
            && context.kind == Kind::TopLevelNavigation
            && has_data
            && (context.opaque_over_tls || context.initiator.as_ref().is_some_and(is_secure))
            && !context.url.origin.is_potentially_trustworthy()
    }

    /// The request with what browsers add to it, cookies aside.
    pub(super) fn outgoing(&self, rules: &Profile) -> Outgoing {
        let mut headers = self.common_headers();
        if let Some(origin) = cors::origin_header(&self.context, rules) {
            set(&mut headers, ORIGIN, &origin);
        }
        if self.context.mode == Mode::Navigate {
            headers.insert(UPGRADE_INSECURE_REQUESTS, HeaderValue::from_static("1"));
        }
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        // HTTP-network-or-cache fetch, the steps on contentLength.
        let length = self.body.as_ref().map(Bytes::len);
        let length = length.or(matches!(&*self.context.method, "POST" | "PUT").then_some(0));
        if let Some(length) = length {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        Outgoing {
            method: method(&self.context.method),
            url: self.url.clone(),
            headers,
            body: self.body.clone().unwrap_or_default(),
        }
    }

    /// The preflight this request needs, if it needs one.
    pub(super) fn needs_preflight(&self, dropped: DroppedHeaders) -> Option<Preflight> {
        let with_dropped = |before: usize| -> Vec<(&str, &str)> {
            let gone =
                self.dropped.iter().filter(|(redirect, _)| *redirect < before).map(|(_, header)| header);
            self.headers.iter().chain(gone).map(|(name, value)| (&**name, &**value)).collect()
        };
        let redirects = self.context.redirects.len();
        let (needed_for, asked_for) = match dropped {
            DroppedHeaders::Forgotten => (0, 0),
            DroppedHeaders::Remembered => (redirects + 1, redirects + 1),
            DroppedHeaders::RememberedLate => (redirects + 1, redirects),
        };
        let preflight = cors::preflight(&self.context, &with_dropped(needed_for))?;
        Some(Preflight { headers: cors::unsafe_header_names(&with_dropped(asked_for)), ..preflight })
    }

    /// The preflight of this request: CORS-preflight fetch, steps 1 to 6.
    pub(super) fn preflight(&self, preflight: &Preflight) -> Outgoing {
        let mut headers = self.common_headers();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        set(&mut headers, ORIGIN, &cors::request_origin(&self.context));
        set(&mut headers, ACCESS_CONTROL_REQUEST_METHOD, &preflight.method);
        if !preflight.headers.is_empty() {
            set(&mut headers, ACCESS_CONTROL_REQUEST_HEADERS, &preflight.headers.join(","));
        }
        Outgoing { method: Method::OPTIONS, url: self.url.clone(), headers, body: Bytes::new() }
    }

    /// What requests and preflights share.
    pub(super) fn common_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accepted(self.context.destination)));
        headers.insert(USER_AGENT, HeaderValue::from_static(NAME));
        if let Some(referrer) = self.referrer.as_ref().and_then(|from| referrer(from, &self.url)) {
            set(&mut headers, REFERER, &referrer);
        }
        if let Some(metadata) = fetch_metadata(&Names, &self.context) {
            set(&mut headers, HeaderName::from_static("sec-fetch-site"), metadata.site);
            set(&mut headers, HeaderName::from_static("sec-fetch-mode"), metadata.mode);
            set(&mut headers, HeaderName::from_static("sec-fetch-dest"), metadata.dest);
        }
        headers
    }

    /// HTTP-redirect fetch: whether the answer redirects, and if so, the request as it is then. Fails
    /// where the redirect may not be followed, or there were `most` before it.
    pub(super) fn redirected_by(
        &mut self,
        status: u16,
        headers: &HeaderMap,
        most: usize,
        rules: &engine::Fetch,
    ) -> Result<bool, String> {
        if !is_redirect(status) {
            return Ok(false);
        }
        // Steps 2 to 6, and the response's location URL, step 4: a fragment is kept.
        let Some(to) = location(headers, rules)? else { return Ok(false) };
        let mut url = self.url.join(to.trim()).map_err(|_| format!("`{to}` is no URL to redirect to"))?;
        if url.fragment().is_none() {
            url.set_fragment(self.url.fragment());
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("a redirect may not lead to {url}"));
        }
        // Step 7.
        if self.context.redirects.len() >= most {
            return Err(format!("more than {most} redirects"));
        }
        let to = told::location(&url).ok_or_else(|| format!("{url} has no host that can be asked"))?;
        let leaves = !to.origin.is_same_origin(&self.context.url.origin);
        // Steps 9 and 10: a URL with a password in it is for navigations.
        let has_user = !url.username().is_empty() || url.password().is_some();
        let crosses = leaves || self.context.is_cross_origin();
        let may = match (rules.redirects_with_users, self.context.mode) {
            (UserRedirects::AsFetch, Mode::Cors) => !crosses,
            (UserRedirects::AsFetch, _) => true,
            (UserRedirects::ForNavigationsAndXhr, Mode::Cors) => self.xhr && !crosses,
            (UserRedirects::ForNavigationsAndXhr, Mode::NoCors) => {
                self.context.destination == Destination::Empty
            }
            (UserRedirects::ForNavigationsAndXhr, _) => self.context.kind != Kind::FrameNavigation,
        };
        if has_user && !may {
            return Err("this redirect may not carry a user name or password".to_owned());
        }
        // Step 12.
        let redirected = self.context.clone().redirected(status, to);
        if redirected.method != self.context.method {
            const OF_THE_BODY: [&str; 4] =
                ["content-encoding", "content-language", "content-location", "content-type"];
            self.body = None;
            self.drop_headers(|name| OF_THE_BODY.iter().any(|of| of.eq_ignore_ascii_case(name)));
        }
        // Step 13.
        if leaves {
            self.drop_headers(|name| name.eq_ignore_ascii_case("authorization"));
        }
        (self.context, self.url) = (redirected, url);
        Ok(true)
    }

    pub(super) fn drop_headers(&mut self, unwanted: impl Fn(&str) -> bool) {
        let redirect = self.context.redirects.len() + 1;
        let unwanted = self.headers.extract_if(.., |(name, _)| unwanted(name));
        self.dropped.extend(unwanted.map(|header| (redirect, header)));
    }

    /// Upgrades a request that is mixed content: Mixed Content, section 4.1.
    pub(super) fn upgrade(&mut self) {
        let mut url = self.url.clone();
        if url.set_scheme("https").is_ok()
            && let Some(location) = told::location(&url)
        {
            (self.context.url, self.url) = (location, url);
        }
    }
}

/// The address an answer redirects to: Fetch, location URL.
fn location(headers: &HeaderMap, rules: &engine::Fetch) -> Result<Option<String>, String> {
    let values: Vec<&[u8]> = headers.get_all(LOCATION).iter().map(HeaderValue::as_bytes).collect();
    let value = match values.as_slice() {
        [] => return Ok(None),
        [one] => (*one).to_vec(),
        several if rules.two_locations == TwoLocations::Joined => several.join(&b", "[..]),
        [one, others @ ..] if others.iter().all(|other| other == one) => (*one).to_vec(),
        _ => return Err("the answer redirects to two addresses".to_owned()),
    };
    if value.trim_ascii().is_empty() {
        match rules.empty_locations {
            EmptyLocation::Redirects => {}
            EmptyLocation::Ignored => return Ok(None),
            EmptyLocation::Fails => return Err("the answer redirects to no address".to_owned()),
        }
    }
    Ok(Some(match rules.latin_locations {
        true => value.iter().map(|&byte| char::from(byte)).collect(),
        false => String::from_utf8_lossy(&value).into_owned(),
    }))
}

/// Fetch, redirect status.
pub(super) const fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Fetch, fetching, step 12: the value of `Accept`.
fn accepted(destination: Destination) -> &'static str {
    match destination {
        Destination::Document | Destination::Iframe => {
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        }
        Destination::Image => "image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
        Destination::Style => "text/css,*/*;q=0.1",
        Destination::Empty | Destination::Script | Destination::Video => "*/*",
    }
}

/// The `Referer` header under the default policy: Referrer Policy, section 3.4,
/// strict-origin-when-cross-origin.
fn referrer(from: &Url, to: &Url) -> Option<String> {
    if from.origin() == to.origin() {
        let mut whole = from.clone();
        whole.set_fragment(None);
        // Neither can fail: the URL has a host.
        _ = whole.set_username("");
        _ = whole.set_password(None);
        return Some(whole.into());
    }
    let downgrade = from.scheme() == "https" && to.scheme() != "https";
    if downgrade || !from.has_host() {
        return None;
    }
    Some(format!("{}/", from.origin().ascii_serialization()))
}

fn method(method: &str) -> Method {
    // A plan's methods are tokens.
    method.parse().unwrap_or(Method::GET)
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
