//! NextAuth's session token: an encrypted JWT (RFC 7516, `dir` with `A256GCM`), the key derived from the
//! secret (RFC 5869). It is really encrypted, and what another secret encrypted does not open.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{aead, hkdf};
use serde_json::Value;

use crate::world::framework::random::Random;

const HEADER: &str = r#"{"alg":"dir","enc":"A256GCM"}"#;
const INFO: &[u8] = b"NextAuth.js Generated Encryption Key";

/// A token of these claims.
pub(super) fn encrypt(secret: &str, claims: &Value, random: &mut Random) -> String {
    let header = URL_SAFE_NO_PAD.encode(HEADER);
    let mut nonce = [0; aead::NONCE_LEN];
    random.fill(&mut nonce);
    let mut text = claims.to_string().into_bytes();
    let tag = key(secret).and_then(|key| {
        let nonce = aead::Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_separate_tag(nonce, aead::Aad::from(header.as_bytes()), &mut text).ok()
    });
    let tag = tag.map(|tag| URL_SAFE_NO_PAD.encode(tag)).unwrap_or_default();
    format!("{header}..{}.{}.{tag}", URL_SAFE_NO_PAD.encode(nonce), URL_SAFE_NO_PAD.encode(text))
}

/// The claims of a token that this secret encrypted.
pub(super) fn decrypt(secret: &str, token: &str) -> Option<Value> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, "", nonce, text, tag] = parts.as_slice() else { return None };
    let nonce = URL_SAFE_NO_PAD.decode(nonce).ok()?;
    let nonce = aead::Nonce::try_assume_unique_for_key(&nonce).ok()?;
    let mut sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
    sealed.extend(URL_SAFE_NO_PAD.decode(tag).ok()?);
    let text = key(secret)?.open_in_place(nonce, aead::Aad::from(header.as_bytes()), &mut sealed).ok()?;
    serde_json::from_slice(text).ok()
}

fn key(secret: &str) -> Option<aead::LessSafeKey> {
    let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, b"").extract(secret.as_bytes());
    let derived = derived.expand(&[INFO], &aead::AES_256_GCM).ok()?.into();
    Some(aead::LessSafeKey::new(derived))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nextauth_encrypted_opens() {
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("the file is JSON");
        let cases = parse(include_str!("../../../../tests/frameworks/cases/nextauth.json"));
        let recorded = parse(include_str!("../../../../tests/frameworks/recorded/nextauth.json"));
        let list = |value: &serde_json::Value| value["cases"].as_array().cloned().unwrap_or_default();
        let mut opened = 0;
        for case in list(&recorded) {
            let of_name = |asked: &&serde_json::Value| asked["name"] == case["name"];
            let asked = list(&cases);
            let secret = asked.iter().find(of_name).and_then(|asked| asked["settings"]["secret"].as_str());
            for rest in case.to_string().split("session-token=eyJ").skip(1) {
                let token = rest.split(';').next().unwrap_or_default();
                let claims = decrypt(secret.expect("it was recorded with one"), &format!("eyJ{token}"))
                    .expect("the secret of the recording");
                assert_eq!(claims["name"], "admin");
                opened += 1;
            }
        }
        assert!(opened > 20);
    }

    #[test]
    fn only_the_secret_opens_it() {
        let claims = serde_json::json!({ "sub": "1" });
        let token = encrypt("secret", &claims, &mut Random::new(&[3; 32], "", 0));
        assert_eq!(decrypt("secret", &token), Some(claims));
        assert_eq!(decrypt("another", &token), None);
        assert_eq!(decrypt("secret", &format!("{token}A")), None);
        assert_eq!(decrypt("secret", "x"), None);
    }
}
