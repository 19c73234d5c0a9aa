//! Requests: `Origin`, mixed content, redirects, WebSockets.

use super::{Words, deviations};

deviations! {
    /// What a browser does with requests, cookies aside.
    Fetch

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
