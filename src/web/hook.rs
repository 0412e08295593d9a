//! `GET, POST /hooks/{provider}/{channel_id}/{secret}`: what providers report. 2xx = every event is stored; the body is
//! empty but where a provider wants to read something there.
//!
//! The address is the first proof (constant time; a wrong one looks like no address at all), the adapter's signature the second. An
//! event that names another number goes to that portal's channel with that number, one about an account to all its channels; a stranger is kept
//! as unrouted.

use super::body::Incoming;
use super::problem::{Code, Problem};
use super::{State, body};
use crate::db::{DbResult, store};
use crate::domain::event::{ProviderEvent, What};
use crate::flow::accept_hook::{self, Arrived};
use crate::flow::channel::{self, Loaded};
use crate::provider::{HookAnswer, WebhookError, WebhookRequest};
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
    let (kind, channel_id, secret) = path.into_inner();
    let found = channel::for_hook(&state.ctx, &kind, &channel_id, &secret).await.map_err(|error| not_committed(&error))?;
    let channel = found.ok_or_else(|| Problem::new(Code::HookUnknown))?;
    // Read only where the secret path was right: strangers fill no memory.
    let bytes = body::read(payload, body::HOOK_CAP).await?;
    let url = format!("{}{}", state.ctx.settings.public_url, request.uri());
    let headers = headers(&request);
    let asked = WebhookRequest { method: request.method().as_str(), url: &url, headers: &headers, body: &bytes };
    channel.provider.verify_webhook(&channel.config, &asked).map_err(|error| refused(&channel, &error))?;
    if body::depth(&bytes) > DEPTH {
        return Err(Problem::unparsable(&"nested too deep"));
    }
    let events = channel.provider.read_webhook(&channel.config, &asked).map_err(|error| refused(&channel, &error))?;
    let arrived = route(&state, &channel, events).await.map_err(|error| not_committed(&error))?;
    match accept_hook::accept(&state.ctx, arrived).await {
        Ok(_) => Ok(answer(&channel.provider.hook_answer(&asked))),
        Err(error) => Err(not_committed(&error)),
    }
}

/// 200 with what the provider wants to read; an empty body for most.
fn answer(told: &HookAnswer) -> HttpResponse {
    let mut ok = HttpResponse::Ok();
    // A challenge is the caller's own text: never to be taken for a page.
    ok.insert_header(("x-content-type-options", "nosniff"));
    if told.content_type.is_empty() { ok.finish() } else { ok.content_type(told.content_type).body(told.body.clone()) }
}

/// Finds the channels of each event.
async fn route(state: &State, channel: &Loaded, events: Vec<ProviderEvent>) -> DbResult<Vec<Arrived>> {
    let mut known: HashMap<String, Vec<String>> = HashMap::new();
    let mut arrived = Vec::with_capacity(events.len());
    for event in events {
        let targets = match event.sender.as_deref().filter(|sender| !sender.is_empty() && *sender != channel.row.sender) {
            None => own(state, channel, &event).await?,
            Some(sender) => match known.get(sender) {
                Some(targets) => targets.clone(),
                None => {
                    let db = state.ctx.db.read();
                    let found = store::channel::list_by_sender(db, &channel.row.portal, &channel.row.kind, sender).await?;
                    let targets: Vec<String> = found.into_iter().map(|row| row.id).collect();
                    known.insert(sender.to_owned(), targets.clone());
                    targets
                }
            },
        };
        let portal = || channel.row.portal.clone();
        if targets.is_empty() {
            arrived.push(Arrived { portal: portal(), channel_id: channel.row.id.clone(), unrouted: true, event });
            continue;
        }
        arrived.extend(targets.into_iter().map(|id| Arrived { portal: portal(), channel_id: id, unrouted: false, event: event.clone() }));
    }
    Ok(arrived)
}

/// The channel itself, or who has its number after it was deleted; news of an account that several numbers share concern all its channels.
async fn own(state: &State, channel: &Loaded, event: &ProviderEvent) -> DbResult<Vec<String>> {
    let db = state.ctx.db.read();
    let (portal, kind) = (channel.row.portal.as_str(), channel.row.kind.as_str());
    if channel.row.deleted_at.is_some() && matches!(event.what, What::Message(_)) && !channel.row.sender.is_empty() {
        let heir = store::channel::list_by_sender(db, portal, kind, &channel.row.sender).await?;
        if !heir.is_empty() {
            return Ok(heir.into_iter().map(|row| row.id).collect());
        }
    }
    let mut targets = vec![channel.row.id.clone()];
    let shared = event.sender.is_none() && matches!(event.what, What::Template(_) | What::Account(_) | What::Limit(_));
    if let Some(account) = channel.provider.account(&channel.config).filter(|_| shared) {
        let all = store::channel::list_by_sender(db, portal, kind, account).await?;
        targets.extend(all.into_iter().map(|row| row.id).filter(|id| *id != channel.row.id));
    }
    Ok(targets)
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
