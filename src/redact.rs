//! Cookie values are secrets: a report goes into a ticket, a CI log and a chat. Those that a real server set are
//! shown as a short hash, everywhere a report might show them; those that a scenario declares are in its file anyway.
//!
//! The pass goes over the finished runs, before anything is written of them, so that no format can forget it. The
//! hash is keyed anew in every process: within one report equal values look equal, and nobody can try out from a
//! report which value it was.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use ring::hmac;
use ring::rand::SystemRandom;

use crate::diagnostic::Source;
use crate::edit::Change;
use crate::explain::failure::Explained;
use crate::explain::{Fix, Trial};
use crate::observe::{Exchange, Observation, SetCookie};
use crate::outcome::{Run, StepRun};
use crate::plan::Plan;
use crate::rules::cookie_header::cookie_pairs;
use crate::rules::domain::domain_match;
use crate::world::wire::{self, Answer};

/// A value at least so long is replaced wherever it stands, also without its name before it. A shorter one may be
/// a part of any word.
const TELLING: usize = 8;

/// The hash that stands for a value: `#` and eight hexadecimal digits. Equal values have equal ones, in this process.
pub fn hash(value: &str) -> String {
    static KEY: OnceLock<hmac::Key> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).expect("the system has random bytes")
    });
    let tag = hmac::sign(key, value.as_bytes());
    let digits: String = tag.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("#{digits}")
}

/// Takes the values of cookies that real servers set, or that their pages wrote, out of the runs of a scenario.
pub fn redact(runs: &mut [Run]) {
    let secrets = Secrets::of(runs);
    if secrets.pairs.is_empty() && secrets.headers.is_empty() {
        return;
    }
    // What one explanation said of several claims stays one.
    let mut explained: BTreeMap<*const Explained, Arc<Explained>> = BTreeMap::new();
    for run in runs {
        for step in &mut run.steps {
            secrets.step(step, &mut explained);
        }
        for drift in &mut run.drift {
            for text in [&mut drift.subject, &mut drift.predicted, &mut drift.observed] {
                secrets.text(text);
            }
        }
    }
}

/// The same of what was seen outside any run.
pub fn redact_seen(plan: &Plan, seen: &mut Observation) {
    let hosts: Vec<&str> = Secrets::hosts(plan);
    if hosts.is_empty() {
        return;
    }
    let mut secrets = Secrets::default();
    secrets.add(plan, &hosts, seen);
    secrets.observation(seen);
}

/// What is not to be shown.
#[derive(Debug, Default)]
struct Secrets {
    /// Names and values of cookies.
    pairs: BTreeSet<(String, String)>,
    /// Values of `Authorization` headers.
    headers: BTreeSet<String>,
}

impl Secrets {
    fn of(runs: &[Run]) -> Self {
        let mut secrets = Self::default();
        for run in runs {
            let hosts = Self::hosts(&run.plan);
            if hosts.is_empty() {
                continue;
            }
            for seen in run.steps.iter().filter_map(|step| step.observation.as_ref()) {
                secrets.add(&run.plan, &hosts, seen);
            }
        }
        secrets
    }

    /// The hosts of real servers.
    fn hosts(plan: &Plan) -> Vec<&str> {
        let real = plan.origins.iter().filter(|origin| origin.upstream().is_some());
        real.map(|origin| origin.host()).collect()
    }

    fn add(&mut self, plan: &Plan, hosts: &[&str], seen: &Observation) {
        let is_real =
            |origin: usize| plan.origins.get(origin).is_some_and(|origin| origin.upstream().is_some());
        for exchange in &seen.exchanges {
            let mut wire = Some(&exchange.wire);
            while let Some(one) = wire {
                if is_real(one.origin) {
                    self.pairs.extend(one.cookie().map(cookie_pairs).unwrap_or_default());
                    self.pairs.extend(one.set_cookie().filter_map(pair));
                    let authorization = one.request_header("authorization");
                    self.headers
                        .extend(authorization.map(|value| String::from_utf8_lossy(value).into_owned()));
                }
                wire = match &one.answer {
                    Answer::Passed(behind) => Some(behind),
                    _ => None,
                };
            }
        }
        // A page of theirs may have written it itself.
        let theirs = |domain: &str| hosts.iter().any(|host| *host == domain || domain_match(host, domain));
        for cookie in seen.jar.iter().flatten().filter(|cookie| theirs(&cookie.domain)) {
            self.pairs.insert((cookie.name.clone(), cookie.value.clone()));
        }
        self.pairs.retain(|(_, value)| !value.is_empty());
    }

    fn step(&self, step: &mut StepRun, known: &mut BTreeMap<*const Explained, Arc<Explained>>) {
        if let Some(seen) = &mut step.observation {
            self.observation(seen);
        }
        for failed in &mut step.failures {
            let failure = &mut failed.failure;
            for text in [&mut failure.message, &mut failure.expected, &mut failure.actual] {
                self.text(text);
            }
            for note in &mut failure.notes {
                self.text(&mut note.text);
            }
            if let Some(explained) = &mut failed.explained {
                let new = known
                    .entry(Arc::as_ptr(explained))
                    .or_insert_with(|| Arc::new(self.explained(explained)));
                *explained = Arc::clone(new);
            }
        }
    }

    fn observation(&self, seen: &mut Observation) {
        for exchange in &mut seen.exchanges {
            self.exchange(exchange);
        }
        if let Some(line) = &mut seen.written {
            self.line(line);
        }
        for cookie in seen.jar.iter_mut().flatten() {
            if self.pairs.contains(&(cookie.name.clone(), cookie.value.clone())) {
                cookie.value = hash(&cookie.value);
            }
        }
        for text in
            [&mut seen.page.body, &mut seen.page.document_cookie, &mut seen.page.error].into_iter().flatten()
        {
            self.text(text);
        }
        for line in &mut seen.console {
            self.text(line);
        }
    }

    fn exchange(&self, exchange: &mut Exchange) {
        for (name, value) in &mut exchange.sent {
            if self.pairs.contains(&(name.clone(), value.clone())) {
                *value = hash(value);
            }
        }
        for line in &mut exchange.set_cookie {
            self.line(line);
        }
        self.wire(&mut exchange.wire);
    }

    fn line(&self, line: &mut SetCookie) {
        self.bytes(&mut line.line);
        for native in &mut line.native {
            self.text(native);
        }
    }

    fn wire(&self, wire: &mut wire::Exchange) {
        for (name, value) in &mut wire.request_headers {
            if name == "authorization" && self.headers.contains(&*String::from_utf8_lossy(value)) {
                *value = hash(&String::from_utf8_lossy(value)).into_bytes();
            } else {
                self.bytes(value);
            }
        }
        for (_, value) in &mut wire.response_headers {
            self.bytes(value);
        }
        if let Answer::Passed(behind) = &mut wire.answer {
            self.wire(behind);
        }
    }

    fn explained(&self, explained: &Explained) -> Explained {
        let mut new = explained.clone();
        let explanation = &mut new.explanation;
        for text in [&mut explanation.headline, &mut explanation.paragraph] {
            self.text(text);
        }
        for native in &mut explanation.native {
            self.text(native);
        }
        if let Some(source) = &mut explanation.source {
            let (text, moved) = self.replaced(&source.text);
            for (span, label) in &mut explanation.labels {
                *span = moved.at(span.start)..moved.at(span.end);
                self.text(label);
            }
            let mut path = source.path.clone();
            self.text(&mut path);
            *source = Arc::new(Source::excerpt(path, text));
        }
        let mut remedy = (*new.remedy).clone();
        for fix in [&mut remedy.fix, &mut remedy.everywhere].into_iter().flatten() {
            self.fix(fix);
        }
        new.remedy = Arc::new(remedy);
        new
    }

    fn fix(&self, fix: &mut Fix) {
        for Change { place, before, after } in &mut fix.changes {
            self.text(place);
            before.iter_mut().chain(after).for_each(|line| self.text(line));
        }
        fix.remarks.iter_mut().for_each(|remark| self.text(remark));
        if let Trial::Done(tried) = &mut fix.trial {
            tried.iter_mut().flat_map(|tried| &mut tried.failed).for_each(|message| self.text(message));
        }
    }

    fn bytes(&self, bytes: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(bytes);
        let (new, _) = self.replaced(&text);
        if new != text {
            *bytes = new.into_bytes();
        }
    }

    fn text(&self, text: &mut String) {
        let (new, _) = self.replaced(text);
        *text = new;
    }

    /// The text with every secret in it hashed, and where what was behind each is now.
    fn replaced(&self, text: &str) -> (String, Moved) {
        // At one place the longest counts: one value may begin with another.
        let mut found: BTreeMap<usize, (usize, &str)> = BTreeMap::new();
        for (name, value) in &self.pairs {
            if value.len() >= TELLING {
                for (start, _) in text.match_indices(value.as_str()) {
                    let known = found.entry(start).or_insert((value.len(), value));
                    if known.0 < value.len() {
                        *known = (value.len(), value);
                    }
                }
                continue;
            }
            let both = format!("{name}={value}");
            for (start, _) in text.match_indices(&both) {
                let (start, end) = (start + both.len() - value.len(), start + both.len());
                let is_whole = text[end..].chars().next().is_none_or(|next| !next.is_alphanumeric());
                if is_whole {
                    found.entry(start).or_insert((value.len(), value));
                }
            }
        }
        for value in self.headers.iter().filter(|value| value.len() >= TELLING) {
            for (start, _) in text.match_indices(value.as_str()) {
                found.insert(start, (value.len(), value));
            }
        }
        // Of a long value an explanation shows the beginning.
        for (cut, _) in text.match_indices('…') {
            let values = self.pairs.iter().map(|(_, value)| value).chain(&self.headers);
            let begins = values.filter_map(|value| Some((begun(&text[..cut], value)?, value)));
            if let Some((length, value)) = begins.max() {
                found.insert(cut - length, (length + '…'.len_utf8(), value));
            }
        }
        let (mut new, mut end, mut moved) = (String::with_capacity(text.len()), 0, Moved::default());
        for (start, (length, value)) in found {
            if start < end {
                continue;
            }
            new.push_str(&text[end..start]);
            let shown = hash(value);
            end = start + length;
            moved.0.push((start, end, new.len(), new.len() + shown.len()));
            new.push_str(&shown);
        }
        new.push_str(&text[end..]);
        (new, moved)
    }
}

/// How many bytes of a value a text ends with, where they are its beginning and enough to tell something.
fn begun(text: &str, value: &str) -> Option<usize> {
    let lengths = (TELLING..=value.len().min(text.len())).rev();
    lengths.into_iter().find(|length| value.is_char_boundary(*length) && text.ends_with(&value[..*length]))
}

/// Where pieces of a text went: from and to before, from and to after.
#[derive(Debug, Default)]
struct Moved(Vec<(usize, usize, usize, usize)>);

impl Moved {
    fn at(&self, place: usize) -> usize {
        match self.0.iter().rev().find(|(start, ..)| *start < place) {
            None => place,
            // Inside what was replaced there is only its end.
            Some((_, end, _, new)) => new + place.saturating_sub(*end),
        }
    }
}

/// Name and value of a Set-Cookie line.
fn pair(line: &[u8]) -> Option<(String, String)> {
    let line = String::from_utf8_lossy(line);
    let pair = line.split(';').next()?;
    let (name, value) = pair.split_once('=').unwrap_or(("", pair));
    Some((name.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(pairs: &[(&str, &str)]) -> Secrets {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Secrets { pairs: pairs.collect(), headers: BTreeSet::new() }
    }

    #[test]
    fn a_value_is_hashed_wherever_it_stands_and_a_short_one_behind_its_name() {
        let secrets = secrets(&[("sid", "s3cr3t-token"), ("a", "1")]);
        let (text, _) = secrets.replaced("Cookie: sid=s3cr3t-token; a=1; aa=1; a=12, HTTP/1.1, s3cr3t-token");
        let (sid, one) = (hash("s3cr3t-token"), hash("1"));
        // `aa=1` ends in `a=1`: better one too many than one too few.
        assert_eq!(text, format!("Cookie: sid={sid}; a={one}; aa={one}; a=12, HTTP/1.1, {sid}"));
        assert!(sid.len() == 9 && sid != hash("s3cr3t-tokem"));
    }

    #[test]
    fn the_beginning_of_a_value_is_a_secret_too() {
        let secrets = secrets(&[("jwt", "eyJhbGciOiJIUzI1NiIs.eyJ1c2VyIjoiYWRtaW4i")]);
        let shown = hash("eyJhbGciOiJIUzI1NiIs.eyJ1c2VyIjoiYWRtaW4i");
        let (text, _) =
            secrets.replaced("Set-Cookie: jwt=eyJhbGciOiJIUzI1NiIs…; Path=/, Cookie: jwt=eyJhbGciOiJI…, a…");
        assert_eq!(text, format!("Set-Cookie: jwt={shown}; Path=/, Cookie: jwt={shown}, a…"));
    }

    #[test]
    fn places_behind_a_value_move_along() {
        let secrets = secrets(&[("sid", "0123456789abcdef")]);
        let before = "Set-Cookie: sid=0123456789abcdef; SameSite=Lax";
        let (after, moved) = secrets.replaced(before);
        let at = before.find("SameSite").expect("it is there");
        assert_eq!(&after[moved.at(at)..moved.at(at + 8)], "SameSite");
        assert_eq!(moved.at(3), 3);
    }
}
