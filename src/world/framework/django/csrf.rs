//! `CsrfViewMiddleware`, after `django/middleware/csrf.py` 5.2.
//!
//! The cookie (or the session) holds a secret; a form or a header holds it too, masked anew for each
//! answer. Over https an unsafe request has to come from the host itself or from a trusted origin, by its
//! `Origin` or else its `Referer`.

use hyper::Method;

use super::{Asked, Django, SetCookie, Visit, vary_on};
use crate::world::framework::origins::split;
use crate::world::framework::random::Random;
use crate::world::reply::Reply;

/// What secrets and masks are made of.
const CHARS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const SECRET: usize = 32;

/// What is known of the secret in one request.
#[derive(Debug, Default)]
pub(super) struct CsrfState {
    /// `request.META["CSRF_COOKIE"]`.
    secret: Option<String>,
    needs_update: bool,
}

impl Django {
    /// `process_request`.
    pub(super) fn read_secret(&self, visit: &mut Visit<'_>) {
        match self.secret(visit) {
            Ok(secret) => visit.csrf.secret = secret,
            Err(_) => self.rotate_secret(visit),
        }
    }

    /// `rotate_token`.
    pub(super) fn rotate_secret(&self, visit: &mut Visit<'_>) {
        visit.csrf = CsrfState { secret: Some(visit.random.text(CHARS, SECRET)), needs_update: true };
    }

    /// `get_token`: the secret, masked.
    pub(super) fn csrf_token(&self, visit: &mut Visit<'_>) -> String {
        if visit.csrf.secret.is_none() {
            self.rotate_secret(visit);
        }
        visit.csrf.needs_update = true;
        masked(visit.csrf.secret.as_deref().unwrap_or_default(), &mut visit.random)
    }

    /// `process_response`.
    pub(super) fn send_secret(&self, visit: &mut Visit<'_>, reply: &mut Reply) {
        let settings = &self.settings.csrf;
        let Some(secret) = visit.csrf.secret.clone().filter(|_| visit.csrf.needs_update) else { return };
        visit.csrf.needs_update = false;
        if settings.use_sessions {
            let known = self.session_data(visit).and_then(|data| data.csrf.clone());
            if known.as_ref() != Some(&secret)
                && let Some(data) = self.session_data_mut(visit)
            {
                data.csrf = Some(secret);
            }
            return;
        }
        visit.set_cookie(&SetCookie {
            name: &settings.name,
            value: &secret,
            max_age: settings.age,
            expires: None,
            path: Some(&settings.path),
            domain: settings.domain.as_deref(),
            secure: settings.secure,
            httponly: settings.httponly,
            samesite: settings.samesite.as_deref(),
        });
        vary_on(reply, "Cookie");
    }

    /// `process_view`: why the request is refused, in Django's words.
    pub(super) fn check_csrf(&self, visit: &mut Visit<'_>) -> Result<(), String> {
        let asked = visit.asked;
        if [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(asked.method) {
            return Ok(());
        }
        match asked.header("origin") {
            Some(origin) if !self.is_trusted(asked, origin) => {
                return Err(format!("Origin checking failed - {origin} does not match any trusted origins."));
            }
            Some(_) => {}
            None if self.is_secure(asked) => self.check_referer(asked)?,
            None => {}
        }
        self.check_token(visit)
    }

    fn is_trusted(&self, asked: &Asked<'_>, origin: &str) -> bool {
        let scheme = if self.is_secure(asked) { "https" } else { "http" };
        let trusted = &self.settings.csrf.trusted_origins;
        if origin == format!("{scheme}://{}", self.host(asked)) || trusted.iter().any(|one| one == origin) {
            return true;
        }
        let (scheme, authority) = split(origin);
        trusted.iter().filter(|one| one.contains('*')).any(|one| {
            let (its_scheme, its_authority) = split(one);
            its_scheme == scheme && is_same_domain(authority, its_authority.trim_start_matches('*'))
        })
    }

    fn check_referer(&self, asked: &Asked<'_>) -> Result<(), String> {
        let failed = |why: &str| Err(format!("Referer checking failed - {why}"));
        let Some(referer) = asked.header("referer") else { return failed("no Referer.") };
        let (scheme, authority) = split(referer);
        if scheme.is_empty() || authority.is_empty() {
            return failed("Referer is malformed.");
        }
        if scheme != "https" {
            return failed("Referer is insecure while host is secure.");
        }
        let (csrf, session) = (&self.settings.csrf, &self.settings.session);
        let mut trusted = csrf.trusted_origins.iter().map(|one| split(one).1.trim_start_matches('*'));
        if trusted.any(|domain| is_same_domain(authority, domain)) {
            return Ok(());
        }
        let domain = if csrf.use_sessions { &session.domain } else { &csrf.domain };
        let good = match domain {
            None => self.host(asked),
            Some(domain) => match self.port(asked).as_str() {
                "443" | "80" => domain.clone(),
                port => format!("{domain}:{port}"),
            },
        };
        if is_same_domain(authority, &good) {
            return Ok(());
        }
        failed(&format!("{referer} does not match any trusted origins."))
    }

    /// `request.get_port()`.
    fn port(&self, asked: &Asked<'_>) -> String {
        let forwarded = asked.header("x-forwarded-port").filter(|_| self.settings.use_x_forwarded_port);
        let own = || asked.url.port_or_known_default().unwrap_or_default().to_string();
        forwarded.map_or_else(own, str::to_owned)
    }

    fn check_token(&self, visit: &mut Visit<'_>) -> Result<(), String> {
        let secret = self.secret(visit).map_err(|why| format!("CSRF cookie {why}."))?;
        let secret = secret.ok_or("CSRF cookie not set.")?;
        let header = &self.settings.csrf.header;
        let by_form = if *visit.asked.method == Method::POST {
            visit.asked.form().remove("csrfmiddlewaretoken").filter(|token| !token.is_empty())
        } else {
            None
        };
        let (token, source) = match (by_form, visit.asked.header(header)) {
            (Some(token), _) => (token, "POST".to_owned()),
            (None, Some(token)) => (token.to_owned(), format!("the '{}' HTTP header", capitalised(header))),
            (None, None) => return Err("CSRF token missing.".to_owned()),
        };
        let wrong = |why: &str| format!("CSRF token from {source} {why}.");
        check_format(&token).map_err(wrong)?;
        if unmasked(&token) == secret { Ok(()) } else { Err(wrong("incorrect")) }
    }

    /// The secret that came with the request, or what is wrong with it.
    fn secret(&self, visit: &mut Visit<'_>) -> Result<Option<String>, &'static str> {
        let settings = &self.settings.csrf;
        let secret = if settings.use_sessions {
            self.session_data(visit).and_then(|data| data.csrf.clone())
        } else {
            let cookie = visit.sent(&settings.name).map(str::to_owned);
            cookie.as_deref().map_or(Ok(()), check_format)?;
            cookie
        };
        Ok(secret.map(|secret| unmasked(&secret)))
    }
}

fn check_format(token: &str) -> Result<(), &'static str> {
    if token.len() != SECRET && token.len() != 2 * SECRET {
        Err("has incorrect length")
    } else if !token.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Err("has invalid characters")
    } else {
        Ok(())
    }
}

fn index(byte: u8) -> usize {
    CHARS.iter().position(|known| *known == byte).unwrap_or_default()
}

fn combined(a: &str, b: &str, of: impl Fn(usize, usize) -> usize) -> String {
    let chars = a.bytes().zip(b.bytes()).map(|(a, b)| CHARS[of(index(a), index(b)) % CHARS.len()]);
    chars.map(char::from).collect()
}

fn masked(secret: &str, random: &mut Random) -> String {
    let mask = random.text(CHARS, SECRET);
    let cipher = combined(secret, &mask, |secret, mask| secret + mask);
    mask + &cipher
}

/// The secret of a token, which is one itself where it is short.
fn unmasked(token: &str) -> String {
    match token.split_at_checked(SECRET) {
        Some((mask, cipher)) if token.len() == 2 * SECRET => {
            combined(cipher, mask, |cipher, mask| cipher + CHARS.len() - mask)
        }
        _ => token.to_owned(),
    }
}

/// `is_same_domain`: a pattern with a leading dot takes subdomains, and itself.
fn is_same_domain(host: &str, pattern: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    match pattern.strip_prefix('.') {
        _ if pattern.is_empty() => false,
        Some(bare) => host.ends_with(&pattern) || host == bare,
        None => host == pattern,
    }
}

/// A header's name as people write it.
fn capitalised(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut word = word.to_owned();
        if let Some(first) = word.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        word
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_secret_is_the_secret() {
        let mut random = Random::new(&[1; 32], "", 0);
        let secret = random.text(CHARS, SECRET);
        let token = masked(&secret, &mut random);
        assert_eq!(token.len(), 64);
        assert_eq!(unmasked(&token), secret);
        assert_eq!(unmasked(&secret), secret);
    }

    #[test]
    fn a_pattern_with_a_dot_takes_subdomains() {
        assert!(is_same_domain("a.example.com", ".example.com"));
        assert!(is_same_domain("example.com", ".Example.com"));
        assert!(!is_same_domain("badexample.com", ".example.com"));
        assert!(!is_same_domain("a.example.com", "example.com"));
        assert!(!is_same_domain("x", ""));
    }
}
