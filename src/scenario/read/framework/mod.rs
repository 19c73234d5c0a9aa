//! A framework's back end: its settings by the framework's own names, and what its routes do.
//!
//! A setting that the framework does not have is a mistake, and one that it has and that is not
//! rehearsed here is another: a scenario never says something that has no effect. Python's `None`, which
//! TOML cannot write, is `false`.

use super::super::mistakes::Mistakes;
use super::super::written::{At, Route};
use super::fields::Fields;
use crate::diagnostic::{Diagnostic, did_you_mean, listed};
use crate::plan::framework::{Django, Does, Express, Framework, Middleware, Starlette};

mod calls;
mod django;
mod express;
mod nextauth;
mod simplejwt;
mod starlette;
pub(super) mod value;

pub(super) use calls::view;

/// Which framework an origin's table is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Django,
    Starlette,
    Express,
    NextAuth,
}

impl Kind {
    /// Its key in an origin's table.
    const fn key(self) -> &'static str {
        match self {
            Self::Django => "django",
            Self::Starlette => "starlette",
            Self::Express => "express",
            Self::NextAuth => "nextauth",
        }
    }
}

/// The framework of an origin, where it has one.
pub(super) fn framework(fields: &mut Fields<'_, '_>) -> Option<(Kind, At<Framework>)> {
    let kinds = [Kind::Django, Kind::Starlette, Kind::Express, Kind::NextAuth]
        .map(|kind| (kind, fields.entry(kind.key())));
    let mut written: Vec<_> = kinds.into_iter().filter_map(|(kind, entry)| Some((kind, entry?))).collect();
    written.sort_by_key(|(_, entry)| entry.key_span.start);
    let mut found: Option<(Kind, At<Framework>)> = None;
    for (kind, entry) in written {
        let Some(table) = entry.value.table(&format!("`{}`", kind.key())) else {
            continue;
        };
        let value = match kind {
            Kind::Django => Framework::Django(Box::new(django::read(table))),
            Kind::Starlette => Framework::Starlette(Box::new(starlette::read(table))),
            Kind::Express => Framework::Express(Box::new(express::read(table))),
            Kind::NextAuth => match nextauth::read(table, &entry) {
                Some(settings) => Framework::NextAuth(Box::new(settings)),
                None => continue,
            },
        };
        if let Some((_, first)) = &found {
            fields.report(
                Diagnostic::error("an origin has one framework, and this one has two")
                    .label(entry.key_span.clone(), "a second one")
                    .label(first.span.clone(), "first here")
                    .help("give each an origin of its own"),
            );
            continue;
        }
        found = Some((kind, At { value, span: entry.key_span }));
    }
    found
}

/// Checks what a route does against the settings it needs.
pub(super) fn check(framework: &Framework, routes: &[Route], mistakes: &Mistakes) {
    for route in routes {
        let Some(does) = &route.does else { continue };
        let needs = match framework {
            Framework::Django(settings) => django_needs(settings, does.value),
            Framework::Starlette(settings) => starlette_needs(settings),
            Framework::Express(settings) => express_needs(settings),
            Framework::NextAuth(_) => None,
        };
        if let Some(needs) = needs {
            mistakes.add(
                Diagnostic::error(format!("nothing in {} can do this", framework.name()))
                    .label(does.span.clone(), "")
                    .help(needs),
            );
        }
    }
}

fn django_needs(settings: &Django, does: Does) -> Option<&'static str> {
    match does {
        Does::TokenObtainPair | Does::TokenRefresh | Does::TokenBlacklist => settings
            .simple_jwt
            .is_none()
            .then_some("give the settings of SimpleJWT: `SIMPLE_JWT = {}` takes its defaults"),
        Does::Login | Does::Logout | Does::Session => (!settings.middleware.contains(&Middleware::Session))
            .then_some("add `django.contrib.sessions.middleware.SessionMiddleware` to `MIDDLEWARE`"),
        // Both work without: nobody is signed in, and a token is masked whose secret nobody gets.
        Does::Me | Does::Csrf => None,
    }
}

fn starlette_needs(settings: &Starlette) -> Option<&'static str> {
    settings.session.is_none().then_some("add a session: `SessionMiddleware = { secret_key = \"…\" }`")
}

fn express_needs(settings: &Express) -> Option<&'static str> {
    settings.session.is_none().then_some(
        "add a session: `express-session = { secret = \"…\" }` or `cookie-session = { keys = [\"…\"] }`",
    )
}

/// What a framework or a proxy has beside what is rehearsed here.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Others<'s> {
    /// Settings that change nothing of what is rehearsed: they are passed over, and told.
    pub(super) idle: &'s [&'s str],
    /// Settings that would change it.
    pub(super) deciding: &'s [&'s str],
    /// How settings begin that belong to a package of their own, and change nothing here.
    pub(super) idle_prefixes: &'s [&'s str],
}

/// Reports the keys that were not asked for, in the framework's own terms. `deciding` are settings it has and
/// that are not rehearsed.
pub(super) fn finish(fields: &Fields<'_, '_>, of: &str, deciding: &[&str]) {
    finish_beside(fields, of, Others { deciding, ..Others::default() });
}

/// The same, where there are settings besides that change nothing.
pub(super) fn finish_beside(fields: &Fields<'_, '_>, of: &str, others: Others<'_>) {
    let known = fields.known();
    for entry in fields.strange() {
        let error = |message: String| Diagnostic::error(message).label(entry.key_span.clone(), "");
        let begins = |prefix: &&&str| entry.key.starts_with(**prefix);
        if others.idle.contains(&entry.key) || others.idle_prefixes.iter().find(begins).is_some() {
            let message = format!("`{}` of {of} changes nothing that is rehearsed here", entry.key);
            fields.report(Diagnostic::warning(message).label(entry.key_span.clone(), "passed over"));
            continue;
        }
        if others.deciding.contains(&entry.key) {
            fields.report(
                error(format!("`{}` of {of} is not rehearsed here", entry.key))
                    .note("it may change what is answered, and this back end does nothing with it")
                    .help("leave it out, or say what it does by routes and headers"),
            );
            continue;
        }
        let unknown = error(format!("`{}` is not known here as a setting of {of}", entry.key));
        fields.report(match did_you_mean(entry.key, known.iter().copied()) {
            Some(meant) => unknown.help(format!("did you mean `{meant}`?")),
            None => unknown.help(format!("those rehearsed here are {}", listed(known.iter().copied()))),
        });
    }
}
