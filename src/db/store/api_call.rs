//! Reads of robot calls for the API: the list, and everything that `calls/{id}` tells.

use super::api_page::{Page, narrowed};
use crate::db::entity::{answer, attempt, message, message_event, robot_call, wait, write_back};
use crate::db::{Conn, DbResult};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// Most rows of one kind that one call's story shows; a call sends to ten numbers at most.
const STORY_ROWS: u64 = 500;

/// What a list of calls is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct CallFilter {
    /// `accepted waiting answered done refused dead`.
    pub state: Option<String>,
    /// CODE as called.
    pub code: Option<String>,
    /// `DEAL_512`.
    pub document_id: Option<String>,
    /// The process's token.
    pub event_token: Option<String>,
    /// The process.
    pub workflow_id: Option<String>,
}

/// A call with all that hangs on it.
#[derive(Debug, Clone)]
pub struct CallStory {
    /// The call.
    pub call: robot_call::Model,
    /// Its messages, oldest first.
    pub messages: Vec<message::Model>,
    /// Attempts of its messages.
    pub attempts: Vec<attempt::Model>,
    /// Status reports of its messages.
    pub events: Vec<message_event::Model>,
    /// What it waits for, with the conversations or messages it looks at.
    pub wait: Option<(wait::Model, Vec<String>)>,
    /// What the process is told.
    pub answer: Option<answer::Model>,
    /// What CRM is told besides.
    pub write_backs: Vec<write_back::Model>,
}

/// Newest calls first.
///
/// # Errors
/// The database failed.
pub async fn list(db: &impl Conn, portal: &str, filter: &CallFilter, page: &Page) -> DbResult<Vec<robot_call::Model>> {
    use robot_call::Column;
    let select = robot_call::Entity::find().filter(Column::Portal.eq(portal));
    let select = narrowed(
        select,
        [
            (Column::State, &filter.state),
            (Column::Code, &filter.code),
            (Column::DocumentId, &filter.document_id),
            (Column::EventToken, &filter.event_token),
            (Column::WorkflowId, &filter.workflow_id),
        ],
    );
    Ok(page.apply(select, Column::AcceptedAt, Column::Id).all(db).await?)
}

/// One call with its messages, attempts, reports, answer and write-backs.
///
/// # Errors
/// The database failed.
pub async fn story(db: &impl Conn, portal: &str, call_id: &str) -> DbResult<Option<CallStory>> {
    let found = robot_call::Entity::find_by_id(call_id).filter(robot_call::Column::Portal.eq(portal)).one(db).await?;
    let Some(call) = found else { return Ok(None) };
    let messages = message::Entity::find()
        .filter(message::Column::CallId.eq(call_id))
        .filter(message::Column::Portal.eq(portal))
        .order_by_asc(message::Column::CreatedAt)
        .order_by_asc(message::Column::Id)
        .limit(STORY_ROWS)
        .all(db)
        .await?;
    let ids: Vec<String> = messages.iter().map(|message| message.id.clone()).collect();
    let answer = answer::Entity::find_by_id(call_id).filter(answer::Column::Portal.eq(portal)).one(db).await?;
    let write_backs = write_back::Entity::find()
        .filter(write_back::Column::CallId.eq(call_id))
        .filter(write_back::Column::Portal.eq(portal))
        .order_by_asc(write_back::Column::CreatedAt)
        .order_by_asc(write_back::Column::Id)
        .limit(STORY_ROWS)
        .all(db)
        .await?;
    let attempts = attempts(db, portal, &ids).await?;
    let events = events(db, portal, &ids).await?;
    let wait = super::wait::find(db, portal, call_id).await?;
    Ok(Some(CallStory { call, messages, attempts, events, wait, answer, write_backs }))
}

/// Attempts of messages, in order.
///
/// # Errors
/// The database failed.
pub async fn attempts(db: &impl Conn, portal: &str, message_ids: &[String]) -> DbResult<Vec<attempt::Model>> {
    use attempt::Column;
    let select = attempt::Entity::find().filter(Column::MessageId.is_in(message_ids)).filter(Column::Portal.eq(portal));
    Ok(select
        .order_by_asc(Column::StartedAt)
        .order_by_asc(Column::MessageId)
        .order_by_asc(Column::Number)
        .limit(STORY_ROWS)
        .all(db)
        .await?)
}

/// Status reports of messages, in the order of their arrival.
///
/// # Errors
/// The database failed.
pub async fn events(db: &impl Conn, portal: &str, message_ids: &[String]) -> DbResult<Vec<message_event::Model>> {
    use message_event::Column;
    let select = message_event::Entity::find().filter(Column::MessageId.is_in(message_ids)).filter(Column::Portal.eq(portal));
    Ok(select.order_by_asc(Column::ReceivedAt).order_by_asc(Column::Id).limit(STORY_ROWS).all(db).await?)
}
