//! Signatures of cookies: `cookie-signature` and `keygrip` of Express, `itsdangerous` of Starlette.
//!
//! They are real: what another key signed, or nobody, is refused.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use ring::{digest, hmac};

/// `cookie-signature`: the value, a dot and HMAC-SHA-256 in base64 without its padding.
pub(super) fn sign(value: &str, secret: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("{value}.{}", STANDARD_NO_PAD.encode(hmac::sign(&key, value.as_bytes())))
}

/// The value that one of these secrets signed.
pub(super) fn unsign(signed: &str, secrets: &[String]) -> Option<String> {
    let (value, _) = signed.rsplit_once('.')?;
    secrets.iter().any(|secret| sign(value, secret) == signed).then(|| value.to_owned())
}

/// `keygrip`: HMAC-SHA-1 in the base64 of URLs.
pub(super) fn keygrip(data: &str, key: &str) -> String {
    sha1(key.as_bytes(), data.as_bytes())
}

/// `itsdangerous.TimestampSigner`: the value, the time and their signature, between dots.
pub(super) fn timestamped(value: &str, secret: &str, at: i64) -> String {
    let bytes = at.to_be_bytes();
    let significant = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let signed = format!("{value}.{}", URL_SAFE_NO_PAD.encode(&bytes[significant..]));
    let signature = sha1(&derived(secret), signed.as_bytes());
    format!("{signed}.{signature}")
}

/// The value that was signed at most this many seconds ago.
pub(super) fn untimestamped(signed: &str, secret: &str, now: i64, max_age: Option<i64>) -> Option<String> {
    let (rest, signature) = signed.rsplit_once('.')?;
    if sha1(&derived(secret), rest.as_bytes()) != signature {
        return None;
    }
    let (value, at) = rest.rsplit_once('.')?;
    let at = URL_SAFE_NO_PAD.decode(at).ok()?;
    let at = at.iter().try_fold(0_i64, |at, byte| at.checked_mul(256)?.checked_add(i64::from(*byte)))?;
    let age = now - at;
    let is_fresh = max_age.is_none_or(|most| (0..=most).contains(&age));
    is_fresh.then(|| value.to_owned())
}

/// `itsdangerous`'s key derivation "django-concat".
fn derived(secret: &str) -> Vec<u8> {
    let text = format!("itsdangerous.Signersigner{secret}");
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref().to_vec()
}

fn sha1(key: &[u8], data: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_that_signed_opens() {
        let keys = ["new".to_owned(), "old".to_owned()];
        assert_eq!(unsign(&sign("a.b", "old"), &keys), Some("a.b".to_owned()));
        assert_eq!(unsign(&sign("a.b", "other"), &keys), None);
        let signed = timestamped("v", "key", 1_700_000_000);
        assert_eq!(untimestamped(&signed, "key", 1_700_000_060, Some(60)), Some("v".to_owned()));
        assert_eq!(untimestamped(&signed, "key", 1_700_000_061, Some(60)), None);
        assert_eq!(untimestamped(&signed, "other", 1_700_000_000, None), None);
    }
}
