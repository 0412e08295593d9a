//! Registers our webhook at the provider where its API can, and reads the registration back.
//!
//! Looked at with every reading of a list, so that a registration somebody removed, or one of a former address, is mended.

use super::{SyncError, refused};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::flow::Ctx;
use crate::flow::channel::{self, Loaded};
use crate::outbound::Peer;
use serde_json::Value;

/// Makes sure that the provider reports to us; nothing to do where people enter the address by hand.
pub(super) async fn register(ctx: &Ctx, channel: &Loaded) -> Result<(), SyncError> {
    let url = channel::webhook_url(ctx, &channel.row)?;
    let Some(listed) = listed(ctx, channel).await? else { return Ok(()) };
    let requests = channel.provider.build_subscribe(&channel.config, &url, &listed);
    if requests.is_empty() {
        return Ok(());
    }
    let mut last_error = None;
    for request in requests {
        let answer = ctx.outbound.send("sync_templates.subscribe", Peer::Provider, request).await?;
        // "Already there" is an error at the vendor and fine with us: the reading back decides.
        last_error = channel.provider.read_error(&answer).map(|error| refused(ctx, &answer, error)).or(last_error);
    }
    let listed = self::listed(ctx, channel).await?.unwrap_or_default();
    if channel.provider.build_subscribe(&channel.config, &url, &listed).is_empty() {
        tracing::info!(portal.id = channel.row.portal, channel.id = channel.row.id, "webhook registered at the provider");
        return Ok(());
    }
    let text = "the provider does not show our webhook address";
    Err(last_error.unwrap_or_else(|| SyncError::Provider { error: ProviderError::new(ErrorClass::Transient, None, text), after_ms: None }))
}

/// What the provider has registered.
async fn listed(ctx: &Ctx, channel: &Loaded) -> Result<Option<Value>, SyncError> {
    let Some(request) = channel.provider.build_subscriptions(&channel.config) else { return Ok(None) };
    let answer = ctx.outbound.send("sync_templates.subscriptions", Peer::Provider, request).await?;
    match channel.provider.read_error(&answer) {
        Some(error) => Err(refused(ctx, &answer, error)),
        None => Ok(Some(answer.json().unwrap_or_default())),
    }
}
