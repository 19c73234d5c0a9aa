//! The names of browsers: `[model:]ENGINE[:POLICY]`.
//!
//! What a user writes after `--browser` and in `expect.on`, and what reports print. This file
//! knows names and what they mean, and starts nothing.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::rules::engine::Profile;
pub use crate::rules::engine::ThirdParty;

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Engine {
    /// Chromium, and what is built on it.
    Chromium,
    /// Firefox.
    Firefox,
    /// WebKitGTK. Safari shares its third-party rules, not its cookie parser.
    Webkit,
}

impl Engine {
    /// Every engine, in the order reports list them.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::Webkit];

    /// The name users write.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::Webkit => "webkit",
        }
    }

    /// The product that people know it by.
    pub const fn product(self) -> &'static str {
        match self {
            Self::Chromium => "Chrome",
            Self::Firefox => "Firefox",
            Self::Webkit => "Safari-like (WebKitGTK)",
        }
    }
}

/// A policy asked for by name, beside what the browser ships with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Policy {
    /// `allow-third-party`.
    AllowThirdParty,
    /// `block-third-party`.
    BlockThirdParty,
}

impl Policy {
    /// Every policy.
    pub const ALL: [Self; 2] = [Self::AllowThirdParty, Self::BlockThirdParty];

    /// The name users write.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AllowThirdParty => "allow-third-party",
            Self::BlockThirdParty => "block-third-party",
        }
    }
}

/// The name of a browser, as users write and reports print it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BrowserName {
    /// Whether the rules stand in for the real browser.
    pub model: bool,
    /// The engine.
    pub engine: Engine,
    /// The policy, or what the browser ships with.
    pub policy: Option<Policy>,
}

impl BrowserName {
    /// The real browser of this engine, as it ships.
    pub const fn shipped(engine: Engine) -> Self {
        Self { model: false, engine, policy: None }
    }

    /// The real browser that this is the model of, or is itself.
    pub const fn real(self) -> Self {
        Self { model: false, ..self }
    }

    /// The model of this browser, or itself where it is one.
    pub const fn modelled(self) -> Self {
        Self { model: true, ..self }
    }

    /// What people know it by: `Chrome as shipped`, `Firefox, third-party cookies blocked`.
    pub fn spoken(self) -> String {
        let product = self.engine.product();
        let policy = match (self.policy, self.engine) {
            // There is no WebKitGTK that most people use as it is shipped.
            (None, Engine::Webkit) => "",
            (None, _) => " as shipped",
            (Some(Policy::AllowThirdParty), _) => ", third-party cookies allowed",
            (Some(Policy::BlockThirdParty), _) => ", third-party cookies blocked",
        };
        let predicted = if self.model { " – predicted" } else { "" };
        format!("{product}{policy}{predicted}")
    }

    /// What the rules know of this browser: its engine as it ships, or with this policy.
    pub const fn profile(self) -> Profile {
        let shipped = match self.engine {
            Engine::Chromium => Profile::CHROMIUM,
            Engine::Firefox => Profile::FIREFOX,
            Engine::Webkit => Profile::WEBKIT,
        };
        match self.policy {
            None => shipped,
            Some(Policy::AllowThirdParty) => shipped.with_third_party(ThirdParty::Allowed),
            Some(Policy::BlockThirdParty) => shipped.with_third_party(ThirdParty::Blocked),
        }
    }

    /// What this browser does with cookies of third parties.
    pub const fn third_party(self) -> ThirdParty {
        self.profile().partitions.third_party
    }

    /// Whether what `expect.on` says for this name is meant for `browser`, and how closely:
    /// `None` where it is not, else a rank by which the closer name wins.
    ///
    /// `chromium` means Chromium under every policy and its model too; `chromium:block-third-party`
    /// means that policy however it came about; `model:…` means the model alone.
    pub fn covers(self, browser: Self) -> Option<u8> {
        let engine = self.engine == browser.engine;
        let model = !self.model || browser.model;
        let policy = self.policy.is_none() || self.third_party() == browser.third_party();
        (engine && model && policy).then(|| u8::from(self.policy.is_some()) * 2 + u8::from(self.model))
    }
}

impl fmt::Display for BrowserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.model {
            f.write_str("model:")?;
        }
        f.write_str(self.engine.as_str())?;
        match self.policy {
            Some(policy) => write!(f, ":{}", policy.as_str()),
            None => Ok(()),
        }
    }
}

/// Their names, as the command line has them.
pub fn names(browsers: impl IntoIterator<Item = BrowserName>) -> Vec<String> {
    browsers.into_iter().map(|browser| browser.to_string()).collect()
}

/// Browsers in a row: "chromium, firefox and webkit". A browser and its model are one.
pub fn listed(browsers: &[BrowserName]) -> String {
    let mut words: Vec<String> = browsers.iter().map(|browser| browser.real().to_string()).collect();
    let mut known = BTreeSet::new();
    words.retain(|word| known.insert(word.clone()));
    match words.is_empty() {
        true => "no browser".to_owned(),
        false => crate::text::listed(words),
    }
}

/// A name that is no browser's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownBrowser {
    /// The word at fault.
    pub word: String,
    /// What may stand in its place.
    pub expected: &'static [&'static str],
}

/// What people call browsers, and the engine that stands for each here.
const OTHER_NAMES: [(&str, &str); 13] = [
    ("chrome", "chromium"),
    ("google-chrome", "chromium"),
    ("googlechrome", "chromium"),
    ("edge", "chromium"),
    ("msedge", "chromium"),
    ("brave", "chromium"),
    ("opera", "chromium"),
    ("gecko", "firefox"),
    ("firefox-esr", "firefox"),
    ("mozilla", "firefox"),
    ("safari", "webkit"),
    ("webkitgtk", "webkit"),
    ("epiphany", "webkit"),
];

impl UnknownBrowser {
    /// The engine that people call by this word.
    pub fn other_name(&self) -> Option<&'static str> {
        let word = self.word.to_ascii_lowercase();
        let other =
            OTHER_NAMES.iter().find(|(other, engine)| *other == word && self.expected.contains(engine));
        other.map(|(_, engine)| *engine)
    }
}

impl fmt::Display for UnknownBrowser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not one of {}", self.word, self.expected.join(", "))?;
        match self.other_name() {
            Some(engine) => write!(f, "; its engine is `{engine}`"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for UnknownBrowser {}

impl FromStr for BrowserName {
    type Err = UnknownBrowser;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut words = name.split(':').peekable();
        let model = words.next_if_eq(&"model").is_some();
        let engine = match words.next() {
            None if model => Engine::Chromium,
            word => {
                let word = word.unwrap_or_default();
                Engine::ALL.into_iter().find(|engine| engine.as_str() == word).ok_or_else(|| {
                    UnknownBrowser {
                        word: word.to_owned(),
                        expected: &["chromium", "firefox", "webkit", "model"],
                    }
                })?
            }
        };
        let rest: Vec<&str> = words.collect();
        let policy =
            match rest.as_slice() {
                [] => None,
                rest => {
                    let word = rest.join(":");
                    let policy = Policy::ALL.into_iter().find(|policy| policy.as_str() == word);
                    Some(policy.ok_or(UnknownBrowser {
                        word,
                        expected: &["allow-third-party", "block-third-party"],
                    })?)
                }
            };
        Ok(Self { model, engine, policy })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> BrowserName {
        text.parse().expect("the test names a browser")
    }

    #[test]
    fn names_are_read_and_printed_alike() {
        for text in [
            "chromium",
            "firefox:allow-third-party",
            "webkit:block-third-party",
            "model:webkit",
            "model:firefox:block-third-party",
        ] {
            assert_eq!(name(text).to_string(), text);
        }
        assert_eq!(name("model"), name("model:chromium"));
    }

    #[test]
    fn a_policy_is_that_of_the_name_or_as_shipped() {
        for (text, policy) in [
            ("chromium", ThirdParty::Allowed),
            ("model:chromium:block-third-party", ThirdParty::Blocked),
            ("firefox", ThirdParty::Partitioned),
            ("firefox:allow-third-party", ThirdParty::Allowed),
            ("webkit", ThirdParty::Blocked),
        ] {
            assert_eq!(name(text).profile().partitions.third_party, policy, "{text}");
        }
    }

    #[test]
    fn a_wrong_word_is_named() {
        for (text, word) in [
            ("chrome", "chrome"),
            ("", ""),
            ("chromium:block", "block"),
            ("model:", ""),
            ("chromium:block-third-party:x", "block-third-party:x"),
        ] {
            assert_eq!(text.parse::<BrowserName>().expect_err(text).word, word);
        }
    }

    #[test]
    fn the_closer_name_wins() {
        let covers = |on: &str, browser: &str| name(on).covers(name(browser));
        assert_eq!(covers("chromium", "firefox"), None);
        assert_eq!(covers("model:chromium", "chromium"), None);
        assert_eq!(covers("chromium:block-third-party", "chromium"), None);
        assert!(
            covers("chromium:allow-third-party", "chromium").is_some(),
            "allowing is what chromium ships with"
        );
        assert!(covers("chromium", "model:chromium:block-third-party").is_some());
        assert!(
            covers("chromium:block-third-party", "chromium:block-third-party")
                > covers("chromium", "chromium:block-third-party")
        );
    }
}
