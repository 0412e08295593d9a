//! Tables `consent`, `consent_key`, `consent_event`: where a person stands, found by any of the person's ids, with the evidence.
//!
//! Whoever decides on a send holds [`share`] in the transaction of the decision, whoever changes a consent holds [`alone`]: a refusal
//! committed before a message is marked as sending is always seen by the mark.

use super::bulk;
use crate::db::entity::{consent, consent_event, consent_key};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DbBackend, EntityTrait as _, ExprTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Statement,
};
use std::collections::HashMap;

/// Kind and value of an id.
pub type Key = (String, String);

/// Evidence shown with a person.
const HISTORY: u64 = 200;

/// Others may look at consents at the same time, nobody may change one until this transaction ends.
///
/// # Errors
/// The database failed.
pub async fn share(tx: &Tx, portal: &str) -> DbResult<()> {
    lock(tx, portal, "pg_advisory_xact_lock_shared").await
}

/// Nobody decides on a send of this portal until this transaction ends.
///
/// # Errors
/// The database failed.
pub async fn alone(tx: &Tx, portal: &str) -> DbResult<()> {
    lock(tx, portal, "pg_advisory_xact_lock").await
}

/// SQLite has one writer: a transaction is alone by itself.
async fn lock(tx: &Tx, portal: &str, function: &str) -> DbResult<()> {
    if tx.get_database_backend() == DbBackend::Postgres {
        let sql = format!("SELECT {function}(hashtextextended('consent:' || $1, 24))::text");
        tx.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [portal.into()])).await?;
    }
    Ok(())
}

/// Rows that any of these ids leads to. One statement when there are none, which is nearly always.
///
/// # Errors
/// The database failed.
pub async fn by_keys(db: &impl Conn, portal: &str, keys: &[Key]) -> DbResult<HashMap<Key, consent::Model>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let values: Vec<String> = keys.iter().map(|(_, value)| value.clone()).collect();
    let links = consent_key::Entity::find()
        .filter(consent_key::Column::Portal.eq(portal))
        .filter(bulk::among(db.get_database_backend(), "value", &values))
        .all(db)
        .await?;
    if links.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<String> = links.iter().map(|link| link.consent_id.clone()).collect();
    let rows: HashMap<String, consent::Model> = list(db, portal, &ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let found = links.into_iter().filter_map(|link| Some(((link.kind, link.value), rows.get(&link.consent_id)?.clone())));
    Ok(found.filter(|(key, _)| keys.contains(key)).collect())
}

/// Rows by id, in no order.
///
/// # Errors
/// The database failed.
pub async fn list(db: &impl Conn, portal: &str, ids: &[String]) -> DbResult<Vec<consent::Model>> {
    let wanted = bulk::among(db.get_database_backend(), "id", ids);
    Ok(consent::Entity::find().filter(wanted).filter(bulk::owned_by(portal)).all(db).await?)
}

/// Stores a row, new or changed.
///
/// # Errors
/// The database failed.
pub async fn put(tx: &Tx, row: &consent::Model) -> DbResult<()> {
    use consent::Column;
    let changed = OnConflict::column(Column::Id)
        .update_columns([
            Column::Phone,
            Column::Bsuid,
            Column::Marketing,
            Column::MarketingAt,
            Column::MarketingBy,
            Column::Everything,
            Column::EverythingAt,
            Column::EverythingBy,
            Column::CappedUntil,
            Column::CappedAt,
            Column::Caps,
            Column::UpdatedAt,
        ])
        .to_owned();
    let active = row.clone().into_active_model();
    consent::Entity::insert(active).on_conflict(changed).exec_without_returning(&**tx).await?;
    Ok(())
}

/// Lets ids lead to a row; one that leads somewhere already stays there.
///
/// # Errors
/// The database failed.
pub async fn link(tx: &Tx, portal: &str, consent_id: &str, keys: &[Key]) -> DbResult<()> {
    let rows: Vec<serde_json::Value> = keys.iter().map(|(kind, value)| serde_json::json!([portal, value, kind, consent_id])).collect();
    let columns = [bulk::text("portal"), bulk::text("value"), bulk::text("kind"), bulk::text("consent_id")];
    bulk::insert(&**tx, "consent_key", &columns, "ON CONFLICT (portal, value, kind) DO NOTHING", "value", &rows).await.map(drop)
}

/// Everything of `from` belongs to `into` from now on: two rows turned out to be one person.
///
/// # Errors
/// The database failed.
pub async fn merge(tx: &Tx, portal: &str, from: &str, into: &str) -> DbResult<()> {
    consent_key::Entity::update_many()
        .col_expr(consent_key::Column::ConsentId, Expr::value(into))
        .filter(consent_key::Column::ConsentId.eq(from))
        .filter(consent_key::Column::Portal.eq(portal))
        .exec(&**tx)
        .await?;
    consent_event::Entity::update_many()
        .col_expr(consent_event::Column::ConsentId, Expr::value(into))
        .filter(consent_event::Column::ConsentId.eq(from))
        .filter(consent_event::Column::Portal.eq(portal))
        .exec(&**tx)
        .await?;
    let gone = consent::Entity::delete_many().filter(consent::Column::Id.eq(from)).filter(consent::Column::Portal.eq(portal));
    gone.exec(&**tx).await?;
    Ok(())
}

/// Keeps evidence.
///
/// # Errors
/// The database failed.
pub async fn note(tx: &Tx, event: consent_event::Model) -> DbResult<()> {
    consent_event::Entity::insert(event.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

/// Evidence of a person, the newest first, at most two hundred rows.
///
/// # Errors
/// The database failed.
pub async fn history(db: &impl Conn, portal: &str, consent_id: &str) -> DbResult<Vec<consent_event::Model>> {
    use consent_event::Column;
    let select = consent_event::Entity::find().filter(Column::ConsentId.eq(consent_id)).filter(bulk::owned_by(portal));
    Ok(select.order_by_desc(Column::RecordedAt).order_by_desc(Column::Id).limit(HISTORY).all(db).await?)
}

/// Takes ids and evidence out of a row; what was refused stays, found by these keys only. A row that refused nothing goes.
///
/// # Errors
/// The database failed.
pub async fn erase(tx: &Tx, portal: &str, consent_id: &str, keys: &[Key], now: Ms) -> DbResult<()> {
    let own = consent_key::Column::ConsentId.eq(consent_id).and(consent_key::Column::Portal.eq(portal));
    consent_key::Entity::delete_many().filter(own).exec(&**tx).await?;
    let evidence = consent_event::Column::ConsentId.eq(consent_id).and(consent_event::Column::Portal.eq(portal));
    consent_event::Entity::delete_many().filter(evidence).exec(&**tx).await?;
    let refused = consent::Column::Marketing.eq("opted_out").or(consent::Column::Everything.eq("opted_out"));
    let kept = consent::Entity::update_many()
        .col_expr(consent::Column::Phone, Expr::value(Option::<String>::None))
        .col_expr(consent::Column::Bsuid, Expr::value(Option::<String>::None))
        .col_expr(consent::Column::UpdatedAt, Expr::value(now))
        .filter(consent::Column::Id.eq(consent_id))
        .filter(consent::Column::Portal.eq(portal))
        .filter(refused)
        .exec(&**tx)
        .await?
        .rows_affected;
    if kept > 0 {
        return link(tx, portal, consent_id, keys).await;
    }
    let gone = consent::Entity::delete_many().filter(consent::Column::Id.eq(consent_id)).filter(consent::Column::Portal.eq(portal));
    gone.exec(&**tx).await?;
    Ok(())
}
