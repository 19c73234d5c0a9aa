//! What `curl -i` and `curl -v` print: answers, and with `-v` what was asked.
//!
//! Interim answers and those of a proxy on the way are left out.

use url::Url;

/// One answer as it was printed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Printed {
    /// Method and URL, where `-v` says them.
    pub(super) asked: Option<(String, Url)>,
    /// The fields of the request, where `-v` says them.
    pub(super) request: Vec<(String, String)>,
    pub(super) status: u16,
    /// The fields besides Set-Cookie.
    pub(super) headers: Vec<(String, String)>,
    pub(super) set_cookie: Vec<String>,
    pub(super) body: String,
}

/// Whether a text begins with an answer, or with what `-v` says before one.
pub(super) fn is_here(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.starts_with("HTTP/") || ["* ", "> ", "< "].iter().any(|mark| first.starts_with(mark))
}

/// What is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Between,
    Request,
    Head,
    Body,
}

/// The answers in a text, in their order.
pub(super) fn read(text: &str) -> Vec<Printed> {
    let is_verbose = text.lines().any(|line| line.starts_with("< HTTP/"));
    let mut answers: Vec<Printed> = Vec::new();
    let (mut now, mut place) = (Printed::default(), Place::Between);
    let (mut is_plain, mut is_tunnel, mut line_of_request) = (false, false, None);
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\r', '\n']);
        if is_verbose && bare.starts_with("* ") {
            is_plain = match () {
                () if bare.contains("port 80") => true,
                () if bare.contains("port 443") => false,
                () => is_plain,
            };
            continue;
        }
        let (asked, answered) = match is_verbose {
            true => (bare.strip_prefix("> "), bare.strip_prefix("< ")),
            false => (None, Some(bare)),
        };
        if let Some(asked) = asked {
            if place != Place::Request {
                (now, place, line_of_request) = (Printed::default(), Place::Request, None);
            }
            match asked.split_once(": ") {
                Some((name, value)) if line_of_request.is_some() => {
                    now.request.push((name.to_owned(), value.to_owned()));
                }
                // The empty line at the end is not another request.
                _ if !asked.is_empty() => line_of_request = Some(asked.to_owned()),
                _ => {}
            }
            continue;
        }
        if let Some(status) = answered.and_then(status) {
            let mut before = std::mem::take(&mut now);
            if place == Place::Request {
                before.asked = asked_for(line_of_request.as_deref(), &before.request, is_plain);
            } else {
                before =
                    Printed { asked: before.asked.filter(|_| place == Place::Head), ..Printed::default() };
            }
            // A proxy's answer to CONNECT.
            is_tunnel = bare.to_ascii_lowercase().ends_with("connection established");
            now = Printed { status, ..before };
            place = Place::Head;
            continue;
        }
        match (place, answered) {
            (Place::Head, Some(field)) if !field.trim().is_empty() => {
                if let Some((name, value)) = field.split_once(':') {
                    let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
                    match name.eq_ignore_ascii_case("set-cookie") {
                        true => now.set_cookie.push(value),
                        false => now.headers.push((name, value)),
                    }
                }
            }
            (Place::Head, _) if bare.trim().is_empty() || bare.trim() == "<" => {
                // `100 Continue` comes before the answer.
                let is_interim = now.status < 200 && now.status != 101;
                if is_interim || is_tunnel {
                    now = Printed { asked: now.asked, request: now.request, ..Printed::default() };
                } else {
                    answers.push(std::mem::take(&mut now));
                    place = Place::Body;
                }
            }
            (Place::Body, _) => {
                let is_talk = ["> ", "{ [", "} ["].iter().any(|mark| bare.starts_with(mark));
                if let Some(last) = answers.last_mut().filter(|_| !is_talk) {
                    last.body.push_str(line);
                }
            }
            _ => {}
        }
    }
    if place == Place::Head && now.status >= 200 && !is_tunnel {
        answers.push(now);
    }
    answers
}

/// The status of a line that begins an answer.
fn status(line: &str) -> Option<u16> {
    let rest = line.strip_prefix("HTTP/")?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

/// Method and URL of a request line and its `Host`.
fn asked_for(line: Option<&str>, fields: &[(String, String)], is_plain: bool) -> Option<(String, Url)> {
    let mut words = line?.split_whitespace();
    let (method, target) = (words.next()?, words.next()?);
    let host = crate::recording::field(fields, "host")?;
    let scheme = if is_plain { "http" } else { "https" };
    let url = Url::parse(&format!("{scheme}://{host}{target}")).ok()?;
    Some((method.to_owned(), url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_follow_each_other_and_interim_answers_are_left_out() {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nLocation: /home\r\nSet-Cookie: a=1\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\n\r\nbody";
        let answers = read(text);
        assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [302, 200]);
        assert_eq!(answers[0].set_cookie, ["a=1"]);
        assert_eq!(answers[1].body, "body");
    }

    #[test]
    fn a_verbose_answer_says_what_was_asked() {
        let text = "* Connected to api.example.net (127.0.0.1) port 443\n> POST /login HTTP/2\n> Host: api.example.net\n> origin: https://app.example.com\n> \n* done\n< HTTP/2 200 \n< set-cookie: sid=1\n< \n{ [3 bytes data]\nyes\n* Connection left intact\n";
        let [answer] = read(text).try_into().expect("one answer");
        let (method, url) = answer.asked.expect("it says");
        assert_eq!((method.as_str(), url.as_str()), ("POST", "https://api.example.net/login"));
        assert_eq!(answer.set_cookie, ["sid=1"]);
        assert_eq!(answer.body, "yes\n");
    }
}
