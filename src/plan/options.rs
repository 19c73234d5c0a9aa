//! What a call of `fetch()` says beside URL, method, credentials, headers and body.
//!
//! The words are those of Fetch, section 5.4 (`RequestInit`). What they do to a request is the rules' to know.

use crate::rules::context::Mode;

/// How a call of `fetch()` is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchOptions {
    /// The mode: `cors`, `no-cors` or `same-origin`.
    pub mode: Mode,
    /// What becomes of a redirect.
    pub redirect: Redirect,
    /// How the browser's cache is used.
    pub cache: Cache,
    /// Whether the request outlives the page.
    pub keepalive: bool,
}

/// What becomes of a redirect: Fetch, section 2.2.5, redirect mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redirect {
    /// It is followed.
    #[default]
    Follow,
    /// It is an error.
    Error,
    /// It is not followed, and its answer is opaque.
    Manual,
}

/// How the browser's cache is used: Fetch, section 2.2.5, cache mode, but for `only-if-cached`, which asks nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cache {
    /// As HTTP has it.
    #[default]
    Default,
    /// Not at all.
    NoStore,
    /// What comes is kept, and what is kept is not looked at.
    Reload,
    /// What is kept is asked about first.
    NoCache,
    /// What is kept is taken, however old.
    ForceCache,
}

impl FetchOptions {
    /// The modes that a call can have.
    pub const MODES: [Mode; 3] = [Mode::Cors, Mode::NoCors, Mode::SameOrigin];
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self { mode: Mode::Cors, redirect: Redirect::Follow, cache: Cache::Default, keepalive: false }
    }
}

impl Redirect {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Follow, Self::Error, Self::Manual];

    /// The word that `fetch` takes.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Follow => "follow",
            Self::Error => "error",
            Self::Manual => "manual",
        }
    }
}

impl Cache {
    /// All there are.
    pub const ALL: [Self; 5] = [Self::Default, Self::NoStore, Self::Reload, Self::NoCache, Self::ForceCache];

    /// The word that `fetch` takes.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::NoStore => "no-store",
            Self::Reload => "reload",
            Self::NoCache => "no-cache",
            Self::ForceCache => "force-cache",
        }
    }
}
