//! `POST /b24/event`: the portal's queue tells that something happened. 2xx = committed.

use super::body::Incoming;
use super::problem::{Code, Problem};
use super::{State, body};
use crate::bitrix::inbound::PortalEvent;
use crate::flow::portal_event::{self, EventRefusal};
use actix_web::HttpResponse;
use actix_web::web::Data;

/// Proof and consequences are in `flow::portal_event`.
pub(super) async fn happened(state: Data<State>, payload: Incoming) -> Result<HttpResponse, Problem> {
    let bytes = body::read(payload, body::PORTAL_CAP).await?;
    let event = PortalEvent::parse(&bytes).map_err(|error| Problem::unparsable(&error))?;
    match portal_event::take(&state.ctx, &event).await {
        Ok(_) => Ok(HttpResponse::Ok().finish()),
        Err(EventRefusal::Forged) => {
            metrics::counter!("courier24_forged_total", "route" => "event").increment(1);
            Err(Problem::new(Code::Forged))
        }
        Err(EventRefusal::Install(refusal)) => Err(Problem::of_install(&refusal)),
        Err(EventRefusal::Db(error)) => {
            tracing::error!(error = %error, "an event was not committed");
            Err(Problem::not_committed())
        }
    }
}
