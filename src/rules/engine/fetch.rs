//! Requests: `Origin`, mixed content, redirects, WebSockets.

use super::{Words, deviations};

deviations! {
    /// What a browser does with requests, cookies aside.
    Fetch

    /// How often a request is made that is answered 421 (Misdirected Request) each time: again on another connection,
    /// whatever its method.
    ///
    /// Specification (RFC 9110, section 15.5.20): a client may. All three engines: twice (measured 2026-11-27).
    misdirected_attempts: usize = [1, 2, 2, 2] => "a request that is answered 421 is made so often";
    /// Whether every such answer sets cookies, and not the last alone.
    ///
    /// Chromium and Firefox: no. WebKit: yes (measured 2026-11-27).
    every_misdirected_answer_sets_cookies: bool = [true, false, false, true]
        => "… and each of these answers sets cookies";
    /// How often a request is made that is answered 408 (Request Timeout) each time, whatever its method. Where it is
    /// more than once, the last is a network error, and no such answer sets cookies.
    ///
    /// Specification (RFC 9110, section 15.5.9): a client may. Firefox: ten times (measured 2026-11-27, preflights and
    /// POST too; `network.http.request.max-attempts`). The others: once (measured 2026-11-27).
    timeout_attempts: usize = [1, 1, 10, 1] => "… and one that is answered 408";
    /// Whether a request that is answered 408 is made again, once, where its connection over HTTP/1.1 was used before.
    ///
    /// Specification (RFC 9110, section 15.5.9): a client may. Chromium: yes (measured 2026-11-27; which connection it
    /// takes is not predicted). The others: no.
    timeouts_on_kept_connections: bool = [false, true, false, false]
        => "… over HTTP/1.1 once more, if the connection was used before";
    /// What an answer 407 (Proxy Authentication Required) of a server is that is no proxy.
    ///
    /// All measured 2026-11-27.
    proxy_challenges: ProxyChallenge = [
        ProxyChallenge::AsAnyOther,
        ProxyChallenge::NetworkError,
        ProxyChallenge::SetsNoCookies,
        ProxyChallenge::AsAnyOther,
    ] => "a 407 of a server that is no proxy";
    /// Whether a header that is empty is left out where there is another of its name.
    ///
    /// Specification (Fetch, get): no. Firefox: yes (measured 2026-11-27 with `Access-Control-Allow-Origin`,
    /// `-Credentials` and `-Max-Age`; `nsHttpHeaderArray::SetHeaderFromNet`). The others: no (measured 2026-11-27).
    leaves_out_empty_headers: bool = [false, false, true, false]
        => "an empty header is left out where there is another of its name";
    /// What an empty `Location` does.
    ///
    /// Specification (Fetch, location URL): it redirects to the same address. All measured 2026-11-27.
    empty_locations: EmptyLocation =
        [EmptyLocation::Redirects, EmptyLocation::Ignored, EmptyLocation::Redirects, EmptyLocation::Fails]
        => "an empty `Location`";
    /// What becomes of a redirect with two `Location` headers that differ.
    ///
    /// Specification: left open. All measured 2026-11-27.
    two_locations: TwoLocations = [
        TwoLocations::Fail,
        TwoLocations::Fail,
        TwoLocations::Fail,
        TwoLocations::Joined,
    ] => "a redirect with two different `Location` headers";
    /// Whether the bytes of `Location` are read as Latin-1, and not as UTF-8.
    ///
    /// Specification (Fetch, location URL): no. WebKit: yes (measured 2026-11-27: `/é` goes to `/%C3%83%C2%A9`).
    latin_locations: bool = [false, false, false, true] => "the bytes of `Location` are read as Latin-1";
    /// Which redirects may lead to a URL with a user name or a password in it.
    ///
    /// All measured 2026-11-27.
    redirects_with_users: UserRedirects = [
        UserRedirects::AsFetch,
        UserRedirects::ForNavigationsAndXhr,
        UserRedirects::AsFetch,
        UserRedirects::AsFetch,
    ] => "a redirect to a URL with a user name or password is followed";
    /// What `Origin` says after a redirect to another origin, where it is sent without CORS.
    ///
    /// Specification (Fetch): as long as no redirect has led away from another origin than the page's, the page's.
    /// Firefox the same. Chromium: `null`. WebKit: `null` for navigations (all measured 2026-11-25, with forms, beacons
    /// and `fetch`).
    redirected_origin: RedirectedOrigin = [
        RedirectedOrigin::AsFetch,
        RedirectedOrigin::NullWithoutCors,
        RedirectedOrigin::AsFetch,
        RedirectedOrigin::NullForNavigations,
    ] => "after a redirect to another origin `Origin` is `null`";
    /// Whether an `https` page may load from `http` what is on a local network by its very name: an address
    /// that is not publicly routed, or a name below `.local`.
    ///
    /// Specification (Mixed Content): no. Chromium: yes (measured; Local Network Access, under which the
    /// user is asked first, unless the page is of that network too).
    local_networks_are_not_mixed: bool = [false, true, false, false]
        => "an `https` page may load from `http` on the local network";
    /// Whether the address an image on an `https` page begins with decides what its redirects to `http`
    /// become: all are upgraded, or where that address was an IP address or this very machine, none.
    ///
    /// Specification (Mixed Content, section 4.1): no, each address by itself. Chromium: yes (measured).
    first_address_decides_upgrade: bool = [false, true, false, false]
        => "the first address of an image decides whether its redirects are upgraded";
    /// Whether an image on an `https` page is loaded over `http` from this very machine, by name or by IPv4
    /// address; after a redirect it is blocked.
    ///
    /// Specification (Mixed Content): left to what counts as an insecure address. WebKit: yes (measured
    /// 2026-11-21).
    shows_images_of_loopback: bool = [false, false, false, true]
        => "an `https` page shows images from `http` on this machine";
    /// Whether an image of an IP address, too, is upgraded on an `https` page, and not blocked.
    ///
    /// Specification (Mixed Content, section 4.1): no. Firefox: yes (measured 2026-11-21).
    upgrades_addresses: bool = [false, false, true, false]
        => "an image of an `http` IP address on an `https` page is upgraded";
    /// Whether an image that is mixed content is upgraded for documents alone that came over `https` from
    /// another machine than this, and for others loaded as it is, whatever documents are above them.
    ///
    /// Specification (Mixed Content, section 4.1): no. Firefox: yes (measured 2026-11-25, 153.7.0esr).
    upgrades_for_distant_documents: bool = [false, false, true, false]
        => "images from `http` are left as they are in documents of this machine, or from `http` themselves";
    /// Whether cookies are kept that come with the refusal of a WebSocket's handshake: an answer that is
    /// neither 101 nor a 401.
    ///
    /// Specification (Fetch, HTTP-network fetch): yes, of every answer. Chromium: no (measured 2026-11-21,
    /// 156.0.8078.79). The others are taken to do as Fetch says.
    refused_handshakes_set_cookies: bool = [true, false, true, true]
        => "the refusal of a WebSocket's handshake, unless a 401, may set cookies";
    /// Whether the handshake of a WebSocket follows redirects, and to insecure addresses too.
    ///
    /// Fetch and the others: no. WebKit: yes (measured 2026-11-21, 2.50.6; libsoup follows them unasked).
    sockets_follow_redirects: bool = [false, false, false, true]
        => "the handshake of a WebSocket follows redirects";
    /// Whether a request's path goes out, and is compared, with its percent-escapes normalized: `/%61pi` is `/api`.
    ///
    /// Specification, Chromium and Firefox: no (measured). WebKit: yes (measured; on the wire 2026-11-21).
    normalizes_request_path: bool = [false, false, false, true]
        => "percent-escapes of a request's path are normalized before it goes out";
    /// Whether what a page asks for ahead, while it waits for a script, may be asked for again when its turn comes:
    /// where the answer is an error, or may not be kept.
    ///
    /// HTML, speculative parsing: no. WebKit: yes, as the time falls (measured 2026-11-25, 2.50.6). The others
    /// were not seen to.
    asks_again_for_preloads: bool = [false, false, false, true]
        => "what is loaded ahead may be asked for twice";
}

/// What `Origin` says after a redirect to another origin, where it is sent without CORS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectedOrigin {
    /// The page's, until a redirect leads away from another origin. Specification, Firefox.
    AsFetch,
    /// `null` for navigations. WebKit.
    NullForNavigations,
    /// `null`. Chromium.
    NullWithoutCors,
}

impl Words for RedirectedOrigin {
    fn words(&self) -> String {
        match self {
            Self::AsFetch => "after the second such",
            Self::NullForNavigations => "for navigations",
            Self::NullWithoutCors => "without CORS",
        }
        .to_owned()
    }
}

/// What an answer 407 is of a server that is no proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyChallenge {
    /// An answer like any other. Specification, WebKit.
    AsAnyOther,
    /// A network error; it sets no cookies. Chromium (`ERR_UNEXPECTED_PROXY_AUTH`).
    NetworkError,
    /// An answer that sets no cookies. Firefox.
    SetsNoCookies,
}

impl Words for ProxyChallenge {
    fn words(&self) -> String {
        match self {
            Self::AsAnyOther => "is an answer like any other",
            Self::NetworkError => "is a network error",
            Self::SetsNoCookies => "sets no cookies",
        }
        .to_owned()
    }
}

/// What an empty `Location` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyLocation {
    /// It redirects to the same address. Specification, Firefox.
    Redirects,
    /// Nothing: the answer is one like any other. Chromium.
    Ignored,
    /// It makes the answer a network error. WebKit.
    Fails,
}

impl Words for EmptyLocation {
    fn words(&self) -> String {
        match self {
            Self::Redirects => "redirects to the same address",
            Self::Ignored => "is ignored",
            Self::Fails => "is a network error",
        }
        .to_owned()
    }
}

/// What becomes of a redirect with two `Location` headers that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwoLocations {
    /// A network error. Chromium, Firefox.
    Fail,
    /// They are one, with a comma between them. WebKit.
    Joined,
}

impl Words for TwoLocations {
    fn words(&self) -> String {
        match self {
            Self::Fail => "is a network error",
            Self::Joined => "takes both for one",
        }
        .to_owned()
    }
}

/// Which redirects may lead to a URL with a user name or a password in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserRedirects {
    /// All but those with CORS that lead to another origin, or have been at one (Fetch, HTTP-redirect fetch, steps 9
    /// and 10). Specification, Firefox, WebKit.
    AsFetch,
    /// As Fetch says for XMLHttpRequest; always at top level and for beacons; never for `fetch`, images, scripts and
    /// frames. Chromium.
    ForNavigationsAndXhr,
}

impl Words for UserRedirects {
    fn words(&self) -> String {
        match self {
            Self::AsFetch => "unless it is a cross-origin one with CORS",
            Self::ForNavigationsAndXhr => "at top level, by beacons and XMLHttpRequest alone",
        }
        .to_owned()
    }
}
