//! CORS preflights, and the cache of their answers.

use super::{Words, deviations, lasting};

deviations! {
    /// How a browser asks for leave, and how long it remembers the answer.
    Preflights

    /// Whether an answer to a request of an opaque origin is remembered. After a redirect from one foreign origin to
    /// another `Origin` is `null`, and no such origin is the same as another.
    ///
    /// Specification (Fetch, CORS-preflight cache): no. Chromium and WebKit: no (measured 2026-11-27). Firefox:
    /// taken as yes; its preflights name the page's origin.
    remembers_opaque: bool = [false, false, true, false]
        => "a preflight's answer to an `Origin: null` is remembered";
    /// Whether `Access-Control-Max-Age` may hold nothing but digits, and an answer with anything else is not
    /// remembered.
    ///
    /// Specification (Fetch, CORS-preflight fetch): no, then five seconds count. Chromium and WebKit: as specified.
    /// Firefox: yes (measured 2026-11-27: `10m`, `+600`, `5.5`, `600, 600`; an empty one counts as none).
    unreadable_max_age_forgets: bool = [false, false, true, false]
        => "an answer with an unreadable `Access-Control-Max-Age` is not remembered";
    /// Whether what is remembered stays as it is when a driver moves the clock, which makes cookies older and empties
    /// the caches.
    ///
    /// Firefox: yes (measured 2026-11-27). The others: no (measured 2026-11-21).
    outlive_advance: bool = [false, false, true, false] => "`advance` leaves remembered preflights as they are";
    /// Whether `Access-Control-Allow-Headers: *` allows `Authorization` too.
    ///
    /// Specification (Fetch): no. Chromium: yes (measured). Firefox: yes (documented: the preference
    /// `network.cors_preflight.authorization_covered_by_wildcard`). WebKit: yes (measured 2026-11-21).
    wildcard_covers_authorization: bool = [false, true, true, true]
        => "`Access-Control-Allow-Headers: *` covers `Authorization`";
    /// For how many seconds the answer to a preflight is remembered at most, whatever
    /// `Access-Control-Max-Age` says.
    ///
    /// Chromium: two hours. Firefox: a day. WebKit: ten minutes. All documented.
    longest: i64 = [i64::MAX, 7_200, 86_400, 600]
        => "a preflight's answer is remembered for at most" as lasting;
    /// Whether an answer that allowed a request with credentials is remembered for those without too.
    ///
    /// Fetch: no. Chromium: yes (measured 2026-11-20, 156.0.8078.79). WebKit: yes (documented). Firefox: no
    /// (documented).
    serve_lesser: bool = [false, true, false, true]
        => "… and one for a request with credentials serves those without";
    /// Whether an answer is remembered that allows the origin and not this request, for what else it allows.
    ///
    /// Fetch, Chromium and Firefox: no. WebKit: yes (measured 2026-11-21, 2.50.6).
    keeps_refusing: bool = [false, false, false, true]
        => "… also one that allows the origin and not this request";
    /// How an answer that is remembered is held against a later request.
    remembered: Remembered = [Remembered::Whole, Remembered::Whole, Remembered::Names, Remembered::Whole]
        => "… and is held against a later request";
    /// Whether a preflight is a request of its own of the page's, that knows of no redirects: it names the page's
    /// origin where the request's own has become `null`, and needs no leave of the page's origin itself.
    ///
    /// Fetch: no. Firefox: yes (measured 2026-11-21, 153.7.0esr; `nsCORSListenerProxy::StartCORSPreflight`).
    start_afresh: bool = [false, false, true, false] => "a preflight after redirects names the page's origin";
    /// What a preflight after a redirect asks for of the headers that redirects have dropped, such as the content
    /// type of a POST that has become a GET.
    dropped_headers: DroppedHeaders = [
        DroppedHeaders::Forgotten,
        DroppedHeaders::Forgotten,
        DroppedHeaders::RememberedLate,
        DroppedHeaders::Remembered,
    ] => "a preflight asks for headers that a redirect has dropped";
    /// Whether a request that a redirect makes mixed content asks for leave before it is refused as such.
    ///
    /// Fetch: no, main fetch looks at that first. WebKit: yes (measured 2026-11-21, 2.50.6).
    before_mixed_content: bool = [false, false, false, true]
        => "a preflight is made for a redirect to mixed content";
}

/// How an answer to a preflight that is remembered is held against a later request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// As if it had just come. One that does not allow the request is forgotten. Chromium (measured 2026-11-20,
    /// 156.0.8078.79), WebKit (measured 2026-11-21, 2.50.6).
    Whole,
    /// By the names that it and the others for that URL list: a `*` is no name, and only GET and POST need none.
    /// All are forgotten once an answer of that URL is kept from the page, or a preflight of it does not allow
    /// what it was asked. Firefox (measured 2026-11-21 and 2026-11-25, 153.7.0esr;
    /// `CORSCacheEntry::CheckRequest`, `nsCORSListenerProxy::OnStartRequest`).
    Names,
}

impl Words for Remembered {
    fn words(&self) -> String {
        match self {
            Self::Whole => "as if it had just come",
            Self::Names => "by the names that it and others list",
        }
        .to_owned()
    }
}

/// What a preflight asks for of the headers that redirects have dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DroppedHeaders {
    /// Nothing, and no preflight is made for their sake. Fetch, Chromium (measured 2026-11-21, 156.0.8078.79).
    Forgotten,
    /// Leave for them, as if they were still there. WebKit (measured 2026-11-21, 2.50.6).
    Remembered,
    /// Nothing after the redirect that drops them, though a preflight is made; after the next, leave for them.
    /// Firefox (measured 2026-11-21, 153.7.0esr; `nsCORSListenerProxy::CheckPreflightNeeded`).
    RememberedLate,
}

impl Words for DroppedHeaders {
    fn words(&self) -> String {
        match self {
            Self::Forgotten => "no",
            Self::Remembered => "yes",
            Self::RememberedLate => "after the redirect that follows",
        }
        .to_owned()
    }
}
