//! What a name looks like: a session's cookie, a CSRF token's, and a path that logs out.
//!
//! Heuristics, and nothing else here is one: whatever is decided by a name is decided in this file.

use std::collections::BTreeSet;

use url::Url;

use crate::plan::{Plan, Route};

/// Parts of the names of cookies that carry a session.
const SESSION: [&str; 9] = ["sess", "sid", "auth", "token", "jwt", "login", "remember", "refresh", "access"];

/// Parts of the names of cookies that scripts are meant to read.
const PUBLIC: [&str; 4] = ["csrf", "xsrf", "consent", "callback"];

/// Whether a cookie of this name looks as if it carried a session; one that a route asks for does.
pub(crate) fn is_session(plan: &Plan, name: &str) -> bool {
    names_session(name) || (!names_public(name) && required(plan).contains(name))
}

/// Whether a name alone looks like that of a cookie that carries a session.
pub(crate) fn names_session(name: &str) -> bool {
    !names_public(name) && has(name, &SESSION)
}

/// Whether a name looks like that of a cookie that scripts are meant to read.
fn names_public(name: &str) -> bool {
    has(name, &PUBLIC)
}

fn has(name: &str, parts: &[&str]) -> bool {
    let lower = name.to_ascii_lowercase();
    parts.iter().any(|part| lower.contains(part))
}

/// Whether a request to this path looks as if it ended a session.
pub(crate) fn is_logout(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase().replace(['-', '_'], "");
    ["logout", "logoff", "signout", "signoff"].iter().any(|word| path.contains(word))
}

/// Whether a request looks as if it began a session.
pub(crate) fn is_login(method: &str, url: &Url) -> bool {
    const BEGINS: [&str; 10] = [
        "login",
        "logon",
        "signin",
        "signon",
        "session",
        "authenticate",
        "oauth",
        "callback",
        "acs",
        "token",
    ];
    let path = url.path().to_ascii_lowercase().replace(['-', '_'], "");
    let has = |words: &[&str]| words.iter().any(|word| path.split('/').any(|part| part.starts_with(word)));
    let is_step = match method {
        "POST" => has(&BEGINS) || path.split('/').next_back().is_some_and(|last| last == "auth"),
        "GET" => has(&["callback"]),
        _ => false,
    };
    is_step && !is_logout(url) && !path.contains("csrf")
}

/// Whether a URL looks like that of a page on which people log in: an application's own, or an identity provider's.
pub(crate) fn is_login_page(url: &Url) -> bool {
    const PAGES: [&str; 8] = ["login", "logon", "signin", "signon", "authorize", "sso", "saml", "accounts"];
    let path = url.path().to_ascii_lowercase().replace(['-', '_'], "");
    let host = url.host_str().unwrap_or_default();
    let first = host.split('.').next().unwrap_or_default();
    let is_provider = ["login", "accounts", "sso", "idp", "signin"].contains(&first);
    let is_page = path.split('/').any(|part| PAGES.iter().any(|word| part.starts_with(word)));
    (is_page || is_provider) && !is_logout(url)
}

/// The names of the cookies that some route of a plan asks for.
fn required(plan: &Plan) -> BTreeSet<&str> {
    let routes = plan.origins.iter().flat_map(|origin| origin.service.routes());
    routes.filter_map(Route::required_cookie).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_log_out() {
        let is = |path: &str| is_logout(&Url::parse(&format!("https://a.example{path}")).expect("a URL"));
        assert!(is("/api/v1/auth/logout/") && is("/sign-out") && is("/users/sign_out"));
        assert!(!is("/login") && !is("/about"));
    }

    #[test]
    fn requests_and_pages_that_log_in() {
        let url = |text: &str| Url::parse(text).expect("a URL");
        let is = |method: &str, path: &str| is_login(method, &url(&format!("https://a.example{path}")));
        for path in [
            "/login",
            "/api/v1/auth/login/",
            "/sign_in",
            "/users/sign-in",
            "/api/auth",
            "/sessions",
            "/auth/token",
        ] {
            assert!(is("POST", path), "{path}");
        }
        assert!(is("POST", "/api/auth/callback/credentials") && is("GET", "/auth/callback"));
        for (method, path) in [
            ("GET", "/login"),
            ("POST", "/logout"),
            ("POST", "/auth/sign-out"),
            ("POST", "/orders"),
            ("GET", "/api/auth/csrf"),
        ] {
            assert!(!is(method, path), "{path}");
        }
        for page in [
            "https://a.example/login?next=/me",
            "https://accounts.google.com/o/oauth2/auth",
            "https://idp.example/x",
            "https://a.example/users/sign_in",
            "https://a.eu.auth0.com/authorize?x=1",
        ] {
            assert!(is_login_page(&url(page)), "{page}");
        }
        for page in ["https://a.example/", "https://a.example/logout", "https://api.a.example/v2/items"] {
            assert!(!is_login_page(&url(page)), "{page}");
        }
    }
}
