//! What a page's HTML makes a browser ask for, as far as that can be told without running it.
//!
//! A tokenizer reads the page; images, scripts, style sheets and frames are listed. Whatever else a page
//! may load or run is a [`doubt`](Embedded::doubt), and never guessed at.

use std::collections::HashSet;

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StartTag, Token, Tokenizer};
use url::Url;

/// How many things of a page are listed: more than are loaded, as some of them are not asked for.
const MOST: usize = 4 * super::load::MOST;

/// What a page embeds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Embedded {
    /// What it asks for, in the order of the page.
    pub(super) resources: Vec<(Kind, Url)>,
    /// The first thing for which it cannot be told what the browser does.
    pub(super) doubt: Option<String>,
}

/// What a resource is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Image,
    Script,
    Style,
    Frame,
}

/// The media types of scripts that run; of any other type a script is data (HTML, the script element).
const SCRIPTS: [&str; 5] =
    ["", "text/javascript", "application/javascript", "module", "application/x-javascript"];

/// What a page at this URL embeds.
pub(super) fn embedded(html: &[u8], url: &Url) -> Embedded {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut reader = Reader {
        found: Embedded::default(),
        seen: HashSet::new(),
        base: url.clone(),
        inert: None,
        text: Text::Page,
    };
    for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
        reader.take(&token);
    }
    reader.found
}

/// Whether a style sheet asks for more.
pub(super) fn asks_for_more(css: &[u8]) -> bool {
    let css = css.to_ascii_lowercase();
    let has = |word: &[u8]| css.windows(word.len()).any(|window| window == word);
    has(b"url(") || has(b"@import") || has(b"image-set(")
}

/// Whether a script is seen to do nothing: it is empty, or data, or markup, or names one thing and no more.
pub(super) fn does_nothing(script: &[u8]) -> bool {
    let script = script.trim_ascii();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    let is_markup = script.starts_with(b"<") && !script.starts_with(b"<!--");
    is_markup || script.iter().all(is_name) || serde_json::from_slice::<serde::de::IgnoredAny>(script).is_ok()
}

struct Reader {
    found: Embedded,
    /// The URLs in it.
    seen: HashSet<Url>,
    /// What relative URLs are relative to.
    base: Url,
    /// Inside an element whose content does nothing: its name, and how deep.
    inert: Option<(Vec<u8>, usize)>,
    text: Text,
}

/// What the text that comes next is.
enum Text {
    Page,
    Script,
    Style,
}

impl Reader {
    fn take(&mut self, token: &Token) {
        match token {
            Token::StartTag(tag) => self.start(tag),
            Token::EndTag(tag) => {
                self.text = Text::Page;
                if let Some((name, depth)) = &mut self.inert
                    && *name == **tag.name
                {
                    *depth -= 1;
                    if *depth == 0 {
                        self.inert = None;
                    }
                }
            }
            Token::String(text) if self.inert.is_none() => match self.text {
                Text::Script if !text.trim_ascii().is_empty() => self.doubt("it runs a script"),
                Text::Style if asks_for_more(text) => self.doubt("its styles ask for more"),
                _ => {}
            },
            _ => {}
        }
    }

    fn start(&mut self, tag: &StartTag<()>) {
        self.text = Text::Page;
        let name: &[u8] = &tag.name;
        if let Some((inert, depth)) = &mut self.inert {
            *depth += usize::from(inert == name);
            return;
        }
        let element = Element { tag };
        if tag.attributes.keys().any(|name| name.starts_with(b"on")) {
            self.doubt("it runs a script");
        }
        if element.has_word("style", "url(") || element.value("background").is_some() {
            self.doubt("its styles ask for more");
        }
        match name {
            // The content of a template does nothing, and where scripts run that of noscript is text.
            b"template" | b"noscript" if !tag.self_closing => self.inert = Some((name.to_vec(), 1)),
            b"base" => {
                if let Some(base) = element.value("href").and_then(|href| self.base.join(&href).ok()) {
                    self.base = base;
                }
            }
            b"img" => self.image(&element),
            b"input" if element.is("type", "image") => self.image(&element),
            b"iframe" => self.frame(&element),
            b"script" => self.script(&element),
            b"style" => self.text = Text::Style,
            b"link" => self.link(&element),
            b"meta" => self.meta(&element),
            b"video" | b"audio" | b"source" | b"track" | b"embed" | b"object" | b"frame" | b"image"
            | b"use" | b"portal" | b"fencedframe" => {
                let loads = ["src", "srcset", "data", "href", "xlink:href", "poster"];
                if loads.iter().any(|attribute| element.value(attribute).is_some()) {
                    self.doubt(&format!("it has a `{}`", String::from_utf8_lossy(name)));
                }
            }
            _ => {}
        }
    }

    fn image(&mut self, element: &Element<'_>) {
        if element.has("srcset") || element.is("loading", "lazy") || element.has("crossorigin") {
            return self.doubt("it has an image with `srcset`, `loading` or `crossorigin`");
        }
        self.add(Kind::Image, element.value("src"));
    }

    fn frame(&mut self, element: &Element<'_>) {
        if element.has("srcdoc") || element.has("sandbox") || element.is("loading", "lazy") {
            return self.doubt("it has a frame with `srcdoc`, `sandbox` or `loading`");
        }
        self.add(Kind::Frame, element.value("src"));
    }

    fn script(&mut self, element: &Element<'_>) {
        let media = element.value("type").unwrap_or_default().to_ascii_lowercase();
        if !SCRIPTS.contains(&media.as_str()) || element.has("nomodule") {
            return;
        }
        if element.has("crossorigin") || media == "module" {
            return self.doubt("it has a script with `crossorigin` or of type `module`");
        }
        match element.value("src") {
            Some(source) => self.add(Kind::Script, Some(source)),
            None => self.text = Text::Script,
        }
    }

    fn link(&mut self, element: &Element<'_>) {
        let relations = element.value("rel").unwrap_or_default().to_ascii_lowercase();
        for relation in relations.split_ascii_whitespace() {
            match relation {
                "stylesheet" if element.has("disabled") => {}
                "stylesheet" if element.has("crossorigin") => {
                    self.doubt("it has a style sheet with `crossorigin`");
                }
                "stylesheet" => self.add(Kind::Style, element.value("href")),
                "icon" | "apple-touch-icon" | "mask-icon" => {
                    // Whether and when a browser shows an icon is its own affair.
                    let inline = element.value("href").is_none_or(|href| href.starts_with("data:"));
                    if !inline {
                        self.doubt("it has an icon of its own");
                    }
                }
                "preload" | "prefetch" | "modulepreload" | "prerender" | "manifest" => {
                    self.doubt(&format!("it has a link of relation `{relation}`"));
                }
                _ => {}
            }
        }
    }

    fn meta(&mut self, element: &Element<'_>) {
        for pragma in ["refresh", "content-security-policy"] {
            if element.is("http-equiv", pragma) {
                self.doubt(&format!("it has a meta element `{pragma}`"));
            }
        }
    }

    fn add(&mut self, kind: Kind, source: Option<String>) {
        let Some(source) = source.filter(|source| !source.is_empty()) else { return };
        let Ok(mut url) = self.base.join(&source) else { return };
        url.set_fragment(None);
        match url.scheme() {
            "http" | "https" if self.seen.contains(&url) => {
                self.doubt("it embeds one URL twice, which a browser may ask for once or twice");
            }
            "http" | "https" if self.found.resources.len() >= MOST => {
                self.doubt("it embeds so many things");
            }
            "http" | "https" => {
                self.seen.insert(url.clone());
                self.found.resources.push((kind, url));
            }
            "about" => {}
            "data" if kind == Kind::Image => {}
            _ => self.doubt("it embeds a URL that is not of http"),
        }
    }

    fn doubt(&mut self, why: &str) {
        self.found.doubt.get_or_insert_with(|| why.to_owned());
    }
}

struct Element<'t> {
    tag: &'t StartTag<()>,
}

impl Element<'_> {
    /// An attribute's value, without surrounding space.
    fn value(&self, name: &str) -> Option<String> {
        let value = self.tag.attributes.get(name.as_bytes())?;
        Some(String::from_utf8_lossy(value).trim().to_owned())
    }

    fn has(&self, name: &str) -> bool {
        self.tag.attributes.contains_key(name.as_bytes())
    }

    fn is(&self, name: &str, expected: &str) -> bool {
        self.value(name).is_some_and(|value| value.eq_ignore_ascii_case(expected))
    }

    fn has_word(&self, name: &str, word: &str) -> bool {
        self.value(name).is_some_and(|value| value.to_ascii_lowercase().contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> (Vec<String>, Option<String>) {
        let url = Url::parse("https://a.example/app/page").expect("a URL");
        let found = embedded(html.as_bytes(), &url);
        let resources = found.resources.iter().map(|(kind, url)| format!("{kind:?} {}", url.path()));
        (resources.collect(), found.doubt)
    }

    fn resources(html: &str) -> Vec<String> {
        let (resources, doubt) = read(html);
        assert_eq!(doubt, None, "{html}");
        resources
    }

    #[test]
    fn what_a_page_embeds_is_listed_in_order() {
        let html = "<!doctype html><title><img src=/no></title><link rel=stylesheet href=s.css>
            <SCRIPT SRC=/assets/app.js></SCRIPT><img src='i.png#part'><input type=image src=/b.png>
            <iframe src=../frame></iframe><img src=\"\"><img><iframe></iframe><iframe src=about:blank></iframe>";
        let expected =
            ["Style /app/s.css", "Script /assets/app.js", "Image /app/i.png", "Image /b.png", "Frame /frame"];
        assert_eq!(resources(html), expected);
        assert_eq!(resources("<base href=/base/><img src=i.png>"), ["Image /base/i.png"]);
    }

    #[test]
    fn what_does_nothing_is_not() {
        for html in [
            "<!-- <img src=/no> -->",
            "<textarea><img src=/no></textarea>",
            "<template><template><img src=/no></template><img src=/no></template>",
            "<noscript><img src=/no></noscript>",
            "<script type=application/json>{\"<img src=/no>\": 1}</script>",
            "<script nomodule src=/no></script><script></script>",
            "<style>img { color: red }</style><link rel=stylesheet href=/no disabled>",
            "<link rel=icon href=data:,><link rel=canonical href=/no><img src=data:image/png;base64,>",
            "<a href=/no>no</a><form action=/no></form>",
        ] {
            assert_eq!(resources(html), [""; 0], "{html}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_a_doubt() {
        for html in [
            "<script>fetch('/')</script>",
            "<script type=module src=/x></script>",
            "<body onload=x()>",
            "<style>a { background: URL(/x) }</style>",
            "<p style='background: url(/x)'>",
            "<iframe srcdoc='<img>'></iframe>",
            "<iframe sandbox src=/x></iframe>",
            "<iframe src='javascript:1'></iframe>",
            "<img src=/x><img src=/x#y>",
            "<img srcset='/x 2x'>",
            "<link rel='shortcut icon' href=/x.ico>",
            "<meta http-equiv=Refresh content='0; url=/x'>",
            "<video src=/x></video>",
            "<svg><image href=/x></svg>",
        ] {
            assert!(read(html).1.is_some(), "{html}");
        }
    }

    #[test]
    fn of_ever_so_many_things_the_first_are_listed_in_order() {
        let images = |count: usize| (0..count).map(|index| format!("<img src=/{index}>")).collect::<String>();
        let expected: Vec<_> = (0..MOST).map(|index| format!("Image /{index}")).collect();
        assert_eq!(resources(&images(MOST)), expected);
        let (listed, doubt) = read(&images(20_000));
        assert_eq!((listed, doubt.as_deref()), (expected, Some("it embeds so many things")));
    }

    #[test]
    fn any_bytes_are_read() {
        for html in [&b"\xff<img src=\xff\xfe>"[..], b"<", b"<img src=", b"<!--", b"<script>", b"\0"] {
            embedded(html, &Url::parse("https://a.example/").expect("a URL"));
        }
    }
}
