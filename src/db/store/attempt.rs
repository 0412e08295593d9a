//! Table `attempt`: one row for each try, stored before the wire is touched and closed with what came back.

use super::bulk::{self, Clause, Column, int, text};
use crate::db::entity::attempt::{self, Entity, Model};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::{EntityTrait as _, QueryFilter as _, QueryOrder as _};
use serde_json::{Value, json};

/// Outcome word of an attempt whose answer is not known yet.
pub const OPEN: &str = "sending";

/// A try about to be made.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The message.
    pub message_id: String,
    /// From 1.
    pub number: i64,
    /// Lease of the job that makes it.
    pub lease_id: String,
}

/// How a try ended.
#[derive(Debug, Clone)]
pub struct Closed {
    /// The message.
    pub message_id: String,
    /// Which try.
    pub number: i64,
    /// `accepted rejected retry unknown`.
    pub outcome: &'static str,
    /// Status of a complete answer.
    pub http_status: Option<u16>,
    /// The provider's code.
    pub provider_code: Option<String>,
    /// The provider's words or why there was no answer.
    pub text: Option<String>,
    /// When it may be tried again, ms from now.
    pub retry_after_ms: Option<Ms>,
}

/// Stores tries before they are made.
pub async fn open_many(tx: &Tx, portal: &str, attempts: &[Opened], now: Ms) -> DbResult<()> {
    const COLUMNS: [Column; 6] = [text("message_id"), int("number"), text("portal"), int("started_at"), text("outcome"), text("lease_id")];
    let rows: Vec<Value> = attempts.iter().map(|a| json!([a.message_id, a.number, portal, now, OPEN, a.lease_id])).collect();
    bulk::insert(&**tx, "attempt", &COLUMNS, "", "message_id", &rows).await.map(drop)
}

/// Closes open tries; one that is closed already keeps what it says.
pub async fn close_many(tx: &Tx, portal: &str, attempts: &[Closed], now: Ms) -> DbResult<()> {
    const COLUMNS: [Column; 8] = [
        text("message_id"),
        int("number"),
        text("outcome"),
        int("http_status"),
        text("provider_code"),
        text("text"),
        int("retry_after_ms"),
        int("finished_at"),
    ];
    let clause = Clause {
        set: "outcome = v.outcome, http_status = v.http_status, provider_code = v.provider_code, text = v.text, \
              retry_after_ms = v.retry_after_ms, finished_at = v.finished_at",
        // Not `outcome = 'sending'`: SQLite would then walk every open attempt by the partial index.
        filter: "attempt.message_id = v.message_id AND attempt.number = v.number AND attempt.finished_at IS NULL",
        returning: "message_id",
    };
    let rows: Vec<Value> = attempts
        .iter()
        .map(|a| json!([a.message_id, a.number, a.outcome, a.http_status, a.provider_code, a.text, a.retry_after_ms, now]))
        .collect();
    bulk::update(&**tx, "attempt", portal, &COLUMNS, clause, &rows).await.map(drop)
}

/// All tries of these messages, by message and number.
pub async fn list(db: &impl Conn, portal: &str, message_ids: &[String]) -> DbResult<Vec<Model>> {
    if message_ids.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = bulk::among(db.get_database_backend(), "message_id", message_ids);
    let found = Entity::find().filter(wanted).filter(bulk::owned_by(portal));
    Ok(found.order_by_asc(attempt::Column::MessageId).order_by_asc(attempt::Column::Number).all(db).await?)
}
