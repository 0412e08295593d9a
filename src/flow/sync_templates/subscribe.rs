//! Registers our webhook at the provider where its API can, and reads the registration back.
//!
//! Looked at with every reading of a list, so that a registration somebody removed, or one of a former address, is mended. Two channels
//! of one number, in one portal or in two, do not take it from each other: where a provider reports to one address only, the channel
//! that was connected last has it, and the other one says so.

use super::{SyncError, refused};
use crate::db::store::portal::PortalStatus;
use crate::db::{DbResult, store};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::domain::secret::Secret;
use crate::flow::Ctx;
use crate::flow::channel::{self, Loaded};
use crate::outbound::Peer;
use serde_json::Value;

/// Where the provider reports to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Registered {
    /// To this channel, as far as the provider shows.
    Here,
    /// To a channel that was connected later with the same number.
    Elsewhere,
}

/// Makes sure that the provider reports to us; nothing to do where people enter the address by hand.
pub(super) async fn register(ctx: &Ctx, channel: &Loaded) -> Result<Registered, SyncError> {
    let url = channel::webhook_url(ctx, &channel.row)?;
    let Some(listed) = listed(ctx, channel).await? else { return Ok(Registered::Here) };
    let others = shown(ctx, channel, &listed).await?;
    if channel.provider.one_address() && others.iter().any(|other| later(other, channel)) {
        tracing::warn!(
            portal.id = channel.row.portal,
            channel.id = channel.row.id,
            "the webhook belongs to a later channel of this number"
        );
        return Ok(Registered::Elsewhere);
    }
    let mut config = channel.config.clone();
    config.siblings = siblings(ctx, channel, &others)?;
    let mends = channel.provider.build_subscribe(&config, &url, &listed);
    let reads_back = !mends.is_empty();
    let mut last_error = None;
    for request in channel.provider.build_point(&config, &url).into_iter().chain(mends) {
        let answer = ctx.outbound.send("sync_templates.subscribe", Peer::Provider, request).await?;
        // "Already there" is an error at the vendor and fine with us: the reading back decides.
        last_error = channel.provider.read_error(&answer).map(|error| refused(ctx, &answer, error)).or(last_error);
    }
    if !reads_back {
        if last_error.is_some() {
            // Its events come all the same, by the account's address.
            tracing::warn!(portal.id = channel.row.portal, channel.id = channel.row.id, "the number's own address was not set");
        }
        return Ok(Registered::Here);
    }
    let listed = self::listed(ctx, channel).await?.unwrap_or_default();
    if channel.provider.build_subscribe(&config, &url, &listed).is_empty() {
        tracing::info!(portal.id = channel.row.portal, channel.id = channel.row.id, "webhook registered at the provider");
        return Ok(Registered::Here);
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

/// Other live channels of this installation, in whatever portal, whose addresses the provider shows. Whoever has the account's keys sees
/// them there too; nothing of them is told.
async fn shown(ctx: &Ctx, channel: &Loaded, listed: &Value) -> DbResult<Vec<Loaded>> {
    let start = format!("{}/hooks/{}/", ctx.settings.public_url, channel.row.kind);
    let mut texts = Vec::new();
    collect(listed, &mut texts);
    let mut found = Vec::new();
    for (id, secret) in texts.iter().filter_map(|text| text.strip_prefix(&start)?.split_once('/')) {
        if id == channel.row.id {
            continue;
        }
        let other = channel::for_hook(ctx, &channel.row.kind, id, secret).await?;
        let Some(other) = other.filter(|other| other.row.deleted_at.is_none()) else { continue };
        let portal = store::portal::find(ctx.db.read(), &other.row.portal).await?;
        if portal.is_some_and(|portal| portal.status != PortalStatus::Uninstalled.as_str()) {
            found.push(other);
        }
    }
    Ok(found)
}

fn collect<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The other channel is of the same number and was connected after this one.
fn later(other: &Loaded, own: &Loaded) -> bool {
    other.row.sender == own.row.sender && (other.row.created_at, &other.row.id) > (own.row.created_at, &own.row.id)
}

/// Addresses that stand for the whole account.
fn siblings(ctx: &Ctx, channel: &Loaded, others: &[Loaded]) -> DbResult<Vec<Secret>> {
    let Some(account) = channel.provider.account(&channel.config) else { return Ok(Vec::new()) };
    let same =
        others.iter().filter(|other| other.row.sender != channel.row.sender && other.provider.account(&other.config) == Some(account));
    same.map(|other| channel::webhook_url(ctx, &other.row).map(Secret::new)).collect()
}
