//! Table `registration`: what each robot's and activity's registration in a portal came to, and the channels its options name.

use crate::db::entity::{channel, message, registration};
use crate::db::{Conn, DbResult};
use crate::domain::clock::Ms;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, Set};

/// A stored result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// CODE, CODE.activity, or `event:NAME` for a binding that failed.
    pub code: String,
    /// What is registered there now, when known.
    pub definition_hash: Option<String>,
    /// Why it failed; `None` = registered.
    pub error: Option<String>,
}

/// Counts for `GET /api/v1/portals`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Registered robots and activities.
    pub registered: u64,
    /// Failed ones.
    pub failed: u64,
}

/// A channel as an option of the robots' `channel` property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelOption {
    /// Channel id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Deleted, but a message of the last 90 days used it.
    pub deleted: bool,
}

/// All results of a portal in order of code.
pub async fn list(db: &impl Conn, portal: &str) -> DbResult<Vec<registration::Model>> {
    let query = registration::Entity::find().filter(registration::Column::Portal.eq(portal));
    Ok(query.order_by_asc(registration::Column::Code).all(db).await?)
}

/// How many are registered and failed.
pub async fn counts(db: &impl Conn, portal: &str) -> DbResult<Counts> {
    let of = |state: &'static str| {
        registration::Entity::find().filter(registration::Column::Portal.eq(portal)).filter(registration::Column::State.eq(state))
    };
    Ok(Counts { registered: of("registered").count(db).await?, failed: of("failed").count(db).await? })
}

/// Writes results over the former ones of their codes.
pub async fn save(db: &impl Conn, portal: &str, outcomes: &[Outcome], now: Ms) -> DbResult<()> {
    for outcome in outcomes {
        let row = registration::ActiveModel {
            portal: Set(portal.to_owned()),
            code: Set(outcome.code.clone()),
            definition_hash: Set(outcome.definition_hash.clone()),
            state: Set(if outcome.error.is_some() { "failed" } else { "registered" }.to_owned()),
            error: Set(outcome.error.clone()),
            updated_at: Set(now),
        };
        registration::Entity::insert(row)
            .on_conflict(
                OnConflict::columns([registration::Column::Portal, registration::Column::Code])
                    .update_columns([
                        registration::Column::DefinitionHash,
                        registration::Column::State,
                        registration::Column::Error,
                        registration::Column::UpdatedAt,
                    ])
                    .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Forgets codes that are no longer registered.
pub async fn forget(db: &impl Conn, portal: &str, codes: &[String]) -> DbResult<()> {
    if codes.is_empty() {
        return Ok(());
    }
    registration::Entity::delete_many()
        .filter(registration::Column::Portal.eq(portal))
        .filter(registration::Column::Code.is_in(codes.iter().map(String::as_str)))
        .exec(db)
        .await?;
    Ok(())
}

/// Channels that a robot's select shows, oldest first: the living, and deleted ones that a message used since `used_since`.
pub async fn channel_options(db: &impl Conn, portal: &str, used_since: Ms) -> DbResult<Vec<ChannelOption>> {
    let rows = channel::Entity::find()
        .filter(channel::Column::Portal.eq(portal))
        .order_by_asc(channel::Column::CreatedAt)
        .order_by_asc(channel::Column::Id)
        .all(db)
        .await?;
    let mut options = Vec::with_capacity(rows.len());
    for row in rows {
        let deleted = row.deleted_at.is_some();
        if deleted && !used_lately(db, portal, &row.id, used_since).await? {
            continue;
        }
        options.push(ChannelOption { id: row.id, name: row.name, deleted });
    }
    Ok(options)
}

async fn used_lately(db: &impl Conn, portal: &str, channel_id: &str, since: Ms) -> DbResult<bool> {
    let found = message::Entity::find()
        .filter(message::Column::Portal.eq(portal))
        .filter(message::Column::ChannelId.eq(channel_id))
        .filter(message::Column::CreatedAt.gte(since))
        .one(db)
        .await?;
    Ok(found.is_some())
}
