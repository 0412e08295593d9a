//! What a group of calls or messages of one portal is decided with: the portal, its channels and their templates, each read once.

use super::portal_view::PortalView;
use super::{Ctx, channel as channels};
use crate::db::entity::{channel, template};
use crate::db::{Db, DbResult, store};
use crate::domain::refusal::{Code, Refusal};
use crate::provider::{Capabilities, Provider, registry};
use serde_json::Value;
use std::collections::HashMap;

/// A channel with its adapter.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    /// The row.
    pub(super) row: channel::Model,
    /// Its adapter.
    pub(super) provider: &'static dyn Provider,
    /// Id of the channel that it stands in for.
    pub(super) instead_of: Option<String>,
}

impl Sender {
    fn of(row: &channel::Model) -> Option<Self> {
        Some(Self { row: row.clone(), provider: registry::find(&row.kind)?, instead_of: None })
    }

    /// What it can do.
    pub(super) fn capabilities(&self) -> &'static Capabilities {
        self.provider.capabilities()
    }

    /// Whether all these settings are given, secret ones included.
    pub(super) fn has_settings(&self, ctx: &Ctx, names: &[&str]) -> bool {
        // Secrets that do not open send nothing either: the delivery tells that story.
        channels::config(ctx, &self.row)
            .is_ok_and(|config| names.iter().all(|name| !config.text(name).is_empty() || !config.secret(name).is_empty()))
    }

    /// Templates can be sent.
    pub(super) fn has_templates(&self) -> bool {
        self.capabilities().kinds.contains(&"template")
    }

    /// Placeholders may have names: of some kinds only with settings that not every channel has.
    pub(super) fn takes_named_params(&self, ctx: &Ctx) -> bool {
        let known = self.capabilities();
        known.named_params && known.upgrade.as_ref().is_none_or(|upgrade| self.has_settings(ctx, upgrade.settings))
    }

    /// Plain settings by name.
    pub(super) fn setting(&self, name: &str) -> Option<Value> {
        serde_json::from_str::<Value>(&self.row.settings).ok()?.get(name).cloned()
    }
}

/// One portal's desk, for the time of one group.
#[derive(Debug)]
pub(super) struct Desk {
    /// The portal.
    pub(super) portal: PortalView,
    /// The deleted ones included.
    channels: Vec<channel::Model>,
    templates: HashMap<(String, String), Option<template::Model>>,
}

impl Desk {
    /// Reads the portal and its channels; `None` when there is no such portal.
    pub(super) async fn open(db: &Db, portal: &str) -> DbResult<Option<Self>> {
        let Some(portal) = PortalView::find(db.read(), portal).await? else {
            return Ok(None);
        };
        let channels = store::channel::list_with_deleted(db.read(), &portal.id).await?;
        Ok(Some(Self { portal, channels, templates: HashMap::new() }))
    }

    /// The channel that a robot's property names.
    ///
    /// # Errors
    /// `channel_not_found`; `channel_unavailable` for a kind that this binary has no adapter for.
    pub(super) fn resolve(&self, wanted: &str) -> Result<Sender, Refusal> {
        let row = channels::resolve(&self.channels, self.portal.default_channel.as_deref(), wanted)?;
        Sender::of(row).ok_or_else(|| {
            Refusal::new(Code::ChannelUnavailable, format!("no adapter for channel kind {}", row.kind)).with("name", row.name.clone())
        })
    }

    /// All channels of the portal, the deleted ones included.
    pub(super) fn channels(&self) -> &[channel::Model] {
        &self.channels
    }

    /// A live channel by id.
    pub(super) fn sender(&self, channel_id: &str) -> Option<Sender> {
        self.channels.iter().find(|row| row.id == channel_id && row.deleted_at.is_none()).and_then(Sender::of)
    }

    /// A template of a channel's synced list, read once for each choice.
    pub(super) async fn template(&mut self, db: &Db, channel_id: &str, choice: &str) -> DbResult<Option<template::Model>> {
        let key = (channel_id.to_owned(), choice.trim().to_owned());
        if let Some(known) = self.templates.get(&key) {
            return Ok(known.clone());
        }
        let found = store::template::find(db.read(), &self.portal.id, channel_id, choice).await?;
        self.templates.insert(key, found.clone());
        Ok(found)
    }
}
