//! From a browser's name to what the rules need to know of it.
//!
//! The only place where a name decides anything; from here on it is data.

use crate::browser_name::{BrowserName, Engine, ThirdParty};
use crate::rules::engine::{self, Profile};

/// What the model does as one browser does it.
#[derive(Clone, Debug)]
pub(super) struct Manners {
    /// What the browser does with cookies, and what it lets pages read.
    pub(super) rules: Profile,
    /// For how many seconds the answer to a preflight is remembered at most, whatever
    /// `Access-Control-Max-Age` says.
    ///
    /// Chromium: two hours. Firefox: a day. WebKit: ten minutes. All documented.
    pub(super) longest_preflight: i64,
    /// Whether an answer that allowed a request with credentials is remembered for those without too.
    ///
    /// Fetch: no. Chromium: yes (measured 2026-11-20, 156.0.8078.79). WebKit: yes (documented). Firefox: no
    /// (documented).
    pub(super) preflights_serve_lesser: bool,
    /// Whether an answer is remembered that allows the origin and not this request, for what else it allows.
    ///
    /// Fetch, Chromium and Firefox: no. WebKit: yes (measured 2026-11-21, 2.50.6).
    pub(super) keeps_refusing_preflights: bool,
    /// How an answer that is remembered is held against a later request.
    pub(super) remembered_preflights: Remembered,
    /// Whether a preflight is a request of its own of the page's, that knows of no redirects: it names the page's
    /// origin where the request's own has become `null`, and needs no leave of the page's origin itself.
    ///
    /// Fetch: no. Firefox: yes (measured 2026-11-21, 153.7.0esr; `nsCORSListenerProxy::StartCORSPreflight`).
    pub(super) preflights_start_afresh: bool,
    /// What a preflight after a redirect asks for of the headers that redirects have dropped, such as the content
    /// type of a POST that has become a GET.
    pub(super) dropped_headers: DroppedHeaders,
    /// Whether a request that a redirect makes mixed content asks for leave before it is refused as such.
    ///
    /// Fetch: no, main fetch looks at that first. WebKit: yes (measured 2026-11-21, 2.50.6).
    pub(super) preflights_before_mixed_content: bool,
    /// Whether what a page asks for ahead, while it waits for a script, may be asked for again when its turn comes:
    /// where the answer is an error, or may not be kept.
    ///
    /// HTML, speculative parsing: no. WebKit: yes, as the time falls (measured 2026-11-25, 2.50.6). The others
    /// were not seen to.
    pub(super) asks_again_for_preloads: bool,
    /// How many redirects of a navigation are followed.
    ///
    /// Fetch: 20. Chromium: 19, though 20 of anything else (measured 2026-11-20, 156.0.8078.79). The
    /// others are taken to do as Fetch says.
    pub(super) navigation_redirects: usize,
    /// Whether a reload goes on from the redirects that led to the page, and is cross-site where they made that
    /// navigation so.
    ///
    /// HTML and the others: no. WebKit: yes (measured 2026-11-21, 2.50.6).
    pub(super) reloads_keep_redirects: bool,
    /// Whether the handshake of a WebSocket follows redirects, and to insecure addresses too.
    ///
    /// Fetch and the others: no. WebKit: yes (measured 2026-11-21, 2.50.6; libsoup follows them unasked).
    pub(super) sockets_follow_redirects: bool,
    /// Whether a form of an `https` page that would be sent to an insecure address gets a page of warning
    /// in its place; nothing is sent before the user insists.
    ///
    /// Chromium: yes, after a redirect only if the form's data would go along (measured 2026-11-20,
    /// 156.0.8078.79; `InsecureFormNavigationThrottle`). Firefox asks in a dialog for POST, which drivers
    /// accept, and WebKit does not ask (documented).
    pub(super) stops_insecure_forms: bool,
    /// Whether no script can be added to the browser's own page that warns: of a certificate, or of a form.
    ///
    /// Chromium: so it is, by that page's Trusted Types; the page for what nobody answers takes them (measured
    /// 2026-11-21, 156.0.8078.79). The others are taken to let it be added.
    pub(super) warnings_take_no_scripts: bool,
    /// Whether the browser's own page for an `https` address that failed may not ask for `http` either.
    ///
    /// Chromium: yes (measured 2026-11-20, 156.0.8078.79). Firefox: taken as yes. WebKit: no (measured
    /// 2026-11-21, 2.50.6).
    pub(super) error_pages_stay_secure: bool,
    /// Whether that page may load nothing at all, by its own Content Security Policy.
    ///
    /// Firefox: so it is (measured 2026-11-21, 153.7.0esr: `default-src chrome:`). The others let it.
    pub(super) own_pages_load_nothing: bool,
    /// Whether a script on an address of IPv6 reads the cookies that go with its requests.
    ///
    /// WebKit: no (measured 2026-11-21, 2.50.6: at most what it has itself written); what it reads is not
    /// predicted.
    pub(super) reads_ipv6_cookies: bool,
    /// Whether going back is a navigation that the page which is left starts, and so a cross-site one where
    /// that is of another site; and what was posted to is posted to again.
    ///
    /// HTML: neither; who started it the first time is in the history's entry. WebKit: so it is (measured
    /// 2026-11-21, 2.50.6).
    pub(super) back_is_of_the_page_left: bool,
    /// Whether the empty page a tab begins with can be gone back to.
    ///
    /// HTML: no, the first page takes its place. WebKit: yes (measured 2026-11-21, 2.50.6).
    pub(super) empty_page_is_an_entry: bool,
}

/// How an answer to a preflight that is remembered is held against a later request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remembered {
    /// As if it had just come. One that does not allow the request is forgotten. Chromium (measured 2026-11-20,
    /// 156.0.8078.79), WebKit (measured 2026-11-21, 2.50.6).
    Whole,
    /// By the names that it and the others for that URL list: a `*` is no name, and only GET and POST need none.
    /// All are forgotten once an answer of that URL is kept from the page, or a preflight of it does not allow
    /// what it was asked. Firefox (measured 2026-11-21 and 2026-11-25, 153.7.0esr;
    /// `CORSCacheEntry::CheckRequest`, `nsCORSListenerProxy::OnStartRequest`).
    Names,
}

/// What a preflight asks for of the headers that redirects have dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DroppedHeaders {
    /// Nothing, and no preflight is made for their sake. Fetch, Chromium (measured 2026-11-21, 156.0.8078.79).
    Forgotten,
    /// Leave for them, as if they were still there. WebKit (measured 2026-11-21, 2.50.6).
    Remembered,
    /// Nothing after the redirect that drops them, though a preflight is made; after the next, leave for them.
    /// Firefox (measured 2026-11-21, 153.7.0esr; `nsCORSListenerProxy::CheckPreflightNeeded`).
    RememberedLate,
}

/// How many redirects are followed: Fetch, HTTP-redirect fetch, step 7.
pub(super) const REDIRECTS: usize = 20;

impl Manners {
    /// The manners of a browser.
    pub(super) fn of(browser: BrowserName) -> Self {
        let policy = match browser.third_party() {
            ThirdParty::Allowed => engine::ThirdParty::Allow,
            ThirdParty::Partitioned => engine::ThirdParty::Partition,
            ThirdParty::Blocked => engine::ThirdParty::Block,
        };
        match browser.engine {
            Engine::Chromium => Self {
                rules: Profile::CHROMIUM.with_third_party(policy),
                longest_preflight: 7_200,
                preflights_serve_lesser: true,
                keeps_refusing_preflights: false,
                remembered_preflights: Remembered::Whole,
                preflights_start_afresh: false,
                dropped_headers: DroppedHeaders::Forgotten,
                preflights_before_mixed_content: false,
                asks_again_for_preloads: false,
                navigation_redirects: 19,
                reloads_keep_redirects: false,
                sockets_follow_redirects: false,
                stops_insecure_forms: true,
                warnings_take_no_scripts: true,
                error_pages_stay_secure: true,
                own_pages_load_nothing: false,
                reads_ipv6_cookies: true,
                back_is_of_the_page_left: false,
                empty_page_is_an_entry: false,
            },
            Engine::Firefox => Self {
                rules: Profile::FIREFOX.with_third_party(policy),
                longest_preflight: 86_400,
                preflights_serve_lesser: false,
                keeps_refusing_preflights: false,
                remembered_preflights: Remembered::Names,
                preflights_start_afresh: true,
                dropped_headers: DroppedHeaders::RememberedLate,
                preflights_before_mixed_content: false,
                asks_again_for_preloads: false,
                navigation_redirects: REDIRECTS,
                reloads_keep_redirects: false,
                sockets_follow_redirects: false,
                stops_insecure_forms: false,
                warnings_take_no_scripts: false,
                error_pages_stay_secure: true,
                own_pages_load_nothing: true,
                reads_ipv6_cookies: true,
                back_is_of_the_page_left: false,
                empty_page_is_an_entry: false,
            },
            Engine::Webkit => Self {
                rules: Profile::WEBKIT.with_third_party(policy),
                longest_preflight: 600,
                preflights_serve_lesser: true,
                keeps_refusing_preflights: true,
                remembered_preflights: Remembered::Whole,
                preflights_start_afresh: false,
                dropped_headers: DroppedHeaders::Remembered,
                preflights_before_mixed_content: true,
                asks_again_for_preloads: true,
                navigation_redirects: REDIRECTS,
                reloads_keep_redirects: true,
                sockets_follow_redirects: true,
                stops_insecure_forms: false,
                warnings_take_no_scripts: false,
                error_pages_stay_secure: false,
                own_pages_load_nothing: false,
                reads_ipv6_cookies: false,
                back_is_of_the_page_left: true,
                empty_page_is_an_entry: true,
            },
        }
    }
}
