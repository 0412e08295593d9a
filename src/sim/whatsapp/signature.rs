//! A callback's bytes with the vendor's proof of them (reference 5.12, 7.4, 8.3).

use super::delivery::{Callback, Proof};
use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use std::collections::BTreeMap;

/// What leaves.
pub(super) struct Signed {
    pub(super) bytes: Vec<u8>,
    pub(super) content_type: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
}

const JSON: &str = "application/json";

/// Makes the bytes and signs them.
pub(super) fn sign(callback: &Callback) -> Signed {
    let plain = || callback.body.to_string().into_bytes();
    match &callback.proof {
        Proof::None => Signed { bytes: plain(), content_type: JSON, headers: Vec::new() },
        Proof::Meta { secret } => {
            let bytes = escaped(&callback.body.to_string()).into_bytes();
            let hash = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes())
                .map(|mac| hex::encode(mac.chain_update(&bytes).finalize().into_bytes()))
                .unwrap_or_default();
            Signed { bytes, content_type: JSON, headers: vec![("X-Hub-Signature-256", format!("sha256={hash}"))] }
        }
        Proof::Waha { key } if key.is_empty() => Signed { bytes: plain(), content_type: JSON, headers: Vec::new() },
        Proof::Waha { key } => {
            let bytes = plain();
            let hash = Hmac::<sha2::Sha512>::new_from_slice(key.as_bytes())
                .map(|mac| hex::encode(mac.chain_update(&bytes).finalize().into_bytes()))
                .unwrap_or_default();
            Signed { bytes, content_type: JSON, headers: vec![("X-Webhook-Hmac", hash), ("X-Webhook-Hmac-Algorithm", "sha512".to_owned())] }
        }
        Proof::Twilio { token } => form(callback, token),
    }
}

/// Non-ASCII as `\u` with lower-case hex, as Meta writes it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for symbol in text.chars() {
        if symbol.is_ascii() {
            out.push(symbol);
        } else {
            let mut units = [0_u16; 2];
            for unit in symbol.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

fn form(callback: &Callback, token: &str) -> Signed {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields: BTreeMap<String, String> =
        callback.body.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect();
    let mut signed = callback.url.clone();
    for (name, value) in &fields {
        signed.push_str(name);
        signed.push_str(value);
    }
    let hash = Hmac::<sha1::Sha1>::new_from_slice(token.as_bytes())
        .map(|mac| base64::engine::general_purpose::STANDARD.encode(mac.chain_update(signed.as_bytes()).finalize().into_bytes()))
        .unwrap_or_default();
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    Signed { bytes: body.into_bytes(), content_type: "application/x-www-form-urlencoded", headers: vec![("X-Twilio-Signature", hash)] }
}
