//! A table read by its keys.
//!
//! [`Fields`] hands out the values of a table by key and type and, when all known keys were asked for, reports
//! the rest as unknown. It reports every mistake itself, so that readers only say what they want.

use toml::de::DeValue;

use super::super::actions::ACTIONS;
use super::super::mistakes::Mistakes;
use super::super::written::At;
use super::node::{Entry, Table};
use crate::diagnostic::{Diagnostic, Span, did_you_mean, listed};

/// Keys that exist elsewhere or under a name too different to be taken for a misspelling.
const HINTS: [(&str, &str, &str); 41] = [
    ("a route", "body", "write `json`, `text` or `html`, which say what kind of body it is"),
    ("a route", "path", "write `at = \"GET /path\"`"),
    ("a route", "method", "write `at = \"GET /path\"`"),
    ("a route", "cookies", "write `set_cookie`"),
    ("`require_cookie`", "otherwise", ELSE),
    ("`require_cookie`", "redirect", ELSE),
    ("`require_cookie`", "status", ELSE),
    ("`require_header`", "otherwise", ELSE_HEADER),
    ("`require_header`", "redirect", ELSE_HEADER),
    ("`require_header`", "status", ELSE_HEADER),
    ("a route", "csrf", DOUBLE),
    ("a route", "require_csrf", DOUBLE),
    ("`xhr`", "mode", "only `fetch` has a mode: an XMLHttpRequest is always `cors`"),
    ("`xhr`", "redirect", "only `fetch` says what becomes of redirects: an XMLHttpRequest follows them"),
    ("`eventsource`", "credentials", "that is fetch's word: write `with_credentials = true`"),
    ("`eventsource`", "headers", "an EventSource sets no headers: a token goes in a cookie or in the URL"),
    ("`image`", "credentials", CROSSORIGIN),
    ("`script`", "credentials", CROSSORIGIN),
    ("a route", "does", FRAMEWORK),
    ("a route", "response", FRAMEWORK),
    ("a route", "res", FRAMEWORK),
    ("`fetch`", "with_credentials", "that is XMLHttpRequest's word: write `credentials = \"include\"`"),
    ("`fetch`", "withCredentials", "that is XMLHttpRequest's word: write `credentials = \"include\"`"),
    ("`xhr`", "credentials", "that is fetch's word: write `with_credentials = true`"),
    ("a step", "wait", "navigations and requests are waited for; `advance = \"31m\"` lets time pass"),
    ("a step", "frame", "write `inside = \"ORIGIN:/path\"`: the URL that an earlier `iframe` step loaded"),
    ("`form`", "body", "a form sends its `fields = { name = \"value\" }`"),
    ("an origin", "proxy", UPSTREAM),
    ("an origin", "real", UPSTREAM),
    ("an origin", "backend", UPSTREAM),
    ("an origin", "back_end", UPSTREAM),
    ("an origin", "proxy_pass", UPSTREAM),
    ("an origin", "port", UPSTREAM),
    ("an origin", "command", COMMAND),
    ("an origin", "target", UPSTREAM),
    ("an origin", "server", UPSTREAM),
    ("an origin", "forward", UPSTREAM),
    ("an origin", "external", EXTERNAL),
    ("an origin", "cwd", COMMAND),
    ("an origin", "env", COMMAND),
    ("an origin", "ready", COMMAND),
];

/// Said of what is answered without a cookie.
const ELSE: &str =
    "what is answered without the cookie stands below `else`: `else = { redirect = \"web:/login\" }`";

/// Said of what is answered without a header.
const ELSE_HEADER: &str =
    "what is answered without the header stands below `else`: `else = { status = 419, json = {} }`";

/// Said of elements that are asked for by CORS.
const CROSSORIGIN: &str =
    "write `crossorigin = \"use-credentials\"`; without it cookies go along, and no script reads it";

/// Said of a check against forged requests.
const DOUBLE: &str = "to ask for a header that has the value of a cookie write \
                      `require_header = { name = \"x-csrf-token\", cookie = \"csrf\" }`";

/// Said of what probably names a server that runs on this machine.
const UPSTREAM: &str = "did you mean `upstream`? To have a server of your own answer here, say where it listens: \
                        `upstream = \"http://127.0.0.1:4000\"`";

/// Said of what starts one.
const COMMAND: &str = "it stands in the table of an `upstream`: \
                       `upstream = { url = \"http://127.0.0.1:4000\", command = \"node server.js\" }`";

/// Said of what leads out of the world.
const EXTERNAL: &str = "nothing outside this machine is asked unless the command line allows that very host: write \
                        `upstream = \"https://api.staging.example.com\"`, and run it with `--allow-upstream \
                        api.staging.example.com`";

/// Said of a key that only a framework gives a meaning to.
const FRAMEWORK: &str = "that is a framework's to do: give the origin a table such as `django`, `starlette` or `express`, \
                         or declare what is sent with `set_cookie` and `json`";

/// A table whose keys are known beforehand.
#[derive(Debug)]
pub(super) struct Fields<'t, 'i> {
    table: Table<'t, 'i>,
    /// What the table describes, with its article: "a route".
    what: &'static str,
    known: Vec<&'static str>,
}

impl<'t, 'i> Fields<'t, 'i> {
    pub(super) fn new(table: Table<'t, 'i>, what: &'static str) -> Self {
        Self { table, what, known: Vec::new() }
    }

    /// The keys asked for so far.
    pub(super) fn known(&self) -> &[&'static str] {
        &self.known
    }

    /// Where mistakes go.
    pub(super) fn mistakes(&self) -> &'t Mistakes {
        self.table.mistakes()
    }

    /// Reports a mistake.
    pub(super) fn report(&self, mistake: Diagnostic) {
        self.table.report(mistake);
    }

    /// Reports that something is missing.
    pub(super) fn report_missing(&self, mistake: Diagnostic) {
        self.table.report_missing(mistake);
    }

    /// The entry with this key, which is known from now on.
    pub(super) fn entry(&mut self, key: &'static str) -> Option<Entry<'t, 'i>> {
        self.known.push(key);
        self.table.entry(key)
    }

    /// The same, or the entry under a key that is probably a misspelling of this one: for keys that no other key
    /// of the table resembles. The misspelling is reported all the same; what is below it is looked at now, and
    /// not when the key has been corrected, and nothing is said to be missing.
    pub(super) fn entry_or_misspelt(&mut self, key: &'static str) -> Option<Entry<'t, 'i>> {
        let is_meant = |entry: &Entry<'t, 'i>| did_you_mean(entry.key, [key]).is_some();
        self.entry(key).or_else(|| self.strange().into_iter().find(is_meant))
    }

    /// The entry with a key that must be there, misspelt or not. Where there is none, what is said of that is added.
    pub(super) fn required(
        &mut self,
        key: &'static str,
        missing: impl FnOnce() -> Diagnostic,
    ) -> Option<Entry<'t, 'i>> {
        let entry = self.entry_or_misspelt(key);
        if entry.is_none() {
            self.report_missing(missing());
        }
        entry
    }

    pub(super) fn string(&mut self, key: &'static str) -> Option<At<String>> {
        self.entry(key)?.value.string(&format!("`{key}`"))
    }

    /// The meaning of a string of which only a few are known.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, words: &[(&'static str, T)]) -> Option<At<T>> {
        let entry = self.entry(key)?;
        let span = entry.value.span();
        let known = words.iter().map(|(known, _)| *known);
        let DeValue::String(word) = entry.value.get_ref() else {
            let wanted = format!("one of {}", listed(known));
            self.report(entry.value.wrong_type(&format!("`{key}`"), &wanted));
            return None;
        };
        match words.iter().find(|(known, _)| known == word) {
            Some((_, meaning)) => Some(At { value: *meaning, span }),
            None => {
                self.report(
                    Diagnostic::error(format!("`{key}` cannot be `{word}`"))
                        .label(span, "")
                        .suggest_or_list(word, known),
                );
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, key: &'static str) -> Option<At<bool>> {
        self.entry(key)?.value.boolean(&format!("`{key}`"))
    }

    pub(super) fn integer(&mut self, key: &'static str) -> Option<At<i64>> {
        self.entry(key)?.value.integer(&format!("`{key}`"))
    }

    pub(super) fn strings(&mut self, key: &'static str) -> Option<Vec<At<String>>> {
        self.entry(key)?.value.strings(&format!("`{key}`"))
    }

    /// The table under a key, and where it stands.
    pub(super) fn table(&mut self, key: &'static str) -> Option<(Table<'t, 'i>, Span)> {
        let entry = self.entry_or_misspelt(key)?;
        let table = entry.value.table(&format!("`{key}`"))?;
        Some((table, entry.value.span()))
    }

    /// The tables of an array of tables, each with the place of its header.
    pub(super) fn tables(&mut self, key: &'static str, header: &str) -> Vec<(Table<'t, 'i>, Span)> {
        let Some(entry) = self.entry_or_misspelt(key) else {
            return Vec::new();
        };
        let DeValue::Array(_) = entry.value.get_ref() else {
            let found = entry.value.with_article();
            self.report(
                Diagnostic::error(format!("`{key}` is a list of tables, and this is {found}"))
                    .label(entry.value.span(), "")
                    .help(format!("begin each one with a line `[[{header}]]`")),
            );
            return Vec::new();
        };
        let what = format!("each of `{key}`");
        entry.value.items().filter_map(|item| Some((item.table(&what)?, item.span()))).collect()
    }

    /// The entries whose keys were not asked for.
    pub(super) fn strange(&self) -> Vec<Entry<'t, 'i>> {
        self.table.entries().into_iter().filter(|entry| !self.known.contains(&entry.key)).collect()
    }

    /// Reports every key that was not asked for. Returns whether there was one.
    pub(super) fn finish(self) -> bool {
        let strange = self.strange();
        for entry in &strange {
            self.report(self.unknown(entry));
        }
        !strange.is_empty()
    }

    fn unknown(&self, entry: &Entry<'_, '_>) -> Diagnostic {
        let unknown = Diagnostic::error(format!("{} has no key `{}`", self.what, entry.key))
            .label(entry.key_span.clone(), "");
        let is_a_steps = entry.key == "expect" || ACTIONS.iter().any(|action| action.key == entry.key);
        if is_a_steps && ["a scenario", "an origin", "a route", "`cors`", "a DNS record"].contains(&self.what)
        {
            return unknown.help("it belongs to a step: put it below a line `[[step]]`");
        }
        if let Some((_, _, hint)) =
            HINTS.iter().find(|(what, key, _)| *what == self.what && *key == entry.key)
        {
            return unknown.help(*hint);
        }
        let known = self.known.iter().copied();
        match did_you_mean(entry.key, known.clone()) {
            Some(meant) => unknown.help(format!("did you mean `{meant}`?")),
            None => unknown.help(format!("its keys are {}", listed(known))),
        }
    }
}
