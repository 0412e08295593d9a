//! Ends follow-ups for a cause: pending ones, and those whose message has not been marked `sending` yet, together with that message.
//!
//! Two statements in this order: on PostgreSQL the first waits for a send that is just being made, and the second then sees its message;
//! on SQLite there is one writer. Whoever commits first wins, and the mark of `deliver` names the status it leaves.

use crate::db::bulk::{Cell, Kind, list, one_of};
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, Value};

/// What may end a follow-up, as its row allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The client wrote.
    Reply,
    /// The client refused further messages.
    OptOut,
    /// Somebody's decision: allowed always.
    Decision,
}

impl Cause {
    fn allowed(self) -> &'static str {
        match self {
            Self::Reply => " AND follow_up.on_reply = 1",
            Self::OptOut => " AND follow_up.on_opt_out = 1",
            Self::Decision => "",
        }
    }
}

/// Which follow-ups.
#[derive(Debug, Clone, Default)]
pub struct Whose<'a> {
    /// These.
    pub ids: Option<&'a [String]>,
    /// To any of these recipients.
    pub recipients: Option<&'a [String]>,
    /// About this document.
    pub document_id: Option<&'a str>,
    /// Of this chain.
    pub chain: Option<&'a str>,
    /// Asking for the same.
    pub step: Option<&'a str>,
    /// Armed not later than this.
    pub armed_until: Option<Ms>,
}

impl Whose<'_> {
    /// Conditions on `follow_up`, parameters numbered from `first`.
    fn conditions(&self, backend: DbBackend, first: usize) -> (String, Vec<Value>) {
        let (mut sql, mut values) = (String::new(), Vec::new());
        for (column, wanted) in [("follow_up.id", self.ids), ("follow_up.recipient", self.recipients)] {
            if let Some(wanted) = wanted {
                sql.push_str(" AND ");
                sql.push_str(&one_of(backend, column, first + values.len(), Kind::Text));
                values.push(list(backend, wanted.iter().map(Cell::from)));
            }
        }
        for (column, wanted) in [("document_id", self.document_id), ("chain", self.chain), ("step", self.step)] {
            if let Some(wanted) = wanted {
                sql.push_str(&format!(" AND follow_up.{column} = ${}", first + values.len()));
                values.push(Value::from(wanted));
            }
        }
        if let Some(until) = self.armed_until {
            sql.push_str(&format!(" AND follow_up.armed_at <= ${}", first + values.len()));
            values.push(Value::from(until));
        }
        (sql, values)
    }

    fn nobody(&self) -> bool {
        self.ids.is_some_and(<[String]>::is_empty) || self.recipients.is_some_and(<[String]>::is_empty)
    }
}

/// How they end.
#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    /// What ends them.
    pub cause: Cause,
    /// `stopped` or `cancelled`.
    pub state: &'static str,
    /// Stable word.
    pub reason: &'a str,
    /// JSON of `MessageError` for messages that were made and did not leave.
    pub error: Option<&'a str>,
}

/// What was ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stopped {
    /// Follow-ups.
    pub follow_ups: Vec<String>,
    /// Messages that had been made for them and never leave.
    pub messages: Vec<String>,
}

/// Ends them.
///
/// # Errors
/// The database failed; the caller drops the transaction.
pub async fn stop(tx: &Tx, portal: &str, whose: &Whose<'_>, way: Way<'_>, now: Ms) -> DbResult<Stopped> {
    if whose.nobody() {
        return Ok(Stopped::default());
    }
    let backend = tx.get_database_backend();
    let allowed = way.cause.allowed();
    let (which, bound) = whose.conditions(backend, 5);
    let pending = format!(
        "UPDATE follow_up SET state = $2, reason = $3, updated_at = $4, ended_at = $4 \
         WHERE follow_up.portal = $1 AND follow_up.state = 'pending'{allowed}{which} RETURNING id"
    );
    let mut values = vec![Value::from(portal), Value::from(way.state), Value::from(way.reason), Value::from(now)];
    values.extend(bound);
    let mut follow_ups = returned(tx, pending, values).await?;

    let (which, bound) = whose.conditions(backend, 3);
    let made = format!(
        "UPDATE message SET status = 'cancelled', error = $2 WHERE message.portal || '' = $1 AND message.status IN ('queued', 'held') \
         AND message.id IN (SELECT follow_up.message_id FROM follow_up WHERE follow_up.portal = $1 \
         AND follow_up.message_id IS NOT NULL{allowed}{which}) RETURNING id"
    );
    let mut values = vec![Value::from(portal), Value::String(way.error.map(str::to_owned))];
    values.extend(bound);
    let messages = returned(tx, made, values).await?;
    if !messages.is_empty() {
        let (which, bound) = whose.conditions(backend, 6);
        let named = one_of(backend, "follow_up.message_id", 5, Kind::Text);
        let sent = format!(
            "UPDATE follow_up SET state = $2, reason = $3, updated_at = $4, ended_at = $4 \
             WHERE follow_up.portal = $1 AND {named}{which} RETURNING id"
        );
        let mut values = vec![Value::from(portal), Value::from(way.state), Value::from(way.reason), Value::from(now)];
        values.push(list(backend, messages.iter().map(Cell::from)));
        values.extend(bound);
        follow_ups.extend(returned(tx, sent, values).await?);
        follow_ups.sort_unstable();
        follow_ups.dedup();
    }
    Ok(Stopped { follow_ups, messages })
}

async fn returned(tx: &Tx, sql: String, values: Vec<Value>) -> DbResult<Vec<String>> {
    let rows = tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index::<String>(0)?)).collect()
}
