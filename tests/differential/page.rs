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
    /// A frame with this `sandbox`.
    Sandboxed(String, &'static str),
    /// A frame whose document stands in the page, and shows an image and asks for it.
    Srcdoc(String),
    /// A style sheet.
    Style(String),
    /// An image that is asked for by CORS, with credentials or without.
    Shared(String, bool),
    /// A module, which is always asked for by CORS.
    Module(String),
    /// A script that sends a beacon.
    Beacon(String),
    /// A script that reads a stream of events, and closes it at its first word.
    Events(String),
    /// A script that writes a cookie, and then asks for a URL.
    WriteThen(Line, String),
    /// A script that adds a frame or an image to the page.
    Adds(&'static str, String),
    /// A script that asks for a URL once the page is loaded.
    Loaded(String),
    /// A form with a field, a button and a link beside it.
    Form(String, &'static str),
}

impl Piece {
    /// Where it leads, where it leads anywhere.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Frame(url) | Self::Image(url) | Self::Fetch(url, _) | Self::Source(url) => Some(url),
            Self::Post(url, _) | Self::Xhr(url, _) | Self::FetchThen(url, _) => Some(url),
            Self::Sandboxed(url, _) | Self::Srcdoc(url) | Self::Style(url) | Self::Shared(url, _) => {
                Some(url)
            }
            Self::Module(url) | Self::Beacon(url) | Self::Events(url) | Self::WriteThen(_, url) => Some(url),
            Self::Adds(_, url) | Self::Loaded(url) | Self::Form(url, _) => Some(url),
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
            Self::Write(line) => format!("<script>document.cookie = '{}';</script>", in_a_script(line)),
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
            Self::Sandboxed(url, allows) => {
                format!("<iframe sandbox=\"{allows}\" src=\"{}\"></iframe>", whole(url)?)
            }
            Self::Srcdoc(url) => {
                let url = whole(url)?;
                format!(
                    "<iframe srcdoc=\"<img src='{url}'><script>fetch('{url}', {{ credentials: 'include' }})\
                     .catch(() => 0)</script>\"></iframe>"
                )
            }
            Self::Style(url) => format!("<link rel=\"stylesheet\" href=\"{}\">", whole(url)?),
            Self::Shared(url, true) => {
                format!("<img crossorigin=\"use-credentials\" src=\"{}\">", whole(url)?)
            }
            Self::Shared(url, false) => format!("<img crossorigin src=\"{}\">", whole(url)?),
            Self::Module(url) => format!("<script type=\"module\" src=\"{}\"></script>", whole(url)?),
            Self::Beacon(url) => format!("<script>navigator.sendBeacon('{}');</script>", whole(url)?),
            Self::Events(url) => format!(
                "<script>{{ const events = new EventSource('{}', {{ withCredentials: true }}); \
                 events.onopen = events.onerror = () => events.close(); }}</script>",
                whole(url)?
            ),
            Self::WriteThen(line, url) => format!(
                "<script>document.cookie = '{}'; fetch('{}', {{ credentials: 'include' }}).catch(() => 0);</script>",
                in_a_script(line),
                whole(url)?
            ),
            Self::Adds(element, url) => format!(
                "<script>{{ const added = document.createElement('{element}'); added.src = '{}'; \
                 document.documentElement.append(added); }}</script>",
                whole(url)?
            ),
            Self::Loaded(url) => format!(
                "<script>addEventListener('load', () => fetch('{}', {{ credentials: 'include' }}).catch(() => 0));\
                 </script>",
                whole(url)?
            ),
            Self::Form(url, method) => {
                let url = whole(url)?;
                format!(
                    "<form action=\"{url}\" method=\"{method}\"><input name=\"q\"><button id=\"go\">go</button></form>\
                     <a id=\"next\" href=\"{url}\">next</a>"
                )
            }
        })
    }
}

/// The line, as it can stand in quotes in a script.
fn in_a_script(line: &Line) -> String {
    line.to_text().replace(['\\', '\'', '<', '\n', '\r', '\0'], "")
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
