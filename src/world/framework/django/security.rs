//! `SecurityMiddleware`, after `django/middleware/security.py`.

use super::{Django, Visit, redirect, set};
use crate::world::reply::Reply;

impl Django {
    /// `SECURE_SSL_REDIRECT`: any request over plain http, a preflight too.
    pub(super) fn ssl_redirect(&self, visit: &Visit<'_>) -> Option<Reply> {
        let security = &self.settings.security;
        if !security.ssl_redirect || self.is_secure(visit.asked) {
            return None;
        }
        let host = security.ssl_host.clone().unwrap_or_else(|| self.host(visit.asked));
        let url = visit.asked.url;
        let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
        let to = format!("https://{host}{}{query}", self.path(visit.asked));
        Some(redirect(&to, "SECURE_SSL_REDIRECT redirects what is not secure"))
    }

    /// The headers that an answer does not have yet.
    pub(super) fn security_headers(&self, visit: &Visit<'_>, reply: &mut Reply) {
        let security = &self.settings.security;
        let mut default = |name: &'static str, text: Option<&str>| {
            if let Some(text) = text.filter(|_| !reply.headers.contains_key(name)) {
                set(reply, name, text);
            }
        };
        if security.hsts_seconds != 0 && self.is_secure(visit.asked) {
            let mut hsts = format!("max-age={}", security.hsts_seconds);
            if security.hsts_include_subdomains {
                hsts.push_str("; includeSubDomains");
            }
            if security.hsts_preload {
                hsts.push_str("; preload");
            }
            default("strict-transport-security", Some(&hsts));
        }
        default("x-content-type-options", security.content_type_nosniff.then_some("nosniff"));
        default("referrer-policy", security.referrer_policy.as_deref());
        default("cross-origin-opener-policy", security.cross_origin_opener_policy.as_deref());
    }
}
