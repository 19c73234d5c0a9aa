//! A jar, and what was done to it since it was looked at before.

use maud::{Markup, html};
use time::OffsetDateTime;

use crate::observe::Cookie;
use crate::report::page::moment;
use crate::text::{counted, safe, shortened};

/// A value is cut here.
const VALUE: usize = 40;

/// A jar. `before` is what it was before, where that is known.
pub(in crate::report) fn jar(before: Option<&[Cookie]>, jar: &[Cookie]) -> Markup {
    let (mut rows, mut new, mut changed) = (Vec::new(), 0, 0);
    for cookie in jar {
        let was = before.map(|before| before.iter().find(|old| is_same(old, cookie)));
        let word = match was {
            None => "",
            Some(None) => "new",
            Some(Some(old)) if old == cookie => "",
            Some(Some(_)) => "changed",
        };
        new += usize::from(word == "new");
        changed += usize::from(word == "changed");
        rows.push((word, cookie));
    }
    let gone = before.unwrap_or_default().iter().filter(|old| !jar.iter().any(|cookie| is_same(old, cookie)));
    let gone: Vec<(&str, &Cookie)> = gone.map(|cookie| ("gone", cookie)).collect();
    let words: Vec<String> = [(new, "new"), (changed, "changed"), (gone.len(), "gone")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!(", {count} {word}"))
        .collect();
    rows.extend(gone);
    html! {
        @if rows.is_empty() {
            p.read.soft { "The jar is empty." }
        } @else {
            details.jar open[!words.is_empty()] {
                summary { "Jar: " (counted(jar.len(), "cookie")) (words.concat()) }
                div.scroll tabindex="0" role="group" aria-label="The jar" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Cookie" } th scope="col" { "Value" } th scope="col" { "For" }
                                th scope="col" { "Path" } th scope="col" { "SameSite" } th scope="col" { "Flags" }
                                th scope="col" { "Until" }
                            }
                        }
                        tbody { @for (word, cookie) in rows { (row(word, cookie)) } }
                    }
                }
            }
        }
    }
}

fn row(word: &str, cookie: &Cookie) -> Markup {
    let flags = [("Secure", cookie.secure), ("HttpOnly", cookie.http_only)];
    let flags: Vec<&str> = flags.into_iter().filter(|(_, set)| *set).map(|(flag, _)| flag).collect();
    html! {
        tr class=[(!word.is_empty()).then_some(word)] {
            th scope="row" { code { (safe(&cookie.name)) } @if !word.is_empty() { " " span.tag { (word) } } }
            td { code { (shortened(&cookie.value, VALUE)) } }
            td {
                code { (safe(&cookie.domain)) } @if cookie.host_only { " only" } @else { " and below" }
                @if let Some(partition) = &cookie.partition { br; "partition " code { (safe(&partition.site)) } }
            }
            td { code { (safe(&cookie.path)) } }
            td { (cookie.same_site.word()) }
            td { (flags.join(", ")) }
            td {
                @match cookie.expires.map(OffsetDateTime::from_unix_timestamp) {
                    None => "end of session",
                    Some(Ok(at)) => (moment(at)),
                    Some(Err(_)) => "a date too far",
                }
            }
        }
    }
}

/// Whether they are one cookie to a browser (RFC 6265bis -22, section 5.7, and its partition).
fn is_same(one: &Cookie, other: &Cookie) -> bool {
    one.name == other.name
        && one.domain == other.domain
        && one.host_only == other.host_only
        && one.path == other.path
        && one.partition == other.partition
}
