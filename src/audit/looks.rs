//! What a name looks like: a session's cookie, a CSRF token's, a path that logs out, a laptop's host.
//!
//! Heuristics, and nothing else here is one: whatever is decided by a name is decided in this file.

use url::{Host, Url};

use crate::plan::Plan;

/// Parts of the names of cookies that carry a session.
const SESSION: [&str; 9] = ["sess", "sid", "auth", "token", "jwt", "login", "remember", "refresh", "access"];

/// Parts of the names of cookies that scripts are meant to read.
const PUBLIC: [&str; 4] = ["csrf", "xsrf", "consent", "callback"];

/// Whether a cookie of this name looks as if it carried a session; one that a route asks for does.
pub(super) fn is_session(plan: &Plan, name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    !has(&PUBLIC) && (has(&SESSION) || super::required(plan).contains(name))
}

/// Whether a request to this path looks as if it ended a session.
pub(super) fn is_logout(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase().replace(['-', '_'], "");
    ["logout", "logoff", "signout", "signoff"].iter().any(|word| path.contains(word))
}

/// Whether a host is this very machine.
pub(super) fn is_laptop(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
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
}
