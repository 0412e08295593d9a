//! Table `wait`. One waiting call.

use sea_orm::entity::prelude::*;

/// One waiting call.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wait")]
pub struct Model {
    /// Call id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: String,
    /// Portal.
    pub portal: String,
    /// Reply status.
    pub kind: String,
    /// Open answered timed_out ended document_gone.
    pub state: String,
    /// Channel id; empty for a status.
    pub channel_id: String,
    /// Replies read.
    pub attempts: i64,
    /// Replies that may be read.
    pub most: i64,
    /// JSON: what was read, without texts.
    pub replies: String,
    /// Opened at.
    pub opened_at: i64,
    /// Deadline at.
    pub deadline_at: i64,
    /// Closed at.
    pub closed_at: Option<i64>,
    /// The document of the waiting call.
    pub document_id: Option<String>,
    /// CRM event that tells of the document's end.
    pub watch: Option<String>,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
