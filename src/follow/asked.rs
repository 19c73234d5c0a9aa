//! Who asked for something, and how: from the engine's own account where it gives one, else from what the request
//! itself says.
//!
//! `Sec-Fetch-*`, `Origin` and `Referer` leave more than one possibility where two documents are alike, or where a
//! credentials mode cannot be seen. All are given, the likeliest first; what was sent decides between them.

use std::borrow::Cow;

use url::Url;

use super::documents::{Documents, Known};
use crate::observe::Account;
use crate::rules::context::{Context, Credentials, Destination, Kind, Mode};
use crate::rules::fetch_metadata::fetch_metadata;
use crate::rules::site::{Location, Origin};
use crate::suffixes::Names;
use crate::world::wire::Exchange;

/// A redirect that was not followed yet.
#[derive(Clone, Debug)]
pub(crate) struct Redirected {
    /// The request that was redirected.
    pub(crate) context: Context,
    /// The status that redirected it.
    pub(crate) status: u16,
    /// Where to, without a fragment.
    pub(crate) to: Url,
    /// The index of its exchange in this step.
    pub(crate) by: usize,
}

/// A possibility of who asked, and how.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The circumstances.
    pub(crate) context: Context,
    /// The exchange of this step that it comes from: what that stored was known when this was asked for.
    pub(crate) cause: Option<usize>,
}

/// Every possibility of who asked, the likeliest first. None where the address is one that rules know nothing of.
pub(crate) fn possibilities(
    wire: &Exchange,
    account: &Account,
    documents: &Documents,
    redirects: &[Redirected],
) -> Vec<Asked> {
    let Some(request) = Request::of(wire) else { return Vec::new() };
    let asked = |context: Context, cause| {
        credentials(context, account).into_iter().map(move |context| Asked { context, cause })
    };
    if let Some(redirected) = request.continued(&wire.url, redirects) {
        let context = redirected.context.clone().redirected(redirected.status, request.url);
        // Of a request to the page's own origin its mode could not be told: a redirect to another shows it.
        return asked(context, Some(redirected.by)).collect();
    }
    let contexts = request.askers(account, documents);
    contexts.into_iter().flat_map(|(context, cause)| asked(context, cause)).collect()
}

/// The credentials modes that a request may have, the likeliest first.
///
/// HTML and Fetch leave no choice but to `fetch`, to XMLHttpRequest, and to what has a `crossorigin` attribute:
/// those in mode `cors`, and `fetch` without it.
fn credentials(context: Context, account: &Account) -> Vec<Context> {
    let modes: &[Credentials] = match (account.credentials, context.mode, context.destination) {
        (Some(told), ..) => return vec![Context { credentials: told, ..context }],
        (None, Mode::Navigate | Mode::WebSocket, _) => &[Credentials::Include],
        (None, Mode::NoCors, Destination::Empty) => &[Credentials::Include, Credentials::Omit],
        (None, Mode::NoCors, _) => &[Credentials::Include],
        (None, Mode::Cors | Mode::SameOrigin, _) if context.is_cross_origin() => {
            &[Credentials::Include, Credentials::SameOrigin]
        }
        (None, Mode::Cors | Mode::SameOrigin, _) => &[Credentials::SameOrigin, Credentials::Omit],
    };
    let with = |credentials: &Credentials| Context { credentials: *credentials, ..context.clone() };
    let contexts = modes.iter().map(with);
    match account.with_credentials {
        None => contexts.collect(),
        Some(told) => contexts.filter(|context| context.includes_credentials() == told).collect(),
    }
}

/// What a request says of itself.
struct Request<'e> {
    url: Location,
    method: Cow<'static, str>,
    site: Option<&'e str>,
    destination: Destination,
    mode: Mode,
    /// Whether it is a navigation of a tab or window, as far as that can be told.
    is_top_level: bool,
    origin: Option<&'e str>,
    referrer: Option<Url>,
}

impl<'e> Request<'e> {
    fn of(wire: &'e Exchange) -> Option<Self> {
        let text = |name: &str| std::str::from_utf8(wire.request_header(name)?).ok();
        let (origin, destination) = (text("origin"), text("sec-fetch-dest"));
        // To an insecure origin no metadata is sent, and WebKit sends none after a redirect.
        let navigates = wire.request_header("upgrade-insecure-requests").is_some();
        let mode = match text("sec-fetch-mode") {
            Some("navigate" | "nested-navigate") => Mode::Navigate,
            Some("cors") => Mode::Cors,
            Some("same-origin") => Mode::SameOrigin,
            Some("websocket") => Mode::WebSocket,
            Some(_) => Mode::NoCors,
            None if wire.request_header("upgrade").is_some() => Mode::WebSocket,
            None if navigates => Mode::Navigate,
            None if origin.is_some() => Mode::Cors,
            None => Mode::NoCors,
        };
        Some(Self {
            url: Location::parse(wire.url.as_str())?,
            method: wire.method.clone().into(),
            site: text("sec-fetch-site"),
            destination: match destination {
                Some("document") => Destination::Document,
                Some("iframe" | "frame" | "object" | "embed") => Destination::Iframe,
                Some("image") => Destination::Image,
                Some("script") => Destination::Script,
                Some("style") => Destination::Style,
                None if mode == Mode::Navigate => Destination::Document,
                _ => Destination::Empty,
            },
            mode,
            is_top_level: destination == Some("document"),
            origin,
            referrer: text("referer").and_then(|url| Url::parse(url).ok()),
        })
    }

    /// The redirect that this request follows. The last that leads here is the likeliest.
    fn continued<'r>(&self, url: &Url, redirects: &'r [Redirected]) -> Option<&'r Redirected> {
        redirects.iter().rev().find(|redirected| {
            let next = redirected.context.clone().redirected(redirected.status, self.url.clone());
            // Where nothing is said, nothing speaks against it.
            let same_mode = self.site.is_none() || next.mode == self.mode;
            let told = fetch_metadata(&Names, &next).map(|metadata| metadata.site);
            let same_mode = same_mode && (self.site.is_none() || told.is_none() || told == self.site);
            redirected.to == *url && next.method == self.method && same_mode
        })
    }

    /// The contexts in which the documents that there are may have asked for this, the likeliest first.
    fn askers(&self, account: &Account, documents: &Documents) -> Vec<(Context, Option<usize>)> {
        if let Some(told) = &account.documents {
            let cause = documents.all().find(|known| known.chain == *told).and_then(|known| known.since);
            let top = account.is_top_level.unwrap_or(self.is_top_level);
            return vec![(self.context(told, account.initiator.clone(), top), cause)];
        }
        let navigates = self.mode == Mode::Navigate;
        if navigates && self.site == Some("none") {
            return vec![(self.context(&[], None, true), None)];
        }
        let mut known: Vec<&Known> = documents.all().filter(|known| self.may_be_by(known)).collect();
        // Stable: of those that fit alike the first stays first.
        known.sort_by_key(|known| {
            !self.referrer.as_ref().is_some_and(|referrer| is_page(referrer, &known.url))
        });
        // Without metadata a navigation is the tab's or a frame's.
        let tops: &[bool] = match (account.is_top_level, self.site.is_some() || !navigates) {
            (Some(true), _) => &[true],
            (Some(false), _) => &[false],
            (None, true) if self.is_top_level => &[true],
            (None, true) => &[false],
            (None, false) => &[true, false],
        };
        let mut all: Vec<(Context, Option<usize>)> = Vec::new();
        for top in tops {
            for known in &known {
                let [above @ .., asker] = known.chain.as_slice() else { continue };
                let mut add = |chain: &[Origin]| {
                    let asked = (self.context(chain, Some(asker.clone()), navigates && *top), known.since);
                    if !all.contains(&asked) {
                        all.push(asked);
                    }
                };
                add(&known.chain);
                // A frame that goes elsewhere by its own doing.
                if navigates && !*top && !above.is_empty() {
                    add(above);
                }
            }
        }
        if all.is_empty() {
            all.push(self.unknown(documents, navigates && tops[0]));
        }
        all
    }

    /// Nobody who is known could have asked for it like this: a document of which the wire shows nothing.
    fn unknown(&self, documents: &Documents, top: bool) -> (Context, Option<usize>) {
        let page = documents.page();
        let mut chain = page.map(|page| page.chain.clone()).unwrap_or_default();
        let named = self.origin.or_else(|| self.referrer.as_ref().map(Url::as_str));
        let asker = match named.map(|named| (named, Location::parse(named))) {
            Some((_, Some(location))) => Some(location.origin),
            Some(_) => Some(Origin::opaque()),
            None if top => None,
            None => chain.last().cloned(),
        };
        if let Some(asker) = &asker
            && chain.last() != Some(asker)
        {
            chain.push(asker.clone());
        }
        (self.context(&chain, asker, top), page.and_then(|page| page.since))
    }

    /// Whether a document may have asked for this, by all that the request says.
    fn may_be_by(&self, known: &Known) -> bool {
        let Some(asker) = known.chain.last() else { return false };
        let origin = match self.origin {
            // What a redirect or the referrer policy makes `null` is not told from a document without an origin.
            None | Some("null") => true,
            Some(named) => asker.to_string() == named,
        };
        let referrer = match &self.referrer {
            None => true,
            Some(referrer) => Location::parse(referrer.as_str()).is_some_and(|from| from.origin == *asker),
        };
        let site = match self.site {
            None | Some("none") => true,
            Some(word) => asker.relation(&self.url.origin, &Names, true).as_str() == word,
        };
        origin && referrer && site
    }

    fn context(&self, chain: &[Origin], initiator: Option<Origin>, top: bool) -> Context {
        Context {
            method: self.method.clone(),
            kind: match (self.mode, top) {
                (Mode::Navigate, true) => Kind::TopLevelNavigation,
                (Mode::Navigate, false) => Kind::FrameNavigation,
                _ => Kind::Subresource,
            },
            initiator,
            documents: if top { Vec::new() } else { chain.to_vec() },
            mode: self.mode,
            destination: match (self.mode, top) {
                (Mode::Navigate, true) => Destination::Document,
                (Mode::Navigate, false) => Destination::Iframe,
                _ => self.destination,
            },
            ..Context::visit(self.url.clone())
        }
    }
}

/// Whether a `Referer` names this page: whole, as it is within an origin, or by its origin.
fn is_page(referrer: &Url, page: &Url) -> bool {
    let mut bare = page.clone();
    bare.set_fragment(None);
    *referrer == bare
}
