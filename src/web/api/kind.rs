//! Kinds of channels: what each can do, which settings it takes, and how to connect one. Pages render their forms from it.

use crate::i18n;
use crate::provider::{Provider, fields_of, registry};
use crate::web::language;
use crate::web::operator::Operator;
use crate::web::problem::{Problem, ProblemDocument};
use actix_web::HttpRequest;
use actix_web::web::Json;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// All kinds.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelKinds {
    items: Vec<ChannelKind>,
    /// Always null: the list is short.
    next: Option<String>,
}

/// One kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelKind {
    /// Word of `kind`.
    kind: String,
    /// Name for people.
    title: String,
    /// What a channel of this kind can do.
    #[schema(value_type = Object)]
    capabilities: Value,
    /// `[{name, kind, required, choices[], description}]`.
    #[schema(value_type = Vec<Object>)]
    settings: Value,
    /// What to do at the provider, in order.
    connect_steps: Vec<String>,
}

/// Kinds of channels, in the reader's language.
#[utoipa::path(get, path = "/api/v1/channel-kinds", tag = "channels",
    responses((status = 200, body = ChannelKinds), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn list(_: Operator, request: HttpRequest) -> Result<Json<ChannelKinds>, Problem> {
    let lang = language::of(&request);
    let items = registry::all().iter().map(|provider| shown(*provider, lang)).collect();
    std::future::ready(Ok(Json(ChannelKinds { items, next: None }))).await
}

fn shown(provider: &dyn Provider, lang: &str) -> ChannelKind {
    let none = BTreeMap::new();
    let kind = provider.kind();
    let fields = fields_of(provider).map(|field| {
        let own = ["quiet_hours"].contains(&field.name);
        let key = if own { format!("connect-setting-{}", field.name) } else { format!("connect-{kind}-setting-{}", field.name) };
        let description = i18n::text(lang, &key, &none);
        json!({"name": field.name, "kind": field.kind, "required": field.required, "choices": field.choices, "description": description})
    });
    let steps = i18n::text(lang, &format!("connect-{kind}"), &none);
    ChannelKind {
        kind: kind.to_owned(),
        title: i18n::text(lang, &format!("connect-{kind}-title"), &none),
        capabilities: serde_json::to_value(provider.capabilities()).unwrap_or(Value::Null),
        settings: fields.collect(),
        connect_steps: steps.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect(),
    }
}
