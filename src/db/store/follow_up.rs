//! Table `follow_up`: rows are armed once, moved while they are pending, and end once. Every change names the state it leaves, so that
//! a stop and a send never both win. Ends by a cause are in `follow_up_stop`.

use super::api_page::Page;
use super::bulk::{self, Clause, Column, int, text};
use crate::db::entity::follow_up::{self, Entity, Model};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use serde_json::{Value, json};

/// Words of `follow_up.state`.
pub mod state {
    /// Its moment is to come.
    pub const PENDING: &str = "pending";
    /// Its last message was made.
    pub const SENT: &str = "sent";
    /// Something happened that ends it.
    pub const STOPPED: &str = "stopped";
    /// Somebody ended it.
    pub const CANCELLED: &str = "cancelled";
    /// Its moment came and it could not or should not be sent.
    pub const SKIPPED: &str = "skipped";
    /// All.
    pub const ALL: [&str; 5] = [PENDING, SENT, STOPPED, CANCELLED, SKIPPED];
}

/// Stores armed rows.
///
/// # Errors
/// The database failed.
pub async fn insert_many(tx: &Tx, portal: &str, rows: &[Model]) -> DbResult<()> {
    const COLUMNS: [Column; 32] = [
        text("id"),
        text("portal"),
        text("call_id"),
        text("chain"),
        text("step"),
        text("channel_id"),
        text("conversation_id"),
        text("document_entity"),
        text("document_id"),
        text("identity"),
        text("recipient"),
        text("operation"),
        text("kind"),
        text("zone"),
        text("state"),
        text("reason"),
        text("error"),
        int("due_at"),
        int("base_at"),
        int("armed_at"),
        int("sends"),
        int("repeats_left"),
        int("on_reply"),
        int("on_stage"),
        int("on_won_lost"),
        int("on_opt_out"),
        text("watch"),
        text("stage"),
        text("moved"),
        text("message_id"),
        int("created_at"),
        int("updated_at"),
    ];
    let row = |r: &Model| {
        json!([
            r.id,
            portal,
            r.call_id,
            r.chain,
            r.step,
            r.channel_id,
            r.conversation_id,
            r.document_entity,
            r.document_id,
            r.identity,
            r.recipient,
            r.operation,
            r.kind,
            r.zone,
            r.state,
            r.reason,
            r.error,
            r.due_at,
            r.base_at,
            r.armed_at,
            r.sends,
            r.repeats_left,
            r.on_reply,
            r.on_stage,
            r.on_won_lost,
            r.on_opt_out,
            r.watch,
            r.stage,
            r.moved,
            r.message_id,
            r.created_at,
            r.updated_at
        ])
    };
    let rows: Vec<Value> = rows.iter().map(row).collect();
    bulk::insert(&**tx, "follow_up", &COLUMNS, "", "id", &rows).await.map(drop)
}

/// One follow-up.
///
/// # Errors
/// The database failed.
pub async fn find(db: &impl Conn, portal: &str, id: &str) -> DbResult<Option<Model>> {
    bulk::only(db, Entity::find_by_id(id).filter(bulk::owned_by(portal))).await
}

/// Follow-ups by id, in no order; unknown ids are left out.
///
/// # Errors
/// The database failed.
pub async fn list(db: &impl Conn, portal: &str, ids: &[String]) -> DbResult<Vec<Model>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = bulk::among(db.get_database_backend(), "id", ids);
    Ok(Entity::find().filter(wanted).filter(bulk::owned_by(portal)).all(db).await?)
}

/// Pending follow-ups of a conversation.
///
/// # Errors
/// The database failed.
pub async fn pending_in(db: &impl Conn, portal: &str, conversation_id: &str) -> DbResult<Vec<Model>> {
    let found = Entity::find().filter(follow_up::Column::ConversationId.eq(conversation_id)).filter(pending());
    Ok(found.filter(bulk::owned_by(portal)).all(db).await?)
}

/// The state stands in the text, so that the partial indexes are known to fit.
fn pending() -> sea_orm::sea_query::SimpleExpr {
    sea_orm::sea_query::Expr::cust("follow_up.state = 'pending'")
}

/// Whether a change of this document may concern a follow-up: the one look-up of a CRM event.
///
/// # Errors
/// The database failed.
pub async fn concerns(db: &impl Conn, portal: &str, document_id: &str) -> DbResult<bool> {
    let found = Entity::find()
        .select_only()
        .column(follow_up::Column::Id)
        .filter(follow_up::Column::Portal.eq(portal))
        .filter(follow_up::Column::DocumentId.eq(document_id))
        .filter(pending())
        .filter(follow_up::Column::Watch.is_not_null());
    Ok(!found.limit(1).into_tuple::<String>().all(db).await?.is_empty())
}

/// Follow-ups of these documents that CRM may end: pending ones, and those whose message may not have left yet.
///
/// # Errors
/// The database failed.
pub async fn watched(db: &impl Conn, portal: &str, document_ids: &[String]) -> DbResult<Vec<Model>> {
    if document_ids.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = bulk::among(db.get_database_backend(), "document_id", document_ids);
    let found = Entity::find().filter(follow_up::Column::Portal.eq(portal)).filter(wanted).filter(follow_up::Column::Watch.is_not_null());
    let open = sea_orm::sea_query::Expr::cust(
        "(follow_up.state = 'pending' OR EXISTS (SELECT 1 FROM message WHERE message.id = follow_up.message_id \
         AND message.status IN ('queued', 'held')))",
    );
    Ok(found.filter(open).all(db).await?)
}

/// Follow-ups whose latest message is one of these.
///
/// # Errors
/// The database failed.
pub async fn of_messages(db: &impl Conn, portal: &str, recipients: &[String], message_ids: &[String]) -> DbResult<Vec<Model>> {
    if message_ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = db.get_database_backend();
    let found = Entity::find()
        .filter(follow_up::Column::Portal.eq(portal))
        .filter(bulk::among(backend, "recipient", recipients))
        .filter(bulk::among(backend, "message_id", message_ids));
    Ok(found.all(db).await?)
}

/// Whether any pending follow-up of a portal watches for any of these CRM events.
///
/// # Errors
/// The database failed.
pub async fn needs(db: &impl Conn, portal: &str, events: &[&str]) -> DbResult<bool> {
    let found = Entity::find()
        .select_only()
        .column(follow_up::Column::Id)
        .filter(follow_up::Column::Portal.eq(portal))
        .filter(follow_up::Column::Watch.is_in(events.iter().copied()))
        .filter(pending());
    Ok(!found.limit(1).into_tuple::<String>().all(db).await?.is_empty())
}

/// Whether anything was ever armed for one of these recipients.
///
/// # Errors
/// The database failed.
pub async fn any_pending_or_made(db: &impl Conn, portal: &str, recipients: &[String]) -> DbResult<bool> {
    let found = Entity::find()
        .select_only()
        .column(follow_up::Column::Id)
        .filter(follow_up::Column::Portal.eq(portal))
        .filter(bulk::among(db.get_database_backend(), "recipient", recipients));
    Ok(!found.limit(1).into_tuple::<String>().all(db).await?.is_empty())
}

/// A pending follow-up whose moment is another one now.
#[derive(Debug, Clone)]
pub struct Shift {
    /// The follow-up.
    pub id: String,
    /// The moment it was read with.
    pub was: Option<Ms>,
    /// The new one.
    pub due_at: Option<Ms>,
    /// What it is counted from.
    pub base_at: Ms,
}

/// Moves pending follow-ups; returns the ids that were still as read.
///
/// # Errors
/// The database failed.
pub async fn shift_many(tx: &Tx, portal: &str, shifts: &[Shift], now: Ms) -> DbResult<Vec<String>> {
    let clause = Clause {
        set: "due_at = v.due_at, base_at = v.base_at, updated_at = v.now",
        filter: "follow_up.id = v.id AND follow_up.state = 'pending' AND COALESCE(follow_up.due_at, -1) = v.was",
        returning: "id",
    };
    let columns = [text("id"), int("was"), int("due_at"), int("base_at"), int("now")];
    let rows: Vec<Value> = shifts.iter().map(|s| json!([s.id, s.was.unwrap_or(-1), s.due_at, s.base_at, now])).collect();
    bulk::update(&**tx, "follow_up", portal, &columns, clause, &rows).await
}

/// A pending follow-up whose message is made in the same transaction.
#[derive(Debug, Clone)]
pub struct Fired {
    /// The follow-up.
    pub id: String,
    /// The moment it was read with.
    pub was: Option<Ms>,
    /// The message.
    pub message_id: String,
    /// `sent`, or `pending` when it repeats.
    pub state: &'static str,
    /// The next moment of one that repeats.
    pub due_at: Option<Ms>,
    /// What that is counted from.
    pub base_at: Ms,
}

/// Fires pending follow-ups; returns the ids that were still as read: no message may be made for the others.
///
/// # Errors
/// The database failed.
pub async fn fire_many(tx: &Tx, portal: &str, fired: &[Fired], now: Ms) -> DbResult<Vec<String>> {
    let clause = Clause {
        set: "state = v.state, message_id = v.message_id, sends = follow_up.sends + 1, due_at = v.due_at, base_at = v.base_at, \
              repeats_left = CASE WHEN v.state = 'pending' THEN follow_up.repeats_left - 1 ELSE follow_up.repeats_left END, \
              updated_at = v.now, ended_at = CASE WHEN v.state = 'pending' THEN NULL ELSE v.now END",
        filter: "follow_up.id = v.id AND follow_up.state = 'pending' AND COALESCE(follow_up.due_at, -1) = v.was",
        returning: "id",
    };
    let columns = [text("id"), int("was"), text("message_id"), text("state"), int("due_at"), int("base_at"), int("now")];
    let rows: Vec<Value> =
        fired.iter().map(|f| json!([f.id, f.was.unwrap_or(-1), f.message_id, f.state, f.due_at, f.base_at, now])).collect();
    bulk::update(&**tx, "follow_up", portal, &columns, clause, &rows).await
}

/// A pending follow-up that ends unsent.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The follow-up.
    pub id: String,
    /// Its end.
    pub state: &'static str,
    /// Stable word.
    pub reason: String,
    /// JSON of `MessageError`.
    pub error: Option<Value>,
}

/// Ends pending follow-ups; returns the ids that were pending.
///
/// # Errors
/// The database failed.
pub async fn end_many(tx: &Tx, portal: &str, ended: &[Ended], now: Ms) -> DbResult<Vec<String>> {
    let clause = Clause {
        set: "state = v.state, reason = v.reason, error = v.error, updated_at = v.now, ended_at = v.now",
        filter: "follow_up.id = v.id AND follow_up.state = 'pending'",
        returning: "id",
    };
    let columns = [text("id"), text("state"), text("reason"), text("error"), int("now")];
    let rows: Vec<Value> = ended.iter().map(|e| json!([e.id, e.state, e.reason, e.error.as_ref().map(Value::to_string), now])).collect();
    bulk::update(&**tx, "follow_up", portal, &columns, clause, &rows).await
}

/// Remembers the stage of documents that could not be read when their follow-ups were armed: (follow-up, stage, moved).
///
/// # Errors
/// The database failed.
pub async fn learn_stages(tx: &Tx, portal: &str, learned: &[(String, String, String)], now: Ms) -> DbResult<()> {
    let clause = Clause {
        set: "stage = v.stage, moved = v.moved, updated_at = v.now",
        filter: "follow_up.id = v.id AND follow_up.stage IS NULL",
        returning: "id",
    };
    let rows: Vec<Value> = learned.iter().map(|(id, stage, moved)| json!([id, stage, moved, now])).collect();
    bulk::update(&**tx, "follow_up", portal, &[text("id"), text("stage"), text("moved"), int("now")], clause, &rows).await.map(drop)
}

/// What a list of follow-ups is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Word of [`state`].
    pub state: Option<String>,
    /// `DEAL_512`.
    pub document_id: Option<String>,
    /// Phone digits, BSUID, lid or group.
    pub recipient: Option<String>,
    /// Chain.
    pub chain: Option<String>,
    /// Robot call.
    pub call_id: Option<String>,
}

/// A page of follow-ups, newest first.
///
/// # Errors
/// The database failed.
pub async fn page(db: &impl Conn, portal: &str, filter: &Filter, page: &Page) -> DbResult<Vec<Model>> {
    use follow_up::Column as C;
    let mut select = Entity::find().filter(C::Portal.eq(portal));
    let narrowed = [
        (C::State, &filter.state),
        (C::DocumentId, &filter.document_id),
        (C::Recipient, &filter.recipient),
        (C::Chain, &filter.chain),
        (C::CallId, &filter.call_id),
    ];
    for (column, wanted) in narrowed {
        if let Some(wanted) = wanted {
            select = select.filter(column.eq(wanted.as_str()));
        }
    }
    Ok(page.apply(select, C::CreatedAt, C::Id).all(db).await?)
}
