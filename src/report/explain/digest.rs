//! What becomes of each cookie and of the answer, decided once for every format.

use crate::browser_name::BrowserName;
use crate::explain::question::{Answer, CookieOutcome};

/// One line of the answer: what becomes of one thing, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// The cookie's name; nothing for the answer itself.
    pub(super) cookie: Option<&'a str>,
    /// What becomes of it.
    pub(super) fate: Fate,
    /// The browsers in which that is so.
    pub(super) browsers: Vec<BrowserName>,
}

/// What becomes of a cookie, or of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Stored, and sent with the next request.
    Sent,
    /// Stored, and not sent.
    Kept,
    /// Not stored.
    Refused,
    /// Its line never arrived.
    NeverArrived,
    /// It stands in the line of another.
    NeverSet,
    /// Stored before, and sent with the request.
    GoesAlong,
    /// The answer sets no cookie, and nothing else is asked.
    SetsNone,
    /// Deleted, as was meant.
    Deleted,
    /// To be deleted, and still there.
    Undeleted,
    /// The page may read the answer.
    Readable,
    /// It may not.
    Unreadable,
    /// There was no answer.
    NeverCame,
}

impl Fate {
    fn of(cookie: &CookieOutcome) -> Self {
        match (cookie.deletion, cookie.done, cookie.sent) {
            _ if cookie.folded_into.is_some() => Self::NeverSet,
            (true, true, _) => Self::Deleted,
            (true, false, _) => Self::Undeleted,
            (false, true, true) => Self::Sent,
            (false, true, false) => Self::Kept,
            (false, false, _) => Self::Refused,
        }
    }

    /// The words of reports.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "stored and sent",
            Self::Kept => "stored, not sent",
            Self::Refused => "not stored",
            Self::NeverArrived => "never arrived",
            Self::NeverSet => "never set",
            Self::GoesAlong => "sent",
            Self::SetsNone => "sets no cookie",
            Self::Deleted => "deleted",
            Self::Undeleted => "not deleted",
            Self::Readable => "readable",
            Self::Unreadable => "not readable",
            Self::NeverCame => "never came",
        }
    }

    /// Whether it is what a developer wants.
    pub(super) const fn is_good(self) -> bool {
        matches!(self, Self::Sent | Self::GoesAlong | Self::Deleted | Self::Readable)
    }
}

/// What becomes of each cookie and of the answer, browsers with the same outcome together.
pub(super) fn rows(answer: &Answer) -> Vec<Row<'_>> {
    let mut names: Vec<&str> = Vec::new();
    for cookie in answer.outcomes.iter().flat_map(|outcome| &outcome.cookies) {
        if !names.contains(&cookie.name.as_str()) {
            names.push(&cookie.name);
        }
    }
    let mut rows: Vec<Row<'_>> = Vec::new();
    for name in names {
        for outcome in &answer.outcomes {
            let cookie = outcome.cookies.iter().find(|cookie| cookie.name == name);
            add(&mut rows, Some(name), cookie.map_or(Fate::NeverArrived, Fate::of), outcome.browser);
        }
    }
    for outcome in &answer.outcomes {
        for carried in &outcome.carried {
            let fate = match (carried.stored, carried.sent) {
                (_, true) => Fate::GoesAlong,
                (true, false) => Fate::Kept,
                (false, false) => Fate::Refused,
            };
            add(&mut rows, Some(&carried.name), fate, outcome.browser);
        }
    }
    for outcome in &answer.outcomes {
        let fate = match outcome.readable {
            Some(true) => Fate::Readable,
            Some(false) => Fate::Unreadable,
            None if !outcome.reasons.is_empty() => Fate::NeverCame,
            None => continue,
        };
        add(&mut rows, None, fate, outcome.browser);
    }
    // No answer is a table of nothing.
    if rows.is_empty() {
        rows.push(Row { cookie: None, fate: Fate::SetsNone, browsers: answer.browsers.clone() });
    }
    rows
}

fn add<'a>(rows: &mut Vec<Row<'a>>, cookie: Option<&'a str>, fate: Fate, browser: BrowserName) {
    match rows.iter_mut().find(|row| row.cookie == cookie && row.fate == fate) {
        Some(row) => row.browsers.push(browser),
        None => rows.push(Row { cookie, fate, browsers: vec![browser] }),
    }
}
