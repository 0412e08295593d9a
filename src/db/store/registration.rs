//! Table `registration`: what each robot's and activity's registration in a portal came to.

use crate::db::entity::registration;
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
