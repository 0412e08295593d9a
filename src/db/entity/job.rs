//! Table `job`. Rows of `job`.

use sea_orm::entity::prelude::*;

/// Rows of `job`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Portal.
    pub portal: String,
    /// Hash(portal) mod 64.
    pub shard: i64,
    /// Lane.
    pub lane: i64,
    /// Kind.
    pub kind: String,
    /// Ready running dead.
    pub state: String,
    /// Run at (epoch ms).
    pub run_at: i64,
    /// Idem key.
    pub idem_key: Option<String>,
    /// Cancel key.
    pub cancel_key: Option<String>,
    /// Attempt.
    pub attempt: i64,
    /// Max attempts.
    pub max_attempts: i64,
    /// How often its lease ended without a finish.
    pub lost: i64,
    /// Lease id.
    pub lease_id: Option<String>,
    /// Lease until (epoch ms).
    pub lease_until: Option<i64>,
    /// JSON of queue::Job.
    pub payload: String,
    /// Last error.
    pub last_error: Option<String>,
    /// Created at (epoch ms).
    pub created_at: i64,
    /// Updated at (epoch ms).
    pub updated_at: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
