//! Signatures of webhooks: keyed hashes over raw bytes, compared in constant time.

use crate::domain::secret::Secret;
use hmac::{Hmac, KeyInit as _, Mac as _};

/// HMAC-SHA256 as lower-case hex.
pub(super) fn sha256_hex(key: &Secret, bytes: &[u8]) -> String {
    Hmac::<sha2::Sha256>::new_from_slice(key.expose().as_bytes())
        .map(|mac| hex::encode(mac.chain_update(bytes).finalize().into_bytes()))
        .unwrap_or_default()
}

/// HMAC-SHA512 as lower-case hex.
pub(super) fn sha512_hex(key: &Secret, bytes: &[u8]) -> String {
    Hmac::<sha2::Sha512>::new_from_slice(key.expose().as_bytes())
        .map(|mac| hex::encode(mac.chain_update(bytes).finalize().into_bytes()))
        .unwrap_or_default()
}

/// HMAC-SHA1 in base64.
pub(super) fn sha1_base64(key: &Secret, bytes: &[u8]) -> String {
    use base64::Engine as _;
    Hmac::<sha1::Sha1>::new_from_slice(key.expose().as_bytes())
        .map(|mac| base64::engine::general_purpose::STANDARD.encode(mac.chain_update(bytes).finalize().into_bytes()))
        .unwrap_or_default()
}

/// Whether a told signature is the computed one; an empty key proves nothing.
pub(super) fn same(key: &Secret, computed: String, told: &str) -> bool {
    !key.is_empty() && Secret::new(computed).matches(told.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        let key = Secret::new("key");
        let text = b"The quick brown fox jumps over the lazy dog";
        assert_eq!(sha256_hex(&key, text), "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
        assert!(sha512_hex(&key, text).starts_with("b42af09057bac1e2d41708e48a902e09b5ff7f12ab428a4fe86653c73dd248fb"));
        assert_eq!(sha1_base64(&key, text), "3nybhbi3iqa8ino29wqQcBydtNk=");
        assert!(same(&key, "a".to_owned(), " a "));
        assert!(!same(&Secret::default(), "a".to_owned(), "a"));
        assert!(!same(&key, "a".to_owned(), ""));
    }
}
