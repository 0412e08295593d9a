//! The number, its templates and where the platform reports to (reference 5.7, 5.8, 5.12).
//!
//! An address is taken only after it has answered the platform's own GET with the challenge.

use super::super::gupshup::template::Template;
use super::super::line::{Line, Vendor};
use super::super::media;
use super::super::server::{Answer, Call};
use super::super::state::{Shared, State};
use super::super::wire;
use super::{GraphError, Told, json_body, owned};
use serde_json::{Map, Value, json};
use sha2::Digest as _;

/// `GET /{waba}/message_templates`.
///
/// # Errors
/// The vendor's refusal.
pub(super) fn templates(state: &State, call: &Call, id: &str) -> Told {
    let line = owned(state, call, |line| line.account == id)?;
    let limit: usize = call.query("limit").map_or(Ok(25), str::parse).map_err(|_| GraphError::new(400, 100, "limit must be a number"))?;
    let from: usize = match call.query("after") {
        None => 0,
        Some(after) => after.strip_prefix("c").and_then(|at| at.parse().ok()).ok_or_else(|| GraphError::new(400, 100, "Invalid cursor"))?,
    };
    let limit = limit.clamp(1, 100);
    let to = from.saturating_add(limit).min(line.templates.len());
    let rows: Vec<Value> = line.templates.iter().skip(from).take(limit).map(row).collect();
    let mut paging = json!({"cursors": {"before": format!("c{from}"), "after": format!("c{to}")}});
    if let (true, Some(paging)) = (to < line.templates.len(), paging.as_object_mut()) {
        paging.insert("next".to_owned(), json!(format!("https://graph.facebook.com/v23.0/{id}/message_templates?after=c{to}")));
    }
    Ok(Answer::json(200, &json!({"data": rows, "paging": paging})))
}

fn row(template: &Template) -> Value {
    let mut components = Vec::new();
    match (template.template_type.as_str(), &template.header) {
        ("TEXT", Some(header)) => components.push(json!({"type": "HEADER", "format": "TEXT", "text": header})),
        ("TEXT", None) => {}
        (kind, _) => components.push(json!({"type": "HEADER", "format": kind, "example": {"header_handle": ["4:x"]}})),
    }
    components.push(json!({"type": "BODY", "text": template.body}));
    if let Some(footer) = &template.footer {
        components.push(json!({"type": "FOOTER", "text": footer}));
    }
    if !template.buttons.is_empty() {
        components.push(json!({"type": "BUTTONS", "buttons": template.buttons}));
    }
    json!({"id": template.id, "name": template.element_name, "status": template.status, "category": template.category,
        "language": template.language_code, "components": components, "quality_score": {"score": template.quality},
        "rejected_reason": template.reason.as_deref().unwrap_or("NONE"), "parameter_format": template.parameter_format})
}

/// `GET /{phone_number_id}?fields=…`.
///
/// # Errors
/// The vendor's refusal.
pub(super) fn number(state: &State, call: &Call, id: &str) -> Told {
    let line = owned(state, call, |line| line.id == id)?;
    let shown = format!("+{}", line.phone);
    Ok(Answer::json(
        200,
        &json!({"id": line.id, "display_phone_number": shown, "verified_name": line.name, "quality_rating": "GREEN", "status": line.state,
            "name_status": "APPROVED", "throughput": {"level": "STANDARD"}, "platform_type": "CLOUD_API", "account_mode": "LIVE",
            "whatsapp_business_manager_messaging_limit": "TIER_10K"}),
    ))
}

/// `GET /{phone_number_id}/whatsapp_business_profile?fields=…`: only what is asked for and set.
///
/// # Errors
/// The vendor's refusal.
pub(super) fn profile(state: &State, call: &Call, id: &str) -> Told {
    let line = owned(state, call, |line| line.id == id)?;
    let wanted: Vec<&str> = call.query("fields").unwrap_or_default().split(',').collect();
    let mut row: Map<String, Value> = line.settings.into_iter().filter(|(name, _)| wanted.contains(&name.as_str())).collect();
    row.insert("messaging_product".to_owned(), json!("whatsapp"));
    Ok(Answer::json(200, &json!({"data": [row]})))
}

/// `POST` of the same path (5.9).
///
/// # Errors
/// The vendor's refusal.
pub(super) fn change_profile(state: &mut State, call: &Call, id: &str) -> Told {
    let line = owned(state, call, |line| line.id == id)?;
    let mut body = json_body(call)?;
    let bad = |words: &str| GraphError::new(400, 100, words);
    if body.shift_remove("messaging_product") != Some(json!("whatsapp")) {
        return Err(bad("The parameter messaging_product is required"));
    }
    for (name, value) in &body {
        let length = value.as_str().map(|text| text.chars().count());
        let fits = match (name.as_str(), length) {
            ("about", Some(length)) => (1..=139).contains(&length),
            ("address", Some(length)) => length <= 256,
            ("description", Some(length)) => length <= 512,
            ("email", Some(length)) => length <= 128,
            ("vertical", Some(_)) => true,
            ("websites", None) => value.as_array().is_some_and(|sites| sites.len() <= 2),
            _ => false,
        };
        if !fits {
            return Err(bad(&format!("Invalid parameter: {name}")));
        }
    }
    if let Some(own) = state.lines.iter_mut().find(|own| own.name == line.name) {
        own.settings.extend(body);
    }
    Ok(Answer::json(200, &json!({"success": true})))
}

/// `GET /{media_id}?phone_number_id=…`: an address that wants the token (5.5).
///
/// # Errors
/// The vendor's refusal.
pub(super) fn address(state: &State, call: &Call, id: &str) -> Told {
    let wanted = call.query("phone_number_id").unwrap_or_default().to_owned();
    owned(state, call, |line| wanted.is_empty() || line.id == wanted)?;
    let Some(file) = state.files.get(id) else { return Err(GraphError::new(400, 100, "Unsupported get request")) };
    let url = format!("{}/whatsapp_business/attachments/{id}", state.base);
    let sha256 = hex::encode(sha2::Sha256::digest(&file.bytes));
    Ok(Answer::json(
        200,
        &json!({"messaging_product": "whatsapp", "url": url, "mime_type": file.mime, "sha256": sha256, "file_size": file.bytes.len().to_string(), "id": id}),
    ))
}

/// The file behind such an address.
///
/// # Errors
/// The vendor's refusal.
pub(super) fn bytes(state: &State, call: &Call, id: &str) -> Told {
    owned(state, call, |_| true)?;
    Ok(media::answer(state, id))
}

/// `GET /{waba}/subscribed_apps`.
///
/// # Errors
/// The vendor's refusal.
pub(super) fn subscribed(state: &State, call: &Call, id: &str) -> Told {
    let line = owned(state, call, |line| line.account == id)?;
    let row = json!({"whatsapp_business_api_data": {"id": "670000000000001", "name": "app"}, "override_callback_uri": line.account_hook});
    let rows = if line.account_hook.is_empty() { Vec::new() } else { vec![row] };
    Ok(Answer::json(200, &json!({"data": rows})))
}

/// `POST /{waba}/subscribed_apps`.
///
/// # Errors
/// The vendor's refusal.
pub(super) async fn subscribe(shared: &Shared, call: &Call, id: &str) -> Told {
    let line = owned(&shared.lock(), call, |line| line.account == id)?;
    take(shared, &line, &json_body(call)?, true).await
}

/// `POST /{phone_number_id}` with `webhook_configuration`.
///
/// # Errors
/// The vendor's refusal.
pub(super) async fn configure(shared: &Shared, call: &Call, id: &str) -> Told {
    let line = owned(&shared.lock(), call, |line| line.id == id)?;
    let body = json_body(call)?;
    match body.get("webhook_configuration") {
        Some(Value::Object(told)) => take(shared, &line, told, false).await,
        _ => Err(GraphError::new(400, 100, "Invalid parameter: webhook_configuration")),
    }
}

async fn take(shared: &Shared, line: &Line, told: &Map<String, Value>, whole: bool) -> Told {
    let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (url, token) = (text("override_callback_uri"), text("verify_token"));
    let challenge = line.id.chars().rev().collect::<String>();
    let mut asked = url::Url::parse(&url).map_err(|_| GraphError::new(400, 100, "override_callback_uri must be a URL"))?;
    let pairs = [("hub.mode", "subscribe"), ("hub.challenge", challenge.as_str()), ("hub.verify_token", token.as_str())];
    asked.query_pairs_mut().extend_pairs(pairs);
    if wire::get_text(&shared.http, asked.as_str()).await.as_deref() != Some(challenge.as_str()) {
        return Err(GraphError::new(400, 2200, "Callback verification failed: the callback did not answer with the challenge"));
    }
    let mut state = shared.lock();
    let concerned = |own: &&mut Line| if whole { own.vendor == Vendor::Meta && own.account == line.account } else { own.name == line.name };
    for own in state.lines.iter_mut().filter(concerned) {
        if whole {
            own.account_hook.clone_from(&url);
        } else {
            own.hook.clone_from(&url);
        }
        own.verify_token.clone_from(&token);
    }
    Ok(Answer::json(200, &json!({"success": true})))
}
