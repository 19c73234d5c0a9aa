//! Two origins that differ in one thing only: the one that is allowed, and the one that asks.
//!
//! A browser compares `Access-Control-Allow-Origin` byte for byte with its `Origin` (Fetch, CORS check, step 4), and most
//! servers compare so with their lists. What people write there is mostly nearly right.

/// How an origin that is allowed differs from one that asks, where it is near: a fragment.
pub(crate) fn difference(allowed: &str, asks: &str) -> Option<&'static str> {
    let allowed = allowed.trim().trim_matches('"');
    if allowed == asks || allowed == "*" || allowed.is_empty() {
        return None;
    }
    if allowed.trim_end_matches('/') == asks {
        return Some("an `Origin` never ends with `/`");
    }
    if allowed.eq_ignore_ascii_case(asks) {
        return Some("an `Origin` is written in small letters");
    }
    if allowed.strip_prefix(asks).is_some_and(|rest| rest.starts_with('/')) {
        return Some("an `Origin` has no path");
    }
    let (scheme, rest) = split(allowed);
    let (its_scheme, its_rest) = split(asks);
    let (host, port) = authority(rest.trim_end_matches('/'));
    let (its_host, its_port) = authority(its_rest);
    if host.contains('*') {
        let end = host.trim_start_matches('*');
        let fits = host.starts_with('*') && its_host.ends_with(end) && its_host.len() > end.len();
        return fits.then_some("a `*` within an origin is no pattern: no `Origin` has one");
    }
    match (host == its_host, scheme == its_scheme, port == its_port) {
        (true, _, true) if scheme.is_empty() => Some("an `Origin` begins with its scheme"),
        (true, false, true) => Some("another scheme"),
        (true, true, false) => Some("another port"),
        (true, false, false) => Some("another scheme, and another port"),
        (false, true, true) if bare(host) == bare(its_host) => Some("with `www.` it is another host"),
        (false, true, true) if is_loopback(host) && is_loopback(its_host) => {
            Some("`localhost` and `127.0.0.1` are two hosts")
        }
        _ => None,
    }
}

/// Scheme and the rest; a text without `://` has no scheme.
fn split(origin: &str) -> (&str, &str) {
    origin.split_once("://").unwrap_or(("", origin))
}

/// Host and port; an address of IPv6 stays whole.
fn authority(rest: &str) -> (&str, &str) {
    match rest.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
        _ => (rest, ""),
    }
}

fn bare(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearly_right_is_told() {
        const ASKS: &str = "https://app.acme-shop.io";
        for (allowed, how) in [
            ("https://app.acme-shop.io/", "ends with `/`"),
            ("https://App.Acme-Shop.io", "small letters"),
            ("https://app.acme-shop.io/login", "no path"),
            ("http://app.acme-shop.io", "another scheme"),
            ("https://app.acme-shop.io:8443", "another port"),
            ("http://app.acme-shop.io:3000", "another scheme, and another port"),
            ("app.acme-shop.io", "begins with its scheme"),
            ("https://www.app.acme-shop.io", "`www.`"),
            ("https://*.acme-shop.io", "no pattern"),
            ("*.acme-shop.io", "no pattern"),
        ] {
            let told = difference(allowed, ASKS).unwrap_or_default();
            assert!(told.contains(how), "{allowed}: {told}");
        }
        for allowed in [
            "*",
            "",
            ASKS,
            "https://api.acme-shop.io",
            "https://other.example",
            "https://*.other.example",
            "null",
        ] {
            assert_eq!(difference(allowed, ASKS), None, "{allowed}");
        }
        assert!(difference("http://localhost:3000", "http://127.0.0.1:3000").is_some());
        assert!(difference("https://acme-shop.io", "https://www.acme-shop.io").is_some());
    }
}
