//! Whether a lease is still somebody's: a message on the wire under a live lease has an owner who will settle it.

use crate::db::entity::job::{Column, Entity};
use crate::db::{Conn, DbResult};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};

/// Those of these leases under which jobs of a portal are running now.
///
/// # Errors
/// The database failed.
pub async fn live_leases(db: &impl Conn, portal: &str, leases: &[String]) -> DbResult<Vec<String>> {
    if leases.is_empty() {
        return Ok(Vec::new());
    }
    let running = Entity::find()
        .select_only()
        .column(Column::LeaseId)
        .distinct()
        .filter(Column::State.eq("running"))
        // The range leads through the small index of running jobs.
        .filter(Column::LeaseUntil.gte(0))
        .filter(Column::Portal.eq(portal))
        .filter(Column::LeaseId.is_in(leases));
    Ok(running.into_tuple::<Option<String>>().all(db).await?.into_iter().flatten().collect())
}
