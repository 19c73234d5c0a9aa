//! Navigations, the history, and the browser's own pages.

use super::deviations;

deviations! {
    /// What a browser does when a tab goes somewhere.
    Navigation

    /// How many redirects of a navigation are followed.
    ///
    /// Fetch: 20. Chromium: 19, though 20 of anything else (measured 2026-11-20, 156.0.8078.79). The
    /// others are taken to do as Fetch says.
    max_redirects: usize = [20, 19, 20, 20] => "redirects of a navigation that are followed";
    /// Whether an error, a status of 400 or above, without a body becomes the browser's own page at top level, whose
    /// origin is opaque. A frame shows it as any other answer.
    ///
    /// HTML: no. Chromium: yes (measured 2026-11-27 with 400 to 599). Firefox and WebKit: no (measured 2026-11-27).
    empty_errors_are_own_pages: bool = [false, true, false, false]
        => "at top level an error without a body becomes the browser's own page";
    /// Whether a 304 (Not Modified) that nobody asked for leaves the page as it is, as a 204 does.
    ///
    /// HTML: no. Chromium and WebKit: yes; Firefox: no (measured 2026-11-27).
    unmodified_shows_nothing: bool = [false, true, false, true]
        => "a 304 to a navigation leaves the page as it is";
    /// Whether a reload goes on from the redirects that led to the page, and is cross-site where they made that
    /// navigation so.
    ///
    /// HTML and the others: no. WebKit: yes (measured 2026-11-21, 2.50.6).
    reloads_keep_redirects: bool = [false, false, false, true]
        => "a reload is cross-site where redirects made the navigation so";
    /// Whether a form of an `https` page that would be sent to an insecure address gets a page of warning
    /// in its place; nothing is sent before the user insists.
    ///
    /// Chromium: yes, after a redirect only if the form's data would go along (measured 2026-11-20,
    /// 156.0.8078.79; `InsecureFormNavigationThrottle`). Firefox asks in a dialog for POST, which drivers
    /// accept, and WebKit does not ask (documented).
    stops_insecure_forms: bool = [false, true, false, false]
        => "a form of an `https` page to `http` gets a page of warning";
    /// Whether no script can be added to the browser's own page that warns: of a certificate, or of a form.
    ///
    /// Chromium: so it is, by that page's Trusted Types; the page for what nobody answers takes them (measured
    /// 2026-11-21, 156.0.8078.79). The others are taken to let it be added.
    warnings_take_no_scripts: bool = [false, true, false, false]
        => "the browser's page of warning takes no script";
    /// Whether the browser's own page for an `https` address that failed may not ask for `http` either.
    ///
    /// Chromium: yes (measured 2026-11-20, 156.0.8078.79). Firefox: taken as yes. WebKit: no (measured
    /// 2026-11-21, 2.50.6).
    error_pages_stay_secure: bool = [false, true, true, false]
        => "the browser's page for an `https` address that failed may not load from `http`";
    /// Whether that page may load nothing at all, by its own Content Security Policy.
    ///
    /// Firefox: so it is (measured 2026-11-21, 153.7.0esr: `default-src chrome:`). The others let it.
    own_pages_load_nothing: bool = [false, false, true, false] => "… and may load nothing at all";
    /// Whether a script on an address of IPv6 reads the cookies that go with its requests.
    ///
    /// WebKit: no (measured 2026-11-21, 2.50.6: at most what it has itself written); what it reads is not
    /// predicted.
    reads_ipv6_cookies: bool = [true, true, true, false] => "`document.cookie` works on an IPv6 address";
    /// Whether going back is a navigation that the page which is left starts, and so a cross-site one where
    /// that is of another site; and what was posted to is posted to again.
    ///
    /// HTML: neither; who started it the first time is in the history's entry. WebKit: so it is (measured
    /// 2026-11-21, 2.50.6).
    back_is_of_the_page_left: bool = [false, false, false, true]
        => "going back is a navigation by the page that is left";
    /// Whether going back to what was posted to posts it again where nothing could be shown of the answer: there is
    /// nothing kept that could be shown in its place.
    ///
    /// HTML: as any entry without a document. Firefox: so it is (measured 2026-11-27, 153.8.0esr, with a POST that
    /// is answered 408). Chromium: taken as no.
    failed_posts_are_repeated: bool = [false, false, true, false]
        => "going back to a POST that failed posts again";
    /// Whether the empty page a tab begins with can be gone back to.
    ///
    /// HTML: no, the first page takes its place. WebKit: yes (measured 2026-11-21, 2.50.6).
    empty_page_is_an_entry: bool = [false, false, false, true]
        => "the empty page of a new tab can be gone back to";
}
