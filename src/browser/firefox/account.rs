//! What Firefox tells of who asked for something, and how: all of it, exactly.
//!
//! An observer in the browser's own scope reads it from the channel of each request, those of preflights and redirects
//! included: see `LISTEN` of [`privileged`](super::privileged).

use serde_json::Value;
use url::Url;

use crate::observe::{Account, Exchange, Frame};
use crate::rules::context::Credentials;
use crate::rules::site::{Location, Origin};

/// A request, and what was told of it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    method: String,
    url: Url,
    /// The Cookie header, each byte as a character of Latin-1.
    cookie: String,
    account: Account,
}

/// The requests in what `privileged::Privileged::look` answers, and the number of the last.
pub(super) fn asked(look: &Value, after: u64) -> (Vec<Asked>, u64) {
    let all = look.get("asked").and_then(Value::as_array).into_iter().flatten();
    let last = all.clone().filter_map(|asked| asked.get("number")?.as_u64()).max().unwrap_or(after);
    let tab = look.get("tab").and_then(Value::as_str).unwrap_or_default();
    (all.filter_map(|asked| read(asked, tab)).collect(), last)
}

/// Tells each exchange what was told of its request: the first that was asked for like this.
pub(super) fn tell(exchanges: &mut [Exchange], mut asked: Vec<Asked>) {
    for exchange in exchanges {
        let wire = &exchange.wire;
        let is_it = |asked: &Asked| asked.method == wire.method && asked.url == wire.url;
        let cookie = wire.cookie().unwrap_or_default();
        let sends_it = |asked: &Asked| asked.cookie.chars().eq(cookie.iter().map(|&byte| char::from(byte)));
        let found = asked
            .iter()
            .position(|asked| is_it(asked) && sends_it(asked))
            .or_else(|| asked.iter().position(is_it));
        if let Some(found) = found {
            exchange.account = asked.remove(found).account;
        }
    }
}

fn read(asked: &Value, tab: &str) -> Option<Asked> {
    let text = |key: &str| asked.get(key).and_then(Value::as_str);
    let flag = |key: &str| asked.get(key).and_then(Value::as_bool).unwrap_or(false);
    let named = |id: &str| if id == tab { Frame::TAB.to_owned() } else { id.to_owned() };
    let frame = text("frame").map(|id| Frame { id: named(id), parent: text("parent").map(named) });
    let navigates = flag("navigates");
    let initiator = text("initiator").map(origin);
    let account = Account {
        frame,
        document: text("document").and_then(|url| Url::parse(url).ok()),
        initiator: navigates.then_some(initiator),
        credentials: match text("credentials") {
            Some("omit") => Some(Credentials::Omit),
            Some("include") => Some(Credentials::Include),
            Some("same-origin") => Some(Credentials::SameOrigin),
            _ => None,
        },
        with_credentials: Some(!flag("anonymous")),
    };
    Some(Asked {
        method: text("method")?.to_owned(),
        url: Url::parse(text("url")?).ok()?,
        cookie: text("cookie").unwrap_or_default().to_owned(),
        account,
    })
}

fn origin(text: &str) -> Origin {
    Location::parse(text).map_or_else(Origin::opaque, |location| location.origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_frame_of_the_tab_is_told_with_its_parent() {
        let look = json!({ "tab": "b7", "asked": [{
            "number": 4, "context": 2, "method": "GET", "url": "https://a.example/x", "cookie": "a=1",
            "frame": "12", "parent": "b7", "document": null, "navigates": true, "initiator": "null",
            "credentials": null, "anonymous": false,
        }] });
        let (asked, last) = asked(&look, 1);
        assert_eq!(last, 4);
        let account = &asked[0].account;
        assert_eq!(account.frame, Some(Frame { id: "12".to_owned(), parent: Some(Frame::TAB.to_owned()) }));
        assert!(matches!(&account.initiator, Some(Some(origin)) if origin.is_opaque()), "{account:?}");
        assert_eq!((account.credentials, account.with_credentials), (None, Some(true)));
    }
}
