//! The sealed canary: proof at start that the master key is the one this database was sealed with.
//!
//! Its plain text is the installation's random key for keyed hashes, so hashes stay equal when the master key changes.

use super::crypto::{Place, SealError, Sealer};
use super::store::meta;
use super::{Db, DbError};
use crate::domain::ids::Ids;
use crate::domain::secret::Secret;

const KEY: &str = "canary";
const PLACE: Place<'static> = Place { table: "meta", column: "value", portal: "", row: KEY };

/// Why the service must not start with this key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The canary was sealed under another key.
    #[error(
        "MASTER_KEY is not the key this database was sealed with; set the former key, or list it in MASTER_KEY_OLD and run `courier24 reseal`"
    )]
    Wrong,
    /// The canary is damaged.
    #[error("the sealed canary in table meta is damaged: restore it from a backup")]
    Damaged,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Proves the key against the database (a new database takes the key at hand) and gives the sealer its hash key.
///
/// # Errors
/// [`KeyError`], a sentence for the operator.
pub async fn unlock(db: &Db, sealer: &Sealer, ids: &dyn Ids) -> Result<(), KeyError> {
    let sealed = match meta::find(db.read(), KEY).await? {
        Some(sealed) => sealed,
        None => {
            let tx = db.begin().await?;
            meta::put_new(&*tx, KEY, &sealer.seal(PLACE, &Secret::new(ids.token()))).await?;
            tx.commit("start.canary").await?;
            // Another replica may have been first.
            meta::find(db.read(), KEY).await?.ok_or(KeyError::Damaged)?
        }
    };
    let opened = sealer.open(PLACE, &sealed).map_err(|error| match error {
        SealError::UnknownKey(_) => KeyError::Wrong,
        SealError::Broken | SealError::BadKey => KeyError::Damaged,
    })?;
    sealer.adopt_hash_key(&opened).map_err(|_| KeyError::Damaged)
}

/// The canary under the current key, if it is not there yet: the last step of `reseal`.
pub(super) async fn renew(db: &Db, sealer: &Sealer) -> Result<bool, KeyError> {
    let Some(sealed) = meta::find(db.read(), KEY).await? else { return Ok(false) };
    if sealer.is_current(&sealed) {
        return Ok(false);
    }
    let plain = sealer.open(PLACE, &sealed).map_err(|_| KeyError::Wrong)?;
    let tx = db.begin().await?;
    meta::put(&*tx, KEY, &sealer.seal(PLACE, &plain)).await?;
    tx.commit("reseal.canary").await?;
    Ok(true)
}
