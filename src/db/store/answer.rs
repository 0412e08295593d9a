//! The answer a call owes to its process: what it says and how telling it ended (DESIGN.md 4, "four ends").

use super::bulk::{self, int, text};
use crate::db::entity::answer::{Column, Entity, Model};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait as _, EntityTrait, ExprTrait, QueryFilter, UpdateMany};
use serde_json::{Value, json};

/// How telling an answer ended; `None` = not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Not told yet, or nothing to tell.
    None,
    /// The portal said `true`.
    Delivered,
    /// The process was gone at the first attempt.
    TooLate,
    /// Told or gone: nobody knows.
    Unknown,
    /// The portal does not let us.
    Refused,
}

impl End {
    /// The word of the API and of the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Delivered => "delivered",
            Self::TooLate => "too_late",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
        }
    }
}

/// Stores answers (call, values) of one portal; a call that has one already keeps it: what was promised first stands.
pub async fn put_many(tx: &Tx, portal: &str, answers: &[(String, Value)], now: Ms) -> DbResult<()> {
    let columns = [text("call_id"), text("portal"), text("return_values"), text("answer_end"), int("attempts"), int("created_at")];
    let row = |(call_id, values): &(String, Value)| json!([call_id, portal, values.to_string(), End::None.as_str(), 0, now]);
    let rows: Vec<Value> = answers.iter().map(row).collect();
    bulk::insert(&**tx, "answer", &columns, "ON CONFLICT (call_id) DO NOTHING", "call_id", &rows).await.map(drop)
}

/// The answer of a call.
pub async fn find(db: &impl Conn, portal: &str, call_id: &str) -> DbResult<Option<Model>> {
    bulk::only(db, Entity::find_by_id(call_id).filter(Column::Portal.eq(portal))).await
}

/// The answers of several calls, in no order.
pub async fn list(db: &impl Conn, portal: &str, call_ids: &[String]) -> DbResult<Vec<Model>> {
    let wanted = bulk::among(db.get_database_backend(), "call_id", call_ids);
    Ok(Entity::find().filter(wanted).filter(bulk::owned_by(portal)).all(db).await?)
}

/// An update of the answers of several calls.
fn of_calls(tx: &Tx, portal: &str, call_ids: &[String]) -> UpdateMany<Entity> {
    Entity::update_many().filter(bulk::among(tx.get_database_backend(), "call_id", call_ids)).filter(bulk::owned_by(portal))
}

/// Counts an attempt before it leaves, so that a kill on the wire is known afterwards.
pub async fn begin_attempt(tx: &Tx, portal: &str, call_ids: &[String], now: Ms) -> DbResult<()> {
    of_calls(tx, portal, call_ids)
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::LastAttemptAt, Expr::value(now))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Takes back an attempt that certainly did not leave.
pub async fn withdraw_attempt(tx: &Tx, portal: &str, call_ids: &[String], error: &str) -> DbResult<()> {
    of_calls(tx, portal, call_ids)
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).sub(1))
        .col_expr(Column::LastError, Expr::value(error))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Notes why an attempt did not settle the answer.
pub async fn note_error(tx: &Tx, portal: &str, call_ids: &[String], error: &str) -> DbResult<()> {
    of_calls(tx, portal, call_ids).col_expr(Column::LastError, Expr::value(error)).exec(&**tx).await?;
    Ok(())
}

/// Records the end of several answers.
pub async fn finish(tx: &Tx, portal: &str, call_ids: &[String], end: End, error: Option<&str>, now: Ms) -> DbResult<()> {
    of_calls(tx, portal, call_ids)
        .col_expr(Column::AnswerEnd, Expr::value(end.as_str()))
        .col_expr(Column::LastError, Expr::value(error.map(ToOwned::to_owned)))
        .col_expr(Column::EndedAt, Expr::value(now))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Marks calls whose answering is over.
pub async fn close_calls(tx: &Tx, portal: &str, call_ids: &[String], now: Ms) -> DbResult<()> {
    use crate::db::entity::robot_call;
    robot_call::Entity::update_many()
        .col_expr(robot_call::Column::State, Expr::value("answered"))
        .col_expr(robot_call::Column::FinishedAt, Expr::value(now))
        .filter(bulk::among(tx.get_database_backend(), "id", call_ids))
        .filter(bulk::owned_by(portal))
        .exec(&**tx)
        .await?;
    Ok(())
}
