//! What to know beside an answer: slips in the lines that were stated, and what a word such as "deleted" hides.
//!
//! A note is a sentence without its full stop. It changes neither the answer nor the fix.

use super::question::{CookieOutcome, Outcome, Question};
use super::told::called;
use crate::browser_name::listed;
use crate::browser_name::{BrowserName, Engine};
use crate::plan::{Action, Step};
use crate::rules::context::Context;
use crate::rules::engine::Profile;
use crate::rules::jar::Jar;
use crate::rules::line::Line;
use crate::rules::reason::Reason;
use crate::rules::set_cookie::{Expiry, SetCookie};
use crate::rules::site::Location;
use crate::slips::slips;
use crate::suffixes::Names;

/// The notes on an answer, those about the lines themselves first. `again` is the step of the next request.
pub(super) fn notes(question: &Question, again: &Step, outcomes: &[Outcome]) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    let all = misspelt(question)
        .into_iter()
        .chain(aged(question))
        .chain(deleting(question, outcomes))
        .chain(while_young(question, again, outcomes));
    for note in all {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    notes
}

/// How old the answer is, where that is more than the time it takes to paste it.
fn aged(question: &Question) -> Option<String> {
    const DAY: i64 = 86_400;
    let response = question.response.as_ref()?;
    let age = time::OffsetDateTime::now_utc().unix_timestamp() - response.date()?;
    let written = response.header("date").unwrap_or_default().replace(char::is_control, "\u{fffd}");
    let told = match age {
        ..=-3600 => "lies ahead of this machine's clock".to_owned(),
        DAY.. if age >= 2 * 365 * DAY => format!("is {} years old", age / (365 * DAY)),
        DAY.. if age >= 2 * DAY => format!("is {} days old", age / DAY),
        DAY.. => "is a day old".to_owned(),
        _ => return None,
    };
    Some(format!("the answer {told} (Date: {written}): lifetimes are counted from then, as on that day"))
}

/// The slips in every line that was stated.
fn misspelt(question: &Question) -> Vec<String> {
    let lines: Vec<&String> = question.earlier.iter().chain(question.lines()).collect();
    let mut notes = Vec::new();
    for line in &lines {
        let place = match Line(line).name() {
            _ if lines.len() == 1 => String::new(),
            "" => "in the line without a name: ".to_owned(),
            name => format!("in the line of `{name}`: "),
        };
        notes.extend(slips(line).into_iter().map(|slip| format!("{place}{}: {}", slip.message, slip.help)));
    }
    notes
}

/// Lines that delete a cookie and look as if they set one: they give it a value, and there was none before.
fn deleting(question: &Question, outcomes: &[Outcome]) -> Vec<String> {
    if !question.earlier.is_empty() {
        return Vec::new();
    }
    let told = by_browser(outcomes, |profile, cookie| {
        let parsed = SetCookie::parse(&cookie.line, profile);
        let (attribute, expiry) = parsed.lifetime.filter(|_| cookie.deletion && !parsed.value.is_empty())?;
        let over = match expiry {
            Expiry::At(_) => "`Expires` is in the past",
            Expiry::In(_) if parsed.bytes(attribute.value).starts_with(b"-") => "`Max-Age` is below 0",
            Expiry::In(_) => "`Max-Age` is 0",
        };
        Some(format!("{over}: this line deletes {} instead of setting it", called(&cookie.name)))
    });
    told.into_iter()
        .map(|(note, browsers)| match browsers.len() == outcomes.len() {
            true => note,
            false => format!("{note} (in {})", listed(&browsers)),
        })
        .collect()
}

/// Cookies without `SameSite` that go with the next request only while they are young: RFC 6265bis -22, section
/// 5.6.7.2.
fn while_young(question: &Question, again: &Step, outcomes: &[Outcome]) -> Vec<String> {
    let Some(context) = submitted(question, again) else { return Vec::new() };
    let told = by_browser(outcomes, |profile, cookie| {
        let seconds = profile.sites.lax_unsafe_seconds;
        let goes = cookie.done && cookie.sent && !cookie.deletion;
        (goes && goes_while_young(&cookie.line, profile, &context, seconds))
            .then(|| (called(&cookie.name), time(seconds)))
    });
    let before = question.earlier.iter().flat_map(|line| {
        let name = Line(line).name();
        let goes =
            |outcome: &&Outcome| outcome.carried.iter().any(|cookie| cookie.name == name && cookie.sent);
        let context = &context;
        let each = outcomes.iter().filter(goes).filter_map(move |outcome| {
            let profile = outcome.browser.profile();
            let seconds = profile.sites.lax_unsafe_seconds;
            goes_while_young(line.as_bytes(), &profile, context, seconds)
                .then(|| ((called(name), time(seconds)), vec![outcome.browser]))
        });
        each.collect::<Vec<_>>()
    });
    told.into_iter()
        .chain(before)
        .map(|((cookie, time), browsers)| {
            format!(
                "{cookie} has no `SameSite`: it goes with this request, a cross-site {}, in {} only for {time} after \
                 the cookie was set",
                context.method,
                listed(&browsers)
            )
        })
        .collect()
}

/// The circumstances of the next request, where it is a form that the page submits.
fn submitted(question: &Question, again: &Step) -> Option<Context> {
    let Action::Form(form) = &again.action else { return None };
    let page = Location::parse(question.page.as_ref()?.as_str())?;
    let context = Context::navigation(page.origin, Location::parse(form.url.as_str())?);
    Some(Context { method: form.method.clone().into(), ..context })
}

/// Whether a cookie of this line goes with a request at once, and after so many seconds no more, for want of a
/// `SameSite`.
fn goes_while_young(line: &[u8], profile: &Profile, context: &Context, seconds: i64) -> bool {
    let mut jar = Jar::new();
    jar.store(profile, &Names, context, line, 0);
    let reason = |now| {
        let withheld = jar.peek(profile, &Names, context, now).withheld;
        withheld.iter().any(|withheld| withheld.reasons.contains(Reason::SameSiteDefaultLax))
    };
    !reason(0) && reason(seconds + 1)
}

/// What is to be said of the cookies of an answer, each once, with the browsers that it is said of.
fn by_browser<T: PartialEq>(
    outcomes: &[Outcome],
    say: impl Fn(&Profile, &CookieOutcome) -> Option<T>,
) -> Vec<(T, Vec<BrowserName>)> {
    let mut told: Vec<(T, Vec<BrowserName>)> = Vec::new();
    for outcome in outcomes {
        let profile = outcome.browser.profile();
        for said in outcome.cookies.iter().filter_map(|cookie| say(&profile, cookie)) {
            match told.iter_mut().find(|(known, _)| *known == said) {
                Some((_, browsers)) if browsers.contains(&outcome.browser) => {}
                Some((_, browsers)) => browsers.push(outcome.browser),
                None => told.push((said, vec![outcome.browser])),
            }
        }
    }
    told
}

/// What people should not take WebKitGTK's answer for, where it is another than that of the other engines.
pub(super) fn caveat(outcomes: &[Outcome]) -> Option<String> {
    let of = |engine: Engine| outcomes.iter().filter(move |outcome| outcome.browser.engine == engine);
    let asked = |engine: &Engine| *engine != Engine::Webkit && of(*engine).next().is_some();
    let others: Vec<Engine> = Engine::ALL.into_iter().filter(asked).collect();
    let differs = |own: &&Outcome| {
        let from = |engine: &Engine| of(*engine).any(|other| !look_alike(other, own));
        !others.is_empty() && others.iter().all(from)
    };
    let own = of(Engine::Webkit).find(differs)?;
    let mut reasons = own.cookies.iter().flat_map(|cookie| cookie.reasons.iter().chain(&cookie.withheld));
    let note =
        "webkit is WebKitGTK, whose cookie parser is libsoup's and not Safari's: its verdict is not Safari's";
    Some(match reasons.any(|reason| *reason == Reason::ThirdPartyBlocked) {
        true => format!("{note}. Third parties' cookies it blocks as Safari does"),
        false => note.to_owned(),
    })
}

/// Whether the table of an answer shows the same of two outcomes.
fn look_alike(one: &Outcome, other: &Outcome) -> bool {
    let shown = |cookie: &CookieOutcome| (cookie.name.clone(), cookie.deletion, cookie.done, cookie.sent);
    one.readable == other.readable && one.cookies.iter().map(shown).eq(other.cookies.iter().map(shown))
}

/// A time in words.
fn time(seconds: i64) -> String {
    match (seconds / 60, seconds % 60) {
        (1, 0) => "a minute".to_owned(),
        (2, 0) => "two minutes".to_owned(),
        (minutes, 0) => format!("{minutes} minutes"),
        _ => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_young_where_the_profile_says_so_and_only_without_same_site() {
        let context = |page: &str, method: &'static str| {
            let parse = |url: &str| Location::parse(url).expect("the test gives URLs");
            let url = parse("https://shop.example.com/pay");
            Context { method: method.into(), ..Context::navigation(parse(page).origin, url) }
        };
        let (far, near) = ("https://mail.example.org", "https://www.example.com");
        for (profile, page, method, line, stays) in [
            (Profile::CHROMIUM, far, "POST", "a=1; Secure", true),
            (Profile::CHROMIUM, far, "POST", "a=1; SameSite=Other", true),
            (Profile::CHROMIUM, far, "GET", "a=1; Secure", false),
            (Profile::CHROMIUM, near, "POST", "a=1; Secure", false),
            (Profile::CHROMIUM, far, "POST", "a=1; Secure; SameSite=None", false),
            (Profile::CHROMIUM, far, "POST", "a=1; SameSite=Lax", false),
            (Profile::SPECIFICATION, far, "POST", "a=1; Secure", false),
            (Profile::FIREFOX, far, "POST", "a=1; Secure", false),
            (Profile::WEBKIT, far, "POST", "a=1; Secure", false),
        ] {
            let seconds = profile.sites.lax_unsafe_seconds;
            let told = goes_while_young(line.as_bytes(), &profile, &context(page, method), seconds);
            assert_eq!(told, stays, "{page} {method} {line}");
        }
        assert_eq!(
            [time(120), time(60), time(300), time(90)],
            ["two minutes", "a minute", "5 minutes", "90 seconds"]
        );
    }
}
