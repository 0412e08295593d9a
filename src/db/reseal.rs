//! Seals every secret again under the current master key, while the service runs.
//!
//! Order of a key change: start the service with the new `MASTER_KEY` and the former one in `MASTER_KEY_OLD`, run `reseal`, then drop the
//! former key. Rows already under the current key are skipped, so a broken run is simply repeated. A row is replaced only if nobody
//! changed it meanwhile.

use super::canary::{self, KeyError};
use super::crypto::{Place, Sealer};
use super::{Db, DbResult, Tx};
use sea_orm::{ConnectionTrait as _, QueryResult, Statement, Value};

const CHUNK: i64 = 100;

/// A table with sealed columns.
#[derive(Debug)]
struct Sealed {
    table: &'static str,
    row: &'static str,
    portal: &'static str,
    columns: &'static [&'static str],
}

/// Every sealed column there is; a new one is added here and in the migration's comment.
const SEALED: &[Sealed] = &[
    Sealed { table: "portal", row: "member_id", portal: "member_id", columns: &["application_token", "access_token", "refresh_token"] },
    Sealed { table: "channel", row: "id", portal: "portal", columns: &["secrets", "hook_secret"] },
    Sealed { table: "page_session", row: "token_hash", portal: "portal", columns: &["viewer_token"] },
];

/// What a run did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Resealed {
    /// Values now under the current key.
    pub changed: u64,
    /// Values that no key at hand opens, as `table.column row`; the former key must be kept for them.
    pub unreadable: Vec<String>,
}

/// Runs over all sealed columns and then the canary. The canary stays under the former key while anything is unreadable.
///
/// # Errors
/// [`KeyError`] when the database fails or the canary does not open.
pub async fn reseal(db: &Db, sealer: &Sealer) -> Result<Resealed, KeyError> {
    let mut done = Resealed::default();
    for sealed in SEALED {
        let mut after = String::new();
        while let Some(last) = chunk(db, sealer, sealed, &after, &mut done).await? {
            after = last;
        }
    }
    if done.unreadable.is_empty() && canary::renew(db, sealer).await? {
        done.changed += 1;
    }
    Ok(done)
}

/// One page of a table; returns its last key, `None` at the end.
async fn chunk(db: &Db, sealer: &Sealer, sealed: &Sealed, after: &str, done: &mut Resealed) -> DbResult<Option<String>> {
    let Sealed { table, row, portal, columns } = sealed;
    let names = columns.join(", ");
    let sql = format!("SELECT {row}, {portal}, {names} FROM {table} WHERE {row} > $1 ORDER BY {row} LIMIT $2");
    let backend = db.read().get_database_backend();
    let rows = db.read().query_all_raw(Statement::from_sql_and_values(backend, sql, [Value::from(after), Value::from(CHUNK)])).await?;
    let Some(last) = rows.last() else { return Ok(None) };
    let last: String = last.try_get_by_index(0)?;
    let tx = db.begin().await?;
    for row in &rows {
        reseal_row(&tx, sealer, sealed, row, done).await?;
    }
    tx.commit("reseal.chunk").await?;
    Ok(Some(last))
}

async fn reseal_row(tx: &Tx, sealer: &Sealer, sealed: &Sealed, found: &QueryResult, done: &mut Resealed) -> DbResult<()> {
    let row: String = found.try_get_by_index(0)?;
    let portal: String = found.try_get_by_index(1)?;
    for (at, column) in sealed.columns.iter().copied().enumerate() {
        let old: String = found.try_get_by_index(at + 2)?;
        // An empty text is a secret wiped at uninstall.
        if old.is_empty() || sealer.is_current(&old) {
            continue;
        }
        let place = Place { table: sealed.table, column, portal: &portal, row: &row };
        let Ok(plain) = sealer.open(place, &old) else {
            done.unreadable.push(format!("{}.{column} {row}", sealed.table));
            continue;
        };
        let sql = format!("UPDATE {} SET {column} = $1 WHERE {} = $2 AND {column} = $3", sealed.table, sealed.row);
        let values = [Value::from(sealer.seal(place, &plain)), Value::from(row.as_str()), Value::from(old)];
        let changed = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
        done.changed += changed.rows_affected();
    }
    Ok(())
}
