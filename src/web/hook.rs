//! `GET, POST /hooks/{provider}/{channel_id}/{secret}`: what providers report. 2xx with an empty body = every event is stored.
//!
//! The address is the first proof (constant time; a wrong one looks like no address at all), the adapter's signature the second. An
//! event that names another number goes to that portal's channel with that number, else it is kept as unrouted.

use super::body::Incoming;
use super::problem::{Code, Problem};
use super::{State, body};
use crate::db::{DbResult, store};
use crate::domain::event::ProviderEvent;
use crate::flow::accept_hook::{self, Arrived};
use crate::flow::channel::{self, Loaded};
use crate::provider::{WebhookError, WebhookRequest};
use actix_web::http::Method;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use std::collections::HashMap;

/// Nesting of a webhook's JSON; the vendors' own stay under 12.
const DEPTH: usize = 64;

/// One webhook.
pub(super) async fn called(
    state: Data<State>,
    request: HttpRequest,
    path: Path<(String, String, String)>,
    payload: Incoming,
) -> Result<HttpResponse, Problem> {
    let bytes = body::read(payload, body::HOOK_CAP).await?;
    let (kind, channel_id, secret) = path.into_inner();
    let found = channel::for_hook(&state.ctx, &kind, &channel_id, &secret).await.map_err(|error| not_committed(&error))?;
    let channel = found.ok_or_else(|| Problem::new(Code::HookUnknown))?;
    let url = format!("{}{}", state.ctx.settings.public_url, request.uri());
    let headers = headers(&request);
    let asked = WebhookRequest { method: request.method().as_str(), url: &url, headers: &headers, body: &bytes };
    channel.provider.verify_webhook(&channel.config, &asked).map_err(|error| refused(&channel, &error))?;
    if request.method() == Method::GET {
        // A provider that only looks whether somebody is there.
        return Ok(HttpResponse::Ok().finish());
    }
    if body::depth(&bytes) > DEPTH {
        return Err(Problem::unparsable(&"nested too deep"));
    }
    let events = channel.provider.read_webhook(&channel.config, &asked).map_err(|error| refused(&channel, &error))?;
    let arrived = route(&state, &channel, events).await.map_err(|error| not_committed(&error))?;
    match accept_hook::accept(&state.ctx, arrived).await {
        Ok(_) => Ok(HttpResponse::Ok().finish()),
        Err(error) => Err(not_committed(&error)),
    }
}

/// Finds the channel of each event.
async fn route(state: &State, channel: &Loaded, events: Vec<ProviderEvent>) -> DbResult<Vec<Arrived>> {
    let mut known: HashMap<String, Option<String>> = HashMap::new();
    let mut arrived = Vec::with_capacity(events.len());
    for event in events {
        let own = channel.row.id.clone();
        let target = match event.sender.as_deref().filter(|sender| !sender.is_empty() && *sender != channel.row.sender) {
            None => Some(own.clone()),
            Some(sender) => match known.get(sender) {
                Some(target) => target.clone(),
                None => {
                    let db = state.ctx.db.read();
                    let found = store::channel::find_by_sender(db, &channel.row.portal, &channel.row.kind, sender).await?;
                    let target = found.map(|row| row.id);
                    known.insert(sender.to_owned(), target.clone());
                    target
                }
            },
        };
        let unrouted = target.is_none();
        arrived.push(Arrived { portal: channel.row.portal.clone(), channel_id: target.unwrap_or(own), unrouted, event });
    }
    Ok(arrived)
}

fn headers(request: &HttpRequest) -> Vec<(String, String)> {
    let readable = request.headers().iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    readable.collect()
}

fn refused(channel: &Loaded, error: &WebhookError) -> Problem {
    tracing::warn!(
        channel.id = channel.row.id,
        provider.kind = channel.row.kind,
        forged = matches!(error, WebhookError::Forged),
        "webhook refused"
    );
    match error {
        WebhookError::Forged => {
            metrics::counter!("courier24_forged_total", "route" => "hook").increment(1);
            Problem::new(Code::Forged)
        }
        WebhookError::Unparsable(reason) => Problem::unparsable(reason),
    }
}

fn not_committed(error: &dyn std::error::Error) -> Problem {
    tracing::error!(error = %error, "a webhook was not committed");
    Problem::not_committed()
}
