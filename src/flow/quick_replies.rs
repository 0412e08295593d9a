//! Quick replies: patterns that a portal keeps by name, for pages, automatic replies and robots (`pattern:NAME`).

use super::auto_reply::facts_of;
use super::facts::Need;
use super::portal_settings::areas;
use super::portal_view::PortalView;
use super::{Ctx, JobError};
use crate::catalog::RenderInput;
use crate::catalog::operation::OnMissing;
use crate::db::DbError;
use crate::db::store::{api_portal, portal as portals};
use crate::domain::clock::iso;
use crate::domain::document::CrmItem;
use crate::domain::refusal::Refusal;
use serde_json::{Map, Value, json};

/// Most quick replies of a portal.
const MOST: usize = 500;
/// Longest name, in characters.
const NAME_MOST: usize = 60;
/// Longest text, in characters.
const TEXT_MOST: usize = 4_096;
/// The route of previews has this name.
const TAKEN: &str = "preview";

/// A quick reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuickReply {
    /// Unique in the portal.
    pub name: String,
    /// The pattern.
    pub text: String,
    /// When it was changed, ISO; absent for one that was stored by hand.
    pub updated_at: Option<String>,
}

/// Why nothing was changed or shown.
#[derive(Debug, thiserror::Error)]
pub enum QuickReplyError {
    /// A field is wrong.
    #[error("{field}: {reason}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// A stable word.
        reason: &'static str,
    },
    /// The pattern does not compile or render.
    #[error("pattern refused")]
    Refused(Box<Refusal>),
    /// There is one of that name.
    #[error("exists")]
    Exists,
    /// Settings name it.
    #[error("in use by {}", .0.join(", "))]
    Used(Vec<&'static str>),
    /// There is none of that name.
    #[error("no such quick reply")]
    NotFound,
    /// No such portal.
    #[error("no such portal")]
    PortalGone,
    /// The portal cannot tell the facts now.
    #[error("facts not available")]
    Later,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What to do with a name.
#[derive(Debug, Clone)]
pub enum Edit {
    /// It must not exist yet.
    Add(String),
    /// It must exist.
    Replace(String),
    /// It must exist, and nothing may name it.
    Remove,
}

/// All of a portal, by name.
pub fn list(settings: &str) -> Vec<QuickReply> {
    let settings: Map<String, Value> = serde_json::from_str(settings).unwrap_or_default();
    let patterns = settings.get("patterns").and_then(Value::as_object).into_iter().flatten();
    let mut all: Vec<QuickReply> = patterns.filter_map(|(name, value)| shown(name, value)).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn shown(name: &str, value: &Value) -> Option<QuickReply> {
    let text = value.as_str().or_else(|| value.get("text")?.as_str())?.to_owned();
    let updated_at = value.get("updated_at").and_then(Value::as_str).map(str::to_owned);
    Some(QuickReply { name: name.to_owned(), text, updated_at })
}

/// Changes one; returns it as it is now (`None` = removed).
///
/// # Errors
/// [`QuickReplyError`]; nothing was changed.
pub async fn change(ctx: &Ctx, portal: &str, name: &str, edit: Edit) -> Result<Option<QuickReply>, QuickReplyError> {
    let name = name.trim();
    if let Edit::Add(text) | Edit::Replace(text) = &edit {
        judge(ctx, name, text)?;
    }
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    let row = api_portal::find(&*tx, portal).await?.ok_or(QuickReplyError::PortalGone)?;
    let mut settings: Map<String, Value> = serde_json::from_str(&row.settings).unwrap_or_default();
    let users = areas::users_of(&settings, name);
    let patterns = settings.entry("patterns").or_insert_with(|| json!({}));
    if !patterns.is_object() {
        *patterns = json!({});
    }
    let Some(patterns) = patterns.as_object_mut() else { return Err(QuickReplyError::NotFound) };
    let there = patterns.contains_key(name);
    match (edit, there) {
        (Edit::Add(_), true) => return Err(QuickReplyError::Exists),
        (Edit::Add(_), false) if patterns.len() >= MOST => return Err(QuickReplyError::Invalid { field: "name", reason: "too_many" }),
        (Edit::Replace(_) | Edit::Remove, false) => return Err(QuickReplyError::NotFound),
        (Edit::Remove, true) if !users.is_empty() => return Err(QuickReplyError::Used(users)),
        (Edit::Remove, true) => drop(patterns.shift_remove(name)),
        (Edit::Add(text) | Edit::Replace(text), _) => drop(patterns.insert(name.to_owned(), json!({"text": text, "updated_at": iso(now)}))),
    }
    let changed = patterns.get(name).and_then(|value| shown(name, value));
    api_portal::put_settings(&*tx, portal, &Value::Object(settings).to_string(), now).await?;
    tx.commit("quick_replies.change").await?;
    Ok(changed)
}

fn judge(ctx: &Ctx, name: &str, text: &str) -> Result<(), QuickReplyError> {
    let invalid = |field, reason| Err(QuickReplyError::Invalid { field, reason });
    if name.is_empty() || name.chars().count() > NAME_MOST || name.chars().any(char::is_control) || name.contains('/') || name == TAKEN {
        return invalid("name", "empty_too_long_or_not_allowed");
    }
    if text.trim().is_empty() || text.chars().count() > TEXT_MOST {
        return invalid("text", "empty_or_too_long");
    }
    ctx.catalog.roots_of(text).map(|_| ()).map_err(|refusal| QuickReplyError::Refused(Box::new(refusal)))
}

/// A pattern as a client would get it: a stored one by name, or a text that is not stored yet.
#[derive(Debug, Clone)]
pub enum Sample {
    /// Stored.
    Name(String),
    /// Not stored.
    Text(String),
}

/// Renders a pattern with the facts of a document.
///
/// # Errors
/// [`QuickReplyError`].
pub async fn preview(ctx: &Ctx, portal: &str, sample: Sample, document: Option<&str>) -> Result<String, QuickReplyError> {
    let row = portals::find(ctx.db.read(), portal).await?.ok_or(QuickReplyError::PortalGone)?;
    let view = PortalView::of(&row);
    let text = match sample {
        Sample::Text(text) => text,
        Sample::Name(name) => {
            let found = list(&row.settings).into_iter().find(|one| one.name == name.trim());
            found.ok_or(QuickReplyError::NotFound)?.text
        }
    };
    let document = match document {
        None => None,
        Some(id) => Some(CrmItem::parse(id).ok_or(QuickReplyError::Invalid { field: "document", reason: "no_crm_document" })?),
    };
    let refused = |refusal: Refusal| QuickReplyError::Refused(Box::new(refusal));
    let roots = ctx.catalog.roots_of(&text).map_err(refused)?;
    let facts = facts_of(ctx, &view, &Need::of_pattern(document, roots)).await.map_err(|error| match error {
        JobError::Fail { .. } | JobError::Defer { .. } | JobError::Retry { .. } | JobError::LeaseLost => QuickReplyError::Later,
    })?;
    let input = RenderInput {
        properties: &Map::new(),
        facts: &facts,
        stored_patterns: &view.patterns,
        lang: view.lang,
        time_zone: view.time_zone.name(),
        region: &view.region,
    };
    ctx.catalog.render_stored(&text, &input, OnMissing::Fail).map_err(refused)
}
