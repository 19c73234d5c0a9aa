//! The `cors` package, after `cors/lib/index.js` 2.8.

use hyper::{Method, StatusCode};
use regex::Regex;

use super::Asked;
use crate::plan::framework::{CorsOrigin, ExpressCors, OriginMatch};
use crate::world::framework::origins::{Extent, compiled};

/// The options of `cors(…)`, ready for use.
pub(super) struct Cors {
    options: ExpressCors,
    patterns: Vec<Regex>,
}

impl Cors {
    pub(super) fn new(options: &ExpressCors) -> Result<Self, String> {
        let listed: &[OriginMatch] = match &options.origin {
            CorsOrigin::Listed(listed) => listed,
            _ => &[],
        };
        let patterns = listed.iter().filter_map(|origin| match origin {
            OriginMatch::Regex(pattern) => Some(compiled(pattern, Extent::Part)),
            OriginMatch::Exact(_) => None,
        });
        Ok(Self { patterns: patterns.collect::<Result<_, _>>()?, options: options.clone() })
    }

    /// Whether an `OPTIONS` goes on to the routes.
    pub(super) const fn continues(&self) -> bool {
        self.options.preflight_continue
    }

    /// The status of a preflight's answer.
    pub(super) fn success(&self) -> StatusCode {
        StatusCode::from_u16(self.options.options_success_status).unwrap_or(StatusCode::NO_CONTENT)
    }

    /// The headers for a request; none at all where `origin` is false.
    pub(super) fn headers(&self, asked: &Asked<'_>) -> Vec<(&'static str, String)> {
        let options = &self.options;
        let mut headers = Vec::new();
        let mut vary: Vec<&str> = Vec::new();
        let origin = asked.header("origin").map(str::to_owned);
        let allowed = match &options.origin {
            CorsOrigin::Off => return headers,
            CorsOrigin::Any => Some("*".to_owned()),
            CorsOrigin::Fixed(fixed) => Some(fixed.clone()),
            CorsOrigin::Reflect => origin,
            CorsOrigin::Listed(_) => origin.filter(|origin| self.is_listed(origin)),
        };
        if options.origin != CorsOrigin::Any {
            vary.push("Origin");
        }
        let mut add = |name, value: Option<&str>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                headers.push((name, value.to_owned()));
            }
        };
        add("access-control-allow-origin", allowed.as_deref());
        add("access-control-allow-credentials", options.credentials.then_some("true"));
        add("access-control-expose-headers", options.exposed_headers.as_deref());
        if *asked.method == Method::OPTIONS {
            add("access-control-allow-methods", Some(&options.methods));
            let asked_for = asked.header("access-control-request-headers");
            if options.allowed_headers.is_none() {
                vary.push("Access-Control-Request-Headers");
            }
            add("access-control-allow-headers", options.allowed_headers.as_deref().or(asked_for));
            add("access-control-max-age", options.max_age.map(|age| age.to_string()).as_deref());
        }
        add("vary", Some(&vary.join(", ")));
        headers
    }

    fn is_listed(&self, origin: &str) -> bool {
        let CorsOrigin::Listed(listed) = &self.options.origin else { return false };
        let exactly = |one: &OriginMatch| matches!(one, OriginMatch::Exact(exact) if exact == origin);
        listed.iter().any(exactly) || self.patterns.iter().any(|pattern| pattern.is_match(origin))
    }
}
