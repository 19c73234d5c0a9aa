//! Lines of a request and its answer that are neither a cookie's nor CORS's.

use std::sync::Arc;

use super::Page;
use crate::diagnostic::{Source, Span};
use crate::explain::cause::{Cause, Trouble};
use crate::plan::Plan;
use crate::rules::cookie_header::cookie_pairs;
use crate::world::wire::Exchange;

/// What of the exchange is at fault. Behind a proxy the server sees the request as the proxy made it, and that is shown
/// where it is the server that errs.
pub(super) fn of(cause: &Cause, plan: &Plan) -> (Option<Arc<Source>>, Vec<(Span, String)>) {
    let Some(exchange) = &cause.exchange else { return (None, Vec::new()) };
    let by_server = matches!(cause.trouble, Trouble::Rejected | Trouble::LeftOut);
    let exchange = if by_server { exchange.behind() } else { exchange };
    let mut page = Page::default();
    let asks = page.line(&format!("{} {}", exchange.method, exchange.url));
    let mut labels = Vec::new();
    match cause.trouble {
        Trouble::Rejected | Trouble::LeftOut => {
            let host = page.header(exchange, true, "Host");
            let proto = page.header(exchange, true, "X-Forwarded-Proto");
            let origin = page.header(exchange, true, "Origin");
            page.line("");
            let status = page.line(&format!("HTTP {}", exchange.status));
            match cause.trouble {
                Trouble::Rejected => {
                    labels.push((status, "refused".to_owned()));
                    labels.extend(origin.map(|span| (span, "who asks".to_owned())));
                    labels.extend(host.map(|span| (span, "what the server takes itself for".to_owned())));
                }
                _ => {
                    labels.push((status, "no Set-Cookie here".to_owned()));
                    let scheme = format!("the server takes it for {}", exchange.url.scheme());
                    labels.push((proto.unwrap_or(asks), scheme));
                }
            }
        }
        Trouble::LoginPage => {
            page.line("");
            let status = page.line(&format!("HTTP {}", exchange.status));
            let to = page.header(exchange, false, "Location");
            labels.push((to.unwrap_or(status), "a page for people, not for scripts".to_owned()));
        }
        _ => {
            let cookies = cookies(&mut page, exchange, |name| {
                name == cause.name || cause.other.as_deref() == Some(name)
            });
            match cause.trouble {
                Trouble::Twice => {
                    let words = ["the first", "the second", "another"];
                    let each = cookies.into_iter().zip(words.into_iter().cycle());
                    labels.extend(each.map(|(span, word)| (span, word.to_owned())));
                }
                _ => {
                    page.line("");
                    let status = page.line(&format!("HTTP {}", exchange.status));
                    let is_asker = plan.steps.get(cause.step).and_then(|step| step.action.target());
                    let is_asker =
                        is_asker.is_some_and(|(_, url)| *url == exchange.url) || exchange.status == 401;
                    labels.extend(cookies.into_iter().map(|span| (span, "sent under this name".to_owned())));
                    let text = match (&cause.other, is_asker && cause.trouble != Trouble::Silent) {
                        (Some(_), _) => format!("it asks for `{}`", cause.name),
                        (None, true) => format!("it asks for `{}`, and no answer sets it", cause.name),
                        (None, false) => "no Set-Cookie here".to_owned(),
                    };
                    labels.push((status, text));
                }
            }
        }
    }
    let path = if by_server { "the request, as the server has it" } else { "the request" };
    (Some(Arc::new(Source::excerpt(path, page.text))), labels)
}

/// The Cookie header, its values shortened, and where the names stand that are meant.
fn cookies(page: &mut Page, exchange: &Exchange, is_meant: impl Fn(&str) -> bool) -> Vec<Span> {
    const LONGEST: usize = 12;
    let Some(header) = exchange.cookie() else { return Vec::new() };
    let mut text = "Cookie: ".to_owned();
    let mut meant = Vec::new();
    for (place, (name, value)) in cookie_pairs(header).into_iter().enumerate() {
        if place > 0 {
            text.push_str("; ");
        }
        let start = text.len();
        let plain = |text: &str| text.replace(char::is_control, "\u{fffd}");
        text.push_str(&plain(&name));
        if is_meant(&name) {
            meant.push(start..text.len());
        }
        text.push('=');
        text.extend(plain(&value).chars().take(LONGEST));
        if value.chars().nth(LONGEST).is_some() {
            text.push('…');
        }
    }
    let line = page.line(&text);
    meant.into_iter().map(|span| line.start + span.start..line.start + span.end).collect()
}
