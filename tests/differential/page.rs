//! Pages that do something by themselves: frames in frames, images, and scripts that write cookies and ask for things.
//!
//! Nothing here chooses anything. A page names origins as steps do, and is written with their whole URLs, as HTML has
//! them.

use super::case::{Line, Origin};

/// Something on a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// A frame that shows this URL.
    Frame(String),
    /// An image.
    Image(String),
    /// A script that does nothing with cookies.
    Idle,
    /// A script that writes a cookie.
    Write(Line),
    /// A script that asks for a URL, with this credentials mode.
    Fetch(String, &'static str),
    /// A script that posts to a URL, which has to be allowed by a preflight where it is another origin's.
    Post(String, &'static str),
    /// A script that asks for a URL by XMLHttpRequest, with credentials or without.
    Xhr(String, bool),
    /// A script that asks for one URL, and when that is over for another.
    FetchThen(String, String),
    /// A script that is loaded from a URL.
    Source(String),
}

impl Piece {
    /// Where it leads, where it leads anywhere.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Frame(url) | Self::Image(url) | Self::Fetch(url, _) | Self::Source(url) => Some(url),
            Self::Post(url, _) | Self::Xhr(url, _) | Self::FetchThen(url, _) => Some(url),
            Self::Idle | Self::Write(_) => None,
        }
    }

    fn html(&self, origins: &[Origin]) -> Option<String> {
        let whole = |url: &str| {
            let (name, path) = url.split_once(':')?;
            let origin = origins.iter().find(|origin| origin.name == name)?;
            Some(format!("{}{path}", origin.url))
        };
        Some(match self {
            Self::Frame(url) => format!("<iframe src=\"{}\"></iframe>", whole(url)?),
            Self::Image(url) => format!("<img src=\"{}\">", whole(url)?),
            Self::Idle => "<script>window.seen = true;</script>".to_owned(),
            Self::Write(line) => {
                let line = line.to_text().replace(['\\', '\'', '<', '\n', '\r', '\0'], "");
                format!("<script>document.cookie = '{line}';</script>")
            }
            Self::Fetch(url, credentials) => format!(
                "<script>fetch('{}', {{ credentials: '{credentials}' }}).catch(() => 0);</script>",
                whole(url)?
            ),
            Self::Post(url, credentials) => format!(
                "<script>fetch('{}', {{ method: 'POST', credentials: '{credentials}', body: '{{}}', \
                 headers: {{ 'content-type': 'application/json' }} }}).catch(() => 0);</script>",
                whole(url)?
            ),
            Self::Xhr(url, credentials) => format!(
                "<script>{{ const xhr = new XMLHttpRequest(); xhr.open('GET', '{}'); \
                 xhr.withCredentials = {credentials}; xhr.send(); }}</script>",
                whole(url)?
            ),
            Self::FetchThen(first, then) => format!(
                "<script>fetch('{}', {{ credentials: 'include' }}).catch(() => 0).finally(() => \
                 fetch('{}', {{ credentials: 'include' }}).catch(() => 0));</script>",
                whole(first)?,
                whole(then)?
            ),
            Self::Source(url) => format!("<script src=\"{}\"></script>", whole(url)?),
        })
    }
}

/// The document with these pieces.
pub fn html(pieces: &[Piece], origins: &[Origin]) -> String {
    let body: String = pieces.iter().filter_map(|piece| piece.html(origins)).collect();
    format!("<!doctype html><title>rehearsal</title>{body}")
}

#[test]
fn a_page_names_what_is_there() {
    let origins = [Origin {
        name: "api".to_owned(),
        url: "https://api.example.com".to_owned(),
        cors: None,
        routes: Vec::new(),
    }];
    let pieces = [
        Piece::Frame("api:/inner".to_owned()),
        Piece::Image("gone:/x".to_owned()),
        Piece::Write(Line { pair: "a='1'".to_owned(), attributes: vec!["Path=/".to_owned()] }),
    ];
    let html = html(&pieces, &origins);
    assert!(html.contains("<iframe src=\"https://api.example.com/inner\">"), "{html}");
    assert!(html.ends_with("<script>document.cookie = 'a=1; Path=/';</script>"), "{html}");
}
