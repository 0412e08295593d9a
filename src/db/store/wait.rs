//! Tables `wait` and `wait_watch`: what processes wait for. A wait is closed once, by whoever comes first: the answer, the deadline, the end.
//!
//! An answer and the opening of its wait may meet on two connections: both touch the conversation's (or message's) row first, so that the
//! later one sees what the earlier one stored ([`lock_conversations`], [`lock_messages`]).

use super::bulk::{self, Clause, int, text};
use crate::db::entity::wait::{Column, Entity, Model};
use crate::db::entity::wait_watch;
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement, Value as Bind,
};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Words of `wait.state`.
pub mod state {
    /// It waits.
    pub const OPEN: &str = "open";
    /// What it waited for came.
    pub const ANSWERED: &str = "answered";
    /// Its time passed.
    pub const TIMED_OUT: &str = "timed_out";
    /// It had no more to wait for: its message failed.
    pub const ENDED: &str = "ended";
    /// Its document was deleted, and the process with it.
    pub const DOCUMENT_GONE: &str = "document_gone";
}

/// `wait.kind` of a wait for a client's answer.
pub const REPLY: &str = "reply";
/// `wait.kind` of a wait for a message's status.
pub const STATUS: &str = "status";

/// A wait to open.
#[derive(Debug, Clone)]
pub struct NewWait {
    /// The waiting call.
    pub call_id: String,
    /// [`REPLY`] or [`STATUS`].
    pub kind: &'static str,
    /// Empty for a status.
    pub channel_id: String,
    /// Replies that may be read.
    pub most: i64,
    /// When it ends without an answer.
    pub deadline_at: Ms,
    /// Conversations or messages.
    pub subjects: Vec<String>,
    /// The document of the waiting call.
    pub document_id: String,
    /// CRM event that tells of the document's end.
    pub watch: Option<&'static str>,
}

/// Opens waits with all they watch.
pub async fn insert(tx: &Tx, portal: &str, waits: &[NewWait], now: Ms) -> DbResult<()> {
    let columns = [
        text("call_id"),
        text("portal"),
        text("kind"),
        text("state"),
        text("channel_id"),
        int("attempts"),
        int("most"),
        text("replies"),
        int("opened_at"),
        int("deadline_at"),
        text("document_id"),
        text("watch"),
    ];
    let row = |w: &NewWait| {
        json!([w.call_id, portal, w.kind, state::OPEN, w.channel_id, 0, w.most, "[]", now, w.deadline_at, w.document_id, w.watch])
    };
    let rows: Vec<Value> = waits.iter().map(row).collect();
    bulk::insert(&**tx, "wait", &columns, "ON CONFLICT (call_id) DO NOTHING", "call_id", &rows).await?;
    let watched = waits.iter().flat_map(|wait| wait.subjects.iter().map(|subject| json!([wait.call_id, subject, portal])));
    let watched: Vec<Value> = watched.collect();
    let columns = [text("call_id"), text("subject"), text("portal")];
    bulk::insert(&**tx, "wait_watch", &columns, "ON CONFLICT (call_id, subject) DO NOTHING", "call_id", &watched).await?;
    Ok(())
}

/// Makes whoever else touches these conversations wait for this transaction, and shows what they stored before.
pub async fn lock_conversations(tx: &Tx, portal: &str, ids: &[String]) -> DbResult<()> {
    let clause = Clause { set: "updated_at = conversation.updated_at", filter: "conversation.id = v.id", returning: "id" };
    bulk::update(&**tx, "conversation", portal, &[text("id")], clause, &in_order(ids)).await.map(drop)
}

/// The same for messages.
pub async fn lock_messages(tx: &Tx, portal: &str, ids: &[String]) -> DbResult<()> {
    let clause = Clause { set: "status = message.status", filter: "message.id = v.id", returning: "id" };
    bulk::update(&**tx, "message", portal, &[text("id")], clause, &in_order(ids)).await.map(drop)
}

fn in_order(ids: &[String]) -> Vec<Value> {
    let mut ids: Vec<&String> = ids.iter().collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(|id| json!([id])).collect()
}

/// Open waits of a kind that look at any of these subjects, newest first, each with the subject.
pub async fn open_for(db: &impl Conn, portal: &str, kind: &str, subjects: &[String]) -> DbResult<Vec<(Model, String)>> {
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    let backend = db.get_database_backend();
    let watching = wait_watch::Entity::find().filter(bulk::among(backend, "subject", subjects)).filter(bulk::owned_by(portal));
    let watching = watching.all(db).await?;
    let ids: Vec<String> = watching.iter().map(|watch| watch.call_id.clone()).collect();
    let rows = of_calls(db, portal, &ids).await?;
    let rows: HashMap<&str, &Model> = rows.iter().map(|row| (row.call_id.as_str(), row)).collect();
    let mut found: Vec<(Model, String)> = watching
        .iter()
        .filter_map(|watch| Some(((*rows.get(watch.call_id.as_str())?).clone(), watch.subject.clone())))
        .filter(|(row, _)| row.state == state::OPEN && row.kind == kind)
        .collect();
    found.sort_by(|a, b| (b.0.opened_at, &b.0.call_id, &a.1).cmp(&(a.0.opened_at, &a.0.call_id, &b.1)));
    Ok(found)
}

/// The waits of calls, in no order.
pub async fn of_calls(db: &impl Conn, portal: &str, call_ids: &[String]) -> DbResult<Vec<Model>> {
    if call_ids.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = bulk::among(db.get_database_backend(), "call_id", call_ids);
    Ok(Entity::find().filter(wanted).filter(bulk::owned_by(portal)).all(db).await?)
}

/// One call's wait with what it looks at.
pub async fn find(db: &impl Conn, portal: &str, call_id: &str) -> DbResult<Option<(Model, Vec<String>)>> {
    let Some(row) = bulk::only(db, Entity::find_by_id(call_id).filter(bulk::owned_by(portal))).await? else { return Ok(None) };
    Ok(Some((row, subjects(db, portal, call_id).await?)))
}

/// What a wait looks at.
pub async fn subjects(db: &impl Conn, portal: &str, call_id: &str) -> DbResult<Vec<String>> {
    let watching = wait_watch::Entity::find().filter(wait_watch::Column::CallId.eq(call_id)).filter(bulk::owned_by(portal));
    Ok(watching.order_by_asc(wait_watch::Column::Subject).all(db).await?.into_iter().map(|row| row.subject).collect())
}

/// Notes a reply that was read and closes the wait (`to`) or lets it go on. `false` = somebody closed it or read another reply meanwhile.
pub async fn read_reply(tx: &Tx, portal: &str, wait: &Model, replies: &Value, to: &'static str, now: Ms) -> DbResult<bool> {
    let clause = Clause {
        set: "state = v.state, attempts = wait.attempts + 1, replies = v.replies, closed_at = v.closed_at",
        filter: "wait.call_id = v.id AND wait.state = 'open' AND wait.attempts = v.attempts",
        returning: "call_id",
    };
    let columns = [text("id"), text("state"), text("replies"), int("closed_at"), int("attempts")];
    let closed_at = (to != state::OPEN).then_some(now);
    let row = json!([wait.call_id, to, replies.to_string(), closed_at, wait.attempts]);
    Ok(!bulk::update(&**tx, "wait", portal, &columns, clause, &[row]).await?.is_empty())
}

/// Closes waits that are open; returns the calls whose wait this closed.
pub async fn close(tx: &Tx, portal: &str, call_ids: &[String], to: &'static str, now: Ms) -> DbResult<Vec<String>> {
    let clause = Clause {
        set: "state = v.state, closed_at = v.closed_at",
        filter: "wait.call_id = v.id AND wait.state = 'open'",
        returning: "call_id",
    };
    let rows: Vec<Value> = call_ids.iter().map(|id| json!([id, to, now])).collect();
    bulk::update(&**tx, "wait", portal, &[text("id"), text("state"), int("closed_at")], clause, &rows).await
}

/// Calls that wait at any of these documents.
pub async fn open_about(db: &impl Conn, portal: &str, document_ids: &[String]) -> DbResult<Vec<(String, String)>> {
    if document_ids.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = bulk::among(db.get_database_backend(), "document_id", document_ids);
    let rows = Entity::find().filter(Column::Portal.eq(portal)).filter(wanted).filter(open()).all(db).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.call_id, row.document_id?))).collect())
}

/// Whether an open wait needs this CRM event.
pub async fn needs(db: &impl Conn, portal: &str, event: &str) -> DbResult<bool> {
    let found = Entity::find().select_only().column(Column::CallId).filter(Column::Portal.eq(portal));
    let found = found.filter(Column::Watch.eq(event)).filter(open()).limit(1);
    Ok(!found.into_tuple::<String>().all(db).await?.is_empty())
}

/// The state stands in the text, so that the partial indexes are known to fit.
fn open() -> sea_orm::sea_query::SimpleExpr {
    sea_orm::sea_query::Expr::cust("wait.state = 'open'")
}

/// Waits that looked at one conversation look at another (two were one user).
pub async fn move_subject(tx: &Tx, portal: &str, from: &str, to: &str) -> DbResult<()> {
    let backend = tx.get_database_backend();
    let run = |sql: &'static str, values: Vec<Bind>| tx.execute_raw(Statement::from_sql_and_values(backend, sql, values));
    run(
        "INSERT INTO wait_watch (call_id, subject, portal) SELECT call_id, $1, portal FROM wait_watch WHERE subject = $2 AND portal = $3 \
         ON CONFLICT (call_id, subject) DO NOTHING",
        vec![to.into(), from.into(), portal.into()],
    )
    .await?;
    run("DELETE FROM wait_watch WHERE subject = $1 AND portal = $2", vec![from.into(), portal.into()]).await?;
    Ok(())
}

/// Open waits of a portal, for tests and gauges.
pub async fn count_open(db: &impl Conn, portal: &str) -> DbResult<u64> {
    use sea_orm::PaginatorTrait as _;
    Ok(Entity::find().filter(Column::Portal.eq(portal)).filter(Column::State.eq(state::OPEN)).count(db).await?)
}
