//! JSON Web Tokens, really signed and really checked (RFC 7519, HMAC algorithms of RFC 7518).
//!
//! The form is `jsonwebtoken`'s; the cryptography is ring's, which the world's TLS has anyway: the crate's
//! own choices are a second C library or a dozen crates for algorithms that are not used here. Whether a
//! token is in date is judged by the world's clock, never by the machine's.

use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::hmac;
use serde_json::{Map, Value};

/// The claims of a token.
pub(in crate::world) type Claims = Map<String, Value>;

/// A token of these claims. `None` for an algorithm that is no HMAC.
pub(in crate::world) fn encode(claims: &Claims, key: &str, algorithm: &str) -> Option<String> {
    install();
    let header = Header::new(named(algorithm)?);
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(key.as_bytes())).ok()
}

/// The claims of a token that this key signed with this algorithm, in date or not.
pub(in crate::world) fn decode(token: &str, key: &str, algorithm: &str) -> Option<Claims> {
    install();
    let mut validation = Validation::new(named(algorithm)?);
    // The clock of the world is asked, not the machine's.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_secret(key.as_bytes());
    jsonwebtoken::decode::<Claims>(token, &key, &validation).ok().map(|token| token.claims)
}

fn named(algorithm: &str) -> Option<Algorithm> {
    match algorithm {
        "HS256" => Some(Algorithm::HS256),
        "HS384" => Some(Algorithm::HS384),
        "HS512" => Some(Algorithm::HS512),
        _ => None,
    }
}

/// The crate takes its cryptography from one place for the whole process.
fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        static RING: CryptoProvider = CryptoProvider {
            signer_factory: |algorithm, key| Ok(Box::new(Hmac::new(*algorithm, key.as_bytes())?)),
            verifier_factory: |algorithm, key| Ok(Box::new(Hmac::new(*algorithm, key.try_get_as_bytes()?)?)),
            key_utils: KeyUtils::new_unimplemented(),
        };
        // It fails where a host program has installed its own, which does as well.
        _ = RING.install_default();
    });
}

/// One HMAC key.
struct Hmac {
    algorithm: Algorithm,
    key: hmac::Key,
}

impl Hmac {
    fn new(algorithm: Algorithm, secret: &[u8]) -> Result<Self> {
        let hash = match algorithm {
            Algorithm::HS256 => hmac::HMAC_SHA256,
            Algorithm::HS384 => hmac::HMAC_SHA384,
            Algorithm::HS512 => hmac::HMAC_SHA512,
            _ => return Err(ErrorKind::InvalidAlgorithm.into()),
        };
        Ok(Self { algorithm, key: hmac::Key::new(hash, secret) })
    }
}

impl Signer<Vec<u8>> for Hmac {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.key, message).as_ref().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hmac {
    fn verify(&self, message: &[u8], tag: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        hmac::verify(&self.key, message, tag).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hmac {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl JwtVerifier for Hmac {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tampered_token_is_refused() {
        let claims: Claims = [("sub".to_owned(), Value::from("1"))].into_iter().collect();
        let token = encode(&claims, "key", "HS256").expect("a token");
        assert_eq!(decode(&token, "key", "HS256"), Some(claims));
        assert_eq!(decode(&token, "other", "HS256"), None);
        assert_eq!(decode(&token, "key", "HS512"), None);
        let (head, tail) = token.split_once('.').expect("three parts");
        assert_eq!(decode(&format!("{head}.{}", tail.replacen('e', "f", 1)), "key", "HS256"), None);
        // The example of RFC 7515, appendix A.1, in its shape: no algorithm is no signature.
        assert_eq!(decode("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "key", "HS256"), None);
    }
}
