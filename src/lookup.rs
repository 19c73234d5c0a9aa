//! Which setting writes what of a cookie, by the library that sets it: a table to look up, and no server.
//!
//! A fix says `SameSite=None`; a developer has to know where that is written. Most libraries give their cookies names of
//! their own, and by those they are recognized; where a name is used by several, all are told. The settings are those
//! of the libraries' own documentation. Nothing here decides what a cookie should have.

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

use Kind::{Domain, HttpOnly, Lifetime, Partitioned, Path, SameSite, Secure};

/// Every library that is known.
pub(crate) static LIBRARIES: [Library; 26] = [
    Library {
        name: "express-session",
        key: "express-session",
        cookies: &["connect.sid"],
        settings: Settings::Options("session({ cookie: { … } })"),
        spelling: Spelling::Lower,
        behind_proxy: Some("app.set(\"trust proxy\", 1)"),
    },
    Library {
        name: "Django",
        key: "django",
        cookies: &["sessionid"],
        settings: Settings::Each(&[
            (SameSite, "SESSION_COOKIE_SAMESITE = \"{}\""),
            (Secure, "SESSION_COOKIE_SECURE = True"),
            (HttpOnly, "SESSION_COOKIE_HTTPONLY = True"),
            (Domain, "SESSION_COOKIE_DOMAIN = \"{}\""),
            (Path, "SESSION_COOKIE_PATH = \"{}\""),
            (Lifetime, "SESSION_COOKIE_AGE = {}"),
        ]),
        spelling: Spelling::Title,
        behind_proxy: Some("SECURE_PROXY_SSL_HEADER = (\"HTTP_X_FORWARDED_PROTO\", \"https\")"),
    },
    Library {
        name: "Django",
        key: "django-csrf",
        cookies: &["csrftoken"],
        settings: Settings::Each(&[
            (SameSite, "CSRF_COOKIE_SAMESITE = \"{}\""),
            (Secure, "CSRF_COOKIE_SECURE = True"),
            (HttpOnly, "CSRF_COOKIE_HTTPONLY = True"),
            (Domain, "CSRF_COOKIE_DOMAIN = \"{}\""),
            (Path, "CSRF_COOKIE_PATH = \"{}\""),
            (Lifetime, "CSRF_COOKIE_AGE = {}"),
        ]),
        spelling: Spelling::Title,
        behind_proxy: Some("SECURE_PROXY_SSL_HEADER = (\"HTTP_X_FORWARDED_PROTO\", \"https\")"),
    },
    Library {
        name: "Spring Boot",
        key: "spring",
        cookies: &["jsessionid", "session"],
        settings: Settings::Each(&[
            (SameSite, "server.servlet.session.cookie.same-site={}"),
            (Secure, "server.servlet.session.cookie.secure=true"),
            (HttpOnly, "server.servlet.session.cookie.http-only=true"),
            (Domain, "server.servlet.session.cookie.domain={}"),
            (Path, "server.servlet.session.cookie.path={}"),
            (Lifetime, "server.servlet.session.cookie.max-age={}s"),
            (Partitioned, "server.servlet.session.cookie.partitioned=true"),
        ]),
        spelling: Spelling::Lower,
        behind_proxy: Some("server.forward-headers-strategy=framework"),
    },
    Library {
        name: "Laravel",
        key: "laravel",
        cookies: &["laravel_session", "laravel-session", "xsrf-token"],
        settings: Settings::Each(&[
            (SameSite, "SESSION_SAME_SITE={}"),
            (Secure, "SESSION_SECURE_COOKIE=true"),
            (HttpOnly, "SESSION_HTTP_ONLY=true"),
            (Domain, "SESSION_DOMAIN={}"),
            (Path, "SESSION_PATH={}"),
            (Lifetime, "SESSION_LIFETIME, in minutes,"),
            (Partitioned, "SESSION_PARTITIONED_COOKIE=true"),
        ]),
        spelling: Spelling::Lower,
        behind_proxy: Some("$middleware->trustProxies(at: \"*\")"),
    },
    Library {
        name: "ASP.NET Core's session",
        key: "aspnet-session",
        cookies: &[".aspnetcore.session"],
        settings: Settings::Each(&[
            (SameSite, "AddSession: options.Cookie.SameSite = SameSiteMode.{}"),
            (Secure, "AddSession: options.Cookie.SecurePolicy = CookieSecurePolicy.Always"),
            (HttpOnly, "AddSession: options.Cookie.HttpOnly = true"),
            (Domain, "AddSession: options.Cookie.Domain = \"{}\""),
            (Path, "AddSession: options.Cookie.Path = \"{}\""),
            (Partitioned, "AddSession: options.Cookie.Extensions.Add(\"Partitioned\")"),
        ]),
        spelling: Spelling::Title,
        behind_proxy: Some("app.UseForwardedHeaders()"),
    },
    Library {
        name: "ASP.NET Core's remote sign-in",
        key: "aspnet-oidc",
        cookies: &[".aspnetcore.correlation.*", ".aspnetcore.openidconnect.nonce.*"],
        settings: Settings::Each(&[
            (
                SameSite,
                "options.CorrelationCookie.SameSite and options.NonceCookie.SameSite = SameSiteMode.{}",
            ),
            (
                Secure,
                "options.CorrelationCookie.SecurePolicy and options.NonceCookie.SecurePolicy = CookieSecurePolicy.Always",
            ),
        ]),
        spelling: Spelling::Title,
        behind_proxy: Some("app.UseForwardedHeaders()"),
    },
    Library {
        name: "ASP.NET Core",
        key: "aspnet",
        cookies: &[".aspnetcore.*"],
        settings: Settings::Each(&[
            (SameSite, "options.Cookie.SameSite = SameSiteMode.{}"),
            (Secure, "options.Cookie.SecurePolicy = CookieSecurePolicy.Always"),
            (HttpOnly, "options.Cookie.HttpOnly = true"),
            (Domain, "options.Cookie.Domain = \"{}\""),
            (Path, "options.Cookie.Path = \"{}\""),
            (Lifetime, "options.ExpireTimeSpan = TimeSpan.FromSeconds({})"),
            (Partitioned, "options.Cookie.Extensions.Add(\"Partitioned\")"),
        ]),
        spelling: Spelling::Title,
        behind_proxy: Some("app.UseForwardedHeaders()"),
    },
    Library {
        name: "ASP.NET",
        key: "aspnet-framework",
        cookies: &["asp.net_sessionid", ".aspxauth"],
        settings: Settings::Each(&[
            (SameSite, "web.config: <sessionState cookieSameSite=\"{}\" />, <forms cookieSameSite=\"{}\" />"),
            (Secure, "web.config: <httpCookies requireSSL=\"true\" />"),
            (HttpOnly, "web.config: <httpCookies httpOnlyCookies=\"true\" />"),
            (Domain, "web.config: <httpCookies domain=\"{}\" />"),
        ]),
        spelling: Spelling::Title,
        behind_proxy: None,
    },
    Library {
        name: "Rails",
        key: "rails",
        cookies: &["_*_session"],
        settings: Settings::Each(&[
            (SameSite, "config.session_store :cookie_store, same_site: :{}"),
            (Secure, "config.session_store :cookie_store, secure: true"),
            (HttpOnly, "config.session_store :cookie_store, httponly: true"),
            (Domain, "config.session_store :cookie_store, domain: \"{}\""),
            (Path, "config.session_store :cookie_store, path: \"{}\""),
            (Lifetime, "config.session_store :cookie_store, expire_after: {}.seconds"),
            (Partitioned, "config.session_store :cookie_store, partitioned: true"),
        ]),
        spelling: Spelling::Lower,
        behind_proxy: Some("config.assume_ssl = true"),
    },
    Library {
        name: "Auth.js",
        key: "authjs",
        cookies: &["*authjs.session-token*"],
        settings: Settings::Options("cookies: { sessionToken: { options: { … } } }"),
        spelling: Spelling::Lower,
        behind_proxy: Some("AUTH_URL=https://…, or trustHost: true"),
    },
    Library {
        name: "Auth.js",
        key: "authjs-csrf",
        cookies: &["*authjs.csrf-token"],
        settings: Settings::Options("cookies: { csrfToken: { options: { … } } }"),
        spelling: Spelling::Lower,
        behind_proxy: Some("AUTH_URL=https://…, or trustHost: true"),
    },
    Library {
        name: "NextAuth",
        key: "next-auth",
        cookies: &["*next-auth.session-token*"],
        settings: Settings::Options("cookies: { sessionToken: { options: { … } } }"),
        spelling: Spelling::Lower,
        behind_proxy: Some("NEXTAUTH_URL=https://…"),
    },
    Library {
        name: "Better Auth",
        key: "better-auth",
        cookies: &["*better-auth.*"],
        settings: Settings::Each(&[
            (SameSite, "advanced: { defaultCookieAttributes: { sameSite: \"{}\" } }"),
            (Secure, "advanced: { useSecureCookies: true }"),
            (HttpOnly, "advanced: { defaultCookieAttributes: { httpOnly: true } }"),
            (Domain, "advanced: { crossSubDomainCookies: { enabled: true, domain: \"{}\" } }"),
            (Path, "advanced: { defaultCookieAttributes: { path: \"{}\" } }"),
            (Lifetime, "session: { expiresIn: {} }"),
            (Partitioned, "advanced: { defaultCookieAttributes: { partitioned: true } }"),
        ]),
        spelling: Spelling::Lower,
        behind_proxy: Some("baseURL: \"https://…\""),
    },
    Library {
        name: "Supabase",
        key: "supabase",
        cookies: &["sb-*-auth-token*"],
        settings: Settings::Options("createServerClient(url, key, { cookieOptions: { … } })"),
        spelling: Spelling::Lower,
        behind_proxy: None,
    },
    Library {
        name: "PHP",
        key: "php",
        cookies: &["phpsessid"],
        settings: Settings::Each(&[
            (SameSite, "session.cookie_samesite = \"{}\""),
            (Secure, "session.cookie_secure = 1"),
            (HttpOnly, "session.cookie_httponly = 1"),
            (Domain, "session.cookie_domain = \"{}\""),
            (Path, "session.cookie_path = \"{}\""),
            (Lifetime, "session.cookie_lifetime = {}"),
        ]),
        spelling: Spelling::Title,
        behind_proxy: None,
    },
    Library {
        name: "Flask",
        key: "flask",
        cookies: &["session"],
        settings: Settings::Each(&[
            (SameSite, "SESSION_COOKIE_SAMESITE = \"{}\""),
            (Secure, "SESSION_COOKIE_SECURE = True"),
            (HttpOnly, "SESSION_COOKIE_HTTPONLY = True"),
            (Domain, "SESSION_COOKIE_DOMAIN = \"{}\""),
            (Path, "SESSION_COOKIE_PATH = \"{}\""),
            (Partitioned, "SESSION_COOKIE_PARTITIONED = True"),
        ]),
        spelling: Spelling::Title,
        behind_proxy: Some("app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1)"),
    },
    Library {
        name: "Starlette",
        key: "starlette",
        cookies: &["session"],
        settings: Settings::Each(&[
            (SameSite, "SessionMiddleware: same_site = \"{}\""),
            (Secure, "SessionMiddleware: https_only = True"),
            (Domain, "SessionMiddleware: domain = \"{}\""),
            (Path, "SessionMiddleware: path = \"{}\""),
            (Lifetime, "SessionMiddleware: max_age = {}"),
        ]),
        spelling: Spelling::Lower,
        behind_proxy: Some("uvicorn --proxy-headers --forwarded-allow-ips=…"),
    },
    Library {
        name: "@fastify/session",
        key: "fastify",
        cookies: &["sessionid"],
        settings: Settings::Options("register(session, { cookie: { … } })"),
        spelling: Spelling::Lower,
        behind_proxy: Some("fastify({ trustProxy: true })"),
    },
    Library {
        name: "koa-session",
        key: "koa",
        cookies: &["koa.sess", "koa:sess"],
        settings: Settings::Options("session({ … }, app)"),
        spelling: Spelling::Lower,
        behind_proxy: Some("app.proxy = true"),
    },
    Library {
        name: "Phoenix",
        key: "phoenix",
        cookies: &["_*_key"],
        settings: Settings::Each(&[
            (SameSite, "plug Plug.Session: same_site: \"{}\""),
            (Secure, "plug Plug.Session: secure: true"),
            (HttpOnly, "plug Plug.Session: http_only: true"),
            (Domain, "plug Plug.Session: domain: \"{}\""),
            (Path, "plug Plug.Session: path: \"{}\""),
            (Lifetime, "plug Plug.Session: max_age: {}"),
        ]),
        spelling: Spelling::Title,
        behind_proxy: Some("plug Plug.RewriteOn, [:x_forwarded_proto]"),
    },
    Library {
        name: "Play",
        key: "play",
        cookies: &["play_session"],
        settings: Settings::Each(&[
            (SameSite, "play.http.session.sameSite = \"{}\""),
            (Secure, "play.http.session.secure = true"),
            (HttpOnly, "play.http.session.httpOnly = true"),
            (Domain, "play.http.session.domain = \"{}\""),
            (Path, "play.http.session.path = \"{}\""),
            (Lifetime, "play.http.session.maxAge = {}s"),
        ]),
        spelling: Spelling::Lower,
        behind_proxy: Some("play.http.forwarded.trustedProxies"),
    },
    Library {
        name: "nextjs-auth0",
        key: "auth0",
        cookies: &["appsession*"],
        settings: Settings::Each(&[
            (SameSite, "AUTH0_COOKIE_SAME_SITE={}"),
            (Secure, "AUTH0_COOKIE_SECURE=true"),
            (HttpOnly, "AUTH0_COOKIE_HTTP_ONLY=true"),
            (Domain, "AUTH0_COOKIE_DOMAIN={}"),
            (Path, "AUTH0_COOKIE_PATH={}"),
        ]),
        spelling: Spelling::Lower,
        behind_proxy: Some("AUTH0_BASE_URL=https://…"),
    },
    Library {
        name: "SuperTokens",
        key: "supertokens",
        cookies: &["saccesstoken", "srefreshtoken"],
        settings: Settings::Each(&[
            (SameSite, "Session.init({ cookieSameSite: \"{}\" })"),
            (Secure, "Session.init({ cookieSecure: true })"),
            (Domain, "Session.init({ cookieDomain: \"{}\" })"),
        ]),
        spelling: Spelling::Lower,
        behind_proxy: Some("appInfo.apiDomain: \"https://…\""),
    },
    Library {
        name: "Ory Kratos",
        key: "ory",
        cookies: &["ory_kratos_session"],
        settings: Settings::Each(&[
            (SameSite, "session.cookie.same_site: {}"),
            (Domain, "session.cookie.domain: {}"),
            (Path, "session.cookie.path: {}"),
            (Lifetime, "session.lifespan: {}s"),
        ]),
        spelling: Spelling::Title,
        behind_proxy: None,
    },
    Library {
        name: "CodeIgniter",
        key: "codeigniter",
        cookies: &["ci_session"],
        settings: Settings::Each(&[
            (SameSite, "cookie.samesite = {}"),
            (Secure, "cookie.secure = true"),
            (HttpOnly, "cookie.httponly = true"),
            (Domain, "cookie.domain = {}"),
            (Path, "cookie.path = {}"),
        ]),
        spelling: Spelling::Title,
        behind_proxy: Some("$proxyIPs in Config\\App"),
    },
];

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
