//! The two tables of the accept path, written many rows in one statement by the group commit of `flow/accepter`.

use crate::db::bulk::{self, Cell, Column, Kind, Rows};
use crate::db::{Conn, DbResult};
use crate::domain::clock::Ms;
use sea_orm::{Statement, Value};

/// A robot call as it is accepted.
#[derive(Debug, Clone)]
pub struct NewCall {
    /// Our id.
    pub id: String,
    /// Portal.
    pub portal: String,
    /// Bitrix24's key of this firing.
    pub event_token: String,
    /// CODE.
    pub code: String,
    /// Workflow.
    pub workflow_id: String,
    /// Module, entity, id.
    pub document: [String; 3],
    /// Who fired.
    pub user_id: Option<String>,
    /// The process waits.
    pub use_subscription: bool,
    /// Seconds, 0 = for ever.
    pub timeout_seconds: i64,
    /// The portal's clock, seconds.
    pub portal_ts: Option<i64>,
    /// JSON of the properties.
    pub input: String,
    /// Of the HTTP request.
    pub request_id: Option<String>,
    /// Our clock.
    pub accepted_at: Ms,
}

/// A provider's event as it is accepted.
#[derive(Debug, Clone)]
pub struct NewInbox {
    /// Our id.
    pub id: String,
    /// Portal.
    pub portal: String,
    /// Channel.
    pub channel_id: String,
    /// The provider's key, unique in the channel.
    pub event_key: String,
    /// status message template other.
    pub label: &'static str,
    /// JSON of the event.
    pub body: String,
    /// `stored`, or `unrouted` when it is for none of our channels.
    pub state: &'static str,
    /// Our clock.
    pub received_at: Ms,
}

const CALL: &[Column] = &[
    ("id", Kind::Text),
    ("portal", Kind::Text),
    ("event_token", Kind::Text),
    ("code", Kind::Text),
    ("workflow_id", Kind::Text),
    ("document_module", Kind::Text),
    ("document_entity", Kind::Text),
    ("document_id", Kind::Text),
    ("user_id", Kind::Text),
    ("use_subscription", Kind::Text),
    ("timeout_seconds", Kind::Int),
    ("portal_ts", Kind::Int),
    ("input", Kind::Text),
    ("request_id", Kind::Text),
    ("state", Kind::Text),
    ("accepted_at", Kind::Int),
];

const INBOX: &[Column] = &[
    ("id", Kind::Text),
    ("portal", Kind::Text),
    ("channel_id", Kind::Text),
    ("event_key", Kind::Text),
    ("label", Kind::Text),
    ("body", Kind::Text),
    ("state", Kind::Text),
    ("received_at", Kind::Int),
];

/// Stores calls of any portals; one that is known by its event token is left as it is. Returns the ids of the new ones.
///
/// # Errors
/// [`crate::db::DbError`] when the database refuses any row: then none is stored.
pub async fn insert_calls(db: &impl Conn, calls: &[&NewCall]) -> DbResult<Vec<String>> {
    let mut rows = Rows::new(CALL);
    for call in calls {
        let [module, entity, document_id] = &call.document;
        rows.push(vec![
            (&call.id).into(),
            (&call.portal).into(),
            (&call.event_token).into(),
            (&call.code).into(),
            (&call.workflow_id).into(),
            module.into(),
            entity.into(),
            document_id.into(),
            call.user_id.as_ref().into(),
            if call.use_subscription { "Y" } else { "N" }.into(),
            call.timeout_seconds.into(),
            call.portal_ts.into(),
            (&call.input).into(),
            call.request_id.as_ref().into(),
            "accepted".into(),
            call.accepted_at.into(),
        ]);
    }
    let ids: Vec<&str> = calls.iter().map(|call| call.id.as_str()).collect();
    insert(db, "robot_call", &rows, "ON CONFLICT (portal, event_token) DO NOTHING", &ids).await
}

/// Stores events of any channels; one that is known by its key is left as it is. Returns the ids of the new ones.
///
/// # Errors
/// [`crate::db::DbError`] when the database refuses any row: then none is stored.
pub async fn insert_inbox(db: &impl Conn, events: &[&NewInbox]) -> DbResult<Vec<String>> {
    let mut rows = Rows::new(INBOX);
    for event in events {
        rows.push(vec![
            (&event.id).into(),
            (&event.portal).into(),
            (&event.channel_id).into(),
            (&event.event_key).into(),
            Cell::from(event.label),
            (&event.body).into(),
            Cell::from(event.state),
            event.received_at.into(),
        ]);
    }
    let ids: Vec<&str> = events.iter().map(|event| event.id.as_str()).collect();
    insert(db, "inbox_event", &rows, "ON CONFLICT (channel_id, event_key) DO NOTHING", &ids).await
}

/// Stores rows and tells the new ones; asks which they are only when there was a duplicate among them.
async fn insert(db: &impl Conn, table: &str, rows: &Rows<'_>, conflict: &str, ids: &[&str]) -> DbResult<Vec<String>> {
    let stored = bulk::insert(db, table, rows, conflict).await?;
    if usize::try_from(stored).is_ok_and(|stored| stored == ids.len()) {
        return Ok(ids.iter().map(|id| (*id).to_owned()).collect());
    }
    bulk::present(db, table, ids).await
}

/// Which of these event tokens a portal has calls of.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn known_tokens(db: &impl Conn, portal: &str, tokens: &[String]) -> DbResult<Vec<String>> {
    let backend = db.get_database_backend();
    let sql = format!("SELECT event_token FROM robot_call WHERE portal = $1 AND {}", bulk::one_of(backend, "event_token", 2, Kind::Text));
    let values = [Value::from(portal), bulk::list(backend, tokens.iter().map(Cell::from))];
    let rows = db.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}
