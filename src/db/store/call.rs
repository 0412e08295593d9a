//! Table `robot_call`: what a process asked, what was decided, and how far its answer is. Every change names the state it leaves.

use super::bulk::{self, Clause, int, text};
use crate::db::entity::robot_call::{Entity, Model};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::{EntityTrait as _, QueryFilter as _};
use serde_json::{Value, json};

/// Words of `robot_call.state`.
pub mod state {
    /// Stored, not decided.
    pub const ACCEPTED: &str = "accepted";
    /// Decided; the answer's moment has not come.
    pub const WAITING: &str = "waiting";
    /// The answer is stored.
    pub const ANSWERED: &str = "answered";
    /// Nothing more is owed to the process.
    pub const DONE: &str = "done";
    /// Refused; the answer is stored.
    pub const REFUSED: &str = "refused";
    /// Given up: the portal is gone.
    pub const DEAD: &str = "dead";
}

/// What a decision writes into a call.
#[derive(Debug, Clone, Default)]
pub struct Decided {
    /// The call.
    pub id: String,
    /// The new state.
    pub state: &'static str,
    /// The typed operation.
    pub operation: Option<Value>,
    /// CRM facts read.
    pub facts: Option<Value>,
    /// Parameters as rendered.
    pub rendered: Option<Value>,
    /// `{verdict, rule, code, text, at, messages}`.
    pub decision: Value,
    /// When the robot answers.
    pub wait_for: Option<&'static str>,
    /// The answer's last moment.
    pub deadline_at: Option<Ms>,
    /// Set when the answer is stored together with the decision.
    pub finished_at: Option<Ms>,
}

/// Whether a call still waits for its decision; `dead` = its job was buried and may be redriven.
pub fn undecided(call: &Model) -> bool {
    call.decided_at.is_none() && matches!(call.state.as_str(), state::ACCEPTED | state::DEAD)
}

/// One call.
pub async fn find(db: &impl Conn, portal: &str, id: &str) -> DbResult<Option<Model>> {
    bulk::only(db, Entity::find_by_id(id).filter(bulk::owned_by(portal))).await
}

/// Calls by id, in no order; unknown ids are left out.
pub async fn list(db: &impl Conn, portal: &str, ids: &[String]) -> DbResult<Vec<Model>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = bulk::among(db.get_database_backend(), "id", ids);
    Ok(Entity::find().filter(wanted).filter(bulk::owned_by(portal)).all(db).await?)
}

/// Writes decisions into calls that are still undecided. Returns the ids written: a missing one was decided by somebody else.
pub async fn decide(tx: &Tx, portal: &str, decided: &[Decided], now: Ms) -> DbResult<Vec<String>> {
    let columns = [
        text("id"),
        text("state"),
        text("operation"),
        text("facts"),
        text("rendered"),
        text("decision"),
        text("wait_for"),
        int("deadline_at"),
        int("finished_at"),
        int("decided_at"),
    ];
    let clause = Clause {
        set: "state = v.state, operation = v.operation, facts = v.facts, rendered = v.rendered, decision = v.decision, wait_for = v.wait_for, \
              deadline_at = v.deadline_at, finished_at = v.finished_at, decided_at = v.decided_at",
        filter: "robot_call.id = v.id AND robot_call.decided_at IS NULL",
        returning: "id",
    };
    let json_text = |value: &Option<Value>| value.as_ref().map(Value::to_string);
    let rows: Vec<Value> = decided
        .iter()
        .map(|d| {
            json!([
                d.id,
                d.state,
                json_text(&d.operation),
                json_text(&d.facts),
                json_text(&d.rendered),
                d.decision.to_string(),
                d.wait_for,
                d.deadline_at,
                d.finished_at,
                now
            ])
        })
        .collect();
    bulk::update(&**tx, "robot_call", portal, &columns, clause, &rows).await
}

/// Replaces a decided call's decision (a later message of it was made).
pub async fn put_decision(tx: &Tx, portal: &str, id: &str, decision: &Value) -> DbResult<()> {
    let clause = Clause { set: "decision = v.decision", filter: "robot_call.id = v.id", returning: "id" };
    let rows = [json!([id, decision.to_string()])];
    bulk::update(&**tx, "robot_call", portal, &[text("id"), text("decision")], clause, &rows).await.map(drop)
}

/// Marks waiting calls as answered (the answer row is stored in the same transaction). Returns the ids that were waiting.
pub async fn answered(tx: &Tx, portal: &str, ids: &[String], state: &'static str, now: Ms) -> DbResult<Vec<String>> {
    let clause = Clause {
        set: "state = v.state, finished_at = v.finished_at",
        filter: "robot_call.id = v.id AND robot_call.state = 'waiting'",
        returning: "id",
    };
    let rows: Vec<Value> = ids.iter().map(|id| json!([id, state, now])).collect();
    bulk::update(&**tx, "robot_call", portal, &[text("id"), text("state"), int("finished_at")], clause, &rows).await
}
