//! The document of `rehearsal explain --format json`.
//!
//! It has a version; keys are added and never renamed, and where `run --format json` has a word for something, so
//! has this.

use serde::Serialize;

use crate::browser_name;
use crate::explain::question::{Answer, CookieOutcome, How, Outcome, Question};
use crate::explain::{Explanation, Fix, Remedy, Trial, Tried};
use crate::relation;
use crate::text::codes;

/// The document of `--format json`.
#[derive(Serialize)]
pub struct Document<'a> {
    version: u8,
    page: Option<&'a str>,
    request: RequestObject<'a>,
    relation: Option<&'static str>,
    assumptions: &'a [String],
    /// What to know besides, each a sentence.
    notes: Vec<&'a str>,
    works: bool,
    browsers: Vec<BrowserObject<'a>>,
    explanations: Vec<ExplanationObject<'a>>,
    #[serde(flatten)]
    remedy: RemedyObject<'a>,
    advice: Option<FixObject<'a>>,
}

impl<'a> Document<'a> {
    /// The document of an answer.
    pub fn of(question: &'a Question, answer: &'a Answer) -> Self {
        let is_call = question.page.is_some() && matches!(question.how, How::Fetch | How::Xhr);
        Self {
            version: 1,
            page: question.page.as_ref().map(url::Url::as_str),
            request: RequestObject {
                action: match (&question.page, question.how, question.method.as_str()) {
                    (None, ..) => "visit",
                    (_, How::Fetch, _) => "fetch",
                    (_, How::Xhr, _) => "xhr",
                    (_, How::Navigation, "GET") => "link",
                    (_, How::Navigation, _) => "form",
                    (_, How::Image, _) => "image",
                    (_, How::Iframe, _) => "iframe",
                },
                method: &question.method,
                url: question.request.as_str(),
                credentials: is_call.then(|| question.credentials.word()),
                then: question.then.as_ref().map(url::Url::as_str),
            },
            relation: question.page.as_ref().map(|page| relation::of(page, &question.request).as_str()),
            assumptions: &answer.assumptions,
            notes: answer.notes.iter().chain(&answer.caveat).map(String::as_str).collect(),
            works: answer.works(),
            browsers: answer.outcomes.iter().map(BrowserObject::of).collect(),
            explanations: answer.explanations.iter().map(ExplanationObject::of).collect(),
            remedy: RemedyObject::of(Some(&answer.remedy)),
            advice: answer.advice.as_ref().map(FixObject::of),
        }
    }
}

#[derive(Serialize)]
struct RequestObject<'a> {
    action: &'static str,
    method: &'a str,
    url: &'a str,
    credentials: Option<&'static str>,
    then: Option<&'a str>,
}

#[derive(Serialize)]
struct BrowserObject<'a> {
    browser: String,
    predicted: bool,
    third_party: &'static str,
    works: bool,
    readable: Option<bool>,
    reasons: Vec<&'static str>,
    set_cookie: Vec<CookieObject<'a>>,
    /// What was stored before, where the answer sets no cookie.
    before: Vec<CarriedObject<'a>>,
}

#[derive(Serialize)]
struct CarriedObject<'a> {
    name: &'a str,
    stored: bool,
    sent: bool,
    reasons: Vec<&'static str>,
}

impl<'a> BrowserObject<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        Self {
            browser: outcome.browser.to_string(),
            predicted: true,
            third_party: outcome.browser.third_party().as_str(),
            works: outcome.works,
            readable: outcome.readable,
            reasons: codes(&outcome.reasons),
            set_cookie: outcome.cookies.iter().map(CookieObject::of).collect(),
            before: outcome
                .carried
                .iter()
                .map(|carried| CarriedObject {
                    name: &carried.name,
                    stored: carried.stored,
                    sent: carried.sent,
                    reasons: codes(&carried.reasons),
                })
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct CookieObject<'a> {
    line: String,
    name: &'a str,
    /// Whether it is stored; nothing where the line deletes a cookie.
    stored: Option<bool>,
    /// Whether the cookie it deletes is gone; nothing where it sets one.
    deleted: Option<bool>,
    reasons: Vec<&'static str>,
    sent: bool,
    withheld: Vec<&'static str>,
    /// The cookie in whose line it stands, where it has none of its own.
    folded_into: Option<&'a str>,
}

impl<'a> CookieObject<'a> {
    fn of(cookie: &'a CookieOutcome) -> Self {
        Self {
            line: String::from_utf8_lossy(&cookie.line).into_owned(),
            name: &cookie.name,
            stored: (!cookie.deletion).then_some(cookie.done),
            deleted: cookie.deletion.then_some(cookie.done),
            reasons: codes(&cookie.reasons),
            sent: cookie.sent,
            withheld: codes(&cookie.withheld),
            folded_into: cookie.folded_into.as_deref(),
        }
    }
}

/// Why something did not work. The same in the document of `run`.
#[derive(Serialize)]
pub(in crate::report) struct ExplanationObject<'a> {
    headline: &'a str,
    text: &'a str,
    reasons: Vec<WhyObject<'a>>,
    native: &'a [String],
    header: Option<HeaderObject<'a>>,
}

#[derive(Serialize)]
struct WhyObject<'a> {
    reason: &'static str,
    sentence: &'static str,
    /// What it means here, where that can be said.
    detail: Option<&'a str>,
    clause: &'static str,
    browsers: Vec<String>,
}

#[derive(Serialize)]
struct HeaderObject<'a> {
    of: &'a str,
    text: &'a str,
    /// The parts at fault, as bytes of the text.
    faults: Vec<FaultObject<'a>>,
}

#[derive(Serialize)]
struct FaultObject<'a> {
    start: usize,
    end: usize,
    label: &'a str,
}

impl<'a> ExplanationObject<'a> {
    pub(in crate::report) fn of(explanation: &'a Explanation) -> Self {
        Self {
            headline: &explanation.headline,
            text: &explanation.paragraph,
            reasons: explanation
                .reasons
                .iter()
                .map(|why| WhyObject {
                    reason: why.reason.code(),
                    sentence: why.sentence(),
                    detail: why.detail.as_deref(),
                    clause: why.clause(),
                    browsers: browser_name::names(why.browsers.iter().copied()),
                })
                .collect(),
            native: &explanation.native,
            header: explanation.source.as_ref().map(|source| HeaderObject {
                of: &source.path,
                text: &source.text,
                faults: explanation
                    .labels
                    .iter()
                    .map(|(span, label)| FaultObject { start: span.start, end: span.end, label })
                    .collect(),
            }),
        }
    }
}

/// What to do. The same in the document of `run`.
#[derive(Serialize)]
pub(in crate::report) struct RemedyObject<'a> {
    fix: Option<FixObject<'a>>,
    not_fixed_in: Vec<NotFixedObject>,
    everywhere: Option<FixObject<'a>>,
}

#[derive(Serialize)]
struct NotFixedObject {
    browser: String,
    reasons: Vec<&'static str>,
}

impl<'a> RemedyObject<'a> {
    pub(in crate::report) fn of(remedy: Option<&'a Remedy>) -> Self {
        let not_fixed = remedy.iter().flat_map(|remedy| &remedy.elsewhere);
        Self {
            fix: remedy.and_then(|remedy| remedy.fix.as_ref()).map(FixObject::of),
            not_fixed_in: not_fixed
                .map(|(browser, reasons)| NotFixedObject {
                    browser: browser.to_string(),
                    reasons: codes(reasons),
                })
                .collect(),
            everywhere: remedy.and_then(|remedy| remedy.everywhere.as_ref()).map(FixObject::of),
        }
    }
}

#[derive(Serialize)]
struct FixObject<'a> {
    changes: Vec<ChangeObject<'a>>,
    remarks: &'a [String],
    works_in: Vec<String>,
    /// Whether the rules alone say that it works.
    predicted: bool,
    /// What came of trying it on real servers, one browser each; `null` where it was not tried.
    tried: Option<Vec<TriedObject<'a>>>,
    /// Why it cannot be tried on them before the code is changed.
    not_tried: Option<&'a str>,
}

#[derive(Serialize)]
struct TriedObject<'a> {
    browser: String,
    works: bool,
    failed: &'a [String],
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct ChangeObject<'a> {
    place: &'a str,
    before: &'a [String],
    after: &'a [String],
}

impl<'a> FixObject<'a> {
    fn of(fix: &'a Fix) -> Self {
        let changes = fix.changes.iter();
        let tried = match &fix.trial {
            Trial::Done(tried) => Some(tried.iter().map(TriedObject::of).collect()),
            Trial::Needless | Trial::Possible | Trial::NotPossible(_) => None,
        };
        let not_tried = match &fix.trial {
            Trial::NotPossible(why) => Some(why.as_str()),
            Trial::Needless | Trial::Possible | Trial::Done(_) => None,
        };
        Self {
            predicted: tried.is_none(),
            tried,
            not_tried,
            changes: changes
                .map(|change| ChangeObject {
                    place: &change.place,
                    before: &change.before,
                    after: &change.after,
                })
                .collect(),
            remarks: &fix.remarks,
            works_in: browser_name::names(fix.works_in.iter().copied()),
        }
    }
}

impl<'a> TriedObject<'a> {
    fn of(tried: &'a Tried) -> Self {
        Self {
            browser: tried.browser.to_string(),
            works: tried.works(),
            failed: &tried.failed,
            error: tried.error.as_deref(),
        }
    }
}
