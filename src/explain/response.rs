//! Reading an answer as `curl -i` prints it.
//!
//! What counts is the last block of header lines: proxies, `100 Continue` and redirects come before it.
//! Bodies are skipped. Whatever the bytes, the outcome is an answer or a message with its place.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Source, Span};

/// What an answer says about cookies and CORS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Whether the text had a status line; without one the status is taken to be 200.
    pub has_status: bool,
    /// Header fields besides Set-Cookie, in order.
    pub headers: Vec<(String, String)>,
    /// Set-Cookie lines, in order.
    pub set_cookie: Vec<String>,
}

impl Response {
    /// The last value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().rev().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The fields that CORS looks at.
    pub fn cors(&self) -> impl Iterator<Item = &(String, String)> {
        let prefix = "access-control-allow-";
        self.headers.iter().filter(move |(name, _)| name.to_ascii_lowercase().starts_with(prefix))
    }
}

/// Reads an answer. `path` is how messages name the text.
///
/// # Errors
/// With a message, where there is no answer in the text.
pub fn read(path: &str, bytes: &[u8]) -> Result<Response, Box<Diagnostic>> {
    let source = Arc::new(Source::new(path, String::from_utf8_lossy(bytes)));
    let lines: Vec<Line<'_>> = lines(&source.text);
    let wrong = |span: Option<Span>, message: &str, label: &str, help: &str| {
        let diagnostic = Diagnostic::error(message).help(help);
        Box::new(match span {
            Some(span) => diagnostic.source(&source).label(span, label),
            None => diagnostic,
        })
    };
    let Some(first) = lines.iter().find(|line| !line.text.is_empty()) else {
        return Err(wrong(None, &format!("{path} holds no answer: it is empty"), "", HELP));
    };
    let start = (0..lines.len()).rev().find(|place| is_head(&lines, *place));
    let (status, rest) = match start {
        Some(place) => (status(lines[place].text), &lines[place + 1..]),
        None if field(first.text).is_some() => {
            let place = lines.iter().position(|line| !line.text.is_empty()).unwrap_or(0);
            (None, &lines[place..])
        }
        None => {
            let label = "neither a status line nor a header";
            return Err(wrong(
                Some(first.span()),
                &format!("{path} does not begin like an answer"),
                label,
                HELP,
            ));
        }
    };
    if let (Some(place), Some(100..=199)) = (start, status) {
        let message = "this is an interim answer, and the answer itself is missing";
        return Err(wrong(Some(lines[place].span()), message, "nothing follows", HELP));
    }
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in rest {
        // HTTP/1.1 once let a value go on in the next line (RFC 9112, section 5.2).
        if line.text.starts_with([' ', '\t']) && !line.text.trim().is_empty() {
            match fields.last_mut() {
                Some((_, value)) => *value = format!("{value} {}", line.text.trim()),
                None => return Err(wrong(Some(line.span()), "a header cannot begin with a blank", "", HELP)),
            }
            continue;
        }
        if line.text.trim().is_empty() {
            break;
        }
        match field(line.text) {
            Some((name, value)) => fields.push((name.to_owned(), value.to_owned())),
            None => {
                let help =
                    "each line is `Name: value`; an empty line ends the headers, and a body may follow";
                return Err(wrong(Some(line.span()), "this is no header", "no name before a colon", help));
            }
        }
    }
    let (set_cookie, headers): (Vec<_>, Vec<_>) =
        fields.into_iter().partition(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    Ok(Response {
        status: status.unwrap_or(200),
        has_status: status.is_some(),
        headers,
        set_cookie: set_cookie.into_iter().map(|(_, line)| line).collect(),
    })
}

const HELP: &str =
    "give the headers as curl prints them: `curl -si https://… | rehearsal explain --response - …`";

struct Line<'t> {
    start: usize,
    text: &'t str,
}

impl Line<'_> {
    fn span(&self) -> Span {
        self.start..self.start + self.text.len()
    }
}

/// The lines without their ends, and without the mark that `curl -v` puts before them.
fn lines(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    text.split('\n')
        .map(|whole| {
            let text = whole.strip_suffix('\r').unwrap_or(whole);
            let bare =
                text.strip_prefix("< ").or_else(|| text.strip_prefix('<').filter(|rest| rest.is_empty()));
            let bare = bare.unwrap_or(text);
            let line = Line { start: start + (text.len() - bare.len()), text: bare };
            start += whole.len() + 1;
            line
        })
        .collect()
}

/// Whether an answer's head begins at this line: a status line, and then a header or nothing. A body may
/// have a line that looks like the first; hardly one with the second below it.
fn is_head(lines: &[Line<'_>], place: usize) -> bool {
    let below = lines.get(place + 1).map_or("", |line| line.text);
    status(lines[place].text).is_some() && (below.is_empty() || field(below).is_some())
}

/// The status of a status line: `HTTP/1.1 200 OK`, `HTTP/2 200`.
fn status(line: &str) -> Option<u16> {
    let (version, rest) = line.strip_prefix("HTTP/")?.split_once(' ')?;
    let digits = rest.get(..3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let ends = rest.len() == 3 || rest[3..].starts_with(' ');
    let known = matches!(version, "1.0" | "1.1" | "2" | "2.0" | "3" | "3.0");
    (known && ends).then(|| digits.parse().ok()).flatten()
}

/// Name and value of a header line.
fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (!name.is_empty() && name.bytes().all(token)).then(|| (name, value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_block_counts_and_bodies_do_not() {
        let text = "HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 302 Found\r\nSet-Cookie: a=1\r\nLocation: /x\r\n\r\n\
                    moved\nHTTP/2 201 \r\nset-cookie: b=1; Path=/\r\nSet-Cookie: c=1\r\nvary:Origin\r\n\r\n{\"HTTP/1.1 500\": 1}\n";
        let response = read("-", text.as_bytes()).expect("it is an answer");
        assert_eq!(response.status, 201);
        assert_eq!(response.set_cookie, ["b=1; Path=/", "c=1"]);
        assert_eq!(response.header("Vary"), Some("Origin"));
    }

    #[test]
    fn headers_alone_and_the_marks_of_verbose_curl_are_read() {
        let response =
            read("-", b"\nSet-Cookie: a=1\nAccess-Control-Allow-Origin: *\n").expect("headers alone");
        assert!(!response.has_status && response.status == 200 && response.cors().count() == 1);
        let response = read("-", b"< HTTP/2 200 \r\n< set-cookie: a=1\r\n< \r\n").expect("verbose");
        assert_eq!(response.set_cookie, ["a=1"]);
        let folded = read("-", b"HTTP/1.1 200 OK\nX: a\n  b\n\n").expect("folded");
        assert_eq!(folded.header("x"), Some("a b"));
    }

    #[test]
    fn whatever_the_bytes_there_is_no_panic() {
        let seed = b"HTTP/1.1 200 OK\r\n< Set-Cookie: a=1\xff\xfe;\r\n \t\r\n<\r\n:\0\n";
        for start in 0..seed.len() {
            for end in start..seed.len() {
                _ = read("-", &seed[start..end]);
            }
        }
    }
}
