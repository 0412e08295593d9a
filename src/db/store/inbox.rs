//! Stored provider events: read once, then kept as proof with what they did.

use crate::db::entity::inbox_event::{Column, Entity, Model};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;

/// Several events by id, in no order.
pub async fn list(db: &impl Conn, portal: &str, ids: &[String]) -> DbResult<Vec<Model>> {
    Ok(Entity::find().filter(Column::Portal.eq(portal)).filter(Column::Id.is_in(ids)).all(db).await?)
}

/// Records what an event did. `state` is `done` or `orphan`.
pub async fn finish(tx: &Tx, portal: &str, id: &str, state: &str, read_as: &Value, now: Ms) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::ReadAs, Expr::value(read_as.to_string()))
        .col_expr(Column::ProcessedAt, Expr::value(now))
        .filter(Column::Portal.eq(portal))
        .filter(Column::Id.eq(id))
        .exec(&**tx)
        .await?;
    Ok(())
}
