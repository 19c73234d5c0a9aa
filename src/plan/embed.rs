//! What a page embeds in other ways than by a URL alone: elements with `crossorigin`, modules, server-sent events, and
//! frames with a `sandbox`.
//!
//! What is asked for by CORS is read by the page's origin or not at all, where without it it is opaque and used all the same.
//! What a browser does with it is the rules' to know.

use url::Url;

/// An image or a script that a page asks for by CORS (HTML, section 2.5.5, CORS settings attributes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// What it is.
    pub element: Element,
    /// The URL asked for.
    pub url: Url,
    /// `crossorigin="use-credentials"`; else credentials go to the page's own origin alone.
    pub with_credentials: bool,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// `<img crossorigin>`.
    Image,
    /// `<script crossorigin>`.
    Script,
    /// `<script type="module">`: always by CORS.
    Module,
}

/// A stream of server-sent events (HTML, section 9.2): always by CORS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSource {
    /// The URL asked for.
    pub url: Url,
    /// `withCredentials`; else credentials go to the page's own origin alone.
    pub with_credentials: bool,
}

/// A frame with a `sandbox` (HTML, section 4.8.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sandboxed {
    /// The URL loaded.
    pub url: Url,
    /// What it is allowed, each a word of [`ALLOWANCES`].
    pub allows: Vec<String>,
}

/// The words that a `sandbox` can have.
pub const ALLOWANCES: [&str; 14] = [
    "allow-downloads",
    "allow-forms",
    "allow-modals",
    "allow-orientation-lock",
    "allow-pointer-lock",
    "allow-popups",
    "allow-popups-to-escape-sandbox",
    "allow-presentation",
    "allow-same-origin",
    "allow-scripts",
    "allow-storage-access-by-user-activation",
    "allow-top-navigation",
    "allow-top-navigation-by-user-activation",
    "allow-top-navigation-to-custom-protocols",
];

impl Sandboxed {
    /// Whether it is allowed something.
    pub fn allows(&self, word: &str) -> bool {
        self.allows.iter().any(|allowed| allowed == word)
    }

    /// Whether its document has no origin of its own: it is then same-origin and same-site with nothing.
    pub fn is_opaque(&self) -> bool {
        !self.allows("allow-same-origin")
    }

    /// The attribute.
    pub fn attribute(&self) -> String {
        self.allows.join(" ")
    }
}

impl Element {
    /// The key that scenario files name it by.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Script | Self::Module => "script",
        }
    }
}

impl Shared {
    /// It as HTML has it.
    pub fn html(&self) -> String {
        let mode = if self.with_credentials { "use-credentials" } else { "anonymous" };
        let url = &self.url;
        match self.element {
            Element::Image => format!("<img crossorigin=\"{mode}\" src=\"{url}\">"),
            Element::Script => format!("<script crossorigin=\"{mode}\" src=\"{url}\"></script>"),
            Element::Module if self.with_credentials => {
                format!("<script type=\"module\" crossorigin=\"{mode}\" src=\"{url}\"></script>")
            }
            Element::Module => format!("<script type=\"module\" src=\"{url}\"></script>"),
        }
    }
}
