//! From what a person does in a browser to a scenario.
//!
//! A script in every page tells what was clicked, typed and submitted ([`DOINGS`]); [`doing`] makes steps of that;
//! [`expect`] makes expectations of what was seen during each; [`write`] puts them behind the world that was there before.
//!
//! What is typed into a password field never comes here. Nothing here speaks to a browser or writes a file.

pub mod doing;
pub mod expect;
pub mod write;

use url::Url;

pub use doing::{Doing, Told};
pub use write::written;

use self::expect::Seen;

/// The function that tells what a person does in a page. Its one argument is what it tells by.
pub fn doings() -> &'static str {
    const DOINGS: &str = include_str!("doings.js");
    let code = DOINGS.find("(tell)").unwrap_or_default();
    &DOINGS[code..]
}

/// A step that a person took.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// What was done.
    pub did: Did,
    /// What was seen during it. `None` where it cannot be told apart from what was done next.
    pub seen: Option<Seen>,
}

/// What a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Did {
    /// Typed an address.
    Visit(Url),
    /// Loaded the page again.
    Reload,
    /// Went back.
    Back,
    /// Clicked what this selector finds.
    Click(String),
    /// Typed into fields, each found by a selector.
    Fill(Vec<(String, Text)>),
    /// Submitted a form that has no button, with the Enter key.
    Submit(String),
    /// Waited: the page went to this address by itself.
    Wait(Url),
}

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// This.
    Plain(String),
    /// What nobody is told, into a field of this name.
    Secret(String),
}
