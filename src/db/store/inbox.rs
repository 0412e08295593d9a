//! Stored provider events: read once, then kept as proof with what they did.

use super::bulk::{self, Clause, int, text};
use crate::db::entity::inbox_event::{Entity, Model};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::{EntityTrait as _, QueryFilter as _};
use serde_json::{Value, json};

/// What an event came to.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The inbox row.
    pub id: String,
    /// `done` or `orphan`.
    pub state: &'static str,
    /// What it did, for people.
    pub read_as: Value,
}

/// Several events by id, in no order.
pub async fn list(db: &impl Conn, portal: &str, ids: &[String]) -> DbResult<Vec<Model>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = bulk::among(db.get_database_backend(), "id", ids);
    Ok(Entity::find().filter(wanted).filter(bulk::owned_by(portal)).all(db).await?)
}

/// Records what events did.
pub async fn finish_many(tx: &Tx, portal: &str, finished: &[Finished], now: Ms) -> DbResult<()> {
    let clause =
        Clause { set: "state = v.state, read_as = v.read_as, processed_at = v.at", filter: "inbox_event.id = v.id", returning: "id" };
    let rows: Vec<Value> = finished.iter().map(|one| json!([one.id, one.state, one.read_as.to_string(), now])).collect();
    let columns = [text("id"), text("state"), text("read_as"), int("at")];
    bulk::update(&**tx, "inbox_event", portal, &columns, clause, &rows).await.map(drop)
}
