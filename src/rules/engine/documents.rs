//! What an answer to a navigation becomes, by its media type: a page, a viewer, or a file that is saved.

use super::{Words, deviations};

deviations! {
    /// What a browser makes of an answer to a navigation.
    Documents

    /// How JSON is shown: `application/json`, and what begins with `application/` and ends in `+json`.
    ///
    /// HTML: as text. Firefox: in a viewer, at top level (measured 2026-11-27, 153.7.0esr, with any status). The others
    /// as text (measured 2026-11-27).
    json: Viewer = [Viewer::Page, Viewer::Page, Viewer::Isolated, Viewer::Page] => "a page of JSON is";
    /// How a PDF is shown.
    ///
    /// HTML: left open. Firefox: in a viewer that no form is sent from, and whose links count as the user's (measured
    /// 2026-11-27). Chromium: as part of a page (measured 2026-11-27). WebKit: as part of a page which going back passes
    /// over (measured 2026-11-27; it is not predicted).
    pdf: Viewer = [Viewer::Page, Viewer::Page, Viewer::Closed, Viewer::Unpredicted] => "a PDF is";
    /// How sound and films are shown.
    ///
    /// Chromium: on a page that asks for them once more. Firefox: on a page that has them already. WebKit: on a page
    /// that asks for them again as it likes (all measured 2026-11-27).
    media: Viewer = [Viewer::Page, Viewer::AsksAgain, Viewer::Page, Viewer::Unpredicted]
        => "sound and films are";
    /// Of the types of text, XML, sound and films that any of the three shows, those that are saved: as a whole, or
    /// what begins and ends as it does around a `*`.
    ///
    /// All measured 2026-11-27. All browsers save what is of another type, or comes with
    /// `Content-Disposition: attachment`.
    saved: &'static [&'static str] = [
        &[],
        &[
            "application/*+xml",
            "text/calendar",
            "text/csv",
            "text/rtf",
            "text/tab-separated-values",
            "text/vcard",
            "video/mpeg",
            "video/quicktime",
        ],
        &[
            "application/*+xml",
            "application/vnd.apple.mpegurl",
            "audio/aac",
            "audio/mp4",
            "audio/wav",
            "text/calendar",
            "text/csv",
            "text/rtf",
            "text/tab-separated-values",
            "text/vcard",
            "text/xsl",
            "video/mpeg",
        ],
        &["application/soap+xml", "application/vnd.apple.mpegurl", "text/calendar", "text/rtf", "video/mp4"],
    ] => "types of text, XML, sound and films that are saved, and not shown";
    /// Those of them that are shown all the same.
    ///
    /// All measured 2026-11-27.
    shown: &'static [&'static str] = [
        &[],
        &["application/atom+xml", "application/rss+xml", "application/xhtml+xml"],
        &["application/mathml+xml", "application/rdf+xml", "application/xhtml+xml"],
        &[],
    ] => "… but these";
    /// What an error, a status of 400 or above, of a type that would be saved becomes.
    ///
    /// Chromium: the browser's own page (measured 2026-11-27, `ERR_INVALID_RESPONSE`). Firefox: one that is not in the
    /// history (measured 2026-11-27; what follows is not predicted). WebKit: it is saved (measured 2026-11-27).
    saved_errors: SavedError = [
        SavedError::Saved,
        SavedError::OwnPage,
        SavedError::Unpredicted,
        SavedError::Saved,
    ] => "an error of a type that is saved";
}

/// How an answer of a type is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// As a page like any other.
    Page,
    /// As a page that asks for its address once more.
    AsksAgain,
    /// On a page of the browser's own, whose origin is opaque and which loads images alone.
    Isolated,
    /// On a page of the browser's own, which loads nothing.
    Closed,
    /// As a page of which not everything is predicted.
    Unpredicted,
}

impl Words for Viewer {
    fn words(&self) -> String {
        match self {
            Self::Page | Self::Unpredicted => "shown as a page of its origin",
            Self::AsksAgain => "shown on a page that asks for it again",
            Self::Isolated => "shown on a page of an opaque origin, which loads images alone",
            Self::Closed => "shown on a page of the browser's own, which loads nothing",
        }
        .to_owned()
    }
}

/// What an error of a type that would be saved becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SavedError {
    /// A file, as any answer of that type.
    Saved,
    /// The browser's own page.
    OwnPage,
    /// The browser's own page; what follows is not predicted.
    Unpredicted,
}

impl Words for SavedError {
    fn words(&self) -> String {
        match self {
            Self::Saved => "is saved",
            Self::OwnPage | Self::Unpredicted => "becomes the browser's own page",
        }
        .to_owned()
    }
}

impl Words for &[&str] {
    fn words(&self) -> String {
        match self {
            [] => "none".to_owned(),
            types => types.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        }
    }
}

impl Documents {
    /// How an answer of this media type, its essence in lower case, is shown; `None` where it is saved.
    pub fn viewer(&self, essence: &str) -> Option<Viewer> {
        let Some((kind, name)) = essence.split_once('/') else { return Some(Viewer::Page) };
        let is_saved = |pattern: &&str| match pattern.split_once('*') {
            Some((before, after)) => essence.starts_with(before) && essence.ends_with(after),
            None => essence == *pattern,
        };
        if self.saved.iter().any(is_saved) && !self.shown.contains(&essence) {
            return None;
        }
        match (kind, name) {
            ("application", "json") => Some(self.json),
            ("application", name) if name.ends_with("+json") => Some(self.json),
            ("application", "pdf") => Some(self.pdf),
            ("application", "ogg" | "vnd.apple.mpegurl") => Some(self.media),
            ("audio" | "video", name) if MEDIA.contains(&name) => Some(self.media),
            ("image", name) if IMAGES.contains(&name) => Some(Viewer::Page),
            ("audio" | "video" | "image", _) | ("multipart", "x-mixed-replace") => Some(Viewer::Unpredicted),
            ("text" | "*", _) => Some(Viewer::Page),
            ("application", name) => {
                (SCRIPTS.contains(&name) || name == "xml" || name.ends_with("+xml")).then_some(Viewer::Page)
            }
            _ => None,
        }
    }
}

/// The names of images that all show.
const IMAGES: [&str; 9] =
    ["avif", "bmp", "gif", "jpeg", "png", "svg+xml", "vnd.microsoft.icon", "webp", "x-icon"];

/// The names of sound and films that one of the three shows.
const MEDIA: [&str; 8] = ["aac", "flac", "mp4", "mpeg", "ogg", "quicktime", "wav", "webm"];

/// The names of JavaScript: MIME Sniffing, section 4.6.
const SCRIPTS: [&str; 4] = ["javascript", "x-javascript", "ecmascript", "x-ecmascript"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_shown_or_saved() {
        let viewers = |essence: &str| [1, 2, 3].map(|column| Documents::COLUMNS[column].viewer(essence));
        let page = Some(Viewer::Page);
        assert_eq!(viewers("text/html"), [page; 3]);
        assert_eq!(viewers(""), [page; 3]);
        assert_eq!(viewers("application/json"), [page, Some(Viewer::Isolated), page]);
        assert_eq!(viewers("application/problem+json"), [page, Some(Viewer::Isolated), page]);
        assert_eq!(viewers("text/json"), [page; 3]);
        assert_eq!(viewers("application/xhtml+xml"), [page; 3]);
        assert_eq!(viewers("application/rss+xml"), [page, None, page]);
        assert_eq!(viewers("application/rdf+xml"), [None, page, page]);
        assert_eq!(viewers("text/csv"), [None, None, page]);
        assert_eq!(viewers("application/zip"), [None; 3]);
        assert_eq!(viewers("audio/mpeg"), [Some(Viewer::AsksAgain), page, Some(Viewer::Unpredicted)]);
    }
}
