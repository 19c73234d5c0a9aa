//! Which setting decides what of a cookie, in each framework's spelling.
//!
//! A developer who reads `SameSite=None` in a fix has to know where that is written. Here a change of
//! a cookie is made where the framework has it, and told as lines of its configuration.

use super::Changed;
use crate::plan::framework::{
    CookieCall, Django, Express, ExpressCookie, ExpressSession, Framework, JsSameSite, PythonCookie, Secure,
    Starlette, View,
};

/// A change of what a back end sends of a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CookieSetting {
    /// `SameSite`: `None`, `Lax` or `Strict`.
    SameSite(&'static str),
    /// `Secure`.
    Secure,
    /// `HttpOnly`.
    HttpOnly,
    /// `Domain`, or none.
    Domain(Option<String>),
    /// `Path=/`.
    RootPath,
}

impl Framework {
    /// Makes a change to the cookie with this name wherever the settings and the views' calls send it, and
    /// tells what changed. Nothing is told where nothing sends it, or it is so already.
    pub fn change_cookie(&mut self, views: &mut [View], name: &str, change: &CookieSetting) -> Vec<Changed> {
        let mut changed = match self {
            Self::Django(settings) => django(settings, name, change),
            Self::Starlette(settings) => starlette(settings, name, change),
            Self::Express(settings) => express(settings, name, change),
            Self::NextAuth(settings) => {
                let all = [
                    ("sessionToken", &mut settings.session_token),
                    ("csrfToken", &mut settings.csrf_token),
                    ("callbackUrl", &mut settings.callback_url),
                ];
                let own = all.into_iter().filter(|(_, cookie)| cookie.name == name);
                own.filter_map(|(key, cookie)| javascript(&format!("cookies.{key}.options."), cookie, change))
                    .collect()
            }
        };
        let calls = views.iter_mut().flat_map(|view| &mut view.calls).filter(|call| call.name() == name);
        changed.extend(calls.filter_map(|call| match call {
            CookieCall::PythonSet(cookie) => python_call("set_cookie", cookie, change),
            CookieCall::PythonDelete(cookie) => python_call("delete_cookie", cookie, change),
            CookieCall::ExpressSet(cookie) => {
                javascript(&format!("res.cookie(\"{name}\"): "), cookie, change)
            }
            CookieCall::ExpressClear(cookie) => {
                javascript(&format!("res.clearCookie(\"{name}\"): "), cookie, change)
            }
        }));
        changed
    }
}

/// Where one of Python's frameworks has what it sends of a cookie.
struct Python<'s> {
    /// The settings' names: SameSite, Secure, Domain, Path, HttpOnly.
    names: [String; 5],
    samesite: &'s mut Option<String>,
    secure: &'s mut bool,
    domain: &'s mut Option<String>,
    path: &'s mut String,
    /// `None` where no setting takes it away.
    httponly: Option<&'s mut bool>,
}

impl Python<'_> {
    fn change(self, change: &CookieSetting) -> Option<Changed> {
        let [samesite, secure, domain, path, httponly] = self.names;
        let text =
            |value: &Option<String>| value.as_ref().map_or("None".to_owned(), |text| format!("{text:?}"));
        let (name, before, after) = match change {
            CookieSetting::SameSite(word) => {
                let before = text(self.samesite);
                // Starlette takes small letters, and the others any.
                let is_small =
                    self.samesite.as_ref().is_some_and(|known| !known.contains(char::is_uppercase));
                let word = if is_small { word.to_ascii_lowercase() } else { (*word).to_owned() };
                *self.samesite = Some(word);
                (samesite, before, text(self.samesite))
            }
            CookieSetting::Secure => {
                let before = python_bool(*self.secure);
                *self.secure = true;
                (secure, before, python_bool(true))
            }
            CookieSetting::HttpOnly => {
                let slot = self.httponly?;
                let before = python_bool(*slot);
                *slot = true;
                (httponly, before, python_bool(true))
            }
            CookieSetting::Domain(wanted) => {
                let before = text(self.domain);
                self.domain.clone_from(wanted);
                (domain, before, text(self.domain))
            }
            CookieSetting::RootPath => {
                let before = format!("{:?}", self.path);
                "/".clone_into(self.path);
                (path, before, "\"/\"".to_owned())
            }
        };
        (before != after).then(|| (format!("{name} = {before}"), format!("{name} = {after}")))
    }
}

fn python_bool(is: bool) -> String {
    if is { "True" } else { "False" }.to_owned()
}

fn django(settings: &mut Django, name: &str, change: &CookieSetting) -> Vec<Changed> {
    let named = |prefix: &str| {
        ["SAMESITE", "SECURE", "DOMAIN", "PATH", "HTTPONLY"].map(|word| format!("{prefix}_{word}"))
    };
    let mut changed = Vec::new();
    let (session, csrf) = (&mut settings.session, &mut settings.csrf);
    if session.name == name {
        let slots = Python {
            names: named("SESSION_COOKIE"),
            samesite: &mut session.samesite,
            secure: &mut session.secure,
            domain: &mut session.domain,
            path: &mut session.path,
            httponly: Some(&mut session.httponly),
        };
        changed.extend(slots.change(change));
    }
    if csrf.name == name {
        let slots = Python {
            names: named("CSRF_COOKIE"),
            samesite: &mut csrf.samesite,
            secure: &mut csrf.secure,
            domain: &mut csrf.domain,
            path: &mut csrf.path,
            httponly: Some(&mut csrf.httponly),
        };
        changed.extend(slots.change(change));
    }
    if let Some(jwt) = &mut settings.simple_jwt
        && [&jwt.auth_cookie, &jwt.auth_cookie_refresh].into_iter().flatten().any(|own| own == name)
    {
        let slots = Python {
            names: named("AUTH_COOKIE")
                .map(|name| format!("SIMPLE_JWT[\"{}\"]", name.replace("HTTPONLY", "HTTP_ONLY"))),
            samesite: &mut jwt.auth_cookie_samesite,
            secure: &mut jwt.auth_cookie_secure,
            domain: &mut jwt.auth_cookie_domain,
            path: &mut jwt.auth_cookie_path,
            httponly: Some(&mut jwt.auth_cookie_http_only),
        };
        changed.extend(slots.change(change));
    }
    changed
}

fn starlette(settings: &mut Starlette, name: &str, change: &CookieSetting) -> Vec<Changed> {
    let Some(session) = settings.session.as_mut().filter(|session| session.session_cookie == name) else {
        return Vec::new();
    };
    let mut samesite = Some(session.same_site.clone());
    let slots = Python {
        names: ["same_site", "https_only", "domain", "path", "httponly"]
            .map(|word| format!("SessionMiddleware: {word}")),
        samesite: &mut samesite,
        secure: &mut session.https_only,
        domain: &mut session.domain,
        path: &mut session.path,
        // It always is.
        httponly: None,
    };
    let changed = slots.change(change);
    session.same_site = samesite.unwrap_or_default();
    changed.into_iter().collect()
}

fn python_call(method: &str, cookie: &mut PythonCookie, change: &CookieSetting) -> Option<Changed> {
    let call = format!("response.{method}(\"{}\"): ", cookie.key);
    let mut path = cookie.path.clone().unwrap_or_else(|| "/".to_owned());
    let slots = Python {
        names: ["samesite", "secure", "domain", "path", "httponly"].map(|word| format!("{call}{word}")),
        samesite: &mut cookie.samesite,
        secure: &mut cookie.secure,
        domain: &mut cookie.domain,
        path: &mut path,
        httponly: Some(&mut cookie.httponly),
    };
    let changed = slots.change(change);
    if cookie.path.is_some() {
        cookie.path = Some(path);
    }
    changed
}

fn express(settings: &mut Express, name: &str, change: &CookieSetting) -> Vec<Changed> {
    let changed = match &mut settings.session {
        Some(ExpressSession::Stored(session)) if session.name == name => {
            javascript("session: cookie.", &mut session.cookie, change)
        }
        Some(ExpressSession::InCookie(session))
            if session.cookie.name == name || format!("{}.sig", session.cookie.name) == name =>
        {
            javascript("cookieSession: ", &mut session.cookie, change)
        }
        _ => None,
    };
    changed.into_iter().collect()
}

/// Options as JavaScript writes them.
fn javascript(prefix: &str, cookie: &mut ExpressCookie, change: &CookieSetting) -> Option<Changed> {
    let text = |value: Option<&str>| value.map_or("undefined".to_owned(), |text| format!("\"{text}\""));
    let (name, before, after) = match change {
        CookieSetting::SameSite(word) => {
            let before = text(cookie.same_site.map(js_word));
            cookie.same_site = Some(match *word {
                "None" => JsSameSite::None,
                "Strict" => JsSameSite::Strict,
                _ => JsSameSite::Lax,
            });
            ("sameSite", before, text(cookie.same_site.map(js_word)))
        }
        CookieSetting::Secure => {
            let before = match cookie.secure {
                Some(Secure::Is(is)) => is.to_string(),
                Some(Secure::Auto) => "\"auto\"".to_owned(),
                None => "undefined".to_owned(),
            };
            cookie.secure = Some(Secure::Is(true));
            ("secure", before, "true".to_owned())
        }
        CookieSetting::HttpOnly => {
            let before = cookie.http_only.map_or("undefined".to_owned(), |is| is.to_string());
            cookie.http_only = Some(true);
            ("httpOnly", before, "true".to_owned())
        }
        CookieSetting::Domain(wanted) => {
            let before = text(cookie.domain.as_deref());
            cookie.domain.clone_from(wanted);
            ("domain", before, text(cookie.domain.as_deref()))
        }
        CookieSetting::RootPath => {
            let before = text(cookie.path.as_deref());
            cookie.path = Some("/".to_owned());
            ("path", before, text(Some("/")))
        }
    };
    (before != after).then(|| (format!("{prefix}{name}: {before}"), format!("{prefix}{name}: {after}")))
}

const fn js_word(same_site: JsSameSite) -> &'static str {
    match same_site {
        JsSameSite::Strict => "strict",
        JsSameSite::Lax => "lax",
        JsSameSite::None => "none",
        JsSameSite::Auto => "auto",
    }
}
