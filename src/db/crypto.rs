//! Seals secrets at rest: XChaCha20-Poly1305, random nonce, associated data = key id | table | column | portal | row,
//! so that a sealed value cannot be moved to another place. BODIES to be written by the db owner; signatures are fixed.

use crate::domain::secret::Secret;

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

/// The master key (and former ones for reading).
#[derive(Debug)]
pub struct Sealer {}

impl Sealer {
    /// From base64 keys: the current one, and former ones that only open.
    pub fn new(_current: &Secret, _former: &[Secret]) -> Result<Self, SealError> {
        todo!()
    }
    /// Seals.
    pub fn seal(&self, _place: Place<'_>, _plain: &Secret) -> String {
        todo!()
    }
    /// Opens.
    pub fn open(&self, _place: Place<'_>, _sealed: &str) -> Result<Secret, SealError> {
        todo!()
    }
    /// Keyed hash (HMAC-SHA256 under a derived key, 16 hex digits) for phones in logs and for token look-ups (64 hex digits when `whole`).
    pub fn hash(&self, _purpose: &'static str, _value: &str, _whole: bool) -> String {
        todo!()
    }
}
