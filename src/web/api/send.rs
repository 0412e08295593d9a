//! Messages ordered by pages and scripts, and sent once more on a person's order. What a page may send: `page_send`.

use super::shape::Message;
use super::{live_portal, page_send};
use crate::db::entity::message;
use crate::db::store::api_message;
use crate::flow::run_call::order::{self, Key, Order, OrderError, To};
use crate::web::body::Incoming;
use crate::web::operator::Access;
use crate::web::problem::{Code, Problem, ProblemDocument};
use crate::web::{State, body};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use validator::{Validate, ValidationErrors};

/// Header of a key under which a request may be repeated for 24 hours.
const KEY: &str = "Idempotency-Key";
/// Longest key.
const KEY_MOST: usize = 255;

/// Whom to; one of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// Phone, however it is written.
    phone: Option<String>,
    /// Business-scoped user id.
    bsuid: Option<String>,
    /// `DEAL_512`, `LEAD_12`, `CONTACT_9`, …: its client.
    document: Option<String>,
}

/// A message to send; further keys are the properties of the kind's robot (`text`, `template`, `params`, `on_closed_window`, …).
#[derive(Debug, Deserialize, ToSchema)]
pub struct SendRequest {
    /// Channel; the portal's default one when absent.
    channel_id: Option<String>,
    to: Recipient,
    /// `text template buttons list cta_url image video audio voice document sticker file contacts location location_request`.
    kind: String,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    properties: Map<String, Value>,
}

/// What was ordered: the message, and the others of the same order.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sent {
    #[serde(flatten)]
    message: Message,
    /// Further messages of this order (several numbers, several files), in sending order.
    more: Vec<Message>,
}

/// The request as it came: its key covers all of it. Lengths are the robots' own rules.
#[derive(Debug, Deserialize)]
struct Whole(Value);

impl Validate for Whole {
    fn validate(&self) -> Result<(), ValidationErrors> {
        Ok(())
    }
}

/// The key of a request, each page's viewer having keys of their own; the request itself in an order that no JSON writer decides.
fn key(request: &HttpRequest, access: &Access, what: &Value) -> Result<Option<Key>, Problem> {
    let Some(header) = request.headers().get(KEY) else { return Ok(None) };
    let told = header.to_str().ok().map(str::trim).filter(|key| !key.is_empty() && key.len() <= KEY_MOST);
    let key = told.ok_or_else(|| Problem::new(Code::IdempotencyKeyInvalid))?;
    let key = access.page().map_or_else(|| key.to_owned(), |visitor| format!("page {} {key}", visitor.user_id));
    Ok(Some(Key { key, request: canonical(what) }))
}

fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<(&String, &Value)> = map.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields: Vec<String> = fields.into_iter().map(|(name, value)| format!("{name:?}:{}", canonical(value))).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// Sends a message. With `Idempotency-Key` a repeat of the request is told what the first one came to.
#[utoipa::path(post, path = "/api/v1/portals/{member_id}/messages", tag = "messages",
    params(("member_id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = SendRequest,
    responses((status = 201, body = Sent), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn send(
    access: Access,
    state: Data<State>,
    path: Path<String>,
    request: HttpRequest,
    payload: Incoming,
) -> Result<HttpResponse, Problem> {
    let Whole(whole) = body::json(payload).await?;
    let portal = live_portal(&state, &path).await?;
    let key = key(&request, &access, &whole)?;
    let asked: SendRequest = serde_path_to_error::deserialize(&whole).map_err(|error| {
        let reason = if error.inner().to_string().starts_with("missing field") { "missing field" } else { "wrong type or unknown field" };
        invalid(&error.path().to_string(), reason)
    })?;
    let to = match (asked.to.phone, asked.to.bsuid, asked.to.document) {
        (Some(phone), None, None) => To::Phone(phone),
        (None, Some(bsuid), None) => To::Bsuid(bsuid),
        (None, None, Some(document)) => To::Document(document),
        _ => return Err(invalid("to", "exactly one of phone, bsuid, document")),
    };
    let mut properties = asked.properties;
    for own in ["channel", "phone", "wait_for"] {
        if properties.contains_key(own) {
            return Err(invalid(own, "set by this route itself"));
        }
    }
    if let Some(channel) = asked.channel_id {
        properties.insert("channel".to_owned(), Value::String(channel));
    }
    page_send::content(&state, &access, &portal, &asked.kind, &properties).await?;
    let page_send::Addressed { to, document, user } = page_send::addressed(&state, &access, &portal, to).await?;
    let order = Order { kind: asked.kind, to, document, user, properties, key };
    answer(order::send(&state.ctx, &portal.member_id, order).await.map_err(refused)?)
}

/// Sends a failed or unknown message once more: an explicit act, kept in the journal. Nothing is ever sent twice by itself.
#[utoipa::path(post, path = "/api/v1/portals/{member_id}/messages/{message_id}/resend", tag = "messages",
    params(("member_id" = String, Path), ("message_id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Sent), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn resend(
    access: Access,
    state: Data<State>,
    path: Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (member_id, message_id) = path.into_inner();
    let portal = live_portal(&state, &member_id).await?.member_id;
    let key = key(&request, &access, &Value::String(format!("resend {message_id}")))?;
    let row = api_message::find(state.ctx.db.read(), &portal, &message_id).await?.ok_or_else(|| Problem::not_found("message"))?;
    page_send::acted(&state, &access, row.document_id.as_deref()).await?;
    let user = access.page().map(|visitor| visitor.user_id.clone());
    let rows = order::resend(&state.ctx, &portal, &message_id, (user, key)).await.map_err(refused)?;
    answer(rows)
}

fn answer(rows: Vec<message::Model>) -> Result<HttpResponse, Problem> {
    let mut rows = rows.into_iter().map(Message::from);
    let message = rows.next().ok_or_else(|| Problem::new(Code::Internal))?;
    Ok(HttpResponse::Created().json(Sent { message, more: rows.collect() }))
}

fn invalid(field: &str, reason: &str) -> Problem {
    Problem::new(Code::BodyInvalid).with("field", field).with("reason", reason)
}

fn refused(error: OrderError) -> Problem {
    match error {
        OrderError::Refused(refusal) => Problem::of_refusal(*refusal),
        OrderError::Invalid { field, reason } => invalid(&field, reason),
        OrderError::Conflict => Problem::new(Code::IdempotencyConflict),
        OrderError::PortalGone => Problem::new(Code::PortalUnknown),
        OrderError::NotFound => Problem::not_found("message"),
        OrderError::NotResendable(status) => Problem::new(Code::NotResendable).with("status", status),
        OrderError::AlreadyResent(call_id) => Problem::new(Code::AlreadyResent).with("call_id", call_id),
        OrderError::Later(why) => {
            tracing::warn!(order.why = why, "a message could not be ordered now");
            Problem { retry_after: Some(30), ..Problem::new(Code::PortalUnreachable) }
        }
        OrderError::Db(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_same_request_is_the_same_in_any_order_of_keys() {
        let one = json!({"a": 1, "b": [{"x": "y", "z": null}]});
        let two = json!({"b": [{"z": null, "x": "y"}], "a": 1});
        assert_eq!(canonical(&one), canonical(&two));
        assert_ne!(canonical(&one), canonical(&json!({"a": "1", "b": [{"x": "y", "z": null}]})));
        assert_ne!(canonical(&json!({"a": "b\",\"c\":\"d"})), canonical(&json!({"a": "b", "c": "d"})));
    }
}
