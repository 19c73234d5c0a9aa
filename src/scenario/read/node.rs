//! Values of the file, each with the place where mistakes go.
//!
//! A [`Node`] reads itself as a type and tells what is wrong with it; a value of the wrong type is reported
//! and then treated as absent, so nothing stops at a mistake. [`super::fields`] reads a table by its keys.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::mistakes::Mistakes;
use super::super::written::At;
use crate::diagnostic::{Diagnostic, Span};

/// A value as the parser gives it.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// A value, and where its mistakes go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'t, 'i> {
    value: &'t Value<'i>,
    mistakes: &'t Mistakes,
}

/// A table, and where its mistakes go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'t, 'i> {
    table: &'t DeTable<'i>,
    mistakes: &'t Mistakes,
}

/// One key of a table and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry<'t, 'i> {
    pub(super) key: &'t str,
    pub(super) key_span: Span,
    pub(super) value: Node<'t, 'i>,
}

impl<'t, 'i> Node<'t, 'i> {
    /// What it is.
    pub(super) fn get_ref(self) -> &'t DeValue<'i> {
        self.value.get_ref()
    }

    /// Where it stands.
    pub(super) fn span(self) -> Span {
        self.value.span()
    }

    /// It as the file has it.
    pub(super) fn raw(self) -> &'t str {
        self.mistakes.text().get(self.span()).unwrap_or_default()
    }

    /// Reports a mistake.
    pub(super) fn report(self, mistake: Diagnostic) {
        self.mistakes.add(mistake);
    }

    pub(super) fn string(self, what: &str) -> Option<At<String>> {
        match self.get_ref() {
            DeValue::String(text) => Some(At { value: text.clone().into_owned(), span: self.span() }),
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) => {
                let help = format!("put it in quotes: `\"{}\"`", self.raw());
                self.report(self.wrong_type(what, "a string").help(help));
                None
            }
            _ => {
                self.report(self.wrong_type(what, "a string"));
                None
            }
        }
    }

    pub(super) fn boolean(self, what: &str) -> Option<At<bool>> {
        match self.get_ref() {
            DeValue::Boolean(word) => Some(At { value: *word, span: self.span() }),
            DeValue::String(text) if matches!(&**text, "true" | "false") => {
                let help = format!("write `{text}` without quotes");
                self.report(self.wrong_type(what, "true or false").help(help));
                None
            }
            _ => {
                self.report(self.wrong_type(what, "true or false"));
                None
            }
        }
    }

    pub(super) fn integer(self, what: &str) -> Option<At<i64>> {
        match self.get_ref() {
            DeValue::Integer(digits) => match i64::from_str_radix(digits.as_str(), digits.radix()) {
                Ok(number) => Some(At { value: number, span: self.span() }),
                Err(_) => {
                    self.report(Diagnostic::error(format!("{what} is too large")).label(self.span(), ""));
                    None
                }
            },
            DeValue::String(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                let help = format!("write `{text}` without quotes");
                self.report(self.wrong_type(what, "a whole number").help(help));
                None
            }
            _ => {
                self.report(self.wrong_type(what, "a whole number"));
                None
            }
        }
    }

    /// A list of strings.
    pub(super) fn strings(self, what: &str) -> Option<Vec<At<String>>> {
        match self.get_ref() {
            DeValue::Array(_) => Some(self.each_string(what)),
            DeValue::String(_) => {
                let first = self.raw().lines().next().unwrap_or_default();
                let help = format!("put it in brackets: `[{first}]`");
                self.report(self.wrong_type(what, "a list of strings").help(help));
                None
            }
            _ => {
                self.report(self.wrong_type(what, "a list of strings"));
                None
            }
        }
    }

    /// One string, or a list of strings.
    pub(super) fn one_or_more(self, what: &str) -> Vec<At<String>> {
        match self.get_ref() {
            DeValue::Array(_) => self.each_string(what),
            _ => self.string(what).into_iter().collect(),
        }
    }

    /// The strings of a list; nothing for what is no list.
    pub(super) fn each_string(self, what: &str) -> Vec<At<String>> {
        self.items().filter_map(|item| item.string(&format!("each of {what}"))).collect()
    }

    /// The items of a list; nothing for what is no list.
    pub(super) fn items(self) -> impl Iterator<Item = Node<'t, 'i>> {
        let items = self.get_ref().as_array().into_iter().flatten();
        items.map(move |value| Node { value, mistakes: self.mistakes })
    }

    pub(super) fn table(self, what: &str) -> Option<Table<'t, 'i>> {
        let table = self.as_table();
        if table.is_none() {
            self.report(self.wrong_type(what, "a table"));
        }
        table
    }

    /// The same, and nothing is said of what is no table.
    pub(super) fn as_table(self) -> Option<Table<'t, 'i>> {
        self.get_ref().as_table().map(|table| Table { table, mistakes: self.mistakes })
    }

    /// "`status` takes a whole number, and this is a string".
    pub(super) fn wrong_type(self, what: &str, wanted: &str) -> Diagnostic {
        Diagnostic::error(format!("{what} takes {wanted}, and this is {}", self.with_article()))
            .label(self.span(), "")
    }

    /// "a string", "a list".
    pub(super) fn with_article(self) -> &'static str {
        match self.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a decimal number",
            DeValue::Boolean(true) => "true",
            DeValue::Boolean(false) => "false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        }
    }
}

impl<'t, 'i> Table<'t, 'i> {
    pub(super) fn new(table: &'t DeTable<'i>, mistakes: &'t Mistakes) -> Self {
        Self { table, mistakes }
    }

    /// The entries in the order of the file.
    pub(super) fn entries(self) -> Vec<Entry<'t, 'i>> {
        let mut entries: Vec<_> = self.table.iter().map(|(key, value)| self.of(key, value)).collect();
        entries.sort_by_key(|entry| entry.key_span.start);
        entries
    }

    /// The entry with this key.
    pub(super) fn entry(self, key: &str) -> Option<Entry<'t, 'i>> {
        let (key, value) = self.table.get_key_value(key)?;
        Some(self.of(key, value))
    }

    fn of(self, key: &'t Spanned<toml::de::DeString<'i>>, value: &'t Value<'i>) -> Entry<'t, 'i> {
        let value = Node { value, mistakes: self.mistakes };
        Entry { key: key.get_ref(), key_span: key.span(), value }
    }

    pub(super) fn contains_key(self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn is_empty(self) -> bool {
        self.table.is_empty()
    }

    /// Where mistakes go.
    pub(super) fn mistakes(self) -> &'t Mistakes {
        self.mistakes
    }

    /// Reports a mistake.
    pub(super) fn report(self, mistake: Diagnostic) {
        self.mistakes.add(mistake);
    }

    /// Reports that something is missing.
    pub(super) fn report_missing(self, mistake: Diagnostic) {
        self.mistakes.add_missing(mistake);
    }
}

impl Entry<'_, '_> {
    /// The key with its place.
    pub(super) fn name(&self) -> At<String> {
        At { value: self.key.to_owned(), span: self.key_span.clone() }
    }

    /// Key and value together where they share a line, else the key alone: what a caret should be
    /// under when the whole statement is meant.
    pub(super) fn span(&self) -> Span {
        let value = self.value.span();
        let between = self.value.mistakes.text().get(self.key_span.start..value.end);
        match between {
            Some(between) if !between.contains('\n') => self.key_span.start..value.end,
            _ => self.key_span.clone(),
        }
    }

    /// Where mistakes go.
    pub(super) fn mistakes(&self) -> &Mistakes {
        self.value.mistakes
    }

    /// Reports a mistake.
    pub(super) fn report(&self, mistake: Diagnostic) {
        self.value.report(mistake);
    }

    /// Reports that something is missing.
    pub(super) fn report_missing(&self, mistake: Diagnostic) {
        self.value.mistakes.add_missing(mistake);
    }

    /// Whether the word is true: of a key that `false` would say nothing with, and that can be left out.
    pub(super) fn only_true(&self, what: &str) -> bool {
        let Some(word) = self.value.boolean(&format!("`{}`", self.key)) else { return false };
        if !word.value {
            let key = self.key;
            self.report(
                Diagnostic::error(format!("`{key} = false` does nothing"))
                    .label(word.span.clone(), "")
                    .help(format!("write `{key} = true`, or leave {what} out")),
            );
        }
        word.value
    }
}
