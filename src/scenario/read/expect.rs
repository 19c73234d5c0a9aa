//! Expectations: `expect`, and `expect.on.BROWSER` for what differs.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::super::mistakes::Mistakes;
use super::super::written::{At, Expect};
use super::fields::{Entry, Fields, entries, integer, string, strings, strings_of, table, wrong_type};
use super::json::json;
use crate::browser_name::BrowserName;
use crate::diagnostic::{Diagnostic, Span, did_you_mean, listed};
use crate::plan::{self, Absent, Claim, Readable, SameSite, Sent, Stored};
use crate::rules::reason::{Question, Reason};

/// What people call browsers, and the engine that stands for each here.
const OTHER_NAMES: [(&str, &str); 7] = [
    ("chrome", "chromium"),
    ("google-chrome", "chromium"),
    ("edge", "chromium"),
    ("brave", "chromium"),
    ("opera", "chromium"),
    ("gecko", "firefox"),
    ("safari", "webkit"),
];

type On = Vec<(At<BrowserName>, Expect)>;

/// The table `expect` and what it says for single browsers.
pub(super) fn expectation(entry: &Entry<'_, '_>, mistakes: &mut Mistakes) -> (Expect, On) {
    let DeValue::Table(table) = entry.value.get_ref() else {
        let help = "say what is expected, as in `expect.status = 200`";
        mistakes.add(wrong_type("`expect`", "a table", entry.value).help(help));
        return Default::default();
    };
    let mut fields = Fields::new(table, "`expect`");
    let expect = expect(&mut fields, mistakes);
    let on = fields.table("on", mistakes).map(|(table, _)| on(table, mistakes));
    fields.finish(mistakes);
    (expect, on.unwrap_or_default())
}

fn on(browsers: &DeTable<'_>, mistakes: &mut Mistakes) -> On {
    let mut on: On = Vec::new();
    for entry in entries(browsers) {
        let name = browser(&entry, mistakes);
        let Some(table) = table(&format!("`on.\"{}\"`", entry.key), entry.value, mistakes) else {
            continue;
        };
        let mut fields = Fields::new(table, "`expect.on`");
        let expect = expect(&mut fields, mistakes);
        fields.finish(mistakes);
        let Some(name) = name else {
            continue;
        };
        if let Some((first, _)) = on.iter().find(|(other, _)| other.value == name) {
            mistakes.add(
                Diagnostic::error(format!("`on` says twice what differs in `{name}`"))
                    .label(entry.key_span.clone(), "the same browser again")
                    .label(first.span.clone(), "first here")
                    .help("put both into one table"),
            );
            continue;
        }
        on.push((At { value: name, span: entry.key_span }, expect));
    }
    on
}

fn browser(entry: &Entry<'_, '_>, mistakes: &mut Mistakes) -> Option<BrowserName> {
    match entry.key.parse() {
        Ok(name) => Some(name),
        Err(unknown) => {
            let unknown: crate::browser_name::UnknownBrowser = unknown;
            let other = OTHER_NAMES.iter().find(|(other, _)| *other == unknown.word.to_ascii_lowercase());
            let meant = other
                .map(|(_, engine)| *engine)
                .or_else(|| did_you_mean(&unknown.word, unknown.expected.iter().copied()));
            let whole = meant.map(|meant| entry.key.replacen(&unknown.word, meant, 1));
            let diagnostic = Diagnostic::error(format!("there is no browser `{}`", entry.key))
                .label(entry.key_span.clone(), "")
                .note(format!(
                    "a name is `[model:]ENGINE[:POLICY]`; where `{}` stands, possible are {}",
                    unknown.word,
                    listed(unknown.expected.iter().copied())
                ));
            mistakes.add(match whole {
                Some(whole) if !unknown.word.is_empty() => {
                    diagnostic.help(format!("did you mean `{whole}`?"))
                }
                _ => diagnostic.help("for example `firefox`, or `chromium:block-third-party`"),
            });
            None
        }
    }
}

fn expect(fields: &mut Fields<'_, '_>, mistakes: &mut Mistakes) -> Expect {
    let claims = plan::Expect {
        status: fields.entry("status").and_then(|entry| status(&entry, mistakes)),
        stored: fields.entry("stored").map(|entry| stored(&entry, mistakes)).unwrap_or_default(),
        not_stored: fields
            .entry("not_stored")
            .map(|entry| absent(&entry, Question::Stored, mistakes))
            .unwrap_or_default(),
        sent: fields.entry("sent").map(|entry| sent(&entry, mistakes)).unwrap_or_default(),
        not_sent: fields
            .entry("not_sent")
            .map(|entry| absent(&entry, Question::Sent, mistakes))
            .unwrap_or_default(),
        document_cookie: fields.entry("document_cookie").and_then(|entry| document_cookie(&entry, mistakes)),
        cors: fields.entry("cors").and_then(|entry| readable(&entry, mistakes)),
        json: fields.entry("json").and_then(|entry| {
            Some(Claim { value: json(entry.value, mistakes)?, span: entry.span(mistakes.text()) })
        }),
        ..plan::Expect::default()
    };
    let url = fields.entry("url").and_then(|entry| {
        Some(Claim { value: string("`url`", entry.value, mistakes)?, span: entry.span(mistakes.text()) })
    });
    let requests = fields.entry("requests").and_then(|entry| {
        let value = strings("`requests`", entry.value, mistakes)?;
        Some(Claim { value, span: entry.span(mistakes.text()) })
    });
    Expect { claims, url, requests }
}

fn document_cookie(entry: &Entry<'_, '_>, mistakes: &mut Mistakes) -> Option<Claim<Vec<String>>> {
    let wanted = "a list of names";
    if let DeValue::Table(_) = entry.value.get_ref() {
        let help = "write `document_cookie = [\"a\", \"b\"]`: exactly these are visible to scripts";
        mistakes.add(wrong_type("`document_cookie`", wanted, entry.value).help(help));
        return None;
    }
    let Names::List(names) = names(entry, wanted, mistakes) else {
        return None;
    };
    let value = names.into_iter().map(|at| at.value).collect();
    Some(Claim { value, span: entry.span(mistakes.text()) })
}

fn status(entry: &Entry<'_, '_>, mistakes: &mut Mistakes) -> Option<Claim<u16>> {
    let status = integer("`status`", entry.value, mistakes)?;
    // A WebSocket's handshake ends with 101.
    let value = if status.value == 101 { 101 } else { final_status(&status, mistakes)? };
    Some(Claim { value, span: entry.span(mistakes.text()) })
}

/// A status an exchange can end with.
pub(in crate::scenario) fn final_status(status: &At<i64>, mistakes: &mut Mistakes) -> Option<u16> {
    match u16::try_from(status.value) {
        Ok(value @ 200..=599) => Some(value),
        Ok(100..=199) => {
            mistakes.add(
                Diagnostic::error(format!("{} is no status to end with", status.value))
                    .label(status.span.clone(), "")
                    .note("a status from 100 to 199 is followed by the real one")
                    .help("write a status from 200 to 599"),
            );
            None
        }
        _ => {
            mistakes.add(
                Diagnostic::error(format!("{} is no HTTP status", status.value))
                    .label(status.span.clone(), "")
                    .help("write a status from 200 to 599"),
            );
            None
        }
    }
}

/// Names, each with what is said of it.
enum Names<'t, 'i> {
    List(Vec<At<String>>),
    Table(Vec<Entry<'t, 'i>>),
}

fn names<'t, 'i>(entry: &Entry<'t, 'i>, wanted: &str, mistakes: &mut Mistakes) -> Names<'t, 'i> {
    match entry.value.get_ref() {
        DeValue::Array(array) => {
            let names = strings_of(&format!("`{}`", entry.key), array, mistakes);
            Names::List(once_each(entry.key, names, mistakes))
        }
        DeValue::Table(table) => Names::Table(entries(table)),
        DeValue::String(name) => {
            let name = name.split('=').next().unwrap_or_default().trim();
            let help = format!("put the name in brackets: `[\"{name}\"]`");
            mistakes.add(wrong_type(&format!("`{}`", entry.key), wanted, entry.value).help(help));
            Names::List(Vec::new())
        }
        _ => {
            mistakes.add(wrong_type(&format!("`{}`", entry.key), wanted, entry.value));
            Names::List(Vec::new())
        }
    }
}

fn once_each(key: &str, names: Vec<At<String>>, mistakes: &mut Mistakes) -> Vec<At<String>> {
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    let mut kept = Vec::new();
    for name in names {
        match seen.get(&name.value) {
            Some(first) => mistakes.add(
                Diagnostic::error(format!("`{key}` names `{}` twice", name.value))
                    .label(name.span, "again")
                    .label(first.clone(), "first here")
                    .help("leave one of them out"),
            ),
            None => {
                seen.insert(name.value.clone(), name.span.clone());
                kept.push(name);
            }
        }
    }
    kept
}

fn stored(entry: &Entry<'_, '_>, mistakes: &mut Mistakes) -> Vec<Claim<Stored>> {
    match names(entry, "a list of names, or a table of names and attributes", mistakes) {
        Names::List(names) => names
            .into_iter()
            .map(|at| Claim { value: Stored { name: at.value, ..Stored::default() }, span: at.span })
            .collect(),
        Names::Table(entries) => entries
            .into_iter()
            .filter_map(|entry| {
                let value = stored_cookie(&entry, mistakes)?;
                Some(Claim { value, span: entry.span(mistakes.text()) })
            })
            .collect(),
    }
}

fn stored_cookie(entry: &Entry<'_, '_>, mistakes: &mut Mistakes) -> Option<Stored> {
    let mut stored = Stored { name: entry.key.to_owned(), ..Stored::default() };
    match entry.value.get_ref() {
        DeValue::Boolean(true) => {}
        DeValue::Boolean(false) => {
            mistakes.add(opposite(entry, "stored", "not_stored"));
            return None;
        }
        DeValue::String(value) => stored.value = Some(value.clone().into_owned()),
        DeValue::Table(table) => {
            let mut fields = Fields::new(table, "a stored cookie");
            stored.value = fields.string("value", mistakes).map(|at| at.value);
            stored.domain = fields.string("domain", mistakes).and_then(|at| domain(at, mistakes));
            stored.host_only = fields.boolean("host_only", mistakes).map(|at| at.value);
            stored.path = fields.string("path", mistakes).map(|at| at.value);
            stored.secure = fields.boolean("secure", mistakes).map(|at| at.value);
            stored.http_only = fields.boolean("http_only", mistakes).map(|at| at.value);
            let words = [SameSite::None, SameSite::Lax, SameSite::Strict, SameSite::Unset];
            let same_site = fields.word("same_site", &words.map(|word| (word.word(), word)), mistakes);
            stored.same_site = same_site.map(|at| at.value);
            stored.session = fields.boolean("session", mistakes).map(|at| at.value);
            let partitioned = fields.boolean("partitioned", mistakes);
            let partition = fields.string("partition", mistakes);
            if let (Some(At { value: false, span }), Some(partition)) = (&partitioned, &partition) {
                mistakes.add(
                    Diagnostic::error("a cookie without a partition cannot have this one")
                        .label(partition.span.clone(), "")
                        .label(span.clone(), "not partitioned")
                        .help("leave out one of the two"),
                );
            }
            stored.partitioned = partitioned.map(|at| at.value);
            stored.partition = partition.and_then(|at| partition_key(at, mistakes));
            fields.finish(mistakes);
        }
        _ => {
            let wanted = "true, a value, or a table of attributes";
            mistakes.add(wrong_type(&format!("`stored.{}`", entry.key), wanted, entry.value));
            return None;
        }
    }
    Some(stored)
}

/// A cookie's domain in the jar has no leading dot, whoever wrote the attribute.
fn domain(at: At<String>, mistakes: &mut Mistakes) -> Option<String> {
    match at.value.strip_prefix('.') {
        None => Some(at.value.to_ascii_lowercase()),
        Some(rest) => {
            mistakes.add(
                Diagnostic::error("a stored cookie's `domain` has no leading dot")
                    .label(at.span, "")
                    .note("browsers drop the dot; whether subdomains get the cookie is what `host_only` says")
                    .help(format!("write `domain = \"{rest}\", host_only = false`")),
            );
            None
        }
    }
}

fn partition_key(at: At<String>, mistakes: &mut Mistakes) -> Option<String> {
    let site = url::Url::parse(&at.value).ok().filter(|url| url.host_str().is_some());
    match site.map(|url| url.origin().ascii_serialization()) {
        Some(site) if site == at.value => Some(at.value),
        other => {
            let help = match other {
                Some(site) if site != "null" => format!("write `{site}`"),
                _ => "write scheme and registrable domain, such as `https://example.com`".to_owned(),
            };
            mistakes.add(
                Diagnostic::error(format!("`{}` is no partition key", at.value))
                    .label(at.span, "")
                    .note("the key of a partition is the top-level site: scheme and registrable domain")
                    .help(help),
            );
            None
        }
    }
}

fn opposite(entry: &Entry<'_, '_>, key: &str, other: &str) -> Diagnostic {
    Diagnostic::error(format!("`{key}.{}` cannot be false", entry.key))
        .label(entry.value.span(), "")
        .help(format!("say what is not with `{other} = [\"{}\"]`", entry.key))
}

fn sent(entry: &Entry<'_, '_>, mistakes: &mut Mistakes) -> Vec<Claim<Sent>> {
    match names(entry, "a list of names, or a table of names and values", mistakes) {
        Names::List(names) => names
            .into_iter()
            .map(|at| Claim { value: Sent { name: at.value, value: None }, span: at.span })
            .collect(),
        Names::Table(entries) => entries
            .into_iter()
            .filter_map(|entry| {
                let value = match entry.value.get_ref() {
                    DeValue::Boolean(true) => None,
                    DeValue::Boolean(false) => {
                        mistakes.add(opposite(&entry, "sent", "not_sent"));
                        return None;
                    }
                    DeValue::String(value) => Some(value.clone().into_owned()),
                    _ => {
                        let what = format!("`sent.{}`", entry.key);
                        mistakes.add(wrong_type(&what, "true or a value", entry.value));
                        return None;
                    }
                };
                let value = Sent { name: entry.key.to_owned(), value };
                Some(Claim { value, span: entry.span(mistakes.text()) })
            })
            .collect(),
    }
}

fn absent(entry: &Entry<'_, '_>, question: Question, mistakes: &mut Mistakes) -> Vec<Claim<Absent>> {
    match names(entry, "a list of names, or a table of names and reasons", mistakes) {
        Names::List(names) => names
            .into_iter()
            .map(|at| Claim { value: Absent { name: at.value, reasons: Vec::new() }, span: at.span })
            .collect(),
        Names::Table(entries) => {
            let key = entry.key;
            entries
                .into_iter()
                .map(|entry| {
                    let value = Absent {
                        name: entry.key.to_owned(),
                        reasons: reasons(key, &entry, question, mistakes),
                    };
                    Claim { value, span: entry.span(mistakes.text()) }
                })
                .collect()
        }
    }
}

fn reasons(key: &str, entry: &Entry<'_, '_>, question: Question, mistakes: &mut Mistakes) -> Vec<Reason> {
    let what = format!("`{key}.{}`", entry.key);
    let words = match entry.value.get_ref() {
        DeValue::Boolean(true) => Vec::new(),
        DeValue::Boolean(false) => {
            mistakes.add(opposite(entry, key, question.word()));
            Vec::new()
        }
        DeValue::String(_) => string(&what, entry.value, mistakes).into_iter().collect(),
        DeValue::Array(array) => {
            let words = strings_of(&what, array, mistakes);
            once_each(&what.replace('`', ""), words, mistakes)
        }
        _ => {
            mistakes.add(wrong_type(&what, "a reason, a list of reasons, or true", entry.value));
            Vec::new()
        }
    };
    words.iter().filter_map(|word| reason(word, key, question, mistakes)).collect()
}

fn readable(entry: &Entry<'_, '_>, mistakes: &mut Mistakes) -> Option<Claim<Readable>> {
    let DeValue::String(_) = entry.value.get_ref() else {
        let help = "write `cors = \"readable\"`, or why the page cannot read the answer";
        mistakes.add(wrong_type("`cors`", "`readable` or a reason", entry.value).help(help));
        return None;
    };
    let word = string("`cors`", entry.value, mistakes)?;
    let value = match word.value.as_str() {
        "readable" => Readable::Yes,
        _ => Readable::No(reason(&word, "cors", Question::Readable, mistakes)?),
    };
    Some(Claim { value, span: entry.span(mistakes.text()) })
}

/// The reason with this code, which must be able to answer the question that `key` asks.
fn reason(word: &At<String>, key: &str, question: Question, mistakes: &mut Mistakes) -> Option<Reason> {
    let known = Reason::from_code(&word.value);
    if let Some(reason) = known
        && reason.answers(question)
    {
        return Some(reason);
    }
    let others = [Question::Stored, Question::Sent, Question::Readable];
    let other = known.and_then(|reason| others.into_iter().find(|other| reason.answers(*other)));
    let message = match other {
        Some(other) => format!(
            "`{}` is a reason why something is not {}, and `{key}` is about why it is not {}",
            word.value,
            other.word(),
            question.word()
        ),
        None => format!("there is no reason `{}`", word.value),
    };
    let readable = (question == Question::Readable).then_some("readable");
    let possible: Vec<&str> = readable.into_iter().chain(Reason::codes(question)).collect();
    let mut diagnostic = Diagnostic::error(message).label(word.span.clone(), "");
    if let (Some(reason), Some(other)) = (known, other) {
        diagnostic = diagnostic.note(format!("`{}`: {}", word.value, reason.sentence(other)));
        let home = match other {
            Question::Stored => "not_stored",
            Question::Sent => "not_sent",
            Question::Readable => "cors",
        };
        diagnostic = diagnostic.help(format!("it can be expected with `{home}`"));
        diagnostic = diagnostic.note(format!("`{key}` takes {}", listed(possible)));
    } else {
        diagnostic = diagnostic.suggest_or_list(&word.value, possible.iter().copied());
    }
    mistakes.add(diagnostic);
    None
}
