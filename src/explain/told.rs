//! A cause in words: one paragraph, every reason with its clause, and the part of the header at fault.

use std::collections::BTreeSet;
use std::sync::Arc;

use url::Url;

use super::cause::{Cause, Trouble};
use super::fault;
use crate::browser_name::{BrowserName, listed};
use crate::diagnostic::{Diagnostic, Source, Span};
use crate::edit::topology::page_at;
use crate::observe::Cookie;
use crate::plan::{Action, Plan};
use crate::relation::{self, Relation};
use crate::rules::reason::{Question, Reason};
use crate::world::wire;

/// Why something did not work, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What happened: a lower-case fragment.
    pub headline: String,
    /// What it means and where it comes from: whole sentences.
    pub paragraph: String,
    /// Every reason, with the browsers that have it.
    pub reasons: Vec<Why>,
    /// The browsers' own words.
    pub native: Vec<String>,
    /// The header lines that it is about, as a source to point into.
    pub source: Option<Arc<Source>>,
    /// The parts at fault, the main one first.
    pub labels: Vec<(Span, String)>,
}

/// One reason, and who gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The reason.
    pub reason: Reason,
    /// What it answers.
    pub question: Question,
    /// The browsers that have it.
    pub browsers: Vec<BrowserName>,
}

impl Why {
    /// The sentence of the reason.
    pub fn sentence(&self) -> &'static str {
        self.reason.sentence(self.question)
    }

    /// The clause it comes from.
    pub fn clause(&self) -> &'static str {
        self.reason.clause(self.question)
    }
}

impl Explanation {
    /// A cause, told. `browsers` are all that were asked: what holds in each of them is not said of each.
    pub(super) fn of(cause: &Cause, plan: &Plan, browsers: &[BrowserName]) -> Self {
        let reasons = whys(cause);
        let (source, labels) = match cause.trouble {
            Trouble::Unreadable => fault::in_cors(cause),
            _ => fault::in_line(cause),
        };
        Self {
            headline: headline(cause, plan, browsers),
            paragraph: paragraph(cause, plan),
            reasons,
            native: cause.native.iter().cloned().collect(),
            source,
            labels,
        }
    }

    /// The explanation as a message with carets, without its notes. `message` has the headline.
    pub fn diagnostic(&self, message: Diagnostic) -> Diagnostic {
        Diagnostic { source: self.source.clone(), labels: self.labels.clone(), ..message }
    }

    /// What it means, every reason, and the browsers' own messages: a note each. `browsers` are all that were asked.
    pub fn notes(&self, browsers: &[BrowserName]) -> Vec<String> {
        let mut notes = vec![self.paragraph.clone()];
        notes.extend(self.reasons.iter().map(|why| {
            let only = match why.browsers.len() == browsers.len() {
                true => String::new(),
                false => format!(" (in {})", listed(&why.browsers)),
            };
            format!("{}{only}: {} ({})", why.reason, why.sentence(), why.clause())
        }));
        if !self.native.is_empty() {
            notes.push(format!("the browser's message: {}", self.native.join(", ")));
        }
        notes
    }
}

fn whys(cause: &Cause) -> Vec<Why> {
    let all: BTreeSet<Reason> = cause.by.iter().flat_map(|(_, reasons)| reasons.iter().copied()).collect();
    all.into_iter()
        .map(|reason| Why {
            reason,
            question: cause.trouble.question(),
            browsers: cause
                .by
                .iter()
                .filter(|(_, reasons)| reasons.contains(&reason))
                .map(|(browser, _)| *browser)
                .collect(),
        })
        .collect()
}

fn headline(cause: &Cause, plan: &Plan, browsers: &[BrowserName]) -> String {
    let these: Vec<BrowserName> = cause.by.iter().map(|(browser, _)| *browser).collect();
    // "chromium does not store", "chromium and webkit do not store", "none of the 4 browsers stores".
    let (who, is_none) = match these.as_slice() {
        [only] => (format!("{} does not", only.real()), false),
        [_, _] if browsers.len() == 2 => ("neither browser".to_owned(), true),
        all if all.len() == browsers.len() => (format!("none of the {} browsers", all.len()), true),
        some => (format!("{} do not", listed(some)), false),
    };
    let s = if is_none { "s" } else { "" };
    let cookie = called(&cause.name);
    match cause.trouble {
        Trouble::Refused => format!("{who} store{s} {cookie}"),
        Trouble::Undeleted | Trouble::Survives => format!("{who} delete{s} {cookie}"),
        Trouble::Withheld => format!("{who} send{s} {cookie}, which is stored"),
        Trouble::Hidden => format!("{who} show{s} scripts {cookie}, which is stored"),
        Trouble::Unreadable if was_made(cause) => format!("{who} let{s} the page read the answer"),
        Trouble::Unreadable => {
            let (method, url) = plan.steps[cause.step].action.target().unwrap_or(("", &plan.origins[0].url));
            format!("{who} make{s} the request {method} {}", short(url))
        }
    }
}

/// A cookie in a sentence.
pub(super) fn called(name: &str) -> String {
    match name {
        "" => "the cookie without a name".to_owned(),
        name => format!("the cookie `{name}`"),
    }
}

/// Whether the request itself arrived, and not the preflight alone.
fn was_made(cause: &Cause) -> bool {
    cause.exchange.as_ref().is_some_and(|exchange| !exchange.is_preflight())
}

fn paragraph(cause: &Cause, plan: &Plan) -> String {
    let topology = standing(cause, plan);
    let effect = match cause.trouble {
        Trouble::Refused if cause.exchange.is_none() => {
            "The script goes on and is told nothing: document.cookie takes whatever is assigned, and the cookie is \
             dropped."
                .to_owned()
        }
        Trouble::Refused => {
            "The answer arrives all the same, with its status and body; the browser only drops the cookie, and \
             every later request goes without it."
                .to_owned()
        }
        Trouble::Undeleted => {
            "A line deletes a cookie by setting it anew with a lifetime of nothing, and whatever keeps a cookie from \
             being set keeps it from being deleted. The browser drops the line: the cookie stays, and is sent on."
                .to_owned()
        }
        Trouble::Survives => {
            let has = cause.survivor.as_ref().map_or_else(|| "another".to_owned(), survivor);
            format!(
                "A line deletes the cookie of exactly its own name, domain, path and partition, and there is none: \
                 the stored cookie has {has}. It stays, and is sent on."
            )
        }
        Trouble::Withheld => "The cookie is in the jar; the browser does not attach it to this request.".to_owned(),
        Trouble::Hidden => {
            let has = cause.survivor.as_ref().map_or_else(String::new, |cookie| {
                let only = if cookie.http_only { ", and `HttpOnly`" } else { "" };
                format!(": it has {}{only}", survivor(cookie))
            });
            format!("The cookie is in the jar, and `document.cookie` of this page does not show it{has}.")
        }
        Trouble::Unreadable if was_made(cause) => {
            let stored = match &cause.exchange {
                Some(exchange) if exchange.set_cookie().next().is_some() => {
                    ", and whatever cookies it sets are stored or not by their own rules"
                }
                _ => "",
            };
            format!("The request was made and answered{stored}; the script gets an error instead of the answer.")
        }
        Trouble::Unreadable if cause.exchange.is_some() => {
            "The browser asks for permission first (the preflight), and the answer to that does not give it.".to_owned()
        }
        Trouble::Unreadable => "The browser makes no request at all.".to_owned(),
    };
    match topology {
        Some(topology) => format!("{topology} {effect}"),
        None => effect,
    }
}

/// What makes a stored cookie another than the one a line names.
fn survivor(cookie: &Cookie) -> String {
    let domain = match cookie.host_only {
        true => format!("no `Domain` (it is of `{}` alone)", cookie.domain),
        false => format!("`Domain={}`", cookie.domain),
    };
    let partition = match &cookie.partition {
        Some(_) => "`Partitioned`",
        None => "no `Partitioned`",
    };
    format!("{domain}, `Path={}` and {partition}", cookie.path)
}

/// Who asks whom, where that matters to the reasons.
fn standing(cause: &Cause, plan: &Plan) -> Option<String> {
    let reasons: BTreeSet<Reason> =
        cause.by.iter().flat_map(|(_, reasons)| reasons.iter().copied()).collect();
    let (_, url) = plan.steps.get(cause.step)?.action.target()?;
    let page = &page_at(plan, cause.step)?;
    let sites = [
        Reason::SameSiteStrict,
        Reason::SameSiteLax,
        Reason::SameSiteDefaultLax,
        Reason::ThirdPartyBlocked,
        Reason::OtherPartition,
    ];
    let (here, there) = (relation::site(page)?, relation::site(url)?);
    if sites.iter().any(|reason| reasons.contains(reason)) {
        return (here != there)
            .then(|| format!("The page is of {here} and the request goes to {there}, another site."));
    }
    let origins = [Reason::CredentialsOmitted, Reason::HostOnly];
    let is_cors = cause.trouble == Trouble::Unreadable;
    if relation::of(page, url) == Relation::SameOrigin
        || !(is_cors || origins.iter().any(|reason| reasons.contains(reason)))
    {
        return None;
    }
    let (from, to) = (page.origin().ascii_serialization(), url.origin().ascii_serialization());
    let mode = match &plan.steps[cause.step].action {
        Action::Fetch(fetch) if reasons.contains(&Reason::CredentialsOmitted) => {
            format!(", in credentials mode \"{}\"", fetch.credentials.word())
        }
        Action::Xhr(_) if reasons.contains(&Reason::CredentialsOmitted) => {
            ", without withCredentials".to_owned()
        }
        _ => String::new(),
    };
    Some(format!("The page's origin is {from}, and it asks {to}, another origin{mode}."))
}

/// A URL without its query.
pub(super) fn short(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// The request line of an exchange.
pub(super) fn request_line(exchange: &wire::Exchange) -> String {
    format!("{} {}", exchange.method, short(&exchange.url))
}
