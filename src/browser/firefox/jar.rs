//! Firefox's jar, as its cookie service tells it.

use serde_json::Value;

use crate::browser::line_outcomes::Reading;
use crate::observe::{Cookie, Partition};
use crate::rules::cookie::SameSite;
use crate::rules::engine::Profile;

/// How Firefox reads a line. It refuses none without a word that is not in the jar's own answer.
pub(super) const READING: Reading =
    Reading { profile: &Profile::FIREFOX, silent: |_| None, tells_all: false, keeps_apart: true };

/// The longest expiry that is taken for seconds. Firefox tells milliseconds now (153) and told seconds once;
/// as seconds this is the year 5138.
const SECONDS: i64 = 100_000_000_000;

/// The cookies of what `privileged::Privileged::look` answers, in the order of their creation.
pub(super) fn cookies(look: &Value) -> Option<Vec<Cookie>> {
    let cookies = look.get("cookies")?.as_array()?;
    Some(cookies.iter().filter_map(cookie).collect())
}

/// An `nsICookie`.
fn cookie(cookie: &Value) -> Option<Cookie> {
    let text = |key: &str| cookie.get(key).and_then(Value::as_str);
    let flag = |key: &str| cookie.get(key).and_then(Value::as_bool).unwrap_or(false);
    // A leading dot marks a cookie that has a Domain attribute.
    let host = text("host")?;
    Some(Cookie {
        name: bytes_as_text(text("name")?),
        value: text("value")?.to_owned(),
        domain: host.trim_start_matches('.').to_owned(),
        host_only: !host.starts_with('.'),
        path: text("path")?.to_owned(),
        secure: flag("secure"),
        http_only: flag("httpOnly"),
        same_site: match cookie.get("sameSite").and_then(Value::as_u64) {
            Some(0) => SameSite::None,
            Some(1) => SameSite::Lax,
            Some(2) => SameSite::Strict,
            // 256: there was none.
            _ => SameSite::Unset,
        },
        expires: cookie
            .get("expiry")
            .and_then(Value::as_i64)
            .filter(|_| !flag("session"))
            .map(|expiry| if expiry > SECONDS { expiry / 1000 } else { expiry }),
        partition: text("partition").filter(|key| !key.is_empty()).map(partition),
    })
}

/// A name, of which Firefox tells each byte as a character of Latin-1.
fn bytes_as_text(text: &str) -> String {
    let bytes: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(character).ok()).collect();
    bytes.map_or_else(|| text.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// A partition key: `(https,example.com)`, with `,f` in it below a frame of another site, and with the port
/// of a site that is a host by itself. A page without a site has one too, whose key is a random name:
/// `a7f81bf1-addf-43f5-8b89-1ffe22b27c8c.mozilla`. It is told as its origin is, `null`; any other as it is.
fn partition(key: &str) -> Partition {
    let of_a_site = || {
        let mut parts = key.strip_prefix('(')?.strip_suffix(')')?.split(',');
        let (scheme, domain) = (parts.next()?, parts.next()?);
        let cross_site_ancestor = parts.any(|part| part == "f");
        Some(Partition { site: format!("{scheme}://{domain}"), cross_site_ancestor })
    };
    of_a_site().unwrap_or_else(|| {
        let site = if key.ends_with(".mozilla") { "null" } else { key };
        Partition { site: site.to_owned(), cross_site_ancestor: false }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_cookie_is_read_whole() {
        let look = json!({ "cookies": [{
            "name": "a", "value": "1", "host": ".example.com", "path": "/", "secure": true, "httpOnly": false,
            "sameSite": 256, "session": false, "expiry": 1_795_223_227_932_u64, "partition": "(https,other.net,f)",
        }] });
        let cookies = cookies(&look).expect("it has cookies");
        assert_eq!((cookies[0].domain.as_str(), cookies[0].host_only), ("example.com", false));
        assert_eq!((cookies[0].same_site, cookies[0].expires), (SameSite::Unset, Some(1_795_223_227)));
        let partition = Partition { site: "https://other.net".to_owned(), cross_site_ancestor: true };
        assert_eq!(cookies[0].partition, Some(partition));
    }

    #[test]
    fn partition_keys() {
        let told = |site: &str, cross_site_ancestor| Partition { site: site.to_owned(), cross_site_ancestor };
        assert_eq!(partition("(http,localhost,3000)"), told("http://localhost", false));
        assert_eq!(partition("(http,localhost,3000,f)"), told("http://localhost", true));
        assert_eq!(partition("a7f81bf1-addf-43f5-8b89-1ffe22b27c8c.mozilla"), told("null", false));
        assert_eq!(partition("nonsense"), told("nonsense", false));
    }
}
