//! django-cors-headers, after `corsheaders/middleware.py` 4.9.
//!
//! With `CORS_ALLOW_ALL_ORIGINS` and credentials it answers every origin with itself: an attacker's page reads
//! as well as one's own.

use hyper::Method;
use hyper::StatusCode;
use regex::Regex;

use super::{Asked, set, vary_on};
use crate::plan::framework::DjangoCors;
use crate::world::framework::origins::{Extent, compiled, split};
use crate::world::reply::Reply;
use crate::world::wire::Answer;

/// The settings, ready for use.
pub(super) struct Cors {
    settings: DjangoCors,
    regexes: Vec<Regex>,
    urls: Option<Regex>,
}

impl Cors {
    pub(super) fn new(settings: &DjangoCors) -> Result<Self, String> {
        let regex = |pattern: &String| compiled(pattern, Extent::Beginning);
        Ok(Self {
            regexes: settings.allowed_origin_regexes.iter().map(regex).collect::<Result<_, _>>()?,
            urls: settings.urls_regex.as_ref().map(regex).transpose()?,
            settings: settings.clone(),
        })
    }

    fn is_enabled(&self, asked: &Asked<'_>) -> bool {
        self.urls.as_ref().is_none_or(|urls| urls.is_match(asked.url.path()))
    }

    /// The answer to a preflight: 200, whoever asks.
    pub(super) fn preflight(&self, asked: &Asked<'_>) -> Option<Reply> {
        let is_preflight = self.is_enabled(asked) && asked.asks_for_method();
        is_preflight.then(|| Reply::new(StatusCode::OK, Answer::Preflight))
    }

    /// Adds the headers.
    pub(super) fn apply(&self, asked: &Asked<'_>, reply: &mut Reply) {
        if !self.is_enabled(asked) {
            return;
        }
        vary_on(reply, "origin");
        let settings = &self.settings;
        let Some(origin) = asked.header("origin").filter(|origin| !origin.is_empty()) else { return };
        if !settings.allow_all_origins && !self.is_listed(origin) {
            return;
        }
        let any = settings.allow_all_origins && !settings.allow_credentials;
        set(reply, "access-control-allow-origin", if any { "*" } else { origin });
        if settings.allow_credentials {
            set(reply, "access-control-allow-credentials", "true");
        }
        if !settings.expose_headers.is_empty() {
            set(reply, "access-control-expose-headers", &settings.expose_headers.join(", "));
        }
        if *asked.method == Method::OPTIONS {
            set(reply, "access-control-allow-headers", &settings.allow_headers.join(", "));
            set(reply, "access-control-allow-methods", &settings.allow_methods.join(", "));
            if settings.preflight_max_age != 0 {
                set(reply, "access-control-max-age", &settings.preflight_max_age.to_string());
            }
        }
        if settings.allow_private_network
            && asked.header("access-control-request-private-network") == Some("true")
        {
            set(reply, "access-control-allow-private-network", "true");
        }
    }

    /// Scheme and authority are compared: what follows them in a setting does not matter here.
    fn is_listed(&self, origin: &str) -> bool {
        let asked = split(origin);
        self.settings.allowed_origins.iter().any(|allowed| split(allowed) == asked && allowed != "null")
            || (origin == "null" && self.settings.allowed_origins.iter().any(|allowed| allowed == "null"))
            || self.regexes.iter().any(|regex| regex.is_match(origin))
    }
}
