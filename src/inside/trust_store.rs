//! The CA as Java reads it: a key store in the JKS format, which every JDK takes and which needs no `keytool` to make.
//!
//! The format is that of `sun.security.provider.JavaKeyStore`: big-endian numbers, strings with their length before
//! them, and a keyed digest at the end.

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

/// The password of the store, the one that all stores of public certificates have. It guards nothing.
pub(super) const PASSWORD: &str = "changeit";

const MAGIC: u32 = 0xfeed_feed;
const VERSION: u32 = 2;
const TRUSTED_CERTIFICATE: u32 = 2;

/// What the digest begins with beside the password.
const SALT: &[u8] = b"Mighty Aphrodite";

/// A store that trusts one certificate, given as DER.
pub(super) fn java(certificate: &[u8]) -> Vec<u8> {
    let mut store = Vec::with_capacity(certificate.len() + 64);
    for number in [MAGIC, VERSION, 1, TRUSTED_CERTIFICATE] {
        store.extend(number.to_be_bytes());
    }
    text(&mut store, "rehearsal");
    // When it was added, in milliseconds: nobody looks.
    store.extend(0_u64.to_be_bytes());
    text(&mut store, "X.509");
    store.extend(u32::try_from(certificate.len()).expect("a certificate is small").to_be_bytes());
    store.extend(certificate);
    let mut digest = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    digest.update(&PASSWORD.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>());
    digest.update(SALT);
    digest.update(&store);
    store.extend(digest.finish().as_ref());
    store
}

fn text(store: &mut Vec<u8>, text: &str) {
    store.extend(u16::try_from(text.len()).expect("a name is short").to_be_bytes());
    store.extend(text.bytes());
}
