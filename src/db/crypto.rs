//! Seals secrets at rest: XChaCha20-Poly1305, random nonce, associated data = key id | table | column | portal | row,
//! so that a sealed value cannot be moved to another place.
//!
//! A sealed value reads `x1.<key id>.<base64 of nonce and ciphertext>`. Former keys only open. The keyed hash uses a random key of the
//! installation, kept sealed in `meta` (see `canary`), so that a change of the master key does not change stored hashes. This file never
//! touches the database and never logs.

use crate::domain::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use rand::Rng as _;
use sha2::Sha256;
use std::sync::OnceLock;

const FORMAT: &str = "x1";
const NONCE_BYTES: usize = 24;

/// Where a sealed value lives; part of the associated data.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Table.
    pub table: &'static str,
    /// Column.
    pub column: &'static str,
    /// Portal member id.
    pub portal: &'a str,
    /// Primary key of the row.
    pub row: &'a str,
}

impl Place<'_> {
    /// Length-prefixed, so that no two places share one text.
    fn associated(&self, key_id: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(96);
        for part in [key_id, self.table, self.column, self.portal, self.row] {
            out.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            out.extend_from_slice(part.as_bytes());
        }
        out
    }
}

/// Why a value cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// No key of that id.
    #[error("sealed under an unknown key {0}")]
    UnknownKey(String),
    /// Moved, changed or truncated.
    #[error("sealed value does not open")]
    Broken,
    /// Not 32 bytes of base64.
    #[error("key is not 32 bytes of base64")]
    BadKey,
}

struct Key {
    id: String,
    bytes: [u8; 32],
    cipher: XChaCha20Poly1305,
}

impl Key {
    fn read(text: &Secret) -> Result<Self, SealError> {
        let text = text.expose().trim();
        let bytes = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD]
            .into_iter()
            .find_map(|engine| engine.decode(text).ok())
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .ok_or(SealError::BadKey)?;
        // The id is derived, so that an operator never has to name keys; 32 bits tell a handful of keys apart.
        let id = hex::encode(mac(&bytes, &["courier24 key id"]).get(..4).unwrap_or_default());
        let sealing = mac(&bytes, &["courier24 sealing"]);
        Ok(Self { id, bytes, cipher: XChaCha20Poly1305::new(&sealing.into()) })
    }
}

/// The master key (and former ones for reading).
pub struct Sealer {
    current: Key,
    former: Vec<Key>,
    hash_key: OnceLock<[u8; 32]>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").field("current", &self.current.id).field("former", &self.former.len()).finish()
    }
}

impl Sealer {
    /// From base64 keys: the current one, and former ones that only open.
    ///
    /// # Errors
    /// [`SealError::BadKey`] when one of them is not 32 bytes.
    pub fn new(current: &Secret, former: &[Secret]) -> Result<Self, SealError> {
        let former = former.iter().map(Key::read).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { current: Key::read(current)?, former, hash_key: OnceLock::new() })
    }

    /// Seals under the current key.
    pub fn seal(&self, place: Place<'_>, plain: &Secret) -> String {
        let mut nonce = [0_u8; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        let aad = place.associated(&self.current.id);
        let payload = Payload { msg: plain.expose().as_bytes(), aad: &aad };
        // The cipher refuses only texts of more than 256 GiB; an empty body would then never open, which is an error and not a leak.
        let body = self.current.cipher.encrypt(&XNonce::from(nonce), payload).unwrap_or_default();
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&body);
        format!("{FORMAT}.{}.{}", self.current.id, URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Opens a value sealed for exactly this place, under the current or a former key.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`] when its key is not among ours, [`SealError::Broken`] when it was moved, changed or cut.
    pub fn open(&self, place: Place<'_>, sealed: &str) -> Result<Secret, SealError> {
        let mut parts = sealed.splitn(3, '.');
        let (Some(FORMAT), Some(key_id), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(SealError::Broken);
        };
        let key = self.key(key_id).ok_or_else(|| SealError::UnknownKey(key_id.to_owned()))?;
        let bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| SealError::Broken)?;
        let (nonce, body) = bytes.split_at_checked(NONCE_BYTES).ok_or(SealError::Broken)?;
        let nonce = <[u8; NONCE_BYTES]>::try_from(nonce).map_err(|_| SealError::Broken)?;
        let aad = place.associated(key_id);
        let plain = key.cipher.decrypt(&XNonce::from(nonce), Payload { msg: body, aad: &aad }).map_err(|_| SealError::Broken)?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| SealError::Broken)
    }

    /// Whether a value is sealed under the current key already (look at its key id only).
    pub fn is_current(&self, sealed: &str) -> bool {
        sealed.split('.').nth(1) == Some(self.current.id.as_str())
    }

    /// Keyed hash (HMAC-SHA256 under a derived key, 16 hex digits) for phones in logs and for token look-ups (64 hex digits when `whole`).
    pub fn hash(&self, purpose: &'static str, value: &str, whole: bool) -> String {
        let key = self.hash_key.get().copied().unwrap_or_else(|| mac(&self.current.bytes, &["courier24 hashing"]));
        let mut text = hex::encode(mac(&key, &[purpose, value]));
        if !whole {
            text.truncate(16);
        }
        text
    }

    /// Takes the installation's hash key (64 hex digits) out of the opened canary; later calls change nothing.
    pub(crate) fn adopt_hash_key(&self, hex_key: &Secret) -> Result<(), SealError> {
        let mut key = [0_u8; 32];
        hex::decode_to_slice(hex_key.expose(), &mut key).map_err(|_| SealError::Broken)?;
        let _ = self.hash_key.set(key);
        Ok(())
    }

    fn key(&self, id: &str) -> Option<&Key> {
        std::iter::once(&self.current).chain(&self.former).find(|key| key.id == id)
    }
}

fn mac(key: &[u8; 32], parts: &[&str]) -> [u8; 32] {
    // HMAC pads a short key with zeros to the block; done here, the constructor cannot fail.
    let mut block = [0_u8; 64];
    for (slot, byte) in block.iter_mut().zip(key) {
        *slot = *byte;
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for part in parts {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Secret {
        Secret::new(STANDARD.encode([byte; 32]))
    }

    const HERE: Place<'static> = Place { table: "portal", column: "access_token", portal: "m1", row: "m1" };

    #[test]
    fn a_sealed_value_opens_only_in_its_own_place() {
        let sealer = Sealer::new(&key(1), &[]).unwrap();
        let sealed = sealer.seal(HERE, &Secret::new("token"));
        assert!(!sealed.contains("token"));
        assert_eq!(sealer.open(HERE, &sealed).unwrap().expose(), "token");
        for elsewhere in [
            Place { table: "channel", ..HERE },
            Place { column: "refresh_token", ..HERE },
            Place { portal: "m2", ..HERE },
            Place { row: "m2", ..HERE },
            Place { portal: "m", row: "1m1", ..HERE },
        ] {
            assert!(matches!(sealer.open(elsewhere, &sealed), Err(SealError::Broken)), "{elsewhere:?}");
        }
    }

    #[test]
    fn a_changed_or_cut_value_is_broken_and_never_panics() {
        let sealer = Sealer::new(&key(1), &[]).unwrap();
        let sealed = sealer.seal(HERE, &Secret::new("token"));
        for cut in 0..sealed.len() {
            assert!(sealer.open(HERE, &sealed[..cut]).is_err());
        }
        let mut flipped = sealed.into_bytes();
        let last = flipped.len() - 3;
        flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
        assert!(sealer.open(HERE, std::str::from_utf8(&flipped).unwrap()).is_err());
    }

    #[test]
    fn former_keys_open_and_the_current_one_seals() {
        let old = Sealer::new(&key(1), &[]).unwrap();
        let sealed = old.seal(HERE, &Secret::new("token"));
        let new = Sealer::new(&key(2), &[key(1)]).unwrap();
        assert_eq!(new.open(HERE, &sealed).unwrap().expose(), "token");
        assert!(!new.is_current(&sealed));
        let again = new.seal(HERE, &Secret::new("token"));
        assert!(new.is_current(&again));
        assert!(matches!(old.open(HERE, &again), Err(SealError::UnknownKey(_))));
    }

    #[test]
    fn keys_must_be_32_bytes_of_base64() {
        for bad in ["", "abc", "not base64!", &STANDARD.encode([0_u8; 31]), &STANDARD.encode([0_u8; 33])] {
            assert!(matches!(Sealer::new(&Secret::new(bad), &[]), Err(SealError::BadKey)), "{bad}");
        }
        assert!(Sealer::new(&Secret::new(URL_SAFE_NO_PAD.encode([255_u8; 32])), &[]).is_ok());
    }

    #[test]
    fn hashes_depend_on_purpose_value_and_installation_and_survive_a_new_master_key() {
        let a = Sealer::new(&key(1), &[]).unwrap();
        let b = Sealer::new(&key(2), &[]).unwrap();
        assert_ne!(a.hash("phone", "79", false), a.hash("token", "79", false));
        assert_ne!(a.hash("phone", "79", true), b.hash("phone", "79", true));
        assert_eq!(a.hash("phone", "79", false).len(), 16);
        assert_eq!(a.hash("phone", "79", true).len(), 64);
        let shared = Secret::new(hex::encode([7_u8; 32]));
        a.adopt_hash_key(&shared).unwrap();
        b.adopt_hash_key(&shared).unwrap();
        assert_eq!(a.hash("phone", "79", true), b.hash("phone", "79", true));
    }
}
