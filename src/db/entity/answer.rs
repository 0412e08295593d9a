//! Table `answer`. The answer a call owes to its process.

use sea_orm::entity::prelude::*;

/// The answer a call owes to its process.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "answer")]
pub struct Model {
    /// Call id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: String,
    /// Portal.
    pub portal: String,
    /// JSON.
    pub return_values: String,
    /// None delivered too_late unknown refused.
    pub answer_end: String,
    /// Attempts.
    pub attempts: i64,
    /// Last error.
    pub last_error: Option<String>,
    /// Created at (epoch ms).
    pub created_at: i64,
    /// Last attempt at (epoch ms).
    pub last_attempt_at: Option<i64>,
    /// Ended at (epoch ms).
    pub ended_at: Option<i64>,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
