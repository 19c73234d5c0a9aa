//! A cause in words: one paragraph, every reason with its clause, and the part of the header at fault.
//!
//! `detail` says what a reason means here, and `fault` where in the header it lies.

use std::collections::BTreeSet;
use std::sync::Arc;

use url::Url;

use super::cause::{Cause, Trouble};
use super::{detail, fault};
use crate::browser_name::{BrowserName, listed};
use crate::cookie_line;
use crate::diagnostic::{Diagnostic, Source, Span};
use crate::edit::topology::page_at;
use crate::looks;
use crate::lookup;
use crate::near;
use crate::observe::Cookie;
use crate::plan::{Action, Plan, Service};
use crate::relation::{self, Relation};
use crate::rules::cookie_header::cookie_pairs;
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
    /// The browsers' own messages.
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
    /// What it means here: which condition, how many bytes, what path. A fragment.
    pub detail: Option<String>,
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
        let reasons = whys(cause, plan);
        let (source, labels) = fault::of(cause, plan);
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
            let detail = why.detail.as_ref().map(|detail| format!("; here {detail}")).unwrap_or_default();
            format!("{}{only}: {}{detail} ({})", why.reason, why.sentence(), why.clause())
        }));
        if !self.native.is_empty() {
            notes.push(format!("the browser's message: {}", self.native.join(", ")));
        }
        notes
    }
}

fn whys(cause: &Cause, plan: &Plan) -> Vec<Why> {
    let all: BTreeSet<Reason> = cause.by.iter().flat_map(|(_, reasons)| reasons.iter().copied()).collect();
    all.into_iter()
        .map(|reason| Why {
            reason,
            question: cause.trouble.question(),
            detail: detail::of(cause, reason, plan),
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
    let other = cause.other.as_deref().unwrap_or_default();
    let asked = || asked(cause, plan);
    match cause.trouble {
        Trouble::Refused => format!("{who} store{s} {cookie}"),
        Trouble::Undeleted | Trouble::Survives => format!("{who} delete{s} {cookie}"),
        Trouble::Remains => {
            format!("{who} delete{s} every cookie of the name `{}`: a second one is left", cause.name)
        }
        Trouble::Withheld => format!("{who} send{s} {cookie}, which is stored"),
        Trouble::Hidden => format!("{who} show{s} scripts {cookie}, which is stored"),
        Trouble::Unreadable if was_made(cause) => format!("{who} let{s} the page read the answer"),
        Trouble::Unreadable => format!("{who} make{s} the request {}", asked()),
        Trouble::Folded => format!("{cookie} stands in the line of `{other}`, and no browser takes it out"),
        Trouble::Dropped => format!("{other} takes {cookie} out of the answer"),
        Trouble::Silent => format!("the answer to {} sets no cookie", asked()),
        Trouble::LeftOut => format!("the server leaves {cookie} out of its answer"),
        Trouble::Rejected => format!("the server refuses {}", asked()),
        Trouble::LoginPage => format!("{} leads a script to a page for people to log in", asked()),
        Trouble::Deleted => format!("an answer deletes {cookie} before it is asked for"),
        Trouble::Unset if cause.other.is_some() => {
            format!("{} asks for {cookie}, and `{other}` is another name", requester(cause, plan))
        }
        Trouble::Unset => format!("no answer sets {cookie}, which {} asks for", requester(cause, plan)),
        Trouble::Twice => format!("{} carries two cookies of the name `{}`", asked(), cause.name),
    }
}

/// The request line of a cause's exchange, or of its step. Of a preflight it is that of the request it asks for.
fn asked(cause: &Cause, plan: &Plan) -> String {
    match &cause.exchange {
        Some(preflight) if preflight.is_preflight() => {
            let method = preflight.request_header("access-control-request-method").unwrap_or_default();
            format!("{} {}", String::from_utf8_lossy(method), preflight.url)
        }
        Some(exchange) => request_line(exchange),
        None => requester(cause, plan),
    }
}

/// The request line of what asks for a cookie, or of a cause's step.
fn requester(cause: &Cause, plan: &Plan) -> String {
    if let Some(asker) = &cause.asker {
        return request_line(asker);
    }
    let target = plan.steps.get(cause.step).and_then(|step| step.action.target());
    target.map_or_else(|| "the page".to_owned(), |(method, url)| format!("{method} {}", short(url)))
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
    let topology = match cause.trouble {
        Trouble::LoginPage | Trouble::Rejected | Trouble::Silent => None,
        _ => standing(cause, plan),
    };
    let other = cause.other.as_deref().unwrap_or_default();
    let effect = match cause.trouble {
        Trouble::Folded => format!(
            "A proxy, a CDN or code that keeps headers in a map has joined two Set-Cookie lines with a comma. No browser \
             splits them, for a date has a comma too: the first cookie, `{other}`, gets the attributes of both, and the \
             second is never set. Each cookie needs a Set-Cookie line of its own: append the header where it is set, and \
             copy it with `getSetCookie()` where it is passed on."
        ),
        Trouble::Dropped => format!(
            "The server behind sets it, and {other} takes the line out on the way: the browser never hears of it."
        ),
        Trouble::LeftOut => {
            format!("It tells nobody, and the answer is as good as any other: {}.", other.trim_end_matches('.'))
        }
        Trouble::Rejected => format!(
            "It is refused before the route is asked, so what the route would set or say never comes. The server's own \
             words: {other}"
        ),
        Trouble::LoginPage => format!(
            "It was answered with a redirect, because nobody is logged in there, and the browser follows it to {other} \
             without asking the script. What the script reads, or is kept from reading, is that page and not the answer \
             of the API. An API answers 401, and the front end shows the page."
        ),
        Trouble::Deleted => format!(
            "{} of step {} has a line for it whose lifetime is over, which is how servers delete a cookie; nothing sets it \
             again before it is asked for.",
            cause.exchange.as_ref().map_or_else(|| "The script".to_owned(), |exchange| format!("The answer to {}", request_line(exchange))),
            cause.step + 1
        ),
        Trouble::Unset if cause.other.is_some() => {
            let how = near::name::near(&cause.name, [other]).map_or("they are two cookies", |(_, how)| how);
            format!(
                "To browsers and servers `{}` and `{other}` are two cookies: {how}. The server has to read the name that it \
                 sets.{}",
                cause.name,
                library(&cause.name).map(|known| format!(" {known}")).unwrap_or_default()
            )
        }
        Trouble::Unset | Trouble::Silent => silent(cause),
        Trouble::Twice => twice(cause),
        Trouble::Remains => {
            let has = cause.survivor.as_ref().map_or_else(|| "another".to_owned(), survivor);
            format!(
                "A line deletes the one cookie of exactly its own name, domain, path and partition. It has, and another of \
                 the same name is left: it has {has}. Browsers keep both and send both, and servers take one of them. It \
                 takes a second line that deletes that one, as it was set."
            )
        }
        Trouble::Refused if cause.by.iter().all(|(_, reasons)| reasons.iter().eq([&Reason::Expired])) => {
            "The answer arrives all the same, but the cookie in it is over when it comes: browsers drop it at once, as if \
             it were to be deleted."
                .to_owned()
        }
        Trouble::Refused if cause.exchange.is_none() => {
            "The script goes on and is told nothing: document.cookie takes whatever is assigned, and the cookie is \
             dropped."
                .to_owned()
        }
        Trouble::Refused => {
            let earlier = cause.other.as_ref().map_or_else(String::new, |earlier| {
                format!(" It is the last answer that sets the cookie: {earlier} was to set it before, and was refused too.")
            });
            format!(
                "The answer arrives all the same, with its status and body; the browser only drops the cookie, and \
                 every later request goes without it.{earlier}"
            )
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
            let is_opaque = cause.by.iter().any(|(_, reasons)| reasons.contains(&Reason::Opaque));
            let what = match is_opaque {
                true => "an answer without status, header fields and body, and no error",
                false => "an error instead of the answer",
            };
            format!("The request was made and answered{stored}; the script gets {what}.")
        }
        Trouble::Unreadable if cause.exchange.is_some() => {
            "The browser asks for permission first (the preflight), and the answer to that does not give it.".to_owned()
        }
        Trouble::Unreadable => "The browser makes no request at all.".to_owned(),
    };
    let translated = translated(cause, plan).map(|text| format!(" {text}")).unwrap_or_default();
    match topology {
        Some(topology) => format!("{topology} {effect}{translated}"),
        None => format!("{effect}{translated}"),
    }
}

/// What a proxy has made of a line.
fn translated(cause: &Cause, plan: &Plan) -> Option<String> {
    let sent = String::from_utf8_lossy(cause.behind.as_deref()?).into_owned();
    let proxy =
        cause.exchange.as_ref().and_then(|exchange| match &plan.origins.get(exchange.origin)?.service {
            Service::Proxy(proxy) => Some(proxy.name()),
            _ => None,
        })?;
    Some(format!(
        "The server behind sent `{}`, and {proxy} made this line of it.",
        cookie_line::shortened(&sent).replace(char::is_control, "\u{fffd}")
    ))
}

/// Why an answer may set no cookie at all.
fn silent(cause: &Cause) -> String {
    let login = cause.exchange.as_ref().filter(|exchange| looks::is_login(&exchange.method, &exchange.url));
    let named = login.map_or_else(
        || "No answer of the scenario has a line for it.".to_owned(),
        |login| {
            format!(
                "{} looks like the login, was answered {} and sets no cookie.",
                request_line(login),
                login.status
            )
        },
    );
    let known = lookup::of_cookie(&cause.name).into_iter().find_map(|library| {
        let setting = library.behind_proxy?;
        Some(format!(
            " By its name `{}` is of {}, and that setting is `{setting}`.",
            cause.name, library.name
        ))
    });
    format!("{named} {NO_COOKIE}.{}{}", known.unwrap_or_default(), told_server(cause).unwrap_or_default())
}

/// What a real server was told of how the browser came.
fn told_server(cause: &Cause) -> Option<String> {
    Some(match cause.exchange.as_ref()?.forwarded()?.proto() {
        Some(proto) => format!(" Your server was told `X-Forwarded-Proto: {proto}`."),
        None => {
            " Your server was not told `X-Forwarded-Proto`: `edge` says what stands before it in production."
                .to_owned()
        }
    })
}

/// The likely causes of an answer without a cookie.
const NO_COOKIE: &str = "Frameworks leave a Secure cookie out, and tell nobody, where they take the request for \
     plain http: behind a proxy that ends TLS they have to be told of `X-Forwarded-Proto` and to trust it (Express: `trust \
     proxy`; Django: `SECURE_PROXY_SSL_HEADER`; ASP.NET: `UseForwardedHeaders`). Others set none because nothing was put \
     into the session, because the login failed with a status of 200, or because the token is in the body";

/// What two cookies of one name do.
fn twice(cause: &Cause) -> String {
    let pairs =
        cause.exchange.as_ref().and_then(wire::Exchange::cookie).map(cookie_pairs).unwrap_or_default();
    let own = pairs.iter().filter(|(name, _)| *name == cause.name);
    let values: Vec<String> = own.map(|(_, value)| format!("`{}`", brief(value))).collect();
    format!(
        "It carries {}, in this order: longer paths first, then the older. They have one name and differ in `Domain`, `Path` \
         or partition. The server sees names and values alone, and takes the first or the last of them: which, is its \
         library's to say. Most often one is left over from before a `Domain` or a `Path` was changed; an answer has to \
         delete it as it was set.",
        values.join(", then ")
    )
}

/// A value's beginning.
fn brief(value: &str) -> String {
    const LONGEST: usize = 16;
    let text: String = value.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if value.chars().nth(LONGEST).is_some() { format!("{text}…") } else { text }
}

/// What is known of a library by the name of its cookie, where the name is what is at fault.
fn library(name: &str) -> Option<&'static str> {
    let is_auth_js = ["authjs.", "next-auth."].iter().any(|begin| name.contains(begin));
    is_auth_js.then_some(
        "Auth.js puts `__Secure-` before the name where it takes itself for https (`AUTH_URL`, or `X-Forwarded-Proto` with \
         `trustHost`), and `getToken` does so by `NEXTAUTH_URL` or `secureCookie`: where TLS ends at a proxy the two \
         disagree. Set the URL to the public https one in both, or pass `cookieName`.",
    )
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
