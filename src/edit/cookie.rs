//! What changes of cookies: an attribute, a line, a name.
//!
//! A change is made in every line that sets the cookie and, where a framework sets it, in its settings.

use std::collections::BTreeSet;

use super::change::Change;
use super::framework::cookie::CookieSetting;
use crate::cookie_line;
use crate::plan::framework::BackEnd;
use crate::plan::{Action, Plan, Route, Service, placeholder};
use crate::rules::line::{Line, LineEdit};
use crate::rules::prefix::unprefixed;

/// A cookie of a plan: every line with this name at this origin.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The index of the origin that sets it; `None` for a script's.
    pub origin: Option<usize>,
    /// Its name.
    pub name: String,
}

/// A change of a `Set-Cookie` line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CookieChange {
    /// No `Domain`: the cookie goes to its own host and to no other.
    DropDomain,
    /// `Secure`.
    Secure,
    /// `SameSite=Lax`.
    Lax,
    /// `SameSite=Strict`.
    Strict,
    /// `Path=/`.
    RootPath,
    /// `Partitioned`.
    Partitioned,
    /// What the prefix of the name asks for.
    KeepPrefix,
    /// `Max-Age` of so many seconds, in place of `Expires`.
    Lasting(i64),
    /// A value that fits.
    Shorten,
    /// `Domain` and `Path` as those of the cookie that is to be deleted.
    Match {
        /// The stored cookie's domain; `None` where it is host-only.
        domain: Option<String>,
        /// Its path.
        path: String,
    },
    /// `Domain` of the registrable domain.
    Domain(String),
    /// `SameSite=None`.
    None,
    /// The name without its prefix. The last, for all others go by the old name.
    DropPrefix,
}

impl CookieChange {
    /// How much it opens up, and asks of a developer.
    pub(super) fn cost(&self, plan: &Plan, of: &BTreeSet<Target>) -> u32 {
        match self {
            // Narrower than before: nothing is opened.
            Self::DropDomain | Self::Match { .. } => 1,
            // As long as it was meant to last.
            Self::Lasting(_) => 1,
            // Lax opens links from other sites to what was Strict, and closes all else to what was None.
            Self::Lax | Self::Strict if !is_strict(plan, of) => 1,
            Self::Lax | Self::Strict => 5,
            // As narrow as before, and plain http is lost.
            Self::Secure | Self::KeepPrefix => 2,
            // More paths of the same host, which never kept each other out.
            Self::RootPath => 3,
            // A third party's cookie, but one for each top-level site.
            Self::Partitioned => 4,
            Self::Shorten => 5,
            // Every subdomain reads it.
            Self::Domain(_) => 8,
            // The promise that the prefix made is gone.
            Self::DropPrefix => 9,
            // Every site's pages make the browser send it.
            Self::None => 30,
        }
    }

    /// What of the line it decides.
    pub(super) fn slot(&self) -> u8 {
        match self {
            Self::DropDomain | Self::Domain(_) | Self::Match { .. } => 0,
            Self::Secure => 1,
            Self::Lax | Self::Strict | Self::None => 2,
            Self::RootPath => 3,
            Self::Partitioned => 4,
            Self::KeepPrefix | Self::DropPrefix => 5,
            Self::Shorten => 6,
            Self::Lasting(_) => 7,
        }
    }

    /// What it does to the line of the cookie with this name.
    pub(crate) fn edits(&self, name: &str) -> Vec<LineEdit> {
        let with = |name, value: &str| LineEdit::With(name, Some(value.to_owned()));
        match self {
            Self::DropDomain => vec![LineEdit::Without("Domain")],
            Self::Secure => vec![LineEdit::With("Secure", None)],
            Self::Lax => vec![with("SameSite", "Lax")],
            Self::Strict => vec![with("SameSite", "Strict")],
            Self::None => vec![with("SameSite", "None")],
            Self::Lasting(seconds) => {
                vec![LineEdit::Without("Expires"), with("Max-Age", &seconds.to_string())]
            }
            Self::RootPath => vec![with("Path", "/")],
            Self::Partitioned => vec![LineEdit::With("Partitioned", None)],
            Self::KeepPrefix => vec![LineEdit::KeepPrefix],
            Self::Domain(domain) => vec![with("Domain", domain)],
            Self::DropPrefix => vec![LineEdit::Rename(unprefixed(name).to_owned())],
            Self::Shorten => vec![LineEdit::Value("an-id-of-32-characters-instead--")],
            Self::Match { domain, path } => {
                let domain = match domain {
                    Some(domain) => with("Domain", domain),
                    None => LineEdit::Without("Domain"),
                };
                vec![domain, with("Path", path)]
            }
        }
    }

    /// Whether it is of lines that delete their cookie, or of those that do not; `None` is of both. Only the deleting
    /// line is at fault where one has to match the cookie it deletes, and it is never too long.
    pub(crate) fn is_of_deletions(&self) -> Option<bool> {
        match self {
            Self::Match { .. } => Some(true),
            Self::Shorten => Some(false),
            _ => None,
        }
    }
}

/// What changes in the settings of back ends that set the cookies. A framework has no setting for what
/// it cannot say.
pub(super) fn change_settings(plan: &mut Plan, change: &CookieChange, of: &BTreeSet<Target>) -> Vec<Change> {
    let change = match change {
        CookieChange::DropDomain => CookieSetting::Domain(None),
        CookieChange::Domain(domain) => CookieSetting::Domain(Some(domain.clone())),
        CookieChange::Secure => CookieSetting::Secure,
        CookieChange::Lax => CookieSetting::SameSite("Lax"),
        CookieChange::Strict => CookieSetting::SameSite("Strict"),
        CookieChange::None => CookieSetting::SameSite("None"),
        CookieChange::RootPath => CookieSetting::RootPath,
        CookieChange::Partitioned
        | CookieChange::KeepPrefix
        | CookieChange::DropPrefix
        | CookieChange::Shorten
        | CookieChange::Lasting(_)
        | CookieChange::Match { .. } => return Vec::new(),
    };
    let mut changes = Vec::new();
    for target in of {
        let origin = target.origin.and_then(|index| plan.origins.get_mut(index));
        let Some((name, service)) = origin.map(|origin| (&origin.name, &mut origin.service)) else {
            continue;
        };
        let Service::BackEnd(back_end) = service else { continue };
        let BackEnd { framework, views, .. } = back_end.as_mut();
        let (before, after): (Vec<String>, Vec<String>) =
            framework.change_cookie(views, &target.name, &change).into_iter().unzip();
        if !before.is_empty() {
            let place = format!("{}'s settings of `{name}`", framework.name());
            changes.push(Change { place, before, after });
        }
    }
    changes
}

/// The cookies that back ends set by their settings.
pub(crate) fn of_settings(plan: &Plan) -> impl Iterator<Item = Target> {
    plan.origins.iter().enumerate().flat_map(|(index, origin)| {
        let names = match &origin.service {
            Service::BackEnd(back_end) => {
                let calls = back_end.views.iter().flat_map(|view| &view.calls);
                let mut names = back_end.framework.cookies();
                names.extend(calls.map(|call| call.name().to_owned()));
                names
            }
            _ => Vec::new(),
        };
        names.into_iter().map(move |name| Target { origin: Some(index), name })
    })
}

/// Whether a line was changed.
pub(super) fn change_lines(plan: &mut Plan, change: &CookieChange, of: &BTreeSet<Target>) -> bool {
    let mut changed = false;
    for (origin, line) in lines_mut(plan) {
        let target = Target { origin, name: Line(line).name().to_owned() };
        let is_meant = change.is_of_deletions().is_none_or(|deletions| deletes_now(line) == deletions);
        if of.contains(&target) && is_meant {
            let new = Line(line).edited(&change.edits(&target.name));
            changed |= new != *line;
            *line = new;
        }
    }
    if *change == CookieChange::DropPrefix && changed {
        for target in of {
            rename(plan, &target.name, unprefixed(&target.name));
        }
    }
    changed
}

/// Whether a line is meant to delete its cookie: [`cookie_line::deletes`], today.
pub(crate) fn deletes_now(line: &str) -> bool {
    cookie_line::deletes(line, time::OffsetDateTime::now_utc().unix_timestamp())
}

/// Gives each cookie of a folded line a line of its own.
pub(super) fn unfold(plan: &mut Plan, of: &Target) -> Option<()> {
    let mut found = None;
    for (origin, lines) in line_lists(plan) {
        let is_meant = |line: &String| {
            *of == Target { origin: Some(origin), name: Line(line).name().to_owned() }
                && !cookie_line::joints(line).is_empty()
        };
        if lines.iter().any(is_meant) {
            *lines = lines
                .iter()
                .flat_map(
                    |line| if is_meant(line) { cookie_line::unfolded(line) } else { vec![line.clone()] },
                )
                .collect();
            found = Some(());
        }
    }
    found
}

/// Adds to each line that deletes a cookie another that deletes one of the same name elsewhere.
pub(super) fn delete_too(plan: &mut Plan, of: &Target, domain: Option<&str>, path: &str) -> Option<()> {
    let mut found = None;
    for (origin, lines) in line_lists(plan).filter(|(origin, _)| Some(*origin) == of.origin) {
        let is_meant =
            |line: &&String| Line(line).name() == of.name && deletes_now(line) && of.origin == Some(origin);
        let Some(line) = lines.iter().find(is_meant) else { continue };
        let other = match domain {
            Some(domain) => Line(line).with("Domain", Some(domain)),
            None => Line(line).without("Domain"),
        };
        let other = Line(&other).with("Path", Some(path));
        if !lines.contains(&other) {
            lines.push(other);
            found = Some(());
        }
    }
    found
}

/// The lines of each route, and the index of its origin.
fn line_lists(plan: &mut Plan) -> impl Iterator<Item = (usize, &mut Vec<String>)> {
    plan.origins.iter_mut().enumerate().flat_map(|(index, origin)| {
        let routes = origin.service.routes_mut().iter_mut();
        routes.flat_map(Route::line_lists_mut).map(move |lines| (index, lines))
    })
}

/// Has servers ask for a cookie by another name.
pub(super) fn ask_for(plan: &mut Plan, name: &str, instead: &str) -> Option<Change> {
    let mut places = Vec::new();
    for origin in &mut plan.origins {
        let url = origin.url.origin().ascii_serialization();
        for route in origin.service.routes_mut() {
            let place = format!("{} {url}{}", route.method, route.path);
            for required in route.required_cookies_mut().filter(|required| *required == name) {
                instead.clone_into(required);
                places.push(place.clone());
            }
        }
    }
    places.dedup();
    let place = match places.as_slice() {
        [] => return None,
        [one] => format!("the server, at {one}"),
        [one, others @ ..] => format!("the server, at {one} and {} more", others.len()),
    };
    let line = |name: &str| vec![format!("reads the cookie {name}")];
    Some(Change { place, before: line(name), after: line(instead) })
}

fn is_strict(plan: &Plan, of: &BTreeSet<Target>) -> bool {
    lines(plan).any(|(origin, _, line)| {
        let strict = Line(line).attribute("SameSite").is_some_and(|word| word.eq_ignore_ascii_case("Strict"));
        strict && of.contains(&Target { origin, name: Line(line).name().to_owned() })
    })
}

/// Each line of a plan that sets a cookie, the origin it comes from, and the request it answers.
pub(crate) fn lines(plan: &Plan) -> impl Iterator<Item = (Option<usize>, String, &str)> {
    let answered = plan.origins.iter().enumerate().flat_map(|(index, origin)| {
        origin.service.routes().iter().flat_map(move |route| {
            let what =
                format!("{} {}{}", route.method, origin.url.origin().ascii_serialization(), route.path);
            route.lines().map(move |line| (Some(index), what.clone(), line.as_str()))
        })
    });
    let written = plan.steps.iter().filter_map(|step| match &step.action {
        Action::DocumentCookie { write: Some(line) } => {
            Some((None, "document.cookie".to_owned(), line.as_str()))
        }
        _ => None,
    });
    answered.chain(written)
}

/// The same lines, to be changed.
pub(crate) fn lines_mut(plan: &mut Plan) -> impl Iterator<Item = (Option<usize>, &mut String)> {
    let answered = plan.origins.iter_mut().enumerate().flat_map(|(index, origin)| {
        origin
            .service
            .routes_mut()
            .iter_mut()
            .flat_map(|route| route.line_lists_mut().flatten())
            .map(move |line| (Some(index), line))
    });
    let written = plan.steps.iter_mut().filter_map(|step| match &mut step.action {
        Action::DocumentCookie { write: Some(line) } => Some((None, line)),
        _ => None,
    });
    answered.chain(written)
}

/// Gives a cookie another name wherever servers and claims speak of it.
fn rename(plan: &mut Plan, old: &str, new: &str) {
    let change = |name: &mut String| {
        if name == old {
            new.clone_into(name);
        }
    };
    for origin in &mut plan.origins {
        let routes = origin.service.routes_mut().iter_mut();
        routes.flat_map(Route::required_cookies_mut).for_each(change);
    }
    for step in &mut plan.steps {
        placeholder::rename(&mut step.action, old, new);
        for expect in std::iter::once(&mut step.expect).chain(step.on.iter_mut().map(|(_, on)| on)) {
            expect.stored.iter_mut().for_each(|claim| change(&mut claim.value.name));
            expect.sent.iter_mut().for_each(|claim| change(&mut claim.value.name));
            expect
                .not_stored
                .iter_mut()
                .chain(&mut expect.not_sent)
                .for_each(|claim| change(&mut claim.value.name));
        }
    }
}
