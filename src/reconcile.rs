//! Holds the prediction of a step against what a real browser did in it.
//!
//! Both are observations of the same step: of one world where the rules follow the browser, or each of its own. Where
//! they differ there is a
//! [`Drift`]: the rules are wrong, or the model, or what is known of the browser, and in any case we
//! are. Where they agree that something was refused, the browser's account is completed by the reasons
//! it did not give. Nothing here decides whether a scenario passed, and nothing does I/O.

use std::collections::BTreeSet;
use std::fmt;

use crate::observe::{Cookie, Exchange, Observation, Partition, SetCookie, Withheld};
use crate::rules::reason::Reason;
use crate::text::{self, shortened};

/// A difference between what was predicted and what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// The index of the step in the plan.
    pub step: usize,
    /// What they disagree about.
    pub question: Question,
    /// What the question is about: a request, a cookie, a line.
    pub subject: String,
    /// What the rules said, in few words.
    pub predicted: String,
    /// What the browser did, in few words.
    pub observed: String,
}

/// What a prediction and a browser can disagree about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Which requests arrived.
    Requests,
    /// Which cookies went with a request, by name and value, in order.
    Sent,
    /// Whether a line was stored.
    Stored,
    /// Whether the page may read the answer.
    Readable,
    /// What the page was told: a body, or whether storage access was granted.
    Body,
    /// What the jar holds after the step.
    Jar,
    /// What `document.cookie` says.
    DocumentCookie,
    /// Why something was refused: the browser gave a reason that was not predicted.
    Reason,
}

impl Question {
    /// The word reports and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Sent => "sent",
            Self::Stored => "stored",
            Self::Readable => "readable",
            Self::Body => "body",
            Self::Jar => "jar",
            Self::DocumentCookie => "document_cookie",
            Self::Reason => "reason",
        }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { question, subject, predicted, observed, .. } = self;
        write!(f, "{}: {subject}: predicted {predicted}, observed {observed}", question.as_str())
    }
}

/// Every difference in the step with this index. None where no prediction was made.
pub fn compare(step: usize, predicted: &Observation, observed: &Observation) -> Vec<Drift> {
    if predicted.unpredicted.is_some() {
        return Vec::new();
    }
    let mut differences = Differences { step, found: Vec::new() };
    differences.exchanges(&predicted.exchanges, &observed.exchanges);
    if let (Some(predicted), Some(observed)) = (&predicted.written, &observed.written) {
        differences.line("document.cookie", predicted, observed);
    }
    differences.page(predicted, observed);
    if let (Some(predicted), Some(jar)) = (&predicted.jar, &observed.jar) {
        differences.jar(predicted, jar, &observed.unseen);
    }
    differences.found
}

/// Completes the browser's account: where both agree that a line was refused, a cookie held back or an
/// answer kept from the page, it gets the reasons of the prediction beside its own, and the cookies
/// held back that the browser did not mention. Where they disagree nothing is added.
///
/// Whether a line was stored that gives a cookie the jar already held cannot be seen. Where the jars
/// agree, it is as predicted.
pub fn enrich(predicted: &Observation, observed: &mut Observation) {
    if predicted.unpredicted.is_some() {
        return;
    }
    let jars_agree = match (&predicted.jar, &observed.jar) {
        (Some(predicted), Some(jar)) => {
            let mut differences = Differences { step: 0, found: Vec::new() };
            differences.jar(predicted, jar, &observed.unseen);
            differences.found.is_empty()
        }
        _ => false,
    };
    observed.scripts_wrote.clone_from(&predicted.scripts_wrote);
    let partners = partners(&predicted.exchanges, &observed.exchanges);
    for (observed, partner) in observed.exchanges.iter_mut().zip(partners) {
        let Some(predicted) = partner.map(|index| &predicted.exchanges[index]) else { continue };
        observed.asked.clone_from(&predicted.asked);
        enrich_withheld(predicted, observed);
        for (predicted, observed) in predicted.set_cookie.iter().zip(&mut observed.set_cookie) {
            if jars_agree {
                observed.stored = observed.stored.or(predicted.stored);
            }
            enrich_line(predicted, observed);
        }
    }
    if let (Some(predicted), Some(observed)) = (&predicted.written, &mut observed.written) {
        if jars_agree {
            observed.stored = observed.stored.or(predicted.stored);
        }
        enrich_line(predicted, observed);
    }
    if predicted.page.readable == Some(false) && observed.page.readable == Some(false) {
        observed.page.cors.extend(&predicted.page.cors);
    }
}

fn enrich_line(predicted: &SetCookie, observed: &mut SetCookie) {
    if predicted.stored == Some(false) && observed.stored == Some(false) {
        observed.reasons.extend(&predicted.reasons);
    }
}

fn enrich_withheld(predicted: &Exchange, observed: &mut Exchange) {
    // Of cookies with one name and domain, each has its own reasons, and only their order tells which is
    // which. The order is that of creation on both sides.
    let same = |one: &Withheld, other: &Withheld| one.name == other.name && one.domain == other.domain;
    let seen = observed.withheld.clone();
    for (index, withheld) in observed.withheld.iter_mut().enumerate() {
        let nth = seen[..index].iter().filter(|earlier| same(earlier, withheld)).count();
        let of_both = |all: &[Withheld]| all.iter().filter(|one| same(one, withheld)).count();
        if of_both(&predicted.withheld) != of_both(&seen) {
            continue;
        }
        let partner = predicted.withheld.iter().filter(|one| same(one, withheld)).nth(nth);
        withheld.reasons.extend(partner.iter().flat_map(|partner| &partner.reasons));
    }
    let agreed = predicted.sent == observed.sent;
    let unmentioned = predicted.withheld.iter().filter(|withheld| {
        let sent = observed.sent.iter().any(|(name, _)| *name == withheld.name);
        (agreed || !sent) && !seen.iter().any(|mentioned| same(mentioned, withheld))
    });
    observed.withheld.extend(unmentioned.cloned());
}

/// For each observed exchange the index of the predicted one that it is: the first with the same method
/// and URL that is not another's yet. Requests that run at the same time arrive in any order.
fn partners(predicted: &[Exchange], observed: &[Exchange]) -> Vec<Option<usize>> {
    let mut taken = BTreeSet::new();
    let same = |one: &Exchange, other: &Exchange| {
        one.wire.method == other.wire.method
            && one.wire.url == other.wire.url
            && one.wire.is_preflight() == other.wire.is_preflight()
    };
    let partner = |exchange: &Exchange| {
        let free = |index: &usize| !taken.contains(index) && same(&predicted[*index], exchange);
        let found = (0..predicted.len()).find(free);
        taken.extend(found);
        found
    };
    observed.iter().map(partner).collect()
}

struct Differences {
    step: usize,
    found: Vec<Drift>,
}

impl Differences {
    fn add(
        &mut self,
        question: Question,
        subject: impl Into<String>,
        predicted: impl Into<String>,
        observed: impl Into<String>,
    ) {
        self.found.push(Drift {
            step: self.step,
            question,
            subject: subject.into(),
            predicted: predicted.into(),
            observed: observed.into(),
        });
    }

    fn exchanges(&mut self, predicted: &[Exchange], observed: &[Exchange]) {
        let partners = partners(predicted, observed);
        for (index, exchange) in predicted.iter().enumerate() {
            if !partners.contains(&Some(index)) {
                self.add(Question::Requests, exchange.wire.request_line(), "made", "not made");
            }
        }
        for (exchange, partner) in observed.iter().zip(&partners) {
            match partner {
                Some(index) => self.exchange(&predicted[*index], exchange),
                None => self.add(Question::Requests, exchange.wire.request_line(), "not made", "made"),
            }
        }
    }

    fn exchange(&mut self, predicted: &Exchange, observed: &Exchange) {
        let request = observed.wire.request_line();
        if predicted.sent != observed.sent {
            self.add(Question::Sent, &request, pairs(&predicted.sent), pairs(&observed.sent));
        } else if !observed.wire.is_preflight() {
            self.withheld(&request, predicted, observed);
        }
        for (predicted, observed) in predicted.set_cookie.iter().zip(&observed.set_cookie) {
            self.line(&request, predicted, observed);
        }
    }

    /// The reasons a browser gave for cookies that it held back.
    fn withheld(&mut self, request: &str, predicted: &Exchange, observed: &Exchange) {
        for withheld in &observed.withheld {
            let same = |one: &&Withheld| one.name == withheld.name && one.domain == withheld.domain;
            let foreseen: BTreeSet<Reason> =
                predicted.withheld.iter().filter(same).flat_map(|one| one.reasons.iter().copied()).collect();
            if !withheld.reasons.is_subset(&foreseen) {
                let subject = format!("`{}` of {} not sent with {request}", withheld.name, withheld.domain);
                self.add(Question::Reason, subject, codes(&foreseen), codes(&withheld.reasons));
            }
        }
    }

    fn line(&mut self, where_from: &str, predicted: &SetCookie, observed: &SetCookie) {
        let subject = format!("`{}` of {where_from}", String::from_utf8_lossy(&observed.line));
        match (predicted.stored, observed.stored) {
            (Some(false), Some(false)) if !observed.reasons.is_subset(&predicted.reasons) => {
                self.add(Question::Reason, subject, codes(&predicted.reasons), codes(&observed.reasons));
            }
            (Some(foreseen), Some(seen)) if foreseen != seen => {
                self.add(Question::Stored, subject, fate(predicted), fate(observed));
            }
            _ => {}
        }
    }

    fn page(&mut self, predicted: &Observation, observed: &Observation) {
        let (foreseen, seen) = (&predicted.page, &observed.page);
        let word = |readable: bool, reasons: &BTreeSet<Reason>| match readable {
            true => "readable".to_owned(),
            false => format!("not readable ({})", codes(reasons)),
        };
        match (foreseen.readable, seen.readable) {
            (Some(false), Some(false)) if !seen.cors.is_subset(&foreseen.cors) => {
                self.add(
                    Question::Reason,
                    "the answer not readable",
                    codes(&foreseen.cors),
                    codes(&seen.cors),
                );
            }
            (Some(one), Some(other)) if one != other => {
                let (one, other) = (word(one, &foreseen.cors), word(other, &seen.cors));
                self.add(Question::Readable, "the answer", one, other);
            }
            _ => {}
        }
        if let (Some(one), Some(other)) = (&foreseen.body, &seen.body)
            && one != other
        {
            self.add(Question::Body, "what the page was told", excerpt(one), excerpt(other));
        }
        if let (None, Some(why)) = (&foreseen.not_done, &seen.not_done) {
            self.add(Question::Requests, "the step", "done", format!("not done: {why}"));
        }
        if let (Some(why), None) = (&foreseen.not_done, &seen.not_done) {
            self.add(Question::Requests, "the step", format!("not done: {why}"), "done");
        }
        if let (Some(one), Some(other)) = (&foreseen.document_cookie, &seen.document_cookie)
            && one != other
        {
            let quoted = |text: &String| format!("`{text}`");
            self.add(Question::DocumentCookie, "document.cookie", quoted(one), quoted(other));
        }
    }

    /// The jars, but for cookies that the browser shows nobody for their path.
    fn jar(&mut self, predicted: &[Cookie], observed: &[Cookie], unseen: &[String]) {
        for cookie in predicted {
            match observed.iter().find(|other| key(other) == key(cookie)) {
                None if unseen.contains(&cookie.path) => {}
                None => self.add(Question::Jar, key(cookie), cookie.attributes(), "not in the jar"),
                Some(other) if other.attributes() != cookie.attributes() => {
                    self.add(Question::Jar, key(cookie), cookie.attributes(), other.attributes());
                }
                Some(other) if cookie.expires_apart(other) => {
                    let when = |cookie: &Cookie| format!("expires at {}", cookie.expires.unwrap_or_default());
                    self.add(Question::Jar, key(cookie), when(cookie), when(other));
                }
                Some(_) => {}
            }
        }
        for cookie in observed {
            if !predicted.iter().any(|other| key(other) == key(cookie)) {
                self.add(Question::Jar, key(cookie), "not in the jar", cookie.attributes());
            }
        }
    }
}

/// The beginning of a body, in quotes.
fn excerpt(body: &str) -> String {
    const LONGEST: usize = 60;
    format!("`{}`", shortened(body, LONGEST))
}

fn pairs(sent: &[(String, String)]) -> String {
    if sent.is_empty() {
        return "no cookie".to_owned();
    }
    let pairs: Vec<String> = sent.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("`{}`", pairs.join("; "))
}

fn codes(reasons: &BTreeSet<Reason>) -> String {
    if reasons.is_empty() {
        return "no reason".to_owned();
    }
    text::codes(reasons).join(", ")
}

fn fate(line: &SetCookie) -> String {
    match line.stored {
        Some(true) => "stored".to_owned(),
        _ => format!("not stored ({})", codes(&line.reasons)),
    }
}

/// What makes a cookie this one and no other: RFC 6265bis -22, section 5.7, step 23, and its partition.
fn key(cookie: &Cookie) -> String {
    let dot = if cookie.host_only { "" } else { "." };
    let partition = cookie.partition.as_ref().map(|Partition { site, cross_site_ancestor }| {
        let ancestor = if *cross_site_ancestor { " below another site" } else { "" };
        format!(" in the partition {site}{ancestor}")
    });
    format!("`{}` of {dot}{}{}{}", cookie.name, cookie.domain, cookie.path, partition.unwrap_or_default())
}
