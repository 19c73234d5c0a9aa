//! The circumstances of a request, and what follows from them.
//!
//! A [`Context`] says who asks for what from where: everything about one request, or one use of
//! `document.cookie`, that the rules look at. What it means for a browser, same-site or not, third
//! party or not, which partition, is worked out here and nowhere else.

use std::borrow::Cow;

use super::cookie::{PartitionKey, PartitionRef};
use super::domain::{PublicSuffixes, is_loopback};
use super::engine::{AncestorBit, Profile, Redirects};
use super::path::normalize_escapes;
use super::site::{Location, Origin, SiteRef};

/// What kind of access to the jar it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A navigation of the whole tab: address bar, link, form, redirect, `window.open`.
    TopLevelNavigation,
    /// A navigation of a frame.
    FrameNavigation,
    /// Anything else a document asks for: `fetch`, XHR, images, scripts, styles, beacons, web
    /// sockets.
    Subresource,
    /// `document.cookie`, read or written: a "non-HTTP" API.
    Script,
}

/// The credentials mode of a request, as Fetch has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Credentials {
    /// Never. For XHR there is no such mode.
    Omit,
    /// With same-origin requests only: `fetch` without a word, XHR without `withCredentials`.
    #[default]
    SameOrigin,
    /// Always: navigations, images, forms; `fetch` and XHR on request.
    Include,
}

impl Credentials {
    /// The word that `fetch` takes.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Omit => "omit",
            Self::SameOrigin => "same-origin",
            Self::Include => "include",
        }
    }
}

/// The mode of a request, as Fetch has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// A navigation.
    Navigate,
    /// `fetch`, XHR, anything whose response a script may read.
    Cors,
    /// Images, scripts, styles, beacons without CORS: the response stays opaque.
    NoCors,
    /// `fetch` with `mode: "same-origin"`.
    SameOrigin,
    /// A web socket.
    WebSocket,
}

impl Mode {
    /// The word that `Sec-Fetch-Mode` carries.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Navigate => "navigate",
            Self::Cors => "cors",
            Self::NoCors => "no-cors",
            Self::SameOrigin => "same-origin",
            Self::WebSocket => "websocket",
        }
    }
}

/// The destination of a request, as Fetch has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// A document in a tab.
    Document,
    /// A document in a frame.
    Iframe,
    /// `fetch`, XHR, beacons, web sockets.
    Empty,
    /// An image.
    Image,
    /// A script.
    Script,
    /// A style sheet.
    Style,
    /// A film, or sound that a page of its own plays.
    Video,
}

impl Destination {
    /// The word that `Sec-Fetch-Dest` carries.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Iframe => "iframe",
            Self::Empty => "empty",
            Self::Image => "image",
            Self::Script => "script",
            Self::Style => "style",
            Self::Video => "video",
        }
    }
}

/// The circumstances of one request, or of one use of `document.cookie`.
///
/// After a redirect, push the origin that redirected to [`Context::redirects`] and put the new
/// address into [`Context::url`]. All fields are plain data: change what a question varies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// What is asked for now. For a script, the address of its document.
    pub url: Location,
    /// The method, as it stands in the request.
    pub method: Cow<'static, str>,
    /// What kind of access it is.
    pub kind: Kind,
    /// Who started it: the origin of the document that asked, clicked or submitted. `None` when the
    /// user did, by typing the address or opening a bookmark. A reload keeps the initiator of the
    /// navigation it repeats.
    pub initiator: Option<Origin>,
    /// The documents from the top-level one down to the one the request comes from, or the script
    /// runs in. For a frame's navigation, down to the frame's parent. Empty for a top-level
    /// navigation.
    pub documents: Vec<Origin>,
    /// The origins of the addresses this request was redirected from, in order.
    pub redirects: Vec<Origin>,
    /// The credentials mode.
    pub credentials: Credentials,
    /// The mode.
    pub mode: Mode,
    /// The destination.
    pub destination: Destination,
    /// The origin of the address of a document that asks from a sandbox: its own origin, [`Context::initiator`], is
    /// opaque then.
    pub sandboxed_at: Option<Origin>,
    /// Whether the document that asks came over TLS although its origin, which is opaque, does not say so:
    /// a browser's own page for an `https` address that failed.
    pub opaque_over_tls: bool,
    /// The `Date` of the answer, in seconds since the epoch, where it has one and it is here.
    pub answered: Option<i64>,
}

impl Context {
    /// A navigation the user started: an address typed, a bookmark opened.
    pub fn visit(url: Location) -> Self {
        Self {
            url,
            method: Cow::Borrowed("GET"),
            kind: Kind::TopLevelNavigation,
            initiator: None,
            documents: Vec::new(),
            redirects: Vec::new(),
            credentials: Credentials::Include,
            mode: Mode::Navigate,
            destination: Destination::Document,
            sandboxed_at: None,
            opaque_over_tls: false,
            answered: None,
        }
    }

    /// A top-level navigation that a document started: a link, a form, a script.
    pub fn navigation(initiator: Origin, url: Location) -> Self {
        Self { initiator: Some(initiator), ..Self::visit(url) }
    }

    /// A frame's document, asked for by the last of the documents above it.
    ///
    /// `documents` goes from the top-level document down to the frame's parent.
    pub fn frame(documents: Vec<Origin>, url: Location) -> Self {
        Self {
            kind: Kind::FrameNavigation,
            initiator: documents.last().cloned(),
            documents,
            destination: Destination::Iframe,
            ..Self::visit(url)
        }
    }

    /// A request by `fetch` or XHR from the last of the documents, in mode `cors`.
    ///
    /// `documents` goes from the top-level document down to the one that asks.
    pub fn fetch(documents: Vec<Origin>, url: Location, credentials: Credentials) -> Self {
        Self {
            kind: Kind::Subresource,
            initiator: documents.last().cloned(),
            documents,
            credentials,
            mode: Mode::Cors,
            destination: Destination::Empty,
            ..Self::visit(url)
        }
    }

    /// A request for an image, script or style by the last of the documents: credentials included,
    /// response opaque.
    pub fn embed(documents: Vec<Origin>, url: Location, destination: Destination) -> Self {
        Self { mode: Mode::NoCors, destination, ..Self::fetch(documents, url, Credentials::Include) }
    }

    /// The handshake of a WebSocket that the last of the documents opens; the scheme of the URL is that of the
    /// request, `http` or `https`. WHATWG WebSockets, section 2: credentials are included.
    pub fn web_socket(documents: Vec<Origin>, url: Location) -> Self {
        Self { mode: Mode::WebSocket, ..Self::fetch(documents, url, Credentials::Include) }
    }

    /// `document.cookie` in the last of the documents, whose path is given.
    ///
    /// `None` where there is no document, or its origin is opaque: it has no cookies.
    pub fn script(documents: Vec<Origin>, path: impl Into<String>) -> Option<Self> {
        let origin = documents.last().filter(|origin| !origin.is_opaque())?.clone();
        let initiator = Some(origin.clone());
        let url = Location::new(origin, path);
        Some(Self { kind: Kind::Script, initiator, documents, ..Self::visit(url) })
    }

    /// The request that follows when the response redirects with this status to that address.
    ///
    /// Fetch, HTTP-redirect fetch, step 12: after 301 and 302 a POST, and after 303 anything but GET and HEAD,
    /// becomes a GET. Whether the redirect may be followed, and what becomes of body and headers, is the caller's.
    pub fn redirected(mut self, status: u16, to: Location) -> Self {
        let to_get = match status {
            301 | 302 => self.method == "POST",
            303 => !matches!(&*self.method, "GET" | "HEAD"),
            _ => false,
        };
        if to_get {
            self.method = Cow::Borrowed("GET");
        }
        self.redirects.push(std::mem::replace(&mut self.url, to).origin);
        self
    }

    /// Whether credentials go with the request and come back with its response.
    ///
    /// Fetch, HTTP-network-or-cache fetch, the step that sets includeCredentials: always in mode
    /// `include`, and in mode `same-origin` while the response tainting is "basic".
    pub fn includes_credentials(&self) -> bool {
        match self.credentials {
            Credentials::Omit => false,
            Credentials::Include => true,
            Credentials::SameOrigin => self.mode == Mode::Navigate || !self.is_cross_origin(),
        }
    }

    /// Whether the request is, or was before a redirect, to another origin than its initiator's.
    ///
    /// Fetch, main fetch: only while every address so far was same-origin is the tainting "basic".
    pub fn is_cross_origin(&self) -> bool {
        self.initiator.as_ref().is_some_and(|initiator| {
            self.redirects
                .iter()
                .chain(std::iter::once(&self.url.origin))
                .any(|origin| !origin.is_same_origin(initiator))
        })
    }

    /// Whether a document that asks, or one above it, came over TLS.
    pub fn has_secure_document(&self) -> bool {
        self.opaque_over_tls || self.documents.iter().any(|document| document.scheme.is_encrypted())
    }

    /// Whether the method is "safe": RFC 9110, section 9.2.1.
    pub fn has_safe_method(&self) -> bool {
        matches!(&*self.method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
    }

    /// Whether the request is same-site to this browser: RFC 6265bis -22, section 5.2.
    pub fn is_same_site(&self, profile: &Profile, suffixes: &dyn PublicSuffixes) -> bool {
        Standing::of(self, profile, suffixes).same_site
    }

    /// Whether the request is a third party's to this browser.
    pub fn is_third_party(&self, profile: &Profile, suffixes: &dyn PublicSuffixes) -> bool {
        Standing::of(self, profile, suffixes).third_party
    }

    /// The partition that cookies with `Partitioned`, or a third party's, are kept in.
    pub fn partition_key(&self, profile: &Profile, suffixes: &dyn PublicSuffixes) -> PartitionKey {
        Standing::of(self, profile, suffixes).partition.to_key()
    }
}

/// What a context means to a browser.
pub(crate) struct Standing<'c> {
    /// The host asked, canonical.
    pub(crate) host: &'c str,
    /// The domain of its site.
    pub(crate) domain: &'c str,
    /// The path, as the profile compares it.
    pub(crate) path: Cow<'c, [u8]>,
    /// Whether the connection is "secure": RFC 6265bis leaves it to the user agent what is.
    pub(crate) secure: bool,
    pub(crate) script: bool,
    pub(crate) top_level: bool,
    pub(crate) safe_method: bool,
    /// Same-site, redirects not considered: what storing looks at.
    pub(crate) same_site: bool,
    /// Same-site, redirects considered if the browser does: what sending looks at.
    pub(crate) same_site_for_sending: bool,
    pub(crate) third_party: bool,
    pub(crate) partition: PartitionRef<'c>,
    pub(crate) credentials: bool,
    /// See [`Context::answered`].
    pub(crate) answered: Option<i64>,
}

impl<'c> Standing<'c> {
    pub(crate) fn of(context: &'c Context, profile: &Profile, suffixes: &dyn PublicSuffixes) -> Self {
        let origin = &context.url.origin;
        let site = SiteRef::of(origin, suffixes);
        let schemeful = profile.sites.schemeful;
        let is_same =
            |other: &Origin| other == origin || SiteRef::of(other, suffixes).is_same_site(site, schemeful);
        let script = context.kind == Kind::Script;
        let top_level = context.kind == Kind::TopLevelNavigation;
        let documents: &[Origin] = if top_level { &[] } else { &context.documents };

        // 5.2.1, steps 1 to 5: the "site for cookies" is the top-level site if all documents are
        // of it, else none. To be same-site with it is to be same-site with each document.
        let (mut all_same, mut last_same) = (true, true);
        let (mut top_site, mut top_same) = (site, true);
        let mut cross_site_ancestor = false;
        for (depth, document) in documents.iter().enumerate() {
            let of_document = if document == origin { site } else { SiteRef::of(document, suffixes) };
            last_same = of_document.is_same_site(site, schemeful);
            all_same &= last_same;
            cross_site_ancestor |= !last_same;
            if depth == 0 {
                (top_site, top_same) = (of_document, last_same);
            }
        }
        cross_site_ancestor &= match profile.partitions.ancestor_bit {
            AncestorBit::AnyOther => true,
            // Layered cookies leaves partitions open; the sites of this key have schemes.
            AncestorBit::AboveFirstParty => top_site.is_same_site(site, true),
        };
        // 5.2, criterion 2. No client, no other site. Most often the initiator is the last document.
        let initiator_same = match &context.initiator {
            _ if script => true,
            None => true,
            initiator if initiator.as_ref() == documents.last() => last_same,
            Some(initiator) => is_same(initiator),
        };
        // For sending, a sandboxed document may be of the site of its address.
        let asker = context.sandboxed_at.as_ref().filter(|_| profile.sites.sandboxes_keep_their_site);
        let asker_same = asker.map_or(initiator_same, is_same);
        let same_site = all_same && initiator_same;
        let only_ends_count = profile.sites.only_top_and_asker_count;
        let same_for_sending = if only_ends_count { top_same && asker_same } else { same_site };
        // For sending, a host may also be of the site of one that is above it.
        let is_above = |other: &Origin| {
            let rest = origin.host.strip_suffix(&*other.host);
            profile.sites.below_the_host_is_same_site
                && !other.is_opaque()
                && rest.is_some_and(|rest| rest.ends_with('.'))
        };
        let holds = |other: &Origin| is_same(other) || is_above(other);
        let asked_by = context.initiator.iter().filter(|_| !script);
        let held =
            || profile.sites.below_the_host_is_same_site && documents.iter().chain(asked_by).all(holds);
        let redirected = match profile.sites.redirects {
            Redirects::Ignored => false,
            Redirects::ThroughOtherSites => !context.redirects.iter().all(is_same),
            Redirects::ThroughOtherSchemes => {
                let same =
                    |other: &Origin| other == origin || SiteRef::of(other, suffixes).is_same_site(site, true);
                !context.redirects.iter().all(same)
            }
        };
        let at_top_host = profile.sites.top_host_is_same_site
            && documents.first().is_some_and(|top| top.host == origin.host);
        // No site above, no third party.
        let is_third = |other: &Origin| {
            !documents.is_empty() && !SiteRef::of(other, suffixes).is_same_site(top_site, schemeful)
        };
        let stays_third =
            profile.partitions.redirects_stay_third_party && context.redirects.iter().any(is_third);
        let siteless = profile.partitions.siteless_top_is_first_party
            && documents.first().is_some_and(Origin::is_opaque);
        let third_party = !siteless
            && (stays_third
                || if profile.partitions.ancestors_make_third_party { !all_same } else { !top_same });

        let path = context.url.path.as_bytes();
        Self {
            host: &origin.host,
            domain: site.domain,
            path: if profile.fetch.normalizes_request_path {
                normalize_escapes(path)
            } else {
                Cow::Borrowed(path)
            },
            secure: origin.scheme.is_encrypted()
                || (profile.cookies.trusts_loopback && is_loopback(&origin.host)),
            script,
            top_level,
            safe_method: context.has_safe_method(),
            same_site,
            same_site_for_sending: ((same_for_sending || held()) && !redirected) || at_top_host || siteless,
            third_party,
            partition: PartitionRef { top_level: top_site, cross_site_ancestor },
            credentials: script || context.includes_credentials(),
            answered: context.answered,
        }
    }
}
