//! Registered robots and activities, and registering them again.

use super::cursor::ListOf;
use super::{live_portal, portal_row};
use crate::db::store::api_portal;
use crate::domain::clock::iso;
use crate::flow::register;
use crate::web::State;
use crate::web::operator::Operator;
use crate::web::problem::{Problem, ProblemDocument};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// One robot or activity in a portal.
#[derive(Debug, Serialize, ToSchema)]
pub struct Robot {
    /// CODE, or CODE.activity.
    code: String,
    /// `robot` or `activity`.
    kind: String,
    /// `registered failed missing`.
    state: String,
    /// Why registering failed, in the portal's words.
    error: Option<String>,
    updated_at: Option<String>,
}

/// Robots and activities of a portal: what is registered, what failed, what is missing.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/robots", tag = "robots", params(("member_id" = String, Path)),
    responses((status = 200, body = ListOf<Robot>), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn list(_: Operator, state: Data<State>, path: Path<String>) -> Result<Json<ListOf<Robot>>, Problem> {
    let portal = portal_row(&state, &path).await?.member_id;
    let rows = api_portal::registrations(state.ctx.db.read(), &portal).await?;
    let mut robots: BTreeMap<String, Robot> = BTreeMap::new();
    for spec in state.ctx.catalog.robots() {
        for code in [spec.code.clone(), format!("{}.activity", spec.code)] {
            robots.insert(code.clone(), Robot { kind: kind(&code), code, state: "missing".to_owned(), error: None, updated_at: None });
        }
    }
    for row in rows {
        let robot = Robot {
            kind: kind(&row.code),
            code: row.code.clone(),
            state: row.state,
            error: row.error,
            updated_at: Some(iso(row.updated_at)),
        };
        robots.insert(row.code, robot);
    }
    Ok(Json(ListOf { items: robots.into_values().collect(), next: None }))
}

/// Compares the portal's robots with ours and mends the difference. Idempotent; the work is a job.
#[utoipa::path(post, path = "/api/v1/portals/{member_id}/robots/register", tag = "robots", params(("member_id" = String, Path)),
    responses((status = 202, body = Object), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn register(_: Operator, state: Data<State>, path: Path<String>) -> Result<HttpResponse, Problem> {
    let portal = live_portal(&state, &path).await?.member_id;
    register::request(&state.ctx, &portal, "asked by the operator").await?;
    let accepted: Value = json!({"status": "accepted"});
    Ok(HttpResponse::Accepted().json(accepted))
}

fn kind(code: &str) -> String {
    if code.ends_with(".activity") { "activity".to_owned() } else { "robot".to_owned() }
}
