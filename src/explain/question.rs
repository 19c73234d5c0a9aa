//! A single question, answered without a scenario: will this cookie be stored and sent, and can the page
//! read the answer?
//!
//! The question becomes a plan like any other ([`super::asked`]), which every browser's rules rehearse.

use std::collections::BTreeSet;

use url::Url;

use super::asked::{self, Asked};
use super::cause::{self, Asks};
use super::goal::{self, Goal};
use super::note;
use super::rehearser::{Rehearser, Shown};
use super::remark;
use super::response::Response;
use super::search::{self, Fix, Remedy};
use super::told::Explanation;
use crate::browser_name::BrowserName;
use crate::cookie_line;
use crate::edit::Edits;
use crate::looks;
use crate::lookup::Library;
use crate::plan::{Credentials, Plan};
use crate::rules::line::Line;
use crate::rules::reason::Reason;
use crate::world::WorldError;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The page that makes the request; `None` where the URL is typed into the address bar.
    pub page: Option<Url>,
    /// What is requested.
    pub request: Url,
    /// The method.
    pub method: String,
    /// How the request is made. Without a page it is typed, whatever this says.
    pub how: How,
    /// The credentials mode of `fetch`, or what comes closest to it.
    pub credentials: Credentials,
    /// Header fields that the page sets.
    pub headers: Vec<(String, String)>,
    /// The `Set-Cookie` lines of an answer that came before, in the same way from the same place.
    pub earlier: Vec<String>,
    /// Where that answer came from, where it is known; else it is taken to be beside the request.
    pub earlier_from: Option<Url>,
    /// The answer to the request, where it is known; else only its cookies are.
    pub response: Option<Response>,
    /// The answer to the preflight, where it is known.
    pub preflight: Option<Response>,
    /// `Set-Cookie` lines of the answer, after those of `response`.
    pub set_cookie: Vec<String>,
    /// What is requested next, instead of the same again.
    pub then: Option<Url>,
    /// The library that sets the cookies, where it is known; else their names may tell.
    pub(crate) framework: Option<&'static Library>,
}

/// How a page makes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By `fetch()`.
    Fetch,
    /// By `XMLHttpRequest`, Axios among others.
    Xhr,
    /// By leaving for it: a link, or a form that is submitted.
    Navigation,
    /// By an image.
    Image,
    /// By a frame.
    Iframe,
}

/// The answer to a question.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The browsers, in the order asked.
    pub browsers: Vec<BrowserName>,
    /// What happens in each of them.
    pub outcomes: Vec<Outcome>,
    /// Everything that stands in the way.
    pub explanations: Vec<Explanation>,
    /// What to do about it.
    pub remedy: Remedy,
    /// Where all works: a narrower `SameSite` that works as well.
    pub advice: Option<Fix>,
    /// Whether the answer looks like a login's, and sets no cookie.
    pub is_silent: bool,
    /// What was assumed, each a sentence.
    pub assumptions: Vec<String>,
    /// What to know besides, each a sentence.
    pub notes: Vec<String>,
    /// What the answer for one of the browsers should not be taken for, a sentence.
    pub caveat: Option<String>,
    /// The plan that was rehearsed.
    pub plan: Plan,
}

/// What happens in one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The browser.
    pub browser: BrowserName,
    /// Each cookie of the answer.
    pub cookies: Vec<CookieOutcome>,
    /// Each cookie that was stored before, where the answer sets none: whether it goes with the request.
    pub carried: Vec<Carried>,
    /// Whether the page may read the answer; `None` where nothing is to be read.
    pub readable: Option<bool>,
    /// Why it may not, or why there is no answer.
    pub reasons: BTreeSet<Reason>,
    /// Whether all is as it should be.
    pub works: bool,
}

/// What becomes of a cookie that was stored before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Its name.
    pub name: String,
    /// Whether it was stored at all.
    pub stored: bool,
    /// Whether it goes with the request.
    pub sent: bool,
    /// Why it does not, or was not stored.
    pub reasons: BTreeSet<Reason>,
}

/// What happens to one cookie in one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieOutcome {
    /// Its name.
    pub name: String,
    /// The line that counts.
    pub line: Vec<u8>,
    /// Whether the line deletes a cookie instead of setting one.
    pub deletion: bool,
    /// Whether it is stored; for a deletion, whether the cookie is gone.
    pub done: bool,
    /// Why it is not stored.
    pub reasons: BTreeSet<Reason>,
    /// Whether it goes with the next request.
    pub sent: bool,
    /// Why it does not, although it is stored.
    pub withheld: BTreeSet<Reason>,
    /// The cookie in whose line it stands, where it has none of its own.
    pub folded_into: Option<String>,
}

impl Question {
    /// The lines of the answer, in order.
    pub fn lines(&self) -> impl Iterator<Item = &String> {
        self.response.iter().flat_map(|response| &response.set_cookie).chain(&self.set_cookie)
    }

    /// Whether the answer looks like that of a login which succeeded, and says what cookies it sets.
    pub fn is_login(&self) -> bool {
        let is_answered = self.response.as_ref().is_some_and(|response| response.status < 400);
        is_answered && looks::is_login(&self.method, &self.request)
    }
}

impl Answer {
    /// Whether all is as it should be in every browser.
    pub fn works(&self) -> bool {
        self.outcomes.iter().all(|outcome| outcome.works)
    }
}

/// Answers a question for these browsers, by the rules.
///
/// # Errors
/// Where what is stated cannot be served: a control character in a header, a host that is none.
pub async fn answer(question: &Question, browsers: &[BrowserName]) -> Result<Answer, WorldError> {
    let Asked { plan, request, again, assumptions, carried } = asked::ask(question);
    let mut rehearser = Rehearser::new(browsers).at(question.response.as_ref().and_then(Response::date));
    let shown = rehearser.rehearse(&plan).await?;
    // A login that sets no cookie may be meant so, but nobody is logged in by a cookie then.
    let sets = question.is_login() && question.earlier.is_empty();
    let is_silent = sets && question.lines().next().is_none();
    let goal = Goal::Works { request, again, carried: carried.clone() };
    let mut outcomes = outcomes(&plan, browsers, &shown, &goal, request, again, &carried);
    let causes = cause::of_request(&plan, browsers, &shown, request, again, Asks { carried: &carried, sets });
    let explanations = causes.iter().map(|cause| Explanation::of(cause, &plan, browsers)).collect();
    let works = outcomes.iter().all(|outcome| outcome.works);
    outcomes.iter_mut().for_each(|outcome| outcome.works &= !is_silent);
    let mut remedy = match works {
        true => Remedy::default(),
        false => search::remedy(&plan, &goal, &Edits::new(), &mut rehearser).await?,
    };
    let mut advice = if works { search::needless_none(&plan, &goal, &mut rehearser).await } else { None };
    for fix in [&mut remedy.fix, &mut remedy.everywhere, &mut advice].into_iter().flatten() {
        fix.remarks.extend(remark::settings(&plan, &fix.edits, question.framework));
    }
    let next = &plan.steps[if carried.is_empty() { again } else { request }];
    let notes = note::notes(question, next, &outcomes);
    let caveat = note::caveat(&outcomes);
    let browsers = browsers.to_vec();
    Ok(Answer {
        browsers,
        outcomes,
        explanations,
        remedy,
        advice,
        is_silent,
        assumptions,
        notes,
        caveat,
        plan,
    })
}

fn outcomes(
    plan: &Plan,
    browsers: &[BrowserName],
    shown: &Shown,
    goal: &Goal,
    request: usize,
    again: usize,
    earlier: &[String],
) -> Vec<Outcome> {
    let each = browsers.iter().zip(shown);
    each.map(|(browser, seen)| {
        let (asked, next) = (&seen[request], &seen[again]);
        let cookies = goal::lines_that_count(asked).into_iter().map(|line| {
            let name = &line.name;
            let deletion = goal::is_deletion(line);
            let withheld =
                next.requests().flat_map(|exchange| &exchange.withheld).filter(|cookie| cookie.name == *name);
            let withheld = withheld.flat_map(|cookie| cookie.reasons.iter().copied()).collect();
            CookieOutcome {
                name: name.clone(),
                line: line.line.clone(),
                deletion,
                done: if deletion { !goal::survives(asked, line) } else { line.stored == Some(true) },
                reasons: line.reasons.clone(),
                sent: goal::is_sent(next, name),
                withheld,
                folded_into: None,
            }
        });
        let lost = goal::lines_that_count(asked).into_iter().flat_map(|line| {
            let cookies = cookie_line::unfolded(&String::from_utf8_lossy(&line.line));
            let lost = |cookie: &String| CookieOutcome {
                name: Line(cookie).name().to_owned(),
                line: line.line.clone(),
                deletion: false,
                done: false,
                reasons: BTreeSet::new(),
                sent: false,
                withheld: BTreeSet::new(),
                folded_into: Some(line.name.clone()),
            };
            cookies[1..].iter().map(lost).collect::<Vec<_>>()
        });
        let carried = earlier.iter().map(|name| {
            let before = seen[..request].iter().rev().flat_map(|seen| seen.lines(name)).next();
            let stored = before.is_some_and(|line| line.stored == Some(true));
            let withheld = asked.requests().flat_map(|exchange| &exchange.withheld);
            let withheld =
                withheld.filter(|cookie| cookie.name == *name).flat_map(|cookie| cookie.reasons.clone());
            let reasons = match before.filter(|_| !stored) {
                Some(line) => line.reasons.clone(),
                None => withheld.collect(),
            };
            Carried { name: name.clone(), stored, sent: goal::is_sent(asked, name), reasons }
        });
        Outcome {
            browser: *browser,
            cookies: cookies.chain(lost).collect(),
            carried: carried.collect(),
            readable: asked.page.readable,
            reasons: asked.page.cors.clone(),
            works: goal.is_met(plan, *browser, seen),
        }
    })
    .collect()
}
