//! From a browser's name to what the rules need to know of it.
//!
//! The only place where a name decides anything; from here on it is data.

use crate::browser::name::{BrowserName, Engine, ThirdParty};
use crate::rules::engine::{self, Profile};

/// What the model does as one browser does it.
#[derive(Clone, Debug)]
pub(super) struct Manners {
    /// What the browser does with cookies.
    pub(super) cookies: Profile,
    /// For how many seconds the answer to a preflight is remembered at most, whatever
    /// `Access-Control-Max-Age` says.
    ///
    /// Chromium: two hours. Firefox: a day. WebKit: ten minutes. All documented; without the header all
    /// keep it for the 5 seconds of Fetch.
    pub(super) longest_preflight: i64,
}

impl Manners {
    /// The manners of a browser.
    pub(super) fn of(browser: BrowserName) -> Self {
        let (cookies, longest_preflight) = match browser.engine {
            Engine::Chromium => (Profile::CHROMIUM, 7_200),
            Engine::Firefox => (Profile::FIREFOX, 86_400),
            Engine::Webkit => (Profile::WEBKIT, 600),
        };
        let policy = match browser.third_party() {
            ThirdParty::Allowed => engine::ThirdParty::Allow,
            ThirdParty::Partitioned => engine::ThirdParty::Partition,
            ThirdParty::Blocked => engine::ThirdParty::Block,
        };
        Self { cookies: cookies.with_third_party(policy), longest_preflight }
    }
}
