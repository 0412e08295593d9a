//! Commands of the control API that install the application and open its pages.

use super::control::{Done, show};
use super::frame::{FrameReply, Options};
use super::simulation::Portal;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct InstallOrder {
    /// Address of the installer page, or of the callback; neither = installed and nobody was told.
    installer: Option<String>,
    callback: Option<String>,
    user: Option<i64>,
}

pub(crate) async fn install(portal: &Portal, order: InstallOrder) -> Done {
    let user = order.user.unwrap_or(1);
    match (order.installer, order.callback) {
        (Some(url), _) => portal.open_installer(&url, user).await.map(reply),
        (None, Some(url)) => show(portal.install_by_callback(&url, user).await?),
        (None, None) => Ok(json!({ "application_token": portal.install_app() })),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Life {
    pub(crate) clean: bool,
    pub(crate) user: Option<i64>,
    pub(crate) new_application_token: bool,
    pub(crate) expired: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OpenOrder {
    url: Option<String>,
    placement: Option<String>,
    user: Option<i64>,
    language: Option<String>,
    client_id: Option<String>,
    options: Option<Value>,
    raw_options: Option<String>,
    forged: Map<String, Value>,
    without: Vec<String>,
}

pub(crate) async fn open(portal: &Portal, order: OpenOrder) -> Done {
    let code = order.placement.clone().unwrap_or_else(|| "DEFAULT".into());
    let mut frame = match &order.url {
        Some(url) => portal.frame(url).in_placement(&code),
        None => portal.placement(&code)?,
    };
    frame = frame.by(order.user.unwrap_or(1));
    if let Some(language) = &order.language {
        frame = frame.language(language);
    }
    if let Some(client_id) = &order.client_id {
        frame = frame.of_app(client_id);
    }
    frame = match (order.options, order.raw_options) {
        (_, Some(text)) => frame.options(Options::Raw(text)),
        (Some(value), None) => frame.options(Options::Json(value)),
        (None, None) => frame,
    };
    for (field, value) in &order.forged {
        frame = frame.forged(field, value.as_str().unwrap_or_default());
    }
    for field in &order.without {
        frame = frame.without(field);
    }
    frame.open().await.map(reply)
}

fn reply(reply: FrameReply) -> Value {
    json!({"status": reply.status, "headers": reply.headers, "body": reply.body})
}
