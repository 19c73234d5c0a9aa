//! What was seen on the wire, in the jar and in the page, as notes under a failure.
//!
//! Facts alone: whether a claim holds is not asked here.

use std::collections::BTreeSet;

use super::{Note, NoteKind, insecure};
use crate::observe::{Cookie, Exchange, Observation, SetCookie};
use crate::rules::reason::{Question, Reason};
use crate::text::shortened;
use crate::world::wire;

pub(super) fn exchange_note(exchange: &Exchange) -> Note {
    let line = format!("{} → {}", exchange.wire.request_line(), exchange.wire.status);
    NoteKind::Wire.note(match exchange.wire.cookie() {
        _ if exchange.wire.is_preflight() => format!("{line}, the preflight"),
        Some(cookie) => format!("{line}, Cookie: {}", shorten(&String::from_utf8_lossy(cookie))),
        None => format!("{line}, no Cookie"),
    })
}

pub(super) fn wire_notes(seen: &Observation) -> Vec<Note> {
    if seen.exchanges.is_empty() {
        return vec![NoteKind::Wire.note("no request arrived")];
    }
    let notes = |exchange: &Exchange| {
        let behind = exchange.wire.behind();
        let passed = (behind != &exchange.wire).then(|| behind_note(behind));
        let known = behind.said_inside().map(|note| NoteKind::Server.note(note));
        std::iter::once(exchange_note(exchange)).chain(passed).chain(known).collect::<Vec<_>>()
    };
    seen.exchanges.iter().flat_map(notes).collect()
}

/// What a reverse proxy made of a request: the one that arrived behind it.
pub(super) fn behind_note(behind: &wire::Exchange) -> Note {
    let mut told: Vec<String> = behind
        .request_headers
        .iter()
        .filter(|(name, _)| name == "host" || name.starts_with("x-forwarded-"))
        .map(|(name, value)| format!("{name}: {}", shorten(&String::from_utf8_lossy(value))))
        .collect();
    if !told.iter().any(|header| header.starts_with("x-forwarded-proto")) {
        told.push("no x-forwarded-proto".to_owned());
    }
    let wire::Exchange { method, url, status, .. } = behind;
    NoteKind::Wire.note(format!("behind the proxy {method} {url} → {status}, {}", told.join(", ")))
}

pub(super) fn page_notes(seen: &Observation) -> Vec<Note> {
    let reasons = seen.page.cors.iter().map(|reason| reason_note(*reason, Question::Readable));
    let error = seen.page.error.iter().map(|error| NoteKind::Page.note(shorten(error)));
    let refused = seen
        .refused
        .iter()
        .map(|name| NoteKind::Remark.note(format!("`{name}` was asked for and is not in this world")));
    let insecure = insecure::addresses(seen).into_iter().map(|text| NoteKind::Remark.note(text));
    let refused = insecure.chain(refused);
    let console = seen.console.iter().map(|line| NoteKind::Console.note(shorten(line)));
    let unread = seen.page.unread.iter().map(|name| {
        let why = match seen.jar.iter().flatten().find(|cookie| cookie.name == *name) {
            Some(cookie) if cookie.http_only => ", for it is HttpOnly",
            Some(_) => ", for it is another host's or path's",
            None => "",
        };
        NoteKind::Page.note(format!(
            "scripts of the page see no cookie `{name}`{why}: what was to carry its value went without"
        ))
    });
    let console = unread.chain(console);
    reasons.chain(error).chain(refused).chain(console).collect()
}

pub(super) fn line_notes(line: &SetCookie) -> Vec<Note> {
    let shown = NoteKind::Line.note(shorten(&String::from_utf8_lossy(&line.line)));
    let reasons = line.reasons.iter().map(|reason| reason_note(*reason, Question::Stored));
    std::iter::once(shown).chain(reasons).chain(native_note(&line.native)).collect()
}

/// What is to be known of a line that was refused: of a page's own request, also how it was made.
pub(super) fn refused_notes(line: &SetCookie, seen: &Observation) -> Vec<Note> {
    let has_it = |exchange: &&Exchange| exchange.set_cookie.iter().any(|other| std::ptr::eq(other, line));
    let exchange = seen.exchanges.iter().find(has_it);
    let own = exchange
        .and_then(|exchange| Some((exchange, exchange.asked.as_ref().filter(|asked| !asked.is_own)?)));
    let own = own.map(|(exchange, asked)| {
        let inferred = if asked.is_inferred { ", inferred from what was sent and stored" } else { "" };
        NoteKind::Wire.note(format!(
            "the page's own {}, credentials: {}{inferred}",
            exchange.wire.request_line(),
            asked.credentials.word()
        ))
    });
    line_notes(line).into_iter().chain(own).collect()
}

pub(super) fn withheld_notes(name: &str, reasons: &BTreeSet<Reason>, seen: &Observation) -> Vec<Note> {
    let withheld =
        seen.requests().flat_map(|exchange| &exchange.withheld).filter(|withheld| withheld.name == name);
    let native: BTreeSet<String> = withheld.flat_map(|withheld| withheld.native.iter().cloned()).collect();
    let native: Vec<String> = native.into_iter().collect();
    let reasons = reasons.iter().map(|reason| reason_note(*reason, Question::Sent));
    wire_notes(seen).into_iter().chain(reasons).chain(native_note(&native)).chain(page_notes(seen)).collect()
}

pub(super) fn reason_note(reason: Reason, question: Question) -> Note {
    NoteKind::Reason.note(format!("{reason}: {} ({})", reason.sentence(question), reason.clause(question)))
}

pub(super) fn native_note(native: &[String]) -> Option<Note> {
    (!native.is_empty()).then(|| NoteKind::Native.note(native.join(", ")))
}

pub(super) fn jar_note(cookie: &Cookie) -> Note {
    let host = if cookie.host_only { "host-only, " } else { "" };
    let secure = if cookie.secure { ", Secure" } else { "" };
    let http_only = if cookie.http_only { ", HttpOnly" } else { "" };
    let partition = cookie
        .partition
        .as_ref()
        .map(|partition| format!(", partition {}", partition.site))
        .unwrap_or_default();
    NoteKind::Jar.note(format!(
        "{}={} for {} ({host}path {}, SameSite {}{secure}{http_only}{partition})",
        cookie.name,
        shorten(&cookie.value),
        cookie.domain,
        cookie.path,
        cookie.same_site.word(),
    ))
}

/// Text fit for one line of a report.
pub(super) fn shorten(text: &str) -> String {
    const LONGEST: usize = 160;
    shortened(text, LONGEST)
}
