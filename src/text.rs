//! Small pieces of text that every report is made of: words in a row, counts, safe and short text, lines.
//!
//! One rule each. Nothing here knows what the text is about, and nothing here prints.

use std::borrow::Cow;

use crate::rules::reason::Reason;

/// How wide a line that is quoted may be where there is no terminal that says otherwise.
pub const COLUMNS: usize = 140;

/// Prose is no wider than this, however wide the terminal: longer lines are hard to read.
pub const PROSE: usize = 100;

/// Nothing is made narrower than this: below it every second word would stand alone on a line.
pub const NARROWEST: usize = 40;

/// Words in a row: `a`, `a and b`, `a, b and c`. Nothing for no word.
pub fn listed<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> String {
    let words: Vec<S> = words.into_iter().collect();
    match words.as_slice() {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// The same in backquotes; `none` for no word.
pub fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    match listed(words.into_iter().map(|word| format!("`{word}`"))) {
        empty if empty.is_empty() => "none".to_owned(),
        listed => listed,
    }
}

/// `1 step`, `2 steps`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Each value once, in the order of its first appearance.
pub fn in_order<T: Copy + PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for value in values {
        if !once.contains(&value) {
            once.push(value);
        }
    }
    once
}

/// The codes of reasons, in their order.
pub fn codes<'a>(reasons: impl IntoIterator<Item = &'a Reason>) -> Vec<&'static str> {
    reasons.into_iter().map(|reason| reason.code()).collect()
}

/// Whether a character may not reach a terminal or a page as it is: control characters move cursors and clear
/// screens, separators of lines and paragraphs forge lines, and marks of direction turn what is read around
/// (Unicode Standard Annex 9, section 2; CVE-2021-42574).
pub fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Text fit for one line: what [`is_unsafe`] is written as an escape.
pub fn safe(text: &str) -> Cow<'_, str> {
    escaped(text, is_unsafe)
}

/// The same for text of several lines: line feeds stay.
pub fn safe_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character| character != '\n' && is_unsafe(character))
}

fn escaped(text: &str, is_unsafe: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_unsafe(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Safe text of one line and of at most so many characters; an ellipsis stands for the rest.
pub fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => safe(text).into_owned(),
        Some((end, _)) => format!("{}…", safe(&text[..end])),
    }
}

/// The text broken between words into lines of at most so many columns, as a terminal counts them; a longer
/// word stays whole, for it may have to be copied. The first line begins with `first`, the others with `rest`.
pub fn wrapped(first: &str, rest: &str, text: &str, columns: usize) -> Vec<String> {
    let options = textwrap::Options::new(columns.max(NARROWEST))
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit);
    textwrap::wrap(text, options).into_iter().map(Cow::into_owned).collect()
}

/// How many columns the text takes on a terminal.
pub fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// The text, and blanks up to this many columns.
pub fn padded(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(width(text));
    format!("{text}{:blanks$}", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_a_row() {
        for (words, row) in
            [(&[][..], ""), (&["a"], "a"), (&["a", "b"], "a and b"), (&["a", "b", "c"], "a, b and c")]
        {
            assert_eq!(listed(words), row);
        }
        assert_eq!(quoted([]), "none");
        assert_eq!(quoted(["a", "b"]), "`a` and `b`");
        assert_eq!((counted(1, "step"), counted(0, "step")), ("1 step".to_owned(), "0 steps".to_owned()));
    }

    #[test]
    fn nothing_that_moves_a_cursor_or_turns_a_line_around_stays() {
        let text = "a\u{1b}[2J\nb\u{202e}c\u{2066}d\u{2028}e\u{85}";
        assert_eq!(safe(text), "a\\u{1b}[2J\\nb\\u{202e}c\\u{2066}d\\u{2028}e\\u{85}");
        assert_eq!(safe_lines("a\nb\r"), "a\nb\\r");
        assert!(matches!(safe("ä 名 é"), Cow::Borrowed(_)), "letters of any script stay as they are");
        assert_eq!(shortened("名\u{7}名名", 2), "名\\u{7}…");
    }

    #[test]
    fn lines_are_counted_in_columns_and_words_stay_whole() {
        let word = "x".repeat(60);
        assert_eq!(
            wrapped("- ", "  ", &format!("a {word} b"), 50),
            ["- a".to_owned(), format!("  {word}"), "  b".to_owned()]
        );
        // A Chinese character takes two columns.
        let text = ["名名名名名名名名名名"; 4].join(" ");
        assert_eq!(wrapped("", "", &text, 42).len(), 2);
        assert_eq!(padded("名", 4), "名  ");
    }
}
