//! A callback's bytes with the vendor's proof of them. Each dialect signs in its own way with what is here.

use super::delivery::{Callback, Proof};
use hmac::{Hmac, KeyInit, Mac};

/// What leaves.
pub(super) struct Signed {
    pub(super) bytes: Vec<u8>,
    pub(super) content_type: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Signed {
    /// JSON with these headers.
    pub(super) fn json(bytes: Vec<u8>, headers: Vec<(&'static str, String)>) -> Self {
        Self { bytes, content_type: "application/json", headers }
    }

    /// The body as it is, without a proof.
    pub(super) fn plain(callback: &Callback) -> Self {
        Self::json(callback.body.to_string().into_bytes(), Vec::new())
    }
}

/// Makes the bytes and signs them.
pub(super) fn sign(callback: &Callback) -> Signed {
    match &callback.proof {
        Proof::None => Signed::plain(callback),
        Proof::Key { vendor, key } => vendor.dialect().sign(callback, key),
    }
}

/// A keyed hash.
pub(super) fn mac<M: Mac + KeyInit>(key: &str, bytes: &[u8]) -> Vec<u8> {
    <M as KeyInit>::new_from_slice(key.as_bytes()).map(|mac| mac.chain_update(bytes).finalize().into_bytes().to_vec()).unwrap_or_default()
}

/// HMAC-SHA256 as lower-case hex.
pub(super) fn sha256_hex(key: &str, bytes: &[u8]) -> String {
    hex::encode(mac::<Hmac<sha2::Sha256>>(key, bytes))
}
