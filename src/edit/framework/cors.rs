//! CORS in each framework's own settings: whom they let in, and what lets one more call through.
//!
//! The counterpart of [`super::cookie`] for what a page may read. A grant names one origin, and nothing here
//! ever answers with whatever origin asks.

use regex::Regex;

use super::Changed;
use crate::plan::framework::{
    CorsOrigin, Django, Express, ExpressCors, Framework, Middleware, OriginMatch, Starlette, StarletteCors,
};

/// What a call needs of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The page's origin, as its `Origin` header has it.
    pub origin: String,
    /// Whether cookies go along.
    pub credentials: bool,
    /// The method, where a preflight asks for it.
    pub method: Option<String>,
    /// The headers that a preflight asks for, in lower case.
    pub headers: Vec<String>,
}

/// A CORS setting that names origins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedOrigins {
    /// The setting.
    pub setting: &'static str,
    /// The origins it names.
    pub origins: Vec<String>,
}

impl Framework {
    /// Lets a call through, by as little as it takes, and tells what changed.
    pub fn grant(&mut self, grant: &Grant) -> Vec<Changed> {
        match self {
            Self::Django(settings) => django(settings, grant),
            Self::Starlette(settings) => starlette(settings, grant),
            Self::Express(settings) => express(settings, grant),
            // It has none: its pages are its own origin's.
            Self::NextAuth(_) => Vec::new(),
        }
    }

    /// The setting that lets whatever origin asks read answers with credentials, as a line of configuration.
    pub fn lets_everybody_in(&self) -> Option<String> {
        match self {
            Self::Django(settings) if settings.cors.allow_all_origins => {
                Some("CORS_ALLOW_ALL_ORIGINS = True".to_owned())
            }
            Self::Django(settings) if !settings.cors.allowed_origin_regexes.is_empty() => {
                Some(line("CORS_ALLOWED_ORIGIN_REGEXES", &settings.cors.allowed_origin_regexes))
            }
            Self::Starlette(settings) => {
                let cors = settings.cors.as_ref()?;
                match &cors.allow_origin_regex {
                    Some(regex) => Some(format!("CORSMiddleware: allow_origin_regex = {regex:?}")),
                    None => is_star(&cors.allow_origins)
                        .then(|| "CORSMiddleware: allow_origins = [\"*\"]".to_owned()),
                }
            }
            Self::Express(settings) => match &settings.cors.as_ref()?.origin {
                CorsOrigin::Reflect => Some("cors: origin: true".to_owned()),
                listed @ CorsOrigin::Listed(all)
                    if all.iter().any(|one| matches!(one, OriginMatch::Regex(_))) =>
                {
                    Some(format!("cors: origin: {}", origin_text(listed)))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The origins that the settings name.
    pub fn allowed_origins(&self) -> Option<AllowedOrigins> {
        let (setting, origins) = match self {
            Self::Django(settings) => ("CORS_ALLOWED_ORIGINS", settings.cors.allowed_origins.clone()),
            Self::Starlette(settings) => {
                ("CORSMiddleware: allow_origins", settings.cors.as_ref()?.allow_origins.clone())
            }
            Self::Express(settings) => {
                let origins = match &settings.cors.as_ref()?.origin {
                    CorsOrigin::Fixed(origin) => vec![origin.clone()],
                    CorsOrigin::Listed(all) => all.iter().filter_map(exact).collect(),
                    CorsOrigin::Any | CorsOrigin::Reflect | CorsOrigin::Off => Vec::new(),
                };
                ("cors: origin", origins)
            }
            Self::NextAuth(_) => return None,
        };
        Some(AllowedOrigins { setting, origins })
    }
}

fn exact(one: &OriginMatch) -> Option<String> {
    match one {
        OriginMatch::Exact(origin) => Some(origin.clone()),
        OriginMatch::Regex(_) => None,
    }
}

fn is_star(list: &[String]) -> bool {
    list.iter().any(|one| one == "*")
}

/// `NAME = ["a", "b"]`.
fn line(name: &str, list: &[String]) -> String {
    let items: Vec<String> = list.iter().map(|item| format!("{item:?}")).collect();
    format!("{name} = [{}]", items.join(", "))
}

/// Adds to a list what it lacks, and tells the two lines.
pub(super) fn extended(
    name: &str,
    list: &mut Vec<String>,
    needed: &[String],
    same: impl Fn(&str, &str) -> bool,
) -> Option<Changed> {
    let before = line(name, list);
    for item in needed {
        if !list.iter().any(|known| same(known, item)) {
            list.push(item.clone());
        }
    }
    let after = line(name, list);
    (before != after).then_some((before, after))
}

fn django(settings: &mut Django, grant: &Grant) -> Vec<Changed> {
    let mut changed = Vec::new();
    let cors = &mut settings.cors;
    let by_pattern = |pattern: &String| {
        Regex::new(&format!("^(?:{pattern})")).is_ok_and(|pattern| pattern.is_match(&grant.origin))
    };
    if !cors.allow_all_origins && !cors.allowed_origin_regexes.iter().any(by_pattern) {
        let origin = std::slice::from_ref(&grant.origin);
        changed.extend(extended("CORS_ALLOWED_ORIGINS", &mut cors.allowed_origins, origin, str::eq));
    }
    if grant.credentials && !cors.allow_credentials {
        cors.allow_credentials = true;
        changed
            .push(("CORS_ALLOW_CREDENTIALS = False".to_owned(), "CORS_ALLOW_CREDENTIALS = True".to_owned()));
    }
    let method: Vec<String> = grant.method.iter().cloned().collect();
    changed.extend(extended("CORS_ALLOW_METHODS", &mut cors.allow_methods, &method, str::eq));
    changed.extend(extended(
        "CORS_ALLOW_HEADERS",
        &mut cors.allow_headers,
        &grant.headers,
        str::eq_ignore_ascii_case,
    ));
    let at = settings.middleware.iter().position(|one| *one == Middleware::Cors);
    // Whatever answers before it answers without CORS headers. Where the settings were right, that is it.
    if at.is_none() || (changed.is_empty() && at != Some(0)) {
        let before = middleware(&settings.middleware);
        settings.middleware.retain(|one| *one != Middleware::Cors);
        settings.middleware.insert(0, Middleware::Cors);
        changed.push((before, middleware(&settings.middleware)));
    }
    changed
}

/// `MIDDLEWARE`, as far as it matters here: what comes first, and where `CorsMiddleware` stands.
fn middleware(list: &[Middleware]) -> String {
    let place = match list.iter().position(|one| *one == Middleware::Cors) {
        Some(0) => "`CorsMiddleware` first".to_owned(),
        Some(at) => format!("`CorsMiddleware` after {at} others"),
        None => "no `CorsMiddleware`".to_owned(),
    };
    format!("MIDDLEWARE: {place}")
}

fn starlette(settings: &mut Starlette, grant: &Grant) -> Vec<Changed> {
    let cors = settings.cors.get_or_insert_with(|| StarletteCors {
        allow_origins: Vec::new(),
        allow_origin_regex: None,
        allow_methods: vec!["GET".to_owned()],
        allow_headers: Vec::new(),
        allow_credentials: false,
        allow_private_network: false,
        expose_headers: Vec::new(),
        max_age: 600,
    });
    let mut changed = Vec::new();
    let by_pattern = cors.allow_origin_regex.as_ref().is_some_and(|pattern| {
        Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| pattern.is_match(&grant.origin))
    });
    let is_open = is_star(&cors.allow_origins) && !grant.credentials;
    if !is_open && !by_pattern {
        let before = line("CORSMiddleware: allow_origins", &cors.allow_origins);
        // With credentials the star would let every origin in.
        cors.allow_origins.retain(|origin| origin != "*");
        if !cors.allow_origins.contains(&grant.origin) {
            cors.allow_origins.push(grant.origin.clone());
        }
        let after = line("CORSMiddleware: allow_origins", &cors.allow_origins);
        changed.extend((before != after).then_some((before, after)));
    }
    if grant.credentials && !cors.allow_credentials {
        cors.allow_credentials = true;
        let of = |is| format!("CORSMiddleware: allow_credentials = {is}");
        changed.push((of("False"), of("True")));
    }
    if let Some(method) = grant.method.as_ref().filter(|_| !is_star(&cors.allow_methods)) {
        let method = std::slice::from_ref(method);
        changed.extend(extended("CORSMiddleware: allow_methods", &mut cors.allow_methods, method, str::eq));
    }
    if !is_star(&cors.allow_headers) {
        let name = "CORSMiddleware: allow_headers";
        changed.extend(extended(name, &mut cors.allow_headers, &grant.headers, str::eq_ignore_ascii_case));
    }
    changed
}

fn express(settings: &mut Express, grant: &Grant) -> Vec<Changed> {
    let had_none = settings.cors.is_none();
    let cors = settings.cors.get_or_insert_with(|| ExpressCors {
        origin: CorsOrigin::Off,
        methods: "GET,HEAD,PUT,PATCH,POST,DELETE".to_owned(),
        allowed_headers: None,
        exposed_headers: None,
        credentials: false,
        max_age: None,
        preflight_continue: false,
        options_success_status: 204,
    });
    let mut changed = Vec::new();
    let before = if had_none {
        "no cors()".to_owned()
    } else {
        format!("cors: origin: {}", origin_text(&cors.origin))
    };
    cors.origin = match std::mem::replace(&mut cors.origin, CorsOrigin::Off) {
        CorsOrigin::Any if grant.credentials => CorsOrigin::Fixed(grant.origin.clone()),
        CorsOrigin::Off => CorsOrigin::Fixed(grant.origin.clone()),
        CorsOrigin::Fixed(other) if other != grant.origin => {
            CorsOrigin::Listed(vec![OriginMatch::Exact(other), OriginMatch::Exact(grant.origin.clone())])
        }
        CorsOrigin::Listed(mut all) if !all.iter().any(|one| is_match(one, &grant.origin)) => {
            all.push(OriginMatch::Exact(grant.origin.clone()));
            CorsOrigin::Listed(all)
        }
        as_it_is => as_it_is,
    };
    let after = format!("cors: origin: {}", origin_text(&cors.origin));
    changed.extend((before != after).then_some((before, after)));
    if grant.credentials && !cors.credentials {
        cors.credentials = true;
        changed.push(("cors: credentials: false".to_owned(), "cors: credentials: true".to_owned()));
    }
    if let Some(method) = &grant.method
        && !cors.methods.split(',').any(|known| known.trim() == method)
    {
        let before = format!("cors: methods: {:?}", cors.methods);
        cors.methods = format!("{},{method}", cors.methods);
        changed.push((before, format!("cors: methods: {:?}", cors.methods)));
    }
    if let Some(allowed) = &mut cors.allowed_headers {
        let before = format!("cors: allowedHeaders: {allowed:?}");
        for header in &grant.headers {
            if !allowed.split(',').any(|known| known.trim().eq_ignore_ascii_case(header)) {
                *allowed = format!("{allowed},{header}");
            }
        }
        let after = format!("cors: allowedHeaders: {allowed:?}");
        changed.extend((before != after).then_some((before, after)));
    }
    changed
}

fn is_match(one: &OriginMatch, origin: &str) -> bool {
    match one {
        OriginMatch::Exact(exact) => exact == origin,
        OriginMatch::Regex(pattern) => Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(origin)),
    }
}

/// `origin` as JavaScript writes it.
fn origin_text(origin: &CorsOrigin) -> String {
    let one = |one: &OriginMatch| match one {
        OriginMatch::Exact(exact) => format!("{exact:?}"),
        OriginMatch::Regex(pattern) => format!("/{pattern}/"),
    };
    match origin {
        CorsOrigin::Any => "\"*\"".to_owned(),
        CorsOrigin::Reflect => "true".to_owned(),
        CorsOrigin::Off => "false".to_owned(),
        CorsOrigin::Fixed(origin) => format!("{origin:?}"),
        CorsOrigin::Listed(all) => format!("[{}]", all.iter().map(one).collect::<Vec<_>>().join(", ")),
    }
}
