//! Expectations: `expect`, and `expect.on.BROWSER` for what differs.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::super::checks::final_status;
use super::super::mistakes::Mistakes;
use super::super::written::{At, Expect};
use super::fields::Fields;
use super::json::json;
use super::node::{Entry, Table};
use crate::browser_name::{BrowserName, UnknownBrowser};
use crate::diagnostic::{Diagnostic, Span, did_you_mean, listed};
use crate::plan::{self, Absent, Claim, Readable, SameSite, Sent, Stored};
use crate::rules::reason::{Question, Reason};

type On = Vec<(At<BrowserName>, Expect)>;

/// The table `expect` and what it says for single browsers.
pub(super) fn expectation(entry: &Entry<'_, '_>) -> (Expect, On) {
    let Some(table) = entry.value.as_table() else {
        let help = "say what is expected, as in `expect.status = 200`";
        entry.report(entry.value.wrong_type("`expect`", "a table").help(help));
        return Default::default();
    };
    let mut fields = Fields::new(table, "`expect`");
    let expect = expect(&mut fields);
    let on = fields.table("on").map(|(table, _)| on(table));
    fields.finish();
    (expect, on.unwrap_or_default())
}

fn on(browsers: Table<'_, '_>) -> On {
    let mut on: On = Vec::new();
    for entry in browsers.entries() {
        let name = browser(&entry);
        let Some(table) = entry.value.table(&format!("`on.\"{}\"`", entry.key)) else {
            continue;
        };
        let mut fields = Fields::new(table, "`expect.on`");
        let expect = expect(&mut fields);
        fields.finish();
        let Some(name) = name else {
            continue;
        };
        if let Some((first, _)) = on.iter().find(|(other, _)| other.value == name) {
            browsers.report(
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

fn browser(entry: &Entry<'_, '_>) -> Option<BrowserName> {
    match entry.key.parse() {
        Ok(name) => Some(name),
        Err(unknown) => {
            let unknown: UnknownBrowser = unknown;
            let near = || did_you_mean(&unknown.word, unknown.expected.iter().copied());
            let meant = unknown.other_name().or_else(near);
            let whole = meant.map(|meant| entry.key.replacen(&unknown.word, meant, 1));
            let diagnostic = Diagnostic::error(format!("there is no browser `{}`", entry.key))
                .label(entry.key_span.clone(), "")
                .note(format!(
                    "a name is `[model:]ENGINE[:POLICY]`; where `{}` stands, possible are {}",
                    unknown.word,
                    listed(unknown.expected.iter().copied())
                ));
            entry.report(match whole {
                Some(whole) if !unknown.word.is_empty() => {
                    diagnostic.help(format!("did you mean `{whole}`?"))
                }
                _ => diagnostic.help("for example `firefox`, or `chromium:block-third-party`"),
            });
            None
        }
    }
}

fn expect(fields: &mut Fields<'_, '_>) -> Expect {
    let claims = plan::Expect {
        status: fields.entry("status").and_then(|entry| status(&entry)),
        stored: fields.entry("stored").map(|entry| stored(&entry)).unwrap_or_default(),
        not_stored: fields
            .entry("not_stored")
            .map(|entry| absent(&entry, Question::Stored))
            .unwrap_or_default(),
        sent: fields.entry("sent").map(|entry| sent(&entry)).unwrap_or_default(),
        not_sent: fields.entry("not_sent").map(|entry| absent(&entry, Question::Sent)).unwrap_or_default(),
        document_cookie: fields.entry("document_cookie").and_then(|entry| document_cookie(&entry)),
        cors: fields.entry("cors").and_then(|entry| readable(&entry)),
        json: fields
            .entry("json")
            .and_then(|entry| Some(Claim { value: json(entry.value)?, span: entry.span() })),
        ..plan::Expect::default()
    };
    let claims = plan::Expect {
        request_headers: fields.entry("request_headers").and_then(|entry| request_headers(&entry)),
        ..claims
    };
    let url = fields
        .entry("url")
        .and_then(|entry| Some(Claim { value: entry.value.string("`url`")?, span: entry.span() }));
    let requests = fields.entry("requests").and_then(|entry| {
        let value = entry.value.strings("`requests`")?;
        Some(Claim { value, span: entry.span() })
    });
    Expect { claims, url, requests }
}

/// A table of header fields: a value each, or `false` where there is none.
fn request_headers(entry: &Entry<'_, '_>) -> Option<Claim<Vec<plan::HeaderClaim>>> {
    let example = "write `request_headers = { origin = \"https://www.example.com\", referer = false }`";
    let Some(table) = entry.value.as_table() else {
        entry.report(entry.value.wrong_type("`request_headers`", "a table of header fields").help(example));
        return None;
    };
    if table.is_empty() {
        let empty = Diagnostic::error("`request_headers` expects no field");
        entry.report(empty.label(entry.value.span(), "").help(example));
        return None;
    }
    let mut fields = Vec::new();
    for field in table.entries() {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if field.key.is_empty() || !field.key.bytes().all(is_name) {
            let message = format!("`{}` is not a header's name", field.key.escape_debug());
            field.report(Diagnostic::error(message).label(field.key_span.clone(), "").help(example));
            continue;
        }
        let value = match field.value.get_ref() {
            DeValue::Boolean(false) => None,
            DeValue::String(value) => Some(value.clone().into_owned()),
            _ => {
                let what = format!("`request_headers.{}`", field.key);
                let wanted = "a value, or false where the field is not there";
                field.report(field.value.wrong_type(&what, wanted).help(example));
                continue;
            }
        };
        fields.push((field.key.to_ascii_lowercase(), value));
    }
    (!fields.is_empty()).then(|| Claim { value: fields, span: entry.span() })
}

fn document_cookie(entry: &Entry<'_, '_>) -> Option<Claim<Vec<String>>> {
    let wanted = "a list of names";
    if let DeValue::Table(_) = entry.value.get_ref() {
        let help = "write `document_cookie = [\"a\", \"b\"]`: exactly these are visible to scripts";
        entry.report(entry.value.wrong_type("`document_cookie`", wanted).help(help));
        return None;
    }
    let Names::List(names) = names(entry, wanted) else {
        return None;
    };
    let value = names.into_iter().map(|at| at.value).collect();
    Some(Claim { value, span: entry.span() })
}

fn status(entry: &Entry<'_, '_>) -> Option<Claim<u16>> {
    let status = entry.value.integer("`status`")?;
    // A WebSocket's handshake ends with 101.
    let value = if status.value == 101 { 101 } else { final_status(&status, entry.mistakes())? };
    Some(Claim { value, span: entry.span() })
}

/// Names, each with what is said of it.
enum Names<'t, 'i> {
    List(Vec<At<String>>),
    Table(Vec<Entry<'t, 'i>>),
}

fn names<'t, 'i>(entry: &Entry<'t, 'i>, wanted: &str) -> Names<'t, 'i> {
    match entry.value.get_ref() {
        DeValue::Array(_) => {
            let names = entry.value.each_string(&format!("`{}`", entry.key));
            Names::List(once_each(entry.key, names, entry.mistakes()))
        }
        DeValue::Table(_) => Names::Table(entry.value.as_table().map(Table::entries).unwrap_or_default()),
        DeValue::String(name) => {
            let name = name.split('=').next().unwrap_or_default().trim();
            let help = format!("put the name in brackets: `[\"{name}\"]`");
            entry.report(entry.value.wrong_type(&format!("`{}`", entry.key), wanted).help(help));
            Names::List(Vec::new())
        }
        _ => {
            entry.report(entry.value.wrong_type(&format!("`{}`", entry.key), wanted));
            Names::List(Vec::new())
        }
    }
}

fn once_each(key: &str, names: Vec<At<String>>, mistakes: &Mistakes) -> Vec<At<String>> {
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

fn stored(entry: &Entry<'_, '_>) -> Vec<Claim<Stored>> {
    match names(entry, "a list of names, or a table of names and attributes") {
        Names::List(names) => names
            .into_iter()
            .map(|at| Claim { value: Stored { name: at.value, ..Stored::default() }, span: at.span })
            .collect(),
        Names::Table(entries) => entries
            .into_iter()
            .filter_map(|entry| {
                let value = stored_cookie(&entry)?;
                Some(Claim { value, span: entry.span() })
            })
            .collect(),
    }
}

fn stored_cookie(entry: &Entry<'_, '_>) -> Option<Stored> {
    let mut stored = Stored { name: entry.key.to_owned(), ..Stored::default() };
    match entry.value.get_ref() {
        DeValue::Boolean(true) => {}
        DeValue::Boolean(false) => {
            entry.report(opposite(entry, "stored", "not_stored"));
            return None;
        }
        DeValue::String(value) => stored.value = Some(value.clone().into_owned()),
        DeValue::Table(_) => {
            let mut fields = Fields::new(entry.value.as_table()?, "a stored cookie");
            stored.count = fields.entry("count").and_then(|entry| count(&entry));
            stored.value = fields.string("value").map(|at| at.value);
            stored.domain = fields.string("domain").and_then(|at| domain(at, entry.mistakes()));
            stored.host_only = fields.boolean("host_only").map(|at| at.value);
            stored.path = fields.string("path").map(|at| at.value);
            stored.secure = fields.boolean("secure").map(|at| at.value);
            stored.http_only = fields.boolean("http_only").map(|at| at.value);
            let words = [SameSite::None, SameSite::Lax, SameSite::Strict, SameSite::Unset];
            let same_site = fields.word("same_site", &words.map(|word| (word.word(), word)));
            stored.same_site = same_site.map(|at| at.value);
            stored.session = fields.boolean("session").map(|at| at.value);
            let partitioned = fields.boolean("partitioned");
            let partition = fields.string("partition");
            if let (Some(At { value: false, span }), Some(partition)) = (&partitioned, &partition) {
                entry.report(
                    Diagnostic::error("a cookie without a partition cannot have this one")
                        .label(partition.span.clone(), "")
                        .label(span.clone(), "not partitioned")
                        .help("leave out one of the two"),
                );
            }
            stored.partitioned = partitioned.map(|at| at.value);
            stored.partition = partition.and_then(|at| partition_key(at, entry.mistakes()));
            fields.finish();
        }
        _ => {
            let wanted = "true, a value, or a table of attributes";
            entry.report(entry.value.wrong_type(&format!("`stored.{}`", entry.key), wanted));
            return None;
        }
    }
    Some(stored)
}

/// How many cookies there are of a name.
fn count(entry: &Entry<'_, '_>) -> Option<usize> {
    let count = entry.value.integer("`count`")?;
    let found = usize::try_from(count.value).ok().filter(|count| *count > 0);
    if found.is_none() {
        entry.report(
            Diagnostic::error("a cookie that is stored is there once at least")
                .label(count.span, "")
                .help("say what is not with `not_stored`"),
        );
    }
    found
}

/// A cookie's domain in the jar has no leading dot, whoever wrote the attribute.
fn domain(at: At<String>, mistakes: &Mistakes) -> Option<String> {
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

fn partition_key(at: At<String>, mistakes: &Mistakes) -> Option<String> {
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

fn sent(entry: &Entry<'_, '_>) -> Vec<Claim<Sent>> {
    match names(entry, "a list of names, or a table of names and values") {
        Names::List(names) => names
            .into_iter()
            .map(|at| Claim { value: Sent { name: at.value, ..Sent::default() }, span: at.span })
            .collect(),
        Names::Table(entries) => entries
            .into_iter()
            .filter_map(|entry| {
                let value = match entry.value.get_ref() {
                    DeValue::Boolean(true) => None,
                    DeValue::Boolean(false) => {
                        entry.report(opposite(&entry, "sent", "not_sent"));
                        return None;
                    }
                    DeValue::String(value) => Some(value.clone().into_owned()),
                    DeValue::Array(_) => {
                        let values = entry.value.each_string(&format!("`sent.{}`", entry.key));
                        let values: Vec<String> = values.into_iter().map(|at| at.value).collect();
                        if values.is_empty() {
                            entry.report(
                                Diagnostic::error(format!("`sent.{}` expects no value", entry.key))
                                    .label(entry.value.span(), "")
                                    .help(format!(
                                        "say what is not sent with `not_sent = [\"{}\"]`",
                                        entry.key
                                    )),
                            );
                            return None;
                        }
                        let value = Sent { name: entry.key.to_owned(), value: None, values: Some(values) };
                        return Some(Claim { value, span: entry.span() });
                    }
                    _ => {
                        let what = format!("`sent.{}`", entry.key);
                        entry.report(
                            entry
                                .value
                                .wrong_type(&what, "true, a value, or a list of values in their order"),
                        );
                        return None;
                    }
                };
                let value = Sent { name: entry.key.to_owned(), value, values: None };
                Some(Claim { value, span: entry.span() })
            })
            .collect(),
    }
}

fn absent(entry: &Entry<'_, '_>, question: Question) -> Vec<Claim<Absent>> {
    match names(entry, "a list of names, or a table of names and reasons") {
        Names::List(names) => names
            .into_iter()
            .map(|at| Claim { value: Absent { name: at.value, reasons: Vec::new() }, span: at.span })
            .collect(),
        Names::Table(entries) => {
            let key = entry.key;
            entries
                .into_iter()
                .map(|entry| {
                    let value =
                        Absent { name: entry.key.to_owned(), reasons: reasons(key, &entry, question) };
                    Claim { value, span: entry.span() }
                })
                .collect()
        }
    }
}

fn reasons(key: &str, entry: &Entry<'_, '_>, question: Question) -> Vec<Reason> {
    let what = format!("`{key}.{}`", entry.key);
    let words = match entry.value.get_ref() {
        DeValue::Boolean(true) => Vec::new(),
        DeValue::Boolean(false) => {
            entry.report(opposite(entry, key, question.word()));
            Vec::new()
        }
        DeValue::String(_) => entry.value.string(&what).into_iter().collect(),
        DeValue::Array(_) => {
            let words = entry.value.each_string(&what);
            once_each(&what.replace('`', ""), words, entry.mistakes())
        }
        _ => {
            entry.report(entry.value.wrong_type(&what, "a reason, a list of reasons, or true"));
            Vec::new()
        }
    };
    words.iter().filter_map(|word| reason(word, key, question, entry.mistakes())).collect()
}

fn readable(entry: &Entry<'_, '_>) -> Option<Claim<Readable>> {
    let DeValue::String(_) = entry.value.get_ref() else {
        let help = "write `cors = \"readable\"`, or why the page cannot read the answer";
        entry.report(entry.value.wrong_type("`cors`", "`readable` or a reason").help(help));
        return None;
    };
    let word = entry.value.string("`cors`")?;
    let value = match word.value.as_str() {
        "readable" => Readable::Yes,
        _ => Readable::No(reason(&word, "cors", Question::Readable, entry.mistakes())?),
    };
    Some(Claim { value, span: entry.span() })
}

/// The reason with this code, which must be able to answer the question that `key` asks.
fn reason(word: &At<String>, key: &str, question: Question, mistakes: &Mistakes) -> Option<Reason> {
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
