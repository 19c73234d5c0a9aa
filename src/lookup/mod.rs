//! Which setting writes what of a cookie, by the library that sets it: a table to look up, and no server.
//!
//! A fix says `SameSite=None`; a developer has to know where that is written. Most libraries give their cookies names of
//! their own, and by those they are recognized; where a name is used by several, all are told. The settings are those
//! of the libraries' own documentation. Nothing here decides what a cookie should have.

mod libraries;

pub(crate) use self::libraries::LIBRARIES;

/// A library that sets cookies.
#[derive(Debug)]
pub(crate) struct Library {
    /// Its name.
    pub(crate) name: &'static str,
    /// How it is called on the command line.
    pub(crate) key: &'static str,
    /// Its cookies' names, in small letters; a `*` stands for anything.
    cookies: &'static [&'static str],
    /// Where its settings are written.
    settings: Settings,
    /// How it spells the values of `SameSite`.
    spelling: Spelling,
    /// What tells it that a request came over https, where TLS ends at a proxy.
    pub(crate) behind_proxy: Option<&'static str>,
}

/// How a library's settings are written.
#[derive(Debug)]
enum Settings {
    /// As options of a JavaScript object, which stand where this text has a `…`: `sameSite`, `secure` and so on.
    Options(&'static str),
    /// Each by itself: what of the cookie it writes, and how. `{}` is the value, as the library spells it.
    Each(&'static [(Kind, &'static str)]),
}

/// How a library spells the values of `SameSite`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    /// `None`, `Lax`, `Strict`.
    Title,
    /// `none`, `lax`, `strict`.
    Lower,
}

/// What a setting writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    SameSite,
    Secure,
    HttpOnly,
    Domain,
    Path,
    Lifetime,
    Partitioned,
}

/// What of a cookie is to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// `SameSite`: `None`, `Lax` or `Strict`.
    SameSite(&'static str),
    /// `Secure`.
    Secure,
    /// `HttpOnly`.
    HttpOnly,
    /// `Domain`, or none.
    Domain(Option<String>),
    /// `Path`.
    Path(String),
    /// How long it lasts, in seconds.
    Lifetime(i64),
    /// `Partitioned`.
    Partitioned,
}

impl Part {
    const fn kind(&self) -> Kind {
        match self {
            Self::SameSite(_) => Kind::SameSite,
            Self::Secure => Kind::Secure,
            Self::HttpOnly => Kind::HttpOnly,
            Self::Domain(_) => Kind::Domain,
            Self::Path(_) => Kind::Path,
            Self::Lifetime(_) => Kind::Lifetime,
            Self::Partitioned => Kind::Partitioned,
        }
    }
}

/// The library with this key, as the command line names it.
pub(crate) fn by_key(key: &str) -> Option<&'static Library> {
    LIBRARIES.iter().find(|library| library.key.eq_ignore_ascii_case(key))
}

/// The libraries that give a cookie this name. The first whose names fit closest: all of those.
pub(crate) fn of_cookie(name: &str) -> Vec<&'static Library> {
    let lower = name.to_ascii_lowercase();
    let fits = |library: &&Library| library.cookies.iter().any(|pattern| is_like(&lower, pattern));
    // A name in full before one with a `*`.
    let is_exact = |library: &&Library| library.cookies.contains(&lower.as_str());
    let exact: Vec<&Library> = LIBRARIES.iter().filter(is_exact).collect();
    let case = |library: &&&Library| match library.key {
        // Names are told apart by case, and these two by nothing else.
        "fastify" => name == "sessionId",
        "django" => name != "sessionId",
        "spring" => !lower.eq("session") || name == "SESSION",
        "flask" | "starlette" => name != "SESSION",
        _ => true,
    };
    match exact.is_empty() {
        false => exact.iter().filter(case).copied().collect(),
        true => LIBRARIES.iter().find(fits).into_iter().collect(),
    }
}

/// Whether a name is like a pattern, in which `*` stands for anything.
fn is_like(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(place) => rest = &rest[place + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

impl Library {
    /// The settings that write these parts of its cookies.
    pub(crate) fn settings(&self, parts: &[Part]) -> Vec<String> {
        match &self.settings {
            Settings::Each(settings) => parts
                .iter()
                .filter_map(|part| {
                    let (_, text) = settings.iter().find(|(kind, _)| *kind == part.kind())?;
                    Some(match self.value(part) {
                        Some(value) => text.replace("{}", &value),
                        None => format!("{} (leave it out)", text.replace("\"{}\"", "…").replace("{}", "…")),
                    })
                })
                .collect(),
            Settings::Options(place) => {
                let options: Vec<String> = parts
                    .iter()
                    .filter_map(|part| {
                        let value = self.value(part);
                        let text = |name: &str| match &value {
                            Some(value) => format!("{name}: \"{value}\""),
                            None => format!("{name}: undefined"),
                        };
                        Some(match part {
                            Part::SameSite(_) => text("sameSite"),
                            Part::Domain(_) => text("domain"),
                            Part::Path(_) => text("path"),
                            Part::Secure => "secure: true".to_owned(),
                            Part::HttpOnly => "httpOnly: true".to_owned(),
                            Part::Partitioned => "partitioned: true".to_owned(),
                            // Seconds with some, milliseconds with others.
                            Part::Lifetime(_) => return None,
                        })
                    })
                    .collect();
                (!options.is_empty()).then(|| place.replace('…', &options.join(", "))).into_iter().collect()
            }
        }
    }

    /// The value of a part, as it spells it; `None` where the setting has to go.
    fn value(&self, part: &Part) -> Option<String> {
        Some(match part {
            Part::SameSite(word) if self.spelling == Spelling::Lower => word.to_ascii_lowercase(),
            Part::SameSite(word) => (*word).to_owned(),
            Part::Domain(domain) => domain.clone()?,
            Part::Path(path) => path.clone(),
            Part::Lifetime(seconds) => seconds.to_string(),
            Part::Secure | Part::HttpOnly | Part::Partitioned => String::new(),
        })
    }
}

/// Where what a cookie is to have is written, a sentence without its full stop; by the library that is named, or else by
/// the cookie's name.
pub(crate) fn told(cookie: &str, named: Option<&'static Library>, parts: &[Part]) -> Option<String> {
    let libraries = named.map_or_else(|| of_cookie(cookie), |named| vec![named]);
    let each = libraries.iter().filter_map(|library| {
        let settings: Vec<String> =
            library.settings(parts).into_iter().map(|setting| format!("`{setting}`")).collect();
        (!settings.is_empty()).then(|| format!("{} {}", library.name, settings.join(", ")))
    });
    let each: Vec<String> = each.collect();
    if each.is_empty() {
        return None;
    }
    let whose = if named.is_some() { "it is written" } else { "by its name it is written" };
    Some(format!("`{cookie}`: {whose} in {}", each.join("; or in ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(cookie: &str) -> Vec<&'static str> {
        of_cookie(cookie).iter().map(|library| library.key).collect()
    }

    #[test]
    fn a_library_is_known_by_its_cookies() {
        for (cookie, keys) in [
            ("connect.sid", &["express-session"][..]),
            ("sessionid", &["django"]),
            ("sessionId", &["fastify"]),
            ("csrftoken", &["django-csrf"]),
            ("JSESSIONID", &["spring"]),
            ("SESSION", &["spring"]),
            ("session", &["flask", "starlette"]),
            ("laravel_session", &["laravel"]),
            ("XSRF-TOKEN", &["laravel"]),
            (".AspNetCore.Cookies", &["aspnet"]),
            (".AspNetCore.Identity.Application", &["aspnet"]),
            (".AspNetCore.Session", &["aspnet-session"]),
            (".AspNetCore.Correlation.abc", &["aspnet-oidc"]),
            ("_app_session", &["rails"]),
            ("_my_shop_session", &["rails"]),
            ("authjs.session-token", &["authjs"]),
            ("__Secure-authjs.session-token.0", &["authjs"]),
            ("__Host-authjs.csrf-token", &["authjs-csrf"]),
            ("next-auth.session-token", &["next-auth"]),
            ("__Secure-next-auth.session-token", &["next-auth"]),
            ("sb-abcdefgh-auth-token", &["supabase"]),
            ("sb-abcdefgh-auth-token.1", &["supabase"]),
            ("PHPSESSID", &["php"]),
            ("better-auth.session_token", &["better-auth"]),
            ("__Secure-better-auth.session_token", &["better-auth"]),
            ("appSession.1", &["auth0"]),
            ("token", &[]),
            ("sid", &[]),
        ] {
            assert_eq!(names(cookie), keys, "{cookie}");
        }
        for library in &LIBRARIES {
            assert!(std::ptr::eq(by_key(library.key).expect("its key"), library), "{}", library.key);
        }
    }

    #[test]
    fn a_setting_is_spelt_as_its_library_spells_it() {
        let told = |cookie: &str, parts: &[Part]| told(cookie, None, parts).unwrap_or_default();
        let none = [Part::SameSite("None"), Part::Secure];
        assert_eq!(
            told("connect.sid", &none),
            "`connect.sid`: by its name it is written in express-session \
             `session({ cookie: { sameSite: \"none\", secure: true } })`"
        );
        assert!(
            told("laravel_session", &none).contains("`SESSION_SAME_SITE=none`, `SESSION_SECURE_COOKIE=true`")
        );
        assert!(told(".AspNetCore.Cookies", &none).contains("SameSiteMode.None"));
        assert!(told("_app_session", &none).contains("same_site: :none"));
        assert!(told("sessionid", &none).contains("SESSION_COOKIE_SAMESITE = \"None\""));
        let domain = [Part::Domain(Some("example.com".to_owned()))];
        assert!(told("JSESSIONID", &domain).contains("`server.servlet.session.cookie.domain=example.com`"));
        let without = [Part::Domain(None)];
        assert!(
            told("PHPSESSID", &without).contains("`session.cookie_domain = … (leave it out)`"),
            "{}",
            told("PHPSESSID", &without)
        );
        assert!(
            told("connect.sid", &without).contains("domain: undefined"),
            "{}",
            told("connect.sid", &without)
        );
        assert!(
            told("session", &none).contains("Flask") && told("session", &none).contains("; or in Starlette")
        );
        assert_eq!(told("token", &none), "");
    }
}
