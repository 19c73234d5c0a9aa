//! Addresses with `http://` that a real server made for itself: it does not know that it is asked by https.
//!
//! It leads a browser there, or tells a provider to lead it there after a login. Nothing is guessed of servers that are
//! played: what those say, the scenario says.

use url::Url;

use crate::observe::Observation;
use crate::text::shortened;
use crate::world::wire::Exchange;

/// How much of an address is shown, in characters.
const LONGEST: usize = 120;

/// What is to be known of such addresses in the answers of a step: sentences.
pub(super) fn addresses(seen: &Observation) -> Vec<String> {
    seen.exchanges
        .iter()
        .filter_map(|exchange| of_answer(exchange.wire.behind(), &exchange.wire.url))
        .collect()
}

fn of_answer(wire: &Exchange, asked: &Url) -> Option<String> {
    let forwarded = wire.forwarded().filter(|_| asked.scheme() == "https")?;
    let location = wire.response_header("location").filter(|_| (300..400).contains(&wire.status))?;
    let to = asked.join(&String::from_utf8_lossy(location)).ok()?;
    let is_its_own = |url: &Url| url.scheme() == "http" && url.host_str() == asked.host_str();
    let what = if is_its_own(&to) {
        format!("leads to {}", shortened(to.as_str(), LONGEST))
    } else {
        let callback = to.query_pairs().find_map(|(name, value)| {
            Url::parse(&value)
                .ok()
                .filter(is_its_own)
                .map(|url| format!("{name}={}", shortened(url.as_str(), LONGEST)))
        });
        format!("leads to {} with `{}`", to.origin().ascii_serialization(), callback?)
    };
    let told = match forwarded.proto() {
        Some(proto) => format!("it was told `X-Forwarded-Proto: {proto}`"),
        None => "nothing told it of https here: `edge` says what stands before it in production".to_owned(),
    };
    Some(format!(
        "the answer to {} {what}: the server takes the request for plain http. It has to trust what the proxy before it \
         says (Express: `trust proxy`; Django: `SECURE_PROXY_SSL_HEADER`; Flask: `ProxyFix`; Laravel: `TrustProxies`; \
         Uvicorn: `--forwarded-allow-ips`), or to be given its public https address; {told}",
        wire.request_line()
    ))
}
