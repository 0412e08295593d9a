//! Templates of a channel.

use super::{stored, time};
use crate::db::entity::template;
use crate::domain::clock::iso;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A template as last synced.
#[derive(Debug, Serialize, ToSchema)]
pub struct Template {
    channel_id: String,
    provider_id: String,
    name: String,
    language: String,
    category: String,
    status: String,
    header_kind: Option<String>,
    header_text: Option<String>,
    body: String,
    footer: Option<String>,
    #[schema(value_type = Vec<Object>)]
    buttons: Value,
    /// Placeholder keys of the body, in order.
    #[schema(value_type = Vec<String>)]
    param_keys: Value,
    quality: Option<String>,
    reason: Option<String>,
    synced_at: String,
    /// No longer in the provider's list since then.
    vanished_at: Option<String>,
}

impl From<template::Model> for Template {
    fn from(row: template::Model) -> Self {
        Self {
            buttons: stored(Some(&row.buttons)),
            param_keys: stored(Some(&row.param_keys)),
            synced_at: iso(row.synced_at),
            vanished_at: time(row.vanished_at),
            channel_id: row.channel_id,
            provider_id: row.provider_id,
            name: row.name,
            language: row.language,
            category: row.category,
            status: row.status,
            header_kind: row.header_kind,
            header_text: row.header_text,
            body: row.body,
            footer: row.footer,
            quality: row.quality,
            reason: row.reason,
        }
    }
}
