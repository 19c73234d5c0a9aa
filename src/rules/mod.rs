//! The rules: what a browser stores and sends, and what a page may read.
//!
//! Given a request's circumstances ([`Context`](context::Context)), a browser
//! ([`Profile`](engine::Profile)), a public suffix list, a moment and a [`Jar`](jar::Jar), they say
//! which cookies a response leaves in the jar, which go with a request, and whether a page may read
//! the answer; and wherever the answer is no, every [`Reason`](reason::Reason) for it. The `model`
//! browser runs on them, observations are compared with them, and explanations are searched in them:
//! all three ask the same functions.
//!
//! They are pure. There is no clock, no socket, no URL parser and no suffix list here, nothing beyond
//! the standard library, and no condition on a browser's name: what browsers do differently are
//! fields of their profiles. Times are seconds since the epoch.
//!
//! The steps are those of RFC 6265bis, draft -22, named by section and number above the code that
//! takes them; the order of the files is the order of a cookie's life:
//!
//! | file | what | source |
//! | --- | --- | --- |
//! | [`reason`], [`reasons`] | why not: codes, sentences, clauses, sets | the project's contract |
//! | [`engine`] | where each browser deviates, as data and in words, a file a subject | measured, documented |
//! | [`date`], `loose_date` | the date of `Expires`, and as one engine reads it | 5.1.1, NSPR |
//! | [`domain`], [`path`], [`site`] | the parts of cookies and URLs | 5.1, 5.2 |
//! | [`context`] | who asks for what from where, and what that means | 5.2, Fetch |
//! | [`line`], [`prefix`] | a line as its author sees it, and what a name may promise | 4.1 |
//! | [`set_cookie`] | reading a line as a browser does | 5.6 |
//! | [`store`], [`cookie`], [`jar`] | what gets into the jar, and stays | 5.3 to 5.5, 5.7 |
//! | [`retrieve`] | what goes out of it | 5.8 |
//! | `copy` | what scripts see of it instead, in two engines | measured |
//! | [`cors`], [`fetch_metadata`] | preflights, CORS check, mixed content, `Sec-Fetch-*` | Fetch |
//!
//! ```
//! use rehearsal::rules::context::{Context, Credentials};
//! use rehearsal::rules::domain::Suffix;
//! use rehearsal::rules::engine::Profile;
//! use rehearsal::rules::jar::Jar;
//! use rehearsal::rules::site::Location;
//!
//! // A list of public suffixes that knows of top-level domains only.
//! fn suffixes(host: &str) -> Suffix<'_> {
//!     Suffix { name: host.rsplit('.').next().unwrap_or(host), listed: true }
//! }
//!
//! let page = Location::parse("https://cat-therapist-hub.com/").unwrap();
//! let api = Location::parse("https://totally-different-api.com/login").unwrap();
//! let login = Context::fetch(vec![page.origin], api, Credentials::Include);
//!
//! let now = 1_795_132_800;
//! let mut jar = Jar::new();
//! let line = b"session=s1; SameSite=Lax; Secure";
//! let decision = jar.store(&Profile::CHROMIUM, &suffixes, &login, line, now);
//! assert_eq!(decision.reasons().to_string(), "same-site-lax");
//! assert_eq!(decision.parsed.bytes(decision.faults[0].span), b"SameSite=Lax");
//!
//! let line = b"session=s1; SameSite=None; Secure";
//! assert!(jar.store(&Profile::CHROMIUM, &suffixes, &login, line, now).is_stored());
//! assert_eq!(jar.retrieve(&Profile::CHROMIUM, &suffixes, &login, now).header, b"session=s1");
//! ```

pub mod context;
pub mod cookie;
pub mod cookie_header;
mod copy;
pub mod cors;
pub mod date;

pub mod domain;
pub mod engine;
pub mod fetch_metadata;
pub mod jar;
pub mod line;
mod loose_date;
pub mod path;
pub mod prefix;

pub mod reason;
pub mod reasons;
pub mod retrieve;
pub mod set_cookie;
pub mod site;
pub mod store;
