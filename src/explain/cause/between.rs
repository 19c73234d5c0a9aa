//! Causes that lie between two things, each of which is as it should be by itself: the name that a server asks for and
//! the name that was set, a line and the cookie in it, what a server says and what a proxy makes of it, a call and the
//! page that its redirect leads to.

use url::Url;

use super::super::goal::lines;
use super::{Cause, Trouble, seen};
use crate::browser_name::BrowserName;
use crate::cookie_line;
use crate::looks;
use crate::near;
use crate::observe::{Exchange, Observation};
use crate::plan::framework::{Framework, Middleware};
use crate::plan::{Action, Plan, Service, WantedValue, placeholder};
use crate::rules::line::Line;
use crate::world::wire::{self, Answer, Note};

/// A cookie that stands in the line of another: browsers store the first of them alone.
pub(super) fn folded(step: usize, now: &Observation, name: &str, browser: BrowserName) -> Option<Cause> {
    folded_lines(now).find_map(|(line, cookies)| {
        let lost = cookies[1..].iter().find(|cookie| Line(cookie).name() == name)?;
        Some(of_folded(step, now, &line, &cookies[0], lost, browser))
    })
}

/// Every cookie of a step that stands in the line of another.
pub(super) fn folded_away(step: usize, now: &Observation, browser: BrowserName) -> Vec<Cause> {
    let each = folded_lines(now).flat_map(|(line, cookies)| {
        let cause = |lost: &String| of_folded(step, now, &line, &cookies[0], lost, browser);
        cookies[1..].iter().map(cause).collect::<Vec<_>>()
    });
    each.collect()
}

fn of_folded(
    step: usize,
    now: &Observation,
    line: &[u8],
    first: &str,
    lost: &str,
    browser: BrowserName,
) -> Cause {
    let exchange = lines(now).find(|known| known.line == line).and_then(|known| seen::setting(now, known));
    Cause {
        line: Some(line.to_vec()),
        exchange,
        other: Some(Line(first).name().to_owned()),
        ..Cause::new(Trouble::Folded, step, Line(lost).name(), browser)
    }
}

/// The lines of a step that hold several cookies, and those.
fn folded_lines(now: &Observation) -> impl Iterator<Item = (Vec<u8>, Vec<String>)> {
    lines(now).filter_map(|line| {
        let cookies = cookie_line::unfolded(&String::from_utf8_lossy(&line.line));
        (cookies.len() > 1).then(|| (line.line.clone(), cookies))
    })
}

/// A line that the server behind a proxy sent, and that the proxy took away.
pub(super) fn dropped(
    plan: &Plan,
    step: usize,
    now: &Observation,
    name: &str,
    browser: BrowserName,
) -> Option<Cause> {
    now.requests().find_map(|exchange| {
        let inside = exchange.wire.behind();
        let has = |exchange: &wire::Exchange| {
            exchange.set_cookie().find(|line| name_of(line) == name).map(<[u8]>::to_vec)
        };
        let line = has(inside).filter(|_| has(&exchange.wire).is_none())?;
        let Service::Proxy(proxy) = &plan.origins.get(exchange.wire.origin)?.service else { return None };
        Some(Cause {
            line: Some(line),
            exchange: Some(inside.clone()),
            other: Some(proxy.name().to_owned()),
            ..Cause::new(Trouble::Dropped, step, name, browser)
        })
    })
}

/// A line as the server behind a proxy sent it, where the proxy made this one of it.
pub(super) fn behind(exchange: &wire::Exchange, line: &[u8]) -> Option<Vec<u8>> {
    let name = name_of(line);
    let mut sent = exchange.behind().set_cookie().filter(|sent| name_of(sent) == name);
    let at = exchange.set_cookie().filter(|sent| name_of(sent) == name).position(|sent| sent == line)?;
    sent.nth(at).filter(|sent| *sent != line).map(<[u8]>::to_vec)
}

/// A cookie that the server meant to set and left out, telling nobody.
pub(super) fn left_out(step: usize, now: &Observation, name: &str, browser: BrowserName) -> Option<Cause> {
    now.requests().find_map(|exchange| {
        let why = exchange.wire.behind().notes.iter().find_map(|note| match note {
            Note::CookieLeftOut(why) if why.contains(&format!("`{name}`")) => Some(why.clone()),
            _ => None,
        })?;
        Some(Cause {
            exchange: Some(exchange.wire.clone()),
            other: Some(why),
            ..Cause::new(Trouble::LeftOut, step, name, browser)
        })
    })
}

/// A request that a middleware refused before the route was asked, and not for want of a cookie.
pub(super) fn rejected(plan: &Plan, step: usize, now: &Observation, browser: BrowserName) -> Option<Cause> {
    let exchange = now.requests().next_back()?;
    let inside = exchange.wire.behind();
    let Answer::Middleware(why) = &inside.answer else { return None };
    (inside.status >= 400 && required_cookie(plan, exchange).is_none()).then(|| Cause {
        exchange: Some(exchange.wire.clone()),
        other: Some(why.clone()),
        ..Cause::new(Trouble::Rejected, step, "", browser)
    })
}

/// The cookie whose absence made an answer a refusal.
pub(in crate::explain) fn required_cookie(plan: &Plan, exchange: &Exchange) -> Option<String> {
    let inside = exchange.wire.behind();
    let service = &plan.origins.get(inside.origin)?.service;
    match &inside.answer {
        Answer::CookieMissing(route) => service.routes().get(*route)?.required_cookie().map(str::to_owned),
        Answer::Middleware(_) => {
            let Service::BackEnd(back_end) = service else { return None };
            let Framework::Django(settings) = &back_end.framework else { return None };
            let own = settings.middleware.iter().find_map(|one| match one {
                Middleware::Own(own) if own.status == inside.status => own.requires_cookie.clone(),
                _ => None,
            })?;
            exchange.sent.iter().all(|(sent, _)| *sent != own).then_some(own)
        }
        _ => None,
    }
}

/// The cookie whose value a refused request was to carry in a header, where the scenario says that its page reads it.
pub(super) fn double_submit(plan: &Plan, step: usize, exchange: &Exchange) -> Option<String> {
    let inside = exchange.wire.behind();
    let Answer::HeaderMissing(route) = &inside.answer else { return None };
    let required = plan.origins.get(inside.origin)?.service.routes().get(*route)?.require_header.as_ref()?;
    let WantedValue::Cookie(name) = &required.value else { return None };
    placeholder::cookies_of(&plan.steps.get(step)?.action).contains(name).then(|| name.clone())
}

/// A call that was led to a page for people to log in. What cannot be read, or is read in place of the answer, is that
/// page.
pub(super) fn login_page(plan: &Plan, step: usize, now: &Observation, browser: BrowserName) -> Option<Cause> {
    if !matches!(plan.steps.get(step)?.action, Action::Fetch(_) | Action::Xhr(_)) {
        return None;
    }
    now.requests().find_map(|exchange| {
        let to = redirect(&exchange.wire).filter(looks::is_login_page)?;
        Some(Cause {
            exchange: Some(exchange.wire.clone()),
            by: vec![(browser, now.page.cors.clone())],
            other: Some(to.to_string()),
            ..Cause::new(Trouble::LoginPage, step, "", browser)
        })
    })
}

/// Where an answer leads.
pub(in crate::explain) fn redirect(exchange: &wire::Exchange) -> Option<Url> {
    let location = exchange.response_header("location").filter(|_| (300..400).contains(&exchange.status))?;
    exchange.url.join(&String::from_utf8_lossy(location)).ok()
}

/// A cookie that nothing set, and the name that was sent or set in its place. `seen` are the observations up to the
/// step that asks for it. Where the server asks for it and no name is near, the answer is meant that looks like that of
/// a login.
pub(super) fn unset(
    step: usize,
    seen: &[Observation],
    name: &str,
    is_asked: bool,
    browser: BrowserName,
) -> Option<Cause> {
    let now = &seen[step];
    let asking = now.requests().next_back();
    let cause = |exchange: Option<wire::Exchange>, other: Option<String>| Cause {
        exchange,
        other,
        asker: asking.map(|exchange| exchange.wire.clone()),
        ..Cause::new(Trouble::Unset, step, name, browser)
    };
    let sent = asking.iter().flat_map(|exchange| &exchange.sent).map(|(sent, _)| sent.as_str());
    let set = || seen.iter().flat_map(lines).map(|line| line.name.as_str());
    let held = now.jar.iter().flatten().map(|cookie| cookie.name.as_str());
    if let Some((near, _)) = near::name::near(name, sent.chain(set()).chain(held)) {
        return Some(cause(asking.map(|exchange| exchange.wire.clone()), Some(near.to_owned())));
    }
    let silent = |exchange: &&Exchange| {
        looks::is_login(&exchange.wire.method, &exchange.wire.url) && exchange.set_cookie.is_empty()
    };
    if !is_asked {
        // What a real server does nobody can look up: its answer to the login is what there is.
        let real = |exchange: &&Exchange| exchange.wire.forwarded().is_some() && exchange.wire.status < 400;
        let login =
            seen.iter().rev().flat_map(|then| then.requests()).find(|one| silent(one) && real(one))?;
        return Some(Cause {
            exchange: Some(login.wire.clone()),
            ..Cause::new(Trouble::Silent, step, name, browser)
        });
    }
    let login = seen[..step].iter().rev().flat_map(|then| then.requests()).find(silent);
    Some(cause(login.or(asking).map(|exchange| exchange.wire.clone()), None))
}

/// Several cookies of one name in a request: servers take the first of them, or the last.
pub(super) fn twice(step: usize, now: &Observation, browser: BrowserName) -> Option<Cause> {
    now.requests().find_map(|exchange| {
        let name = sent_twice(exchange)?;
        Some(Cause {
            exchange: Some(exchange.wire.clone()),
            ..Cause::new(Trouble::Twice, step, name, browser)
        })
    })
}

/// The name that a request carries more than once, with other values.
pub(crate) fn sent_twice(exchange: &Exchange) -> Option<&str> {
    let pairs = || exchange.sent.iter();
    let again = |(name, value): &&(String, String)| pairs().any(|(other, is)| other == name && is != value);
    pairs().find(again).map(|(name, _)| name.as_str())
}

fn name_of(line: &[u8]) -> String {
    Line(&String::from_utf8_lossy(line)).name().to_owned()
}
