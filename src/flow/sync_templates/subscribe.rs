//! Registers our webhook at the provider where its API can, and reads the registration back.

use super::{SyncError, refused};
use crate::domain::http::Method;
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::flow::Ctx;
use crate::flow::channel::{self, Loaded};
use crate::outbound::Peer;
use serde_json::Value;

/// Makes sure that the provider reports to us; nothing to do where people enter the address by hand.
pub(super) async fn register(ctx: &Ctx, channel: &Loaded) -> Result<(), SyncError> {
    let url = channel::webhook_url(ctx, &channel.row)?;
    let requests = channel.provider.build_subscribe(&channel.config, &url);
    let mut last_error = None;
    let mut found = requests.is_empty();
    for request in requests {
        let reads = request.method == Method::Get;
        let answer = ctx.outbound.send("sync_templates.subscribe", Peer::Provider, request).await?;
        match channel.provider.read_error(&answer) {
            // "Already there" is an error at the vendor and fine with us: the reading back decides.
            Some(error) => last_error = Some(refused(ctx, &answer, error)),
            None if reads => found = answer.json().is_some_and(|body| mentions(&body, &url)),
            None => {}
        }
    }
    if found {
        return Ok(());
    }
    let text = "the provider does not show our webhook address";
    Err(last_error.unwrap_or_else(|| SyncError::Provider { error: ProviderError::new(ErrorClass::Transient, None, text), after_ms: None }))
}

/// Whether any text in a JSON value is the address.
fn mentions(value: &Value, url: &str) -> bool {
    match value {
        Value::String(text) => text == url,
        Value::Array(items) => items.iter().any(|item| mentions(item, url)),
        Value::Object(fields) => fields.values().any(|field| mentions(field, url)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
