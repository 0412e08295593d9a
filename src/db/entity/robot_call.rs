//! Table `robot_call`. One firing of a robot or activity.

use sea_orm::entity::prelude::*;

/// One firing of a robot or activity.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "robot_call")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Portal.
    pub portal: String,
    /// Event token.
    pub event_token: String,
    /// Code.
    pub code: String,
    /// Workflow id.
    pub workflow_id: String,
    /// Document module.
    pub document_module: String,
    /// Document entity.
    pub document_entity: String,
    /// Document id.
    pub document_id: String,
    /// User id.
    pub user_id: Option<String>,
    /// Y N.
    pub use_subscription: String,
    /// Timeout seconds.
    pub timeout_seconds: i64,
    /// The portal's clock.
    pub portal_ts: Option<i64>,
    /// JSON: properties as received.
    pub input: String,
    /// Request id.
    pub request_id: Option<String>,
    /// Accepted waiting answered done refused dead.
    pub state: String,
    /// JSON: the typed operation.
    pub operation: Option<String>,
    /// JSON: CRM facts read.
    pub facts: Option<String>,
    /// JSON: parameters as rendered.
    pub rendered: Option<String>,
    /// JSON: {verdict, rule, code, text, at}.
    pub decision: Option<String>,
    /// Wait for.
    pub wait_for: Option<String>,
    /// Deadline at (epoch ms).
    pub deadline_at: Option<i64>,
    /// Accepted at (epoch ms).
    pub accepted_at: i64,
    /// Decided at (epoch ms).
    pub decided_at: Option<i64>,
    /// Finished at (epoch ms).
    pub finished_at: Option<i64>,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
