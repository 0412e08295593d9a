//! Table `message`: rows are inserted once and then only moved; every move names the status it leaves (fencing).

use super::bulk::{self, Clause, Column, int, text};
use crate::db::entity::message::{self, Entity, Model};
use crate::db::{Conn, DbError, DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::event::CostReport;
use crate::domain::state::Status;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use serde_json::{Value, json};

impl Model {
    /// The stored status.
    ///
    /// # Errors
    /// [`DbError::Corrupt`] for a foreign word.
    pub fn state(&self) -> DbResult<Status> {
        Status::parse(&self.status).ok_or_else(|| DbError::Corrupt(format!("message status {}", self.status)))
    }
}

/// One message's move from the status it was read with to another, with what is learned on the way.
#[derive(Debug, Clone)]
pub struct Move {
    /// The message.
    pub id: String,
    /// Status it must still have.
    pub from: Status,
    /// Status it gets (may be the same when only facts are added).
    pub to: Status,
    /// Moment written into the time column of `told`, if that is still empty.
    pub at: Ms,
    /// Status that was told; it may lie behind `to` when reports come out of order, and its moment counts all the same.
    pub told: Status,
    /// The provider's id; kept when already known.
    pub provider_id: Option<String>,
    /// WhatsApp's id; kept when already known.
    pub wa_id: Option<String>,
    /// Why it failed or is held; any earlier reason is dropped by the move.
    pub error: Option<Value>,
    /// Number of attempts so far.
    pub attempts: Option<i64>,
    /// What it cost.
    pub cost: Option<CostReport>,
    /// A new content with its rendered text (the fallback template of a held message).
    pub content: Option<(String, Value, String)>,
}

impl Move {
    /// A move of this row as it was read.
    ///
    /// # Errors
    /// [`DbError::Corrupt`] when the row's status is a foreign word.
    pub fn new(message: &Model, to: Status, at: Ms) -> DbResult<Self> {
        Ok(Self {
            id: message.id.clone(),
            from: message.state()?,
            to,
            at,
            told: to,
            provider_id: None,
            wa_id: None,
            error: None,
            attempts: None,
            cost: None,
            content: None,
        })
    }

    /// The row as it is after the move.
    pub fn applied(&self, message: &Model) -> Model {
        let mut after = message.clone();
        after.status = self.to.as_str().to_owned();
        after.provider_id = after.provider_id.or_else(|| self.provider_id.clone());
        after.wa_id = after.wa_id.or_else(|| self.wa_id.clone());
        after.error = self.error.as_ref().map(Value::to_string);
        after.attempts = self.attempts.unwrap_or(after.attempts);
        if let Some(cost) = &self.cost {
            after.cost_amount = cost.amount.clone().or(after.cost_amount);
            after.cost_currency = cost.currency.clone().or(after.cost_currency);
            after.cost_source = Some(cost_source(cost)).or(after.cost_source);
        }
        if let Some((kind, content, rendered)) = &self.content {
            after.kind.clone_from(kind);
            after.content = content.to_string();
            after.rendered_text.clone_from(rendered);
        }
        if let Some(column) = time_column(&mut after, self.told) {
            column.get_or_insert(self.at);
        }
        after
    }

    fn row(&self) -> Value {
        let time = |statuses: &[Status]| statuses.contains(&self.told).then_some(self.at);
        let (kind, content, rendered) = match &self.content {
            Some((kind, content, rendered)) => (Some(kind), Some(content.to_string()), Some(rendered)),
            None => (None, None, None),
        };
        json!([
            self.id,
            self.from.as_str(),
            self.to.as_str(),
            self.provider_id,
            self.wa_id,
            self.error.as_ref().map(Value::to_string),
            self.attempts,
            self.cost.as_ref().and_then(|cost| cost.amount.clone()),
            self.cost.as_ref().and_then(|cost| cost.currency.clone()),
            self.cost.as_ref().map(cost_source),
            kind,
            content,
            rendered,
            time(&[Status::Queued]),
            time(&[Status::Sending]),
            time(&[Status::Accepted]),
            time(&[Status::Sent]),
            time(&[Status::Delivered]),
            time(&[Status::Read, Status::Played]),
            time(&[Status::Failed, Status::Unknown])
        ])
    }
}

fn cost_source(cost: &CostReport) -> String {
    cost.pricing_type.clone().unwrap_or_else(|| "provider".to_owned())
}

/// Whether the row does not know yet when this status was reached.
pub fn lacks_time(message: &Model, status: Status) -> bool {
    time_column(&mut message.clone(), status).is_some_and(|column| column.is_none())
}

/// Each column keeps the first time; attempts keep their own.
fn time_column(message: &mut Model, status: Status) -> Option<&mut Option<Ms>> {
    match status {
        Status::Queued => Some(&mut message.queued_at),
        Status::Sending => Some(&mut message.sending_at),
        Status::Accepted => Some(&mut message.accepted_at),
        Status::Sent => Some(&mut message.sent_at),
        Status::Delivered => Some(&mut message.delivered_at),
        Status::Read | Status::Played => Some(&mut message.read_at),
        Status::Failed | Status::Unknown => Some(&mut message.failed_at),
        Status::Held | Status::Skipped | Status::Cancelled | Status::Deleted | Status::Received => None,
    }
}

/// Moves messages in one statement. Returns the ids that moved: a missing one was moved by somebody else in between.
pub async fn move_many(tx: &Tx, portal: &str, moves: &[Move]) -> DbResult<Vec<String>> {
    const COLUMNS: [Column; 20] = [
        text("id"),
        text("before"),
        text("status"),
        text("provider_id"),
        text("wa_id"),
        text("error"),
        int("attempts"),
        text("cost_amount"),
        text("cost_currency"),
        text("cost_source"),
        text("kind"),
        text("content"),
        text("rendered_text"),
        int("queued_at"),
        int("sending_at"),
        int("accepted_at"),
        int("sent_at"),
        int("delivered_at"),
        int("read_at"),
        int("failed_at"),
    ];
    let clause = Clause {
        set: "status = v.status, error = v.error, \
              provider_id = COALESCE(message.provider_id, v.provider_id), wa_id = COALESCE(message.wa_id, v.wa_id), \
              attempts = COALESCE(v.attempts, message.attempts), \
              cost_amount = COALESCE(v.cost_amount, message.cost_amount), cost_currency = COALESCE(v.cost_currency, message.cost_currency), \
              cost_source = COALESCE(v.cost_source, message.cost_source), \
              kind = COALESCE(v.kind, message.kind), content = COALESCE(v.content, message.content), \
              rendered_text = COALESCE(v.rendered_text, message.rendered_text), \
              queued_at = COALESCE(message.queued_at, v.queued_at), sending_at = COALESCE(message.sending_at, v.sending_at), \
              accepted_at = COALESCE(message.accepted_at, v.accepted_at), sent_at = COALESCE(message.sent_at, v.sent_at), \
              delivered_at = COALESCE(message.delivered_at, v.delivered_at), read_at = COALESCE(message.read_at, v.read_at), \
              failed_at = COALESCE(message.failed_at, v.failed_at)",
        filter: "message.id = v.id AND message.status = v.before",
        returning: "id",
    };
    let rows: Vec<Value> = moves.iter().map(Move::row).collect();
    bulk::update(&**tx, "message", portal, &COLUMNS, clause, &rows).await
}

/// Stores new messages of one portal (any direction), in the order given.
pub async fn insert_many(tx: &Tx, portal: &str, messages: &[Model]) -> DbResult<()> {
    const COLUMNS: [Column; 29] = [
        text("id"),
        text("portal"),
        text("channel_id"),
        text("conversation_id"),
        text("call_id"),
        text("direction"),
        text("kind"),
        text("content"),
        text("rendered_text"),
        text("identity"),
        text("recipient"),
        text("provider_id"),
        text("wa_id"),
        text("status"),
        text("error"),
        int("attempts"),
        text("cost_amount"),
        text("cost_currency"),
        text("cost_source"),
        text("document_entity"),
        text("document_id"),
        text("reply_id"),
        text("reply_title"),
        text("reply_to"),
        int("created_at"),
        int("queued_at"),
        int("sent_at"),
        int("failed_at"),
        int("received_at"),
    ];
    let rows: Vec<Value> = messages
        .iter()
        .map(|m| {
            json!([
                m.id,
                portal,
                m.channel_id,
                m.conversation_id,
                m.call_id,
                m.direction,
                m.kind,
                m.content,
                m.rendered_text,
                m.identity,
                m.recipient,
                m.provider_id,
                m.wa_id,
                m.status,
                m.error,
                m.attempts,
                m.cost_amount,
                m.cost_currency,
                m.cost_source,
                m.document_entity,
                m.document_id,
                m.reply_id,
                m.reply_title,
                m.reply_to,
                m.created_at,
                m.queued_at,
                m.sent_at,
                m.failed_at,
                m.received_at
            ])
        })
        .collect();
    bulk::insert(&**tx, "message", &COLUMNS, "", "id", &rows).await.map(drop)
}

/// Users' messages of these conversations that arrived after a moment, oldest first.
pub async fn list_received_since(db: &impl Conn, portal: &str, conversation_ids: &[String], since: Ms) -> DbResult<Vec<Model>> {
    if conversation_ids.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = bulk::among(db.get_database_backend(), "conversation_id", conversation_ids);
    let found = Entity::find().filter(wanted).filter(message::Column::CreatedAt.gt(since)).filter(message::Column::Direction.eq("in"));
    Ok(found.filter(bulk::owned_by(portal)).order_by_asc(message::Column::CreatedAt).order_by_asc(message::Column::Id).all(db).await?)
}

/// Stores the reason of a message whose outcome is still unknown; `false` = it is known by now.
///
/// # Errors
/// The database failed.
pub async fn put_reason_of_unknown(tx: &Tx, portal: &str, id: &str, error: &str) -> DbResult<bool> {
    let clause = Clause { set: "error = v.error", filter: "message.id = v.id AND message.status = 'unknown'", returning: "id" };
    let columns = [text("id"), text("error")];
    Ok(!bulk::update(&**tx, "message", portal, &columns, clause, &[json!([id, error])]).await?.is_empty())
}

/// Replaces what a message carries.
pub async fn put_content(tx: &Tx, portal: &str, id: &str, content: &str) -> DbResult<()> {
    let clause = Clause { set: "content = v.content", filter: "message.id = v.id", returning: "id" };
    bulk::update(&**tx, "message", portal, &[text("id"), text("content")], clause, &[json!([id, content])]).await.map(drop)
}

/// A client's message has another wording.
pub async fn amend(tx: &Tx, portal: &str, id: &str, content: &str, rendered: &str) -> DbResult<()> {
    let clause = Clause { set: "content = v.content, rendered_text = v.rendered", filter: "message.id = v.id", returning: "id" };
    let columns = [text("id"), text("content"), text("rendered")];
    bulk::update(&**tx, "message", portal, &columns, clause, &[json!([id, content, rendered])]).await.map(drop)
}

/// A message, the entity and id of the document it belongs to, and its content with how that was found.
pub type Documented = (String, Option<(String, String)>, String);

/// Says which documents messages belong to: (message, document or none, content with how it was found).
pub async fn put_documents(tx: &Tx, portal: &str, found: &[Documented]) -> DbResult<()> {
    let clause = Clause {
        set: "document_entity = v.entity, document_id = v.document, content = v.content",
        filter: "message.id = v.id",
        returning: "id",
    };
    let columns = [text("id"), text("entity"), text("document"), text("content")];
    let rows: Vec<Value> = found
        .iter()
        .map(|(id, document, content)| json!([id, document.as_ref().map(|it| &it.0), document.as_ref().map(|it| &it.1), content]))
        .collect();
    bulk::update(&**tx, "message", portal, &columns, clause, &rows).await.map(drop)
}

/// Two conversations were one user's.
pub async fn move_conversation(tx: &Tx, portal: &str, from: &str, into: &str) -> DbResult<()> {
    use sea_orm::sea_query::Expr;
    Entity::update_many()
        .col_expr(message::Column::ConversationId, Expr::value(into))
        .filter(message::Column::ConversationId.eq(from))
        .filter(bulk::owned_by(portal))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// One message.
pub async fn find(db: &impl Conn, portal: &str, id: &str) -> DbResult<Option<Model>> {
    bulk::only(db, Entity::find_by_id(id).filter(bulk::owned_by(portal))).await
}

/// Messages by id, in no order; unknown ids are left out.
pub async fn list(db: &impl Conn, portal: &str, ids: &[String]) -> DbResult<Vec<Model>> {
    among(db, portal, "id", ids).await
}

/// Messages that these calls sent, oldest first.
pub async fn list_of_calls(db: &impl Conn, portal: &str, call_ids: &[String]) -> DbResult<Vec<Model>> {
    among(db, portal, "call_id", call_ids).await
}

async fn among(db: &impl Conn, portal: &str, column: &'static str, values: &[String]) -> DbResult<Vec<Model>> {
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = bulk::among(db.get_database_backend(), column, values);
    let found = Entity::find().filter(wanted).filter(bulk::owned_by(portal)).order_by_asc(message::Column::CreatedAt);
    Ok(found.all(db).await?)
}

/// Messages of a channel that any of these wire ids names, as the provider's id or as WhatsApp's.
pub async fn list_by_wire_ids(db: &impl Conn, portal: &str, channel_id: &str, wire_ids: &[String]) -> DbResult<Vec<Model>> {
    if wire_ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut found: Vec<Model> = Vec::new();
    // Two statements, each with its own index; an OR over both would walk the channel.
    for column in ["provider_id", "wa_id"] {
        let wanted = bulk::among(db.get_database_backend(), column, wire_ids);
        let part = Entity::find().filter(message::Column::ChannelId.eq(channel_id)).filter(wanted).filter(bulk::owned_by(portal));
        for row in part.all(db).await? {
            if found.iter().all(|have| have.id != row.id) {
                found.push(row);
            }
        }
    }
    Ok(found)
}

/// Messages of these conversations that wait for something.
pub async fn list_held(db: &impl Conn, portal: &str, conversation_ids: &[String]) -> DbResult<Vec<Model>> {
    if conversation_ids.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = bulk::among(db.get_database_backend(), "conversation_id", conversation_ids);
    let held = Entity::find().filter(wanted).filter(message::Column::Status.eq(Status::Held.as_str()));
    Ok(held.filter(bulk::owned_by(portal)).order_by_asc(message::Column::CreatedAt).all(db).await?)
}

/// Whether anything of ours went (or may have gone) out in this conversation since a moment.
pub async fn answered_since(db: &impl Conn, portal: &str, conversation_id: &str, since: Ms) -> DbResult<bool> {
    let gone = [Status::Failed, Status::Cancelled, Status::Skipped, Status::Queued, Status::Held];
    let found = Entity::find()
        .select_only()
        .column(message::Column::Id)
        .filter(message::Column::ConversationId.eq(conversation_id))
        .filter(message::Column::Direction.eq("out"))
        .filter(message::Column::SendingAt.gte(since))
        .filter(message::Column::Status.is_not_in(gone.map(Status::as_str)))
        .filter(bulk::owned_by(portal));
    Ok(!found.limit(1).into_tuple::<String>().all(db).await?.is_empty())
}

/// Messages that went (or may have gone) out in this conversation and whose provider id was never learned.
pub async fn list_unidentified(db: &impl Conn, portal: &str, conversation_id: &str) -> DbResult<Vec<Model>> {
    let found = Entity::find()
        .filter(message::Column::ConversationId.eq(conversation_id))
        .filter(message::Column::ProviderId.is_null())
        .filter(message::Column::Status.is_in([Status::Sending.as_str(), Status::Unknown.as_str()]));
    Ok(found.filter(bulk::owned_by(portal)).order_by_asc(message::Column::CreatedAt).all(db).await?)
}
