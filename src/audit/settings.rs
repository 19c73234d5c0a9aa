//! Where what fixes a finding is written, in the settings of the framework that answered.
//!
//! A finding says what is wrong with a header; a developer of a framework writes none. The settings are
//! changed on a copy, as fixes of failed claims change them, and the lines that come of it are shown. Where no framework
//! answered, the cookie's name may tell whose settings they are.

use super::Seen;
use crate::edit::framework::Changed;
use crate::edit::framework::cookie::CookieSetting;
use crate::edit::grant;
use crate::lookup;
use crate::observe::Exchange;
use crate::plan::framework::{BackEnd, Framework};
use crate::plan::{Origin, Plan, Service};

/// A fix of a cookie, with the settings that make it.
pub(super) fn of_cookie(
    seen: &Seen<'_>,
    exchange: &Exchange,
    name: &str,
    fix: &str,
    changes: &[CookieSetting],
) -> String {
    let Some((origin, back_end)) = behind(seen.plan, exchange) else {
        let parts: Vec<lookup::Part> = changes.iter().map(part).collect();
        return match lookup::told(name, None, &parts) {
            Some(where_written) => format!("{fix}; {where_written}"),
            None => fix.to_owned(),
        };
    };
    let BackEnd { mut framework, mut views, .. } = back_end.clone();
    let changed = changes.iter().flat_map(|change| framework.change_cookie(&mut views, name, change));
    told(fix, origin, back_end, changed.collect())
}

/// What a change of a setting is, for the table.
fn part(change: &CookieSetting) -> lookup::Part {
    match change {
        CookieSetting::SameSite(word) => lookup::Part::SameSite(word),
        CookieSetting::Secure => lookup::Part::Secure,
        CookieSetting::HttpOnly => lookup::Part::HttpOnly,
        CookieSetting::Domain(domain) => lookup::Part::Domain(domain.clone()),
        CookieSetting::RootPath => lookup::Part::Path("/".to_owned()),
    }
}

/// A fix of an answer that the page of this step may not read, with the settings that make it.
pub(super) fn of_call(seen: &Seen<'_>, fix: &str) -> String {
    let mut plan = seen.plan.clone();
    let changes = grant::apply(&mut plan, seen.plan, seen.step).unwrap_or_default();
    let mut lines = changes.into_iter().filter(|change| change.place.contains("settings of")).map(|change| {
        let lines: Vec<String> = change.after.iter().map(|line| format!("`{line}`")).collect();
        format!("{}, in {}", lines.join(", "), change.place)
    });
    lines.next().map_or_else(|| fix.to_owned(), |lines| format!("{fix}: {lines}"))
}

/// The setting that lets every origin read an answer, where one does.
pub(super) fn lets_everybody_in(plan: &Plan, exchange: &Exchange) -> Option<String> {
    let (origin, back_end) = behind(plan, exchange)?;
    let line = back_end.framework.lets_everybody_in()?;
    Some(format!("`{line}`, in {}'s settings of `{}`", back_end.framework.name(), origin.name))
}

/// How a framework of the plan sends Strict-Transport-Security, where one has a setting for it.
pub(super) fn hsts(plan: &Plan) -> Option<&'static str> {
    let is_django = |origin: &Origin| match &origin.service {
        Service::BackEnd(back_end) => matches!(back_end.framework, Framework::Django(_)),
        _ => false,
    };
    plan.origins.iter().any(is_django).then_some("Django: `SECURE_HSTS_SECONDS = 31536000`")
}

/// The back end that answered, behind all proxies.
fn behind<'p>(plan: &'p Plan, exchange: &Exchange) -> Option<(&'p Origin, &'p BackEnd)> {
    let origin = plan.origins.get(exchange.wire.behind().origin)?;
    match &origin.service {
        Service::BackEnd(back_end) => Some((origin, back_end)),
        _ => None,
    }
}

fn told(fix: &str, origin: &Origin, back_end: &BackEnd, changed: Vec<Changed>) -> String {
    if changed.is_empty() {
        return fix.to_owned();
    }
    let lines: Vec<String> = changed.into_iter().map(|(_, after)| format!("`{after}`")).collect();
    format!("{fix}: {}, in {}'s settings of `{}`", lines.join(", "), back_end.framework.name(), origin.name)
}
