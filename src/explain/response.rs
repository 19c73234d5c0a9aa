//! Reading an answer as `curl -i` prints it.
//!
//! What counts is the first answer: it is the one to the request that was made, and what redirects lead to comes
//! after it (`curl -iL`). How many there are is told, so that no line is dropped in silence. Interim answers, such as
//! `100 Continue`, and those of a proxy on the way are not counted. Bodies are skipped. Whatever the bytes, the
//! outcome is an answer or a message with its place.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Source, Span};
use crate::rules::date::http_date;

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
    /// How many answers the text has; this is the first of them.
    pub answers: usize,
}

impl Response {
    /// The last value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().rev().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The `Date` header.
    pub fn dated(&self) -> impl Iterator<Item = &(String, String)> {
        self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("date")).take(1)
    }

    /// When it was given, in seconds since 1970, where its `Date` says so.
    pub fn date(&self) -> Option<i64> {
        http_date(self.header("date")?.as_bytes())
    }

    /// The fields that CORS looks at.
    pub fn cors(&self) -> impl Iterator<Item = &(String, String)> {
        self.headers.iter().filter(|(name, _)| name.to_ascii_lowercase().starts_with(CORS))
    }
}

/// How the fields begin that CORS looks at.
const CORS: &str = "access-control-allow-";

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
    let Some(first) = lines.iter().position(|line| !line.text.is_empty()) else {
        return Err(wrong(None, &format!("{path} holds no answer: it is empty"), "", HELP));
    };
    let heads: Vec<usize> = (0..lines.len()).filter(|place| is_head(&lines, *place)).collect();
    let answers = answers(&lines, first, &heads);
    let Some(start) = answers.first().copied() else {
        return Err(match heads.last() {
            Some(interim) => {
                let message = "this is an interim answer, and the answer itself is missing";
                wrong(Some(lines[*interim].span()), message, "nothing follows", HELP)
            }
            None => {
                let message = format!("{path} does not begin like an answer");
                let label = "neither a status line nor a header";
                wrong(Some(lines[first].span()), &message, label, HELP)
            }
        });
    };
    let status = status(lines[start].text);
    let rest = &lines[start + usize::from(status.is_some())..];
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
        answers: answers.len(),
    })
}

/// Where answers begin: at a status line, or at the first line where that is a header already. `first` is the first
/// line that is not empty, `heads` are the status lines.
fn answers(lines: &[Line<'_>], first: usize, heads: &[usize]) -> Vec<usize> {
    // What curl says before may look like a header, and is none that counts.
    let is_bare = field(lines[first].text).is_some()
        && heads.first().is_none_or(|head| lines[first..*head].iter().any(counts));
    let answers = heads.iter().enumerate().filter(|(index, place)| {
        let is_interim = matches!(status(lines[**place].text), Some(100..=199));
        let is_proxys = heads.get(index + 1).is_some_and(|next| is_proxys(&lines[**place..*next]));
        !is_interim && !is_proxys
    });
    is_bare.then_some(first).into_iter().chain(answers.map(|(_, place)| *place)).collect()
}

/// Whether this is what a proxy says before the server's answer: that it wants a password, or that CONNECT has
/// brought it there.
fn is_proxys(block: &[Line<'_>]) -> bool {
    let Some((head, below)) = block.split_first() else { return false };
    let says_so = head.text.to_ascii_lowercase().contains(" connection established");
    let is_proxys = match status(head.text) {
        Some(407) => true,
        Some(200..=299) => says_so || below.iter().all(|line| line.text.is_empty()),
        _ => false,
    };
    is_proxys && !below.iter().any(counts)
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

/// Whether a line is a header that an answer is looked at for.
fn counts(line: &Line<'_>) -> bool {
    field(line.text).is_some_and(|(name, _)| {
        let name = name.to_ascii_lowercase();
        name == "set-cookie" || name.starts_with(CORS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_counts_and_bodies_do_not() {
        let text = "HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 302 Found\r\nSet-Cookie: a=1\r\nLocation: /x\r\n\r\n\
                    moved\nHTTP/2 201 \r\nset-cookie: b=1; Path=/\r\nSet-Cookie: c=1\r\nvary:Origin\r\n\r\n{\"HTTP/1.1 500\": 1}\n";
        let response = read("-", text.as_bytes()).expect("it is an answer");
        assert_eq!((response.status, response.answers), (302, 2));
        assert_eq!(response.set_cookie, ["a=1"]);
        let text = text.split_once("moved\n").expect("it has a body").1;
        let response = read("-", text.as_bytes()).expect("it is an answer");
        assert_eq!((response.status, response.answers), (201, 1));
        assert_eq!(response.set_cookie, ["b=1; Path=/", "c=1"]);
        assert_eq!(response.header("Vary"), Some("Origin"));
    }

    #[test]
    fn interim_answers_and_a_proxys_are_not_counted_and_all_others_are() {
        let counted = |text: &str| {
            let response = read("-", text.replace('\n', "\r\n").as_bytes()).expect("it is an answer");
            (response.status, response.answers, response.set_cookie.concat())
        };
        let last = "HTTP/2 200 \nset-cookie: b=1\n\nhello";
        for (before, seen) in [
            ("", (200, 1, "b=1")),
            ("HTTP/1.1 100 Continue\n\n", (200, 1, "b=1")),
            ("HTTP/2 103 \nlink: </a.css>\n\nHTTP/1.1 100 Continue\n\n", (200, 1, "b=1")),
            ("HTTP/1.1 200 Connection Established\nVia: 1.1 proxy\n\n", (200, 1, "b=1")),
            ("HTTP/1.1 200 OK\n\nHTTP/1.1 103 Early Hints\n\n", (200, 1, "b=1")),
            ("HTTP/1.1 407 Ask me\nvia: x\n\nHTTP/1.0 200 Connection established\n\n", (200, 1, "b=1")),
            ("HTTP/1.1 401 Unauthorized\nwww-authenticate: Digest\n\n", (401, 2, "")),
            ("HTTP/1.1 302 Found\nset-cookie: a=1\nlocation: /x\n\n", (302, 2, "a=1")),
            ("HTTP/1.1 302 Found\nlocation: /x\n\nHTTP/1.1 302 Found\nset-cookie: c=1\n\n", (302, 3, "")),
            ("HTTP/1.1 200 OK\nset-cookie: a=1\n\n", (200, 2, "a=1")),
            ("vary: origin\nset-cookie: a=1\n\n", (200, 2, "a=1")),
            ("Note: curl says something\n* and more\n", (200, 1, "b=1")),
        ] {
            let (status, answers, lines) = counted(&format!("{before}{last}"));
            assert_eq!((status, answers, lines.as_str()), seen, "{before}");
        }
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
