//! Edits of a reverse proxy: nginx's own directives for the cookies that pass through it, and for what it tells the
//! server behind.

use super::change::Change;
use crate::plan::proxy::{CookieFlags, Location, Piece, Proxy, Template, Variable};
use crate::plan::{Origin, Plan, Service};

/// A change of one of nginx's locations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProxyChange {
    /// `proxy_hide_header Set-Cookie` goes.
    ShowCookies,
    /// The rules go that rewrite a cookie's `Domain`, `Path` or flags.
    KeepCookies,
    /// `proxy_cookie_domain FROM TO`.
    CookieDomain {
        /// What the server behind says.
        from: String,
        /// The host that the browser asks.
        to: String,
    },
    /// `proxy_cookie_path FROM TO`.
    CookiePath {
        /// What the server behind says.
        from: String,
        /// The path that the browser asks.
        to: String,
    },
    /// `proxy_cookie_flags COOKIE …`.
    CookieFlags {
        /// The cookie.
        cookie: String,
        /// Whether it gets `Secure`.
        secure: bool,
        /// The `SameSite` that it gets: `Lax`, `None` or `Strict`.
        same_site: Option<&'static str>,
    },
    /// `proxy_set_header X-Forwarded-Proto $scheme`.
    ForwardProto,
    /// `proxy_set_header Host $host`.
    ForwardHost,
}

impl ProxyChange {
    /// How much it opens up, and asks of a developer.
    pub(super) fn cost(&self) -> u32 {
        match self {
            // What the server says of its cookies is left as it is.
            Self::ShowCookies | Self::KeepCookies => 1,
            Self::CookieDomain { .. } => 2,
            // Fewer paths than `Path=/` opens.
            Self::CookiePath { .. } => 2,
            Self::CookieFlags { same_site: Some("None"), .. } => 31,
            Self::CookieFlags { .. } => 3,
            Self::ForwardProto | Self::ForwardHost => 3,
        }
    }

    /// What it means, in a sentence.
    pub(crate) fn remark(&self) -> &'static str {
        match self {
            Self::ShowCookies => "cookies then reach the browser as the server behind sets them",
            Self::KeepCookies => "the cookie then keeps what the server behind says of it",
            Self::CookieDomain { .. } | Self::CookiePath { .. } => {
                "the server behind keeps its settings: the proxy translates them, as it does addresses"
            }
            Self::CookieFlags { .. } => {
                "it needs nginx 1.19.3 or later; the server behind keeps its settings"
            }
            Self::ForwardProto => {
                "the proxy has to set this header itself, whatever a browser sends, for the server behind to believe it"
            }
            Self::ForwardHost => "the server behind then knows the name that the browser asks for",
        }
    }
}

/// The index of the location that a path goes through, where the origin is an nginx.
pub(crate) fn location(origin: &Origin, path: &str) -> Option<usize> {
    let Service::Proxy(proxy) = &origin.service else { return None };
    let Proxy::Nginx(locations) = proxy.as_ref() else { return None };
    let chosen = Location::chosen(locations, path)?;
    locations.iter().position(|location| std::ptr::eq(location, chosen))
}

/// The beginning of a path that nginx takes off, and what it puts in its place.
pub(crate) fn prefix(origin: &Origin, path: &str) -> Option<(String, String)> {
    let index = location(origin, path)?;
    let Service::Proxy(proxy) = &origin.service else { return None };
    let Proxy::Nginx(locations) = proxy.as_ref() else { return None };
    let location = locations.get(index)?;
    Some((location.path.text().to_owned(), location.uri.clone()?))
}

/// Changes a location. `None` where it is none of nginx's, or nothing changes.
pub(crate) fn apply(plan: &mut Plan, origin: usize, location: usize, change: &ProxyChange) -> Option<Change> {
    let origin = plan.origins.get_mut(origin)?;
    let Service::Proxy(proxy) = &mut origin.service else { return None };
    let Proxy::Nginx(locations) = proxy.as_mut() else { return None };
    let location = locations.get_mut(location)?;
    let place = format!("nginx's `location {}` of `{}`", location.path.text(), origin.name);
    let (before, after) = changed(location, change);
    (before != after).then_some(Change { place, before, after })
}

fn changed(location: &mut Location, change: &ProxyChange) -> (Vec<String>, Vec<String>) {
    let line = |text: String| vec![text];
    match change {
        ProxyChange::ShowCookies => {
            let had = location.hide_header.len();
            location.hide_header.retain(|name| name != "set-cookie");
            let before =
                (location.hide_header.len() < had).then(|| "proxy_hide_header Set-Cookie;".to_owned());
            (before.into_iter().collect(), Vec::new())
        }
        ProxyChange::KeepCookies => (rules(location), Vec::new()),
        ProxyChange::CookieDomain { from, to } => {
            // The first rule that fits counts.
            location.cookie_domain.insert(0, (Template::text(from), Template::text(to)));
            (Vec::new(), line(format!("proxy_cookie_domain {from} {to};")))
        }
        ProxyChange::CookiePath { from, to } => {
            location.cookie_path.insert(0, (Template::text(from), Template::text(to)));
            (Vec::new(), line(format!("proxy_cookie_path {from} {to};")))
        }
        ProxyChange::CookieFlags { cookie, secure, same_site } => {
            let flags = CookieFlags {
                cookie: Some(cookie.clone()),
                secure: secure.then_some(true),
                httponly: None,
                samesite: same_site.map(Some),
            };
            location.cookie_flags.insert(0, flags);
            let secure = if *secure { " secure" } else { "" };
            let same_site =
                same_site.map(|word| format!(" samesite={}", word.to_ascii_lowercase())).unwrap_or_default();
            (Vec::new(), line(format!("proxy_cookie_flags {cookie}{secure}{same_site};")))
        }
        ProxyChange::ForwardProto => set_header(location, "X-Forwarded-Proto", Variable::Scheme, "$scheme"),
        ProxyChange::ForwardHost => set_header(location, "Host", Variable::Host, "$host"),
    }
}

/// Takes out the rules that rewrite cookies, and tells them.
fn rules(location: &mut Location) -> Vec<String> {
    let domains = std::mem::take(&mut location.cookie_domain);
    let paths = std::mem::take(&mut location.cookie_path);
    let flags = std::mem::take(&mut location.cookie_flags);
    let mut rules: Vec<String> = domains
        .iter()
        .map(|(from, to)| format!("proxy_cookie_domain {} {};", written(from), written(to)))
        .collect();
    rules.extend(
        paths.iter().map(|(from, to)| format!("proxy_cookie_path {} {};", written(from), written(to))),
    );
    rules.extend(flags.iter().map(|flags| {
        let mut words = vec![flags.cookie.clone().unwrap_or_else(|| "~".to_owned())];
        let flag = |name: &str, is: Option<bool>| {
            is.map(|is| if is { name.to_owned() } else { format!("no{name}") })
        };
        words.extend(flag("secure", flags.secure));
        words.extend(flag("httponly", flags.httponly));
        words.extend(flags.samesite.map(|word| match word {
            Some(word) => format!("samesite={}", word.to_ascii_lowercase()),
            None => "nosamesite".to_owned(),
        }));
        format!("proxy_cookie_flags {};", words.join(" "))
    }));
    rules
}

fn set_header(
    location: &mut Location,
    name: &str,
    value: Variable,
    shown: &str,
) -> (Vec<String>, Vec<String>) {
    let wanted = Template(vec![Piece::Variable(value)]);
    let of = |(known, _): &&mut (String, Template)| known.eq_ignore_ascii_case(name);
    let before = match location.set_header.iter_mut().find(of) {
        Some((_, known)) if *known == wanted => return (Vec::new(), Vec::new()),
        // nginx's own default is not written anywhere.
        Some((_, known)) if *known == Template(vec![Piece::Variable(Variable::ProxyHost)]) => {
            *known = wanted;
            None
        }
        Some((_, known)) => Some(std::mem::replace(known, wanted)),
        None => {
            location.set_header.push((name.to_owned(), wanted));
            None
        }
    };
    let line = |value: &str| format!("proxy_set_header {name} {value};");
    (before.map(|before| line(&written(&before))).into_iter().collect(), vec![line(shown)])
}

/// A value as a configuration writes it.
pub(crate) fn written(template: &Template) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Variable(variable) => format!("${}", variable.name()),
    };
    let text: String = template.0.iter().map(piece).collect();
    match text.is_empty() || text.contains([' ', ';']) {
        true => format!("\"{text}\""),
        false => text,
    }
}
