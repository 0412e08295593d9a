//! Stores jobs inside the caller's transaction: what a commit decides and the work it leaves behind live or die together.

use super::{NewJob, shard_of};
use crate::db::bulk::{self, Column, Kind, Rows};
use crate::db::{DbError, DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::ids::Ids;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

/// Channel of PostgreSQL's NOTIFY.
pub(super) const HINT: &str = "courier24_jobs";

const COLUMNS: &[Column] = &[
    ("id", Kind::Text),
    ("portal", Kind::Text),
    ("shard", Kind::Int),
    ("lane", Kind::Int),
    ("kind", Kind::Text),
    ("state", Kind::Text),
    ("run_at", Kind::Int),
    ("idem_key", Kind::Text),
    ("cancel_key", Kind::Text),
    ("attempt", Kind::Int),
    ("max_attempts", Kind::Int),
    ("lost", Kind::Int),
    ("payload", Kind::Text),
    ("created_at", Kind::Int),
    ("updated_at", Kind::Int),
];

/// Stores jobs inside the caller's transaction (one statement). Returns how many were new: a job whose key has a ready one already is
/// dropped silently, whatever its time (see [`super::hasten`]).
///
/// # Errors
/// [`DbError`] when the database fails.
pub async fn enqueue(tx: &Tx, ids: &dyn Ids, now: Ms, jobs: &[NewJob]) -> DbResult<u64> {
    let mut rows = Rows::new(COLUMNS);
    for new in jobs {
        let payload = serde_json::to_string(&new.job).map_err(|error| DbError::Corrupt(error.to_string()))?;
        rows.push(vec![
            ids.id("job", now).into(),
            (&new.portal).into(),
            shard_of(&new.portal).into(),
            new.job.lane().number().into(),
            new.job.kind().into(),
            "ready".into(),
            new.run_at.into(),
            new.idem_key.as_ref().into(),
            new.cancel_key.as_ref().into(),
            0.into(),
            new.job.max_attempts().into(),
            0.into(),
            payload.into(),
            now.into(),
            now.into(),
        ]);
    }
    // Ids are fresh, so the only index that can object is the one over ready keys.
    let stored = bulk::insert(&**tx, "job", &rows, "ON CONFLICT DO NOTHING").await?;
    if stored > 0 {
        hint(tx, jobs.iter().filter(|job| job.run_at <= now).map(|job| job.portal.as_str())).await?;
    }
    Ok(stored)
}

/// Tells other replicas, on commit, that there is work for them. Only for shards this process does not work off itself: commits that
/// notify take turns inside PostgreSQL, so a hint nobody needs would cost every handler.
pub(super) async fn hint<'a>(tx: &Tx, portals: impl Iterator<Item = &'a str>) -> DbResult<()> {
    if tx.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let owned = tx.owned_shards();
    let foreign = portals.map(shard_of).any(|shard| owned & (1_u64 << (shard & 63)) == 0);
    if foreign { hint_all(tx).await } else { Ok(()) }
}

/// Wakes every replica on commit.
pub(super) async fn hint_all(tx: &Tx) -> DbResult<()> {
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_raw(Statement::from_string(DbBackend::Postgres, format!("SELECT pg_notify('{HINT}', '')"))).await?;
    }
    Ok(())
}
