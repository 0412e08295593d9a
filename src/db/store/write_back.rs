//! What is to be written into CRM besides the answer: deal fields and timeline entries.

use super::bulk::{self, int, text};
use crate::db::entity::write_back::{Column, Entity, Model};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::ids::Ids;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait as _, EntityTrait, ExprTrait, QueryFilter, QueryOrder};
use serde_json::{Map, Value, json};

/// What an entry is for.
#[derive(Debug, Clone)]
pub struct Target<'a> {
    /// The call it belongs to.
    pub call_id: Option<&'a str>,
    /// The message it shows.
    pub message_id: Option<&'a str>,
    /// `CCrmDocumentDeal`, ….
    pub document_entity: &'a str,
    /// `DEAL_512`, ….
    pub document_id: &'a str,
}

const COLUMNS: [bulk::Column; 12] = [
    text("id"),
    text("portal"),
    text("kind"),
    text("call_id"),
    text("message_id"),
    text("document_entity"),
    text("document_id"),
    text("payload"),
    text("state"),
    int("attempts"),
    int("created_at"),
    int("updated_at"),
];

/// A pending row, in the order of [`COLUMNS`].
fn fresh(id: &str, portal: &str, kind: &str, target: &Target<'_>, payload: &str, now: Ms) -> Value {
    let t = target;
    json!([id, portal, kind, t.call_id, t.message_id, t.document_entity, t.document_id, payload, "pending", 0, now, now])
}

/// Sets the field values that a call owes to its document: one row a call, the newest values win. Returns the row's id.
#[expect(clippy::too_many_arguments, reason = "connection, portal and the row's columns")]
pub async fn put_fields(
    tx: &Tx,
    portal: &str,
    ids: &dyn Ids,
    call_id: &str,
    document_entity: &str,
    document_id: &str,
    fields: &Map<String, Value>,
    now: Ms,
) -> DbResult<String> {
    let payload = Value::Object(fields.clone()).to_string();
    let existing = Entity::find()
        .filter(Column::Portal.eq(portal))
        .filter(Column::CallId.eq(call_id))
        .filter(Column::Kind.eq("fields"))
        .one(&**tx)
        .await?;
    if let Some(row) = existing {
        Entity::update_many()
            .col_expr(Column::Payload, Expr::value(payload))
            .col_expr(Column::State, Expr::value("pending"))
            .col_expr(Column::UpdatedAt, Expr::value(Ord::max(now, row.updated_at + 1)))
            .filter(Column::Portal.eq(portal))
            .filter(Column::Id.eq(&row.id))
            .exec(&**tx)
            .await?;
        return Ok(row.id);
    }
    let id = ids.id("wb", now);
    let target = Target { call_id: Some(call_id), message_id: None, document_entity, document_id };
    bulk::insert(&**tx, "write_back", &COLUMNS, "", "id", &[fresh(&id, portal, "fields", &target, &payload, now)]).await?;
    Ok(id)
}

/// Asks for timeline entries of several messages in one statement. Returns the rows' ids, in the order given.
pub async fn put_timelines(tx: &Tx, portal: &str, ids: &dyn Ids, targets: &[Target<'_>], now: Ms) -> DbResult<Vec<String>> {
    let made: Vec<String> = targets.iter().map(|_| ids.id("wb", now)).collect();
    let rows: Vec<Value> = made.iter().zip(targets).map(|(id, target)| fresh(id, portal, "timeline", target, "{}", now)).collect();
    bulk::insert(&**tx, "write_back", &COLUMNS, "", "id", &rows).await?;
    Ok(made)
}

/// Stores a trigger's firing (`told` = code and subject) under an id made of what it is about; `false` = it was fired before.
pub async fn put_trigger(tx: &Tx, portal: &str, id: &str, target: &Target<'_>, told: (&str, &str), now: Ms) -> DbResult<bool> {
    let payload = json!({"trigger": told.0, "subject": told.1}).to_string();
    let row = fresh(id, portal, "trigger", target, &payload, now);
    let made = bulk::insert(&**tx, "write_back", &COLUMNS, "ON CONFLICT (id) DO NOTHING", "id", &[row]).await?;
    Ok(!made.is_empty())
}

/// Counts a trigger's try before it leaves, with its moment: what moved its item later may have been it.
pub async fn begin_trigger(tx: &Tx, portal: &str, ids: &[String], now: Ms) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Portal.eq(portal))
        .filter(Column::Id.is_in(ids))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// The portal took a trigger; `note` = why it was not asked once more.
pub async fn triggered(tx: &Tx, portal: &str, id: &str, note: Option<&str>, now: Ms) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value("done"))
        .col_expr(Column::LastError, Expr::value(note.map(ToOwned::to_owned)))
        .col_expr(Column::DoneAt, Expr::value(now))
        .filter(Column::Portal.eq(portal))
        .filter(Column::Id.eq(id))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Several rows by id, oldest first.
pub async fn list(db: &impl Conn, portal: &str, ids: &[String]) -> DbResult<Vec<Model>> {
    let wanted = bulk::among(db.get_database_backend(), "id", ids);
    Ok(Entity::find().filter(wanted).filter(bulk::owned_by(portal)).order_by_asc(Column::Id).all(db).await?)
}

/// The timeline entries that show these messages.
pub async fn timeline_of(db: &impl Conn, portal: &str, message_ids: &[String]) -> DbResult<Vec<Model>> {
    let wanted = bulk::among(db.get_database_backend(), "message_id", message_ids);
    Ok(Entity::find().filter(wanted).filter(bulk::owned_by(portal)).filter(Column::Kind.eq("timeline")).all(db).await?)
}

/// Counts a try before it leaves.
pub async fn begin_attempt(tx: &Tx, portal: &str, ids: &[String]) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .filter(bulk::among(tx.get_database_backend(), "id", ids))
        .filter(bulk::owned_by(portal))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Takes back a try that certainly did not leave.
pub async fn withdraw_attempt(tx: &Tx, portal: &str, ids: &[String], error: &str) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).sub(1))
        .col_expr(Column::LastError, Expr::value(error))
        .filter(bulk::among(tx.get_database_backend(), "id", ids))
        .filter(bulk::owned_by(portal))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Written, as of the row's `updated_at`: values put meanwhile stay pending.
pub async fn done(tx: &Tx, portal: &str, row: &Model, shown: Option<&str>, now: Ms) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value("done"))
        .col_expr(Column::Shown, Expr::value(shown.map(ToOwned::to_owned)))
        .col_expr(Column::LastError, Expr::value(Option::<String>::None))
        .col_expr(Column::DoneAt, Expr::value(now))
        .filter(Column::Portal.eq(portal))
        .filter(Column::Id.eq(&row.id))
        .filter(Column::UpdatedAt.eq(row.updated_at))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// An entry exists in CRM now.
pub async fn created(tx: &Tx, portal: &str, id: &str, external_kind: &str, external_id: &str, shown: &str, now: Ms) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value("done"))
        .col_expr(Column::ExternalKind, Expr::value(external_kind))
        .col_expr(Column::ExternalId, Expr::value(external_id))
        .col_expr(Column::Shown, Expr::value(shown))
        .col_expr(Column::LastError, Expr::value(Option::<String>::None))
        .col_expr(Column::DoneAt, Expr::value(now))
        .filter(Column::Portal.eq(portal))
        .filter(Column::Id.eq(id))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// The portal refused it for good.
pub async fn failed(tx: &Tx, portal: &str, id: &str, error: &str, now: Ms) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value("failed"))
        .col_expr(Column::LastError, Expr::value(error))
        .col_expr(Column::DoneAt, Expr::value(now))
        .filter(Column::Portal.eq(portal))
        .filter(Column::Id.eq(id))
        .exec(&**tx)
        .await?;
    Ok(())
}
