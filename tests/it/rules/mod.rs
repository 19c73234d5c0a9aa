//! The rules, step by step: one test at least for each step of the specifications they follow.

mod cors;
mod engines;
mod fuzz;
mod parse;
mod retrieve;
mod same_site;
mod store;

use rehearsal::rules::context::{Context, Credentials};
use rehearsal::rules::domain::Suffix;
use rehearsal::rules::engine::Profile;
use rehearsal::rules::jar::Jar;
use rehearsal::rules::site::{Location, Origin};
use rehearsal::rules::store::Decision;
use rehearsal::suffixes::Names;

/// A moment for tests, 2026-11-20, in seconds since the epoch.
pub(crate) const NOW: i64 = 1_795_132_800;

/// The three engines as they ship.
pub(crate) const ENGINES: [(&str, Profile); 3] =
    [("chromium", Profile::CHROMIUM), ("firefox", Profile::FIREFOX), ("webkit", Profile::WEBKIT)];

/// The public suffix list. The list itself answers nonsense for what is no name.
pub(crate) fn psl(host: &str) -> Suffix<'_> {
    match psl::suffix(host.as_bytes()) {
        Some(suffix) => {
            Suffix { name: &host[host.len() - suffix.as_bytes().len()..], listed: suffix.is_known() }
        }
        None => Suffix { name: host, listed: false },
    }
}

pub(crate) fn location(url: &str) -> Location {
    Location::parse(url).unwrap_or_else(|| panic!("{url} is a URL"))
}

pub(crate) fn origin(url: &str) -> Origin {
    location(url).origin
}

pub(crate) fn visit(url: &str) -> Context {
    Context::visit(location(url))
}

/// A `fetch` with credentials included, by the last of these documents.
pub(crate) fn fetch(documents: &[&str], url: &str) -> Context {
    Context::fetch(origins(documents), location(url), Credentials::Include)
}

pub(crate) fn frame(documents: &[&str], url: &str) -> Context {
    Context::frame(origins(documents), location(url))
}

pub(crate) fn script(documents: &[&str]) -> Context {
    Context::script(origins(documents), "/").expect("the last document has an origin")
}

pub(crate) fn origins(urls: &[&str]) -> Vec<Origin> {
    urls.iter().map(|url| origin(url)).collect()
}

pub(crate) fn store<'l>(jar: &mut Jar, profile: &Profile, context: &Context, line: &'l str) -> Decision<'l> {
    jar.store(profile, &Names, context, line.as_bytes(), NOW)
}

/// The reasons against a line, in an empty jar.
pub(crate) fn refused(profile: &Profile, context: &Context, line: &str) -> String {
    store(&mut Jar::new(), profile, context, line).reasons().to_string()
}

/// A jar that received these lines in this context, one second apart.
pub(crate) fn jar(profile: &Profile, context: &Context, lines: &[&str]) -> Jar {
    let mut jar = Jar::new();
    for line in lines {
        let decision = store(&mut jar, profile, context, line);
        assert!(decision.is_stored(), "{line}: {}", decision.reasons());
    }
    jar
}

pub(crate) fn header(jar: &Jar, profile: &Profile, context: &Context) -> String {
    String::from_utf8_lossy(&jar.peek(profile, &psl, context, NOW).header).into_owned()
}

/// What stays behind, as `name: reasons`, sorted.
pub(crate) fn withheld(jar: &Jar, profile: &Profile, context: &Context) -> Vec<String> {
    let retrieval = jar.peek(profile, &psl, context, NOW);
    let mut lines: Vec<_> = retrieval
        .withheld
        .iter()
        .map(|withheld| format!("{}: {}", withheld.cookie.name_text(), withheld.reasons))
        .collect();
    lines.sort();
    lines
}
