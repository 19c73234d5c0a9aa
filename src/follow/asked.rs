//! Who asked for something, and how: from the engine's own account where it gives one, else from what the request
//! itself says.
//!
//! `Sec-Fetch-*`, `Origin` and `Referer` leave more than one possibility where two documents are alike, or where a
//! credentials mode cannot be seen. All are given, the likeliest first; what was sent decides between them.

use std::borrow::Cow;

use url::Url;

use super::documents::{Documents, Known};
use crate::observe::{Account, Frame};
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
    /// Where it was asked for, where the engine tells.
    pub(crate) frame: Option<Frame>,
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
    if let Some(redirected) = request.continued(&wire.url, account, redirects) {
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
        Some(told) => {
            let fits = |context: &Context| context.includes_credentials() == told;
            let fitting: Vec<Context> = contexts.clone().filter(fits).collect();
            if fitting.is_empty() { contexts.collect() } else { fitting }
        }
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
    fn continued<'r>(
        &self,
        url: &Url,
        account: &Account,
        redirects: &'r [Redirected],
    ) -> Option<&'r Redirected> {
        let elsewhere = |redirected: &Redirected| {
            let frames = redirected.frame.as_ref().zip(account.frame.as_ref());
            frames.is_some_and(|(before, now)| before != now)
        };
        redirects.iter().rev().filter(|redirected| !elsewhere(redirected)).find(|redirected| {
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
        let navigates = self.mode == Mode::Navigate;
        let is_the_users = self.site == Some("none") || account.initiator == Some(None);
        let is_top_level = account.frame.as_ref().map(|frame| frame.parent.is_none());
        if navigates && is_the_users && is_top_level != Some(false) {
            return vec![(self.context(&[], None, true), None)];
        }
        let told = match &account.frame {
            Some(frame) if navigates => self.navigated(frame, account, documents),
            Some(frame) => self.asked_in(frame, account, documents),
            None => Vec::new(),
        };
        if !told.is_empty() {
            return told;
        }
        let mut known: Vec<&Known> = documents.all().filter(|known| self.may_be_by(known)).collect();
        // Stable: of those that fit alike the first stays first.
        known.sort_by_key(|known| {
            !self.referrer.as_ref().is_some_and(|referrer| is_page(referrer, &known.url))
        });
        // Without metadata a navigation is the tab's or a frame's.
        let tops: &[bool] = match (is_top_level, self.site.is_some() || !navigates) {
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

    /// The contexts of what a document in this frame asked for, of all that it has shown.
    fn asked_in(
        &self,
        frame: &Frame,
        account: &Account,
        documents: &Documents,
    ) -> Vec<(Context, Option<usize>)> {
        let named = |known: &&Known| account.document.as_ref().is_some_and(|url| is_page(url, &known.url));
        let mut shown: Vec<&Known> = documents.of(&frame.id).collect();
        if shown.iter().any(named) {
            shown.retain(|known| named(known));
        }
        let by = |chain: &[Origin]| self.context(chain, chain.last().cloned(), false);
        if !shown.is_empty() {
            return shown.into_iter().map(|known| (by(&known.chain), known.since)).collect();
        }
        // It shows what no answer brought: a document of its parent's making.
        let above = frame.parent.as_deref().and_then(|parent| documents.of(parent).next());
        let within = above.and_then(|above| Some((above, above.chain.last()?)));
        let within = within.map(|(above, parent)| {
            let own = match self.origin {
                Some("null") => Origin::opaque(),
                _ => parent.clone(),
            };
            let chain = [above.chain.as_slice(), &[own]].concat();
            (by(&chain), above.since)
        });
        within.into_iter().collect()
    }

    /// The contexts of a navigation of this tab, window or frame, by whoever may have started it.
    fn navigated(
        &self,
        frame: &Frame,
        account: &Account,
        documents: &Documents,
    ) -> Vec<(Context, Option<usize>)> {
        let above = frame.parent.as_deref().map(|parent| documents.of(parent).next());
        let chain = match &above {
            None => &[][..],
            Some(Some(above)) => &above.chain,
            // A frame in what is not known.
            Some(None) => return Vec::new(),
        };
        let is_top_level = above.is_none();
        let above = above.flatten();
        if let Some(initiator) = &account.initiator {
            let cause = initiator.as_ref().and_then(|initiator| {
                let mut by = above.into_iter().chain(documents.all());
                by.find(|known| known.chain.last() == Some(initiator)).and_then(|known| known.since)
            });
            let initiator = initiator.clone().or_else(|| chain.last().cloned());
            return vec![(self.context(chain, initiator, is_top_level), cause)];
        }
        let own = documents.of(&frame.id);
        let mut all: Vec<(Context, Option<usize>)> = Vec::new();
        for known in above.into_iter().chain(own).chain(documents.all()).filter(|known| self.may_be_by(known))
        {
            let asked = (self.context(chain, known.chain.last().cloned(), is_top_level), known.since);
            if !all.contains(&asked) {
                all.push(asked);
            }
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
