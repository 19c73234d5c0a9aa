//! A recording as a scenario file: the world that was there, and the steps that were taken.
//!
//! The world is written as its author wrote it, comments and all; only its title and its steps are others.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;
use url::Url;

use super::expect::{Cookies, Seen};
use super::{Did, Taken, Text};
use crate::browser_name::BrowserName;
use crate::plan::Plan;

/// What the variable of the environment begins with that holds a secret: no other is ever read for a scenario.
const PREFIX: &str = "REHEARSAL_";

/// What is written.
#[derive(Clone, Debug)]
pub struct Recording<'a> {
    /// The world's own text.
    pub world: &'a str,
    /// What it resolved to; where the servers were frozen, what their world was.
    pub plan: &'a Plan,
    /// Whether the world is made of what the servers answered, and asks none.
    pub is_frozen: bool,
    /// The browser in which the steps were taken.
    pub browser: BrowserName,
    /// The steps.
    pub steps: &'a [Taken],
    /// What could not be written as steps, in sentences.
    pub notes: &'a [String],
}

/// The scenario.
pub fn written(recording: &Recording<'_>) -> String {
    let secrets = secrets(recording.steps);
    let mut out = String::new();
    _ = writeln!(out, "# Recorded in {}.", recording.browser);
    for note in recording.notes {
        _ = writeln!(out, "# {note}");
    }
    let world = without_steps(recording.world);
    let (head, tables) = head_and_tables(&world);
    _ = writeln!(out, "title = {}", quoted(&format!("{}, recorded", recording.plan.title)));
    for line in head.lines().filter(|line| !is_key(line, "title") && !is_key(line, "covers")) {
        _ = writeln!(out, "{line}");
    }
    let may_guess =
        recording.is_frozen || recording.plan.origins.iter().all(|origin| origin.upstream().is_none());
    for secret in &secrets {
        let variable = format!("{PREFIX}{}", secret.to_ascii_uppercase());
        // A mock takes any: only a real server needs the right one.
        let otherwise = if may_guess { format!(", else = {}", quoted(secret)) } else { String::new() };
        _ = writeln!(out, "variables.{secret} = {{ env = {}{otherwise} }}", quoted(&variable));
    }
    let tables = tables.trim();
    if !tables.is_empty() {
        _ = writeln!(out, "\n{tables}");
    }
    for step in recording.steps {
        out.push_str(&step_of(step, recording));
    }
    while out.contains("\n\n\n") {
        out = out.replace("\n\n\n", "\n\n");
    }
    out
}

/// The names of what was typed and nobody is told, as variables are named.
pub fn secrets(steps: &[Taken]) -> BTreeSet<String> {
    let fields = steps.iter().flat_map(|step| match &step.did {
        Did::Fill(fields) => fields.as_slice(),
        _ => &[],
    });
    fields
        .filter_map(|(_, text)| match text {
            Text::Secret(name) => Some(variable(name)),
            Text::Plain(_) => None,
        })
        .collect()
}

/// A field's name as a variable is named.
fn variable(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    match name.trim_matches('_') {
        "" => "password".to_owned(),
        name => name.to_owned(),
    }
}

fn step_of(step: &Taken, recording: &Recording<'_>) -> String {
    let mut out = format!("\n[[step]]\n{}\n", action(&step.did, recording.plan));
    match &step.seen {
        Some(seen) => {
            // A script has no request of its own whose status could be expected.
            let is_script = matches!(step.did, Did::Submit(_));
            let status = seen.status.filter(|_| !is_script);
            expectations(&mut out, &Seen { status, ..seen.clone() }, recording);
        }
        None => out.push_str("# What came next came before this was over: nothing is expected of it.\n"),
    }
    out
}

/// What was done, as a scenario has it: `click = "#login"`.
pub fn action(did: &Did, plan: &Plan) -> String {
    let address = |url: &Url| quoted(&address(url, plan));
    match did {
        Did::Visit(url) => format!("visit = {}", address(url)),
        Did::Reload => "reload = true".to_owned(),
        Did::Back => "back = true".to_owned(),
        Did::Click(selector) => format!("click = {}", quoted(selector)),
        Did::Submit(selector) => {
            let script = format!("document.querySelector({}).requestSubmit()", quoted(selector));
            format!("eval = {}", quoted(&script))
        }
        Did::Wait(url) => format!("wait = {}", address(url)),
        Did::Fill(fields) => {
            let fields = fields.iter().map(|(selector, text)| {
                let text = match text {
                    Text::Plain(text) => quoted(text),
                    Text::Secret(name) => quoted(&format!("{{{{{}}}}}", variable(name))),
                };
                format!("{} = {text}", quoted(selector))
            });
            format!("fill = {{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

fn expectations(out: &mut String, seen: &Seen, recording: &Recording<'_>) {
    if let Some(status) = seen.status {
        _ = writeln!(out, "expect.status = {status}");
    }
    if let Some(url) = &seen.url {
        _ = writeln!(out, "expect.url = {}", quoted(&address(url, recording.plan)));
    }
    cookies(out, "expect", &seen.own);
    cookies(out, &format!("expect.on.{}", quoted(&recording.browser.to_string())), &seen.foreign);
}

fn cookies(out: &mut String, key: &str, cookies: &Cookies) {
    let list = |names: &BTreeSet<String>| {
        let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        format!("[{}]", names.join(", "))
    };
    if !cookies.stored.is_empty() {
        _ = writeln!(out, "{key}.stored = {}", list(&cookies.stored));
    }
    if !cookies.not_stored.is_empty() {
        let whole = cookies.not_stored.values().all(Option::is_some);
        let refused = match whole {
            true => {
                let refused = cookies.not_stored.iter().filter_map(|(name, reason)| {
                    Some(format!("{} = {}", quoted(name), quoted(reason.as_ref()?.code())))
                });
                format!("{{ {} }}", refused.collect::<Vec<_>>().join(", "))
            }
            false => list(&cookies.not_stored.keys().cloned().collect()),
        };
        _ = writeln!(out, "{key}.not_stored = {refused}");
    }
    if !cookies.sent.is_empty() {
        _ = writeln!(out, "{key}.sent = {}", list(&cookies.sent));
    }
}

/// An address as scenarios write it: `ORIGIN:/path`, or the whole where no origin has it.
fn address(url: &Url, plan: &Plan) -> String {
    match plan.origins.iter().find(|origin| origin.url.origin() == url.origin()) {
        Some(origin) => format!("{}:{}", origin.name, &url[url::Position::BeforePath..]),
        None => url.to_string(),
    }
}

/// A text as TOML writes it: JSON's strings are TOML's too, but for one character.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

/// Whether a line gives a key of the document.
fn is_key(line: &str, key: &str) -> bool {
    let rest = line.trim_start().strip_prefix(key);
    rest.is_some_and(|rest| rest.trim_start().starts_with('='))
}

/// The text without its steps.
fn without_steps(text: &str) -> String {
    let (mut kept, mut in_step, mut quote) = (String::new(), false, None);
    for line in text.split_inclusive('\n') {
        if quote.is_none() && line.trim_start().starts_with('[') {
            let name = line.trim_start().trim_start_matches('[').trim_start();
            let name = name.strip_prefix("step").map(str::trim_start);
            in_step = name.is_some_and(|rest| rest.starts_with([']', '.']));
        }
        quote = open_quote(line, quote);
        if !in_step {
            kept.push_str(line);
        }
    }
    kept
}

/// The keys of the document itself, and its tables.
fn head_and_tables(text: &str) -> (&str, &str) {
    let (mut at, mut quote) = (0, None);
    for line in text.split_inclusive('\n') {
        if quote.is_none() && line.trim_start().starts_with('[') {
            return text.split_at(at);
        }
        quote = open_quote(line, quote);
        at += line.len();
    }
    (text, "")
}

/// The quotes of a text of several lines that is open after a line, if one is.
fn open_quote(line: &str, mut open: Option<&'static str>) -> Option<&'static str> {
    let mut rest = line;
    loop {
        let next = match open {
            Some(quote) => rest.find(quote).map(|at| (at, quote)),
            None => ["\"\"\"", "'''"].into_iter().filter_map(|quote| Some((rest.find(quote)?, quote))).min(),
        };
        let Some((at, quote)) = next else { return open };
        open = if open.is_some() { None } else { Some(quote) };
        rest = &rest[at + quote.len()..];
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::browser_name::Engine;
    use crate::diagnostic::Source;
    use crate::scenario;

    const WORLD: &str = r#"title = "A login"
covers = ["A1"]

# The front end.
[origins.web]
url = "https://app.example.com"

[[origins.web.routes]]
at = "GET /"
html = """
<p>
[not a table]
</p>
"""

[[step]]
visit = "web:/"
expect.status = 200

[origins.api]
url = "https://api.example.com"
"#;

    #[test]
    fn what_is_written_is_the_world_and_the_steps() {
        let source = Arc::new(Source::new("a.toml", WORLD));
        let plan = scenario::parse(source).0.expect("a plan");
        let seen = Seen {
            status: Some(200),
            url: Some("https://app.example.com/account".parse().expect("a URL")),
            own: Cookies { stored: ["sid".to_owned()].into(), ..Cookies::default() },
            ..Seen::default()
        };
        let fields = vec![
            ("#user".to_owned(), Text::Plain("ada \"a\"".to_owned())),
            ("#password".to_owned(), Text::Secret("Pass-Word".to_owned())),
        ];
        let steps = [
            Taken { did: Did::Visit(plan.origins[0].url.clone()), seen: Some(Seen::default()) },
            Taken { did: Did::Fill(fields), seen: None },
            Taken { did: Did::Click("button".to_owned()), seen: Some(seen) },
        ];
        let recording = Recording {
            world: WORLD,
            plan: &plan,
            is_frozen: false,
            browser: BrowserName::shipped(Engine::Chromium),
            steps: &steps,
            notes: &[],
        };
        let text = written(&recording);
        let (again, diagnostics) = scenario::parse(Arc::new(Source::new("b.toml", text.as_str())));
        let again = again.unwrap_or_else(|| panic!("{diagnostics:?}\n{text}"));
        assert_eq!(again.title, "A login, recorded");
        assert_eq!(again.origins.len(), 2);
        let actions: Vec<&str> = again.steps.iter().map(|step| step.action.key()).collect();
        assert_eq!(actions, ["visit", "fill", "click"]);
        assert!(text.contains("# The front end.") && text.contains("[not a table]"), "{text}");
        assert!(text.contains("variables.pass_word = { env = \"REHEARSAL_PASS_WORD\""), "{text}");
        assert_eq!(again.steps[2].expect.stored.len(), 1);
    }
}
