//! The actions a step can have, as one table: what the reader, the README, the help and the JSON Schema know
//! of them.
//!
//! What an action does in a browser is not here: that is each browser's own.

/// What a scenario can say of one action.
#[derive(Clone, Copy, Debug)]
pub struct ActionWord {
    /// Its key in a step.
    pub key: &'static str,
    /// What it does, in one line.
    pub does: &'static str,
    /// A step's line that has it.
    pub example: &'static str,
    /// What it holds.
    pub takes: Takes,
    /// Whether a page must be open.
    pub needs_page: bool,
    /// Whether it can be done inside a frame.
    pub inside: bool,
    /// Whose doing it is.
    pub by: By,
}

/// What an action holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// `ORIGIN:/path`, or a whole URL.
    Address,
    /// An address, or a table with a `url`.
    AddressOrTable,
    /// A text.
    Text,
    /// A table of texts.
    Texts,
    /// A length of time.
    Time,
    /// `true`, a text or a table.
    TrueOrText,
    /// `true`.
    True,
}

/// Whose doing an action is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The user's, outside any page: the address bar, the browser's menus, the clock.
    User,
    /// The user's, on the page: a click.
    UserOnPage,
    /// The page's own script's.
    Page,
}

/// The actions there are, in the order in which they are told.
pub static ACTIONS: [ActionWord; 23] = [
    user("visit", "types a URL into the address bar", "visit = \"web:/\"", Takes::Address, false),
    on_page("link", "clicks a link on the page", "link = \"api:/\"", Takes::Address),
    on_page(
        "form",
        "submits a form of the page",
        "form = { url = \"api:/login\", method = \"POST\", fields = { user = \"a\" } }",
        Takes::AddressOrTable,
    ),
    on_page("click", "clicks what a CSS selector finds", "click = \"#login\"", Takes::Text),
    on_page(
        "fill",
        "types into fields of the page",
        "fill = { \"input[name=email]\" = \"a@b.c\" }",
        Takes::Texts,
    ),
    user("reload", "loads the page again", "reload = true", Takes::True, true),
    user("back", "goes one entry back in the tab's history", "back = true", Takes::True, true),
    page("image", "adds an image to the page", "image = \"api:/x.png\"", Takes::AddressOrTable),
    page("script", "adds a script to the page", "script = \"api:/x.js\"", Takes::AddressOrTable),
    page("iframe", "adds a frame to the page", "iframe = \"api:/\"", Takes::AddressOrTable),
    page(
        "popup",
        "opens a window from the page, loads it, and closes it again",
        "popup = \"api:/\"",
        Takes::Address,
    ),
    page("beacon", "sends a beacon: a POST, with cookies", "beacon = \"api:/seen\"", Takes::Address),
    page(
        "websocket",
        "opens a WebSocket, whose handshake is what matters",
        "websocket = \"api:/live\"",
        Takes::Address,
    ),
    page(
        "eventsource",
        "opens a stream of server-sent events, and closes it once it is open",
        "eventsource = { url = \"api:/events\", with_credentials = true }",
        Takes::AddressOrTable,
    ),
    page(
        "fetch",
        "calls `fetch()` in the page",
        "fetch = { url = \"api:/login\", method = \"POST\", credentials = \"include\", json = { user = \"a\" } }",
        Takes::AddressOrTable,
    ),
    page(
        "xhr",
        "sends an `XMLHttpRequest` from the page",
        "xhr = { url = \"api:/me\", with_credentials = true }",
        Takes::AddressOrTable,
    ),
    page(
        "document_cookie",
        "reads `document.cookie`, or writes it first",
        "document_cookie = \"a=1; path=/\"",
        Takes::TrueOrText,
    ),
    page(
        "storage_access",
        "asks for storage access as a user's doing; what it read is `granted` or `denied`",
        "storage_access = true",
        Takes::True,
    ),
    page("eval", "runs a script in the page", "eval = \"document.title\"", Takes::Text),
    user(
        "wait",
        "waits until a request for that URL was answered, whoever makes it",
        "wait = \"api:/me\"",
        Takes::Address,
        false,
    ),
    user(
        "clear",
        "clears cookies, storage and caches, as a user does; the page stays",
        "clear = true",
        Takes::True,
        false,
    ),
    user(
        "restart",
        "closes the browser and starts it again with its profile: session cookies go",
        "restart = true",
        Takes::True,
        false,
    ),
    user("advance", "lets time pass: `s`, `m`, `h` or `d`", "advance = \"31m\"", Takes::Time, false),
];

const fn user(
    key: &'static str,
    does: &'static str,
    example: &'static str,
    takes: Takes,
    needs_page: bool,
) -> ActionWord {
    ActionWord { key, does, example, takes, needs_page, inside: false, by: By::User }
}

const fn on_page(key: &'static str, does: &'static str, example: &'static str, takes: Takes) -> ActionWord {
    ActionWord { key, does, example, takes, needs_page: true, inside: true, by: By::UserOnPage }
}

const fn page(key: &'static str, does: &'static str, example: &'static str, takes: Takes) -> ActionWord {
    ActionWord { key, does, example, takes, needs_page: true, inside: true, by: By::Page }
}
