//! A fix tried on real servers: what came of it in each browser.
//!
//! The rules find a fix without asking the servers. Whether it works there shows when it is laid over their answers and
//! the scenario runs once more, in the real browser. Nothing here runs anything: who can is asked.

use crate::browser_name::BrowserName;

/// Whether a fix was tried on the real servers of a scenario, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trial {
    /// There is no real server: what the rules say of the answers is all there is.
    #[default]
    Needless,
    /// It can be tried, and was not asked to be.
    Possible,
    /// It cannot be laid over the answers, and this is why: a lower-case fragment.
    NotPossible(String),
    /// It was tried.
    Done(Vec<Tried>),
}

/// What came of it in one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The browser.
    pub browser: BrowserName,
    /// What of the scenario's claims did not hold then: one message each. Empty where the fix works.
    pub failed: Vec<String>,
    /// Why it could not be tried there.
    pub error: Option<String>,
}

impl Tried {
    /// Whether the fix works.
    pub fn works(&self) -> bool {
        self.failed.is_empty() && self.error.is_none()
    }
}
