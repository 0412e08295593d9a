//! Reads of jobs for the API, for alarms and for the gauges of `/metrics`.

use super::api_page::Page;
use crate::db::entity::job;
use crate::db::{Conn, DbResult};
use crate::domain::clock::Ms;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};

/// Newest change first, in one state (`ready running dead`).
///
/// # Errors
/// The database failed.
pub async fn list(db: &impl Conn, portal: &str, state: &str, kind: Option<&str>, page: &Page) -> DbResult<Vec<job::Model>> {
    use job::Column;
    let mut select = job::Entity::find().filter(Column::Portal.eq(portal)).filter(Column::State.eq(state));
    if let Some(kind) = kind {
        select = select.filter(Column::Kind.eq(kind));
    }
    Ok(page.apply(select, Column::UpdatedAt, Column::Id).all(db).await?)
}

/// Jobs of one portal, lane and state: how many, and since when the oldest of them is due.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Backlog {
    /// The tenant.
    pub portal: String,
    /// Lane number.
    pub lane: i64,
    /// `ready running dead`.
    pub state: String,
    /// How many.
    pub jobs: i64,
    /// Smallest `run_at`.
    pub oldest_run_at: Ms,
}

/// The backlog of all portals: jobs that are due, running or dead; those of the future are not waiting.
///
/// # Errors
/// The database failed.
pub async fn backlog(db: &impl Conn, now: Ms) -> DbResult<Vec<Backlog>> {
    use job::Column;
    let waiting = Column::State.eq("ready").and(Column::RunAt.lte(now)).or(Column::State.is_in(["running", "dead"]));
    Ok(job::Entity::find()
        .select_only()
        .column(Column::Portal)
        .column(Column::Lane)
        .column(Column::State)
        .column_as(Expr::col(Column::Id).count(), "jobs")
        .column_as(Expr::col(Column::RunAt).min(), "oldest_run_at")
        .filter(waiting)
        .group_by(Column::Portal)
        .group_by(Column::Lane)
        .group_by(Column::State)
        .into_model::<Backlog>()
        .all(db)
        .await?)
}
