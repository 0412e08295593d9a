//! Which worker serves which portals: 64 shards, leased as rows, so that a portal's and channel's rates live in one process.
//!
//! On PostgreSQL every replica renews its leases, leaves what is more than its fair share, and takes what nobody holds. What it takes over
//! had another master: running jobs there are void at once, and the dead owner's late finishes fail on their lease ids. Clocks of the
//! replicas have to agree within a second or two. On SQLite one process owns all.

use super::{Lost, reclaim};
use crate::db::bulk::{Cell, Kind, list, one_of};
use crate::db::{DbResult, Tx};
use crate::domain::clock::{Ms, SECOND};
use sea_orm::{ConnectionTrait as _, DbBackend, QueryResult, Statement, Value};
use std::collections::BTreeSet;

/// Number of shards.
pub const SHARDS: i64 = 64;

/// How long a shard stays with an owner that is no longer heard of.
pub const SHARD_LEASE: Ms = 6 * SECOND;

/// A portal's shard: stable across releases (FNV-1a of the member id, mod 64).
pub fn shard_of(portal: &str) -> i64 {
    let hash = portal.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    i64::try_from(hash % 64).unwrap_or_default()
}

/// Every shard.
pub fn all_shards() -> Vec<i64> {
    (0..SHARDS).collect()
}

/// The set as bits, for [`crate::db::Db::set_owned_shards`].
pub fn shard_bits(shards: &[i64]) -> u64 {
    shards.iter().fold(0, |bits, shard| bits | 1_u64 << (shard & 63))
}

/// What a replica holds after a tick.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Held {
    /// All its shards, until `now` + [`SHARD_LEASE`].
    pub shards: Vec<i64>,
    /// Those that are new.
    pub taken: Vec<i64>,
    /// Those of the new ones that had another owner: what it spent of any rate is not known here.
    pub inherited: Vec<i64>,
    /// Jobs of a former owner that are ready again.
    pub voided: u64,
}

/// Renews, leaves, takes over. `busy` = shards with a group at work here, which are not left now.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails; then nothing was renewed.
pub async fn hold_shards(tx: &Tx, replica: &str, now: Ms, busy: &BTreeSet<i64>) -> DbResult<Held> {
    if tx.get_database_backend() != DbBackend::Postgres {
        return Ok(Held { shards: all_shards(), ..Held::default() });
    }
    let until = now.saturating_add(SHARD_LEASE);
    let replicas = count_replicas(tx, replica, now).await?;
    let renew = "UPDATE shard_lease SET lease_until = $2 WHERE owner = $1 RETURNING shard";
    let mut shards = query(tx, renew, vec![replica.into(), until.into()]).await?;
    shards.sort_unstable();
    let fair = usize::try_from((SHARDS + replicas - 1) / replicas.max(1)).unwrap_or_default();
    let mut excess: Vec<i64> = shards.iter().rev().copied().filter(|shard| !busy.contains(shard)).collect();
    excess.truncate(shards.len().saturating_sub(fair));
    if !excess.is_empty() {
        let which = one_of(DbBackend::Postgres, "shard", 2, Kind::Int);
        let values = vec![replica.into(), list(DbBackend::Postgres, excess.iter().map(|shard| Cell::Int(*shard)))];
        // The row stays, so that the heir knows that there was an owner.
        query(tx, &format!("UPDATE shard_lease SET owner = '', lease_until = 0 WHERE owner = $1 AND {which} RETURNING shard"), values)
            .await?;
        shards.retain(|shard| !excess.contains(shard));
    }
    let missing = i64::try_from(fair.saturating_sub(shards.len())).unwrap_or_default();
    let known = if missing > 0 { query(tx, "SELECT shard FROM shard_lease", Vec::new()).await? } else { Vec::new() };
    let taken = if missing > 0 { take(tx, replica, now, missing).await? } else { Vec::new() };
    let inherited = taken.iter().copied().filter(|shard| known.contains(shard)).collect();
    let voided = if taken.is_empty() { 0 } else { reclaim(tx, Lost::Shards(&taken), now).await? };
    shards.extend(&taken);
    Ok(Held { shards, taken, inherited, voided })
}

/// Gives all shards back at the end of an ordered shutdown.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn leave_shards(tx: &Tx, replica: &str) -> DbResult<()> {
    for sql in ["DELETE FROM shard_lease WHERE owner = $1", "DELETE FROM replica WHERE id = $1"] {
        tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, [Value::from(replica)])).await?;
    }
    Ok(())
}

/// Tells that this replica lives, and counts who does.
async fn count_replicas(tx: &Tx, replica: &str, now: Ms) -> DbResult<i64> {
    let tell = "INSERT INTO replica (id, seen_at) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at";
    for (sql, values) in [
        (tell, vec![Value::from(replica), Value::from(now)]),
        ("DELETE FROM replica WHERE seen_at < $1", vec![Value::from(now.saturating_sub(SHARD_LEASE))]),
    ] {
        tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    }
    let count = query(tx, "SELECT count(*) FROM replica", Vec::new()).await?;
    Ok(count.first().copied().unwrap_or(1).max(1))
}

/// Takes up to `missing` shards that nobody holds.
async fn take(tx: &Tx, replica: &str, now: Ms, missing: i64) -> DbResult<Vec<i64>> {
    let sql = "INSERT INTO shard_lease (shard, owner, lease_until) \
               SELECT free.shard, $1, $2 FROM generate_series(0::bigint, 63::bigint) AS free(shard) \
               WHERE NOT EXISTS (SELECT 1 FROM shard_lease AS held WHERE held.shard = free.shard AND held.lease_until >= $3) \
               ORDER BY free.shard LIMIT $4 \
               ON CONFLICT (shard) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until \
               WHERE shard_lease.lease_until < $3 RETURNING shard";
    query(tx, sql, vec![replica.into(), now.saturating_add(SHARD_LEASE).into(), now.into(), missing.into()]).await
}

async fn query(tx: &Tx, sql: &str, values: Vec<Value>) -> DbResult<Vec<i64>> {
    let rows: Vec<QueryResult> = tx.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}
