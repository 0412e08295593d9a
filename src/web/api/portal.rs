//! Portals of this installation.

use super::cursor::{ListOf, PageQuery, close};
use super::portal_row;
use super::shape::time;
use crate::db::entity::{portal as table, registration};
use crate::db::store::api_portal;
use crate::domain::clock::iso;
use crate::web::State;
use crate::web::operator::Operator;
use crate::web::problem::{Problem, ProblemDocument};
use actix_web::web::{Data, Json, Path, Query};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A portal.
#[derive(Debug, Serialize, ToSchema)]
pub struct Portal {
    member_id: String,
    domain: String,
    /// `active auth_lost paused uninstalled`.
    status: String,
    status_reason: Option<String>,
    robots: RobotCounts,
    lang: String,
    license: Option<String>,
    app_version: Option<String>,
    installed_at: String,
    registered_at: Option<String>,
    uninstalled_at: Option<String>,
    /// Its data go at this moment.
    purge_at: Option<String>,
}

/// Robots and activities together.
#[derive(Debug, Default, Clone, Copy, Serialize, ToSchema)]
pub struct RobotCounts {
    registered: u64,
    failed: u64,
}

impl RobotCounts {
    fn add(&mut self, state: &str) {
        match state {
            "registered" => self.registered += 1,
            "failed" => self.failed += 1,
            _ => {}
        }
    }

    fn of(rows: &[registration::Model]) -> BTreeMap<String, Self> {
        let mut counts: BTreeMap<String, Self> = BTreeMap::new();
        for row in rows {
            counts.entry(row.portal.clone()).or_default().add(&row.state);
        }
        counts
    }
}

impl Portal {
    fn new(row: table::Model, counts: &BTreeMap<String, RobotCounts>) -> Self {
        Self {
            robots: counts.get(&row.member_id).copied().unwrap_or_default(),
            installed_at: iso(row.installed_at),
            registered_at: time(row.registered_at),
            uninstalled_at: time(row.uninstalled_at),
            purge_at: time(row.purge_at),
            member_id: row.member_id,
            domain: row.domain,
            status: row.status,
            status_reason: row.status_reason,
            lang: row.lang,
            license: row.license,
            app_version: row.app_version,
        }
    }
}

/// All portals, the newest installation first.
#[utoipa::path(get, path = "/api/v1/portals", tag = "portals", params(PageQuery),
    responses((status = 200, body = ListOf<Portal>), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn list(_: Operator, state: Data<State>, page: Query<PageQuery>) -> Result<Json<ListOf<Portal>>, Problem> {
    let page = page.page("portals")?;
    let db = state.ctx.db.read();
    let rows = api_portal::list(db, &page).await?;
    let ids: Vec<String> = rows.iter().map(|row| row.member_id.clone()).collect();
    let counts = RobotCounts::of(&api_portal::registrations_of(db, &ids).await?);
    Ok(Json(close("portals", &page, rows, |row| (row.installed_at, row.member_id.as_str()), |row| Portal::new(row, &counts))))
}

/// One portal.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}", tag = "portals", params(("member_id" = String, Path)),
    responses((status = 200, body = Portal), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn get(_: Operator, state: Data<State>, path: Path<String>) -> Result<Json<Portal>, Problem> {
    let row = portal_row(&state, &path).await?;
    let counts = RobotCounts::of(&api_portal::registrations(state.ctx.db.read(), &row.member_id).await?);
    Ok(Json(Portal::new(row, &counts)))
}
