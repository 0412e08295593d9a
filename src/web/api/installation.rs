//! `GET …/installation`: how far the installation has come, step by step, for the installer's page and the overview.

use super::portal_row;
use crate::db::entity::registration;
use crate::db::store::api_page::Page;
use crate::db::store::{api_job, api_portal};
use crate::domain::clock::MINUTE;
use crate::web::State;
use crate::web::operator::Operator;
use crate::web::problem::{Problem, ProblemDocument};
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use utoipa::ToSchema;

/// The whole way.
#[derive(Debug, Serialize, ToSchema)]
pub struct Installation {
    /// `active auth_lost paused uninstalled`.
    status: String,
    /// A registration is under way or about to begin.
    busy: bool,
    /// Everything is registered.
    complete: bool,
    steps: Vec<InstallStep>,
}

/// One step.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstallStep {
    /// `token portal robots activities placements events check`.
    id: &'static str,
    /// `done running failed waiting`.
    state: &'static str,
    /// Things of this step that are done; null where there is nothing to count.
    done: Option<usize>,
    total: Option<usize>,
    errors: Vec<StepError>,
}

/// A thing that failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepError {
    /// CODE of a robot, or of an event or placement.
    code: String,
    /// In the portal's words.
    text: String,
}

/// How far the installation has come.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/installation", tag = "pages", params(("member_id" = String, Path)),
    responses((status = 200, body = Installation), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn get(_: Operator, state: Data<State>, path: Path<String>) -> Result<Json<Installation>, Problem> {
    let portal = portal_row(&state, &path).await?;
    let db = state.ctx.db.read();
    let rows = api_portal::registrations(db, &portal.member_id).await?;
    let page = Page { after: None, limit: 10 };
    let soon = state.ctx.clock.now().saturating_add(MINUTE);
    let ready = api_job::list(db, &portal.member_id, "ready", Some("register"), &page).await?;
    let running = api_job::list(db, &portal.member_id, "running", Some("register"), &page).await?;
    let busy = !running.is_empty() || ready.iter().any(|job| job.run_at <= soon);
    let codes: Vec<String> = state.ctx.catalog.robots().iter().map(|spec| spec.code.clone()).collect();
    let found = Found { rows: &rows, codes: &codes, busy, ended: portal.registered_at.is_some() && !busy };
    let steps = found.steps();
    let complete = steps.iter().all(|step| step.state == "done");
    Ok(Json(Installation { status: portal.status, busy, complete, steps }))
}

struct Found<'a> {
    rows: &'a [registration::Model],
    codes: &'a [String],
    busy: bool,
    /// A registration has ended and none is under way.
    ended: bool,
}

impl Found<'_> {
    fn steps(&self) -> Vec<InstallStep> {
        let proven = |id| InstallStep { id, state: "done", done: None, total: None, errors: Vec::new() };
        let mut steps = vec![proven("token"), proven("portal"), self.robots("robots", ""), self.robots("activities", ".activity")];
        steps.push(self.others("placements", "placement:"));
        steps.push(self.others("events", "event:"));
        let well = steps.iter().all(|step| step.state == "done");
        let state = match (well, self.busy) {
            (true, _) => "done",
            (false, true) => "waiting",
            (false, false) if self.ended => "failed",
            (false, false) => "waiting",
        };
        steps.push(InstallStep { id: "check", state, done: None, total: None, errors: Vec::new() });
        steps
    }

    fn robots(&self, id: &'static str, suffix: &str) -> InstallStep {
        let wanted: Vec<String> = self.codes.iter().map(|code| format!("{code}{suffix}")).collect();
        let of = |state: &str| self.rows.iter().filter(|row| row.state == state && wanted.contains(&row.code)).collect::<Vec<_>>();
        let done = of("registered").len();
        let errors = errors(of("failed"));
        let state = self.state(done >= wanted.len() && errors.is_empty());
        InstallStep { id, state, done: Some(done), total: Some(wanted.len()), errors }
    }

    /// Only failures of these are stored.
    fn others(&self, id: &'static str, prefix: &str) -> InstallStep {
        let errors = errors(self.rows.iter().filter(|row| row.state == "failed" && row.code.starts_with(prefix)).collect());
        let state = self.state(self.ended && errors.is_empty());
        InstallStep { id, state, done: None, total: None, errors }
    }

    fn state(&self, well: bool) -> &'static str {
        match (well, self.busy, self.ended) {
            (true, ..) => "done",
            (false, true, _) => "running",
            (false, false, true) => "failed",
            (false, false, false) => "waiting",
        }
    }
}

fn errors(rows: Vec<&registration::Model>) -> Vec<StepError> {
    rows.into_iter().map(|row| StepError { code: row.code.clone(), text: row.error.clone().unwrap_or_default() }).collect()
}
