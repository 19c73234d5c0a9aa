//! What both hands check alike: statuses, and the bytes that may stand in a header field.
//!
//! A world's origins write header values byte for byte, and the HTTP library refuses some; better
//! here, with a place, than when the world is up.

use hyper::header::HeaderName;

use super::mistakes::Mistakes;
use super::written::{At, Header};
use crate::diagnostic::{Diagnostic, Span};

/// A status an exchange can end with.
pub(super) fn final_status(status: &At<i64>, mistakes: &Mistakes) -> Option<u16> {
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

/// Checks name and value of a field.
pub(super) fn check_header(header: &Header, mistakes: &Mistakes) {
    check_name(&header.name, mistakes);
    check_value(&header.value, "a header", mistakes);
}

/// Checks a field's name.
pub(super) fn check_name(name: &At<String>, mistakes: &Mistakes) {
    if HeaderName::from_bytes(name.value.as_bytes()).is_err() {
        mistakes.add(
            Diagnostic::error(format!("`{}` cannot name a header", name.value.escape_debug()))
                .label(name.span.clone(), "")
                .help("use letters, digits and `-`"),
        );
    }
}

/// Checks a value: control characters other than tab cannot be sent.
pub(super) fn check_value(value: &At<String>, what: &str, mistakes: &Mistakes) -> bool {
    let refused = |byte: u8| (byte < 0x20 && byte != b'\t') || byte == 0x7f;
    let Some(index) = value.value.bytes().position(refused) else {
        return true;
    };
    let byte = value.value.as_bytes()[index];
    let word = match byte {
        b'\n' => "a line feed".to_owned(),
        b'\r' => "a carriage return".to_owned(),
        0 => "the byte 0x00".to_owned(),
        byte => format!("the byte 0x{byte:02x}"),
    };
    let span = inside(mistakes.text(), value, index);
    mistakes.add(
        Diagnostic::error(format!("{what} cannot hold {word}"))
            .label(span, format!("at byte {index} of the value"))
            .note("HTTP allows no control characters in a header field but the tab (RFC 9110, section 5.5)")
            .help("leave it out"),
    );
    false
}

/// The place in the file of a part of a string's value, or the whole string where that cannot be told: where a
/// variable stands for some of it.
pub(super) fn part(text: &str, value: &At<String>, part: &Span) -> Span {
    if text.get(value.span.clone()).is_none_or(|raw| raw.contains("{{")) {
        return value.span.clone();
    }
    let last = part.end.saturating_sub(1).max(part.start);
    inside(text, value, part.start).start..inside(text, value, last).end
}

/// The place in the file of the character at `index` of a string's value, or the whole string where
/// that cannot be told.
fn inside(text: &str, value: &At<String>, index: usize) -> Span {
    let whole = value.span.clone();
    let Some(raw) = text.get(whole.clone()) else {
        return whole;
    };
    let quote = match raw.chars().next() {
        Some(quote @ ('"' | '\'')) => quote,
        _ => return whole,
    };
    let triple = raw.starts_with(&quote.to_string().repeat(3)) && raw.len() >= 6;
    let mut at = if triple { 3 } else { 1 };
    if triple {
        // A line feed right after the opening quotes is not part of the value.
        at += ["\r\n", "\n"].into_iter().find(|end| raw[at..].starts_with(end)).map_or(0, str::len);
    }
    let mut decoded = 0;
    while let Some(c) = raw.get(at..).and_then(|rest| rest.chars().next()) {
        let (written, means) = match c {
            '\\' if quote == '"' => escape(&raw[at..]),
            c => (c.len_utf8(), c.len_utf8()),
        };
        if decoded <= index && index < decoded + means {
            return whole.start + at..whole.start + (at + written).min(raw.len());
        }
        decoded += means;
        at += written;
        if at >= raw.len() {
            break;
        }
    }
    whole
}

/// The bytes an escape takes in the file, and the bytes of what it means.
fn escape(raw: &str) -> (usize, usize) {
    let digits = match raw.as_bytes().get(1) {
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        // A backslash at the end of a line swallows all white space up to the next word.
        Some(b' ' | b'\t' | b'\r' | b'\n') => {
            let rest = raw[1..].trim_start_matches([' ', '\t', '\r', '\n']);
            return (raw.len() - rest.len(), 0);
        }
        Some(_) => return (2, 1),
        None => return (1, 1),
    };
    let means = raw
        .get(2..2 + digits)
        .and_then(|hex| u32::from_str_radix(hex, 16).ok())
        .and_then(char::from_u32)
        .map_or(1, char::len_utf8);
    (2 + digits, means)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_found_through_escapes() {
        for (raw, value, character) in [
            ("\"a\\u0001b\"", "a\u{1}b", "\\u0001"),
            ("\"é\\n\"", "é\n", "\\n"),
            ("\"\\\"\\\\\\u007f\"", "\"\\\u{7f}", "\\u007f"),
            ("\"\"\"\nab\\\n   c\nd\"\"\"", "abc\nd", "\n"),
            ("'''a\nb'''", "a\nb", "\n"),
            ("\"\\x00\"", "\0", "\\x00"),
        ] {
            let at = At { value: value.to_owned(), span: 0..raw.len() };
            let index = value.bytes().position(|byte| byte < 0x20 || byte == 0x7f).expect("there is one");
            let span = inside(raw, &at, index);
            assert_eq!(&raw[span], character, "{raw}");
        }
    }

    #[test]
    fn a_part_is_found_through_escapes_and_not_through_variables() {
        for (raw, value, wanted, shown) in [
            ("\"a=1; Secur\"", "a=1; Secur", "Secur", "Secur"),
            ("'a=1; Secur'", "a=1; Secur", "Secur", "Secur"),
            ("\"a=\\\"1\\\"; S\\u0065cur\"", "a=\"1\"; Secur", "Secur", "S\\u0065cur"),
            ("\"\"\"\na=ü; \\\n  Secur\"\"\"", "a=ü; Secur", "Secur", "Secur"),
            ("\"a=1; {{x}}\"", "a=1; Secur", "Secur", "\"a=1; {{x}}\""),
        ] {
            let at = At { value: value.to_owned(), span: 0..raw.len() };
            let start = value.find(wanted).expect("it is there");
            assert_eq!(&raw[part(raw, &at, &(start..start + wanted.len()))], shown, "{raw}");
        }
    }
}
