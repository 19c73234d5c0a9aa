//! Where scripts of a step's documents may have written cookies: the tab's, those of frames and of windows, and those
//! behind redirects.
//!
//! A page sees the cookies at its own path and above. For those below it the text of scripts is searched for `path=`.
//! That says where to look and nothing else: what is there the jar tells.

use url::Url;

use super::jar::Spot;
use crate::observe::Exchange;

/// How many paths of scripts are looked at.
const MOST: usize = 8;

/// Where the scripts of documents that came in these exchanges may have written, and in those that were there already.
pub(super) fn spots<'e>(exchanges: &'e [Exchange], pages: impl Iterator<Item = &'e Url>) -> Vec<Spot> {
    let came = exchanges.iter().filter(|exchange| is_document(exchange)).map(|exchange| &exchange.wire.url);
    let mut documents: Vec<&Url> = Vec::new();
    for url in pages.chain(came) {
        if !documents.contains(&url) {
            documents.push(url);
        }
    }
    let mut paths: Vec<String> = Vec::new();
    for exchange in exchanges {
        for path in paths_in(&exchange.wire.bodies.response.bytes) {
            if paths.len() < MOST && !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    let of_pages = documents.iter().copied().filter_map(Spot::of_page);
    let of_paths = documents.iter().flat_map(|url| paths.iter().filter_map(|path| Spot::at(url, path)));
    of_pages.chain(of_paths).collect()
}

/// Whether an answer may be a document with scripts, in a tab, a window or a frame.
fn is_document(exchange: &Exchange) -> bool {
    let wire = &exchange.wire;
    let media = wire.response_header("content-type").unwrap_or_default().to_ascii_lowercase();
    let is_page = [b"text/html".as_slice(), b"application/xhtml", b"image/svg"];
    // WebKit sends no metadata after a redirect.
    let navigates = match wire.request_header("sec-fetch-mode") {
        Some(mode) => mode == b"navigate",
        None => wire.method == "GET" || wire.request_header("upgrade-insecure-requests").is_some(),
    };
    navigates && is_page.iter().any(|kind| media.starts_with(kind))
}

/// The paths that attributes in this text have.
fn paths_in(text: &[u8]) -> Vec<String> {
    const NAME: &[u8] = b"path=";
    let starts = (0..text.len().saturating_sub(NAME.len()))
        .filter(|&at| text[at..at + NAME.len()].eq_ignore_ascii_case(NAME));
    let value = |at: usize| {
        let rest = &text[at + NAME.len()..];
        let end = rest.iter().position(|byte| b";'\"`<>\\ \r\n".contains(byte)).unwrap_or(rest.len());
        std::str::from_utf8(&rest[..end]).ok().filter(|path| path.starts_with('/')).map(str::to_owned)
    };
    starts.filter_map(value).collect()
}

#[test]
fn the_paths_of_a_scripts_lines_are_found() {
    let text =
        b"<script>document.cookie = 'a=1; Path=/api'; x = \"b=2;path=/x;secure\"; 'Path=api; path='</script>";
    assert_eq!(paths_in(text), ["/api", "/x"]);
    assert_eq!(paths_in(b"path="), [""; 0]);
}
