//! From what a browser recorded to a scenario: a HAR in, TOML out.
//!
//! [`har`] reads the dialects of Chrome, Firefox, Safari and Playwright into one [`Recording`]; [`build`] turns its
//! requests into origins, routes and steps; [`write`] puts them as TOML. What is guessed is marked by a comment in
//! the scenario, and what cannot be carried over is told. Values of cookies, bodies, headers and queries are left
//! out unless they are wanted: a recording holds tokens and people's data ([`redact`]).
//!
//! Nothing here runs anything: whether a scenario does what its recording shows is for its caller to try.

pub mod build;
pub mod har;
mod redact;
mod write;

use url::Url;

use crate::browser_name::Engine;

/// What a browser recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// The browser, where the recording says which.
    pub engine: Option<Engine>,
    /// The requests and their answers, in their order.
    pub exchanges: Vec<Exchange>,
    /// Whether cookies were taken out before it was saved.
    pub is_sanitized: bool,
    /// What was left out in reading it, in sentences.
    pub notes: Vec<String>,
}

/// One request and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// Where it went.
    pub url: Url,
    /// What asked for it.
    pub kind: Kind,
    /// The fields of the request.
    pub headers: Vec<(String, String)>,
    /// The body of the request.
    pub body: Option<String>,
    /// The status; 0 where the browser says of no answer.
    pub status: u16,
    /// The fields of the answer besides Set-Cookie.
    pub answer: Vec<(String, String)>,
    /// The Set-Cookie lines.
    pub set_cookie: Vec<String>,
    /// The body of the answer, where it is text.
    pub text: Option<String>,
}

/// What asks for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A navigation of the tab.
    Document,
    /// A navigation of a frame.
    Frame,
    /// `fetch()` or `XMLHttpRequest`.
    Call,
    /// The browser, before a call.
    Preflight,
    /// An image, a script, a style sheet, a font and the like.
    Asset,
}

impl Exchange {
    /// The value of a field of the request.
    pub fn header(&self, name: &str) -> Option<&str> {
        field(&self.headers, name)
    }

    /// The value of a field of the answer.
    pub fn answer(&self, name: &str) -> Option<&str> {
        field(&self.answer, name)
    }

    /// The names of the cookies that went along.
    pub fn sent(&self) -> Vec<&str> {
        let header = self.header("cookie").unwrap_or_default();
        header
            .split(';')
            .filter_map(|pair| pair.split('=').next())
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect()
    }

    /// Where the answer sends the browser, if it does.
    pub fn redirect(&self) -> Option<Url> {
        let location =
            self.answer("location").filter(|_| matches!(self.status, 301 | 302 | 303 | 307 | 308))?;
        self.url.join(location).ok()
    }
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}
