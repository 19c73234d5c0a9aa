//! What a tab or a frame makes of an answer: a document, the browser's own page, or nothing.
//!
//! By its status, its media type and whether it has a body; which browser does what, the rules say.

use hyper::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE};

use super::UserAgent;
use super::fetch::Response;
use crate::rules::engine::{SavedError, Viewer};

/// What becomes of an answer to a navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Nothing: what was shown stays.
    Nothing,
    /// A page of the browser's own that says what went wrong.
    OwnPage,
    /// A document, shown so.
    Document(Viewer),
}

impl UserAgent {
    /// What an answer becomes, in the tab or in a frame.
    pub(super) fn shown(&mut self, response: &Response, in_tab: bool) -> Shown {
        let (navigation, documents) = (self.profile.navigation, self.profile.documents);
        match response.status {
            204 | 205 => return Shown::Nothing,
            304 if navigation.unmodified_shows_nothing => return Shown::Nothing,
            _ => {}
        }
        let is_error = response.status >= 400;
        let essence = essence(response);
        let viewer = documents.viewer(&essence).filter(|_| !is_attachment(response));
        let Some(viewer) = viewer else {
            return match documents.saved_errors {
                SavedError::OwnPage if is_error => Shown::OwnPage,
                SavedError::Unpredicted if is_error => {
                    self.doubt(format!("the page for the error {}", response.request.url));
                    Shown::OwnPage
                }
                _ => Shown::Nothing,
            };
        };
        if in_tab && is_error && response.body.is_empty() && navigation.empty_errors_are_own_pages {
            return Shown::OwnPage;
        }
        // Packed for the way it says nothing of itself.
        let is_packed = response.headers.contains_key(CONTENT_ENCODING);
        if is_guessed(&essence) && !is_packed && response.body.iter().any(is_binary) {
            self.doubt(format!("what a browser takes {} for", response.request.url));
        }
        Shown::Document(match viewer {
            // Frames show JSON as text, and so does the tab where there is none.
            Viewer::Isolated if !in_tab || response.body.is_empty() => Viewer::Page,
            Viewer::Closed if !in_tab => return Shown::OwnPage,
            Viewer::Unpredicted => {
                self.doubt(format!("what a page of the type `{essence}` does"));
                Viewer::Page
            }
            viewer => viewer,
        })
    }
}

/// The media type of an answer, without parameters, in lower case; empty where it has none.
fn essence(response: &Response) -> String {
    let value = response.headers.get_all(CONTENT_TYPE).iter().next_back();
    let value = value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default();
    // Of several in one field the last counts: Fetch, extract a MIME type.
    let last = value.rsplit(',').next().unwrap_or_default();
    last.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether an answer is to be saved, whatever it is: RFC 6266, section 4.2. One without a type of its own is not.
fn is_attachment(response: &Response) -> bool {
    let value = response.headers.get(CONTENT_DISPOSITION).map(|value| value.as_bytes()).unwrap_or_default();
    let kind = value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    !kind.is_empty() && !kind.eq_ignore_ascii_case(b"inline") && !kind.contains(&b'=')
}

/// Whether browsers look at the body of an answer of this type: MIME Sniffing, section 7.
fn is_guessed(essence: &str) -> bool {
    matches!(essence, "" | "text/plain" | "*/*") || !essence.contains('/')
}

/// MIME Sniffing, section 3: a binary data byte.
fn is_binary(byte: &u8) -> bool {
    matches!(byte, 0x00..=0x08 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f)
}
