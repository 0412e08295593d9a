//! `GET …/overview`: what happened today, in the portal's own day.

use super::portal_row;
use crate::db::store::api_message;
use crate::domain::clock::iso;
use crate::domain::schedule::day_begins;
use crate::flow::portal_view::PortalView;
use crate::web::State;
use crate::web::operator::Operator;
use crate::web::problem::{Problem, ProblemDocument};
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use utoipa::ToSchema;

/// Messages of one day.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Overview {
    /// Beginning of the portal's day.
    since: String,
    /// Made to be sent.
    out: u64,
    /// Taken by the provider and not known to have arrived yet.
    sent: u64,
    delivered: u64,
    read: u64,
    failed: u64,
    /// Nobody can say whether they left.
    unknown: u64,
    /// Not at the provider yet.
    waiting: u64,
    /// From clients.
    received: u64,
}

/// Today's messages by how far they came.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/overview", tag = "pages", params(("member_id" = String, Path)),
    responses((status = 200, body = Overview), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn get(_: Operator, state: Data<State>, path: Path<String>) -> Result<Json<Overview>, Problem> {
    let row = portal_row(&state, &path).await?;
    let since = day_begins(state.ctx.clock.now(), PortalView::of(&row).time_zone);
    let mut overview = Overview { since: iso(since), ..Overview::default() };
    for (direction, status, count) in api_message::counted(state.ctx.db.read(), &row.member_id, since).await? {
        overview.add(&direction, &status, u64::try_from(count).unwrap_or_default());
    }
    Ok(Json(overview))
}

impl Overview {
    fn add(&mut self, direction: &str, status: &str, count: u64) {
        if direction == "in" {
            self.received = self.received.saturating_add(count);
            return;
        }
        self.out = self.out.saturating_add(count);
        let place = match status {
            "accepted" | "sent" => &mut self.sent,
            "delivered" => &mut self.delivered,
            "read" | "played" => &mut self.read,
            "failed" => &mut self.failed,
            "unknown" => &mut self.unknown,
            "queued" | "held" | "sending" => &mut self.waiting,
            _ => return,
        };
        *place = place.saturating_add(count);
    }
}
